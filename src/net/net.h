/*
 * net.h - the HTTP server: requests come in whole, answers go out, long ones are parked.
 *
 * The library behind it (libmicrohttpd) is seen nowhere else. Net knows nothing of the product: it
 * checks the framing and the sizes of HTTP, reads the body into the request's arena, and calls
 * on_request on one of its threads. The handler answers at once with net_reply, or returns without
 * an answer: then the request is parked and any thread may call net_reply later, once.
 *
 * Every net_request has an arena that lives until the answer has been sent. Between on_request and
 * net_reply it belongs to whoever holds the request.
 */
#ifndef FERMATA_NET_NET_H
#define FERMATA_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;
struct net;
struct net_request;

struct net_config {
    const char *host; /* numeric address */
    uint16_t port;    /* 0: any, see net_port */
    unsigned threads; /* 0: as many as cores, at most 4 */
    unsigned connections_max;
    /* The request is whole. `user` is the config's. Called on a net thread. */
    void (*on_request)(void *user, struct net_request *request);
    /* Called after the first head line is read, before the body: how many bytes of body this route
     * takes (0: none allowed). Unknown routes may say any number; the body is read and thrown away
     * within it. */
    size_t (*body_bytes_max)(void *user, const char *method, const char *path);
    /* The form of errors that net itself has to answer (413, 400 framing, 503 when it stops): fills
     * body text in the arena. Called on any thread. */
    const char *(*error_body)(void *user, struct arena *arena, const struct fault *fault,
                              const char **ret_content_type, size_t *ret_len);
    void *user;
};

enum err net_start(const struct net_config *config, struct net **ret) MUST_CHECK;
uint16_t net_port(const struct net *net);
/* No new connections; net_stop waits until every parked request has been answered, at most
 * grace_ms. */
void net_quiesce(struct net *net);
/* What is parked after the grace is answered with 503; whoever holds such a request may still call
 * net_reply later, into nothing. Frees; null is allowed. */
void net_stop(struct net *net, int64_t grace_ms);

/* What came in. All strings live in the request's arena. The path and query are as sent, not
 * decoded. */
struct arena *net_arena(struct net_request *request);
const char *net_method(const struct net_request *request);
const char *net_path(const struct net_request *request); /* raw, without the query */
/* Raw, without '?'; "" when there is none. */
const char *net_query(const struct net_request *request);
/* A header field's value, or null; when it is there twice, *ret_count (may be null) says so. */
const char *net_header(struct net_request *request, const char *name, unsigned *ret_count);
const char *net_body(const struct net_request *request, size_t *ret_len);
const char *net_peer(const struct net_request *request); /* numeric address of the other side */
void *net_tag(struct net_request *request);              /* the handler's own pointer */
void net_set_tag(struct net_request *request, void *tag);
/* False when the other side of a parked request has gone away, or has said that it will send no
 * more: do not hand out a task to it. */
bool net_alive(struct net_request *request);

struct net_header_field {
    const char *name, *value;
};
/* Answers, and counts it in the metrics. Body and headers are copied or live in the request's
 * arena; afterwards the request must not be touched. May be called from any thread, also from
 * inside on_request. */
void net_reply(struct net_request *request, int status, const struct net_header_field *headers,
               size_t header_count, const char *body, size_t body_len);
/* Closes the connection after this answer. Call before net_reply. */
void net_close_after(struct net_request *request);

#endif
