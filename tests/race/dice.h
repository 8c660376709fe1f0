/*
 * dice.h - chance from a seed: the same seed gives the same run, and every failure prints its seed.
 *
 * FERMATA_SEED sets the first seed; FERMATA_<NAME> the counts of a test (dice_setting), for longer
 * runs than those of every change.
 */
#ifndef FERMATA_TESTS_DICE_H
#define FERMATA_TESTS_DICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct dice {
    uint64_t state;
};

/* splitmix64: every seed is as good as another. */
static inline uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to most - 1. */
static inline int64_t dice_below(struct dice *dice, int64_t most)
{
    return (int64_t)(dice_next(dice) % (uint64_t)most);
}

static inline bool dice_percent(struct dice *dice, int64_t percent)
{
    return dice_below(dice, 100) < percent;
}

/* Turns a list of pointers about. */
static inline void dice_shuffle(struct dice *dice, void **list, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)dice_below(dice, (int64_t)i);
        void *kept = list[i - 1];

        list[i - 1] = list[other];
        list[other] = kept;
    }
}

/* Under a sanitizer everything takes many times as long. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { DICE_SHARE = 10 };
#else
enum { DICE_SHARE = 1 };
#endif

/* A whole number of the environment, or `otherwise`. */
static inline int64_t dice_setting(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    char *end;
    long long value;

    if (!text || !*text)
        return otherwise;
    value = strtoll(text, &end, 10);
    return *end ? otherwise : value;
}

#endif
