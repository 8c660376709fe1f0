/*
 * read_halts.c - GET halts/{id}, halts/{id}/items.
 */
#include "api/api_priv.h"
#include "api/read_common.h"
#include "engine/receipt.h"

static enum err read_halt_find(struct read *read, struct halt_row *ret)
{
    struct call *call = read->call;
    int64_t root_id = 0, halt_id = 0;
    enum err err = ERR_HALT_NOT_FOUND;

    if (id2_parse(call->id, &root_id, &halt_id))
        err =
            halts_load(&read->store, call->arena, call->actor.operator_name, root_id, halt_id, ret);
    if (err == ERR_HALT_NOT_FOUND)
        return fault_set(&call->fault, call->arena, err, NULL, "no halt has this id");
    return err;
}

void read_halt(struct call *call)
{
    struct read read;
    struct halt_row halt;
    const struct json *receipt = NULL;
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_halt_find(&read, &halt);
    if (!err)
        err = receipt_json(&read.store, call->arena, &halt, NULL, &receipt, NULL);
    read_end(&read, err, receipt);
}

void read_halt_items(struct call *call)
{
    struct read read;
    struct halt_row halt;
    struct halt_item last = {0}, beyond;
    const struct json *items = NULL, *rest = NULL;
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_halt_find(&read, &halt);
    if (!err)
        err = read_page(&read);
    if (!err)
        err = receipt_items(&read.store, call->arena, &halt, read.page.after_a, read.page.after_b,
                            read.page.limit, &items, &last);
    if (!err && items->count == read.page.limit)
        err = receipt_items(&read.store, call->arena, &halt, last.depth, last.execution_id, 1,
                            &rest, &beyond);
    read.page.more = rest && rest->count > 0;
    read.page.next_a = last.depth;
    read.page.next_b = last.execution_id;
    read_end_page(&read, err, "items", items ? items : json_array(call->arena));
}
