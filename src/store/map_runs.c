/*
 * map_runs.c - distributed Maps at work, as rows.
 */
#include "store/map_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* The columns that map_runs_read reads; the items, or NULL in their place, come last. */
#define MAP_RUN_COLUMNS                                                                            \
    "root_id, map_run_id, operator_name, execution_id, frame_id, plan_id, state, label, name,"     \
    " created_at, batched, item_count, total, reservation_id, status, ended_at,"                   \
    " max_concurrency, tolerated_count, tolerated_percentage, begun, succeeded, failed,"           \
    " timed_out, aborted, woken, redrives, redriven_at"

SQL_QUERY(map_runs_insert_row,
          "INSERT INTO map_runs (root_id, map_run_id, operator_name, execution_id, frame_id,"
          " reservation_id, plan_id, state, label, name, status, created_at, ended_at,"
          " max_concurrency, tolerated_count, tolerated_percentage, batched, item_count, total,"
          " begun, succeeded, failed, timed_out, aborted, woken, redrives, redriven_at, items)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
          " CAST(?16 AS REAL), ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)");
SQL_QUERY(map_runs_update,
          "UPDATE map_runs SET reservation_id = ?3, status = ?4, ended_at = ?5,"
          " max_concurrency = ?6, tolerated_count = ?7, tolerated_percentage = CAST(?8 AS REAL),"
          " begun = ?9, succeeded = ?10, failed = ?11, timed_out = ?12, aborted = ?13,"
          " woken = ?14, redrives = ?15, redriven_at = ?16"
          " WHERE root_id = ?1 AND map_run_id = ?2");
SQL_QUERY(map_runs_select, "SELECT " MAP_RUN_COLUMNS ", items FROM map_runs"
                           " WHERE root_id = ?1 AND map_run_id = ?2");
SQL_QUERY(map_runs_select_counts, "SELECT " MAP_RUN_COLUMNS ", NULL FROM map_runs"
                                  " WHERE root_id = ?1 AND map_run_id = ?2");
SQL_QUERY(map_runs_by_name, "SELECT " MAP_RUN_COLUMNS ", items FROM map_runs"
                            " WHERE operator_name = ?1 AND name = ?2");
SQL_QUERY(map_runs_of, "SELECT " MAP_RUN_COLUMNS ", NULL FROM map_runs"
                       " WHERE root_id = ?1 AND execution_id = ?2 AND map_run_id < ?3"
                       " ORDER BY map_run_id DESC LIMIT ?4");
SQL_QUERY(map_items_upsert,
          "INSERT INTO map_items (root_id, map_run_id, item_index, operator_name, status, items,"
          " output) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
          " ON CONFLICT (root_id, map_run_id, item_index) DO UPDATE SET"
          " status = excluded.status, items = excluded.items, output = excluded.output");
SQL_QUERY(map_items_select, "SELECT item_index, status, items, output FROM map_items"
                            " WHERE root_id = ?1 AND map_run_id = ?2 ORDER BY item_index");
SQL_QUERY(map_items_delete_failed, "DELETE FROM map_items WHERE root_id = ?1 AND map_run_id = ?2"
                                   " AND status <> '" MAP_ITEM_SUCCEEDED "'");
SQL_QUERY(map_items_sums, "SELECT status, sum(items) FROM map_items"
                          " WHERE root_id = ?1 AND map_run_id = ?2 GROUP BY status");

static struct sql_arg map_runs_optional(int64_t value)
{
    return value ? SQL_INT(value) : SQL_NULL;
}

/* The driver knows no real numbers: they pass as text. */
struct map_runs_real {
    char text[32];
};

static struct map_runs_real map_runs_real(double value)
{
    struct map_runs_real real;

    snprintf(real.text, sizeof(real.text), "%.17g", value);
    return real;
}

enum err map_runs_insert(struct store *store, struct map_run_row *row)
{
    struct map_runs_real percentage = map_runs_real(row->tolerated_percentage);

    if (!row->map_run_id)
        row->map_run_id = id_next(store->ids);
    return sql_run(
        store->sql, &map_runs_insert_row,
        SQL_ARGS(SQL_INT(row->root_id), SQL_INT(row->map_run_id), SQL_TEXT(row->operator_name),
                 SQL_INT(row->execution_id), SQL_INT(row->frame_id), SQL_INT(row->reservation_id),
                 SQL_TEXT(row->plan_id), SQL_TEXT(row->state), SQL_TEXT(row->label),
                 SQL_TEXT(row->name), SQL_TEXT(row->status), SQL_INT(row->created_at),
                 map_runs_optional(row->ended_at), SQL_INT(row->max_concurrency),
                 SQL_INT(row->tolerated_count), SQL_TEXT(percentage.text), SQL_INT(row->batched),
                 SQL_INT(row->item_count), SQL_INT(row->total), SQL_INT(row->begun),
                 SQL_INT(row->succeeded), SQL_INT(row->failed), SQL_INT(row->timed_out),
                 SQL_INT(row->aborted), SQL_INT(row->woken), SQL_INT(row->redrives),
                 map_runs_optional(row->redriven_at), SQL_TEXT(row->items)),
        NULL);
}

enum err map_runs_save(struct store *store, const struct map_run_row *row)
{
    struct map_runs_real percentage = map_runs_real(row->tolerated_percentage);
    int64_t changes;
    enum err err = sql_run(
        store->sql, &map_runs_update,
        SQL_ARGS(SQL_INT(row->root_id), SQL_INT(row->map_run_id), SQL_INT(row->reservation_id),
                 SQL_TEXT(row->status), map_runs_optional(row->ended_at),
                 SQL_INT(row->max_concurrency), SQL_INT(row->tolerated_count),
                 SQL_TEXT(percentage.text), SQL_INT(row->begun), SQL_INT(row->succeeded),
                 SQL_INT(row->failed), SQL_INT(row->timed_out), SQL_INT(row->aborted),
                 SQL_INT(row->woken), SQL_INT(row->redrives), map_runs_optional(row->redriven_at)),
        &changes);

