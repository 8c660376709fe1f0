/*
 * tags.h - keys and values that people put on state machines and activities.
 */
#ifndef FERMATA_STORE_TAGS_H
#define FERMATA_STORE_TAGS_H

#include "store/store.h"

struct arena;

#define TAGS_OF_PLAN "plan/"         /* and its plan_id: a resource */
#define TAGS_OF_ACTIVITY "activity/" /* and its name */

struct tag_row {
    const char *key, *value;
    struct tag_row *next;
};

/* In the order of keys. */
enum err tags_list(struct store *store, struct arena *arena, const char *operator_name,
                   const char *resource, struct tag_row **ret) MUST_CHECK;
enum err tags_count(struct store *store, const char *operator_name, const char *resource,
                    int64_t *ret) MUST_CHECK;
/* Sets, or replaces the value. */
enum err tags_put(struct store *store, const char *operator_name, const char *resource,
                  const struct tag_row *row) MUST_CHECK;
enum err tags_delete(struct store *store, const char *operator_name, const char *resource,
                     const char *key) MUST_CHECK;
/* All of them: the resource is gone. */
enum err tags_clear(struct store *store, const char *operator_name,
                    const char *resource) MUST_CHECK;

#endif
