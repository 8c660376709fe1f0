/*
 * schedule.c - the schedule's thread: what it is told, what it hands out.
 */
#include "schedule/schedule.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "schedule/schedule_priv.h"

/* ---- told by others ---- */

static bool schedule_is_removal(const struct schedule_change *change)
{
    return change->kind == CHANGE_REMOVE || change->kind == CHANGE_HALTED;
}

/* What finds no room is found again by looking through everything. */
static void schedule_tell(struct schedule *schedule, const struct schedule_change *change)
{
    struct schedule_changes *changes = &schedule->changes;

    pthread_mutex_lock(&schedule->lock);
    if (changes->count >= LIMIT_SCHEDULE_WAITING) {
        schedule->is_dirty = true;
        schedule->removals_lost += schedule_is_removal(change);
    } else {
        if (changes->count == changes->capacity) {
            changes->capacity = changes->capacity ? changes->capacity * 2 : SCHEDULE_PAGE;
            changes->list = xrealloc(changes->list, changes->capacity * sizeof(*changes->list));
        }
        changes->list[changes->count++] = *change;
        schedule->removals += schedule_is_removal(change);
    }
    if (changes->count == 1)
        pthread_cond_signal(&schedule->changed);
    pthread_mutex_unlock(&schedule->lock);
}

void schedule_add(struct schedule *schedule, const struct schedule_entry *entry)
{
    schedule_tell(schedule, &(struct schedule_change){.kind = CHANGE_ADD, .entry = *entry});
}

void schedule_remove(struct schedule *schedule, const struct schedule_entry *entry)
{
    schedule_tell(schedule, &(struct schedule_change){.kind = CHANGE_REMOVE, .entry = *entry});
}

void schedule_done(struct schedule *schedule, const struct schedule_entry *entry)
{
    schedule_tell(schedule, &(struct schedule_change){.kind = CHANGE_DONE, .entry = *entry});
}

void schedule_halted(struct schedule *schedule, int64_t root_id, int64_t halt_id)
{
    schedule_tell(schedule, &(struct schedule_change){.kind = CHANGE_HALTED,
                                                      .entry = {.root_id = root_id},
                                                      .halt_id = halt_id});
}

bool schedule_is_up(const struct schedule *schedule)
{
    return atomic_load(&schedule->is_up);
}

/* ---- told to Redis ---- */

/* Changes of one kind that stand together go in one command. */
static enum err schedule_tell_run(struct schedule *schedule, const struct schedule_change *changes,
                                  size_t count)
{
    struct schedule_entry *entries = ARENA_ARRAY(schedule->arena, struct schedule_entry, count);

    for (size_t i = 0; i < count; i++)
        entries[i] = changes[i].entry;
    switch (changes->kind) {
    case CHANGE_ADD:
        return schedule_redis_add(schedule, entries, count);
    case CHANGE_REMOVE:
        return schedule_redis_remove(schedule, entries, count, false);
    case CHANGE_DONE:
        return schedule_redis_remove(schedule, entries, count, true);
    default:
        return schedule_work_halt(schedule, changes->entry.root_id, changes->halt_id);
    }
}

static size_t schedule_run_length(const struct schedule_change *changes, size_t count)
{
    size_t length = 1;

    while (length < count && length < SCHEDULE_PAGE && changes[length].kind == changes->kind &&
           changes->kind != CHANGE_HALTED)
        length++;
    return length;
}

static enum err schedule_tell_all(struct schedule *schedule, const struct schedule_changes *changes)
{
    enum err err = ERR_OK;

    for (size_t at = 0; at < changes->count && !err;) {
        size_t length = schedule_run_length(changes->list + at, changes->count - at);

        err = schedule_tell_run(schedule, changes->list + at, length);
        at += length;
        arena_reset(schedule->arena);
    }
    return err;
}

/* What could not be told is forgotten here: a removal is residue until the next walk is over. */
static enum err schedule_send(struct schedule *schedule)
{
    struct schedule_changes changes;
    int64_t removals;
    enum err err;

