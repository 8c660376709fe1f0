/*
 * execution_express.c - executions of EXPRESS machines: what is to run is read from the store on
 * disk, and runs on the lane whose store is in memory.
 *
 * Who looks at one that has ended forgets it in the same job; what nobody looks at is left to the
 * forgetter.
 */
#include "sfn/execution_priv.h"

#include "engine/transition.h"
#include "front/reader.h"

/* Also true of what is not there at all, so that the refusal has its words. */
static enum err express_may_be(struct sfn_call *call, struct store *store, const char *text,
                               bool *ret)
{
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);
    bool is_standard = false;

    if (!err)
        err = machines_is_standard(store, call->actor.operator_name, arn.name, &is_standard);
    *ret = !is_standard;
    return err;
}

enum err express_prepare(struct sfn_call *call, const struct execution_wanted *wanted,
                         struct execution_prepared *ret)
{
    struct store store;
    bool may_be = true;
    enum err err = reader_begin(call->sfn->config.store_name, &store);

    if (err)
        return err;
    *ret = (struct execution_prepared){0};
    err = express_may_be(call, &store, wanted->machine_arn, &may_be);
    if (!err && may_be)
        err = execution_prepare(call, &store, wanted, ret);
    reader_end(&store);
    return err;
}

enum err express_look(struct engine *engine, int64_t execution_id, struct execution *ret)
{
    enum err err = express_read(engine, execution_id, ret);

    if (err || !transition_is_final(ret->status))
        return err;
    return express_forget(engine, execution_id);
}

enum err express_start(struct sfn_call *call, struct engine *engine,
                       const struct execution_prepared *prepared, struct execution *ret)
{
    struct execution_answer answer;
    struct fault fault;
    int64_t root_id, execution_id;
    enum err err = express_plan(engine, &call->actor, &prepared->plan);

    if (!err)
        err = engine_start(engine, &call->actor, &prepared->req, &answer, &fault);
    if (!err)
        err = executions_find(engine->store, call->actor.operator_name,
                              prepared->req.plan_execution_id, &root_id, &execution_id);
    return err ? err : express_look(engine, execution_id, ret);
}
