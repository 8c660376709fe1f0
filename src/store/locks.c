/*
 * locks.c - named mutexes inside one operator, and who waits for them in order.
 */
#include "store/locks.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "store/reservations.h"

SQL_QUERY(locks_take_row,
          "INSERT INTO locks (operator_name, name, holder_root_id, holder_id, holder_frame_id,"
          " holder_epoch, fence, acquired_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)"
          " ON CONFLICT (operator_name, name) DO UPDATE SET holder_root_id = ?3, holder_id = ?4,"
          " holder_frame_id = ?5, holder_epoch = ?6, fence = locks.fence + 1, acquired_at = ?7"
          " WHERE locks.holder_id IS NULL RETURNING fence");
SQL_QUERY(locks_wait_row,
          "INSERT INTO lock_waiters (operator_name, name, reservation_id, root_id, execution_id,"
          " frame_id, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
SQL_QUERY(locks_unwait_row, "DELETE FROM lock_waiters"
                            " WHERE operator_name = ?1 AND name = ?2 AND reservation_id = ?3");
SQL_QUERY(locks_unwait_rows, "DELETE FROM lock_waiters WHERE root_id = ?1 AND execution_id = ?2"
                             " AND (?3 = -1 OR frame_id = ?3)");
SQL_QUERY(locks_frame_row, "UPDATE locks SET holder_frame_id = ?3"
                           " WHERE operator_name = ?1 AND name = ?2");
SQL_QUERY(locks_epoch_rows,
          "UPDATE locks SET holder_epoch = ?3"
          " WHERE holder_root_id = ?1 AND holder_id = ?2 AND holder_id IS NOT NULL");
#define LOCKS_HOLDER                                                                               \
    "SELECT holder_root_id, holder_id, holder_frame_id, fence FROM locks"                          \
    " WHERE operator_name = ?1 AND name = ?2"
SQL_QUERY(locks_holder_row, LOCKS_HOLDER " /*postgres: FOR UPDATE*/");
SQL_QUERY(locks_holder_try, LOCKS_HOLDER " /*postgres: FOR UPDATE NOWAIT*/");
/* All that the halted set holds or waits for, in the order of names. */
#define LOCKS_OF_HALTED                                                                            \
    "SELECT count(*) FROM (SELECT 1 FROM locks WHERE (operator_name, name) IN"                     \
    " (SELECT l.operator_name, l.name FROM locks l JOIN halt_items i ON i.root_id = ?1"            \
    " AND i.halt_id = ?2 AND i.execution_id = l.holder_id WHERE l.holder_root_id = ?1"             \
    " AND l.holder_id IS NOT NULL UNION ALL SELECT w.operator_name, w.name FROM lock_waiters w"    \
    " JOIN halt_items i ON i.root_id = ?1 AND i.halt_id = ?2"                                      \
    " AND i.execution_id = w.execution_id WHERE w.root_id = ?1) ORDER BY operator_name, name"
SQL_QUERY_POSTGRES(locks_seize_wait, LOCKS_OF_HALTED " FOR UPDATE) AS held");
SQL_QUERY_POSTGRES(locks_seize_try, LOCKS_OF_HALTED " FOR UPDATE NOWAIT) AS held");
SQL_QUERY(locks_held_rows,
          "SELECT name, holder_frame_id FROM locks WHERE holder_root_id = ?1 AND holder_id = ?2"
          " AND holder_id IS NOT NULL AND (?3 = 0 OR holder_frame_id = ?3) ORDER BY name");
SQL_QUERY(locks_waited_rows, "SELECT name, frame_id FROM lock_waiters"
                             " WHERE root_id = ?1 AND execution_id = ?2 ORDER BY name");
SQL_QUERY(locks_next_waiter,
          "SELECT w.reservation_id, w.root_id, w.execution_id, w.frame_id, w.epoch,"
          " e.plan_execution_id"
          " FROM locks l JOIN lock_waiters w ON w.operator_name = l.operator_name"
          " AND w.name = l.name AND w.reservation_id = " LOCKS_FIRST_WAITER
          " JOIN executions e ON e.root_id = w.root_id AND e.execution_id = w.execution_id"
          " WHERE l.operator_name = ?1 AND l.name = ?2");
SQL_QUERY(locks_pass_row,
          "UPDATE locks SET holder_root_id = ?3, holder_id = ?4, holder_frame_id = ?5,"
          " holder_epoch = ?6, fence = fence + ?7, acquired_at = ?8"
          " WHERE operator_name = ?1 AND name = ?2");

enum err locks_take(struct store *store, const struct execution *e, int64_t frame_id,
                    const char *name, int64_t now_ms, int64_t *ret_fence)
{
    return sql_select_int(store->sql, &locks_take_row,
                          SQL_ARGS(SQL_TEXT(e->operator_name), SQL_TEXT(name), SQL_INT(e->root_id),
                                   SQL_INT(e->execution_id), SQL_INT(frame_id), SQL_INT(e->epoch),
                                   SQL_INT(now_ms)),
                          0, ret_fence);
}

enum err locks_wait(struct store *store, const struct reservation *r)
{
    return sql_run(store->sql, &locks_wait_row,
                   SQL_ARGS(SQL_TEXT(r->operator_name), SQL_TEXT(r->queue),
                            SQL_INT(r->reservation_id), SQL_INT(r->root_id),
                            SQL_INT(r->execution_id), SQL_INT(r->frame_id), SQL_INT(r->epoch)),
                   NULL);
}

enum err locks_unwait(struct store *store, const struct reservation *r)
{
    return sql_run(
        store->sql, &locks_unwait_row,
        SQL_ARGS(SQL_TEXT(r->operator_name), SQL_TEXT(r->queue), SQL_INT(r->reservation_id)), NULL);
}

enum err locks_unwait_frame(struct store *store, int64_t root_id, int64_t execution_id,
                            int64_t frame_id)
{
    return sql_run(store->sql, &locks_unwait_rows,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(frame_id)), NULL);
}

