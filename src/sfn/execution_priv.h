/*
 * execution_priv.h - what the files about executions, tasks and Map Runs share.
 */
#ifndef FERMATA_SFN_EXECUTION_PRIV_H
#define FERMATA_SFN_EXECUTION_PRIV_H

#include "engine/express.h"
#include "sfn/machine_common.h"
#include "store/map_runs.h"
#include "store/views_sfn.h"

/* ---- execution_target.c ---- */

/* A start as it was asked for (members of a shape; may be null), and what the engine is to do. */
struct execution_wanted {
    const char *machine_arn, *name, *input, *trace_header;
};
struct execution_prepared {
    struct start_request req;
    bool is_express;
    const char *name;         /* without the UUID of an EXPRESS machine's */
    struct express_plan plan; /* of the plan version that is to run */
};
/* In a read or a change; everything in the call's arena. */
enum err execution_prepare(struct sfn_call *call, struct store *store,
                           const struct execution_wanted *wanted, struct execution_prepared *ret);

/* ---- execution_express.c: executions of EXPRESS machines, on a lane of their own ---- */

/* On a thread that reads: execution_prepare, unless it is a STANDARD machine; only is_express is
 * told then. */
enum err express_prepare(struct sfn_call *call, const struct execution_wanted *wanted,
                         struct execution_prepared *ret);
/* On that lane: starts it. *ret is how it stands, gone already when it has ended. */
enum err express_start(struct sfn_call *call, struct engine *engine,
                       const struct execution_prepared *prepared, struct execution *ret);
/* On that lane: how it stands, gone when it has ended. ERR_EXECUTION_NOT_FOUND. */
enum err express_look(struct engine *engine, int64_t execution_id, struct execution *ret);

/* ---- execution_common.c ---- */

/* The execution that an ARN names: InvalidArn, ExecutionDoesNotExist. */
enum err execution_need(struct sfn_call *call, struct store *store, const char *text,
                        struct execution *ret);
enum err execution_unknown(struct sfn_call *call, const char *arn);
/* A machine's type that this action does not know. */
enum err execution_type_unsupported(struct sfn_call *call);

/* The status on the wire; is_held: it failed and waits for a restart. */
const char *execution_status(enum status status, bool timed_out, bool is_held);
enum err execution_is_held(struct store *store, const struct execution *execution, bool *ret);
/* The machine's ARN; with a label, that of the Map in it. */
const char *execution_machine_arn(struct sfn_call *call, const char *plan_id, const char *label);
/* express:NAME:EXECUTION:UUID, of an execution of an EXPRESS machine. */
const char *execution_express_arn(struct sfn_call *call, const char *plan_id,
                                  const char *plan_execution_id);
/* The version and the alias that an execution was started by; null when it was by neither. */
const char *execution_version_arn(struct sfn_call *call, const char *plan_id,
                                  const struct json *origin);
const char *execution_alias_arn(struct sfn_call *call, const char *plan_id,
                                const struct json *origin);

/* Adds a text, or a time, unless there is none. */
void execution_add_text(struct sfn_call *call, struct json *json, const char *name,
                        const char *text);
void execution_add_time(struct sfn_call *call, struct json *json, const char *name,
                        int64_t time_ms);
/* Adds a payload and its companion {"included"}. */
void execution_add_payload(struct sfn_call *call, struct json *json, const char *name,
                           const char *text, bool is_included);

/* ---- execution_redrive.c ---- */

/* "REDRIVABLE", "NOT_REDRIVABLE" or "REDRIVABLE_BY_MAP_RUN", and why not (or null). */
enum err execution_redrivable(struct sfn_call *call, struct store *store,
                              const struct execution *execution, bool is_held,
                              const char **ret_status, const char **ret_reason);

#endif
