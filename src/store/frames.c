/*
 * frames.c - the live branches of an execution.
 */
#include "store/frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const char *const frame_phases[] = {
    [FRAME_ENTER] = "ENTER", [FRAME_RETRY] = "RETRY", [FRAME_WAIT] = "WAIT",
    [FRAME_JOIN] = "JOIN",   [FRAME_DONE] = "DONE",   [FRAME_FAILED] = "FAILED",
};

SQL_QUERY(
    frames_select,
    "SELECT frame_id, parent_frame_id, branch, state, phase, entered_event, last_event, retries,"
    " data, result, variables, item, items, begun FROM frames WHERE root_id = ?1"
    " AND execution_id = ?2 AND phase <> 'DONE' ORDER BY frame_id");
SQL_QUERY(frames_select_done,
          "SELECT branch, result FROM frames WHERE root_id = ?1 AND execution_id = ?2"
          " AND parent_frame_id = ?3 AND phase = 'DONE' ORDER BY branch");
SQL_QUERY(frames_delete_all_done,
          "DELETE FROM frames WHERE root_id = ?1 AND execution_id = ?2 AND parent_frame_id = ?3"
          " AND phase = 'DONE'");
SQL_QUERY(frames_select_event, "SELECT last_event FROM frames WHERE root_id = ?1"
                               " AND execution_id = ?2 AND frame_id = ?3");
SQL_QUERY(frames_update_event, "UPDATE frames SET last_event = ?4 WHERE root_id = ?1"
                               " AND execution_id = ?2 AND frame_id = ?3");
SQL_QUERY(
    frames_insert,
    "INSERT INTO frames (root_id, execution_id, frame_id, operator_name, parent_frame_id, branch,"
    " state, phase, entered_event, last_event, retries, data, result, variables, item, items, "
    "begun)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");
SQL_QUERY(
    frames_update,
    "UPDATE frames SET state = ?4, phase = ?5, entered_event = ?6, last_event = ?7, retries = ?8,"
    " data = ?9, result = ?10, variables = ?11, items = ?12,"
    " begun = ?13 WHERE root_id = ?1 AND execution_id = ?2 AND frame_id = ?3");
SQL_QUERY(frames_delete,
          "DELETE FROM frames WHERE root_id = ?1 AND execution_id = ?2 AND frame_id = ?3");
SQL_QUERY(frames_follow_all, "UPDATE frames SET last_event = ?3 WHERE root_id = ?1"
                             " AND execution_id = ?2 AND phase = 'ENTER'");
SQL_QUERY(
    frames_reenter_all,
    "UPDATE frames SET phase = 'ENTER', retries = NULL WHERE root_id = ?1 AND execution_id = ?2"
    " AND phase IN ('ENTER', 'RETRY', 'WAIT', 'FAILED') AND frame_id NOT IN (SELECT frame_id"
    " FROM reservations WHERE root_id = ?1 AND execution_id = ?2 AND status = 'FRESH')");

static enum frame_phase frames_phase(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(frame_phases); i++) {
        if (strcmp(frame_phases[i], text) == 0)
            return (enum frame_phase)i;
    }
    die("the store holds a frame in a phase that is none");
}

static int frames_order(const void *a, const void *b)
{
    const struct frame *const *x = a, *const *y = b;

    return (*x)->frame_id < (*y)->frame_id ? -1 : (*x)->frame_id > (*y)->frame_id;
}

/* The list is in the order of frame_id, so a parent is found by halving. */
static void frames_link(struct arena *arena, struct frame *list, size_t count)
{
    struct frame **all = ARENA_ARRAY(arena, struct frame *, count + 1);
    size_t at = 0;

    for (struct frame *f = list; f; f = f->next)
        all[at++] = f;
    for (struct frame *f = list; f; f = f->next) {
        struct frame key = {.frame_id = f->parent_frame_id}, *wanted = &key, **found;

        if (!f->parent_frame_id)
            continue;
        found = bsearch(&wanted, all, count, sizeof(*all), frames_order);
        CHECK(found != NULL);
        f->parent = *found;
        f->parent->open++;
    }
}

