/*
 * views_sfn.c - pages as the Step Functions API shows them.
 */
#include "store/views_sfn.h"

#include "base/arena.h"
#include "base/limits.h"

/* What view_sfn_execution_read reads; ?4: 1 when the input is wanted. */
#define VIEW_SFN_EXECUTION                                                                         \
    "SELECT e.root_id, e.execution_id, e.plan_execution_id, e.plan_id, e.status, e.timed_out,"     \
    " (SELECT count(*) FROM paused_executions p WHERE p.root_id = e.root_id"                       \
    " AND p.execution_id = e.execution_id AND p.kind = 'FAILED'),"                                 \
    " e.created_at, e.ended_at, e.redrives, e.redriven_at, e.origin, e.map_run_id,"                \
    " CASE WHEN ?4 = 1 THEN e.input END FROM executions_now e"

SQL_QUERY(view_sfn_of_plan, VIEW_SFN_EXECUTION
          " WHERE e.operator_name = ?1 AND e.execution_id < ?2 AND e.plan_id = ?5"
          " AND e.map_run_id IS NULL ORDER BY e.execution_id DESC LIMIT ?3");
/* `|| ''` keeps the planner from walking all executions of the operator. */
SQL_QUERY(view_sfn_of_map_run,
          VIEW_SFN_EXECUTION " WHERE e.operator_name || '' = ?1 AND e.execution_id < ?2"
                             " AND e.root_id = ?5 AND e.map_run_id = ?6"
                             " ORDER BY e.execution_id DESC LIMIT ?3");

#define VIEW_SFN_EVENT                                                                             \
    "SELECT seq, time_at, event_id, previous_event_id, type, detail FROM history"                  \
    " WHERE root_id = ?1 AND execution_id = ?2 AND operator_name = ?3 AND event_id IS NOT NULL"
SQL_QUERY(view_sfn_forward, VIEW_SFN_EVENT " AND seq > ?4 ORDER BY seq LIMIT ?5");
SQL_QUERY(view_sfn_backward, VIEW_SFN_EVENT " AND seq < ?4 ORDER BY seq DESC LIMIT ?5");

static void view_sfn_execution_read(struct arena *arena, struct view_page *page,
                                    const struct sql_rows *rows, struct view_sfn_execution *e)
{
    *e = (struct view_sfn_execution){
        .root_id = sql_int(rows, 0),
        .execution_id = sql_int(rows, 1),
        .plan_execution_id = sql_text_copy(arena, rows, 2),
        .plan_id = sql_text_copy(arena, rows, 3),
        .status = status_parse(sql_text(rows, 4)),
        .timed_out = sql_int(rows, 5) != 0,
        .is_held = sql_int(rows, 6) != 0,
        .created_at = sql_int(rows, 7),
        .ended_at = sql_int(rows, 8),
        .redrives = sql_int(rows, 9),
        .redriven_at = sql_int(rows, 10),
        .origin = sql_text_copy(arena, rows, 11),
        .map_run_id = sql_int(rows, 12),
        .input = view_text(arena, page, rows, 13),
    };
}

static enum err view_sfn_select(struct store *store, const struct view_sfn_filter *filter,
                                const struct view_page *page, struct sql_rows *ret_rows)
{
    const struct sql_arg args[] = {
        SQL_TEXT(page->operator_name),
        SQL_INT(page->after_b ? page->after_b : INT64_MAX),
        SQL_INT(LIMIT_PAGE_SCAN + 1),
        SQL_INT(filter->with_input),
        filter->plan_id ? SQL_TEXT(filter->plan_id) : SQL_INT(filter->root_id),
        SQL_INT(filter->map_run_id),
    };

    if (filter->plan_id)
        return sql_select(store->sql, &view_sfn_of_plan, args, 5, ret_rows);
    return sql_select(store->sql, &view_sfn_of_map_run, args, 6, ret_rows);
}

enum err view_sfn_executions(struct store *store, struct arena *arena,
                             const struct view_sfn_filter *filter, struct view_page *page,
                             struct view_sfn_execution **ret)
{
    struct view_sfn_execution *list = NULL, **end = &list, e;
    int64_t looked_at = 0, count = 0;
    struct sql_rows rows;
    enum err err = view_sfn_select(store, filter, page, &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        if (looked_at == LIMIT_PAGE_SCAN || view_is_full(page, count)) {
            page->more = true;
            continue;
        }
        looked_at++;
        view_sfn_execution_read(arena, page, &rows, &e);
        page->next_b = e.execution_id;
        if (filter->matches && !filter->matches(&e, filter->user))
            continue;
        *end = arena_copy(arena, &e, sizeof(e));
        end = &(*end)->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

static enum err view_sfn_select_events(struct store *store, const struct execution *execution,
                                       bool is_reverse, const struct view_page *page,
                                       struct sql_rows *ret_rows)
{
    int64_t from = is_reverse && !page->after_b ? INT64_MAX : page->after_b;

    return sql_select(store->sql, is_reverse ? &view_sfn_backward : &view_sfn_forward,
                      SQL_ARGS(SQL_INT(execution->root_id), SQL_INT(execution->execution_id),
                               SQL_TEXT(page->operator_name), SQL_INT(from),
                               SQL_INT(page->limit + 1)),
                      ret_rows);
}

enum err view_sfn_events(struct store *store, struct arena *arena,
                         const struct execution *execution, bool is_reverse, struct view_page *page,
                         struct view_sfn_event **ret)
{
    struct view_sfn_event *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0;
    enum err err = view_sfn_select_events(store, execution, is_reverse, page, &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        page->more = view_is_full(page, count);
        if (page->more)
            break;
        *end = ARENA_NEW(arena, struct view_sfn_event);
        **end = (struct view_sfn_event){
            .seq = sql_int(&rows, 0),
            .time_at = sql_int(&rows, 1),
            .event_id = sql_int(&rows, 2),
            .previous_event_id = sql_int(&rows, 3),
            .type = sql_text_copy(arena, &rows, 4),
            .detail = view_text(arena, page, &rows, 5),
        };
        page->next_b = (*end)->seq;
        end = &(*end)->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}
