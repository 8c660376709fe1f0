/*
 * frame.c - what happens to one branch or iteration: it enters states, leaves them, fails, ends.
 *
 * Going up (a branch that ends or fails decides over its Parallel or Map) recurses at most
 * LIMIT_PLAN_DEPTH times.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/metric.h"
#include "store/pauses.h"

static void frame_detail(struct arena *arena, struct json *detail, const struct frame *frame,
                         const char *name, const struct json *value)
{
    json_add(arena, detail, "name", json_string(arena, frame->state));
    json_add(arena, detail, name, value);
}

/* "PassStateEntered" and the like. */
static const char *frame_event_type(struct arena *arena, const struct asl_state *state,
                                    const char *what)
{
    return arena_printf(arena, "%sState%s", asl_type_name(state->type), what);
}

struct frame *frame_start(struct turn *turn, struct frame *parent, int64_t branch,
                          const struct asl_machine *machine, const char *data)
{
    struct frame *frame = ARENA_NEW(turn->engine->arena, struct frame);
    struct frame **end = turn->frames_end ? turn->frames_end : &turn->frames;

    turn->execution->frame_seq++;
    frame->frame_id = turn->execution->frame_seq;
    frame->parent_frame_id = parent ? parent->frame_id : 0;
    frame->branch = branch;
    frame->state = machine->start_at;
    frame->phase = FRAME_ENTER;
    frame->last_event = parent ? parent->last_event : 0;
    frame->data = data;
    frame->is_new = true;
    frame->parent = parent;
    if (parent)
        parent->open++;
    turn->live++;
    CHECK(parent || frame->frame_id == FRAME_ROOT);
    while (*end)
        end = &(*end)->next;
    *end = frame;
    turn->frames_end = &frame->next;
    return frame;
}

bool frame_is_below(const struct frame *frame, const struct frame *top)
{
    for (frame = frame->parent; frame; frame = frame->parent) {
        if (frame == top)
            return true;
    }
    return false;
}

const struct json *frame_value(struct turn *turn, struct frame *frame)
{
    if (!frame->value)
        frame->value = json_stored(turn->engine->arena, frame->data);
    return frame->value;
}

static enum err frame_enter(struct turn *turn, struct frame *frame, const struct asl_state *state)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);

    metric_add(METRIC_STATES, 1);
    frame_detail(arena, detail, frame, "input", frame_value(turn, frame));
    if (frame->frame_id == FRAME_ROOT)
        turn->execution->last_state = frame->state;
    return turn_event(turn, frame, frame_event_type(arena, state, "Entered"), detail,
                      &frame->entered_event);
}

/* "An error occurred while executing the state 'A' (entered at the event id #2). ..." */
static struct asl_error frame_error_told(struct arena *arena, const struct frame *frame,
                                         const struct asl_error *error)
{
    struct asl_error told = {.error = error->error, .cause = error->cause, .also = error->also};

    if (error->is_runtime)
        told.cause = arena_printf(arena,
                                  "An error occurred while executing the state '%s' (entered at "
                                  "the event id #%lld). %s",
                                  frame->state, (long long)frame->entered_event, error->cause);
    return told;
}

enum err frame_step(struct turn *turn, struct frame *frame)
{
    const struct asl_state *state = turn_state(turn, frame);
    enum err err = ERR_OK;

    turn->states_run++;
    if (turn->execution->event_id >= turn->engine->env->events_max)
        return execution_exhaust(turn);
    if (frame->phase == FRAME_ENTER)
        err = frame_enter(turn, frame, state);
    frame->phase = FRAME_WAIT;
    frame->changed = true;
    return err ? err : state_run(turn, frame, state);
}

enum err frame_result(struct turn *turn, struct frame *frame, const struct json *result)
{
    const struct json *output;
    struct asl_scope scope;
    struct asl_error error;

    turn_scope(turn, frame, NULL, &scope);
    if (asl_output(&scope, turn_state(turn, frame), frame_value(turn, frame), result, &output,
                   &error))
        return frame_exit(turn, frame, output, result);
    return frame_fail(turn, frame, &error);
}

/* Done ones of earlier turns are read from their rows, those of this turn are in memory. */
enum err frame_collect(struct turn *turn, struct frame *parent, struct json *ret)
{
    struct arena *arena = turn->engine->arena;
    struct execution *e = turn->execution;
    struct frame *stored = NULL;
    const struct json **results =
        ARENA_ARRAY(arena, const struct json *, (size_t)parent->begun + 1);
    enum err err = ERR_OK;

