/*
 * test_asl_intrinsic.c - every intrinsic function does what the specification and AWS's guide say,
 * at its edges, too, and says what is wrong with its arguments.
 */
#include "asl/asl_intrinsic.h"

#include <stdio.h>

#include "asl_expression_unit.h"

struct good_case {
    const char *text, *input, *value;
};

struct bad_case {
    const char *text, *input, *part;
};

static void all_good(void **state, const struct good_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_evaluates(*state, cases[i].text, cases[i].input, cases[i].value);
}

static void all_bad(void **state, const struct bad_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_fails(*state, cases[i].text, cases[i].input, cases[i].part);
}

static void there_are_18_functions(void **state)
{
    static const char *const names[] = {
        "Array",       "ArrayContains", "ArrayGetItem", "ArrayLength",  "ArrayPartition",
        "ArrayRange",  "ArrayUnique",   "Base64Decode", "Base64Encode", "Format",
        "Hash",        "JsonMerge",     "JsonToString", "MathAdd",      "MathRandom",
        "StringSplit", "StringToJson",  "UUID",
    };

    assert_int_equal(ARRAY_SIZE(names), 18);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *name = arena_printf(*state, "States.%s", names[i]);

        assert_non_null(asl_intrinsic_find(name, strlen(name)));
        assert_null(asl_intrinsic_find(name, strlen(name) - 1));
    }
}

static void array_holds_its_arguments(void **state)
{
    static const struct good_case good[] = {
        {"States.Array()",                   "{}",                "[]"                       },
        {"States.Array(null, 1, 'a', true)", "{}",                "[null,1,'a',true]"        },
        {"States.Array($.a, $.a)",           "{'a':{'b':[1.5]}}", "[{'b':[1.5]},{'b':[1.5]}]"},
    };

    all_good(state, good, ARRAY_SIZE(good));
}

