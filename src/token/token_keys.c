/*
 * token_keys.c - the keys that count now: read at the start, looked after by the housekeeping
 * thread.
 *
 * Files are read again at each refresh; a folder that has become bad changes nothing until it is
 * good again. The JWKS is fetched every five minutes, after a failure or for an unknown kid once a
 * minute; when it stays away for an hour its keys are gone. Whatever changes a set raises the
 * generation, and with it empties the cache.
 */
#include "token/token_priv.h"

#include "base/arena.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_FETCH_EVERY_MS 300000
#define TOKEN_FETCH_SOON_MS 60000

/* Puts the new set in the place of the old one; one that says the same is dropped. */
static void token_keys_replace(struct token_keys *keys, struct token_set **place,
                               struct token_set *set)
{
    struct token_set *old;

    pthread_rwlock_wrlock(&keys->lock);
    old = *place;
    if (old && set && memcmp(old->digest, set->digest, SHA256_BYTES) == 0) {
        old->good_at_ms = set->good_at_ms;
        old = set;
    } else {
        *place = set;
        atomic_fetch_add(&keys->generation, 1);
    }
    pthread_rwlock_unlock(&keys->lock);
    token_set_free(old);
}

static enum err token_keys_read_files(struct token_keys *keys)
{
    struct arena *scratch = arena_new();
    struct token_set *set = NULL;
    const char *cause = NULL;
    enum err err = token_load_folder(keys->config.keys_dir, scratch, &set, &cause);

    if (!err)
        token_keys_replace(keys, &keys->files, set);
    else if (!keys->files_failed)
        log_error("token", "the keys cannot be used: %s", cause);
    keys->files_failed = err != ERR_OK;
    arena_free(scratch);
    return err;
}

static enum err token_keys_fetch(struct token_keys *keys, int64_t now_ms)
{
    const struct token_config *config = &keys->config;
    struct arena *scratch = arena_new();
    struct token_set *set = NULL;
    const char *text = NULL, *cause = "no answer";
    size_t len = 0;
    enum err err = config->fetch(config->fetch_user, scratch, config->jwks_url, &text, &len);

    if (!err)
        err = token_load_jwks(text, len, scratch, &set, &cause);
    if (err) {
        log_warn("token", "the JWKS could not be fetched: %s", cause);
    } else {
        set->good_at_ms = now_ms;
        token_keys_replace(keys, &keys->fetched, set);
    }
    arena_free(scratch);
    return err;
}

static bool token_keys_fetch_is_due(const struct token_keys *keys, int64_t now_ms)
{
    int64_t wait_ms = TOKEN_FETCH_EVERY_MS;

    if (!keys->config.jwks_url || !keys->config.fetch)
        return false;
    if (!keys->fetched_at_ms)
        return true;
    if (keys->fetch_failed || atomic_load(&keys->unknown_kid))
        wait_ms = TOKEN_FETCH_SOON_MS;
    return now_ms - keys->fetched_at_ms >= wait_ms;
}

/* Only this thread writes the sets, so it may read them without the lock. */
void token_keys_refresh(struct token_keys *keys, int64_t now_ms)
{
    if (keys->config.keys_dir) {
        enum err err = token_keys_read_files(keys);
        (void)err; /* logged; the keys in hand go on */
    }
    if (token_keys_fetch_is_due(keys, now_ms)) {
        keys->fetched_at_ms = now_ms;
        atomic_store(&keys->unknown_kid, false);
        keys->fetch_failed = token_keys_fetch(keys, now_ms) != ERR_OK;
    }
    if (keys->fetched && now_ms >= keys->fetched->good_at_ms + TOKEN_FETCHED_KEPT_MS) {
        log_error("token", "the JWKS has been out of reach for an hour: its keys are dropped");
        token_keys_replace(keys, &keys->fetched, NULL);
    }
}

static void token_keys_copy_config(struct token_keys *keys, const struct token_config *config)
{
    keys->config = *config;
    keys->config.keys_dir = arena_string(keys->arena, config->keys_dir);
    keys->config.jwks_url = arena_string(keys->arena, config->jwks_url);
    keys->config.issuer = arena_string(keys->arena, config->issuer);
    keys->config.audience = arena_string(keys->arena, config->audience);
}

enum err token_keys_open(const struct token_config *config, struct token_keys **ret)
{
    struct token_keys *keys = xalloc(sizeof(*keys));
    enum err err = ERR_OK;

    keys->arena = arena_new();
    token_keys_copy_config(keys, config);
    pthread_rwlock_init(&keys->lock, NULL);
    keys->cache = token_cache_new();
    if (config->keys_dir)
        err = token_keys_read_files(keys);
    if (err) {
        token_keys_close(keys);
        return err;
    }
    if (!config->jwks_url && (!keys->files || !keys->files->count))
        log_warn("token", "there is no key: every request will be refused");
    *ret = keys;
    return ERR_OK;
}

void token_keys_close(struct token_keys *keys)
{
    if (!keys)
        return;
    token_set_free(keys->files);
    token_set_free(keys->fetched);
    token_cache_free(keys->cache);
    pthread_rwlock_destroy(&keys->lock);
    arena_free(keys->arena);
    free(keys);
}
