/*
 * commits.c - what tells, after the answer to a commit was lost, whether it was one.
 */
#include "store/commits.h"

SQL_QUERY_POSTGRES(commits_insert_row,
                   "INSERT INTO commits (commit_id, node, created_at) SELECT ?1, n.node, ?4"
                   " FROM nodes n WHERE n.node = ?2 AND n.holder = ?3"
                   " ON CONFLICT (commit_id) DO NOTHING");
SQL_QUERY(commits_count, "SELECT count(*) FROM commits WHERE commit_id = ?1");
SQL_QUERY(commits_purge_rows, "DELETE FROM commits WHERE commit_id IN (SELECT commit_id"
                              " FROM commits WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)");

enum err commits_insert(struct store *store, int64_t commit_id, int64_t node, const char *holder,
                        int64_t now_ms, bool *ret_inserted)
{
    int64_t changes, count;
    enum err err = sql_run(
        store->sql, &commits_insert_row,
        SQL_ARGS(SQL_INT(commit_id), SQL_INT(node), SQL_TEXT(holder), SQL_INT(now_ms)), &changes);

    if (err)
        return err;
    *ret_inserted = changes != 0;
    if (changes)
        return ERR_OK;
    err = sql_select_int(store->sql, &commits_count, SQL_ARGS(SQL_INT(commit_id)), 0, &count);
    if (err)
        return err;
    return count ? ERR_OK : ERR_UNAVAILABLE;
}

enum err commits_purge(struct store *store, int64_t before_ms, int64_t most, int64_t *ret_count)
{
    return sql_run(store->sql, &commits_purge_rows, SQL_ARGS(SQL_INT(before_ms), SQL_INT(most)),
                   ret_count);
}
