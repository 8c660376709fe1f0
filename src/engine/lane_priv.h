/*
 * lane_priv.h - what the files of the lane share; included from there only.
 */
#ifndef FERMATA_ENGINE_LANE_PRIV_H
#define FERMATA_ENGINE_LANE_PRIV_H

#include <pthread.h>

#include "engine/lane.h"

enum {
    LANE_BATCH_US = 20000,    /* a batch takes no further command after */
    LANE_DUE_AGAIN_MS = 1000, /* after a due reservation that failed */
    LANE_LOOK_MS = 50,        /* on a shared store, while something is due that others are at */
    LANE_TICK_MS = 1000,
    LANE_DOWN_MS = 250,        /* between two tries to reach a store that cannot be reached */
    LANE_RESOLVE_MS = 30000,   /* for an answer to a commit that was lost */
    LANE_TRIES_MOST = 5,       /* of a job that finds its tree taken */
    LANE_CAREFUL_BATCHES = 32, /* with savepoints, after one in which something was refused */
};

struct lane_queue {
    struct lane_job *first, **end;
    int64_t count;
};

void lane_queue_init(struct lane_queue *queue);
void lane_queue_add(struct lane_queue *queue, struct lane_job *job);
struct lane_job *lane_queue_take(struct lane_queue *queue); /* null: it is empty */

struct lane {
    struct lane_config config;
    struct sql *sql;
    struct store store;
    struct engine engine;
    struct arena *arena; /* of the running batch */
    int64_t next_due;
    bool is_bold;    /* the running batch: no savepoints, what is refused rolls back all of it */
    int careful;     /* so many batches are not bold */
    bool due_failed; /* in the running batch */
    bool due_is_full;
    bool looks_now; /* at all that is due, whatever the schedule is to bring */
    int64_t
        relook_us; /* others are at what is due: when it is looked at again; monotonic; 0: not */
    int64_t purged_at;
    struct lane_queue again;     /* found their tree taken: each alone, and waiting */
    struct reservation *own_due; /* made by this lane and due at once */
    struct arena *due_arena;     /* of own_due */
    int64_t commit_id;           /* of the running transaction on a shared store */
    int64_t down_until_us;       /* the store could not be reached; monotonic */
    pthread_t thread;
    bool has_thread;
    /* lock guards what stands below */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct lane_queue urgent, normal;
    int64_t expected_at; /* somebody has made something due then in a tree of this lane */
    bool is_stopping;
};

struct lane_batch {
    struct lane_job *jobs, **end;
    struct reservation *due;
    int64_t count;
};

/* lane.c */
/* What a batch did not come to goes back to the front, in its order. */
void lane_put_back(struct lane *lane, struct lane_job *jobs);
/* All that waits is answered with this error. */
void lane_refuse_waiting(struct lane *lane, enum err err);

void lane_note_expected(struct lane *lane);

/* lane_batch.c: one transaction for many */
void lane_run_batch(struct lane *lane, struct lane_batch *batch);
void lane_run_again(struct lane *lane); /* those that found their tree taken */

/* lane_commit.c: the two ends of a transaction */
/* ERR_STORAGE_LOST: the store cannot be reached. ERR_UNAVAILABLE: this node's number is no longer
 * its own. */
enum err lane_begin(struct lane *lane, bool may_wait);
void lane_rollback(struct lane *lane);
/* ERR_OK: it stands. ERR_STORAGE_FULL, ERR_STORAGE_BUSY: nothing of it does. ERR_STORAGE_LOST:
 * nobody knows. */
enum err lane_commit(struct lane *lane);

/* lane_due.c: what has fallen due */
/* Runs it in the lane's transaction; an error is one of the transaction, not of what was due. */
enum err lane_run_due(struct lane *lane, struct lane_batch *batch, int64_t started_us);
/* When there is something due again; the transaction did something, or found nothing to do. */
void lane_look_ahead(struct lane *lane, bool did_something);
void lane_look_later(struct lane *lane);
bool lane_is_due(struct lane *lane); /* now */
/* After the commit: what was made due at once is kept for the next transaction. */
void lane_keep_due(struct lane *lane, const struct effect *effect);
void lane_note_due(struct lane *lane, int64_t due_at); /* later */
void lane_on_scheduled(void *user, const struct reservation *reservation, bool is_wanted);
bool lane_is_long(const struct lane *lane, int64_t started_us, int64_t times);

#endif
