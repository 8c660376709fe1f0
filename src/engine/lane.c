/*
 * lane.c - one thread, one connection, one transaction for all commands that wait.
 *
 * What a crash does: before the commit the old state, after it the new one; a caller who got no
 * answer repeats with his key. A failed commit is unknown, not failed: only a full disk is known to
 * have rolled back cleanly; on anything else the process ends at once and the next start recovers
 * (docs/decisions/0004).
 */
#include "engine/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "engine/plan_cache.h"
#include "store/requests.h"

enum {
    LANE_BATCH_US = 20000,           /* a batch takes no further command after */
    LANE_QUIET_MS = 100,             /* nothing to do for so long: a moment for the log */
    LANE_LOG_QUIET_BYTES = 4 << 20,  /* moved into the file at a quiet moment */
    LANE_LOG_MOST_BYTES = 256 << 20, /* moved at once */
    LANE_PURGE_MS = 60000,
    LANE_PURGE_MOST = 1000,
    LANE_TICK_MS = 1000,
    LANE_DUE_AGAIN_MS = 1000, /* after a due reservation that failed */
};

struct lane_queue {
    struct lane_job *first, **end;
    int64_t count;
};

struct lane {
    struct lane_config config;
    struct sql *sql;
    struct store store;
    struct engine engine;
    struct arena *arena; /* of the running batch */
    int64_t next_due;
    bool due_failed; /* in the running batch */
    int64_t purged_at;
    pthread_t thread;
    bool has_thread;
    /* lock guards what stands below */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct lane_queue urgent, normal;
    bool is_stopping;
};

struct lane_batch {
    struct lane_job *jobs, **end;
    struct reservation *due;
    int64_t count;
};

static void lane_queue_init(struct lane_queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
    queue->count = 0;
}

static void lane_queue_add(struct lane_queue *queue, struct lane_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
    queue->count++;
}

static struct lane_job *lane_queue_take(struct lane_queue *queue)
{
    struct lane_job *job = queue->first;

    if (!job)
        return NULL;
    queue->first = job->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->count--;
    job->next = NULL;
    return job;
}

enum err lane_open(const struct lane_config *config, struct lane **ret)
{
    struct lane *lane = xalloc(sizeof(*lane));
    pthread_condattr_t monotonic;
    enum err err = sql_open_sqlite(config->path, false, &lane->sql);

