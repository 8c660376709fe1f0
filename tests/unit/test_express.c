/*
 * test_express.c - executions of EXPRESS machines: they run in memory for five minutes at most,
 * wait for nobody, and leave nothing behind once they are forgotten.
 */
#include "engine/express.h"

#include "base/limits.h"
#include "engine/lanes.h"
#include "sfn/forgetter.h"
#include "world.h"

static const char plan_wait[] = "{`StartAt`:`W`,`States`:{`W`:{`Type`:`Wait`,`Seconds`:3600,"
                                "`End`:true}}}";
static const char plan_pass[] = "{`StartAt`:`P`,`States`:{`P`:{`Type`:`Pass`,`End`:true}}}";

/* The world, with its lane over a store in memory. */
static int memory_setup(void **state)
{
    struct world *w = world_new();

    lane_close(w->lane);
    snprintf(w->path, sizeof(w->path), "%s", SQL_MEMORY);
    w->env.is_express = true;
    w->env.run_ms_max = LIMIT_EXPRESS_RUN_MS;
    world_open_lane(w);
    *state = w;
    return 0;
}

#define EXPRESS_TEST(name) cmocka_unit_test_setup_teardown(name, memory_setup, world_teardown)

static enum err express_plan_fn(struct world_call *call, struct engine *engine)
{
    return express_plan(engine, &call->world->actor, call->request);
}

static enum err put(struct world *w, const char *plan_id, int64_t version, const char *definition)
{
    struct express_plan plan = {plan_id, version, world_quoted(w, definition), NULL};

    return world_run(w, express_plan_fn, &plan, NULL);
}

static enum err express_forget_fn(struct world_call *call, struct engine *engine)
{
    return express_forget(engine, *(const int64_t *)call->request);
}

static void forget(struct world *w, const char *id)
{
    int64_t execution_id = world_get(w, id).execution_id;

    assert_int_equal(world_run(w, express_forget_fn, &execution_id, NULL), ERR_OK);
}

/* A start as the wire makes it: of a numbered version. */
static enum status start(struct world *w, const char *plan_id, const char *id, const char *input)
{
    struct start_request req = {.plan_id = plan_id,
                                .plan_version = 1,
                                .plan_execution_id = id,
                                .input = input ? world_json(w, world_quoted(w, input)) : NULL};
    struct execution_answer answer;

    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    return answer.status;
}

static int64_t rows_of(struct world *w, const char *table)
{
    struct sql_query *query = ARENA_NEW(w->arena, struct sql_query);
    int64_t count = -1;

    query->name = table;
    query->text = arena_printf(w->arena, "SELECT count(*) FROM %s", table);
    assert_int_equal(
        sql_select_int(lane_engine(w->lane)->store->sql, query, SQL_NO_ARGS, 0, &count), ERR_OK);
    return count;
}

/* In no table is a row, but of plans. */
static void assert_nothing_left(struct world *w)
{
    static const struct sql_query tables = {
        "tables", "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN"
                  " ('migrations', 'plans', 'plan_versions')"};
    const char *names[64];
    size_t count = 0;
    struct sql_rows rows;

    assert_int_equal(sql_select(lane_engine(w->lane)->store->sql, &tables, SQL_NO_ARGS, &rows),
                     ERR_OK);
    while (sql_next(&rows)) {
        assert_true(count < ARRAY_SIZE(names));
        names[count++] = sql_text_copy(w->arena, &rows, 0);
    }
    assert_int_equal(sql_end(&rows), ERR_OK);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        if (rows_of(w, names[i]))
            fail_msg("rows are left in %s", names[i]);
    }
}

