/*
 * execution.c - finding an execution under the lock of its tree, moving its status, ending it.
 */
#include "engine/engine_priv.h"

#include "base/metric.h"
#include "store/trees.h"

enum err execution_open_at(struct engine *engine, int64_t root_id, int64_t execution_id,
                           struct execution *ret)
{
    int64_t tree_seq;
    enum err err = trees_lock(engine->store, root_id, &tree_seq);

    if (err)
        return err;
    /* A new statement after the lock: what was read before it may be old. */
    err = executions_load(engine->store, engine->arena, root_id, execution_id, ret);
    if (!err)
        ret->tree_seq = tree_seq;
    return err;
}

enum err execution_find(struct engine *engine, const char *operator_name,
                        const char *plan_execution_id, int64_t *ret_root_id,
                        int64_t *ret_execution_id, struct fault *reterr)
{
    enum err err = executions_find(engine->store, operator_name, plan_execution_id, ret_root_id,
                                   ret_execution_id);

    if (err == ERR_EXECUTION_NOT_FOUND)
        return fault_set(reterr, engine->arena, err, NULL, "no execution has this id");
    return err;
}

enum err execution_open(struct engine *engine, const char *operator_name,
                        const char *plan_execution_id, struct execution *ret, struct fault *reterr)
{
    int64_t root_id, execution_id;
    enum err err =
        execution_find(engine, operator_name, plan_execution_id, &root_id, &execution_id, reterr);

    return err ? err : execution_open_at(engine, root_id, execution_id, ret);
}

void execution_move(struct execution *execution, enum event event)
{
    enum status to = transition_to(execution->status, event);

    CHECK(to != STATUS_NONE);
    execution->status = to;
}

enum err execution_release_locks(struct engine *engine, struct execution *e, int64_t frame_id,
                                 int64_t now_ms)
{
    struct lock_name *names;
    enum err err =
        locks_held_by(engine->store, engine->arena, e->root_id, e->execution_id, frame_id, &names);

    for (; !err && names; names = names->next) {
        const char *granted = NULL;
        struct json *detail = json_object(engine->arena);

        err = locks_hand_over(engine->store, engine->arena, e->operator_name, names->name, now_ms,
                              &granted);
        if (err)
            return err;
        json_add(engine->arena, detail, "name", json_string(engine->arena, names->name));
        json_add(engine->arena, detail, "granted_to", json_string(engine->arena, granted));
        err = history_audit(engine->store, engine->arena, e, now_ms, "LOCK.RELEASED", 0, detail);
    }
    return err;
}

/* The last event of the language in a history. */
static enum err execution_last_event(struct turn *turn, enum event event)
{
    struct execution *e = turn->execution;
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);
    bool succeeded = event == EVENT_SUCCEED;
    int64_t previous = turn->frames ? turn->frames->last_event : 0;

    if (succeeded)
        json_add(arena, detail, "output", json_stored(arena, e->output));
    if (!succeeded && e->error)
        json_add(arena, detail, "error", json_string(arena, e->error));
    if (!succeeded && e->cause)
        json_add(arena, detail, "cause", json_string(arena, e->cause));
    return history_event(turn->engine->store, arena, e, turn->now_ms,
                         succeeded      ? "ExecutionSucceeded"
                         : e->timed_out ? "ExecutionTimedOut"
                                        : "ExecutionFailed",
                         previous, detail, NULL);
}

/* A redrive goes on from them: what was at work is to be entered again, what is done stays, what
 * joins others waits for them. */
static enum err execution_keep_frames(struct turn *turn)
{
    struct execution *e = turn->execution;
    enum err err = ERR_OK;

    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        if (f->gone || f->phase == FRAME_DONE || (f->phase == FRAME_JOIN && f->open))
            continue;
        if (f->begun && !e->is_new)
            err = frames_delete_done(turn->engine->store, e->root_id, e->execution_id, f->frame_id);
        f->begun = 0;
        f->phase = FRAME_FAILED;
        f->changed = true;
    }
    return err;
}

enum err execution_exhaust(struct turn *turn)
{
    struct execution *e = turn->execution;
    enum err err;

    turn->doomed = true;
    err = turn->frames ? cancel_frame(turn, turn->frames) : ERR_OK;
    if (err)
        return err;
    e->error = "States.Runtime";
    e->cause = arena_printf(turn->engine->arena,
                            "The execution reached the maximum number of history events (%lld).",
                            (long long)turn->engine->env->events_max);
    e->output = NULL;
    return execution_end(turn, EVENT_FAIL);
}

enum err execution_end(struct turn *turn, enum event event)
{
    struct execution *e = turn->execution;
    struct store *store = turn->engine->store;
    enum err err = execution_last_event(turn, event);

    if (!err)
        err = locks_unwait_frame(store, e->root_id, e->execution_id, -1);
    if (!err)
        err = turn_stale(turn, -1);
    if (!err)
        err = execution_release_locks(turn->engine, e, 0, turn->now_ms);
    if (!err && event == EVENT_FAIL)
        err = execution_keep_frames(turn);
    if (err)
        return err;
    for (struct frame *f = turn->frames; f && event == EVENT_SUCCEED; f = f->next)
        f->gone = true;
    execution_move(e, event);
    e->ended_at = turn->now_ms;
    e->start_locks = NULL;
    turn->ended = true;
    if (!e->parent_id)
        effect_add(turn->engine, EFFECT_ENDED, e->operator_name, NULL, e->execution_id);
    metric_add(event == EVENT_SUCCEED ? METRIC_EXECUTIONS_SUCCEEDED : METRIC_EXECUTIONS_FAILED, 1);
    return child_tell_parent(turn->engine, e, turn->now_ms);
}
