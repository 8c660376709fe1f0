/*
 * task.c - SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat, GetActivityTask.
 *
 * A task token is that of a callback or of an activity's task. Once its task is over, whatever was
 * the reason, the token has timed out; what comes for a halted execution is kept as evidence.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "sfn/json_words.h"
#include "store/activities.h"

enum {
    TASK_POLL_MS = 60 * 1000,
    TASK_POLLERS_MAX = 1000,
    TASK_TOKEN_RAW = 56, /* a token of ours: three ids and a secret of 32 bytes, base64url */
};

struct task_fields {
    const char *token, *output, *error, *cause, *activity_arn, *worker;
    struct task_poll *poll; /* of the request at work; no member of a shape */
};
_Static_assert(sizeof(struct task_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field task_success_fields[] = {
    FIELD_TEXT(task_fields, "taskToken", true, token, 1, 2048),
    FIELD_TEXT(task_fields, "output", true, output, 0, LIMIT_PAYLOAD_BYTES),
    {0},
};
const struct sfn_field task_failure_fields[] = {
    FIELD_TEXT(task_fields, "taskToken", true, token, 1, 2048),
    FIELD_TEXT(task_fields, "error", false, error, 0, LIMIT_ERROR_BYTES),
    FIELD_TEXT(task_fields, "cause", false, cause, 0, LIMIT_CAUSE_BYTES),
    {0},
};
const struct sfn_field task_heartbeat_fields[] = {
    FIELD_TEXT(task_fields, "taskToken", true, token, 1, 2048),
    {0},
};
const struct sfn_field get_activity_task_fields[] = {
    FIELD_TEXT(task_fields, "activityArn", true, activity_arn, 1, 256),
    FIELD_TEXT(task_fields, "workerName", false, worker, 1, 80),
    {0},
};

/* ---- results ---- */

static bool task_is_token(const char *token)
{
    uint8_t bytes[TASK_TOKEN_RAW];
    size_t len;

    return base64url_parse(token, strlen(token), bytes, sizeof(bytes), &len) &&
           len == sizeof(bytes);
}

/* What the engine says of a token, as AWS would. */
static enum err task_refuse(struct sfn_call *call, enum err err)
{
    const struct task_fields *fields = call->fields;

    switch (err) {
    case ERR_TOKEN_NOT_FOUND:
        if (!task_is_token(fields->token))
            return sfn_refuse(call, "InvalidToken", "Invalid Token: 'Invalid token'");
        return sfn_refuse(call, "TaskDoesNotExist",
                          "Task Does Not Exist: 'Provided task does not exist'");
    case ERR_EXECUTION_HALTED:
    case ERR_ALREADY_SETTLED:
    case ERR_LEASE_LOST:
        return sfn_refuse(call, "TaskTimedOut",
                          "Task Timed Out: 'Provided task does not exist anymore'");
    default:
        return err;
    }
}

static enum err task_result(struct sfn_call *call, struct engine *engine,
                            const struct result_request *req)
{
    const char *plan_execution_id;
    struct fault fault;
    enum err err =
        engine_result(engine, &call->actor, RESULT_TOKEN, req, &plan_execution_id, &fault);

    return task_refuse(call, err);
}

static enum err task_invalid_output(struct sfn_call *call, struct arena *arena, const char *text)
{
    const char *words = json_words(arena, text, strlen(text), NULL);

    return sfn_refuse(call, "InvalidOutput", "Invalid Output: '%s'",
                      words ? words : "Invalid output.");
}

enum err task_success(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct task_fields *fields = call->fields;
    struct result_request req = {.token = fields->token};
    size_t len = strlen(fields->output);
    struct fault fault;

    (void)ret;
    if (len > LIMIT_PAYLOAD_BYTES ||
        json_parse(engine->arena, fields->output, len, &req.output, &fault) != ERR_OK)
        return task_invalid_output(call, engine->arena, fields->output);
    return task_result(call, engine, &req);
}

enum err task_failure(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct task_fields *fields = call->fields;
    struct result_request req = {
        .token = fields->token, .error = fields->error, .cause = fields->cause};

    (void)ret;
    return task_result(call, engine, &req);
}

enum err task_heartbeat(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct task_fields *fields = call->fields;
    struct fault fault;
    int64_t lease_ms;

    (void)ret;
    return task_refuse(call,
                       engine_heartbeat(engine, &call->actor, fields->token, &lease_ms, &fault));
}

/* ---- an activity's tasks ---- */

/* A poll, in the request's arena. */
struct task_poll {
    struct parked parked; /* first: the room knows no more of it */
    struct sfn_call *call;
    const char *queue;
    bool is_known; /* the activity's ARN has been looked at */
    bool is_found; /* a task */
    bool is_gone;  /* the caller is */
};

static const struct json *task_answer(struct arena *arena, const struct poll_answer *answer)
{
    struct json *json = json_object(arena);

    if (answer->task_token) {
        json_add(arena, json, "taskToken", json_string(arena, answer->task_token));
        json_add(arena, json, "input", json_string(arena, answer->input));
    } else {
        json_add(arena, json, "taskToken", &json_null);
    }
    return json;
}

/* The queue of the activity that the ARN names. */
static enum err task_open(struct sfn_call *call, struct engine *engine, struct task_poll *poll)
{
    const struct task_fields *fields = call->fields;
    struct activity_row activity;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, fields->activity_arn, SFN_ARN_KIND(SFN_ARN_ACTIVITY), &arn);

    if (!err)
        err = activities_load(engine->store, engine->arena, call->actor.operator_name, arn.name,
                              &activity);
    if (err == ERR_NOT_FOUND)
        return sfn_refuse(call, "ActivityDoesNotExist", "Activity Does Not Exist: '%s'",
                          fields->activity_arn);
    if (err)
        return err;
    poll->queue = arena_printf(call->arena, ACTIVITY_QUEUE_PREFIX "%s", arn.name);
    park_topic_task(poll->parked.topic, call->actor.operator_name, poll->queue);
    if (park_waiting(call->sfn->park, poll->parked.topic) >= TASK_POLLERS_MAX)
        return sfn_refuse(call, "ActivityWorkerLimitExceeded",
                          "Activity Worker Limit Exceeded: '%s'", fields->activity_arn);
    poll->is_known = true;
    return ERR_OK;
}

static enum err task_poll_run(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct task_fields *fields = call->fields;
    struct task_poll *poll = fields->poll;
    struct poll_answer answer = {0};
    enum err err = poll->is_known ? ERR_OK : task_open(call, engine, poll);

    if (err)
        return err;
    /* A task must not go to a caller who has left. */
    poll->is_gone = !net_alive(call->request);
    poll->parked.stamp = park_stamp(call->sfn->park, poll->parked.topic);
    if (!poll->is_gone)
        err = engine_poll(engine, &call->actor, poll->queue, fields->worker ? fields->worker : "",
                          &answer);
    poll->is_found = answer.task_token != NULL;
    *ret = task_answer(engine->arena, &answer);
    return err;
}

static void task_poll_over(struct sfn_call *call)
{
    struct poll_answer nothing = {0};

    sfn_reply(call, task_answer(call->arena, &nothing));
}

static void task_poll_done(struct sfn_call *call, enum err err, const struct json *answer)
{
    const struct task_fields *fields = call->fields;
    struct task_poll *poll = fields->poll;

    if (err) {
        sfn_reply_error(call, err);
        return;
    }
    /* The news that woke a caller who has left is for the next one. */
    if (poll->is_gone)
        park_wake(call->sfn->park, poll->parked.topic, false);
    if (poll->is_found)
        sfn_reply(call, answer);
    else if (poll->is_gone || clock_monotonic_us() >= poll->parked.deadline_us ||
             !park_add(call->sfn->park, &poll->parked))
        task_poll_over(call);
}

static void task_poll_end(struct parked *parked, enum park_end end)
{
    struct task_poll *poll = (struct task_poll *)parked;

    if (end == PARK_WOKEN)
        sfn_submit(poll->call, task_poll_run, task_poll_done);
    else
        task_poll_over(poll->call);
}

void get_activity_task(struct sfn_call *call)
{
    struct task_fields *fields = call->fields;
    struct task_poll *poll = ARENA_NEW(call->arena, struct task_poll);

    poll->call = call;
    poll->parked.operator_name = call->actor.operator_name;
    poll->parked.deadline_us = clock_monotonic_us() + TASK_POLL_MS * 1000LL;
    poll->parked.on_end = task_poll_end;
    fields->poll = poll;
    sfn_submit(call, task_poll_run, task_poll_done);
}
