/*
 * asl_expression_unit.h - what the tests of expressions share: evaluating one over a world that is
 * always the same.
 *
 * Expressions are written as in a plan; JSON in the quotes of asl_unit.h.
 */
#ifndef FERMATA_TESTS_ASL_EXPRESSION_UNIT_H
#define FERMATA_TESTS_ASL_EXPRESSION_UNIT_H

#include "asl/asl_expression.h"
#include "asl_unit.h"

/* A dice that falls as it is told. */
static inline double expression_random01(void *user)
{
    return *(const double *)user;
}

static inline void expression_random_bytes(void *user, void *bytes, size_t len)
{
    (void)user;
    memset(bytes, 0xff, len);
}

static inline const struct asl_expression *expression_of(struct arena *arena, const char *text)
{
    const struct asl_expression *expression = NULL;
    struct asl_refusal refusal = {0};

    if (!asl_expression_parse(arena, text, &expression, &refusal))
        fail_msg("%s: %s", text, refusal.message);
    return expression;
}

static inline void expression_scope(struct asl_scope *scope, struct arena *arena, const char *input)
{
    static double half = 0.5;

    asl_scope_init(scope, arena, json_of(arena, "{'Execution':{'Name':'run-1-x'}}"),
                   json_of(arena, "{'v':7,'who':{'name':'Ada'},'list':[1,2,3]}"));
    scope->input = json_of(arena, input);
    scope->random01 = expression_random01;
    scope->random_bytes = expression_random_bytes;
    scope->user = &half;
}

static inline void assert_evaluates(struct arena *arena, const char *text, const char *input,
                                    const char *value)
{
    const struct json *made = NULL;
    struct asl_error error = {0};
    struct asl_scope scope;

    expression_scope(&scope, arena, input);
    if (!asl_evaluate(&scope, expression_of(arena, text), &made, &error))
        fail_msg("%s: %s", text, error.cause);
    if (strcmp(json_text(arena, made), requote(arena, value)) != 0)
        fail_msg("%s gives %s", text, json_text(arena, made));
}

/* A States.Runtime with a cause in which `part` stands. */
static inline void assert_fails(struct arena *arena, const char *text, const char *input,
                                const char *part)
{
    const struct json *made = NULL;
    struct asl_error error = {0};
    struct asl_scope scope;

    expression_scope(&scope, arena, input);
    if (asl_evaluate(&scope, expression_of(arena, text), &made, &error))
        fail_msg("%s gives %s", text, json_text(arena, made));
    assert_string_equal(error.error, "States.Runtime");
    assert_true(error.is_runtime);
    if (!strstr(error.cause, part))
        fail_msg("%s: %s", text, error.cause);
}

#endif
