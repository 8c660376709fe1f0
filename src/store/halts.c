/*
 * halts.c - the rows that a halt changes, set by set.
 */
#include "store/halts.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "store/locks.h"
#include "store/plain_trees.h"

/* A member of the halted set, once halts_stop has run. */
#define HALTED(e, r)                                                                               \
    e ".root_id = ?1 AND " e ".execution_id = " r " AND " e ".halt_id = ?2 AND " e                 \
      ".status = 'STOPPED'"
/* The set itself. IN is half as dear to SQLite as UPDATE ... FROM, which copies every row first. */
#define HALT_MEMBERS "IN (SELECT execution_id FROM halt_items WHERE root_id = ?1 AND halt_id = ?2)"
/* Of a plain tree: no set need be looked up. */
#define HALT_TARGET "= ?4"
#define HALT_KEY(h) SQL_INT((h)->root_id), SQL_INT((h)->halt_id)

#define HALT_ITEM_COLUMNS                                                                          \
    "INSERT INTO halt_items (root_id, halt_id, depth, execution_id, operator_name,"                \
    " previous_status, last_state, epoch) "
#define HALT_ITEM_VALUES                                                                           \
    "SELECT e.root_id, ?2, b.depth, e.execution_id, e.operator_name, e.status, e.last_state,"      \
    " e.epoch FROM below b JOIN executions_now e"                                                  \
    " ON e.root_id = ?1 AND e.execution_id = b.execution_id"                                       \
    " WHERE e.ended_at IS NULL AND b.depth > 0"

SQL_QUERY(halts_collect_target_row, HALT_ITEM_COLUMNS
          "SELECT root_id, ?2, 0, execution_id, operator_name, status, last_state, epoch"
          " FROM executions_now WHERE root_id = ?1 AND execution_id = ?3 AND ended_at IS NULL");
SQL_QUERY(halts_collect_all, HALT_ITEM_COLUMNS
          "WITH RECURSIVE below (execution_id, depth) AS (SELECT CAST(?3 AS BIGINT), 0 UNION ALL"
          " SELECT c.execution_id, b.depth + 1 FROM below b JOIN executions c"
          " ON c.root_id = ?1 AND c.parent_id = b.execution_id) " HALT_ITEM_VALUES);
/* Awaited children only: the parent's CHILD reservation is still FRESH. */
#define HALT_AWAITED                                                                               \
    " UNION ALL SELECT c.execution_id, b.depth + 1 FROM below b JOIN executions c"                 \
    " ON c.root_id = ?1 AND c.parent_id = b.execution_id"                                          \
    " JOIN reservations r ON r.root_id = ?1 AND r.execution_id = c.parent_id"                      \
    " AND r.reservation_id = c.parent_reservation_id AND r.status = 'FRESH') "
SQL_QUERY(halts_collect_awaited, HALT_ITEM_COLUMNS
          "WITH RECURSIVE below (execution_id, depth) AS (SELECT CAST(?3 AS BIGINT), 0" HALT_AWAITED
              HALT_ITEM_VALUES);
SQL_QUERY(halts_collect_frame, HALT_ITEM_COLUMNS
          "WITH RECURSIVE below (execution_id, depth) AS (SELECT child_id, 1"
          " FROM reservations WHERE root_id = ?1 AND execution_id = ?3"
          " AND frame_id = ?4 AND status = 'FRESH' AND type = 'CHILD'"
          " AND arrived_at IS NULL"
          " UNION ALL SELECT c.execution_id, 1 FROM reservations r"
          " JOIN executions c ON c.root_id = ?1 AND c.parent_id = ?3"
          " AND c.parent_reservation_id = r.reservation_id"
          " WHERE r.root_id = ?1 AND r.execution_id = ?3 AND r.frame_id = ?4"
          " AND r.status = 'FRESH' AND r.type = 'MAP_RUN'" HALT_AWAITED HALT_ITEM_VALUES);
