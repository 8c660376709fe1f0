/*
 * receipt.c - the stored record of a halt, as JSON and as a digest.
 *
 * It is put together from rows that never change after the halt's commit, so a repeat gives the
 * same bytes. The one thing that moves on, quiet_at of work in flight, is not part of it: verify
 * and `wait` look at that.
 */
#include "engine/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "store/executions.h"

const char *receipt_halt_id(struct arena *arena, int64_t root_id, int64_t halt_id)
{
    char text[ID2_TEXT_BYTES];

    id2_text(root_id, halt_id, text);
    return arena_string(arena, text);
}

static void receipt_text(struct arena *arena, struct json *object, const char *name,
                         const char *value)
{
    json_add(arena, object, name, json_string(arena, value));
}

static void receipt_int(struct arena *arena, struct json *object, const char *name, int64_t value)
{
    json_add(arena, object, name, json_int(arena, value));
}

/* Stored JSON, or null. */
static void receipt_stored(struct arena *arena, struct json *object, const char *name,
                           const char *value, const struct json *fallback)
{
    json_add(arena, object, name, value ? json_stored(arena, value) : fallback);
}

static struct json *receipt_item(struct arena *arena, const struct halt_item *item)
{
    struct json *one = json_object(arena);

    receipt_text(arena, one, "plan_execution_id", item->plan_execution_id);
    receipt_int(arena, one, "depth", item->depth);
    receipt_text(arena, one, "previous_status", item->previous_status);
    receipt_text(arena, one, "last_state", item->last_state);
    receipt_int(arena, one, "epoch", item->epoch);
    return one;
}

/* The claims of one execution, which stand together in the list; moves the list on. */
static const struct json *receipt_reservations(struct arena *arena, int64_t execution_id,
                                               struct halt_claim **list)
{
    struct json *all = json_array(arena);

    for (; *list && (*list)->execution_id == execution_id; *list = (*list)->next) {
        struct json *one = json_object(arena);
        char id[ID_TEXT_BYTES];

        id_text((*list)->reservation_id, id);
        receipt_text(arena, one, "reservation_id", id);
        receipt_text(arena, one, "type", (*list)->name);
        json_add(arena, one, "scheduled", json_bool((*list)->scheduled));
        json_push(arena, all, one);
    }
    return all;
}

static const struct json *receipt_lock(struct arena *arena, const struct halt_claim *lock)
{
    struct json *one = json_object(arena);

    receipt_text(arena, one, "name", lock->name);
    receipt_text(arena, one, "granted_to", lock->granted_to);
    receipt_int(arena, one, "fence", lock->fence);
    return one;
}

static const struct json *receipt_locks_of(struct arena *arena, int64_t execution_id,
                                           const struct halt_claim *locks)
{
    struct json *all = json_array(arena);

    for (; locks; locks = locks->next) {
        if (locks->execution_id == execution_id)
            json_push(arena, all, receipt_lock(arena, locks));
    }
    return all;
}

static enum err receipt_executions(struct store *store, struct arena *arena,
                                   const struct halt_row *halt, struct json *receipt,
                                   const struct json **ret_children)
{
    struct json *all = json_array(arena), *children = json_object(arena);
    struct halt_item *items;
    struct halt_claim *reservations = NULL, *locks = NULL;
    enum err err = halts_items(store, arena, halt, 0, 0, LIMIT_RECEIPT_ITEMS, &items);

    if (!err)
        err = halts_reservations(store, arena, halt, LIMIT_RECEIPT_ITEMS, &reservations);
    if (!err && halt->locks)
        err = halts_locks(store, arena, halt, &locks);
    if (err)
        return err;
    for (; items; items = items->next) {
        struct json *one = receipt_item(arena, items);

        if (items->execution_id != halt->execution_id)
            json_add(arena, children, items->plan_execution_id, json_copy(arena, one));
        json_add(arena, one, "reservations",
                 receipt_reservations(arena, items->execution_id, &reservations));
        json_add(arena, one, "locks", receipt_locks_of(arena, items->execution_id, locks));
        json_push(arena, all, one);
    }
    json_add(arena, receipt, "executions", all);
    if (ret_children)
        *ret_children = children;
    return ERR_OK;
}

static enum err receipt_in_flight(struct store *store, struct arena *arena,
                                  const struct halt_row *halt, struct json *receipt)
{
    struct json *all = json_array(arena);
    struct halt_claim *list = NULL;
    enum err err = ERR_OK;

    if (halt->in_flight)
        err = halts_in_flight(store, arena, halt, LIMIT_RECEIPT_ITEMS, &list);
    if (err)
        return err;
    for (; list; list = list->next) {
        struct json *one = json_object(arena);

        receipt_text(arena, one, "plan_execution_id", list->plan_execution_id);
        receipt_text(arena, one, "kind", "TASK");
        receipt_text(arena, one, "task", list->name);
        receipt_text(arena, one, "worker", list->worker);
        receipt_int(arena, one, "lease_until", list->lease_until);
        json_push(arena, all, one);
    }
    json_add(arena, receipt, "in_flight", all);
    return ERR_OK;
}

static void receipt_counts(struct arena *arena, const struct halt_row *halt, struct json *receipt)
{
    struct json *counts = json_object(arena);

    receipt_int(arena, counts, "executions", halt->executions);
    receipt_int(arena, counts, "reservations", halt->reservations);
    receipt_int(arena, counts, "scheduled", halt->scheduled);
    receipt_int(arena, counts, "locks", halt->locks);
    receipt_int(arena, counts, "granted", halt->granted);
    receipt_int(arena, counts, "in_flight", halt->in_flight);
    json_add(arena, receipt, "counts", counts);
}

