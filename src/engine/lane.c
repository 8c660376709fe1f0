/*
 * lane.c - one thread, one connection: its queue, its rest, its end.
 */
#include "engine/lane_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "engine/plan_cache.h"
#include "store/commits.h"
#include "store/requests.h"

enum {
    LANE_QUIET_MS = 100,             /* nothing to do for so long: a moment for the log */
    LANE_LOG_QUIET_BYTES = 4 << 20,  /* moved into the file at a quiet moment */
    LANE_LOG_MOST_BYTES = 256 << 20, /* moved at once */
    LANE_PURGE_MS = 60000,
    LANE_PURGE_MOST = 1000,
    LANE_COMMITS_KEPT_MS = 600000, /* much longer than anybody asks for one */
    LANE_COMMITS_MOST = 100000,
};

/* ---- the queue ---- */

void lane_queue_init(struct lane_queue *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
    queue->count = 0;
}

void lane_queue_add(struct lane_queue *queue, struct lane_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
    queue->count++;
}

struct lane_job *lane_queue_take(struct lane_queue *queue)
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

enum err lane_submit(struct lane *lane, struct lane_job *job)
{
    struct lane_queue *queue = job->is_urgent ? &lane->urgent : &lane->normal;
    enum err err = ERR_OK;

    job->tries = 0;
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

void lane_expect(struct lane *lane, int64_t due_at)
{
    pthread_mutex_lock(&lane->lock);
    if (due_at < lane->expected_at) {
        lane->expected_at = due_at;
        pthread_cond_signal(&lane->wake);
    }
    pthread_mutex_unlock(&lane->lock);
}

void lane_note_expected(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    if (lane->expected_at < lane->next_due)
        lane->next_due = lane->expected_at;
    if (!lane->expected_at)
        lane->looks_now = true;
    lane->expected_at = INT64_MAX;
    pthread_mutex_unlock(&lane->lock);
}

/* Halts first; what is over goes to the next transaction. */
static void lane_take(struct lane *lane, struct lane_batch *batch)
{
    *batch = (struct lane_batch){.end = &batch->jobs};
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

void lane_put_back(struct lane *lane, struct lane_job *jobs)
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

void lane_refuse_waiting(struct lane *lane, enum err err)
{
    struct lane_batch batch;

    do {
        lane_take(lane, &batch);
        while (batch.jobs) {
            struct lane_job *next = batch.jobs->next;

            batch.jobs->done(batch.jobs, err);
            batch.jobs = next;
        }
    } while (batch.count);
}

/* ---- opening ---- */

static void lane_init_thread(struct lane *lane)
{
    pthread_condattr_t monotonic;

    CHECK(pthread_mutex_init(&lane->lock, NULL) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    CHECK(pthread_cond_init(&lane->wake, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
}

enum err lane_open(const struct lane_config *config, struct lane **ret)
{
    struct lane *lane = xalloc(sizeof(*lane));
    enum err err = sql_open(config->store, false, &lane->sql);

    lane->config = *config;
    if (!lane->config.lanes)
        lane->config.lanes = 1;
    if (!err)
        err = store_migrate(lane->sql, clock_now_ms(config->env->clock));
    if (err) {
        sql_close(lane->sql);
        free(lane);
        return err;
    }
    lane->store = (struct store){
        .sql = lane->sql, .ids = config->ids, .keeps_no_history = config->env->is_express};
    if (sql_is_shared(lane->sql)) {
        lane->store.on_scheduled = lane_on_scheduled;
        lane->store.user = lane;
    }
    engine_init(&lane->engine, &lane->store, config->env, plan_cache_new());
    lane->arena = arena_new();
    lane->due_arena = arena_new();
    lane_queue_init(&lane->urgent);
    lane_queue_init(&lane->normal);
    lane_queue_init(&lane->again);
    lane->expected_at = INT64_MAX;
    lane_init_thread(lane);
    *ret = lane;
    return ERR_OK;
}

struct engine *lane_engine(struct lane *lane)
{
    return &lane->engine;
}

/* ---- the thread ---- */

bool lane_step(struct lane *lane)
{
    bool has_again = lane->again.first != NULL;
    struct lane_batch batch;

    lane_run_again(lane);
    lane_take(lane, &batch);
    if (!batch.jobs && !lane_is_due(lane))
        return has_again;
    lane_run_batch(lane, &batch);
    arena_reset(lane->arena);
    if (sql_log_bytes(lane->sql) > LANE_LOG_MOST_BYTES)
        sql_checkpoint(lane->sql, false);
    return batch.count || batch.due || has_again;
}

static enum err lane_purge_rows(struct lane *lane, int64_t now_ms, int64_t *ret_count)
{
    int64_t commits;
    enum err err = requests_purge(&lane->store, now_ms - LIMIT_IDEMPOTENCY_KEPT_MS, LANE_PURGE_MOST,
                                  ret_count);

    if (err || !sql_is_shared(lane->sql))
        return err;
    return commits_purge(&lane->store, now_ms - LANE_COMMITS_KEPT_MS, LANE_COMMITS_MOST, &commits);
}

/* Old answers are forgotten, a piece at a time; by one lane for all. */
static void lane_purge(struct lane *lane)
{
    int64_t now_ms = clock_now_ms(lane->config.env->clock), count = 0;

    if (now_ms - lane->purged_at < LANE_PURGE_MS || lane->config.lane)
        return;
    lane->purged_at = now_ms;
    if (lane_begin(lane, false))
        return;
    if (lane_purge_rows(lane, now_ms, &count)) {
        lane_rollback(lane);
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
    if (lane->relook_us && wait_ms > LANE_LOOK_MS)
        wait_ms = LANE_LOOK_MS;
    if (wait_ms <= 0 || lane->own_due)
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
           lane->expected_at == INT64_MAX && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&lane->wake, &lane->lock, &until);
    pthread_mutex_unlock(&lane->lock);
    return timed_out == ETIMEDOUT && lane->next_due > clock_now_ms(lane->config.env->clock);
}

static bool lane_is_over(struct lane *lane)
{
    bool over;

    pthread_mutex_lock(&lane->lock);
    over = lane->is_stopping && !lane->urgent.first && !lane->normal.first && !lane->again.first;
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
    arena_free(lane->due_arena);
    sql_close(lane->sql);
    pthread_cond_destroy(&lane->wake);
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}
