/*
 * wire.c - what waits to be said, and the thread that says and hears.
 *
 *   any thread: wire_send -> the queue -> wake_fd
 *   the wire's: connect -> on_cut -> (say what waits, hear what came)... -> cut -> pause -> connect
 *
 * Every message comes back to the node that said it, which proves that both ways are open: a wire
 * on which nothing was heard for WIRE_ECHO_US after a word of our own is cut, whatever the sockets
 * believe. Where nothing is to be said, a message without texts is the sign of life.
 */
#include "wire/wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "wire/wire_priv.h"

enum {
    WIRE_BEAT_US = 5000000,
    WIRE_ECHO_US = 5000000,
    WIRE_PAUSE_MS = 100, /* after a cut, then twice as long each time */
    WIRE_PAUSE_LONGEST_MS = 2000
};
#define WIRE_NEVER INT64_MAX

struct wire {
    struct wire_config config;
    const struct wire_way *way;
    void *connection;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t closing;
    bool is_closing;
    char *waiting[LIMIT_WIRE_WAITING]; /* a ring */
    size_t first, count;
    int wake_fd; /* readable while something waits, and for good once it closes */

    /* The thread's own: */
    char *held;                  /* taken from the ring; it begins the next message */
    struct wire_message message; /* to be said */
    int64_t beat_us;             /* the next sign of life is due */
    int64_t deaf_us;             /* when nothing was heard until then, the wire is cut */
    int64_t pause_ms;            /* after the next cut */
    bool is_up, is_known_down;   /* for the log */
};

/* ---- the queue ---- */

