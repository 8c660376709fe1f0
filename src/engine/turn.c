/*
 * turn.c - one walk of an execution: from what has arrived until every frame waits.
 *
 * Invariants:
 *   - all of a turn is in one savepoint: either the execution has moved on, or nothing has
 * happened;
 *   - when a turn ends, the execution is final, held, or has a FRESH reservation that will wake it;
 *   - a turn ends at the latest after LIMIT_TURN_STATES states or LIMIT_TURN_US: a TURN
 * reservation, due now, goes on with it, so that a plan that loops for ever can be halted and holds
 * up nobody.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"

enum { TURN_LOOK_STATES = 8 };

struct frame *turn_frame(struct turn *turn, int64_t frame_id)
{
    for (struct frame *f = turn->frames; f; f = f->next) {
        if (f->frame_id == frame_id && !f->gone)
            return f;
    }
    return NULL;
}

const struct asl_state *turn_state(const struct turn *turn, const struct frame *frame)
{
    const struct asl_state *state = asl_find(turn->plan, frame->state);

    CHECK(state != NULL);
    return state;
}

/* By the processor's time, so that a busy machine does not cut turns short; asked for now and then.
 */
bool turn_is_spent(const struct turn *turn)
{
    if (turn->states_run >= LIMIT_TURN_STATES)
        return true;
    return turn->states_run % TURN_LOOK_STATES == TURN_LOOK_STATES - 1 &&
           clock_thread_us() - turn->started_us > LIMIT_TURN_US;
}

enum err turn_event(struct turn *turn, struct frame *frame, const char *type,
                    const struct json *detail, int64_t *ret_event_id)
{
    int64_t event_id;
    enum err err = history_event(turn->engine->store, turn->engine->arena, turn->execution,
                                 turn->now_ms, type, frame->last_event, detail, &event_id);

    if (err)
        return err;
    frame->last_event = event_id;
    frame->changed = true;
    if (ret_event_id)
        *ret_event_id = event_id;
    return ERR_OK;
}

struct reservation turn_reservation(const struct turn *turn, const struct frame *frame,
                                    enum reservation_type type)
{
    const struct execution *e = turn->execution;

    return (struct reservation){
        .root_id = e->root_id,
        .execution_id = e->execution_id,
        .operator_name = e->operator_name,
        .frame_id = frame ? frame->frame_id : 0,
        .type = type,
        .status = "FRESH",
        .epoch = e->epoch,
        .state = frame ? frame->state : NULL,
        .created_at = turn->now_ms,
    };
}

enum err turn_reserve(struct turn *turn, const struct reservation *wanted)
{
    struct reservation *r = arena_copy(turn->engine->arena, wanted, sizeof(*wanted));

    r->next = turn->fresh;
    turn->fresh = r;
    return reservations_insert(turn->engine->store, r);
}

enum err turn_use(struct turn *turn, struct reservation *reservation)
{
    reservation->status = "USED";
    return reservations_use(turn->engine->store, reservation, turn->now_ms);
}

enum err turn_stale(struct turn *turn, int64_t frame_id)
{
    struct execution *e = turn->execution;
    bool any = false;

    for (struct reservation *r = turn->fresh; r; r = r->next) {
        if (!reservation_is_fresh(r) || (frame_id >= 0 && r->frame_id != frame_id))
            continue;
        r->status = "STALE";
        reservations_unschedule(turn->engine->store, r, turn->now_ms);
        any = true;
    }
    if (!any)
        return ERR_OK;
    return reservations_stale(turn->engine->store, e->root_id, e->execution_id, frame_id,
                              turn->now_ms, NULL);
}

/* The plan's own TimeoutSeconds: nothing inside it can catch that. */
static enum err turn_plan_timeout(struct turn *turn)
{
    struct execution *e = turn->execution;
    enum err err = ERR_OK;

    turn->doomed = true;
    if (turn->frames)
        err = cancel_frame(turn, turn->frames);
    if (err)
        return err;
    e->timed_out = true;
    e->error = "States.Timeout";
    e->cause = NULL;
    e->output = NULL;
    return execution_end(turn, EVENT_FAIL);
}

static enum err turn_timeout(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    return r->frame_id == 0 ? turn_plan_timeout(turn) : task_timed_out(turn, frame);
}

static enum err turn_timer(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    const struct asl_state *state = turn_state(turn, frame);
    const struct json *value = NULL, *output;
    struct asl_scope scope;
    struct asl_error error;

    (void)r;
    turn_scope(turn, frame, NULL, &scope);
    if (asl_input(&scope, state, frame_value(turn, frame), &value, &error) &&
        asl_output_plain(&scope, state, value, &output, &error))
        return frame_exit(turn, frame, output, value);
    return frame_fail(turn, frame, &error);
}

static enum err turn_retry(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    (void)turn;
    (void)r;
    frame->phase = FRAME_RETRY;
    frame->changed = true;
    return ERR_OK;
}

