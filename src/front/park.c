/*
 * park.c - requests that wait for something: a task, a quiet halt.
 */
#include "front/park.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>
#include <utlist.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"

enum { PARK_TICK_MS = 20, PARK_STAMPS = 1024 };

struct park_topic {
    char topic[PARK_TOPIC_BYTES];
    struct parked *list;
    UT_hash_handle hh;
};

struct park_quota {
    char operator_name[256];
    int64_t count;
    UT_hash_handle hh;
};

/* lock guards everything. */
struct park {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct park_topic *topics;
    struct park_quota *quotas;
    struct parked *all;
    uint64_t stamps[PARK_STAMPS]; /* how often topics of this hash were woken */
    bool is_drained, is_over;
    pthread_t thread;
};

void park_topic_task(char topic[PARK_TOPIC_BYTES], const char *operator_name, const char *task)
{
    snprintf(topic, PARK_TOPIC_BYTES, "task\n%s\n%s", operator_name, task);
}

void park_topic_halt(char topic[PARK_TOPIC_BYTES], int64_t halt_number)
{
    snprintf(topic, PARK_TOPIC_BYTES, "halt\n%lld", (long long)halt_number);
}

void park_topic_ended(char topic[PARK_TOPIC_BYTES], int64_t execution_id)
{
    snprintf(topic, PARK_TOPIC_BYTES, "ended\n%lld", (long long)execution_id);
}

/* Two topics may share one: then somebody looks once too often. */
static uint64_t *park_stamp_of(struct park *park, const char *topic)
{
    unsigned hash;

    HASH_JEN(topic, strlen(topic), hash);
    return &park->stamps[hash % PARK_STAMPS];
}

uint64_t park_stamp(struct park *park, const char *topic)
{
    uint64_t stamp;

    pthread_mutex_lock(&park->lock);
    stamp = *park_stamp_of(park, topic);
    pthread_mutex_unlock(&park->lock);
    return stamp;
}

static void park_count(struct park *park, const char *operator_name, int64_t by)
{
    struct park_quota *quota;

    HASH_FIND_STR(park->quotas, operator_name, quota);
    if (!quota) {
        quota = xalloc(sizeof(*quota));
        strncpy(quota->operator_name, operator_name, sizeof(quota->operator_name) - 1);
        HASH_ADD_STR(park->quotas, operator_name, quota);
    }
    quota->count += by;
    if (quota->count == 0) {
        HASH_DEL(park->quotas, quota);
        free(quota);
    }
}

static int64_t park_counted(struct park *park, const char *operator_name)
{
    struct park_quota *quota;

    HASH_FIND_STR(park->quotas, operator_name, quota);
    return quota ? quota->count : 0;
}

/* Out of the room; the lock is held. */
static void park_take(struct park *park, struct parked *parked)
{
    struct park_topic *topic = parked->room;

    DL_DELETE(topic->list, parked);
    DL_DELETE2(park->all, parked, all_prev, all_next);
    park_count(park, parked->operator_name, -1);
    if (!topic->list) {
        HASH_DEL(park->topics, topic);
        free(topic);
    }
}

bool park_add(struct park *park, struct parked *parked)
{
    struct park_topic *topic;
    bool taken = false, missed = false;

    pthread_mutex_lock(&park->lock);
    if (!park->is_drained &&
        park_counted(park, parked->operator_name) < LIMIT_PARKED_PER_OPERATOR) {
        taken = true;
        missed = *park_stamp_of(park, parked->topic) != parked->stamp;
    }
    if (taken && !missed) {
        HASH_FIND_STR(park->topics, parked->topic, topic);
        if (!topic) {
            topic = xalloc(sizeof(*topic));
            memcpy(topic->topic, parked->topic, sizeof(topic->topic));
            HASH_ADD_STR(park->topics, topic, topic);
        }
        parked->room = topic;
        DL_APPEND(topic->list, parked);
        DL_APPEND2(park->all, parked, all_prev, all_next);
        park_count(park, parked->operator_name, 1);
        pthread_cond_signal(&park->changed);
    }
    pthread_mutex_unlock(&park->lock);
    if (missed)
        parked->on_end(parked, PARK_WOKEN);
    return taken;
}

