/*
 * test_json_print.c - printed values read back equal, in the fewest digits, and the canonical text
 * is RFC 8785's.
 */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "unit.h"

static int print_set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int print_tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static const char *canonical(struct arena *arena, const struct json *value)
{
    struct buf buf;

    buf_init(&buf, arena, 1 << 20);
    json_print_canonical(&buf, value);
    assert_false(buf.overflow);
    return buf.data;
}

static const struct json *value_of(struct arena *arena, const char *text)
{
    const struct json *value = NULL;

    assert_ok(json_parse(arena, text, strlen(text), &value, NULL));
    return value;
}

static double real_of_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The samples of RFC 8785, appendix B, and some of our own. */
static const struct {
    uint64_t bits;
    const char *canonical;
    const char *plain;
} reals[] = {
    {0x0000000000000000, "0",                         "0.0"                      },
    {0x8000000000000000, "0",                         "-0.0"                     },
    {0x0000000000000001, "5e-324",                    "5e-324"                   },
    {0x8000000000000001, "-5e-324",                   "-5e-324"                  },
    {0x7fefffffffffffff, "1.7976931348623157e+308",   "1.7976931348623157e+308"  },
    {0xffefffffffffffff, "-1.7976931348623157e+308",  "-1.7976931348623157e+308" },
    {0x4340000000000000, "9007199254740992",          "9007199254740992.0"       },
    {0xc340000000000000, "-9007199254740992",         "-9007199254740992.0"      },
    {0x4430000000000000, "295147905179352830000",     "295147905179352830000.0"  },
    {0x44b52d02c7e14af5, "9.999999999999997e+22",     "9.999999999999997e+22"    },
    {0x44b52d02c7e14af6, "1e+23",                     "1e+23"                    },
    {0x44b52d02c7e14af7, "1.0000000000000001e+23",    "1.0000000000000001e+23"   },
    {0x444b1ae4d6e2ef4e, "999999999999999700000",     "999999999999999700000.0"  },
    {0x444b1ae4d6e2ef4f, "999999999999999900000",     "999999999999999900000.0"  },
    {0x444b1ae4d6e2ef50, "1e+21",                     "1e+21"                    },
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7",      "9.999999999999997e-7"     },
    {0x3eb0c6f7a0b5ed8d, "0.000001",                  "0.000001"                 },
    {0x41b3de4355555553, "333333333.3333332",         "333333333.3333332"        },
    {0x41b3de4355555554, "333333333.33333325",        "333333333.33333325"       },
    {0x41b3de4355555555, "333333333.3333333",         "333333333.3333333"        },
    {0x41b3de4355555556, "333333333.3333334",         "333333333.3333334"        },
    {0x41b3de4355555557, "333333333.33333343",        "333333333.33333343"       },
    {0xbecbf647612f3696, "-0.0000033333333333333333", "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2",        "1424953923781206.2"       },
    {0x3fb999999999999a, "0.1",                       "0.1"                      },
    {0x3fd3333333333334, "0.30000000000000004",       "0.30000000000000004"      },
    {0x3ff0000000000000, "1",                         "1.0"                      },
    {0x3d30000000000000, "5.684341886080802e-14",     "5.684341886080802e-14"    }, /* 2^-44 */
    {0x7e37e43c8800759c, "1e+300",                    "1e+300"                   },
    {0x000fffffffffffff, "2.225073858507201e-308",    "2.225073858507201e-308"   },
    {0x0010000000000000, "2.2250738585072014e-308",   "2.2250738585072014e-308"  },
};

static void reals_are_written_as_ecmascript_does(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(reals); i++) {
        const struct json *value = json_real(arena, real_of_bits(reals[i].bits));

        assert_string_equal(canonical(arena, value), reals[i].canonical);
        assert_string_equal(json_text(arena, value), reals[i].plain);
    }
}

static void any_real_reads_back_as_itself(void **state)
{
    struct arena *arena = *state;

    for (int i = 0; i < 200000; i++) {
        uint64_t bits;
        double value;
        const char *text;
        const struct json *back;

        id_random(&bits, sizeof(bits));
        value = real_of_bits(i % 8 ? bits : bits & 0xfff0000000000000); /* powers of two as well */
        if (!isfinite(value))
            continue;
        text = json_text(arena, json_real(arena, value));
        assert_true(strlen(text) <= 25);
        back = value_of(arena, text);
        assert_int_equal(back->kind, JSON_REAL);
        assert_memory_equal(&back->real, &value, sizeof(value));
        arena_reset(arena);
    }
}

