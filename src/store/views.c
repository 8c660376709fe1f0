/*
 * views.c - pages of executions: lists and trees.
 */
#include "store/views.h"

#include <string.h>

#include "base/arena.h"
#include "base/limits.h"

const char *view_text(struct arena *arena, struct view_page *page, const struct sql_rows *rows,
                      int column)
{
    const char *text = sql_text_copy(arena, rows, column);

    page->bytes += text ? (int64_t)strlen(text) : 0;
    return text;
}

bool view_is_full(const struct view_page *page, int64_t count)
{
    return count >= page->limit || page->bytes >= LIMIT_PAGE_BYTES;
}

SQL_QUERY(view_ping_row, "SELECT 1");

enum err view_ping(struct store *store)
{
    int64_t one;

    return sql_select_int(store->sql, &view_ping_row, SQL_NO_ARGS, 0, &one);
}

/* The columns that view_execution_read reads. */
#define VIEW_EXECUTION(e)                                                                          \
    e ".execution_id, " e ".parent_id, " e ".root_id, " e ".plan_execution_id, " e ".plan_id, " e  \
      ".status, " e ".last_state, " e ".plan_version, " e ".epoch, " e ".depth, " e ".halt_id, " e \
      ".created_at, " e ".updated_at, " e ".ended_at, " e ".error"
#define VIEW_PARENT                                                                                \
    ", (SELECT p.plan_execution_id FROM executions p"                                              \
    " WHERE p.root_id = e.root_id AND p.execution_id = e.parent_id)"

/* ?2: the last one seen; ?3: how many rows to look at. A literal in ended_at IS NULL lets the index
 * fit. */
SQL_QUERY(view_executions_recent,
          "SELECT " VIEW_EXECUTION("e") " FROM executions_now e"
                                        " WHERE e.operator_name = ?1 AND e.execution_id < ?2"
                                        " ORDER BY e.execution_id DESC LIMIT ?3");
SQL_QUERY(view_executions_active,
          "SELECT " VIEW_EXECUTION(
              "e") " FROM executions_now e"
                   " WHERE e.operator_name = ?1 AND e.execution_id < ?2 AND e.ended_at IS NULL"
                   " ORDER BY e.execution_id DESC LIMIT ?3");
/* Children are found by their parent: `|| ''` keeps the planner from walking all of the operator's.
 */
SQL_QUERY(view_executions_children,
          "SELECT " VIEW_EXECUTION(
              "e") " FROM executions_now e"
                   " WHERE e.operator_name || '' = ?1 AND e.execution_id < ?2 AND e.root_id = ?4"
                   " AND e.parent_id = ?5 ORDER BY e.execution_id DESC LIMIT ?3");
SQL_QUERY(view_public_id, "SELECT plan_execution_id FROM executions"
                          " WHERE root_id = ?1 AND execution_id = ?2 AND operator_name = ?3");
SQL_QUERY(view_batches, "SELECT batch_operations FROM executions_now"
                        " WHERE root_id = ?1 AND execution_id = ?2 AND operator_name = ?3");
SQL_QUERY(view_tree_node, "SELECT " VIEW_EXECUTION("e") VIEW_PARENT
          " FROM executions_now e"
          " WHERE e.root_id = ?1 AND e.execution_id = ?2 AND e.operator_name = ?3");
/* The first child of ?2 that was started after ?4. */
SQL_QUERY(view_tree_child, "SELECT " VIEW_EXECUTION("e") VIEW_PARENT
          " FROM executions_now e"
          " WHERE e.root_id = ?1 AND e.parent_id = ?2 AND e.operator_name || '' = ?3"
          " AND e.execution_id > ?4 ORDER BY e.execution_id LIMIT 1");