static enum err turn_nothing(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    (void)turn;
    (void)frame;
    (void)r;
    return ERR_OK;
}

static enum err turn_look(struct turn *turn, struct frame *frame, const struct reservation *r)
{
    (void)r;
    return turn_state(turn, frame)->type == ASL_MAP ? map_run_look(turn, frame) : ERR_OK;
}

/* What a reservation does when it has come true. */
typedef enum err (*turn_apply_fn)(struct turn *turn, struct frame *frame,
                                  const struct reservation *r);
static const turn_apply_fn turn_apply_fns[RESERVATION_TYPE_COUNT] = {
    [RESERVATION_START] = turn_nothing,      [RESERVATION_TURN] = turn_look,
    [RESERVATION_TIMER] = turn_timer,        [RESERVATION_RETRY] = turn_retry,
    [RESERVATION_TIMEOUT] = turn_timeout,    [RESERVATION_HEARTBEAT] = task_beat_missed,
    [RESERVATION_TASK] = task_arrived,       [RESERVATION_CALLBACK] = task_arrived,
    [RESERVATION_HUMAN_TASK] = task_arrived, [RESERVATION_CHILD] = task_arrived,
    [RESERVATION_LOCK] = task_arrived,       [RESERVATION_CALL] = call_arrived,
    [RESERVATION_MAP_RUN] = turn_nothing,
};

static enum err turn_apply(struct turn *turn, struct reservation *r)
{
    struct frame *frame = turn_frame(turn, r->frame_id);
    enum err err = turn_use(turn, r);

    if (!err && r->type == RESERVATION_LOCK)
        err = history_audit(turn->engine->store, turn->engine->arena, turn->execution, turn->now_ms,
                            "LOCK.ACQUIRED", 0, json_stored(turn->engine->arena, r->result));
    if (err)
        return err;
    /* Start locks and the plan's time-out belong to no frame that exists. */
    if (!frame && r->type != RESERVATION_TIMEOUT)
        return ERR_OK;
    return turn_apply_fns[r->type](turn, frame, r);
}

/* A LOCK reservation has come true when the lock's row names this execution, and the frame that
 * waits: two branches may wait for the same lock. */
static enum err turn_see_grant(struct turn *turn, struct reservation *r)
{
    struct execution *e = turn->execution;
    struct arena *arena = turn->engine->arena;
    struct lock_holder holder;
    struct json *result;
    enum err err = locks_holder(turn->engine->store, e->operator_name, r->queue, &holder);

    if (err || !lock_is_held_by(&holder, r))
        return err;
    result = json_object(arena);
    json_add(arena, result, "name", json_string(arena, r->queue));
    json_add(arena, result, "fence", json_int(arena, holder.fence));
    r->result = json_text(arena, result);
    r->arrived_at = turn->now_ms;
    return ERR_OK;
}

/* A PENDING execution listens to its start only: what its frames get is applied once it goes on. */
static bool turn_listens(const struct turn *turn, const struct reservation *r)
{
    return turn->execution->status != STATUS_PENDING || r->type == RESERVATION_START ||
           r->type == RESERVATION_TURN || (r->type == RESERVATION_LOCK && r->frame_id == 0);
}

/* Applies what has arrived, oldest first. Applying one may settle others. */
static enum err turn_apply_all(struct turn *turn)
{
    enum err err = ERR_OK;

    for (struct reservation *r = turn->fresh; r && !err; r = r->next) {
        if (r->type == RESERVATION_LOCK && reservation_is_fresh(r) && !r->arrived_at)
            err = turn_see_grant(turn, r);
    }
    for (struct reservation *r = turn->fresh; r && !err && !turn->ended; r = r->next) {
        if (reservation_is_fresh(r) && r->arrived_at && turn_listens(turn, r))
            err = turn_apply(turn, r);
    }
    return err;
}

static bool turn_can_run(const struct frame *frame)
{
    return !frame->gone && (frame->phase == FRAME_ENTER || frame->phase == FRAME_RETRY);
}

/* From where the last one was found, once round: those that are done are not passed again and
 * again. */
static struct frame *turn_runnable(struct turn *turn)
{
    struct frame *f;

    for (f = turn->cursor; f; f = f->next) {
        if (turn_can_run(f))
            break;
    }
    for (struct frame *first = turn->frames; !f && first && first != turn->cursor;
         first = first->next) {
        if (turn_can_run(first))
            f = first;
    }
    turn->cursor = f;
    return f;
}

static enum err turn_run_frames(struct turn *turn)
{
    while (!turn->ended && !turn_is_spent(turn)) {
        struct frame *frame = turn_runnable(turn);
        enum err err;

        if (!frame)
            return ERR_OK;
        err = frame_step(turn, frame);
        if (err)
            return err;
    }
    return ERR_OK;
}

