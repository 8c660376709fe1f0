/*
 * halts.h - the rows that a halt changes, set by set.
 *
 * Each function is one statement (or a few) over the whole halted set, never a loop over
 * executions. The set is collected once into halt_items, which is the receipt; after halts_stop a
 * member is known by executions.halt_id. They run in the order of engine/halt.c, inside its
 * transaction.
 */
#ifndef FERMATA_STORE_HALTS_H
#define FERMATA_STORE_HALTS_H

#include "store/store.h"

struct arena;
struct execution;

enum halt_children { HALT_CHILDREN_NONE, HALT_CHILDREN_AWAITED, HALT_CHILDREN_ALL };

struct plain_tree;

struct halt_row {
    int64_t root_id, halt_id;
    const char *operator_name, *portal_id, *subject;
    int64_t execution_id; /* the target */
    const char *kind;     /* EXECUTION, CHILDREN, FRAME */
    enum halt_children children;
    const char *outcome;
    const char *reason, *batch_name; /* may be null */
    const char *error, *cause;       /* of a StopExecution, kept as the target's own; may be null */
    int64_t tree_seq, created_at;
    int64_t executions, reservations, scheduled, locks, granted, in_flight;
    int64_t has_locks; /* not stored: somebody of the tree holds a lock or waits for one */
    /* not stored: of a plain tree, of which nothing need be asked (plain_trees.h); or null */
    const struct plain_tree *plain;
    const char *callback, *unused, *anomalies, *digest; /* JSON and text; may be null */
};

/* 1. the set; each adds to halt->executions what it collected */
enum err halts_collect_target(struct store *store, struct halt_row *halt) MUST_CHECK;
enum err halts_collect_below(struct store *store, struct halt_row *halt) MUST_CHECK;
enum err halts_collect_of_frame(struct store *store, struct halt_row *halt,
                                int64_t frame_id) MUST_CHECK;
/* 3. EXECUTION.HALTED into each history */
enum err halts_record(struct store *store, const struct halt_row *halt) MUST_CHECK;
/* 4. status STOPPED, epoch + 1; the number stopped must be the number collected */
enum err halts_stop(struct store *store, const struct halt_row *halt) MUST_CHECK;
/* 5. out of paused_executions; *ret_missing counts paused executions that had no row */
enum err halts_unpause(struct store *store, const struct halt_row *halt,
                       int64_t *ret_missing) MUST_CHECK;
/* 7. reservations STALE, RESERVATION.CLEANED into each history; fills the counts */
enum err halts_clean(struct store *store, struct halt_row *halt) MUST_CHECK;
/* 8. waits deleted, locks passed on in name order; fills the counts */
enum err halts_unlock(struct store *store, struct halt_row *halt) MUST_CHECK;
/* 10. the receipt's own row */
enum err halts_insert(struct store *store, const struct halt_row *halt) MUST_CHECK;

/* Reading a receipt. ERR_HALT_NOT_FOUND, also when it is another operator's. */
enum err halts_load(struct store *store, struct arena *arena, const char *operator_name,
                    int64_t root_id, int64_t halt_id, struct halt_row *ret) MUST_CHECK;

struct halt_item {
    const char *plan_execution_id;
    int64_t execution_id, depth, epoch;
    const char *previous_status, *last_state;
    struct halt_item *next;
};
/* Deepest first; at most `most`, after the item (depth, execution_id) when execution_id is not 0.
 */
enum err halts_items(struct store *store, struct arena *arena, const struct halt_row *halt,
                     int64_t after_depth, int64_t after_execution_id, int64_t most,
                     struct halt_item **ret) MUST_CHECK;

struct halt_claim { /* a reservation made STALE, a lock released, or work in flight */
    int64_t execution_id, reservation_id;
    const char *plan_execution_id;
    const char *name; /* the type, the lock, the task */
    bool scheduled;
    int64_t frame_id;
    const char *granted_to, *worker;
    int64_t fence, lease_until, quiet_at;
    struct halt_claim *next;
};
/* Of the first `most` items, in their order. */
enum err halts_reservations(struct store *store, struct arena *arena, const struct halt_row *halt,
                            int64_t most, struct halt_claim **ret) MUST_CHECK;
enum err halts_locks(struct store *store, struct arena *arena, const struct halt_row *halt,
                     struct halt_claim **ret) MUST_CHECK;
enum err halts_in_flight(struct store *store, struct arena *arena, const struct halt_row *halt,
                         int64_t most, struct halt_claim **ret) MUST_CHECK;
/* Whether a worker can still be busy with it at `now_ms`; *ret_until: when the last lease ends. */
enum err halts_busy(struct store *store, const struct halt_row *halt, int64_t now_ms,
                    int64_t *ret_count, int64_t *ret_until) MUST_CHECK;

/* Proof: what of the halt's items is still open under an old epoch. One row a kind that was looked
 * at. */
struct halt_residue {
    const char *kind;
    int64_t looked_at, left;
    const char *example; /* what is left, the first of it; or null */
    struct halt_residue *next;
};
enum err halts_residue(struct store *store, struct arena *arena, const struct halt_row *halt,
                       struct halt_residue **ret) MUST_CHECK;

#endif
