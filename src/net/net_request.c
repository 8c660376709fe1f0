/*
 * net_request.c - one request: what the handler may ask of it, and how its answer finds the way
 * out.
 */
#include "net/net_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void net_request_set_peer(struct net_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    const void *bytes = NULL;

    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes)
        inet_ntop(address->sa_family, bytes, request->peer, sizeof(request->peer));
}

struct net_request *net_request_new(struct net *net, struct MHD_Connection *connection,
                                    const char *target)
{
    struct arena *arena = arena_new();
    struct net_request *request = ARENA_NEW(arena, struct net_request);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    request->magic = NET_REQUEST_MAGIC;
    request->net = net;
    request->arena = arena;
    request->connection = connection;
    request->raw_target = target;
    request->target = target ? arena_string(arena, target) : "";
    request->target_len = strlen(request->target);
    request->fd = info ? info->connect_fd : -1;
    request->started_us = clock_monotonic_us();
    atomic_init(&request->answer, NULL);
    atomic_init(&request->state, NET_RUNNING);
    atomic_init(&request->holders, 1);
    net_request_set_peer(request);
    return request;
}

void net_request_release(struct net_request *request)
{
    if (atomic_fetch_sub(&request->holders, 1) > 1)
        return;
    struct net_answer *answer = atomic_load(&request->answer);
    if (answer) {
        MHD_destroy_response(answer->response);
        free(answer);
    }
    request->magic = 0;
    free(request->body);
    arena_free(request->arena);
}

/*
 * Offers an answer; the first one counts. A parked connection is woken here, a running one finds
 * the answer when on_request returns. A connection is suspended before its state becomes
 * NET_PARKED, so a wake-up never comes too early; and whoever changes the state second does the
 * waking, so none is lost.
 */
bool net_request_answer(struct net_request *request, int status, struct MHD_Response *response)
{
    struct MHD_Connection *connection = request->connection;
    struct net_answer *answer = xalloc(sizeof(*answer));
    struct net_answer *none = NULL;

    answer->response = response;
    answer->status = status;
    if (!atomic_compare_exchange_strong(&request->answer, &none, answer)) {
        MHD_destroy_response(response);
        free(answer);
        return false;
    }
    metric_add(METRIC_HTTP_REQUESTS, 1);
    if (status >= 400)
        metric_add(status >= 500 ? METRIC_HTTP_ERRORS : METRIC_HTTP_REFUSED, 1);
    if (atomic_exchange(&request->state, NET_ANSWERED) == NET_PARKED)
        MHD_resume_connection(connection);
    return true;
}

/* The server stops: 503, unless an answer is on its way. */
void net_request_force(struct net_request *request)
{
    static const struct net_refusal refusal = {ERR_UNAVAILABLE, "the server is stopping"};

    if (!atomic_load(&request->answer))
        net_request_answer(request, err_status(refusal.err),
                           net_refuse_response(request->net, &refusal));
}

struct arena *net_arena(struct net_request *request)
{
    return request->arena;
}

const char *net_method(const struct net_request *request)
{
    return request->method;
}

const char *net_path(const struct net_request *request)
{
    return request->path;
}

const char *net_query(const struct net_request *request)
{
    return request->query;
}

const char *net_header(struct net_request *request, const char *name, unsigned *ret_count)
{
    const char *value = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < request->field_count; i++) {
        if (strcasecmp(request->fields[i].name, name) != 0)
            continue;
        if (!count)
            value = request->fields[i].value;
        count++;
    }
    if (ret_count)
        *ret_count = count;
    return value;
}

const char *net_body(const struct net_request *request, size_t *ret_len)
{
    *ret_len = request->body_len;
    return request->body ? request->body : "";
}

const char *net_peer(const struct net_request *request)
{
    return request->peer;
}

void *net_tag(struct net_request *request)
{
    return request->tag;
}

void net_set_tag(struct net_request *request, void *tag)
{
    request->tag = tag;
}

bool net_alive(struct net_request *request)
{
    struct pollfd poll_fd = {.fd = request->fd, .events = POLLRDHUP};

    if (atomic_load(&request->state) == NET_ANSWERED)
        return false;
    return poll(&poll_fd, 1, 0) == 0;
}

void net_close_after(struct net_request *request)
{
    request->close_after = true;
}

void net_add_field(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        log_error("http", "the answer's field %s was left out: its value is not valid", name);
}

void net_reply(struct net_request *request, int status, const struct net_header_field *headers,
               size_t header_count, const char *body, size_t body_len)
{
    CHECK(request->magic == NET_REQUEST_MAGIC);
    /* `request->net` may be gone by now: net_stop does not wait for those it has answered itself.
     */
    /* The library takes a non-const pointer, and copies. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body_len, body_len ? (void *)body : NULL, MHD_RESPMEM_MUST_COPY);

    if (!response)
        die("out of memory for an answer of %zu bytes", body_len);
    for (size_t i = 0; i < header_count; i++)
        net_add_field(response, headers[i].name, headers[i].value);
    if (request->close_after)
        net_add_field(response, MHD_HTTP_HEADER_CONNECTION, "close");
    net_request_answer(request, status, response);
    net_request_release(request);
}
