/*
 * asl_choice.c - decides a Choice: the first rule that holds says where to go.
 *
 * Values of another kind than the operator's do not match; that is not an error. A Variable that is
 * not there is one, except for IsPresent. And and Or stop as soon as they know, so that And
 * [IsPresent, ...] guards.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"

#include <string.h>

enum choice_verdict { CHOICE_NO, CHOICE_YES, CHOICE_ERROR };

static enum choice_verdict choice_test(struct asl_scope *scope, const struct asl_rule *rule,
                                       struct asl_error *reterr);

static enum choice_verdict choice_verdict(bool yes)
{
    return yes ? CHOICE_YES : CHOICE_NO;
}

static bool choice_relation(enum asl_relation relation, int order)
{
    switch (relation) {
    case ASL_EQUALS:
        return order == 0;
    case ASL_LESS:
        return order < 0;
    case ASL_GREATER:
        return order > 0;
    case ASL_LESS_EQUALS:
        return order <= 0;
    case ASL_GREATER_EQUALS:
        return order >= 0;
    default:
        return false;
    }
}

static bool choice_is(enum asl_relation relation, const struct json *value)
{
    int64_t ms;

    switch (relation) {
    case ASL_IS_NULL:
        return value->kind == JSON_NULL;
    case ASL_IS_PRESENT:
        return true;
    case ASL_IS_NUMERIC:
        return json_is_number(value);
    case ASL_IS_STRING:
        return value->kind == JSON_STRING;
    case ASL_IS_BOOLEAN:
        return value->kind == JSON_BOOL;
    case ASL_IS_TIMESTAMP:
        return asl_timestamp(value, &ms);
    default:
        return false;
    }
}

static bool choice_compare(const struct asl_operator *comparison, const struct json *a,
                           const struct json *b)
{
    int64_t left_ms, right_ms;
    double left, right;

    switch (comparison->family) {
    case ASL_FAMILY_STRING:
        return a->kind == JSON_STRING && b->kind == JSON_STRING &&
               choice_relation(comparison->relation, strcmp(a->string, b->string));
    case ASL_FAMILY_NUMERIC:
        if (!json_is_number(a) || !json_is_number(b))
            return false;
        left = json_number(a);
        right = json_number(b);
        return choice_relation(comparison->relation, left < right ? -1 : left > right);
    case ASL_FAMILY_TIMESTAMP:
        return asl_timestamp(a, &left_ms) && asl_timestamp(b, &right_ms) &&
               choice_relation(comparison->relation, left_ms < right_ms ? -1 : left_ms > right_ms);
    case ASL_FAMILY_BOOLEAN:
        return a->kind == JSON_BOOL && b->kind == JSON_BOOL && a->boolean == b->boolean;
    default:
        return false;
    }
}

/* One character of a pattern at *at: a star, or the character it stands for (`\*` and `\\`). */
static bool choice_pattern_star(const char **at, char *ret)
{
    const char *p = *at;

    if (*p == '*') {
        *at = p + 1;
        return true;
    }
    if (*p == '\\' && (p[1] == '*' || p[1] == '\\'))
        p++;
    *ret = *p;
    *at = *p ? p + 1 : p;
    return false;
}

/*
 * StringMatches: `*` stands for any characters. On a mismatch the last star takes one character
 * more; that is quadratic at worst, and paid for.
 */
static enum choice_verdict choice_matches(struct asl_scope *scope, const char *pattern,
                                          const char *text, struct asl_error *reterr)
{
    const char *after_star = NULL, *star_text = NULL;

    while (*text || *pattern) {
        const char *next = pattern;
        char c = '\0';

        if (!asl_scope_pay(scope, 1)) {
            asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                     "The pattern of StringMatches takes too long to match");
            return CHOICE_ERROR;
        }
        if (choice_pattern_star(&next, &c)) {
            after_star = pattern = next;
            star_text = text;
        } else if (*text && c == *text) {
            pattern = next;
            text++;
        } else if (after_star && *star_text) {
            pattern = after_star;
            text = ++star_text;
        } else {
            return CHOICE_NO;
        }
    }
    return CHOICE_YES;
}

