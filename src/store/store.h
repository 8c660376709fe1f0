/*
 * store.h - one connection to the truth, and the schema behind it.
 *
 * The store is written once, in the SQL that SQLite and PostgreSQL share, a file a noun: plans,
 * trees, executions, frames, reservations, history, pauses, locks, halts, requests, evidence.
 * Functions change rows inside the transaction of their caller and decide nothing; what may happen
 * is decided in engine/.
 */
#ifndef FERMATA_STORE_STORE_H
#define FERMATA_STORE_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/id.h"
#include "sql/sql.h"

struct store {
    struct sql *sql;
    struct id_source *ids;
    bool keeps_no_history; /* of a store in memory: events are counted, not kept */
};

/* Brings the schema up to date, forward only, each migration in a transaction of its own; refuses a
 * file of a newer Fermata (ERR_STORAGE_CORRUPT, with a line in the log). */
enum err store_migrate(struct sql *sql, int64_t now_ms) MUST_CHECK;

#endif
