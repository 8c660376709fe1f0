/*
 * wire_priv.h - what the files of the wire share: the two ways it can go, and a message's form.
 */
#ifndef FERMATA_WIRE_WIRE_PRIV_H
#define FERMATA_WIRE_WIRE_PRIV_H

#include "sql/sql.h"
#include "wire/wire.h"

enum { WIRE_CHANNEL_BYTES = 64 }; /* with its NUL: the longest name PostgreSQL has */

typedef void wire_on_message(void *user, const char *text);

/*
 * A way connects, says and hears; all of it on the wire's thread. ERR_UNAVAILABLE: the connection
 * is gone, it takes a new `connect`. Any other error of `say`: this message is refused for good.
 */
struct wire_way {
    /* Reads the configuration and connects to nobody. ERR_INVALID_REQUEST. */
    enum err (*open)(const struct wire_config *config, const char *channel, void **ret);
    /* Drops what was connected, connects again and listens. */
    enum err (*connect)(void *connection);
    enum err (*say)(void *connection, const char *text);
    /* Waits until something came, wake_fd is readable or the time is over. */
    enum err (*await)(void *connection, int wake_fd, int64_t wait_ms, wire_on_message *on_message,
                      void *user);
    void (*close)(void *connection); /* null is allowed */
};

extern const struct wire_way wire_redis;
extern const struct wire_way wire_postgres;

void wire_channel(const char *space, char channel[WIRE_CHANNEL_BYTES]);

/*
 * A message is lines of text: a head that names the node that speaks, then a line for each text,
 * all of them ended by a line break. One without texts is a sign of life.
 */
struct wire_message {
    char text[SQL_NOTIFY_BYTES + 1];
    size_t len; /* 0: there is no message */
    size_t head_len;
};

void wire_message_begin(struct wire_message *message, int64_t node);
/* False: no room. A text that is there already is not said twice. */
bool wire_message_add(struct wire_message *message, const char *text);
/* Whether all of it has the form; to be asked before the next one. */
bool wire_message_read(const char *text, int64_t *ret_node);
void wire_message_each(const char *text, void (*on_text)(void *user, const char *text), void *user);

#endif
