/*
 * pauses.h - rows of paused_executions: PAUSED by a person, or FAILED and held for a restart.
 */
#ifndef FERMATA_STORE_PAUSES_H
#define FERMATA_STORE_PAUSES_H

#include "store/store.h"

struct execution;

enum err pauses_insert(struct store *store, const struct execution *execution, const char *kind,
                       const char *subject, const char *reason, int64_t now_ms) MUST_CHECK;
enum err pauses_delete(struct store *store, int64_t root_id, int64_t execution_id) MUST_CHECK;
/* Whether it is held because it FAILED (and not PAUSED); false also when there is no row. */
enum err pauses_is_failed(struct store *store, int64_t root_id, int64_t execution_id,
                          bool *ret) MUST_CHECK;

#endif
