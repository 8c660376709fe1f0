/*
 * execution_sync.c - StartSyncExecution: starts an execution of an EXPRESS machine and answers when
 * it has ended.
 *
 *   start -> ended? answer
 *            else park until EFFECT_ENDED -> look again
 *                      or five minutes     -> halt it, answer TIMED_OUT
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "engine/transition.h"

enum {
    SYNC_LIMIT_MS = 5 * 60 * 1000,
    SYNC_BILLED_STEP_MS = 100,
    SYNC_BILLED_MB = 64,
};

struct sync_fields {
    struct execution_wanted wanted;
    const char *included_data;
    struct sync *sync; /* of the request at work; no member of the shape */
};
_Static_assert(sizeof(struct sync_fields) <= SFN_FIELDS_BYTES, "fits");

/* In the request's arena. */
struct sync {
    struct parked parked; /* first: the room knows no more of it */
    struct sfn_call *call;
    const char *name;
    int64_t root_id, execution_id;
    bool is_over; /* the time is */
    bool is_ended;
};

const struct sfn_field start_sync_execution_fields[] = {
    FIELD_TEXT(sync_fields, "stateMachineArn", true, wanted.machine_arn, 1, 256),
    FIELD_TEXT(sync_fields, "name", false, wanted.name, 1, 80),
    FIELD_TEXT(sync_fields, "input", false, wanted.input, 0, LIMIT_PAYLOAD_BYTES),
    FIELD_TEXT(sync_fields, "traceHeader", false, wanted.trace_header, 0, 256),
    FIELD_WORD(sync_fields, "includedData", included_data, "ALL_DATA METADATA_ONLY"),
    {0},
};

/* ---- the answer ---- */

static const struct json *sync_billing(struct arena *arena, int64_t duration_ms)
{
    struct json *json = json_object(arena);
    int64_t steps = (duration_ms + SYNC_BILLED_STEP_MS - 1) / SYNC_BILLED_STEP_MS;

    json_add(arena, json, "billedDurationInMilliseconds",
             json_int(arena, (steps > 0 ? steps : 1) * SYNC_BILLED_STEP_MS));
    json_add(arena, json, "billedMemoryUsedInMB", json_int(arena, SYNC_BILLED_MB));
    return json;
}

/* Its time was over: how it would have ended is nobody's business any more. */
static void sync_time_out(struct execution *e, int64_t stopped_at)
{
    e->status = STATUS_FAILED;
    e->timed_out = true;
    e->ended_at = stopped_at;
    e->error = "States.Timeout";
    e->cause = NULL;
}

static const struct json *sync_answer(struct sfn_call *call, const struct execution *e)
{
    const struct sync_fields *fields = call->fields;
    struct json *json = json_object(call->arena);
    bool is_included =
        !fields->included_data || strcmp(fields->included_data, "METADATA_ONLY") != 0;
    bool is_halted = e->status == STATUS_STOPPED;

    execution_add_text(call, json, "executionArn",
                       execution_express_arn(call, e->plan_id, e->plan_execution_id));
    execution_add_text(call, json, "stateMachineArn", sfn_arn_machine(call, e->plan_id));
    execution_add_text(call, json, "name", fields->sync->name);
    execution_add_time(call, json, "startDate", e->created_at);
    execution_add_time(call, json, "stopDate", e->ended_at);
    execution_add_text(call, json, "status",
                       is_halted ? "FAILED" : execution_status(e->status, e->timed_out, false));
    execution_add_text(call, json, "error", e->error);
    execution_add_text(call, json, "cause", e->cause);
    execution_add_payload(call, json, "input", e->input, is_included);
    execution_add_payload(call, json, "output", e->output, is_included);
    execution_add_text(call, json, "traceHeader", fields->wanted.trace_header);
    json_add(call->arena, json, "billingDetails",
             sync_billing(call->arena, e->ended_at - e->created_at));
    return json;
}

/* ---- on the lane ---- */

/* Halts what has run for too long. */
static enum err sync_halt(struct sfn_call *call, struct engine *engine, struct execution *e)
{
    struct halt_request req = {
        .plan_execution_id = e->plan_execution_id,
        .children = HALT_CHILDREN_AWAITED,
        .reason = "an EXPRESS execution may run for five minutes",
        .error = "States.Timeout",
        .if_epoch = -1,
    };
    struct halt_answer answer;
    struct fault fault;
    enum err err = engine_halt(engine, &call->actor, &req, &answer, &fault);

    if (!err)
        sync_time_out(e, answer.halted_at);
    return err;
}

/* How it stands: the answer when it has ended, or its time is over; else null. */
static enum err sync_look(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct sync_fields *fields = call->fields;
    struct sync *sync = fields->sync;
    struct execution e;
    enum err err =
        executions_load(engine->store, engine->arena, sync->root_id, sync->execution_id, &e);

    if (!err && !transition_is_final(e.status) && sync->is_over)
        err = sync_halt(call, engine, &e);
    if (err)
        return err;
    sync->is_ended = transition_is_final(e.status);
    if (sync->is_ended)
        *ret = json_copy(call->arena, sync_answer(call, &e));
    return ERR_OK;
}

static enum err sync_start(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct sync_fields *fields = call->fields;
    struct sync *sync = fields->sync;
    struct execution_prepared prepared;
    struct execution_answer answer;
    struct fault fault;
    enum err err = execution_prepare(call, engine, &fields->wanted, &prepared);

    if (err)
        return err;
    if (!prepared.is_express)
        return execution_type_unsupported(call);
    err = engine_start(engine, &call->actor, &prepared.req, &answer, &fault);
    if (!err)
        err = executions_find(engine->store, call->actor.operator_name,
                              prepared.req.plan_execution_id, &sync->root_id, &sync->execution_id);
    if (err)
        return err;
    sync->name = arena_string(call->arena, prepared.name);
    return sync_look(call, engine, ret);
}

/* ---- waiting ---- */

static void sync_done(struct sfn_call *call, enum err err, const struct json *answer)
{
    const struct sync_fields *fields = call->fields;
    struct sync *sync = fields->sync;

    if (err) {
        sfn_reply_error(call, err);
        return;
    }
    if (sync->is_ended) {
        sfn_reply(call, answer);
        return;
    }
    park_topic_ended(sync->parked.topic, sync->execution_id);
    if (!park_add(call->sfn->park, &sync->parked))
        sfn_reply_error(call, ERR_UNAVAILABLE);
}

static void sync_end(struct parked *parked, enum park_end end)
{
    struct sync *sync = (struct sync *)parked;

    if (end == PARK_DRAINED) {
        sfn_reply_error(sync->call, ERR_UNAVAILABLE);
        return;
    }
    sync->is_over = end == PARK_EXPIRED;
    sfn_submit(sync->call, sync_look, sync_done);
}

void start_sync_execution(struct sfn_call *call)
{
    struct sync_fields *fields = call->fields;
    struct sync *sync = ARENA_NEW(call->arena, struct sync);

    sync->call = call;
    sync->parked.operator_name = call->actor.operator_name;
    sync->parked.deadline_us = clock_monotonic_us() + SYNC_LIMIT_MS * 1000LL;
    sync->parked.on_end = sync_end;
    fields->sync = sync;
    sfn_submit(call, sync_start, sync_done);
}