void park_wake(struct park *park, const char *topic_name, bool all)
{
    bool more = true;

    pthread_mutex_lock(&park->lock);
    (*park_stamp_of(park, topic_name))++;
    pthread_mutex_unlock(&park->lock);
    while (more) {
        struct park_topic *topic;
        struct parked *parked = NULL;

        pthread_mutex_lock(&park->lock);
        HASH_FIND_STR(park->topics, topic_name, topic);
        if (topic) {
            parked = topic->list;
            park_take(park, parked);
        }
        pthread_mutex_unlock(&park->lock);
        if (parked)
            parked->on_end(parked, PARK_WOKEN);
        more = parked && all;
    }
}

void park_wake_all(struct park *park)
{
    struct parked *woken = NULL, *parked, *next;

    pthread_mutex_lock(&park->lock);
    for (size_t i = 0; i < PARK_STAMPS; i++)
        park->stamps[i]++;
    while (park->all) {
        parked = park->all;
        park_take(park, parked);
        DL_APPEND2(woken, parked, all_prev, all_next);
    }
    pthread_mutex_unlock(&park->lock);
    for (parked = woken; parked; parked = next) {
        next = parked->all_next; /* it may be gone after its end */
        parked->on_end(parked, PARK_WOKEN);
    }
}

int64_t park_waiting(struct park *park, const char *topic_name)
{
    struct park_topic *topic;
    struct parked *parked;
    int64_t count = 0;

    pthread_mutex_lock(&park->lock);
    HASH_FIND_STR(park->topics, topic_name, topic);
    if (topic)
        DL_COUNT(topic->list, parked, count);
    pthread_mutex_unlock(&park->lock);
    return count;
}

/* One whose time is over (or any, when all must go); out of the room, or null. */
static struct parked *park_next_over(struct park *park, int64_t now_us)
{
    struct parked *parked = NULL;

    DL_FOREACH2(park->all, parked, all_next)
    {
        if (park->is_drained || parked->deadline_us <= now_us) {
            park_take(park, parked);
            return parked;
        }
    }
    return NULL;
}

static void park_sleep(struct park *park)
{
    struct timespec until;

    if (!park->all) {
        pthread_cond_wait(&park->changed, &park->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PARK_TICK_MS * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&park->changed, &park->lock, &until);
}

static void *park_main(void *argument)
{
    struct park *park = argument;

    pthread_setname_np(pthread_self(), "park");
    pthread_mutex_lock(&park->lock);
    while (!park->is_over || park->all) {
        struct parked *parked = park_next_over(park, clock_monotonic_us());
        enum park_end end = park->is_drained ? PARK_DRAINED : PARK_EXPIRED;

        if (!parked) {
            if (!park->is_over)
                park_sleep(park);
            continue;
        }
        pthread_mutex_unlock(&park->lock);
        parked->on_end(parked, end);
        pthread_mutex_lock(&park->lock);
    }
    pthread_mutex_unlock(&park->lock);
    return NULL;
}

struct park *park_new(void)
{
    struct park *park = xalloc(sizeof(*park));
    pthread_condattr_t monotonic;

    pthread_mutex_init(&park->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&park->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    CHECK(pthread_create(&park->thread, NULL, park_main, park) == 0);
    return park;
}

void park_drain(struct park *park)
{
    pthread_mutex_lock(&park->lock);
    park->is_drained = true;
    pthread_cond_signal(&park->changed);
    pthread_mutex_unlock(&park->lock);
}

void park_free(struct park *park)
{
    if (!park)
        return;
    pthread_mutex_lock(&park->lock);
    park->is_drained = true;
    park->is_over = true;
    pthread_cond_signal(&park->changed);
    pthread_mutex_unlock(&park->lock);
    pthread_join(park->thread, NULL);
    pthread_cond_destroy(&park->changed);
    pthread_mutex_destroy(&park->lock);
    free(park);
}
