/*
 * child.h - the making of children, for the Tasks and Maps that have some; included from engine/
 * only.
 */
#ifndef FERMATA_ENGINE_CHILD_H
#define FERMATA_ENGINE_CHILD_H

#include "engine/engine_priv.h"

struct child_wanted {
    const char *plan_id;
    int64_t plan_version;          /* 0: the latest */
    const char *plan_execution_id; /* null: ours */
    const char *input;             /* JSON */
    const char *origin;            /* JSON, or null */
    int64_t awaited_by;            /* the reservation that awaits it; 0: none does */
    int64_t map_run_id, map_index;
    const char *map_state;
};

/* A child of the turn's execution, to start in its own turn. ERR_PLAN_NOT_FOUND,
 * ERR_EXECUTION_EXISTS, ERR_TOO_LARGE (the tree may not have, or be as deep as, that). */
enum err child_create(struct turn *turn, const struct child_wanted *child, struct execution *ret);

/* How a parent wants to hear of its child's end: the `data` of the CHILD reservation. Null: the
 * output itself; else DescribeExecution's answer, with input and output as text or as JSON. */
#define CHILD_FORM_SYNC "\"sync\""
#define CHILD_FORM_SYNC_2 "\"sync:2\""

/* map_run.c: a child of a Map Run has ended, or was halted. */
enum err map_run_child_ended(struct engine *engine, const struct execution *child, int64_t now_ms);
/* All children that the halt stopped and this MAP_RUN reservation awaited; output null: they count
 * as aborted, else as having succeeded with it. */
enum err map_run_children_halted(struct engine *engine, const struct halt_row *halt,
                                 const struct reservation *awaited, const char *output);

#endif
