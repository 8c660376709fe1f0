/*
 * test_sfn_json_words.c - a text that is no JSON is described in the words that clients know.
 */
#include "unit.h"

#include <string.h>

#include "base/arena.h"
#include "sfn/json_words.h"

#define VALUES "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

static const struct {
    const char *text, *words; /* null: nothing is wrong with it here */
    size_t offset;
} cases[] = {
    {"{\"a\":[1,-2.5e+3,\"x\\n\\u00e9\",true,false,null,{}]} ", NULL,                                                                                  0},
    {"",                                                        NULL,                                                                                  0},
    {"  ",                                                      NULL,                                                                                  0},
    {"not some json",                                           "Unrecognized token 'not': was expecting " VALUES,                                     3},
    {"nul",                                                     "Unrecognized token 'nul': was expecting " VALUES,                                     3},
    {"{'not': 1}",
     "Unexpected character (''' (code 39)): was expecting double-quote to start field name",                                                           2},
    {"{\"a\":1,}",
     "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",                                                          8},
    {"{\"a\" 1}",
     "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and "
     "value",                                                                                                                                          6},
    {"{\"a\":1 \"b\":2}",
     "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",                                                          8},
    {"[1 2]",                                                   "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
     4                                                                                                                                                  },
    {"[1,]",                                                    "Unexpected character (']' (code 93)): expected a valid value " VALUES,                4},
    {"[,1]",                                                    "Unexpected character (',' (code 44)): expected a valid value " VALUES,                2},
    {"{\"a\":1]",
     "Unexpected close marker ']': expected '}' (for Object starting at [Source: "
     "(String)\"{\"a\":1]\"; line: 1, column: 1])",                                                                                                    7},
    {"{\"a\":1",
     "Unexpected end-of-input: expected close marker for Object (start marker at [Source: "
     "(String)\"{\"a\":1\"; line: 1, column: 1])",                                                                                                     6},
    {"{\"a\":",                                                 "Unexpected end-of-input within/between Object entries",                               5},
    {"\"abc",                                                   "Unexpected end-of-input: was expecting closing quote for a string value",             4},
    {"\"a\\q\"",                                                "Unrecognized character escape 'q' (code 113)",                                        4},
    {"01",                                                      "Invalid numeric value: Leading zeroes not allowed",                                   2},
    {"[1.x]",
     "Unexpected character ('x' (code 120)) in numeric value: Decimal point not followed by a "
     "digit",                                                                                                                                          3},
};

static void the_first_mistake_is_described(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t offset;
        const char *words = json_words(arena, cases[i].text, strlen(cases[i].text), &offset);

        if (!cases[i].words) {
            assert_null(words);
            continue;
        }
        assert_non_null(words);
        assert_string_equal(words, cases[i].words);
        assert_int_equal(offset, cases[i].offset);
    }
    arena_free(arena);
}

static void deep_and_strange_texts_are_no_trouble(void **state)
{
    struct arena *arena = arena_new();
    char *deep = arena_alloc(arena, 5001);

    (void)state;
    memset(deep, '[', 5000);
    assert_null(json_words(arena, deep, 5000, NULL));
    assert_string_equal(json_words(arena, "\xe2\x82\xac", 3, NULL),
                        "Unrecognized token '\xe2\x82\xac': was expecting " VALUES);
    assert_string_equal(json_words(arena, "[\xe2\x82", 3, NULL),
                        "Unrecognized token '\xe2\x82': was expecting " VALUES);
    arena_free(arena);
}

static void a_place_is_counted_in_characters(void **state)
{
    size_t line, column;

    (void)state;
    json_words_place("a\n\xc3\xa9z", 4, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_mistake_is_described),
        cmocka_unit_test(deep_and_strange_texts_are_no_trouble),
        cmocka_unit_test(a_place_is_counted_in_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
