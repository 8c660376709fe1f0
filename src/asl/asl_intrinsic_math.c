/*
 * asl_intrinsic_math.c - sums and random numbers: whole numbers of 32 bits.
 */
#include "asl/asl_intrinsic_priv.h"

#include <math.h>

#include "asl/asl_path.h"
#include "base/json.h"

/* The generator of java.util.Random: a seed gives the same number in every run, and here as there.
 */
#define INTRINSIC_SEED_MASK ((UINT64_C(1) << 48) - 1)
#define INTRINSIC_SEED_FACTOR UINT64_C(0x5deece66d)
#define INTRINSIC_SEED_SUMMAND UINT64_C(0xb)

bool intrinsic_math_add(struct asl_intrinsic_call *call, const struct json **ret)
{
    int64_t a, b;

    if (!intrinsic_whole(call, 0, INT32_MIN, INT32_MAX, &a))
        return false;
    if (!intrinsic_whole(call, 1, INT32_MIN, INT32_MAX, &b))
        return false;
    if (a + b < INT32_MIN || a + b > INT32_MAX)
        return intrinsic_refuse(call, "the sum must be a number from %d to %d", INT32_MIN,
                                INT32_MAX);
    *ret = json_int(call->scope->arena, a + b);
    return true;
}

static uint64_t intrinsic_random_bits(uint64_t *seed, unsigned bits)
{
    *seed = (*seed * INTRINSIC_SEED_FACTOR + INTRINSIC_SEED_SUMMAND) & INTRINSIC_SEED_MASK;
    return *seed >> (48 - bits);
}

/* From 0 up to, but not including, 1. */
static double intrinsic_random_seeded(int64_t from)
{
    uint64_t seed = ((uint64_t)from ^ INTRINSIC_SEED_FACTOR) & INTRINSIC_SEED_MASK;
    uint64_t high = intrinsic_random_bits(&seed, 26);
    uint64_t low = intrinsic_random_bits(&seed, 27);

    return (double)(high << 27 | low) * 0x1p-53;
}

/* From start up to, but not including, end. */
bool intrinsic_math_random(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct asl_scope *scope = call->scope;
    int64_t start, end, seed, number;
    double random01;

    if (!intrinsic_whole(call, 0, INT32_MIN, INT32_MAX, &start))
        return false;
    if (!intrinsic_whole(call, 1, INT32_MIN, INT32_MAX, &end))
        return false;
    if (start >= end)
        return intrinsic_refuse(call, "the start must be smaller than the end");
    if (call->count == 3) {
        if (!intrinsic_whole(call, 2, INT64_MIN / 2, INT64_MAX / 2, &seed))
            return false;
        random01 = intrinsic_random_seeded(seed);
    } else {
        random01 = scope->random01(scope->user);
    }
    number = start + (int64_t)floor(random01 * (double)(end - start));
    *ret = json_int(scope->arena, number < end ? number : end - 1);
    return true;
}
