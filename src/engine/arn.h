/*
 * arn.h - the names that AWS's world has for our things.
 *
 * An execution that was started by the Step Functions API sees ARNs in its context and in the
 * results of its Tasks, and so do its children. A start by that API makes the plan_execution_id
 * "MACHINE:NAME", a child of a Map Run "MACHINE/LABEL:NAME"; any other id stands as the execution's
 * name under its plan. Ids of our own that hold ':', '/' or '%' stand in an ARN with %3A, %2F, %25.
 */
#ifndef FERMATA_ENGINE_ARN_H
#define FERMATA_ENGINE_ARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define ARN_REGION_DEFAULT "us-east-1"
#define ARN_ACCOUNT_DEFAULT "000000000000"

struct arn_place {
    const char *region, *account;
};

/* A part of an ARN as the id it stands for. */
const char *arn_decode(struct arena *arena, const char *text, size_t len);
const char *arn_machine(struct arena *arena, const struct arn_place *place, const char *plan_id);
const char *arn_execution(struct arena *arena, const struct arn_place *place, const char *plan_id,
                          const char *plan_execution_id);
/* The execution's own name: what stands last in its ARN, decoded. */
const char *arn_execution_name(struct arena *arena, const char *plan_id,
                               const char *plan_execution_id);
/* express:NAME:EXECUTION:UUID; the execution's own name is EXECUTION alone. */
const char *arn_express(struct arena *arena, const struct arn_place *place, const char *plan_id,
                        const char *plan_execution_id);
const char *arn_express_name(struct arena *arena, const char *plan_id,
                             const char *plan_execution_id);
const char *arn_activity(struct arena *arena, const struct arn_place *place, const char *name);
const char *arn_map_run(struct arena *arena, const struct arn_place *place, const char *plan_id,
                        const char *label, const char *name);
const char *arn_role(struct arena *arena, const struct arn_place *place);

/* The plan_execution_id of a start by name through that API. */
const char *arn_execution_id(struct arena *arena, const char *plan_id, const char *name);
/* The same of an EXPRESS machine's: a UUID behind the name lets names repeat. */
const char *arn_express_id(struct arena *arena, const char *plan_id, const char *name,
                           const char *uuid);

/* stateMachine:NAME, NAME:3 or NAME:ALIAS, of whatever region and account. */
struct arn_machine_ref {
    const char *plan_id;
    int64_t version;   /* 0: none */
    const char *alias; /* or null */
};
bool arn_parse_machine(struct arena *arena, const char *text, struct arn_machine_ref *ret);

#endif
