/*
 * execution_describe.c - DescribeExecution.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "engine/arn.h"

struct describe_fields {
    const char *execution_arn, *included_data;
};
_Static_assert(sizeof(struct describe_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field describe_execution_fields[] = {
    FIELD_TEXT(describe_fields, "executionArn", true, execution_arn, 1, 256),
    FIELD_WORD(describe_fields, "includedData", included_data, "ALL_DATA METADATA_ONLY"),
    {0},
};

static void describe_data(struct sfn_call *call, struct json *json, const struct execution *e)
{
    const struct describe_fields *fields = call->fields;
    bool is_included =
        !fields->included_data || strcmp(fields->included_data, "METADATA_ONLY") != 0;

    execution_add_payload(call, json, "input", e->input, is_included);
    if (e->output)
        execution_add_payload(call, json, "output", e->output, is_included);
    execution_add_text(call, json, "error", e->error);
    execution_add_text(call, json, "cause", e->cause);
}

static enum err describe_redrive(struct sfn_call *call, struct store *store,
                                 const struct execution *e, bool is_held, struct json *json)
{
    const char *status = NULL, *reason = NULL;
    enum err err = execution_redrivable(call, store, e, is_held, &status, &reason);

    json_add(call->arena, json, "redriveCount", json_int(call->arena, e->redrives));
    execution_add_time(call, json, "redriveDate", e->redriven_at);
    execution_add_text(call, json, "redriveStatus", status);
    execution_add_text(call, json, "redriveStatusReason", reason);
    return err;
}

/* Of an execution of a Map Run: the run, and the Map's label; null else. */
static enum err describe_map_run_of(struct sfn_call *call, struct store *store,
                                    const struct execution *e, const char **ret_arn,
                                    const char **ret_label)
{
    struct map_run_row run;
    enum err err;

    *ret_arn = NULL;
    *ret_label = NULL;
    if (!e->map_run_id)
        return ERR_OK;
    err = map_runs_load_counts(store, call->arena, e->root_id, e->map_run_id, &run);
    if (err)
        return err;
    *ret_arn = sfn_arn_map_run(call, run.plan_id, run.label, run.name);
    *ret_label = run.label;
    return ERR_OK;
}

enum err describe_execution(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct describe_fields *fields = call->fields;
    struct json *json = json_object(call->arena);
    const char *map_run_arn, *label, *id;
    const struct json *origin;
    struct execution e;
    bool is_held;
    enum err err = execution_need(call, store, fields->execution_arn, &e);

    if (!err)
        err = execution_is_held(store, &e, &is_held);
    if (!err)
        err = describe_map_run_of(call, store, &e, &map_run_arn, &label);
    if (err)
        return err;
    id = e.plan_execution_id;
    origin = e.origin ? json_stored(call->arena, e.origin) : NULL;
    execution_add_text(call, json, "executionArn", sfn_arn_execution(call, e.plan_id, id));
    execution_add_text(call, json, "stateMachineArn",
                       execution_machine_arn(call, e.plan_id, label));
    execution_add_text(call, json, "name", arn_execution_name(call->arena, e.plan_id, id));
    execution_add_text(call, json, "status", execution_status(e.status, e.timed_out, is_held));
    execution_add_time(call, json, "startDate", e.created_at);
    execution_add_time(call, json, "stopDate", e.ended_at);
    describe_data(call, json, &e);
    execution_add_text(call, json, "traceHeader", json_get_string(origin, "trace_header"));
    execution_add_text(call, json, "mapRunArn", map_run_arn);
    execution_add_text(call, json, "stateMachineVersionArn",
                       execution_version_arn(call, e.plan_id, origin));
    execution_add_text(call, json, "stateMachineAliasArn",
                       execution_alias_arn(call, e.plan_id, origin));
    err = describe_redrive(call, store, &e, is_held, json);
    *ret = json;
    return err;
}
