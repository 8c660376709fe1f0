/*
 * world.h - the whole engine in one thread for tests: a store in a throw-away folder, a clock that
 * stands still.
 *
 * Every call goes through the lane like a client's, one transaction each. Time moves only by
 * world_move, which then lets everything that has fallen due happen.
 *
 * With FERMATA_TEST_STORE=postgres the store is a schema of its own on the server that
 * FERMATA_TEST_POSTGRES names; world_other_node then opens a second lane over it.
 */
#ifndef FERMATA_TESTS_WORLD_H
#define FERMATA_TESTS_WORLD_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/receipt.h"

struct world {
    char folder[64], path[1024]; /* the path is the store's name */
    char schema[64];             /* on PostgreSQL */
    struct clock clock;
    struct id_source ids, other_ids;
    struct env env;
    struct lane *lane, *other; /* other: another node's, or null */
    struct sql *eye;           /* looks for trees, from outside of the lanes; or null: not yet */
    struct arena *arena;
    struct actor actor;
    struct fault fault; /* of the last call */
};

enum { WORLD_START_MS_LOW = 0 };
static const int64_t WORLD_START_MS = 1800000000000;

static inline bool world_is_shared(void)
{
    const char *store = getenv("FERMATA_TEST_STORE");

    return store && strcmp(store, "postgres") == 0;
}

/* A number that nobody else asks for. */
static inline void world_hold(struct world *w, int64_t node, const char *holder)
{
    char text[256];

    snprintf(text, sizeof(text),
             "INSERT INTO nodes (node, holder, url, version, started_at, hold_until) VALUES"
             " (%lld, '%s', '', '', 0, 9000000000000000) ON CONFLICT (node) DO NOTHING",
             (long long)node, holder);
    assert_int_equal(sql_script(lane_engine(w->lane)->store->sql, text), ERR_OK);
}

static inline void world_open_lane(struct world *w)
{
    struct lane_config config = {
        .store = w->path, .env = &w->env, .ids = &w->ids, .node = 0, .holder = "world"};

    assert_int_equal(lane_open(&config, &w->lane), ERR_OK);
    if (w->schema[0])
        world_hold(w, config.node, config.holder);
}

static inline void world_other_node(struct world *w)
{
    struct lane_config config = {
        .store = w->path, .env = &w->env, .ids = &w->other_ids, .node = 2, .holder = "other"};

    id_source_init(&w->other_ids, &w->clock, 2);
    world_hold(w, config.node, config.holder);
    assert_int_equal(lane_open(&config, &w->other), ERR_OK);
}

static inline void world_run_script(const char *store, const char *text)
{
    struct sql *sql;

    if (sql_open(store, false, &sql))
        fail_msg("FERMATA_TEST_POSTGRES names no server that answers");
    assert_int_equal(sql_script(sql, text), ERR_OK);
    sql_close(sql);
}

/* A schema of its own; its name goes into the store's. */
static inline void world_new_schema(struct world *w)
{
    const char *server = getenv("FERMATA_TEST_POSTGRES");
    static int number;
    char text[128];

    if (!server)
        fail_msg("FERMATA_TEST_STORE=postgres needs FERMATA_TEST_POSTGRES");
    snprintf(w->schema, sizeof(w->schema), "w_%d_%d", (int)getpid(), ++number);
    snprintf(w->path, sizeof(w->path), "%s?options=-csearch_path%%3D%s", server, w->schema);
    snprintf(text, sizeof(text), "CREATE SCHEMA %s", w->schema);
    world_run_script(w->path, text);
}

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof(*w));

    snprintf(w->folder, sizeof(w->folder), "/tmp/fermata-world-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof(w->path), "%s/fermata.db", w->folder);
    if (world_is_shared())
        world_new_schema(w);
    clock_init_fake(&w->clock, WORLD_START_MS);
    id_source_init(&w->ids, &w->clock, 0);
    env_init(&w->env, &w->clock);
    w->arena = arena_new();
    w->actor = (struct actor){"acme", "shop", "ann"};
    world_open_lane(w);
    return w;
}

