/*
 * lane_commit.c - the two ends of a lane's transaction, and what a lost answer means.
 *
 * A failed commit is unknown, not failed. On a file only a full disk is known to have rolled back
 * cleanly; on anything else the process ends at once and the next start recovers
 * (docs/decisions/0004). On a shared store the transaction's first statement put a row of its own
 * into `commits`: when the answer is lost, the same row is put in again over a new connection,
 * which waits for the old transaction to end and tells what became of it (docs/decisions/0015).
 */
#include "engine/lane_priv.h"

#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metric.h"
#include "store/commits.h"

/* A commit whose outcome is not known: going on could overwrite what is there. The next start
 * recovers. */
static _Noreturn void lane_commit_unknown(enum err err)
{
    log_error("lane.commit_unknown",
              "the commit failed (%s); stopping, so that the next start recovers", err_code(err));
    _exit(70);
}

static enum err lane_insert_commit(struct lane *lane, bool *ret_inserted)
{
    return commits_insert(&lane->store, lane->commit_id, lane->config.node, lane->config.holder,
                          clock_now_ms(lane->config.env->clock), ret_inserted);
}

/* A new connection, but not tried again and again for each of those who wait. */
static enum err lane_reach(struct lane *lane)
{
    enum err err;

    if (clock_monotonic_us() < lane->down_until_us)
        return ERR_STORAGE_LOST;
    err = sql_reopen(lane->sql);
    if (err)
        lane->down_until_us = clock_monotonic_us() + LANE_DOWN_MS * 1000;
    return err;
}

static enum err lane_try_begin(struct lane *lane)
{
    bool inserted;
    enum err err = sql_begin(lane->sql);

    if (err || !sql_is_shared(lane->sql))
        return err;
    lane->commit_id = id_next(lane->config.ids);
    err = lane_insert_commit(lane, &inserted);
    if (!err && !inserted) {
        log_error("lane.number", "another process makes ids under this node's number");
        err = ERR_UNAVAILABLE;
    }
    if (err)
        sql_rollback(lane->sql);
    return err;
}

enum err lane_begin(struct lane *lane, bool may_wait)
{
    enum err err;

    engine_begin(&lane->engine, lane->arena);
    store_begin(&lane->store, may_wait);
    err = lane_try_begin(lane);
    if (err == ERR_STORAGE_LOST) {
        err = lane_reach(lane);
        if (!err)
            err = lane_try_begin(lane);
    }
    if (!err)
        metric_hold();
    return err;
}

void lane_rollback(struct lane *lane)
{
    sql_rollback(lane->sql);
    metric_settle(false);
}

/* ERR_OK: it committed; ERR_STORAGE_BUSY: it did not; ERR_STORAGE_LOST: nobody says. */
static enum err lane_ask_once(struct lane *lane)
{
    bool inserted;
    enum err err = lane_reach(lane);

    if (!err)
        err = sql_begin(lane->sql);
    if (err)
        return err;
    err = lane_insert_commit(lane, &inserted);
    sql_rollback(lane->sql);
    if (err)
        return ERR_STORAGE_LOST; /* the old transaction still has the row, or the server is gone */
    return inserted ? ERR_STORAGE_BUSY : ERR_OK;
}

/* Whoever comes meanwhile is told to come again; those whose commit it is must know. */
static enum err lane_resolve(struct lane *lane)
{
    static const struct timespec pause = {.tv_nsec = LANE_DOWN_MS * 1000000};
    int64_t until_us = clock_monotonic_us() + LANE_RESOLVE_MS * 1000;
    enum err err;

    metric_add(METRIC_COMMITS_LOST, 1);
    lane->down_until_us = 0;
    while ((err = lane_ask_once(lane)) == ERR_STORAGE_LOST && clock_monotonic_us() < until_us &&
           sql_patience_ms(1)) {
        lane_refuse_waiting(lane, ERR_STORAGE_LOST);
        nanosleep(&pause, NULL);
    }
    log_warn("lane.commit_lost", "the answer to a commit was lost: %s",
             err == ERR_OK             ? "it stands"
             : err == ERR_STORAGE_BUSY ? "it does not stand, and is done again"
                                       : "the store does not say; those who wait must ask again");
    return err;
}

enum err lane_commit(struct lane *lane)
{
    enum err err = sql_commit(lane->sql);

    metric_settle(!err || err == ERR_STORAGE_LOST); /* lost ones stand, most of them */
    if (!err || err == ERR_STORAGE_FULL)
        return err;
    if (!sql_is_shared(lane->sql))
        lane_commit_unknown(err);
    return err == ERR_STORAGE_LOST ? lane_resolve(lane) : ERR_STORAGE_BUSY;
}
