/*
 * test_asl_expression.c - what a path field may hold is read or refused, and evaluated with causes
 * that name the whole expression.
 */
#include "asl/asl_expression.h"

#include <stdio.h>

#include "asl_expression_unit.h"

static const char *const world = "{'a':1,'s':'x,y','o':{'a, b':[5,6],'p)':7},'n':null,"
                                 "'l':[{'k':'a','w':1},{'k':'b','w':2}]}";

static const struct {
    const char *text, *value;
} read_cases[] = {
    {"$",                                           "{'a':1,'s':'x,y','o':{'a, b':[5,6],'p)':7},"
          "'n':null,'l':[{'k':'a','w':1},{'k':'b','w':2}]}"            },
    {"$.a",                                         "1"                         },
    {"$.l[*].k",                                    "['a','b']"                 },
    {"$$.Execution.Name",                           "'run-1-x'"                 },
    {"$v",                                          "7"                         },
    {"$who.name",                                   "'Ada'"                     },
    {"States.Array()",                              "[]"                        },
    {"States.Array( )",                             "[]"                        },
    {" States.Array(1) ",                           "[1]"                       },
    {"States.Array(1,2 , 3)",                       "[1,2,3]"                   },
    {"States.Array(\n1\t)",                         "[1]"                       },
    {"States.Array(0, -1, 1.5, 1e2, -0.5E-1)",      "[0,-1,1.5,100.0,-0.05]"    },
    {"States.Array(9007199254740993)",              "[9007199254740993]"        },
    {"States.Array(true, false, null)",             "[true,false,null]"         },
    {"States.Array('', 'a b', 'a,b)', '$.a')",      "['','a b','a,b)','$.a']"   },
    {"States.Array('it\\'s', '\\{\\}', '\\\\')",    "['it`s','{}','\\\\']"      },
    {"States.Array('{', '}', '\xc3\xa9', '\n')",    "['{','}','\xc3\xa9','\\n']"},
    {"States.Array($.a, $, $$.Execution.Name, $v)",
     "[1,{'a':1,'s':'x,y','o':{'a, b':[5,6],'p)':7},"
     "'n':null,'l':[{'k':'a','w':1},{'k':'b','w':2}]},"
     "'run-1-x',7]"                                                             },
    {"States.Array($['o']['a, b'][0], $.o['p)'])",  "[5,7]"                     },
    {"States.Array($.l[?(@.k == 'b')].w)",          "[[2]]"                     },
    {"States.Array($.l[0,1].w, $.l[:1].k)",         "[[1,2],['a']]"             },
    {"States.Array($.n)",                           "[null]"                    },
    {"States.Array($.none[*])",                     "[[]]"                      },
    {"States.Array(States.Array(States.Array()))",  "[[[]]]"                    },
    {"States.Format('{}-{}', $v, $who.name)",       "'7-Ada'"                   },
};

static void a_path_a_variable_or_a_call_is_evaluated(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(read_cases); i++)
        assert_evaluates(*state, read_cases[i].text, world, read_cases[i].value);
}

