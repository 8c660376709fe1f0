/*
 * test_asl_path.c - paths find what Jayway's dialect says, refuse what is no path, and never work
 * for ever.
 */
#include "asl/asl_path.h"

#include <stdio.h>

#include "asl_unit.h"

static const char *const store =
    "{'book':[{'t':'a','p':8.5,'n':{'x':1}},{'t':'b','p':12,'k':true},{'t':'c','p':8,'n':null}],"
    "'bike':{'p':20},'odd name':1,'a.b':2,'$ref':3,'@x':4,'dash-ed':5,'list':[0,1,2,3,4,5],"
    "'nested':[[1,2],[3]],'nothing':null,'q`s':6,'\xc3\xa9t\xc3\xa9':7}";

static const char *const known =
    "{'bike':'mine','o':{'a':[{'b':1},{'b':2}]},'_x1':true,'\xc3\xa9t\xc3\xa9':8,"
    "'\xe4\xb8\x96\xe7\x95\x8c':9,'none':null}";

static const struct found_case {
    const char *path;
    const char *value;
} found_cases[] = {
    {"$.bike",                                "{'p':20}"                 },
    {"$.bike.p",                              "20"                       },
    {"$['bike']['p']",                        "20"                       },
    {"$[\"bike\"].p",                         "20"                       },
    {"$[ 'bike' ].p",                         "20"                       },
    {"$['odd name']",                         "1"                        },
    {"$['a.b']",                              "2"                        },
    {"$.a\\.b",                               "2"                        },
    {"$.$ref",                                "3"                        },
    {"$.\\@x",                                "4"                        },
    {"$['q\\'s']",                            "6"                        },
    {"$.dash-ed",                             "5"                        },
    {"$.\xc3\xa9t\xc3\xa9",                   "7"                        },
    {"$.nothing",                             "null"                     },
    {"$.list[0]",                             "0"                        },
    {"$.list[-1]",                            "5"                        },
    {"$.list[1:3]",                           "[1,2]"                    },
    {"$.list[:2]",                            "[0,1]"                    },
    {"$.list[4:]",                            "[4,5]"                    },
    {"$.list[-2:]",                           "[4,5]"                    },
    {"$.list[:-4]",                           "[0,1]"                    },
    {"$.list[4:99]",                          "[4,5]"                    },
    {"$.list[3:2]",                           "[]"                       },
    {"$.list[0,2,99]",                        "[0,2]"                    },
    {"$.list[ 0 , -1 ]",                      "[0,5]"                    },
    {"$.nested[1][0]",                        "3"                        },
    {"$.nested[*][0]",                        "[1,3]"                    },
    {"$.nested[*][*]",                        "[1,2,3]"                  },
    {"$.book[*].t",                           "['a','b','c']"            },
    {"$.book.*.t",                            "['a','b','c']"            },
    {"$.book[*].k",                           "[true]"                   },
    {"$.book[*].none",                        "[]"                       },
    {"$.bike[*]",                             "[20]"                     },
    {"$.bike.p[*]",                           "[]"                       },
    {"$..p",                                  "[8.5,12,8,20]"            },
    {"$..['p']",                              "[8.5,12,8,20]"            },
    {"$..book[0].t",                          "['a']"                    },
    {"$..none",                               "[]"                       },
    {"$.bike..*",                             "[20]"                     },
    {"$.book[0]['t','p']",                    "{'t':'a','p':8.5}"        },
    {"$.book[0]['t','none']",                 "{'t':'a'}"                },
    {"$['bike','nothing'].p",                 "[20]"                     },
    {"$.book[?(@.p < 10)].t",                 "['a','c']"                },
    {"$.book[?(@.p<10)].t",                   "['a','c']"                },
    {"$.book[?(@.p >= 8.5 && @.t != 'a')].t", "['b']"                    },
    {"$.book[?(@.p > 10 || @.t == 'a')].t",   "['a','b']"                },
    {"$.book[?(@.k)].t",                      "['b']"                    },
    {"$.book[?(!@.k)].t",                     "['a','c']"                },
    {"$.book[?(!(@.k || @.p == 8))].t",       "['a']"                    },
    {"$.book[?(@.k == true)].t",              "['b']"                    },
    {"$.book[?(@.n == null)].t",              "['c']"                    },
    {"$.book[?(@.n.x == 1)].t",               "['a']"                    },
    {"$.book[?(@.p == $.book[1].p)].t",       "['b']"                    },
    {"$.book[?('b' == @.t)].t",               "['b']"                    },
    {"$.book[?(@.t < 'b')].t",                "['a']"                    },
    {"$.book[?(@.t < 5)].t",                  "[]"                       },
    {"$.book[?(@['t'] == 'c')].p",            "[8]"                      },
    {"$.list[?(@ > 3)]",                      "[4,5]"                    },
    {"$.bike[?(@.p == 20)].p",                "[20]"                     },
    {"$..[?(@.t == 'c')].p",                  "[8]"                      },
    {"$.nested[?(@[0] == 3)]",                "[[3]]"                    },
    {"$$.Execution.Id",                       "'e1'"                     },
    {"$$['Execution']",                       "{'Id':'e1'}"              },
    {"$$",                                    "{'Execution':{'Id':'e1'}}"},
    {"$bike",                                 "'mine'"                   },
    {"$o.a[0]",                               "{'b':1}"                  },
    {"$o['a'][-1].b",                         "2"                        },
    {"$o.a[*].b",                             "[1,2]"                    },
    {"$o..b",                                 "[1,2]"                    },
    {"$o.a[?(@.b == 2)]",                     "[{'b':2}]"                },
    {"$_x1",                                  "true"                     },
    {"$\xc3\xa9t\xc3\xa9",                    "8"                        },
    {"$\xe4\xb8\x96\xe7\x95\x8c",             "9"                        },
    {"$none",                                 "null"                     },
    {"$.none[*].x",                           "[]"                       },
    {"$.no.such.path[1:]",                    "[]"                       },
    {"$.bike[0:1]",                           "[]"                       },
    {"$.bike[0,1].x",                         "[]"                       },
    {"$.nothing[?(@.x)]",                     "[]"                       },
    {"$.none..x",                             "[]"                       },
};

