/*
 * poll.c - a worker takes a task: a lease, a new attempt, a new one-time token, in one commit.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "base/limits.h"
#include "base/metric.h"

enum err poll_schedule_end(struct engine *engine, const struct execution *e,
                           const struct reservation *task, int64_t now_ms)
{
    struct reservation end = {
        .root_id = task->root_id,
        .execution_id = task->execution_id,
        .operator_name = task->operator_name,
        .frame_id = task->frame_id,
        .type = RESERVATION_HEARTBEAT,
        .epoch = e->epoch,
        .state = task->state,
        .due_at = task->lease_until,
        .queue = task->queue, /* a missed heartbeat of a callback has none */
        .attempt = task->attempt,
        .created_at = now_ms,
    };

    return reservations_insert(engine->store, &end);
}

/* An event of the language, between two turns of the frame. */
static enum err poll_activity_started(struct engine *engine, struct execution *e,
                                      const struct reservation *r, int64_t now_ms)
{
    struct json *detail = json_object(engine->arena);
    int64_t previous, event_id;
    enum err err =
        frames_last_event(engine->store, e->root_id, e->execution_id, r->frame_id, &previous);

    if (r->worker && *r->worker)
        json_add(engine->arena, detail, "workerName", json_string(engine->arena, r->worker));
    if (!err)
        err = history_event(engine->store, engine->arena, e, now_ms, "ActivityStarted", previous,
                            detail, &event_id);
    return err ? err
               : frames_set_last_event(engine->store, e->root_id, e->execution_id, r->frame_id,
                                       event_id);
}

static enum err poll_grant(struct engine *engine, struct execution *e, struct reservation *r,
                           struct poll_answer *ret)
{
    struct arena *arena = engine->arena;
    int64_t now_ms = engine_now(engine);
    struct json *detail = json_object(arena);
    bool is_activity =
        strncmp(r->queue, ACTIVITY_QUEUE_PREFIX, sizeof(ACTIVITY_QUEUE_PREFIX) - 1) == 0;
    char token[TASK_TOKEN_BYTES];
    uint8_t hash[SHA256_BYTES];
    enum err err;

    task_token_make(engine, r, token, hash);
    r->token_hash = arena_copy(arena, hash, sizeof(hash));
    r->attempt++;
    /* An activity's worker has as long as the Task has, unless the plan asks for heartbeats. */
    if (!r->lease_ms && !is_activity)
        r->lease_ms = engine->env->lease_ms;
    r->lease_until = now_ms + (r->lease_ms ? r->lease_ms : LIMIT_TIMER_MS);
    json_add(arena, detail, "worker", json_string(arena, r->worker));
    json_add(arena, detail, "task", json_string(arena, r->queue));
    json_add(arena, detail, "attempt", json_int(arena, r->attempt));
    err = reservations_lease(engine->store, r);
    if (!err && r->lease_ms)
        err = poll_schedule_end(engine, e, r, now_ms);
    if (!err && is_activity)
        err = poll_activity_started(engine, e, r, now_ms);
    if (!err)
        err = history_audit(engine->store, arena, e, now_ms, "TASK.STARTED", 0, detail);
    if (!err)
        err = executions_save(engine->store, e);
    if (err)
        return err;
    metric_add(METRIC_TASKS_HANDED_OUT, 1);
    *ret = (struct poll_answer){
        .task = r->queue,
        .task_token = arena_string(arena, token),
        .plan_execution_id = e->plan_execution_id,
        .state = r->state,
        .input = r->data,
        .attempt = r->attempt,
        .lease_ms = r->lease_ms,
    };
    return ERR_OK;
}

enum err engine_poll(struct engine *engine, const struct actor *actor, const char *task,
                     const char *worker, struct poll_answer *ret)
{
    struct reservation key, r;
    struct execution e;
    enum err err = reservations_first_ready(engine->store, actor->operator_name, task, &key);

    *ret = (struct poll_answer){0};
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    /* Found without a lock: the tree first, then its status and epoch again. */
    if (!err)
        err = execution_open_at(engine, key.root_id, key.execution_id, &e);
    if (!err)
        err = reservations_load(engine->store, engine->arena, key.root_id, key.execution_id,
                                key.reservation_id, &r);
    if (err)
        return err;
    if (!reservation_is_fresh(&r) || !r.ready || r.epoch != e.epoch ||
        transition_is_final(e.status) || e.status == STATUS_WAITING_FOR_RESTART)
        return engine_was_taken(engine);
    r.worker = worker;
    return poll_grant(engine, &e, &r, ret);
}
