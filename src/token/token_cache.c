/*
 * token_cache.c - tokens that were verified before: one hash and one look-up instead of a
 * signature.
 *
 * Bounded: 1,024 buckets of four. An entry is found by the SHA-256 of the whole token, and dies
 * when the token expires or the keys change; a full bucket gives up the entry that would die first.
 */
#include "token/token_priv.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_CACHE_BUCKETS 1024
#define TOKEN_CACHE_WAYS 4
#define TOKEN_CACHE_LOCKS 16

struct token_cache {
    pthread_mutex_t locks[TOKEN_CACHE_LOCKS]; /* of the buckets with that remainder */
    struct token_cache_entry entries[TOKEN_CACHE_BUCKETS][TOKEN_CACHE_WAYS];
};

struct token_cache *token_cache_new(void)
{
    struct token_cache *cache = xalloc(sizeof(*cache));

    for (size_t i = 0; i < TOKEN_CACHE_LOCKS; i++)
        pthread_mutex_init(&cache->locks[i], NULL);
    return cache;
}

/* The three texts lie in one block, which begins with the operator's name. */
static void token_cache_clear(struct token_cache_entry *entry)
{
    free((char *)entry->identity.operator_name);
    memset(entry, 0, sizeof(*entry));
}

void token_cache_free(struct token_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < TOKEN_CACHE_BUCKETS; i++) {
        for (size_t j = 0; j < TOKEN_CACHE_WAYS; j++)
            token_cache_clear(&cache->entries[i][j]);
    }
    for (size_t i = 0; i < TOKEN_CACHE_LOCKS; i++)
        pthread_mutex_destroy(&cache->locks[i]);
    free(cache);
}

static size_t token_cache_bucket(const uint8_t hash[SHA256_BYTES])
{
    return ((size_t)hash[0] << 8 | hash[1]) % TOKEN_CACHE_BUCKETS;
}

static struct token_cache_entry *token_cache_find(struct token_cache_entry *bucket,
                                                  const uint8_t hash[SHA256_BYTES])
{
    for (size_t i = 0; i < TOKEN_CACHE_WAYS; i++) {
        if (bucket[i].until_ms && memcmp(bucket[i].hash, hash, SHA256_BYTES) == 0)
            return &bucket[i];
    }
    return NULL;
}

bool token_cache_get(struct token_cache *cache, const uint8_t hash[SHA256_BYTES],
                     unsigned generation, int64_t now_ms, struct arena *arena, struct identity *ret)
{
    size_t bucket = token_cache_bucket(hash);
    pthread_mutex_t *lock = &cache->locks[bucket % TOKEN_CACHE_LOCKS];
    struct token_cache_entry *entry;
    bool found;

    pthread_mutex_lock(lock);
    entry = token_cache_find(cache->entries[bucket], hash);
    found = entry && entry->generation == generation && now_ms < entry->until_ms;
    if (found) {
        *ret = entry->identity;
        ret->operator_name = arena_string(arena, ret->operator_name);
        ret->portal_id = arena_string(arena, ret->portal_id);
        ret->subject = arena_string(arena, ret->subject);
    }
    pthread_mutex_unlock(lock);
    return found;
}

static struct token_cache_entry *token_cache_victim(struct token_cache_entry *bucket,
                                                    const uint8_t hash[SHA256_BYTES],
                                                    unsigned generation)
{
    struct token_cache_entry *victim = token_cache_find(bucket, hash);

    if (victim)
        return victim;
    victim = &bucket[0];
    for (size_t i = 0; i < TOKEN_CACHE_WAYS; i++) {
        if (bucket[i].generation != generation)
            return &bucket[i];
        if (bucket[i].until_ms < victim->until_ms)
            victim = &bucket[i];
    }
    return victim;
}

static void token_cache_own(struct identity *identity)
{
    size_t operator_bytes = strlen(identity->operator_name) + 1;
    size_t portal_bytes = strlen(identity->portal_id) + 1;
    size_t subject_bytes = strlen(identity->subject) + 1;
    char *block = xalloc(operator_bytes + portal_bytes + subject_bytes);

    memcpy(block, identity->operator_name, operator_bytes);
    memcpy(block + operator_bytes, identity->portal_id, portal_bytes);
    memcpy(block + operator_bytes + portal_bytes, identity->subject, subject_bytes);
    identity->operator_name = block;
    identity->portal_id = block + operator_bytes;
    identity->subject = block + operator_bytes + portal_bytes;
}

void token_cache_put(struct token_cache *cache, const struct token_cache_entry *entry)
{
    size_t bucket = token_cache_bucket(entry->hash);
    pthread_mutex_t *lock = &cache->locks[bucket % TOKEN_CACHE_LOCKS];
    struct token_cache_entry *victim;

    pthread_mutex_lock(lock);
    victim = token_cache_victim(cache->entries[bucket], entry->hash, entry->generation);
    token_cache_clear(victim);
    *victim = *entry;
    token_cache_own(&victim->identity);
    pthread_mutex_unlock(lock);
}