static void paths_find_what_jayway_finds(void **state)
{
    struct arena *arena = *state;
    const struct json *input = json_of(arena, store);
    const struct json *context = json_of(arena, "{'Execution':{'Id':'e1'}}");
    const struct json *variables = json_of(arena, known);

    for (size_t i = 0; i < ARRAY_SIZE(found_cases); i++) {
        const struct found_case *c = &found_cases[i];
        const struct asl_path *path = NULL;
        const struct json *value = NULL;
        struct asl_refusal refusal;
        struct asl_scope scope;

        if (!asl_path_parse(arena, c->path, ASL_PATH_ANY, &path, &refusal))
            fail_msg("%s: %s", c->path, refusal.message);
        asl_scope_init(&scope, arena, context, variables);
        scope.input = input;
        if (asl_path_find(&scope, path, &value, NULL) != ASL_FOUND)
            fail_msg("%s finds nothing", c->path);
        if (strcmp(json_text(arena, value), requote(arena, c->value)) != 0)
            fail_msg("%s finds %s", c->path, json_text(arena, value));
    }
}

static const struct missing_case {
    const char *path;
    const char *why;
} missing_cases[] = {
    {"$.none",         "No results for path: $['none']"                                         },
    {"$.bike.none",    "No results for path: $['bike']['none']"                                 },
    {"$.no.such.path", "Missing property in path $['no']"                                       },
    {"$.list[6]",      "No results for path: $['list'][6]"                                      },
    {"$.list[-7]",     "No results for path: $['list'][-7]"                                     },
    {"$.bike.p.x",     "Expected to find an object with property ['x'] in path $['bike']['p'] but "
                   "found an integer"                                         },
    {"$.nothing[0]",   "The path $['nothing'] is null"                                          },
    {"$.bike[0]",      "Filter: [0] can only be applied to arrays. Current context is an object"},
    {"$lost",          "The variable '$lost' is not set"                                        },
    {"$lost[*]",       "The variable '$lost' is not set"                                        },
    {"$o.b",           "No results for path: $o['b']"                                           },
    {"$o.b.c",         "Missing property in path $o['b']"                                       },
};

