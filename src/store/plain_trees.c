/*
 * plain_trees.c - what a halt must know of a tree that is plain.
 */
#include "store/plain_trees.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

#define PLAIN_TREES(of)                                                                            \
    "SELECT e.root_id, e.execution_id, e.operator_name, e.plan_execution_id, e.status,"            \
    " e.last_state, e.epoch, e.halt_id, e.ended_at, r.reservation_id, r.type,"                     \
    " r.due_at IS NOT NULL FROM trees t JOIN executions_now e ON e.root_id = t.root_id"            \
    " LEFT JOIN reservations r ON r.root_id = e.root_id AND r.execution_id = e.execution_id"       \
    " AND r.status = 'FRESH' WHERE t.root_id " of " AND t.executions = 1"                          \
    " AND NOT EXISTS (SELECT 1 FROM reservations l WHERE l.root_id = t.root_id"                    \
    " AND l.status = 'FRESH' AND l.worker IS NOT NULL)"                                            \
    " AND NOT EXISTS (SELECT 1 FROM locks h WHERE h.holder_root_id = t.root_id"                    \
    " AND h.holder_id IS NOT NULL)"                                                                \
    " AND NOT EXISTS (SELECT 1 FROM lock_waiters w WHERE w.root_id = t.root_id)"                   \
    " ORDER BY e.root_id, r.reservation_id"

SQL_QUERY(plain_trees_one, PLAIN_TREES("= ?1"));
SQL_QUERY_POSTGRES(plain_trees_many, PLAIN_TREES("= ANY (CAST(?1 AS BIGINT[]))"));

static struct plain_tree *plain_tree_read(struct arena *arena, const struct sql_rows *rows)
{
    struct plain_tree *tree = ARENA_NEW(arena, struct plain_tree);

    tree->target = (struct execution){
        .root_id = sql_int(rows, 0),
        .execution_id = sql_int(rows, 1),
        .operator_name = sql_text_copy(arena, rows, 2),
        .plan_execution_id = sql_text_copy(arena, rows, 3),
        .status = status_parse(sql_text(rows, 4)),
        .last_state = sql_text_copy(arena, rows, 5),
        .epoch = sql_int(rows, 6),
        .halt_id = sql_int(rows, 7),
        .ended_at = sql_int(rows, 8),
    };
    return tree;
}

static struct halt_claim *plain_tree_claim(struct arena *arena, const struct sql_rows *rows,
                                           struct plain_tree *tree)
{
    struct halt_claim *claim = ARENA_NEW(arena, struct halt_claim);

    claim->execution_id = tree->target.execution_id;
    claim->reservation_id = sql_int(rows, 9);
    claim->name = sql_text_copy(arena, rows, 10);
    claim->scheduled = sql_int(rows, 11) != 0;
    tree->reservations++;
    tree->scheduled += claim->scheduled;
    return claim;
}

/* A row a claim, those of one tree together. */
static enum err plain_trees_read(struct store *store, struct arena *arena,
                                 const struct sql_query *query, struct sql_arg of,
                                 struct plain_tree **ret)
{
    struct plain_tree *first = NULL, *tree = NULL;
    struct halt_claim **end = NULL;
    struct sql_rows rows;
    enum err err = sql_select(store->sql, query, &of, 1, &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        if (!tree || tree->target.root_id != sql_int(&rows, 0)) {
            tree = plain_tree_read(arena, &rows);
            tree->next = first;
            first = tree;
            end = &tree->claims;
        }
        if (sql_is_null(&rows, 9))
            continue;
        *end = plain_tree_claim(arena, &rows, tree);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = first;
    return err;
}

enum err plain_tree_load(struct store *store, struct arena *arena, int64_t root_id,
                         struct plain_tree **ret)
{
    return plain_trees_read(store, arena, &plain_trees_one, SQL_INT(root_id), ret);
}

/* ---- many, ahead ---- */

/* An array as PostgreSQL writes it. */
static const char *plain_trees_list(struct arena *arena, const int64_t *root_ids, size_t count)
{
    struct buf buf;

    buf_init(&buf, arena, BUF_BYTES_OWN);
    for (size_t i = 0; i < count; i++)
        buf_printf(&buf, "%c%lld", i ? ',' : '{', (long long)root_ids[i]);
    buf_char(&buf, '}');
    return buf.data;
}

enum err plain_trees_ahead(struct store *store, struct arena *arena, const int64_t *root_ids,
                           size_t count)
{
    const char *list = plain_trees_list(arena, root_ids, count);
    struct plain_tree *trees = NULL;
    enum err err = trees_lock_ahead(store, arena, list);

    /* A new statement after the locks: what was read before them may be old. */
    if (!err && store->ahead)
        err = plain_trees_read(store, arena, &plain_trees_many, SQL_TEXT(list), &trees);
    for (; !err && trees; trees = trees->next) {
        for (struct tree_ahead *ahead = store->ahead; ahead; ahead = ahead->next) {
            if (ahead->root_id == trees->target.root_id)
                ahead->plain = trees; /* not of those that somebody else has */
        }
    }
    return err;
}

const struct plain_tree *plain_tree_find(const struct store *store, const char *operator_name,
                                         const char *plan_execution_id)
{
    for (const struct tree_ahead *ahead = store->ahead; ahead; ahead = ahead->next) {
        const struct plain_tree *tree = ahead->is_used ? NULL : ahead->plain;

        if (tree && strcmp(tree->target.plan_execution_id, plan_execution_id) == 0 &&
            strcmp(tree->target.operator_name, operator_name) == 0)
            return tree;
    }
    return NULL;
}
