/*
 * machine_read.c - DescribeStateMachine, DescribeStateMachineForExecution, ListStateMachines.
 */
#include "sfn/execution_priv.h"
#include "sfn/machine_common.h"

#include <string.h>

#include "asl/asl.h"
#include "engine/arn.h"

#define METADATA_ONLY "METADATA_ONLY"

struct describe_machine_request {
    const char *arn, *included_data;
};
_Static_assert(sizeof(struct describe_machine_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field describe_machine_fields[] = {
    FIELD_ARN(describe_machine_request, "stateMachineArn"),
    FIELD_WORD(describe_machine_request, "includedData", included_data, "ALL_DATA " METADATA_ONLY),
    {0},
};

const struct sfn_field describe_machine_for_execution_fields[] = {
    FIELD_ARN(describe_machine_request, "executionArn"),
    FIELD_WORD(describe_machine_request, "includedData", included_data, "ALL_DATA " METADATA_ONLY),
    {0},
};

static const struct asl_plan *describe_plan(struct sfn_call *call, const struct machine_row *row)
{
    const struct asl_plan *plan;
    struct asl_problems problems;
    enum err err = asl_parse(call->arena, json_stored(call->arena, row->printed), &plan, &problems);

    CHECK(!err); /* it was checked when it was made */
    return plan;
}

static bool describe_has_label(const struct asl_plan *plan, const char *label)
{
    for (size_t i = 0; i < plan->state_count; i++) {
        const struct asl_map *map = plan->by_name[i]->map;

        if (map && map->label && strcmp(map->label, label) == 0)
            return true;
    }
    return false;
}

/* What both descriptions have. */
static void describe_row(struct sfn_call *call, const struct machine_row *row, bool metadata_only,
                         struct json *ret)
{
    struct arena *arena = call->arena;
    const struct arn_place place = {.account = call->account};
    const struct json *configuration = configuration_stored(arena, row->configuration);
    const struct json *variables;

    json_add(arena, ret, "name", json_string(arena, row->plan_id));
    json_add(arena, ret, "definition", json_string(arena, metadata_only ? "{}" : row->definition));
    json_add(arena, ret, "roleArn",
             json_string(arena, row->role_arn ? row->role_arn : arn_role(arena, &place)));
    for (uint32_t i = 0; i < configuration->count; i++)
        json_add(arena, ret, configuration->members[i].name, configuration->members[i].value);
    if (row->revision)
        json_add(arena, ret, "revisionId", json_string(arena, row->revision));
    if (metadata_only)
        return;
    variables = asl_variable_references(arena, describe_plan(call, row));
    if (variables->count)
        json_add(arena, ret, "variableReferences", variables);
}

/* The row of a machine, of a version of it, or of one of its Maps by label; *ret_publication with
 * number 0 unless it is a version. */
static enum err describe_find(struct sfn_call *call, struct store *store, const struct sfn_arn *arn,
                              struct machine_row *ret, struct publication_row *ret_publication)
{
    const struct describe_machine_request *req = call->fields;
    const char *operator_name = call->actor.operator_name;
    bool is_deleting;
    enum err err = machines_load(store, call->arena, operator_name, arn->name, 0, ret);

    *ret_publication = (struct publication_row){0};
    if (err == ERR_PLAN_NOT_FOUND || (!err && arn->alias))
        return refuse_no_machine(call, req->arn);
    if (err)
        return err;
    if (arn->label && !describe_has_label(describe_plan(call, ret), arn->label))
        return refuse_no_machine(call, req->arn);
    if (!arn->version)
        return ERR_OK;
    err = publications_load(store, call->arena, operator_name, arn->name, arn->version,
                            ret_publication);
    if (err == ERR_NOT_FOUND)
        return refuse_no_machine(call, req->arn);
    is_deleting = ret->is_deleting;
    if (!err)
        err = machines_load(store, call->arena, operator_name, arn->name,
                            ret_publication->plan_version, ret);
    ret->is_deleting = is_deleting;
    return err;
}

enum err describe_machine(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct describe_machine_request *req = call->fields;
    bool metadata_only = req->included_data && strcmp(req->included_data, METADATA_ONLY) == 0;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena);
    struct publication_row publication;
    struct machine_row row;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (!err)
        err = describe_find(call, store, &arn, &row, &publication);
    if (err)
        return err;
    json_add(arena, answer, "stateMachineArn", json_string(arena, req->arn));
    json_add(arena, answer, "status", json_string(arena, row.is_deleting ? "DELETING" : "ACTIVE"));
    json_add(arena, answer, "type", json_string(arena, row.type));
    json_add(arena, answer, "creationDate",
             sfn_time(arena, publication.number ? publication.created_at : row.created_at));
    if (arn.label)
        json_add(arena, answer, "label", json_string(arena, arn.label));
    if (publication.description)
        json_add(arena, answer, "description", json_string(arena, publication.description));
    describe_row(call, &row, metadata_only, answer);
    *ret = answer;
    return ERR_OK;
}

/* An execution of a Map Run shows its Map: the ARN with its label, and the run. */
static enum err describe_map(struct sfn_call *call, struct store *store,
                             const struct execution *execution, struct json *ret)
{
    struct map_run_row run = {0};
    enum err err = ERR_OK;

    if (execution->map_run_id)
        err = map_runs_load_counts(store, call->arena, execution->root_id, execution->map_run_id,
                                   &run);
    if (err)
        return err;
    execution_add_text(call, ret, "stateMachineArn",
                       execution_machine_arn(call, execution->plan_id, run.label));
    execution_add_text(call, ret, "label", run.label);
    if (run.label)
        execution_add_text(call, ret, "mapRunArn",
                           sfn_arn_map_run(call, run.plan_id, run.label, run.name));
    return ERR_OK;
}

enum err describe_machine_for_execution(struct sfn_call *call, struct store *store,
                                        const struct json **ret)
{
    const struct describe_machine_request *req = call->fields;
    bool metadata_only = req->included_data && strcmp(req->included_data, METADATA_ONLY) == 0;
    struct json *answer = json_object(call->arena);
    struct execution execution;
    struct machine_row row;
    enum err err = execution_need(call, store, req->arn, &execution);

    if (!err)
        err = machines_load(store, call->arena, call->actor.operator_name, execution.plan_id,
                            execution.plan_version, &row);
    if (!err)
        err = describe_map(call, store, &execution, answer);
    if (err)
        return err;
    json_add(call->arena, answer, "updateDate", sfn_time(call->arena, row.version_created_at));
    describe_row(call, &row, metadata_only, answer);
    *ret = answer;
    return ERR_OK;
}

struct list_machines_request {
    int64_t max_results;
    const char *next_token;
};
_Static_assert(sizeof(struct list_machines_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field list_machines_fields[] = {
    FIELD_PAGE(list_machines_request),
    {0},
};

enum err list_machines(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct list_machines_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena), *list = json_array(arena);
    struct machine_name *row;
    struct sfn_page page = {0};
    enum err err = sfn_page_read(call, req->max_results, req->next_token, "", &page);

    if (!err)
        err =
            machines_list(store, arena, call->actor.operator_name, page.name, page.limit + 1, &row);
    if (err)
        return err;
    for (; row && list->count < page.limit; row = row->next) {
        struct json *one = json_object(arena);

        json_add(arena, one, "stateMachineArn",
                 json_string(arena, sfn_arn_machine(call, row->plan_id)));
        json_add(arena, one, "name", json_string(arena, row->plan_id));
        json_add(arena, one, "type", json_string(arena, row->type));
        json_add(arena, one, "creationDate", sfn_time(arena, row->created_at));
        json_push(arena, list, one);
        page.name = row->plan_id;
    }
    json_add(arena, answer, "stateMachines", list);
    if (row)
        json_add(arena, answer, "nextToken", json_string(arena, sfn_page_token(call, "", &page)));
    *ret = answer;
    return ERR_OK;
}
