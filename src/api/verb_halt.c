/*
 * verb_halt.c - POST halt_execution, halt_child_executions and verify_halt.
 *
 * A halt is answered at its commit, or, with wait "quiescent", when no worker can still be busy
 * with it: the halt is committed first, then the request is parked outside the lane.
 */
#include "api/api_priv.h"

#include <string.h>

#include "front/park.h"
#include "engine/receipt.h"

struct halt_body {
    const char *plan_execution_id, *reason, *if_digest, *if_status, *wait;
    const struct json *input;
    int64_t plan_version, if_epoch, max_affected, wait_ms;
    bool all, dry_run;
};
_Static_assert(sizeof(struct halt_body) <= VERB_BYTES_MAX, "fits");

#define HALT_FIELD(type, member, min, max)                                                         \
    {                                                                                              \
#member, type, false, offsetof(struct halt_body, member), min, max                         \
    }
#define HALT_FIELDS                                                                                \
    {"plan_execution_id",                                                                          \
     FIELD_EXECUTION,                                                                              \
     true,                                                                                         \
     offsetof(struct halt_body, plan_execution_id),                                                \
     0,                                                                                            \
     0},                                                                                           \
        HALT_FIELD(FIELD_JSON, input, 0, LIMIT_PAYLOAD_BYTES),                                     \
        HALT_FIELD(FIELD_INT, plan_version, 1, INT64_MAX),                                         \
        HALT_FIELD(FIELD_TEXT, reason, 0, LIMIT_REASON_BYTES),                                     \
        HALT_FIELD(FIELD_BOOL, dry_run, 0, 0), HALT_FIELD(FIELD_WORD, if_digest, 0, 64),           \
        HALT_FIELD(FIELD_WORD, if_status, 0, 64), HALT_FIELD(FIELD_INT, if_epoch, 0, INT64_MAX),   \
        HALT_FIELD(FIELD_INT, max_affected, 1, INT64_MAX), HALT_FIELD(FIELD_WORD, wait, 0, 16),    \
        HALT_FIELD(FIELD_INT, wait_ms, 0, LIMIT_WAIT_MS)

const struct field verb_halt_fields[] = {
    HALT_FIELDS,
    {"halt_all_child_executions", FIELD_BOOL, false, offsetof(struct halt_body, all), 0, 0},
    {0                     },
};
const struct field verb_halt_children_fields[] = {HALT_FIELDS, {0}};

enum { HALT_WAIT_MS_DEFAULT = 30000 };

enum err verb_halt_check(struct call *call)
{
    struct halt_body *body = call->fields;

    if (body->wait && strcmp(body->wait, "stopped") != 0 && strcmp(body->wait, "quiescent") != 0)
        return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/wait",
                         "expected \"stopped\" or \"quiescent\"");
    if (body->if_status && status_parse(body->if_status) == STATUS_NONE)
        return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, "/if_status",
                         "there is no such status");
    if (!json_get(call->body, "wait_ms"))
        body->wait_ms = HALT_WAIT_MS_DEFAULT;
    if (!json_get(call->body, "if_epoch"))
        body->if_epoch = -1;
    return ERR_OK;
}

static enum err verb_halt_run(struct verb_job *job, struct engine *engine, const struct json **ret)
{
    const struct halt_body *body = job->call->fields;
    struct arena *arena = engine->arena;
    struct halt_request req = {
        .plan_execution_id = body->plan_execution_id,
        .children = body->all ? HALT_CHILDREN_ALL : HALT_CHILDREN_NONE,
        .children_only = job->call->route->fields == verb_halt_children_fields,
        .input = body->input,
        .plan_version = body->plan_version,
        .reason = body->reason,
        .dry_run = body->dry_run,
        .if_digest = body->if_digest,
        .if_status = body->if_status,
        .if_epoch = body->if_epoch,
        .max_affected = body->max_affected,
    };
    struct halt_answer answer;
    struct json *json = json_object(arena);
    enum err err = engine_halt(engine, &job->call->actor, &req, &answer, &job->call->fault);

    if (err)
        return err;
    job->halt_id = answer.halt_id ? arena_string(job->call->arena, answer.halt_id) : NULL;
    json_add(arena, json, "halt_execution_resp",
             answer.children ? answer.children : json_object(arena));
    json_add(arena, json, "callback_for_halt", answer.callback ? answer.callback : &json_null);
    json_add(arena, json, "outcome", json_string(arena, halt_outcome_name(answer.outcome)));
    json_add(arena, json, "halt_id", json_string(arena, answer.halt_id));
    json_add(arena, json, "receipt", answer.receipt ? answer.receipt : &json_null);
    *ret = json;
    return ERR_OK;
}

/* ---- wait: quiescent ---- */

struct halt_wait {
    struct parked parked;
    struct lane_job look; /* asks the store whether a worker can still be busy */
    struct verb_job *job;
    int64_t root_id, halt_number;
    int64_t over_us; /* the caller's patience */
    int64_t busy, busy_until_ms;
};

/* The answer as stored, with one member more. */
static void halt_wait_answer(struct halt_wait *wait, bool quiescent)
{
    struct verb_job *job = wait->job;
    struct buf buf;

    buf_init(&buf, job->call->arena, BUF_BYTES_OWN);
    buf_add(&buf, job->body, job->body_len - 1);
    buf_printf(&buf, ",\"quiescent\":%s}", quiescent ? "true" : "false");
    job->body = buf.data;
    job->body_len = buf.len;
    verb_answer(job);
}

