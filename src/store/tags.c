/*
 * tags.c - keys and values that people put on state machines and activities.
 */
#include "store/tags.h"

#include "base/arena.h"

#define TAGS_OF " FROM tags WHERE operator_name = ?1 AND resource = ?2"

SQL_QUERY(tags_select, "SELECT key, value" TAGS_OF " ORDER BY key");
SQL_QUERY(tags_select_count, "SELECT count(*)" TAGS_OF);
SQL_QUERY(tags_upsert, "INSERT INTO tags (operator_name, resource, key, value)"
                       " VALUES (?1, ?2, ?3, ?4)"
                       " ON CONFLICT (operator_name, resource, key) DO UPDATE"
                       " SET value = excluded.value");
SQL_QUERY(tags_delete_row, "DELETE" TAGS_OF " AND key = ?3");
SQL_QUERY(tags_delete_all, "DELETE" TAGS_OF);

enum err tags_list(struct store *store, struct arena *arena, const char *operator_name,
                   const char *resource, struct tag_row **ret)
{
    struct tag_row *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &tags_select,
                              SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(resource)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct tag_row);
        (*end)->key = sql_text_copy(arena, &rows, 0);
        (*end)->value = sql_text_copy(arena, &rows, 1);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err tags_count(struct store *store, const char *operator_name, const char *resource,
                    int64_t *ret)
{
    return sql_select_int(store->sql, &tags_select_count,
                          SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(resource)), 0, ret);
}

enum err tags_put(struct store *store, const char *operator_name, const char *resource,
                  const struct tag_row *row)
{
    return sql_run(store->sql, &tags_upsert,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(resource), SQL_TEXT(row->key),
                            SQL_TEXT(row->value)),
                   NULL);
}

enum err tags_delete(struct store *store, const char *operator_name, const char *resource,
                     const char *key)
{
    return sql_run(store->sql, &tags_delete_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(resource), SQL_TEXT(key)), NULL);
}

enum err tags_clear(struct store *store, const char *operator_name, const char *resource)
{
    return sql_run(store->sql, &tags_delete_all,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(resource)), NULL);
}