static void wire_wake(struct wire *wire)
{
    const uint64_t one = 1;

    CHECK(write(wire->wake_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

void wire_send(struct wire *wire, const char *text)
{
    char *copy = xstrdup(text), *dropped = NULL;

    CHECK(*text && strlen(text) <= WIRE_TEXT_BYTES && !strchr(text, '\n'));
    pthread_mutex_lock(&wire->lock);
    if (wire->count == LIMIT_WIRE_WAITING) {
        dropped = wire->waiting[wire->first];
        wire->first = (wire->first + 1) % LIMIT_WIRE_WAITING;
        wire->count--;
    } else if (!wire->count) {
        wire_wake(wire);
    }
    wire->waiting[(wire->first + wire->count++) % LIMIT_WIRE_WAITING] = copy;
    pthread_mutex_unlock(&wire->lock);
    if (dropped)
        metric_add(METRIC_WIRE_DROPPED, 1);
    free(dropped);
}

static void wire_unwake(struct wire *wire)
{
    uint64_t count;

    (void)!read(wire->wake_fd, &count, sizeof(count)); /* it does not block, and may be at 0 */
}

/* The text that waits longest, the caller's to free; null: none. */
static char *wire_take(struct wire *wire)
{
    char *text = NULL;

    pthread_mutex_lock(&wire->lock);
    if (wire->count) {
        text = wire->waiting[wire->first];
        wire->first = (wire->first + 1) % LIMIT_WIRE_WAITING;
        wire->count--;
    }
    if (!wire->count && !wire->is_closing)
        wire_unwake(wire);
    pthread_mutex_unlock(&wire->lock);
    return text;
}

static bool wire_has_waiting(struct wire *wire)
{
    bool has;

    pthread_mutex_lock(&wire->lock);
    has = wire->count > 0;
    pthread_mutex_unlock(&wire->lock);
    return has || wire->held || wire->message.len;
}

static bool wire_is_closing(struct wire *wire)
{
    bool is_closing;

    pthread_mutex_lock(&wire->lock);
    is_closing = wire->is_closing;
    pthread_mutex_unlock(&wire->lock);
    return is_closing;
}

/* ---- out ---- */

/* Whether there is something to say: texts, or that we live. */
static bool wire_compose(struct wire *wire)
{
    struct wire_message *message = &wire->message;

    if (message->len)
        return true; /* it could not be said before the cut */
    wire_message_begin(message, wire->config.node);
    if (!wire->held)
        wire->held = wire_take(wire);
    while (wire->held && wire_message_add(message, wire->held)) {
        free(wire->held);
        wire->held = wire_take(wire);
    }
    if (message->len == message->head_len && clock_monotonic_us() < wire->beat_us)
        message->len = 0;
    return message->len > 0;
}

static enum err wire_say(struct wire *wire)
{
    int64_t now_us;
    enum err err;

    if (!wire_compose(wire))
        return ERR_OK;
    err = wire->way->say(wire->connection, wire->message.text);
    if (err == ERR_UNAVAILABLE)
        return err;
    wire->message.len = 0;
    if (err) {
        /* A wire that will not carry this may carry nothing at all: it is taken for cut. */
        metric_add(METRIC_WIRE_DROPPED, 1);
        return err;
    }
    now_us = clock_monotonic_us();
    wire->beat_us = now_us + WIRE_BEAT_US;
    if (wire->deaf_us == WIRE_NEVER)
        wire->deaf_us = now_us + WIRE_ECHO_US;
    return ERR_OK;
}

/* ---- in ---- */

/* Only our own words prove that we can speak, too. */
static void wire_note_up(struct wire *wire)
{
    if (!wire->is_up)
        log_info("wire.up", "the other nodes are heard");
    wire->is_up = true;
    wire->is_known_down = false;
    wire->pause_ms = WIRE_PAUSE_MS;
}

static void wire_hear(void *user, const char *text)
{
    struct wire *wire = user;
    int64_t node;

    wire->deaf_us = WIRE_NEVER;
    if (!wire_message_read(text, &node))
        metric_add(METRIC_WIRE_GARBAGE, 1);
    else if (node == wire->config.node)
        wire_note_up(wire);
    else
        wire_message_each(text, wire->config.on_text, wire->config.user);
}

static int64_t wire_wait_ms(const struct wire *wire)
{
    int64_t until_us = wire->beat_us < wire->deaf_us ? wire->beat_us : wire->deaf_us;
    int64_t left_us = until_us - clock_monotonic_us();

    return wire->held || left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

static enum err wire_await(struct wire *wire)
{
    enum err err =
        wire->way->await(wire->connection, wire->wake_fd, wire_wait_ms(wire), wire_hear, wire);

    return !err && clock_monotonic_us() >= wire->deaf_us ? ERR_UNAVAILABLE : err;
}

/* ---- the thread ---- */

static enum err wire_connect(struct wire *wire)
{
    enum err err = wire->way->connect(wire->connection);

    if (err)
        return err;
    wire->deaf_us = WIRE_NEVER;
    wire->beat_us = 0; /* speak at once */
    wire->config.on_cut(wire->config.user);
    return ERR_OK;
}

/* While it is up. What waits when it closes is still said. */
static enum err wire_go(struct wire *wire)
{
    enum err err = ERR_OK;

    while (!err && (!wire_is_closing(wire) || wire_has_waiting(wire))) {
        err = wire_say(wire);
        if (!err)
            err = wire_await(wire);
    }
    return err;
}

static void wire_note_cut(struct wire *wire)
{
    if (wire->is_up)
        metric_add(METRIC_WIRE_CUTS, 1);
    if (!wire->is_known_down)
        log_warn("wire.cut", "the other nodes are not heard; it is tried again");
    wire->is_up = false;
    wire->is_known_down = true;
}

static void wire_pause(struct wire *wire)
{
    int64_t until_us = clock_monotonic_us() + wire->pause_ms * 1000;
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000 * 1000)};
    int timed_out = 0;

    pthread_mutex_lock(&wire->lock);
    while (!wire->is_closing && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&wire->closing, &wire->lock, &until);
    pthread_mutex_unlock(&wire->lock);
    wire->pause_ms *= 2;
    if (wire->pause_ms > WIRE_PAUSE_LONGEST_MS)
        wire->pause_ms = WIRE_PAUSE_LONGEST_MS;
}

static void *wire_main(void *user)
{
    struct wire *wire = user;

    pthread_setname_np(pthread_self(), "wire");
    while (!wire_is_closing(wire)) {
        enum err err = wire_connect(wire);

        if (!err)
            err = wire_go(wire);
        if (!err)
            break;
        wire_note_cut(wire);
        wire_pause(wire);
    }
    return NULL;
}

/* ---- its life ---- */

static void wire_start(struct wire *wire)
{
    pthread_condattr_t monotonic;

    wire->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(wire->wake_fd >= 0);
    CHECK(pthread_mutex_init(&wire->lock, NULL) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    CHECK(pthread_cond_init(&wire->closing, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    CHECK(pthread_create(&wire->thread, NULL, wire_main, wire) == 0);
}

enum err wire_open(const struct wire_config *config, struct wire **ret)
{
    char channel[WIRE_CHANNEL_BYTES];
    struct wire *wire = xalloc(sizeof(*wire));
    enum err err;

    wire->config = *config;
    wire->way = config->url ? &wire_redis : &wire_postgres;
    wire->pause_ms = WIRE_PAUSE_MS;
    wire_channel(config->space, channel);
    err = wire->way->open(config, channel, &wire->connection);
    if (err) {
        free(wire);
        return err;
    }
    wire_start(wire);
    *ret = wire;
    return ERR_OK;
}

static void wire_free(struct wire *wire)
{
    wire->way->close(wire->connection);
    for (; wire->count; wire->count--)
        free(wire->waiting[(wire->first + wire->count - 1) % LIMIT_WIRE_WAITING]);
    free(wire->held);
    close(wire->wake_fd);
    pthread_cond_destroy(&wire->closing);
    pthread_mutex_destroy(&wire->lock);
    free(wire);
}

void wire_close(struct wire *wire)
{
    if (!wire)
        return;
    pthread_mutex_lock(&wire->lock);
    wire->is_closing = true;
    wire_wake(wire);
    pthread_cond_signal(&wire->closing);
    pthread_mutex_unlock(&wire->lock);
    pthread_join(wire->thread, NULL);
    wire_free(wire);
}
