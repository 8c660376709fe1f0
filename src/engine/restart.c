/*
 * restart.c - an execution goes on: after a pause, after a held failure, after a halt.
 *
 * After a pause it goes on where it was, under the same epoch: what arrived meanwhile is applied
 * first. After a held failure or a halt it gets a new epoch: every frame enters its present state
 * again (but those whose result had arrived), and it first waits, as PENDING, for every lock the
 * halt took from it.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "store/pauses.h"

/* [[name, frame], ...] in name order: the start locks it still waited for, and those the halt took.
 */
static enum err restart_locks(struct engine *engine, struct execution *e)
{
    struct arena *arena = engine->arena;
    struct halt_row halt = {.root_id = e->root_id, .halt_id = e->halt_id};
    const struct json *old =
        e->start_locks ? json_stored(arena, e->start_locks) : json_array(arena);
    struct json *all = json_array(arena);
    struct halt_claim *taken;
    uint32_t at = 0;
    enum err err = halts_locks(engine->store, arena, &halt, &taken);

    if (err)
        return err;
    while (taken || at < old->count) {
        int order = !taken             ? -1
                    : at >= old->count ? 1
                                       : strcmp(old->items[at]->items[0]->string, taken->name);

        if (order <= 0) {
            json_push(arena, all, old->items[at++]);
        } else if (taken->execution_id == e->execution_id) {
            struct json *lock = json_array(arena);

            json_push(arena, lock, json_string(arena, taken->name));
            json_push(arena, lock, json_int(arena, taken->frame_id ? taken->frame_id : FRAME_ROOT));
            json_push(arena, all, lock);
        }
        if (order >= 0)
            taken = taken->next;
    }
    e->start_locks = all->count ? json_text(arena, all) : NULL;
    return ERR_OK;
}

/* A new epoch: what had arrived goes along, the rest of the old life is STALE. */
static enum err restart_anew(struct engine *engine, struct execution *e, enum event event)
{
    enum err err = ERR_OK;

    if (e->status == STATUS_STOPPED)
        err = restart_locks(engine, e);
    e->epoch++;
    e->halt_id = 0;
    e->ended_at = 0;
    e->error = NULL;
    e->cause = NULL;
    execution_move(e, event);
    e->timed_out = false;
    if (!err)
        err = reservations_restart(engine->store, e->root_id, e->execution_id, e->epoch,
                                   engine_now(engine));
    if (!err)
        err = locks_unwait_frame(engine->store, e->root_id, e->execution_id, -1);
    if (!err)
        err = locks_set_epoch(engine->store, e);
    return err ? err : frames_reenter(engine->store, e->root_id, e->execution_id);
}

/* Locks that were free, or became free, while it was paused: it kept its place in the queue. */
static enum err restart_waits(struct engine *engine, const struct execution *e)
{
    struct lock_name *names;
    enum err err =
        locks_waited_by(engine->store, engine->arena, e->root_id, e->execution_id, &names);

    for (; !err && names; names = names->next) {
        struct lock_holder holder;

        err = locks_holder(engine->store, e->operator_name, names->name, &holder);
        if (!err && !holder.execution_id)
            err = locks_hand_over(engine->store, engine->arena, e->operator_name, names->name,
                                  engine_now(engine), NULL);
    }
    return err;
}

SQL_QUERY(restart_ready_tasks,
          "SELECT queue FROM reservations WHERE root_id = ?1 AND execution_id = ?2"
          " AND status = 'FRESH' AND ready = 1");

/* Workers may have its tasks again. */
static enum err restart_tasks(struct engine *engine, const struct execution *e)
{
    struct sql_rows rows;
    enum err err = reservations_set_ready(engine->store, e->root_id, e->execution_id, true);

    if (!err)
        err = sql_select(engine->store->sql, &restart_ready_tasks,
                         SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id)), &rows);
    if (err)
        return err;
    while (sql_next(&rows))
        effect_add(engine, EFFECT_TASK_READY, e->operator_name,
                   sql_text_copy(engine->arena, &rows, 0), 0);
    return sql_end(&rows);
}

/* Back to what it was waiting for; what never began goes back to PENDING. */
static enum err restart_resume(struct engine *engine, struct execution *e)
{
    enum err err;

    execution_move(e, e->frame_seq && !e->start_locks ? EVENT_RESUME : EVENT_RESTART);
    /* The waiter must be seen as live by the hand-over. */
    err = executions_save(engine->store, e);
    if (!err)
        err = restart_waits(engine, e);
    return err ? err : restart_tasks(engine, e);
}

enum err engine_restart(struct engine *engine, const struct actor *actor,
                        const char *plan_execution_id, const char *reason,
                        struct execution_answer *ret, struct fault *reterr)
{
    struct execution e;
    enum status previous;
    bool failed = false;
    enum err err = execution_open(engine, actor->operator_name, plan_execution_id, &e, reterr);

    if (err)
        return err;
    if (transition_to(e.status, EVENT_RESTART) == STATUS_NONE)
        return pause_refused(engine, &e, "restarted", reterr);
    previous = e.status;
    if (e.status == STATUS_WAITING_FOR_RESTART) {
        err = pauses_is_failed(engine->store, e.root_id, e.execution_id, &failed);
        if (!err)
            err = pauses_delete(engine->store, e.root_id, e.execution_id);
    }
    if (!err)
        err = failed || previous == STATUS_STOPPED ? restart_anew(engine, &e, EVENT_RESTART)
                                                   : restart_resume(engine, &e);
    if (!err)
        err = pause_record(engine, &e, actor, "EXECUTION.RESTARTED", previous, reason);
    if (!err)
        err = turn_run(engine, &e, NULL);
    if (!err)
        *ret =
            (struct execution_answer){e.plan_execution_id, e.status, e.epoch, e.created_at, false};
    return err;
}

/* ExecutionRedriven; what the frames do next follows on it. */
static enum err redrive_record(struct engine *engine, struct execution *e)
{
    struct json *detail = json_object(engine->arena);
    int64_t event_id;
    enum err err;

    e->redrives++;
    e->redriven_at = engine_now(engine);
    json_add(engine->arena, detail, "redriveCount", json_int(engine->arena, e->redrives));
    err = history_event(engine->store, engine->arena, e, e->redriven_at, "ExecutionRedriven",
                        e->event_id, detail, &event_id);
    return err ? err : frames_follow(engine->store, e->root_id, e->execution_id, event_id);
}

enum err engine_redrive(struct engine *engine, const struct actor *actor,
                        const char *plan_execution_id, int64_t *ret_at, struct fault *reterr)
{
    struct execution e;
    enum status previous;
    enum err err = execution_open(engine, actor->operator_name, plan_execution_id, &e, reterr);

    if (err)
        return err;
    if (transition_to(e.status, EVENT_REDRIVE) == STATUS_NONE)
        return pause_refused(engine, &e, "redriven", reterr);
    previous = e.status;
    err = restart_anew(engine, &e, EVENT_REDRIVE);
    if (!err)
        err = pause_record(engine, &e, actor, "EXECUTION.REDRIVEN", previous, NULL);
    if (!err)
        err = redrive_record(engine, &e);
    if (!err)
        err = turn_run(engine, &e, NULL);
    if (!err)
        *ret_at = e.redriven_at;
    return err;
}
