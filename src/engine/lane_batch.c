/*
 * lane_batch.c - one transaction for all commands that wait, and what becomes of each.
 *
 * What a crash does: before the commit the old state, after it the new one; a caller who got no
 * answer repeats with his key.
 *
 * A job that finds its tree taken by another lane or node is rolled back to its savepoint and runs
 * again in a transaction of its own, where it may wait: in a batch nobody waits while he holds
 * other trees.
 */
#include "engine/lane_priv.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/metric.h"
#include "store/plain_trees.h"

/* Somebody else has the tree, or has put in a row of the same key since the job looked for it:
 * looked at again, it will be seen. */
static bool lane_was_overtaken(const struct lane *lane, enum err err)
{
    return (err == ERR_STORAGE_BUSY || err == ERR_STORAGE_CONSTRAINT) && sql_is_shared(lane->sql);
}

/* One job in its savepoint. ERR_UNAVAILABLE: the database has rolled back the whole transaction by
 * itself, or must. */
static enum err lane_run_job(struct lane *lane, struct lane_job *job)
{
    struct engine *engine = &lane->engine;
    struct effect **mark = engine_effects_mark(engine);
    enum err err = sql_savepoint(lane->sql, 0);

    engine->late.is_set = false;
    job->is_again = false;
    job->run_err = err ? err : job->run(job, engine);
    if (!sql_in_transaction(lane->sql))
        return ERR_UNAVAILABLE;
    if (job->run_err) {
        engine_effects_drop(engine, mark);
        if (sql_rollback_to(lane->sql, 0))
            return ERR_UNAVAILABLE;
        job->is_again = lane_was_overtaken(lane, job->run_err);
        if (job->is_again)
            return ERR_OK;
        err = engine_refusal(engine);
    }
    if (!err && job->settle)
        err = job->settle(job, engine, job->run_err);
    if (!sql_in_transaction(lane->sql))
        return ERR_UNAVAILABLE;
    if (job->run_err)
        return ERR_OK; /* nothing of it is in the transaction but what a refusal leaves */
    if (!err)
        return sql_release(lane->sql, 0) ? ERR_UNAVAILABLE : ERR_OK;
    engine_effects_drop(engine, mark);
    job->run_err = err;
    return sql_rollback_to(lane->sql, 0) ? ERR_UNAVAILABLE : ERR_OK;
}

/* One job without a savepoint. An error is one of the whole transaction. */
static enum err lane_run_bold(struct lane *lane, struct lane_job *job)
{
    struct engine *engine = &lane->engine;

    engine->late.is_set = false;
    job->is_again = false;
    job->run_err = job->run(job, engine);
    if (!job->run_err && job->settle)
        job->run_err = job->settle(job, engine, ERR_OK);
    return job->run_err || !sql_in_transaction(lane->sql) ? ERR_UNAVAILABLE : ERR_OK;
}

static void lane_effects(struct lane *lane)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock);

    for (struct effect *effect = lane->engine.effects; effect; effect = effect->next) {
        bool is_scheduled = effect->kind == EFFECT_SCHEDULED;

        if (is_scheduled && effect->scheduled.due_at <= now_ms) {
            lane_keep_due(lane, effect);
            if (effect->scheduled.reservation_id)
                continue;
        }
        if (is_scheduled && effect->scheduled.reservation_id)
            lane_note_due(lane, effect->scheduled.due_at);
        if (lane->config.on_effect)
            lane->config.on_effect(lane->config.user, effect);
    }
}

/* Also of those who come again too often: whoever has their tree does not let it go. */
static void lane_answer_one(struct lane *lane, struct lane_job *job, enum err err)
{
    if (err)
        job->is_again = lane_was_overtaken(lane, err);
    if (job->is_again && ++job->tries < LANE_TRIES_MOST) {
        metric_add(METRIC_COMMAND_RETRIES, 1);
        lane_queue_add(&lane->again, job);
        return;
    }
    job->done(job, err); /* the job is gone after it */
}

static void lane_answer(struct lane *lane, struct lane_job *jobs, enum err err)
{
    while (jobs) {
        struct lane_job *next = jobs->next;

        lane_answer_one(lane, jobs, err);
        jobs = next;
    }
}

static void lane_run_one_alone(struct lane *lane, struct lane_job *job)
{
    enum err err;

    lane_rollback(lane);
    err = lane_begin(lane, true);
    if (!err && lane_run_job(lane, job))
        err = job->run_err ? job->run_err : ERR_UNAVAILABLE;
    if (!err)
        err = sql_flush(lane->sql); /* whose error it is must be known here */
    if (err)
        lane_rollback(lane);
    else
        err = lane_commit(lane);
    if (err)
        engine_begin(&lane->engine, lane->arena);
    lane_answer_one(lane, job, err);
    lane_effects(lane);
}

