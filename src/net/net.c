/*
 * net.c - the server's life, and the path of a request through it: head, body, handler, answer.
 */
#include "net/net_priv.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#define NET_THREADS_MAX 4
#define NET_BACKLOG 4096
#define NET_LAST_ANSWERS_MS 1000 /* after the grace of net_stop, for its 503s to leave */
/* Room for the head limit twice: the library reads into half of it, and a head beyond the limit is
 * still answered by us. Only what is used becomes resident. */
#define NET_CONNECTION_BYTES ((size_t)65536)
_Static_assert(NET_CONNECTION_BYTES / 2 >= LIMIT_HTTP_HEAD_BYTES + 8192, "a head must fit");

/* ---- parking ---- */

/* False when the server stops: then nothing may wait any more. */
static bool net_list_parked(struct net_request *request)
{
    struct net *net = request->net;

    pthread_mutex_lock(&net->mutex);
    if (!net->stopping) {
        DL_APPEND(net->parked, request);
        request->listed = true;
    }
    pthread_mutex_unlock(&net->mutex);
    if (request->listed)
        metric_add(METRIC_HTTP_PARKED, 1);
    return request->listed;
}

static void net_unlist_parked(struct net_request *request)
{
    struct net *net = request->net;

    if (!request->listed)
        return;
    pthread_mutex_lock(&net->mutex);
    DL_DELETE(net->parked, request);
    if (!net->parked)
        pthread_cond_broadcast(&net->idle);
    pthread_mutex_unlock(&net->mutex);
    request->listed = false;
    metric_add(METRIC_HTTP_PARKED, -1);
}

static enum MHD_Result net_queue(struct net_request *request, const struct net_answer *answer)
{
    net_unlist_parked(request);
    if (atomic_load(&request->net->closing))
        net_add_field(answer->response, MHD_HTTP_HEADER_CONNECTION, "close");
    return MHD_queue_response(request->connection, (unsigned)answer->status, answer->response);
}

static enum MHD_Result net_park(struct net_request *request)
{
    enum net_state running = NET_RUNNING;

    if (!net_list_parked(request)) {
        net_request_force(request);
        return net_queue(request, atomic_load(&request->answer));
    }
    MHD_suspend_connection(request->connection);
    if (!atomic_compare_exchange_strong(&request->state, &running, NET_PARKED))
        MHD_resume_connection(request->connection);
    return MHD_YES;
}

/* ---- the library's callbacks, on its threads ---- */

static void *net_on_target(void *user, const char *target, struct MHD_Connection *connection)
{
    return net_request_new(user, connection, target);
}

/* Paths and queries are looked at as they were sent. */
static size_t net_on_unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

static enum MHD_Result net_give(struct net_request *request)
{
    struct net *net = request->net;

    if (MHD_get_connection_values_n(request->connection, MHD_FOOTER_KIND, NULL, NULL) > 0) {
        struct net_refusal refusal = {ERR_INVALID_REQUEST, "trailer fields are not accepted"};
        return net_refuse(request, &refusal);
    }
    pthread_mutex_lock(&net->mutex);
    net->in_flight++;
    pthread_mutex_unlock(&net->mutex);
    request->given = true;
    atomic_fetch_add(&request->holders, 1);
    net->config.on_request(net->config.user, request);
    return MHD_YES;
}

/* The library decides how many parameters there are. It calls this after the head, for each piece
 * of the body, after the body, and once more when a parked connection wakes.
 * NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result net_on_access(void *user, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_len, void **state)
{
    struct net_request *request = *state;
    struct net_refusal refusal;
    enum MHD_Result result = MHD_YES;

    (void)user;
    (void)connection;
    (void)url;
    CHECK(request->magic == NET_REQUEST_MAGIC);
    if (!request->head_read) {
        request->head_read = true;
        if (!net_head_read(request, method, version, &refusal))
            return net_refuse(request, &refusal);
        return MHD_YES;
    }
    if (*data_len) {
        size_t len = *data_len;
        *data_len = 0;
        if (!net_body_add(request, data, len, &refusal))
            return net_refuse_now(request, &refusal);
        return MHD_YES;
    }
    if (!request->given) {
        result = net_give(request);
        if (!request->given)
            return result;
    }
    if (atomic_load(&request->state) == NET_ANSWERED)
        return net_queue(request, atomic_load(&request->answer));
    return net_park(request);
}

static void net_on_completed(void *user, struct MHD_Connection *connection, void **state,
                             enum MHD_RequestTerminationCode code)
{
    struct net *net = user;
    struct net_request *request = *state;

    (void)connection;
    (void)code;
    if (!request)
        return;
    *state = NULL;
    net_unlist_parked(request);
    if (request->given) {
        pthread_mutex_lock(&net->mutex);
        net->in_flight--;
        if (!net->in_flight)
            pthread_cond_broadcast(&net->idle);
        pthread_mutex_unlock(&net->mutex);
    }
    net_request_release(request);
}

__attribute__((format(printf, 2, 0))) static void net_on_log(void *user, const char *format,
                                                             va_list args)
{
    char text[512];

    (void)user;
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\r\n")] = '\0';
    /* Nearly all of it is what clients do, and they can do it at will. */
    log_debug("http", "%s", text);
}

