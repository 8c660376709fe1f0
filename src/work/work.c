/*
 * work.c - the queue of outbound calls and the thread that runs them.
 *
 *   submit -> waiting -> running -> (answered) -> callback
 *                |          |
 *                +--cancel--+--> ending ------> callback
 *
 * Every job is in one of these lists and in the table of ids, from submit until just before its
 * callback. Lists and table are guarded by the mutex; callbacks and libcurl run without it. Only
 * the thread takes a job out for its callback, so each ends once; a job that was cancelled before
 * that ends as cancelled, also when its answer has come.
 */
#include "work/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "work/work_priv.h"

#define WORK_BUCKETS 4096  /* a power of two */
#define WORK_POLL_MS 60000 /* nothing to do: somebody will wake us */
#define WORK_NEVER INT64_MAX

struct work_list {
    struct work_job *first, *last;
    size_t count, bytes;
};

struct work {
    struct work_ranges allowed;
    struct arena *arena; /* of the ranges */
    size_t calls_max, answer_bytes_max;
    CURLM *multi;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards what follows */
    struct work_list waiting, running, ending;
    struct work_job *buckets[WORK_BUCKETS];
    int64_t next_deadline_us; /* not later than the first deadline of those that wait */
    bool closing;
};

/* ---- lists and table; the mutex is held ---- */

static void work_list_add(struct work_list *list, struct work_job *job)
{
    job->list = list;
    job->next = NULL;
    job->previous = list->last;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
    list->count++;
    list->bytes += job->bytes;
}

static void work_list_remove(struct work_job *job)
{
    struct work_list *list = job->list;

    if (job->previous)
        job->previous->next = job->next;
    else
        list->first = job->next;
    if (job->next)
        job->next->previous = job->previous;
    else
        list->last = job->previous;
    list->count--;
    list->bytes -= job->bytes;
    job->list = NULL;
}

static struct work_job **work_bucket(struct work *work, int64_t id)
{
    uint64_t mixed = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);

    return &work->buckets[(mixed >> 32) & (WORK_BUCKETS - 1)];
}

static void work_forget(struct work *work, struct work_job *job)
{
    struct work_job **at = work_bucket(work, job->call.id);

    while (*at != job)
        at = &(*at)->next_of_bucket;
    *at = job->next_of_bucket;
}

static void work_move_to_ending(struct work *work, struct work_job *job, enum work_end end)
{
    if (job->list == &work->ending)
        return;
    work_list_remove(job);
    work_list_add(&work->ending, job);
    job->end = end;
}

/* ---- the thread ---- */

/* The one way out of a job. */
static void work_end_job(struct work *work, struct work_job *job, struct work_answer *answer)
{
    pthread_mutex_lock(&work->mutex);
    if (job->list == &work->ending)
        *answer =
            (struct work_answer){.end = job->end,
                                 .status_text = "",
                                 .body = "",
                                 .cause = job->end == WORK_CANCELLED ? "the call was cancelled"
                                                                     : "the call took too long"};
    work_list_remove(job);
    work_forget(work, job);
    pthread_mutex_unlock(&work->mutex);
    if (job->easy)
        curl_multi_remove_handle(work->multi, job->easy);
    job->done(job->user, job->call.id, answer);
    work_transfer_close(job);
    arena_free(job->arena);
}

static void work_end_ending(struct work *work)
{
    struct work_answer answer = {0};

    for (;;) {
        struct work_job *job;

        pthread_mutex_lock(&work->mutex);
        job = work->ending.first;
        pthread_mutex_unlock(&work->mutex);
        if (!job)
            return;
        work_end_job(work, job, &answer);
    }
}

