/*
 * validate.h - what an EXPRESS state machine may not hold, beyond what no state machine may.
 */
#ifndef FERMATA_SFN_VALIDATE_H
#define FERMATA_SFN_VALIDATE_H

#include <stdbool.h>

#include "asl/asl.h"

struct arena;

/*
 * Adds to *problems what does not fit an express execution: Tasks that wait (.sync,
 * .waitForTaskToken, activities) and distributed Maps; also inside a distributed Map whose children
 * are express, whatever the machine is. False when it added any.
 */
bool validate_express(struct arena *arena, const struct asl_plan *plan, bool is_express,
                      struct asl_problems *problems);

#endif
