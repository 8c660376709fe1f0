/*
 * place.h - the tree of an execution, asked before its job is handed to a lane.
 *
 * An execution stays in its tree for ever, so the answer never grows old; where it is not known the
 * job goes to any lane.
 */
#ifndef FERMATA_FRONT_PLACE_H
#define FERMATA_FRONT_PLACE_H

#include <stdint.h>

/* The root_id; 0 when there is no such execution, or the store does not answer. */
int64_t place_find(const char *store_name, const char *operator_name,
                   const char *plan_execution_id);

#endif