enum err locks_set_frame(struct store *store, const char *operator_name, const char *name,
                         int64_t frame_id)
{
    return sql_run(store->sql, &locks_frame_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(name), SQL_INT(frame_id)), NULL);
}

enum err locks_set_epoch(struct store *store, const struct execution *e)
{
    return sql_run(store->sql, &locks_epoch_rows,
                   SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id), SQL_INT(e->epoch)),
                   NULL);
}

/* Rows are waited for in the order of their names only. One that comes before what is held already
 * is tried: whoever has it may be waiting for us. */
static bool locks_may_wait(struct store *store, const char *operator_name, const char *name)
{
    char mark[STORE_LOCK_MARK_BYTES];

    snprintf(mark, sizeof(mark), "%s\n%s", operator_name, name);
    if (strcmp(mark, store->lock_mark) < 0)
        return store->is_alone;
    memcpy(store->lock_mark, mark, sizeof(mark));
    return true;
}

enum err locks_holder(struct store *store, const char *operator_name, const char *name,
                      struct lock_holder *ret)
{
    bool may_wait = locks_may_wait(store, operator_name, name);
    struct sql_rows rows;
    enum err err = sql_select(store->sql, may_wait ? &locks_holder_row : &locks_holder_try,
                              SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(name)), &rows);

    if (err)
        return err;
    *ret = (struct lock_holder){0};
    while (sql_next(&rows)) {
        ret->root_id = sql_int(&rows, 0);
        ret->execution_id = sql_int(&rows, 1);
        ret->frame_id = sql_int(&rows, 2);
        ret->fence = sql_int(&rows, 3);
    }
    return sql_end(&rows);
}

bool lock_is_held_by(const struct lock_holder *holder, const struct reservation *r)
{
    return holder->root_id == r->root_id && holder->execution_id == r->execution_id &&
           holder->frame_id == r->frame_id;
}

static enum err locks_read_names(struct arena *arena, struct sql_rows *rows, struct lock_name **ret)
{
    struct lock_name *list = NULL, **end = &list;
    enum err err;

