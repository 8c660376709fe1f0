/*
 * machine.h - revisions of state machines: what makes a new one.
 *
 * One rule for both APIs: a plan is made with its first revision, INITIAL; every change of its
 * definition, role or configuration is a further one, and an execution stays on its own.
 */
#ifndef FERMATA_ENGINE_MACHINE_H
#define FERMATA_ENGINE_MACHINE_H

#include "engine/engine.h"
#include "store/machines.h"

/* What a revision shall bear; what is null stays as it is. */
struct machine_spec {
    const char *plan_id;
    const char *type;              /* of a new plan; null: STANDARD */
    const struct json *definition; /* valid */
    const char *text;              /* the definition as it was sent; null: as we print it */
    const char *role_arn;
    const char *configuration; /* JSON */
};

/* SHA-256 of the canonical definition. */
const char *machine_digest(struct arena *arena, const struct json *definition);
/* Is this the definition of that revision? Its text as it was sent decides; of one that our own API
 * made, which takes values, what it means. */
bool machine_has_definition(struct arena *arena, const struct machine_row *row,
                            const struct machine_spec *spec);

/* The first revision of a plan that is not there or was deleted. */
enum err machine_create(struct engine *engine, const struct actor *actor,
                        const struct machine_spec *spec, struct machine_row *ret) MUST_CHECK;
/* The next one of `row`, the latest until now, which becomes the new one. */
enum err machine_revise(struct engine *engine, const struct actor *actor,
                        const struct machine_spec *spec, struct machine_row *row) MUST_CHECK;

#endif
