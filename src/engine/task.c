/*
 * task.c - the Task state: one function for each resource, and what becomes of its result.
 *
 * What a Task may wait for is one reservation of its own kind, beside it the limits of its time.
 */
#include "engine/task.h"

#include <string.h>

#include "base/limits.h"
#include "base/name.h"

enum err task_fail(struct task *task, const char *name, const char *cause)
{
    struct asl_error error = {.error = name, .cause = cause};

    return frame_fail(task->turn, task->frame, &error);
}

enum err task_fail_runtime(struct task *task, const char *cause)
{
    struct asl_error error = {.error = "States.Runtime", .cause = cause, .is_runtime = true};

    return frame_fail(task->turn, task->frame, &error);
}

/* What every Task that waits leaves: its reservation, and one for its time-out. */
enum err task_wait(struct task *task)
{
    struct turn *turn = task->turn;
    struct reservation limit = turn_reservation(turn, task->frame, RESERVATION_TIMEOUT);
    struct reservation beat = turn_reservation(turn, task->frame, RESERVATION_HEARTBEAT);
    enum err err = turn_reserve(turn, &task->reservation);

    if (!err && task->timeout_ms) {
        limit.due_at = turn->now_ms + task->timeout_ms;
        err = turn_reserve(turn, &limit);
    }
    /* A worker's heartbeats are counted from when it gets the task; a callback's from now. */
    if (!err && task->heartbeat_ms && task->reservation.type == RESERVATION_CALLBACK) {
        beat.due_at = turn->now_ms + task->heartbeat_ms;
        err = turn_reserve(turn, &beat);
    }
    return err;
}

static enum err task_queue(struct task *task)
{
    struct reservation *r = &task->reservation;

    r->queue = task->state->resource_name;
    r->ready = true;
    r->data = json_text(task->turn->engine->arena, task->parameters);
    effect_add(task->turn->engine, EFFECT_TASK_READY, r->operator_name, r->queue, 0);
    return task_wait(task);
}

static enum err task_callback(struct task *task)
{
    return task_wait(task);
}

static enum err task_human(struct task *task)
{
    task->reservation.data = json_text(task->turn->engine->arena, task->parameters);
    return task_wait(task);
}

static enum err task_plan_run(struct task *task)
{
    struct turn *turn = task->turn;
    const struct json *result = NULL;
    struct asl_error error;
    bool started = false;
    enum err err = ERR_OK;

    if (turn->execution->epoch > 1)
        err = child_reattach(turn, task->frame, &task->reservation.child_id);
    if (err)
        return err;
    if (task->reservation.child_id)
        return child_attach(turn, &task->reservation);
    err = child_start(turn, task->parameters, &task->reservation, &result, &error, &started);
    if (err)
        return err;
    if (!started)
        return frame_fail(turn, task->frame, &error);
    return result ? frame_result(turn, task->frame, result) : task_wait(task);
}

/* The lock's name of the parameters, or null. */
static const char *task_lock_name(const struct task *task)
{
    const char *name = json_get_string(task->parameters, "name");

    return name && name_is_valid(name) ? name : NULL;
}

static enum err task_lock_done(struct task *task, const char *name, int64_t fence)
{
    struct turn *turn = task->turn;
    struct arena *arena = turn->engine->arena;
    struct json *result = json_object(arena);
    enum err err;

    json_add(arena, result, "name", json_string(arena, name));
    json_add(arena, result, "fence", json_int(arena, fence));
    err = history_audit(turn->engine->store, arena, turn->execution, turn->now_ms, "LOCK.ACQUIRED",
                        0, result);
    return err ? err : frame_result(turn, task->frame, result);
}

static enum err task_lock_acquire(struct task *task)
{
    struct turn *turn = task->turn;
    struct store *store = turn->engine->store;
    const char *name = task_lock_name(task);
    struct lock_holder holder;
    int64_t fence;
    enum err err;

    if (!name)
        return task_fail(task, "Lock.InvalidName",
                         "the parameters need a \"name\": 1 to 128 of A-Z a-z 0-9 . _ : -");
    err = locks_holder(store, turn->execution->operator_name, name, &holder);
    if (err)
        return err;
    if (holder.execution_id == turn->execution->execution_id)
        return task_fail(task, "Lock.AlreadyHeld",
                         "this execution holds the lock; locks are not re-entrant");
    err = locks_take(store, turn->execution, task->frame->frame_id, name, turn->now_ms, &fence);
    if (err)
        return err;
    if (fence)
        return task_lock_done(task, name, fence);
    task->reservation.queue = name;
    task->reservation.reservation_id = id_next(store->ids);
    err = locks_wait(store, &task->reservation);
    return err ? err : task_wait(task);
}

static enum err task_lock_release(struct task *task)
{
    struct turn *turn = task->turn;
    struct arena *arena = turn->engine->arena;
    const char *name = task_lock_name(task), *granted = NULL;
    struct lock_holder holder = {0};
    struct json *detail = json_object(arena);
    enum err err = ERR_OK;

