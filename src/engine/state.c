/*
 * state.c - one function for each type of state.
 */
#include "engine/engine_priv.h"

/* Every one starts with the raw input; `value` is the effective input. */
struct step {
    struct turn *turn;
    struct frame *frame;
    const struct asl_state *state;
    struct asl_scope scope;
    const struct json *raw, *value;
};

static enum err state_pass(struct step *step)
{
    return frame_result(step->turn, step->frame,
                        step->state->result ? step->state->result : step->value);
}

/* Of the states without a result. */
static enum err state_leave(struct step *step)
{
    const struct json *output;
    struct asl_error error;

    if (!asl_output_plain(&step->scope, step->state, step->value, &output, &error))
        return frame_fail(step->turn, step->frame, &error);
    return frame_exit(step->turn, step->frame, output, step->value);
}

static enum err state_wait(struct step *step)
{
    struct turn *turn = step->turn;
    struct reservation timer = turn_reservation(turn, step->frame, RESERVATION_TIMER);
    struct asl_error error;

    if (!asl_wait_until(&step->scope, step->state, step->value, turn->now_ms, &timer.due_at,
                        &error))
        return frame_fail(turn, step->frame, &error);
    return timer.due_at > turn->now_ms ? turn_reserve(turn, &timer) : state_leave(step);
}

static enum err state_choice(struct step *step)
{
    struct turn *turn = step->turn;
    const struct json *output, *assigned;
    struct asl_error error;
    struct asl_choice choice;

    if (!asl_choose(&step->scope, step->state, step->value, &choice, &error) ||
        !asl_output_plain(&step->scope, step->state, step->value, &output, &error) ||
        !turn_assign(turn, step->frame, choice.assign, step->value, &assigned, &error))
        return frame_fail(turn, step->frame, &error);
    return frame_go(turn, step->frame, choice.next, output, assigned);
}

static enum err state_fail(struct step *step)
{
    struct asl_error error, failure;

    if (!asl_fail_error(&step->scope, step->state, step->raw, &failure, &error))
        return frame_fail(step->turn, step->frame, &error);
    return frame_fail(step->turn, step->frame, &failure);
}

static enum err state_parallel(struct step *step)
{
    struct turn *turn = step->turn;
    const char *data = json_text(turn->engine->arena, step->value);
    struct frame *frame = step->frame;
    enum err err =
        turn_event(turn, frame, "ParallelStateStarted", json_object(turn->engine->arena), NULL);

    if (err)
        return err;
    frame->phase = FRAME_JOIN;
    frame->begun = (int64_t)step->state->branch_count;
    for (size_t i = 0; i < step->state->branch_count; i++)
        frame_start(turn, frame, (int64_t)i, step->state->branches[i], data);
    return ERR_OK;
}

static enum err state_map(struct step *step)
{
    return map_run_state(step->turn, step->frame, step->state, step->value);
}

static enum err state_task(struct step *step)
{
    return task_run(step->turn, step->frame, step->state, step->raw);
}

static enum err (*const state_fns[])(struct step *step) = {
    [ASL_PASS] = state_pass,     [ASL_WAIT] = state_wait,         [ASL_TASK] = state_task,
    [ASL_CHOICE] = state_choice, [ASL_PARALLEL] = state_parallel, [ASL_MAP] = state_map,
    [ASL_SUCCEED] = state_leave, [ASL_FAIL] = state_fail,
};

enum err state_run(struct turn *turn, struct frame *frame, const struct asl_state *state)
{
    struct step step = {.turn = turn, .frame = frame, .state = state};
    struct asl_error error;

    turn_scope(turn, frame, NULL, &step.scope);
    step.raw = frame_value(turn, frame);
    step.value = step.raw;
    /* A Task evaluates its input itself: its token is part of the context. */
    if (state->type != ASL_TASK && state->type != ASL_FAIL &&
        !asl_input(&step.scope, state, step.raw, &step.value, &error))
        return frame_fail(turn, frame, &error);
    return state_fns[state->type](&step);
}