static void a_missing_value_is_explained(void **state)
{
    struct arena *arena = *state;
    const struct json *input = json_of(arena, store);

    for (size_t i = 0; i < ARRAY_SIZE(missing_cases); i++) {
        const struct missing_case *c = &missing_cases[i];
        const struct asl_path *path = NULL;
        const struct json *value = NULL;
        struct asl_refusal refusal;
        struct asl_scope scope;
        const char *why = NULL;

        assert_true(asl_path_parse(arena, c->path, ASL_PATH_ANY, &path, &refusal));
        asl_scope_init(&scope, arena, NULL, json_of(arena, known));
        scope.input = input;
        assert_int_equal(asl_path_find(&scope, path, &value, &why), ASL_MISSING);
        if (!strstr(why, c->why))
            fail_msg("%s: %s", c->path, why);
    }
}

static const struct refused_case {
    const char *path;
    enum asl_path_use use;
    const char *rule;
} refused_cases[] = {
    {"",                   ASL_PATH_ANY,       "PATH_INVALID"      },
    {"a",                  ASL_PATH_ANY,       "PATH_INVALID"      },
    {".a",                 ASL_PATH_ANY,       "PATH_INVALID"      },
    {"()",                 ASL_PATH_ANY,       "PATH_INVALID"      },
    {"bug$.a",             ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.",                 ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$..",                ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$...",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a.",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a b",              ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a ",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a\\",              ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a\nb",             ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[",                 ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[]",                ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[a]",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$['a]",              ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$['a'",              ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$['a',]",            ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$['a',0]",           ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[-]",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[0,]",              ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[99999999999]",     ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[0:4:2]",           ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[0,1:2]",           ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a]",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$.a.length()",       ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a]",           ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?@.a]",            ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?()]",             ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a ==)]",       ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a =~ /x/)]",   ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a in [1])]",   ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(1)]",            ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a == 1e999)]", ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a == 1.2.3)]", ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$[?(@.a && )]",      ASL_PATH_ANY,       "PATH_INVALID"      },
    {"States.UUID()",      ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$states",            ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$states.input",      ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$1a",                ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$a-b",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$a b",               ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$\xe2\x86\x92",      ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$a\xf0\x9f\x98\x80", ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$a\xc3",             ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$$a",                ASL_PATH_ANY,       "PATH_INVALID"      },
    {"$a",                 ASL_PATH_RESULT,    "PATH_VARIABLE"     },
    {"$a.b",               ASL_PATH_RESULT,    "PATH_VARIABLE"     },
    {"$a[*]",              ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$.a[*]",             ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$..a",               ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$.a[0:1]",           ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$.a[0,1]",           ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$['a','b']",         ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$[?(@.a)]",          ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$.a:b",              ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$.@a",               ASL_PATH_REFERENCE, "PATH_NOT_REFERENCE"},
    {"$.a?",               ASL_PATH_RESULT,    "PATH_NOT_REFERENCE"},
    {"$$.a",               ASL_PATH_RESULT,    "PATH_CONTEXT"      },
};

static void what_is_no_path_is_refused(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(refused_cases); i++) {
        const struct refused_case *c = &refused_cases[i];
        const struct asl_path *path = NULL;
        struct asl_refusal refusal;

        if (asl_path_parse(arena, c->path, c->use, &path, &refusal))
            fail_msg("%s is taken", c->path);
        if (strcmp(refusal.rule, c->rule) != 0)
            fail_msg("%s: %s %s", c->path, refusal.rule, refusal.message);
    }
}

/* The examples of the specification, section "Reference Paths". */
static const char *const references[] = {
    "$.store.book",
    "$.store\\.book",
    "$.\\stor\\e.boo\\k",
    "$.store.book.title",
    "$.foo.\\.bar",
    "$.foo\\@bar.baz\\[\\[.\\?pretty",
    "$.&\xd0\x96\xe4\xb8\xad.\xf0\x90\x8d\x86",
    "$.ledgers.branch[0].pending.count",
    "$.ledgers[0][22][315].foo",
    "$['store']['book']",
    "$['store'][0]['book']",
    "$",
};

