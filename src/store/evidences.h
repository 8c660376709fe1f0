/*
 * evidences.h - what came too late for something halted: kept once, next to the history.
 */
#ifndef FERMATA_STORE_EVIDENCES_H
#define FERMATA_STORE_EVIDENCES_H

#include "store/store.h"

struct reservation;

enum err evidence_add(struct store *store, const struct reservation *reservation, const char *kind,
                      const char *subject, const char *body, int64_t now_ms) MUST_CHECK;
/* The worker of a task that was in flight has said that it is done with it. */
enum err evidence_quiet(struct store *store, const struct reservation *reservation,
                        int64_t now_ms) MUST_CHECK;

#endif
