/*
 * read_common.c - what all GET handlers do: a snapshot, the execution of the path, a page, an
 * answer.
 */
#include "api/read_common.h"

#include "base/name.h"

enum err read_begin(struct call *call, struct read *ret)
{
    enum err err;

    *ret = (struct read){.call = call};
    ret->page.operator_name = call->actor.operator_name;
    ret->page.after_name = "";
    err = reader_begin(call->api->config.store_name, &ret->store);
    ret->is_open = !err;
    return err;
}

enum err read_find(struct read *read, struct execution *ret)
{
    struct call *call = read->call;
    int64_t root_id, execution_id;
    enum err err =
        executions_find(&read->store, call->actor.operator_name, call->id, &root_id, &execution_id);

    if (!err)
        err = executions_load(&read->store, call->arena, root_id, execution_id, ret);
    if (err == ERR_EXECUTION_NOT_FOUND)
        return fault_set(&call->fault, call->arena, err, NULL, "no execution has this id");
    return err;
}

enum err read_page(struct read *read)
{
    enum err err = query_limit(read->call, &read->page.limit);

    return err ? err : query_cursor(read->call, &read->page.after_a, &read->page.after_b);
}

enum err read_page_by_name(struct read *read)
{
    enum err err = query_limit(read->call, &read->page.limit);

    return err ? err : query_name_cursor(read->call, &read->page.after_name);
}

void read_end(struct read *read, enum err err, const struct json *body)
{
    if (read->is_open)
        reader_end(&read->store);
    if (err)
        reply_err(read->call, err);
    else
        reply_json(read->call, 200, body);
}

static void read_end_list(struct read *read, enum err err, const char *name,
                          const struct json *list, const char *cursor)
{
    struct arena *arena = read->call->arena;
    struct json *body = json_object(arena);

    json_add(arena, body, name, list);
    json_add(arena, body, "next_cursor", json_string(arena, cursor));
    read_end(read, err, body);
}

void read_end_page(struct read *read, enum err err, const char *name, const struct json *list)
{
    const struct view_page *page = &read->page;

    read_end_list(read, err, name, list,
                  !err && page->more ? cursor_text(read->call->arena, page->next_a, page->next_b)
                                     : NULL);
}

void read_end_page_by_name(struct read *read, enum err err, const char *name,
                           const struct json *list)
{
    read_end_list(read, err, name, list, !err && read->page.more ? read->page.next_name : NULL);
}
