/*
 * executions.c - one run of one plan version, as a row.
 */
#include "store/executions.h"

#include <string.h>

#include "base/arena.h"

#define STATUS_NAME(name) [STATUS_##name] = #name,
static const char *const status_names[STATUS_COUNT] = {STATUS_LIST(STATUS_NAME)};
#undef STATUS_NAME

const char *status_name(enum status status)
{
    CHECK(status > STATUS_NONE);
    CHECK(status < STATUS_COUNT);
    return status_names[status];
}

enum status status_parse(const char *name)
{
    for (int i = STATUS_NONE + 1; i < STATUS_COUNT; i++) {
        if (strcmp(status_names[i], name) == 0)
            return (enum status)i;
    }
    return STATUS_NONE;
}

SQL_QUERY(execution_ids_find, "SELECT root_id, execution_id FROM execution_ids"
                              " WHERE operator_name = ?1 AND plan_execution_id = ?2");
SQL_QUERY(execution_ids_insert,
          "INSERT INTO execution_ids (operator_name, plan_execution_id, root_id, execution_id)"
          " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (operator_name, plan_execution_id) DO NOTHING");
SQL_QUERY(executions_select,
          "SELECT operator_name, portal_id, plan_execution_id, plan_id, parent_id, depth,"
          " hold_on_failure, start_digest, created_by, created_at, input, plan_version, status,"
          " last_state, epoch, parent_reservation_id, history_seq, event_id, frame_seq, busy_turns,"
          " start_locks, halt_id, updated_at, ended_at, error, cause, output,"
          " origin, map_run_id, map_state, map_index, timed_out, redrives, redriven_at"
          " FROM executions_now WHERE root_id = ?1 AND execution_id = ?2");
SQL_QUERY(
    executions_insert_row,
    "INSERT INTO executions (root_id, execution_id, operator_name, portal_id,"
    " plan_execution_id, plan_id, plan_version, status, last_state, epoch, parent_id,"
    " parent_reservation_id, depth, history_seq, event_id, frame_seq, busy_turns,"
    " hold_on_failure, start_locks, start_digest, created_by, created_at, input,"
    " updated_at, ended_at, error, cause, output, origin, map_run_id, map_state, map_index,"
    " timed_out)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
    " ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33)");
SQL_QUERY(executions_update,
          "UPDATE executions SET plan_version = ?3, status = ?4, last_state = ?5, epoch = ?6,"
          " parent_reservation_id = ?7, history_seq = ?8, event_id = ?9, frame_seq = ?10,"
          " busy_turns = ?11, start_locks = ?12, halt_id = ?13, updated_at = ?14, ended_at = ?15,"
          " error = ?16, cause = ?17, output = ?18, timed_out = ?19, redrives = ?20,"
          " redriven_at = ?21"
          " WHERE root_id = ?1 AND execution_id = ?2");
SQL_QUERY(
    executions_child_frame,
    "SELECT max(c.execution_id) FROM executions_now c JOIN reservations r"
    " ON r.root_id = ?1 AND r.execution_id = ?2 AND r.reservation_id = c.parent_reservation_id"
    " WHERE c.root_id = ?1 AND c.parent_id = ?2 AND c.ended_at IS NULL AND r.frame_id = ?3"
    " AND r.state = ?4");
SQL_QUERY(
    executions_parent_reservation,
    "UPDATE executions SET parent_reservation_id = ?3 WHERE root_id = ?1 AND execution_id = ?2");
SQL_QUERY(executions_active_below,
          "WITH RECURSIVE below (execution_id) AS (SELECT CAST(?2 AS BIGINT) UNION ALL"
          " SELECT c.execution_id FROM below b JOIN executions c"
          " ON c.root_id = ?1 AND c.parent_id = b.execution_id)"
          " SELECT count(*) FROM below b JOIN executions_now e"
          " ON e.root_id = ?1 AND e.execution_id = b.execution_id"
          " WHERE e.ended_at IS NULL AND e.execution_id <> ?2");

static struct sql_arg executions_optional(int64_t value)
{
    return value ? SQL_INT(value) : SQL_NULL;
}

enum err executions_find(struct store *store, const char *operator_name,
                         const char *plan_execution_id, int64_t *ret_root_id,
                         int64_t *ret_execution_id)
{
    struct sql_rows rows;
    bool found = false;
    enum err err =
        sql_select(store->sql, &execution_ids_find,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_execution_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        found = true;
        *ret_root_id = sql_int(&rows, 0);
        *ret_execution_id = sql_int(&rows, 1);
    }
    err = sql_end(&rows);
    if (err)
        return err;
    return found ? ERR_OK : ERR_EXECUTION_NOT_FOUND;
}

static void executions_read(struct arena *arena, const struct sql_rows *rows, struct execution *e)
{
    e->operator_name = sql_text_copy(arena, rows, 0);
    e->portal_id = sql_text_copy(arena, rows, 1);
    e->plan_execution_id = sql_text_copy(arena, rows, 2);
    e->plan_id = sql_text_copy(arena, rows, 3);
    e->parent_id = sql_int(rows, 4);
    e->depth = sql_int(rows, 5);
    e->hold_on_failure = sql_int(rows, 6) != 0;
    e->start_digest = sql_text_copy(arena, rows, 7);
    e->created_by = sql_text_copy(arena, rows, 8);
    e->created_at = sql_int(rows, 9);
    e->input = sql_text_copy(arena, rows, 10);
    e->plan_version = sql_int(rows, 11);
    e->status = status_parse(sql_text(rows, 12));
    e->last_state = sql_text_copy(arena, rows, 13);
    e->epoch = sql_int(rows, 14);
    e->parent_reservation_id = sql_int(rows, 15);
    e->history_seq = sql_int(rows, 16);
    e->event_id = sql_int(rows, 17);
    e->frame_seq = sql_int(rows, 18);
    e->busy_turns = sql_int(rows, 19);
    e->start_locks = sql_text_copy(arena, rows, 20);
    e->halt_id = sql_int(rows, 21);
    e->updated_at = sql_int(rows, 22);
    e->ended_at = sql_int(rows, 23);
    e->error = sql_text_copy(arena, rows, 24);
    e->cause = sql_text_copy(arena, rows, 25);
    e->output = sql_text_copy(arena, rows, 26);
    e->origin = sql_text_copy(arena, rows, 27);
    e->map_run_id = sql_int(rows, 28);
    e->map_state = sql_text_copy(arena, rows, 29);
    e->map_index = sql_int(rows, 30);
    e->timed_out = sql_int(rows, 31) != 0;
    e->redrives = sql_int(rows, 32);
    e->redriven_at = sql_int(rows, 33);
}

