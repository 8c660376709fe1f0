/*
 * redis_reply.c - what Redis says, read into an arena and within limits: it may be anything.
 *
 * The parser of the library calls these functions for each value it has read; a null from them ends
 * the connection. It refuses nesting beyond its own depth by itself.
 */
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "redis/redis_priv.h"

/* The place of a value: of the reply itself, or in the list that holds it. */
static struct redis_value *reply_place(const redisReadTask *task, size_t bytes)
{
    struct redis_reply_room *room = task->privdata;

    if (!room->arena || ++room->values > LIMIT_REDIS_VALUES)
        return NULL;
    room->bytes += (int64_t)bytes;
    if (room->bytes > LIMIT_REDIS_BYTES)
        return NULL;
    if (task->parent) {
        struct redis_value *list = task->parent->obj;

        return (struct redis_value *)&list->items[task->idx];
    }
    return ARENA_NEW(room->arena, struct redis_value);
}

static void *reply_string(const redisReadTask *task, char *text, size_t len)
{
    struct redis_reply_room *room = task->privdata;
    struct redis_value *value = reply_place(task, len);
    char *copy;

    if (!value)
        return NULL;
    copy = arena_alloc(room->arena, len + 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    *value = (struct redis_value){
        .type = task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT,
        .text = copy,
        .len = len,
    };
    return value;
}

static void *reply_array(const redisReadTask *task, int count)
{
    struct redis_reply_room *room = task->privdata;
    struct redis_value *value;

    if (count < 0 || count > LIMIT_REDIS_VALUES)
        return NULL;
    value = reply_place(task, (size_t)count * sizeof(struct redis_value));
    if (!value)
        return NULL;
    *value = (struct redis_value){
        .type = REDIS_LIST,
        .items = arena_alloc(room->arena, (size_t)count * sizeof(struct redis_value) + 1),
        .count = (size_t)count,
    };
    return value;
}

static void *reply_integer(const redisReadTask *task, long long integer)
{
    struct redis_value *value = reply_place(task, 0);

    if (value)
        *value = (struct redis_value){.type = REDIS_INT, .integer = integer};
    return value;
}

static void *reply_nil(const redisReadTask *task)
{
    struct redis_value *value = reply_place(task, 0);

    if (value)
        *value = (struct redis_value){.type = REDIS_NULL};
    return value;
}

static void reply_free(void *value)
{
    (void)value; /* it goes with its arena */
}

void redis_reply_into(redisContext *context, struct redis_reply_room *room)
{
    static redisReplyObjectFunctions functions = {
        reply_string, reply_array, reply_integer, reply_nil, reply_free,
    };

    context->reader->fn = &functions;
    context->reader->privdata = room;
}

void redis_reply_begin(struct redis_reply_room *room, struct arena *arena)
{
    *room = (struct redis_reply_room){.arena = arena};
}