    pthread_mutex_lock(&schedule->lock);
    changes = schedule->changes;
    removals = schedule->removals;
    schedule->changes = (struct schedule_changes){0};
    schedule->removals = 0;
    pthread_mutex_unlock(&schedule->lock);
    err = schedule_tell_all(schedule, &changes);
    free(changes.list);
    if (!err)
        return ERR_OK;
    pthread_mutex_lock(&schedule->lock);
    schedule->removals_lost += removals;
    schedule->is_dirty = true;
    pthread_mutex_unlock(&schedule->lock);
    return err;
}

/* ---- the thread ---- */

/* Without a generation nobody knows what Redis holds: one node fills it, the others wait for that.
 */
static enum err schedule_begin_fill(struct schedule *schedule)
{
    bool ours = false;
    enum err err = schedule_redis_claim(schedule, &ours);

    if (err || !ours)
        return err;
    schedule->work = WORK_FILL;
    schedule->filled = (struct schedule_row){0};
    return ERR_OK;
}

/* Changes were lost: everything is looked through, as if Redis had come back empty. */
static enum err schedule_clean_up(struct schedule *schedule)
{
    bool dirty;
    enum err err;

    pthread_mutex_lock(&schedule->lock);
    dirty = schedule->is_dirty;
    schedule->is_dirty = false;
    pthread_mutex_unlock(&schedule->lock);
    if (!dirty)
        return ERR_OK;
    err = schedule_redis_forget(schedule);
    if (!err)
        return ERR_OK;
    pthread_mutex_lock(&schedule->lock);
    schedule->is_dirty = true;
    pthread_mutex_unlock(&schedule->lock);
    return err;
}

/* *ret_wait_ms: how long there is nothing to do, unless something is told. */
static enum err schedule_hand_out(struct schedule *schedule, int64_t *ret_wait_ms)
{
    struct schedule_taken taken;
    enum err err = schedule_redis_take(schedule, &taken);

    if (err)
        return err;
    if (!taken.has_generation && schedule->work != WORK_FILL)
        err = schedule_begin_fill(schedule);
    atomic_store(&schedule->is_up, taken.has_generation);
    if (taken.count) {
        metric_add(METRIC_SCHEDULE_TAKEN, (int64_t)taken.count);
        *ret_wait_ms = schedule->config.on_due(schedule->config.user, taken.entries, taken.count)
                           ? 0
                           : SCHEDULE_BUSY_MS;
        return err;
    }
    schedule->next_due = taken.next_due;
    if (taken.next_due < INT64_MAX) {
        int64_t left_ms = taken.next_due - clock_now_ms(schedule->config.clock);

        *ret_wait_ms = left_ms < 1 ? 1 : left_ms < SCHEDULE_TICK_MS ? left_ms : SCHEDULE_TICK_MS;
    }
    return err;
}

static int64_t schedule_lost(struct schedule *schedule)
{
    int64_t lost;

    pthread_mutex_lock(&schedule->lock);
    lost = schedule->removals_lost;
    pthread_mutex_unlock(&schedule->lock);
    return lost;
}

/* At once for what we could not tell Redis ourselves; now and then for what a node that was killed
 * has left behind. */
static void schedule_sweep_sometimes(struct schedule *schedule)
{
    int64_t now_us = clock_monotonic_us();

    if (schedule->work != WORK_NONE || !schedule_is_up(schedule) ||
        (now_us < schedule->sweep_us && !schedule_lost(schedule)))
        return;
    schedule->sweep_us = now_us + SCHEDULE_SWEEP_MS * 1000;
    schedule_work_sweep(schedule);
}

static enum err schedule_round(struct schedule *schedule, int64_t *ret_wait_ms)
{
    bool more = false;
    enum err err;

    *ret_wait_ms = SCHEDULE_TICK_MS;
    err = schedule_send(schedule);
    if (!err)
        err = schedule_clean_up(schedule);
    if (!err && !schedule->has_looked)
        schedule_redis_look(schedule);
    if (!err)
        err = schedule_hand_out(schedule, ret_wait_ms);
    arena_reset(schedule->arena);
    if (err)
        return err;
    schedule->was_up = true;
    schedule->was_refused = false;
    schedule_sweep_sometimes(schedule);
    err = schedule_work_step(schedule, &more);
    arena_reset(schedule->arena);
    if (more)
        *ret_wait_ms = 0;
    return err;
}

