/*
 * test_state_map.c - a Map under test, up to where its iterations would run: its items, what
 * ItemSelector and ItemBatcher make of them, and how many failures it tolerates.
 */
#include "sfn/test_state.h"

#include <string.h>

#include "sfn/sfn_priv.h"

#define MAP_ERROR_READER "States.ItemReaderFailed"

static bool map_fail(struct asl_error *reterr, const char *error, const char *cause)
{
    *reterr = (struct asl_error){.error = error, .cause = cause};
    return false;
}

/* Every item with the context that its iteration would see. What they are together is held to the
 * limit of a payload while it is made. */
static bool map_select(struct test *test, const struct json *input, const struct json *items,
                       const struct json **ret, struct asl_error *reterr)
{
    const struct json *context = test->scope.context;
    struct json *selected = json_array(test->arena);
    size_t bytes = 0;
    bool done = true;

    for (uint32_t i = 0; i < items->count && done; i++) {
        struct json *item = json_object(test->arena), *map = json_object(test->arena);
        const struct json *value;

        json_add(test->arena, item, "Index", json_int(test->arena, i));
        json_add(test->arena, item, "Value", items->items[i]);
        json_add(test->arena, map, "Item", item);
        test->scope.context = json_with(test->arena, context, "Map", map);
        done = asl_map_item(&test->scope, test->state, input, items->items[i], &value, reterr);
        if (!done)
            break;
        json_push(test->arena, selected, value);
        bytes += json_size(value);
        if (bytes > LIMIT_PAYLOAD_BYTES)
            done = map_fail(reterr, "States.DataLimitExceeded",
                            "The items of the Map exceed the maximum number of bytes service "
                            "limit.");
    }
    test->scope.context = context;
    *ret = selected;
    return done;
}

static bool map_tolerates(const struct asl_map_plan *plan, int64_t failures)
{
    if (plan->tolerated_count >= 0 && failures > plan->tolerated_count)
        return false;
    return plan->tolerated_percentage < 0 || !plan->items ||
           (double)failures * 100 <= plan->tolerated_percentage * (double)plan->items->count;
}

static void map_inspect_numbers(struct test *test, const struct asl_map_plan *plan)
{
    json_set(test->arena, test->inspection, "maxConcurrency",
             json_int(test->arena, plan->max_concurrency));
    if (plan->tolerated_count >= 0)
        json_set(test->arena, test->inspection, "toleratedFailureCount",
                 json_int(test->arena, plan->tolerated_count));
    if (plan->tolerated_percentage >= 0)
        json_set(test->arena, test->inspection, "toleratedFailurePercentage",
                 json_real(test->arena, plan->tolerated_percentage));
}

bool test_map(struct test *test, const struct json *input, bool *ret_failed,
              struct asl_error *reterr)
{
    const struct asl_map *map = test->state->map;
    struct asl_map_plan plan;
    const struct json *items;

    if (!asl_map_begin(&test->scope, test->state, input, &plan, reterr))
        return false;
    items = plan.items;
    map_inspect_numbers(test, &plan);
    if (!map->item_reader)
        test_inspect(test, "afterItemsPath", items);
    if (map->item_selector) {
        if (!map_select(test, input, items, &items, reterr))
            return false;
        test_inspect(test, "afterItemSelector", items);
    }
    if (map->has_batcher) {
        if (!asl_map_batches(&test->scope, test->state, input, &plan, items, &items, reterr))
            return false;
        test_inspect(test, "afterItemBatcher", items);
    }
    *ret_failed = !map_tolerates(&plan, test->configuration.failure_count);
    return true;
}
