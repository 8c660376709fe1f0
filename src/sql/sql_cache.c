/*
 * sql_cache.c - a table of queries by their address.
 */
#include "sql/sql_cache.h"

#include <stdlib.h>

#include "base/arena.h"

enum { SQL_CACHE_FIRST = 256 };

static struct sql_cache_entry *sql_cache_slot(const struct sql_cache *cache,
                                              const struct sql_query *query)
{
    uint64_t hash = ((uint64_t)(uintptr_t)query >> 3) * UINT64_C(0x9e3779b97f4a7c15);
    size_t slot = (size_t)(hash >> 32) & (cache->size - 1);

    while (cache->entries[slot].query && cache->entries[slot].query != query)
        slot = (slot + 1) & (cache->size - 1);
    return &cache->entries[slot];
}

void *sql_cache_find(const struct sql_cache *cache, const struct sql_query *query)
{
    return cache->size ? sql_cache_slot(cache, query)->value : NULL;
}

static void sql_cache_grow(struct sql_cache *cache)
{
    struct sql_cache old = *cache;

    cache->size = old.size ? old.size * 2 : SQL_CACHE_FIRST;
    cache->entries = xalloc(cache->size * sizeof(struct sql_cache_entry));
    for (size_t i = 0; i < old.size; i++) {
        if (old.entries[i].query)
            *sql_cache_slot(cache, old.entries[i].query) = old.entries[i];
    }
    free(old.entries);
}

void sql_cache_add(struct sql_cache *cache, const struct sql_query *query, void *value)
{
    if (cache->count * 2 >= cache->size)
        sql_cache_grow(cache);
    *sql_cache_slot(cache, query) = (struct sql_cache_entry){query, value};
    cache->count++;
}

void sql_cache_clear(struct sql_cache *cache, void (*release)(void *value))
{
    for (size_t i = 0; i < cache->size && release; i++) {
        if (cache->entries[i].query)
            release(cache->entries[i].value);
    }
    free(cache->entries);
    *cache = (struct sql_cache){0};
}
