/*
 * express.c - executions that live in memory: a store of the same schema, forgotten when they end.
 */
#include "engine/express.h"

#include "engine/engine_priv.h"
#include "store/plans.h"

SQL_QUERY(express_has_plan, "SELECT count(*) FROM plan_versions WHERE operator_name = ?1"
                            " AND plan_id = ?2 AND plan_version = ?3");
SQL_QUERY(express_put_plan,
          "INSERT INTO plans (operator_name, plan_id, plan_version, created_at, updated_at)"
          " VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (operator_name, plan_id) DO UPDATE"
          " SET plan_version = excluded.plan_version");
SQL_QUERY(express_put_version,
          "INSERT INTO plan_versions (operator_name, plan_id, plan_version, digest, created_at,"
          " created_by, definition, role_arn) VALUES (?1, ?2, ?3, '', ?4, ?5, ?6, ?7)");

enum err express_plan(struct engine *engine, const struct actor *actor,
                      const struct express_plan *plan)
{
    struct sql *sql = engine->store->sql;
    int64_t now_ms = engine_now(engine), known;
    enum err err = sql_select_int(sql, &express_has_plan,
                                  SQL_ARGS(SQL_TEXT(actor->operator_name), SQL_TEXT(plan->plan_id),
                                           SQL_INT(plan->plan_version)),
                                  0, &known);

    if (err || known)
        return err;
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

enum err express_read(struct engine *engine, int64_t execution_id, struct execution *ret)
{
    return executions_load(engine->store, engine->arena, execution_id, execution_id, ret);
}

/* A root of its own: its tree is its execution. */
SQL_QUERY(express_forget_tree, "DELETE FROM trees WHERE root_id = ?1");
SQL_QUERY(express_forget_id, "DELETE FROM execution_ids WHERE operator_name = ?1"
                             " AND plan_execution_id = ?2");
SQL_QUERY(express_forget_execution, "DELETE FROM executions WHERE root_id = ?1");
SQL_QUERY(express_forget_frames, "DELETE FROM frames WHERE root_id = ?1");
SQL_QUERY(express_forget_reservations, "DELETE FROM reservations WHERE root_id = ?1");

enum err express_forget(struct engine *engine, int64_t execution_id)
{
    static const struct sql_query *const queries[] = {
        &express_forget_tree,
        &express_forget_execution,
        &express_forget_frames,
        &express_forget_reservations,
    };
    struct execution e;
    enum err err = express_read(engine, execution_id, &e);

    if (err)
        return err == ERR_EXECUTION_NOT_FOUND ? ERR_OK : err;
    err = sql_run(engine->store->sql, &express_forget_id,
                  SQL_ARGS(SQL_TEXT(e.operator_name), SQL_TEXT(e.plan_execution_id)), NULL);
    for (size_t i = 0; i < ARRAY_SIZE(queries) && !err; i++)
        err = sql_run(engine->store->sql, queries[i], SQL_ARGS(SQL_INT(execution_id)), NULL);
    return err;
}
