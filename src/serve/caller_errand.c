/*
 * caller_errand.c - what the lane is asked now and then: to give back what a predecessor had taken,
 * to hand out what waits, and whether what is being made still matters.
 *
 * Each errand is one job, in the lane's hands at most once. What is wanted while it is there is
 * asked again after it. Nothing is handed out before what was taken has been given back: it would
 * be made twice at once.
 */
#include "serve/caller_priv.h"

#include "base/clock.h"
#include "base/log.h"

static void errand_done(struct caller_errand *errand, const char *name, enum err err)
{
    errand->is_submitted = false;
    if (err) {
        log_warn("caller.errand", "%s: %s; it is tried again", name, err_code(err));
        errand->is_wanted = true;
        errand->not_before_us = clock_monotonic_us() + CALLER_FAILED_US;
    }
    caller_submitted_done(errand->caller);
}

static struct caller *errand_caller(struct lane_job *job)
{
    return ((struct caller_errand *)job)->caller;
}

/* ---- give back ---- */

static enum err give_back_run(struct lane_job *job, struct engine *engine)
{
    return engine_calls_given_back(engine, errand_caller(job)->config.name);
}

static void give_back_done(struct lane_job *job, enum err err)
{
    struct caller *caller = errand_caller(job);

    if (!err)
        err = job->run_err;
    pthread_mutex_lock(&caller->lock);
    caller->is_given_back = !err;
    caller->take.is_wanted = true;
    errand_done(&caller->give_back, "giving calls back", err);
    pthread_mutex_unlock(&caller->lock);
}

/* ---- take ---- */

static enum err take_run(struct lane_job *job, struct engine *engine)
{
    struct caller *caller = errand_caller(job);

    caller->taken_count = 0;
    while (caller->taken_count < caller->taken_most) {
        struct outcall *out = &caller->taken[caller->taken_count];
        enum err err = engine_take_call(engine, caller->config.name, out);

        if (err == ERR_STORAGE_BUSY && caller->taken_count)
            break; /* others are at the rest just now; what is in hand can be made */
        if (err)
            return err;
        if (!out->reservation_id)
            break;
        caller->taken_count++;
    }
    return ERR_OK;
}

static void take_done(struct lane_job *job, enum err err)
{
    struct caller *caller = errand_caller(job);
    struct call *calls[CALLER_TAKE_MOST];
    size_t count = 0;

    if (!err)
        err = job->run_err;
    for (; !err && count < caller->taken_count; count++)
        calls[count] = call_new(caller, &caller->taken[count]);
    pthread_mutex_lock(&caller->lock);
    for (size_t i = 0; i < count; i++) {
        calls[i]->next = caller->calls;
        caller->calls = calls[i];
        caller->call_count++;
    }
    if (count && count == caller->taken_most)
        caller->take.is_wanted = true; /* there may be more */
    errand_done(&caller->take, "taking calls", err);
    pthread_mutex_unlock(&caller->lock);
}

/* ---- look ---- */

static enum err look_run(struct lane_job *job, struct engine *engine)
{
    struct caller *caller = errand_caller(job);
    enum err err = ERR_OK;

    for (size_t i = 0; i < caller->look_count && !err; i++)
        err = engine_call_is_awaited(engine, &caller->looks[i].out, &caller->looks[i].is_awaited);
    return err;
}

static bool look_found_off(const struct caller *caller, const struct call *call)
{
    for (size_t i = 0; i < caller->look_count; i++) {
        if (caller->looks[i].id == call->id)
            return !caller->looks[i].is_awaited;
    }
    return false;
}

static void look_done(struct lane_job *job, enum err err)
{
    struct caller *caller = errand_caller(job);

    if (!err)
        err = job->run_err;
    pthread_mutex_lock(&caller->lock);
    for (struct call *call = caller->calls; call && !err; call = call->next) {
        if (look_found_off(caller, call))
            call_off(call);
    }
    errand_done(&caller->look, "asking for calls", err);
    pthread_mutex_unlock(&caller->lock);
}

static void look_prepare(struct caller *caller)
{
    caller->look_count = 0;
    for (const struct call *call = caller->calls; call; call = call->next) {
        struct call_look *look = &caller->looks[caller->look_count];

        if (call->stage != CALL_TAKEN && call->stage != CALL_RUNNING)
            continue;
        *look = (struct call_look){.id = call->id, .out = call->out};
        /* The texts belong to the call, which may be gone when the lane looks. */
        look->out.operator_name = look->out.kind = look->out.data = NULL;
        caller->look_count++;
    }
}

/* ---- all three ---- */

void caller_errands_init(struct caller *caller)
{
    caller->give_back = (struct caller_errand){
        .job = {.run = give_back_run, .done = give_back_done},
          .caller = caller, .is_wanted = true
    };
    caller->take = (struct caller_errand){
        .job = {.run = take_run, .done = take_done},
          .caller = caller
    };
    caller->look = (struct caller_errand){
        .job = {.run = look_run, .done = look_done},
          .caller = caller
    };
}

static bool errand_may_go(struct caller_errand *errand)
{
    return errand->is_wanted && !errand->is_submitted &&
           caller_is_time(errand->caller, errand->not_before_us);
}

static void errand_go(struct caller_errand *errand)
{
    errand->is_wanted = false; /* from here on: what comes now may be too late for this job */
    errand->is_submitted = caller_submit(errand->caller, &errand->job, &errand->not_before_us);
    if (!errand->is_submitted)
        errand->is_wanted = true;
}

void caller_errands_go(struct caller *caller)
{
    size_t room = LIMIT_CALLS - caller->call_count;

    if (errand_may_go(&caller->give_back))
        errand_go(&caller->give_back);
    if (caller->is_given_back && room && errand_may_go(&caller->take)) {
        caller->taken_most = room < CALLER_TAKE_MOST ? room : CALLER_TAKE_MOST;
        errand_go(&caller->take);
    }
    if (errand_may_go(&caller->look)) {
        look_prepare(caller);
        if (caller->look_count)
            errand_go(&caller->look);
        else
            caller->look.is_wanted = false;
    }
}
