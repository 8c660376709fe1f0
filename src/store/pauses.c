/*
 * pauses.c - rows of paused_executions.
 */
#include "store/pauses.h"

#include "store/executions.h"

SQL_QUERY(
    pauses_insert_row,
    "INSERT INTO paused_executions (root_id, execution_id, operator_name, kind, subject, reason,"
    " created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
SQL_QUERY(pauses_delete_row,
          "DELETE FROM paused_executions WHERE root_id = ?1 AND execution_id = ?2");
SQL_QUERY(pauses_failed, "SELECT count(*) FROM paused_executions"
                         " WHERE root_id = ?1 AND execution_id = ?2 AND kind = 'FAILED'");

enum err pauses_insert(struct store *store, const struct execution *e, const char *kind,
                       const char *subject, const char *reason, int64_t now_ms)
{
    return sql_run(store->sql, &pauses_insert_row,
                   SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id),
                            SQL_TEXT(e->operator_name), SQL_TEXT(kind), SQL_TEXT(subject),
                            SQL_TEXT(reason), SQL_INT(now_ms)),
                   NULL);
}

enum err pauses_delete(struct store *store, int64_t root_id, int64_t execution_id)
{
    return sql_run(store->sql, &pauses_delete_row,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), NULL);
}

enum err pauses_is_failed(struct store *store, int64_t root_id, int64_t execution_id, bool *ret)
{
    int64_t count;
    enum err err = sql_select_int(store->sql, &pauses_failed,
                                  SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), 0, &count);

    if (!err)
        *ret = count > 0;
    return err;
}