static void net_on_panic(void *user, const char *file, unsigned line, const char *reason)
{
    (void)user;
    die("the HTTP library gave up: %s (%s:%u)", reason ? reason : "no reason", file, line);
}

/* ---- start ---- */

static void net_raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        log_warn("http", "the number of open files stays limited: %s", strerror(errno));
}

static int net_listen_on(const struct addrinfo *address)
{
    int one = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, address->ai_addr, address->ai_addrlen) || listen(fd, NET_BACKLOG)) {
        close(fd);
        return -1;
    }
    return fd;
}

static uint16_t net_listen_port(int fd)
{
    union {
        struct sockaddr_storage storage;
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof(address);

    CHECK(getsockname(fd, &address.any, &len) == 0);
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static enum err net_listen(struct net *net)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *address = NULL;
    char port[8];

    snprintf(port, sizeof(port), "%u", net->config.port);
    if (getaddrinfo(net->config.host, port, &hints, &address)) {
        log_error("http", "%s is not a numeric address", net->config.host);
        return ERR_INVALID_REQUEST;
    }
    net->listen_fd = net_listen_on(address);
    freeaddrinfo(address);
    if (net->listen_fd < 0) {
        log_error("http", "cannot listen on %s port %s: %s", net->config.host, port,
                  strerror(errno));
        return ERR_UNAVAILABLE;
    }
    net->port = net_listen_port(net->listen_fd);
    return ERR_OK;
}

static unsigned net_thread_count(const struct net_config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->threads)
        return config->threads;
    if (cores < 1)
        return 1;
    return cores > NET_THREADS_MAX ? NET_THREADS_MAX : (unsigned)cores;
}

static enum err net_start_library(struct net *net)
{
    unsigned threads = net_thread_count(&net->config);
    unsigned connections = net->config.connections_max;
    /* The library wants no pool of one thread. */
    enum MHD_OPTION pool = threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END;
    /* net_head.c checks more than 0.9's strict mode does, and answers in our form. */
    intptr_t strict = net->layout_known ? 0 : 1;

    if (!connections)
        connections = LIMIT_HTTP_CONNECTIONS;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_EXTERNAL_LOGGER,         (intptr_t)net_on_log,           net },
        {MHD_OPTION_LISTEN_SOCKET,           net->listen_fd,                 NULL},
        {MHD_OPTION_URI_LOG_CALLBACK,        (intptr_t)net_on_target,        net },
        {MHD_OPTION_UNESCAPE_CALLBACK,       (intptr_t)net_on_unescape,      net },
        {MHD_OPTION_NOTIFY_COMPLETED,        (intptr_t)net_on_completed,     net },
        {MHD_OPTION_CONNECTION_LIMIT,        connections,                    NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT,      LIMIT_HTTP_IDLE_S,              NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)NET_CONNECTION_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT,       strict,                         NULL},
        {pool,                               threads,                        NULL},
        {MHD_OPTION_END,                     0,                              NULL},
    };

    net->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        net_on_access, net, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (net->daemon)
        return ERR_OK;
    log_error("http", "the HTTP library did not start");
    return ERR_UNAVAILABLE;
}

enum err net_start(const struct net_config *config, struct net **ret)
{
    struct net *net = xalloc(sizeof(*net));
    pthread_condattr_t monotonic;
    enum err err;

    net->config = *config;
    net->listen_fd = -1;
    net->layout_known = strncmp(MHD_get_version(), "0.9.", 4) == 0;
    pthread_mutex_init(&net->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&net->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    MHD_set_panic_func(net_on_panic, NULL);
    net_raise_file_limit();
    err = net_listen(net);
    if (!err)
        err = net_start_library(net);
    if (err) {
        net_stop(net, 0);
        return err;
    }
    *ret = net;
    return ERR_OK;
}

uint16_t net_port(const struct net *net)
{
    return net->port;
}

/* ---- stop ---- */

void net_quiesce(struct net *net)
{
    if (atomic_exchange(&net->closing, true))
        return;
    MHD_quiesce_daemon(net->daemon);
    /* The descriptor stays ours until the threads are gone; who connects from now on is refused at
     * once. */
    shutdown(net->listen_fd, SHUT_RDWR);
}

static void net_wait_idle(struct net *net, int64_t wait_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&net->mutex);
    while (net->in_flight && !pthread_cond_timedwait(&net->idle, &net->mutex, &until))
        ;
    pthread_mutex_unlock(&net->mutex);
}

/* From here on nothing is parked, and what was is awake: the library cannot stop otherwise. */
static void net_force_all(struct net *net)
{
    pthread_mutex_lock(&net->mutex);
    net->stopping = true;
    for (struct net_request *request = net->parked; request; request = request->next)
        net_request_force(request);
    while (net->parked)
        pthread_cond_wait(&net->idle, &net->mutex);
    pthread_mutex_unlock(&net->mutex);
}

void net_stop(struct net *net, int64_t grace_ms)
{
    if (!net)
        return;
    if (net->daemon) {
        net_quiesce(net);
        net_wait_idle(net, grace_ms);
        net_force_all(net);
        net_wait_idle(net, NET_LAST_ANSWERS_MS);
        MHD_stop_daemon(net->daemon);
    }
    if (net->listen_fd >= 0)
        close(net->listen_fd);
    pthread_cond_destroy(&net->idle);
    pthread_mutex_destroy(&net->mutex);
    free(net);
}