enum err frames_load(struct store *store, struct arena *arena, int64_t root_id,
                     int64_t execution_id, struct frame **ret)
{
    struct sql_rows rows;
    struct frame *list = NULL, **end = &list;
    size_t count = 0;
    enum err err = sql_select(store->sql, &frames_select,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        struct frame *frame = ARENA_NEW(arena, struct frame);

        frame->frame_id = sql_int(&rows, 0);
        frame->parent_frame_id = sql_int(&rows, 1);
        frame->branch = sql_int(&rows, 2);
        frame->state = sql_text_copy(arena, &rows, 3);
        frame->phase = frames_phase(sql_text(&rows, 4));
        frame->entered_event = sql_int(&rows, 5);
        frame->last_event = sql_int(&rows, 6);
        frame->retries = sql_text_copy(arena, &rows, 7);
        frame->data = sql_text_copy(arena, &rows, 8);
        frame->result = sql_text_copy(arena, &rows, 9);
        frame->variables = sql_text_copy(arena, &rows, 10);
        frame->item = sql_text_copy(arena, &rows, 11);
        frame->items = sql_text_copy(arena, &rows, 12);
        frame->begun = sql_int(&rows, 13);
        *end = frame;
        end = &frame->next;
        count++;
    }
    err = sql_end(&rows);
    if (err)
        return err;
    frames_link(arena, list, count);
    *ret = list;
    return ERR_OK;
}

enum err frames_done(struct store *store, struct arena *arena, int64_t root_id,
                     int64_t execution_id, int64_t parent_frame_id, struct frame **ret)
{
    struct sql_rows rows;
    struct frame *list = NULL, **end = &list;
    enum err err = sql_select(
        store->sql, &frames_select_done,
        SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(parent_frame_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        struct frame *frame = ARENA_NEW(arena, struct frame);

        frame->branch = sql_int(&rows, 0);
        frame->result = sql_text_copy(arena, &rows, 1);
        *end = frame;
        end = &frame->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err frames_delete_done(struct store *store, int64_t root_id, int64_t execution_id,
                            int64_t parent_frame_id)
{
    return sql_run(store->sql, &frames_delete_all_done,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(parent_frame_id)),
                   NULL);
}

enum err frames_last_event(struct store *store, int64_t root_id, int64_t execution_id,
                           int64_t frame_id, int64_t *ret)
{
    return sql_select_int(store->sql, &frames_select_event,
                          SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(frame_id)), 0,
                          ret);
}

enum err frames_set_last_event(struct store *store, int64_t root_id, int64_t execution_id,
                               int64_t frame_id, int64_t event_id)
{
    return sql_run(
        store->sql, &frames_update_event,
        SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(frame_id), SQL_INT(event_id)),
        NULL);
}

static enum err frames_insert_one(struct store *store, const char *operator_name, int64_t root_id,
                                  int64_t execution_id, const struct frame *f)
{
    return sql_run(
        store->sql, &frames_insert,
        SQL_ARGS(
            SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(f->frame_id), SQL_TEXT(operator_name),
            f->parent_frame_id ? SQL_INT(f->parent_frame_id) : SQL_NULL, SQL_INT(f->branch),
            SQL_TEXT(f->state), SQL_TEXT(frame_phases[f->phase]), SQL_INT(f->entered_event),
            SQL_INT(f->last_event), SQL_TEXT(f->retries), SQL_TEXT(f->data), SQL_TEXT(f->result),
            SQL_TEXT(f->variables), SQL_TEXT(f->item), SQL_TEXT(f->items), SQL_INT(f->begun)),
        NULL);
}

static enum err frames_update_one(struct store *store, int64_t root_id, int64_t execution_id,
                                  const struct frame *f)
{
    int64_t changes;
    enum err err = sql_run(store->sql, &frames_update,
                           SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(f->frame_id),
                                    SQL_TEXT(f->state), SQL_TEXT(frame_phases[f->phase]),
                                    SQL_INT(f->entered_event), SQL_INT(f->last_event),
                                    SQL_TEXT(f->retries), SQL_TEXT(f->data), SQL_TEXT(f->result),
                                    SQL_TEXT(f->variables), SQL_TEXT(f->items), SQL_INT(f->begun)),
                           &changes);

    CHECK(err || changes == 1);
    return err;
}

enum err frames_save(struct store *store, const char *operator_name, int64_t root_id,
                     int64_t execution_id, struct frame *list)
{
    for (struct frame *f = list; f; f = f->next) {
        enum err err = ERR_OK;

        if (f->gone && !f->is_new)
            err = sql_run(store->sql, &frames_delete,
                          SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(f->frame_id)),
                          NULL);
        else if (!f->gone && f->is_new)
            err = frames_insert_one(store, operator_name, root_id, execution_id, f);
        else if (!f->gone && f->changed)
            err = frames_update_one(store, root_id, execution_id, f);
        if (err)
            return err;
    }
    return ERR_OK;
}

enum err frames_follow(struct store *store, int64_t root_id, int64_t execution_id, int64_t event_id)
{
    return sql_run(store->sql, &frames_follow_all,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(event_id)), NULL);
}

enum err frames_reenter(struct store *store, int64_t root_id, int64_t execution_id)
{
    return sql_run(store->sql, &frames_reenter_all,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), NULL);
}
