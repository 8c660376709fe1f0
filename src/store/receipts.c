/*
 * receipts.c - reading what a halt did, and proving that nothing of it is left.
 */
#include "store/halts.h"

#include <string.h>

#include "base/arena.h"
#include "store/plain_trees.h"

#define HALT_KEY(h) SQL_INT((h)->root_id), SQL_INT((h)->halt_id)

SQL_QUERY(receipts_load,
          "SELECT operator_name, portal_id, subject, execution_id, kind, children, outcome, reason,"
          " batch_name, tree_seq, created_at, executions, reservations, scheduled, locks, granted,"
          " in_flight, callback, unused, anomalies, digest FROM halts"
          " WHERE root_id = ?1 AND halt_id = ?2 AND operator_name = ?3");
SQL_QUERY(receipts_items,
          "SELECT i.execution_id, i.depth, i.epoch, i.previous_status, i.last_state,"
          " e.plan_execution_id FROM halt_items i JOIN executions e"
          " ON e.root_id = i.root_id AND e.execution_id = i.execution_id"
          " WHERE i.root_id = ?1 AND i.halt_id = ?2"
          " AND (?4 = 0 OR i.depth < ?3 OR (i.depth = ?3 AND i.execution_id < ?4))"
          " ORDER BY i.depth DESC, i.execution_id DESC LIMIT ?5");
SQL_QUERY(receipts_reservations,
          "SELECT r.execution_id, r.reservation_id, r.type, r.due_at IS NOT NULL FROM"
          " (SELECT depth, execution_id FROM halt_items WHERE root_id = ?1 AND halt_id = ?2"
          " ORDER BY depth DESC, execution_id DESC LIMIT ?3) i JOIN reservations r"
          " ON r.root_id = ?1 AND r.execution_id = i.execution_id AND r.halt_id = ?2"
          " ORDER BY i.depth DESC, i.execution_id DESC, r.reservation_id");
SQL_QUERY(receipts_reservations_one,
          "SELECT execution_id, reservation_id, type, due_at IS NOT NULL FROM reservations"
          " WHERE root_id = ?1 AND halt_id = ?2 AND execution_id = ?3 ORDER BY reservation_id");
SQL_QUERY(receipts_locks,
          "SELECT h.execution_id, e.plan_execution_id, h.name, h.granted_to, h.fence, h.frame_id"
          " FROM halt_locks h JOIN executions e"
          " ON e.root_id = h.root_id AND e.execution_id = h.execution_id"
          " WHERE h.root_id = ?1 AND h.halt_id = ?2 ORDER BY h.name");
SQL_QUERY(
    receipts_in_flight,
    "SELECT f.execution_id, f.reservation_id, e.plan_execution_id, f.task, f.worker,"
    " f.lease_until, f.quiet_at FROM halt_in_flight f JOIN executions e"
    " ON e.root_id = f.root_id AND e.execution_id = f.execution_id"
    " WHERE f.root_id = ?1 AND f.halt_id = ?2 ORDER BY f.execution_id, f.reservation_id LIMIT ?3");
SQL_QUERY(receipts_busy,
          "SELECT count(*), max(lease_until) FROM halt_in_flight"
          " WHERE root_id = ?1 AND halt_id = ?2 AND quiet_at IS NULL AND lease_until > ?3");

static enum halt_children receipts_children(const char *text)
{
    if (strcmp(text, "all") == 0)
        return HALT_CHILDREN_ALL;
    return strcmp(text, "awaited") == 0 ? HALT_CHILDREN_AWAITED : HALT_CHILDREN_NONE;
}

static void receipts_read(struct arena *arena, const struct sql_rows *rows, struct halt_row *h)
{
    h->operator_name = sql_text_copy(arena, rows, 0);
    h->portal_id = sql_text_copy(arena, rows, 1);
    h->subject = sql_text_copy(arena, rows, 2);
    h->execution_id = sql_int(rows, 3);
    h->kind = sql_text_copy(arena, rows, 4);
    h->children = receipts_children(sql_text(rows, 5));
    h->outcome = sql_text_copy(arena, rows, 6);
    h->reason = sql_text_copy(arena, rows, 7);
    h->batch_name = sql_text_copy(arena, rows, 8);
    h->tree_seq = sql_int(rows, 9);
    h->created_at = sql_int(rows, 10);
    h->executions = sql_int(rows, 11);
    h->reservations = sql_int(rows, 12);
    h->scheduled = sql_int(rows, 13);
    h->locks = sql_int(rows, 14);
    h->granted = sql_int(rows, 15);
    h->in_flight = sql_int(rows, 16);
    h->callback = sql_text_copy(arena, rows, 17);
    h->unused = sql_text_copy(arena, rows, 18);
    h->anomalies = sql_text_copy(arena, rows, 19);
    h->digest = sql_text_copy(arena, rows, 20);
}

