/*
 * work_world.h - a server, the room of outbound calls, and what became of each call.
 */
#ifndef FERMATA_TESTS_WORK_WORLD_H
#define FERMATA_TESTS_WORK_WORLD_H

#include "work/work.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/limits.h"
#include "unit/http_server.h"
#include "unit/unit.h"

#define ANSWER_BYTES_MAX 5000

#define WORLD_TEAPOT                                                                               \
    "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\nA: 1\r\nA:  2 \r\nB:\r\n\r\n"
#define WORLD_CONTINUE                                                                             \
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"                                                  \
    "HTTP/1.1 200 Late\r\nContent-Length: 2\r\n\r\nab"
#define WORLD_CHUNKED                                                                              \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"                                        \
    "3\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n"

static const struct http_server_path work_paths[] = {
    {"/ok",       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello", false},
    {"/teapot",   WORLD_TEAPOT,                                                                    false},
    {"/bare",     "HTTP/1.1 503\r\nContent-Length: 2\r\n\r\nno",                                   false},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n",              false},
    {"/continue", WORLD_CONTINUE,                                                                  false},
    {"/chunked",  WORLD_CHUNKED,                                                                   false},
    {"/close",    "HTTP/1.1 200 OK\r\n\r\nuntil the end",                                          true },
    {"/cut",      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",                             true },
    {"/nothing",  "",                                                                              true },
    {"/junk",     "SSH-2.0-OpenSSH\r\n\r\n",                                                       true },
    {"/hang",     NULL,                                                                            false},
    {"/half",     "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",                             false},
};

/* One call's end, as its callback saw it. */
struct ended {
    int64_t id;
    struct work_answer answer;
    struct work_header headers[8];
    unsigned count;
};

struct world {
    struct http_server server;
    struct work *work;
    struct arena *arena; /* of the test's thread */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct arena *kept; /* of the answers; under the mutex, as what follows */
    unsigned ended_count;
    void (*on_end)(struct world *world, int64_t id);
};

struct world_call {
    struct world *world;
    struct ended ended;
};

static void world_done(void *user, int64_t id, const struct work_answer *answer)
{
    struct world_call *call = user;
    struct world *world = call->world;
    struct ended *ended = &call->ended;

    pthread_mutex_lock(&world->mutex);
    ended->id = id;
    ended->count++;
    ended->answer = *answer;
    assert_non_null(answer->body);
    assert_int_equal(answer->body[answer->body_len], '\0');
    assert_true((answer->end == WORK_ANSWERED) == (answer->cause == NULL));
    ended->answer.body = arena_string_n(world->kept, answer->body, answer->body_len);
    ended->answer.status_text = arena_string(world->kept, answer->status_text);
    ended->answer.cause = arena_string(world->kept, answer->cause);
    for (size_t i = 0; i < answer->header_count && i < ARRAY_SIZE(ended->headers); i++) {
        ended->headers[i].name = arena_string(world->kept, answer->headers[i].name);
        ended->headers[i].value = arena_string(world->kept, answer->headers[i].value);
    }
    ended->answer.headers = ended->headers;
    world->ended_count++;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->mutex);
    if (world->on_end)
        world->on_end(world, id);
}

static void world_open(struct world *world, size_t calls_max, const char *allowed)
{
    struct work_config config = {
        .allowed = allowed ? &allowed : NULL,
        .allowed_count = allowed != NULL,
        .calls_max = calls_max,
        .answer_bytes_max = ANSWER_BYTES_MAX,
    };

    memset(world, 0, sizeof(*world));
    world->arena = arena_new();
    world->kept = arena_new();
    pthread_mutex_init(&world->mutex, NULL);
    pthread_cond_init(&world->changed, NULL);
    http_server_start(&world->server, work_paths, ARRAY_SIZE(work_paths));
    assert_ok(work_open(&config, &world->work));
}

static void world_close(struct world *world)
{
    work_close(world->work);
    http_server_stop(&world->server);
    arena_free(world->arena);
    arena_free(world->kept);
    pthread_cond_destroy(&world->changed);
    pthread_mutex_destroy(&world->mutex);
}

static const char *world_url(struct world *world, const char *path)
{
    return arena_printf(world->arena, "http://127.0.0.1:%u%s", world->server.port, path);
}

static struct work_call world_get(struct world *world, int64_t id, const char *path)
{
    return (struct work_call){
        .id = id, .method = "GET", .url = world_url(world, path), .timeout_ms = 20000};
}

static struct world_call *world_submit(struct world *world, const struct work_call *call)
{
    struct world_call *mine = ARENA_NEW(world->arena, struct world_call);

    mine->world = world;
    assert_ok(work_submit(world->work, call, world_done, mine));
    return mine;
}

static void world_wait(struct world *world, unsigned ended_count)
{
    pthread_mutex_lock(&world->mutex);
    while (world->ended_count < ended_count)
        pthread_cond_wait(&world->changed, &world->mutex);
    pthread_mutex_unlock(&world->mutex);
}

static const struct work_answer *world_call(struct world *world, const struct work_call *call)
{
    unsigned before = world->ended_count;
    struct world_call *mine = world_submit(world, call);

    world_wait(world, before + 1);
    assert_int_equal(mine->ended.count, 1);
    assert_int_equal(mine->ended.id, call->id);
    return &mine->ended.answer;
}

__attribute__((unused)) static const struct work_answer *world_path(struct world *world,
                                                                    const char *path)
{
    struct work_call call = world_get(world, 7, path);

    return world_call(world, &call);
}

/* Waits until the server has that many requests in hand. */
__attribute__((unused)) static void world_wait_for_requests(struct world *world, unsigned count)
{
    struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < 20000 && atomic_load(&world->server.request_count) < count; i++)
        nanosleep(&pause, NULL);
    assert_true(atomic_load(&world->server.request_count) >= count);
}

#endif