/* Calls whose time ran out before their turn came. */
static void work_expire_waiting(struct work *work)
{
    int64_t now_us = clock_monotonic_us();
    struct work_job *next;

    pthread_mutex_lock(&work->mutex);
    if (now_us >= work->next_deadline_us) {
        work->next_deadline_us = WORK_NEVER;
        for (struct work_job *job = work->waiting.first; job; job = next) {
            next = job->next;
            if (job->deadline_us <= now_us)
                work_move_to_ending(work, job, WORK_TIMED_OUT);
            else if (job->deadline_us < work->next_deadline_us)
                work->next_deadline_us = job->deadline_us;
        }
    }
    pthread_mutex_unlock(&work->mutex);
}

static void work_start_job(struct work *work, struct work_job *job)
{
    struct work_answer answer = {.end = WORK_REFUSED, .status_text = "", .body = ""};

    job->allowed = &work->allowed;
    answer.cause = work_transfer_open(job, work->answer_bytes_max);
    if (answer.cause)
        work_end_job(work, job, &answer);
    else
        CHECK(curl_multi_add_handle(work->multi, job->easy) == CURLM_OK);
}

static void work_start_waiting(struct work *work)
{
    for (;;) {
        struct work_job *job = NULL;

        pthread_mutex_lock(&work->mutex);
        if (work->running.count < work->calls_max)
            job = work->waiting.first;
        if (job) {
            work_list_remove(job);
            work_list_add(&work->running, job);
        }
        pthread_mutex_unlock(&work->mutex);
        if (!job)
            return;
        work_start_job(work, job);
    }
}

static void work_end_answered(struct work *work)
{
    CURLMsg *message;
    int left;

    for (message = curl_multi_info_read(work->multi, &left); message;
         message = curl_multi_info_read(work->multi, &left)) {
        struct work_answer answer;
        char *job = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        CHECK(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job) == CURLE_OK);
        work_transfer_answer((struct work_job *)(void *)job, message->data.result, &answer);
        work_end_job(work, (struct work_job *)(void *)job, &answer);
    }
}

/* How long the thread may sleep; below 0: it is over. */
static int work_sleep_ms(struct work *work)
{
    int64_t sleep_ms = WORK_POLL_MS;

    pthread_mutex_lock(&work->mutex);
    if (work->next_deadline_us != WORK_NEVER) {
        int64_t left_ms = (work->next_deadline_us - clock_monotonic_us()) / 1000 + 1;

        sleep_ms = left_ms < sleep_ms ? left_ms : sleep_ms;
    }
    if (sleep_ms < 0 || work->ending.first ||
        (work->waiting.first && work->running.count < work->calls_max))
        sleep_ms = 0;
    if (work->closing && !work->waiting.first && !work->running.first && !work->ending.first)
        sleep_ms = -1;
    pthread_mutex_unlock(&work->mutex);
    return (int)sleep_ms;
}

static void *work_main(void *user)
{
    struct work *work = user;
    int sleep_ms, running;

    pthread_setname_np(pthread_self(), "fermata-work");
    for (sleep_ms = 0; sleep_ms >= 0; sleep_ms = work_sleep_ms(work)) {
        CHECK(curl_multi_poll(work->multi, NULL, 0, sleep_ms, NULL) == CURLM_OK);
        work_expire_waiting(work);
        work_end_ending(work);
        work_start_waiting(work);
        CHECK(curl_multi_perform(work->multi, &running) == CURLM_OK);
        work_end_answered(work);
    }
    return NULL;
}

/* ---- the verbs ---- */

static enum err work_read_ranges(struct work *work, const struct work_config *config)
{
    struct work_ranges *allowed = &work->allowed;

    allowed->ranges = ARENA_ARRAY(work->arena, struct work_range, config->allowed_count + 1);
    for (size_t i = 0; i < config->allowed_count; i++) {
        if (!work_range_parse(config->allowed[i], &allowed->ranges[i]))
            return ERR_INVALID_REQUEST;
    }
    allowed->count = config->allowed_count;
    return ERR_OK;
}

/* Signals are for the main thread; writing to a closed connection must not end the process. */
static bool work_start_thread(struct work *work)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&work->thread, NULL, work_main, work);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

