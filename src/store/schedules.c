/*
 * schedules.c - what there is to fall due, for a schedule beside the store.
 */
#include "store/schedules.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

#define SCHEDULES_COLUMNS                                                                          \
    "SELECT root_id, execution_id, reservation_id, epoch, due_at FROM reservations"

SQL_QUERY(schedules_due_page, SCHEDULES_COLUMNS
          " WHERE status = 'FRESH' AND due_at IS NOT NULL AND arrived_at IS NULL"
          " AND (due_at, root_id, execution_id, reservation_id) > (?1, ?2, ?3, ?4)"
          " ORDER BY due_at, root_id, execution_id, reservation_id LIMIT ?5");
SQL_QUERY(schedules_halt_page, SCHEDULES_COLUMNS
          " WHERE root_id = ?1 AND (execution_id, reservation_id) > (?2, ?3) AND halt_id = ?4"
          " AND status = 'STALE' AND due_at IS NOT NULL"
          " ORDER BY execution_id, reservation_id LIMIT ?5");
/* Lists come as texts: "1,2,3". */
#define SCHEDULES_LIST(n) "CAST(string_to_array(?" #n ", ',') AS BIGINT[])"
SQL_QUERY_POSTGRES(
    schedules_fresh_of,
    "SELECT k.n FROM unnest(" SCHEDULES_LIST(1) ", " SCHEDULES_LIST(2) ", " SCHEDULES_LIST(
        3) ", " SCHEDULES_LIST(4) ") WITH ORDINALITY"
                                  " AS k (root_id, execution_id, reservation_id, epoch, n)"
                                  " JOIN reservations r ON r.root_id = k.root_id"
                                  " AND r.execution_id = k.execution_id"
                                  " AND r.reservation_id = k.reservation_id AND r.epoch = k.epoch"
                                  " WHERE r.status = 'FRESH' AND r.due_at IS NOT NULL"
                                  " AND r.arrived_at IS NULL");

static enum err schedules_read(struct arena *arena, struct sql_rows *rows, int64_t most,
                               struct schedule_rows *ret)
{
    struct schedule_row *list = ARENA_ARRAY(arena, struct schedule_row, (size_t)most + 1);
    size_t count = 0;
    enum err err;

    for (; sql_next(rows); count++) {
        list[count] = (struct schedule_row){
            .root_id = sql_int(rows, 0),
            .execution_id = sql_int(rows, 1),
            .reservation_id = sql_int(rows, 2),
            .epoch = sql_int(rows, 3),
            .due_at = sql_int(rows, 4),
        };
    }
    err = sql_end(rows);
    if (!err)
        *ret = (struct schedule_rows){list, count};
    return err;
}

enum err schedules_page(struct store *store, struct arena *arena, const struct schedule_row *after,
                        int64_t most, struct schedule_rows *ret)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &schedules_due_page,
                              SQL_ARGS(SQL_INT(after->due_at), SQL_INT(after->root_id),
                                       SQL_INT(after->execution_id), SQL_INT(after->reservation_id),
                                       SQL_INT(most)),
                              &rows);

    return err ? err : schedules_read(arena, &rows, most, ret);
}

enum err schedules_of_halt(struct store *store, struct arena *arena, int64_t halt_id,
                           const struct schedule_row *after, int64_t most,
                           struct schedule_rows *ret)
{
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &schedules_halt_page,
                   SQL_ARGS(SQL_INT(after->root_id), SQL_INT(after->execution_id),
                            SQL_INT(after->reservation_id), SQL_INT(halt_id), SQL_INT(most)),
                   &rows);

    return err ? err : schedules_read(arena, &rows, most, ret);
}

static const char *schedules_list(struct arena *arena, const struct schedule_row *rows,
                                  size_t count, size_t member)
{
    struct buf buf;

    buf_init(&buf, arena, BUF_BYTES_OWN);
    for (size_t i = 0; i < count; i++) {
        int64_t value;

        memcpy(&value, (const char *)&rows[i] + member, sizeof(value));
        buf_printf(&buf, "%s%lld", i ? "," : "", (long long)value);
    }
    return buf.data;
}

enum err schedules_check(struct store *store, struct arena *arena, const struct schedule_row *rows,
                         size_t count, bool *ret)
{
    static const size_t members[] = {
        offsetof(struct schedule_row, root_id), offsetof(struct schedule_row, execution_id),
        offsetof(struct schedule_row, reservation_id), offsetof(struct schedule_row, epoch)};
    struct sql_arg args[ARRAY_SIZE(members)];
    struct sql_rows found;
    enum err err;

    memset(ret, 0, count * sizeof(*ret));
    if (!count)
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        args[i] = SQL_TEXT(schedules_list(arena, rows, count, members[i]));
    err = sql_select(store->sql, &schedules_fresh_of, args, ARRAY_SIZE(args), &found);
    if (err)
        return err;
    while (sql_next(&found))
        ret[sql_int(&found, 0) - 1] = true;
    return sql_end(&found);
}