static void the_examples_of_the_specification_are_reference_paths(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
        const struct asl_path *path = NULL;
        struct asl_refusal refusal;

        if (!asl_path_parse(arena, references[i], ASL_PATH_RESULT, &path, &refusal))
            fail_msg("%s: %s", references[i], refusal.message);
        assert_true(asl_path_is_definite(path));
        assert_string_equal(asl_path_text(path), references[i]);
    }
}

static const struct put_case {
    const char *path, *into, *value, *output; /* null: it cannot be put */
} put_cases[] = {
    {"$",           "{'a':1}",         "2", "2"                        },
    {"$.a",         "{'a':1,'b':2}",   "9", "{'a':9,'b':2}"            },
    {"$.c",         "{'a':1}",         "9", "{'a':1,'c':9}"            },
    {"$.x.y.z",     "{'a':1}",         "9", "{'a':1,'x':{'y':{'z':9}}}"},
    {"$['x']['y']", "{'x':{'q':1}}",   "9", "{'x':{'q':1,'y':9}}"      },
    {"$.x\\.y",     "{}",              "9", "{'x.y':9}"                },
    {"$.l[1]",      "{'l':[1,2,3]}",   "9", "{'l':[1,9,3]}"            },
    {"$.l[-1]",     "{'l':[1,2,3]}",   "9", "{'l':[1,2,9]}"            },
    {"$.l[0].a",    "{'l':[{'b':1}]}", "9", "{'l':[{'b':1,'a':9}]}"    },
    {"$[0]",        "[1,2]",           "9", "[9,2]"                    },
    {"$.l[3]",      "{'l':[1,2,3]}",   "9", NULL                       },
    {"$.l[-4]",     "{'l':[1,2,3]}",   "9", NULL                       },
    {"$.x[0]",      "{}",              "9", NULL                       },
    {"$.a.b",       "{'a':1}",         "9", NULL                       },
    {"$.a.b",       "{'a':null}",      "9", NULL                       },
    {"$.a",         "'text'",          "9", NULL                       },
    {"$.a",         "[1]",             "9", NULL                       },
    {"$[0]",        "{'a':1}",         "9", NULL                       },
};

static void a_value_is_put_at_a_reference_path(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(put_cases); i++) {
        const struct put_case *c = &put_cases[i];
        const struct json *into = json_of(arena, c->into), *output = NULL;
        const struct asl_path *path = NULL;
        struct asl_refusal refusal;
        const char *why = NULL;
        bool ok;

        assert_true(asl_path_parse(arena, c->path, ASL_PATH_RESULT, &path, &refusal));
        ok = asl_path_put(arena, path, into, json_of(arena, c->value), &output, &why);
        if (ok != (c->output != NULL))
            fail_msg("%s into %s: %s", c->path, c->into, ok ? json_text(arena, output) : why);
        if (ok)
            assert_json(arena, output, c->output);
        assert_json(arena, into, c->into);
    }
}

static void work_is_bounded(void **state)
{
    static const char *const paths[] = {
        "$..*..*..*..*",
        "$..[?($..x == 1)]",
        "$[?($ == $)]",
        "$[?($[*] == $[*])]",
    };
    struct arena *arena = *state;
    struct json *input = json_array(arena);

    for (int i = 0; i < 3000; i++)
        json_push(arena, input, json_of(arena, "{'x':[[[[[[[[[[[[1]]]]]]]]]]]]}"));
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const struct asl_path *path = NULL;
        const struct json *value = NULL;
        struct asl_refusal refusal;
        struct asl_scope scope;
        const char *why = NULL;

        assert_true(asl_path_parse(arena, paths[i], ASL_PATH_ANY, &path, &refusal));
        asl_scope_init(&scope, arena, NULL, NULL);
        scope.input = input;
        assert_int_equal(asl_path_find(&scope, path, &value, &why), ASL_EXHAUSTED);
        assert_non_null(why);
    }
}

static void a_path_knows_the_variable_it_starts_from(void **state)
{
    static const struct {
        const char *path, *variable;
    } cases[] = {
        {"$a",      "a"     },
        {"$a.b[0]", "a"     },
        {"$a['b']", "a"     },
        {"$stateS", "stateS"},
        {"$",       NULL    },
        {"$.a",     NULL    },
        {"$$",      NULL    },
        {"$$.a",    NULL    },
        {"$['a']",  NULL    },
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct asl_path *path = NULL;
        struct asl_refusal refusal;

        assert_true(asl_path_parse(arena, cases[i].path, ASL_PATH_REFERENCE, &path, &refusal));
        if (cases[i].variable)
            assert_string_equal(asl_path_variable(path), cases[i].variable);
        else
            assert_null(asl_path_variable(path));
    }
}

