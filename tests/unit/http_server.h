/*
 * http_server.h - a small HTTP server of the tests' own, on 127.0.0.1, that answers by path.
 *
 * It knows no more of HTTP than the tests of outbound calls need: one thread a connection,
 * connections are kept, requests have a Content-Length. A path that is not in its table is
 * answered with the request itself, so that a test sees what arrived.
 */
#ifndef FERMATA_TESTS_HTTP_SERVER_H
#define FERMATA_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

enum { HTTP_SERVER_CONNECTIONS = 64, HTTP_SERVER_BYTES = 1 << 16 };

/* The whole answer, written as it is. Null: hangs until the client goes. Empty: closes. */
struct http_server_path {
    const char *path, *answer;
    bool close; /* when it has been written */
};

struct http_server {
    const struct http_server_path *paths;
    size_t path_count;
    int listener;
    uint16_t port;
    pthread_t thread;
    struct http_server_connection {
        struct http_server *server;
        pthread_t thread;
        int socket;
    } connections[HTTP_SERVER_CONNECTIONS];
    _Atomic unsigned connection_count, request_count;
};

static void http_server_write(int socket, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(socket, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

/* Reads one request into text; 0 when the client has gone, or speaks TLS. */
static size_t http_server_read(int socket, char *text, size_t capacity)
{
    size_t len = 0, whole = 0;

    while (whole == 0 || len < whole) {
        ssize_t n = recv(socket, text + len, capacity - 1 - len, 0);
        const char *end, *length;

        if (n <= 0)
            return 0;
        len += (size_t)n;
        text[len] = '\0';
        if (text[0] < 'A')
            return 0;
        end = strstr(text, "\r\n\r\n");
        if (!end)
            continue;
        length = strcasestr(text, "\r\nContent-Length:");
        whole = (size_t)(end + 4 - text);
        if (length && length < end)
            whole += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
        CHECK(whole < capacity);
    }
    return len;
}

static const struct http_server_path *http_server_find(const struct http_server *server,
                                                       const char *request)
{
    const char *path = strchr(request, ' ') + 1;
    size_t len = strcspn(path, " ?");

    for (size_t i = 0; i < server->path_count; i++) {
        if (strlen(server->paths[i].path) == len && memcmp(server->paths[i].path, path, len) == 0)
            return &server->paths[i];
    }
    return NULL;
}

/* False when the connection is to be closed. */
static bool http_server_answer(const struct http_server_connection *connection, char *text,
                               size_t len)
{
    const struct http_server_path *path = http_server_find(connection->server, text);
    char head[128];

    if (!path) {
        snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
                 strncmp(text, "HEAD", 4) == 0 ? 0 : len);
        http_server_write(connection->socket, head, strlen(head));
        if (strncmp(text, "HEAD", 4) != 0)
            http_server_write(connection->socket, text, len);
        return true;
    }
    if (path->answer)
        http_server_write(connection->socket, path->answer, strlen(path->answer));
    else
        CHECK(http_server_read(connection->socket, text, HTTP_SERVER_BYTES) == 0);
    return path->answer && !path->close;
}

static void *http_server_serve(void *user)
{
    struct http_server_connection *connection = user;
    char *text = calloc(1, HTTP_SERVER_BYTES);
    bool kept = true;

    CHECK(text != NULL);
    while (kept) {
        size_t len = http_server_read(connection->socket, text, HTTP_SERVER_BYTES);

        if (len == 0)
            break;
        atomic_fetch_add(&connection->server->request_count, 1);
        kept = http_server_answer(connection, text, len);
    }
    shutdown(connection->socket, SHUT_RDWR);
    free(text);
    return NULL;
}

static void *http_server_main(void *user)
{
    struct http_server *server = user;

    for (;;) {
        int socket = accept(server->listener, NULL, NULL);
        unsigned i = atomic_load(&server->connection_count);

        if (socket < 0)
            return NULL;
        CHECK(i < HTTP_SERVER_CONNECTIONS);
        server->connections[i].server = server;
        server->connections[i].socket = socket;
        atomic_store(&server->connection_count, i + 1);
        CHECK(pthread_create(&server->connections[i].thread, NULL, http_server_serve,
                             &server->connections[i]) == 0);
    }
}

/* A port below 32768, so that no client of this machine is given it. */
static void http_server_start(struct http_server *server, const struct http_server_path *paths,
                              size_t path_count)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int bound = -1;

    *server = (struct http_server){.paths = paths, .path_count = path_count};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (unsigned i = 0; bound != 0 && i < 1000; i++) {
        server->port = (uint16_t)(20000 + ((unsigned)getpid() * 7 + i) % 12000);
        address.sin_port = htons(server->port);
        bound = bind(server->listener, (struct sockaddr *)&address, sizeof(address));
    }
    CHECK(bound == 0);
    CHECK(listen(server->listener, 128) == 0);
    CHECK(pthread_create(&server->thread, NULL, http_server_main, server) == 0);
}

static void http_server_stop(struct http_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (unsigned i = 0; i < atomic_load(&server->connection_count); i++) {
        shutdown(server->connections[i].socket, SHUT_RDWR);
        pthread_join(server->connections[i].thread, NULL);
        close(server->connections[i].socket);
    }
}

#endif
