/*
 * machines.c - plans with their revisions: made, found, listed, deleted.
 */
#include "store/machines.h"

#include <string.h>

#include "base/arena.h"

/* A deleted plan is there as long as an execution of it runs. */
#define MACHINES_ACTIVE                                                                            \
    "EXISTS (SELECT 1 FROM executions_now e WHERE e.operator_name = p.operator_name"               \
    " AND e.plan_id = p.plan_id AND e.ended_at IS NULL)"

SQL_QUERY(machines_select,
          "SELECT p.type, CASE WHEN p.deleted_at IS NULL THEN 0 WHEN " MACHINES_ACTIVE " THEN 1"
          " ELSE 2 END, p.created_at, p.plan_version, p.last_publication, v.plan_version,"
          " v.created_at, v.revision, v.role_arn, v.configuration, v.source, v.definition, v.digest"
          " FROM plans p JOIN plan_versions v ON v.operator_name = p.operator_name"
          " AND v.plan_id = p.plan_id"
          " AND v.plan_version = CASE WHEN ?3 = 0 THEN p.plan_version ELSE ?3 END"
          " WHERE p.operator_name = ?1 AND p.plan_id = ?2");
SQL_QUERY(machines_number,
          "SELECT plan_version FROM plans WHERE operator_name = ?1 AND plan_id = ?2");
SQL_QUERY(machines_count_standard,
          "SELECT count(*) FROM plans WHERE operator_name = ?1 AND plan_id = ?2"
          " AND type = 'STANDARD'");
SQL_QUERY(machines_upsert,
          "INSERT INTO plans (operator_name, plan_id, plan_version, created_at, updated_at, type)"
          " VALUES (?1, ?2, ?3, ?4, ?4, ?5)"
          " ON CONFLICT (operator_name, plan_id) DO UPDATE"
          " SET plan_version = excluded.plan_version, updated_at = excluded.updated_at,"
          " created_at = CASE WHEN plans.deleted_at IS NULL THEN plans.created_at"
          " ELSE excluded.created_at END,"
          " type = CASE WHEN plans.deleted_at IS NULL THEN plans.type ELSE excluded.type END,"
          " last_publication = CASE WHEN plans.deleted_at IS NULL THEN plans.last_publication"
          " ELSE 0 END,"
          " deleted_at = NULL");
SQL_QUERY(machines_insert_revision,
          "INSERT INTO plan_versions (operator_name, plan_id, plan_version, digest, created_at,"
          " created_by, definition, revision, role_arn, configuration, source)"
          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
SQL_QUERY(machines_mark_deleted, "UPDATE plans SET deleted_at = ?3, updated_at = ?3"
                                 " WHERE operator_name = ?1 AND plan_id = ?2"
                                 " AND deleted_at IS NULL");
SQL_QUERY(machines_delete_publications,
          "DELETE FROM plan_publications WHERE operator_name = ?1 AND plan_id = ?2");
SQL_QUERY(machines_delete_aliases,
          "DELETE FROM plan_aliases WHERE operator_name = ?1 AND plan_id = ?2");
SQL_QUERY(machines_select_page,
          "SELECT plan_id, type, created_at FROM plans WHERE operator_name = ?1 AND plan_id > ?2"
          " AND deleted_at IS NULL ORDER BY plan_id LIMIT ?3");
SQL_QUERY(machines_select_nth, "SELECT 1 FROM plans WHERE operator_name = ?1"
                               " AND deleted_at IS NULL LIMIT 1 OFFSET ?2");

enum { MACHINES_LIVE, MACHINES_DELETING, MACHINES_GONE };

static void machines_read(struct arena *arena, const struct sql_rows *rows, struct machine_row *ret)
{
    const char *source = sql_text_copy(arena, rows, 10);

    ret->type = sql_text_copy(arena, rows, 0);
    ret->is_deleting = sql_int(rows, 1) != MACHINES_LIVE;
    ret->created_at = sql_int(rows, 2);
    ret->latest_version = sql_int(rows, 3);
    ret->last_publication = sql_int(rows, 4);
    ret->plan_version = sql_int(rows, 5);
    ret->version_created_at = sql_int(rows, 6);
    ret->revision = sql_text_copy(arena, rows, 7);
    ret->role_arn = sql_text_copy(arena, rows, 8);
    ret->configuration = sql_text_copy(arena, rows, 9);
    ret->printed = sql_text_copy(arena, rows, 11);
    ret->digest = sql_text_copy(arena, rows, 12);
    ret->definition = source ? source : ret->printed;
}

enum err machines_load(struct store *store, struct arena *arena, const char *operator_name,
                       const char *plan_id, int64_t plan_version, struct machine_row *ret)
{
    struct machine_row row = {0};
    struct sql_rows rows;
    enum err err = sql_select(
        store->sql, &machines_select,
        SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(plan_version)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        /* By number it is asked for by those who have an execution of it. */
        if (sql_int(&rows, 1) == MACHINES_GONE && plan_version == 0)
            continue;
        row.plan_id = arena_string(arena, plan_id);
        machines_read(arena, &rows, &row);
    }
    err = sql_end(&rows);
    if (err)
        return err;
    if (!row.plan_id)
        return ERR_PLAN_NOT_FOUND;
    *ret = row;
    return ERR_OK;
}

enum err machines_is_standard(struct store *store, const char *operator_name, const char *plan_id,
                              bool *ret)
{
    int64_t count = 0;
    enum err err = sql_select_int(store->sql, &machines_count_standard,
                                  SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), 0, &count);

    *ret = count > 0;
    return err;
}

