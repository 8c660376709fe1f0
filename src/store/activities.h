/*
 * activities.h - names under which workers of others take tasks.
 */
#ifndef FERMATA_STORE_ACTIVITIES_H
#define FERMATA_STORE_ACTIVITIES_H

#include "store/store.h"

struct arena;

struct activity_row {
    const char *name;
    int64_t created_at;
    const char *configuration; /* JSON: the encryption as given; or null */
    struct activity_row *next;
};

/* ERR_NOT_FOUND. */
enum err activities_load(struct store *store, struct arena *arena, const char *operator_name,
                         const char *name, struct activity_row *ret) MUST_CHECK;
enum err activities_insert(struct store *store, const char *operator_name,
                           const struct activity_row *row) MUST_CHECK;
enum err activities_delete(struct store *store, const char *operator_name,
                           const char *name) MUST_CHECK;
/* In the order of names, behind `after`. */
enum err activities_list(struct store *store, struct arena *arena, const char *operator_name,
                         const char *after, int64_t limit, struct activity_row **ret) MUST_CHECK;
/* True when there are `limit` of them or more. */
enum err activities_reach(struct store *store, const char *operator_name, int64_t limit,
                          bool *ret) MUST_CHECK;

#endif
