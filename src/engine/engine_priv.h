/*
 * engine_priv.h - what the files of engine/ share; included from there only.
 */
#ifndef FERMATA_ENGINE_ENGINE_PRIV_H
#define FERMATA_ENGINE_ENGINE_PRIV_H

#include "asl/asl.h"
#include "asl/asl_path.h"
#include "base/arena.h"
#include "base/json.h"
#include "engine/engine.h"
#include "engine/receipt.h"
#include "engine/transition.h"
#include "store/frames.h"
#include "store/histories.h"
#include "store/locks.h"

/* One walk of an execution: from what arrived until every frame waits or the execution has ended.
 */
struct turn {
    struct engine *engine;
    struct execution *execution;
    const struct asl_plan *plan;
    const struct asl_machine *machine; /* the plan's, or the item processor of a Map Run's child */
    const char *role_arn;              /* of the plan version, or null */
    struct frame *frames, **frames_end;
    struct frame *cursor;      /* where the search for a frame to run goes on */
    struct reservation *fresh; /* those FRESH when it began, and those made since */
    const struct json *input;  /* of the execution, parsed when first asked for */
    /* the context object last made: of this frame in this state, without a token */
    const struct json *context;
    const struct frame *context_frame;
    const char *context_state, *context_retries;
    int64_t now_ms, started_us;
    int states_run;
    int64_t live; /* frames that are neither done nor gone, or a few more */
    bool doomed;  /* the execution is failing: frames stay as they are, for a redrive */
    bool ended;   /* the execution is final or held: nothing more to run */
};

/* execution.c: finding, moving, ending */
enum err execution_find(struct engine *engine, const char *operator_name,
                        const char *plan_execution_id, int64_t *ret_root_id,
                        int64_t *ret_execution_id, struct fault *reterr);
enum err execution_open(struct engine *engine, const char *operator_name,
                        const char *plan_execution_id, struct execution *ret, struct fault *reterr);
/* By its keys, with the tree locked. ERR_EXECUTION_NOT_FOUND. */
enum err execution_open_at(struct engine *engine, int64_t root_id, int64_t execution_id,
                           struct execution *ret);
/* Moves the status by the table; a move the table lacks is our own mistake here. */
void execution_move(struct execution *execution, enum event event);
/* The history has reached its largest size: nothing can catch that. */
enum err execution_exhaust(struct turn *turn);
/* Final: its reservations, locks and frames go; its parent learns. */
enum err execution_end(struct turn *turn, enum event event);
enum err execution_release_locks(struct engine *engine, struct execution *execution,
                                 int64_t frame_id, int64_t now_ms);

/* turn.c */
/* Applies what has arrived (and `arrived`, may be null, whose result is not stored), runs the
 * frames, saves. */
enum err turn_run(struct engine *engine, struct execution *execution,
                  const struct reservation *arrived);
struct frame *turn_frame(struct turn *turn, int64_t frame_id); /* null when there is none */
const struct asl_state *turn_state(const struct turn *turn, const struct frame *frame);
enum err turn_event(struct turn *turn, struct frame *frame, const char *type,
                    const struct json *detail, int64_t *ret_event_id);
/* A new reservation of a frame under the execution's epoch; the caller fills what the type needs.
 */
struct reservation turn_reservation(const struct turn *turn, const struct frame *frame,
                                    enum reservation_type type);
enum err turn_reserve(struct turn *turn, const struct reservation *wanted);
enum err turn_use(struct turn *turn, struct reservation *reservation);
enum err turn_stale(struct turn *turn, int64_t frame_id); /* -1: of all frames */
bool turn_is_spent(const struct turn *turn);

/* context.c: what the language sees from a frame */
/* The names AWS's world has for the execution's things; false: it was started by our own API. */
struct arn_place;
bool execution_place(struct engine *engine, const struct execution *execution,
                     struct arn_place *ret);
