/*
 * redis_priv.h - what the files of redis/ share; included from there only.
 */
#ifndef FERMATA_REDIS_REDIS_PRIV_H
#define FERMATA_REDIS_REDIS_PRIV_H

#include <hiredis/hiredis.h>

#include "redis/redis.h"

enum { REDIS_WORD_BYTES = 256 };

struct redis_place {
    char host[REDIS_WORD_BYTES]; /* or "" and: */
    char path[REDIS_WORD_BYTES]; /* of a socket */
    int port;
    char user[REDIS_WORD_BYTES], password[REDIS_WORD_BYTES], db[16]; /* "": none */
};

/* redis_url.c */
bool redis_url_parse(const char *url, struct redis_place *ret);

/* redis_reply.c: replies into an arena, within limits */
struct redis_reply_room {
    struct arena *arena; /* null: nothing is awaited, whatever comes is refused */
    int64_t values, bytes;
};
/* The room must outlive the context. */
void redis_reply_into(redisContext *context, struct redis_reply_room *room);
void redis_reply_begin(struct redis_reply_room *room, struct arena *arena);

#endif
