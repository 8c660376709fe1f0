/*
 * asl_rule.c - reads the rules of a Choice: THE TABLE of operators, and what each is compared to.
 *
 * Specification, "Choice State". The 39 operators are the 23 rows below and the twins ending in
 * Path of 16 of them.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"

#include <string.h>

static const struct asl_operator rule_operators[] = {
    {"StringEquals",               ASL_FAMILY_STRING,    ASL_EQUALS,         true },
    {"StringLessThan",             ASL_FAMILY_STRING,    ASL_LESS,           true },
    {"StringGreaterThan",          ASL_FAMILY_STRING,    ASL_GREATER,        true },
    {"StringLessThanEquals",       ASL_FAMILY_STRING,    ASL_LESS_EQUALS,    true },
    {"StringGreaterThanEquals",    ASL_FAMILY_STRING,    ASL_GREATER_EQUALS, true },
    {"StringMatches",              ASL_FAMILY_MATCHES,   ASL_EQUALS,         false},
    {"NumericEquals",              ASL_FAMILY_NUMERIC,   ASL_EQUALS,         true },
    {"NumericLessThan",            ASL_FAMILY_NUMERIC,   ASL_LESS,           true },
    {"NumericGreaterThan",         ASL_FAMILY_NUMERIC,   ASL_GREATER,        true },
    {"NumericLessThanEquals",      ASL_FAMILY_NUMERIC,   ASL_LESS_EQUALS,    true },
    {"NumericGreaterThanEquals",   ASL_FAMILY_NUMERIC,   ASL_GREATER_EQUALS, true },
    {"BooleanEquals",              ASL_FAMILY_BOOLEAN,   ASL_EQUALS,         true },
    {"TimestampEquals",            ASL_FAMILY_TIMESTAMP, ASL_EQUALS,         true },
    {"TimestampLessThan",          ASL_FAMILY_TIMESTAMP, ASL_LESS,           true },
    {"TimestampGreaterThan",       ASL_FAMILY_TIMESTAMP, ASL_GREATER,        true },
    {"TimestampLessThanEquals",    ASL_FAMILY_TIMESTAMP, ASL_LESS_EQUALS,    true },
    {"TimestampGreaterThanEquals", ASL_FAMILY_TIMESTAMP, ASL_GREATER_EQUALS, true },
    {"IsNull",                     ASL_FAMILY_IS,        ASL_IS_NULL,        false},
    {"IsPresent",                  ASL_FAMILY_IS,        ASL_IS_PRESENT,     false},
    {"IsNumeric",                  ASL_FAMILY_IS,        ASL_IS_NUMERIC,     false},
    {"IsString",                   ASL_FAMILY_IS,        ASL_IS_STRING,      false},
    {"IsBoolean",                  ASL_FAMILY_IS,        ASL_IS_BOOLEAN,     false},
    {"IsTimestamp",                ASL_FAMILY_IS,        ASL_IS_TIMESTAMP,   false},
};

/* What a literal of each family is. */
static const unsigned rule_literal_kinds[] = {
    [ASL_FAMILY_STRING] = ASL_KIND(JSON_STRING),    [ASL_FAMILY_NUMERIC] = ASL_KIND_NUMBER,
    [ASL_FAMILY_TIMESTAMP] = ASL_KIND(JSON_STRING), [ASL_FAMILY_BOOLEAN] = ASL_KIND(JSON_BOOL),
    [ASL_FAMILY_MATCHES] = ASL_KIND(JSON_STRING),   [ASL_FAMILY_IS] = ASL_KIND(JSON_BOOL),
};

static const struct {
    const char *name;
    enum asl_rule_kind kind;
} rule_joints[] = {
    {"And", ASL_RULE_AND},
    {"Or",  ASL_RULE_OR },
    {"Not", ASL_RULE_NOT},
};

const struct asl_operator *asl_operator_find(const char *name, bool *ret_path)
{
    for (size_t i = 0; i < ARRAY_SIZE(rule_operators); i++) {
        const struct asl_operator *row = &rule_operators[i];
        size_t len = strlen(row->name);

        if (strncmp(name, row->name, len) != 0)
            continue;
        *ret_path = row->has_path_twin && !strcmp(name + len, "Path");
        if (*ret_path || !name[len])
            return row;
    }
    return NULL;
}

bool asl_timestamp(const struct json *value, int64_t *ret_ms)
{
    return json_is(value, JSON_STRING) && clock_parse(value->string, value->count, ret_ms);
}

void asl_refuse_timestamp(struct asl_parser *parser, const struct asl_at *at)
{
    asl_problem(parser, at, "TIMESTAMP_INVALID",
                "expected an RFC 3339 timestamp such as 2026-03-14T01:59:00Z");
    asl_wording(parser, at, "String does not match RFC3339 timestamp");
}

static void rule_read(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      size_t depth, struct asl_rule *rule);

static const struct asl_rule *rule_read_list(struct asl_parser *parser, const struct asl_at *at,
                                             const struct json *value, size_t depth,
                                             size_t *ret_count)
{
    struct asl_rule *rules;

    *ret_count = 0;
    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_ARRAY)))
        return NULL;
    if (!value->count) {
        asl_problem(parser, at, "CHOICES_EMPTY", "expected at least one rule");
        return NULL;
    }
    rules = ARENA_ARRAY(parser->arena, struct asl_rule, value->count);
    for (uint32_t i = 0; i < value->count; i++)
        rule_read(parser, &(struct asl_at){.up = at, .index = i}, value->items[i], depth,
                  &rules[i]);
    *ret_count = value->count;
    return rules;
}

