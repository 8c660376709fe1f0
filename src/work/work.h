/*
 * work.h - outbound HTTP: the calls that plans make to the outside.
 *
 * One thread of its own runs all calls with libcurl's multi interface. Submitting never blocks; a
 * call ends exactly once, by its callback on that thread: answered, failed, or cancelled. Work
 * knows nothing of executions: `id` is the caller's, by which it may cut calls off.
 *
 * Where a call may go is decided after name resolution, on the address that is connected to: an
 * address of loopback, link-local, private, shared, multicast or unspecified ranges (v4, v6 and v4
 * in v6) is refused unless an allowed range holds it. Redirects are not followed. Only http and
 * https; proxies of the environment are not used.
 */
#ifndef FERMATA_WORK_WORK_H
#define FERMATA_WORK_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;
struct work;

struct work_config {
    const char *const
        *allowed; /* CIDR ranges beside the public ones, e.g. "127.0.0.0/8", "::1/128" */
    size_t allowed_count;
    size_t calls_max;        /* running at once; more wait in order */
    size_t answer_bytes_max; /* a longer body ends the call with WORK_TOO_LARGE */
};

struct work_header {
    const char *name, *value;
};

struct work_call {
    int64_t id;
    const char *method, *url;
    const struct work_header *headers;
    size_t header_count;
    const char *body; /* may be null */
    size_t body_len;
    int64_t timeout_ms; /* of the whole call */
};

enum work_end {
    WORK_ANSWERED,
    WORK_REFUSED, /* the URL, or the address behind it, is not allowed */
    WORK_FAILED,  /* no connection, no such name, TLS, reset: `cause` says it */
    WORK_TIMED_OUT,
    WORK_TOO_LARGE,
    WORK_CANCELLED,
};

struct work_answer {
    enum work_end end;
    int status; /* of WORK_ANSWERED */
    const char *status_text;
    const struct work_header *headers;
    size_t header_count;
    const char *body; /* never null; NUL after body_len */
    size_t body_len;
    const char *cause; /* one line for people, when it was not answered */
};

/* Called once for each submitted call, on work's thread, which it must not hold up. The answer is
 * gone when it returns. */
typedef void work_done_fn(void *user, int64_t id, const struct work_answer *answer);

enum err work_open(const struct work_config *config, struct work **ret) MUST_CHECK;
/* Copies the call. ERR_UNAVAILABLE when the queue is full: then `done` is not called. Any thread.
 */
enum err work_submit(struct work *work, const struct work_call *call, work_done_fn *done,
                     void *user) MUST_CHECK;
/* Ends the calls of this id with WORK_CANCELLED, soon; nothing when there is none. Any thread. */
void work_cancel(struct work *work, int64_t id);
/* Cancels all, waits for the callbacks, ends the thread; null is allowed. */
void work_close(struct work *work);

#endif
