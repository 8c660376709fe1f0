/*
 * net_body.c - the body of a request, collected up to its route's limit.
 *
 * The announced length is not believed: memory grows with what has come, so that ten thousand
 * clients that announce a megabyte each cost nothing.
 */
#include "net/net_priv.h"

#include "base/clock.h"
#include "base/limits.h"

#include <string.h>

#define NET_BODY_FIRST_BYTES 4096
#define NET_BODY_SLOWEST_BYTES_S 512 /* on average, once LIMIT_HTTP_IDLE_S have passed */

static size_t net_body_capacity(const struct net_request *request, size_t needed)
{
    size_t capacity = request->body_capacity ? request->body_capacity : NET_BODY_FIRST_BYTES;

    while (capacity < needed)
        capacity *= 2;
    if (request->body_announced && capacity > request->body_announced + 1)
        capacity = (size_t)request->body_announced + 1;
    return capacity < needed ? needed : capacity;
}

static bool net_body_is_slow(const struct net_request *request)
{
    int64_t seconds = (clock_monotonic_us() - request->started_us) / 1000000;

    return seconds > LIMIT_HTTP_IDLE_S &&
           (int64_t)request->body_len < seconds * NET_BODY_SLOWEST_BYTES_S;
}

bool net_body_add(struct net_request *request, const char *data, size_t len,
                  struct net_refusal *ret)
{
    if (len > request->body_max - request->body_len) {
        *ret = (struct net_refusal){ERR_TOO_LARGE, NULL};
        return false;
    }
    if (net_body_is_slow(request)) {
        *ret = (struct net_refusal){ERR_REQUEST_TIMEOUT, NULL};
        return false;
    }
    size_t needed = request->body_len + len + 1;
    if (needed > request->body_capacity) {
        request->body_capacity = net_body_capacity(request, needed);
        request->body = xrealloc(request->body, request->body_capacity);
    }
    memcpy(request->body + request->body_len, data, len);
    request->body_len += len;
    request->body[request->body_len] = '\0';
    return true;
}
