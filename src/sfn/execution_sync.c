/*
 * execution_sync.c - StartSyncExecution: starts an execution of an EXPRESS machine and answers when
 * it has ended.
 *
 *   start -> ended? answer
 *            else park until EFFECT_ENDED -> look again
 *
 * The engine ends it after five minutes. A client that does not wait so long changes nothing.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "engine/transition.h"
#include "sfn/forgetter.h"

enum {
    SYNC_LATE_MS = 30 * 1000, /* what is not there so long after its time is not waited for */
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
    struct execution_prepared prepared;
    int64_t execution_id; /* 0: not started */
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

static const struct json *sync_answer(struct sfn_call *call, const struct execution *e)
{
    const struct sync_fields *fields = call->fields;
    struct json *json = json_object(call->arena);
    bool is_included =
        !fields->included_data || strcmp(fields->included_data, "METADATA_ONLY") != 0;

    execution_add_text(call, json, "executionArn",
                       execution_express_arn(call, e->plan_id, e->plan_execution_id));
    execution_add_text(call, json, "stateMachineArn", sfn_arn_machine(call, e->plan_id));
    execution_add_text(call, json, "name", fields->sync->prepared.name);
    execution_add_time(call, json, "startDate", e->created_at);
    execution_add_time(call, json, "stopDate", e->ended_at);
    execution_add_text(call, json, "status", execution_status(e->status, e->timed_out, false));
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

/* The answer when it has ended; else null. */
static void sync_see(struct sfn_call *call, const struct execution *e, const struct json **ret)
{
    const struct sync_fields *fields = call->fields;
    struct sync *sync = fields->sync;

    sync->execution_id = e->execution_id;
    sync->is_ended = transition_is_final(e->status);
    if (sync->is_ended)
        *ret = sync_answer(call, e);
}

static enum err sync_look(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct sync_fields *fields = call->fields;
    struct execution e;
    enum err err = express_look(engine, fields->sync->execution_id, &e);

    if (!err)
        sync_see(call, &e, ret);
    return err;
}

static enum err sync_start(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct sync_fields *fields = call->fields;
    struct execution e;
    enum err err;

    fields->sync->execution_id = 0; /* it may run again */
    err = express_start(call, engine, &fields->sync->prepared, &e);
    if (!err)
        sync_see(call, &e, ret);
    return err;
}

/* ---- waiting ---- */

/* Nobody waits for it any more. */
static void sync_give_up(struct sync *sync, enum err err)
{
    if (sync->execution_id)
        forgetter_later(sync->call->sfn->forgetter, sync->execution_id);
    sfn_reply_error(sync->call, err);
}

/* On the lane's thread, before it tells of what has ended: nothing is missed on the way. */
static void sync_done(struct sfn_call *call, enum err err, const struct json *answer)
{
    const struct sync_fields *fields = call->fields;
    struct sync *sync = fields->sync;

    if (err) {
        sync_give_up(sync, err);
        return;
    }
    if (sync->is_ended) {
        sfn_reply(call, answer);
        return;
    }
    park_topic_ended(sync->parked.topic, sync->execution_id);
    sync->parked.stamp = park_stamp(call->sfn->park, sync->parked.topic);
    if (!park_add(call->sfn->park, &sync->parked))
        sync_give_up(sync, ERR_UNAVAILABLE);
}

static void sync_end(struct parked *parked, enum park_end end)
{
    struct sync *sync = (struct sync *)parked;

    if (end == PARK_WOKEN)
        sfn_submit_to(sync->call, sync->call->sfn->config.express, sync_look, sync_done);
    else
        sync_give_up(sync, ERR_UNAVAILABLE);
}

void start_sync_execution(struct sfn_call *call)
{
    struct sync_fields *fields = call->fields;
    struct sync *sync = ARENA_NEW(call->arena, struct sync);
    enum err err = express_prepare(call, &fields->wanted, &sync->prepared);

    if (!err && !sync->prepared.is_express)
        err = execution_type_unsupported(call);
    if (err) {
        sfn_reply_error(call, err);
        return;
    }
    sync->call = call;
    sync->parked.operator_name = call->actor.operator_name;
    sync->parked.deadline_us =
        clock_monotonic_us() + (LIMIT_EXPRESS_RUN_MS + SYNC_LATE_MS) * 1000LL;
    sync->parked.on_end = sync_end;
    fields->sync = sync;
    sfn_submit_to(call, call->sfn->config.express, sync_start, sync_done);
}
