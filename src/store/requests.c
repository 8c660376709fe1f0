/*
 * requests.c - answers kept under their Idempotency-Key.
 */
#include "store/requests.h"

#include "base/arena.h"

SQL_QUERY(requests_select,
          "SELECT body_hash, status, halt_id, body, created_at FROM requests"
          " WHERE operator_name = ?1 AND subject = ?2 AND route = ?3 AND key = ?4");
SQL_QUERY(requests_insert_row,
          "INSERT INTO requests (operator_name, subject, route, key, body_hash, status, created_at,"
          " halt_id, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
SQL_QUERY(requests_purge_rows,
          "DELETE FROM requests WHERE (operator_name, subject, route, key) IN"
          " (SELECT operator_name, subject, route, key FROM requests WHERE created_at < ?1"
          " ORDER BY created_at LIMIT ?2)");

enum err requests_find(struct store *store, struct arena *arena, const struct request_key *key,
                       struct request_row *ret)
{
    struct sql_rows rows;
    bool found = false;
    enum err err = sql_select(store->sql, &requests_select,
                              SQL_ARGS(SQL_TEXT(key->operator_name), SQL_TEXT(key->subject),
                                       SQL_TEXT(key->route), SQL_TEXT(key->key)),
                              &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        found = true;
        *ret = (struct request_row){
            .body_hash = sql_text_copy(arena, &rows, 0),
            .status = (int)sql_int(&rows, 1),
            .halt_id = sql_text_copy(arena, &rows, 2),
            .body = sql_text_copy(arena, &rows, 3),
            .created_at = sql_int(&rows, 4),
        };
    }
    err = sql_end(&rows);
    if (err)
        return err;
    return found ? ERR_OK : ERR_NOT_FOUND;
}

enum err requests_insert(struct store *store, const struct request_key *key,
                         const struct request_row *row)
{
    return sql_run(store->sql, &requests_insert_row,
                   SQL_ARGS(SQL_TEXT(key->operator_name), SQL_TEXT(key->subject),
                            SQL_TEXT(key->route), SQL_TEXT(key->key), SQL_TEXT(key->body_hash),
                            SQL_INT(row->status), SQL_INT(row->created_at), SQL_TEXT(row->halt_id),
                            SQL_TEXT(row->body)),
                   NULL);
}

enum err requests_purge(struct store *store, int64_t before_ms, int64_t most, int64_t *ret_count)
{
    return sql_run(store->sql, &requests_purge_rows, SQL_ARGS(SQL_INT(before_ms), SQL_INT(most)),
                   ret_count);
}
