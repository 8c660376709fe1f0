/*
 * engine.h - the verbs: everything that can happen to an execution.
 *
 * A verb is straight-line code in one lane's thread, inside a savepoint of the lane's transaction:
 * it reads and writes through the store, and leaves effects that the lane carries out after the
 * commit. It never waits, never talks to the network. An error means that nothing of it may stay:
 * the caller rolls back to the savepoint, then writes what a refusal leaves behind
 * (engine_refusal). Results and faults live in engine->arena, until the lane's transaction is over
 * and its callers have been answered.
 */
#ifndef FERMATA_ENGINE_ENGINE_H
#define FERMATA_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "store/executions.h"
#include "store/halts.h"
#include "store/reservations.h"
#include "store/store.h"

struct arena;
struct asl_plan;
struct json;
struct plan_cache;

/* Time, randomness and settings: the only way they reach the engine. */
struct env {
    struct clock *clock;
    double (*random01)(struct env *env);
    void (*random_bytes)(void *bytes, size_t len);
    int64_t lease_ms;
    int64_t tree_depth_max, tree_executions_max;
    int64_t events_max;
    const char *region; /* of the ARNs that plans see */
    int64_t run_ms_max; /* an execution may take; 0: no limit */
    bool is_express;    /* executions live in memory only: they have no children, locks or people */
};
void env_init(struct env *env, struct clock *clock); /* defaults of limits.h */

/* Who asks: claims of the verified token. */
struct actor {
    const char *operator_name, *portal_id, *subject;
};

/* What is to be done after the commit. Hints: losing one loses nothing. */
enum effect_kind {
    EFFECT_TASK_READY, /* operator_name, name: workers that wait for this queue */
    EFFECT_HALTED,     /* number: a halt id whose waiters may look again */
    EFFECT_ENDED,      /* number: the execution_id of a root that has become final */
    EFFECT_CALL_READY, /* a call to the outside waits to be made */
    EFFECT_CALL_OFF,   /* a call that is being made may no longer be awaited */
    /* Only of a shared store: */
    EFFECT_SCHEDULED,      /* scheduled: is to fall due then; all 0: some, now */
    EFFECT_UNSCHEDULED,    /* scheduled: was settled before */
    EFFECT_HALT_SCHEDULED, /* scheduled.root_id, number: all that this halt settled before */
};
struct scheduled {
    int64_t root_id, execution_id, reservation_id, epoch, due_at;
};
struct effect {
    enum effect_kind kind;
    const char *operator_name, *name;
    int64_t number;
    struct scheduled scheduled;
    struct effect *next;
};

/* One per lane; used by its thread only. */
struct engine {
    struct store *store;
    struct env *env;
    struct plan_cache *plans;
    struct arena *arena; /* of the running batch */
    struct effect *effects, **effects_end;
    /* Evidence of a refused late comer: written by the lane after the rollback to the savepoint. */
    struct {
        bool is_set, is_quiet;
        struct reservation reservation;
        const char *kind, *subject, *body;
    } late;
};

void engine_init(struct engine *engine, struct store *store, struct env *env,
                 struct plan_cache *plans);
void engine_begin(struct engine *engine, struct arena *arena); /* a batch begins: no effects */
/* Effects of the running verb are dropped when it is rolled back: mark before, drop after. */
struct effect **engine_effects_mark(struct engine *engine);
void engine_effects_drop(struct engine *engine, struct effect **mark);
/* After the rollback of a verb that refused a late comer: keeps what came as evidence. */
enum err engine_refusal(struct engine *engine) MUST_CHECK;

/* ---- plans ---- */
struct put_plan {
    const char *plan_id;
    const struct json *definition;
};
struct put_plan_answer {
    int64_t plan_version;
    bool created;
};
enum err engine_put_plan(struct engine *engine, const struct actor *actor,
                         const struct put_plan *req, struct put_plan_answer *ret,
                         struct fault *reterr) MUST_CHECK;

/* ---- start ---- */
struct start_request {
    const char *plan_id;
    int64_t plan_version;          /* 0: the latest */
    const char *plan_execution_id; /* null: ours */
    const struct json *input;      /* null: {} */
    const char **locks;
    size_t lock_count;
    int64_t start_at; /* 0: now */
    bool hold_on_failure;
    const char *origin; /* JSON: {"trace_header", "version", "alias"}; null: none */
};
struct execution_answer {
    const char *plan_execution_id;
    enum status status;
    int64_t epoch;
    int64_t created_at;
    bool created;
};
enum err engine_start(struct engine *engine, const struct actor *actor,
                      const struct start_request *req, struct execution_answer *ret,
                      struct fault *reterr) MUST_CHECK;

/* ---- halt ---- */
enum halt_outcome { HALTED, CHILDREN_HALTED, ALREADY_HALTED, WOULD_HALT };
const char *halt_outcome_name(enum halt_outcome outcome);

