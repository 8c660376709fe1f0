/*
 * lane.h - where all change happens: one thread, one connection, one transaction for all commands
 * that wait.
 *
 * A lane takes every job that waits, halts first, runs each as in a savepoint of one transaction,
 * commits once (group commit), and only then answers: answered means durable. What has fallen due
 * runs in the same transactions. On a shared store other lanes, of this node and of others, do the
 * same at the same time; the row of each tree keeps them apart.
 *
 * The life of a job, all on the lane's thread:
 *   run      an error rolls back what it did, and nothing else
 *   settle   in the same transaction, with run's error: what the answer leaves behind (idempotency)
 *   done     after the commit: sends the answer. err is ERR_OK when the transaction stands, else
 *            nothing of the job does
 * A job may run several times: again with savepoints, when one of its batch was refused
 * (docs/decisions/0018); alone, when the database rolled the batch back. So run and settle must
 * start anew.
 */
#ifndef FERMATA_ENGINE_LANE_H
#define FERMATA_ENGINE_LANE_H

#include "engine/engine.h"

struct lane;

struct lane_job {
    bool is_urgent;   /* a halt: before all that is none */
    bool takes_ahead; /* a halt whose tree, when it is known, may be taken before the batch runs */
    enum err (*run)(struct lane_job *job, struct engine *engine);
    enum err (*settle)(struct lane_job *job, struct engine *engine,
                       enum err run_err); /* may be null */
    void (*done)(struct lane_job *job, enum err err);
    int64_t root_id; /* of the tree that it changes, when that is known; else 0 */
    uint64_t place;  /* among the lanes, of one whose tree is not known (lanes.h) */
    /* the lane's own */
    enum err run_err;
    bool is_again; /* its tree is taken: it runs once more, alone */
    int tries;
    struct lane_job *next;
};

struct lane_config {
    const char *store; /* its name, as sql_open takes it */
    struct env *env;
    struct id_source *ids;
    int64_t lane, lanes; /* which of how many; lanes 0: it is the only one */
    /* Of a shared store: the number of this node and the secret of its hold (serve/member.h). */
    int64_t node;
    const char *holder;
    /* Of a store with a schedule beside it: how long what is due is left to that. Null: no
     * schedule. What it must know EFFECT_SCHEDULED and its like say. */
    int64_t (*schedule_grace_ms)(void *user);
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
/* Any thread: in a tree of this lane something falls due then; 0: now, and no schedule brings it.
 */
void lane_expect(struct lane *lane, int64_t due_at);
/* One transaction in the caller's thread, for tests: true when there was something to do. */
bool lane_step(struct lane *lane);
/* The engine, for tests that call verbs directly (between lane_steps, inside sql_begin and
 * sql_commit). */
struct engine *lane_engine(struct lane *lane);

#endif
