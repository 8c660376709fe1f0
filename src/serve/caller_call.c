/*
 * caller_call.c - one call's life, from its lease to the commit that brings its result back.
 *
 *   TAKEN -> RUNNING -> ENDED -> BROUGHT -> gone
 *     |         |         ^         |
 *     |         |         +---------+  the lane took no more, or its transaction failed
 *     +---------+--> gone: nobody awaits its answer, or the process ends
 *
 * Whatever is given up here is made again when its lease has run out.
 */
#include "serve/caller_priv.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "engine/arn.h"
#include "serve/caller_functions.h"

enum { CALL_MARGIN_US = 5000000 }; /* after its time is over: for bringing back what has come */

/* Callers share the work room; an attempt that has ended must not be cut off for a later one. */
static _Atomic int64_t call_last_id;

static const struct {
    const char *name;
    enum work_target_kind target;
} call_kinds[] = {
    {CALL_KIND_HTTP,     WORK_TARGET_HTTP    },
    {CALL_KIND_INVOKE,   WORK_TARGET_INVOKE  },
    {CALL_KIND_FUNCTION, WORK_TARGET_FUNCTION},
};

static enum work_target_kind call_target_kind(const char *name)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(call_kinds) && strcmp(call_kinds[i].name, name) != 0)
        i++;
    CHECK(i < ARRAY_SIZE(call_kinds)); /* the engine knows no other */
    return call_kinds[i].target;
}

static void call_fail(struct call *call, const struct work_target_error *error)
{
    struct json *result = json_object(call->arena);

    json_add(call->arena, result, "Error", json_string(call->arena, error->error));
    json_add(call->arena, result, "Cause", json_string(call->arena, error->cause));
    call->result = result;
    call->failed = true;
}

/* ---- bringing back ---- */

static enum err call_bring_run(struct lane_job *job, struct engine *engine)
{
    struct call *call = (struct call *)job;

    return engine_call_done(engine, &call->out, call->failed, call->result);
}

static bool call_is_over(const struct call *call, enum err err)
{
    return !err || err == ERR_NOT_FOUND || err == ERR_EXECUTION_NOT_FOUND ||
           clock_monotonic_us() > call->deadline_us + CALL_MARGIN_US;
}

static void call_bring_done(struct lane_job *job, enum err err)
{
    struct call *call = (struct call *)job;
    struct caller *caller = call->caller;

    if (!err)
        err = job->run_err;
    pthread_mutex_lock(&caller->lock);
    if (call_is_over(call, err) || caller->is_closing) {
        if (err)
            log_warn("caller.given_up", "the answer to a call could not be brought back: %s",
                     err_code(err));
        call_drop(call);
    } else {
        log_warn("caller.again", "the answer to a call is brought back again: %s", err_code(err));
        call->stage = CALL_ENDED;
        call->not_before_us = clock_monotonic_us() + CALLER_FAILED_US;
    }
    caller_submitted_done(caller);
    pthread_mutex_unlock(&caller->lock);
}

void call_bring(struct call *call)
{
    struct caller *caller = call->caller;

    if (!caller_is_time(caller, call->not_before_us) && !caller->is_closing)
        return;
    if (caller_submit(caller, &call->job, &call->not_before_us))
        call->stage = CALL_BROUGHT;
    else if (caller->is_closing || call_is_over(call, ERR_UNAVAILABLE))
        call_drop(call);
}

/* ---- the beginning and the end ---- */

static void call_copy(struct call *call, const struct outcall *out)
{
    struct arena *arena = call->arena;

    call->out = *out;
    call->out.operator_name = arena_string(arena, out->operator_name);
    call->out.kind = arena_string(arena, out->kind);
    call->out.data = arena_string(arena, out->data);
}

struct call *call_new(struct caller *caller, const struct outcall *out)
{
    struct arena *arena = arena_new();
    struct call *call = ARENA_NEW(arena, struct call);

    *call = (struct call){
        .job = {.run = call_bring_run, .done = call_bring_done, .root_id = out->root_id},
        .caller = caller,
        .arena = arena,
        .id = ++call_last_id,
        .deadline_us = clock_monotonic_us() + out->timeout_ms * 1000,
        .stage = CALL_TAKEN,
    };
    call_copy(call, out);
    metric_add(METRIC_CALLS_RUNNING, 1);
    return call;
}

