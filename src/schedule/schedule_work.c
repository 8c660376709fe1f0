/*
 * schedule_work.c - the long walks: filling Redis from the store, taking out what is too much.
 *
 * Both go a page at a time, between what is due: a walk holds up nobody. What changes behind a
 * walk's back is told to Redis by whoever changed it; what that misses, the due index of the store
 * and the next walk find.
 */
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/metric.h"
#include "schedule/schedule_priv.h"

struct schedule_entry schedule_entry_of(const struct schedule_row *row)
{
    return (struct schedule_entry){row->root_id, row->execution_id, row->reservation_id, row->epoch,
                                   row->due_at};
}

/* ---- the store ---- */

/* A snapshot of its own for each question. */
static enum err schedule_store_begin(struct schedule *schedule, struct store *ret)
{
    enum err err = schedule->sql ? ERR_OK : sql_open(schedule->config.store, true, &schedule->sql);

    if (!err)
        err = sql_begin_read(schedule->sql);
    if (err) {
        sql_close(schedule->sql);
        schedule->sql = NULL;
        return err;
    }
    *ret = (struct store){.sql = schedule->sql};
    return ERR_OK;
}

static enum err schedule_store_end(struct schedule *schedule, enum err err)
{
    if (err) { /* whatever is wrong with this connection, the next question has a new one */
        sql_close(schedule->sql);
        schedule->sql = NULL;
        return err;
    }
    sql_rollback(schedule->sql);
    return ERR_OK;
}

static struct schedule_entry *schedule_entries(struct arena *arena,
                                               const struct schedule_rows *rows)
{
    struct schedule_entry *entries = ARENA_ARRAY(arena, struct schedule_entry, rows->count + 1);

    for (size_t i = 0; i < rows->count; i++)
        entries[i] = schedule_entry_of(&rows->list[i]);
    return entries;
}

void schedule_work_sweep(struct schedule *schedule)
{
    memcpy(schedule->cursor, "0", sizeof("0"));
    schedule->work = WORK_SWEEP_DUE;
    pthread_mutex_lock(&schedule->lock);
    schedule->removals_swept = schedule->removals_lost;
    pthread_mutex_unlock(&schedule->lock);
}

/* ---- filling ---- */

/* The right is lost when Redis was flushed, or when somebody said that what it holds cannot be
 * relied on: then it begins anew, by whoever comes first. */
static enum err schedule_fill_end(struct schedule *schedule)
{
    bool ours = false;
    enum err err = schedule_redis_filled(schedule, &ours);

    schedule->work = WORK_NONE;
    if (err || !ours)
        return err;
    log_info("schedule.filled", "Redis holds what is scheduled");
    schedule_work_sweep(schedule);
    return ERR_OK;
}

static enum err schedule_fill(struct schedule *schedule)
{
    struct schedule_rows rows = {0};
    struct store store;
    bool ours = false;
    enum err err = schedule_redis_renew(schedule, &ours);

    if (!ours)
        schedule->work = WORK_NONE;
    if (err || !ours)
        return err;
    err = schedule_store_begin(schedule, &store);
    if (err)
        return err;
    err = schedules_page(&store, schedule->arena, &schedule->filled, SCHEDULE_PAGE, &rows);
    err = schedule_store_end(schedule, err);
    if (!err)
        err = schedule_redis_add(schedule, schedule_entries(schedule->arena, &rows), rows.count);
    if (err)
        return err;
    metric_add(METRIC_SCHEDULE_FILLED, (int64_t)rows.count);
    if (rows.count < SCHEDULE_PAGE)
        return schedule_fill_end(schedule);
    schedule->filled = rows.list[rows.count - 1];
    return ERR_OK;
}

/* ---- taking out ---- */

static enum err schedule_sweep_page(struct schedule *schedule, const struct schedule_rows *rows)
{
    struct schedule_rows stale = {
        .list = ARENA_ARRAY(schedule->arena, struct schedule_row, rows->count + 1)};
    bool *fresh = ARENA_ARRAY(schedule->arena, bool, rows->count + 1);
    struct store store;
    enum err err = schedule_store_begin(schedule, &store);

    if (err)
        return err;
    err = schedules_check(&store, schedule->arena, rows->list, rows->count, fresh);
    err = schedule_store_end(schedule, err);
    if (err)
        return err;
    for (size_t i = 0; i < rows->count; i++) {
        if (!fresh[i])
            stale.list[stale.count++] = rows->list[i];
    }
    metric_add(METRIC_SCHEDULE_SWEPT, (int64_t)stale.count);
    return schedule_redis_remove(schedule, schedule_entries(schedule->arena, &stale), stale.count,
                                 false);
}

/* One set after the other, until the cursor is back at its start. */
static enum err schedule_sweep(struct schedule *schedule)
{
    struct schedule_rows rows = {0};
    enum err err = schedule_redis_scan(
        schedule, schedule->work == WORK_SWEEP_DUE ? SCHEDULE_DUE : SCHEDULE_LEASED, &rows);

    if (!err && rows.count)
        err = schedule_sweep_page(schedule, &rows);
    if (err || strcmp(schedule->cursor, "0") != 0)
        return err;
    if (schedule->work == WORK_SWEEP_DUE) {
        schedule->work = WORK_SWEEP_LEASED;
        return ERR_OK;
    }
    schedule->work = WORK_NONE;
    pthread_mutex_lock(&schedule->lock);
    schedule->removals_lost -= schedule->removals_swept;
    pthread_mutex_unlock(&schedule->lock);
    return ERR_OK;
}

enum err schedule_work_step(struct schedule *schedule, bool *ret_more)
{
    enum err err = ERR_OK;

    if (schedule->work == WORK_FILL)
        err = schedule_fill(schedule);
    else if (schedule->work != WORK_NONE)
        err = schedule_sweep(schedule);
    *ret_more = !err && schedule->work != WORK_NONE;
    return err;
}

/* ---- a halt ---- */

enum err schedule_work_halt(struct schedule *schedule, int64_t root_id, int64_t halt_id)
{
    struct schedule_row after = {.root_id = root_id};
    struct schedule_rows rows;
    enum err err;

    do {
        struct store store;

        err = schedule_store_begin(schedule, &store);
        if (err)
            return err;
        err = schedules_of_halt(&store, schedule->arena, halt_id, &after, SCHEDULE_PAGE, &rows);
        err = schedule_store_end(schedule, err);
        if (!err)
            err = schedule_redis_remove(schedule, schedule_entries(schedule->arena, &rows),
                                        rows.count, false);
        if (!err && rows.count)
            after = rows.list[rows.count - 1];
    } while (!err && rows.count == SCHEDULE_PAGE);
    return err;
}
