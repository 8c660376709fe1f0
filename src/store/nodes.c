/*
 * nodes.c - who is at work on a shared store, and under which number.
 */
#include "store/nodes.h"

/* Two that ask at once take turns. */
SQL_QUERY_POSTGRES(nodes_lock,
                   "SELECT pg_advisory_xact_lock(7118, hashtext(current_schema()::text))");
#define NODES_CLOCK "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
SQL_QUERY_POSTGRES(nodes_clock_text, "SELECT " NODES_CLOCK);
/* The holder's own number again, else the lowest that is free. */
SQL_QUERY_POSTGRES(
    nodes_free,
    "SELECT 2 * n FROM generate_series(0, ?2 - 1) AS n LEFT JOIN nodes k ON k.node = 2 * n"
    " WHERE k.node IS NULL OR k.holder = ?1 OR k.hold_until <= " NODES_CLOCK
    " ORDER BY k.holder IS DISTINCT FROM ?1, n LIMIT 1");
SQL_QUERY_POSTGRES(
    nodes_take_row,
    "INSERT INTO nodes (node, holder, url, version, started_at, hold_until) VALUES (?1, ?2, ?3,"
    " ?4, " NODES_CLOCK ", " NODES_CLOCK " + ?5) ON CONFLICT (node) DO UPDATE SET"
    " holder = excluded.holder, url = excluded.url, version = excluded.version,"
    " started_at = excluded.started_at, hold_until = excluded.hold_until");
SQL_QUERY_POSTGRES(nodes_renew_row, "UPDATE nodes SET hold_until = " NODES_CLOCK
                                    " + ?3 WHERE node = ?1 AND holder = ?2");
SQL_QUERY_POSTGRES(nodes_give_up_row,
                   "UPDATE nodes SET hold_until = 0 WHERE node = ?1 AND holder = ?2");

enum err nodes_take(struct store *store, struct node_row *row, int64_t hold_ms)
{
    int64_t nothing, node;
    enum err err = sql_select_int(store->sql, &nodes_lock, SQL_NO_ARGS, 0, &nothing);

    if (!err)
        err = sql_select_int(store->sql, &nodes_free,
                             SQL_ARGS(SQL_TEXT(row->holder), SQL_INT(NODES_MOST)), -1, &node);
    if (err)
        return err;
    if (node < 0)
        return ERR_UNAVAILABLE;
    row->node = node;
    return sql_run(store->sql, &nodes_take_row,
                   SQL_ARGS(SQL_INT(node), SQL_TEXT(row->holder), SQL_TEXT(row->url),
                            SQL_TEXT(row->version), SQL_INT(hold_ms)),
                   NULL);
}

enum err nodes_renew(struct store *store, const struct node_row *row, int64_t hold_ms,
                     bool *ret_held)
{
    int64_t changes;
    enum err err =
        sql_run(store->sql, &nodes_renew_row,
                SQL_ARGS(SQL_INT(row->node), SQL_TEXT(row->holder), SQL_INT(hold_ms)), &changes);

    if (!err)
        *ret_held = changes != 0;
    return err;
}

enum err nodes_give_up(struct store *store, const struct node_row *row)
{
    return sql_run(store->sql, &nodes_give_up_row,
                   SQL_ARGS(SQL_INT(row->node), SQL_TEXT(row->holder)), NULL);
}

enum err nodes_clock(struct store *store, int64_t *ret_now_ms)
{
    return sql_select_int(store->sql, &nodes_clock_text, SQL_NO_ARGS, 0, ret_now_ms);
}
