/*
 * asl_intrinsic_array.c - the functions that make arrays or look into them.
 */
#include "asl/asl_intrinsic_priv.h"

#include <stdlib.h>
#include <string.h>

#include "asl/asl_path_priv.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#define INTRINSIC_RANGE_ITEMS_MAX 1000
/* Far enough, and no sum of two overflows. */
#define INTRINSIC_WHOLE_MAX (INT64_C(1) << 53)

bool intrinsic_array(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct json *array = json_array(call->scope->arena);

    for (size_t i = 0; i < call->count; i++)
        json_push(call->scope->arena, array, call->arguments[i]);
    *ret = array;
    return true;
}

bool intrinsic_array_partition(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct arena *arena = call->scope->arena;
    const struct json *from = call->arguments[0];
    struct json *chunks = json_array(arena), *chunk = NULL;
    int64_t size;

    if (!intrinsic_whole(call, 1, 1, INTRINSIC_WHOLE_MAX, &size))
        return false;
    if (!intrinsic_pay(call, from->count))
        return false;
    for (uint32_t i = 0; i < from->count; i++) {
        if (i % size == 0) {
            chunk = json_array(arena);
            json_push(arena, chunks, chunk);
        }
        json_push(arena, chunk, from->items[i]);
    }
    *ret = chunks;
    return true;
}

bool intrinsic_array_contains(struct asl_intrinsic_call *call, const struct json **ret)
{
    const struct json *array = call->arguments[0], *value = call->arguments[1];

    *ret = &json_false;
    for (uint32_t i = 0; i < array->count; i++) {
        if (!intrinsic_pay(call, 1))
            return false;
        if (array->items[i]->kind == value->kind && array->items[i]->count == value->count &&
            !path_pay_value(call->scope, value))
            return intrinsic_refuse_work(call);
        if (json_equal(array->items[i], value)) {
            *ret = &json_true;
            return true;
        }
    }
    return true;
}

/* From first to last, both included, in steps of any sign but zero. */
bool intrinsic_array_range(struct asl_intrinsic_call *call, const struct json **ret)
{
    int64_t bounds[3]; /* first, last, step */
    struct json *range;
    int64_t count;

    for (size_t i = 0; i < 3; i++) {
        if (!intrinsic_whole(call, i, -INTRINSIC_WHOLE_MAX, INTRINSIC_WHOLE_MAX, &bounds[i]))
            return false;
    }
    if (!bounds[2])
        return intrinsic_refuse(call, "the step must not be 0");
    count = (bounds[1] - bounds[0]) / bounds[2] + 1;
    if (bounds[0] != bounds[1] && (bounds[0] < bounds[1]) != (bounds[2] > 0))
        count = 0;
    if (count > INTRINSIC_RANGE_ITEMS_MAX)
        return intrinsic_refuse(call, "the array must not have more than %d items",
                                INTRINSIC_RANGE_ITEMS_MAX);
    range = json_array(call->scope->arena);
    for (int64_t i = 0; i < count; i++)
        json_push(call->scope->arena, range,
                  json_int(call->scope->arena, bounds[0] + i * bounds[2]));
    *ret = range;
    return true;
}

bool intrinsic_array_get_item(struct asl_intrinsic_call *call, const struct json **ret)
{
    const struct json *array = call->arguments[0];
    int64_t index;

    if (!array->count)
        return intrinsic_refuse(call, "the array is empty");
    if (!intrinsic_whole(call, 1, 0, (int64_t)array->count - 1, &index))
        return false;
    *ret = array->items[index];
    return true;
}

bool intrinsic_array_length(struct asl_intrinsic_call *call, const struct json **ret)
{
    *ret = json_int(call->scope->arena, call->arguments[0]->count);
    return true;
}

/* An item, under a text that only equal values share. */
struct intrinsic_item {
    const char *text;
    uint32_t index;
};

static int intrinsic_item_order(const void *a, const void *b)
{
    const struct intrinsic_item *left = a, *right = b;
    int order = strcmp(left->text, right->text);

    return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* The first of all that are equal stays, where it stands. */
bool intrinsic_array_unique(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct arena *arena = call->scope->arena;
    const struct json *array = call->arguments[0];
    struct intrinsic_item *items = ARENA_ARRAY(arena, struct intrinsic_item, array->count);
    bool *repeated = ARENA_ARRAY(arena, bool, array->count);
    struct json *unique = json_array(arena);

    for (uint32_t i = 0; i < array->count; i++) {
        struct buf buf;

        if (!intrinsic_pay(call, 1))
            return false;
        if (!path_pay_value(call->scope, array->items[i]))
            return intrinsic_refuse_work(call);
        buf_init(&buf, arena, 2 * LIMIT_PAYLOAD_BYTES);
        json_print_canonical(&buf, array->items[i]);
        items[i] = (struct intrinsic_item){.text = buf.data, .index = i};
    }
    qsort(items, array->count, sizeof(items[0]), intrinsic_item_order);
    for (uint32_t i = 1; i < array->count; i++)
        repeated[items[i].index] = !strcmp(items[i - 1].text, items[i].text);
    for (uint32_t i = 0; i < array->count; i++) {
        if (!repeated[i])
            json_push(arena, unique, array->items[i]);
    }
    *ret = unique;
    return true;
}