SQL_QUERY(
    halts_record_rows,
    "INSERT INTO history (root_id, execution_id, seq, operator_name, tree_seq, time_at, type,"
    " halt_id, event_id, previous_event_id, detail) SELECT i.root_id, i.execution_id,"
    " e.history_seq + 1, i.operator_name, ?3, ?4, 'EXECUTION.HALTED', ?2, e.event_id + 1, 0,"
    " '{\"previous_status\":\"' || i.previous_status || '\"' ||"
    " CASE WHEN i.execution_id = ?5 THEN ?6 ELSE '' END || '}'"
    " FROM halt_items i JOIN executions e ON e.root_id = ?1 AND e.execution_id = i.execution_id"
    " WHERE i.root_id = ?1 AND i.halt_id = ?2");
/* history_seq + 2: EXECUTION.HALTED above, RESERVATION.CLEANED below. */
#define HALTS_STOP_ROWS(who)                                                                       \
    "UPDATE executions SET status = 'STOPPED', epoch = executions.epoch + 1, halt_id = ?2,"        \
    " history_seq = history_seq + 2, event_id = event_id + 1, busy_turns = 0,"                     \
    " updated_at = ?3, ended_at = ?3 WHERE root_id = ?1 AND execution_id " who
SQL_QUERY(halts_stop_rows, HALTS_STOP_ROWS(HALT_MEMBERS));
SQL_QUERY(halts_stop_row, HALTS_STOP_ROWS(HALT_TARGET));
SQL_QUERY(halts_keep_error, "UPDATE executions SET error = ?3, cause = ?4 WHERE root_id = ?1"
                            " AND execution_id = ?2");
SQL_QUERY(halts_map_runs, "UPDATE map_runs SET status = 'ABORTED', ended_at = ?3 WHERE root_id = ?1"
                          " AND status = 'RUNNING' AND execution_id " HALT_MEMBERS);
SQL_QUERY(halts_batch_mark, "UPDATE executions SET batch_operations = ?3"
                            " WHERE root_id = ?1 AND execution_id " HALT_MEMBERS);
SQL_QUERY(halts_paused_items, "SELECT count(*) FROM halt_items WHERE root_id = ?1 AND halt_id = ?2"
                              " AND previous_status = 'WAITING_FOR_RESTART'");
SQL_QUERY(halts_unpause_rows,
          "DELETE FROM paused_executions WHERE root_id = ?1 AND EXISTS (SELECT 1 FROM executions e"
          " WHERE " HALTED("e", "paused_executions.execution_id") ")");
SQL_QUERY(halts_tree_leased,
          "SELECT count(*) FROM (SELECT 1 FROM reservations WHERE root_id = ?1 AND status = 'FRESH'"
          " AND worker IS NOT NULL LIMIT 1) AS one");
SQL_QUERY(
    halts_in_flight_insert,
    "INSERT INTO halt_in_flight (root_id, halt_id, execution_id, reservation_id, operator_name,"
    " task, worker, lease_until) SELECT r.root_id, ?2, r.execution_id, r.reservation_id,"
    " r.operator_name, r.queue, r.worker, r.lease_until FROM reservations r JOIN executions e"
    " ON " HALTED("e", "r.execution_id") " WHERE r.root_id = ?1 AND r.status = 'FRESH'"
                                         " AND r.worker IS NOT NULL AND r.arrived_at IS NULL AND "
                                         "r.lease_until > ?3");
SQL_QUERY(halts_scheduled,
          "SELECT count(due_at) FROM reservations WHERE root_id = ?1 AND status = 'FRESH'"
          " AND execution_id " HALT_MEMBERS);
#define HALTS_CLEAN_ROWS(who)                                                                      \
    "UPDATE reservations SET status = 'STALE', settled_at = ?3, halt_id = ?2, ready = 0"           \
    " WHERE root_id = ?1 AND status = 'FRESH' AND execution_id " who
