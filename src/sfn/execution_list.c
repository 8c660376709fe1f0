/*
 * execution_list.c - ListExecutions: of a state machine, of one of its versions or aliases, or of a
 * Map Run.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "engine/arn.h"

struct list_fields {
    const char *machine_arn, *map_run_arn, *status, *next_token, *redrive;
    int64_t max_results;
};
_Static_assert(sizeof(struct list_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field list_executions_fields[] = {
    FIELD_TEXT(list_fields, "stateMachineArn", false, machine_arn, 1, 256),
    FIELD_WORD(list_fields, "statusFilter", status,
               "SUCCEEDED TIMED_OUT PENDING_REDRIVE ABORTED FAILED RUNNING"),
    FIELD_ROW(list_fields, SFN_INT, "maxResults", false, max_results, 0, LIMIT_PAGE_ITEMS, NULL),
    FIELD_TEXT(list_fields, "nextToken", false, next_token, 1, 3096),
    FIELD_TEXT(list_fields, "mapRunArn", false, map_run_arn, 1, 2000),
    FIELD_WORD(list_fields, "redriveFilter", redrive, "REDRIVEN NOT_REDRIVEN"),
    {0},
};

/* What the list is of. */
struct list {
    struct sfn_call *call;
    const char *plan_id;
    int64_t version;        /* 0: any */
    const char *alias;      /* null: any */
    struct map_run_row run; /* when it is of a Map Run */
    const char *run_arn;    /* else null */
};

static bool list_matches_origin(const struct list *list, const char *text)
{
    const struct json *origin = text ? json_stored(list->call->arena, text) : NULL;
    const char *alias = json_get_string(origin, "alias");
    int64_t version = 0;

    json_get_int(origin, "version", &version);
    if (list->version && version != list->version)
        return false;
    return !list->alias || (alias && strcmp(alias, list->alias) == 0);
}

static bool list_matches(const struct view_sfn_execution *e, const void *user)
{
    const struct list *list = user;
    const struct list_fields *fields = list->call->fields;

    if (fields->status &&
        strcmp(execution_status(e->status, e->timed_out, e->is_held), fields->status) != 0)
        return false;
    if (fields->redrive && (strcmp(fields->redrive, "REDRIVEN") == 0) != (e->redrives > 0))
        return false;
    return (!list->version && !list->alias) || list_matches_origin(list, e->origin);
}

/* ---- what it is of ---- */

/* The version and the alias must be there. */
static enum err list_check_qualifier(struct list *list, struct store *store)
{
    struct sfn_call *call = list->call;
    const char *operator_name = call->actor.operator_name;
    struct publication_row publication;
    struct alias_row alias;
    enum err err = ERR_OK;

    if (list->version)
        err = publications_load(store, call->arena, operator_name, list->plan_id, list->version,
                                &publication);
    if (!err && list->alias)
        err = aliases_load(store, call->arena, operator_name, list->plan_id, list->alias, &alias);
    return err == ERR_NOT_FOUND ? refuse_no_resource(call) : err;
}

static enum err list_of_machine(struct list *list, struct store *store, const char *text)
{
    struct sfn_call *call = list->call;
    const struct list_fields *fields = call->fields;
    struct machine_row machine;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (err)
        return err;
    if (arn.label)
        return refuse_qualified(call, &arn, text);
    if (fields->redrive)
        return sfn_refuse_validation(call, NULL,
                                     "redriveFilter is only supported with a Map Run ARN");
    err = machines_load(store, call->arena, call->actor.operator_name, arn.name, 0, &machine);
    if (err == ERR_PLAN_NOT_FOUND)
        return refuse_no_machine(call, text);
    if (err)
        return err;
    if (strcmp(machine.type, "EXPRESS") == 0)
        return execution_type_unsupported(call);
    list->plan_id = arn.name;
    list->version = arn.version;
    list->alias = arn.alias;
    return list_check_qualifier(list, store);
}

static enum err list_of_map_run(struct list *list, struct store *store, const char *text)
{
    struct sfn_call *call = list->call;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_MAP_RUN), &arn);

    if (!err)
        err =
            map_runs_find(store, call->arena, call->actor.operator_name, arn.execution, &list->run);
    if (err == ERR_NOT_FOUND)
        return refuse_no_resource(call);
    list->run_arn = text;
    return err;
}

