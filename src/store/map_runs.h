/*
 * map_runs.h - distributed Maps at work: a row for each run, and one for each of its executions
 * that has ended.
 *
 * A run's executions are children in the same tree; the counters of the run are kept by whoever
 * changes the tree, under its lock. Its items are the inputs of its executions, as one JSON array.
 */
#ifndef FERMATA_STORE_MAP_RUNS_H
#define FERMATA_STORE_MAP_RUNS_H

#include "store/store.h"

struct arena;

#define MAP_RUN_RUNNING "RUNNING"
#define MAP_RUN_SUCCEEDED "SUCCEEDED"
#define MAP_RUN_FAILED "FAILED"
#define MAP_RUN_ABORTED "ABORTED"

/* map_items: how an execution of a run has ended. */
#define MAP_ITEM_SUCCEEDED "SUCCEEDED"
#define MAP_ITEM_FAILED "FAILED"
#define MAP_ITEM_TIMED_OUT "TIMED_OUT"
#define MAP_ITEM_ABORTED "ABORTED"

/* The row. Strings live in the arena it was loaded into. map_runs_save writes what is below the
 * line. */
struct map_run_row {
    int64_t root_id, map_run_id; /* 0: map_runs_insert gives a new one */
    const char *operator_name;
    int64_t execution_id, frame_id; /* the Map state's */
    const char *plan_id, *state, *label;
    const char *name; /* the last part of its ARN: a UUID */
    int64_t created_at;
    bool batched;       /* an execution works on a batch of items, not on one */
    int64_t item_count; /* read from the source */
    int64_t total;      /* executions there will be */
    const char *items;  /* JSON: their inputs; null when it was loaded without them */
    /* ---- */
    int64_t reservation_id; /* that awaits them all */
    const char *status;     /* MAP_RUN_... */
    int64_t ended_at;       /* 0: not ended */
    int64_t max_concurrency;
    int64_t tolerated_count;     /* -1: none given */
    double tolerated_percentage; /* -1: none given */
    int64_t begun;               /* executions, of total */
    int64_t succeeded, failed, timed_out, aborted;
    bool woken; /* a turn of the parent is owed already */
    int64_t redrives, redriven_at;
    struct map_run_row *next;
};

enum err map_runs_insert(struct store *store, struct map_run_row *row) MUST_CHECK;
/* ERR_NOT_FOUND. The second one leaves the items, which may be large, where they are. */
enum err map_runs_load(struct store *store, struct arena *arena, int64_t root_id,
                       int64_t map_run_id, struct map_run_row *ret) MUST_CHECK;
enum err map_runs_load_counts(struct store *store, struct arena *arena, int64_t root_id,
                              int64_t map_run_id, struct map_run_row *ret) MUST_CHECK;
enum err map_runs_save(struct store *store, const struct map_run_row *row) MUST_CHECK;
/* By the last part of its ARN, with its items. ERR_NOT_FOUND, also when it is another operator's.
 */
enum err map_runs_find(struct store *store, struct arena *arena, const char *operator_name,
                       const char *name, struct map_run_row *ret) MUST_CHECK;
/* The runs of an execution, newest first, without their items: at most `most`, older than the run
 * `before` (0: from the newest). */
enum err map_runs_of_execution(struct store *store, struct arena *arena, int64_t root_id,
                               int64_t execution_id, int64_t before, int64_t most,
                               struct map_run_row **ret) MUST_CHECK;

struct map_item_row {
    int64_t index;      /* of the execution in its run */
    const char *status; /* MAP_ITEM_... */
    int64_t items;      /* it worked on */
    const char *output; /* JSON, or null */
    struct map_item_row *next;
};
/* Inserts, or (after a redrive) replaces. */
enum err map_items_put(struct store *store, const struct map_run_row *run,
                       const struct map_item_row *item) MUST_CHECK;
/* All of a run, in the order of their index. */
enum err map_items_list(struct store *store, struct arena *arena, int64_t root_id,
                        int64_t map_run_id, struct map_item_row **ret) MUST_CHECK;
/* Forgets those that did not succeed: a redrive runs them again. */
enum err map_items_forget_failed(struct store *store, int64_t root_id,
                                 int64_t map_run_id) MUST_CHECK;

/* How many items are in executions that have ended, by their end. */
struct map_item_counts {
    int64_t succeeded, failed, timed_out, aborted;
};
enum err map_items_count(struct store *store, int64_t root_id, int64_t map_run_id,
                         struct map_item_counts *ret) MUST_CHECK;

#endif
