/*
 * transition.h - which moves of an execution's status exist: one table.
 */
#ifndef FERMATA_ENGINE_TRANSITION_H
#define FERMATA_ENGINE_TRANSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "store/executions.h"

/* clang-format off */
#define EVENT_LIST(X)                                                                              \
    X(WAKE)            /* a turn begins */                                                         \
    X(WAIT_HUMAN_TASK) /* every frame waits, the first of them for a person */                     \
    X(WAIT_CALLBACK)                                                                               \
    X(WAIT_CHILD)                                                                                  \
    X(WAIT_LOCK)                                                                                   \
    X(WAIT_TIMER)                                                                                  \
    X(HOLD)            /* failed, and held for a restart */                                        \
    X(PAUSE)           /* by a person */                                                           \
    X(RESUME)          /* restart after a pause: back to what it was waiting for */                \
    X(RESTART)         /* restart of a stopped or held execution, under a new epoch */             \
    X(REDRIVE)         /* restart of a failed or stopped execution by the Step Functions API */    \
    X(SUCCEED)                                                                                     \
    X(FAIL)                                                                                        \
    X(HALT)
/* clang-format on */

#define EVENT_ENUM(name) EVENT_##name,
enum event { EVENT_NONE, EVENT_LIST(EVENT_ENUM) EVENT_COUNT };
#undef EVENT_ENUM
const char *event_name(enum event event);

struct transition {
    enum status from;
    enum event event;
    enum status to;
};
/* The table itself, for the tests and the documentation. */
const struct transition *transition_table(size_t *ret_count);

/* STATUS_NONE when the move does not exist. */
enum status transition_to(enum status from, enum event event);
bool transition_is_final(enum status status); /* nothing but a restart leads out of it */
/* The event by which a turn ends in this waiting status. */
enum event transition_wait_event(enum status status);

#endif
