/*
 * member.c - takes a number in a shared store, keeps it, and follows the database's clock.
 *
 * One thread, one connection. Nothing here keeps a process from committing under a number that is
 * no longer its own: each transaction asks for itself (store/commits.h). The renewals are there so
 * that the number is not lost, and so that a process which has lost it ends.
 */
#include "serve/member.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "store/nodes.h"

enum {
    MEMBER_RETRY_MS = 250,
    MEMBER_ANSWER_MS = 2000, /* a store that is silent for longer is not reachable */
    MEMBER_TAKES = 5,        /* several nodes that start at once may be in each other's way */
    MEMBER_CLOCK_LEAST_MS = 5,
    MEMBER_CLOCK_NEWS_MS = 1000
};

struct member {
    struct member_config config;
    struct store store;
    struct node_row row;
    char holder[UUID_TEXT_BYTES + HOST_NAME_MAX + 1];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t closing;
    bool is_closing;
    _Atomic bool is_reachable;
    _Atomic int64_t asked_us; /* since when the store is being asked; 0: it is not */

    /* The thread's own: */
    int64_t held_us; /* the hold counts from here at the earliest */
    bool is_cut;     /* the connection is gone */
};

/* ---- the clock ---- */

/* The answer was made somewhere between the question and now: a difference that this may explain is
 * none. */
static void member_follow(struct member *member, int64_t asked_us, int64_t database_ms)
{
    struct clock *clock = member->config.clock;
    int64_t ours_ms = clock->wall_ms(clock) + atomic_load(&clock->offset_ms);
    int64_t half_ms = (clock_monotonic_us() - asked_us) / 2000;
    int64_t by_ms = database_ms + half_ms - ours_ms;

    if (llabs(by_ms) < MEMBER_CLOCK_LEAST_MS || llabs(by_ms) <= half_ms)
        return;
    clock_move(clock, by_ms);
    if (llabs(by_ms) >= MEMBER_CLOCK_NEWS_MS)
        log_warn("member.clock", "the clock was moved by %lld ms, to the database's",
                 (long long)by_ms);
}

static enum err member_ask_clock(struct member *member)
{
    int64_t asked_us = clock_monotonic_us();
    int64_t database_ms;
    enum err err = nodes_clock(&member->store, &database_ms);

    if (!err)
        member_follow(member, asked_us, database_ms);
    return err;
}

/* ---- the number ---- */

static enum err member_try_take(struct member *member)
{
    struct sql *sql = member->store.sql;
    enum err err;

    member->held_us = clock_monotonic_us();
    err = sql_begin(sql);
    if (err)
        return err;
    err = nodes_take(&member->store, &member->row, MEMBER_HOLD_MS);
    if (!err)
        return sql_commit(sql);
    sql_rollback(sql);
    return err;
}

static enum err member_take(struct member *member)
{
    enum err err = ERR_STORAGE_BUSY;

    for (int i = 0; i < MEMBER_TAKES && err == ERR_STORAGE_BUSY; i++)
        err = member_try_take(member);
    return err;
}

static enum err member_renew(struct member *member, bool *ret_held)
{
    int64_t started_us = clock_monotonic_us();
    enum err err = member->is_cut ? sql_reopen(member->store.sql) : ERR_OK;

    if (!err)
        err = nodes_renew(&member->store, &member->row, MEMBER_HOLD_MS, ret_held);
    if (!err && *ret_held) {
        member->held_us = started_us;
        err = member_ask_clock(member);
    }
    member->is_cut = err == ERR_STORAGE_LOST;
    return err;
}

/* ---- the thread ---- */

static void member_note_cut(struct member *member)
{
    if (atomic_exchange(&member->is_reachable, false))
        log_warn("member.cut", "node %lld cannot renew its hold; changes are refused meanwhile",
                 (long long)member->row.node);
}

/* A hold that ran out is ours again if nobody took the number meanwhile: then nobody committed
 * under it either. */
static void member_note_back(struct member *member, int64_t held_before_us)
{
    bool ran_out = member->held_us - held_before_us > MEMBER_HOLD_MS * INT64_C(1000);

    if (atomic_exchange(&member->is_reachable, true) && !ran_out)
        return;
    log_info("member.back", "node %lld has renewed its hold%s", (long long)member->row.node,
             ran_out ? ", which had run out; nobody took the number" : "");
}