SQL_QUERY(halts_clean_rows, HALTS_CLEAN_ROWS(HALT_MEMBERS));
SQL_QUERY(halts_clean_row, HALTS_CLEAN_ROWS(HALT_TARGET));
SQL_QUERY(
    halts_cleaned_rows,
    "INSERT INTO history (root_id, execution_id, seq, operator_name, tree_seq, time_at, type,"
    " halt_id, detail) SELECT i.root_id, i.execution_id, e.history_seq, i.operator_name, ?3, ?4,"
    " 'RESERVATION.CLEANED', ?2, '{}' FROM halt_items i JOIN executions e"
    " ON e.root_id = ?1 AND e.execution_id = i.execution_id"
    " WHERE i.root_id = ?1 AND i.halt_id = ?2");

/* The hand-over of every lock of the set, each to its first live waiter: nobody of the set is live
 * any more. */
/* Under the tree's lock nobody but us can begin to wait, and only who waits is granted a lock. */
SQL_QUERY(
    halts_tree_locks,
    "SELECT count(*) FROM (SELECT 1 FROM lock_waiters WHERE root_id = ?1 UNION ALL"
    " SELECT 1 FROM locks WHERE holder_root_id = ?1 AND holder_id IS NOT NULL LIMIT 1) AS one");
SQL_QUERY(halts_unwait_rows,
          "DELETE FROM lock_waiters WHERE root_id = ?1 AND EXISTS (SELECT 1 FROM executions e"
          " WHERE " HALTED("e", "lock_waiters.execution_id") ")");
SQL_QUERY(halts_locks_collect,
          "INSERT INTO halt_locks (root_id, halt_id, name, operator_name, execution_id, frame_id,"
          " fence, granted_to, granted_root_id, granted_id, granted_frame_id, granted_epoch,"
          " granted_reservation_id) SELECT ?1, ?2, l.name, l.operator_name, l.holder_id,"
          " l.holder_frame_id, l.fence + CASE WHEN w.reservation_id IS NULL THEN 0 ELSE 1 END,"
          " g.plan_execution_id, w.root_id, w.execution_id, w.frame_id, w.epoch, w.reservation_id"
          " FROM locks l JOIN executions e ON " HALTED(
              "e", "l.holder_id") " LEFT JOIN lock_waiters w ON w.operator_name = l.operator_name "
                                  "AND w.name = l.name"
                                  " AND w.reservation_id = " LOCKS_FIRST_WAITER
                                  " LEFT JOIN executions g ON g.root_id = w.root_id AND "
                                  "g.execution_id = w.execution_id"
                                  " WHERE l.holder_root_id = ?1 AND l.holder_id IS NOT NULL");
SQL_QUERY(halts_locks_pass,
          "UPDATE locks SET holder_root_id = h.granted_root_id, holder_id = h.granted_id,"
          " holder_frame_id = h.granted_frame_id, holder_epoch = h.granted_epoch, fence = h.fence,"
          " acquired_at = CASE WHEN h.granted_id IS NULL THEN NULL ELSE CAST(?3 AS BIGINT) END "
          "FROM halt_locks h"
          " WHERE h.root_id = ?1 AND h.halt_id = ?2 AND locks.operator_name = h.operator_name"
          " AND locks.name = h.name");
SQL_QUERY(halts_locks_granted, "SELECT count(*) FROM halt_locks"
                               " WHERE root_id = ?1 AND halt_id = ?2 AND granted_id IS NOT NULL");
SQL_QUERY(halts_locks_unwait,
          "DELETE FROM lock_waiters WHERE (operator_name, name, reservation_id) IN"
          " (SELECT operator_name, name, granted_reservation_id FROM halt_locks"
          " WHERE root_id = ?1 AND halt_id = ?2 AND granted_id IS NOT NULL)");
SQL_QUERY(
    halts_locks_turns,
    "INSERT INTO reservations (root_id, execution_id, reservation_id, operator_name, frame_id,"
    " type, status, epoch, due_at, ready, attempt, created_at)"
    " SELECT granted_root_id, granted_id, ?3 + ?5 * (row_number() OVER (ORDER BY name) - 1), "
    "operator_name,"
    " granted_frame_id, 'TURN', 'FRESH', granted_epoch, ?4, 0, 0, ?4 FROM halt_locks"
    " WHERE root_id = ?1 AND halt_id = ?2 AND granted_id IS NOT NULL");
