/*
 * machine_update.c - UpdateStateMachine: a new revision, when anything changes.
 */
#include "sfn/machine_common.h"

#include <string.h>

#include "engine/machine.h"

struct update_machine_request {
    const char *arn, *definition, *role_arn, *description;
    const struct json *logging, *tracing, *encryption;
    bool publish;
};
_Static_assert(sizeof(struct update_machine_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field update_machine_fields[] = {
    FIELD_ARN(update_machine_request, "stateMachineArn"),
    FIELD_TEXT(update_machine_request, "definition", false, definition, 1, LIMIT_DEFINITION_BYTES),
    FIELD_TEXT(update_machine_request, "roleArn", false, role_arn, 1, 256),
    FIELD_OBJECT(update_machine_request, "loggingConfiguration", logging),
    FIELD_OBJECT(update_machine_request, "tracingConfiguration", tracing),
    FIELD_BOOL(update_machine_request, "publish", publish),
    FIELD_TEXT(update_machine_request, "versionDescription", false, description, 0, 256),
    FIELD_OBJECT(update_machine_request, "encryptionConfiguration", encryption),
    {0},
};

static enum err update_machine_check(struct sfn_call *call)
{
    const struct update_machine_request *req = call->fields;

    if (!req->definition && !req->role_arn && !req->logging && !req->tracing && !req->encryption)
        return sfn_refuse(call, "MissingRequiredParameter",
                          "Either the definition, the role ARN, the LoggingConfiguration, or the "
                          "TracingConfiguration must be specified");
    return machine_check_publish(call, req->publish, req->description);
}

/* Only what differs from the row is left in *spec; true when anything is. */
static bool update_machine_differs(struct sfn_call *call, const struct machine_row *row,
                                   struct machine_spec *spec)
{
    if (spec->definition && machine_has_definition(call->arena, row, spec))
        spec->definition = NULL;
    if (spec->role_arn && row->role_arn && strcmp(spec->role_arn, row->role_arn) == 0)
        spec->role_arn = NULL;
    return spec->definition || spec->role_arn || spec->configuration;
}

static enum err update_machine_read(struct sfn_call *call, struct engine *engine,
                                    const struct machine_row *row, struct machine_spec *ret)
{
    const struct update_machine_request *req = call->fields;
    const struct configuration asked = {req->logging, req->tracing, req->encryption};
    enum err err = ERR_OK;

    *ret = (struct machine_spec){
        .plan_id = row->plan_id, .text = req->definition, .role_arn = req->role_arn};
    if (req->role_arn)
        err = machine_check_role(call, req->role_arn);
    if (!err && req->definition)
        err = machine_definition(call, engine, req->definition, row->type, &ret->definition);
    if (!err)
        err =
            configuration_merge(call, &asked, configuration_stored(call->arena, row->configuration),
                                &ret->configuration);
    return err;
}

enum err update_machine(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct update_machine_request *req = call->fields;
    struct json *answer = json_object(call->arena);
    struct publication_row publication = {0};
    struct machine_spec spec;
    struct machine_row row;
    enum err err = update_machine_check(call);

    if (!err)
        err = machine_need(call, engine->store, req->arn, &row);
    if (!err)
        err = update_machine_read(call, engine, &row, &spec);
    if (!err && update_machine_differs(call, &row, &spec))
        err = machine_revise(engine, &call->actor, &spec, &row);
    if (!err && req->publish)
        err = machine_publish(call, engine, &row, req->description, &publication);
    if (err)
        return err;
    json_add(call->arena, answer, "updateDate", sfn_time(call->arena, row.version_created_at));
    if (row.revision)
        json_add(call->arena, answer, "revisionId", json_string(call->arena, row.revision));
    if (publication.number)
        json_add(call->arena, answer, "stateMachineVersionArn",
                 json_string(call->arena, sfn_arn_version(call, row.plan_id, publication.number)));
    *ret = answer;
    return ERR_OK;
}
