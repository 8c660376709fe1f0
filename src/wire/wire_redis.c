/*
 * wire_redis.c - the wire through Redis: PUBLISH on one connection, SUBSCRIBE on another.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "redis/redis.h"
#include "wire/wire_priv.h"

enum {
    WIRE_REDIS_MS = 1000,
    WIRE_REDIS_AT_ONCE = 100 /* messages heard before we speak again */
};

struct wire_by_redis {
    struct redis *mouth, *ear;
    struct arena *arena; /* of one reply, one message */
    char channel[WIRE_CHANNEL_BYTES];
};

static void wire_redis_close(void *connection)
{
    struct wire_by_redis *by = connection;

    if (!by)
        return;
    redis_free(by->mouth);
    redis_free(by->ear);
    arena_free(by->arena);
    free(by);
}

static enum err wire_redis_open(const struct wire_config *config, const char *channel, void **ret)
{
    struct wire_by_redis *by = xalloc(sizeof(*by));
    enum err err = redis_new(config->url, WIRE_REDIS_MS, &by->mouth);

    if (!err)
        err = redis_new(config->url, WIRE_REDIS_MS, &by->ear);
    if (err) {
        wire_redis_close(by);
        return err;
    }
    by->arena = arena_new();
    memcpy(by->channel, channel, strlen(channel) + 1);
    *ret = by;
    return ERR_OK;
}

/* The mouth opens by itself when it has something to say. */
static enum err wire_redis_connect(void *connection)
{
    struct wire_by_redis *by = connection;

    return redis_subscribe(by->ear, by->channel);
}

static enum err wire_redis_say(void *connection, const char *text)
{
    struct wire_by_redis *by = connection;
    const char *words[] = {"PUBLISH", by->channel, text};
    const struct redis_command command = {.words = words, .count = ARRAY_SIZE(words)};
    const struct redis_value *value;
    enum err err;

    arena_reset(by->arena);
    err = redis_call(by->mouth, by->arena, &command, 1, &value);
    if (!err && value->type == REDIS_ERROR)
        err = ERR_FORBIDDEN;
    return err;
}

static enum err wire_redis_await(void *connection, int wake_fd, int64_t wait_ms,
                                 wire_on_message *on_message, void *user)
{
    struct wire_by_redis *by = connection;
    const char *text;
    enum err err;

    arena_reset(by->arena);
    err = redis_await(by->ear, by->arena, wake_fd, wait_ms, &text);
    for (int i = 0; !err && text && i < WIRE_REDIS_AT_ONCE; i++) {
        on_message(user, text);
        arena_reset(by->arena);
        err = redis_await(by->ear, by->arena, -1, 0, &text);
    }
    return err;
}

const struct wire_way wire_redis = {
    .open = wire_redis_open,
    .connect = wire_redis_connect,
    .say = wire_redis_say,
    .await = wire_redis_await,
    .close = wire_redis_close,
};
