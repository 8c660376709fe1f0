/*
 * receipt.h - the stored record of a halt, as JSON and as a digest.
 */
#ifndef FERMATA_ENGINE_RECEIPT_H
#define FERMATA_ENGINE_RECEIPT_H

#include "store/halts.h"

struct json;

/* 26 characters: the tree and the halt. */
const char *receipt_halt_id(struct arena *arena, int64_t root_id, int64_t halt_id);

/*
 * The receipt: the same members in a dry run, an answer, a repeat and GET halts/{id}. At most
 * LIMIT_RECEIPT_ITEMS executions stand in it; beyond, `truncated` is true. *ret_children (may be
 * null): the children halted, by id.
 */
enum err receipt_json(struct store *store, struct arena *arena, const struct halt_row *halt,
                      const char *target, const struct json **ret_receipt,
                      const struct json **ret_children) MUST_CHECK;

/* A page of its items, deepest first, each as in the receipt but for its reservations and locks. */
enum err receipt_items(struct store *store, struct arena *arena, const struct halt_row *halt,
                       int64_t after_depth, int64_t after_execution_id, int64_t most,
                       const struct json **ret, struct halt_item *ret_last) MUST_CHECK;

/* What a halt tells its parent, foreseen: part of the digest. */
struct receipt_callback {
    const char *parent; /* plan_execution_id; null: no parent */
    int64_t reservation_id, plan_version;
    const char *result;
};

/*
 * SHA-256 of the canonical JSON of target, flags, the sorted list of [execution id, status, epoch,
 * held locks] and the callback; not in it: halt id, times, leases, actor, reason. Called before
 * step 3, after the set is collected.
 */
enum err receipt_digest(struct store *store, struct arena *arena, const struct halt_row *halt,
                        const char *target, const struct receipt_callback *callback,
                        const char **ret) MUST_CHECK;

#endif
