/*
 * reservations.c - stored claims on the future of an execution.
 */
#include "store/reservations.h"

#include <string.h>

#include "base/arena.h"

static const struct reservation_kind reservation_kinds[RESERVATION_TYPE_COUNT] = {
    [RESERVATION_START] = {"START",      true,  false, STATUS_NONE                       },
    [RESERVATION_TURN] = {"TURN",       true,  false, STATUS_EXECUTING                  },
    [RESERVATION_TIMER] = {"TIMER",      true,  false, STATUS_WAITING_FOR_TIMER          },
    [RESERVATION_RETRY] = {"RETRY",      true,  false, STATUS_WAITING_FOR_TIMER          },
    [RESERVATION_TIMEOUT] = {"TIMEOUT",    true,  false, STATUS_NONE                       },
    [RESERVATION_HEARTBEAT] = {"HEARTBEAT",  true,  false, STATUS_NONE                       },
    [RESERVATION_TASK] = {"TASK",       false, false, STATUS_EXECUTING                  },
    [RESERVATION_CALLBACK] = {"CALLBACK",   false, true,  STATUS_WAITING_FOR_CALLBACK       },
    [RESERVATION_HUMAN_TASK] = {"HUMAN_TASK", false, false, STATUS_WAITING_FOR_HUMAN_TASK     },
    [RESERVATION_CHILD] = {"CHILD",      false, true,  STATUS_WAITING_FOR_CHILD_EXECUTION},
    [RESERVATION_LOCK] = {"LOCK",       false, false, STATUS_WAITING_FOR_LOCK           },
    [RESERVATION_CALL] = {"CALL",       false, false, STATUS_EXECUTING                  },
    [RESERVATION_MAP_RUN] = {"MAP_RUN",    false, true,  STATUS_WAITING_FOR_CHILD_EXECUTION},
};

const struct reservation_kind *reservation_kind(enum reservation_type type)
{
    CHECK(type > RESERVATION_NONE);
    CHECK(type < RESERVATION_TYPE_COUNT);
    return &reservation_kinds[type];
}

enum reservation_type reservation_type_parse(const char *name)
{
    for (int i = RESERVATION_NONE + 1; i < RESERVATION_TYPE_COUNT; i++) {
        if (strcmp(reservation_kinds[i].name, name) == 0)
            return (enum reservation_type)i;
    }
    die("the store holds a reservation of a type that is none");
}

bool reservation_is_fresh(const struct reservation *reservation)
{
    return strcmp(reservation->status, "FRESH") == 0;
}

#define RESERVATION_COLUMNS                                                                        \
    "root_id, execution_id, reservation_id, operator_name, frame_id, type, status, epoch, state,"  \
    " due_at, queue, ready, attempt, worker, lease_until, lease_ms, token_hash, child_id,"         \
    " created_at, arrived_at, settled_at, halt_id, failed, answer_hash, data, result"

SQL_QUERY(
    reservations_insert_row,
    "INSERT INTO reservations (root_id, execution_id, reservation_id, operator_name, frame_id,"
    " type, status, epoch, state, due_at, queue, ready, attempt, token_hash, child_id,"
    " created_at, data, lease_ms) VALUES"
    " (?1, ?2, ?3, ?4, ?5, ?6, 'FRESH', ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");
SQL_QUERY(reservations_select, "SELECT " RESERVATION_COLUMNS " FROM reservations"
                               " WHERE root_id = ?1 AND execution_id = ?2 AND reservation_id = ?3");
SQL_QUERY(reservations_select_fresh,
          "SELECT " RESERVATION_COLUMNS " FROM reservations"
          " WHERE root_id = ?1 AND execution_id = ?2 AND status = 'FRESH'"
          " ORDER BY arrived_at IS NULL, arrived_at, reservation_id");
SQL_QUERY(reservations_arrived,
          "UPDATE reservations SET arrived_at = ?4, failed = ?5, result = ?6, answer_hash = ?7,"
          " ready = 0 WHERE root_id = ?1 AND execution_id = ?2 AND reservation_id = ?3"
          " AND status = 'FRESH' AND arrived_at IS NULL");
