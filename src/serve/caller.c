/*
 * caller.c - the thread between a lane and the work room.
 *
 *   lane: EFFECT_CALL_READY -> take (commit) -> work: the call -> lane: bring back (commit)
 *   lane: EFFECT_CALL_OFF   -> look           -> work: cut off
 *
 * Every event only marks that something has changed; the thread then looks at everything there is
 * and does what can be done. It alone submits jobs and calls, so a lane that takes no more is asked
 * again later and nothing is lost. It never waits with the lock held, but for its condition.
 */
#include "serve/caller.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "serve/caller_priv.h"

#define CALLER_NEVER INT64_MAX

void caller_wake(struct caller *caller)
{
    caller->is_dirty = true;
    pthread_cond_signal(&caller->changed);
}

bool caller_is_time(struct caller *caller, int64_t not_before_us)
{
    if (clock_monotonic_us() >= not_before_us)
        return true;
    if (not_before_us < caller->wake_us)
        caller->wake_us = not_before_us;
    return false;
}

bool caller_submit(struct caller *caller, struct lane_job *job, int64_t *not_before_us)
{
    if (lanes_submit(caller->config.lanes, job)) {
        *not_before_us = clock_monotonic_us() + CALLER_BUSY_US;
        (void)caller_is_time(caller, *not_before_us);
        return false;
    }
    caller->submitted++;
    return true;
}

void caller_submitted_done(struct caller *caller)
{
    caller->submitted--;
    caller_wake(caller);
}

/* ---- the thread ---- */

static struct call *caller_find(struct caller *caller, enum call_stage stage)
{
    for (struct call *call = caller->calls; call; call = call->next) {
        if (call->stage == stage &&
            (call->is_off || caller->is_closing || caller_is_time(caller, call->not_before_us)))
            return call;
    }
    return NULL;
}

static void caller_make_taken(struct caller *caller)
{
    struct call *call;

    for (call = caller_find(caller, CALL_TAKEN); call; call = caller_find(caller, CALL_TAKEN)) {
        if (call->is_off || caller->is_closing) {
            call_drop(call);
            continue;
        }
        pthread_mutex_unlock(&caller->lock);
        call_make(call);
        pthread_mutex_lock(&caller->lock);
    }
}

static void caller_look_at_calls(struct caller *caller)
{
    struct call *next;

    caller_make_taken(caller);
    for (struct call *call = caller->calls; call; call = next) {
        next = call->next;
        if (call->stage == CALL_ENDED)
            call_bring(call);
        else if (call->stage == CALL_RUNNING && caller->is_closing)
            call_off(call);
    }
}

static void caller_wait(struct caller *caller)
{
    struct timespec until = {.tv_sec = (time_t)(caller->wake_us / 1000000),
                             .tv_nsec = (long)(caller->wake_us % 1000000 * 1000)};
    int timed_out = 0;

    while (!caller->is_dirty && timed_out != ETIMEDOUT)
        timed_out = caller->wake_us == CALLER_NEVER
                        ? pthread_cond_wait(&caller->changed, &caller->lock)
                        : pthread_cond_timedwait(&caller->changed, &caller->lock, &until);
}

static void *caller_main(void *user)
{
    struct caller *caller = user;

    pthread_setname_np(pthread_self(), "caller");
    pthread_mutex_lock(&caller->lock);
    while (!caller->is_closing || caller->submitted || caller->calls) {
        caller->is_dirty = false;
        caller->wake_us = CALLER_NEVER;
        if (!caller->is_closing)
            caller_errands_go(caller);
        caller_look_at_calls(caller);
        caller_wait(caller);
    }
    pthread_mutex_unlock(&caller->lock);
    return NULL;
}

/* ---- the verbs ---- */

struct caller *caller_open(const struct caller_config *config)
{
    struct caller *caller = xalloc(sizeof(*caller));
    pthread_condattr_t monotonic;

    caller->config = *config;
    caller_errands_init(caller);
    CHECK(pthread_mutex_init(&caller->lock, NULL) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    CHECK(pthread_cond_init(&caller->changed, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    CHECK(pthread_create(&caller->thread, NULL, caller_main, caller) == 0);
    return caller;
}

static bool caller_has_begun(struct caller *caller)
{
    bool begun;

    pthread_mutex_lock(&caller->lock);
    begun = caller->is_given_back && !caller->take.is_wanted && !caller->take.is_submitted;
    pthread_mutex_unlock(&caller->lock);
    return begun;
}

void caller_await_begin(struct caller *caller)
{
    static const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < CALLER_BEGIN_MS && !caller_has_begun(caller); i++)
        nanosleep(&pause, NULL);
}

void caller_on_effect(struct caller *caller, const struct effect *effect)
{
    if (!caller || (effect->kind != EFFECT_CALL_READY && effect->kind != EFFECT_CALL_OFF))
        return;
    pthread_mutex_lock(&caller->lock);
    if (effect->kind == EFFECT_CALL_READY)
        caller->take.is_wanted = true;
    else
        caller->look.is_wanted = true;
    caller_wake(caller);
    pthread_mutex_unlock(&caller->lock);
}

void caller_close(struct caller *caller)
{
    if (!caller)
        return;
    pthread_mutex_lock(&caller->lock);
    caller->is_closing = true;
    caller_wake(caller);
    pthread_mutex_unlock(&caller->lock);
    pthread_join(caller->thread, NULL);
}

void caller_free(struct caller *caller)
{
    if (!caller)
        return;
    pthread_cond_destroy(&caller->changed);
    pthread_mutex_destroy(&caller->lock);
    free(caller);
}
