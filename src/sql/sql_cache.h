/*
 * sql_cache.h - what a connection keeps for each query it has met, found by the query's address.
 */
#ifndef FERMATA_SQL_SQL_CACHE_H
#define FERMATA_SQL_SQL_CACHE_H

#include "sql/sql.h"

struct sql_cache_entry {
    const struct sql_query *query; /* null: free */
    void *value;
};

/* Open addressing; all zero is an empty one. */
struct sql_cache {
    struct sql_cache_entry *entries;
    size_t size, count;
};

/* Null when there is none. */
void *sql_cache_find(const struct sql_cache *cache, const struct sql_query *query);
void sql_cache_add(struct sql_cache *cache, const struct sql_query *query, void *value);
/* Every value once, then the cache is empty; release may be null. */
void sql_cache_clear(struct sql_cache *cache, void (*release)(void *value));

#endif
