/*
 * test_asl_choice.c - every operator decides as the specification says, alone, by path, and joined.
 */
#include "asl_unit.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(yes, rule)                                                                            \
    {                                                                                              \
        rule, yes                                                                                  \
    }

/* Input of all cases. */
static const char *const values =
    "{'s':'apple','t':'banana','e':'','n':5,'m':7,'r':5.0,'b':true,'f':false,'z':null,"
    "'day':'2026-03-14T01:59:00Z','same':'2026-03-14T02:59:00+01:00','later':'2026-03-15T00:00:00Z'"
    ","
    "'file':'log-2026.txt','star':'a*b','slash':'a\\\\b','l':[1,2],'o':{}}";

static const struct rule_case {
    const char *rule;
    bool yes;
} rule_cases[] = {
    CASE(true, "'Variable':'$.s','StringEquals':'apple'"),
    CASE(false, "'Variable':'$.s','StringEquals':'Apple'"),
    CASE(false, "'Variable':'$.n','StringEquals':'5'"),
    CASE(true, "'Variable':'$.s','StringEqualsPath':'$.s'"),
    CASE(false, "'Variable':'$.s','StringEqualsPath':'$.t'"),
    CASE(true, "'Variable':'$.s','StringLessThan':'b'"),
    CASE(false, "'Variable':'$.s','StringLessThan':'apple'"),
    CASE(true, "'Variable':'$.s','StringLessThanPath':'$.t'"),
    CASE(true, "'Variable':'$.s','StringGreaterThan':'a'"),
    CASE(false, "'Variable':'$.s','StringGreaterThanPath':'$.t'"),
    CASE(true, "'Variable':'$.s','StringLessThanEquals':'apple'"),
    CASE(false, "'Variable':'$.t','StringLessThanEqualsPath':'$.s'"),
    CASE(true, "'Variable':'$.s','StringGreaterThanEquals':'apple'"),
    CASE(true, "'Variable':'$.t','StringGreaterThanEqualsPath':'$.s'"),
    CASE(true, "'Variable':'$.n','NumericEquals':5"),
    CASE(true, "'Variable':'$.n','NumericEquals':5.0"),
    CASE(false, "'Variable':'$.s','NumericEquals':5"),
    CASE(true, "'Variable':'$.n','NumericEqualsPath':'$.r'"),
    CASE(true, "'Variable':'$.n','NumericLessThan':5.5"),
    CASE(true, "'Variable':'$.n','NumericLessThanPath':'$.m'"),
    CASE(false, "'Variable':'$.n','NumericGreaterThan':5"),
    CASE(true, "'Variable':'$.m','NumericGreaterThanPath':'$.n'"),
    CASE(true, "'Variable':'$.n','NumericLessThanEquals':5"),
    CASE(false, "'Variable':'$.m','NumericLessThanEqualsPath':'$.n'"),
    CASE(false, "'Variable':'$.n','NumericGreaterThanEquals':6"),
    CASE(true, "'Variable':'$.n','NumericGreaterThanEqualsPath':'$.r'"),
    CASE(true, "'Variable':'$.b','BooleanEquals':true"),
    CASE(false, "'Variable':'$.b','BooleanEquals':false"),
    CASE(false, "'Variable':'$.s','BooleanEquals':true"),
    CASE(false, "'Variable':'$.b','BooleanEqualsPath':'$.f'"),
    CASE(true, "'Variable':'$.day','TimestampEquals':'2026-03-14T01:59:00Z'"),
    CASE(true, "'Variable':'$.day','TimestampEqualsPath':'$.same'"),
    CASE(false, "'Variable':'$.s','TimestampEquals':'2026-03-14T01:59:00Z'"),
    CASE(true, "'Variable':'$.day','TimestampLessThan':'2026-03-14T01:59:01Z'"),
    CASE(true, "'Variable':'$.day','TimestampLessThanPath':'$.later'"),
    CASE(true, "'Variable':'$.day','TimestampGreaterThan':'2026-03-14T01:58:59.999Z'"),
    CASE(false, "'Variable':'$.day','TimestampGreaterThanPath':'$.later'"),
    CASE(true, "'Variable':'$.day','TimestampLessThanEquals':'2026-03-14T01:59:00Z'"),
    CASE(false, "'Variable':'$.later','TimestampLessThanEqualsPath':'$.day'"),
    CASE(true, "'Variable':'$.day','TimestampGreaterThanEquals':'2026-03-14T01:59:00Z'"),
    CASE(true, "'Variable':'$.day','TimestampGreaterThanEqualsPath':'$.same'"),
    CASE(true, "'Variable':'$.file','StringMatches':'log-*.txt'"),
    CASE(false, "'Variable':'$.file','StringMatches':'*.log'"),
    CASE(true, "'Variable':'$.file','StringMatches':'*'"),
    CASE(true, "'Variable':'$.file','StringMatches':'*2*6*'"),
    CASE(true, "'Variable':'$.file','StringMatches':'log-2026.txt'"),
    CASE(false, "'Variable':'$.file','StringMatches':'log'"),
    CASE(true, "'Variable':'$.e','StringMatches':''"),
    CASE(true, "'Variable':'$.e','StringMatches':'*'"),
    CASE(false, "'Variable':'$.e','StringMatches':'a'"),
    CASE(true, "'Variable':'$.star','StringMatches':'a\\\\*b'"),
    CASE(false, "'Variable':'$.s','StringMatches':'appl\\\\*'"),
    CASE(true, "'Variable':'$.slash','StringMatches':'a\\\\\\\\b'"),
    CASE(false, "'Variable':'$.n','StringMatches':'5'"),
    CASE(true, "'Variable':'$.z','IsNull':true"),
    CASE(false, "'Variable':'$.n','IsNull':true"),
    CASE(true, "'Variable':'$.n','IsNull':false"),
    CASE(true, "'Variable':'$.n','IsPresent':true"),
    CASE(true, "'Variable':'$.z','IsPresent':true"),
    CASE(false, "'Variable':'$.none','IsPresent':true"),
    CASE(true, "'Variable':'$.none.deep','IsPresent':false"),
    CASE(true, "'Variable':'$.r','IsNumeric':true"),
    CASE(false, "'Variable':'$.s','IsNumeric':true"),
    CASE(true, "'Variable':'$.s','IsString':true"),
    CASE(true, "'Variable':'$.n','IsString':false"),
    CASE(true, "'Variable':'$.f','IsBoolean':true"),
    CASE(false, "'Variable':'$.z','IsBoolean':true"),
    CASE(true, "'Variable':'$.day','IsTimestamp':true"),
    CASE(false, "'Variable':'$.s','IsTimestamp':true"),
    CASE(true, "'Variable':'$.l[1]','NumericEquals':2"),
    CASE(false, "'Variable':'$.l[*]','NumericEquals':2"),
    CASE(true, "'Variable':'$$.Execution.Id','StringEquals':'e1'"),
    CASE(false, "'Variable':'$.s','StringEqualsPath':'$$.Execution.Id'"),
    CASE(true, "'Variable':'$fruit','StringEqualsPath':'$.s'"),
    CASE(true, "'Variable':'$.n','NumericEqualsPath':'$five'"),
    CASE(true, "'Variable':'$deep.n','NumericGreaterThan':6"),
    CASE(false, "'Variable':'$nobody','IsPresent':true"),
    CASE(false, "'Not':{'Variable':'$.n','NumericEquals':5}"),
    CASE(true, "'Not':{'Not':{'Variable':'$.n','NumericEquals':5}}"),
    CASE(true, "'And':[{'Variable':'$.n','NumericEquals':5},{'Variable':'$.s','IsString':true}]"),
    CASE(false, "'And':[{'Variable':'$.n','NumericEquals':5},{'Variable':'$.s','IsString':false}]"),
    CASE(true, "'Or':[{'Variable':'$.n','NumericEquals':6},{'Variable':'$.s','IsString':true}]"),
    CASE(false, "'Or':[{'Variable':'$.n','NumericEquals':6},{'Variable':'$.s','IsString':false}]"),
    CASE(false,
         "'And':[{'Variable':'$.none','IsPresent':true},{'Variable':'$.none','NumericEquals':1}]"),
    CASE(true,
         "'Or':[{'Variable':'$.none','IsPresent':false},{'Variable':'$.none','NumericEquals':1}]"),
    CASE(true, "'And':[{'Or':[{'Variable':'$.n','NumericEquals':1},{'Variable':'$.b','"
               "BooleanEquals':true}]},{'Not':{'Variable':'$.m','NumericLessThan':7}}]"),
};

