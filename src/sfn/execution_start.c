/*
 * execution_start.c - StartExecution.
 *
 * A name belongs to one execution of its machine: the same name with the same input answers again
 * while that one runs, and is refused otherwise.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>

#include "engine/transition.h"

_Static_assert(sizeof(struct execution_wanted) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field start_execution_fields[] = {
    FIELD_TEXT(execution_wanted, "stateMachineArn", true, machine_arn, 1, 256),
    FIELD_TEXT(execution_wanted, "name", false, name, 1, 80),
    FIELD_TEXT(execution_wanted, "input", false, input, 0, LIMIT_PAYLOAD_BYTES),
    FIELD_TEXT(execution_wanted, "traceHeader", false, trace_header, 0, 256),
    {0},
};

static const struct json *start_answer(struct sfn_call *call, const char *arn, int64_t started_at)
{
    struct json *json = json_object(call->arena);

    execution_add_text(call, json, "executionArn", arn);
    execution_add_time(call, json, "startDate", started_at);
    return json;
}

static enum err start_exists(struct sfn_call *call, const char *plan_id, const char *id)
{
    return sfn_refuse(call, "ExecutionAlreadyExists", "Execution Already Exists: '%s'",
                      sfn_arn_execution(call, plan_id, id));
}

/* The name is in use: ERR_EXECUTION_NOT_FOUND when it is not. */
static enum err start_again(struct sfn_call *call, struct engine *engine, const char *id,
                            const struct json *input, const struct json **ret)
{
    struct execution e;
    int64_t root_id, execution_id;
    enum err err =
        executions_find(engine->store, call->actor.operator_name, id, &root_id, &execution_id);

    if (!err)
        err = executions_load(engine->store, engine->arena, root_id, execution_id, &e);
    if (err)
        return err;
    if (transition_is_final(e.status) || !json_equal(json_stored(engine->arena, e.input), input))
        return start_exists(call, e.plan_id, id);
    *ret = start_answer(call, sfn_arn_execution(call, e.plan_id, id), e.created_at);
    return ERR_OK;
}

enum err start_execution(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    struct execution_prepared prepared;
    struct start_request *req = &prepared.req;
    struct execution_answer answer;
    struct fault fault;
    enum err err = execution_prepare(call, engine, call->fields, &prepared);

    if (err)
        return err;
    err = start_again(call, engine, req->plan_execution_id, req->input, ret);
    if (err != ERR_EXECUTION_NOT_FOUND)
        return err;
    err = engine_start(engine, &call->actor, req, &answer, &fault);
    if (err == ERR_EXECUTION_EXISTS)
        return start_exists(call, req->plan_id, req->plan_execution_id);
    if (err)
        return err;
    *ret = start_answer(call,
                        prepared.is_express
                            ? execution_express_arn(call, req->plan_id, req->plan_execution_id)
                            : sfn_arn_execution(call, req->plan_id, req->plan_execution_id),
                        answer.created_at);
    return ERR_OK;
}