SQL_QUERY(reservations_used,
          "UPDATE reservations SET status = 'USED', settled_at = ?4, answer_hash = ?5, ready = 0,"
          " result = NULL, data = NULL"
          " WHERE root_id = ?1 AND execution_id = ?2 AND reservation_id = ?3 AND status = 'FRESH'");
SQL_QUERY(reservations_stale_frame,
          "UPDATE reservations SET status = 'STALE', settled_at = ?4, ready = 0"
          " WHERE root_id = ?1 AND execution_id = ?2 AND frame_id = ?3 AND status = 'FRESH'");
SQL_QUERY(reservations_stale_all,
          "UPDATE reservations SET status = 'STALE', settled_at = ?3, ready = 0"
          " WHERE root_id = ?1 AND execution_id = ?2 AND status = 'FRESH'");
SQL_QUERY(reservations_leased,
          "UPDATE reservations SET ready = 0, attempt = ?4, worker = ?5, lease_until = ?6,"
          " lease_ms = ?7, token_hash = ?8"
          " WHERE root_id = ?1 AND execution_id = ?2 AND reservation_id = ?3");
SQL_QUERY(reservations_extended,
          "UPDATE reservations SET lease_until = ?4"
          " WHERE root_id = ?1 AND execution_id = ?2 AND reservation_id = ?3");
SQL_QUERY(reservations_beat_moved,
          "UPDATE reservations SET due_at = ?4 WHERE root_id = ?1 AND execution_id = ?2"
          " AND frame_id = ?3 AND status = 'FRESH' AND type = 'HEARTBEAT' AND arrived_at IS NULL");
SQL_QUERY(reservations_requeued,
          "UPDATE reservations SET ready = 1, worker = NULL, lease_until = NULL, token_hash = NULL"
          " WHERE root_id = ?1 AND execution_id = ?2 AND reservation_id = ?3 AND status = 'FRESH'");
SQL_QUERY(reservations_ready_set,
          "UPDATE reservations SET ready = ?3 WHERE root_id = ?1 AND execution_id = ?2"
          " AND status = 'FRESH' AND type = 'TASK' AND worker IS NULL AND arrived_at IS NULL");
/* A restart under a new epoch: what has arrived goes along (a lock that was granted has), the rest
 * dies. */
SQL_QUERY(reservations_restart_stale,
          "UPDATE reservations SET status = 'STALE', settled_at = ?3, ready = 0"
          " WHERE root_id = ?1 AND execution_id = ?2 AND status = 'FRESH' AND arrived_at IS NULL"
          " AND NOT (type = 'LOCK' AND EXISTS (SELECT 1 FROM locks l WHERE l.operator_name ="
          " reservations.operator_name AND l.name = queue AND l.holder_root_id = ?1"
          " AND l.holder_id = ?2 AND l.holder_frame_id = frame_id))");
SQL_QUERY(reservations_restart_keep,
          "UPDATE reservations SET epoch = ?3"
          " WHERE root_id = ?1 AND execution_id = ?2 AND status = 'FRESH'");
#define RESERVATIONS_READY                                                                         \
    " WHERE r.ready = 1 AND r.operator_name = ?1 AND r.queue = ?2 ORDER BY r.reservation_id "      \
    "LIMIT 1"
#define RESERVATIONS_CALLS                                                                         \
    " WHERE r.status = 'FRESH' AND r.type = 'CALL' AND r.ready = 1 ORDER BY r.reservation_id "     \
    "LIMIT 1"
#define RESERVATIONS_KEYS "SELECT r.root_id, r.execution_id, r.reservation_id FROM reservations r"
/* Those whose tree somebody else has are passed over: many look at the same time. */
#define RESERVATIONS_FREE_TREE RESERVATIONS_KEYS " JOIN trees t ON t.root_id = r.root_id"
#define RESERVATIONS_SKIP " FOR UPDATE OF t SKIP LOCKED"
SQL_QUERY(reservations_ready_first, RESERVATIONS_KEYS RESERVATIONS_READY);
SQL_QUERY_POSTGRES(reservations_ready_free,
                   RESERVATIONS_FREE_TREE RESERVATIONS_READY RESERVATIONS_SKIP);