void call_drop(struct call *call)
{
    struct caller *caller = call->caller;
    struct call **at = &caller->calls;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    caller->call_count--;
    metric_add(METRIC_CALLS_RUNNING, -1);
    arena_free(call->arena);
    caller_wake(caller);
}

void call_off(struct call *call)
{
    if (call->is_off)
        return;
    call->is_off = true;
    if (call->stage == CALL_RUNNING)
        work_cancel(call->caller->config.work, call->id);
    if (call->stage == CALL_RUNNING && !call->caller->is_closing)
        metric_add(METRIC_CALLS_CUT_OFF, 1);
}

/* ---- the call itself ---- */

/* On work's thread. */
static void call_ended(void *user, int64_t id, const struct work_answer *answer)
{
    struct call *call = user;
    struct caller *caller = call->caller;
    bool is_cancelled = answer->end == WORK_CANCELLED;
    struct work_target_error error;

    (void)id;
    if (!is_cancelled &&
        !work_target_result(call->arena, &call->target, answer, &call->result, &error)) {
        call_fail(call, &error);
        metric_add(METRIC_CALLS_FAILED, 1);
    }
    pthread_mutex_lock(&caller->lock);
    if (is_cancelled)
        call_drop(call);
    else
        call->stage = CALL_ENDED;
    caller_wake(caller);
    pthread_mutex_unlock(&caller->lock);
}

static void call_aim(struct call *call)
{
    const struct json *data = json_stored(call->arena, call->out.data);
    char *uuid = arena_alloc(call->arena, UUID_TEXT_BYTES);
    uint8_t random[16];

    id_random(random, sizeof(random));
    uuid_text(random, uuid);
    call->target = (struct work_target){
        .kind = call_target_kind(call->out.kind),
        .function = json_get_string(data, "function"),
        .parameters = json_get(data, "parameters"),
        .request_id = uuid,
        .region = call->caller->config.region,
        .account_id = ARN_ACCOUNT_DEFAULT,
        .now_ms = clock_now_ms(call->caller->config.clock),
    };
}

/* Once for each call. False: there is nothing to call, and the error stands. */
static bool call_prepare(struct call *call)
{
    struct caller_functions *functions = call->caller->config.functions;
    struct work_target_error error;
    bool may;

    if (call->work.id)
        return true;
    call_aim(call);
    call->target.functions = caller_functions_hold(functions, &call->target.function_count);
    may = work_target_call(call->arena, &call->target, &call->work, &error);
    if (may) /* it outlives the list */
        call->work.url = arena_string(call->arena, call->work.url);
    caller_functions_release(functions);
    call->target.functions = NULL;
    call->target.function_count = 0;
    call->work.id = call->id;
    if (!may)
        call_fail(call, &error);
    return may;
}

/* It was handed to work: whatever was said of it before that moment counts now. */
static void call_look_after(struct caller *caller, int64_t id, bool was_taken)
{
    struct call *call = caller->calls;

    while (call && call->id != id)
        call = call->next;
    if (!call)
        return; /* it has ended meanwhile */
    if (call->is_off || caller->is_closing)
        work_cancel(caller->config.work, id);
    if (!was_taken) { /* work is full */
        call->stage = CALL_TAKEN;
        call->not_before_us = clock_monotonic_us() + CALLER_BUSY_US;
    }
}

/* What is left of its time begins with its lease. */
static bool call_submit(struct call *call)
{
    int64_t left_ms = (call->deadline_us - clock_monotonic_us()) / 1000;

    call->work.timeout_ms = left_ms > 0 ? left_ms : 1;
    return work_submit(call->caller->config.work, &call->work, call_ended, call) == ERR_OK;
}

void call_make(struct call *call)
{
    struct caller *caller = call->caller;
    int64_t id = call->id;
    bool may = call_prepare(call), was_taken;

    pthread_mutex_lock(&caller->lock);
    call->stage = may ? CALL_RUNNING : CALL_ENDED;
    pthread_mutex_unlock(&caller->lock);
    if (!may) {
        metric_add(METRIC_CALLS_FAILED, 1);
        return;
    }
    was_taken = call_submit(call);
    metric_add(METRIC_CALLS, was_taken);
    pthread_mutex_lock(&caller->lock);
    call_look_after(caller, id, was_taken);
    pthread_mutex_unlock(&caller->lock);
}
