/*
 * bench_load.c - a load generator: clients in a closed loop over keep-alive HTTP/1.1 on loopback.
 *
 * One thread, one epoll, no copies beyond the socket's: it must cost the server's machine as little
 * as possible. Mode `call` sends one request after another from each client, with {n} in path and
 * body replaced by a rising number; the requests are made, and those of the Step Functions API
 * signed, before the clock starts. Mode `flow` starts executions and does their tasks, and takes
 * the time from the start's request to the answer of the last complete_task. The result is one line
 * of JSON on stdout; first_ns in it is CLOCK_MONOTONIC at the first request, for whoever waits for
 * more than the answers.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "load_sign.h"

enum { LOAD_CLIENTS_MAX = 1024, LOAD_OUT_BYTES = 8192, LOAD_IN_BYTES = 65536, LOAD_EVENTS = 256 };

#define API "/api/v3/orchestration/"

struct load_options {
    const char *token, *method, *path, *body, *expect, *plan, *task;
    const char *action; /* of the Step Functions API, signed with the key */
    struct load_key key;
    int64_t port, clients, count, from, tasks;
    bool is_flow;
};

enum load_role { ROLE_CALLER, ROLE_STARTER, ROLE_POLLER, ROLE_COMPLETER };

struct load_client {
    int fd;
    enum load_role role;
    int64_t number; /* of what its request is about */
    char *in;
    size_t in_len, in_size;
};

/* One execution of a flow: over when its start and all of its tasks have been answered. */
struct load_flow {
    int64_t started_ns;
    struct load_client *starter;
    int64_t answers;
};

struct load {
    struct load_options options;
    struct load_client *clients;
    size_t client_count;
    const char **requests;      /* of calls, whole; by number - from */
    struct load_flow *flows;    /* by number - from */
    int64_t *sent_ns, *took_ns; /* by number - from; took in the order of the ends */
    int64_t next, done, polls, errors, first_ns, last_ns;
    int epoll;
    char out[LOAD_OUT_BYTES];
};

static int64_t load_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- one connection ---- */

static void load_connect(struct load *load, struct load_client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->options.port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)))
        die("cannot connect to port %lld: %s", (long long)load->options.port, strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    client->in_size = LOAD_IN_BYTES;
    client->in = xalloc(client->in_size);
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event))
        die("epoll_ctl: %s", strerror(errno));
}

/* Its body is JSON, or empty. */
static const char *load_form(struct load *load, const char *method, const char *path,
                             const char *body)
{
    size_t body_len = strlen(body);
    int len = snprintf(load->out, sizeof(load->out),
                       "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n", method,
                       path, load->options.token);

    if (body_len)
        len += snprintf(load->out + len, sizeof(load->out) - (size_t)len,
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", body_len,
                        body);
    else
        len += snprintf(load->out + len, sizeof(load->out) - (size_t)len, "\r\n");
    CHECK((size_t)len < sizeof(load->out));
    return load->out;
}

