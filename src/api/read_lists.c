/*
 * read_lists.c - GET plans, plans/{id}, locks, human_tasks.
 */
#include "api/api_priv.h"
#include "api/read_common.h"

void read_plans(struct call *call)
{
    struct arena *arena = call->arena;
    struct read read;
    struct view_plan *list = NULL;
    struct json *all = json_array(arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_page_by_name(&read);
    if (!err)
        err = view_plans(&read.store, arena, &read.page, &list);
    for (; !err && list; list = list->next) {
        struct json *one = json_object(arena);

        json_add(arena, one, "plan_id", json_string(arena, list->plan_id));
        json_add(arena, one, "plan_version", json_int(arena, list->plan_version));
        json_add(arena, one, "created_at", json_int(arena, list->created_at));
        json_add(arena, one, "updated_at", json_int(arena, list->updated_at));
        json_push(arena, all, one);
    }
    read_end_page_by_name(&read, err, "plans", all);
}

static const struct json *read_plan_json(struct arena *arena, const struct plan_row *row)
{
    struct json *json = json_object(arena);

    json_add(arena, json, "plan_id", json_string(arena, row->plan_id));
    json_add(arena, json, "plan_version", json_int(arena, row->plan_version));
    json_add(arena, json, "latest_version", json_int(arena, row->latest_version));
    json_add(arena, json, "created_at", json_int(arena, row->created_at));
    json_add(arena, json, "definition", json_stored(arena, row->definition));
    return json;
}

void read_plan(struct call *call)
{
    struct read read;
    struct plan_row row;
    int64_t version = 0;
    enum err err = read_begin(call, &read);

    if (!err)
        err = query_int(call, "plan_version", INT32_MAX, &version);
    if (!err)
        err = plans_load(&read.store, call->arena, call->actor.operator_name, call->id, version,
                         &row);
    if (err == ERR_PLAN_NOT_FOUND)
        fault_set(&call->fault, call->arena, err, NULL,
                  "there is no such plan, or no such version");
    read_end(&read, err, err ? NULL : read_plan_json(call->arena, &row));
}

static const struct json *read_lock(struct arena *arena, const struct view_lock *lock)
{
    struct json *json = json_object(arena), *waiters = json_array(arena);

    for (const struct view_waiter *waiter = lock->waiters; waiter; waiter = waiter->next)
        json_push(arena, waiters, json_string(arena, waiter->plan_execution_id));
    json_add(arena, json, "name", json_string(arena, lock->name));
    json_add(arena, json, "holder", json_string(arena, lock->holder));
    json_add(arena, json, "fence", json_int(arena, lock->fence));
    json_add(arena, json, "waiters", waiters);
    json_add(arena, json, "waiter_count", json_int(arena, lock->waiter_count));

    return json;
}

void read_locks(struct call *call)
{
    struct read read;
    struct view_lock *list = NULL;
    struct json *all = json_array(call->arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_page_by_name(&read);
    if (!err)
        err = view_locks(&read.store, call->arena, &read.page, &list);
    for (; !err && list; list = list->next)
        json_push(call->arena, all, read_lock(call->arena, list));
    read_end_page_by_name(&read, err, "locks", all);
}

const struct json *read_human_task_id(struct arena *arena, int64_t root_id, int64_t execution_id,
                                      int64_t reservation_id)
{
    char root[ID_TEXT_BYTES], execution[ID_TEXT_BYTES], reservation[ID_TEXT_BYTES];

    id_text(root_id, root);
    id_text(execution_id, execution);
    id_text(reservation_id, reservation);
    return json_string(arena, arena_printf(arena, "%s%s%s", root, execution, reservation));
}

void read_human_tasks(struct call *call)
{
    struct arena *arena = call->arena;
    struct read read;
    struct view_human_task *list = NULL;
    struct json *all = json_array(arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_page(&read);
    if (!err)
        err = view_human_tasks(&read.store, arena, &read.page, &list);
    for (; !err && list; list = list->next) {
        struct json *one = json_object(arena);

        json_add(
            arena, one, "human_task_id",
            read_human_task_id(arena, list->root_id, list->execution_id, list->reservation_id));
        json_add(arena, one, "plan_execution_id", json_string(arena, list->plan_execution_id));
        json_add(arena, one, "state", json_string(arena, list->state));
        json_add(arena, one, "input", list->input ? json_stored(arena, list->input) : &json_null);
        json_add(arena, one, "created_at", json_int(arena, list->created_at));
        json_push(arena, all, one);
    }
    read_end_page(&read, err, "human_tasks", all);
}
