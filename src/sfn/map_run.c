/*
 * map_run.c - DescribeMapRun, ListMapRuns, UpdateMapRun.
 *
 * A run counts twice: its executions, and the items these work on. They are the same unless the
 * Map puts items into batches.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>
#include <string.h>

#include "engine/transition.h"
#include "store/trees.h"

struct map_run_fields {
    const char *map_run_arn, *execution_arn, *next_token;
    int64_t max_results, max_concurrency, tolerated_count;
    double tolerated_percentage;
    bool has_concurrency, has_count, has_percentage;
};
_Static_assert(sizeof(struct map_run_fields) <= SFN_FIELDS_BYTES, "fits");

#define MAP_RUN_SETTING(name, type, field, max, is_set)                                            \
    {                                                                                              \
        name, type, false, offsetof(struct map_run_fields, field), 0, max, NULL,                   \
            offsetof(struct map_run_fields, is_set)                                                \
    }
const struct sfn_field describe_map_run_fields[] = {
    FIELD_TEXT(map_run_fields, "mapRunArn", true, map_run_arn, 1, 2000),
    {0},
};
const struct sfn_field list_map_runs_fields[] = {
    FIELD_TEXT(map_run_fields, "executionArn", true, execution_arn, 1, 256),
    FIELD_PAGE(map_run_fields),
    {0},
};
const struct sfn_field update_map_run_fields[] = {
    FIELD_TEXT(map_run_fields, "mapRunArn", true, map_run_arn, 1, 2000),
    MAP_RUN_SETTING("maxConcurrency", SFN_INT, max_concurrency, INT32_MAX, has_concurrency),
    MAP_RUN_SETTING("toleratedFailurePercentage", SFN_NUMBER, tolerated_percentage, 100,
                    has_percentage),
    MAP_RUN_SETTING("toleratedFailureCount", SFN_INT, tolerated_count, INT64_MAX, has_count),
    {0},
};

/* The run that an ARN names: InvalidArn, ResourceNotFound. */
static enum err map_run_need(struct sfn_call *call, struct store *store, const char *text,
                             struct map_run_row *ret)
{
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_MAP_RUN), &arn);

    if (!err)
        err = map_runs_find(store, call->arena, call->actor.operator_name, arn.execution, ret);
    if (!err &&
        (strcmp(ret->plan_id, arn.name) != 0 || !arn.label || strcmp(ret->label, arn.label) != 0))
        err = ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? refuse_no_resource(call) : err;
}

/* ---- counts ---- */

struct map_run_counts {
    int64_t pending, running, succeeded, failed, timed_out, aborted, total;
};

static void map_run_rest(struct map_run_counts *counts, int64_t begun)
{
    counts->running =
        begun - counts->succeeded - counts->failed - counts->timed_out - counts->aborted;
    if (counts->running < 0)
        counts->running = 0;
    counts->pending = counts->total - begun;
    if (counts->pending < 0)
        counts->pending = 0;
}

static const struct json *map_run_counts_shape(struct sfn_call *call,
                                               const struct map_run_counts *counts)
{
    struct arena *arena = call->arena;
    struct json *json = json_object(arena);

    json_add(arena, json, "pending", json_int(arena, counts->pending));
    json_add(arena, json, "running", json_int(arena, counts->running));
    json_add(arena, json, "succeeded", json_int(arena, counts->succeeded));
    json_add(arena, json, "failed", json_int(arena, counts->failed));
    json_add(arena, json, "timedOut", json_int(arena, counts->timed_out));
    json_add(arena, json, "aborted", json_int(arena, counts->aborted));
    json_add(arena, json, "total", json_int(arena, counts->total));
    json_add(arena, json, "resultsWritten", json_int(arena, 0));
    json_add(arena, json, "failuresNotRedrivable", json_int(arena, 0));
    json_add(arena, json, "pendingRedrive", json_int(arena, 0));
    return json;
}

static struct map_run_counts map_run_executions(const struct map_run_row *run)
{
    struct map_run_counts counts = {
        .succeeded = run->succeeded,
        .failed = run->failed,
        .timed_out = run->timed_out,
        .aborted = run->aborted,
        .total = run->total,
    };

    map_run_rest(&counts, run->begun);
    return counts;
}

/* How many items the executions that have begun work on. */
static int64_t map_run_items_begun(struct sfn_call *call, const struct map_run_row *run)
{
    const struct json *inputs;
    int64_t begun = 0;

    if (!run->batched)
        return run->begun;
    inputs = json_stored(call->arena, run->items);
    for (uint32_t i = 0; i < inputs->count && i < run->begun; i++) {
        const struct json *items = json_get(inputs->items[i], "Items");

        begun += items && json_is(items, JSON_ARRAY) ? items->count : 1;
    }
    return begun;
}

static enum err map_run_items(struct sfn_call *call, struct store *store,
                              const struct map_run_row *run, struct map_run_counts *ret)
{
    struct map_item_counts ended;
    enum err err = map_items_count(store, run->root_id, run->map_run_id, &ended);

    if (err)
        return err;
    *ret = (struct map_run_counts){
        .succeeded = ended.succeeded,
        .failed = ended.failed,
        .timed_out = ended.timed_out,
        .aborted = ended.aborted,
        .total = run->item_count,
    };
    map_run_rest(ret, map_run_items_begun(call, run));
    return ERR_OK;
}

/* ---- DescribeMapRun ---- */

