/*
 * commits.h - what tells, after the answer to a commit was lost, whether it was one.
 *
 * On a shared store each transaction of a lane first inserts a row of its own into `commits`. When
 * the answer to its commit is lost, the same row is inserted again over a new connection: the
 * unique key waits for the old transaction to end; a row that is there means that it committed.
 */
#ifndef FERMATA_STORE_COMMITS_H
#define FERMATA_STORE_COMMITS_H

#include "store/store.h"

/* The first statement of a transaction. *ret_inserted false: it was there already, so that
 * transaction committed. ERR_UNAVAILABLE: the node's number is no longer held by `holder`. */
enum err commits_insert(struct store *store, int64_t commit_id, int64_t node, const char *holder,
                        int64_t now_ms, bool *ret_inserted) MUST_CHECK;
enum err commits_purge(struct store *store, int64_t before_ms, int64_t most,
                       int64_t *ret_count) MUST_CHECK;

#endif
