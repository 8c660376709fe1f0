/*
 * own_redis.h - a Redis of the test's own, behind a socket in a folder of its own.
 */
#ifndef FERMATA_TESTS_OWN_REDIS_H
#define FERMATA_TESTS_OWN_REDIS_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "redis/redis.h"
#include "unit/own_schema.h"

enum { OWN_REDIS_MS = 5000, OWN_REDIS_WORDS = 24 };

struct own_redis {
    char folder[64], socket[80], url[112];
    pid_t pid; /* 0: it does not run */
    bool is_absent;
    struct arena *arena; /* of the last answer */
};

/* Asks with the words of a text; null: it cannot be reached. The answer lives until the next one.
 */
static inline const struct redis_value *own_redis_ask(struct own_redis *own, const char *text)
{
    const char *words[OWN_REDIS_WORDS];
    struct redis_command command = {.words = words};
    const struct redis_value *value = NULL;
    struct redis *redis;
    char *rest;

    arena_reset(own->arena);
    rest = arena_string(own->arena, text);
    while (rest && command.count < OWN_REDIS_WORDS)
        words[command.count++] = strsep(&rest, " ");
    assert_null(rest);
    assert_ok(redis_new(own->url, OWN_REDIS_MS, &redis));
    if (redis_call(redis, own->arena, &command, 1, &value))
        value = NULL;
    redis_free(redis);
    return value;
}

/* It must be a number: of members, of keys. */
static inline int64_t own_redis_count(struct own_redis *own, const char *text)
{
    const struct redis_value *value = own_redis_ask(own, text);

    assert_non_null(value);
    assert_int_equal(value->type, REDIS_INT);
    return value->integer;
}

static inline void own_redis_do(struct own_redis *own, const char *text)
{
    const struct redis_value *value = own_redis_ask(own, text);

    assert_non_null(value);
    if (value->type == REDIS_ERROR)
        fail_msg("%s: %s", text, value->text);
}

/* The name alone is enough: what it is named stays where it is while it is down. */
static inline void own_redis_prepare(struct own_redis *own)
{
    memset(own, 0, sizeof(*own));
    snprintf(own->folder, sizeof(own->folder), "/tmp/fermata-redis-XXXXXX");
    assert_non_null(mkdtemp(own->folder));
    snprintf(own->socket, sizeof(own->socket), "%s/s", own->folder);
    snprintf(own->url, sizeof(own->url), "unix://%s", own->socket);
    own->arena = arena_new();
}

static inline void own_redis_start(struct own_redis *own)
{
    int status = 0;

    own->pid = fork();
    if (!own->pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", own->socket, "--save",
               "", "--appendonly", "no", "--dir", own->folder, "--logfile", "/dev/null",
               (char *)NULL);
        _exit(127);
    }
    await(waitpid(own->pid, &status, WNOHANG) == own->pid || own_redis_ask(own, "PING"));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
        return;
    print_message("no Redis: there is no redis-server\n");
    own->pid = 0;
    own->is_absent = true;
}

static inline void own_redis_kill(struct own_redis *own)
{
    if (!own->pid)
        return;
    kill(own->pid, SIGCONT);
    kill(own->pid, SIGKILL);
    waitpid(own->pid, NULL, 0);
    own->pid = 0;
}

static inline void own_redis_remove(struct own_redis *own)
{
    own_redis_kill(own);
    unlink(own->socket);
    rmdir(own->folder);
    arena_free(own->arena);
}

#endif