static void what_has_ended_leaves_nothing_once_it_is_forgotten(void **state)
{
    static const char *const definitions[] = {
        plan_pass,
        "{`StartAt`:`F`,`States`:{`F`:{`Type`:`Fail`,`Error`:`No`,`Cause`:`none`}}}",
        "{`StartAt`:`P`,`States`:{`P`:{`Type`:`Parallel`,`End`:true,`Branches`:["
        "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Wait`,`Seconds`:5,`End`:true}}},"
        "{`StartAt`:`B`,`States`:{`B`:{`Type`:`Pass`,`End`:true}}}]}}}",
        "{`StartAt`:`P`,`States`:{`P`:{`Type`:`Parallel`,`End`:true,`Branches`:["
        "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Wait`,`Seconds`:5,`End`:true}}},"
        "{`StartAt`:`B`,`States`:{`B`:{`Type`:`Fail`}}}]}}}",
        "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemsPath`:`$.items`,`End`:true,"
        "`ItemProcessor`:{`StartAt`:`A`,`States`:{`A`:{`Type`:`Wait`,`Seconds`:2,`End`:true}}}}}}",
        "{`StartAt`:`T`,`States`:{`T`:{`Type`:`Task`,`End`:true,"
        "`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f`,`TimeoutSeconds`:7,"
        "`Retry`:[{`ErrorEquals`:[`States.ALL`],`MaxAttempts`:2}]}}}",
    };
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
        const char *id = arena_printf(w->arena, "p%zu:x", i);
        const char *plan_id = arena_printf(w->arena, "p%zu", i);

        assert_int_equal(put(w, plan_id, 1, definitions[i]), ERR_OK);
        (void)start(w, plan_id, id, "{`items`:[1,2,3]}");
        for (int moves = 0; moves < 10; moves++)
            world_move(w, 10000);
        assert_true(world_get(w, id).ended_at > 0);
        forget(w, id);
        assert_nothing_left(w);
    }
}

static void no_history_is_kept_of_it(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "p", 1, plan_pass), ERR_OK);
    assert_int_equal(start(w, "p", "p:x", "{`a`:1}"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "p:x").output, "{\"a\":1}");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history"), 0);
    assert_true(world_get(w, "p:x").event_id > 0);
}

static void what_runs_is_not_forgotten(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "p", 1, plan_wait), ERR_OK);
    (void)start(w, "p", "p:x", NULL);
    forget(w, "p:x");
    world_assert_status(w, "p:x", STATUS_WAITING_FOR_TIMER);
}

static void five_minutes_are_all_it_has(void **state)
{
    struct world *w = *state;
    struct execution e;

    assert_int_equal(put(w, "p", 1, plan_wait), ERR_OK);
    (void)start(w, "p", "p:x", NULL);
    world_move(w, LIMIT_EXPRESS_RUN_MS - 1);
    world_assert_status(w, "p:x", STATUS_WAITING_FOR_TIMER);
    world_move(w, 1);
    e = world_get(w, "p:x");
    assert_int_equal(e.status, STATUS_FAILED);
    assert_true(e.timed_out);
    assert_string_equal(e.error, "States.Timeout");
    assert_int_equal(e.ended_at - e.created_at, LIMIT_EXPRESS_RUN_MS);
}

static void its_own_limit_holds_when_it_is_shorter(void **state)
{
    static const char format[] = "{`TimeoutSeconds`:%d,`StartAt`:`W`,`States`:{`W`:{`Type`:`Wait`,"
                                 "`Seconds`:3600,`End`:true}}}";
    struct world *w = *state;

    assert_int_equal(put(w, "short", 1, arena_printf(w->arena, format, 10)), ERR_OK);
    assert_int_equal(put(w, "long", 1, arena_printf(w->arena, format, 1000)), ERR_OK);
    (void)start(w, "short", "short:x", NULL);
    (void)start(w, "long", "long:x", NULL);
    world_move(w, 10000);
    assert_true(world_get(w, "short:x").timed_out);
    world_assert_status(w, "long:x", STATUS_WAITING_FOR_TIMER);
    world_move(w, LIMIT_EXPRESS_RUN_MS - 10000);
    assert_true(world_get(w, "long:x").timed_out);
}

static enum err take_call_fn(struct world_call *call, struct engine *engine)
{
    struct outcall *out = call->answer;
    struct arena *arena = call->world->arena;
    enum err err = engine_take_call(engine, "test", out);

    out->operator_name = arena_string(arena, out->operator_name);
    out->kind = arena_string(arena, out->kind);
    out->data = arena_string(arena, out->data);
    return err;
}

static enum err call_done_fn(struct world_call *call, struct engine *engine)
{
    return engine_call_done(engine, call->request, false, json_int(engine->arena, 1));
}

