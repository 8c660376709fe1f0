/*
 * activities.c - names under which workers of others take tasks.
 */
#include "store/activities.h"

#include "base/arena.h"

SQL_QUERY(activities_select, "SELECT name, created_at, configuration FROM activities"
                             " WHERE operator_name = ?1 AND name = ?2");
SQL_QUERY(activities_select_page, "SELECT name, created_at, configuration FROM activities"
                                  " WHERE operator_name = ?1 AND name > ?2 ORDER BY name LIMIT ?3");
SQL_QUERY(activities_select_nth,
          "SELECT 1 FROM activities WHERE operator_name = ?1 LIMIT 1 OFFSET ?2");
SQL_QUERY(activities_insert_row,
          "INSERT INTO activities (operator_name, name, created_at, configuration)"
          " VALUES (?1, ?2, ?3, ?4)");
SQL_QUERY(activities_delete_row, "DELETE FROM activities WHERE operator_name = ?1 AND name = ?2");

static void activities_read(struct arena *arena, const struct sql_rows *rows,
                            struct activity_row *ret)
{
    *ret = (struct activity_row){
        .name = sql_text_copy(arena, rows, 0),
        .created_at = sql_int(rows, 1),
        .configuration = sql_text_copy(arena, rows, 2),
    };
}

enum err activities_load(struct store *store, struct arena *arena, const char *operator_name,
                         const char *name, struct activity_row *ret)
{
    struct activity_row row = {0};
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &activities_select,
                              SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(name)), &rows);

    if (err)
        return err;
    while (sql_next(&rows))
        activities_read(arena, &rows, &row);
    err = sql_end(&rows);
    if (err)
        return err;
    if (!row.name)
        return ERR_NOT_FOUND;
    *ret = row;
    return ERR_OK;
}

enum err activities_insert(struct store *store, const char *operator_name,
                           const struct activity_row *row)
{
    return sql_run(store->sql, &activities_insert_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(row->name), SQL_INT(row->created_at),
                            SQL_TEXT(row->configuration)),
                   NULL);
}

enum err activities_delete(struct store *store, const char *operator_name, const char *name)
{
    return sql_run(store->sql, &activities_delete_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(name)), NULL);
}

enum err activities_list(struct store *store, struct arena *arena, const char *operator_name,
                         const char *after, int64_t limit, struct activity_row **ret)
{
    struct activity_row *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &activities_select_page,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(after), SQL_INT(limit)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct activity_row);
        activities_read(arena, &rows, *end);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err activities_reach(struct store *store, const char *operator_name, int64_t limit, bool *ret)
{
    int64_t found = 0;
    enum err err = sql_select_int(store->sql, &activities_select_nth,
                                  SQL_ARGS(SQL_TEXT(operator_name), SQL_INT(limit - 1)), 0, &found);

    if (!err)
        *ret = found != 0;
    return err;
}
