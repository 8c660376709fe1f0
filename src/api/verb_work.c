/*
 * verb_work.c - POST poll_task, complete_task, fail_task, heartbeat_task, execution_callback,
 * complete_human_task.
 *
 * A poll that finds nothing is parked until a task of its queue appears or its time is over; before
 * a task is handed out the caller must still be there. What slips through is the lease's job.
 */
#include "api/api_priv.h"

#include <string.h>

#include "front/park.h"

struct work_body {
    const char *task, *worker, *token, *human_task_id, *plan_execution_id, *state, *error, *cause;
    const struct json *output;
    int64_t wait_ms;
};
_Static_assert(sizeof(struct work_body) <= VERB_BYTES_MAX, "fits");

#define WORK_TOKEN(name)                                                                           \
    {                                                                                              \
        name, FIELD_WORD, true, offsetof(struct work_body, token), 0, 1024                         \
    }
#define WORK_OUTPUT(required)                                                                      \
    {                                                                                              \
        "output", FIELD_JSON, required, offsetof(struct work_body, output), 0, LIMIT_PAYLOAD_BYTES \
    }
#define WORK_ERROR(required)                                                                       \
    {"error", FIELD_TEXT, required, offsetof(struct work_body, error), 0, LIMIT_ERROR_BYTES},      \
    {                                                                                              \
        "cause", FIELD_TEXT, false, offsetof(struct work_body, cause), 0, LIMIT_CAUSE_BYTES        \
    }

const struct field verb_poll_fields[] = {
    {"task", FIELD_NAME, true, offsetof(struct work_body, task), 0, 0},
    {"worker",  FIELD_NAME, true, offsetof(struct work_body, worker), 0, 0},
    {"wait_ms", FIELD_INT, false, offsetof(struct work_body, wait_ms), 0, LIMIT_POLL_MS},
    {0    },
};
const struct field verb_complete_fields[] = {WORK_TOKEN("task_token"), WORK_OUTPUT(true), {0}};
const struct field verb_fail_fields[] = {WORK_TOKEN("task_token"), WORK_ERROR(true), {0}};
const struct field verb_heartbeat_fields[] = {WORK_TOKEN("task_token"), {0}};
const struct field verb_callback_fields[] = {
    {"callback_token", FIELD_WORD, false, offsetof(struct work_body, token), 0, 1024},
    {"plan_execution_id",           FIELD_EXECUTION, false, offsetof(struct work_body, plan_execution_id), 0,
     0},
    {"state",          FIELD_TEXT, false, offsetof(struct work_body, state), 0, 4 * LIMIT_STATE_NAME_CHARS},
    WORK_OUTPUT(false),
    WORK_ERROR(false),
    {0           },
};
const struct field verb_human_fields[] = {
    {"human_task_id", FIELD_WORD, true, offsetof(struct work_body, human_task_id), 0, 128},
    WORK_OUTPUT(false),
    WORK_ERROR(false),
    {0          },
};

/* Either an output, or an error with an optional cause. */
static enum err work_check_answer(struct call *call)
{
    const struct work_body *body = call->fields;

    if (!body->output == !body->error)
        return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/output",
                         "expected either \"output\" or \"error\"");
    if (body->cause && !body->error)
        return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/cause",
                         "a cause goes with an \"error\"");
    return ERR_OK;
}

enum err verb_callback_check(struct call *call)
{
    const struct work_body *body = call->fields;

    if (!body->token == !body->plan_execution_id)
        return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/callback_token",
                         "expected either \"callback_token\" or \"plan_execution_id\"");
    if (body->state && body->token)
        return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/state",
                         "a state goes with a \"plan_execution_id\"");
    return work_check_answer(call);
}

enum err verb_human_check(struct call *call)
{
    return work_check_answer(call);
}

/* ---- results ---- */

static enum err work_result(struct verb_job *job, struct engine *engine, enum result_kind kind,
                            const struct json **ret)
{
    struct call *call = job->call;
    const struct work_body *body = call->fields;
    struct result_request req = {
        .token = body->token,
        .human_task_id = body->human_task_id,
        .plan_execution_id = body->plan_execution_id,
        .state = body->state,
        .output = body->output,
        .error = body->error,
        .cause = body->cause,
    };
    const char *plan_execution_id = NULL;
    struct json *json = json_object(engine->arena);
    enum err err = engine_result(engine, call->actor.operator_name ? &call->actor : NULL, kind,
                                 &req, &plan_execution_id, &call->fault);

    if (err)
        return err;
    if (kind == RESULT_CALLBACK)
        json_add(engine->arena, json, "plan_execution_id",
                 json_string(engine->arena, plan_execution_id));
    json_add(engine->arena, json, "accepted", &json_true);
    *ret = json;
    return ERR_OK;
}

static enum err work_complete_run(struct verb_job *job, struct engine *engine,
                                  const struct json **ret)
{
    return work_result(job, engine, RESULT_COMPLETE_TASK, ret);
}