    lane->config = *config;
    if (!err)
        err = store_migrate(lane->sql, clock_now_ms(config->env->clock));
    if (err) {
        sql_close(lane->sql);
        free(lane);
        return err;
    }
    lane->store = (struct store){
        .sql = lane->sql, .ids = config->ids, .keeps_no_history = config->env->is_express};
    engine_init(&lane->engine, &lane->store, config->env, plan_cache_new());
    lane->arena = arena_new();
    lane_queue_init(&lane->urgent);
    lane_queue_init(&lane->normal);
    CHECK(pthread_mutex_init(&lane->lock, NULL) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    CHECK(pthread_cond_init(&lane->wake, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    *ret = lane;
    return ERR_OK;
}

struct engine *lane_engine(struct lane *lane)
{
    return &lane->engine;
}

enum err lane_submit(struct lane *lane, struct lane_job *job)
{
    struct lane_queue *queue = job->is_urgent ? &lane->urgent : &lane->normal;
    enum err err = ERR_OK;

    pthread_mutex_lock(&lane->lock);
    if (queue->count >= LIMIT_QUEUE_COMMANDS || lane->is_stopping)
        err = ERR_UNAVAILABLE;
    else
        lane_queue_add(queue, job);
    metric_add(METRIC_COMMAND_QUEUE, err ? 0 : 1);
    pthread_cond_signal(&lane->wake);
    pthread_mutex_unlock(&lane->lock);
    return err;
}

/* Halts first; what is over goes to the next transaction. */
static void lane_take(struct lane *lane, struct lane_batch *batch)
{
    batch->jobs = NULL;
    batch->end = &batch->jobs;
    batch->due = NULL;
    batch->count = 0;
    pthread_mutex_lock(&lane->lock);
    while (batch->count < LIMIT_BATCH_COMMANDS) {
        struct lane_job *job = lane_queue_take(&lane->urgent);

        if (!job)
            job = lane_queue_take(&lane->normal);
        if (!job)
            break;
        *batch->end = job;
        batch->end = &job->next;
        batch->count++;
    }
    metric_add(METRIC_COMMAND_QUEUE, -batch->count);
    pthread_mutex_unlock(&lane->lock);
}

/* What a batch did not come to goes back to the front, in its order. */
static void lane_put_back(struct lane *lane, struct lane_job *jobs)
{
    struct lane_queue *queue = &lane->normal;
    struct lane_job **end = &jobs;

    if (!jobs)
        return;
    pthread_mutex_lock(&lane->lock);
    while (*end) {
        queue->count++;
        metric_add(METRIC_COMMAND_QUEUE, 1); /* of all lanes together */
        end = &(*end)->next;
    }
    *end = queue->first;
    if (!queue->first)
        queue->end = end;
    queue->first = jobs;
    pthread_mutex_unlock(&lane->lock);
}

/* One job in its savepoint. ERR_UNAVAILABLE: the database has rolled back the whole transaction by
 * itself. */
static enum err lane_run_job(struct lane *lane, struct lane_job *job)
{
    struct engine *engine = &lane->engine;
    struct effect **mark = engine_effects_mark(engine);
    enum err err = sql_savepoint(lane->sql, 0);

    engine->late.is_set = false;
    job->run_err = err ? err : job->run(job, engine);
    if (!sql_in_transaction(lane->sql))
        return ERR_UNAVAILABLE;
    if (job->run_err) {
        engine_effects_drop(engine, mark);
        if (sql_rollback_to(lane->sql, 0))
            return ERR_UNAVAILABLE;
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

static enum err lane_run_due(struct lane *lane, const struct reservation *due)
{
    struct engine *engine = &lane->engine;
    struct effect **mark = engine_effects_mark(engine);
    enum err err = sql_savepoint(lane->sql, 0);

    if (!err)
        err = engine_due(engine, due);
    if (!sql_in_transaction(lane->sql))
        return ERR_UNAVAILABLE;
    if (!err)
        return sql_release(lane->sql, 0);
    engine_effects_drop(engine, mark);
    lane->due_failed = true;
    log_error("lane.due_failed", "a due reservation could not be carried out: %s", err_code(err));
    return sql_rollback_to(lane->sql, 0);
}

/* A commit whose outcome is not known: going on could overwrite what is there. The next start
 * recovers. */
static void lane_commit_unknown(enum err err)
{
    log_error("lane.commit_unknown",
              "the commit failed (%s); stopping, so that the next start recovers", err_code(err));
    _exit(70);
}

static enum err lane_commit(struct lane *lane)
{
    enum err err = sql_commit(lane->sql);

    if (err && err != ERR_STORAGE_FULL)
        lane_commit_unknown(err);
    return err;
}

static void lane_effects(struct lane *lane)
{
    for (struct effect *effect = lane->engine.effects; effect; effect = effect->next) {
        if (lane->config.on_effect)
            lane->config.on_effect(lane->config.user, effect);
    }
}

static void lane_answer(struct lane_job *jobs, enum err err)
{
    while (jobs) {
        struct lane_job *next = jobs->next; /* the job is gone after done */

        jobs->done(jobs, err ? err : ERR_OK);
        jobs = next;
    }
}

/* The jobs of a batch that the database has rolled back, each in a transaction of its own. */
static void lane_run_alone(struct lane *lane, struct lane_job *jobs)
{
    while (jobs) {
        struct lane_job *next = jobs->next;
        enum err err;

        jobs->next = NULL;
        metric_add(METRIC_COMMAND_RETRIES, 1);
        sql_rollback(lane->sql);
        engine_begin(&lane->engine, lane->arena);
        err = sql_begin(lane->sql);
        if (!err && lane_run_job(lane, jobs))
            err = jobs->run_err ? jobs->run_err : ERR_UNAVAILABLE;
        if (err)
            sql_rollback(lane->sql);
        else
            err = lane_commit(lane);
        if (err)
            engine_begin(&lane->engine, lane->arena);
        lane_answer(jobs, err);
        lane_effects(lane);
        jobs = next;
    }
}

/* A transaction takes no further work when it has lasted so long; in tests (lane_step) time plays
 * no part. */
static bool lane_is_long(const struct lane *lane, int64_t started_us, int64_t times)
{
    return lane->has_thread && clock_monotonic_us() - started_us > times * LANE_BATCH_US;
}

static enum err lane_run_all(struct lane *lane, struct lane_batch *batch)
{
    int64_t started_us = clock_monotonic_us();
    struct lane_job **at = &batch->jobs;
    int64_t now_ms = clock_now_ms(lane->config.env->clock);
    enum err err = ERR_OK;

    for (; *at && !err; at = &(*at)->next) {
        if (at != &batch->jobs && !(*at)->is_urgent && lane_is_long(lane, started_us, 1))
            break;
        err = lane_run_job(lane, *at);
        metric_add(METRIC_COMMANDS, 1);
    }
    if (err)
        return err;
    lane_put_back(lane, *at);
    *at = NULL;
    if (lane->next_due > now_ms)
        return ERR_OK;
    err = reservations_due(&lane->store, lane->arena, now_ms, LIMIT_BATCH_DUE, &batch->due);
    for (struct reservation *due = batch->due; due && !err; due = due->next) {
        if (due != batch->due && lane_is_long(lane, started_us, 2))
            break;
        err = lane_run_due(lane, due);
    }
    return err;
}

/* What is due could not be done, or is not known: looked at again later, and holds up nobody
 * meanwhile. */
static void lane_look_later(struct lane *lane)
{
    lane->next_due = clock_now_ms(lane->config.env->clock) + LANE_DUE_AGAIN_MS;
}

/* When there is work again. */
static void lane_look_ahead(struct lane *lane)
{
    if (reservations_next_due(&lane->store, &lane->next_due))
        lane->due_failed = true;
    if (lane->due_failed)
        lane_look_later(lane);
    lane->due_failed = false;
}

static void lane_run_batch(struct lane *lane, struct lane_batch *batch)
{
    enum err err;

    engine_begin(&lane->engine, lane->arena);
    err = sql_begin(lane->sql);
    if (err) {
        lane_look_later(lane);
        lane_answer(batch->jobs, err);
        return;
    }
    err = lane_run_all(lane, batch);
    if (err) {
        sql_rollback(lane->sql); /* also when there was no job, only what is due */
        lane_run_alone(lane, batch->jobs);
        lane_look_later(lane);
        return;
    }
    lane_look_ahead(lane);
    err = lane_commit(lane);
    metric_observe(METRIC_BATCH_COMMANDS, batch->count);
    if (err) { /* rolled back, and what it would have made due with it */
        lane_look_later(lane);
        engine_begin(&lane->engine, lane->arena);
    }
    lane_answer(batch->jobs, err);
    lane_effects(lane);
}

bool lane_step(struct lane *lane)
{
    struct lane_batch batch;
    bool is_due = lane->next_due <= clock_now_ms(lane->config.env->clock);

    lane_take(lane, &batch);
    if (!batch.jobs && !is_due)
        return false;
    lane_run_batch(lane, &batch);
    arena_reset(lane->arena);
    if (sql_log_bytes(lane->sql) > LANE_LOG_MOST_BYTES)
        sql_checkpoint(lane->sql, false);
    return batch.jobs || batch.due;
}

/* Old answers are forgotten, a piece at a time. */
static void lane_purge(struct lane *lane)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock), count = 0;

    if (now_ms - lane->purged_at < LANE_PURGE_MS)
        return;
    lane->purged_at = now_ms;
    if (sql_begin(lane->sql))
        return;
    if (requests_purge(&lane->store, now_ms - LIMIT_IDEMPOTENCY_KEPT_MS, LANE_PURGE_MOST, &count)) {
        sql_rollback(lane->sql);
        return;
    }
    if (lane_commit(lane) == ERR_OK && count)
        log_debug("lane.purged", "%lld answers older than a day", (long long)count);
}

static void lane_quiet(struct lane *lane)
{
    if (sql_log_bytes(lane->sql) > LANE_LOG_QUIET_BYTES)
        sql_checkpoint(lane->sql, false);
    if (!lane->config.env->is_express) /* nothing is answered under a key there */
        lane_purge(lane);
}

/* Waits for a job, for the next due time, or for a quiet moment. True: it was quiet. */
static bool lane_wait(struct lane *lane)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock);
    int64_t wait_ms =
        sql_log_bytes(lane->sql) > LANE_LOG_QUIET_BYTES ? LANE_QUIET_MS : LANE_TICK_MS;
    struct timespec until;
    int timed_out = 0;

    if (lane->next_due - now_ms < wait_ms)
        wait_ms = lane->next_due - now_ms;
    if (wait_ms <= 0)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&lane->lock);
    while (!lane->urgent.first && !lane->normal.first && !lane->is_stopping &&
           timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&lane->wake, &lane->lock, &until);
    pthread_mutex_unlock(&lane->lock);
    return timed_out == ETIMEDOUT && lane->next_due > clock_now_ms(lane->config.env->clock);
}

static bool lane_is_over(struct lane *lane)
{
    bool over;

    pthread_mutex_lock(&lane->lock);
    over = lane->is_stopping && !lane->urgent.first && !lane->normal.first;
    pthread_mutex_unlock(&lane->lock);
    return over;
}

static void *lane_main(void *argument)
{
    struct lane *lane = argument;

    pthread_setname_np(pthread_self(), "lane");
    while (!lane_is_over(lane)) {
        if (lane_step(lane))
            continue;
        if (lane_wait(lane))
            lane_quiet(lane);
    }
    return NULL;
}

void lane_run(struct lane *lane)
{
    lane->has_thread = true; /* before there is one to read it */
    CHECK(pthread_create(&lane->thread, NULL, lane_main, lane) == 0);
}

void lane_close(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->is_stopping = true;
    pthread_cond_signal(&lane->wake);
    pthread_mutex_unlock(&lane->lock);
    if (lane->has_thread)
        pthread_join(lane->thread, NULL);
    plan_cache_free(lane->engine.plans);
    arena_free(lane->arena);
    sql_close(lane->sql);
    pthread_cond_destroy(&lane->wake);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}