    while (sql_next(rows)) {
        struct lock_name *name = ARENA_NEW(arena, struct lock_name);

        name->name = sql_text_copy(arena, rows, 0);
        name->frame_id = sql_int(rows, 1);
        *end = name;
        end = &name->next;
    }
    err = sql_end(rows);
    if (!err)
        *ret = list;
    return err;
}

enum err locks_held_by(struct store *store, struct arena *arena, int64_t root_id,
                       int64_t execution_id, int64_t frame_id, struct lock_name **ret)
{
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &locks_held_rows,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(frame_id)), &rows);

    if (err)
        return err;
    return locks_read_names(arena, &rows, ret);
}

enum err locks_waited_by(struct store *store, struct arena *arena, int64_t root_id,
                         int64_t execution_id, struct lock_name **ret)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &locks_waited_rows,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), &rows);

    if (err)
        return err;
    return locks_read_names(arena, &rows, ret);
}

enum err locks_seize_halted(struct store *store, int64_t root_id, int64_t halt_id)
{
    bool may_wait = !store->lock_mark[0] || store->is_alone;
    int64_t count;

    if (!sql_is_shared(store->sql))
        return ERR_OK;
    memset(store->lock_mark, 0xff, sizeof(store->lock_mark) - 1);
    return sql_select_int(store->sql, may_wait ? &locks_seize_wait : &locks_seize_try,
                          SQL_ARGS(SQL_INT(root_id), SQL_INT(halt_id)), 0, &count);
}

/* Who is next, as its LOCK reservation; reservation_id 0 when nobody waits. */
static enum err locks_next(struct store *store, struct arena *arena, const char *operator_name,
                           const char *name, struct reservation *ret_next, const char **ret_granted)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &locks_next_waiter,
                              SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(name)), &rows);

    if (err)
        return err;
    *ret_granted = NULL;
    *ret_next = (struct reservation){.operator_name = operator_name, .queue = name};
    while (sql_next(&rows)) {
        ret_next->reservation_id = sql_int(&rows, 0);
        ret_next->root_id = sql_int(&rows, 1);
        ret_next->execution_id = sql_int(&rows, 2);
        ret_next->frame_id = sql_int(&rows, 3);
        ret_next->epoch = sql_int(&rows, 4);
        *ret_granted = sql_text_copy(arena, &rows, 5);
    }
    return sql_end(&rows);
}

static enum err locks_set_holder(struct store *store, const struct reservation *next,
                                 int64_t now_ms)
{
    bool granted = next->reservation_id != 0;

    return sql_run(store->sql, &locks_pass_row,
                   SQL_ARGS(SQL_TEXT(next->operator_name), SQL_TEXT(next->queue),
                            granted ? SQL_INT(next->root_id) : SQL_NULL,
                            granted ? SQL_INT(next->execution_id) : SQL_NULL,
                            granted ? SQL_INT(next->frame_id) : SQL_NULL,
                            granted ? SQL_INT(next->epoch) : SQL_NULL, SQL_INT(granted),
                            granted ? SQL_INT(now_ms) : SQL_NULL),
                   NULL);
}

enum err locks_hand_over(struct store *store, struct arena *arena, const char *operator_name,
                         const char *name, int64_t now_ms, const char **ret_granted)
{
    struct reservation next = {0}, turn;
    struct lock_holder holder;
    const char *granted = NULL;
    enum err err = ERR_OK;

    /* Whoever waits in the queue, or leaves it, holds the lock's row: who is next is asked after.
     */
    if (sql_is_shared(store->sql))
        err = locks_holder(store, operator_name, name, &holder);
    if (!err)
        err = locks_next(store, arena, operator_name, name, &next, &granted);
    if (!err)
        err = locks_set_holder(store, &next, now_ms);
    if (!err && next.reservation_id) {
        turn = (struct reservation){
            .root_id = next.root_id,
            .execution_id = next.execution_id,
            .operator_name = operator_name,
            .frame_id = next.frame_id,
            .type = RESERVATION_TURN,
            .epoch = next.epoch,
            .due_at = now_ms,
            .created_at = now_ms,
        };
        err = locks_unwait(store, &next);
        if (!err)
            err = reservations_insert(store, &turn);
    }
    if (!err && ret_granted)
        *ret_granted = granted;
    return err;
}
