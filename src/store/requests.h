/*
 * requests.h - answers kept under their Idempotency-Key, written in the transaction that decided
 * them.
 */
#ifndef FERMATA_STORE_REQUESTS_H
#define FERMATA_STORE_REQUESTS_H

#include "store/store.h"

struct arena;

struct request_key {
    const char *operator_name, *subject, *route, *key;
    const char *body_hash; /* SHA-256 of the canonical body, hexadecimal */
};

struct request_row {
    const char *body_hash;
    int status;
    const char *halt_id; /* on the wire's form; null when the answer names none */
    const char *body;
    int64_t created_at;
};

/* ERR_NOT_FOUND when the key is new. */
enum err requests_find(struct store *store, struct arena *arena, const struct request_key *key,
                       struct request_row *ret) MUST_CHECK;
enum err requests_insert(struct store *store, const struct request_key *key,
                         const struct request_row *row) MUST_CHECK;
/* Forgets at most `most` answers made before a time; *ret_count says how many went. */
enum err requests_purge(struct store *store, int64_t before_ms, int64_t most,
                        int64_t *ret_count) MUST_CHECK;

#endif
