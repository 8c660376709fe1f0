/*
 * nodes.h - who is at work on a shared store, and under which number.
 *
 * All times here are of the database's clock, so that no node's own clock can shorten or stretch a
 * hold.
 */
#ifndef FERMATA_STORE_NODES_H
#define FERMATA_STORE_NODES_H

#include "store/store.h"

enum { NODES_MOST = 512 }; /* numbers 0, 2, ... 1022 */

struct node_row {
    int64_t node;
    const char *holder, *url, *version;
};

/* Takes the lowest number nobody holds (or this holder's own again). ERR_UNAVAILABLE: none is free.
 * In the caller's transaction. */
enum err nodes_take(struct store *store, struct node_row *row, int64_t hold_ms) MUST_CHECK;
/* *ret_held false: somebody else has it now. */
enum err nodes_renew(struct store *store, const struct node_row *row, int64_t hold_ms,
                     bool *ret_held) MUST_CHECK;
enum err nodes_give_up(struct store *store, const struct node_row *row) MUST_CHECK;
/* The database's clock, ms UTC. */
enum err nodes_clock(struct store *store, int64_t *ret_now_ms) MUST_CHECK;

#endif