/* Redis may come back with less than it had, and a walk that was cut off begins anew. */
static void schedule_stumble(struct schedule *schedule)
{
    atomic_store(&schedule->is_up, false);
    if (schedule->was_up || schedule->work != WORK_NONE) {
        pthread_mutex_lock(&schedule->lock);
        schedule->is_dirty = true;
        pthread_mutex_unlock(&schedule->lock);
    }
    schedule->work = WORK_NONE;
    schedule->was_up = false;
    arena_reset(schedule->arena);
}

static void schedule_show(struct schedule *schedule)
{
    int64_t residue;

    pthread_mutex_lock(&schedule->lock);
    residue = schedule->removals + schedule->removals_lost;
    pthread_mutex_unlock(&schedule->lock);
    metric_set(METRIC_SCHEDULE_RESIDUE, residue);
    metric_set(METRIC_SCHEDULE_UP, atomic_load(&schedule->is_up));
}

static bool schedule_wait(struct schedule *schedule, int64_t wait_ms)
{
    struct timespec until;
    int timed_out = 0;
    bool closing;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000 * 1000000);
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&schedule->lock);
    while (!schedule->changes.count && !schedule->is_closing && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&schedule->changed, &schedule->lock, &until);
    closing = schedule->is_closing;
    pthread_mutex_unlock(&schedule->lock);
    return !closing;
}

static void *schedule_main(void *user)
{
    struct schedule *schedule = user;
    int64_t wait_ms;

    pthread_setname_np(pthread_self(), "schedule");
    do {
        if (schedule_round(schedule, &wait_ms)) {
            schedule_stumble(schedule);
            wait_ms = SCHEDULE_TICK_MS / 2;
        }
        schedule_show(schedule);
    } while (schedule_wait(schedule, wait_ms));
    if (schedule_send(schedule))
        log_debug("schedule.closed", "not all could be told to Redis");
    return NULL;
}

/* ---- opening and closing ---- */

static void schedule_init_thread(struct schedule *schedule)
{
    pthread_condattr_t monotonic;

    CHECK(pthread_mutex_init(&schedule->lock, NULL) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    CHECK(pthread_cond_init(&schedule->changed, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    CHECK(pthread_create(&schedule->thread, NULL, schedule_main, schedule) == 0);
}

enum err schedule_open(const struct schedule_config *config, struct schedule **ret)
{
    static const char *const names[] = {[SCHEDULE_DUE] = "due",
                                        [SCHEDULE_LEASED] = "leased",
                                        [SCHEDULE_GENERATION] = "generation",
                                        [SCHEDULE_FILLING] = "filling"};
    struct schedule *schedule = xalloc(sizeof(*schedule));
    uint8_t random[16];
    enum err err = redis_new(config->url, SCHEDULE_REDIS_MS, &schedule->redis);

    if (err) {
        free(schedule);
        return err;
    }
    schedule->config = *config;
    schedule->arena = arena_new();
    id_random(random, sizeof(random));
    uuid_text(random, schedule->token);
    for (size_t i = 0; i < SCHEDULE_KEYS; i++)
        snprintf(schedule->keys[i], sizeof(schedule->keys[i]), "{fermata:%s}:%s", config->space,
                 names[i]);
    *ret = schedule; /* before on_due can be called, which may need it */
    schedule_init_thread(schedule);
    return ERR_OK;
}

void schedule_close(struct schedule *schedule)
{
    pthread_mutex_lock(&schedule->lock);
    schedule->is_closing = true;
    pthread_cond_signal(&schedule->changed);
    pthread_mutex_unlock(&schedule->lock);
    pthread_join(schedule->thread, NULL);
    atomic_store(&schedule->is_up, false);
}

void schedule_free(struct schedule *schedule)
{
    if (!schedule)
        return;
    redis_free(schedule->redis);
    sql_close(schedule->sql);
    arena_free(schedule->arena);
    free(schedule->changes.list);
    pthread_cond_destroy(&schedule->changed);
    pthread_mutex_destroy(&schedule->lock);
    free(schedule);
}
