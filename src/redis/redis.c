/*
 * redis.c - a connection to Redis that may be slow, down, failed over or full of garbage.
 */
#include "redis/redis.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "redis/redis_priv.h"

enum { REDIS_RETRY_MS = 250, REDIS_SCRIPT_WORDS = 3 };

struct redis {
    struct redis_place place;
    int64_t timeout_ms;
    redisContext *context; /* null: not connected */
    struct redis_reply_room room;
    struct arena *arena; /* of what is said at connecting, and of a message on its way */
    int64_t retry_us;    /* not before */
    bool is_up;
    bool was_said; /* that it is down */
};

/* ---- the connection ---- */

static enum err redis_lost(struct redis *redis, const char *why)
{
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
    redis->is_up = false;
    redis->retry_us = clock_monotonic_us() + REDIS_RETRY_MS * 1000;
    if (!redis->was_said)
        log_warn("redis.lost", "Redis cannot be used: %s", why);
    redis->was_said = true;
    return ERR_UNAVAILABLE;
}

static enum err redis_broken(struct redis *redis)
{
    const redisContext *context = redis->context;
    char why[sizeof(context->errstr)];

    /* The context goes before the words are used. */
    snprintf(why, sizeof(why), "%s", context->err ? context->errstr : context->reader->errstr);
    return redis_lost(redis, why);
}

/* Errors that say: not this server, not now. Others are about the command: one that this user may
 * not use (NOPERM) need not be one that is needed. */
static const char *const redis_refusals[] = {"LOADING",    "READONLY", "MOVED",
                                             "BUSY ",      "NOAUTH",   "MISCONF",
                                             "MASTERDOWN", "OOM",      "CLUSTERDOWN"};

static bool redis_is_refusal(const struct redis_value *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(redis_refusals) && value->type == REDIS_ERROR; i++) {
        if (strncmp(value->text, redis_refusals[i], strlen(redis_refusals[i])) == 0)
            return true;
    }
    return false;
}

/* One reply; the whole of it must come before the time is over, and within the limits. */
static enum err redis_read(struct redis *redis, int64_t until_us, const struct redis_value **ret)
{
    redisContext *context = redis->context;
    void *reply = NULL;

    for (;;) {
        if (redisReaderGetReply(context->reader, &reply) != REDIS_OK)
            return redis_broken(redis);
        if (reply)
            break;
        if (context->reader->len > LIMIT_REDIS_BYTES)
            return redis_lost(redis, "its reply is too large");
        if (clock_monotonic_us() > until_us)
            return redis_lost(redis, "its reply does not come to an end");
        if (redisBufferRead(context) != REDIS_OK)
            return redis_broken(redis);
    }
    *ret = reply;
    return ERR_OK;
}

static enum err redis_write(struct redis *redis, int64_t until_us)
{
    int done = 0;

    while (!done) {
        if (clock_monotonic_us() > until_us)
            return redis_lost(redis, "it does not take what is sent");
        if (redisBufferWrite(redis->context, &done) != REDIS_OK)
            return redis_broken(redis);
    }
    return ERR_OK;
}

/* What was sent while the connection was good is answered in order, or the connection is gone. */
static enum err redis_exchange(struct redis *redis, struct arena *arena,
                               const struct redis_command *commands, size_t count,
                               const struct redis_value **ret)
{
    struct redis_value *replies = arena_alloc(arena, count * sizeof(*replies) + 1);
    int64_t until_us = clock_monotonic_us() + redis->timeout_ms * 2 * 1000;
    const struct redis_value *refusal = NULL;
    enum err err;

    for (size_t i = 0; i < count; i++) {
        if (redisAppendCommandArgv(redis->context, (int)commands[i].count,
                                   (const char **)commands[i].words, commands[i].lens) != REDIS_OK)
            return redis_broken(redis);
    }
    err = redis_write(redis, until_us);
    for (size_t i = 0; i < count && !err; i++) {
        const struct redis_value *reply = NULL;

        redis_reply_begin(&redis->room, arena);
        err = redis_read(redis, until_us, &reply);
        if (err || !reply)
            break;
        replies[i] = *reply;
        if (redis_is_refusal(reply))
            refusal = reply;
    }
    if (err)
        return err;
    if (refusal)
        return redis_lost(redis, refusal->text);
    *ret = replies;
    return ERR_OK;
}

/* What nobody asked for would be taken for the answer to the next question, and from then on each
 * question would get the answer to the one before. A server that has closed is found here, too. */
static enum err redis_expect_silence(struct redis *redis)
{
    struct pollfd fd = {.fd = redis->context->fd, .events = POLLIN};

    if (redis->context->reader->pos == redis->context->reader->len && poll(&fd, 1, 0) <= 0)
        return ERR_OK;
    return redis_lost(redis, "it has closed, or says what nobody asked");
}

static enum err redis_say(struct redis *redis, const char *const *words, size_t count)
{
    const struct redis_command command = {.words = words, .count = count};
    const struct redis_value *reply = NULL;
    enum err err = redis_exchange(redis, redis->arena, &command, 1, &reply);

    if (!err && reply && reply->type == REDIS_ERROR)
        return redis_lost(redis, reply->text);
    return err;
}

static enum err redis_greet(struct redis *redis)
{
    const struct redis_place *place = &redis->place;
    const char *login[] = {"AUTH", place->user, place->password};
    const char *password[] = {"AUTH", place->password};
    const char *db[] = {"SELECT", place->db};
    const char *ping[] = {"PING"};
    enum err err = ERR_OK;

