/*
 * express.h - executions of EXPRESS machines: the same engine over a store in memory.
 *
 * A lane of its own runs them, with env.is_express: no history is kept, no commit waits for a disk,
 * and what has ended is forgotten once it has been answered. Their plans are copied there when they
 * are first used, and forgotten when there are too many of them and nobody uses them.
 */
#ifndef FERMATA_ENGINE_EXPRESS_H
#define FERMATA_ENGINE_EXPRESS_H

#include "engine/engine.h"

struct express_plan {
    const char *plan_id;
    int64_t plan_version;
    const char *definition;
    const char *role_arn; /* or null */
};
/* The plan version, as it stands in the store on disk, is known from now on, so that engine_start
 * finds it. ERR_UNAVAILABLE when what runs fills the memory it may have (LIMIT_EXPRESS_BYTES). */
enum err express_plan(struct engine *engine, const struct actor *actor,
                      const struct express_plan *plan) MUST_CHECK;
/* ERR_EXECUTION_NOT_FOUND. */
enum err express_read(struct engine *engine, int64_t execution_id,
                      struct execution *ret) MUST_CHECK;
/* Nothing of it is left. One that still runs stays. */
enum err express_forget(struct engine *engine, int64_t execution_id) MUST_CHECK;

#endif
