/*
 * histories.h - what happened, append only.
 *
 * One history serves people, the audit and the Step Functions API: events of the language bear
 * AWS's names and are numbered by event_id; audit events (EXECUTION.HALTED, RESERVATION.CLEANED,
 * locks) have none.
 */
#ifndef FERMATA_STORE_HISTORIES_H
#define FERMATA_STORE_HISTORIES_H

#include "store/store.h"

struct execution;
struct json;
struct arena;

/* Appends an event of the language; raises execution->history_seq and event_id (the caller saves
 * the row). Returns through *ret_event_id (may be null) the number it got. */
enum err history_event(struct store *store, struct arena *arena, struct execution *execution,
                       int64_t now_ms, const char *type, int64_t previous_event_id,
                       const struct json *detail, int64_t *ret_event_id) MUST_CHECK;
/* Appends an audit event; raises execution->history_seq. halt_id 0: none. */
enum err history_audit(struct store *store, struct arena *arena, struct execution *execution,
                       int64_t now_ms, const char *type, int64_t halt_id,
                       const struct json *detail) MUST_CHECK;

#endif
