/*
 * version.c - PublishStateMachineVersion, DeleteStateMachineVersion, ListStateMachineVersions.
 */
#include "sfn/alias_routes.h"
#include "sfn/machine_common.h"

#include <string.h>

#define REVISION_INITIAL "INITIAL"

struct publish_version_request {
    const char *arn, *revision, *description;
};
_Static_assert(sizeof(struct publish_version_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field publish_version_fields[] = {
    FIELD_ARN(publish_version_request, "stateMachineArn"),
    FIELD_TEXT(publish_version_request, "revisionId", false, revision, 0, 256),
    FIELD_TEXT(publish_version_request, "description", false, description, 0, 256),
    {0},
};

enum err publish_version(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct publish_version_request *req = call->fields;
    struct json *answer = json_object(call->arena);
    struct publication_row publication;
    struct machine_row row;
    const char *revision;
    enum err err = machine_need(call, engine->store, req->arn, &row);

    if (err)
        return err;
    revision = row.revision ? row.revision : REVISION_INITIAL;
    if (req->revision && *req->revision && strcmp(req->revision, revision) != 0)
        return sfn_refuse(call, "ConflictException",
                          "Failed to publish the State Machine version for revision %s. The "
                          "current State Machine revision is %s.",
                          req->revision, revision);
    err = machine_publish(call, engine, &row, req->description, &publication);
    if (err)
        return err;
    json_add(call->arena, answer, "creationDate", sfn_time(call->arena, publication.created_at));
    json_add(call->arena, answer, "stateMachineVersionArn",
             json_string(call->arena, sfn_arn_version(call, row.plan_id, publication.number)));
    *ret = answer;
    return ERR_OK;
}

struct delete_version_request {
    const char *arn;
};
_Static_assert(sizeof(struct delete_version_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field delete_version_fields[] = {
    FIELD_ARN(delete_version_request, "stateMachineVersionArn"),
    {0},
};

/* The aliases that route to it, as "a, b"; null when there are none. */
static enum err delete_version_aliases(struct sfn_call *call, struct store *store,
                                       const struct sfn_arn *arn, const char **ret)
{
    struct alias_row *alias;
    enum err err = aliases_list(store, call->arena, call->actor.operator_name, arn->name, &alias);

    *ret = NULL;
    for (; !err && alias; alias = alias->next) {
        if (!alias_routes_to(call->arena, alias->routes, arn->version))
            continue;
        *ret = *ret ? arena_printf(call->arena, "%s, %s", *ret, alias->alias) : alias->alias;
    }
    return err;
}

/* Nothing to delete is no error. */
enum err delete_version(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct delete_version_request *req = call->fields;
    const char *aliases;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (err)
        return err;
    if (!arn.version)
        return sfn_refuse(call, "ValidationException",
                          "This action needs a state machine version ARN. Received: %s", req->arn);
    err = delete_version_aliases(call, engine->store, &arn, &aliases);
    if (err)
        return err;
    if (aliases)
        return sfn_refuse(call, "ConflictException",
                          "Version to be deleted must not be referenced by an alias. Current list "
                          "of aliases referencing this version: [%s]",
                          aliases);
    err = publications_delete(engine->store, call->actor.operator_name, arn.name, arn.version);
    if (!err)
        *ret = json_object(call->arena);
    return err;
}

struct list_versions_request {
    const char *arn, *next_token;
    int64_t max_results;
};
_Static_assert(sizeof(struct list_versions_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field list_versions_fields[] = {
    FIELD_ARN(list_versions_request, "stateMachineArn"),
    FIELD_PAGE(list_versions_request),
    {0},
};

/* Of a machine that is not there the list is empty: this action has no error to say so. */
enum err list_versions(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct list_versions_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena), *list = json_array(arena);
    struct publication_row *row;
    struct sfn_page page = {0};
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (!err)
        err = refuse_qualified(call, &arn, req->arn);
    if (!err)
        err = sfn_page_read(call, req->max_results, req->next_token, req->arn, &page);
    if (!err)
        err = publications_list(store, arena, call->actor.operator_name, arn.name, page.a,
                                page.limit + 1, &row);
    if (err)
        return err;
    for (; row && list->count < page.limit; row = row->next) {
        struct json *one = json_object(arena);

        json_add(arena, one, "stateMachineVersionArn",
                 json_string(arena, sfn_arn_version(call, arn.name, row->number)));
        json_add(arena, one, "creationDate", sfn_time(arena, row->created_at));
        json_push(arena, list, one);
        page.a = row->number;
    }
    json_add(arena, answer, "stateMachineVersions", list);
    if (row)
        json_add(arena, answer, "nextToken",
                 json_string(arena, sfn_page_token(call, req->arn, &page)));
    *ret = answer;
    return ERR_OK;
}
