/*
 * redis.h - a connection to Redis that may be slow, down, failed over or full of garbage.
 *
 * Nothing here is the truth: a command that fails costs a counter and a line in the log (once per
 * change of the connection's state, not per command). Every call has a deadline; replies have
 * limits of depth, count and bytes (LIMIT_REDIS_*), beyond which the connection is closed. A
 * connection that was lost is opened again by the next call, not more often than every
 * REDIS_RETRY_MS. A `struct redis` is used by one thread at a time.
 *
 * Neither TLS nor Sentinel: the library has none (a tunnel, or a proxy that follows the primary).
 * Errors that mean "not this server, not now" (LOADING, READONLY, MOVED, OOM, ...) end the
 * connection.
 */
#ifndef FERMATA_REDIS_REDIS_H
#define FERMATA_REDIS_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;
struct redis;

enum redis_type { REDIS_NULL, REDIS_INT, REDIS_TEXT, REDIS_LIST, REDIS_ERROR };

struct redis_value {
    enum redis_type type;
    int64_t integer;
    const char *text; /* of REDIS_TEXT (also a status) and REDIS_ERROR; NUL-terminated */
    size_t len;
    const struct redis_value *items; /* of REDIS_LIST */
    size_t count;
};

/* redis://[user:password@]host[:port][/db] or unix:///path[?db=N]. Only reads the URL, connects
 * later. ERR_INVALID_REQUEST, with a line in the log that does not show the password. */
enum err redis_new(const char *url, int64_t timeout_ms, struct redis **ret) MUST_CHECK;
void redis_free(struct redis *redis); /* null is allowed */
/* Whether the last call came through. */
bool redis_is_up(const struct redis *redis);

struct redis_command {
    const char *const *words;
    const size_t *lens; /* null: the words are NUL-terminated */
    size_t count;
};
/* Sends all, then reads all replies (in the arena): one round trip for many. A reply of type
 * REDIS_ERROR is a reply, not an error. ERR_UNAVAILABLE: not reached; which of the commands were
 * carried out is not known. */
enum err redis_call(struct redis *redis, struct arena *arena, const struct redis_command *commands,
                    size_t count, const struct redis_value **ret) MUST_CHECK;
struct redis_script {
    const char *text; /* Lua */
    const char *const *keys, *const *args;
    size_t key_count, arg_count;
};
enum err redis_script(struct redis *redis, struct arena *arena, const struct redis_script *script,
                      const struct redis_value **ret) MUST_CHECK;

/* A connection that has subscribed is of no other use. Waits for a message of any channel,
 * until `wake_fd` (or -1) is readable or the time is over: *ret_text is null then. */
enum err redis_subscribe(struct redis *redis, const char *channel) MUST_CHECK;
enum err redis_await(struct redis *redis, struct arena *arena, int wake_fd, int64_t wait_ms,
                     const char **ret_text) MUST_CHECK;

#endif
