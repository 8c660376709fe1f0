/*
 * lane.h - where all change happens: one thread, one connection, one transaction for all commands
 * that wait.
 *
 * A lane takes every job that waits, halts first, runs each in a savepoint of one transaction,
 * commits once (group commit), and only then answers: answered means durable. What has fallen due
 * runs in the same transactions.
 *
 * The life of a job, all on the lane's thread:
 *   run      inside a savepoint; an error rolls back to it
 *   settle   in the same transaction, with run's error: what the answer leaves behind (idempotency)
 *   done     after the commit: sends the answer. err is ERR_OK when the transaction stands; else
 * nothing of the job does A job may be run twice (alone, when its batch was rolled back by the
 * database), so run and settle must start anew.
 */
#ifndef FERMATA_ENGINE_LANE_H
#define FERMATA_ENGINE_LANE_H

#include "engine/engine.h"

struct lane;

struct lane_job {
    bool is_urgent; /* a halt */
    enum err (*run)(struct lane_job *job, struct engine *engine);
    enum err (*settle)(struct lane_job *job, struct engine *engine,
                       enum err run_err); /* may be null */
    void (*done)(struct lane_job *job, enum err err);
    enum err run_err; /* the lane's own */
    struct lane_job *next;
};

struct lane_config {
    const char *path; /* of the store's file */
    struct env *env;
    struct id_source *ids;
    /* After the commit, on the lane's thread, once for each effect. */
    void (*on_effect)(void *user, const struct effect *effect);
    void *user;
};

/* Opens the store, migrates it. The thread starts with lane_run; without it lane_step does the
 * work. */
enum err lane_open(const struct lane_config *config, struct lane **ret) MUST_CHECK;
void lane_run(struct lane *lane);
/* Finishes what was submitted, ends the thread, closes the store; null is allowed. */
void lane_close(struct lane *lane);

/* Any thread. ERR_UNAVAILABLE when too many wait; the job then stays the caller's. */
enum err lane_submit(struct lane *lane, struct lane_job *job) MUST_CHECK;
/* One transaction in the caller's thread, for tests: true when there was something to do. */
bool lane_step(struct lane *lane);
/* The engine, for tests that call verbs directly (between lane_steps, inside sql_begin and
 * sql_commit). */
struct engine *lane_engine(struct lane *lane);

#endif
