/*
 * machine_create.c - CreateStateMachine.
 */
#include "sfn/machine_common.h"

#include <string.h>

#include "engine/machine.h"

enum {
    NAME_CHARS = 80,
    ROLE_CHARS = 256,
    DESCRIPTION_CHARS = 256,
};

struct create_machine_request {
    const char *name, *definition, *role_arn, *type, *description;
    const struct json *logging, *tags, *tracing, *encryption;
    bool publish;
};
_Static_assert(sizeof(struct create_machine_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field create_machine_fields[] = {
    FIELD_TEXT(create_machine_request, "name", true, name, 1, NAME_CHARS),
    FIELD_TEXT(create_machine_request, "definition", true, definition, 1, LIMIT_DEFINITION_BYTES),
    FIELD_TEXT(create_machine_request, "roleArn", true, role_arn, 1, ROLE_CHARS),
    FIELD_WORD(create_machine_request, "type", type, "STANDARD EXPRESS"),
    FIELD_OBJECT(create_machine_request, "loggingConfiguration", logging),
    FIELD_LIST(create_machine_request, "tags", false, tags, 0, INT32_MAX),
    FIELD_OBJECT(create_machine_request, "tracingConfiguration", tracing),
    FIELD_BOOL(create_machine_request, "publish", publish),
    FIELD_TEXT(create_machine_request, "versionDescription", false, description, 0,
               DESCRIPTION_CHARS),
    FIELD_OBJECT(create_machine_request, "encryptionConfiguration", encryption),
    {0},
};

/* What the request asks for, checked; spec->configuration null: the defaults. */
static enum err create_machine_read(struct sfn_call *call, struct engine *engine,
                                    struct machine_spec *spec, struct tag_row **ret_tags)
{
    const struct create_machine_request *req = call->fields;
    const struct configuration asked = {req->logging, req->tracing, req->encryption};
    enum err err;

    *spec = (struct machine_spec){
        .plan_id = req->name,
        .type = req->type ? req->type : "STANDARD",
        .text = req->definition,
        .role_arn = req->role_arn,
    };
    if (!sfn_name_is_valid(req->name))
        return sfn_refuse(call, "InvalidName", "Invalid Name: '%s'", req->name);
    err = machine_check_publish(call, req->publish, req->description);
    if (!err)
        err = machine_check_role(call, req->role_arn);
    if (!err)
        err = configuration_merge(call, &asked, configuration_stored(call->arena, NULL),
                                  &spec->configuration);
    if (!err)
        err = tags_check(call, req->tags, ret_tags);
    if (!err)
        err = machine_definition(call, engine, req->definition, spec->type, &spec->definition);
    return err;
}

/* The same request again: name, definition, type and configuration decide; role and tags do not. */
static bool create_machine_is_repeat(struct sfn_call *call, const struct machine_row *row,
                                     const struct machine_spec *spec)
{
    return strcmp(row->type, spec->type) == 0 && machine_has_definition(call->arena, row, spec) &&
           json_equal(configuration_stored(call->arena, row->configuration),
                      configuration_stored(call->arena, spec->configuration));
}

/* There is one of this name: *ret_publication is its version, when the request wants one. */
static enum err create_machine_again(struct sfn_call *call, struct engine *engine,
                                     const struct machine_row *row, const struct machine_spec *spec,
                                     struct publication_row *ret_publication)
{
    const struct create_machine_request *req = call->fields;
    const char *arn = sfn_arn_machine(call, row->plan_id);
    bool is_repeat = create_machine_is_repeat(call, row, spec);
    enum err err = ERR_OK;

    if (row->is_deleting)
        return refuse_deleting(call, arn);
    if (is_repeat && req->publish)
        err = publications_of_version(engine->store, call->arena, call->actor.operator_name,
                                      row->plan_id, row->plan_version, ret_publication);
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (!is_repeat || err)
        return sfn_refuse(call, "StateMachineAlreadyExists", "State Machine Already Exists: '%s'",
                          arn);
    return ERR_OK;
}

static enum err create_machine_new(struct sfn_call *call, struct engine *engine,
                                   const struct machine_spec *spec, const struct tag_row *tags,
                                   struct machine_row *ret)
{
    const char *arn = sfn_arn_machine(call, spec->plan_id);
    bool is_full;
    enum err err =
        machines_reach(engine->store, call->actor.operator_name, LIMIT_STATE_MACHINES, &is_full);

    if (err)
        return err;
    if (is_full)
        return sfn_refuse(call, "StateMachineLimitExceeded", "State Machine Limit Exceeded: '%s'",
                          arn);
    err = machine_create(engine, &call->actor, spec, ret);
    if (!err)
        err = tags_apply(call, engine, arena_printf(call->arena, TAGS_OF_PLAN "%s", spec->plan_id),
                         arn, tags);
    return err;
}

enum err create_machine(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct create_machine_request *req = call->fields;
    struct json *answer = json_object(call->arena);
    struct publication_row publication = {0};
    struct machine_spec spec;
    struct machine_row row;
    struct tag_row *tags = NULL;
    enum err err = create_machine_read(call, engine, &spec, &tags);

    if (err)
        return err;
    err = machines_load(engine->store, call->arena, call->actor.operator_name, req->name, 0, &row);
    if (!err) {
        err = create_machine_again(call, engine, &row, &spec, &publication);
    } else if (err == ERR_PLAN_NOT_FOUND) {
        err = create_machine_new(call, engine, &spec, tags, &row);
        if (!err && req->publish)
            err = machine_publish(call, engine, &row, req->description, &publication);
    }
    if (err)
        return err;
    json_add(call->arena, answer, "stateMachineArn",
             json_string(call->arena, sfn_arn_machine(call, row.plan_id)));
    json_add(call->arena, answer, "creationDate", sfn_time(call->arena, row.created_at));
    if (publication.number)
        json_add(call->arena, answer, "stateMachineVersionArn",
                 json_string(call->arena, sfn_arn_version(call, row.plan_id, publication.number)));
    *ret = answer;
    return ERR_OK;
}
