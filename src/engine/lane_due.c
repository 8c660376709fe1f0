/*
 * lane_due.c - what has fallen due, in the lane's transactions.
 *
 * The store's due index tells what is due. Where a schedule elsewhere brings it (schedule.h), the
 * lane takes from the index only what that has missed: what is overdue by the schedule's grace.
 * What the lane itself makes due at once it remembers and does next.
 */
#include "engine/lane_priv.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/engine_priv.h"

bool lane_is_long(const struct lane *lane, int64_t started_us, int64_t times)
{
    return lane->has_thread && clock_monotonic_us() - started_us > times * LANE_BATCH_US;
}

static int64_t lane_grace_ms(const struct lane *lane)
{
    if (!lane->config.schedule_grace_ms || lane->looks_now)
        return 0;
    return lane->config.schedule_grace_ms(lane->config.user);
}

/* ---- running ---- */

/* *ret_done false: somebody else has the tree just now. */
static enum err lane_run_one_due(struct lane *lane, const struct reservation *due, bool *ret_done)
{
    struct engine *engine = &lane->engine;
    struct effect **mark = engine_effects_mark(engine);
    enum err err = lane->is_bold ? ERR_OK : sql_savepoint(lane->sql, 0);

    *ret_done = true;
    if (!err)
        err = engine_due(engine, due);
    if (!sql_in_transaction(lane->sql) || (err && lane->is_bold))
        return ERR_UNAVAILABLE;
    if (!err)
        return lane->is_bold ? ERR_OK : sql_release(lane->sql, 0);
    engine_effects_drop(engine, mark);
    *ret_done = err != ERR_STORAGE_BUSY;
    if (*ret_done) {
        lane->due_failed = true;
        log_error("lane.due_failed", "a due reservation could not be carried out: %s",
                  err_code(err));
    }
    return sql_rollback_to(lane->sql, 0);
}

static enum err lane_run_list(struct lane *lane, struct reservation **list, int64_t started_us)
{
    enum err err = ERR_OK;

    for (struct reservation **at = list; *at && !err;) {
        bool done;

        if (at != list && lane_is_long(lane, started_us, 2))
            break;
        err = lane_run_one_due(lane, *at, &done);
        if (done)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    return err;
}

/* Own ones are looked for in the index again when the transaction comes to nothing. */
static enum err lane_run_own(struct lane *lane, int64_t started_us)
{
    struct reservation *list = lane->own_due;
    enum err err;

    lane->own_due = NULL;
    err = lane_run_list(lane, &list, started_us);
    lane->looks_now = err || list;
    return err;
}

enum err lane_run_due(struct lane *lane, struct lane_batch *batch, int64_t started_us)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock);
    struct due_range range = {
        .until_ms = now_ms - lane_grace_ms(lane),
        .most = LIMIT_BATCH_DUE,
        .lane = lane->config.lane,
        .lanes = lane->config.lanes,
    };
    enum err err = ERR_OK;
    int64_t count = 0;

    lane->due_is_full = false;
    if (lane->own_due) {
        batch->due = lane->own_due;
        return lane_run_own(lane, started_us);
    }
    if (lane->next_due > now_ms && !lane->looks_now)
        return ERR_OK;
    lane->looks_now = false;
    lane->next_due = now_ms; /* looked at again afterwards */
    err = reservations_due(&lane->store, lane->arena, &range, &batch->due);
    if (err)
        return err;
    for (const struct reservation *due = batch->due; due; due = due->next)
        count++;
    lane->due_is_full = count == range.most;
    for (const struct reservation *due = batch->due; due && !err; due = due->next) {
        bool done;

        if (due != batch->due && lane_is_long(lane, started_us, 2)) {
            lane->due_is_full = true;
            break;
        }
        err = lane_run_one_due(lane, due, &done);
    }
    return err;
}

/* ---- when ---- */

void lane_look_later(struct lane *lane)
{
    lane->next_due = clock_now_ms(lane->config.env->clock) + LANE_DUE_AGAIN_MS;
}

/* Where others look, too, what is due may be theirs; and what they leave behind nobody tells. */
static int64_t lane_next_look(struct lane *lane, int64_t due_at, bool did_something)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock);

    if (!sql_is_shared(lane->sql) || lane->due_is_full || lane->looks_now)
        return lane->looks_now ? now_ms : due_at;
    if (due_at < INT64_MAX)
        due_at += lane_grace_ms(lane);
    if (due_at <= now_ms && did_something)
        return now_ms;
    if (due_at <= now_ms) {
        lane->relook_us = clock_monotonic_us() + LANE_LOOK_MS * 1000;
        return now_ms + LANE_TICK_MS;
    }
    return due_at < now_ms + LANE_TICK_MS ? due_at : now_ms + LANE_TICK_MS;
}

void lane_look_ahead(struct lane *lane, bool did_something)
{
    int64_t due_at = 0;

    if (reservations_next_due(&lane->store, &due_at))
        lane->due_failed = true;
    if (lane->due_failed)
        lane_look_later(lane);
    else
        lane->next_due = lane_next_look(lane, due_at, did_something);
    lane->due_failed = false;
}

/* Asked without a transaction of changes first: mostly there is nothing. */
bool lane_is_due(struct lane *lane)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock);
    int64_t due_at = 0;

    lane_note_expected(lane);
    if (lane->relook_us && clock_monotonic_us() >= lane->relook_us) {
        lane->relook_us = 0;
        lane->looks_now = true;
    }
    if (lane->own_due || lane->looks_now)
        return true;
    if (lane->next_due > now_ms)
        return false;
    if (!sql_is_shared(lane->sql))
        return true;
    if (reservations_next_due(&lane->store, &due_at))
        return true; /* the transaction will find out what is wrong */
    if (due_at < INT64_MAX && due_at + lane_grace_ms(lane) <= now_ms)
        return true;
    lane->next_due = lane_next_look(lane, due_at, false);
    return false;
}

/* ---- what is made due ---- */

/* Kept with the transaction's effects, so that what is rolled back is forgotten. */
void lane_on_scheduled(void *user, const struct reservation *r, bool is_wanted)
{
    struct lane *lane = user;
    struct effect *effect;

    effect =
        effect_add(&lane->engine, is_wanted ? EFFECT_SCHEDULED : EFFECT_UNSCHEDULED, NULL, NULL, 0);
    if (!r)
        return; /* some that are due now, nobody has said which */
    effect->scheduled = (struct scheduled){
        r->root_id, r->execution_id, r->reservation_id, r->epoch, r->due_at,
    };
}

void lane_note_due(struct lane *lane, int64_t due_at)
{
    due_at += lane_grace_ms(lane);
    if (due_at < lane->next_due)
        lane->next_due = due_at;
}

void lane_keep_due(struct lane *lane, const struct effect *effect)
{
    const struct scheduled *s = &effect->scheduled;
    struct reservation *due;

    if (!s->reservation_id) {
        lane->looks_now = true;
        return;
    }
    if (!lane->own_due)
        arena_reset(lane->due_arena);
    due = ARENA_NEW(lane->due_arena, struct reservation);
    due->root_id = s->root_id;
    due->execution_id = s->execution_id;
    due->reservation_id = s->reservation_id;
    due->next = lane->own_due;
    lane->own_due = due;
}