static int64_t map_run_given(int64_t value)
{
    return value > 0 ? value : 0;
}

static enum err map_run_shape(struct sfn_call *call, struct store *store,
                              const struct map_run_row *run, const struct execution *e,
                              struct json *json)
{
    struct arena *arena = call->arena;
    struct map_run_counts executions = map_run_executions(run), items;
    double percentage = run->tolerated_percentage > 0 ? run->tolerated_percentage : 0;
    enum err err = map_run_items(call, store, run, &items);

    if (err)
        return err;
    execution_add_text(call, json, "mapRunArn",
                       sfn_arn_map_run(call, run->plan_id, run->label, run->name));
    execution_add_text(call, json, "executionArn",
                       sfn_arn_execution(call, e->plan_id, e->plan_execution_id));
    execution_add_text(call, json, "status", run->status);
    execution_add_time(call, json, "startDate", run->created_at);
    execution_add_time(call, json, "stopDate", run->ended_at);
    json_add(arena, json, "maxConcurrency", json_int(arena, run->max_concurrency));
    json_add(arena, json, "toleratedFailurePercentage", json_real(arena, percentage));
    json_add(arena, json, "toleratedFailureCount",
             json_int(arena, map_run_given(run->tolerated_count)));
    json_add(arena, json, "itemCounts", map_run_counts_shape(call, &items));
    json_add(arena, json, "executionCounts", map_run_counts_shape(call, &executions));
    json_add(arena, json, "redriveCount", json_int(arena, run->redrives));
    execution_add_time(call, json, "redriveDate", run->redriven_at);
    return ERR_OK;
}

enum err describe_map_run(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct map_run_fields *fields = call->fields;
    struct json *json = json_object(call->arena);
    struct map_run_row run = {0};
    struct execution e;
    enum err err = map_run_need(call, store, fields->map_run_arn, &run);

    if (!err)
        err = executions_load(store, call->arena, run.root_id, run.execution_id, &e);
    if (!err)
        err = map_run_shape(call, store, &run, &e, json);
    *ret = json;
    return err;
}

/* ---- ListMapRuns ---- */

static const struct json *map_run_item(struct sfn_call *call, const struct map_run_row *run,
                                       const struct execution *e)
{
    struct json *json = json_object(call->arena);

    execution_add_text(call, json, "executionArn",
                       sfn_arn_execution(call, e->plan_id, e->plan_execution_id));
    execution_add_text(call, json, "mapRunArn",
                       sfn_arn_map_run(call, run->plan_id, run->label, run->name));
    execution_add_text(call, json, "stateMachineArn",
                       execution_machine_arn(call, run->plan_id, run->label));
    execution_add_time(call, json, "startDate", run->created_at);
    execution_add_time(call, json, "stopDate", run->ended_at);
    return json;
}

enum err list_map_runs(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct map_run_fields *fields = call->fields;
    const char *filters = fields->execution_arn;
    struct json *json = json_object(call->arena), *items = json_array(call->arena);
    struct map_run_row *run = NULL;
    struct sfn_page page = {0};
    struct execution e;
    enum err err = execution_need(call, store, fields->execution_arn, &e);

    if (!err)
        err = sfn_page_read(call, fields->max_results, fields->next_token, filters, &page);
    if (!err)
        err = map_runs_of_execution(store, call->arena, e.root_id, e.execution_id, page.b,
                                    page.limit + 1, &run);
    if (err)
        return err;
    for (; run && items->count < page.limit; run = run->next) {
        json_push(call->arena, items, map_run_item(call, run, &e));
        page.b = run->map_run_id;
    }
    json_add(call->arena, json, "mapRuns", items);
    if (run)
        execution_add_text(call, json, "nextToken", sfn_page_token(call, filters, &page));
    *ret = json;
    return ERR_OK;
}

/* ---- UpdateMapRun ---- */

static void map_run_set(const struct map_run_fields *fields, struct map_run_row *run)
{
    if (fields->has_concurrency)
        run->max_concurrency = fields->max_concurrency;
    if (fields->has_percentage)
        run->tolerated_percentage = fields->tolerated_percentage;
    if (fields->has_count)
        run->tolerated_count = fields->tolerated_count;
}

enum err update_map_run(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct map_run_fields *fields = call->fields;
    struct store *store = engine->store;
    struct map_run_row run = {0};
    int64_t tree_seq;
    enum err err = map_run_need(call, store, fields->map_run_arn, &run);

    (void)ret;
    if (err)
        return err;
    if (!fields->has_concurrency && !fields->has_percentage && !fields->has_count)
        return sfn_refuse_validation(call, "MISSING_REQUIRED_PARAMETER",
                                     "At least one of maxConcurrency, toleratedFailurePercentage"
                                     " and toleratedFailureCount is required");
    /* The tree first, then the run again, in a new statement. */
    err = trees_lock(store, run.root_id, &tree_seq);
    if (!err)
        err = map_runs_load_counts(store, engine->arena, run.root_id, run.map_run_id, &run);
    if (err)
        return err;
    if (strcmp(run.status, MAP_RUN_RUNNING) != 0)
        return sfn_refuse_validation(call, "CANNOT_UPDATE_COMPLETED_MAP_RUN",
                                     "Cannot update a completed Map Run: '%s'",
                                     fields->map_run_arn);
    map_run_set(fields, &run);
    return engine_map_run_changed(engine, &run);
}
