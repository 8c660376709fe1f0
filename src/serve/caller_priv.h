/*
 * caller_priv.h - what the files of the caller share: the calls that have been taken, and the jobs
 * of the lane.
 */
#ifndef FERMATA_SERVE_CALLER_PRIV_H
#define FERMATA_SERVE_CALLER_PRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "engine/lanes.h"
#include "serve/caller.h"
#include "work/work.h"
#include "work/work_target.h"

/* Of the process, as the lease names it. */

enum {
    CALLER_TAKE_MOST = 32,   /* calls in one job */
    CALLER_BUSY_US = 100000, /* until a lane or the work room that was full is asked again */
    CALLER_FAILED_US = 1000000,
    CALLER_BEGIN_MS = 2000, /* its begin is awaited at most so long */
};

enum call_stage {
    CALL_TAKEN,   /* leased; the caller's thread will make it */
    CALL_RUNNING, /* work has it */
    CALL_ENDED,   /* its result is there */
    CALL_BROUGHT, /* its result is in a job of the lane */
};

/* Whoever is at work in a stage owns the call but for stage, is_off and the list. */
struct call {
    struct lane_job job; /* first: brings the result back */
    struct caller *caller;
    struct arena *arena; /* of all of it */
    int64_t id;          /* work's, of this one attempt */
    struct outcall out;
    struct work_target target;
    struct work_call work;     /* its id is 0 until the call has been prepared */
    const struct json *result; /* or {"Error", "Cause"} */
    bool failed;
    int64_t deadline_us; /* its time is over then, and its lease a little later */
    /* under the caller's lock */
    enum call_stage stage;
    bool is_off; /* nobody awaits its answer */
    int64_t not_before_us;
    struct call *next;
};

/* A thing that the lane is asked to do now and then, one job at a time. */
struct caller_errand {
    struct lane_job job; /* first */
    struct caller *caller;
    /* under the caller's lock */
    bool is_wanted, is_submitted;
    int64_t not_before_us;
};

/* Of a call while the lane is asked whether its answer still matters. */
struct call_look {
    int64_t id;
    struct outcall out;
    bool is_awaited;
};

struct caller {
    struct caller_config config;
    pthread_t thread;
    /* what the jobs work on, while they are submitted */
    struct outcall taken[CALLER_TAKE_MOST];
    size_t taken_most, taken_count;
    struct call_look looks[LIMIT_CALLS];
    size_t look_count;
    /* lock guards what stands below */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_dirty; /* something has changed since the thread looked */
    bool is_closing;
    bool is_given_back; /* nothing is taken before */
    struct caller_errand give_back, take, look;
    struct call *calls;
    size_t call_count;
    size_t submitted; /* jobs in the lane's hands */
    int64_t wake_us;  /* of the thread: when it has to look again */
};

/* caller.c; the lock is held in all of them */
void caller_wake(struct caller *caller);
/* Hands a job to the lane; false when it takes no more, then *not_before_us moves. */
bool caller_submit(struct caller *caller, struct lane_job *job, int64_t *not_before_us);
void caller_submitted_done(struct caller *caller);
bool caller_is_time(struct caller *caller, int64_t not_before_us);

/* caller_call.c: one call's life */
struct call *call_new(struct caller *caller, const struct outcall *out);
/* The lock is held. */
void call_drop(struct call *call);
/* Of CALL_TAKEN: is made, or has its error at once. The lock is not held. */
void call_make(struct call *call);
/* Of CALL_ENDED; the lock is held. */
void call_bring(struct call *call);
/* Nobody awaits its answer; the lock is held. */
void call_off(struct call *call);

/* caller_errand.c: give back, take, look */
void caller_errands_init(struct caller *caller);
/* Submits what is wanted and possible; the lock is held. */
void caller_errands_go(struct caller *caller);

#endif