/* A path of a rule; CHOICE_YES when it was found. */
static enum choice_verdict choice_find(struct asl_scope *scope, const struct asl_path *path,
                                       const struct json **ret, struct asl_error *reterr)
{
    switch (asl_path_find(scope, path, ret, NULL)) {
    case ASL_FOUND:
        return CHOICE_YES;
    case ASL_MISSING:
        asl_fail(
            scope->arena, reterr, ASL_ERROR_RUNTIME,
            "Invalid path '%s': The choice state's condition path references an invalid value.",
            asl_path_text(path));
        return CHOICE_NO;
    case ASL_EXHAUSTED:
        asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                 "Invalid path '%s': The rules look at more values than one Choice may.",
                 asl_path_text(path));
        return CHOICE_ERROR;
    }
    return CHOICE_ERROR;
}

static enum choice_verdict choice_test_is(struct asl_scope *scope, const struct asl_rule *rule,
                                          struct asl_error *reterr)
{
    bool present = rule->comparison->relation == ASL_IS_PRESENT;
    const struct json *value = NULL;
    struct asl_error error = {0};
    enum choice_verdict found = choice_find(scope, rule->variable, &value, &error);

    if (found == CHOICE_ERROR || (found == CHOICE_NO && !present)) {
        *reterr = error;
        return CHOICE_ERROR;
    }
    return choice_verdict((found == CHOICE_YES && choice_is(rule->comparison->relation, value)) ==
                          rule->value->boolean);
}

static enum choice_verdict
choice_test_operator(struct asl_scope *scope, const struct asl_rule *rule, struct asl_error *reterr)
{
    const struct json *value = NULL, *other = rule->value;

    if (!asl_scope_pay(scope, 1)) {
        asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                 "The rules look at more values than one Choice may.");
        return CHOICE_ERROR;
    }
    if (rule->comparison->family == ASL_FAMILY_IS)
        return choice_test_is(scope, rule, reterr);
    if (choice_find(scope, rule->variable, &value, reterr) != CHOICE_YES)
        return CHOICE_ERROR;
    if (rule->value_path && choice_find(scope, rule->value_path, &other, reterr) != CHOICE_YES)
        return CHOICE_ERROR;
    if (rule->comparison->family != ASL_FAMILY_MATCHES)
        return choice_verdict(choice_compare(rule->comparison, value, other));
    if (value->kind != JSON_STRING)
        return CHOICE_NO;
    return choice_matches(scope, other->string, value->string, reterr);
}

/* And ends at the first No, Or at the first Yes. */
static enum choice_verdict choice_test_joint(struct asl_scope *scope, const struct asl_rule *rule,
                                             struct asl_error *reterr)
{
    enum choice_verdict last = rule->kind == ASL_RULE_AND ? CHOICE_NO : CHOICE_YES;

    for (size_t i = 0; i < rule->rule_count; i++) {
        enum choice_verdict verdict = choice_test(scope, &rule->rules[i], reterr);

        if (verdict == CHOICE_ERROR || verdict == last)
            return verdict;
    }
    return choice_verdict(rule->kind == ASL_RULE_AND);
}

/* As deep as rules stand in one another, which the parser limits. */
static enum choice_verdict choice_test(struct asl_scope *scope, const struct asl_rule *rule,
                                       struct asl_error *reterr)
{
    enum choice_verdict inner;

    switch (rule->kind) {
    case ASL_RULE_COMPARE:
        return choice_test_operator(scope, rule, reterr);
    case ASL_RULE_NOT:
        inner = choice_test(scope, &rule->rules[0], reterr);
        return inner == CHOICE_ERROR ? inner : choice_verdict(inner == CHOICE_NO);
    case ASL_RULE_AND:
    case ASL_RULE_OR:
        return choice_test_joint(scope, rule, reterr);
    }
    return CHOICE_ERROR;
}

bool asl_choose(struct asl_scope *scope, const struct asl_state *state, const struct json *input,
                struct asl_choice *ret, struct asl_error *reterr)
{
    CHECK(state->type == ASL_CHOICE);
    scope->input = input;
    for (size_t i = 0; i < state->rule_count; i++) {
        const struct asl_rule *rule = &state->rules[i];
        enum choice_verdict verdict = choice_test(scope, rule, reterr);

        if (verdict == CHOICE_ERROR)
            return false;
        if (verdict == CHOICE_YES) {
            *ret = (struct asl_choice){.next = rule->next, .assign = rule->assign, .rule = (int)i};
            return true;
        }
    }
    if (!state->default_next)
        return asl_fail(scope->arena, reterr, ASL_ERROR_NO_CHOICE,
                        "Failed to transition out of the state. The state does not point to a "
                        "next state.");
    *ret = (struct asl_choice){.next = state->default_next, .assign = state->assign, .rule = -1};
    return true;
}