static void work_free(struct work *work)
{
    if (work->multi)
        curl_multi_cleanup(work->multi);
    pthread_mutex_destroy(&work->mutex);
    arena_free(work->arena);
    free(work);
    curl_global_cleanup();
}

enum err work_open(const struct work_config *config, struct work **ret)
{
    struct work *work = xalloc(sizeof(*work));
    enum err err;

    CHECK(config->calls_max > 0);
    CHECK(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK);
    work->arena = arena_new();
    work->calls_max = config->calls_max;
    work->answer_bytes_max = config->answer_bytes_max;
    work->next_deadline_us = WORK_NEVER;
    pthread_mutex_init(&work->mutex, NULL);
    err = work_read_ranges(work, config);
    if (!err) {
        work->multi = curl_multi_init();
        if (!work->multi || !work_start_thread(work))
            err = ERR_INTERNAL;
    }
    if (err) {
        work_free(work);
        return err;
    }
    *ret = work;
    return ERR_OK;
}

static struct work_job *work_job_new(const struct work_call *call, work_done_fn *done, void *user)
{
    struct arena *arena = arena_new();
    struct work_job *job = ARENA_NEW(arena, struct work_job);
    struct work_header *headers = ARENA_ARRAY(arena, struct work_header, call->header_count + 1);

    CHECK(call->timeout_ms > 0);
    for (size_t i = 0; i < call->header_count; i++) {
        headers[i].name = arena_string(arena, call->headers[i].name);
        headers[i].value = arena_string(arena, call->headers[i].value);
    }
    *job = (struct work_job){.arena = arena, .call = *call, .done = done, .user = user};
    job->call.headers = headers;
    job->call.method = arena_string(arena, call->method);
    job->call.url = arena_string(arena, call->url);
    job->call.body = arena_string_n(arena, call->body ? call->body : "", call->body_len);
    job->deadline_us = clock_monotonic_us() + call->timeout_ms * 1000;
    job->bytes = arena_bytes(arena);
    return job;
}

enum err work_submit(struct work *work, const struct work_call *call, work_done_fn *done,
                     void *user)
{
    struct work_job *job = work_job_new(call, done, user);
    bool taken;

    pthread_mutex_lock(&work->mutex);
    taken = !work->closing && work->waiting.count < LIMIT_WORK_QUEUE &&
            work->waiting.bytes <= LIMIT_WORK_QUEUE_BYTES;
    if (taken) {
        struct work_job **bucket = work_bucket(work, job->call.id);

        work_list_add(&work->waiting, job);
        job->next_of_bucket = *bucket;
        *bucket = job;
        if (job->deadline_us < work->next_deadline_us)
            work->next_deadline_us = job->deadline_us;
    }
    pthread_mutex_unlock(&work->mutex);
    if (!taken) {
        arena_free(job->arena);
        return ERR_UNAVAILABLE;
    }
    curl_multi_wakeup(work->multi);
    return ERR_OK;
}

void work_cancel(struct work *work, int64_t id)
{
    bool found = false;

    pthread_mutex_lock(&work->mutex);
    for (struct work_job *job = *work_bucket(work, id); job; job = job->next_of_bucket) {
        if (job->call.id == id) {
            work_move_to_ending(work, job, WORK_CANCELLED);
            found = true;
        }
    }
    pthread_mutex_unlock(&work->mutex);
    if (found)
        curl_multi_wakeup(work->multi);
}

void work_close(struct work *work)
{
    if (!work)
        return;
    pthread_mutex_lock(&work->mutex);
    work->closing = true;
    while (work->waiting.first)
        work_move_to_ending(work, work->waiting.first, WORK_CANCELLED);
    while (work->running.first)
        work_move_to_ending(work, work->running.first, WORK_CANCELLED);
    pthread_mutex_unlock(&work->mutex);
    curl_multi_wakeup(work->multi);
    pthread_join(work->thread, NULL);
    work_free(work);
}
