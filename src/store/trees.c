/*
 * trees.c - the rows that order every change in a tree.
 */
#include "store/trees.h"

#include "base/arena.h"

SQL_QUERY(trees_insert_row,
          "INSERT INTO trees (root_id, operator_name, seq, executions) VALUES (?1, ?2, 1, 1)");
SQL_QUERY(trees_lock_row, "UPDATE trees SET seq = seq + 1 WHERE root_id = ?1");
/* Skips a tree that another transaction has; then the one that is left out is found out by count.
 */
SQL_QUERY_POSTGRES(trees_lock_wait,
                   "UPDATE trees SET seq = seq + 1 WHERE root_id = ?1 RETURNING seq");
SQL_QUERY_POSTGRES(trees_lock_try,
                   "UPDATE trees SET seq = seq + 1 WHERE root_id = (SELECT root_id FROM trees"
                   " WHERE root_id = ?1 FOR UPDATE SKIP LOCKED) RETURNING seq");
SQL_QUERY_POSTGRES(trees_lock_many,
                   "SELECT root_id, seq FROM trees WHERE root_id = ANY (CAST(?1 AS BIGINT[]))"
                   " FOR UPDATE SKIP LOCKED");
SQL_QUERY(trees_count, "SELECT count(*) FROM trees WHERE root_id = ?1");
SQL_QUERY(trees_seq, "SELECT seq FROM trees WHERE root_id = ?1");
SQL_QUERY(trees_grow_row,
          "UPDATE trees SET executions = executions + 1 WHERE root_id = ?1 AND executions < ?2");

enum err trees_insert(struct store *store, const char *operator_name, int64_t root_id)
{
    return sql_run(store->sql, &trees_insert_row,
                   SQL_ARGS(SQL_INT(root_id), SQL_TEXT(operator_name)), NULL);
}

/* Whoever holds a tree waits for no other: what is taken goes to a transaction of its own. */
static enum err trees_lock_shared(struct store *store, int64_t root_id, int64_t *ret_seq)
{
    const struct sql_query *query = store->may_wait ? &trees_lock_wait : &trees_lock_try;
    int64_t count = 0;
    enum err err = sql_select_int(store->sql, query, SQL_ARGS(SQL_INT(root_id)), 0, ret_seq);

    store->may_wait = false;
    if (err || *ret_seq)
        return err;
    err = sql_select_int(store->sql, &trees_count, SQL_ARGS(SQL_INT(root_id)), 0, &count);
    if (err)
        return err;
    return count ? ERR_STORAGE_BUSY : ERR_EXECUTION_NOT_FOUND;
}

enum err trees_lock_ahead(struct store *store, struct arena *arena, const char *list)
{
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &trees_lock_many, SQL_ARGS(SQL_TEXT(list)), &rows);

    if (err)
        return err;
    store->may_wait = false;
    while (sql_next(&rows)) {
        struct tree_ahead *ahead = ARENA_NEW(arena, struct tree_ahead);

        ahead->root_id = sql_int(&rows, 0);
        ahead->seq = sql_int(&rows, 1);
        ahead->next = store->ahead;
        store->ahead = ahead;
    }
    return sql_end(&rows);
}

/* It is the first who asks for it that raises seq: what he is refused leaves no trace. */
static enum err trees_use_ahead(struct store *store, struct tree_ahead *ahead, int64_t *ret_seq)
{
    ahead->is_used = true;
    *ret_seq = ahead->seq + 1;
    return sql_run(store->sql, &trees_lock_row, SQL_ARGS(SQL_INT(ahead->root_id)), NULL);
}

static struct tree_ahead *trees_ahead(const struct store *store, int64_t root_id)
{
    for (struct tree_ahead *ahead = store->ahead; ahead; ahead = ahead->next) {
        if (ahead->root_id == root_id && !ahead->is_used)
            return ahead;
    }
    return NULL;
}

enum err trees_lock(struct store *store, int64_t root_id, int64_t *ret_seq)
{
    struct tree_ahead *ahead = trees_ahead(store, root_id);
    int64_t changes;
    enum err err;

    if (ahead)
        return trees_use_ahead(store, ahead, ret_seq);
    if (sql_is_shared(store->sql))
        return trees_lock_shared(store, root_id, ret_seq);
    /* Two statements cost SQLite a third of one with RETURNING. */
    err = sql_run(store->sql, &trees_lock_row, SQL_ARGS(SQL_INT(root_id)), &changes);
    if (err)
        return err;
    if (!changes)
        return ERR_EXECUTION_NOT_FOUND;
    return sql_select_int(store->sql, &trees_seq, SQL_ARGS(SQL_INT(root_id)), 0, ret_seq);
}

enum err trees_grow(struct store *store, int64_t root_id, int64_t most)
{
    int64_t changes;
    enum err err =
        sql_run(store->sql, &trees_grow_row, SQL_ARGS(SQL_INT(root_id), SQL_INT(most)), &changes);

    if (err)
        return err;
    return changes ? ERR_OK : ERR_TOO_LARGE;
}
