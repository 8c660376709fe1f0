/*
 * alias.c - the actions on aliases: names that route starts to one or two versions of a machine.
 */
#include "sfn/alias_routes.h"
#include "sfn/machine_common.h"

#include <string.h>

struct create_alias_request {
    const char *name, *description;
    const struct json *routes;
};
_Static_assert(sizeof(struct create_alias_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field create_alias_fields[] = {
    FIELD_TEXT(create_alias_request, "description", false, description, 0, 256),
    FIELD_TEXT(create_alias_request, "name", true, name, 1, 80),
    FIELD_LIST(create_alias_request, "routingConfiguration", true, routes, 1, ALIAS_ROUTES_MAX),
    {0},
};

#define ALIAS_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-."

/* Not a number alone: that is a version. */
static enum err alias_check_name(struct sfn_call *call, const char *name)
{
    if (!name[strspn(name, "0123456789" ALIAS_LETTERS)] && strpbrk(name, ALIAS_LETTERS))
        return ERR_OK;
    return refuse_member(call, name, "name",
                         "Member must satisfy regular expression pattern: "
                         "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$");
}

static bool alias_same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static enum err create_alias_new(struct sfn_call *call, struct engine *engine,
                                 const struct alias_routes *target, const struct alias_row *row)
{
    struct alias_row *other;
    int64_t count = 0;
    enum err err = aliases_list(engine->store, call->arena, call->actor.operator_name,
                                target->plan_id, &other);

    if (err)
        return err;
    for (; other; other = other->next)
        count++;
    if (count >= LIMIT_ALIASES)
        return refuse_quota(call, "aliases", LIMIT_ALIASES, sfn_arn_machine(call, target->plan_id));
    return aliases_put(engine->store, call->actor.operator_name, target->plan_id, row);
}

enum err create_alias(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct create_alias_request *req = call->fields;
    struct json *answer = json_object(call->arena);
    struct alias_routes target;
    struct alias_row row = {0};
    enum err err = alias_check_name(call, req->name);

    if (!err)
        err = alias_routes_read(call, req->routes, &target);
    if (!err)
        err = alias_routes_find(call, engine->store, &target);
    if (err)
        return err;
    err = aliases_load(engine->store, call->arena, call->actor.operator_name, target.plan_id,
                       req->name, &row);
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (!err && !(alias_same_text(row.description, req->description) &&
                  strcmp(row.routes, target.routes) == 0))
        return sfn_refuse(call, "ConflictException",
                          "Failed to create alias because an alias with the same name and a "
                          "different routing configuration already exists.");
    if (err) {
        row = (struct alias_row){.alias = req->name,
                                 .description = req->description,
                                 .created_at = clock_now_ms(engine->env->clock),
                                 .routes = target.routes};
        row.updated_at = row.created_at;
        err = create_alias_new(call, engine, &target, &row);
    }
    if (err)
        return err;
    json_add(call->arena, answer, "stateMachineAliasArn",
             json_string(call->arena, sfn_arn_alias(call, target.plan_id, req->name)));
    json_add(call->arena, answer, "creationDate", sfn_time(call->arena, row.created_at));
    *ret = answer;
    return ERR_OK;
}

/* ---- one alias, by its ARN ---- */

static enum err alias_need_arn(struct sfn_call *call, const char *text, struct sfn_arn *ret)
{
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_MACHINE), ret);

    if (!err && !ret->alias)
        return sfn_refuse(call, "ValidationException",
                          "This action needs a state machine alias ARN. Received: %s", text);
    return err;
}

static enum err alias_need(struct sfn_call *call, struct store *store, const char *text,
                           struct sfn_arn *ret_arn, struct alias_row *ret)
{
    enum err err = alias_need_arn(call, text, ret_arn);

    if (!err)
        err = aliases_load(store, call->arena, call->actor.operator_name, ret_arn->name,
                           ret_arn->alias, ret);
    return err == ERR_NOT_FOUND ? refuse_no_resource(call) : err;
}