/* The request is small and the socket's buffer empty: it goes out in one piece. */
static void load_send(struct load_client *client, const char *request)
{
    size_t len = strlen(request);

    if (send(client->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
        die("send: %s", strerror(errno));
}

/* Text with every {n} replaced by seven digits. */
static const char *load_fill(const char *text, int64_t number, char *to, size_t size)
{
    size_t len = 0;

    while (*text && len + 8 < size) {
        if (strncmp(text, "{n}", 3) == 0) {
            len += (size_t)snprintf(to + len, size - len, "%07lld", (long long)number);
            text += 3;
        } else {
            to[len++] = *text++;
        }
    }
    CHECK(!*text);
    to[len] = '\0';
    return to;
}

/* ---- what is sent ---- */

static void load_prepare(struct load *load)
{
    const struct load_options *options = &load->options;
    struct arena *arena = arena_new();
    char path[1024], body[4096];

    load->requests = xalloc((size_t)options->count * sizeof(*load->requests));
    for (int64_t i = 0; i < options->count; i++) {
        const char *request;

        load_fill(options->body, options->from + i, body, sizeof(body));
        if (options->action)
            request =
                load_sign(arena, &options->key, (uint16_t)options->port, options->action, body);
        else
            request =
                load_form(load, options->method,
                          load_fill(options->path, options->from + i, path, sizeof(path)), body);
        load->requests[i] = xstrdup(request);
        arena_reset(arena);
    }
    arena_free(arena);
}

static void load_call(struct load *load, struct load_client *client)
{
    if (load->next == load->options.count)
        return;
    client->number = load->next++;
    load->sent_ns[client->number] = load_now_ns();
    load_send(client, load->requests[client->number]);
}

static void load_start(struct load *load, struct load_client *client)
{
    struct load_flow *flow;
    char body[1024];

    if (load->next == load->options.count)
        return;
    client->number = load->next++;
    flow = &load->flows[client->number];
    flow->starter = client;
    flow->started_ns = load_now_ns();
    snprintf(body, sizeof(body),
             "{\"plan_id\":\"%s\",\"plan_execution_id\":\"f-%07lld\",\"input\":{\"order\":1}}",
             load->options.plan, (long long)(load->options.from + client->number));
    load_send(client, load_form(load, "POST", API "run_plan", body));
}

static void load_poll(struct load *load, struct load_client *client)
{
    char body[1024];

    /* When all is done the last polls come back empty: none is left parked at the server. */
    if (load->done == load->options.count)
        return;
    load->polls++;
    client->role = ROLE_POLLER;
    snprintf(body, sizeof(body), "{\"task\":\"%s\",\"worker\":\"w%d\",\"wait_ms\":1000}",
             load->options.task, client->fd);
    load_send(client, load_form(load, "POST", API "poll_task", body));
}

/* ---- what comes back ---- */

static void load_took(struct load *load, int64_t since_ns)
{
    load->last_ns = load_now_ns();
    load->took_ns[load->done++] = load->last_ns - since_ns;
}

static void load_flow_answer(struct load *load, int64_t number)
{
    struct load_flow *flow = &load->flows[number];

    if (++flow->answers < load->options.tasks + 1)
        return;
    load_took(load, flow->started_ns);
    load_start(load, flow->starter);
}

/* A member's string value, as it stands in the answer. */
static const char *load_member(const char *json, const char *name, size_t *ret_len)
{
    const char *at = strstr(json, name);

    *ret_len = 0;
    if (!at)
        return "";
    at += strlen(name);
    *ret_len = strcspn(at, "\"");
    return at;
}

static void load_polled(struct load *load, struct load_client *client, const char *json)
{
    size_t token_len, id_len;
    const char *token = load_member(json, "\"task_token\":\"", &token_len);
    const char *id = load_member(json, "\"plan_execution_id\":\"f-", &id_len);
    char body[1024];

    load->polls--;
    if (!token_len || !id_len) {
        load_poll(load, client);
        return;
    }
    client->number = strtoll(id, NULL, 10) - load->options.from;
    if (client->number < 0 || client->number >= load->options.count)
        die("a task of another run: %.*s", (int)id_len, id);
    client->role = ROLE_COMPLETER;
    snprintf(body, sizeof(body), "{\"task_token\":\"%.*s\",\"output\":{\"ok\":true}}",
             (int)token_len, token);
    load_send(client, load_form(load, "POST", API "complete_task", body));
}

static void load_answered(struct load *load, struct load_client *client, int status,
                          const char *body)
{
    if (status != 200 || (load->options.expect && client->role == ROLE_CALLER &&
                          !strstr(body, load->options.expect))) {
        if (!load->errors++)
            fprintf(stderr, "bench_load: status %d: %.300s\n", status, body);
    }
    switch (client->role) {
    case ROLE_CALLER:
        load_took(load, load->sent_ns[client->number]);
        load_call(load, client);
        break;
    case ROLE_STARTER:
        load_flow_answer(load, client->number);
        break;
    case ROLE_POLLER:
        load_polled(load, client, body);
        break;
    case ROLE_COMPLETER:
        load_flow_answer(load, client->number);
        load_poll(load, client);
        break;
    }
}

/* Whether a whole answer has come; gives its status and its body, NUL-terminated. */
static bool load_whole(struct load_client *client, int *ret_status, const char **ret_body)
{
    static const char mark[] = "\r\nContent-Length: ";
    char *end, *length;
    size_t head, body;

    client->in[client->in_len] = '\0';
    end = strstr(client->in, "\r\n\r\n");
    if (!end)
        return false;
    length = strstr(client->in, mark);
    if (strncmp(client->in, "HTTP/1.1 ", 9) != 0 || !length || length > end)
        die("not an answer: %.200s", client->in);
    head = (size_t)(end - client->in) + 4;
    body = strtoul(length + sizeof(mark) - 1, NULL, 10);
    if (client->in_len < head + body)
        return false;
    if (client->in_len > head + body)
        die("more than an answer");
    *ret_status = (int)strtol(client->in + 9, NULL, 10);
    *ret_body = end + 4;
    return true;
}

static void load_read(struct load *load, struct load_client *client)
{
    const char *body;
    ssize_t len;
    int status;

    if (client->in_size - client->in_len < LOAD_IN_BYTES / 2) {
        client->in_size *= 2;
        client->in = xrealloc(client->in, client->in_size);
    }
    len = recv(client->fd, client->in + client->in_len, client->in_size - client->in_len - 1, 0);
    if (len <= 0)
        die("the server closed a connection: %s", len ? strerror(errno) : "end");
    client->in_len += (size_t)len;
    if (!load_whole(client, &status, &body))
        return;
    client->in_len = 0;
    load_answered(load, client, status, body);
}

/* ---- the run ---- */

static void load_begin(struct load *load)
{
    load->client_count = (size_t)load->options.clients * (load->options.is_flow ? 2 : 1);
    load->clients = xalloc(load->client_count * sizeof(*load->clients));
    load->flows = xalloc((size_t)load->options.count * sizeof(*load->flows));
    load->sent_ns = xalloc((size_t)load->options.count * sizeof(*load->sent_ns));
    load->took_ns = xalloc((size_t)load->options.count * sizeof(*load->took_ns));
    if (!load->options.is_flow)
        load_prepare(load);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(load->epoll >= 0);
    for (size_t i = 0; i < load->client_count; i++)
        load_connect(load, &load->clients[i]);
    load->first_ns = load_now_ns();
    /* In a flow the second half are workers; they must wait before there is work. */
    for (size_t i = load->client_count; i-- > 0;) {
        struct load_client *client = &load->clients[i];

        if (!load->options.is_flow) {
            load_call(load, client);
        } else if (i >= load->client_count / 2) {
            load_poll(load, client);
        } else {
            client->role = ROLE_STARTER;
            load_start(load, client);
        }
    }
}

static int load_compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static double load_at(const struct load *load, double part)
{
    int64_t index = (int64_t)((double)load->done * part);

    return load->done ? (double)load->took_ns[index < load->done ? index : load->done - 1] / 1e3
                      : 0;
}

static void load_print(struct load *load)
{
    double seconds = (double)(load->last_ns - load->first_ns) / 1e9;
    struct rusage usage;
    double cpu_us;

    getrusage(RUSAGE_SELF, &usage);
    cpu_us = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
             (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    qsort(load->took_ns, (size_t)load->done, sizeof(*load->took_ns), load_compare);
    printf("{\"count\":%lld,\"errors\":%lld,\"seconds\":%.6f,\"rate\":%.1f,\"p50_us\":%.1f,"
           "\"p99_us\":%.1f,\"max_us\":%.1f,\"own_cpu_us\":%.2f,\"first_ns\":%lld}\n",
           (long long)load->done, (long long)load->errors, seconds, (double)load->done / seconds,
           load_at(load, 0.5), load_at(load, 0.99), load_at(load, 1), cpu_us / (double)load->done,
           (long long)load->first_ns);
}

static void load_run(struct load *load)
{
    struct epoll_event events[LOAD_EVENTS];

    load_begin(load);
    while (load->done < load->options.count || load->polls) {
        int count = epoll_wait(load->epoll, events, LOAD_EVENTS, 60000);

        if (count == 0)
            die("nothing came for a minute; %lld of %lld are done", (long long)load->done,
                (long long)load->options.count);
        for (int i = 0; i < count; i++)
            load_read(load, events[i].data.ptr);
    }
    load_print(load);
}

/* ---- options ---- */

/* clang-format off */
static const struct argp_option load_argp_options[] = {
    {"port",    'p', "N",      0, "of the server, on loopback", 0},
    {"token",   't', "TEXT",   0, "the bearer token", 0},
    {"clients", 'c', "N",      0, "connections, each with one request under way (1)", 0},
    {"count",   'n', "N",      0, "requests, or executions of a flow (1)", 0},
    {"from",    'f', "N",      0, "the first number (0)", 0},
    {"action",  'a', "NAME",   0, "of a call: an action of the Step Functions API", 0},
    {"key",     'i', "ID",     0, "the access key that signs it", 0},
    {"secret",  's', "TEXT",   0, "of the access key", 0},
    {"region",  'r', "NAME",   0, "for the signature (us-east-1)", 0},
    {"method",  'm', "METHOD", 0, "of a call (POST)", 0},
    {"path",    'u', "PATH",   0, "of a call", 0},
    {"body",    'b', "JSON",   0, "of a call", 0},
    {"expect",  'e', "TEXT",   0, "must stand in every answer of a call", 0},
    {"plan",    'P', "NAME",   0, "mode flow: start this plan, with as many workers", 0},
    {"task",    'T', "NAME",   0, "of a flow: the queue its workers poll", 0},
    {"tasks",   'k', "N",      0, "of a flow: tasks of one execution (1)", 0},
    {0},
};
/* clang-format on */

/* clang-format off */
static const struct {
    int key;
    bool is_number;
    size_t offset;
} load_places[] = {
    {'t', false, offsetof(struct load_options, token)},
    {'c', true,  offsetof(struct load_options, clients)},
    {'n', true,  offsetof(struct load_options, count)},
    {'f', true,  offsetof(struct load_options, from)},
    {'a', false, offsetof(struct load_options, action)},
    {'i', false, offsetof(struct load_options, key.access_key_id)},
    {'s', false, offsetof(struct load_options, key.secret)},
    {'r', false, offsetof(struct load_options, key.region)},
    {'m', false, offsetof(struct load_options, method)},
    {'u', false, offsetof(struct load_options, path)},
    {'b', false, offsetof(struct load_options, body)},
    {'e', false, offsetof(struct load_options, expect)},
    {'P', false, offsetof(struct load_options, plan)},
    {'T', false, offsetof(struct load_options, task)},
    {'k', true,  offsetof(struct load_options, tasks)},
    {'p', true,  offsetof(struct load_options, port)},
};
/* clang-format on */

static error_t load_option(int key, char *text, struct argp_state *state)
{
    for (size_t i = 0; i < ARRAY_SIZE(load_places); i++) {
        char *place = (char *)state->input + load_places[i].offset;

        if (load_places[i].key != key)
            continue;
        if (load_places[i].is_number)
            *(int64_t *)(void *)place = strtoll(text, NULL, 10);
        else
            *(const char **)(void *)place = text;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* What it is to do is one of three: a flow, a signed action, a call of our own API. */
static bool load_is_clear(const struct load_options *options)
{
    if (options->port < 1 || options->port > UINT16_MAX || options->clients < 1 ||
        options->clients > LOAD_CLIENTS_MAX || options->count < 1)
        return false;
    if (options->is_flow)
        return options->token && options->task;
    if (options->action)
        return options->key.access_key_id && options->key.secret;
    return options->token && options->path;
}

int main(int argc, char **argv)
{
    const struct argp argp = {load_argp_options,
                              load_option,
                              NULL,
                              "Loads a Fermata server and says how fast it was.",
                              NULL,
                              NULL,
                              NULL};
    struct load load = {
        .options = {.method = "POST",
                    .body = "",
                    .key = {.region = "us-east-1"},
                    .clients = 1,
                    .count = 1,
                    .tasks = 1}
    };

    argp_parse(&argp, argc, argv, 0, NULL, &load.options);
    load.options.is_flow = load.options.plan != NULL;
    if (!load_is_clear(&load.options))
        die("see bench_load --help");
    load_run(&load);
    return load.errors ? 1 : 0;
}
