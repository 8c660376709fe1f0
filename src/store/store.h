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

struct arena;
struct reservation;
struct tree_ahead;

enum { STORE_LOCK_MARK_BYTES = 512 };

struct store {
    struct sql *sql;
    struct id_source *ids;
    bool keeps_no_history; /* of a store in memory: events are counted, not kept */
    /* Called for every reservation with a due time that is made or moved, and for those that are
     * settled before; a null reservation: some that are due now. Null: the store's own due index is
     * enough. */
    void (*on_scheduled)(void *user, const struct reservation *reservation, bool is_wanted);
    void *user;
    /* Of the running transaction on a shared store. Only its first tree may be waited for, and of
     * the rows of `locks` only those behind the last one in the order of names: so no two
     * transactions wait for each other (docs/decisions/0014). */
    bool may_wait, is_alone;  /* is_alone: of one job only, which may wait out of order as well */
    bool has_new_plans;       /* versions were stored that a rollback takes away again */
    struct tree_ahead *ahead; /* trees that were taken before the jobs that change them run */
    char lock_mark[STORE_LOCK_MARK_BYTES]; /* the last one; empty: none yet */
};

/* A transaction of changes begins: nothing is held yet. */
void store_begin(struct store *store, bool may_wait);

/* Brings the schema up to date, forward only, each migration in a transaction of its own; refuses a
 * file of a newer Fermata (ERR_STORAGE_CORRUPT, with a line in the log). */
enum err store_migrate(struct sql *sql, int64_t now_ms) MUST_CHECK;

/* On a shared store: changes of an operator's plans, machines, aliases, activities and tags, one
 * transaction at a time; what they look at first cannot change meanwhile. */
enum err store_take_catalog(struct store *store, const char *operator_name) MUST_CHECK;

/* A name that no other store on the same servers has; of a shared store. */
enum err store_space(struct sql *sql, struct arena *arena, const char **ret) MUST_CHECK;

#endif