static void halt_wait_end(struct parked *parked, enum park_end end)
{
    struct halt_wait *wait = (struct halt_wait *)parked;

    if (end == PARK_DRAINED || lanes_submit(wait->job->call->api->config.lanes, &wait->look))
        halt_wait_answer(wait, false);
}

static enum err halt_wait_look(struct lane_job *lane_job, struct engine *engine)
{
    struct halt_wait *wait =
        (struct halt_wait *)((char *)lane_job - offsetof(struct halt_wait, look));
    struct halt_row halt = {.root_id = wait->root_id, .halt_id = wait->halt_number};

    wait->parked.stamp = park_stamp(wait->job->call->api->park, wait->parked.topic);
    return halts_busy(engine->store, &halt, clock_now_ms(engine->env->clock), &wait->busy,
                      &wait->busy_until_ms);
}

static void halt_wait_seen(struct lane_job *lane_job, enum err err)
{
    struct halt_wait *wait =
        (struct halt_wait *)((char *)lane_job - offsetof(struct halt_wait, look));
    struct api *api = wait->job->call->api;
    int64_t now_us = clock_monotonic_us();
    int64_t lease_us = now_us + (wait->busy_until_ms - clock_now_ms(api->config.clock) + 1) * 1000;

    if (err || lane_job->run_err || now_us >= wait->over_us || !wait->busy) {
        halt_wait_answer(wait, !err && !lane_job->run_err && !wait->busy);
        return;
    }
    /* Woken by a worker that is done with it, or when the last lease has run out. */
    wait->parked.deadline_us = lease_us < wait->over_us ? lease_us : wait->over_us;
    if (!park_add(api->park, &wait->parked))
        halt_wait_answer(wait, false);
}

static void verb_halt_done(struct verb_job *job)
{
    const struct halt_body *body = job->call->fields;
    struct halt_wait *wait;

    if (!body->wait || strcmp(body->wait, "quiescent") != 0 || body->dry_run) {
        verb_answer(job);
        return;
    }
    wait = ARENA_NEW(job->call->arena, struct halt_wait);
    wait->job = job;
    if (!job->halt_id || !id2_parse(job->halt_id, &wait->root_id, &wait->halt_number)) {
        halt_wait_answer(wait, true); /* nothing was active, nothing can be busy */
        return;
    }
    wait->over_us = clock_monotonic_us() + body->wait_ms * 1000;
    wait->parked.operator_name = job->call->actor.operator_name;
    wait->parked.on_end = halt_wait_end;
    park_topic_halt(wait->parked.topic, wait->halt_number);
    wait->look =
        (struct lane_job){.run = halt_wait_look, .done = halt_wait_seen, .root_id = wait->root_id};
    halt_wait_end(&wait->parked, PARK_WOKEN);
}

static void verb_halt_submit(struct call *call)
{
    const struct halt_body *body = call->fields;
    struct verb_job *job = verb_new(call, verb_halt_run, true, !body->dry_run);

    job->job.takes_ahead = true;
    job->on_done = verb_halt_done;
    verb_send(job);
}

void verb_halt(struct call *call)
{
    verb_halt_submit(call);
}

void verb_halt_children(struct call *call)
{
    verb_halt_submit(call);
}

/* ---- verify_halt ---- */

struct verify_body {
    const char *halt_id;
    int64_t root_id, halt_number;
};
_Static_assert(sizeof(struct verify_body) <= VERB_BYTES_MAX, "fits");

const struct field verb_verify_fields[] = {
    {"halt_id", FIELD_NAME, true, offsetof(struct verify_body, halt_id), 0, 0},
    {0    },
};

enum err verb_verify_check(struct call *call)
{
    struct verify_body *body = call->fields;

    if (!id2_parse(body->halt_id, &body->root_id, &body->halt_number))
        body->root_id = 0; /* no halt has such an id: not found, as for any unknown one */
    return ERR_OK;
}

static const struct json *verify_json(struct arena *arena, const char *halt_id,
                                      const struct halt_residue *residue)
{
    struct json *json = json_object(arena), *looked_at = json_object(arena),
                *left = json_array(arena);

    for (; residue; residue = residue->next) {
        struct json *one;

        json_add(arena, looked_at, residue->kind, json_int(arena, residue->looked_at));
        if (!residue->left)
            continue;
        one = json_object(arena);
        json_add(arena, one, "kind", json_string(arena, residue->kind));
        json_add(arena, one, "count", json_int(arena, residue->left));
        json_add(arena, one, "example", json_string(arena, residue->example));
        json_push(arena, left, one);
    }
    json_add(arena, json, "halt_id", json_string(arena, halt_id));
    json_add(arena, json, "clean", json_bool(left->count == 0));
    json_add(arena, json, "looked_at", looked_at);
    json_add(arena, json, "residue", left);
    return json;
}

/* A read: it runs on a read-only connection, on a snapshot of its own. */
void verb_verify(struct call *call)
{
    const struct verify_body *body = call->fields;
    struct halt_residue *residue = NULL;
    struct halt_row halt;
    struct store store;
    enum err err = reader_begin(call->api->config.store_name, &store);

    if (err) {
        reply_err(call, err);
        return;
    }
    err = halts_load(&store, call->arena, call->actor.operator_name, body->root_id,
                     body->halt_number, &halt);
    if (!err)
        err = halts_residue(&store, call->arena, &halt, &residue);
    reader_end(&store);
    if (err)
        reply_err(call, err);
    else
        reply_json(call, 200, verify_json(call->arena, body->halt_id, residue));
}