    if (!e->is_new)
        err = frames_done(turn->engine->store, arena, e->root_id, e->execution_id, parent->frame_id,
                          &stored);
    if (!err && stored)
        err =
            frames_delete_done(turn->engine->store, e->root_id, e->execution_id, parent->frame_id);
    for (; !err && stored; stored = stored->next)
        results[stored->branch] = json_stored(arena, stored->result);
    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        if (f->gone || f->parent != parent)
            continue;
        CHECK(f->phase == FRAME_DONE);
        results[f->branch] = f->value;
        f->gone = true;
    }
    for (int64_t i = 0; i < parent->begun && !err; i++) {
        CHECK(results[i] != NULL);
        json_push(arena, ret, results[i]);
    }
    return err;
}

/* All branches of a Parallel are done: their outputs, in branch order, are its result. */
static enum err frame_join(struct turn *turn, struct frame *branch)
{
    struct arena *arena = turn->engine->arena;
    struct frame *parent = branch->parent;
    struct json *result = json_array(arena);
    enum err err;

    parent->last_event = branch->last_event;
    parent->changed = true;
    if (parent->open)
        return ERR_OK;
    err = frame_collect(turn, parent, result);
    if (err)
        return err;
    parent->phase = FRAME_WAIT;
    err = history_event(turn->engine->store, arena, turn->execution, turn->now_ms,
                        "ParallelStateSucceeded", parent->last_event, json_object(arena), NULL);
    return err ? err : frame_result(turn, parent, result);
}

static enum err frame_end(struct turn *turn, struct frame *frame, const char *output)
{
    enum err err;

    if (!frame->parent) {
        turn->execution->output = output;
        turn->execution->error = NULL;
        turn->execution->cause = NULL;
        return execution_end(turn, EVENT_SUCCEED);
    }
    frame->phase = FRAME_DONE;
    frame->result = output;
    frame->changed = true;
    frame->parent->open--;
    turn->live--;
    err = execution_release_locks(turn->engine, turn->execution, frame->frame_id, turn->now_ms);
    if (err)
        return err;
    return turn_state(turn, frame->parent)->type == ASL_MAP ? map_iteration_done(turn, frame)
                                                            : frame_join(turn, frame);
}

/* {"name": its JSON as text}, as histories show it. */
static const struct json *frame_assigned(struct arena *arena, const struct json *assigned)
{
    struct json *shown = json_object(arena);

    for (uint32_t i = 0; i < assigned->count; i++)
        json_add(arena, shown, assigned->members[i].name,
                 json_string(arena, json_text(arena, assigned->members[i].value)));
    return shown;
}

/* What a frame takes along when it leaves a state. */
struct frame_leaving {
    const char *next; /* null: the branch ends */
    const struct json *output;
    const char *text;            /* of the output */
    const struct json *assigned; /* or null */
};

static enum err frame_leave(struct turn *turn, struct frame *frame,
                            const struct frame_leaving *leaving)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);
    enum err err;

    frame_detail(arena, detail, frame, "output", leaving->output);
    if (leaving->assigned && leaving->assigned->count)
        json_add(arena, detail, "assignedVariables", frame_assigned(arena, leaving->assigned));
    err = turn_event(turn, frame, frame_event_type(arena, turn_state(turn, frame), "Exited"),
                     detail, NULL);
    if (err)
        return err;
    turn_set_variables(turn, frame, leaving->assigned);
    frame->value = leaving->output;
    if (!leaving->next)
        return frame_end(turn, frame, leaving->text);
    frame->state = leaving->next;
    frame->phase = FRAME_ENTER;
    frame->data = leaving->text;
    frame->retries = NULL;
    frame->begun = 0;
    frame->changed = true;
    return ERR_OK;
}

static struct asl_error frame_too_large(struct turn *turn, const struct frame *frame)
{
    return (struct asl_error){
        .error = "States.DataLimitExceeded",
        .cause = arena_printf(turn->engine->arena,
                              "The state/task '%s' returned a result with a size exceeding the "
                              "maximum number of bytes service limit.",
                              frame->state),
    };
}