static void view_execution_read(struct arena *arena, const struct sql_rows *rows,
                                struct view_execution *e)
{
    *e = (struct view_execution){
        .execution_id = sql_int(rows, 0),
        .parent_id = sql_int(rows, 1),
        .root_id = sql_int(rows, 2),
        .plan_execution_id = sql_text_copy(arena, rows, 3),
        .plan_id = sql_text_copy(arena, rows, 4),
        .status = status_parse(sql_text(rows, 5)),
        .last_state = sql_text_copy(arena, rows, 6),
        .plan_version = sql_int(rows, 7),
        .epoch = sql_int(rows, 8),
        .depth = sql_int(rows, 9),
        .halt_id = sql_int(rows, 10),
        .created_at = sql_int(rows, 11),
        .updated_at = sql_int(rows, 12),
        .ended_at = sql_int(rows, 13),
        .error = sql_text_copy(arena, rows, 14),
    };
}

/* A query of one text, ?1 root, ?2 execution, ?3 operator. */
static enum err view_one_text(struct store *store, struct arena *arena,
                              const struct sql_query *query, const struct execution *e,
                              const char **ret)
{
    struct sql_rows rows;
    enum err err = sql_select(
        store->sql, query,
        SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id), SQL_TEXT(e->operator_name)), &rows);

    if (err)
        return err;
    *ret = NULL;
    while (sql_next(&rows))
        *ret = sql_text_copy(arena, &rows, 0);
    return sql_end(&rows);
}

enum err view_relations(struct store *store, struct arena *arena, const struct execution *execution,
                        const char **ret_parent, const char **ret_batch_operations)
{
    struct execution parent = {.root_id = execution->root_id,
                               .execution_id = execution->parent_id,
                               .operator_name = execution->operator_name};
    enum err err = view_one_text(store, arena, &view_public_id, &parent, ret_parent);

    return err ? err : view_one_text(store, arena, &view_batches, execution, ret_batch_operations);
}

/* ---- lists ---- */

static bool view_matches(const struct view_filter *filter, const struct sql_rows *rows)
{
    if (filter->status && strcmp(sql_text(rows, 5), status_name(filter->status)) != 0)
        return false;
    return !filter->plan_id || strcmp(sql_text(rows, 4), filter->plan_id) == 0;
}

static const struct sql_query *view_executions_query(const struct view_filter *filter)
{
    bool is_final = filter->status == STATUS_SUCCESS || filter->status == STATUS_FAILED ||
                    filter->status == STATUS_STOPPED;

    if (filter->has_parent)
        return &view_executions_children;
    return filter->status && !is_final ? &view_executions_active : &view_executions_recent;
}

/* Names the parents; neighbours in a list often share one. */
static enum err view_name_parents(struct store *store, struct arena *arena,
                                  const struct view_page *page, struct view_execution *list)
{
    struct execution parent = {.operator_name = page->operator_name};
    const char *name = NULL;
    enum err err = ERR_OK;

    for (; list && !err; list = list->next) {
        if (!list->parent_id)
            continue;
        if (parent.execution_id != list->parent_id) {
            parent.root_id = list->root_id;
            parent.execution_id = list->parent_id;
            err = view_one_text(store, arena, &view_public_id, &parent, &name);
        }
        list->parent = name;
    }
    return err;
}

/* The arguments of all three queries; those of a parent are for the last only. */
static enum err view_executions_select(struct store *store, const struct view_filter *filter,
                                       const struct view_page *page, struct sql_rows *ret_rows)
{
    const struct sql_arg args[] = {
        SQL_TEXT(page->operator_name), SQL_INT(page->after_b ? page->after_b : INT64_MAX),
        SQL_INT(LIMIT_PAGE_SCAN + 1),  SQL_INT(filter->root_id),
        SQL_INT(filter->parent_id),
    };

    return sql_select(store->sql, view_executions_query(filter), args, filter->has_parent ? 5 : 3,
                      ret_rows);
}