SQL_QUERY(reservations_call_first, RESERVATIONS_KEYS RESERVATIONS_CALLS);
SQL_QUERY_POSTGRES(reservations_call_free,
                   RESERVATIONS_FREE_TREE RESERVATIONS_CALLS RESERVATIONS_SKIP);
SQL_QUERY(reservations_due_now,
          "SELECT root_id, execution_id, reservation_id, type, epoch, due_at, frame_id"
          " FROM reservations WHERE status = 'FRESH' AND due_at IS NOT NULL AND arrived_at IS NULL"
          " AND due_at <= ?1 ORDER BY due_at LIMIT ?2");
/* Several lanes look at the same time: each has trees of its own, and between nodes a tree that
 * somebody else has is his to look after. */
SQL_QUERY_POSTGRES(
    reservations_due_shared,
    "SELECT r.root_id, r.execution_id, r.reservation_id, r.type, r.epoch, r.due_at, r.frame_id"
    " FROM reservations r JOIN trees t ON t.root_id = r.root_id"
    " WHERE r.status = 'FRESH' AND r.due_at IS NOT NULL AND r.arrived_at IS NULL"
    " AND r.due_at <= ?1 AND r.root_id / ?3 % ?4 = ?5"
    " ORDER BY r.due_at LIMIT ?2 FOR UPDATE OF t SKIP LOCKED");
SQL_QUERY(reservations_due_next,
          "SELECT min(due_at) FROM reservations WHERE status = 'FRESH' AND due_at IS NOT NULL"
          " AND arrived_at IS NULL");

/* The key of a reservation, as the first three arguments of a query. */
#define RESERVATION_KEY(r)                                                                         \
    SQL_INT((r)->root_id), SQL_INT((r)->execution_id), SQL_INT((r)->reservation_id)

static struct sql_arg reservations_optional(int64_t value)
{
    return value ? SQL_INT(value) : SQL_NULL;
}

void reservations_schedule(struct store *store, const struct reservation *r)
{
    if (store->on_scheduled && r->due_at)
        store->on_scheduled(store->user, r, true);
}

void reservations_unschedule(struct store *store, const struct reservation *r, int64_t now_ms)
{
    if (store->on_scheduled && r->due_at > now_ms)
        store->on_scheduled(store->user, r, false);
}

enum err reservations_insert(struct store *store, struct reservation *r)
{
    if (!r->reservation_id)
        r->reservation_id = id_next(store->ids);
    reservations_schedule(store, r);
    return sql_run(store->sql, &reservations_insert_row,
                   SQL_ARGS(RESERVATION_KEY(r), SQL_TEXT(r->operator_name), SQL_INT(r->frame_id),
                            SQL_TEXT(reservation_kind(r->type)->name), SQL_INT(r->epoch),
                            SQL_TEXT(r->state), reservations_optional(r->due_at),
                            SQL_TEXT(r->queue), SQL_INT(r->ready), SQL_INT(r->attempt),
                            r->token_hash ? SQL_BLOB(r->token_hash, SHA256_BYTES) : SQL_NULL,
                            reservations_optional(r->child_id), SQL_INT(r->created_at),
                            SQL_TEXT(r->data), reservations_optional(r->lease_ms)),
                   NULL);
}

static void reservations_read(struct arena *arena, const struct sql_rows *rows,
                              struct reservation *r)
{
    size_t len = 0;
    const void *hash = sql_blob(rows, 16, &len);