static inline void world_free(struct world *w)
{
    char command[128];

    lane_close(w->other);
    lane_close(w->lane);
    sql_close(w->eye);
    if (w->schema[0]) {
        snprintf(command, sizeof(command), "DROP SCHEMA %s CASCADE", w->schema);
        world_run_script(w->path, command);
    }
    arena_free(w->arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", w->folder);
    assert_int_equal(system(command), 0);
    free(w);
}

struct world_call {
    struct lane_job job;
    struct world *world;
    enum err (*fn)(struct world_call *call, struct engine *engine);
    const void *request;
    void *answer;
    enum err err;
};

static inline enum err world_call_run(struct lane_job *job, struct engine *engine)
{
    struct world_call *call = (struct world_call *)job;

    return call->fn(call, engine);
}

static inline void world_call_done(struct lane_job *job, enum err err)
{
    struct world_call *call = (struct world_call *)job;

    call->err = err ? err : job->run_err;
}

/* The tree of an execution, as a server asks for it before it hands a halt to a lane; on a shared
 * store, from any thread. 0: it is not known. */
static inline int64_t world_root(struct world *w, const char *operator_name, const char *id)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int64_t root_id = 0, execution_id;
    struct store store;
    enum err err;

    if (!w->schema[0])
        return 0;
    pthread_mutex_lock(&lock);
    CHECK(w->eye || sql_open(w->path, true, &w->eye) == ERR_OK);
    store = (struct store){.sql = w->eye};
    err = executions_find(&store, operator_name, id, &root_id, &execution_id);
    CHECK(!err || err == ERR_EXECUTION_NOT_FOUND);
    pthread_mutex_unlock(&lock);
    return root_id;
}

/* Submits one call and runs one transaction. Answers must be copied by fn into the world's arena.
 * A tree that is named is taken ahead. */
static inline enum err world_run_in(struct world *w, int64_t root_id,
                                    enum err (*fn)(struct world_call *call, struct engine *engine),
                                    const void *request, void *answer)
{
    struct world_call call = {
        .job = {.run = world_call_run,
                .done = world_call_done,
                .takes_ahead = true,
                .root_id = root_id},
        .world = w,
        .fn = fn,
        .request = request,
        .answer = answer
    };

    w->fault = (struct fault){0};
    assert_int_equal(lane_submit(w->lane, &call.job), ERR_OK);
    lane_step(w->lane);
    return call.err;
}

static inline enum err world_run(struct world *w,
                                 enum err (*fn)(struct world_call *call, struct engine *engine),
                                 const void *request, void *answer)
{
    return world_run_in(w, 0, fn, request, answer);
}

/* Everything that is due happens. */
static inline void world_settle(struct world *w)
{
    while (lane_step(w->lane))
        ;
}

static inline void world_move(struct world *w, int64_t by_ms)
{
    clock_move(&w->clock, by_ms);
    world_settle(w);
}

static inline const struct json *world_json(struct world *w, const char *text)
{
    const struct json *json = NULL;
    struct fault fault = {0};
    enum err err = json_parse(w->arena, text, strlen(text), &json, &fault);

    if (err)
        fail_msg("%s in %s", fault.detail, text);
    return json;
}

/* Plans are easier to read with ` for ". */
static inline const char *world_quoted(struct world *w, const char *text)
{
    char *copy = arena_copy(w->arena, text, strlen(text) + 1);

    for (char *c = copy; *c; c++) {
        if (*c == '`')
            *c = '"';
    }
    return copy;
}

static inline enum err world_put_fn(struct world_call *call, struct engine *engine)
{
    struct put_plan_answer answer;
    enum err err =
        engine_put_plan(engine, &call->world->actor, call->request, &answer, &call->world->fault);

    if (err && call->world->fault.detail)
        print_message("create_plan: %s: %s\n", call->world->fault.pointer,
                      call->world->fault.detail);
    *(int64_t *)call->answer = err ? 0 : answer.plan_version;
    return err;
}

/* The version it got. */
static inline int64_t world_put(struct world *w, const char *plan_id, const char *definition)
{
    struct put_plan req = {plan_id, world_json(w, world_quoted(w, definition))};
    int64_t version;

    assert_int_equal(world_run(w, world_put_fn, &req, &version), ERR_OK);
    return version;
}

