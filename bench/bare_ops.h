/*
 * bare_ops.h - the shortest statements that leave the rows which the server leaves, for each kind
 * of work.
 *
 * Parameters: :root a tree's id, :name a plan_execution_id, :claim and :beat reservations, :halt a
 * halt, :now milliseconds, :items the list 1 to `rounds`. Those that a statement does not name are
 * not bound. Neighbours that name :round are run together, once for each round from 0.
 */
#ifndef FERMATA_BENCH_BARE_OPS_H
#define FERMATA_BENCH_BARE_OPS_H

#include <stdbool.h>
#include <stdint.h>

enum { BARE_PHASES = 3, BARE_STATEMENTS = 24 };

struct bare_op {
    const char *name, *prefix;
    bool is_new; /* makes executions; else it finds them by name */
    int64_t rounds;
    const char *phases[BARE_PHASES][BARE_STATEMENTS]; /* each phase is a commit */
};

/* Null when there is none of that name. */
const struct bare_op *bare_op_find(const char *name);

#endif
