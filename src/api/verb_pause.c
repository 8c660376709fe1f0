/*
 * verb_pause.c - POST pause_execution and restart_execution.
 */
#include "api/api_priv.h"

struct pause_body {
    const char *plan_execution_id, *reason;
};
_Static_assert(sizeof(struct pause_body) <= VERB_BYTES_MAX, "fits");

const struct field verb_pause_fields[] = {
    {"plan_execution_id", FIELD_EXECUTION, true, offsetof(struct pause_body, plan_execution_id), 0,
     0},
    {"reason",               FIELD_TEXT, false, offsetof(struct pause_body, reason), 0, LIMIT_REASON_BYTES},
    {0},
};

typedef enum err (*verb_pause_fn)(struct engine *engine, const struct actor *actor,
                                  const char *plan_execution_id, const char *reason,
                                  struct execution_answer *ret, struct fault *reterr);

static enum err verb_pause_call(struct verb_job *job, struct engine *engine, verb_pause_fn fn,
                                const struct json **ret)
{
    const struct pause_body *body = job->call->fields;
    struct execution_answer answer;
    struct json *json = json_object(engine->arena);
    enum err err = fn(engine, &job->call->actor, body->plan_execution_id, body->reason, &answer,
                      &job->call->fault);

    if (err)
        return err;
    json_add(engine->arena, json, "plan_execution_id",
             json_string(engine->arena, answer.plan_execution_id));
    json_add(engine->arena, json, "status", json_string(engine->arena, status_name(answer.status)));
    json_add(engine->arena, json, "epoch", json_int(engine->arena, answer.epoch));
    *ret = json;
    return ERR_OK;
}

static enum err verb_pause_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    return verb_pause_call(job, engine, engine_pause, ret);
}

static enum err verb_restart_run(struct verb_job *job, struct engine *engine,
                                 const struct json **ret)
{
    return verb_pause_call(job, engine, engine_restart, ret);
}

void verb_pause(struct call *call)
{
    verb_submit(call, verb_pause_run, true);
}

void verb_restart(struct call *call)
{
    verb_submit(call, verb_restart_run, false);
}
