/*
 * executions.h - one run of one plan version, as a row.
 */
#ifndef FERMATA_STORE_EXECUTIONS_H
#define FERMATA_STORE_EXECUTIONS_H

#include "store/store.h"

struct arena;

/* clang-format off */
#define STATUS_LIST(X)                                                                             \
    X(PENDING)                                                                                     \
    X(EXECUTING)                                                                                   \
    X(WAITING_FOR_HUMAN_TASK)                                                                      \
    X(WAITING_FOR_CALLBACK)                                                                        \
    X(WAITING_FOR_CHILD_EXECUTION)                                                                 \
    X(WAITING_FOR_LOCK)                                                                            \
    X(WAITING_FOR_TIMER)                                                                           \
    X(WAITING_FOR_RESTART)                                                                         \
    X(SUCCESS)                                                                                     \
    X(FAILED)                                                                                      \
    X(STOPPED)
/* clang-format on */

#define STATUS_ENUM(name) STATUS_##name,
enum status { STATUS_NONE, STATUS_LIST(STATUS_ENUM) STATUS_COUNT };
#undef STATUS_ENUM

const char *status_name(enum status status);
enum status status_parse(const char *name); /* STATUS_NONE when there is no such status */

/* The row. Strings live in the arena it was loaded into. execution_save writes what is below the
 * line. */
struct execution {
    int64_t root_id, execution_id;
    const char *operator_name, *portal_id, *plan_execution_id, *plan_id;
    int64_t parent_id; /* 0: none */
    int64_t depth;
    bool hold_on_failure;
    const char *start_digest, *created_by;
    int64_t created_at;
    const char *input;
    const char *origin;    /* JSON of a start by the Step Functions API, handed down; or null */
    int64_t map_run_id;    /* 0, or: it works on one item (or batch) of a Map Run, */
    const char *map_state; /* runs the item processor of this state of its plan, */
    int64_t map_index;     /* and is this one of the run's executions */
    /* ---- */
    int64_t plan_version;
    enum status status;
    const char *last_state;
    int64_t epoch;
    int64_t parent_reservation_id; /* 0: fire-and-forget, or told already */
    int64_t history_seq, event_id, frame_seq, busy_turns;
    const char *start_locks;
    int64_t halt_id;
    int64_t updated_at, ended_at; /* 0: not ended */
    const char *error, *cause, *output;
    bool timed_out; /* FAILED, for the plan's TimeoutSeconds ran out */
    int64_t redrives, redriven_at;
    /* not stored: the tree's seq of the running change */
    int64_t tree_seq;
    bool is_new; /* not stored: it has no row yet */
};

/* By its public id: where it is. ERR_EXECUTION_NOT_FOUND, also when it is another operator's. */
enum err executions_find(struct store *store, const char *operator_name,
                         const char *plan_execution_id, int64_t *ret_root_id,
                         int64_t *ret_execution_id) MUST_CHECK;
/* ERR_EXECUTION_NOT_FOUND when there is no such row. */
enum err executions_load(struct store *store, struct arena *arena, int64_t root_id,
                         int64_t execution_id, struct execution *ret) MUST_CHECK;
/* Takes the public id, of which the caller has seen that it is free; ERR_EXECUTION_EXISTS, and no
 * change, when it is taken already. On a shared store somebody was faster: ERR_STORAGE_BUSY, to be
 * looked at again. */
enum err executions_name(struct store *store, const struct execution *execution) MUST_CHECK;
/* Inserts a new one (it is not new afterwards), updates an old one. */
enum err executions_save(struct store *store, struct execution *execution) MUST_CHECK;
/* The latest active child that a frame awaited in this state, by a reservation of whatever status;
 * 0: none. */
enum err executions_child_of_frame(struct store *store, int64_t root_id, int64_t execution_id,
                                   int64_t frame_id, const char *state, int64_t *ret) MUST_CHECK;
/* A child is awaited by another reservation from now on. */
enum err executions_set_parent_reservation(struct store *store, int64_t root_id,
                                           int64_t execution_id, int64_t reservation_id) MUST_CHECK;
/* How many descendants of it are active (not final), at any depth. */
enum err executions_count_active_below(struct store *store, int64_t root_id, int64_t execution_id,
                                       int64_t *ret) MUST_CHECK;

#endif