static inline enum err world_start_fn(struct world_call *call, struct engine *engine)
{
    struct execution_answer *answer = call->answer;
    enum err err =
        engine_start(engine, &call->world->actor, call->request, answer, &call->world->fault);

    if (!err)
        answer->plan_execution_id = arena_string(call->world->arena, answer->plan_execution_id);
    return err;
}

/* Starts and settles; the status right after the commit of the start. */
static inline enum status world_start(struct world *w, const char *plan_id, const char *id,
                                      const char *input)
{
    struct start_request req = {
        .plan_id = plan_id, .plan_execution_id = id, .input = input ? world_json(w, input) : NULL};
    struct execution_answer answer;

    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    return answer.status;
}

/* What was answered is what everybody reads later, to the byte; still inside the transaction. */
static inline void world_check_receipt(struct engine *engine, const struct actor *actor,
                                       const struct halt_answer *answer)
{
    const struct json *later;
    struct halt_row row;

    if (!answer->receipt || !answer->halt_id)
        return;
    CHECK(halts_load(engine->store, engine->arena, actor->operator_name, answer->root_id,
                     answer->halt_number, &row) == ERR_OK);
    CHECK(receipt_json(engine->store, engine->arena, &row, NULL, &later, NULL) == ERR_OK);
    assert_string_equal(json_text(engine->arena, answer->receipt), json_text(engine->arena, later));
}

static inline enum err world_halt_fn(struct world_call *call, struct engine *engine)
{
    struct halt_answer *answer = call->answer;
    struct arena *arena = call->world->arena;
    enum err err =
        engine_halt(engine, &call->world->actor, call->request, answer, &call->world->fault);

    if (err)
        return err;
    world_check_receipt(engine, &call->world->actor, answer);
    answer->halt_id = arena_string(arena, answer->halt_id);
    answer->children = answer->children ? json_copy(arena, answer->children) : NULL;
    answer->callback = answer->callback ? json_copy(arena, answer->callback) : NULL;
    answer->receipt = answer->receipt ? json_copy(arena, answer->receipt) : NULL;
    return ERR_OK;
}

static inline enum err world_halt_with(struct world *w, const struct halt_request *req,
                                       struct halt_answer *ret)
{
    return world_run_in(w, world_root(w, w->actor.operator_name, req->plan_execution_id),
                        world_halt_fn, req, ret);
}

static inline struct halt_answer world_halt(struct world *w, const char *id, bool all)
{
    struct halt_request req = {.plan_execution_id = id,
                               .children = all ? HALT_CHILDREN_ALL : HALT_CHILDREN_NONE,
                               .reason = "because",
                               .if_epoch = -1};
    struct halt_answer answer;

    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    return answer;
}

static inline enum err world_redrive_fn(struct world_call *call, struct engine *engine)
{
    return engine_redrive(engine, &call->world->actor, call->request, call->answer,
                          &call->world->fault);
}

static inline enum err world_redrive(struct world *w, const char *id)
{
    int64_t at = 0;
    enum err err = world_run(w, world_redrive_fn, id, &at);

    world_settle(w);
    return err;
}

static inline enum err world_pause_fn(struct world_call *call, struct engine *engine)
{
    return engine_pause(engine, &call->world->actor, call->request, "a pause", call->answer,
                        &call->world->fault);
}

static inline enum err world_restart_fn(struct world_call *call, struct engine *engine)
{
    return engine_restart(engine, &call->world->actor, call->request, "go on", call->answer,
                          &call->world->fault);
}

static inline enum err world_pause(struct world *w, const char *id)
{
    struct execution_answer answer;

    return world_run(w, world_pause_fn, id, &answer);
}

static inline enum err world_restart(struct world *w, const char *id)
{
    struct execution_answer answer;

    return world_run(w, world_restart_fn, id, &answer);
}

