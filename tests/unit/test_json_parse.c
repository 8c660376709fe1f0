/*
 * test_json_parse.c - what is JSON is read exactly; what is not is refused with its place and never
 * its value.
 */
#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "unit.h"

struct refusal {
    const char *text;
    size_t len; /* 0: strlen */
    const char *detail;
    const char *pointer;
};

#define DUPLICATE "a member name appears twice in one object"
#define RANGE "a number is out of range (int64 or binary64)"
#define SYNTAX "the text is not valid JSON"
#define EARLY "the text ends too early"
#define TRAILING "something follows after the value"
#define NUL "the text holds a NUL byte"
#define UTF8 "the text is not valid UTF-8"

static const struct refusal refusals[] = {
    {"{\"a\":1,\"a\":2}",                               0, DUPLICATE " (line 1, column 10)",         "/a"         },
    {"{\"a\":1,\n \"\\u0061\":2}",                      0, DUPLICATE " (line 2, column 9)",          "/a"         },
    {"[{},{\"x~/y\":{\"q\":[],\"q\":0}}]",              0, DUPLICATE " (line 1, column 23)",         "/1/x~0~1y/q"},
    {"{\"a\":\"}\\\"{[\",\"b\":[1,{\"c\":1,\"c\":1}]}", 0, DUPLICATE " (line 1, column 30)",
     "/b/1/c"                                                                                                     },
    {"[1,9223372036854775808]",                         0, RANGE " (line 1, column 22)",             "/1"         },
    {"-9223372036854775809",                            0, RANGE " (line 1, column 20)",             ""           },
    {"{\"n\":1e400}",                                   0, RANGE " (line 1, column 10)",             "/n"         },
    {"[-1e400]",                                        0, RANGE " (line 1, column 7)",              "/0"         },
    {"",                                                0, EARLY " (line 1, column 1)",              NULL         },
    {"[1,",                                             0, EARLY " (line 1, column 3)",              NULL         },
    {"{\"a\"",                                          0, EARLY " (line 1, column 4)",              NULL         },
    {"\"abc",                                           0, EARLY " (line 1, column 4)",              NULL         },
    {"1 2",                                             0, TRAILING " (line 1, column 3)",           NULL         },
    {"[1]x",                                            0, TRAILING " (line 1, column 4)",           NULL         },
    {"{}}",                                             0, TRAILING " (line 1, column 3)",           NULL         },
    {"1\0",                                             2, NUL " (line 1, column 2)",                NULL         },
    {"[1\0]",                                           4, NUL " (line 1, column 3)",                NULL         },
    {"[1]\0",                                           4, NUL " (line 1, column 4)",                NULL         },
    {"\"a\0b\"",                                        5, NUL " (line 1, column 3)",                NULL         },
    {"\"\\u0000\"",                                     0, "U+0000 is not allowed in a string",      NULL         },
    {"{\"\\u0000\":1}",                                 0, "U+0000 is not allowed in a member name", NULL         },
    {"\"\xff\"",                                        0, UTF8,                                     NULL         },
    {"\"\xc0\x80\"",                                    0, UTF8,                                     NULL         },
    {"\"\xed\xa0\x80\"",                                0, UTF8,                                     NULL         },
    {"\"\xf4\x90\x80\x80\"",                            0, UTF8,                                     NULL         },
    {"\"\xe2\x82\"",                                    0, UTF8,                                     NULL         },
    {"\"\\ud800\"",                                     0, SYNTAX,                                   NULL         },
    {"\"\\udc00\\ud800\"",                              0, SYNTAX,                                   NULL         },
    {"\"\\ud800\\u0041\"",                              0, SYNTAX,                                   NULL         },
    {"\"\\x41\"",                                       0, SYNTAX,                                   NULL         },
    {"\"\\u12g4\"",                                     0, SYNTAX,                                   NULL         },
    {"\"\n\"",                                          0, SYNTAX,                                   NULL         },
    {"\"\t\"",                                          0, SYNTAX,                                   NULL         },
    {"\xef\xbb\xbf{}",                                  0, SYNTAX,                                   NULL         },
    {"NaN",                                             0, SYNTAX,                                   NULL         },
    {"Infinity",                                        0, SYNTAX,                                   NULL         },
    {"nul",                                             0, SYNTAX,                                   NULL         },
    {"True",                                            0, SYNTAX,                                   NULL         },
    {"'a'",                                             0, SYNTAX,                                   NULL         },
    {"01",                                              0, "",                                       NULL         },
    {"+1",                                              0, SYNTAX,                                   NULL         },
    {".5",                                              0, SYNTAX,                                   NULL         },
    {"5.",                                              0, SYNTAX,                                   NULL         },
    {"1e",                                              0, SYNTAX,                                   NULL         },
    {"0x10",                                            0, "",                                       NULL         },
    {"-",                                               0, SYNTAX,                                   NULL         },
    {"[1,]",                                            0, SYNTAX,                                   NULL         },
    {"[,1]",                                            0, SYNTAX,                                   NULL         },
    {"[1 2]",                                           0, SYNTAX,                                   NULL         },
    {"{\"a\":1,}",                                      0, SYNTAX,                                   NULL         },
    {"{a:1}",                                           0, SYNTAX,                                   NULL         },
    {"{1:1}",                                           0, SYNTAX,                                   NULL         },
    {"{\"a\" 1}",                                       0, SYNTAX,                                   NULL         },
    {"[1}",                                             0, SYNTAX,                                   NULL         },
    {"/* */ 1",                                         0, SYNTAX,                                   NULL         },
    {"[\n  1,\n  x\n]",                                 0, SYNTAX " (line 3, column 3)",             NULL         },
    {"[\"\xc3\xa4\xf0\x9f\x98\x80\", x]",               0, SYNTAX " (line 1, column 8)",             NULL         },
};

