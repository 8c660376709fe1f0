/*
 * redis_liar.h - a server in the place of Redis that says whatever it likes: a thread with a
 * socket.
 */
#ifndef FERMATA_TESTS_REDIS_LIAR_H
#define FERMATA_TESTS_REDIS_LIAR_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "unit/unit.h"

enum { LIAR_FIRST_PORT = 21200, LIAR_PORTS = 100 };

/* The first greeting of a connection is answered as Redis does, what comes then with `answer`. */
struct liar {
    const char *answer;
    size_t len;
    bool repeats;         /* the answer has no end */
    bool closes;          /* after the answer */
    bool speaks_unasked;  /* after the answer was read */
    bool is_honest_later; /* from the second connection on: PONG to everything */
    int listener;
    char url[64];
    pthread_t thread;
    atomic_bool is_over;
    const char *other_word, *other_answer; /* to questions with this word; null: to none */
    atomic_int connections, unasked, others;
    _Atomic int64_t sent;
};

static const char liar_pong[] = "+PONG\r\n";

static inline void liar_send(struct liar *liar, int fd, const char *text, size_t len)
{
    while (len && !atomic_load(&liar->is_over)) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
        ssize_t put;

        if (poll(&poll_fd, 1, 20) <= 0)
            continue;
        put = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno != EAGAIN)
            return;
        if (put > 0) {
            text += put;
            len -= (size_t)put;
            atomic_fetch_add(&liar->sent, put);
        }
    }
}

/* Whether somebody still listens. */
static inline bool liar_hears(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

static inline void liar_answer(struct liar *liar, int fd, const char *question)
{
    if (liar->other_word && strstr(question, liar->other_word)) {
        liar_send(liar, fd, liar->other_answer, strlen(liar->other_answer));
        atomic_fetch_add(&liar->others, 1);
        return;
    }
    if (liar->is_honest_later && atomic_load(&liar->connections) > 1) {
        liar_send(liar, fd, liar_pong, sizeof(liar_pong) - 1);
        return;
    }
    do {
        liar_send(liar, fd, liar->answer, liar->len);
    } while (liar->repeats && liar_hears(fd) && !atomic_load(&liar->is_over));
}

/* Once, when it was quiet for a while after the first answer. */
static inline void liar_speak(struct liar *liar, int fd, bool is_greeted)
{
    static const char word[] = "+unasked\r\n";

    if (!liar->speaks_unasked || !is_greeted || atomic_load(&liar->unasked))
        return;
    if (atomic_load(&liar->sent) < (int64_t)(sizeof(liar_pong) - 1 + liar->len))
        return;
    liar_send(liar, fd, word, sizeof(word) - 1);
    atomic_store(&liar->unasked, 1);
}

static inline void liar_serve(struct liar *liar, int fd)
{
    bool is_greeted = false;

    while (!atomic_load(&liar->is_over)) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        char bytes[4096];
        ssize_t got;

        if (poll(&poll_fd, 1, 20) <= 0) {
            liar_speak(liar, fd, is_greeted);
            continue;
        }
        got = recv(fd, bytes, sizeof(bytes) - 1, 0);
        if (got <= 0)
            return;
        bytes[got] = '\0';
        if (!is_greeted)
            liar_send(liar, fd, liar_pong, sizeof(liar_pong) - 1);
        else
            liar_answer(liar, fd, bytes);
        if (is_greeted && liar->closes)
            return;
        is_greeted = true;
    }
}

static inline void *liar_main(void *user)
{
    struct liar *liar = user;

    while (!atomic_load(&liar->is_over)) {
        struct pollfd poll_fd = {.fd = liar->listener, .events = POLLIN};
        int fd;

        if (poll(&poll_fd, 1, 20) <= 0)
            continue;
        fd = accept(liar->listener, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* as Redis does */
        atomic_fetch_add(&liar->connections, 1);
        liar_serve(liar, fd);
        close(fd);
    }
    return NULL;
}

/* The one that runs: a test that fails leaves it to the teardown. */
static struct liar *the_liar;

static inline struct liar *liar_open(const struct liar *form)
{
    struct liar *liar = xalloc(sizeof(*liar));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port = LIAR_FIRST_PORT, failed = -1;

    *liar = *form;

    liar->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(liar->listener >= 0);
    for (; failed && port < LIAR_FIRST_PORT + LIAR_PORTS; port++) {
        at.sin_port = htons((uint16_t)port);
        failed = bind(liar->listener, (struct sockaddr *)&at, sizeof(at));
    }
    assert_int_equal(failed, 0);
    assert_int_equal(listen(liar->listener, 8), 0);
    snprintf(liar->url, sizeof(liar->url), "redis://127.0.0.1:%d", port - 1);
    the_liar = liar;
    assert_int_equal(pthread_create(&liar->thread, NULL, liar_main, liar), 0);
    return liar;
}

static inline int liar_close(void **state)
{
    struct liar *liar = the_liar;

    (void)state;
    the_liar = NULL;
    if (!liar)
        return 0;
    atomic_store(&liar->is_over, true);
    pthread_join(liar->thread, NULL);
    close(liar->listener);
    free(liar);
    return 0;
}

#endif
