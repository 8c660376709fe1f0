/*
 * moves.h - every verb as one kind of job, so that a race is a list of moves in some order.
 *
 * A move is filled with what is asked, submitted to the lane of a world, and bears its answer when
 * it is done. What it gets is copied into it, so that any thread may own it.
 */
#ifndef FERMATA_TESTS_MOVES_H
#define FERMATA_TESTS_MOVES_H

#include <semaphore.h>
#include <stdatomic.h>

#include "dice.h"
#include "world.h"

/* clang-format off */
#define MOVE_LIST(X)                                                                               \
    X(start) X(halt) X(halt_children) X(pause) X(restart) X(poll) X(complete) X(fail) X(beat)      \
    X(callback) X(human) X(redrive)
/* clang-format on */
#define MOVE_ENUM(name) MOVE_##name,
enum move_kind { MOVE_LIST(MOVE_ENUM) MOVE_COUNT };
#undef MOVE_ENUM

struct move {
    struct lane_job job;
    enum move_kind kind;
    /* asked */
    char id[160]; /* plan_execution_id, or human_task_id */
    char token[128];
    const char *plan, *state, *queue, *input; /* input: JSON text, or null */
    const char *locks[2];
    size_t lock_count;
    int64_t start_at, if_epoch, max_affected, plan_version;
    bool hold_on_failure, all_children, dry_run;
    /* got */
    sem_t *signal; /* null, or raised when it is done */
    enum err err;
    enum status status;
    int64_t epoch, root_id, halt_number, in_flight;
    enum halt_outcome outcome;
    char halt_id[32], result[32], got_token[128], got_id[160];
    bool got_task;
};

static const struct actor move_actor = {"acme", "shop", "ann"};

static inline const char *move_name(enum move_kind kind)
{
#define MOVE_NAME(name) #name,
    static const char *const names[] = {MOVE_LIST(MOVE_NAME)};
#undef MOVE_NAME

    return names[kind];
}

static inline void move_copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

static inline const struct json *move_json(struct engine *engine, const char *text)
{
    const struct json *json = NULL;
    struct fault fault = {0};

    if (text)
        CHECK(json_parse(engine->arena, text, strlen(text), &json, &fault) == ERR_OK);
    return json;
}

static inline enum err move_start(struct move *move, struct engine *engine, struct fault *fault)
{
    struct start_request req = {
        .plan_id = move->plan,
        .plan_execution_id = move->id[0] ? move->id : NULL,
        .input = move_json(engine, move->input),
        .locks = move->locks,
        .lock_count = move->lock_count,
        .start_at = move->start_at,
        .hold_on_failure = move->hold_on_failure,
    };
    struct execution_answer answer = {0};
    enum err err = engine_start(engine, &move_actor, &req, &answer, fault);

    move->status = answer.status;
    move->epoch = answer.epoch;
    return err;
}

static inline enum err move_stop(struct move *move, struct engine *engine, struct fault *fault)
{
    struct halt_request req = {
        .plan_execution_id = move->id,
        .children = move->all_children ? HALT_CHILDREN_ALL : HALT_CHILDREN_NONE,
        .children_only = move->kind == MOVE_halt_children,
        .input = move_json(engine, move->input),
        .plan_version = move->plan_version,
        .reason = "a race",
        .dry_run = move->dry_run,
        .if_epoch = move->if_epoch,
        .max_affected = move->max_affected,
    };
    struct halt_answer answer = {0};
    enum err err = engine_halt(engine, &move_actor, &req, &answer, fault);

    if (err)
        return err;
    world_check_receipt(engine, &move_actor, &answer);
    move->outcome = answer.outcome;
    move->root_id = answer.root_id;
    move->halt_number = answer.halt_number;
    move->in_flight = answer.in_flight;
    move_copy(move->halt_id, sizeof(move->halt_id), answer.halt_id);
    move_copy(move->result, sizeof(move->result),
              answer.callback ? json_get_string(answer.callback, "result") : NULL);
    return ERR_OK;
}

static inline enum err move_hold(struct move *move, struct engine *engine, struct fault *fault)
{
    struct execution_answer answer = {0};
    enum err err = move->kind == MOVE_pause
                       ? engine_pause(engine, &move_actor, move->id, "a race", &answer, fault)
                       : engine_restart(engine, &move_actor, move->id, "a race", &answer, fault);

    move->status = answer.status;
    move->epoch = answer.epoch;
    return err;
}

