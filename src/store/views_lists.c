/*
 * views_lists.c - pages of what belongs to an operator: plans, locks, human tasks.
 */
#include "store/views.h"

#include "base/arena.h"
#include "base/limits.h"

SQL_QUERY(view_plan_rows, "SELECT plan_id, plan_version, created_at, updated_at FROM plans"
                          " WHERE operator_name = ?1 AND plan_id > ?2 AND deleted_at IS NULL"
                          " ORDER BY plan_id LIMIT ?3");
SQL_QUERY(view_lock_rows,
          "SELECT l.name, e.plan_execution_id, l.fence, (SELECT count(*) FROM lock_waiters w"
          " WHERE w.operator_name = l.operator_name AND w.name = l.name) FROM locks l"
          " LEFT JOIN executions e ON e.root_id = l.holder_root_id AND e.execution_id = l.holder_id"
          " WHERE l.operator_name = ?1 AND l.name > ?2 ORDER BY l.name LIMIT ?3");
SQL_QUERY(view_waiter_rows,
          "SELECT e.plan_execution_id FROM lock_waiters w JOIN executions e"
          " ON e.root_id = w.root_id AND e.execution_id = w.execution_id"
          " WHERE w.operator_name = ?1 AND w.name = ?2 ORDER BY w.reservation_id LIMIT ?3");
SQL_QUERY(view_human_rows,
          "SELECT r.root_id, r.execution_id, r.reservation_id, r.created_at, e.plan_execution_id,"
          " r.state, r.data FROM reservations r JOIN executions e"
          " ON e.root_id = r.root_id AND e.execution_id = r.execution_id"
          " WHERE r.operator_name = ?1 AND r.reservation_id > ?2 AND r.status = 'FRESH'"
          " AND r.type = 'HUMAN_TASK' AND r.arrived_at IS NULL ORDER BY r.reservation_id LIMIT ?3");

enum err view_plans(struct store *store, struct arena *arena, struct view_page *page,
                    struct view_plan **ret)
{
    struct view_plan *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0;
    enum err err = sql_select(store->sql, &view_plan_rows,
                              SQL_ARGS(SQL_TEXT(page->operator_name), SQL_TEXT(page->after_name),
                                       SQL_INT(page->limit + 1)),
                              &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        page->more = view_is_full(page, count);
        if (page->more)
            break;
        *end = ARENA_NEW(arena, struct view_plan);
        (*end)->plan_id = view_text(arena, page, &rows, 0);
        (*end)->plan_version = sql_int(&rows, 1);
        (*end)->created_at = sql_int(&rows, 2);
        (*end)->updated_at = sql_int(&rows, 3);
        page->next_name = (*end)->plan_id;
        end = &(*end)->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

static enum err view_waiters(struct store *store, struct arena *arena, struct view_page *page,
                             struct view_lock *lock)
{
    struct view_waiter **end = &lock->waiters;
    struct sql_rows rows;
    enum err err = sql_select(
        store->sql, &view_waiter_rows,
        SQL_ARGS(SQL_TEXT(page->operator_name), SQL_TEXT(lock->name), SQL_INT(LIMIT_PAGE_ITEMS)),
        &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct view_waiter);
        (*end)->plan_execution_id = view_text(arena, page, &rows, 0);
        end = &(*end)->next;
    }
    return sql_end(&rows);
}

enum err view_locks(struct store *store, struct arena *arena, struct view_page *page,
                    struct view_lock **ret)
{
    struct view_lock *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0;
    enum err err = sql_select(store->sql, &view_lock_rows,
                              SQL_ARGS(SQL_TEXT(page->operator_name), SQL_TEXT(page->after_name),
                                       SQL_INT(page->limit + 1)),
                              &rows);
    enum err end_err;

    if (err)
        return err;
    while (!err && !page->more && sql_next(&rows)) {
        page->more = view_is_full(page, count);
        if (page->more)
            break;
        *end = ARENA_NEW(arena, struct view_lock);
        (*end)->name = view_text(arena, page, &rows, 0);
        (*end)->holder = view_text(arena, page, &rows, 1);
        (*end)->fence = sql_int(&rows, 2);
        (*end)->waiter_count = sql_int(&rows, 3);
        if ((*end)->waiter_count)
            err = view_waiters(store, arena, page, *end);
        page->next_name = (*end)->name;
        end = &(*end)->next;
        count++;
    }
    end_err = sql_end(&rows);
    err = err ? err : end_err;
    if (!err)
        *ret = list;
    return err;
}

enum err view_human_tasks(struct store *store, struct arena *arena, struct view_page *page,
                          struct view_human_task **ret)
{
    struct view_human_task *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0;
    enum err err = sql_select(
        store->sql, &view_human_rows,
        SQL_ARGS(SQL_TEXT(page->operator_name), SQL_INT(page->after_b), SQL_INT(page->limit + 1)),
        &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        struct view_human_task *one;

        page->more = view_is_full(page, count);
        if (page->more)
            break;
        one = ARENA_NEW(arena, struct view_human_task);
        one->root_id = sql_int(&rows, 0);
        one->execution_id = sql_int(&rows, 1);
        one->reservation_id = sql_int(&rows, 2);
        one->created_at = sql_int(&rows, 3);
        one->plan_execution_id = view_text(arena, page, &rows, 4);
        one->state = view_text(arena, page, &rows, 5);
        one->input = view_text(arena, page, &rows, 6);
        page->next_b = one->reservation_id;
        *end = one;
        end = &one->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}
