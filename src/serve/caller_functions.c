/*
 * caller_functions.c - which HTTP endpoint stands for which function, read again when the file
 * changes.
 *
 * The list is immutable and replaced whole, under the write lock. Only the housekeeping thread
 * replaces it.
 */
#include "serve/caller_functions.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "work/work_target.h"

enum {
    FUNCTIONS_BYTES_MAX = 1 << 20,
    FUNCTIONS_MAX = 10000,
    FUNCTIONS_NAME_MAX = 140,
    FUNCTIONS_ARN_COLONS = 6,
};

#define FUNCTIONS_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* What a file held. */
struct functions_set {
    struct arena *arena;
    struct work_function *list;
    size_t count;
    uint8_t digest[SHA256_BYTES]; /* of its text */
};

struct caller_functions {
    char *path;
    bool must_exist;
    pthread_rwlock_t lock; /* guards set */
    struct functions_set *set;
    bool failed; /* of the housekeeping thread: said so already */
};

static void functions_set_free(struct functions_set *set)
{
    if (!set)
        return;
    arena_free(set->arena);
    free(set);
}

/* The text of the file; null and its cause. */
static const char *functions_read(struct arena *arena, const struct caller_functions *functions,
                                  size_t *ret_len, const char **ret_cause)
{
    FILE *file = fopen(functions->path, "re");
    char *text = NULL;

    *ret_len = strlen("{}");
    if (!file && errno == ENOENT && !functions->must_exist)
        return "{}";
    if (file) {
        text = arena_alloc(arena, FUNCTIONS_BYTES_MAX + 1);
        *ret_len = fread(text, 1, FUNCTIONS_BYTES_MAX + 1, file);
        if (ferror(file))
            text = NULL;
        fclose(file);
    }
    if (!text)
        *ret_cause = arena_string(arena, strerror(errno));
    else if (*ret_len > FUNCTIONS_BYTES_MAX)
        *ret_cause = "it is larger than 1 MiB";
    return *ret_cause ? NULL : text;
}

/* arn:aws:lambda:REGION:ACCOUNT:function:NAME, or the name alone; null when it is neither. */
static const char *functions_name(const char *key)
{
    const char *name = key;
    size_t len;

    if (strncmp(key, "arn:", 4) == 0) {
        for (int i = 0; name && i < FUNCTIONS_ARN_COLONS; i++) {
            name = strchr(name, ':');
            name = name ? name + 1 : NULL;
        }
        if (!name || strncmp(name - strlen("function:"), "function:", strlen("function:")) != 0)
            return NULL;
    }
    len = strspn(name, FUNCTIONS_NAME_CHARS);
    return len && len <= FUNCTIONS_NAME_MAX && !name[len] ? name : NULL;
}

static bool functions_is_url(const struct json *value)
{
    return json_is(value, JSON_STRING) && value->count <= LIMIT_WORK_URL_BYTES &&
           (strncasecmp(value->string, "http://", 7) == 0 ||
            strncasecmp(value->string, "https://", 8) == 0);
}

/* Null when all is well, else the cause. */
static const char *functions_parse(struct functions_set *set, const struct json *file)
{
    if (!json_is(file, JSON_OBJECT))
        return "expected an object, {\"FUNCTION\": \"http://...\"}";
    if (file->count > FUNCTIONS_MAX)
        return "it has more than 10,000 functions";
    set->list = ARENA_ARRAY(set->arena, struct work_function, file->count + 1);
    for (uint32_t i = 0; i < file->count; i++) {
        const struct json_member *member = &file->members[i];
        const char *name = functions_name(member->name);

        if (!name)
            return arena_printf(set->arena,
                                "\"%s\" is neither a function's name nor its ARN, without a "
                                "version",
                                member->name);
        if (!functions_is_url(member->value))
            return arena_printf(set->arena, "\"%s\": expected an http or https URL", member->name);
        for (size_t j = 0; j < set->count; j++) {
            if (strcmp(set->list[j].name, name) == 0)
                return arena_printf(set->arena, "the function %s stands twice", name);
        }
        set->list[set->count++] =
            (struct work_function){.name = name, .url = member->value->string};
    }
    return NULL;
}

/* On an error *ret_cause lives in `scratch`. */
static enum err functions_load(const struct caller_functions *functions, struct arena *scratch,
                               struct functions_set **ret, const char **ret_cause)
{
    struct functions_set *set = xalloc(sizeof(*set));
    const struct json *file = NULL;
    const char *text, *cause = NULL;
    struct fault fault = {0};
    size_t len;

    set->arena = arena_new();
    text = functions_read(set->arena, functions, &len, &cause);
    if (text) {
        sha256(text, len, set->digest);
        if (json_parse(set->arena, text, len, &file, &fault))
            cause = fault.detail ? fault.detail : "it is not JSON";
        else
            cause = functions_parse(set, file);
    }
    if (cause) {
        *ret_cause = arena_string(scratch, cause);
        functions_set_free(set);
        return ERR_INVALID_REQUEST;
    }
    *ret = set;
    return ERR_OK;
}

enum err caller_functions_open(const char *path, bool must_exist, struct caller_functions **ret)
{
    struct caller_functions *functions = xalloc(sizeof(*functions));
    struct arena *scratch = arena_new();
    const char *cause = NULL;
    enum err err;

    functions->path = xstrdup(path);
    functions->must_exist = must_exist;
    CHECK(pthread_rwlock_init(&functions->lock, NULL) == 0);
    err = functions_load(functions, scratch, &functions->set, &cause);
    if (err)
        log_error("caller.functions", "%s cannot be used: %s", path, cause);
    arena_free(scratch);
    if (err)
        caller_functions_close(functions);
    else
        *ret = functions;
    return err;
}

void caller_functions_close(struct caller_functions *functions)
{
    if (!functions)
        return;
    functions_set_free(functions->set);
    pthread_rwlock_destroy(&functions->lock);
    free(functions->path);
    free(functions);
}

void caller_functions_refresh(struct caller_functions *functions)
{
    struct arena *scratch = arena_new();
    struct functions_set *set = NULL;
    const char *cause = NULL;
    enum err err = functions_load(functions, scratch, &set, &cause);

    if (err && !functions->failed)
        log_error("caller.functions", "%s cannot be used, the functions stay as they were: %s",
                  functions->path, cause);
    functions->failed = err != ERR_OK;
    arena_free(scratch);
    if (err)
        return;
    if (memcmp(set->digest, functions->set->digest, SHA256_BYTES) != 0) {
        struct functions_set *old = functions->set;

        log_info("caller.functions", "%s was read again: %zu functions", functions->path,
                 set->count);
        pthread_rwlock_wrlock(&functions->lock);
        functions->set = set;
        pthread_rwlock_unlock(&functions->lock);
        set = old;
    }
    functions_set_free(set);
}

const struct work_function *caller_functions_hold(struct caller_functions *functions,
                                                  size_t *ret_count)
{
    pthread_rwlock_rdlock(&functions->lock);
    *ret_count = functions->set->count;
    return functions->set->list;
}

void caller_functions_release(struct caller_functions *functions)
{
    pthread_rwlock_unlock(&functions->lock);
}
