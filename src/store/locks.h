/*
 * locks.h - named mutexes inside one operator, and who waits for them in order.
 *
 * Invariant: no lock is free while a live waiter stands in its queue; release and hand-over are one
 * commit. A waiter is live when its execution is not final, not paused, and under the epoch it
 * began to wait in. A hand-over writes the lock, the wait and a TURN reservation, never the
 * waiter's execution.
 */
#ifndef FERMATA_STORE_LOCKS_H
#define FERMATA_STORE_LOCKS_H

#include "store/store.h"

struct arena;
struct execution;
struct reservation;

/* The first live waiter of lock l, as a subquery that gives its reservation_id or NULL. */
#define LOCKS_FIRST_WAITER                                                                         \
    "(SELECT min(v.reservation_id) FROM lock_waiters v JOIN executions x"                          \
    " ON x.root_id = v.root_id AND x.execution_id = v.execution_id"                                \
    " WHERE v.operator_name = l.operator_name AND v.name = l.name AND x.ended_at IS NULL"          \
    " AND x.epoch = v.epoch AND x.status <> 'WAITING_FOR_RESTART')"

struct lock_holder {
    int64_t root_id, execution_id, frame_id; /* execution_id 0: free */
    int64_t fence;
};

struct lock_name {
    const char *name;
    int64_t frame_id;
    struct lock_name *next;
};

/* Takes a free lock (a lock never seen is free); *ret_fence is 0 when somebody holds it. */
enum err locks_take(struct store *store, const struct execution *execution, int64_t frame_id,
                    const char *name, int64_t now_ms, int64_t *ret_fence) MUST_CHECK;
enum err locks_wait(struct store *store, const struct reservation *reservation) MUST_CHECK;
enum err locks_unwait(struct store *store, const struct reservation *reservation) MUST_CHECK;
/* All waits of a frame (frame_id -1: of the execution) end. */
enum err locks_unwait_frame(struct store *store, int64_t root_id, int64_t execution_id,
                            int64_t frame_id) MUST_CHECK;
/* A start lock belongs to this frame from now on. */
enum err locks_set_frame(struct store *store, const char *operator_name, const char *name,
                         int64_t frame_id) MUST_CHECK;
/* What it holds, it holds under its new epoch. */
enum err locks_set_epoch(struct store *store, const struct execution *execution) MUST_CHECK;
enum err locks_holder(struct store *store, const char *operator_name, const char *name,
                      struct lock_holder *ret) MUST_CHECK;
/* All locks that the halted set (halt_items) holds or waits for, taken in the order of their names:
 * nobody grants it one, and nobody else enters or leaves those queues, until the commit. */
enum err locks_seize_halted(struct store *store, int64_t root_id, int64_t halt_id) MUST_CHECK;
/* The locks an execution holds, in name order; frame_id 0 means all frames. */
enum err locks_held_by(struct store *store, struct arena *arena, int64_t root_id,
                       int64_t execution_id, int64_t frame_id, struct lock_name **ret) MUST_CHECK;
/* The locks it waits for, in name order. */
enum err locks_waited_by(struct store *store, struct arena *arena, int64_t root_id,
                         int64_t execution_id, struct lock_name **ret) MUST_CHECK;
/* Whether a LOCK reservation has its lock: the holder is its execution and its frame. */
bool lock_is_held_by(const struct lock_holder *holder, const struct reservation *reservation);
/* Passes a lock (held or free) to its first live waiter, or frees it. *ret_granted (may be null)
 * gets the plan_execution_id of the new holder, or null. */
enum err locks_hand_over(struct store *store, struct arena *arena, const char *operator_name,
                         const char *name, int64_t now_ms, const char **ret_granted) MUST_CHECK;

#endif
