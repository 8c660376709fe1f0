/*
 * publications.c - published versions of state machines.
 */
#include "store/machines.h"

#include "base/arena.h"

#define PUBLICATIONS_COLUMNS "SELECT number, plan_version, created_at, description"
#define PUBLICATIONS_OF_PLAN " FROM plan_publications WHERE operator_name = ?1 AND plan_id = ?2"

SQL_QUERY(publications_select, PUBLICATIONS_COLUMNS PUBLICATIONS_OF_PLAN " AND number = ?3");
SQL_QUERY(publications_select_version, PUBLICATIONS_COLUMNS PUBLICATIONS_OF_PLAN
          " AND plan_version = ?3 ORDER BY number DESC LIMIT 1");
SQL_QUERY(publications_select_page, PUBLICATIONS_COLUMNS PUBLICATIONS_OF_PLAN
          " AND (?3 = 0 OR number < ?3) ORDER BY number DESC LIMIT ?4");
SQL_QUERY(publications_select_count, "SELECT count(*)" PUBLICATIONS_OF_PLAN);
SQL_QUERY(publications_next, "UPDATE plans SET last_publication = last_publication + 1"
                             " WHERE operator_name = ?1 AND plan_id = ?2"
                             " RETURNING last_publication");
SQL_QUERY(publications_insert_row,
          "INSERT INTO plan_publications (operator_name, plan_id, number, plan_version, created_at,"
          " description) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
SQL_QUERY(publications_delete_row, "DELETE" PUBLICATIONS_OF_PLAN " AND number = ?3");

static void publications_read(struct arena *arena, const struct sql_rows *rows,
                              struct publication_row *ret)
{
    *ret = (struct publication_row){
        .number = sql_int(rows, 0),
        .plan_version = sql_int(rows, 1),
        .created_at = sql_int(rows, 2),
        .description = sql_text_copy(arena, rows, 3),
    };
}

/* Of a query of one row at most. */
static enum err publications_one(struct arena *arena, struct sql_rows *rows,
                                 struct publication_row *ret)
{
    struct publication_row row = {0};
    enum err err;

    while (sql_next(rows))
        publications_read(arena, rows, &row);
    err = sql_end(rows);
    if (err)
        return err;
    if (!row.number)
        return ERR_NOT_FOUND;
    *ret = row;
    return ERR_OK;
}

enum err publications_load(struct store *store, struct arena *arena, const char *operator_name,
                           const char *plan_id, int64_t number, struct publication_row *ret)
{
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &publications_select,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(number)), &rows);

    return err ? err : publications_one(arena, &rows, ret);
}

enum err publications_of_version(struct store *store, struct arena *arena,
                                 const char *operator_name, const char *plan_id,
                                 int64_t plan_version, struct publication_row *ret)
{
    struct sql_rows rows;
    enum err err = sql_select(
        store->sql, &publications_select_version,
        SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(plan_version)), &rows);

    return err ? err : publications_one(arena, &rows, ret);
}

enum err publications_insert(struct store *store, const char *operator_name, const char *plan_id,
                             struct publication_row *row)
{
    enum err err =
        sql_select_int(store->sql, &publications_next,
                       SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), 0, &row->number);

    CHECK(err || row->number > 0); /* of a plan that has been found */
    if (err)
        return err;
    return sql_run(store->sql, &publications_insert_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(row->number),
                            SQL_INT(row->plan_version), SQL_INT(row->created_at),
                            SQL_TEXT(row->description)),
                   NULL);
}

enum err publications_delete(struct store *store, const char *operator_name, const char *plan_id,
                             int64_t number)
{
    return sql_run(store->sql, &publications_delete_row,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(number)), NULL);
}

enum err publications_list(struct store *store, struct arena *arena, const char *operator_name,
                           const char *plan_id, int64_t before, int64_t limit,
                           struct publication_row **ret)
{
    struct publication_row *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err = sql_select(
        store->sql, &publications_select_page,
        SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(before), SQL_INT(limit)),
        &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct publication_row);
        publications_read(arena, &rows, *end);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err publications_count(struct store *store, const char *operator_name, const char *plan_id,
                            int64_t *ret)
{
    return sql_select_int(store->sql, &publications_select_count,
                          SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), 0, ret);
}
