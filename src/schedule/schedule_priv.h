/*
 * schedule_priv.h - what the files of schedule/ share; included from there only.
 */
#ifndef FERMATA_SCHEDULE_SCHEDULE_PRIV_H
#define FERMATA_SCHEDULE_SCHEDULE_PRIV_H

#include <pthread.h>

#include "base/id.h"
#include "redis/redis.h"
#include "schedule/schedule.h"
#include "store/schedules.h"

enum {
    SCHEDULE_REDIS_MS = 1000,  /* a command may take */
    SCHEDULE_LEASE_MS = 10000, /* of an entry that was handed out */
    SCHEDULE_TAKE_MOST = 256,
    SCHEDULE_PAGE = 1000, /* members a command, rows a question */
    SCHEDULE_TICK_MS = 500,
    SCHEDULE_SWEEP_MS = 600000,
    SCHEDULE_BUSY_MS = 10, /* when nobody takes what is due */
    SCHEDULE_MEMBER_BYTES = 64,
    SCHEDULE_KEY_BYTES = 256,
};

enum schedule_key {
    SCHEDULE_DUE,
    SCHEDULE_LEASED,
    SCHEDULE_GENERATION,
    SCHEDULE_FILLING,
    SCHEDULE_KEYS
};

/* What Redis is to be told. */
enum schedule_change_kind { CHANGE_ADD, CHANGE_REMOVE, CHANGE_DONE, CHANGE_HALTED };
struct schedule_change {
    enum schedule_change_kind kind;
    struct schedule_entry entry; /* of a halt: root_id */
    int64_t halt_id;
};
struct schedule_changes {
    struct schedule_change *list;
    size_t count, capacity;
};

/* Where a walk through the store, or through Redis, has come to. */
enum schedule_work { WORK_NONE, WORK_FILL, WORK_SWEEP_DUE, WORK_SWEEP_LEASED };

struct schedule {
    struct schedule_config config;
    char keys[SCHEDULE_KEYS][SCHEDULE_KEY_BYTES];
    struct redis *redis;
    struct sql *sql; /* null: not open */
    struct arena *arena;
    _Atomic bool is_up;
    pthread_t thread;
    /* the thread's own */
    bool was_up;      /* the last round came through */
    bool was_refused; /* an error of Redis was said since then */
    bool has_looked;  /* at its settings */
    int64_t sweep_us; /* when everything is looked through again; monotonic */
    enum schedule_work work;
    struct schedule_row filled;  /* the last row of the fill */
    char cursor[32];             /* of the sweep */
    char token[UUID_TEXT_BYTES]; /* says that the right to fill is ours */
    int64_t next_due;            /* as Redis said */
    int64_t removals_swept;      /* of those lost, when the sweep began */
    /* lock guards what stands below */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct schedule_changes changes;
    int64_t removals;      /* in changes */
    int64_t removals_lost; /* that Redis was never told: the sweep finds them */
    bool is_dirty;         /* changes were lost: all must be looked through */
    bool is_closing;
};

/* schedule_entry.c */
void schedule_member(const struct schedule_entry *entry, char text[SCHEDULE_MEMBER_BYTES]);
/* False: it is none of ours. due_at is 0. */
bool schedule_member_parse(const char *text, struct schedule_entry *ret);

/* schedule_redis.c: ERR_UNAVAILABLE: Redis cannot be used. ERR_STORAGE_CORRUPT: its keys are of
 * wrong types; they are gone now. */
struct schedule_taken {
    struct schedule_entry entries[SCHEDULE_TAKE_MOST];
    size_t count;
    bool has_generation;
    int64_t next_due; /* INT64_MAX: nothing waits */
};
enum err schedule_redis_take(struct schedule *schedule, struct schedule_taken *ret) MUST_CHECK;
/* Adds to the due set, or removes from one set or both. */
enum err schedule_redis_add(struct schedule *schedule, const struct schedule_entry *entries,
                            size_t count) MUST_CHECK;
enum err schedule_redis_remove(struct schedule *schedule, const struct schedule_entry *entries,
                               size_t count, bool leased_only) MUST_CHECK;
/* The right to fill, for some seconds; false: another node has it. It goes with what was filled: a
 * Redis that was flushed meanwhile knows nothing of it. */
enum err schedule_redis_claim(struct schedule *schedule, bool *ret_ours) MUST_CHECK;
/* For as long again; false: it is no longer ours, and what was filled may be gone. */
enum err schedule_redis_renew(struct schedule *schedule, bool *ret_ours) MUST_CHECK;
/* Redis is filled: a new generation, if the right was ours to the end. */
enum err schedule_redis_filled(struct schedule *schedule, bool *ret_ours) MUST_CHECK;
/* What Redis holds cannot be relied on, nor what a node is filling it with just now. */
enum err schedule_redis_forget(struct schedule *schedule) MUST_CHECK;
/* Some members of a set (without their times) and where to go on; garbage is taken out at once. */
enum err schedule_redis_scan(struct schedule *schedule, enum schedule_key set,
                             struct schedule_rows *ret) MUST_CHECK;
void schedule_redis_look(struct schedule *schedule); /* says what is unwise in its settings */

/* schedule_work.c: the long walks, a page at a time */
/* *ret_more: there is more to do at once. */
enum err schedule_work_step(struct schedule *schedule, bool *ret_more) MUST_CHECK;
/* Everything in Redis is looked up in the store, from the start. */
void schedule_work_sweep(struct schedule *schedule);
/* Removes the entries of a halt. */
enum err schedule_work_halt(struct schedule *schedule, int64_t root_id, int64_t halt_id) MUST_CHECK;
struct schedule_entry schedule_entry_of(const struct schedule_row *row);

#endif