/* Names and ids are of A-Z a-z 0-9 . _ : - so they need no escaping. */
SQL_QUERY(
    halts_locks_record,
    "INSERT INTO history (root_id, execution_id, seq, operator_name, tree_seq, time_at, type,"
    " halt_id, detail) SELECT ?1, h.execution_id, e.history_seq + row_number()"
    " OVER (PARTITION BY h.execution_id ORDER BY h.name), h.operator_name, ?3, ?4,"
    " 'LOCK.RELEASED', ?2, '{\"name\":\"' || h.name || '\",\"granted_to\":' ||"
    " CASE WHEN h.granted_to IS NULL THEN 'null' ELSE '\"' || h.granted_to || '\"' END || '}'"
    " FROM halt_locks h JOIN executions e ON e.root_id = ?1 AND e.execution_id = h.execution_id"
    " WHERE h.root_id = ?1 AND h.halt_id = ?2");
SQL_QUERY(halts_locks_numbered,
          "UPDATE executions SET history_seq = history_seq + (SELECT count(*) FROM halt_locks h"
          " WHERE h.root_id = ?1 AND h.halt_id = ?2 AND h.execution_id = executions.execution_id)"
          " WHERE root_id = ?1 AND execution_id IN (SELECT execution_id FROM halt_locks"
          " WHERE root_id = ?1 AND halt_id = ?2)");
SQL_QUERY(
    halts_insert_row,
    "INSERT INTO halts (root_id, halt_id, operator_name, portal_id, subject, execution_id, kind,"
    " children, outcome, reason, batch_name, tree_seq, created_at, executions, reservations,"
    " scheduled, locks, granted, in_flight, callback, unused, anomalies, digest) VALUES (?1, ?2,"
    " ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,"
    " ?22, ?23)");

static const char *const halt_children_names[] = {
    [HALT_CHILDREN_NONE] = "none",
    [HALT_CHILDREN_AWAITED] = "awaited",
    [HALT_CHILDREN_ALL] = "all",
};

/* ?4, the frame, is a parameter of one of the queries only. */
static enum err halts_collect(struct store *store, struct halt_row *h,
                              const struct sql_query *query, int64_t frame_id)
{
    const struct sql_arg args[] = {HALT_KEY(h), SQL_INT(h->execution_id), SQL_INT(frame_id)};
    int64_t changes;
    enum err err = sql_run(store->sql, query, args, frame_id ? 4 : 3, &changes);

    if (err || !changes)
        return err;
    h->executions += changes;
    err = sql_select_int(store->sql, &halts_tree_locks, SQL_ARGS(SQL_INT(h->root_id)), 0,
                         &h->has_locks);
    return err || !h->has_locks ? err : locks_seize_halted(store, h->root_id, h->halt_id);
}

/* The one execution that there is: that the statement finds it is known. */
static enum err halts_collect_plain(struct store *store, struct halt_row *h)
{
    if (h->plain->target.ended_at)
        return ERR_OK;
    h->executions = 1;
    return sql_run(store->sql, &halts_collect_target_row,
                   SQL_ARGS(HALT_KEY(h), SQL_INT(h->execution_id)), NULL);
}

enum err halts_collect_target(struct store *store, struct halt_row *h)
{
    if (h->plain)
        return halts_collect_plain(store, h);
    return halts_collect(store, h, &halts_collect_target_row, 0);
}

enum err halts_collect_below(struct store *store, struct halt_row *h)
{
    if (h->children == HALT_CHILDREN_NONE || h->plain)
        return ERR_OK;
    return halts_collect(
        store, h, h->children == HALT_CHILDREN_ALL ? &halts_collect_all : &halts_collect_awaited,
        0);
}

