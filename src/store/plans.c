/*
 * plans.c - plan definitions in numbered versions.
 */
#include "store/plans.h"

#include "base/arena.h"

SQL_QUERY(
    plans_select,
    "SELECT v.plan_version, p.plan_version, v.digest, v.definition, v.created_at, p.updated_at"
    " FROM plans p JOIN plan_versions v ON v.operator_name = p.operator_name"
    " AND v.plan_id = p.plan_id"
    " AND v.plan_version = CASE WHEN ?3 = 0 THEN p.plan_version ELSE ?3 END"
    " WHERE p.operator_name = ?1 AND p.plan_id = ?2 AND (?3 > 0 OR p.deleted_at IS NULL)");

enum err plans_load(struct store *store, struct arena *arena, const char *operator_name,
                    const char *plan_id, int64_t plan_version, struct plan_row *ret)
{
    struct sql_rows rows;
    bool found = false;
    enum err err = sql_select(
        store->sql, &plans_select,
        SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(plan_version)), &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        found = true;
        *ret = (struct plan_row){
            .plan_id = arena_string(arena, plan_id),
            .plan_version = sql_int(&rows, 0),
            .latest_version = sql_int(&rows, 1),
            .digest = sql_text_copy(arena, &rows, 2),
            .definition = sql_text_copy(arena, &rows, 3),
            .created_at = sql_int(&rows, 4),
            .updated_at = sql_int(&rows, 5),
        };
    }
    err = sql_end(&rows);
    if (err)
        return err;
    return found ? ERR_OK : ERR_PLAN_NOT_FOUND;
}