    if (name)
        err = locks_holder(turn->engine->store, turn->execution->operator_name, name, &holder);
    if (err)
        return err;
    if (holder.execution_id != turn->execution->execution_id)
        return task_fail(task, "Lock.NotHeld", "this execution does not hold the lock");
    err = locks_hand_over(turn->engine->store, arena, turn->execution->operator_name, name,
                          turn->now_ms, &granted);
    json_add(arena, detail, "name", json_string(arena, name));
    json_add(arena, detail, "granted_to", json_string(arena, granted));
    if (!err)
        err = history_audit(turn->engine->store, arena, turn->execution, turn->now_ms,
                            "LOCK.RELEASED", 0, detail);
    return err ? err : frame_result(turn, task->frame, detail);
}

SQL_QUERY(task_activity_exists,
          "SELECT count(*) FROM activities WHERE operator_name = ?1 AND name = ?2");

/* A worker asks for it by the activity's name; its beats are counted from when it has it. */
static enum err task_activity(struct task *task)
{
    struct turn *turn = task->turn;
    struct reservation *r = &task->reservation;
    int64_t exists;
    enum err err = sql_select_int(
        turn->engine->store->sql, &task_activity_exists,
        SQL_ARGS(SQL_TEXT(r->operator_name), SQL_TEXT(task->state->resource_name)), 0, &exists);

    if (err)
        return err;
    if (!exists)
        return task_fail_runtime(task, arena_printf(turn->engine->arena,
                                                    "The activity %s does not exist.",
                                                    task->state->resource_text));
    r->queue =
        arena_printf(turn->engine->arena, ACTIVITY_QUEUE_PREFIX "%s", task->state->resource_name);
    r->ready = true;
    r->data = json_text(turn->engine->arena, task->parameters);
    err = task_scheduled(task);
    if (err)
        return err;
    effect_add(turn->engine, EFFECT_TASK_READY, r->operator_name, r->queue, 0);
    return task_wait(task);
}

static enum err task_foreign(struct task *task)
{
    return task_fail_runtime(task, arena_printf(task->turn->engine->arena,
                                                "The resource '%s' is of a service that this "
                                                "server does not have.",
                                                task->state->resource_text));
}

/* clang-format off */
static const struct {
    enum reservation_type type;
    enum err (*run)(struct task *task);
    bool is_silent;  /* it says itself when it is scheduled, or never is */
    bool in_express; /* also in an execution that lives in memory */
} task_resources[] = {
    [ASL_RESOURCE_TASK] =         {RESERVATION_TASK,       task_queue,           false, false},
    [ASL_RESOURCE_CALLBACK] =     {RESERVATION_CALLBACK,   task_callback,        false, false},
    [ASL_RESOURCE_HUMAN] =        {RESERVATION_HUMAN_TASK, task_human,           false, false},
    [ASL_RESOURCE_PLAN_RUN] =     {RESERVATION_CHILD,      task_plan_run,        false, false},
    [ASL_RESOURCE_LOCK_ACQUIRE] = {RESERVATION_LOCK,       task_lock_acquire,    false, false},
    [ASL_RESOURCE_LOCK_RELEASE] = {RESERVATION_LOCK,       task_lock_release,    false, false},
    [ASL_RESOURCE_ACTIVITY] =     {RESERVATION_TASK,       task_activity,        true,  false},
    [ASL_RESOURCE_START] =        {RESERVATION_CHILD,      task_start_execution, false, false},
    [ASL_RESOURCE_LAMBDA] =       {RESERVATION_CALL,       task_call,            false, true},
    [ASL_RESOURCE_INVOKE] =       {RESERVATION_CALL,       task_call,            false, true},
    [ASL_RESOURCE_HTTP] =         {RESERVATION_CALL,       task_call,            false, true},
    [ASL_RESOURCE_FOREIGN] =      {RESERVATION_NONE,       task_foreign,         true,  true},
};
/* clang-format on */

/* A task token is a secret of the reservation that awaits it, made before the input is: it is in
 * the context object. */
static const char *task_make_token(struct task *task)
{
    struct engine *engine = task->turn->engine;
    struct reservation *r = &task->reservation;
    char token[TASK_TOKEN_BYTES];
    uint8_t hash[SHA256_BYTES];

    if (r->type != RESERVATION_CALLBACK && task->state->pattern != ASL_WAIT_FOR_TOKEN)
        return NULL;
    r->reservation_id = id_next(engine->store->ids);
    task_token_make(engine, r, token, hash);
    r->token_hash = arena_copy(engine->arena, hash, sizeof(hash));
    return arena_string(engine->arena, token);
}