static const struct {
    const char *text, *part;
} refused_cases[] = {
    {"",                             "a path that begins with $, or a call"                 },
    {"a",                            "a path that begins with $, or a call"                 },
    {"'text'",                       "a path that begins with $, or a call"                 },
    {"42",                           "a path that begins with $, or a call"                 },
    {"null",                         "a path that begins with $, or a call"                 },
    {"States",                       "a path that begins with $, or a call"                 },
    {"States.",                      "a path that begins with $, or a call"                 },
    {"States.Nothing()",             "a path that begins with $, or a call"                 },
    {"states.format('')",            "a path that begins with $, or a call"                 },
    {"{% $a %}",                     "a path that begins with $, or a call"                 },
    {"$.a, $.b",                     ""                                                     },
    {"$.a b",                        ""                                                     },
    {"$states.input",                "reserved"                                             },
    {"States.UUID",                  "( is expected at position 12"                         },
    {"States.UUID ()",               "( is expected at position 12"                         },
    {"States.UUID(",                 "a path, 'text', a number, true, false, null or a call"},
    {"States.UUID() x",              "the end is expected at position 15"                   },
    {"States.UUID()[0]",             "the end is expected at position 14"                   },
    {"States.UUID())",               "the end is expected at position 14"                   },
    {"States.UUID(1)",               "States.UUID takes 0 arguments, not 1"                 },
    {"States.ArrayLength()",         "States.ArrayLength takes 1 argument, not 0"           },
    {"States.MathAdd(1)",            "States.MathAdd takes 2 arguments, not 1"              },
    {"States.MathRandom(1)",         "States.MathRandom takes 2 to 3 arguments, not 1"      },
    {"States.MathRandom(1,2,3,4)",   "States.MathRandom takes 2 to 3 arguments, not 4"      },
    {"States.Format()",              "States.Format takes 1 arguments or more, not 0"       },
    {"States.Array(1",               "a comma or ) is expected at position 15"              },
    {"States.Array(1 2)",            "a comma or ) is expected at position 16"              },
    {"States.Array(,)",              "a path, 'text', a number"                             },
    {"States.Array(1,)",             "a path, 'text', a number"                             },
    {"States.Array('a)",             "the closing ' is expected"                            },
    {"States.Array('a\\')",          "the closing ' is expected"                            },
    {"States.Array('a\\",            "one of \\' \\{ \\} \\\\ is expected"                  },
    {"States.Array('a\\nb')",        "one of \\' \\{ \\} \\\\ is expected at position 16"   },
    {"States.Array('a\\\"b')",       "one of \\' \\{ \\} \\\\ is expected at position 16"   },
    {"States.Array(\"a\")",          "a path, 'text', a number"                             },
    {"States.Array([1])",            "a path, 'text', a number"                             },
    {"States.Array({})",             "a path, 'text', a number"                             },
    {"States.Array(@.a)",            "a path, 'text', a number"                             },
    {"States.Array(+1)",             "a number is expected at position 14"                  },
    {"States.Array(01)",             "a number is expected"                                 },
    {"States.Array(1.)",             "a number is expected"                                 },
    {"States.Array(--1)",            "a number is expected"                                 },
    {"States.Array(1e999)",          "a number is expected"                                 },
    {"States.Array(1a)",             "a comma or )"                                         },
    {"States.Array(True)",           "a path that begins with $, or a call"                 },
    {"States.Array(nullx)",          "a path that begins with $, or a call"                 },
    {"States.Array($.a.)",           "the argument $.a. is no path"                         },
    {"States.Array($.a[)",           "is no path"                                           },
    {"States.Array($['a)",           "is no path"                                           },
    {"States.Array($states)",        "the variable $states is reserved"                     },
    {"States.Array(States.Array(1)", "a comma or )"                                         },
};

static void anything_else_is_refused_with_its_place(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(refused_cases); i++) {
        const struct asl_expression *expression = NULL;
        struct asl_refusal refusal = {0};

        if (asl_expression_parse(arena, refused_cases[i].text, &expression, &refusal))
            fail_msg("%s is taken", refused_cases[i].text);
        assert_non_null(refusal.rule);
        if (!strstr(refusal.message, refused_cases[i].part))
            fail_msg("%s: %s", refused_cases[i].text, refusal.message);
    }
}

/* `count` calls, each the argument of the one before. */
static const char *nested(struct arena *arena, int count)
{
    const char *text = "1";

    while (count-- > 0)
        text = arena_printf(arena, "States.Array(%s)", text);
    return text;
}

static void calls_stand_ten_deep_and_no_deeper(void **state)
{
    struct arena *arena = *state;
    const struct asl_expression *expression = NULL;
    struct asl_refusal refusal = {0};

    assert_evaluates(arena, nested(arena, 10), "{}", "[[[[[[[[[[1]]]]]]]]]]");
    assert_false(asl_expression_parse(arena, nested(arena, 11), &expression, &refusal));
    assert_string_equal(refusal.rule, "EXPRESSION_INVALID");
    assert_non_null(strstr(refusal.message, "at most 10 deep"));
    assert_false(asl_expression_parse(arena, nested(arena, 1000), &expression, &refusal));
}

