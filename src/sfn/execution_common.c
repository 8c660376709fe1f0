/*
 * execution_common.c - what the actions about executions share: the execution that an ARN names,
 * and how it looks on the wire.
 */
#include "sfn/execution_priv.h"

#include <string.h>

#include "engine/arn.h"
#include "store/pauses.h"

/* ---- what an ARN names ---- */

enum err execution_unknown(struct sfn_call *call, const char *arn)
{
    return sfn_refuse(call, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn);
}

enum err execution_need(struct sfn_call *call, struct store *store, const char *text,
                        struct execution *ret)
{
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_EXECUTION), &arn);

    if (!err)
        err = sfn_find_execution(call, store, &arn, ret);
    return err == ERR_EXECUTION_NOT_FOUND ? execution_unknown(call, text) : err;
}

enum err execution_type_unsupported(struct sfn_call *call)
{
    return sfn_refuse(call, "StateMachineTypeNotSupported",
                      "This operation is not supported by this type of state machine");
}

/* ---- how it looks ---- */

const char *execution_status(enum status status, bool timed_out, bool is_held)
{
    switch (status) {
    case STATUS_SUCCESS:
        return "SUCCEEDED";
    case STATUS_STOPPED:
        return "ABORTED";
    case STATUS_FAILED:
        return timed_out ? "TIMED_OUT" : "FAILED";
    case STATUS_WAITING_FOR_RESTART:
        return is_held ? "PENDING_REDRIVE" : "RUNNING";
    default:
        return "RUNNING";
    }
}

enum err execution_is_held(struct store *store, const struct execution *e, bool *ret)
{
    *ret = false;
    if (e->status != STATUS_WAITING_FOR_RESTART)
        return ERR_OK;
    return pauses_is_failed(store, e->root_id, e->execution_id, ret);
}

const char *execution_machine_arn(struct sfn_call *call, const char *plan_id, const char *label)
{
    const char *arn = sfn_arn_machine(call, plan_id);

    return label ? arena_printf(call->arena, "%s/%s", arn, label) : arn;
}

const char *execution_express_arn(struct sfn_call *call, const char *plan_id,
                                  const char *plan_execution_id)
{
    const struct arn_place place = {call->sfn->config.region, call->account};

    return arn_express(call->arena, &place, plan_id, plan_execution_id);
}

const char *execution_version_arn(struct sfn_call *call, const char *plan_id,
                                  const struct json *origin)
{
    int64_t number;

    return json_get_int(origin, "version", &number) ? sfn_arn_version(call, plan_id, number) : NULL;
}

const char *execution_alias_arn(struct sfn_call *call, const char *plan_id,
                                const struct json *origin)
{
    const char *alias = json_get_string(origin, "alias");

    return alias ? sfn_arn_alias(call, plan_id, alias) : NULL;
}

void execution_add_text(struct sfn_call *call, struct json *json, const char *name,
                        const char *text)
{
    if (text)
        json_add(call->arena, json, name, json_string(call->arena, text));
}

void execution_add_time(struct sfn_call *call, struct json *json, const char *name, int64_t time_ms)
{
    if (time_ms)
        json_add(call->arena, json, name, sfn_time(call->arena, time_ms));
}

void execution_add_payload(struct sfn_call *call, struct json *json, const char *name,
                           const char *text, bool is_included)
{
    struct arena *arena = call->arena;
    struct json *details = json_object(arena);

    if (is_included)
        execution_add_text(call, json, name, text);
    json_add(arena, details, "included", json_bool(is_included));
    json_add(arena, json, arena_printf(arena, "%sDetails", name), details);
}
