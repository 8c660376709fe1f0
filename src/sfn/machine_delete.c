/*
 * machine_delete.c - DeleteStateMachine.
 */
#include "sfn/machine_common.h"

struct delete_machine_request {
    const char *arn;
};
_Static_assert(sizeof(struct delete_machine_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field delete_machine_fields[] = {
    FIELD_ARN(delete_machine_request, "stateMachineArn"),
    {0},
};

/* Its executions go on to their end, and until then it shows as DELETING. Nothing to delete is no
 * error. */
enum err delete_machine(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct delete_machine_request *req = call->fields;
    const char *operator_name = call->actor.operator_name;
    struct sfn_arn arn;
    int64_t changes;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (!err)
        err = refuse_qualified(call, &arn, req->arn);
    if (err)
        return err;
    err = machines_delete(engine->store, operator_name, arn.name, clock_now_ms(engine->env->clock),
                          &changes);
    if (!err)
        err = tags_clear(engine->store, operator_name,
                         arena_printf(call->arena, TAGS_OF_PLAN "%s", arn.name));
    if (!err)
        *ret = json_object(call->arena);
    return err;
}