static enum err call_is_awaited_fn(struct world_call *call, struct engine *engine)
{
    return engine_call_is_awaited(engine, call->request, call->answer);
}

static const char plan_call[] = "{`StartAt`:`T`,`States`:{`T`:{`Type`:`Task`,`TimeoutSeconds`:5,"
                                "`Resource`:`arn:aws:lambda:us-east-1:123456789012:function:f`,"
                                "`End`:true}}}";

static void a_call_to_the_outside_brings_its_answer(void **state)
{
    struct world *w = *state;
    struct outcall out;

    assert_int_equal(put(w, "p", 1, plan_call), ERR_OK);
    (void)start(w, "p", "p:x", NULL);
    assert_int_equal(world_run(w, take_call_fn, NULL, &out), ERR_OK);
    assert_true(out.reservation_id > 0);
    assert_int_equal(world_run(w, call_done_fn, &out, NULL), ERR_OK);
    world_assert_status(w, "p:x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "p:x").output, "1");
}

static void an_answer_to_what_was_forgotten_changes_nothing(void **state)
{
    struct world *w = *state;
    struct outcall out;
    bool is_awaited = true;

    assert_int_equal(put(w, "p", 1, plan_call), ERR_OK);
    (void)start(w, "p", "p:x", NULL);
    assert_int_equal(world_run(w, take_call_fn, NULL, &out), ERR_OK);
    world_move(w, 5000);
    world_assert_status(w, "p:x", STATUS_FAILED);
    forget(w, "p:x");
    assert_int_equal(world_run(w, call_is_awaited_fn, &out, &is_awaited), ERR_OK);
    assert_false(is_awaited);
    assert_int_equal(world_run(w, call_done_fn, &out, NULL), ERR_OK);
    assert_nothing_left(w);
}

static void it_waits_for_nobody(void **state)
{
    static const char *const resources[] = {"fermata:task:t", "fermata:callback", "fermata:human",
                                            "fermata:plan:run", "fermata:lock:acquire"};
    struct world *w = *state;

    for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
        const char *plan_id = arena_printf(w->arena, "p%zu", i);
        const char *id = arena_printf(w->arena, "p%zu:x", i);
        struct execution e;

        assert_int_equal(put(w, plan_id, 1,
                             arena_printf(w->arena,
                                          "{`StartAt`:`T`,`States`:{`T`:{`Type`:`Task`,"
                                          "`Resource`:`%s`,`Parameters`:{`plan_id`:`q`,"
                                          "`name`:`n`},`End`:true}}}",
                                          resources[i])),
                         ERR_OK);
        assert_int_equal(start(w, plan_id, id, NULL), STATUS_FAILED);
        e = world_get(w, id);
        assert_string_equal(e.error, "States.Runtime");
        forget(w, id);
    }
    assert_nothing_left(w);
}

static void a_version_runs_as_it_was_copied(void **state)
{
    struct world *w = *state;
    struct start_request req = {.plan_id = "p", .plan_version = 2, .plan_execution_id = "p:2"};
    struct execution_answer answer;

    assert_int_equal(put(w, "p", 2, plan_wait), ERR_OK);
    assert_int_equal(put(w, "p", 1, plan_pass), ERR_OK);
    assert_int_equal(put(w, "p", 2, plan_wait), ERR_OK);
    assert_int_equal(start(w, "p", "p:1", NULL), STATUS_SUCCESS);
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    assert_int_equal(answer.status, STATUS_WAITING_FOR_TIMER);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM plan_versions"), 2);
}

static void versions_that_nobody_uses_are_forgotten_when_they_are_many(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "used", 1, plan_wait), ERR_OK);
    (void)start(w, "used", "used:x", NULL);
    for (int64_t i = 1; i < LIMIT_EXPRESS_PLANS; i++)
        assert_int_equal(put(w, "p", i, plan_pass), ERR_OK);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM plan_versions"), LIMIT_EXPRESS_PLANS);

    assert_int_equal(put(w, "q", 1, plan_pass), ERR_OK);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM plan_versions"), 2);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM plans WHERE plan_id = 'used'"), 1);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM plans WHERE plan_id = 'p'"), 0);

    /* What was forgotten is copied again; what runs goes on. */
    assert_int_equal(put(w, "p", 1, plan_pass), ERR_OK);
    assert_int_equal(start(w, "p", "p:x", NULL), STATUS_SUCCESS);
    world_move(w, LIMIT_EXPRESS_RUN_MS);
    assert_true(world_get(w, "used:x").timed_out);
}

