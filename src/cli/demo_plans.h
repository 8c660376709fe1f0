/*
 * demo_plans.h - the plans of the demo: an order, and trees of 11, 111 and 1,111 executions.
 */
#ifndef FERMATA_CLI_DEMO_PLANS_H
#define FERMATA_CLI_DEMO_PLANS_H

#include <stddef.h>

struct arena;
struct json;

#define DEMO_FAN_OUT 10 /* children of each inner execution of the trees */

/* The plan number i and its name; null after the last. */
const struct json *demo_plan(struct arena *arena, size_t i, const char **ret_name);

#endif