/* The jobs of a batch that the database has rolled back, each in a transaction of its own. */
static void lane_run_alone(struct lane *lane, struct lane_job *jobs)
{
    while (jobs) {
        struct lane_job *next = jobs->next;

        jobs->next = NULL;
        metric_add(METRIC_COMMAND_RETRIES, 1);
        metric_add(METRIC_COMMANDS, 1); /* what the batch had counted was rolled back with it */
        lane_run_one_alone(lane, jobs);
        jobs = next;
    }
}

/* One at a time: it may wait, and halts that came meanwhile go first. */
void lane_run_again(struct lane *lane)
{
    struct lane_job *job = lane_queue_take(&lane->again);

    if (!job)
        return;
    lane_run_one_alone(lane, job);
    arena_reset(lane->arena);
}

/* The trees of the halts are taken and read together: on a shared store each question is a round
 * trip. A halt whose tree somebody else has finds that out by itself. */
static enum err lane_take_trees(struct lane *lane, const struct lane_job *jobs)
{
    int64_t root_ids[LIMIT_BATCH_COMMANDS];
    size_t count = 0;

    if (!sql_is_shared(lane->sql))
        return ERR_OK;
    for (; jobs && count < LIMIT_BATCH_COMMANDS; jobs = jobs->next) {
        if (jobs->takes_ahead && jobs->root_id)
            root_ids[count++] = jobs->root_id;
    }
    return count ? plain_trees_ahead(&lane->store, lane->arena, root_ids, count) : ERR_OK;
}

static enum err lane_run_all(struct lane *lane, struct lane_batch *batch)
{
    int64_t started_us = clock_monotonic_us();
    struct lane_job **at = &batch->jobs;
    enum err err = lane_take_trees(lane, batch->jobs);

    for (; *at && !err; at = &(*at)->next) {
        if (at != &batch->jobs && !(*at)->is_urgent && lane_is_long(lane, started_us, 1))
            break;
        err = lane->is_bold ? lane_run_bold(lane, *at) : lane_run_job(lane, *at);
        metric_add(METRIC_COMMANDS, 1);
    }
    if (err)
        return err;
    lane_put_back(lane, *at);
    *at = NULL;
    return lane_run_due(lane, batch, started_us);
}

/* Nothing of it stands: each job by itself, and what is due is looked for again. */
static void lane_start_over(struct lane *lane, struct lane_batch *batch)
{
    lane_rollback(lane); /* also when there was no job, only what is due */
    lane_run_alone(lane, batch->jobs);
    lane_look_later(lane);
    lane->looks_now = lane->config.schedule_grace_ms != NULL;
}

/* The error of a transaction that could not begin; *ret_failed: it began, and must be rolled back.
 */
static enum err lane_try_batch(struct lane *lane, struct lane_batch *batch, bool is_bold,
                               bool *ret_failed)
{
    enum err err = lane_begin(lane, false);

    lane->is_bold = is_bold;
    batch->due = NULL;
    *ret_failed = !err && lane_run_all(lane, batch);
    lane->is_bold = false;
    return err;
}

/*
 * Most batches hold nothing that is refused, and a savepoint is a third of a short job's work. So
 * many jobs together run without savepoints first; when one is refused, all of them run again with
 * them, and so do those of the next batches.
 */
static enum err lane_try_boldly(struct lane *lane, struct lane_batch *batch, bool *ret_failed)
{
    bool is_bold = batch->count > 1 && !lane->careful;
    enum err err = lane_try_batch(lane, batch, is_bold, ret_failed);

    if (lane->careful)
        lane->careful--;
    if (err || !*ret_failed || !is_bold)
        return err;
    lane->careful = LANE_CAREFUL_BATCHES;
    lane_rollback(lane);
    return lane_try_batch(lane, batch, false, ret_failed);
}

void lane_run_batch(struct lane *lane, struct lane_batch *batch)
{
    bool failed;
    enum err err = lane_try_boldly(lane, batch, &failed);

    if (err) {
        lane_look_later(lane);
        lane_answer(lane, batch->jobs, err);
        return;
    }
    if (failed) {
        lane_start_over(lane, batch);
        return;
    }
    /* On a shared store a look at the index is dear: what we made due ourselves, the effects tell.
     */
    if (!sql_is_shared(lane->sql) || batch->due ||
        lane->next_due <= clock_now_ms(lane->config.env->clock))
        lane_look_ahead(lane, batch->count || batch->due);
    err = lane_commit(lane);
    if (err == ERR_STORAGE_BUSY) {
        lane_start_over(lane, batch);
        return;
    }
    metric_observe(METRIC_BATCH_COMMANDS, batch->count);
    if (err) { /* rolled back, and what it would have made due with it */
        lane_look_later(lane);
        engine_begin(&lane->engine, lane->arena);
    }
    lane_answer(lane, batch->jobs, err);
    lane_effects(lane);
}
