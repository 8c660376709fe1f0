/*
 * net_priv.h - what the files of net share: the server, a request and how it is answered.
 *
 * A request is held by two sides: the library, from the first line until the answer is on its way,
 * and the handler, from on_request until net_reply. It is freed when both have let go, so that a
 * handler that answers after net_stop has given up waiting finds its request still there.
 *
 * Which answer counts is decided by one compare-and-swap of `answer`: the handler's, or the 503 of
 * net_stop.
 */
#ifndef FERMATA_NET_NET_PRIV_H
#define FERMATA_NET_NET_PRIV_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <arpa/inet.h>

#include "base/arena.h"
#include "net/net.h"

struct net {
    struct net_config config;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    bool layout_known; /* see net_head_check_layout */
    atomic_bool closing;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t idle;   /* in_flight became 0, or parked became empty */
    struct net_request *parked;
    unsigned in_flight; /* given to on_request, answer not yet sent */
    bool stopping;      /* nothing may be parked any more */
};

struct net_answer {
    struct MHD_Response *response;
    int status;
};

enum net_state { NET_RUNNING, NET_PARKED, NET_ANSWERED };

struct net_field {
    const char *name, *value;
};

#define NET_REQUEST_MAGIC 0x6e65742du

struct net_request {
    unsigned magic;
    struct net *net;
    struct arena *arena;
    struct MHD_Connection *connection;
    const char *raw_target; /* where the library has it; only an address to compare with */
    const char *target;     /* as sent */
    size_t target_len;
    const char *method, *path, *query;
    struct net_field *fields;
    size_t field_count;
    char peer[INET6_ADDRSTRLEN];
    int fd;

    uint64_t body_announced; /* Content-Length */
    size_t body_max;
    char *body; /* heap; NUL-terminated when it is there */
    size_t body_len, body_capacity;
    int64_t started_us;

    bool head_read, given, listed; /* of the library's thread */
    bool close_after;
    void *tag;

    _Atomic(struct net_answer *) answer;
    _Atomic(enum net_state) state;
    atomic_int holders;
    struct net_request *prev, *next; /* in net->parked */
};

/* What stands in the way of a request: written for error_body, `detail` is a constant. */
struct net_refusal {
    enum err err;
    const char *detail;
};

/* net_head.c */
bool net_head_read(struct net_request *request, const char *method, const char *version,
                   struct net_refusal *ret);

/* net_body.c */
bool net_body_add(struct net_request *request, const char *data, size_t len,
                  struct net_refusal *ret);

/* net_target.c */
bool net_target_check(const char *target, struct net_refusal *ret);

/* net_request.c */
struct net_request *net_request_new(struct net *net, struct MHD_Connection *connection,
                                    const char *target);
void net_request_release(struct net_request *request);
bool net_request_answer(struct net_request *request, int status, struct MHD_Response *response);
void net_request_force(struct net_request *request);
void net_add_field(struct MHD_Response *response, const char *name, const char *value);

/* net_refuse.c */
struct MHD_Response *net_refuse_response(struct net *net, const struct net_refusal *refusal);
enum MHD_Result net_refuse(struct net_request *request, const struct net_refusal *refusal);
enum MHD_Result net_refuse_now(struct net_request *request, const struct net_refusal *refusal);

#endif