    r->root_id = sql_int(rows, 0);
    r->execution_id = sql_int(rows, 1);
    r->reservation_id = sql_int(rows, 2);
    r->operator_name = sql_text_copy(arena, rows, 3);
    r->frame_id = sql_int(rows, 4);
    r->type = reservation_type_parse(sql_text(rows, 5));
    r->status = sql_text_copy(arena, rows, 6);
    r->epoch = sql_int(rows, 7);
    r->state = sql_text_copy(arena, rows, 8);
    r->due_at = sql_int(rows, 9);
    r->queue = sql_text_copy(arena, rows, 10);
    r->ready = sql_int(rows, 11) != 0;
    r->attempt = sql_int(rows, 12);
    r->worker = sql_text_copy(arena, rows, 13);
    r->lease_until = sql_int(rows, 14);
    r->lease_ms = sql_int(rows, 15);
    r->token_hash = hash && len == SHA256_BYTES ? arena_copy(arena, hash, len) : NULL;
    r->child_id = sql_int(rows, 17);
    r->created_at = sql_int(rows, 18);
    r->arrived_at = sql_int(rows, 19);
    r->settled_at = sql_int(rows, 20);
    r->halt_id = sql_int(rows, 21);
    r->failed = sql_int(rows, 22) != 0;
    r->answer_hash = sql_text_copy(arena, rows, 23);
    r->data = sql_text_copy(arena, rows, 24);
    r->result = sql_text_copy(arena, rows, 25);
}

enum err reservations_load(struct store *store, struct arena *arena, int64_t root_id,
                           int64_t execution_id, int64_t reservation_id, struct reservation *ret)
{
    struct reservation r = {0};
    struct sql_rows rows;
    enum err err = sql_select(
        store->sql, &reservations_select,
        SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(reservation_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows))
        reservations_read(arena, &rows, &r);
    err = sql_end(&rows);
    if (err)
        return err;
    if (r.type == RESERVATION_NONE)
        return ERR_NOT_FOUND;
    *ret = r;
    return ERR_OK;
}

enum err reservations_fresh_of(struct store *store, struct arena *arena, int64_t root_id,
                               int64_t execution_id, struct reservation **ret)
{
    struct sql_rows rows;
    struct reservation *list = NULL, **end = &list;
    enum err err = sql_select(store->sql, &reservations_select_fresh,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct reservation);
        reservations_read(arena, &rows, *end);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err reservations_arrive(struct store *store, const struct reservation *r,
                             const struct reservation_result *result, int64_t now_ms,
                             bool *ret_taken)
{
    int64_t changes;
    enum err err = sql_run(store->sql, &reservations_arrived,
                           SQL_ARGS(RESERVATION_KEY(r), SQL_INT(now_ms), SQL_INT(result->failed),
                                    SQL_TEXT(result->text), SQL_TEXT(result->answer_hash)),
                           &changes);

    if (!err)
        *ret_taken = changes == 1;
    return err;
}

enum err reservations_use(struct store *store, const struct reservation *r, int64_t now_ms)
{
    int64_t changes;
    enum err err;

    reservations_unschedule(store, r, now_ms);
    err =
        sql_run(store->sql, &reservations_used,
                SQL_ARGS(RESERVATION_KEY(r), SQL_INT(now_ms), SQL_TEXT(r->answer_hash)), &changes);

    CHECK(err || changes == 1);
    return err;
}

enum err reservations_stale(struct store *store, int64_t root_id, int64_t execution_id,
                            int64_t frame_id, int64_t now_ms, int64_t *ret_count)
{
    if (frame_id < 0)
        return sql_run(store->sql, &reservations_stale_all,
                       SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(now_ms)),
                       ret_count);
    return sql_run(
        store->sql, &reservations_stale_frame,
        SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(frame_id), SQL_INT(now_ms)),
        ret_count);
}

enum err reservations_lease(struct store *store, const struct reservation *r)
{
    return sql_run(store->sql, &reservations_leased,
                   SQL_ARGS(RESERVATION_KEY(r), SQL_INT(r->attempt), SQL_TEXT(r->worker),
                            SQL_INT(r->lease_until), SQL_INT(r->lease_ms),
                            SQL_BLOB(r->token_hash, SHA256_BYTES)),
                   NULL);
}

enum err reservations_extend(struct store *store, const struct reservation *r, int64_t lease_until)
{
    enum err err = sql_run(store->sql, &reservations_extended,
                           SQL_ARGS(RESERVATION_KEY(r), SQL_INT(lease_until)), NULL);

    if (err)
        return err;
    return sql_run(store->sql, &reservations_beat_moved,
                   SQL_ARGS(SQL_INT(r->root_id), SQL_INT(r->execution_id), SQL_INT(r->frame_id),
                            SQL_INT(lease_until)),
                   NULL);
}