static inline enum err move_redrive(struct move *move, struct engine *engine, struct fault *fault)
{
    int64_t at;

    return engine_redrive(engine, &move_actor, move->id, &at, fault);
}

static inline enum err move_poll(struct move *move, struct engine *engine)
{
    struct poll_answer answer = {0};
    enum err err = engine_poll(engine, &move_actor, move->queue, "w", &answer);

    move->got_task = !err && answer.task;
    move_copy(move->got_token, sizeof(move->got_token), answer.task_token);
    move_copy(move->got_id, sizeof(move->got_id), answer.plan_execution_id);
    return err;
}

static inline enum err move_answer(struct move *move, struct engine *engine, struct fault *fault)
{
    static const enum result_kind kinds[MOVE_COUNT] = {
        [MOVE_complete] = RESULT_COMPLETE_TASK,
        [MOVE_fail] = RESULT_FAIL_TASK,
        [MOVE_callback] = RESULT_CALLBACK,
        [MOVE_human] = RESULT_HUMAN,
    };
    struct result_request req = {
        .token = move->token[0] ? move->token : NULL,
        .human_task_id = move->kind == MOVE_human ? move->id : NULL,
        .plan_execution_id = move->kind == MOVE_callback ? move->id : NULL,
        .state = move->state,
        .output = move_json(engine, move->input),
    };
    const char *id;

    if (!req.output)
        req.error = "Broken";
    return engine_result(engine, &move_actor, kinds[move->kind], &req, &id, fault);
}

static inline enum err move_run(struct lane_job *job, struct engine *engine)
{
    struct move *move = (struct move *)job;
    struct fault fault = {0};
    int64_t lease_ms;

    switch (move->kind) {
    case MOVE_start:
        return move_start(move, engine, &fault);
    case MOVE_halt:
    case MOVE_halt_children:
        return move_stop(move, engine, &fault);
    case MOVE_pause:
    case MOVE_restart:
        return move_hold(move, engine, &fault);
    case MOVE_redrive:
        return move_redrive(move, engine, &fault);
    case MOVE_poll:
        return move_poll(move, engine);
    case MOVE_beat:
        return engine_heartbeat(engine, &move_actor, move->token, &lease_ms, &fault);
    default:
        return move_answer(move, engine, &fault);
    }
}

static inline void move_done(struct lane_job *job, enum err err)
{
    struct move *move = (struct move *)job;

    move->err = err ? err : job->run_err;
    if (move->signal)
        sem_post(move->signal);
}

/* The tree of a halt is taken ahead, where it is known. */
static inline struct lane_job move_job(struct world *w, const struct move *move)
{
    bool is_halt = move->kind == MOVE_halt || move->kind == MOVE_halt_children;

    return (struct lane_job){
        .run = move_run,
        .done = move_done,
        .takes_ahead = is_halt,
        .root_id = is_halt ? world_root(w, move_actor.operator_name, move->id) : 0,
    };
}

/* Gives it to the lane; not urgent, so that moves happen in the order in which they are given.
 * Where there are two nodes they take turns. */
static inline void move_submit(struct world *w, struct move *move)
{
    static _Atomic unsigned turn;
    bool is_other = w->other && atomic_fetch_add(&turn, 1) % 2;

    move->job = move_job(w, move);
    CHECK(lane_submit(is_other ? w->other : w->lane, &move->job) == ERR_OK);
}

/* No syncs: what a crash leaves is not asked here, and thousands of trials are worth more. */
static inline void moves_hurry(struct world *w)
{
    CHECK(sql_script(lane_engine(w->lane)->store->sql,
                     w->schema[0] ? "SET synchronous_commit = off" : "PRAGMA synchronous = OFF") ==
          ERR_OK);
}

/* A move about an execution. */
static inline struct move move_of(enum move_kind kind, const char *id)
{
    struct move move = {.kind = kind, .if_epoch = -1};

    move_copy(move.id, sizeof(move.id), id);
    return move;
}

/* A move that shows a token. */
static inline struct move move_with(enum move_kind kind, const char *token, const char *input)
{
    struct move move = {.kind = kind, .if_epoch = -1, .input = input};

    move_copy(move.token, sizeof(move.token), token);
    return move;
}

/* Alone, in a transaction of its own (or with what is due). */
static inline enum err move_now(struct world *w, struct move *move)
{
    move_submit(w, move);
    lane_step(w->lane);
    return move->err;
}

#endif