    if (*place->user)
        err = redis_say(redis, login, ARRAY_SIZE(login));
    else if (*place->password)
        err = redis_say(redis, password, ARRAY_SIZE(password));
    if (!err && *place->db)
        err = redis_say(redis, db, ARRAY_SIZE(db));
    return err ? err : redis_say(redis, ping, ARRAY_SIZE(ping));
}

static enum err redis_connect(struct redis *redis)
{
    const struct timeval timeout = {.tv_sec = redis->timeout_ms / 1000,
                                    .tv_usec = redis->timeout_ms % 1000 * 1000};
    const struct redis_place *place = &redis->place;
    enum err err;

    if (clock_monotonic_us() < redis->retry_us)
        return ERR_UNAVAILABLE;
    arena_reset(redis->arena);
    redis->context = *place->path ? redisConnectUnixWithTimeout(place->path, timeout)
                                  : redisConnectWithTimeout(place->host, place->port, timeout);
    if (!redis->context)
        die("out of memory (in hiredis)");
    if (redis->context->err || redisSetTimeout(redis->context, timeout) != REDIS_OK)
        return redis_broken(redis);
    if (!*place->path)
        redisEnableKeepAlive(redis->context);
    redis_reply_into(redis->context, &redis->room);
    err = redis_greet(redis);
    if (err)
        return err;
    if (redis->was_said)
        log_info("redis.found", "Redis can be used again");
    redis->was_said = false;
    redis->is_up = true;
    return ERR_OK;
}

/* ---- the verbs ---- */

enum err redis_new(const char *url, int64_t timeout_ms, struct redis **ret)
{
    struct redis *redis = xalloc(sizeof(*redis));

    if (!redis_url_parse(url, &redis->place)) {
        log_error("redis.url", "expected redis://[user:password@]host[:port][/db] or unix:///path");
        free(redis);
        return ERR_INVALID_REQUEST;
    }
    redis->timeout_ms = timeout_ms;
    redis->arena = arena_new();
    *ret = redis;
    return ERR_OK;
}

void redis_free(struct redis *redis)
{
    if (!redis)
        return;
    if (redis->context)
        redisFree(redis->context);
    arena_free(redis->arena);
    free(redis);
}

bool redis_is_up(const struct redis *redis)
{
    return redis->is_up;
}

enum err redis_call(struct redis *redis, struct arena *arena, const struct redis_command *commands,
                    size_t count, const struct redis_value **ret)
{
    enum err err = redis->context ? redis_expect_silence(redis) : redis_connect(redis);

    return err ? err : redis_exchange(redis, arena, commands, count, ret);
}

/* EVAL, the script, how many keys, keys, arguments: the server keeps what it has compiled. */
enum err redis_script(struct redis *redis, struct arena *arena, const struct redis_script *script,
                      const struct redis_value **ret)
{
    size_t count = REDIS_SCRIPT_WORDS + script->key_count + script->arg_count;
    const char **words = ARENA_ARRAY(arena, const char *, count);
    const struct redis_command command = {.words = words, .count = count};

    words[0] = "EVAL";
    words[1] = script->text;
    words[2] = arena_printf(arena, "%zu", script->key_count);
    memcpy(words + REDIS_SCRIPT_WORDS, script->keys, script->key_count * sizeof(*words));
    memcpy(words + REDIS_SCRIPT_WORDS + script->key_count, script->args,
           script->arg_count * sizeof(*words));
    return redis_call(redis, arena, &command, 1, ret);
}

enum err redis_subscribe(struct redis *redis, const char *channel)
{
    const char *words[] = {"SUBSCRIBE", channel};
    enum err err = redis->context ? ERR_OK : redis_connect(redis);

    if (!err)
        err = redis_say(redis, words, ARRAY_SIZE(words));
    arena_reset(redis->arena);
    redis_reply_begin(&redis->room, redis->arena);
    return err;
}

/* The text of ["message", channel, text]; null: something else. */
static const char *redis_message(const struct redis_value *value)
{
    const struct redis_value *items = value->items;

    if (value->type != REDIS_LIST || value->count != 3 || items[0].type != REDIS_TEXT ||
        strcmp(items[0].text, "message") != 0 || items[2].type != REDIS_TEXT)
        return NULL;
    return items[2].text;
}

/* A message may come in pieces, so it is put together in our own arena. */
enum err redis_await(struct redis *redis, struct arena *arena, int wake_fd, int64_t wait_ms,
                     const char **ret_text)
{
    struct pollfd fds[2] = {
        {.events = POLLIN },
        { .fd = wake_fd, .events = POLLIN}
    };
    void *reply = NULL;

    *ret_text = NULL;
    if (!redis->context)
        return ERR_UNAVAILABLE;
    if (redisReaderGetReply(redis->context->reader, &reply) != REDIS_OK)
        return redis_broken(redis);
    if (!reply) {
        fds[0].fd = redis->context->fd;
        if (poll(fds, wake_fd < 0 ? 1 : 2, (int)wait_ms) <= 0 || !fds[0].revents)
            return ERR_OK;
        if (redisBufferRead(redis->context) != REDIS_OK ||
            redisReaderGetReply(redis->context->reader, &reply) != REDIS_OK)
            return redis_broken(redis);
        if (redis->context->reader->len > LIMIT_REDIS_BYTES)
            return redis_lost(redis, "its message is too large");
    }
    if (!reply)
        return ERR_OK;
    *ret_text = arena_string(arena, redis_message(reply));
    arena_reset(redis->arena);
    redis_reply_begin(&redis->room, redis->arena);
    return ERR_OK;
}