static int parse_set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int parse_tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        const struct refusal *refusal = &refusals[i];
        size_t len = refusal->len ? refusal->len : strlen(refusal->text);
        const struct json *value = NULL;
        struct fault fault = {0};

        if (json_parse(arena, refusal->text, len, &value, &fault) != ERR_INVALID_REQUEST)
            fail_msg("accepted: %s", refusal->text);
        assert_null(value);
        assert_int_equal(fault.err, ERR_INVALID_REQUEST);
        if (strncmp(fault.detail, refusal->detail, strlen(refusal->detail)) != 0)
            fail_msg("%s: %s", refusal->text, fault.detail);
        assert_non_null(strstr(fault.detail, "(line "));
        if (!refusal->pointer)
            assert_null(fault.pointer);
        else
            assert_string_equal(fault.pointer, refusal->pointer);
    }
}

static void a_refusal_never_repeats_what_was_sent(void **state)
{
    static const char *const texts[] = {
        "[\"secret\", secret]", "{\"a\":\"secret\",\"a\":\"secret\"}",
        "[\"secret\\q\"]",      "\"secret",
        "[\"secret\"] secret",  "[1,\"secret\",1e999]"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const struct json *value;
        struct fault fault = {0};

        assert_err(json_parse(*state, texts[i], strlen(texts[i]), &value, &fault),
                   ERR_INVALID_REQUEST);
        assert_null(strstr(fault.detail, "secret"));
        assert_true(!fault.pointer || !strstr(fault.pointer, "secret"));
    }
}

static const char *const round_trips[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "\"\"",
    "[]",
    "{}",
    "[[],{},\"x\",null]",
    "{\"b\":1,\"a\":{\"c\":[1,2,3]}}",
    "\"\xf0\x9f\x98\x80\"",
    "{\"\":0}",
    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\x7f\"",
};

static void what_is_json_is_read_exactly(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(round_trips); i++) {
        const struct json *value;

        assert_ok(json_parse(arena, round_trips[i], strlen(round_trips[i]), &value, NULL));
        assert_string_equal(json_text(arena, value), round_trips[i]);
    }
}

