/*
 * execution_stop.c - StopExecution: the halt of our own API, with its exactness, under AWS's name.
 *
 * The execution stops, and with it the children that it or one below it awaits. One that has ended
 * stays as it is, and answers when it did.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>

#include "engine/transition.h"

struct stop_fields {
    const char *execution_arn, *error, *cause;
};
_Static_assert(sizeof(struct stop_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field stop_execution_fields[] = {
    FIELD_TEXT(stop_fields, "executionArn", true, execution_arn, 1, 256),
    FIELD_TEXT(stop_fields, "error", false, error, 0, LIMIT_ERROR_BYTES),
    FIELD_TEXT(stop_fields, "cause", false, cause, 0, LIMIT_CAUSE_BYTES),
    {0},
};

/* As it stands under the lock of its tree, which engine_halt took: what was read before may be of
 * before another stop, or of before its end. */
static enum err stop_read_end(struct engine *engine, const struct execution *e, int64_t *ret_ms)
{
    struct execution now;
    enum err err = executions_load(engine->store, engine->arena, e->root_id, e->execution_id, &now);

    if (!err)
        *ret_ms = now.ended_at;
    return err;
}

static enum err stop_halt(struct sfn_call *call, struct engine *engine, const struct execution *e,
                          int64_t *ret_stopped_at)
{
    const struct stop_fields *fields = call->fields;
    const struct halt_request req = {
        .plan_execution_id = e->plan_execution_id,
        .children = HALT_CHILDREN_AWAITED,
        .error = fields->error,
        .cause = fields->cause,
        .if_epoch = -1,
    };
    struct halt_answer answer;
    struct fault fault = {0};
    enum err err = engine_halt(engine, &call->actor, &req, &answer, &fault);

    if (err == ERR_INVALID_STATE_TRANSITION || (!err && answer.outcome == ALREADY_HALTED))
        return stop_read_end(engine, e, ret_stopped_at);
    *ret_stopped_at = answer.halted_at;
    return err;
}

enum err stop_execution(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct stop_fields *fields = call->fields;
    struct json *json = json_object(call->arena);
    struct execution e;
    enum err err = execution_need(call, engine->store, fields->execution_arn, &e);
    int64_t stopped_at = err ? 0 : e.ended_at;

    if (!err && !transition_is_final(e.status))
        err = stop_halt(call, engine, &e, &stopped_at);
    if (err)
        return err;
    execution_add_time(call, json, "stopDate", stopped_at);
    *ret = json;
    return ERR_OK;
}
