/*
 * frame.c - what happens to one branch: it enters states, leaves them, fails, ends.
 *
 * Going up (a branch that ends or fails decides over its Parallel) recurses at most
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

enum err frame_start(struct turn *turn, struct frame *parent, int64_t branch,
                     const struct asl_machine *machine, const char *data)
{
    struct frame *frame = ARENA_NEW(turn->engine->arena, struct frame), **end = &turn->frames;

    turn->execution->frame_seq++;
    frame->frame_id = turn->execution->frame_seq;
    frame->parent_frame_id = parent ? parent->frame_id : 0;
    frame->branch = branch;
    frame->state = machine->start_at;
    frame->phase = FRAME_ENTER;
    frame->last_event = parent ? parent->last_event : 0;
    frame->data = data;
    frame->is_new = true;
    CHECK(parent || frame->frame_id == FRAME_ROOT);
    while (*end)
        end = &(*end)->next;
    *end = frame;
    return ERR_OK;
}

bool frame_is_below(const struct turn *turn, const struct frame *frame, const struct frame *top)
{
    while (frame->parent_frame_id) {
        const struct frame *up = turn->frames;

        if (frame->parent_frame_id == top->frame_id)
            return true;
        while (up && up->frame_id != frame->parent_frame_id)
            up = up->next;
        CHECK(up != NULL);
        frame = up;
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

enum err frame_step(struct turn *turn, struct frame *frame)
{
    const struct asl_state *state = turn_state(turn, frame);
    enum err err = ERR_OK;

    turn->states_run++;
    if (turn->execution->event_id >= turn->engine->env->events_max) {
        struct asl_error error = {"States.Runtime", "the history has reached its largest size"};

        return frame_fail(turn, frame, &error);
    }
    if (frame->phase == FRAME_ENTER)
        err = frame_enter(turn, frame, state);
    frame->phase = FRAME_WAIT;
    frame->changed = true;
    return err ? err : state_run(turn, frame, state);
}

enum err frame_result(struct turn *turn, struct frame *frame, const struct json *result)
{
    struct arena *arena = turn->engine->arena;
    const struct json *output;
    struct asl_error error;

    if (asl_output(arena, turn_state(turn, frame), frame_value(turn, frame), result,
                   turn_context(turn, frame, NULL), &output, &error))
        return frame_exit(turn, frame, output);
    return frame_fail(turn, frame, &error);
}

/* All branches of a Parallel are done: their outputs, in branch order, are its result. */
static enum err frame_join(struct turn *turn, struct frame *parent)
{
    struct arena *arena = turn->engine->arena;
    struct json *result = json_array(arena);
    enum err err;

    for (struct frame *f = turn->frames; f; f = f->next) {
        if (f->gone || f->parent_frame_id != parent->frame_id)
            continue;
        if (f->phase != FRAME_DONE)
            return ERR_OK;
        json_push(arena, result, json_stored(arena, f->result));
    }
    for (struct frame *f = turn->frames; f; f = f->next) {
        if (f->parent_frame_id == parent->frame_id)
            f->gone = true;
    }
    parent->phase = FRAME_WAIT;
    err = turn_event(turn, parent, "ParallelStateSucceeded", json_object(arena), NULL);
    return err ? err : frame_result(turn, parent, result);
}

static enum err frame_end(struct turn *turn, struct frame *frame, const char *output)
{
    enum err err;

    if (frame->frame_id == FRAME_ROOT) {
        turn->execution->output = output;
        turn->execution->error = NULL;
        turn->execution->cause = NULL;
        return execution_end(turn, EVENT_SUCCEED);
    }
    frame->phase = FRAME_DONE;
    frame->result = output;
    frame->changed = true;
    err = execution_release_locks(turn->engine, turn->execution, frame->frame_id, turn->now_ms);
    return err ? err : frame_join(turn, turn_frame(turn, frame->parent_frame_id));
}

/* Leaves the present state for `next` (null: the branch ends). */
static enum err frame_leave(struct turn *turn, struct frame *frame, const char *next,
                            const struct json *output, const char *text)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);
    enum err err;

    frame_detail(arena, detail, frame, "output", output);
    err = turn_event(turn, frame, frame_event_type(arena, turn_state(turn, frame), "Exited"),
                     detail, NULL);
    if (err)
        return err;
    if (!next)
        return frame_end(turn, frame, text);
    frame->state = next;
    frame->phase = FRAME_ENTER;
    frame->data = text;
    frame->value = output;
    frame->retries = NULL;
    frame->changed = true;
    return ERR_OK;
}

enum err frame_go(struct turn *turn, struct frame *frame, const char *next,
                  const struct json *output)
{
    const char *text = json_text(turn->engine->arena, output);
    struct asl_error error = {"States.DataLimitExceeded", "the output is larger than 262144 bytes"};

    if (strlen(text) > LIMIT_PAYLOAD_BYTES)
        return frame_fail(turn, frame, &error);
    return frame_leave(turn, frame, next, output, text);
}

enum err frame_exit(struct turn *turn, struct frame *frame, const struct json *output)
{
    return frame_go(turn, frame, turn_state(turn, frame)->next, output);
}

static bool frame_only_by_name(const struct asl_error *error)
{
    return strcmp(error->error, "Execution.Halted") == 0;
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
    int index = asl_retrier_find(state, error->error, frame_only_by_name(error));

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

/* Whether anything from this frame up would retry or catch the error. */
static bool frame_is_caught(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    int index;

    for (; frame; frame = turn_frame(turn, frame->parent_frame_id)) {
        if (frame_retrier(turn, frame, error, &index) ||
            asl_catcher_find(turn_state(turn, frame), error->error))
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

/* Nothing here retries or catches it. */
static enum err frame_fail_up(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    struct arena *arena = turn->engine->arena;
    struct frame *parent = turn_frame(turn, frame->parent_frame_id);
    struct json *detail = json_object(arena);
    enum err err;

    if (!parent) {
        frame_keep_error(turn, error);
        return execution_end(turn, EVENT_FAIL);
    }
    err = cancel_frame(turn, parent);
    if (err)
        return err;
    parent->phase = FRAME_WAIT;
    json_add(arena, detail, "error", json_string(arena, error->error));
    json_add(arena, detail, "cause", json_string(arena, error->cause));
    err = turn_event(turn, parent, "ParallelStateFailed", detail, NULL);
    return err ? err : frame_fail(turn, parent, error);
}

enum err frame_fail(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    struct arena *arena = turn->engine->arena;
    const struct asl_catcher *catcher;
    const struct asl_retrier *retrier;
    const struct json *output;
    struct asl_error worse;
    const char *text;
    int index;
    enum err err = cancel_frame(turn, frame);

    if (err)
        return err;
    if (turn->execution->hold_on_failure && !frame_is_caught(turn, frame, error))
        return frame_hold(turn, frame, error);
    retrier = frame_retrier(turn, frame, error, &index);
    if (retrier)
        return frame_retry_later(turn, frame, retrier, index);
    catcher = asl_catcher_find(turn_state(turn, frame), error->error);
    if (!catcher)
        return frame_fail_up(turn, frame, error);
    if (!asl_catch_output(arena, catcher, frame_value(turn, frame), error, &output, &worse))
        return frame_fail_up(turn, frame, &worse);
    text = json_text(arena, output);
    worse = (struct asl_error){"States.DataLimitExceeded",
                               "the caught error's output is larger than 262144 bytes"};
    if (strlen(text) > LIMIT_PAYLOAD_BYTES)
        return frame_fail_up(turn, frame, &worse);
    return frame_leave(turn, frame, catcher->next, output, text);
}