static void white_space_and_escapes_are_read(void **state)
{
    struct arena *arena = *state;
    static const char text[] = " \t\r\n{ \"\\u00e4\\ud83d\\ude00\\/\" : [ 1 , 2e0 ] } \n";
    const struct json *value;

    assert_ok(json_parse(arena, text, strlen(text), &value, NULL));
    assert_string_equal(json_text(arena, value), "{\"\xc3\xa4\xf0\x9f\x98\x80/\":[1,2.0]}");
}

static void the_text_need_not_be_terminated(void **state)
{
    const struct json *value;

    assert_ok(json_parse(*state, "123456", 3, &value, NULL));
    assert_int_equal(value->integer, 123);
    assert_ok(json_parse(*state, "[1]]]]", 3, &value, NULL));
    assert_int_equal(value->count, 1);
}

static void minus_zero_is_zero_as_an_integer_and_keeps_its_sign_as_a_real(void **state)
{
    struct arena *arena = *state;
    const struct json *value;

    assert_ok(json_parse(arena, "[-0,-0.0]", 9, &value, NULL));
    assert_string_equal(json_text(arena, value), "[0,-0.0]");
}

static char *nested(struct arena *arena, size_t depth)
{
    char *text = arena_alloc(arena, depth * 2 + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

static void depth_has_a_limit_with_a_pointer(void **state)
{
    struct arena *arena = *state;
    static const size_t too_deep[] = {LIMIT_JSON_DEPTH + 1, 500, 2047, 2048, 2049, 200000};
    const struct json *value;
    char *text = nested(arena, LIMIT_JSON_DEPTH);

    assert_ok(json_parse(arena, text, strlen(text), &value, NULL));
    assert_int_equal(json_depth(value), LIMIT_JSON_DEPTH);
    for (size_t i = 0; i < ARRAY_SIZE(too_deep); i++) {
        struct fault fault = {0};

        text = nested(arena, too_deep[i]);
        assert_err(json_parse(arena, text, strlen(text), &value, &fault), ERR_INVALID_REQUEST);
        assert_string_equal(fault.detail, "the value is nested too deeply (line 1, column 65)");
        assert_int_equal(strlen(fault.pointer), 2 * LIMIT_JSON_DEPTH);
    }
}

static void what_we_stored_may_be_deeper(void **state)
{
    struct arena *arena = *state;
    const char *text = nested(arena, 1000);

    assert_int_equal(json_depth(json_stored(arena, text)), 1000);
    assert_string_equal(json_text(arena, json_stored(arena, text)), text);
}

static void damaged_stored_text_stops_the_process(void **state)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        assert_non_null(freopen("/dev/null", "w", stderr));
        json_stored(*state, "{\"a\":");
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
}

static void a_pointer_that_would_be_too_long_is_left_out(void **state)
{
    struct arena *arena = *state;
    char *name = arena_alloc(arena, 2001);
    const struct json *value;
    struct fault fault = {0};
    char *text;

    memset(name, 'n', 2000);
    text = arena_printf(arena, "{\"%s\":1,\"%s\":2}", name, name);
    assert_err(json_parse(arena, text, strlen(text), &value, &fault), ERR_INVALID_REQUEST);
    assert_null(fault.pointer);
    assert_string_equal(fault.detail, DUPLICATE " (line 1, column 4008)");
}

#define PARSE_TEST(name) cmocka_unit_test_setup_teardown(name, parse_set_up, parse_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PARSE_TEST(what_is_not_json_is_refused_with_its_place),
        PARSE_TEST(a_refusal_never_repeats_what_was_sent),
        PARSE_TEST(what_is_json_is_read_exactly),
        PARSE_TEST(white_space_and_escapes_are_read),
        PARSE_TEST(the_text_need_not_be_terminated),
        PARSE_TEST(minus_zero_is_zero_as_an_integer_and_keeps_its_sign_as_a_real),
        PARSE_TEST(depth_has_a_limit_with_a_pointer),
        PARSE_TEST(what_we_stored_may_be_deeper),
        PARSE_TEST(damaged_stored_text_stops_the_process),
        PARSE_TEST(a_pointer_that_would_be_too_long_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
