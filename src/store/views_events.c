/*
 * views_events.c - pages of what belongs to one execution: history, reservations, evidence.
 */
#include "store/views.h"

#include "base/arena.h"
#include "base/limits.h"

/*
 * An event of a halt shows reason, actor and root, which stand once, in halts. ?6 is the depth of
 * the execution: what was halted lies in halt_items by its depth below the target, and there may be
 * very many.
 */
SQL_QUERY(
    view_history_rows,
    "SELECT h.seq, h.time_at, h.event_id, h.previous_event_id, h.type, h.detail, h.halt_id,"
    " t.operator_name, t.portal_id, t.subject, t.reason, t.batch_name, r.plan_execution_id,"
    " (SELECT i.last_state FROM halt_items i WHERE i.root_id = h.root_id"
    " AND i.halt_id = h.halt_id AND i.depth = ?6 - r.depth AND i.execution_id = h.execution_id)"
    " FROM history h LEFT JOIN halts t ON t.root_id = h.root_id AND t.halt_id = h.halt_id"
    " LEFT JOIN executions r ON r.root_id = t.root_id AND r.execution_id = t.execution_id"
    " WHERE h.root_id = ?1 AND h.execution_id = ?2 AND h.operator_name = ?3 AND h.seq > ?4"
    " ORDER BY h.seq LIMIT ?5");
SQL_QUERY(view_reservation_rows,
          "SELECT reservation_id, frame_id, type, status, epoch, state, due_at, attempt, worker,"
          " lease_until, created_at, halt_id,"
          " CASE WHEN type = 'HUMAN_TASK' THEN data END FROM reservations"
          " WHERE root_id = ?1 AND execution_id = ?2 AND operator_name = ?3 AND reservation_id > ?4"
          " AND (?6 = 0 OR halt_id = ?6) ORDER BY reservation_id LIMIT ?5");
/* Late comers of one reservation are few: a place is a reservation and how many were seen of it. */
SQL_QUERY(
    view_evidence_rows,
    "SELECT reservation_id, halt_id, received_at, kind, subject, body FROM evidence"
    " WHERE root_id = ?1 AND execution_id = ?2 AND operator_name = ?3 AND reservation_id >= ?4"
    " ORDER BY reservation_id, received_at, kind LIMIT ?5");

#define VIEW_OF(e, page)                                                                           \
    SQL_INT((e)->root_id), SQL_INT((e)->execution_id), SQL_TEXT((page)->operator_name)

static void view_event_read(struct arena *arena, struct view_page *page,
                            const struct sql_rows *rows, struct view_event *event)
{
    event->seq = sql_int(rows, 0);
    event->time_at = sql_int(rows, 1);
    event->event_id = sql_int(rows, 2);
    event->previous_event_id = sql_int(rows, 3);
    event->type = view_text(arena, page, rows, 4);
    event->detail = view_text(arena, page, rows, 5);
    event->halt_id = sql_int(rows, 6);
    event->operator_name = view_text(arena, page, rows, 7);
    event->portal_id = view_text(arena, page, rows, 8);
    event->subject = view_text(arena, page, rows, 9);
    event->reason = view_text(arena, page, rows, 10);
    event->batch_name = view_text(arena, page, rows, 11);
    event->root = view_text(arena, page, rows, 12);
    event->last_state = view_text(arena, page, rows, 13);
}

enum err view_history(struct store *store, struct arena *arena, const struct execution *execution,
                      struct view_page *page, struct view_event **ret)
{
    struct view_event *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0;
    enum err err = sql_select(store->sql, &view_history_rows,
                              SQL_ARGS(VIEW_OF(execution, page), SQL_INT(page->after_b),
                                       SQL_INT(page->limit + 1), SQL_INT(execution->depth)),
                              &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        page->more = view_is_full(page, count);
        if (page->more)
            break;
        *end = ARENA_NEW(arena, struct view_event);
        view_event_read(arena, page, &rows, *end);
        page->next_b = (*end)->seq;
        end = &(*end)->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

static void view_reservation_read(struct arena *arena, struct view_page *page,
                                  const struct sql_rows *rows, struct reservation *r)
{
    r->reservation_id = sql_int(rows, 0);
    r->frame_id = sql_int(rows, 1);
    r->type = reservation_type_parse(sql_text(rows, 2));
    r->status = view_text(arena, page, rows, 3);
    r->epoch = sql_int(rows, 4);
    r->state = view_text(arena, page, rows, 5);
    r->due_at = sql_int(rows, 6);
    r->attempt = sql_int(rows, 7);
    r->worker = view_text(arena, page, rows, 8);
    r->lease_until = sql_int(rows, 9);
    r->created_at = sql_int(rows, 10);
    r->halt_id = sql_int(rows, 11);
    r->data = view_text(arena, page, rows, 12);
}

enum err view_reservations(struct store *store, struct arena *arena,
                           const struct execution *execution, int64_t halt_id,
                           struct view_page *page, struct reservation **ret)
{
    struct reservation *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0;
    enum err err = sql_select(store->sql, &view_reservation_rows,
                              SQL_ARGS(VIEW_OF(execution, page), SQL_INT(page->after_b),
                                       SQL_INT(page->limit + 1), SQL_INT(halt_id)),
                              &rows);

    if (err)
        return err;
    while (!page->more && sql_next(&rows)) {
        page->more = view_is_full(page, count);
        if (page->more)
            break;
        *end = ARENA_NEW(arena, struct reservation);
        (*end)->root_id = execution->root_id;
        (*end)->execution_id = execution->execution_id;
        view_reservation_read(arena, page, &rows, *end);
        page->next_b = (*end)->reservation_id;
        end = &(*end)->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err view_evidence(struct store *store, struct arena *arena, const struct execution *execution,
                       struct view_page *page, struct view_evidence **ret)
{
    struct view_evidence *list = NULL, **end = &list;
    struct sql_rows rows;
    int64_t count = 0, skip = page->after_b < LIMIT_PAGE_ITEMS ? page->after_b : 0;
    enum err err = sql_select(
        store->sql, &view_evidence_rows,
        SQL_ARGS(VIEW_OF(execution, page), SQL_INT(page->after_a), SQL_INT(page->limit + 1 + skip)),
        &rows);

    if (err)
        return err;
    page->next_a = page->after_a;
    page->next_b = skip;

    while (!page->more && sql_next(&rows)) {
        struct view_evidence *one;

        if (sql_int(&rows, 0) == page->after_a && skip > 0) {
            skip--;
            continue;
        }
        page->more = view_is_full(page, count);
        if (page->more)
            break;
        one = ARENA_NEW(arena, struct view_evidence);
        one->reservation_id = sql_int(&rows, 0);
        one->halt_id = sql_int(&rows, 1);
        one->received_at = sql_int(&rows, 2);
        one->kind = view_text(arena, page, &rows, 3);
        one->subject = view_text(arena, page, &rows, 4);
        one->body = view_text(arena, page, &rows, 5);
        page->next_b = one->reservation_id == page->next_a ? page->next_b + 1 : 1;
        page->next_a = one->reservation_id;

        *end = one;
        end = &one->next;
        count++;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}