static void an_expression_knows_what_it_is(void **state)
{
    struct arena *arena = *state;
    const struct asl_expression *path = expression_of(arena, "$.a"),
                                *call = expression_of(arena, "States.UUID()");

    assert_string_equal(asl_expression_text(path), "$.a");
    assert_string_equal(asl_expression_text(call), "States.UUID()");
    assert_false(asl_expression_is_call(path));
    assert_true(asl_expression_is_call(call));
    assert_string_equal(asl_path_text(asl_expression_path(path)), "$.a");
    assert_null(asl_expression_path(call));
}

static void note_variable(void *user, const char *name)
{
    strncat(user, name, 100 - strlen(user) - 1);
    strncat(user, " ", 100 - strlen(user) - 1);
}

static void every_variable_that_is_read_is_named(void **state)
{
    static const struct {
        const char *text, *names;
    } cases[] = {
        {"$.a",                                                  ""      },
        {"$$.a",                                                 ""      },
        {"$a",                                                   "a "    },
        {"$a.b[0]",                                              "a "    },
        {"States.UUID()",                                        ""      },
        {"States.Array($a, $.b, States.Array($c.d, '$e'), $a)",  "a c a "},
        {"States.Format('{}{}', States.Array($x), $y['z, $q'])", "x y "  },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char names[100] = "";

        asl_expression_variables(expression_of(*state, cases[i].text), note_variable, names);
        assert_string_equal(names, cases[i].names);
    }
}

static void what_is_missing_is_named_as_step_functions_does(void **state)
{
    static const struct {
        const char *text, *cause;
    } cases[] = {
        {"$.b",                                       "Invalid path '$.b' : No results for path: $['b']"            },
        {"$.b.c",                                     "Invalid path '$.b.c' : Missing property in path $['b']"      },
        {"$$.b",                                      "Invalid path '$$.b' : No results for path: $['b']"           },
        {"$lost",                                     "Invalid path '$lost' : The variable '$lost' is not set"      },
        {"$who.none",                                 "Invalid path '$who.none' : No results for path: $who['none']"},
        {"States.Format('{}', States.Array($.nope))",
         "The function 'States.Format('{}', States.Array($.nope))' had the following error: The "
         "JsonPath argument for the field '$.nope' could not be found in the input '{\"a\":1}'"                     },
        {"States.Array($$.nope)",
         "The function 'States.Array($$.nope)' had the following error: The JsonPath argument for "
         "the field '$$.nope' could not be found in the input "
         "'{\"Execution\":{\"Name\":\"run-1-x\"}}'"                                                                 },
        {"States.Array($lost)",
         "The function 'States.Array($lost)' had the following error: Invalid path '$lost' : The "
         "variable '$lost' is not set"                                                                              },
        {"States.Array($.a[0])",
         "The function 'States.Array($.a[0])' had the following error: The JsonPath argument for "
         "the field '$.a[0]' could not be found in the input '{\"a\":1}'"                                           },
        {"States.MathAdd(States.MathAdd(1, 'x'), 2)",
         "The function 'States.MathAdd(States.MathAdd(1, 'x'), 2)' had the following error: "
         "Invalid "
         "arguments in States.MathAdd: argument 2 must be a number, found a string"                                 },
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct json *value = NULL;
        struct asl_error error = {0};
        struct asl_scope scope;

        expression_scope(&scope, arena, "{'a':1}");
        assert_false(asl_evaluate(&scope, expression_of(arena, cases[i].text), &value, &error));
        assert_string_equal(error.error, "States.Runtime");
        assert_string_equal(error.cause, cases[i].cause);
        assert_true(error.is_runtime);
    }
}