enum err executions_load(struct store *store, struct arena *arena, int64_t root_id,
                         int64_t execution_id, struct execution *ret)
{
    struct execution e = {.root_id = root_id, .execution_id = execution_id};
    struct sql_rows rows;
    enum err err = sql_select(store->sql, &executions_select,
                              SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), &rows);

    if (err)
        return err;
    while (sql_next(&rows))
        executions_read(arena, &rows, &e);
    err = sql_end(&rows);
    if (err)
        return err;
    if (e.status == STATUS_NONE)
        return ERR_EXECUTION_NOT_FOUND;
    *ret = e;
    return ERR_OK;
}

enum err executions_name(struct store *store, const struct execution *e)
{
    int64_t changes;
    enum err err = sql_run(store->sql, &execution_ids_insert,
                           SQL_ARGS(SQL_TEXT(e->operator_name), SQL_TEXT(e->plan_execution_id),
                                    SQL_INT(e->root_id), SQL_INT(e->execution_id)),
                           &changes);

    if (err)
        return err;
    if (changes)
        return ERR_OK;
    return sql_is_shared(store->sql) ? ERR_STORAGE_BUSY : ERR_EXECUTION_EXISTS;
}

static enum err executions_insert(struct store *store, const struct execution *e)
{
    return sql_run(
        store->sql, &executions_insert_row,
        SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id), SQL_TEXT(e->operator_name),
                 SQL_TEXT(e->portal_id), SQL_TEXT(e->plan_execution_id), SQL_TEXT(e->plan_id),
                 SQL_INT(e->plan_version), SQL_TEXT(status_name(e->status)),
                 SQL_TEXT(e->last_state), SQL_INT(e->epoch), executions_optional(e->parent_id),
                 executions_optional(e->parent_reservation_id), SQL_INT(e->depth),
                 SQL_INT(e->history_seq), SQL_INT(e->event_id), SQL_INT(e->frame_seq),
                 SQL_INT(e->busy_turns), SQL_INT(e->hold_on_failure), SQL_TEXT(e->start_locks),
                 SQL_TEXT(e->start_digest), SQL_TEXT(e->created_by), SQL_INT(e->created_at),
                 SQL_TEXT(e->input), SQL_INT(e->updated_at), executions_optional(e->ended_at),
                 SQL_TEXT(e->error), SQL_TEXT(e->cause), SQL_TEXT(e->output), SQL_TEXT(e->origin),
                 executions_optional(e->map_run_id), SQL_TEXT(e->map_state),
                 e->map_run_id ? SQL_INT(e->map_index) : SQL_NULL, SQL_INT(e->timed_out)),
        NULL);
}

static enum err executions_update_row(struct store *store, const struct execution *e)
{
    int64_t changes;
    enum err err = sql_run(
        store->sql, &executions_update,
        SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id), SQL_INT(e->plan_version),
                 SQL_TEXT(status_name(e->status)), SQL_TEXT(e->last_state), SQL_INT(e->epoch),
                 executions_optional(e->parent_reservation_id), SQL_INT(e->history_seq),
                 SQL_INT(e->event_id), SQL_INT(e->frame_seq), SQL_INT(e->busy_turns),
                 SQL_TEXT(e->start_locks), executions_optional(e->halt_id), SQL_INT(e->updated_at),
                 executions_optional(e->ended_at), SQL_TEXT(e->error), SQL_TEXT(e->cause),
                 SQL_TEXT(e->output), SQL_INT(e->timed_out), SQL_INT(e->redrives),
                 executions_optional(e->redriven_at)),
        &changes);

    CHECK(err || changes == 1);
    return err;
}

enum err executions_save(struct store *store, struct execution *e)
{
    enum err err = e->is_new ? executions_insert(store, e) : executions_update_row(store, e);

    if (!err)
        e->is_new = false;
    return err;
}

enum err executions_count_active_below(struct store *store, int64_t root_id, int64_t execution_id,
                                       int64_t *ret)
{
    return sql_select_int(store->sql, &executions_active_below,
                          SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id)), 0, ret);
}

enum err executions_child_of_frame(struct store *store, int64_t root_id, int64_t execution_id,
                                   int64_t frame_id, const char *state, int64_t *ret)
{
    return sql_select_int(
        store->sql, &executions_child_frame,
        SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(frame_id), SQL_TEXT(state)), 0,
        ret);
}

enum err executions_set_parent_reservation(struct store *store, int64_t root_id,
                                           int64_t execution_id, int64_t reservation_id)
{
    return sql_run(store->sql, &executions_parent_reservation,
                   SQL_ARGS(SQL_INT(root_id), SQL_INT(execution_id), SQL_INT(reservation_id)),
                   NULL);
}