static void receipt_head(struct arena *arena, const struct halt_row *halt, const char *target,
                         struct json *receipt)
{
    static const char *const children[] = {"none", "awaited", "all"};
    struct json *actor = json_object(arena);
    bool dry = strcmp(halt->outcome, "would_halt") == 0;

    receipt_text(arena, receipt, "halt_id",
                 dry ? NULL : receipt_halt_id(arena, halt->root_id, halt->halt_id));
    receipt_text(arena, receipt, "outcome", halt->outcome);
    receipt_text(arena, receipt, "plan_execution_id", target);
    receipt_text(arena, receipt, "kind", halt->kind);
    receipt_text(arena, receipt, "children", children[halt->children]);
    receipt_text(arena, actor, "operator_name", halt->operator_name);
    receipt_text(arena, actor, "portal_id", halt->portal_id);
    receipt_text(arena, actor, "subject", halt->subject);
    json_add(arena, receipt, "actor", actor);
    receipt_text(arena, receipt, "reason", halt->reason);
    receipt_int(arena, receipt, "halted_at", halt->created_at);
    if (halt->batch_name)
        receipt_text(arena, receipt, "batch", halt->batch_name);
}

enum err receipt_json(struct store *store, struct arena *arena, const struct halt_row *halt,
                      const char *target, const struct json **ret_receipt,
                      const struct json **ret_children)
{
    struct json *receipt = json_object(arena);
    struct execution looked_up;
    enum err err = ERR_OK;

    if (!target)
        err = executions_load(store, arena, halt->root_id, halt->execution_id, &looked_up);
    if (err)
        return err;
    receipt_head(arena, halt, target ? target : looked_up.plan_execution_id, receipt);
    receipt_counts(arena, halt, receipt);
    err = receipt_executions(store, arena, halt, receipt, ret_children);
    if (!err)
        err = receipt_in_flight(store, arena, halt, receipt);
    if (err)
        return err;
    receipt_stored(arena, receipt, "callback", halt->callback, &json_null);
    receipt_stored(arena, receipt, "unused", halt->unused, json_array(arena));
    receipt_stored(arena, receipt, "anomalies", halt->anomalies, json_array(arena));
    json_add(arena, receipt, "truncated", json_bool(halt->executions > LIMIT_RECEIPT_ITEMS));
    receipt_text(arena, receipt, "digest", halt->digest);
    *ret_receipt = receipt;
    return ERR_OK;
}

enum err receipt_items(struct store *store, struct arena *arena, const struct halt_row *halt,
                       int64_t after_depth, int64_t after_execution_id, int64_t most,
                       const struct json **ret, struct halt_item *ret_last)
{
    struct json *all = json_array(arena);
    struct halt_item *items;
    enum err err = halts_items(store, arena, halt, after_depth, after_execution_id, most, &items);

    if (err)
        return err;
    for (; items; items = items->next) {
        json_push(arena, all, receipt_item(arena, items));
        *ret_last = *items;
    }
    *ret = all;
    return ERR_OK;
}

/* Locks held by the set, in the order of the execution ids and names. */
SQL_QUERY(receipt_digest_items,
          "SELECT e.plan_execution_id, i.previous_status, i.epoch, l.name FROM halt_items i"
          " JOIN executions e ON e.root_id = ?1 AND e.execution_id = i.execution_id"
          " LEFT JOIN locks l ON l.holder_root_id = ?1 AND l.holder_id = i.execution_id"
          " AND l.holder_id IS NOT NULL"
          " WHERE i.root_id = ?1 AND i.halt_id = ?2 ORDER BY e.plan_execution_id, l.name");

static enum err receipt_digest_list(struct store *store, struct arena *arena,
                                    const struct halt_row *halt, struct json *list)
{
    struct sql_rows rows;
    struct json *one = NULL, *locks = NULL;
    enum err err = sql_select(store->sql, &receipt_digest_items,
                              SQL_ARGS(SQL_INT(halt->root_id), SQL_INT(halt->halt_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        if (!one || strcmp(one->items[0]->string, sql_text(&rows, 0)) != 0) {
            one = json_array(arena);
            locks = json_array(arena);
            json_push(arena, one, json_string(arena, sql_text(&rows, 0)));
            json_push(arena, one, json_string(arena, sql_text(&rows, 1)));
            json_push(arena, one, json_int(arena, sql_int(&rows, 2)));
            json_push(arena, one, locks);
            json_push(arena, list, one);
        }
        if (!sql_is_null(&rows, 3))
            json_push(arena, locks, json_string(arena, sql_text(&rows, 3)));
    }
    return sql_end(&rows);
}

enum err receipt_digest(struct store *store, struct arena *arena, const struct halt_row *halt,
                        const char *target, const struct receipt_callback *callback,
                        const char **ret)
{
    struct json *all = json_object(arena), *list = json_array(arena), *parent = json_object(arena);
    char text[SHA256_TEXT_BYTES], id[ID_TEXT_BYTES];
    struct buf buf;
    enum err err = receipt_digest_list(store, arena, halt, list);

    if (err)
        return err;
    id_text(callback->reservation_id, id);
    receipt_text(arena, all, "target", target);
    receipt_text(arena, all, "kind", halt->kind);
    receipt_int(arena, all, "children", halt->children);
    json_add(arena, all, "executions", list);
    receipt_text(arena, parent, "parent", callback->parent);
    receipt_text(arena, parent, "reservation", id);
    receipt_int(arena, parent, "plan_version", callback->plan_version);
    receipt_text(arena, parent, "result", callback->result);
    json_add(arena, all, "callback", callback->parent ? parent : &json_null);
    buf_init(&buf, arena, BUF_BYTES_OWN);
    json_print_canonical(&buf, all);
    sha256_text(buf.data, buf.len, text);
    *ret = arena_string(arena, text);
    return ERR_OK;
}