static const struct asl_state *choice_of(struct arena *arena, const char *rule)
{
    const char *definition =
        arena_printf(arena,
                     "{'StartAt':'A','States':{'A':{'Type':'Choice','Choices':[{%s,'Next':'Yes'}],"
                     "'Default':'No'},'Yes':{'Type':'Succeed'},'No':{'Type':'Succeed'}}}",
                     rule);

    return asl_find(plan_of(arena, json_of(arena, definition)), "A");
}

static void every_operator_decides(void **state)
{
    struct arena *arena = *state;
    const struct json *input = json_of(arena, values);
    struct asl_scope *scope =
        scope_of(arena, "{'Execution':{'Id':'e1'}}", "{'fruit':'apple','five':5,'deep':{'n':7}}");

    for (size_t i = 0; i < ARRAY_SIZE(rule_cases); i++) {
        const struct asl_state *choice = choice_of(arena, rule_cases[i].rule);
        struct asl_error error = {0};
        struct asl_choice to = {0};

        if (!asl_choose(scope, choice, input, &to, &error))
            fail_msg("%s: %s", rule_cases[i].rule, error.cause);
        if (strcmp(to.next, rule_cases[i].yes ? "Yes" : "No") != 0)
            fail_msg("%s goes to %s", rule_cases[i].rule, to.next);
        assert_int_equal(to.rule, rule_cases[i].yes ? 0 : -1);
        assert_null(to.assign);
    }
}

