/*
 * plans.h - plan definitions in numbered versions.
 */
#ifndef FERMATA_STORE_PLANS_H
#define FERMATA_STORE_PLANS_H

#include "store/store.h"

struct arena;

struct plan_row {
    const char *plan_id;
    int64_t plan_version, latest_version;
    const char *digest, *definition;
    int64_t created_at, updated_at;
};

/* plan_version 0: the latest, unless the plan was deleted; a numbered one is found for ever, for
 * executions refer to it. ERR_PLAN_NOT_FOUND. */
enum err plans_load(struct store *store, struct arena *arena, const char *operator_name,
                    const char *plan_id, int64_t plan_version, struct plan_row *ret) MUST_CHECK;

#endif
