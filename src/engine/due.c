/*
 * due.c - a scheduled reservation has fallen due.
 *
 * It was found without a lock: the tree is taken first, then status and epoch are looked at again.
 * What is no longer FRESH fires into nothing and is counted. For a paused execution it waits on its
 * reservation until the restart.
 */
#include "engine/engine_priv.h"

#include "base/metric.h"

enum err engine_due(struct engine *engine, const struct reservation *due)
{
    struct execution e;
    struct reservation r;
    struct reservation_result fired = {0};
    bool taken;
    enum err err = execution_open_at(engine, due->root_id, due->execution_id, &e);

    if (!err)
        err = reservations_load(engine->store, engine->arena, due->root_id, due->execution_id,
                                due->reservation_id, &r);
    if (err)
        return err;
    if (!reservation_is_fresh(&r) || r.arrived_at || r.epoch != e.epoch ||
        transition_is_final(e.status)) {
        metric_add(METRIC_STALE_FIRED, 1);
        return ERR_OK;
    }
    /* A heartbeat may have moved it since it was found; a schedule learns of that now. */
    if (r.due_at > engine_now(engine)) {
        reservations_schedule(engine->store, &r);
        return ERR_OK;
    }
    if (e.status == STATUS_WAITING_FOR_RESTART)
        return reservations_arrive(engine->store, &r, &fired, engine_now(engine), &taken);
    metric_observe(METRIC_TIMER_LATE_MS, engine_now(engine) - r.due_at);
    return turn_run(engine, &e, &r);
}
