/*
 * verb_plan.c - POST create_plan and run_plan.
 */
#include "api/api_priv.h"

struct create_plan_body {
    const char *plan_id;
    const struct json *definition;
};
_Static_assert(sizeof(struct create_plan_body) <= VERB_BYTES_MAX, "fits");

const struct field verb_plan_fields[] = {
    {"plan_id", FIELD_NAME, true, offsetof(struct create_plan_body, plan_id), 0, 0},
    {"definition",     FIELD_OBJECT, true, offsetof(struct create_plan_body, definition), 0,
     LIMIT_DEFINITION_BYTES},
    {0},
};

static enum err verb_plan_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    const struct create_plan_body *body = job->call->fields;
    struct put_plan req = {body->plan_id, body->definition};
    struct put_plan_answer answer;
    struct json *json = json_object(engine->arena);
    enum err err = engine_put_plan(engine, &job->call->actor, &req, &answer, &job->call->fault);

    if (err)
        return err;
    json_add(engine->arena, json, "plan_id", json_string(engine->arena, body->plan_id));
    json_add(engine->arena, json, "plan_version", json_int(engine->arena, answer.plan_version));
    json_add(engine->arena, json, "created", json_bool(answer.created));
    *ret = json;
    return ERR_OK;
}

void verb_create_plan(struct call *call)
{
    verb_submit(call, verb_plan_run, false);
}

struct run_plan_body {
    const char *plan_id, *plan_execution_id;
    int64_t plan_version, start_at;
    const struct json *input;
    struct field_names locks;
    bool hold_on_failure;
};
_Static_assert(sizeof(struct run_plan_body) <= VERB_BYTES_MAX, "fits");

const struct field verb_run_fields[] = {
    {"plan_id",      FIELD_PLAN, true, offsetof(struct run_plan_body, plan_id), 0, 0},
    {"plan_version",          FIELD_INT, false, offsetof(struct run_plan_body, plan_version), 1, INT64_MAX},
    {"input",      FIELD_JSON, false, offsetof(struct run_plan_body, input), 0, LIMIT_PAYLOAD_BYTES},
    {"plan_execution_id",             FIELD_NAME, false, offsetof(struct run_plan_body, plan_execution_id), 0,
     0},
    {"locks", FIELD_NAMES, false, offsetof(struct run_plan_body, locks), 0, LIMIT_LOCKS_AT_START},
    {"start_at",         FIELD_INT, false, offsetof(struct run_plan_body, start_at), 0, INT64_MAX},
    {"hold_on_failure", FIELD_BOOL, false, offsetof(struct run_plan_body, hold_on_failure), 0, 0},
    {0    },
};

enum err verb_run_check(struct call *call)
{
    const struct run_plan_body *body = call->fields;
    int64_t now_ms = clock_now_ms(call->api->config.clock);

    if (body->start_at <= now_ms + LIMIT_TIMER_MS)
        return ERR_OK;
    return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/start_at",
                     "expected a time in milliseconds since 1970, at most three years ahead");
}

static enum err verb_run_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    const struct run_plan_body *body = job->call->fields;
    struct start_request req = {
        .plan_id = body->plan_id,
        .plan_version = body->plan_version,
        .plan_execution_id = body->plan_execution_id,
        .input = body->input,
        .locks = body->locks.list,
        .lock_count = body->locks.count,
        .start_at = body->start_at,
        .hold_on_failure = body->hold_on_failure,
    };
    struct execution_answer answer;
    struct json *json = json_object(engine->arena);
    enum err err = engine_start(engine, &job->call->actor, &req, &answer, &job->call->fault);

    if (err)
        return err;
    json_add(engine->arena, json, "plan_execution_id",
             json_string(engine->arena, answer.plan_execution_id));
    json_add(engine->arena, json, "status", json_string(engine->arena, status_name(answer.status)));
    json_add(engine->arena, json, "created", json_bool(answer.created));
    *ret = json;
    return ERR_OK;
}

void verb_run_plan(struct call *call)
{
    verb_submit(call, verb_run_run, false);
}