struct halt_request {
    const char *plan_execution_id;
    enum halt_children children;
    bool children_only;       /* halt_child_executions */
    const struct json *input; /* null: absent */
    int64_t plan_version;     /* 0: absent */
    const char *reason;
    bool dry_run;
    const char *if_digest, *if_status;
    int64_t if_epoch;          /* -1: absent */
    int64_t max_affected;      /* 0: absent */
    const char *error, *cause; /* of a StopExecution: kept as the execution's own; null: none */
    /* the seed's arguments that are no fields on the wire */
    bool is_batch_operation, disable_parent_callback;
    const char *name; /* of the batch */
};
struct halt_answer {
    enum halt_outcome outcome;
    const char *halt_id;          /* on the wire's form; null when there is none */
    int64_t root_id, halt_number; /* of the halt, to wait for */
    int64_t halted_at;
    int64_t in_flight;
    const struct json *children; /* halt_execution_resp */
    const struct json *callback; /* callback_for_halt, or null */
    const struct json *receipt;  /* or null */
};
enum err engine_halt(struct engine *engine, const struct actor *actor,
                     const struct halt_request *req, struct halt_answer *ret,
                     struct fault *reterr) MUST_CHECK;

/* ---- pause, restart ---- */
enum err engine_pause(struct engine *engine, const struct actor *actor,
                      const char *plan_execution_id, const char *reason,
                      struct execution_answer *ret, struct fault *reterr) MUST_CHECK;
enum err engine_restart(struct engine *engine, const struct actor *actor,
                        const char *plan_execution_id, const char *reason,
                        struct execution_answer *ret, struct fault *reterr) MUST_CHECK;

/* RedriveExecution: a FAILED (or timed out) or STOPPED execution goes on from the states that
 * failed or were stopped, under a new epoch; its other branches keep what they have. The retries of
 * those states count from nothing. ERR_INVALID_STATE_TRANSITION when it is neither. *ret_at: when.
 */
enum err engine_redrive(struct engine *engine, const struct actor *actor,
                        const char *plan_execution_id, int64_t *ret_at,
                        struct fault *reterr) MUST_CHECK;

/* ---- work ---- */
/* The queue of an activity: no task of our own can have this name. */
#define ACTIVITY_QUEUE_PREFIX "activity/"
struct poll_answer { /* task null: nothing to do */
    const char *task, *task_token, *plan_execution_id, *state;
    const char *input; /* JSON text */
    int64_t attempt, lease_ms;
};
enum err engine_poll(struct engine *engine, const struct actor *actor, const char *task,
                     const char *worker, struct poll_answer *ret) MUST_CHECK;

struct result_request {
    const char *token; /* task_token or callback_token; or null and: */
    const char *human_task_id;
    const char *plan_execution_id, *state; /* a callback by place; state may be null */
    const struct json *output;             /* null: an error */
    const char *error, *cause;
};
enum result_kind {
    RESULT_COMPLETE_TASK,
    RESULT_FAIL_TASK,
    RESULT_CALLBACK,
    RESULT_HUMAN,
    RESULT_TOKEN, /* SendTaskSuccess and SendTaskFailure: of a task or of a callback */
};
/* The root_id of the tree that a one-time token says it belongs to; 0: it says none. Only a hint.
 */
int64_t task_token_root(const char *token);
/* actor null: a callback that shows nothing but its token. */
enum err engine_result(struct engine *engine, const struct actor *actor, enum result_kind kind,
                       const struct result_request *req, const char **ret_plan_execution_id,
                       struct fault *reterr) MUST_CHECK;
enum err engine_heartbeat(struct engine *engine, const struct actor *actor, const char *token,
                          int64_t *ret_lease_ms, struct fault *reterr) MUST_CHECK;

/* ---- calls to the outside ---- */
#define CALL_KIND_HTTP "http"         /* http:invoke */
#define CALL_KIND_INVOKE "invoke"     /* lambda:invoke */
#define CALL_KIND_FUNCTION "function" /* a function's own ARN */
struct outcall {
    int64_t root_id, execution_id, reservation_id, attempt; /* all 0: there is none to make */
    const char *operator_name, *kind;
    const char *data; /* JSON: {"function", "parameters"} */
    int64_t timeout_ms;
};
/* Leases the oldest call that waits; `caller` names the process. */
enum err engine_take_call(struct engine *engine, const char *caller,
                          struct outcall *ret) MUST_CHECK;
/* `result` is the Task's result, or {"Error", "Cause"}. Nothing happens when it is too late. */
enum err engine_call_done(struct engine *engine, const struct outcall *call, bool failed,
                          const struct json *result) MUST_CHECK;
/* Whether its answer still matters: else it may be cut off. */
enum err engine_call_is_awaited(struct engine *engine, const struct outcall *call,
                                bool *ret) MUST_CHECK;
/* At the start of a process: what its predecessor of this name had taken is to be made again. */
enum err engine_calls_given_back(struct engine *engine, const char *caller) MUST_CHECK;

/* ---- Map Runs ---- */
struct map_run_row;
/* The limits of one that runs were changed, under the lock of its tree: saves it, and has its
 * execution look at it again. */
enum err engine_map_run_changed(struct engine *engine, struct map_run_row *run) MUST_CHECK;

/* ---- what falls due ---- */
enum err engine_due(struct engine *engine, const struct reservation *due) MUST_CHECK;

#endif