static void integers_are_written_exactly_in_every_form(void **state)
{
    struct arena *arena = *state;

    assert_string_equal(canonical(arena, json_int(arena, INT64_MAX)), "9223372036854775807");
    assert_string_equal(canonical(arena, json_int(arena, INT64_MIN)), "-9223372036854775808");
    assert_string_equal(json_text(arena, json_int(arena, 9007199254740993)), "9007199254740993");
}

static void strings_have_only_the_escapes_they_need(void **state)
{
    struct arena *arena = *state;
    static const char raw[] =
        "\x01\b\t\n\x0b\f\r\x1f \"\\/\x7f\xc3\xa4\xe2\x80\xa8\xf0\x9f\x98\x80";
    const char *expected =
        "\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f \\\"\\\\/\x7f\xc3\xa4\xe2\x80\xa8"
        "\xf0\x9f\x98\x80\"";

    assert_string_equal(json_text(arena, json_string(arena, raw)), expected);
    assert_string_equal(canonical(arena, json_string(arena, raw)), expected);
    assert_string_equal(json_text(arena, json_string_n(arena, NULL, 0)), "\"\"");
}

static void canonical_members_stand_in_the_order_of_utf16(void **state)
{
    struct arena *arena = *state;
    /* The sample of RFC 8785, section 3.2.3, with a name that is the beginning of another. */
    const struct json *value = value_of(
        arena,
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage "
        "Return\",\"\\ufb33\":\"Hebrew\",\"1\":\"One\","
        "\"\\ud83d\\ude00\":\"Emoji\",\"\\u0080\":\"Control\",\"\\u00f6\":\"o\",\"11\":0,\"\":1}");

    assert_string_equal(
        canonical(arena, value),
        "{\"\":1,\"\\r\":\"Carriage Return\",\"1\":\"One\",\"11\":0,"
        "\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"o\",\"\xe2\x82\xac\":\"Euro Sign\","
        "\"\xf0\x9f\x98\x80\":\"Emoji\",\"\xef\xac\xb3\":\"Hebrew\"}");
}

static void equal_values_have_one_canonical_text(void **state)
{
    struct arena *arena = *state;

    assert_string_equal(
        canonical(arena, value_of(arena, "{\"b\":[1.0,-0.0],\"a\":{\"d\":1,\"c\":2}}")),
        canonical(arena, value_of(arena, "{\"a\":{\"c\":2,\"d\":1.0},\"b\":[1,0]}")));
}

static void the_indented_form_is_for_people(void **state)
{
    struct arena *arena = *state;
    struct buf buf;

    buf_init(&buf, arena, 1000);
    json_print_indented(&buf, value_of(arena, "{\"a\":[1,{\"b\":null}],\"c\":[],\"d\":{}}"));
    assert_string_equal(buf.data, "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n"
                                  "  \"c\": [],\n  \"d\": {}\n}");
}

static void the_size_is_that_of_the_text(void **state)
{
    struct arena *arena = *state;
    const struct json *value = value_of(
        arena, "{\"a\":[1,2.5,1e300,\"\\u0001\\n\xc3\xa4\"],\"b\":{},\"c\":[null,true,false]}");

    assert_int_equal(json_size(value), strlen(json_text(arena, value)));
}

#define PRINT_TEST(name) cmocka_unit_test_setup_teardown(name, print_set_up, print_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PRINT_TEST(reals_are_written_as_ecmascript_does),
        PRINT_TEST(any_real_reads_back_as_itself),
        PRINT_TEST(integers_are_written_exactly_in_every_form),
        PRINT_TEST(strings_have_only_the_escapes_they_need),
        PRINT_TEST(canonical_members_stand_in_the_order_of_utf16),
        PRINT_TEST(equal_values_have_one_canonical_text),
        PRINT_TEST(the_indented_form_is_for_people),
        PRINT_TEST(the_size_is_that_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