/* What the execution waits for now: the first status that fits, in the order of the enum. */
static enum status turn_waiting_status(const struct turn *turn)
{
    enum status first = STATUS_NONE;

    for (const struct reservation *r = turn->fresh; r; r = r->next) {
        enum status status = reservation_kind(r->type)->status;

        if (!reservation_is_fresh(r) || status == STATUS_NONE)
            continue;
        if (first == STATUS_NONE || status < first)
            first = status;
    }
    return first;
}

static enum err turn_yield(struct turn *turn)
{
    struct reservation again = turn_reservation(turn, NULL, RESERVATION_TURN);
    struct execution *e = turn->execution;

    e->busy_turns++;
    again.due_at =
        turn->now_ms + (e->busy_turns > LIMIT_TURNS_UNTHROTTLED ? LIMIT_TURN_PAUSE_MS : 0);
    return turn_reserve(turn, &again);
}

static enum err turn_settle(struct turn *turn)
{
    struct execution *e = turn->execution;
    enum status status;
    enum err err = ERR_OK;

    if (!turn->ended && turn_runnable(turn))
        err = turn_yield(turn);
    else
        e->busy_turns = 0;
    if (!err && !turn->ended && e->status != STATUS_PENDING) {
        status = turn_waiting_status(turn);
        CHECK(status != STATUS_NONE); /* nobody would ever wake it */
        if (status != STATUS_EXECUTING)
            execution_move(e, transition_wait_event(status));
    }
    e->updated_at = turn->now_ms;
    if (!err)
        err = frames_save(turn->engine->store, e->operator_name, e->root_id, e->execution_id,
                          turn->frames);
    return err ? err : executions_save(turn->engine->store, e);
}

/* Its start time is still to come. */
static bool turn_awaits_start(const struct turn *turn)
{
    for (const struct reservation *r = turn->fresh; r; r = r->next) {
        if (r->type == RESERVATION_START && reservation_is_fresh(r))
            return true;
    }
    return false;
}

/* PENDING: its start locks, then its first state (or, restarted, the states it stood in). */
static enum err turn_from_pending(struct turn *turn)
{
    struct execution *e = turn->execution;
    struct reservation limit = turn_reservation(turn, NULL, RESERVATION_TIMEOUT);
    int64_t timeout_ms = turn->machine->timeout_ms, most_ms = turn->engine->env->run_ms_max;
    bool ready = true;
    enum err err = ERR_OK;

    CHECK(e->status == STATUS_PENDING);
    if (most_ms && (!timeout_ms || timeout_ms > most_ms))
        timeout_ms = most_ms;
    if (e->start_locks)
        err = start_take_locks(turn, &ready);
    if (err || !ready)
        return err;
    e->start_locks = NULL;
    execution_move(e, EVENT_WAKE);
    if (timeout_ms) {
        limit.due_at = turn->now_ms + timeout_ms;
        err = turn_reserve(turn, &limit);
    }
    if (!err && !turn->frames) {
        frame_start(turn, NULL, 0, turn->machine, e->input);
        return ERR_OK;
    }
    return err ? err : turn_apply_all(turn);
}

enum err turn_run(struct engine *engine, struct execution *e, const struct reservation *arrived)
{
    struct turn turn = {
        .engine = engine,
        .execution = e,
        .now_ms = engine_now(engine),
        .started_us = clock_thread_us(),
    };
    const struct plan *plan = NULL;
    enum err err = plan_get(engine, e->operator_name, e->plan_id, e->plan_version, &plan);

    if (!err) {
        turn.plan = plan->asl;
        turn.role_arn = plan->role_arn;
        turn.machine =
            e->map_state ? asl_find(turn.plan, e->map_state)->map->processor : turn.plan->top;
    }
    if (!err && !e->is_new)
        err = frames_load(engine->store, engine->arena, e->root_id, e->execution_id, &turn.frames);
    if (!err && !e->is_new)
        err = reservations_fresh_of(engine->store, engine->arena, e->root_id, e->execution_id,
                                    &turn.fresh);
    for (struct reservation *r = turn.fresh; r && arrived; r = r->next) {
        if (r->reservation_id != arrived->reservation_id)
            continue;
        r->arrived_at = turn.now_ms;
        r->failed = arrived->failed;
        r->result = arrived->result;
        r->answer_hash = arrived->answer_hash;
    }
    for (const struct frame *f = turn.frames; f; f = f->next)
        turn.live++;
    metric_add(METRIC_TURNS, 1);
    if (!err && e->status != STATUS_PENDING)
        execution_move(e, EVENT_WAKE);
    if (!err)
        err = turn_apply_all(&turn);
    if (!err && e->status == STATUS_PENDING && !turn_awaits_start(&turn))
        err = turn_from_pending(&turn);
    if (!err && e->status == STATUS_EXECUTING)
        err = turn_run_frames(&turn);
    return err ? err : turn_settle(&turn);
}