static inline enum err world_poll_fn(struct world_call *call, struct engine *engine)
{
    struct poll_answer *answer = call->answer;
    struct arena *arena = call->world->arena;
    enum err err = engine_poll(engine, &call->world->actor, call->request, "w1", answer);

    answer->task = arena_string(arena, answer->task);
    answer->task_token = arena_string(arena, answer->task_token);
    answer->plan_execution_id = arena_string(arena, answer->plan_execution_id);
    answer->state = arena_string(arena, answer->state);
    answer->input = arena_string(arena, answer->input);
    return err;
}

static inline struct poll_answer world_poll(struct world *w, const char *task)
{
    struct poll_answer answer = {0};

    assert_int_equal(world_run(w, world_poll_fn, task, &answer), ERR_OK);
    return answer;
}

struct world_result {
    enum result_kind kind;
    struct result_request request;
    bool no_actor;
};

static inline enum err world_result_fn(struct world_call *call, struct engine *engine)
{
    const struct world_result *result = call->request;
    const char *id;

    return engine_result(engine, result->no_actor ? NULL : &call->world->actor, result->kind,
                         &result->request, &id, &call->world->fault);
}

static inline enum err world_complete(struct world *w, const char *token, const char *output)
{
    struct world_result result = {
        RESULT_COMPLETE_TASK, {.token = token, .output = world_json(w, output)},
         false
    };

    return world_run(w, world_result_fn, &result, NULL);
}

static inline enum err world_fail_task(struct world *w, const char *token, const char *error)
{
    struct world_result result = {
        RESULT_FAIL_TASK, {.token = token, .error = error},
         false
    };

    return world_run(w, world_result_fn, &result, NULL);
}

static inline enum err world_callback(struct world *w, const char *id, const char *state,
                                      const char *output)
{
    struct world_result result = {
        RESULT_CALLBACK,
        {.plan_execution_id = id, .state = state, .output = world_json(w, output)},
        false
    };

    return world_run(w, world_result_fn, &result, NULL);
}

struct world_beat {
    const char *token;
};

static inline enum err world_beat_fn(struct world_call *call, struct engine *engine)
{
    return engine_heartbeat(engine, &call->world->actor, call->request, call->answer,
                            &call->world->fault);
}

static inline enum err world_beat(struct world *w, const char *token)
{
    int64_t lease_ms;

    return world_run(w, world_beat_fn, token, &lease_ms);
}

/* Looking, outside any transaction. */
static inline struct execution world_get(struct world *w, const char *id)
{
    struct execution e;
    int64_t root, execution;
    struct store *store = lane_engine(w->lane)->store;

    assert_int_equal(executions_find(store, w->actor.operator_name, id, &root, &execution), ERR_OK);
    assert_int_equal(executions_load(store, w->arena, root, execution, &e), ERR_OK);
    return e;
}

static inline void world_assert_status(struct world *w, const char *id, enum status status)
{
    assert_string_equal(status_name(world_get(w, id).status), status_name(status));
}

/* A query of one integer; the text is its own identity, so it must be a literal. */
#define WORLD_INT(w, sql_text)                                                                     \
    __extension__({                                                                                \
        static const struct sql_query world_query = {"test", sql_text};                            \
        int64_t world_value = 0;                                                                   \
        assert_int_equal(sql_select_int(lane_engine((w)->lane)->store->sql, &world_query,          \
                                        SQL_NO_ARGS, 0, &world_value),                             \
                         ERR_OK);                                                                  \
        world_value;                                                                               \
    })

/* Proof: nothing of the halt is left anywhere. */
static inline void world_assert_clean(struct world *w, const struct halt_answer *answer)
{
    struct halt_row halt = {.root_id = answer->root_id, .halt_id = answer->halt_number};
    struct halt_residue *residue;

    assert_int_equal(halts_residue(lane_engine(w->lane)->store, w->arena, &halt, &residue), ERR_OK);
    for (; residue; residue = residue->next) {
        if (residue->left)
            fail_msg("%lld %s left, such as %s", (long long)residue->left, residue->kind,
                     residue->example);
    }
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

static inline int world_setup(void **state)
{
    *state = world_new();
    return 0;
}

static inline int world_teardown(void **state)
{
    world_free(*state);
    return 0;
}

#endif
