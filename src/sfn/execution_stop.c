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

enum err stop_execution(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct stop_fields *fields = call->fields;
    struct json *json = json_object(call->arena);
    struct halt_answer answer = {0};
    struct fault fault = {0};
    struct execution e;
    enum err err = execution_need(call, engine->store, fields->execution_arn, &e);

    if (err)
        return err;
    answer.halted_at = e.ended_at;
    if (!transition_is_final(e.status)) {
        struct halt_request req = {
            .plan_execution_id = e.plan_execution_id,
            .children = HALT_CHILDREN_AWAITED,
            .error = fields->error,
            .cause = fields->cause,
            .if_epoch = -1,
        };

        err = engine_halt(engine, &call->actor, &req, &answer, &fault);
    }
    if (err)
        return err;
    execution_add_time(call, json, "stopDate", answer.halted_at);
    *ret = json;
    return ERR_OK;
}
