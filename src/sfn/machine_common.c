/*
 * machine_common.c - what the actions on state machines share: finding, refusing, publishing.
 */
#include "sfn/machine_common.h"

#include <string.h>

#include "asl/asl.h"
#include "sfn/validate.h"

enum err refuse_member(struct sfn_call *call, const char *value, const char *member,
                       const char *constraint)
{
    if (!value)
        return sfn_refuse(call, "ValidationException",
                          "1 validation error detected: Value null at '%s' failed to satisfy "
                          "constraint: %s",
                          member, constraint);
    return sfn_refuse(call, "ValidationException",
                      "1 validation error detected: Value '%s' at '%s' failed to satisfy "
                      "constraint: %s",
                      value, member, constraint);
}

enum err refuse_no_machine(struct sfn_call *call, const char *arn)
{
    return sfn_refuse(call, "StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn);
}

enum err refuse_deleting(struct sfn_call *call, const char *arn)
{
    return sfn_refuse(call, "StateMachineDeleting", "State Machine Is Being Deleted: '%s'", arn);
}

enum err refuse_no_resource(struct sfn_call *call)
{
    return sfn_refuse(call, "ResourceNotFound",
                      "Request references a resource that does not exist.");
}

enum err refuse_qualified(struct sfn_call *call, const struct sfn_arn *arn, const char *text)
{
    if (arn->label)
        return sfn_refuse_validation(call, "API_DOES_NOT_SUPPORT_LABELED_ARNS",
                                     "%s does not support labeled state machine ARNs",
                                     call->action->name);
    if (!arn->version && !arn->alias)
        return ERR_OK;
    return sfn_refuse(call, "ValidationException",
                      "%s needs the ARN of a state machine, not of a version or an alias. "
                      "Received: %s",
                      call->action->name, text);
}

enum err refuse_quota(struct sfn_call *call, const char *what, long limit, const char *arn)
{
    return sfn_refuse(call, "ServiceQuotaExceededException",
                      "The number of %s has reached its limit of %ld for: '%s'", what, limit, arn);
}

enum err machine_need(struct sfn_call *call, struct store *store, const char *arn,
                      struct machine_row *ret)
{
    struct sfn_arn parts;
    enum err err = sfn_arn_need(call, arn, SFN_ARN_KIND(SFN_ARN_MACHINE), &parts);

    if (!err)
        err = refuse_qualified(call, &parts, arn);
    if (err)
        return err;
    err = machines_load(store, call->arena, call->actor.operator_name, parts.name, 0, ret);
    if (err == ERR_PLAN_NOT_FOUND)
        return refuse_no_machine(call, arn);
    if (err)
        return err;
    return ret->is_deleting ? refuse_deleting(call, arn) : ERR_OK;
}

enum err machine_publish(struct sfn_call *call, struct engine *engine,
                         const struct machine_row *row, const char *description,
                         struct publication_row *ret)
{
    const char *operator_name = call->actor.operator_name;
    int64_t count;
    enum err err = publications_of_version(engine->store, call->arena, operator_name, row->plan_id,
                                           row->plan_version, ret);

    if (err != ERR_NOT_FOUND)
        return err;
    err = publications_count(engine->store, operator_name, row->plan_id, &count);
    if (err)
        return err;
    if (count >= LIMIT_PUBLICATIONS)
        return refuse_quota(call, "versions", LIMIT_PUBLICATIONS,
                            sfn_arn_machine(call, row->plan_id));
    *ret = (struct publication_row){
        .plan_version = row->plan_version,
        .created_at = clock_now_ms(engine->env->clock),
        .description = description && *description ? description : NULL,
    };
    return publications_insert(engine->store, operator_name, row->plan_id, ret);
}

enum err machine_check_publish(struct sfn_call *call, bool publish, const char *description)
{
    if (publish || !description)
        return ERR_OK;
    return sfn_refuse(call, "ValidationException",
                      "Version description can only be set when publish is true");
}

enum err machine_definition(struct sfn_call *call, struct engine *engine, const char *text,
                            const char *type, const struct json **ret_definition)
{
    const struct asl_plan *plan;
    struct asl_problems problems;
    enum err err = sfn_read_definition(call, engine->arena, text, ret_definition, &plan, &problems);

    if (err == ERR_INVALID_REQUEST)
        return sfn_refuse_definition(call, &problems);
    if (err)
        return err;
    if (!validate_express(engine->arena, plan, strcmp(type, "EXPRESS") == 0, &problems))
        return sfn_refuse_definition(call, &problems);
    return ERR_OK;
}

enum err machine_check_role(struct sfn_call *call, const char *role_arn)
{
    if (strncmp(role_arn, "arn:", 4) == 0 && strstr(role_arn, ":iam::") &&
        strstr(role_arn, ":role/"))
        return ERR_OK;
    return sfn_refuse(call, "InvalidArn", "Invalid Role Arn: '%s'", role_arn);
}