static void member_lose(struct member *member)
{
    atomic_store(&member->is_reachable, false);
    log_error("member.lost", "somebody else has the number of node %lld: this process must end",
              (long long)member->row.node);
    member->config.on_lost(member->config.user);
}

/* False: it closes. */
static bool member_wait(struct member *member, int64_t until_us)
{
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000 * 1000)};
    int timed_out = 0;
    bool is_closing;

    pthread_mutex_lock(&member->lock);
    while (!member->is_closing && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&member->closing, &member->lock, &until);
    is_closing = member->is_closing;
    pthread_mutex_unlock(&member->lock);
    return !is_closing;
}

static void *member_main(void *user)
{
    struct member *member = user;
    int64_t next_us = member->held_us + MEMBER_RENEW_MS * INT64_C(1000);

    pthread_setname_np(pthread_self(), "member");
    while (member_wait(member, next_us)) {
        int64_t held_before_us = member->held_us;
        bool held = true;
        enum err err;

        atomic_store(&member->asked_us, clock_monotonic_us());
        err = member_renew(member, &held);
        atomic_store(&member->asked_us, 0);
        if (!held) {
            member_lose(member);
            break;
        }
        if (err)
            member_note_cut(member);
        else
            member_note_back(member, held_before_us);
        next_us = err ? clock_monotonic_us() + MEMBER_RETRY_MS * INT64_C(1000)
                      : member->held_us + MEMBER_RENEW_MS * INT64_C(1000);
    }
    return NULL;
}

/* ---- its life ---- */

static void member_start(struct member *member)
{
    pthread_condattr_t monotonic;

    atomic_store(&member->is_reachable, true);
    CHECK(pthread_mutex_init(&member->lock, NULL) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    CHECK(pthread_cond_init(&member->closing, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    CHECK(pthread_create(&member->thread, NULL, member_main, member) == 0);
    log_info("member.open", "this is node %lld of its store", (long long)member->row.node);
}

static void member_free(struct member *member)
{
    sql_close(member->store.sql);
    free(member);
}

/* With the machine's name: a folder that was copied to another machine is another node. */
static void member_name(struct member *member, const char *holder)
{
    char host[HOST_NAME_MAX + 1] = "";

    (void)gethostname(host, sizeof(host) - 1);
    snprintf(member->holder, sizeof(member->holder), "%s@%s", holder, host);
}

enum err member_open(const struct member_config *config, struct member **ret)
{
    struct member *member = xalloc(sizeof(*member));
    uint8_t random[16];
    enum err err;

    id_random(random, sizeof(random));
    uuid_text(random, member->holder);
    if (config->holder)
        member_name(member, config->holder);
    member->config = *config;
    member->row =
        (struct node_row){.holder = member->holder, .url = config->url, .version = FERMATA_VERSION};
    err = sql_open(config->store, false, &member->store.sql);
    if (!err)
        err = member_ask_clock(member);
    if (!err)
        err = member_take(member);
    if (err) {
        member_free(member);
        return err;
    }
    member_start(member);
    *ret = member;
    return ERR_OK;
}

void member_close(struct member *member)
{
    if (!member)
        return;
    pthread_mutex_lock(&member->lock);
    member->is_closing = true;
    pthread_cond_signal(&member->closing);
    pthread_mutex_unlock(&member->lock);
    pthread_join(member->thread, NULL);
    /* Where the store cannot be reached the hold runs out by itself. */
    if (member_is_reachable(member) && !nodes_give_up(&member->store, &member->row))
        log_info("member.close", "node %lld has given up its number", (long long)member->row.node);
    pthread_cond_destroy(&member->closing);
    pthread_mutex_destroy(&member->lock);
    member_free(member);
}

int64_t member_node(const struct member *member)
{
    return member->row.node;
}

const char *member_holder(const struct member *member)
{
    return member->holder;
}

bool member_is_reachable(const struct member *member)
{
    int64_t asked_us = atomic_load(&member->asked_us);

    return atomic_load(&member->is_reachable) &&
           (!asked_us || clock_monotonic_us() < asked_us + MEMBER_ANSWER_MS * INT64_C(1000));
}
