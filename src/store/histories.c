/*
 * histories.c - what happened, append only.
 */
#include "store/histories.h"

#include "base/json.h"
#include "store/executions.h"

SQL_QUERY(history_insert,
          "INSERT INTO history (root_id, execution_id, seq, operator_name, tree_seq, time_at, type,"
          " event_id, previous_event_id, halt_id, detail)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");

static enum err history_append(struct store *store, struct execution *e, int64_t now_ms,
                               const char *type, const struct sql_arg numbers[3],
                               const char *detail)
{
    e->history_seq++;
    if (store->keeps_no_history)
        return ERR_OK;
    return sql_run(store->sql, &history_insert,
                   SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id), SQL_INT(e->history_seq),
                            SQL_TEXT(e->operator_name), SQL_INT(e->tree_seq), SQL_INT(now_ms),
                            SQL_TEXT(type), numbers[0], numbers[1], numbers[2], SQL_TEXT(detail)),
                   NULL);
}

enum err history_event(struct store *store, struct arena *arena, struct execution *e,
                       int64_t now_ms, const char *type, int64_t previous_event_id,
                       const struct json *detail, int64_t *ret_event_id)
{
    const struct sql_arg numbers[3] = {SQL_INT(e->event_id + 1), SQL_INT(previous_event_id),
                                       SQL_NULL};

    e->event_id++;
    if (ret_event_id)
        *ret_event_id = e->event_id;
    return history_append(store, e, now_ms, type, numbers, json_text(arena, detail));
}

enum err history_audit(struct store *store, struct arena *arena, struct execution *e,
                       int64_t now_ms, const char *type, int64_t halt_id, const struct json *detail)
{
    const struct sql_arg numbers[3] = {SQL_NULL, SQL_NULL, halt_id ? SQL_INT(halt_id) : SQL_NULL};

    return history_append(store, e, now_ms, type, numbers, json_text(arena, detail));
}
