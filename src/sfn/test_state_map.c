/*
 * test_state_map.c - a Map under test, up to where its iterations would run: its items, what
 * ItemSelector and ItemBatcher make of them, and how many failures it tolerates.
 */
#include "sfn/test_state.h"

#include "sfn/sfn_priv.h"

/* What the iterations get is held to the limit of a payload, all together: it is to be shown. It
 * shares its parts, so that its text may be far larger than its memory. */
static bool map_too_large(struct asl_error *reterr)
{
    *reterr = (struct asl_error){
        .error = "States.DataLimitExceeded",
        .cause = "The items of the Map exceed the maximum number of bytes service limit.",
    };
    return false;
}

/* Every item with the context that its iteration would see. */
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
            done = map_too_large(reterr);
    }
    test->scope.context = context;
    *ret = selected;
    return done;
}

/* Shows what becomes of the items, if it can be shown. */
static bool map_show(struct test *test, const char *name, const struct json *items,
                     struct asl_error *reterr)
{
    if (asl_measure(items, LIMIT_PAYLOAD_BYTES) > LIMIT_PAYLOAD_BYTES)
        return map_too_large(reterr);
    test_inspect(test, name, items);
    return true;
}

/* Selected and batched, as far as the state says so. */
static bool map_prepare(struct test *test, const struct json *input,
                        const struct asl_map_plan *plan, const struct json *items,
                        struct asl_error *reterr)
{
    const struct asl_map *map = test->state->map;

    if (map->item_selector && (!map_select(test, input, items, &items, reterr) ||
                               !map_show(test, "afterItemSelector", items, reterr)))
        return false;
    if (!map->has_batcher)
        return true;
    if (asl_measure(items, LIMIT_PAYLOAD_BYTES) > LIMIT_PAYLOAD_BYTES)
        return map_too_large(reterr);
    return asl_map_batches(&test->scope, test->state, input, plan, items, &items, reterr) &&
           map_show(test, "afterItemBatcher", items, reterr);
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
    struct arena *arena = test->arena;

    json_set(arena, test->inspection, "maxConcurrency", json_int(arena, plan->max_concurrency));
    if (plan->tolerated_count >= 0)
        json_set(arena, test->inspection, "toleratedFailureCount",
                 json_int(arena, plan->tolerated_count));
    if (plan->tolerated_percentage >= 0)
        json_set(arena, test->inspection, "toleratedFailurePercentage",
                 json_real(arena, plan->tolerated_percentage));
}

/* What the ItemReader brings; nothing when no data are given in its place. */
static bool map_read(struct test *test, struct asl_map_plan *plan, struct asl_error *reterr)
{
    struct json *first;

    if (!test_reader(test, &plan->items, reterr))
        return false;
    if (!plan->items || !plan->max_items || plan->items->count <= plan->max_items)
        return true;
    first = json_array(test->arena);
    for (int64_t i = 0; i < plan->max_items; i++)
        json_push(test->arena, first, plan->items->items[i]);
    plan->items = first;
    return true;
}

bool test_map(struct test *test, const struct json *input, bool *ret_failed,
              struct asl_error *reterr)
{
    struct asl_map_plan plan;

    if (!asl_map_begin(&test->scope, test->state, input, &plan, reterr))
        return false;
    map_inspect_numbers(test, &plan);
    if (plan.items ? !map_show(test, "afterItemsPath", plan.items, reterr)
                   : !map_read(test, &plan, reterr))
        return false;
    if (plan.items && !map_prepare(test, input, &plan, plan.items, reterr))
        return false;
    *ret_failed = !map_tolerates(&plan, test->configuration.failure_count);
    return true;
}
