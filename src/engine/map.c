/*
 * map.c - the inline Map state: one frame for each iteration that runs.
 *
 * Specification, "Map State". At most MaxConcurrency iterations (without one,
 * LIMIT_MAP_CONCURRENCY) are live at a time; as one ends, the next begins. Their results stay on
 * their rows until the last one is done.
 */
#include "engine/engine_priv.h"

#include "base/limits.h"

static const struct json *map_iteration_detail(struct arena *arena, const struct frame *iteration)
{
    struct json *detail = json_object(arena);

    json_add(arena, detail, "name", json_string(arena, iteration->parent->state));
    json_add(arena, detail, "index", json_int(arena, iteration->branch));
    return detail;
}

/* An event of the iteration that nothing in it follows on. */
static enum err map_iteration_event(struct turn *turn, const struct frame *iteration,
                                    const char *type, int64_t *ret_event_id)
{
    struct engine *engine = turn->engine;

    return history_event(engine->store, engine->arena, turn->execution, turn->now_ms, type,
                         iteration->last_event, map_iteration_detail(engine->arena, iteration),
                         ret_event_id);
}

static int64_t map_most(int64_t max_concurrency)
{
    return max_concurrency > 0 && max_concurrency < LIMIT_MAP_CONCURRENCY ? max_concurrency
                                                                          : LIMIT_MAP_CONCURRENCY;
}

/* In a later turn: the same input gives the same numbers and the same selector as at its begin.
 * False with *reterr when it does not: then the Map fails. */
static bool map_recall(struct turn *turn, struct frame *frame, struct asl_error *reterr)
{
    const struct asl_state *state = turn_state(turn, frame);
    struct asl_map_plan plan = {0};
    struct asl_scope scope;

    if (!frame->item_list)
        frame->item_list = json_stored(turn->engine->arena, frame->items);
    if (frame->effective)
        return true;
    turn_scope(turn, frame, NULL, &scope);
    if (!asl_input(&scope, state, frame_value(turn, frame), &frame->effective, reterr) ||
        !asl_map_begin(&scope, state, frame->effective, &plan, reterr))
        return false;
    frame->most = map_most(plan.max_concurrency);
    return true;
}

/* Begins the iteration over the next item, after the event `previous`. */
static enum err map_begin_one(struct turn *turn, struct frame *frame, int64_t previous)
{
    struct arena *arena = turn->engine->arena;
    const struct asl_state *state = turn_state(turn, frame);
    const struct json *item = frame->item_list->items[frame->begun], *input;
    struct asl_scope scope;
    struct asl_error error;
    struct frame *iteration;

    turn_scope(turn, frame, NULL, &scope);
    scope.context = context_with_item(turn, frame, frame->begun, item);
    if (!asl_map_item(&scope, state, frame->effective, item, &input, &error))
        return frame_fail(turn, frame, &error);
    iteration =
        frame_start(turn, frame, frame->begun, state->map->processor, json_text(arena, input));
    iteration->item = json_text(arena, item);
    iteration->last_event = previous;
    frame->begun++;
    frame->changed = true;
    return turn_event(turn, iteration, "MapIterationStarted",
                      map_iteration_detail(arena, iteration), NULL);
}

/* Maps in Maps could have more live iterations than a turn can look at: beyond the limit a Map has
 * one at a time. */
static bool map_may_begin(const struct turn *turn, const struct frame *frame)
{
    return frame->open < frame->most && (!frame->open || turn->live < LIMIT_LIVE_FRAMES);
}

/* As many as may run at once. */
static enum err map_begin_more(struct turn *turn, struct frame *frame, int64_t previous)
{
    enum err err = ERR_OK;

    while (!err && frame->phase == FRAME_JOIN && frame->begun < (int64_t)frame->item_list->count &&
           map_may_begin(turn, frame))
        err = map_begin_one(turn, frame, previous);
    return err;
}

static enum err map_succeed(struct turn *turn, struct frame *frame)
{
    struct arena *arena = turn->engine->arena;
    struct json *result = json_array(arena);
    enum err err = frame_collect(turn, frame, result);

    if (err)
        return err;
    frame->phase = FRAME_WAIT;
    frame->items = NULL;
    frame->item_list = NULL;
    frame->effective = NULL;
    err = history_event(turn->engine->store, arena, turn->execution, turn->now_ms,
                        "MapStateSucceeded", frame->last_event, json_object(arena), NULL);
    return err ? err : frame_result(turn, frame, result);
}

/* Its numbers are looked at after it has said how many items there are. */
static enum err map_started(struct turn *turn, struct frame *frame, const struct json *items)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);

    if (!items)
        return ERR_OK;
    json_add(arena, detail, "length", json_int(arena, items->count));
    return turn_event(turn, frame, "MapStateStarted", detail, NULL);
}

enum err map_run_state(struct turn *turn, struct frame *frame, const struct asl_state *state,
                       const struct json *value)
{
    struct asl_map_plan plan = {0};
    struct asl_scope scope;
    struct asl_error error;
    bool good;
    enum err err;

    turn_scope(turn, frame, NULL, &scope);
    good = asl_map_begin(&scope, state, value, &plan, &error);
    err = map_started(turn, frame, plan.items);
    if (err)
        return err;
    if (!good)
        return frame_fail(turn, frame, &error);
    if (state->map->is_distributed)
        return map_run_begin(turn, frame, value, &plan);
    frame->phase = FRAME_JOIN;
    frame->begun = 0;
    frame->items = json_text(turn->engine->arena, plan.items);
    frame->item_list = plan.items;
    frame->effective = value;
    frame->most = map_most(plan.max_concurrency);
    frame->changed = true;
    if (!plan.items->count)
        return map_succeed(turn, frame);
    return map_begin_more(turn, frame, frame->last_event);
}

enum err map_iteration_done(struct turn *turn, struct frame *iteration)
{
    struct frame *frame = iteration->parent;
    struct asl_error error;
    int64_t event_id;
    enum err err = map_iteration_event(turn, iteration, "MapIterationSucceeded", &event_id);

    if (err)
        return err;
    frame->last_event = event_id;
    frame->changed = true;
    if (!map_recall(turn, frame, &error))
        return frame_fail(turn, frame, &error);
    if (frame->begun == (int64_t)frame->item_list->count)
        return frame->open ? ERR_OK : map_succeed(turn, frame);
    return map_begin_more(turn, frame, iteration->last_event);
}

enum err map_iteration_failed(struct turn *turn, struct frame *iteration)
{
    return map_iteration_event(turn, iteration, "MapIterationFailed", NULL);
}
