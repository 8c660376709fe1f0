/*
 * plain_trees.h - what a halt must know of a tree that is plain: one execution that nobody works
 * for, and no lock held or awaited. (So no Map Run runs in it: one that does has children.)
 *
 * Most trees are such ones. All that a halt asks of them is read by one statement, and its writes
 * then need no answer. On a shared store, where every question is a round trip, the trees of all
 * halts of a batch are taken and read together, ahead of the jobs (docs/decisions/0017).
 *
 * What was read holds as long as the tree is not taken again: whoever changes a tree takes it
 * first, and trees_lock marks what was known as used.
 */
#ifndef FERMATA_STORE_PLAIN_TREES_H
#define FERMATA_STORE_PLAIN_TREES_H

#include "store/executions.h"
#include "store/halts.h"
#include "store/trees.h"

struct plain_tree {
    struct execution target;         /* without input, output and what else a halt leaves alone */
    struct halt_claim *claims;       /* its FRESH reservations, by id */
    int64_t reservations, scheduled; /* of the claims: how many, and how many with a due time */
    struct plain_tree *next;
};

/* Of a tree that is taken; *ret null: it is not plain. Lives in the arena. */
enum err plain_tree_load(struct store *store, struct arena *arena, int64_t root_id,
                         struct plain_tree **ret) MUST_CHECK;
/* On a shared store: takes those of these trees that are free, and reads the plain ones among them.
 * The arena must last as long as the transaction. */
enum err plain_trees_ahead(struct store *store, struct arena *arena, const int64_t *root_ids,
                           size_t count) MUST_CHECK;
/* What was read ahead of this execution's tree and still holds; null: nothing. */
const struct plain_tree *plain_tree_find(const struct store *store, const char *operator_name,
                                         const char *plan_execution_id);

#endif