    CHECK(err || changes == 1);
    return err;
}

static double map_runs_number(const struct sql_rows *rows, int column)
{
    const char *text = sql_text(rows, column);

    return text ? strtod(text, NULL) : -1;
}

static void map_runs_read(struct arena *arena, const struct sql_rows *rows, struct map_run_row *row)
{
    *row = (struct map_run_row){
        .root_id = sql_int(rows, 0),
        .map_run_id = sql_int(rows, 1),
        .operator_name = sql_text_copy(arena, rows, 2),
        .execution_id = sql_int(rows, 3),
        .frame_id = sql_int(rows, 4),
        .plan_id = sql_text_copy(arena, rows, 5),
        .state = sql_text_copy(arena, rows, 6),
        .label = sql_text_copy(arena, rows, 7),
        .name = sql_text_copy(arena, rows, 8),
        .created_at = sql_int(rows, 9),
        .batched = sql_int(rows, 10) != 0,
        .item_count = sql_int(rows, 11),
        .total = sql_int(rows, 12),
        .reservation_id = sql_int(rows, 13),
        .status = sql_text_copy(arena, rows, 14),
        .ended_at = sql_int(rows, 15),
        .max_concurrency = sql_int(rows, 16),
        .tolerated_count = sql_int(rows, 17),
        .tolerated_percentage = map_runs_number(rows, 18),
        .begun = sql_int(rows, 19),
        .succeeded = sql_int(rows, 20),
        .failed = sql_int(rows, 21),
        .timed_out = sql_int(rows, 22),
        .aborted = sql_int(rows, 23),
        .woken = sql_int(rows, 24) != 0,
        .redrives = sql_int(rows, 25),
        .redriven_at = sql_int(rows, 26),
        .items = sql_text_copy(arena, rows, 27),
    };
}

/* A query of at most one row. */
static enum err map_runs_one(struct arena *arena, struct sql_rows *rows, struct map_run_row *ret)
{
    bool found = false;
    enum err err;

    while (sql_next(rows)) {
        found = true;
        map_runs_read(arena, rows, ret);
    }
    err = sql_end(rows);
    if (err)
        return err;
    return found ? ERR_OK : ERR_NOT_FOUND;
}

enum err map_runs_load(struct store *store, struct arena *arena, int64_t root_id,
                       int64_t map_run_id, struct map_run_row *ret)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &map_runs_select,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(map_run_id)), &rows);

    return err ? err : map_runs_one(arena, &rows, ret);
}

enum err map_runs_load_counts(struct store *store, struct arena *arena, int64_t root_id,
                              int64_t map_run_id, struct map_run_row *ret)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &map_runs_select_counts,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(map_run_id)), &rows);

    return err ? err : map_runs_one(arena, &rows, ret);
}

enum err map_runs_find(struct store *store, struct arena *arena, const char *operator_name,
                       const char *name, struct map_run_row *ret)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &map_runs_by_name,
                              SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(name)), &rows);

    return err ? err : map_runs_one(arena, &rows, ret);
}

enum err map_runs_of_execution(struct store *store, struct arena *arena, int64_t root_id,
                               int64_t execution_id, int64_t before, int64_t most,
                               struct map_run_row **ret)
{
    struct map_run_row *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &map_runs_of,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id),
                                       SQL_INT(before ? before : INT64_MAX), SQL_INT(most)),
                              &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct map_run_row);
        map_runs_read(arena, &rows, *end);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

/* ---- items ---- */

enum err map_items_put(struct store *store, const struct map_run_row *run,
                       const struct map_item_row *item)
{
    return sql_run(store->sql, &map_items_upsert,
                   SQL_ARGS(SQL_INT(run->root_id), SQL_INT(run->map_run_id), SQL_INT(item->index),
                            SQL_TEXT(run->operator_name), SQL_TEXT(item->status),
                            SQL_INT(item->items), SQL_TEXT(item->output)),
                   NULL);
}

enum err map_items_list(struct store *store, struct arena *arena, int64_t root_id,
                        int64_t map_run_id, struct map_item_row **ret)
{
    struct map_item_row *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &map_items_select,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(map_run_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct map_item_row);
        **end = (struct map_item_row){
            .index = sql_int(&rows, 0),
            .status = sql_text_copy(arena, &rows, 1),
            .items = sql_int(&rows, 2),
            .output = sql_text_copy(arena, &rows, 3),
        };
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err map_items_forget_failed(struct store *store, int64_t root_id, int64_t map_run_id)
{
    return sql_run(store->sql, &map_items_delete_failed,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(map_run_id)), NULL);
}

/* Where the items of executions that ended so are counted. */
static int64_t *map_items_counter(struct map_item_counts *counts, const char *status)
{
    if (strcmp(status, MAP_ITEM_SUCCEEDED) == 0)
        return &counts->succeeded;
    if (strcmp(status, MAP_ITEM_FAILED) == 0)
        return &counts->failed;
    return strcmp(status, MAP_ITEM_TIMED_OUT) == 0 ? &counts->timed_out : &counts->aborted;
}

enum err map_items_count(struct store *store, int64_t root_id, int64_t map_run_id,
                         struct map_item_counts *ret)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &map_items_sums,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(map_run_id)), &rows);

    if (err)
        return err;
    *ret = (struct map_item_counts){0};
    while (sql_next(&rows))
        *map_items_counter(ret, sql_text(&rows, 0)) = sql_int(&rows, 1);
    return sql_end(&rows);
}
