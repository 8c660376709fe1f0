/*
 * task.c - the Task state: one function for each resource, and what becomes of its result.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "base/limits.h"
#include "base/name.h"

struct task {
    struct turn *turn;
    struct frame *frame;
    const struct asl_state *state;
    const struct json *parameters; /* the effective input */
    struct reservation reservation;
    int64_t timeout_ms, heartbeat_ms;
};

static enum err task_fail(struct task *task, const char *name, const char *cause)
{
    struct asl_error error = {name, cause};

    return frame_fail(task->turn, task->frame, &error);
}

/* What every Task that waits leaves: its reservation, and one for its time-out. */
static enum err task_wait(struct task *task)
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

static const struct {
    enum reservation_type type;
    enum err (*run)(struct task *task);
} task_resources[] = {
    [ASL_RESOURCE_TASK] = {RESERVATION_TASK,       task_queue       },
    [ASL_RESOURCE_CALLBACK] = {RESERVATION_CALLBACK,   task_callback    },
    [ASL_RESOURCE_HUMAN] = {RESERVATION_HUMAN_TASK, task_human       },
    [ASL_RESOURCE_PLAN_RUN] = {RESERVATION_CHILD,      task_plan_run    },
    [ASL_RESOURCE_LOCK_ACQUIRE] = {RESERVATION_LOCK,       task_lock_acquire},
    [ASL_RESOURCE_LOCK_RELEASE] = {RESERVATION_LOCK,       task_lock_release},
};

static enum err task_scheduled(struct task *task)
{
    struct arena *arena = task->turn->engine->arena;
    struct json *detail = json_object(arena);

    json_add(arena, detail, "resource", json_string(arena, task->state->resource_text));
    json_add(arena, detail, "parameters", task->parameters);
    if (task->timeout_ms)
        json_add(arena, detail, "timeoutInSeconds", json_int(arena, task->timeout_ms / 1000));
    if (task->heartbeat_ms)
        json_add(arena, detail, "heartbeatInSeconds", json_int(arena, task->heartbeat_ms / 1000));
    return turn_event(task->turn, task->frame, "TaskScheduled", detail, NULL);
}

enum err task_run(struct turn *turn, struct frame *frame, const struct asl_state *state,
                  const struct json *raw)
{
    struct arena *arena = turn->engine->arena;
    struct task task = {.turn = turn, .frame = frame, .state = state};
    char token[TASK_TOKEN_BYTES];
    uint8_t hash[SHA256_BYTES];
    const struct json *context;
    struct asl_error error;
    enum err err;

    task.reservation = turn_reservation(turn, frame, task_resources[state->resource].type);
    if (state->resource == ASL_RESOURCE_CALLBACK) {
        task.reservation.reservation_id = id_next(turn->engine->store->ids);
        task_token_make(turn->engine, &task.reservation, token, hash);
        task.reservation.token_hash = arena_copy(arena, hash, sizeof(hash));
    }
    context = turn_context(turn, frame, state->resource == ASL_RESOURCE_CALLBACK ? token : NULL);
    if (!asl_input(arena, state, raw, context, &task.parameters, &error) ||
        !asl_task_times(arena, state, raw, context, &task.timeout_ms, &task.heartbeat_ms, &error))
        return frame_fail(turn, frame, &error);
    if (json_size(task.parameters) > LIMIT_PAYLOAD_BYTES)
        return task_fail(&task, "States.DataLimitExceeded",
                         "the input is larger than 262144 bytes");
    task.reservation.lease_ms = task.heartbeat_ms;
    err = task_scheduled(&task);
    return err ? err : task_resources[state->resource].run(&task);
}

enum err task_arrived(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    struct arena *arena = turn->engine->arena;
    const struct json *result = r->result ? json_stored(arena, r->result) : &json_null;
    struct json *detail = json_object(arena);
    struct asl_error error = {json_get_string(result, "Error"), json_get_string(result, "Cause")};
    enum err err = turn_stale(turn, frame->frame_id);

    if (err)
        return err;
    json_add(arena, detail, "resource", json_string(arena, turn_state(turn, frame)->resource_text));
    if (r->failed) {
        json_add(arena, detail, "error", json_string(arena, error.error));
        json_add(arena, detail, "cause", json_string(arena, error.cause));
        err = turn_event(turn, frame, "TaskFailed", detail, NULL);
        return err ? err : frame_fail(turn, frame, &error);
    }
    json_add(arena, detail, "output", result);
    err = turn_event(turn, frame, "TaskSucceeded", detail, NULL);
    return err ? err : frame_result(turn, frame, result);
}

/* The reservation whose lease or heartbeat ran out. */
static struct reservation *task_awaited(struct turn *turn, const struct frame *frame)
{
    for (struct reservation *r = turn->fresh; r; r = r->next) {
        if (reservation_is_fresh(r) && r->frame_id == frame->frame_id &&
            (r->type == RESERVATION_TASK || r->type == RESERVATION_CALLBACK))
            return r;
    }
    return NULL;
}

enum err task_beat_missed(struct turn *turn, struct frame *frame, const struct reservation *beat)
{
    struct arena *arena = turn->engine->arena;
    const struct asl_state *state = turn_state(turn, frame);
    struct reservation *r = task_awaited(turn, frame);
    struct asl_error error = {"States.HeartbeatTimeout", NULL};
    struct json *detail = json_object(arena);
    enum err err;

    (void)beat;
    if (!r)
        return ERR_OK;
    if (state->heartbeat_ms || state->heartbeat_path) {
        json_add(arena, detail, "error", json_string(arena, error.error));
        err = turn_event(turn, frame, "TaskTimedOut", detail, NULL);
        return err ? err : frame_fail(turn, frame, &error);
    }
    /* No heartbeat was asked for: the worker is given up, the task goes to another one. */
    json_add(arena, detail, "worker", json_string(arena, r->worker));
    json_add(arena, detail, "attempt", json_int(arena, r->attempt));
    err = reservations_requeue(turn->engine->store, r);
    if (err)
        return err;
    effect_add(turn->engine, EFFECT_TASK_READY, r->operator_name, r->queue, 0);
    return history_audit(turn->engine->store, arena, turn->execution, turn->now_ms,
                         "TASK.LEASE_LOST", 0, detail);
}
