/*
 * pause.c - a person holds an execution: it keeps its locks, tokens and reservations, and does
 * nothing.
 */
#include "engine/engine_priv.h"

#include "store/pauses.h"

enum err pause_refused(struct engine *engine, const struct execution *e, const char *what,
                       struct fault *reterr)
{
    struct arena *arena = engine->arena;
    struct json *members = json_object(arena);
    enum err err;

    json_add(arena, members, "status", json_string(arena, status_name(e->status)));
    err = fault_set(reterr, arena, ERR_INVALID_STATE_TRANSITION, NULL,
                    "an execution that is %s cannot be %s", status_name(e->status), what);
    reterr->members = members;
    return err;
}

enum err pause_record(struct engine *engine, struct execution *e, const struct actor *actor,
                      const char *type, enum status previous, const char *reason)
{
    struct arena *arena = engine->arena;
    struct json *detail = json_object(arena);

    json_add(arena, detail, "previous_status", json_string(arena, status_name(previous)));
    json_add(arena, detail, "subject", json_string(arena, actor->subject));
    json_add(arena, detail, "portal_id", json_string(arena, actor->portal_id));
    json_add(arena, detail, "reason", json_string(arena, reason));
    return history_audit(engine->store, arena, e, engine_now(engine), type, 0, detail);
}

enum err engine_pause(struct engine *engine, const struct actor *actor,
                      const char *plan_execution_id, const char *reason,
                      struct execution_answer *ret, struct fault *reterr)
{
    struct execution e;
    enum status previous;
    enum err err = execution_open(engine, actor->operator_name, plan_execution_id, &e, reterr);

    if (err)
        return err;
    if (transition_to(e.status, EVENT_PAUSE) == STATUS_NONE)
        return pause_refused(engine, &e, "paused", reterr);
    previous = e.status;
    execution_move(&e, EVENT_PAUSE);
    e.updated_at = engine_now(engine);
    err = pauses_insert(engine->store, &e, "PAUSED", actor->subject, reason, e.updated_at);
    if (!err)
        err = reservations_set_ready(engine->store, e.root_id, e.execution_id, false);
    if (!err)
        err = pause_record(engine, &e, actor, "EXECUTION.PAUSED", previous, reason);
    if (!err)
        err = executions_save(engine->store, &e);
    if (!err)
        *ret =
            (struct execution_answer){e.plan_execution_id, e.status, e.epoch, e.created_at, false};
    return err;
}
