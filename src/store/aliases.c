/*
 * aliases.c - names that route starts to one or two published versions.
 */
#include "store/machines.h"

#include "base/arena.h"

#define ALIASES_SELECT                                                                             \
    "SELECT alias, description, created_at, updated_at, routes FROM plan_aliases"                  \
    " WHERE operator_name = ?1 AND plan_id = ?2"

SQL_QUERY(aliases_select, ALIASES_SELECT " AND alias = ?3");
SQL_QUERY(aliases_select_all, ALIASES_SELECT " ORDER BY alias");
SQL_QUERY(aliases_upsert,
          "INSERT INTO plan_aliases (operator_name, plan_id, alias, created_at, updated_at,"
          " description, routes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
          " ON CONFLICT (operator_name, plan_id, alias) DO UPDATE"
          " SET updated_at = excluded.updated_at, description = excluded.description,"
          " routes = excluded.routes");
SQL_QUERY(aliases_delete_row, "DELETE FROM plan_aliases WHERE operator_name = ?1 AND plan_id = ?2"
                              " AND alias = ?3");

static void aliases_read(struct arena *arena, const struct sql_rows *rows, struct alias_row *ret)
{
    *ret = (struct alias_row){
        .alias = sql_text_copy(arena, rows, 0),
        .description = sql_text_copy(arena, rows, 1),
        .created_at = sql_int(rows, 2),
        .updated_at = sql_int(rows, 3),
        .routes = sql_text_copy(arena, rows, 4),
    };
}

enum err aliases_load(struct store *store, struct arena *arena, const char *operator_name,
                      const char *plan_id, const char *alias, struct alias_row *ret)
{
    struct alias_row row = {0};
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &aliases_select,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_TEXT(alias)), &rows);

    if (err)
        return err;
    while (sql_next(&rows))
        aliases_read(arena, &rows, &row);
    err = sql_end(&rows);
    if (err)
        return err;
    if (!row.alias)
        return ERR_NOT_FOUND;
    *ret = row;
    return ERR_OK;
}

enum err aliases_put(struct store *store, const char *operator_name, const char *plan_id,
                     const struct alias_row *row)
{
    return sql_run(store->sql, &aliases_upsert,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_TEXT(row->alias),
                            SQL_INT(row->created_at), SQL_INT(row->updated_at),
                            SQL_TEXT(row->description), SQL_TEXT(row->routes)),
                   NULL);
}

enum err aliases_delete(struct store *store, const char *operator_name, const char *plan_id,
                        const char *alias, int64_t *ret_changes)
{
    return sql_run(store->sql, &aliases_delete_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_TEXT(alias)),
                   ret_changes);
}

enum err aliases_list(struct store *store, struct arena *arena, const char *operator_name,
                      const char *plan_id, struct alias_row **ret)
{
    struct alias_row *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &aliases_select_all,
                              SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct alias_row);
        aliases_read(arena, &rows, *end);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}