static void rule_read_operator(struct asl_parser *parser, const struct asl_at *at,
                               const struct json *value, bool is_path, struct asl_rule *rule)
{
    const struct asl_operator *comparison = rule->comparison;
    int64_t ms;

    if (is_path) {
        rule->value_path = asl_read_path(parser, at, value, ASL_PATH_ANY);
        return;
    }
    rule->value = value;
    if (!asl_kind_is(parser, at, value, rule_literal_kinds[comparison->family]))
        return;
    if (comparison->family == ASL_FAMILY_TIMESTAMP && !asl_timestamp(value, &ms))
        asl_refuse_timestamp(parser, at);
}

static void rule_read_joint(struct asl_parser *parser, const struct asl_at *at,
                            const struct json *value, size_t depth, struct asl_rule *rule)
{
    struct asl_rule *inner;

    if (rule->kind != ASL_RULE_NOT) {
        rule->rules = rule_read_list(parser, at, value, depth + 1, &rule->rule_count);
        return;
    }
    inner = ARENA_NEW(parser->arena, struct asl_rule);
    rule_read(parser, at, value, depth + 1, inner);
    rule->rules = inner;
    rule->rule_count = 1;
}

/* A member that says what the rule does; false when it is none. */
static bool rule_read_test(struct asl_parser *parser, const struct asl_at *at,
                           const struct json *value, size_t depth, struct asl_rule *rule)
{
    bool is_path = false;
    const struct asl_operator *comparison = asl_operator_find(at->name, &is_path);

    if (comparison) {
        rule->kind = ASL_RULE_COMPARE;
        rule->comparison = comparison;
        rule_read_operator(parser, at, value, is_path, rule);
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(rule_joints); i++) {
        if (!strcmp(at->name, rule_joints[i].name)) {
            rule->kind = rule_joints[i].kind;
            rule_read_joint(parser, at, value, depth, rule);
            return true;
        }
    }
    return false;
}

static void rule_read_next(struct asl_parser *parser, const struct asl_at *at,
                           const struct json *value, size_t depth, struct asl_rule *rule)
{
    if (depth) {
        asl_problem(parser, at, "CHOICE_NESTED_NEXT",
                    "Next belongs to the outermost rule, not into And, Or or Not");
        return;
    }
    if (asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING)))
        rule->next = value->string;
}

static void rule_read_assign(struct asl_parser *parser, const struct asl_at *at,
                             const struct json *value, size_t depth, struct asl_rule *rule)
{
    if (depth) {
        asl_problem(parser, at, "CHOICE_NESTED_ASSIGN",
                    "Assign belongs to the outermost rule, not into And, Or or Not");
        return;
    }
    if (asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT)))
        rule->assign = asl_read_assign(parser, at, value);
}

static void rule_check(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                       size_t test_count, const struct asl_rule *rule)
{
    static const char *const required[] = {"Variable", NULL};
    bool has_variable = json_get(value, "Variable") != NULL;

    if (test_count != 1) {
        if (!json_get(value, "Condition"))
            asl_problem(parser, at, "CHOICE_OPERATOR",
                        "expected exactly one operator (such as StringEquals, NumericLessThanPath, "
                        "IsPresent, And, Or, Not), found %zu",
                        test_count);
        return;
    }
    if (rule->kind == ASL_RULE_COMPARE)
        asl_require(parser, at, value, required);
    if (rule->kind != ASL_RULE_COMPARE && has_variable)
        asl_problem(parser, &(struct asl_at){.up = at, .name = "Variable"}, "FIELD_CONFLICT",
                    "And, Or and Not have no Variable of their own");
}

static void rule_read(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      size_t depth, struct asl_rule *rule)
{
    static const char *const required[] = {"Next", NULL};
    size_t test_count = 0;

    if (depth > LIMIT_JSON_DEPTH) {
        asl_problem(parser, at, "TOO_DEEP", "rules stand at most %d levels deep in one another",
                    LIMIT_JSON_DEPTH);
        return;
    }
    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT)))
        return;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        struct asl_at here = {.up = at, .name = member->name};

        if (rule_read_test(parser, &here, member->value, depth, rule))
            test_count++;
        else if (!strcmp(member->name, "Variable"))
            rule->variable = asl_read_path(parser, &here, member->value, ASL_PATH_ANY);
        else if (!strcmp(member->name, "Next"))
            rule_read_next(parser, &here, member->value, depth, rule);
        else if (!strcmp(member->name, "Comment"))
            asl_kind_is(parser, &here, member->value, ASL_KIND(JSON_STRING));
        else if (!strcmp(member->name, "Assign"))
            rule_read_assign(parser, &here, member->value, depth, rule);
        else if (!strcmp(member->name, "Condition") || !strcmp(member->name, "Output"))
            asl_jsonata_field(parser, &here);
        else
            asl_unknown_field(
                parser, &here, "a rule",
                "Variable and an operator, or And, Or or Not; and Next, Assign, Comment");
    }
    rule_check(parser, at, value, test_count, rule);
    if (!depth && !asl_require(parser, at, value, required))
        parser->graph_broken = true;
}

void asl_read_choices(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      struct asl_state *state)
{
    state->rules = rule_read_list(parser, at, value, 0, &state->rule_count);
}

void asl_rule_variables(const struct asl_rule *rule, asl_see_fn *see, void *user)
{
    const struct asl_path *paths[] = {rule->variable, rule->value_path};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        if (paths[i] && asl_path_variable(paths[i]))
            see(user, asl_path_variable(paths[i]));
    }
    for (size_t i = 0; i < rule->rule_count; i++)
        asl_rule_variables(&rule->rules[i], see, user);
    if (rule->assign)
        asl_template_variables(rule->assign, see, user);
}