static void a_missing_variable_is_an_error(void **state)
{
    static const char *const rules[] = {
        "'Variable':'$.none','StringEquals':'a'",
        "'Variable':'$.none','IsNull':true",
        "'Variable':'$.s','StringEqualsPath':'$.none'",
        "'Not':{'Variable':'$.none','IsString':true}",
        "'Or':[{'Variable':'$.n','NumericEquals':6},{'Variable':'$.none','IsString':true}]",
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct asl_error error = {0};
        struct asl_choice to = {0};

        assert_false(asl_choose(scope_of(arena, NULL, NULL), choice_of(arena, rules[i]),
                                json_of(arena, values), &to, &error));
        assert_true(error.is_runtime);
        assert_string_equal(error.error, "States.Runtime");
        assert_string_equal(error.cause, "Invalid path '$.none': The choice state's condition path "
                                         "references an invalid value.");
    }
}

static void the_first_rule_that_holds_wins(void **state)
{
    struct arena *arena = *state;
    const struct asl_plan *plan = plan_of(
        arena,
        json_of(arena, "{'StartAt':'A','States':{'A':{'Type':'Choice','Choices':["
                       "{'Variable':'$.n','NumericLessThan':3,'Next':'X'},"
                       "{'Variable':'$.n','NumericLessThan':9,'Next':'Y'},"
                       "{'Variable':'$.n','NumericLessThan':99,'Next':'Z','Comment':'c'}]},"
                       "'X':{'Type':'Succeed'},'Y':{'Type':'Succeed'},'Z':{'Type':'Succeed'}}}"));
    const struct asl_state *choice = asl_find(plan, "A");
    struct asl_error error = {0};
    struct asl_scope *scope = scope_of(arena, NULL, NULL);
    struct asl_choice to = {0};

    assert_true(asl_choose(scope, choice, json_of(arena, "{'n':5}"), &to, &error));
    assert_string_equal(to.next, "Y");
    assert_int_equal(to.rule, 1);
    assert_false(asl_choose(scope, choice, json_of(arena, "{'n':500}"), &to, &error));
    assert_string_equal(error.error, "States.NoChoiceMatched");
    assert_string_equal(error.cause, "Failed to transition out of the state. The state does not "
                                     "point to a next state.");
}

/* The rule that holds has its own Assign; Default takes the state's. */
static void an_assign_goes_with_the_way_that_is_taken(void **state)
{
    static const struct {
        const char *input, *assigned;
    } cases[] = {
        {"{}",        "{'status':'UNKNOWN'}"              },
        {"{'x':42}",  "{'status':'CORRECT','was':42}"     },
        {"{'x':7}",   "{}"                                },
        {"{'x':'0'}", "{'status':'INCORRECT','guess':'0'}"},
    };
    struct arena *arena = *state;
    const struct asl_plan *plan = plan_of(
        arena,
        json_of(arena,
                "{'StartAt':'A','States':{'A':{'Type':'Choice','Choices':["
                "{'Variable':'$.x','IsPresent':false,'Assign':{'status':'UNKNOWN'},'Next':'F'},"
                "{'Variable':'$.x','NumericEquals':42,"
                "'Assign':{'status':'CORRECT','was.$':'$.x'},'Next':'F'},"
                "{'Variable':'$.x','NumericEquals':7,'Next':'F'}],"
                "'Assign':{'status':'INCORRECT','guess.$':'$.x'},'Default':'F'},"
                "'F':{'Type':'Succeed'}}}"));

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct asl_scope *scope = scope_of(arena, NULL, NULL);
        const struct json *input = json_of(arena, cases[i].input), *assigned = NULL;
        struct asl_choice to = {0};
        struct asl_error error = {0};

        assert_true(asl_choose(scope, asl_find(plan, "A"), input, &to, &error));
        assert_true(asl_assign(scope, to.assign, input, &assigned, &error));
        assert_json(arena, assigned, cases[i].assigned);
    }
}

static void a_costly_pattern_ends_in_an_error(void **state)
{
    struct arena *arena = *state;
    char text[20001];
    const struct asl_state *choice;
    struct json *input = json_object(arena);
    struct asl_error error = {0};
    struct asl_choice to = {0};

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    json_add(arena, input, "s", json_string(arena, text));
    text[10000] = '\0';
    choice = choice_of(arena, arena_printf(arena, "'Variable':'$.s','StringMatches':'*%sb'", text));
    assert_false(asl_choose(scope_of(arena, NULL, NULL), choice, input, &to, &error));
    assert_string_equal(error.error, "States.Runtime");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_operator_decides, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_variable_is_an_error, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(the_first_rule_that_holds_wins, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(an_assign_goes_with_the_way_that_is_taken, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_costly_pattern_ends_in_an_error, asl_set_up,
                                        asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
