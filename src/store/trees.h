/*
 * trees.h - one row per tree, taken first by whoever changes anything in the tree.
 *
 * The order of all locks: tree rows by root id, then `locks` rows by name, then everything else.
 */
#ifndef FERMATA_STORE_TREES_H
#define FERMATA_STORE_TREES_H

#include "store/store.h"

struct plain_tree;

/* A new tree of one execution, locked by this change: its seq is 1. */
enum err trees_insert(struct store *store, const char *operator_name, int64_t root_id) MUST_CHECK;
/* A tree that was taken ahead of the job that changes it, and what is known of it. */
struct tree_ahead {
    int64_t root_id, seq;
    const struct plain_tree *plain; /* (plain_trees.h); or null */
    bool is_used; /* a job has asked for the tree: what was known of it is of before */
    struct tree_ahead *next;
};

/* On a shared store: takes all that are free of a list, "{1,2}", into store->ahead, where
 * trees_lock finds them. The arena must last as long as the transaction. */
enum err trees_lock_ahead(struct store *store, struct arena *arena, const char *list) MUST_CHECK;
/* Takes the row exclusively and raises seq, the order of all changes in the tree.
 * ERR_EXECUTION_NOT_FOUND: it lived in memory, and was forgotten. */
enum err trees_lock(struct store *store, int64_t root_id, int64_t *ret_seq) MUST_CHECK;
/* Counts a new execution in; ERR_TOO_LARGE and no change when there are `most` already. The tree is
 * locked. */
enum err trees_grow(struct store *store, int64_t root_id, int64_t most) MUST_CHECK;

#endif