enum err halts_collect_of_frame(struct store *store, struct halt_row *h, int64_t frame_id)
{
    return halts_collect(store, h, &halts_collect_frame, frame_id);
}

/* Error and cause of a StopExecution, as members that follow others. */
static const char *halts_told(struct arena *arena, const struct halt_row *h)
{
    struct json *told = json_object(arena);
    const char *text;

    if (h->error)
        json_add(arena, told, "error", json_string(arena, h->error));
    if (h->cause)
        json_add(arena, told, "cause", json_string(arena, h->cause));
    if (!told->count)
        return "";
    text = json_text(arena, told);
    return arena_printf(arena, ",%.*s", (int)strlen(text) - 2, text + 1);
}

enum err halts_record(struct store *store, const struct halt_row *h)
{
    struct arena *arena = h->error || h->cause ? arena_new() : NULL;
    enum err err =
        sql_run(store->sql, &halts_record_rows,
                SQL_ARGS(HALT_KEY(h), SQL_INT(h->tree_seq), SQL_INT(h->created_at),
                         SQL_INT(h->execution_id), SQL_TEXT(arena ? halts_told(arena, h) : "")),
                NULL);

    arena_free(arena);
    return err;
}

/* In a batch each execution also bears the batch's name (the seed's batch_operations). */
static enum err halts_mark_batch(struct store *store, const struct halt_row *h)
{
    struct arena *arena;
    enum err err;

    if (!h->batch_name)
        return ERR_OK;
    arena = arena_new();
    err = sql_run(store->sql, &halts_batch_mark,
                  SQL_ARGS(HALT_KEY(h),
                           SQL_TEXT(arena_printf(arena,
                                                 "[{\"batch\":{\"name\":\"%s\",\"type\":\"HALT\","
                                                 "\"create_time\":%lld}}]",
                                                 h->batch_name, (long long)h->created_at))),
                  NULL);
    arena_free(arena);
    return err;
}

enum err halts_stop(struct store *store, const struct halt_row *h)
{
    const struct sql_arg args[] = {HALT_KEY(h), SQL_INT(h->created_at), SQL_INT(h->execution_id)};
    int64_t changes = h->executions;
    enum err err = h->plain ? sql_run(store->sql, &halts_stop_row, args, 4, NULL)
                            : sql_run(store->sql, &halts_stop_rows, args, 3, &changes);

    if (err)
        return err;
    CHECK(changes == h->executions);
    if (h->error || h->cause)
        err = sql_run(store->sql, &halts_keep_error,
                      SQL_ARGS(SQL_INT(h->root_id), SQL_INT(h->execution_id), SQL_TEXT(h->error),
                               SQL_TEXT(h->cause)),
                      NULL);
    return err ? err : halts_mark_batch(store, h);
}

enum err halts_unpause(struct store *store, const struct halt_row *h, int64_t *ret_missing)
{
    int64_t paused, deleted = 0;
    enum err err =
        sql_select_int(store->sql, &halts_paused_items, SQL_ARGS(HALT_KEY(h)), 0, &paused);

    if (!err && paused)
        err = sql_run(store->sql, &halts_unpause_rows, SQL_ARGS(HALT_KEY(h)), &deleted);
    if (!err)
        *ret_missing = paused - deleted;
    return err;
}

/* What is counted is asked for, but of a plain tree, of which it is known. */
static enum err halts_clean_claims(struct store *store, struct halt_row *h)
{
    int64_t leased;
    enum err err =
        sql_select_int(store->sql, &halts_tree_leased, SQL_ARGS(SQL_INT(h->root_id)), 0, &leased);

    if (!err && leased)
        err = sql_run(store->sql, &halts_in_flight_insert,
                      SQL_ARGS(HALT_KEY(h), SQL_INT(h->created_at)), &h->in_flight);
    if (!err)
        err = sql_select_int(store->sql, &halts_scheduled, SQL_ARGS(HALT_KEY(h)), 0, &h->scheduled);
    if (!err)
        err = sql_run(store->sql, &halts_clean_rows, SQL_ARGS(HALT_KEY(h), SQL_INT(h->created_at)),
                      &h->reservations);
    if (err)
        return err;
    return sql_run(store->sql, &halts_map_runs, SQL_ARGS(HALT_KEY(h), SQL_INT(h->created_at)),
                   NULL);
}

