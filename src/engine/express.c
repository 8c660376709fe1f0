/*
 * express.c - executions that live in memory: a store of the same schema, forgotten when they end.
 */
#include "engine/express.h"

#include "base/limits.h"
#include "engine/engine_priv.h"
#include "store/plans.h"

/* ---- room ---- */

SQL_QUERY_SQLITE(express_page_size, "PRAGMA page_size");
SQL_QUERY_SQLITE(express_page_count, "PRAGMA page_count");
SQL_QUERY_SQLITE(express_free_count, "PRAGMA freelist_count");

/* What has been forgotten leaves pages that are free. */
static enum err express_check_room(struct engine *engine)
{
    static const struct sql_query *const queries[] = {&express_page_size, &express_page_count,
                                                      &express_free_count};
    int64_t numbers[ARRAY_SIZE(queries)];

    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        enum err err = sql_select_int(engine->store->sql, queries[i], SQL_NO_ARGS, 0, &numbers[i]);

        if (err)
            return err;
    }
    return numbers[0] * (numbers[1] - numbers[2]) < LIMIT_EXPRESS_BYTES ? ERR_OK : ERR_UNAVAILABLE;
}

/* ---- plans ---- */

SQL_QUERY(express_has_plan, "SELECT count(*) FROM plan_versions WHERE operator_name = ?1"
                            " AND plan_id = ?2 AND plan_version = ?3");
SQL_QUERY(express_put_plan,
          "INSERT INTO plans (operator_name, plan_id, plan_version, created_at, updated_at)"
          " VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (operator_name, plan_id) DO UPDATE"
          " SET plan_version = excluded.plan_version");
SQL_QUERY(express_put_version,
          "INSERT INTO plan_versions (operator_name, plan_id, plan_version, digest, created_at,"
          " created_by, definition, role_arn) VALUES (?1, ?2, ?3, '', ?4, ?5, ?6, ?7)");
SQL_QUERY(express_count_versions, "SELECT count(*) FROM plan_versions");
SQL_QUERY(express_drop_versions,
          "DELETE FROM plan_versions WHERE (operator_name, plan_id, plan_version) NOT IN"
          " (SELECT operator_name, plan_id, plan_version FROM executions)");
SQL_QUERY(express_drop_plans, "DELETE FROM plans WHERE (operator_name, plan_id) NOT IN"
                              " (SELECT operator_name, plan_id FROM plan_versions)");

/* Those that nobody uses now are copied again when somebody does. */
static enum err express_trim_plans(struct engine *engine)
{
    struct sql *sql = engine->store->sql;
    int64_t count;
    enum err err = sql_select_int(sql, &express_count_versions, SQL_NO_ARGS, 0, &count);

    if (err || count < LIMIT_EXPRESS_PLANS)
        return err;
    err = sql_run(sql, &express_drop_versions, SQL_NO_ARGS, NULL);
    return err ? err : sql_run(sql, &express_drop_plans, SQL_NO_ARGS, NULL);
}

enum err express_plan(struct engine *engine, const struct actor *actor,
                      const struct express_plan *plan)
{
    struct sql *sql = engine->store->sql;
    int64_t now_ms = engine_now(engine), known = 0;
    enum err err = express_check_room(engine);

    if (!err)
        err = sql_select_int(sql, &express_has_plan,
                             SQL_ARGS(SQL_TEXT(actor->operator_name), SQL_TEXT(plan->plan_id),
                                      SQL_INT(plan->plan_version)),
                             0, &known);
    if (err || known)
        return err;
    err = express_trim_plans(engine);
    if (!err)
        err = sql_run(sql, &express_put_plan,
                      SQL_ARGS(SQL_TEXT(actor->operator_name), SQL_TEXT(plan->plan_id),
                               SQL_INT(plan->plan_version), SQL_INT(now_ms)),
                      NULL);
    if (err)
        return err;
    return sql_run(sql, &express_put_version,
                   SQL_ARGS(SQL_TEXT(actor->operator_name), SQL_TEXT(plan->plan_id),
                            SQL_INT(plan->plan_version), SQL_INT(now_ms), SQL_TEXT(actor->subject),
                            SQL_TEXT(plan->definition), SQL_TEXT(plan->role_arn)),
                   NULL);
}

/* ---- executions ---- */

enum err express_read(struct engine *engine, int64_t execution_id, struct execution *ret)
{
    return executions_load(engine->store, engine->arena, execution_id, execution_id, ret);
}

/* A root of its own: its tree is its execution. Its name first, for that is found by its row. */
SQL_QUERY(express_has_ended,
          "SELECT count(*) FROM executions WHERE root_id = ?1 AND ended_at IS NOT NULL");
SQL_QUERY(express_forget_id,
          "DELETE FROM execution_ids WHERE (operator_name, plan_execution_id) ="
          " (SELECT operator_name, plan_execution_id FROM executions WHERE root_id = ?1)");
SQL_QUERY(express_forget_tree, "DELETE FROM trees WHERE root_id = ?1");
SQL_QUERY(express_forget_execution, "DELETE FROM executions WHERE root_id = ?1");
SQL_QUERY(express_forget_frames, "DELETE FROM frames WHERE root_id = ?1");
SQL_QUERY(express_forget_reservations, "DELETE FROM reservations WHERE root_id = ?1");

enum err express_forget(struct engine *engine, int64_t execution_id)
{
    static const struct sql_query *const queries[] = {
        &express_forget_id,     &express_forget_tree,         &express_forget_execution,
        &express_forget_frames, &express_forget_reservations,
    };
    int64_t ended;
    enum err err = sql_select_int(engine->store->sql, &express_has_ended,
                                  SQL_ARGS(SQL_INT(execution_id)), 0, &ended);

    if (err || !ended)
        return err;
    for (size_t i = 0; i < ARRAY_SIZE(queries) && !err; i++)
        err = sql_run(engine->store->sql, queries[i], SQL_ARGS(SQL_INT(execution_id)), NULL);
    return err;
}
