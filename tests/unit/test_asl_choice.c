/*
 * test_asl_choice.c - every operator decides as the specification says, alone, by path, and joined.
 */
#include "asl_unit.h"

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
    {"'Variable':'$.s','StringEquals':'apple'",                                                true },
    {"'Variable':'$.s','StringEquals':'Apple'",                                                false},
    {"'Variable':'$.n','StringEquals':'5'",                                                    false},
    {"'Variable':'$.s','StringEqualsPath':'$.s'",                                              true },
    {"'Variable':'$.s','StringEqualsPath':'$.t'",                                              false},
    {"'Variable':'$.s','StringLessThan':'b'",                                                  true },
    {"'Variable':'$.s','StringLessThan':'apple'",                                              false},
    {"'Variable':'$.s','StringLessThanPath':'$.t'",                                            true },
    {"'Variable':'$.s','StringGreaterThan':'a'",                                               true },
    {"'Variable':'$.s','StringGreaterThanPath':'$.t'",                                         false},
    {"'Variable':'$.s','StringLessThanEquals':'apple'",                                        true },
    {"'Variable':'$.t','StringLessThanEqualsPath':'$.s'",                                      false},
    {"'Variable':'$.s','StringGreaterThanEquals':'apple'",                                     true },
    {"'Variable':'$.t','StringGreaterThanEqualsPath':'$.s'",                                   true },
    {"'Variable':'$.n','NumericEquals':5",                                                     true },
    {"'Variable':'$.n','NumericEquals':5.0",                                                   true },
    {"'Variable':'$.s','NumericEquals':5",                                                     false},
    {"'Variable':'$.n','NumericEqualsPath':'$.r'",                                             true },
    {"'Variable':'$.n','NumericLessThan':5.5",                                                 true },
    {"'Variable':'$.n','NumericLessThanPath':'$.m'",                                           true },
    {"'Variable':'$.n','NumericGreaterThan':5",                                                false},
    {"'Variable':'$.m','NumericGreaterThanPath':'$.n'",                                        true },
    {"'Variable':'$.n','NumericLessThanEquals':5",                                             true },
    {"'Variable':'$.m','NumericLessThanEqualsPath':'$.n'",                                     false},
    {"'Variable':'$.n','NumericGreaterThanEquals':6",                                          false},
    {"'Variable':'$.n','NumericGreaterThanEqualsPath':'$.r'",                                  true },
    {"'Variable':'$.b','BooleanEquals':true",                                                  true },
    {"'Variable':'$.b','BooleanEquals':false",                                                 false},
    {"'Variable':'$.s','BooleanEquals':true",                                                  false},
    {"'Variable':'$.b','BooleanEqualsPath':'$.f'",                                             false},
    {"'Variable':'$.day','TimestampEquals':'2026-03-14T01:59:00Z'",                            true },
    {"'Variable':'$.day','TimestampEqualsPath':'$.same'",                                      true },
    {"'Variable':'$.s','TimestampEquals':'2026-03-14T01:59:00Z'",                              false},
    {"'Variable':'$.day','TimestampLessThan':'2026-03-14T01:59:01Z'",                          true },
    {"'Variable':'$.day','TimestampLessThanPath':'$.later'",                                   true },
    {"'Variable':'$.day','TimestampGreaterThan':'2026-03-14T01:58:59.999Z'",                   true },
    {"'Variable':'$.day','TimestampGreaterThanPath':'$.later'",                                false},
    {"'Variable':'$.day','TimestampLessThanEquals':'2026-03-14T01:59:00Z'",                    true },
    {"'Variable':'$.later','TimestampLessThanEqualsPath':'$.day'",                             false},
    {"'Variable':'$.day','TimestampGreaterThanEquals':'2026-03-14T01:59:00Z'",                 true },
    {"'Variable':'$.day','TimestampGreaterThanEqualsPath':'$.same'",                           true },
    {"'Variable':'$.file','StringMatches':'log-*.txt'",                                        true },
    {"'Variable':'$.file','StringMatches':'*.log'",                                            false},
    {"'Variable':'$.file','StringMatches':'*'",                                                true },
    {"'Variable':'$.file','StringMatches':'*2*6*'",                                            true },
    {"'Variable':'$.file','StringMatches':'log-2026.txt'",                                     true },
    {"'Variable':'$.file','StringMatches':'log'",                                              false},
    {"'Variable':'$.e','StringMatches':''",                                                    true },
    {"'Variable':'$.e','StringMatches':'*'",                                                   true },
    {"'Variable':'$.e','StringMatches':'a'",                                                   false},
    {"'Variable':'$.star','StringMatches':'a\\\\*b'",                                          true },
    {"'Variable':'$.s','StringMatches':'appl\\\\*'",                                           false},
    {"'Variable':'$.slash','StringMatches':'a\\\\\\\\b'",                                      true },
    {"'Variable':'$.n','StringMatches':'5'",                                                   false},
    {"'Variable':'$.z','IsNull':true",                                                         true },
    {"'Variable':'$.n','IsNull':true",                                                         false},
    {"'Variable':'$.n','IsNull':false",                                                        true },
    {"'Variable':'$.n','IsPresent':true",                                                      true },
    {"'Variable':'$.z','IsPresent':true",                                                      true },
    {"'Variable':'$.none','IsPresent':true",                                                   false},
    {"'Variable':'$.none.deep','IsPresent':false",                                             true },
    {"'Variable':'$.r','IsNumeric':true",                                                      true },
    {"'Variable':'$.s','IsNumeric':true",                                                      false},
    {"'Variable':'$.s','IsString':true",                                                       true },
    {"'Variable':'$.n','IsString':false",                                                      true },
    {"'Variable':'$.f','IsBoolean':true",                                                      true },
    {"'Variable':'$.z','IsBoolean':true",                                                      false},
    {"'Variable':'$.day','IsTimestamp':true",                                                  true },
    {"'Variable':'$.s','IsTimestamp':true",                                                    false},
    {"'Variable':'$.l[1]','NumericEquals':2",                                                  true },
    {"'Variable':'$.l[*]','NumericEquals':2",                                                  false},
    {"'Variable':'$$.Execution.Id','StringEquals':'e1'",                                       true },
    {"'Variable':'$.s','StringEqualsPath':'$$.Execution.Id'",                                  false},
    {"'Not':{'Variable':'$.n','NumericEquals':5}",                                             false},
    {"'Not':{'Not':{'Variable':'$.n','NumericEquals':5}}",                                     true },
    {"'And':[{'Variable':'$.n','NumericEquals':5},{'Variable':'$.s','IsString':true}]",        true },
    {"'And':[{'Variable':'$.n','NumericEquals':5},{'Variable':'$.s','IsString':false}]",       false},
    {"'Or':[{'Variable':'$.n','NumericEquals':6},{'Variable':'$.s','IsString':true}]",         true },
    {"'Or':[{'Variable':'$.n','NumericEquals':6},{'Variable':'$.s','IsString':false}]",        false},
    {"'And':[{'Variable':'$.none','IsPresent':true},{'Variable':'$.none','NumericEquals':1}]",
     false                                                                                          },
    {"'Or':[{'Variable':'$.none','IsPresent':false},{'Variable':'$.none','NumericEquals':1}]",
     true                                                                                           },
    {"'And':[{'Or':[{'Variable':'$.n','NumericEquals':1},{'Variable':'$.b','BooleanEquals':true}]},"
     "{'Not':{'Variable':'$.m','NumericLessThan':7}}]",                                   true },
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
    const struct json *context = json_of(arena, "{'Execution':{'Id':'e1'}}");

    for (size_t i = 0; i < ARRAY_SIZE(rule_cases); i++) {
        const struct asl_state *choice = choice_of(arena, rule_cases[i].rule);
        struct asl_error error = {0};
        const char *next = NULL;

        if (!asl_choose(arena, choice, input, context, &next, &error))
            fail_msg("%s: %s", rule_cases[i].rule, error.cause);
        if (strcmp(next, rule_cases[i].yes ? "Yes" : "No") != 0)
            fail_msg("%s goes to %s", rule_cases[i].rule, next);
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
        const char *next = NULL;

        assert_false(asl_choose(arena, choice_of(arena, rules[i]), json_of(arena, values), NULL,
                                &next, &error));
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
    const char *next = NULL;

    assert_true(asl_choose(arena, choice, json_of(arena, "{'n':5}"), NULL, &next, &error));
    assert_string_equal(next, "Y");
    assert_false(asl_choose(arena, choice, json_of(arena, "{'n':500}"), NULL, &next, &error));
    assert_string_equal(error.error, "States.NoChoiceMatched");
}

static void a_costly_pattern_ends_in_an_error(void **state)
{
    struct arena *arena = *state;
    char text[20001];
    const struct asl_state *choice;
    struct json *input = json_object(arena);
    struct asl_error error = {0};
    const char *next = NULL;

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    json_add(arena, input, "s", json_string(arena, text));
    text[10000] = '\0';
    choice = choice_of(arena, arena_printf(arena, "'Variable':'$.s','StringMatches':'*%sb'", text));
    assert_false(asl_choose(arena, choice, input, NULL, &next, &error));
    assert_string_equal(error.error, "States.Runtime");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_operator_decides, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_variable_is_an_error, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(the_first_rule_that_holds_wins, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_costly_pattern_ends_in_an_error, asl_set_up,
                                        asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
