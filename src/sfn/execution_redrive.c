/*
 * execution_redrive.c - RedriveExecution, and whether an execution may be redriven.
 *
 * An execution remembers the client tokens of its last ten redrives, each for 15 minutes: the same
 * token gets the same answer.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "engine/kept.h"
#include "engine/transition.h"

enum {
    REDRIVE_TOKENS = 10,
    REDRIVE_EVENTS_MAX = 24999,
};
#define REDRIVE_TOKEN_MS (15 * 60 * 1000LL)
#define REDRIVE_DAY_MS (24 * 60 * 60 * 1000LL)
#define REDRIVE_PERIOD_MS (14 * REDRIVE_DAY_MS)
#define REDRIVE_OPEN_MS (365 * REDRIVE_DAY_MS)

struct redrive_fields {
    const char *execution_arn, *client_token;
};
_Static_assert(sizeof(struct redrive_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field redrive_execution_fields[] = {
    FIELD_TEXT(redrive_fields, "executionArn", true, execution_arn, 1, 256),
    FIELD_TEXT(redrive_fields, "clientToken", false, client_token, 1, 64),
    {0},
};

/* ---- may it be redriven? ---- */

static bool redrive_is_deleting(enum err err, const struct machine_row *machine)
{
    return err == ERR_PLAN_NOT_FOUND || (!err && machine->is_deleting);
}

/* Of one that has failed or was stopped; null: nothing is against it. */
static const char *redrive_obstacle(const struct execution *e, int64_t now_ms)
{
    if (e->event_id >= REDRIVE_EVENTS_MAX)
        return "Execution history event limit exceeded";
    if (now_ms - e->created_at >= REDRIVE_OPEN_MS)
        return "Execution has exceeded the max execution time";
    if (e->ended_at && now_ms - e->ended_at > REDRIVE_PERIOD_MS)
        return "Execution redrivable period exceeded";
    return NULL;
}

enum err execution_redrivable(struct sfn_call *call, struct store *store, const struct execution *e,
                              bool is_held, const char **ret_status, const char **ret_reason)
{
    const char *status = execution_status(e->status, e->timed_out, is_held);
    struct machine_row machine;
    enum err err;

    *ret_status = "NOT_REDRIVABLE";
    *ret_reason = NULL;
    if (strcmp(status, "RUNNING") == 0 || strcmp(status, "SUCCEEDED") == 0) {
        *ret_reason = arena_printf(call->arena, "Execution is %s and cannot be redriven", status);
        return ERR_OK;
    }
    err = machines_load(store, call->arena, call->actor.operator_name, e->plan_id, 0, &machine);
    if (redrive_is_deleting(err, &machine)) {
        *ret_reason = "State machine is in DELETING status";
        return ERR_OK;
    }
    if (err)
        return err;
    *ret_reason = redrive_obstacle(e, clock_now_ms(call->sfn->config.clock));
    if (!*ret_reason)
        *ret_status = e->map_run_id ? "REDRIVABLE_BY_MAP_RUN" : "REDRIVABLE";
    return ERR_OK;
}

/* ---- client tokens ---- */

/* Under the number of the redrive: so the last ten are found. */
static struct request_key redrive_key(struct sfn_call *call, const struct execution *e,
                                      int64_t number)
{
    return (struct request_key){
        .operator_name = call->actor.operator_name,
        .subject = call->actor.subject,
        .route = "RedriveExecution",
        .key = arena_printf(call->arena, "%s %lld", e->plan_execution_id, (long long)number),
        .body_hash = "",
    };
}

static const struct json *redrive_answer(struct sfn_call *call, int64_t at)
{
    struct json *json = json_object(call->arena);

    execution_add_time(call, json, "redriveDate", at);
    return json;
}

/* What is kept: [when, token]. The same answer when the token is the same, else null. */
static const struct json *redrive_match(struct sfn_call *call, const char *body)
{
    const struct redrive_fields *fields = call->fields;
    const struct json *kept = json_stored(call->arena, body);

    if (strcmp(kept->items[1]->string, fields->client_token) != 0)
        return NULL;
    return redrive_answer(call, kept->items[0]->integer);
}

