/*
 * sfn_keys.c - the access keys this server knows, read again when their file changes.
 *
 * The list is immutable and replaced whole, under the write lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "sfn/sfn_core.h"

/* What a file held. */
struct keys_set {
    struct arena *arena;
    struct sfn_key_list keys;
    uint8_t digest[SHA256_BYTES]; /* of its text */
};

struct sfn_keys {
    char *path;
    pthread_rwlock_t lock; /* guards set */
    struct keys_set *set;
    bool failed; /* of the housekeeping thread: said so already */
};

static void keys_set_free(struct keys_set *set)
{
    if (!set)
        return;
    arena_free(set->arena);
    free(set);
}

/* No file, no keys. On an error *ret_cause lives in `scratch`. */
static enum err keys_load(const char *path, struct arena *scratch, struct keys_set **ret,
                          const char **ret_cause)
{
    struct keys_set *set = xalloc(sizeof(*set));
    const char *text = NULL, *cause = NULL;
    size_t len = 0;
    enum err err;

    set->arena = arena_new();
    err = sfn_keys_read(set->arena, path, &text, &len);
    if (err == ERR_STORAGE_IO)
        cause = strerror(errno);
    if (err == ERR_NOT_FOUND)
        err = ERR_OK;
    else if (!err)
        err = sfn_keys_parse(set->arena, text, len, &set->keys, &cause);
    if (err) {
        *ret_cause = arena_string(scratch, cause);
        keys_set_free(set);
        return err;
    }
    sha256(text ? text : "", len, set->digest);
    *ret = set;
    return ERR_OK;
}

enum err sfn_keys_open(const char *keys_dir, struct sfn_keys **ret)
{
    struct arena *scratch = arena_new();
    struct sfn_keys *keys = xalloc(sizeof(*keys));
    const char *cause = NULL;
    enum err err;

    keys->path = xstrdup(arena_printf(scratch, "%s/" SFN_KEYS_FILE, keys_dir));
    pthread_rwlock_init(&keys->lock, NULL);
    err = keys_load(keys->path, scratch, &keys->set, &cause);
    if (err)
        log_error("sfn.keys", "%s cannot be used: %s", keys->path, cause);
    arena_free(scratch);
    if (err)
        sfn_keys_close(keys);
    else
        *ret = keys;
    return err;
}

void sfn_keys_close(struct sfn_keys *keys)
{
    if (!keys)
        return;
    keys_set_free(keys->set);
    pthread_rwlock_destroy(&keys->lock);
    free(keys->path);
    free(keys);
}

enum err sfn_keys_refresh(struct sfn_keys *keys)
{
    struct arena *scratch = arena_new();
    struct keys_set *set = NULL;
    const char *cause = NULL;
    enum err err = keys_load(keys->path, scratch, &set, &cause);

    if (err && !keys->failed)
        log_error("sfn.keys", "%s cannot be used, the keys stay as they were: %s", keys->path,
                  cause);
    keys->failed = err != ERR_OK;
    arena_free(scratch);
    if (err)
        return err;
    if (memcmp(set->digest, keys->set->digest, SHA256_BYTES) != 0) {
        struct keys_set *old = keys->set;

        pthread_rwlock_wrlock(&keys->lock);
        keys->set = set;
        pthread_rwlock_unlock(&keys->lock);
        log_info("sfn.keys", "%s was read again: %zu keys", keys->path, set->keys.count);
        set = old;
    }
    keys_set_free(set);
    return ERR_OK;
}

static struct sfn_key keys_copy(struct arena *arena, const struct sfn_key *key)
{
    return (struct sfn_key){
        .access_key_id = arena_string(arena, key->access_key_id),
        .secret_access_key = arena_string(arena, key->secret_access_key),
        .operator_name = arena_string(arena, key->operator_name),
        .portal_id = arena_string(arena, key->portal_id),
        .subject = arena_string(arena, key->subject),
        .account_id = arena_string(arena, key->account_id),
        .scopes = key->scopes,
    };
}

bool sfn_keys_find(struct sfn_keys *keys, struct arena *arena, const char *access_key_id,
                   struct sfn_key *ret)
{
    bool found = false;

    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->set->keys.count && !found; i++) {
        found = strcmp(keys->set->keys.list[i].access_key_id, access_key_id) == 0;
        if (found)
            *ret = keys_copy(arena, &keys->set->keys.list[i]);
    }
    pthread_rwlock_unlock(&keys->lock);
    return found;
}

enum err sfn_keys_first(const char *keys_dir, struct arena *arena, const char **ret_id,
                        const char **ret_secret)
{
    struct keys_set *set = NULL;
    const char *cause = NULL;
    enum err err =
        keys_load(arena_printf(arena, "%s/" SFN_KEYS_FILE, keys_dir), arena, &set, &cause);

    if (err)
        return err;
    if (set->keys.count > 0) {
        *ret_id = arena_string(arena, set->keys.list[0].access_key_id);
        *ret_secret = arena_string(arena, set->keys.list[0].secret_access_key);
    }
    err = set->keys.count > 0 ? ERR_OK : ERR_NOT_FOUND;
    keys_set_free(set);
    return err;
}