enum err reservations_requeue(struct store *store, const struct reservation *r)
{
    return sql_run(store->sql, &reservations_requeued, SQL_ARGS(RESERVATION_KEY(r)), NULL);
}

enum err reservations_set_ready(struct store *store, int64_t root_id, int64_t execution_id,
                                bool ready)
{
    return sql_run(store->sql, &reservations_ready_set,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(ready)), NULL);
}

enum err reservations_restart(struct store *store, int64_t root_id, int64_t execution_id,
                              int64_t epoch, int64_t now_ms)
{
    enum err err =
        sql_run(store->sql, &reservations_restart_stale,
                SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(now_ms)), NULL);

    if (err)
        return err;
    return sql_run(store->sql, &reservations_restart_keep,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(epoch)), NULL);
}

static enum err reservations_first(struct store *store, const struct sql_query *query,
                                   const struct sql_arg *args, size_t arg_count,
                                   struct reservation *ret)
{
    struct sql_rows rows;
    bool found = false;
    enum err err = sql_select(store->sql, query, args, arg_count, &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        found = true;
        ret->root_id = sql_int(&rows, 0);
        ret->execution_id = sql_int(&rows, 1);
        ret->reservation_id = sql_int(&rows, 2);
    }
    err = sql_end(&rows);
    if (err)
        return err;
    return found ? ERR_OK : ERR_NOT_FOUND;
}

/* A transaction that may not wait passes over what others have; when nothing is left but that, it
 * is asked again where waiting is allowed. */
static enum err reservations_first_of(struct store *store, const struct sql_query *all,
                                      const struct sql_query *free, const struct sql_arg *args,
                                      size_t arg_count, struct reservation *ret)
{
    enum err err = ERR_NOT_FOUND;
    bool skips = sql_is_shared(store->sql) && !store->may_wait;

    if (skips)
        err = reservations_first(store, free, args, arg_count, ret);
    if (err != ERR_NOT_FOUND)
        return err;
    err = reservations_first(store, all, args, arg_count, ret);
    return skips && !err ? ERR_STORAGE_BUSY : err;
}

enum err reservations_first_ready(struct store *store, const char *operator_name, const char *queue,
                                  struct reservation *ret)
{
    const struct sql_arg args[] = {SQL_TEXT(operator_name), SQL_TEXT(queue)};

    return reservations_first_of(store, &reservations_ready_first, &reservations_ready_free, args,
                                 ARRAY_SIZE(args), ret);
}

enum err reservations_first_call(struct store *store, struct reservation *ret)
{
    return reservations_first_of(store, &reservations_call_first, &reservations_call_free,
                                 SQL_NO_ARGS, ret);
}

enum err reservations_due(struct store *store, struct arena *arena, const struct due_range *range,
                          struct reservation **ret)
{
    const struct sql_arg args[] = {SQL_INT(range->until_ms), SQL_INT(range->most), SQL_INT(ID_STEP),
                                   SQL_INT(range->lanes), SQL_INT(range->lane)};
    bool shared = sql_is_shared(store->sql);
    struct sql_rows rows;
    struct reservation *list = NULL, **end = &list;
    enum err err = sql_select(store->sql, shared ? &reservations_due_shared : &reservations_due_now,
                              args, shared ? ARRAY_SIZE(args) : 2, &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        struct reservation *r = ARENA_NEW(arena, struct reservation);

        r->root_id = sql_int(&rows, 0);
        r->execution_id = sql_int(&rows, 1);
        r->reservation_id = sql_int(&rows, 2);
        r->type = reservation_type_parse(sql_text(&rows, 3));
        r->epoch = sql_int(&rows, 4);
        r->due_at = sql_int(&rows, 5);
        r->frame_id = sql_int(&rows, 6);
        *end = r;
        end = &r->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err reservations_next_due(struct store *store, int64_t *ret_due_at)
{
    return sql_select_int(store->sql, &reservations_due_next, SQL_NO_ARGS, INT64_MAX, ret_due_at);
}
