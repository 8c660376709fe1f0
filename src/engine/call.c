/*
 * call.c - calls to the outside that Tasks make: lambda functions and HTTP endpoints.
 *
 * A call is a CALL reservation that is ready. Whoever makes calls takes it under a lease, as a
 * worker takes a task, and brings the answer back; if it never does, the lease runs out and the
 * call is made again: at least once, as every call over a network. What a call has to say depends
 * on its kind and stands in the reservation's data; what its answer means is decided there, too.
 */
#include "engine/task.h"

#include <string.h>

#include "base/limits.h"
#include "base/metric.h"

#define CALL_MARGIN_MS 5000

static const char *call_kind(const struct asl_state *state)
{
    return state->resource == ASL_RESOURCE_HTTP     ? CALL_KIND_HTTP
           : state->resource == ASL_RESOURCE_INVOKE ? CALL_KIND_INVOKE
                                                    : CALL_KIND_FUNCTION;
}

enum err task_call(struct task *task)
{
    struct turn *turn = task->turn;
    struct arena *arena = turn->engine->arena;
    struct reservation call = turn_reservation(turn, task->frame, RESERVATION_CALL);
    struct json *data = json_object(arena);
    enum err err = task_started(turn, task->frame);

    if (err)
        return err;
    json_add(arena, data, "function", json_string(arena, task->state->resource_name));
    json_add(arena, data, "parameters", task->parameters);
    call.queue = call_kind(task->state);
    call.ready = true;
    call.lease_ms =
        (strcmp(call.queue, CALL_KIND_HTTP) == 0 ? LIMIT_CALL_HTTP_MS : LIMIT_CALL_FUNCTION_MS) +
        CALL_MARGIN_MS;
    call.data = json_text(arena, data);
    effect_add(turn->engine, EFFECT_CALL_READY, call.operator_name, NULL, 0);
    if (task->state->pattern != ASL_WAIT_FOR_TOKEN) {
        task->reservation = call;
        return task_wait(task);
    }
    /* The function is told of the token; what is awaited then is the callback. */
    task->reservation.type = RESERVATION_CALLBACK;
    err = turn_reserve(turn, &call);
    return err ? err : task_wait(task);
}

enum err call_arrived(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    struct task task = {.turn = turn, .frame = frame, .state = turn_state(turn, frame)};

    if (r->failed || task.state->pattern != ASL_WAIT_FOR_TOKEN)
        return task_arrived(turn, frame, r);
    return task_submitted(&task, json_stored(turn->engine->arena, r->result));
}

/* The lease of a call that nobody brings back. */
static enum err call_lease(struct engine *engine, const struct execution *e, struct reservation *r,
                           const char *caller)
{
    int64_t now_ms = engine_now(engine);
    enum err err;

    r->worker = caller;
    r->attempt++;
    r->lease_until = now_ms + r->lease_ms;
    err = reservations_lease(engine->store, r);
    return err ? err : poll_schedule_end(engine, e, r, now_ms);
}

enum err engine_take_call(struct engine *engine, const char *caller, struct outcall *ret)
{
    struct reservation key, r;
    struct execution e;
    enum err err = reservations_first_call(engine->store, &key);

    *ret = (struct outcall){0};
    if (err)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    err = execution_open_at(engine, key.root_id, key.execution_id, &e);
    if (!err)
        err = reservations_load(engine->store, engine->arena, key.root_id, key.execution_id,
                                key.reservation_id, &r);
    if (err)
        return err;
    if (!reservation_is_fresh(&r) || !r.ready || r.epoch != e.epoch ||
        transition_is_final(e.status))
        return engine_was_taken(engine);
    err = call_lease(engine, &e, &r, caller);
    if (err)
        return err;
    *ret = (struct outcall){
        .root_id = r.root_id,
        .execution_id = r.execution_id,
        .reservation_id = r.reservation_id,
        .attempt = r.attempt,
        .operator_name = r.operator_name,
        .kind = r.queue,
        .data = r.data,
        .timeout_ms = r.lease_ms - CALL_MARGIN_MS,
    };
    return ERR_OK;
}

enum err engine_call_done(struct engine *engine, const struct outcall *call, bool failed,
                          const struct json *result)
{
    struct reservation_result arrived = {.failed = failed,
                                         .text = json_text(engine->arena, result)};
    struct execution e;
    struct reservation r;
    bool taken;
    enum err err = execution_open_at(engine, call->root_id, call->execution_id, &e);

    if (!err)
        err = reservations_load(engine->store, engine->arena, call->root_id, call->execution_id,
                                call->reservation_id, &r);
    if (err && err != ERR_EXECUTION_NOT_FOUND)
        return err;
    /* Too late: it was halted, it timed out, or the call was made again; what lived in memory may
     * be forgotten. */
    if (err || !reservation_is_fresh(&r) || r.arrived_at || r.epoch != e.epoch ||
        r.attempt != call->attempt) {
        metric_add(METRIC_LATE_REFUSED, 1);
        return ERR_OK;
    }
    if (e.status == STATUS_WAITING_FOR_RESTART)
        return reservations_arrive(engine->store, &r, &arrived, engine_now(engine), &taken);
    r.failed = arrived.failed;
    r.result = arrived.text;
    return turn_run(engine, &e, &r);
}

SQL_QUERY(call_still_awaited,
          "SELECT count(*) FROM reservations WHERE root_id = ?1 AND execution_id = ?2"
          " AND reservation_id = ?3 AND status = 'FRESH' AND attempt = ?4");

enum err engine_call_is_awaited(struct engine *engine, const struct outcall *call, bool *ret)
{
    int64_t count;
    enum err err = sql_select_int(engine->store->sql, &call_still_awaited,
                                  SQL_ARGS(SQL_INT(call->root_id), SQL_INT(call->execution_id),
                                           SQL_INT(call->reservation_id), SQL_INT(call->attempt)),
                                  0, &count);

    if (!err)
        *ret = count > 0;
    return err;
}

SQL_QUERY(call_give_back,
          "UPDATE reservations SET ready = 1, worker = NULL, lease_until = NULL"
          " WHERE status = 'FRESH' AND type = 'CALL' AND ready = 0 AND arrived_at IS NULL"
          " AND worker = ?1");

enum err engine_calls_given_back(struct engine *engine, const char *caller)
{
    return sql_run(engine->store->sql, &call_give_back, SQL_ARGS(SQL_TEXT(caller)), NULL);
}
