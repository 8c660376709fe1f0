/*
 * sfn_unit.h - what the tests of the Step Functions wire API share: a call without a server.
 */
#ifndef FERMATA_TESTS_SFN_UNIT_H
#define FERMATA_TESTS_SFN_UNIT_H

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "sfn/sfn_core.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define SFN_UNIT_NOW_MS 1767225600000 /* 2026-01-01T00:00:00.000Z */
#define SFN_UNIT_ACCOUNT "123456789012"
#define SFN_UNIT_ARN "arn:aws:states:us-east-1:" SFN_UNIT_ACCOUNT ":"

struct sfn_unit {
    struct arena *arena;
    struct clock clock;
    struct sfn sfn;
    struct sfn_action action;
    struct sfn_call call;
};

static inline int sfn_unit_open(void **state)
{
    struct sfn_unit *unit = xalloc(sizeof(*unit));

    unit->arena = arena_new();
    clock_init_fake(&unit->clock, SFN_UNIT_NOW_MS);
    unit->sfn.config.clock = &unit->clock;
    unit->sfn.config.region = "us-east-1";
    unit->action.name = "ListExecutions";
    unit->call = (struct sfn_call){
        .sfn = &unit->sfn,
        .arena = unit->arena,
        .action = &unit->action,
        .actor = {.operator_name = "default", .portal_id = "unknown", .subject = "local"},
        .account = SFN_UNIT_ACCOUNT,
    };
    *state = unit;
    return 0;
}

static inline int sfn_unit_close(void **state)
{
    struct sfn_unit *unit = *state;

    arena_free(unit->arena);
    free(unit);
    return 0;
}

/* The call was refused, with these very words. */
static inline void assert_refused(const struct sfn_unit *unit, enum err err, const char *type,
                                  const char *message)
{
    assert_err(err, ERR_INVALID_REQUEST);
    assert_string_equal(unit->call.error.type, type);
    assert_string_equal(unit->call.error.message, message);
}

#define SFN_UNIT_TEST(function)                                                                    \
    cmocka_unit_test_setup_teardown(function, sfn_unit_open, sfn_unit_close)

#endif