struct update_alias_request {
    const char *arn, *description;
    const struct json *routes;
};
_Static_assert(sizeof(struct update_alias_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field update_alias_fields[] = {
    FIELD_ARN(update_alias_request, "stateMachineAliasArn"),
    FIELD_TEXT(update_alias_request, "description", false, description, 0, 256),
    FIELD_LIST(update_alias_request, "routingConfiguration", false, routes, 1, ALIAS_ROUTES_MAX),
    {0},
};

static enum err update_alias_routes(struct sfn_call *call, struct store *store,
                                    const struct sfn_arn *arn, struct alias_row *row)
{
    const struct update_alias_request *req = call->fields;
    struct alias_routes target;
    enum err err = alias_routes_read(call, req->routes, &target);

    if (err)
        return err;
    if (strcmp(target.plan_id, arn->name) != 0)
        return sfn_refuse_validation(
            call, "INVALID_ROUTING_CONFIGURATION",
            "Routing configuration must contain versions of the same state machine. "
            "Received: %s",
            alias_routes_arns(call, req->routes));
    row->routes = target.routes;
    return alias_routes_find(call, store, &target);
}

enum err update_alias(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct update_alias_request *req = call->fields;
    struct json *answer = json_object(call->arena);
    struct alias_row row = {0};
    struct sfn_arn arn;
    enum err err;

    if (!req->description && !req->routes)
        return sfn_refuse_validation(
            call, "MISSING_REQUIRED_PARAMETER",
            "Either the description or the RoutingConfiguration must be specified");
    err = alias_need(call, engine->store, req->arn, &arn, &row);
    if (!err && req->routes)
        err = update_alias_routes(call, engine->store, &arn, &row);
    if (err)
        return err;
    if (req->description)
        row.description = req->description;
    row.updated_at = clock_now_ms(engine->env->clock);
    err = aliases_put(engine->store, call->actor.operator_name, arn.name, &row);
    if (err)
        return err;
    json_add(call->arena, answer, "updateDate", sfn_time(call->arena, row.updated_at));
    *ret = answer;
    return ERR_OK;
}

struct alias_arn_request {
    const char *arn;
};
_Static_assert(sizeof(struct alias_arn_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field describe_alias_fields[] = {
    FIELD_ARN(alias_arn_request, "stateMachineAliasArn"),
    {0},
};
const struct sfn_field delete_alias_fields[] = {
    FIELD_ARN(alias_arn_request, "stateMachineAliasArn"),
    {0},
};

enum err describe_alias(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct alias_arn_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena);
    struct alias_row row = {0};
    struct sfn_arn arn;
    enum err err = alias_need(call, store, req->arn, &arn, &row);

    if (err)
        return err;
    json_add(arena, answer, "stateMachineAliasArn", json_string(arena, req->arn));
    json_add(arena, answer, "name", json_string(arena, row.alias));
    if (row.description)
        json_add(arena, answer, "description", json_string(arena, row.description));
    json_add(arena, answer, "routingConfiguration", alias_routes_json(call, arn.name, row.routes));
    json_add(arena, answer, "creationDate", sfn_time(arena, row.created_at));
    json_add(arena, answer, "updateDate", sfn_time(arena, row.updated_at));
    *ret = answer;
    return ERR_OK;
}

/* Nothing to delete is no error. */
enum err delete_alias(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct alias_arn_request *req = call->fields;
    struct sfn_arn arn;
    enum err err = alias_need_arn(call, req->arn, &arn);

    if (!err)
        err = aliases_delete(engine->store, call->actor.operator_name, arn.name, arn.alias, NULL);
    if (!err)
        *ret = json_object(call->arena);
    return err;
}

/* ---- ListStateMachineAliases ---- */

struct list_aliases_request {
    const char *arn, *next_token;
    int64_t max_results;
};
_Static_assert(sizeof(struct list_aliases_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field list_aliases_fields[] = {
    FIELD_ARN(list_aliases_request, "stateMachineArn"),
    FIELD_PAGE(list_aliases_request),
    {0},
};

static enum err list_aliases_find(struct sfn_call *call, struct store *store,
                                  const struct sfn_arn *arn, struct alias_row **ret)
{
    const struct list_aliases_request *req = call->fields;
    const char *operator_name = call->actor.operator_name;
    struct publication_row publication;
    struct machine_row row;
    enum err err = machines_load(store, call->arena, operator_name, arn->name, 0, &row);

    if (err == ERR_PLAN_NOT_FOUND)
        return refuse_no_machine(call, req->arn);
    if (err)
        return err;
    if (row.is_deleting)
        return refuse_deleting(call, req->arn);
    if (arn->version)
        err = publications_load(store, call->arena, operator_name, arn->name, arn->version,
                                &publication);
    if (err == ERR_NOT_FOUND)
        return refuse_no_resource(call);
    return err ? err : aliases_list(store, call->arena, operator_name, arn->name, ret);
}

/* All of them are few: the page is cut out of the whole list. */
static void list_aliases_page(struct sfn_call *call, const struct sfn_arn *arn,
                              const struct alias_row *alias, struct sfn_page *page,
                              struct json *answer)
{
    const struct list_aliases_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *list = json_array(arena);
    bool more = false;

    for (; alias && !more; alias = alias->next) {
        struct json *one = json_object(arena);

        if (strcmp(alias->alias, page->name) <= 0 ||
            (arn->version && !alias_routes_to(arena, alias->routes, arn->version)))
            continue;
        more = list->count >= page->limit;
        if (more)
            break;
        json_add(arena, one, "stateMachineAliasArn",
                 json_string(arena, sfn_arn_alias(call, arn->name, alias->alias)));
        json_add(arena, one, "creationDate", sfn_time(arena, alias->created_at));
        json_push(arena, list, one);
        page->name = alias->alias;
    }
    json_add(arena, answer, "stateMachineAliases", list);
    if (more)
        json_add(arena, answer, "nextToken",
                 json_string(arena, sfn_page_token(call, req->arn, page)));
}

enum err list_aliases(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct list_aliases_request *req = call->fields;
    struct json *answer = json_object(call->arena);
    struct alias_row *all = NULL;
    struct sfn_page page = {0};
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (!err && !arn.version) /* the aliases of one version may be asked for */
        err = refuse_qualified(call, &arn, req->arn);
    if (!err)
        err = sfn_page_read(call, req->max_results, req->next_token, req->arn, &page);
    if (!err)
        err = list_aliases_find(call, store, &arn, &all);
    if (err)
        return err;
    list_aliases_page(call, &arn, all, &page, answer);
    *ret = answer;
    return ERR_OK;
}
