/*
 * asl_map_run.c - what a Map is going to do: its items, its numbers, the input of each iteration,
 * and batches of them.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A decimal number of a string, or the number itself. */
static bool map_run_float(const struct json *value, double *ret)
{
    char *end = NULL;

    if (json_is_number(value)) {
        *ret = json_number(value);
        return true;
    }
    if (value->kind != JSON_STRING || !value->count ||
        strspn(value->string, "+-0123456789.eE") != value->count)
        return false;
    *ret = strtod(value->string, &end);
    return !*end && isfinite(*ret);
}

/* The number of a field, given or found; *ret stays what it is when the field is not there. */
static bool map_run_number(struct asl_scope *scope, const struct asl_number *number,
                           const char *field, double *ret, struct asl_error *reterr)
{
    const struct json *value;

    if (!number->is_set)
        return true;
    if (!number->path) {
        *ret = number->value;
        return true;
    }
    if (!asl_evaluate(scope, number->path, &value, reterr))
        return false;
    if (map_run_float(value, ret))
        return true;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                    "The %sPath field refers to value \"%s\" which is not a valid float: %s", field,
                    asl_plain_text(scope->arena, value), asl_expression_text(number->path));
}

static bool map_run_integer(struct asl_scope *scope, const struct asl_number *number,
                            const char *field, int64_t *ret, struct asl_error *reterr)
{
    const struct json *value;

    if (!number->is_set)
        return true;
    if (!number->path) {
        *ret = (int64_t)number->value;
        return true;
    }
    if (!asl_evaluate(scope, number->path, &value, reterr))
        return false;
    if (asl_long(value, ret))
        return true;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                    "The %sPath field refers to value \"%s\" which is not a valid integer: %s",
                    field, asl_plain_text(scope->arena, value), asl_expression_text(number->path));
}

static bool map_run_tolerances(struct asl_scope *scope, const struct asl_map *map,
                               struct asl_map_plan *ret, struct asl_error *reterr)
{
    if (!map_run_integer(scope, &map->tolerated_count, "ToleratedFailureCount",
                         &ret->tolerated_count, reterr))
        return false;
    if (map->tolerated_count.is_set && ret->tolerated_count < 0)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "ToleratedFailureCount cannot be negative.");
    if (!map_run_number(scope, &map->tolerated_percentage, "ToleratedFailurePercentage",
                        &ret->tolerated_percentage, reterr))
        return false;
    if (map->tolerated_percentage.is_set &&
        !(ret->tolerated_percentage >= 0 && ret->tolerated_percentage <= 100))
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "ToleratedFailurePercentage must be between 0 and 100.");
    return true;
}

static bool map_run_batch_sizes(struct asl_scope *scope, const struct asl_map *map,
                                struct asl_map_plan *ret, struct asl_error *reterr)
{
    if (!map_run_integer(scope, &map->batch_items, "MaxItemsPerBatch", &ret->batch_items, reterr) ||
        !map_run_integer(scope, &map->batch_bytes, "MaxInputBytesPerBatch", &ret->batch_bytes,
                         reterr))
        return false;
    if (map->batch_items.is_set && ret->batch_items < 1)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "MaxItemsPerBatch must be positive.");
    if (map->batch_bytes.is_set && (ret->batch_bytes < 1 || ret->batch_bytes > LIMIT_PAYLOAD_BYTES))
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "MaxInputBytesPerBatch must be between 1 and %d.", LIMIT_PAYLOAD_BYTES);
    return true;
}

static bool map_run_max_items(struct asl_scope *scope, const struct asl_map *map,
                              struct asl_map_plan *ret, struct asl_error *reterr)
{
    if (!map_run_integer(scope, &map->max_items, "MaxItems", &ret->max_items, reterr))
        return false;
    if (!map->max_items.is_set || ret->max_items > 0)
        return true;
    asl_fail(scope->arena, reterr, ASL_ERROR_ITEM_READER, "field MaxItems must be positive");
    reterr->is_runtime = false;
    return false;
}

