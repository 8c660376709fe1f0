/*
 * wire.h - short texts from every node of a cluster to every other: hints, which may be lost.
 *
 * They go through Redis where there is one, else through the store's own messages. Sending never
 * waits: texts are put together by the wire's thread and go out many in one message, and a text
 * that is there already is not said twice. A wire that is cut connects again by itself; what the
 * others said meanwhile is gone, and on_cut says so: whoever waits for hints looks for himself
 * then. What we had to say is kept and said then.
 *
 * Whoever can speak on the channel can send hints, and no more than that: what does not have the
 * form is dropped and counted, and what has it is a text to be checked by whom it is for.
 */
#ifndef FERMATA_WIRE_WIRE_H
#define FERMATA_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wire;

#define WIRE_CHANNEL_NAME "fermata:" /* what the channel's name begins with; then the space */

struct wire_config {
    const char *url;   /* of Redis; null: the store's messages */
    const char *store; /* its name (sql_open) */
    const char *space; /* of the channel: one for all nodes of a store */
    int64_t node;      /* ours: what we said ourselves is not heard */
    /* Both on the wire's thread, also before wire_open has returned, and never after wire_close;
     * they may wire_send, and must not wait for anybody. */
    void (*on_text)(void *user, const char *text); /* one text of wire_send */
    void (*on_cut)(void *user); /* connected (again, or at last): texts may be missing */
    void *user;
};

/* The texts of the configuration live as long as the wire. ERR_INVALID_REQUEST: the URL is none, or
 * the store has no messages. Never fails because nobody is there. */
enum err wire_open(const struct wire_config *config, struct wire **ret) MUST_CHECK;
/* Says what still waits, if the wire is up. Null is allowed. */
void wire_close(struct wire *wire);
/* Any thread. A text is not empty, has no line break and at most WIRE_TEXT_BYTES; of more than
 * LIMIT_WIRE_WAITING that wait the oldest are dropped and counted. */
enum { WIRE_TEXT_BYTES = 1024 };
void wire_send(struct wire *wire, const char *text);

#endif