enum err machines_last_version(struct store *store, const char *operator_name, const char *plan_id,
                               int64_t *ret)
{
    return sql_select_int(store->sql, &machines_number,
                          SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), 0, ret);
}

enum err machines_insert_version(struct store *store, const char *operator_name,
                                 const char *subject, const struct machine_row *row)
{
    bool is_as_printed = !row->definition || strcmp(row->definition, row->printed) == 0;
    enum err err = sql_run(store->sql, &machines_upsert,
                           SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(row->plan_id),
                                    SQL_INT(row->plan_version), SQL_INT(row->version_created_at),
                                    SQL_TEXT(row->type)),
                           NULL);

    store->has_new_plans = true;
    if (err)
        return err;
    return sql_run(
        store->sql, &machines_insert_revision,
        SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(row->plan_id), SQL_INT(row->plan_version),
                 SQL_TEXT(row->digest), SQL_INT(row->version_created_at), SQL_TEXT(subject),
                 SQL_TEXT(row->printed), SQL_TEXT(row->revision), SQL_TEXT(row->role_arn),
                 SQL_TEXT(row->configuration), SQL_TEXT(is_as_printed ? NULL : row->definition)),
        NULL);
}

enum err machines_delete(struct store *store, const char *operator_name, const char *plan_id,
                         int64_t now_ms, int64_t *ret_changes)
{
    enum err err =
        sql_run(store->sql, &machines_mark_deleted,
                SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(now_ms)), ret_changes);

    if (!err)
        err = sql_run(store->sql, &machines_delete_publications,
                      SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), NULL);
    if (!err)
        err = sql_run(store->sql, &machines_delete_aliases,
                      SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), NULL);
    return err;
}

enum err machines_list(struct store *store, struct arena *arena, const char *operator_name,
                       const char *after, int64_t limit, struct machine_name **ret)
{
    struct machine_name *list = NULL, **end = &list;
    struct sql_rows rows;
    enum err err =
        sql_select(store->sql, &machines_select_page,
                   SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(after), SQL_INT(limit)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        *end = ARENA_NEW(arena, struct machine_name);
        (*end)->plan_id = sql_text_copy(arena, &rows, 0);
        (*end)->type = sql_text_copy(arena, &rows, 1);
        (*end)->created_at = sql_int(&rows, 2);
        end = &(*end)->next;
    }
    err = sql_end(&rows);
    if (!err)
        *ret = list;
    return err;
}

enum err machines_reach(struct store *store, const char *operator_name, int64_t limit, bool *ret)
{
    int64_t found = 0;
    enum err err = sql_select_int(store->sql, &machines_select_nth,
                                  SQL_ARGS(SQL_TEXT(operator_name), SQL_INT(limit - 1)), 0, &found);

    if (!err)
        *ret = found != 0;
    return err;
}
