/*
 * reservations.h - stored claims on the future of an execution.
 *
 * A reservation is FRESH until it is USED (what it stood for has happened and was applied) or STALE
 * (it never will). A result that arrives is kept on the FRESH reservation (arrived_at) until a turn
 * applies it. The types are one table; scheduled ones also stand in the schedule until they fall
 * due.
 */
#ifndef FERMATA_STORE_RESERVATIONS_H
#define FERMATA_STORE_RESERVATIONS_H

#include "store/executions.h"

enum reservation_type {
    RESERVATION_NONE,
    RESERVATION_START,      /* the execution is to start */
    RESERVATION_TURN,       /* something has changed for it: look again */
    RESERVATION_TIMER,      /* a Wait is over */
    RESERVATION_RETRY,      /* a back-off is over */
    RESERVATION_TIMEOUT,    /* a Task, or the whole plan, took too long */
    RESERVATION_HEARTBEAT,  /* a lease or a heartbeat has run out */
    RESERVATION_TASK,       /* a worker's result is awaited */
    RESERVATION_CALLBACK,   /* a callback is awaited */
    RESERVATION_HUMAN_TASK, /* a person's answer is awaited */
    RESERVATION_CHILD,      /* a child's end is awaited */
    RESERVATION_LOCK,       /* a lock is awaited */
    RESERVATION_CALL,       /* the answer to a call of ours to the outside is awaited */
    RESERVATION_MAP_RUN,    /* the end of all children of a Map Run is awaited */
    RESERVATION_TYPE_COUNT
};

struct reservation_kind {
    const char *name;
    bool is_scheduled;         /* has an entry in the schedule */
    bool is_callback_run_plan; /* the seed's word: what resolves it makes the plan go on */
    enum status status;        /* what its execution waits for; STATUS_NONE: it says nothing */
};
const struct reservation_kind *reservation_kind(enum reservation_type type);
enum reservation_type reservation_type_parse(const char *name);

struct reservation {
    int64_t root_id, execution_id, reservation_id;
    const char *operator_name;
    int64_t frame_id; /* 0: of the whole execution */
    enum reservation_type type;
    const char *status; /* "FRESH", ... */
    int64_t epoch;
    const char *state;
    int64_t due_at; /* 0: not scheduled */
    const char *queue;
    bool ready;
    int64_t attempt;
    const char *worker;
    int64_t lease_until, lease_ms;
    const void *token_hash; /* SHA256_BYTES, or null */
    int64_t child_id;
    int64_t created_at, arrived_at, settled_at, halt_id;
    bool failed; /* of the result */
    const char *answer_hash;
    const char *data, *result; /* JSON */
    struct reservation *next;
};

bool reservation_is_fresh(const struct reservation *reservation);

/* A new id is given when reservation_id is 0. */
enum err reservations_insert(struct store *store, struct reservation *reservation) MUST_CHECK;
/* ERR_NOT_FOUND. */
enum err reservations_load(struct store *store, struct arena *arena, int64_t root_id,
                           int64_t execution_id, int64_t reservation_id,
                           struct reservation *ret) MUST_CHECK;
/* FRESH ones of an execution as a list, in the order they arrived, then by id. */
enum err reservations_fresh_of(struct store *store, struct arena *arena, int64_t root_id,
                               int64_t execution_id, struct reservation **ret) MUST_CHECK;

/* Told to a schedule beside the store, where there is one: it is to fall due; it is settled before.
 */
void reservations_schedule(struct store *store, const struct reservation *reservation);
void reservations_unschedule(struct store *store, const struct reservation *reservation,
                             int64_t now_ms);

/* Keeps a result on a FRESH reservation that has none yet; *ret_taken tells whether it was the
 * first. */
struct reservation_result {
    bool failed;
    const char *text; /* JSON: an output, or {"Error", "Cause"}; null for timers */
    const char *answer_hash;
};
enum err reservations_arrive(struct store *store, const struct reservation *reservation,
                             const struct reservation_result *result, int64_t now_ms,
                             bool *ret_taken) MUST_CHECK;
/* Applied: USED, with the reservation's answer_hash. */
enum err reservations_use(struct store *store, const struct reservation *reservation,
                          int64_t now_ms) MUST_CHECK;
/* All FRESH ones of a frame (or, with frame_id -1, of the execution) become STALE; counts them. */
enum err reservations_stale(struct store *store, int64_t root_id, int64_t execution_id,
                            int64_t frame_id, int64_t now_ms, int64_t *ret_count) MUST_CHECK;

/* A worker gets the task: no longer ready, a new attempt, a new secret. */
enum err reservations_lease(struct store *store, const struct reservation *reservation) MUST_CHECK;
/* The worker is alive: the lease and its HEARTBEAT reservation move. */
enum err reservations_extend(struct store *store, const struct reservation *reservation,
                             int64_t lease_until) MUST_CHECK;
/* The lease ran out: the task may be taken again. */
enum err reservations_requeue(struct store *store,
                              const struct reservation *reservation) MUST_CHECK;
/* While paused no task of the execution is handed out. */
enum err reservations_set_ready(struct store *store, int64_t root_id, int64_t execution_id,
                                bool ready) MUST_CHECK;
/* A restart under a new epoch: results that have arrived go along, all else FRESH becomes STALE. */
enum err reservations_restart(struct store *store, int64_t root_id, int64_t execution_id,
                              int64_t epoch, int64_t now_ms) MUST_CHECK;
/* The oldest task of a queue that may be taken; ERR_NOT_FOUND when there is none; ERR_STORAGE_BUSY:
 * only such as others are at just now, to be asked again where waiting is allowed. */
enum err reservations_first_ready(struct store *store, const char *operator_name, const char *queue,
                                  struct reservation *ret) MUST_CHECK;

/* The same of calls to the outside that wait to be made, of whatever operator. */
enum err reservations_first_call(struct store *store, struct reservation *ret) MUST_CHECK;

/* What is due by until_ms, oldest first, as a list (root_id, execution_id, reservation_id, type,
 * epoch, due_at). On a shared store only in trees of this lane of `lanes` (lanes.h) that nobody
 * has, and those are taken. */
struct due_range {
    int64_t until_ms, most;
    int64_t lane, lanes;
};
enum err reservations_due(struct store *store, struct arena *arena, const struct due_range *range,
                          struct reservation **ret) MUST_CHECK;
/* When the next one is due; INT64_MAX when nothing is scheduled. */
enum err reservations_next_due(struct store *store, int64_t *ret_due_at) MUST_CHECK;

#endif