enum err task_run(struct turn *turn, struct frame *frame, const struct asl_state *state,
                  const struct json *raw)
{
    struct task task = {.turn = turn, .frame = frame, .state = state};
    struct asl_times times = {0};
    struct asl_scope scope;
    struct asl_error error;
    const struct json *input;
    enum err err;

    task.reservation = turn_reservation(turn, frame, task_resources[state->resource].type);
    if (turn->engine->env->is_express && !task_resources[state->resource].in_express)
        return task_fail_runtime(&task, "An EXPRESS execution cannot wait for workers, people, "
                                        "callbacks, locks or other executions.");
    turn_scope(turn, frame, task_make_token(&task), &scope);
    if (!asl_input_path(&scope, state, raw, &input, &error) ||
        !asl_parameters(&scope, state, input, &task.parameters, &error) ||
        !asl_task_times(&scope, state, input, &times, &error) ||
        !asl_credentials(&scope, state, input, &task.credentials, &error))
        return frame_fail(turn, frame, &error);
    task.timeout_ms = times.timeout_ms;
    task.heartbeat_ms = times.heartbeat_ms;
    if (json_size(task.parameters) > LIMIT_PAYLOAD_BYTES)
        return task_fail(&task, "States.DataLimitExceeded",
                         "the input is larger than 262144 bytes");
    task.reservation.lease_ms = task.heartbeat_ms;
    err = task_resources[state->resource].is_silent ? ERR_OK : task_scheduled(&task);
    return err ? err : task_resources[state->resource].run(&task);
}

enum err task_arrived(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    struct arena *arena = turn->engine->arena;
    const struct json *result = r->result ? json_stored(arena, r->result) : &json_null;
    struct asl_error error = {.error = json_get_string(result, "Error"),
                              .cause = json_get_string(result, "Cause")};
    enum err err = turn_stale(turn, frame->frame_id);

    if (err)
        return err;
    if (r->failed) {
        err = task_failed(turn, frame, "Failed", &error);
        return err ? err : frame_fail(turn, frame, &error);
    }
    err = task_succeeded(turn, frame, result);
    return err ? err : frame_result(turn, frame, result);
}

enum err task_timed_out(struct turn *turn, struct frame *frame)
{
    struct asl_error error = {.error = "States.Timeout"};
    enum err err = cancel_frame(turn, frame);

    if (!err)
        err = task_failed(turn, frame, "TimedOut", &error);
    return err ? err : frame_fail(turn, frame, &error);
}

/* The reservation whose lease or heartbeat ran out. The end of a lease is that of one attempt: it
 * means nothing to a later one, nor to the callback beside a call. */
static struct reservation *task_awaited(struct turn *turn, const struct frame *frame,
                                        const struct reservation *beat)
{
    for (struct reservation *r = turn->fresh; r; r = r->next) {
        bool is_leased = r->type == RESERVATION_TASK || r->type == RESERVATION_CALL;

        if (!reservation_is_fresh(r) || r->frame_id != frame->frame_id)
            continue;
        if (beat->queue ? is_leased && r->attempt == beat->attempt
                        : r->type == RESERVATION_CALLBACK)
            return r;
    }
    return NULL;
}

/* AWS's services and activities report a missed heartbeat as a time-out; it is caught by both
 * names. Resources of our own say what it is. */
static struct asl_error task_beat_error(const struct asl_state *state)
{
    bool is_ours = strcmp(state->resource_type, "fermata") == 0;

    return (struct asl_error){.error = is_ours ? "States.HeartbeatTimeout" : "States.Timeout",
                              .also = is_ours ? NULL : "States.HeartbeatTimeout"};
}

enum err task_beat_missed(struct turn *turn, struct frame *frame, const struct reservation *beat)
{
    struct arena *arena = turn->engine->arena;
    const struct asl_state *state = turn_state(turn, frame);
    struct reservation *r = task_awaited(turn, frame, beat);
    struct asl_error error = task_beat_error(state);
    struct json *detail = json_object(arena);
    enum err err;

    if (!r)
        return ERR_OK;
    if (r->type != RESERVATION_CALL && (state->heartbeat_ms || state->heartbeat_path)) {
        err = task_failed(turn, frame, "TimedOut", &error);
        return err ? err : frame_fail(turn, frame, &error);
    }
    /* No heartbeat was asked for, or it is a call, which has none: the worker is given up, the task
     * goes to another one. */
    json_add(arena, detail, "worker", json_string(arena, r->worker));
    json_add(arena, detail, "attempt", json_int(arena, r->attempt));
    err = reservations_requeue(turn->engine->store, r);
    if (err)
        return err;
    effect_add(turn->engine, r->type == RESERVATION_CALL ? EFFECT_CALL_READY : EFFECT_TASK_READY,
               r->operator_name, r->queue, 0);
    return history_audit(turn->engine->store, arena, turn->execution, turn->now_ms,
                         "TASK.LEASE_LOST", 0, detail);
}