enum err halts_load(struct store *store, struct arena *arena, const char *operator_name,
                    int64_t root_id, int64_t halt_id, struct halt_row *ret)
{
    struct halt_row h = {.root_id = root_id, .halt_id = halt_id};
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &receipts_load,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(halt_id), SQL_TEXT(operator_name)), &rows);

    if (err)
        return err;
    while (sql_next(&rows))
        receipts_read(arena, &rows, &h);
    err = sql_end(&rows);
    if (err)
        return err;
    if (!h.kind)
        return ERR_HALT_NOT_FOUND;
    *ret = h;
    return ERR_OK;
}

static struct halt_item *halts_plain_item(struct arena *arena, const struct execution *target)
{
    struct halt_item *item = ARENA_NEW(arena, struct halt_item);

    item->execution_id = target->execution_id;
    item->epoch = target->epoch;
    item->previous_status = status_name(target->status);
    item->last_state = target->last_state;
    item->plan_execution_id = target->plan_execution_id;
    return item;
}

enum err halts_items(struct store *store, struct arena *arena, const struct halt_row *halt,
                     int64_t after_depth, int64_t after_execution_id, int64_t most,
                     struct halt_item **ret)
{
    struct sql_rows rows;
    struct halt_item *list = NULL, **end = &list;
    enum err err;