static void array_partition_cuts_into_chunks(void **state)
{
    static const struct good_case good[] = {
        {"States.ArrayPartition($, 4)",          "[1,2,3,4,5,6,7,8,9]", "[[1,2,3,4],[5,6,7,8],[9]]"},
        {"States.ArrayPartition($, 1)",          "[1,2]",               "[[1],[2]]"                },
        {"States.ArrayPartition($, 2)",          "[1,2]",               "[[1,2]]"                  },
        {"States.ArrayPartition($, 3)",          "[1,2]",               "[[1,2]]"                  },
        {"States.ArrayPartition($, 2147483647)", "[1,2]",               "[[1,2]]"                  },
        {"States.ArrayPartition($, 1)",          "[]",                  "[]"                       },
        {"States.ArrayPartition($, 1.6)",        "[1,2,3]",             "[[1,2],[3]]"              },
        {"States.ArrayPartition($, 2)",          "[[1],[2],{}]",        "[[[1],[2]],[{}]]"         },
    };
    static const struct bad_case bad[] = {
        {"States.ArrayPartition($, 0)",      "[1]", "argument 2 must be a number from 1 to"      },
        {"States.ArrayPartition($, -1)",     "[1]", "argument 2 must be a number from 1 to"      },
        {"States.ArrayPartition($, 0.4)",    "[1]", "argument 2 must be a number from 1 to"      },
        {"States.ArrayPartition($, '2')",    "[1]", "argument 2 must be a number, found a string"},
        {"States.ArrayPartition($, null)",   "[1]", "argument 2 must be a number, found null"    },
        {"States.ArrayPartition('[1]', 1)",  "[1]", "argument 1 must be an array, found a string"},
        {"States.ArrayPartition($, 1)",      "{}",  "Invalid arguments in States.ArrayPartition" },
        {"States.ArrayPartition($, 1e300)",  "[1]", "argument 2 must be a number from 1 to"      },
        {"States.ArrayPartition($, -1e300)", "[1]", "argument 2 must be a number from 1 to"      },
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void array_contains_compares_as_json_does(void **state)
{
    static const struct good_case good[] = {
        {"States.ArrayContains($, 5)",     "[1,2,5]",                                 "true" },
        {"States.ArrayContains($, 5)",     "[1,2]",                                   "false"},
        {"States.ArrayContains($, 5)",     "[]",                                      "false"},
        {"States.ArrayContains($, 5)",     "['5',[5],{'5':5}]",                       "false"},
        {"States.ArrayContains($, 1)",     "[1.0]",                                   "true" },
        {"States.ArrayContains($, 'a')",   "['b','a']",                               "true" },
        {"States.ArrayContains($, null)",  "[null]",                                  "true" },
        {"States.ArrayContains($, false)", "[0,null,'']",                             "false"},
        {"States.ArrayContains($.a, $.v)", "{'a':[[1,2]],'v':[1,2]}",                 "true" },
        {"States.ArrayContains($.a, $.v)", "{'a':[{'x':1,'y':2}],'v':{'y':2,'x':1}}", "true" },
        {"States.ArrayContains($.a, $.v)", "{'a':[{'x':1}],'v':{'x':1,'y':null}}",    "false"},
    };
    static const struct bad_case bad[] = {
        {"States.ArrayContains('abc', 'a')", "{}", "argument 1 must be an array, found a string" },
        {"States.ArrayContains($, 1)",       "{}", "argument 1 must be an array, found an object"},
        {"States.ArrayContains(null, 1)",    "{}", "argument 1 must be an array, found null"     },
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void array_range_counts_up_or_down(void **state)
{
    static const struct good_case good[] = {
        {"States.ArrayRange(1, 9, 2)",                         "{}", "[1,3,5,7,9]"   },
        {"States.ArrayRange(0, 10, 3)",                        "{}", "[0,3,6,9]"     },
        {"States.ArrayRange(1, 9, 9)",                         "{}", "[1]"           },
        {"States.ArrayRange(3, 3, 1)",                         "{}", "[3]"           },
        {"States.ArrayRange(3, 3, -7)",                        "{}", "[3]"           },
        {"States.ArrayRange(5, 1, -2)",                        "{}", "[5,3,1]"       },
        {"States.ArrayRange(-2, 2, 2)",                        "{}", "[-2,0,2]"      },
        {"States.ArrayRange(5, 1, 1)",                         "{}", "[]"            },
        {"States.ArrayRange(1, 5, -1)",                        "{}", "[]"            },
        {"States.ArrayRange(5, 4, 10)",                        "{}", "[]"            },
        {"States.ArrayRange(1.4, 5.6, 2.2)",                   "{}", "[1,3,5]"       },
        {"States.ArrayRange(0, 9000000000, 9000000000)",       "{}", "[0,9000000000]"},
        {"States.ArrayLength(States.ArrayRange(1, 1000, 1))",  "{}", "1000"          },
        {"States.ArrayLength(States.ArrayRange(1000, 1, -1))", "{}", "1000"          },
    };
    static const struct bad_case bad[] = {
        {"States.ArrayRange(1, 1001, 1)",             "{}", "the array must not have more than 1000 items"},
        {"States.ArrayRange(1001, 1, -1)",            "{}", "the array must not have more than 1000 items"},
        {"States.ArrayRange(0, 9007199254740992, 1)", "{}", "more than 1000 items"                        },
        {"States.ArrayRange(0, 9007199254740993, 1)", "{}", "argument 2 must be a number from"            },
        {"States.ArrayRange(1, 9, 0)",                "{}", "the step must not be 0"                      },
        {"States.ArrayRange(1, 9, 0.3)",              "{}", "the step must not be 0"                      },
        {"States.ArrayRange('1', 9, 1)",              "{}", "argument 1 must be a number, found a string" },
        {"States.ArrayRange(1, null, 1)",             "{}", "argument 2 must be a number, found null"     },
        {"States.ArrayRange(1, 9, true)",             "{}", "argument 3 must be a number, found a boolean"},
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void array_get_item_and_length_look_into_arrays(void **state)
{
    static const struct good_case good[] = {
        {"States.ArrayGetItem($, 0)",   "[7,8,9]",     "7"      },
        {"States.ArrayGetItem($, 2)",   "[7,8,9]",     "9"      },
        {"States.ArrayGetItem($, 1.0)", "[7,8,9]",     "8"      },
        {"States.ArrayGetItem($, 0)",   "[null]",      "null"   },
        {"States.ArrayGetItem($, 1)",   "[0,{'a':1}]", "{'a':1}"},
        {"States.ArrayLength($)",       "[7,8,9]",     "3"      },
        {"States.ArrayLength($)",       "[]",          "0"      },
        {"States.ArrayLength($list)",   "{}",          "3"      },
    };
    static const struct bad_case bad[] = {
        {"States.ArrayGetItem($, 3)",     "[7,8,9]", "argument 2 must be a number from 0 to 2"     },
        {"States.ArrayGetItem($, -1)",    "[7,8,9]", "argument 2 must be a number from 0 to 2"     },
        {"States.ArrayGetItem($, 0)",     "[]",      "the array is empty"                          },
        {"States.ArrayGetItem($, '0')",   "[7]",     "argument 2 must be a number, found a string" },
        {"States.ArrayGetItem('abc', 0)", "[7]",     "argument 1 must be an array"                 },
        {"States.ArrayLength('abc')",     "[7]",     "argument 1 must be an array, found a string" },
        {"States.ArrayLength($)",         "{'a':1}", "argument 1 must be an array, found an object"},
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void array_unique_keeps_the_first_of_equal_values(void **state)
{
    static const struct good_case good[] = {
        {"States.ArrayUnique($)", "[1,2,3,3,3,3,3,3,4]",                 "[1,2,3,4]"          },
        {"States.ArrayUnique($)", "[]",                                  "[]"                 },
        {"States.ArrayUnique($)", "[3,1,2,1,3]",                         "[3,1,2]"            },
        {"States.ArrayUnique($)", "['b','a','b']",                       "['b','a']"          },
        {"States.ArrayUnique($)", "[true,false,true,null,null]",         "[true,false,null]"  },
        {"States.ArrayUnique($)", "[1,'1',1.0,[1],{'1':1}]",             "[1,'1',[1],{'1':1}]"},
        {"States.ArrayUnique($)", "[{'a':1,'b':2},{'b':2,'a':1}]",       "[{'a':1,'b':2}]"    },
        {"States.ArrayUnique($)", "[[1,2],[2,1],[1,2]]",                 "[[1,2],[2,1]]"      },
        {"States.ArrayUnique($)", "[9007199254740992,9007199254740993]",
         "[9007199254740992,9007199254740993]"                                                },
        {"States.ArrayUnique($)", "[0,-0.0,'',' ']",                     "[0,'',' ']"         },
    };
    static const struct bad_case bad[] = {
        {"States.ArrayUnique('aa')", "{}", "argument 1 must be an array, found a string" },
        {"States.ArrayUnique($)",    "{}", "argument 1 must be an array, found an object"},
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void array_unique_takes_all_that_a_payload_holds(void **state)
{
    struct arena *arena = *state;
    struct json *items = json_array(arena);
    const struct json *unique = NULL;
    struct asl_error error = {0};
    struct asl_scope scope;

    for (int i = 0; i < 40000; i++)
        json_push(arena, items, json_int(arena, i));
    asl_scope_init(&scope, arena, NULL, NULL);
    scope.input = items;
    assert_true(
        asl_evaluate(&scope, expression_of(arena, "States.ArrayUnique($)"), &unique, &error));
    assert_int_equal(unique->count, 40000);
}

static void base64_is_read_and_written(void **state)
{
    static const struct good_case good[] = {
        {"States.Base64Encode('Data to encode')",       "{}",                           "'RGF0YSB0byBlbmNvZGU='"      },
        {"States.Base64Encode('')",                     "{}",                           "''"                          },
        {"States.Base64Encode('a')",                    "{}",                           "'YQ=='"                      },
        {"States.Base64Encode('ab')",                   "{}",                           "'YWI='"                      },
        {"States.Base64Encode('abc')",                  "{}",                           "'YWJj'"                      },
        {"States.Base64Encode($)",                      "'\xc3\xa9\xe2\x9c\x93\?\?>>'", "'w6ninJM/Pz4+'"              },
        {"States.Base64Decode('RGVjb2RlZCBkYXRh')",     "{}",                           "'Decoded data'"              },
        {"States.Base64Decode('')",                     "{}",                           "''"                          },
        {"States.Base64Decode('YQ==')",                 "{}",                           "'a'"                         },
        {"States.Base64Decode('YQ')",                   "{}",                           "'a'"                         },
        {"States.Base64Decode('YWI=')",                 "{}",                           "'ab'"                        },
        {"States.Base64Decode('w6ninJM/Pz4+')",         "{}",                           "'\xc3\xa9\xe2\x9c\x93\?\?>>'"},
        {"States.Base64Decode('w6ninJM_Pz4-')",         "{}",                           "'\xc3\xa9\xe2\x9c\x93\?\?>>'"},
        {"States.Base64Decode(States.Base64Encode($))", "'a\\nb'",                      "'a\\nb'"                     },
    };
    static const struct bad_case bad[] = {
        {"States.Base64Decode('!!!')",    "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('A')",      "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('YQ=')",    "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('Y===')",   "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('====')",   "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('ab==cd')", "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode(' YWJj ')", "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('YR==')",   "{}", "argument 1 is not Base64"                     },
        {"States.Base64Decode('/w==')",   "{}", "not text in UTF-8"                            },
        {"States.Base64Decode('7aCA')",   "{}", "not text in UTF-8"                            },
        {"States.Base64Decode('wIA=')",   "{}", "not text in UTF-8"                            },
        {"States.Base64Decode('YQBi')",   "{}", "not text in UTF-8"                            },
        {"States.Base64Decode('4pyT4g')", "{}", "not text in UTF-8"                            },
        {"States.Base64Decode(1)",        "{}", "argument 1 must be a string, found an integer"},
        {"States.Base64Encode($)",        "{}", "argument 1 must be a string, found an object" },
        {"States.Base64Encode(null)",     "{}", "argument 1 must be a string, found null"      },
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

/* `count` times `character`, as a JSON string of these tests. */
static const char *repeated(struct arena *arena, const char *character, int count)
{
    size_t len = strlen(character);
    char *text = arena_alloc(arena, len * (size_t)count + 3);

    text[0] = '\'';
    for (int i = 0; i < count; i++)
        memcpy(text + 1 + len * (size_t)i, character, len);
    text[1 + len * (size_t)count] = '\'';
    return text;
}

static void codes_and_hashes_take_ten_thousand_characters(void **state)
{
    static const char *const calls[] = {
        "States.ArrayLength(States.Array(States.Base64Encode($)))",
        "States.ArrayLength(States.Array(States.Hash($, 'MD5')))",
    };
    static const char *const decode = "States.ArrayLength(States.Array(States.Base64Decode($)))";
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        assert_evaluates(arena, calls[i], repeated(arena, "a", 10000), "1");
        assert_evaluates(arena, calls[i], repeated(arena, "\xc3\xa9", 10000), "1");
        assert_evaluates(arena, calls[i], repeated(arena, "\xf0\x9f\x9a\x80", 5000), "1");
        assert_fails(arena, calls[i], repeated(arena, "a", 10001), "more than 10000 characters");
        assert_fails(arena, calls[i], repeated(arena, "\xf0\x9f\x9a\x80", 5001),
                     "more than 10000 characters");
    }
    assert_evaluates(arena, decode, repeated(arena, "YWJj", 2500), "1");
    assert_fails(arena, decode, repeated(arena, "YWJj", 2501), "more than 10000 characters");
}

static void hash_knows_five_methods(void **state)
{
    static const struct good_case good[] = {
        {"States.Hash('hello', 'MD5')",     "{}",             "'5d41402abc4b2a76b9719d911017c592'"        },
        {"States.Hash('hello', 'SHA-1')",   "{}",             "'aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d'"},
        {"States.Hash('hello', 'SHA-256')", "{}",
         "'2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'"                             },
        {"States.Hash('hello', 'SHA-384')", "{}",
         "'59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bdf5f6a13"
         "de828684f'"                                                                                     },
        {"States.Hash('hello', 'SHA-512')", "{}",
         "'9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e"
         "14b8c5da0c4663475c2e5c3adef46f73bcdec043'"                                                      },
        {"States.Hash('', 'SHA-256')",      "{}",
         "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'"                             },
        {"States.Hash($, 'SHA-256')",       "'\xe2\x9c\x93'",
         "'1dabba21cdad44541f6b15796f8d22978fc7ea10c46aeceeeeb66c23b3ac7604'"                             },
        {"States.Hash(123, 'MD5')",         "{}",             "'202cb962ac59075b964b07152d234b70'"        },
        {"States.Hash('123', 'MD5')",       "{}",             "'202cb962ac59075b964b07152d234b70'"        },
    };
    static const struct bad_case bad[] = {
        {"States.Hash('data', 'sha-256')", "{}", "argument 2 must be MD5, SHA-1, SHA-256"       },
        {"States.Hash('data', 'SHA256')",  "{}", "argument 2 must be MD5, SHA-1, SHA-256"       },
        {"States.Hash('data', 'MD-5')",    "{}", "argument 2 must be MD5, SHA-1, SHA-256"       },
        {"States.Hash('data', '')",        "{}", "argument 2 must be MD5, SHA-1, SHA-256"       },
        {"States.Hash('data', 1)",         "{}", "argument 2 must be a string, found an integer"},
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void json_merge_is_shallow(void **state)
{
    static const char *const call = "States.JsonMerge($.a, $.b, false)";
    static const struct {
        const char *input, *value;
    } good[] = {
        {"{'a':{'a':{'a1':1,'a2':2},'b':2},'b':{'a':{'a3':1,'a4':2},'c':3}}",
         "{'a':{'a3':1,'a4':2},'b':2,'c':3}"                                                                   },
        {"{'a':{},'b':{}}",                                                   "{}"                             },
        {"{'a':{'x':1},'b':{}}",                                              "{'x':1}"                        },
        {"{'a':{},'b':{'x':1}}",                                              "{'x':1}"                        },
        {"{'a':{'x':1},'b':{'x':null}}",                                      "{'x':null}"                     },
        {"{'a':{'z':1,'y':2,'x':3},'b':{'q':9,'y':8,'a':7}}",                 "{'z':1,'y':8,'x':3,'q':9,'a':7}"},
    };
    static const struct bad_case bad[] = {
        {"States.JsonMerge($, $, true)",    "{}", "only the shallow merging mode (false)"         },
        {"States.JsonMerge($, $, 'false')", "{}", "argument 3 must be a boolean, found a string"  },
        {"States.JsonMerge($, $, null)",    "{}", "argument 3 must be a boolean, found null"      },
        {"States.JsonMerge($, $, false)",   "[]", "argument 1 must be an object, found an array"  },
        {"States.JsonMerge($, 1, false)",   "{}", "argument 2 must be an object, found an integer"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_evaluates(*state, call, good[i].input, good[i].value);
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void text_becomes_json_and_json_text(void **state)
{
    static const struct good_case good[] = {
        {"States.StringToJson($)",                      "'{\\'a\\':[1,{}]}'",     "{'a':[1,{}]}"                },
        {"States.StringToJson('{\"a\":\"b\"}')",        "{}",                     "{'a':'b'}"                   },
        {"States.StringToJson('\"it\\'s\"')",           "{}",                     "'it`s'"                      },
        {"States.StringToJson('\"a\\\\nb\"')",          "{}",                     "'a\\nb'"                     },
        {"States.StringToJson('')",                     "{}",                     "null"                        },
        {"States.StringToJson(' \n')",                  "{}",                     "null"                        },
        {"States.StringToJson('null')",                 "{}",                     "null"                        },
        {"States.StringToJson('-0')",                   "{}",                     "0"                           },
        {"States.StringToJson(' 1.10 ')",               "{}",                     "1.1"                         },
        {"States.StringToJson('true')",                 "{}",                     "true"                        },
        {"States.JsonToString($)",                      "{'a':[1,'x',null]}",     "'{\\'a\\':[1,\\'x\\',null]}'"},
        {"States.JsonToString('x')",                    "{}",                     "'\\'x\\''"                   },
        {"States.JsonToString(null)",                   "{}",                     "'null'"                      },
        {"States.JsonToString($)",                      "1.50",                   "'1.5'"                       },
        {"States.StringToJson(States.JsonToString($))", "{'a':{'b':[true,0.1]}}",
         "{'a':{'b':[true,0.1]}}"                                                                               },
    };
    static const struct bad_case bad[] = {
        {"States.StringToJson('{')",         "{}", "argument 1 is not JSON"                       },
        {"States.StringToJson('undefined')", "{}", "argument 1 is not JSON"                       },
        {"States.StringToJson('1 2')",       "{}", "argument 1 is not JSON"                       },
        {"States.StringToJson('1e999')",     "{}", "argument 1 is not JSON"                       },
        {"States.StringToJson(1)",           "{}", "argument 1 must be a string, found an integer"},
        {"States.StringToJson($)",           "{}", "argument 1 must be a string, found an object" },
    };
    struct arena *arena = *state;
    char deep[200] = "";

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
    memset(deep, '[', 65);
    memset(deep + 65, ']', 65);
    assert_fails(arena, arena_printf(arena, "States.StringToJson('%s')", deep), "{}",
                 "argument 1 is not JSON");
}

static void math_add_adds_rounded_numbers_of_32_bits(void **state)
{
    static const struct good_case good[] = {
        {"States.MathAdd(111, -1)",                 "{}", "110"        },
        {"States.MathAdd($v, $v)",                  "{}", "14"         },
        {"States.MathAdd(1.6, 2.7)",                "{}", "5"          },
        {"States.MathAdd(0.1, 0.2)",                "{}", "0"          },
        {"States.MathAdd(1.49, 1.5)",               "{}", "3"          },
        {"States.MathAdd(-1.5, 0)",                 "{}", "-1"         },
        {"States.MathAdd(-1.51, 0)",                "{}", "-2"         },
        {"States.MathAdd(0.49999999999999994, 0)",  "{}", "0"          },
        {"States.MathAdd(2147483647, 0)",           "{}", "2147483647" },
        {"States.MathAdd(-2147483648, 0.4)",        "{}", "-2147483648"},
        {"States.MathAdd(2147483647, -2147483648)", "{}", "-1"         },
    };
    static const struct bad_case bad[] = {
        {"States.MathAdd(2147483647, 1)",   "{}", "the sum must be a number from -2147483648 to"},
        {"States.MathAdd(-2147483648, -1)", "{}", "the sum must be a number from"               },
        {"States.MathAdd(2147483648, 0)",   "{}", "argument 1 must be a number from"            },
        {"States.MathAdd(0, -2147483649)",  "{}", "argument 2 must be a number from"            },
        {"States.MathAdd(1e300, 0)",        "{}", "argument 1 must be a number from"            },
        {"States.MathAdd('1', 2)",          "{}", "argument 1 must be a number, found a string" },
        {"States.MathAdd(1, true)",         "{}", "argument 2 must be a number, found a boolean"},
        {"States.MathAdd(null, 1)",         "{}", "argument 1 must be a number, found null"     },
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void math_random_lies_from_start_up_to_end(void **state)
{
    static const struct bad_case bad[] = {
        {"States.MathRandom(1, 1)",          "{}", "the start must be smaller than the end"     },
        {"States.MathRandom(10, 5)",         "{}", "the start must be smaller than the end"     },
        {"States.MathRandom(1.6, 2.4)",      "{}", "the start must be smaller than the end"     },
        {"States.MathRandom('1', 5)",        "{}", "argument 1 must be a number, found a string"},
        {"States.MathRandom(1, null)",       "{}", "argument 2 must be a number, found null"    },
        {"States.MathRandom(1, 5, 'seed')",  "{}", "argument 3 must be a number, found a string"},
        {"States.MathRandom(0, 4294967296)", "{}", "argument 2 must be a number from"           },
    };
    static const struct {
        double dice;
        const char *text;
        int64_t number;
    } cases[] = {
        {0,                  "States.MathRandom(3, 7)",                    3          },
        {0.25,               "States.MathRandom(3, 7)",                    4          },
        {0.9999999999999999, "States.MathRandom(3, 7)",                    6          },
        {1,                  "States.MathRandom(3, 7)",                    6          },
        {0.5,                "States.MathRandom(-7, -3)",                  -5         },
        {0.999999,           "States.MathRandom(6, 7)",                    6          },
        {0,                  "States.MathRandom(12.5, 44.51)",             13         },
        {0.9999999999999999, "States.MathRandom(12.5, 44.51)",             44         },
        {0,                  "States.MathRandom(-2147483648, 2147483647)", -2147483648},
        {0.999999999999999,  "States.MathRandom(-2147483648, 2147483647)", 2147483646 },
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct json *value = NULL;
        struct asl_error error = {0};
        struct asl_scope scope;
        double dice = cases[i].dice;

        expression_scope(&scope, arena, "{}");
        scope.user = &dice;
        assert_true(asl_evaluate(&scope, expression_of(arena, cases[i].text), &value, &error));
        assert_true(value->integer == cases[i].number);
    }
    all_bad(state, bad, ARRAY_SIZE(bad));
}

/* The numbers are those of java.util.Random: 0.7275636800328681 for 42. */
static void math_random_with_a_seed_is_always_the_same(void **state)
{
    static const struct good_case good[] = {
        {"States.MathRandom(0, 1000000000, 42)",   "{}", "727563680"},
        {"States.MathRandom(0, 1000000000, 42.2)", "{}", "727563680"},
        {"States.MathRandom(0, 1000000000, 0)",    "{}", "730967787"},
        {"States.MathRandom(1, 2, -10)",           "{}", "1"        },
    };

    all_good(state, good, ARRAY_SIZE(good));
}

static void string_split_knows_several_delimiters(void **state)
{
    static const struct good_case good[] = {
        {"States.StringSplit('1,2,3,4,5', ',')",                "{}", "['1','2','3','4','5']"},
        {"States.StringSplit('This.is+a,test=string', '.+,=')", "{}",
         "['This','is','a','test','string']"                                                 },
        {"States.StringSplit(',a,,b,', ',')",                   "{}", "['a','b']"            },
        {"States.StringSplit('1a2b3ab4', 'ab')",                "{}", "['1','2','3','4']"    },
        {"States.StringSplit('abc', '-')",                      "{}", "['abc']"              },
        {"States.StringSplit('abc', '')",                       "{}", "['abc']"              },
        {"States.StringSplit('', ',')",                         "{}", "[]"                   },
        {"States.StringSplit(',,', ',')",                       "{}", "[]"                   },
        {"States.StringSplit('a b', ' ')",                      "{}", "['a','b']"            },
        {"States.StringSplit('a\nb', '\n')",                    "{}", "['a','b']"            },
        {"States.StringSplit('a\xe2\x86\x92\xe2\x86\x91"
         "b', '\xe2\x86\x92')",                        "{}",
         "['a','\xe2\x86\x91"
         "b']"                                                                               },
        {"States.StringSplit($$.Execution.Name, '-')",          "{}", "['run','1','x']"      },
    };
    static const struct bad_case bad[] = {
        {"States.StringSplit(1, ',')",    "{}", "argument 1 must be a string, found an integer"},
        {"States.StringSplit('a,b', 1)",  "{}", "argument 2 must be a string, found an integer"},
        {"States.StringSplit('a', null)", "{}", "argument 2 must be a string, found null"      },
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void format_fills_its_template(void **state)
{
    static const struct good_case good[] = {
        {"States.Format('Hello, my name is {}.', $who.name)", "{}",                                      "'Hello, my name is Ada.'"   },
        {"States.Format('{}{}{}', 'a', 1, true)",             "{}",                                      "'a1true'"                   },
        {"States.Format('{} {}', null, 1.50)",                "{}",                                      "'null 1.5'"                 },
        {"States.Format('plain')",                            "{}",                                      "'plain'"                    },
        {"States.Format('')",                                 "{}",                                      "''"                         },
        {"States.Format('{}', '')",                           "{}",                                      "''"                         },
        {"States.Format('  {}  ', 'x')",                      "{}",                                      "'  x  '"                    },
        {"States.Format('\\{\\} \\{{}\\}', 'x')",             "{}",                                      "'{} {x}'"                   },
        {"States.Format('it\\'s \\\\ {}', 'x')",              "{}",                                      "'it`s \\\\ x'"              },
        {"States.Format('{}', '{}')",                         "{}",                                      "'{}'"                       },
        {"States.Format('{}', '\\{\\\\')",                    "{}",                                      "'{\\\\'"                    },
        {"States.Format('{}', $)",                            "{'a':1,'b':{'c':'x y','d':null},'e':[]}",
         "'{a=1, b={c=x y, d=null}, e=[]}'"                                                                                           },
        {"States.Format('{}', $)",                            "[1,'two',[3.0,true],{}]",                 "'[1, two, [3.0, true], {}]'"},
        {"States.Format($.t, 'x')",                           "{'t':'<{}>'}",                            "'<x>'"                      },
        {"States.Format($.t, 'x')",                           "{'t':'\\\\{{}\\\\} \\\\n'}",              "'{x} \\\\n'"                },
        {"States.Format('{}', States.Format('{}', 'a'))",     "{}",                                      "'a'"                        },
    };
    static const struct bad_case bad[] = {
        {"States.Format('{} {}', 'x')",   "{}",
         "number of arguments do not match the occurrences of {}."                             },
        {"States.Format('{}', 'x', 'y')", "{}",
         "number of arguments do not match the occurrences of {}."                             },
        {"States.Format('x', 'y')",       "{}",
         "number of arguments do not match the occurrences of {}."                             },
        {"States.Format('\\{}', 'y')",    "{}", "matching '{' not found for '}'."              },
        {"States.Format('Hello {', 'x')", "{}", "matching '}' not found for '{'."              },
        {"States.Format('{0}', 'x')",     "{}", "matching '}' not found for '{'."              },
        {"States.Format('{{}}', 'x')",    "{}", "matching '}' not found for '{'."              },
        {"States.Format('}')",            "{}", "matching '{' not found for '}'."              },
        {"States.Format(1)",              "{}", "argument 1 must be a string, found an integer"},
        {"States.Format(null, 1)",        "{}", "argument 1 must be a string, found null"      },
    };

    all_good(state, good, ARRAY_SIZE(good));
    all_bad(state, bad, ARRAY_SIZE(bad));
}

static void uuid_is_of_version_4(void **state)
{
    struct arena *arena = *state;
    const struct json *first = NULL, *second = NULL;
    const struct asl_expression *expression = expression_of(arena, "States.UUID()");
    struct asl_error error = {0};
    struct asl_scope scope;

    assert_evaluates(arena, "States.UUID()", "{}", "'ffffffff-ffff-4fff-bfff-ffffffffffff'");
    asl_scope_init(&scope, arena, NULL, NULL);
    assert_true(asl_evaluate(&scope, expression, &first, &error));
    assert_true(asl_evaluate(&scope, expression, &second, &error));
    assert_int_equal(first->count, 36);
    assert_string_not_equal(first->string, second->string);
}

static void randomness_of_the_process_is_used_when_no_other_is_given(void **state)
{
    struct arena *arena = *state;
    const struct asl_expression *expression = expression_of(arena, "States.MathRandom(0, 10)");
    bool seen[10] = {false};
    int numbers = 0;

    for (int i = 0; i < 1000; i++) {
        const struct json *value = NULL;
        struct asl_error error = {0};
        struct asl_scope scope;

        asl_scope_init(&scope, arena, NULL, NULL);
        assert_true(asl_evaluate(&scope, expression, &value, &error));
        assert_in_range(value->integer, 0, 9);
        numbers += !seen[value->integer];
        seen[value->integer] = true;
    }
    assert_int_equal(numbers, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_are_18_functions),
        TEST(array_holds_its_arguments),
        TEST(array_partition_cuts_into_chunks),
        TEST(array_contains_compares_as_json_does),
        TEST(array_range_counts_up_or_down),
        TEST(array_get_item_and_length_look_into_arrays),
        TEST(array_unique_keeps_the_first_of_equal_values),
        TEST(array_unique_takes_all_that_a_payload_holds),
        TEST(base64_is_read_and_written),
        TEST(codes_and_hashes_take_ten_thousand_characters),
        TEST(hash_knows_five_methods),
        TEST(json_merge_is_shallow),
        TEST(text_becomes_json_and_json_text),
        TEST(math_add_adds_rounded_numbers_of_32_bits),
        TEST(math_random_lies_from_start_up_to_end),
        TEST(math_random_with_a_seed_is_always_the_same),
        TEST(string_split_knows_several_delimiters),
        TEST(format_fills_its_template),
        TEST(uuid_is_of_version_4),
        TEST(randomness_of_the_process_is_used_when_no_other_is_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