/* Null items where an ItemReader brings them. */
static bool map_run_items(struct asl_scope *scope, const struct asl_map *map,
                          const struct json *input, const struct json **ret,
                          struct asl_error *reterr)
{
    const struct json *items = input;

    if (map->item_reader)
        return true;
    if (map->items_path && !asl_evaluate(scope, map->items_path, &items, reterr))
        return false;
    if (items->kind != JSON_ARRAY) {
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "Reference path \"%s\" must point to array.",
                        map->items_path ? asl_expression_text(map->items_path) : "$");
    }
    *ret = items;
    return true;
}

bool asl_map_begin(struct asl_scope *scope, const struct asl_state *state, const struct json *input,
                   struct asl_map_plan *ret, struct asl_error *reterr)
{
    const struct asl_map *map = state->map;

    CHECK(state->type == ASL_MAP);
    *ret = (struct asl_map_plan){.tolerated_count = -1, .tolerated_percentage = -1};
    scope->input = input;
    if (!map_run_items(scope, map, input, &ret->items, reterr) ||
        !map_run_integer(scope, &map->max_concurrency, "MaxConcurrency", &ret->max_concurrency,
                         reterr))
        return false;
    if (ret->max_concurrency < 0)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "MaxConcurrency cannot be negative.");
    return map_run_tolerances(scope, map, ret, reterr) &&
           map_run_batch_sizes(scope, map, ret, reterr) &&
           map_run_max_items(scope, map, ret, reterr);
}

bool asl_map_item(struct asl_scope *scope, const struct asl_state *state, const struct json *input,
                  const struct json *item, const struct json **ret, struct asl_error *reterr)
{
    CHECK(state->type == ASL_MAP);
    if (!state->map->item_selector) {
        *ret = item;
        return true;
    }
    scope->input = input;
    return asl_fill_template(scope, state->map->item_selector, ret, reterr) &&
           asl_check_data(scope->arena, state, *ret, reterr);
}

static struct json *map_run_batch(struct arena *arena, const struct json *batch_input,
                                  struct json *items)
{
    struct json *batch = json_object(arena);

    if (batch_input)
        json_add(arena, batch, "BatchInput", batch_input);
    json_add(arena, batch, "Items", items);
    return batch;
}

/* An item that is too large for any batch stands alone in its own. */
bool asl_map_batches(struct asl_scope *scope, const struct asl_state *state,
                     const struct json *input, const struct asl_map_plan *plan,
                     const struct json *selected, const struct json **ret, struct asl_error *reterr)
{
    const struct json *batch_input = NULL;
    struct json *batches = json_array(scope->arena), *items = NULL;
    size_t most = plan->batch_bytes ? (size_t)plan->batch_bytes : LIMIT_PAYLOAD_BYTES;
    size_t frame, bytes = 0;

    CHECK(state->type == ASL_MAP && selected->kind == JSON_ARRAY);
    scope->input = input;
    if (state->map->batch_input &&
        (!asl_fill_template(scope, state->map->batch_input, &batch_input, reterr) ||
         !asl_check_data(scope->arena, state, batch_input, reterr)))
        return false;
    frame = json_size(map_run_batch(scope->arena, batch_input, json_array(scope->arena)));
    for (uint32_t i = 0; i < selected->count; i++) {
        size_t size = json_size(selected->items[i]) + 1;

        if (items &&
            ((plan->batch_items && items->count >= plan->batch_items) || bytes + size > most))
            items = NULL;
        if (!items) {
            items = json_array(scope->arena);
            json_push(scope->arena, batches, map_run_batch(scope->arena, batch_input, items));
            bytes = frame;
        }
        json_push(scope->arena, items, selected->items[i]);
        bytes += size;
    }
    *ret = batches;
    return true;
}