static enum err list_open(struct list *list, struct store *store)
{
    struct sfn_call *call = list->call;
    const struct list_fields *fields = call->fields;

    if (!fields->machine_arn == !fields->map_run_arn)
        return sfn_refuse_validation(call,
                                     fields->machine_arn ? NULL : "MISSING_REQUIRED_PARAMETER",
                                     "Exactly one of stateMachineArn and mapRunArn is required");
    return fields->machine_arn ? list_of_machine(list, store, fields->machine_arn)
                               : list_of_map_run(list, store, fields->map_run_arn);
}

/* ---- items ---- */

/* How many items a child of a Map Run works on. */
static int64_t list_item_count(const struct list *list, const struct view_sfn_execution *e)
{
    const struct json *items =
        e->input ? json_get(json_stored(list->call->arena, e->input), "Items") : NULL;

    return items && json_is(items, JSON_ARRAY) ? items->count : 1;
}

static const struct json *list_item(const struct list *list, const struct view_sfn_execution *e)
{
    struct sfn_call *call = list->call;
    const struct json *origin = e->origin ? json_stored(call->arena, e->origin) : NULL;
    struct json *json = json_object(call->arena);

    execution_add_text(call, json, "executionArn",
                       sfn_arn_execution(call, e->plan_id, e->plan_execution_id));
    execution_add_text(
        call, json, "stateMachineArn",
        execution_machine_arn(call, e->plan_id, list->run_arn ? list->run.label : NULL));
    execution_add_text(call, json, "name",
                       arn_execution_name(call->arena, e->plan_id, e->plan_execution_id));
    execution_add_text(call, json, "status", execution_status(e->status, e->timed_out, e->is_held));
    execution_add_time(call, json, "startDate", e->created_at);
    execution_add_time(call, json, "stopDate", e->ended_at);
    if (list->run_arn) {
        execution_add_text(call, json, "mapRunArn", list->run_arn);
        json_add(call->arena, json, "itemCount", json_int(call->arena, list_item_count(list, e)));
    }
    execution_add_text(call, json, "stateMachineVersionArn",
                       execution_version_arn(call, e->plan_id, origin));
    execution_add_text(call, json, "stateMachineAliasArn",
                       execution_alias_arn(call, e->plan_id, origin));
    json_add(call->arena, json, "redriveCount", json_int(call->arena, e->redrives));
    execution_add_time(call, json, "redriveDate", e->redriven_at);
    return json;
}

/* All that a page depends on. */
static const char *list_filters(struct sfn_call *call)
{
    const struct list_fields *fields = call->fields;

    return arena_printf(
        call->arena, "%s\n%s\n%s", fields->machine_arn ? fields->machine_arn : fields->map_run_arn,
        fields->status ? fields->status : "", fields->redrive ? fields->redrive : "");
}

enum err list_executions(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct list_fields *fields = call->fields;
    struct list list = {.call = call};
    struct json *json = json_object(call->arena), *items = json_array(call->arena);
    struct view_sfn_filter filter = {.matches = list_matches, .user = &list};
    struct view_page view = {.operator_name = call->actor.operator_name};
    struct view_sfn_execution *e = NULL;
    struct sfn_page page = {0};
    const char *filters;
    enum err err = list_open(&list, store);

    if (err)
        return err;
    filters = list_filters(call);
    err = sfn_page_read(call, fields->max_results, fields->next_token, filters, &page);
    if (err)
        return err;
    filter.plan_id = list.plan_id;
    filter.root_id = list.run.root_id;
    filter.map_run_id = list.run.map_run_id;
    filter.with_input = list.run_arn && list.run.batched;
    view.limit = page.limit;
    view.after_b = page.b;
    err = view_sfn_executions(store, call->arena, &filter, &view, &e);
    if (err)
        return err;
    for (; e; e = e->next)
        json_push(call->arena, items, list_item(&list, e));
    json_add(call->arena, json, "executions", items);
    page.b = view.next_b;
    if (view.more)
        execution_add_text(call, json, "nextToken", sfn_page_token(call, filters, &page));
    *ret = json;
    return ERR_OK;
}
