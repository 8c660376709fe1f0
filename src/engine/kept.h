/*
 * kept.h - answers kept under their Idempotency-Key: found before a verb runs, kept with it.
 */
#ifndef FERMATA_ENGINE_KEPT_H
#define FERMATA_ENGINE_KEPT_H

#include "engine/engine.h"
#include "store/requests.h"

/* ERR_NOT_FOUND: the key is new. ERR_IDEMPOTENCY_KEY_REUSED: it was used with another body. */
enum err kept_find(struct engine *engine, struct arena *arena, const struct request_key *key,
                   struct request_row *ret) MUST_CHECK;
/* In the transaction that decided the answer. */
enum err kept_keep(struct engine *engine, const struct request_key *key,
                   struct request_row *row) MUST_CHECK;

#endif
