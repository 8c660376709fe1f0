/*
 * execution_start.c - StartExecution.
 *
 * A name belongs to one execution of its machine: the same name with the same input answers again
 * while that one runs, and is refused otherwise. Executions of an EXPRESS machine share names as
 * they like, and run on the lane that keeps them in memory.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>

#include "engine/transition.h"

struct start_fields {
    struct execution_wanted wanted;
    struct execution_prepared *prepared; /* of an EXPRESS machine; no member of the shape */
};
_Static_assert(sizeof(struct start_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field start_execution_fields[] = {
    FIELD_TEXT(start_fields, "stateMachineArn", true, wanted.machine_arn, 1, 256),
    FIELD_TEXT(start_fields, "name", false, wanted.name, 1, 80),
    FIELD_TEXT(start_fields, "input", false, wanted.input, 0, LIMIT_PAYLOAD_BYTES),
    FIELD_TEXT(start_fields, "traceHeader", false, wanted.trace_header, 0, 256),
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

/* On the lane of the store on disk; what the machine is now is read there. */
static enum err start_standard(struct sfn_call *call, struct engine *engine,
                               const struct json **ret)
{
    const struct start_fields *fields = call->fields;
    struct execution_prepared prepared;
    struct start_request *req = &prepared.req;
    struct execution_answer answer;
    struct fault fault;
    enum err err = execution_prepare(call, engine->store, &fields->wanted, &prepared);

    if (err)
        return err;
    if (prepared.is_express) /* since it was looked at, a machine of this name was made anew */
        return ERR_UNAVAILABLE;
    err = start_again(call, engine, req->plan_execution_id, req->input, ret);
    if (err != ERR_EXECUTION_NOT_FOUND)
        return err;
    err = engine_start(engine, &call->actor, req, &answer, &fault);
    if (err == ERR_EXECUTION_EXISTS)
        return start_exists(call, req->plan_id, req->plan_execution_id);
    if (err)
        return err;
    *ret = start_answer(call, sfn_arn_execution(call, req->plan_id, req->plan_execution_id),
                        answer.created_at);
    return ERR_OK;
}

/* On the lane of the store in memory. */
static enum err start_express(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct start_fields *fields = call->fields;
    struct execution e;
    enum err err = express_start(call, engine, fields->prepared, &e);

    if (!err)
        *ret = start_answer(call, execution_express_arn(call, e.plan_id, e.plan_execution_id),
                            e.created_at);
    return err;
}

void start_execution(struct sfn_call *call)
{
    struct start_fields *fields = call->fields;
    enum err err;

    fields->prepared = ARENA_NEW(call->arena, struct execution_prepared);
    err = express_prepare(call, &fields->wanted, fields->prepared);
    if (err)
        sfn_reply_error(call, err);
    else if (fields->prepared->is_express)
        sfn_submit_to(call, call->sfn->config.express, start_express, sfn_answer);
    else
        sfn_submit(call, start_standard, sfn_answer);
}
