/*
 * cancel.c - the end of what a frame waits for: the halt's steps 3 to 8, over frames instead of
 * executions.
 *
 * A Parallel branch after a sibling failed, a Task that timed out while awaiting a child, a Fail
 * beside open branches: reservations become STALE, locks pass on, awaited children and what they
 * await are halted in the same commit, without a callback. Fire-and-forget children go on.
 */
#include "engine/engine_priv.h"

static bool cancel_touches(const struct frame *frame, const struct frame *top)
{
    return !frame->gone && (frame == top || frame_is_below(frame, top));
}

static bool cancel_awaits_child(const struct turn *turn, const struct frame *frame)
{
    for (const struct reservation *r = turn->fresh; r; r = r->next) {
        if (reservation_is_fresh(r) && r->frame_id == frame->frame_id &&
            (r->type == RESERVATION_CHILD || r->type == RESERVATION_MAP_RUN))
            return true;
    }
    return false;
}

/* One halt for all the children that the frames await. */
static enum err cancel_children(struct turn *turn, struct frame *top)
{
    struct execution *e = turn->execution;
    struct store *store = turn->engine->store;
    struct halt_row halt = {
        .root_id = e->root_id,
        .operator_name = e->operator_name,
        .portal_id = e->portal_id,
        .subject = "fermata",
        .execution_id = e->execution_id,
        .kind = "FRAME",
        .children = HALT_CHILDREN_AWAITED,
        .outcome = "children_halted",
        .reason = "frame cancelled",
        .tree_seq = e->tree_seq,
        .created_at = turn->now_ms,
    };
    enum err err = ERR_OK;

    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        if (!cancel_touches(f, top) || !cancel_awaits_child(turn, f))
            continue;
        if (!halt.halt_id)
            halt.halt_id = id_next(store->ids);
        err = halts_collect_of_frame(store, &halt, f->frame_id);
    }
    if (err || !halt.executions)
        return err;
    return halt_collected(turn->engine, &halt);
}

/* A lock that was granted to a Task which ends before it has seen it: it passes on, or the frame
 * would hold what it never got. */
static enum err cancel_grant(struct turn *turn, const struct reservation *r)
{
    struct engine *engine = turn->engine;
    struct execution *e = turn->execution;
    struct json *detail = json_object(engine->arena);
    struct lock_holder holder;
    const char *granted = NULL;
    enum err err = locks_holder(engine->store, e->operator_name, r->queue, &holder);

    if (err || !lock_is_held_by(&holder, r))
        return err;
    err = locks_hand_over(engine->store, engine->arena, e->operator_name, r->queue, turn->now_ms,
                          &granted);
    if (err)
        return err;
    json_add(engine->arena, detail, "name", json_string(engine->arena, r->queue));
    json_add(engine->arena, detail, "granted_to", json_string(engine->arena, granted));
    return history_audit(engine->store, engine->arena, e, turn->now_ms, "LOCK.RELEASED", 0, detail);
}

/* RESERVATION.CLEANED for one frame, with what it resolved; nothing when it waited for nothing. */
static enum err cancel_clean(struct turn *turn, const struct frame *frame)
{
    struct execution *e = turn->execution;
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena), *resolved = json_array(arena);
    bool waits = false;
    enum err err = ERR_OK;

    for (const struct reservation *r = turn->fresh; r; r = r->next) {
        struct json *one;
        char id[ID_TEXT_BYTES];

        if (!reservation_is_fresh(r) || r->frame_id != frame->frame_id)
            continue;
        if (r->type == RESERVATION_CALL)
            effect_add(turn->engine, EFFECT_CALL_OFF, e->operator_name, NULL, 0);
        if (r->type == RESERVATION_LOCK) {
            waits = true;
            err = cancel_grant(turn, r);
            if (err)
                return err;
        }
        id_text(r->reservation_id, id);
        one = json_object(arena);
        json_add(arena, one, "reservation_id", json_string(arena, id));
        json_add(arena, one, "type", json_string(arena, reservation_kind(r->type)->name));
        json_push(arena, resolved, one);
    }
    if (!resolved->count)
        return ERR_OK;
    json_add(arena, detail, "execution_id", json_string(arena, e->plan_execution_id));
    json_add(arena, detail, "state", json_string(arena, frame->state));
    json_add(arena, detail, "resolved_reservations", resolved);
    if (waits)
        err = locks_unwait_frame(turn->engine->store, e->root_id, e->execution_id, frame->frame_id);
    if (!err)
        err = turn_stale(turn, frame->frame_id);
    if (err)
        return err;
    return history_audit(turn->engine->store, arena, e, turn->now_ms, "RESERVATION.CLEANED", 0,
                         detail);
}

/* The frames below are no more, nor the results of those that were done. */
static enum err cancel_drop(struct turn *turn, struct frame *top)
{
    struct execution *e = turn->execution;
    enum err err = ERR_OK;

    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        if (!cancel_touches(f, top))
            continue;
        if (f->phase == FRAME_JOIN && f->begun > f->open && !e->is_new)
            err = frames_delete_done(turn->engine->store, e->root_id, e->execution_id, f->frame_id);
        f->begun = 0;
        f->open = 0;
    }
    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        if (f != top && !f->gone && frame_is_below(f, top))
            f->gone = true;
    }
    return err;
}

enum err cancel_frame(struct turn *turn, struct frame *frame)
{
    enum err err = cancel_children(turn, frame);

    for (struct frame *f = turn->frames; f && !err; f = f->next) {
        if (!cancel_touches(f, frame))
            continue;
        err = cancel_clean(turn, f);
        if (!err && f != frame)
            err = execution_release_locks(turn->engine, turn->execution, f->frame_id, turn->now_ms);
    }
    return err || turn->doomed ? err : cancel_drop(turn, frame);
}