    if (halt->plain) {
        *ret = halts_plain_item(arena, &halt->plain->target);
        return ERR_OK;
    }
    err = sql_select(
        store->sql, &receipts_items,
        SQL_ARGS(HALT_KEY(halt), SQL_INT(after_depth), SQL_INT(after_execution_id), SQL_INT(most)),
        &rows);
    if (err)
        return err;
    while (sql_next(&rows)) {
        struct halt_item *item = ARENA_NEW(arena, struct halt_item);

        item->execution_id = sql_int(&rows, 0);
        item->depth = sql_int(&rows, 1);
        item->epoch = sql_int(&rows, 2);
        item->previous_status = sql_text_copy(arena, &rows, 3);
        item->last_state = sql_text_copy(arena, &rows, 4);
        item->plan_execution_id = sql_text_copy(arena, &rows, 5);
        *end = item;
        end = &item->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err halts_reservations(struct store *store, struct arena *arena, const struct halt_row *halt,
                            int64_t most, struct halt_claim **ret)
{
    struct sql_rows rows;
    struct halt_claim *list = NULL, **end = &list;
    bool is_one = halt->executions == 1 && strcmp(halt->kind, "EXECUTION") == 0 &&
                  halt->children == HALT_CHILDREN_NONE;
    enum err err;

    if (halt->plain) { /* all of them, once they are cleaned */
        *ret = halt->reservations ? halt->plain->claims : NULL;
        return ERR_OK;
    }
    err = sql_select(store->sql, is_one ? &receipts_reservations_one : &receipts_reservations,
                     SQL_ARGS(HALT_KEY(halt), SQL_INT(is_one ? halt->execution_id : most)), &rows);
    if (err)
        return err;
    while (sql_next(&rows)) {
        struct halt_claim *claim = ARENA_NEW(arena, struct halt_claim);

        claim->execution_id = sql_int(&rows, 0);
        claim->reservation_id = sql_int(&rows, 1);
        claim->name = sql_text_copy(arena, &rows, 2);
        claim->scheduled = sql_int(&rows, 3) != 0;
        *end = claim;
        end = &claim->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err halts_locks(struct store *store, struct arena *arena, const struct halt_row *halt,
                     struct halt_claim **ret)
{
    struct sql_rows rows;
    struct halt_claim *list = NULL, **end = &list;
    enum err err = sql_select(store->sql, &receipts_locks, SQL_ARGS(HALT_KEY(halt)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        struct halt_claim *claim = ARENA_NEW(arena, struct halt_claim);

        claim->execution_id = sql_int(&rows, 0);
        claim->plan_execution_id = sql_text_copy(arena, &rows, 1);
        claim->name = sql_text_copy(arena, &rows, 2);
        claim->granted_to = sql_text_copy(arena, &rows, 3);
        claim->fence = sql_int(&rows, 4);
        claim->frame_id = sql_int(&rows, 5);
        *end = claim;
        end = &claim->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err halts_in_flight(struct store *store, struct arena *arena, const struct halt_row *halt,
                         int64_t most, struct halt_claim **ret)
{
    struct sql_rows rows;
    struct halt_claim *list = NULL, **end = &list;
    enum err err =
        sql_select(store->sql, &receipts_in_flight, SQL_ARGS(HALT_KEY(halt), SQL_INT(most)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        struct halt_claim *claim = ARENA_NEW(arena, struct halt_claim);

        claim->execution_id = sql_int(&rows, 0);
        claim->reservation_id = sql_int(&rows, 1);
        claim->plan_execution_id = sql_text_copy(arena, &rows, 2);
        claim->name = sql_text_copy(arena, &rows, 3);
        claim->worker = sql_text_copy(arena, &rows, 4);
        claim->lease_until = sql_int(&rows, 5);
        claim->quiet_at = sql_int(&rows, 6);
        *end = claim;
        end = &claim->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err halts_busy(struct store *store, const struct halt_row *halt, int64_t now_ms,
                    int64_t *ret_count, int64_t *ret_until)
{
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &receipts_busy, SQL_ARGS(HALT_KEY(halt), SQL_INT(now_ms)), &rows);

    if (err)
        return err;
    *ret_count = 0;
    *ret_until = 0;
    while (sql_next(&rows)) {
        *ret_count = sql_int(&rows, 0);
        *ret_until = sql_int(&rows, 1);
    }
    return sql_end(&rows);
}

/*
 * What could be left of a halted execution. Every query gives (how many were looked at, how many
 * are open under the item's epoch or an older one, the first of those). ?1 root, ?2 halt.
 */
#define RESIDUE(looked, open, example, from)                                                       \
    "SELECT count(" looked "), coalesce(sum(CASE WHEN " open " THEN 1 ELSE 0 END), 0),"            \
    " min(CASE WHEN " open " THEN " example " END) FROM halt_items i JOIN executions e"            \
    " ON e.root_id = ?1 AND e.execution_id = i.execution_id" from                                  \
    " WHERE i.root_id = ?1 AND i.halt_id = ?2"
#define RESIDUE_RESERVATIONS                                                                       \
    " JOIN reservations r ON r.root_id = ?1 AND r.execution_id = i.execution_id"                   \
    " AND r.epoch <= i.epoch"

SQL_QUERY(residue_executions,
          RESIDUE("*", "(e.epoch <= i.epoch OR (e.epoch = i.epoch + 1 AND e.ended_at IS NULL))",
                  "e.plan_execution_id", ""));
SQL_QUERY(residue_reservations,
          RESIDUE("r.reservation_id", "r.status = 'FRESH'", "e.plan_execution_id || ' ' || r.type",
                  RESIDUE_RESERVATIONS));
SQL_QUERY(residue_tokens, RESIDUE("r.token_hash", "r.token_hash IS NOT NULL AND r.status = 'FRESH'",
                                  "e.plan_execution_id || ' ' || r.type", RESIDUE_RESERVATIONS));
SQL_QUERY(residue_leases, RESIDUE("r.worker", "r.worker IS NOT NULL AND r.status = 'FRESH'",
                                  "e.plan_execution_id || ' ' || r.worker", RESIDUE_RESERVATIONS));
SQL_QUERY(residue_queue,
          RESIDUE("r.reservation_id", "r.ready = 1", "e.plan_execution_id || ' ' || r.queue",
                  RESIDUE_RESERVATIONS " AND r.type = 'TASK'"));
SQL_QUERY(residue_schedule,
          RESIDUE("r.reservation_id", "r.status = 'FRESH'", "e.plan_execution_id || ' ' || r.type",
                  RESIDUE_RESERVATIONS " AND r.due_at IS NOT NULL"));
SQL_QUERY(residue_locks,
          RESIDUE("l.name", "l.holder_epoch <= i.epoch", "e.plan_execution_id || ' ' || l.name",
                  " LEFT JOIN locks l ON l.holder_root_id = ?1 AND l.holder_id = i.execution_id"
                  " AND l.holder_id IS NOT NULL"));
SQL_QUERY(
    residue_waits,
    RESIDUE("w.name", "w.epoch <= i.epoch", "e.plan_execution_id || ' ' || w.name",
            " LEFT JOIN lock_waiters w ON w.root_id = ?1 AND w.execution_id = i.execution_id"));
SQL_QUERY(residue_paused,
          RESIDUE("p.execution_id", "p.execution_id IS NOT NULL AND e.epoch <= i.epoch + 1",
                  "e.plan_execution_id",
                  " LEFT JOIN paused_executions p ON p.root_id = ?1"
                  " AND p.execution_id = i.execution_id"));

static const struct {
    const char *kind;
    const struct sql_query *query;
} residue_kinds[] = {
    {"executions",        &residue_executions  },
    {"reservations",      &residue_reservations},
    {"tokens",            &residue_tokens      },
    {"leases",            &residue_leases      },
    {"queue",             &residue_queue       },
    {"schedule",          &residue_schedule    },
    {"locks",             &residue_locks       },
    {"lock_waiters",      &residue_waits       },
    {"paused_executions", &residue_paused      },
};

static enum err residue_one(struct store *store, struct arena *arena, const struct halt_row *halt,
                            const struct sql_query *query, struct halt_residue *residue)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, query, SQL_ARGS(HALT_KEY(halt)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        residue->looked_at = sql_int(&rows, 0);
        residue->left = sql_int(&rows, 1);
        residue->example = sql_text_copy(arena, &rows, 2);
    }
    return sql_end(&rows);
}

enum err halts_residue(struct store *store, struct arena *arena, const struct halt_row *halt,
                       struct halt_residue **ret)
{
    struct halt_residue *list = NULL, **end = &list;

    for (size_t i = 0; i < ARRAY_SIZE(residue_kinds); i++) {
        struct halt_residue *residue = ARENA_NEW(arena, struct halt_residue);
        enum err err;

        residue->kind = residue_kinds[i].kind;
        err = residue_one(store, arena, halt, residue_kinds[i].query, residue);
        if (err)
            return err;
        *end = residue;
        end = &residue->next;
    }
    *ret = list;
    return ERR_OK;
}
