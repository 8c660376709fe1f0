/*
 * state.c - one function for each type of state.
 */
#include "engine/engine_priv.h"

/* Every one starts with the raw input and the context; `value` is the effective input. */
struct step {
    struct turn *turn;
    struct frame *frame;
    const struct asl_state *state;
    const struct json *raw, *context, *value;
};

static enum err state_pass(struct step *step)
{
    return frame_result(step->turn, step->frame,
                        step->state->result ? step->state->result : step->value);
}

static enum err state_wait(struct step *step)
{
    struct turn *turn = step->turn;
    struct arena *arena = turn->engine->arena;
    struct reservation timer = turn_reservation(turn, step->frame, RESERVATION_TIMER);
    const struct json *output;
    struct asl_error error;

    if (!asl_wait_until(arena, step->state, step->value, step->context, turn->now_ms, &timer.due_at,
                        &error))
        return frame_fail(turn, step->frame, &error);
    if (timer.due_at > turn->now_ms)
        return turn_reserve(turn, &timer);
    if (!asl_output_plain(arena, step->state, step->value, step->context, &output, &error))
        return frame_fail(turn, step->frame, &error);
    return frame_exit(turn, step->frame, output);
}

static enum err state_choice(struct step *step)
{
    struct arena *arena = step->turn->engine->arena;
    const struct json *output;
    struct asl_error error;
    const char *next;

    if (!asl_choose(arena, step->state, step->value, step->context, &next, &error) ||
        !asl_output_plain(arena, step->state, step->value, step->context, &output, &error))
        return frame_fail(step->turn, step->frame, &error);
    return frame_go(step->turn, step->frame, next, output);
}

static enum err state_succeed(struct step *step)
{
    const struct json *output;
    struct asl_error error;

    if (!asl_output_plain(step->turn->engine->arena, step->state, step->value, step->context,
                          &output, &error))
        return frame_fail(step->turn, step->frame, &error);
    return frame_exit(step->turn, step->frame, output);
}

static enum err state_fail(struct step *step)
{
    struct asl_error error = {step->state->error, step->state->cause};

    if (!error.error)
        error.error = "";
    return frame_fail(step->turn, step->frame, &error);
}

static enum err state_parallel(struct step *step)
{
    struct turn *turn = step->turn;
    struct arena *arena = turn->engine->arena;
    const char *data = json_text(arena, step->value);
    enum err err = turn_event(turn, step->frame, "ParallelStateStarted", json_object(arena), NULL);

    step->frame->phase = FRAME_JOIN;
    for (size_t i = 0; i < step->state->branch_count && !err; i++)
        err = frame_start(turn, step->frame, (int64_t)i, step->state->branches[i], data);
    return err;
}

static enum err state_task(struct step *step)
{
    return task_run(step->turn, step->frame, step->state, step->raw);
}

static enum err (*const state_fns[])(struct step *step) = {
    [ASL_PASS] = state_pass,     [ASL_WAIT] = state_wait,         [ASL_TASK] = state_task,
    [ASL_CHOICE] = state_choice, [ASL_PARALLEL] = state_parallel, [ASL_SUCCEED] = state_succeed,
    [ASL_FAIL] = state_fail,
};

enum err state_run(struct turn *turn, struct frame *frame, const struct asl_state *state)
{
    struct arena *arena = turn->engine->arena;
    struct step step = {.turn = turn, .frame = frame, .state = state};
    struct asl_error error;

    step.raw = frame_value(turn, frame);
    step.context = turn_context(turn, frame, NULL);
    step.value = step.raw;
    /* A Task evaluates its input itself: its token is part of the context. */
    if (state->type != ASL_TASK && state->type != ASL_FAIL &&
        !asl_input(arena, state, step.raw, step.context, &step.value, &error))
        return frame_fail(turn, frame, &error);
    return state_fns[state->type](&step);
}