static enum err work_fail_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    return work_result(job, engine, RESULT_FAIL_TASK, ret);
}

static enum err work_callback_run(struct verb_job *job, struct engine *engine,
                                  const struct json **ret)
{
    return work_result(job, engine, RESULT_CALLBACK, ret);
}

static enum err work_human_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    return work_result(job, engine, RESULT_HUMAN, ret);
}

void verb_complete(struct call *call)
{
    verb_submit(call, work_complete_run, false);
}

void verb_fail(struct call *call)
{
    verb_submit(call, work_fail_run, false);
}

void verb_callback(struct call *call)
{
    const struct work_body *body = call->fields;

    /* By place it needs the operator's token; the one-time token is a right of its own. */
    if (!body->token && !call->actor.operator_name) {
        fault_set(&call->fault, call->arena, ERR_UNAUTHENTICATED, NULL,
                  "send Authorization: Bearer <token>");
        reply_err(call, ERR_UNAUTHENTICATED);
        return;
    }
    verb_submit(call, work_callback_run, false);
}

void verb_complete_human(struct call *call)
{
    verb_submit(call, work_human_run, false);
}

/* ---- heartbeat ---- */

static enum err work_heartbeat_run(struct verb_job *job, struct engine *engine,
                                   const struct json **ret)
{
    const struct work_body *body = job->call->fields;
    struct json *json = json_object(engine->arena);
    int64_t lease_ms;
    enum err err =
        engine_heartbeat(engine, &job->call->actor, body->token, &lease_ms, &job->call->fault);

    if (err)
        return err;
    json_add(engine->arena, json, "lease_ms", json_int(engine->arena, lease_ms));
    *ret = json;
    return ERR_OK;
}

void verb_heartbeat(struct call *call)
{
    verb_send(verb_new(call, work_heartbeat_run, false, false));
}

/* ---- poll ---- */

struct poll_wait {
    struct parked parked;
    struct verb_job *job;
    bool found, is_gone;
    int64_t over_us;
};

static const struct json *poll_json(struct arena *arena, const struct poll_answer *answer)
{
    struct json *json = json_object(arena), *task;

    if (!answer->task) {
        json_add(arena, json, "task", &json_null);
        return json;
    }
    task = json_object(arena);
    json_add(arena, task, "task_token", json_string(arena, answer->task_token));
    json_add(arena, task, "task", json_string(arena, answer->task));
    json_add(arena, task, "plan_execution_id", json_string(arena, answer->plan_execution_id));
    json_add(arena, task, "state", json_string(arena, answer->state));
    json_add(arena, task, "input", json_stored(arena, answer->input));
    json_add(arena, task, "attempt", json_int(arena, answer->attempt));
    json_add(arena, task, "lease_ms", json_int(arena, answer->lease_ms));
    json_add(arena, json, "task", task);
    return json;
}

static enum err work_poll_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    const struct work_body *body = job->call->fields;
    struct poll_wait *wait = job->state;
    struct poll_answer answer = {0};
    enum err err = ERR_OK;

    /* A task must not go to a caller who has left. */
    wait->is_gone = !net_alive(job->call->request);
    wait->parked.stamp = park_stamp(job->call->api->park, wait->parked.topic);
    if (!wait->is_gone)
        err = engine_poll(engine, &job->call->actor, body->task, body->worker, &answer);
    wait->found = answer.task != NULL;
    *ret = poll_json(engine->arena, &answer);
    return err;
}

static void poll_end(struct parked *parked, enum park_end end)
{
    struct poll_wait *wait = (struct poll_wait *)parked;

    /* Expired or drained: the empty answer stands already. */
    if (end == PARK_WOKEN)
        verb_send(wait->job);
    else
        verb_answer(wait->job);
}

static void verb_poll_done(struct verb_job *job)
{
    struct poll_wait *wait = job->state;
    struct api *api = job->call->api;

    /* The news that woke a caller who has left is for the next one. */
    if (wait->is_gone)
        park_wake(api->park, wait->parked.topic, false);
    if (wait->found || wait->is_gone || clock_monotonic_us() >= wait->over_us ||
        !park_add(api->park, &wait->parked))
        verb_answer(job);
}

void verb_poll(struct call *call)
{
    const struct work_body *body = call->fields;
    struct verb_job *job = verb_new(call, work_poll_run, false, false);
    struct poll_wait *wait = ARENA_NEW(call->arena, struct poll_wait);

    wait->job = job;
    wait->over_us = clock_monotonic_us() + body->wait_ms * 1000;
    wait->parked.deadline_us = wait->over_us;
    wait->parked.operator_name = call->actor.operator_name;
    wait->parked.on_end = poll_end;
    park_topic_task(wait->parked.topic, call->actor.operator_name, body->task);
    job->state = wait;
    job->on_done = verb_poll_done;
    verb_send(job);
}