/* The scope of an evaluation in this frame; with a task_token also $$.Task.Token. */
void turn_scope(struct turn *turn, struct frame *frame, const char *task_token,
                struct asl_scope *ret);
/* The frame's context object with Map.Item of an iteration that is about to begin below it. */
const struct json *context_with_item(struct turn *turn, struct frame *frame, int64_t index,
                                     const struct json *value);
/* Evaluates an Assign (null: *ret is null); turn_set_variables keeps the result in the frame. */
bool turn_assign(struct turn *turn, struct frame *frame, const struct asl_template *assign,
                 const struct json *dollar, const struct json **ret, struct asl_error *reterr);
void turn_set_variables(struct turn *turn, struct frame *frame, const struct json *assigned);

/* frame.c: what happens to one frame */
/* A new frame; it enters the machine's first state. */
struct frame *frame_start(struct turn *turn, struct frame *parent, int64_t branch,
                          const struct asl_machine *machine, const char *data);
const struct json *frame_value(struct turn *turn, struct frame *frame); /* its raw input */
enum err frame_step(struct turn *turn, struct frame *frame);            /* runs its state */
/* The state's work is done: `result` goes through ResultSelector, ResultPath and OutputPath. */
enum err frame_result(struct turn *turn, struct frame *frame, const struct json *result);
/* Leaves the state with this output for `next`; null: the branch, or the execution, ends.
 * `assigned` (may be null) are the variables it sets. */
enum err frame_go(struct turn *turn, struct frame *frame, const char *next,
                  const struct json *output, const struct json *assigned);
/* The same for the state's own Next or End and its own Assign, in which "$" is `dollar`. */
enum err frame_exit(struct turn *turn, struct frame *frame, const struct json *output,
                    const struct json *dollar);
/* The state failed: Retry, Catch, or up. */
enum err frame_fail(struct turn *turn, struct frame *frame, const struct asl_error *given);
/* The branches or iterations right below a frame that are done, in their order; null when some are
 * not: their results as an array. They are gone afterwards. */
enum err frame_collect(struct turn *turn, struct frame *parent, struct json *ret);
bool frame_is_below(const struct frame *frame, const struct frame *top);

/* poll.c: the end of a lease, as a scheduled reservation: it fires when whoever has taken the task
 * has not been heard of by lease_until. */
enum err poll_schedule_end(struct engine *engine, const struct execution *execution,
                           const struct reservation *task, int64_t now_ms);

/* call.c: the answer to a call to the outside */
enum err call_arrived(struct turn *turn, struct frame *frame, const struct reservation *r);

/* map.c: inline Maps */
enum err map_run_state(struct turn *turn, struct frame *frame, const struct asl_state *state,
                       const struct json *value);
/* An iteration is done, or has failed: what that means for its Map. */
enum err map_iteration_done(struct turn *turn, struct frame *iteration);
enum err map_iteration_failed(struct turn *turn, struct frame *iteration);

/* map_run.c: distributed Maps */
/* A child has ended, or a turn was owed: the run begins more of them, or ends. */
enum err map_run_look(struct turn *turn, struct frame *frame);
enum err map_run_begin(struct turn *turn, struct frame *frame, const struct json *value,
                       const struct asl_map_plan *plan);

/* state.c: one function a state type; task.c: one a resource */
enum err state_run(struct turn *turn, struct frame *frame, const struct asl_state *state);
enum err task_run(struct turn *turn, struct frame *frame, const struct asl_state *state,
                  const struct json *raw);
/* A reservation of a Task has its result. */
enum err task_arrived(struct turn *turn, struct frame *frame,
                      const struct reservation *reservation);
/* A Task that ran out of time: what it waits for is cancelled, then Retry and Catch decide. */
enum err task_timed_out(struct turn *turn, struct frame *frame);
enum err task_beat_missed(struct turn *turn, struct frame *frame,
                          const struct reservation *heartbeat);

/* child.c; more of it in child.h */
/* Starts the child that the parameters name. *ret_started false: it could not be, *reterr says why.
 * Awaited, the reservation points to it; else *ret_result is the Task's result at once. */
