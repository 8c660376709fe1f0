/*
 * test_state_unit.h - what the tests of TestState share: a request in readable quotes, asked
 * without a server, and its answer as one text.
 *
 * In these texts ' stands for a double and ` for a single quotation mark.
 */
#ifndef FERMATA_TESTS_TEST_STATE_UNIT_H
#define FERMATA_TESTS_TEST_STATE_UNIT_H

#include "asl_unit.h"
#include "base/clock.h"
#include "sfn/sfn_priv.h"
#include "sfn/test_state.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define TEST_STATE_NOW_MS 1767225600000 /* 2026-01-01T00:00:00.000Z */

struct ask {
    const char *definition, *input, *level, *variables, *name, *context, *mock, *configuration;
    const char *role;
    bool reveal_secrets;
};

static inline const char *ask_requote(struct arena *arena, const char *text)
{
    return text ? requote(arena, text) : NULL;
}

/* The answer; null with *ret_call's error filled when the request is refused. */
static inline const struct json *ask_call(struct arena *arena, const struct ask *ask,
                                          struct sfn_call *ret_call)
{
    const struct test_fields fields = {
        .definition = ask_requote(arena, ask->definition),
        .role_arn = ask->role,
        .input = ask_requote(arena, ask->input),
        .inspection_level = ask->level,
        .variables = ask_requote(arena, ask->variables),
        .state_name = ask->name,
        .context = ask_requote(arena, ask->context),
        .mock = ask->mock ? json_of(arena, ask->mock) : NULL,
        .configuration = ask->configuration ? json_of(arena, ask->configuration) : NULL,
        .reveal_secrets = ask->reveal_secrets,
    };
    const struct json *answer = NULL;
    struct clock clock;
    struct sfn sfn = {
        .config = {.clock = &clock, .region = "us-east-1"}
    };

    clock_init_fake(&clock, TEST_STATE_NOW_MS);
    *ret_call = (struct sfn_call){.sfn = &sfn, .arena = arena, .account = "123456789012"};
    ret_call->fields = arena_copy(arena, &fields, sizeof(fields));
    if (test_state(ret_call, &answer) != ERR_OK)
        assert_non_null(ret_call->error.type);
    ret_call->sfn = NULL; /* gone with this function */
    return answer;
}

/* "TYPE: message" of a refusal. */
static inline const char *ask_refusal(struct arena *arena, const struct ask *ask)
{
    struct sfn_call call;

    if (ask_call(arena, ask, &call))
        fail_msg("not refused: %s", ask->definition);
    return arena_printf(arena, "%s: %s", call.error.type, call.error.message);
}

static inline const struct json *ask_answer(struct arena *arena, const struct ask *ask)
{
    struct sfn_call call;
    const struct json *answer = ask_call(arena, ask, &call);

    if (!answer)
        fail_msg("%s: %s", call.error.type, call.error.message);
    return answer;
}

/* Texts of JSON within the answer are written with ` in the place of their quotes. */
static inline const char *ask_text(struct arena *arena, const struct json *answer)
{
    char *text = json_text(arena, answer), *out = text;

    for (const char *at = text; *at; at++) {
        if (at[0] == '\\' && at[1] == '"') {
            *out++ = '`';
            at++;
        } else {
            *out++ = *at == '"' ? '\'' : *at;
        }
    }
    *out = '\0';
    return text;
}

#define assert_asked(arena, text, ...)                                                             \
    assert_string_equal(ask_text((arena), ask_answer((arena), &(const struct ask){__VA_ARGS__})),  \
                        (text))
#define assert_refused(arena, text, ...)                                                           \
    assert_string_equal(ask_refusal((arena), &(const struct ask){__VA_ARGS__}), (text))

#endif