/* `text` as it is evaluated over an input with a string of `bytes` bytes under `s`. */
static bool evaluates_over(struct arena *arena, const char *text, size_t bytes,
                           struct asl_error *reterr)
{
    char *s = arena_alloc(arena, bytes + 1);
    struct json *input = json_object(arena);
    const struct json *value = NULL;
    struct asl_scope scope;

    memset(s, 'x', bytes);
    json_add(arena, input, "s", json_string(arena, s));
    asl_scope_init(&scope, arena, NULL, NULL);
    scope.input = input;
    return asl_evaluate(&scope, expression_of(arena, text), &value, reterr);
}

static void what_a_call_makes_is_no_larger_than_a_payload(void **state)
{
    static const char *const fitting[] = {
        "States.Array($.s)",
        "States.JsonToString($.s)",
        "States.Format('{}{}', $.s, 'x')",
    };
    static const char *const large[] = {
        "States.Array($.s, $.s)",
        "States.ArrayLength(States.Array($.s, $.s))",
        "States.Format('{}{}', $.s, $.s)",
        "States.JsonToString(States.Array($.s, ''))",
        "States.Hash(States.Array($.s, $.s), 'MD5')",
    };
    struct asl_error error = {0};

    for (size_t i = 0; i < ARRAY_SIZE(fitting); i++)
        assert_true(evaluates_over(*state, fitting[i], 262144 - 8, &error));
    for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
        assert_false(evaluates_over(*state, large[i], 262144 - 8, &error));
        assert_string_equal(error.error, "States.DataLimitExceeded");
        assert_non_null(strstr(error.cause, large[i]));
    }
}

static void what_a_call_makes_is_no_deeper_than_json_may_be(void **state)
{
    struct arena *arena = *state;
    const struct json *deep = json_of(arena, "[]"), *value = NULL;
    struct asl_error error = {0};
    struct asl_scope scope;

    for (int i = 1; i < 64; i++) {
        struct json *outer = json_array(arena);

        json_push(arena, outer, deep);
        deep = outer;
    }
    asl_scope_init(&scope, arena, NULL, NULL);
    scope.input = deep;
    assert_true(asl_evaluate(&scope, expression_of(arena, "$"), &value, &error));
    assert_false(asl_evaluate(&scope, expression_of(arena, "States.Array($)"), &value, &error));
    assert_string_equal(error.error, "States.DataLimitExceeded");
}

/* Every call stands on the one before twice: without limits the last would have 2 to the power of
 * the number of calls. */
static void work_is_bounded_over_the_whole_expression(void **state)
{
    struct arena *arena = *state;
    const struct json *value = NULL;
    struct json *items = json_array(arena);
    struct asl_error error = {0};
    struct asl_scope scope;
    char *text = arena_alloc(arena, 100000);
    size_t len = (size_t)snprintf(text, 100000, "States.Array(0");

    for (int i = 0; i < 20000; i++)
        json_push(arena, items, json_int(arena, i));
    for (int i = 0; i < 2000; i++)
        len += (size_t)snprintf(text + len, 100000 - len, ", States.ArrayLength($[*])");
    snprintf(text + len, 100000 - len, ")");
    asl_scope_init(&scope, arena, NULL, NULL);
    scope.input = items;
    assert_false(asl_evaluate(&scope, expression_of(arena, text), &value, &error));
    assert_string_equal(error.error, "States.Runtime");
    assert_true(scope.work == 0);
    assert_false(asl_evaluate(&scope, expression_of(arena, "States.UUID()"), &value, &error));
    assert_non_null(strstr(error.cause, "more values than one evaluation may"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_a_variable_or_a_call_is_evaluated, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(anything_else_is_refused_with_its_place, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(calls_stand_ten_deep_and_no_deeper, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(an_expression_knows_what_it_is, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(every_variable_that_is_read_is_named, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named_as_step_functions_does, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(what_a_call_makes_is_no_larger_than_a_payload, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(what_a_call_makes_is_no_deeper_than_json_may_be, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(work_is_bounded_over_the_whole_expression, asl_set_up,
                                        asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