enum err frame_go(struct turn *turn, struct frame *frame, const char *next,
                  const struct json *output, const struct json *assigned)
{
    struct frame_leaving leaving = {next, output, json_text(turn->engine->arena, output), assigned};
    struct asl_error error;

    if (strlen(leaving.text) > LIMIT_PAYLOAD_BYTES) {
        error = frame_too_large(turn, frame);
        return frame_fail(turn, frame, &error);
    }
    return frame_leave(turn, frame, &leaving);
}

enum err frame_exit(struct turn *turn, struct frame *frame, const struct json *output,
                    const struct json *dollar)
{
    const struct asl_state *state = turn_state(turn, frame);
    const struct json *assigned;
    struct asl_error error;

    if (!turn_assign(turn, frame, state->assign, dollar, &assigned, &error))
        return frame_fail(turn, frame, &error);
    return frame_go(turn, frame, state->next, output, assigned);
}

static bool frame_only_by_name(const struct asl_error *error)
{
    return error->error && strcmp(error->error, "Execution.Halted") == 0;
}

/* How often the retrier has retried in this visit of the state. */
static int64_t frame_retries_made(struct arena *arena, const struct frame *frame, int retrier)
{
    const struct json *counts = frame->retries ? json_stored(arena, frame->retries) : NULL;

    if (!counts || counts->count <= (uint32_t)retrier)
        return 0;
    return counts->items[retrier]->integer;
}

static const struct asl_retrier *frame_retrier(struct turn *turn, const struct frame *frame,
                                               const struct asl_error *error, int *ret_index)
{
    const struct asl_state *state = turn_state(turn, frame);
    int index =
        asl_retrier_find(state, error->error ? error->error : "", frame_only_by_name(error));

    if (index < 0 || frame_retries_made(turn->engine->arena, frame, index) >=
                         state->retriers[index].max_attempts)
        return NULL;
    *ret_index = index;
    return &state->retriers[index];
}

static enum err frame_retry_later(struct turn *turn, struct frame *frame,
                                  const struct asl_retrier *retrier, int index)
{
    struct arena *arena = turn->engine->arena;
    struct env *env = turn->engine->env;
    struct json *counts = json_array(arena);
    struct reservation back_off = turn_reservation(turn, frame, RESERVATION_RETRY);
    int64_t made = frame_retries_made(arena, frame, index) + 1;

    for (int i = 0; i < (int)turn_state(turn, frame)->retrier_count; i++)
        json_push(arena, counts,
                  json_int(arena, i == index ? made : frame_retries_made(arena, frame, i)));
    frame->retries = json_text(arena, counts);
    frame->phase = FRAME_WAIT;
    frame->changed = true;
    back_off.due_at =
        turn->now_ms +
        asl_retry_delay_ms(retrier, made, retrier->jitter_full ? env->random01(env) : 0.0);
    return turn_reserve(turn, &back_off);
}

static const struct asl_catcher *frame_catcher(const struct turn *turn, const struct frame *frame,
                                               const struct asl_error *error)
{
    const struct asl_state *state = turn_state(turn, frame);
    const struct asl_catcher *catcher = asl_catcher_find(state, error->error ? error->error : "");

    return catcher || !error->also ? catcher : asl_catcher_find(state, error->also);
}

/* Whether anything from this frame up would retry or catch the error. */
static bool frame_is_caught(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    int index;

    for (; frame; frame = frame->parent) {
        if (frame_retrier(turn, frame, error, &index) || frame_catcher(turn, frame, error))
            return true;
    }
    return false;
}

static void frame_keep_error(struct turn *turn, const struct asl_error *error)
{
    struct execution *e = turn->execution;

    e->error = error->error;
    e->cause = error->cause;
    e->output = NULL;
}

static enum err frame_hold(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    struct engine *engine = turn->engine;
    struct execution *e = turn->execution;
    struct json *detail = json_object(engine->arena);
    enum err err;

    json_add(engine->arena, detail, "state", json_string(engine->arena, frame->state));
    json_add(engine->arena, detail, "error", json_string(engine->arena, error->error));
    json_add(engine->arena, detail, "cause", json_string(engine->arena, error->cause));
    frame->phase = FRAME_FAILED;
    frame->changed = true;
    frame_keep_error(turn, error);
    execution_move(e, EVENT_HOLD);
    turn->ended = true;
    err = pauses_insert(engine->store, e, "FAILED", e->created_by, error->error, turn->now_ms);
    if (!err)
        err = reservations_set_ready(engine->store, e->root_id, e->execution_id, false);
    if (err)
        return err;
    return history_audit(engine->store, engine->arena, e, turn->now_ms, "EXECUTION.HELD", 0,
                         detail);
}