static enum err halts_clean_plain(struct store *store, struct halt_row *h)
{
    h->reservations = h->plain->reservations;
    h->scheduled = h->plain->scheduled;
    return sql_run(store->sql, &halts_clean_row,
                   SQL_ARGS(HALT_KEY(h), SQL_INT(h->created_at), SQL_INT(h->execution_id)), NULL);
}

enum err halts_clean(struct store *store, struct halt_row *h)
{
    enum err err = h->plain ? halts_clean_plain(store, h) : halts_clean_claims(store, h);

    if (err)
        return err;
    return sql_run(store->sql, &halts_cleaned_rows,
                   SQL_ARGS(HALT_KEY(h), SQL_INT(h->tree_seq), SQL_INT(h->created_at)), NULL);
}

static enum err halts_pass_locks(struct store *store, const struct halt_row *h)
{
    enum err err =
        sql_run(store->sql, &halts_locks_pass, SQL_ARGS(HALT_KEY(h), SQL_INT(h->created_at)), NULL);

    if (!err)
        err = sql_run(store->sql, &halts_locks_record,
                      SQL_ARGS(HALT_KEY(h), SQL_INT(h->tree_seq), SQL_INT(h->created_at)), NULL);
    if (!err)
        err = sql_run(store->sql, &halts_locks_numbered, SQL_ARGS(HALT_KEY(h)), NULL);
    if (err || !h->granted)
        return err;
    err = sql_run(store->sql, &halts_locks_unwait, SQL_ARGS(HALT_KEY(h)), NULL);
    if (err)
        return err;
    if (store->on_scheduled)
        store->on_scheduled(store->user, NULL, true);
    return sql_run(store->sql, &halts_locks_turns,
                   SQL_ARGS(HALT_KEY(h), SQL_INT(id_block(store->ids, h->granted)),
                            SQL_INT(h->created_at), SQL_INT(ID_STEP)),
                   NULL);
}

enum err halts_unlock(struct store *store, struct halt_row *h)
{
    enum err err;

    if (!h->has_locks)
        return ERR_OK;
    err = sql_run(store->sql, &halts_unwait_rows, SQL_ARGS(HALT_KEY(h)), NULL);
    if (!err)
        err = sql_run(store->sql, &halts_locks_collect, SQL_ARGS(HALT_KEY(h)), &h->locks);
    if (err || !h->locks)
        return err;
    err = sql_select_int(store->sql, &halts_locks_granted, SQL_ARGS(HALT_KEY(h)), 0, &h->granted);
    if (err)
        return err;
    return halts_pass_locks(store, h);
}

enum err halts_insert(struct store *store, const struct halt_row *h)
{
    return sql_run(store->sql, &halts_insert_row,
                   SQL_ARGS(HALT_KEY(h), SQL_TEXT(h->operator_name), SQL_TEXT(h->portal_id),
                            SQL_TEXT(h->subject), SQL_INT(h->execution_id), SQL_TEXT(h->kind),
                            SQL_TEXT(halt_children_names[h->children]), SQL_TEXT(h->outcome),
                            SQL_TEXT(h->reason), SQL_TEXT(h->batch_name), SQL_INT(h->tree_seq),
                            SQL_INT(h->created_at), SQL_INT(h->executions),
                            SQL_INT(h->reservations), SQL_INT(h->scheduled), SQL_INT(h->locks),
                            SQL_INT(h->granted), SQL_INT(h->in_flight), SQL_TEXT(h->callback),
                            SQL_TEXT(h->unused), SQL_TEXT(h->anomalies), SQL_TEXT(h->digest)),
                   NULL);
}
