/*
 * read_executions.c - GET executions, executions/{id}, executions/{id}/tree.
 */
#include "api/api_priv.h"
#include "api/read_common.h"
#include "base/name.h"
#include "engine/receipt.h"

static void read_execution_times(struct arena *arena, struct json *json, int64_t created_at,
                                 int64_t updated_at, int64_t ended_at)
{
    json_add(arena, json, "created_at", json_int(arena, created_at));
    json_add(arena, json, "updated_at", json_int(arena, updated_at));
    json_add(arena, json, "ended_at", ended_at ? json_int(arena, ended_at) : &json_null);
}

static const struct json *read_halt_id(struct arena *arena, int64_t root_id, int64_t halt_id)
{
    return halt_id ? json_string(arena, receipt_halt_id(arena, root_id, halt_id)) : &json_null;
}

/* context.related_executions: "unset" when there is no parent (the seed's word). */
static const struct json *read_context(struct arena *arena, const char *parent)
{
    struct json *context = json_object(arena), *related = json_object(arena);

    json_add(arena, related, "master_plan_execution_id",
             json_string(arena, parent ? parent : "unset"));
    json_add(arena, context, "related_executions", related);
    return context;
}

static const struct json *read_execution_json(struct arena *arena, const struct execution *e,
                                              const char *parent, const char *batch_operations)
{
    struct json *json = json_object(arena);

    json_add(arena, json, "plan_execution_id", json_string(arena, e->plan_execution_id));
    json_add(arena, json, "plan_id", json_string(arena, e->plan_id));
    json_add(arena, json, "plan_version", json_int(arena, e->plan_version));
    json_add(arena, json, "status", json_string(arena, status_name(e->status)));
    json_add(arena, json, "last_state", json_string(arena, e->last_state));
    json_add(arena, json, "epoch", json_int(arena, e->epoch));
    json_add(arena, json, "input", json_stored(arena, e->input));
    json_add(arena, json, "output", e->output ? json_stored(arena, e->output) : &json_null);
    json_add(arena, json, "error", json_string(arena, e->error));
    json_add(arena, json, "cause", json_string(arena, e->cause));
    json_add(arena, json, "context", read_context(arena, parent));
    json_add(arena, json, "batch_operations",
             batch_operations ? json_stored(arena, batch_operations) : json_array(arena));
    json_add(arena, json, "halt_id", read_halt_id(arena, e->root_id, e->halt_id));
    json_add(arena, json, "portal_id", json_string(arena, e->portal_id));
    json_add(arena, json, "depth", json_int(arena, e->depth));
    read_execution_times(arena, json, e->created_at, e->updated_at, e->ended_at);
    return json;
}

void read_execution(struct call *call)
{
    struct read read;
    struct execution e;
    const char *parent = NULL, *batches = NULL;
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_find(&read, &e);
    if (!err)
        err = view_relations(&read.store, call->arena, &e, &parent, &batches);
    read_end(&read, err, err ? NULL : read_execution_json(call->arena, &e, parent, batches));
}

static const struct json *read_listed(struct arena *arena, const struct view_execution *e)
{
    struct json *json = json_object(arena);

    json_add(arena, json, "plan_execution_id", json_string(arena, e->plan_execution_id));
    json_add(arena, json, "plan_id", json_string(arena, e->plan_id));
    json_add(arena, json, "plan_version", json_int(arena, e->plan_version));
    json_add(arena, json, "status", json_string(arena, status_name(e->status)));
    json_add(arena, json, "last_state", json_string(arena, e->last_state));
    json_add(arena, json, "epoch", json_int(arena, e->epoch));
    json_add(arena, json, "error", json_string(arena, e->error));
    json_add(arena, json, "parent", json_string(arena, e->parent));
    json_add(arena, json, "depth", json_int(arena, e->depth));
    json_add(arena, json, "halt_id", read_halt_id(arena, e->root_id, e->halt_id));
    read_execution_times(arena, json, e->created_at, e->updated_at, e->ended_at);
    return json;
}

/* The filters; a parent that is unknown, or another operator's, has no children: the list is empty.
 */
static enum err read_filter(struct read *read, struct view_filter *filter, bool *ret_nothing)
{
    struct call *call = read->call;
    const char *status = query_get(call, "status"), *parent = query_get(call, "parent");
    enum err err;

    *ret_nothing = false;
    *filter = (struct view_filter){.plan_id = query_get(call, "plan_id")};
    if (status) {
        filter->status = status_parse(status);
        if (filter->status == STATUS_NONE)
            return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/query/status",
                             "there is no such status");
    }
    if (!parent)
        return ERR_OK;
    filter->has_parent = true;
    err = executions_find(&read->store, call->actor.operator_name, parent, &filter->root_id,
                          &filter->parent_id);
    *ret_nothing = err == ERR_EXECUTION_NOT_FOUND;
    return *ret_nothing ? ERR_OK : err;
}

void read_executions(struct call *call)
{
    struct arena *arena = call->arena;
    struct read read;
    struct view_filter filter;
    struct view_execution *list = NULL;
    struct json *all = json_array(arena);
    bool nothing = false;
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_filter(&read, &filter, &nothing);
    if (!err)
        err = read_page(&read);
    if (!err && !nothing)
        err = view_executions(&read.store, arena, &filter, &read.page, &list);
    for (; !err && list; list = list->next)
        json_push(arena, all, read_listed(arena, list));
    read_end_page(&read, err, "executions", all);
}

static const struct json *read_node(struct arena *arena, const struct view_execution *e)
{
    struct json *json = json_object(arena);

    json_add(arena, json, "plan_execution_id", json_string(arena, e->plan_execution_id));
    json_add(arena, json, "parent", json_string(arena, e->parent));
    json_add(arena, json, "depth", json_int(arena, e->depth));
    json_add(arena, json, "plan_id", json_string(arena, e->plan_id));
    json_add(arena, json, "status", json_string(arena, status_name(e->status)));
    json_add(arena, json, "last_state", json_string(arena, e->last_state));
    return json;
}

void read_tree(struct call *call)
{
    struct arena *arena = call->arena;
    struct read read;
    struct execution top = {0};
    struct view_execution *list = NULL;
    struct json *all = json_array(arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_find(&read, &top);
    if (!err)
        err = read_page(&read);
    if (!err)
        err = view_tree(&read.store, arena, &top, &read.page, &list);
    if (err == ERR_INVALID_REQUEST && !call->fault.err)
        fault_set(&call->fault, arena, err, "/query/cursor", "this cursor is of another tree");
    for (; !err && list; list = list->next)
        json_push(arena, all, read_node(arena, list));
    read_end_page(&read, err, "nodes", all);
}