/* TaskStateAborted and the like, of every state that was at work below `top`: nothing follows on
 * them. */
static enum err frame_abort_below(struct turn *turn, const struct frame *top)
{
    static const char *const types[] = {
        [ASL_WAIT] = "WaitStateAborted",
        [ASL_TASK] = "TaskStateAborted",
        [ASL_PARALLEL] = "ParallelStateAborted",
        [ASL_MAP] = "MapStateAborted",
        [ASL_FAIL] = NULL,
    };
    enum err err = ERR_OK;

    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        const char *type;

        if (f->gone || f->is_aborted || f->phase == FRAME_DONE || f->phase == FRAME_ENTER ||
            !frame_is_below(f, top))
            continue;
        f->is_aborted = true;
        type = types[turn_state(turn, f)->type];
        if (type)
            err = history_event(turn->engine->store, turn->engine->arena, turn->execution,
                                turn->now_ms, type, f->last_event, json_object(turn->engine->arena),
                                NULL);
    }
    return err;
}

/* Nothing here retries or catches it: the Parallel or the Map fails, or the execution. */
static enum err frame_fail_up(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    struct frame *parent = frame->parent;
    enum err err = ERR_OK;

    if (!parent) {
        frame_keep_error(turn, error);
        return execution_end(turn, EVENT_FAIL);
    }
    if (turn_state(turn, parent)->type == ASL_MAP)
        err = map_iteration_failed(turn, frame);
    if (!err)
        err = frame_abort_below(turn, parent);
    if (err)
        return err;
    parent->last_event = frame->last_event;
    parent->changed = true;
    return frame_fail(turn, parent, error);
}

/* ParallelStateFailed and the like: the state itself says that it has failed, once nothing retries
 * it. */
static enum err frame_failed_event(struct turn *turn, struct frame *frame)
{
    const struct asl_state *state = turn_state(turn, frame);

    if (frame->phase != FRAME_JOIN || (state->type != ASL_PARALLEL && state->type != ASL_MAP))
        return ERR_OK;
    return turn_event(turn, frame, frame_event_type(turn->engine->arena, state, "Failed"),
                      json_object(turn->engine->arena), NULL);
}

static enum err frame_catch(struct turn *turn, struct frame *frame,
                            const struct asl_catcher *catcher, const struct asl_error *error)
{
    struct arena *arena = turn->engine->arena;
    struct frame_leaving leaving = {.next = catcher->next};
    struct asl_error worse;
    struct asl_scope scope;

    frame->phase = FRAME_WAIT;
    turn_scope(turn, frame, NULL, &scope);
    if (!asl_catch_output(&scope, catcher, frame_value(turn, frame), error, &leaving.output,
                          &worse) ||
        !turn_assign(turn, frame, catcher->assign, asl_error_output(arena, error),
                     &leaving.assigned, &worse)) {
        worse = frame_error_told(arena, frame, &worse);
        return frame_fail_up(turn, frame, &worse);
    }
    leaving.text = json_text(arena, leaving.output);
    worse = frame_too_large(turn, frame);
    return strlen(leaving.text) > LIMIT_PAYLOAD_BYTES ? frame_fail_up(turn, frame, &worse)
                                                      : frame_leave(turn, frame, &leaving);
}

enum err frame_fail(struct turn *turn, struct frame *frame, const struct asl_error *given)
{
    struct asl_error told = frame_error_told(turn->engine->arena, frame, given);
    const struct asl_catcher *catcher = frame_catcher(turn, frame, &told);
    const struct asl_retrier *retrier;
    bool caught = frame_is_caught(turn, frame, &told);
    int index;
    enum err err;

    /* A failure that ends the execution leaves the frames as they are: a redrive goes on there. */
    turn->doomed = turn->doomed || (!caught && !turn->execution->hold_on_failure);
    err = cancel_frame(turn, frame);
    if (err)
        return err;
    if (turn->execution->hold_on_failure && !caught)
        return frame_hold(turn, frame, &told);
    retrier = frame_retrier(turn, frame, &told, &index);
    if (retrier)
        return frame_retry_later(turn, frame, retrier, index);
    err = frame_failed_event(turn, frame);
    if (err)
        return err;
    return catcher ? frame_catch(turn, frame, catcher, &told) : frame_fail_up(turn, frame, &told);
}