enum err child_start(struct turn *turn, const struct json *parameters,
                     struct reservation *reservation, const struct json **ret_result,
                     struct asl_error *reterr, bool *ret_started);
/* A child that this frame awaited before a restart and that is still active; 0 when there is none.
 */
enum err child_reattach(struct turn *turn, const struct frame *frame, int64_t *ret_child_id);
enum err child_attach(struct turn *turn, struct reservation *reservation);
/* Tells the parent that its child has ended; exactly once, by its FRESH CHILD reservation. */
enum err child_tell_parent(struct engine *engine, struct execution *child, int64_t now_ms);
/* The same for a result of whatever kind; *ret_taken: the parent did await it. */
enum err child_resolve(struct engine *engine, const struct reservation *awaited,
                       const struct reservation_result *result, int64_t now_ms, bool *ret_taken);

/* cancel.c: the halt's steps 3 to 8 over what a frame waits for and over the frames below it, which
 * end; the frame itself stays, with its locks. */
enum err cancel_frame(struct turn *turn, struct frame *frame);

/* halt.c: steps 3 to 8 and 10 over a set that has been collected */
enum err halt_collected(struct engine *engine, const struct halt_row *row);

/* start.c */
struct new_execution {
    const struct actor *actor;
    const char *plan_id;
    int64_t plan_version;
    const char *plan_execution_id; /* null: ours */
    const char *input;             /* JSON text */
    const char *start_locks;       /* JSON, or null */
    const char *start_digest;
    bool hold_on_failure;
    const char *origin;            /* JSON, or null */
    int64_t map_run_id, map_index; /* of a Map Run's child, with the state it works for */
    const char *map_state;
    const struct execution *parent; /* null: a root */
    int64_t parent_reservation_id;
};
enum err execution_create(struct engine *engine, const struct new_execution *wanted, int64_t now_ms,
                          struct execution *ret);
/* Takes the locks of start_locks in order; *ret_ready when it holds them all. */
enum err start_take_locks(struct turn *turn, bool *ret_ready);

/* pause.c */
enum err pause_refused(struct engine *engine, const struct execution *execution, const char *what,
                       struct fault *reterr);
enum err pause_record(struct engine *engine, struct execution *execution, const struct actor *actor,
                      const char *type, enum status previous, const char *reason);

/* receipt.c: in receipt.h, for the API reads it too */

/* plan_cache.c: parsed plans, kept while they are used */
struct plan {
    const struct asl_plan *asl;
    const char *role_arn; /* or null */
};
enum err plan_get(struct engine *engine, const char *operator_name, const char *plan_id,
                  int64_t plan_version, const struct plan **ret);

/* The version a start means (0: the latest); ERR_PLAN_NOT_FOUND, also for a plan that was deleted,
 * unless it runs on (the children of its Map Runs). */
enum err plan_resolve(struct engine *engine, const char *operator_name, const char *plan_id,
                      int64_t plan_version, bool runs_on, int64_t *ret_version);

/* task_token.c: one-time tokens of reservations */
#define TASK_TOKEN_BYTES 80
void task_token_make(struct engine *engine, const struct reservation *reservation,
                     char text[TASK_TOKEN_BYTES], uint8_t ret_hash[SHA256_BYTES]);
/* Where a token says it belongs; nothing in it is believed before the hash is compared. */
bool task_token_parse(const char *text, struct reservation *ret_key,
                      uint8_t ret_hash[SHA256_BYTES]);

struct effect *effect_add(struct engine *engine, enum effect_kind kind, const char *operator_name,
                          const char *name, int64_t number);
int64_t engine_now(struct engine *engine);
/* What was found without a lock is not there any more under it: another node was faster, and what
 * it left is looked for again in a new transaction. Alone on a store, there is nothing left. */
enum err engine_was_taken(const struct engine *engine) MUST_CHECK;
const char *engine_uuid(struct engine *engine);

#endif