static void a_name_of_a_variable_is_an_identifier_of_80_characters(void **state)
{
    struct arena *arena = *state;
    const struct asl_path *path = NULL;
    struct asl_refusal refusal;
    char name[256] = "$";

    for (int i = 0; i < 80; i++)
        strncat(name, "\xc3\xa9", sizeof(name) - strlen(name) - 1);
    assert_true(asl_is_variable_name(name + 1));
    assert_true(asl_path_parse(arena, name, ASL_PATH_ANY, &path, &refusal));
    strncat(name, "e", sizeof(name) - strlen(name) - 1);
    assert_false(asl_is_variable_name(name + 1));
    assert_false(asl_path_parse(arena, name, ASL_PATH_ANY, &path, &refusal));
    assert_true(asl_is_variable_name("a"));
    assert_true(asl_is_variable_name("_a9"));
    assert_true(asl_is_variable_name("states2"));
    assert_false(asl_is_variable_name(""));
    assert_false(asl_is_variable_name("states"));
    assert_false(asl_is_variable_name("9a"));
    assert_false(asl_is_variable_name("a.b"));
    assert_false(asl_is_variable_name("$a"));
    assert_false(asl_is_variable_name("a b"));
}

static void the_work_of_a_scope_goes_down_and_not_below_zero(void **state)
{
    struct asl_scope scope;

    asl_scope_init(&scope, *state, NULL, NULL);
    assert_true(scope.work == ASL_WORK_MAX);
    assert_null(scope.input);
    assert_true(asl_scope_pay(&scope, ASL_WORK_MAX - 1));
    assert_false(asl_scope_pay(&scope, 2));
    assert_false(asl_scope_pay(&scope, 1));
    assert_true(scope.work == 0);
}

static void long_and_deep_texts_are_refused(void **state)
{
    struct arena *arena = *state;
    const struct asl_path *path = NULL;
    struct asl_refusal refusal;
    char text[4096] = "$";

    for (int i = 0; i < 65; i++)
        strncat(text, ".a", sizeof(text) - strlen(text) - 1);
    assert_false(asl_path_parse(arena, text, ASL_PATH_ANY, &path, &refusal));
    snprintf(text, sizeof(text), "$[?(");
    for (int i = 0; i < 500; i++)
        strncat(text, "(", sizeof(text) - strlen(text) - 1);
    assert_false(asl_path_parse(arena, text, ASL_PATH_ANY, &path, &refusal));
    snprintf(text, sizeof(text), "$[?(");
    for (int i = 0; i < 500; i++)
        strncat(text, "!", sizeof(text) - strlen(text) - 1);
    assert_false(asl_path_parse(arena, text, ASL_PATH_ANY, &path, &refusal));
    snprintf(text, sizeof(text), "$");
    for (int i = 0; i < 300; i++)
        strncat(text, "[?(@", sizeof(text) - strlen(text) - 1);
    assert_false(asl_path_parse(arena, text, ASL_PATH_ANY, &path, &refusal));
    snprintf(text, sizeof(text), "$[0");
    for (int i = 0; i < 300; i++)
        strncat(text, ",0", sizeof(text) - strlen(text) - 1);
    strncat(text, "]", sizeof(text) - strlen(text) - 1);
    assert_false(asl_path_parse(arena, text, ASL_PATH_ANY, &path, &refusal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(paths_find_what_jayway_finds, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_value_is_explained, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_path_is_refused, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(the_examples_of_the_specification_are_reference_paths,
                                        asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_value_is_put_at_a_reference_path, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(work_is_bounded, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_path_knows_the_variable_it_starts_from, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_name_of_a_variable_is_an_identifier_of_80_characters,
                                        asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(the_work_of_a_scope_goes_down_and_not_below_zero,
                                        asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(long_and_deep_texts_are_refused, asl_set_up, asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