/* The answer that this token got before, or null. */
static enum err redrive_find_token(struct sfn_call *call, struct engine *engine,
                                   const struct execution *e, const struct json **ret)
{
    int64_t now_ms = clock_now_ms(engine->env->clock);

    *ret = NULL;
    for (int64_t i = e->redrives; i > 0 && i > e->redrives - REDRIVE_TOKENS && !*ret; i--) {
        struct request_key key = redrive_key(call, e, i);
        struct request_row row;
        enum err err = kept_find(engine, call->arena, &key, &row);

        if (err == ERR_NOT_FOUND)
            continue;
        if (err)
            return err;
        if (now_ms - row.created_at < REDRIVE_TOKEN_MS)
            *ret = redrive_match(call, row.body);
    }
    return ERR_OK;
}

static enum err redrive_keep_token(struct sfn_call *call, struct engine *engine,
                                   const struct execution *e, int64_t at)
{
    const struct redrive_fields *fields = call->fields;
    struct request_key key = redrive_key(call, e, e->redrives + 1);
    struct request_row row = {.body_hash = "", .status = 200};
    struct json *body = json_array(call->arena);

    if (!fields->client_token)
        return ERR_OK;
    json_push(call->arena, body, json_int(call->arena, at));
    json_push(call->arena, body, json_string(call->arena, fields->client_token));
    row.body = json_text(call->arena, body);
    return kept_keep(engine, &key, &row);
}

/* ---- the redrive ---- */

static enum err redrive_refuse(struct sfn_call *call, const struct execution *e, const char *reason)
{
    if (reason)
        return sfn_refuse(call, "ExecutionNotRedrivable", "%s", reason);
    return sfn_refuse(call, "ExecutionNotRedrivable", "Execution is not redrivable: '%s'",
                      sfn_arn_execution(call, e->plan_id, e->plan_execution_id));
}

static enum err redrive_judge(struct sfn_call *call, struct engine *engine,
                              const struct execution *e, bool is_held)
{
    const char *status, *reason;
    enum err err = execution_redrivable(call, engine->store, e, is_held, &status, &reason);

    if (err || strcmp(status, "REDRIVABLE") == 0)
        return err;
    if (strcmp(status, "REDRIVABLE_BY_MAP_RUN") == 0)
        reason = "Execution can only be redriven by redriving its Map Run";
    return redrive_refuse(call, e, reason);
}

/* One that is held goes on by a restart, which is no redrive in its books. */
static enum err redrive_run(struct sfn_call *call, struct engine *engine, const struct execution *e,
                            bool is_held, int64_t *ret_at)
{
    struct execution_answer answer;
    struct fault fault;
    enum err err;

    *ret_at = clock_now_ms(engine->env->clock);
    if (is_held)
        err = engine_restart(engine, &call->actor, e->plan_execution_id, NULL, &answer, &fault);
    else
        err = engine_redrive(engine, &call->actor, e->plan_execution_id, ret_at, &fault);
    if (err == ERR_INVALID_STATE_TRANSITION)
        return redrive_refuse(call, e, NULL);
    return err || is_held ? err : redrive_keep_token(call, engine, e, *ret_at);
}

enum err redrive_execution(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct redrive_fields *fields = call->fields;
    struct execution e;
    bool is_held = false;
    int64_t at;
    enum err err = execution_need(call, engine->store, fields->execution_arn, &e);

    if (!err)
        err = execution_is_held(engine->store, &e, &is_held);
    if (err)
        return err;
    if (fields->client_token) {
        err = redrive_find_token(call, engine, &e, ret);
        if (err || *ret)
            return err;
    }
    err = redrive_judge(call, engine, &e, is_held);
    if (!err)
        err = redrive_run(call, engine, &e, is_held, &at);
    if (!err)
        *ret = redrive_answer(call, at);
    return err;
}