static void the_forgetter_takes_what_has_ended_and_leaves_what_runs(void **state)
{
    struct world *w = *state;
    struct lanes lanes = {.lane = {w->lane}, .count = 1};
    struct forgetter *forgetter = forgetter_new(&lanes);

    assert_int_equal(put(w, "p", 1, plan_pass), ERR_OK);
    assert_int_equal(put(w, "q", 1, plan_wait), ERR_OK);
    assert_int_equal(start(w, "p", "p:1", NULL), STATUS_SUCCESS);
    assert_int_equal(start(w, "p", "p:2", NULL), STATUS_SUCCESS);
    (void)start(w, "q", "q:1", NULL);
    forgetter_later(forgetter, world_get(w, "p:1").execution_id);
    forgetter_later(forgetter, world_get(w, "q:1").execution_id);
    forgetter_later(forgetter, world_get(w, "p:2").execution_id);
    forgetter_later(forgetter, 12345); /* one that is gone */
    world_settle(w);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions"), 1);
    world_assert_status(w, "q:1", STATUS_WAITING_FOR_TIMER);

    world_move(w, LIMIT_EXPRESS_RUN_MS);
    forgetter_later(forgetter, world_get(w, "q:1").execution_id);
    world_settle(w);
    assert_nothing_left(w);
    forgetter_free(forgetter);
}

static void a_forgetter_that_the_lane_refused_asks_again(void **state)
{
    struct world *w = *state;
    struct lanes lanes = {.lane = {w->lane}, .count = 1};
    struct forgetter *forgetter = forgetter_new(&lanes);
    struct world_call call = {
        .job = {.run = world_call_run, .done = world_call_done},
        .world = w,
        .fn = express_forget_fn,
        .request = &(int64_t){1                    }
    };
    struct world_call *calls = calloc(LIMIT_QUEUE_COMMANDS, sizeof(*calls));
    int64_t first, second;

    assert_int_equal(put(w, "p", 1, plan_pass), ERR_OK);
    assert_int_equal(start(w, "p", "p:1", NULL), STATUS_SUCCESS);
    assert_int_equal(start(w, "p", "p:2", NULL), STATUS_SUCCESS);
    first = world_get(w, "p:1").execution_id;
    second = world_get(w, "p:2").execution_id;
    for (size_t i = 0; i < LIMIT_QUEUE_COMMANDS; i++) {
        calls[i] = call;
        assert_int_equal(lane_submit(w->lane, &calls[i].job), ERR_OK);
    }
    forgetter_later(forgetter, first); /* there is no room for its job */
    world_settle(w);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions"), 2);
    forgetter_later(forgetter, second);
    world_settle(w);
    assert_nothing_left(w);
    forgetter_free(forgetter);
    free(calls);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        EXPRESS_TEST(what_has_ended_leaves_nothing_once_it_is_forgotten),
        EXPRESS_TEST(no_history_is_kept_of_it),
        EXPRESS_TEST(what_runs_is_not_forgotten),
        EXPRESS_TEST(five_minutes_are_all_it_has),
        EXPRESS_TEST(its_own_limit_holds_when_it_is_shorter),
        EXPRESS_TEST(a_call_to_the_outside_brings_its_answer),
        EXPRESS_TEST(an_answer_to_what_was_forgotten_changes_nothing),
        EXPRESS_TEST(it_waits_for_nobody),
        EXPRESS_TEST(a_version_runs_as_it_was_copied),
        EXPRESS_TEST(versions_that_nobody_uses_are_forgotten_when_they_are_many),
        EXPRESS_TEST(the_forgetter_takes_what_has_ended_and_leaves_what_runs),
        EXPRESS_TEST(a_forgetter_that_the_lane_refused_asks_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