enum err view_executions(struct store *store, struct arena *arena, const struct view_filter *filter,
                         struct view_page *page, struct view_execution **ret)
{
    struct view_execution *list = NULL, **end = &list;
    int64_t looked_at = 0, count = 0;
    struct sql_rows rows;
    enum err err = view_executions_select(store, filter, page, &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        if (looked_at == LIMIT_PAGE_SCAN || view_is_full(page, count)) {
            page->more = true;
            continue;
        }
        looked_at++;
        page->next_b = sql_int(&rows, 0);
        if (!view_matches(filter, &rows))
            continue;
        *end = ARENA_NEW(arena, struct view_execution);
        view_execution_read(arena, &rows, *end);
        end = &(*end)->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        err = view_name_parents(store, arena, page, list);
    if (!err)
        *ret = list;
    return err;
}

/* ---- trees ---- */

/*
 * A walk needs no memory of where it has been: from any node the next one is its first child, else
 * its next sibling, else the next sibling of the nearest ancestor that has one. Each step is one
 * look into an index.
 */
struct view_walk {
    struct store *store;
    struct arena *arena;
    const struct execution *top;
    struct view_execution at;
    bool children_done, is_over;
};

static enum err view_walk_query(struct view_walk *walk, const struct sql_query *query, int64_t id,
                                int64_t after, struct view_execution *ret, bool *ret_found)
{
    struct sql_rows rows;
    const struct sql_arg args[] = {SQL_INT(walk->top->root_id), SQL_INT(id),
                                   SQL_TEXT(walk->top->operator_name), SQL_INT(after)};
    enum err err =
        sql_select(walk->store->sql, query, args, query == &view_tree_child ? 4 : 3, &rows);

    if (err)
        return err;
    *ret_found = false;
    while (sql_next(&rows)) {
        *ret_found = true;
        view_execution_read(walk->arena, &rows, ret);
        ret->parent = sql_text_copy(walk->arena, &rows, 15);
    }
    return sql_end(&rows);
}

/* One step; *ret_new tells whether it has come to a node that was not shown yet. */
static enum err view_walk_step(struct view_walk *walk, bool *ret_new)
{
    struct view_execution found = {0};
    enum err err;

    if (!walk->children_done) {
        err = view_walk_query(walk, &view_tree_child, walk->at.execution_id, 0, &found, ret_new);
        walk->children_done = !err && !*ret_new;
    } else if (walk->at.execution_id == walk->top->execution_id || !walk->at.parent_id) {
        walk->is_over = true;
        *ret_new = false;
        return ERR_OK;
    } else {
        err = view_walk_query(walk, &view_tree_child, walk->at.parent_id, walk->at.execution_id,
                              &found, ret_new);
        if (!err && !*ret_new) {
            bool is_there;

            err = view_walk_query(walk, &view_tree_node, walk->at.parent_id, 0, &found, &is_there);
            if (!err)
                walk->at = found;
            return err;
        }
    }
    if (!err && *ret_new) {
        walk->at = found;
        walk->children_done = false;
    }
    return err;
}

static enum err view_walk_begin(struct view_walk *walk, const struct view_page *page)
{
    bool found;
    enum err err = view_walk_query(walk, &view_tree_node,
                                   page->after_b ? page->after_b : walk->top->execution_id, 0,
                                   &walk->at, &found);

    if (err)
        return err;
    walk->children_done = page->after_a != 0;
    if (!found || walk->at.depth < walk->top->depth)
        return ERR_INVALID_REQUEST;
    return ERR_OK;
}

enum err view_tree(struct store *store, struct arena *arena, const struct execution *execution,
                   struct view_page *page, struct view_execution **ret)
{
    struct view_execution *list = NULL, **end = &list;
    struct view_walk walk = {.store = store, .arena = arena, .top = execution};
    int64_t count = 0, steps = 0;
    bool is_new = !page->after_b;
    enum err err = view_walk_begin(&walk, page);

    /* It goes on until it stands on a node that has no place on this page, so `more` is exact. */
    while (!err && !walk.is_over && steps < LIMIT_PAGE_SCAN && !(is_new && count == page->limit)) {
        if (is_new) {
            *end = arena_copy(arena, &walk.at, sizeof(walk.at));
            (*end)->depth -= execution->depth;
            end = &(*end)->next;
            count++;
        }
        page->next_a = walk.children_done;
        page->next_b = walk.at.execution_id;
        err = view_walk_step(&walk, &is_new);
        steps++;
    }
    page->more = !walk.is_over;
    /* From a node that was not shown the next page must arrive at it: from the step before. */
    if (!is_new) {
        page->next_a = walk.children_done;
        page->next_b = walk.at.execution_id;
    }
    if (!err)
        *ret = list;
    return err;
}
