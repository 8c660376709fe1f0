/*
 * plan_cache.c - parsed plans by operator, id and version; plan versions never change, so nothing
 * is ever out of date.
 */
#include "engine/plan_cache.h"

#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "engine/engine_priv.h"
#include "store/plans.h"

enum {
    PLAN_CACHE_MAX = 512,
    PLAN_CACHE_KEY_BYTES = 512,
};

struct plan_entry {
    char key[PLAN_CACHE_KEY_BYTES];
    struct arena *arena;
    struct plan plan;
    UT_hash_handle hh;
};

struct plan_cache {
    struct plan_entry *entries; /* in the order of their last use, oldest first */
};

struct plan_cache *plan_cache_new(void)
{
    return xalloc(sizeof(struct plan_cache));
}

static void plan_cache_drop(struct plan_cache *cache, struct plan_entry *entry)
{
    HASH_DEL(cache->entries, entry);
    arena_free(entry->arena);
    free(entry);
}

void plan_cache_free(struct plan_cache *cache)
{
    if (!cache)
        return;
    while (cache->entries)
        plan_cache_drop(cache, cache->entries);
    free(cache);
}

SQL_QUERY(plan_select_role, "SELECT role_arn FROM plan_versions WHERE operator_name = ?1"
                            " AND plan_id = ?2 AND plan_version = ?3");

static enum err plan_role(struct engine *engine, const char *operator_name, const char *plan_id,
                          int64_t plan_version, struct plan_entry *entry)
{
    struct sql_rows rows;
    enum err err = sql_select(
        engine->store->sql, &plan_select_role,
        SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id), SQL_INT(plan_version)), &rows);

    if (err)
        return err;
    while (sql_next(&rows))
        entry->plan.role_arn = sql_text_copy(entry->arena, &rows, 0);
    return sql_end(&rows);
}

static enum err plan_read(struct engine *engine, const char *operator_name, const char *plan_id,
                          int64_t plan_version, struct plan_entry *entry)
{
    struct asl_problems problems;
    struct plan_row row;
    enum err err =
        plans_load(engine->store, entry->arena, operator_name, plan_id, plan_version, &row);

    if (err)
        return err;
    err = asl_parse(entry->arena, json_stored(entry->arena, row.definition), &entry->plan.asl,
                    &problems);
    CHECK(!err); /* it was checked when it was put */
    return plan_role(engine, operator_name, plan_id, plan_version, entry);
}

void plan_cache_trim(struct plan_cache *cache)
{
    while (HASH_COUNT(cache->entries) > PLAN_CACHE_MAX)
        plan_cache_drop(cache, cache->entries); /* NOLINT: HASH_DEL moves entries on */
}

void plan_cache_clear(struct plan_cache *cache)
{
    while (cache->entries)
        plan_cache_drop(cache, cache->entries); /* NOLINT: HASH_DEL moves entries on */
}

enum err plan_get(struct engine *engine, const char *operator_name, const char *plan_id,
                  int64_t plan_version, const struct plan **ret)
{
    struct plan_cache *cache = engine->plans;
    struct plan_entry *entry = NULL;
    char key[PLAN_CACHE_KEY_BYTES];
    int len =
        snprintf(key, sizeof(key), "%s\n%s\n%lld", operator_name, plan_id, (long long)plan_version);
    enum err err;

    CHECK(len > 0 && (size_t)len < sizeof(key));
    HASH_FIND_STR(cache->entries, key, entry);
    if (entry) {
        /* Moved to the end: least recently used ones are in front. */
        HASH_DEL(cache->entries, entry);
        HASH_ADD_STR(cache->entries, key, entry);
        *ret = &entry->plan;
        return ERR_OK;
    }
    entry = xalloc(sizeof(*entry));
    entry->arena = arena_new();
    memcpy(entry->key, key, sizeof(key));
    err = plan_read(engine, operator_name, plan_id, plan_version, entry);
    if (err) {
        arena_free(entry->arena);
        free(entry);
        return err;
    }
    HASH_ADD_STR(cache->entries, key, entry);
    *ret = &entry->plan;
    return ERR_OK;
}

SQL_QUERY(plan_latest, "SELECT plan_version FROM plans WHERE operator_name = ?1 AND plan_id = ?2"
                       " AND deleted_at IS NULL");

enum err plan_resolve(struct engine *engine, const char *operator_name, const char *plan_id,
                      int64_t plan_version, bool runs_on, int64_t *ret_version)
{
    const struct plan *plan;
    int64_t version = plan_version, latest = plan_version;
    enum err err = ERR_OK;

    if (!runs_on)
        err = sql_select_int(engine->store->sql, &plan_latest,
                             SQL_ARGS(SQL_TEXT(operator_name), SQL_TEXT(plan_id)), 0, &latest);
    if (err)
        return err;
    if (!latest)
        return ERR_PLAN_NOT_FOUND;
    version = version ? version : latest;
    err = plan_get(engine, operator_name, plan_id, version, &plan);
    if (!err)
        *ret_version = version;
    return err;
}
