/*
 * test_json.c - values: look-ups are safe on anything, equality is exact, builders keep order.
 */
#include "base/json.h"

#include <string.h>

#include "base/arena.h"
#include "unit.h"

static int json_set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int json_tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static const struct json *value_of(struct arena *arena, const char *text)
{
    const struct json *value = NULL;

    assert_ok(json_parse(arena, text, strlen(text), &value, NULL));
    return value;
}

static void look_ups_never_stumble(void **state)
{
    struct arena *arena = *state;
    const struct json *object = value_of(arena, "{\"i\":7,\"s\":\"x\",\"t\":true,\"r\":7.0}");
    int64_t number = 77;

    assert_null(json_get(NULL, "i"));
    assert_null(json_get(value_of(arena, "[1]"), "i"));
    assert_null(json_get(object, "absent"));
    assert_null(json_get_string(object, "i"));
    assert_string_equal(json_get_string(object, "s"), "x");
    assert_false(json_get_int(object, "s", &number));
    assert_false(json_get_int(object, "r", &number));
    assert_int_equal(number, 77);
    assert_true(json_get_int(object, "i", &number));
    assert_int_equal(number, 7);
    assert_true(json_get_bool(object, "t", false));
    assert_true(json_get_bool(object, "i", true));
    assert_false(json_get_bool(NULL, "t", false));
    assert_false(json_is(NULL, JSON_NULL));
    assert_false(json_is_number(NULL));
    assert_true(json_is_number(json_get(object, "r")));
    assert_true(json_number(json_get(object, "i")) == 7.0);
    assert_string_equal(json_kind_name(JSON_ARRAY), "an array");
}

static const struct {
    const char *a, *b;
    bool equal;
} json_pairs[] = {
    {"1",                             "1.0",                               true },
    {"0",                             "-0.0",                              true },
    {"9007199254740993",              "9007199254740992.0",                false},
    {"9007199254740992",              "9007199254740992.0",                true },
    {"9223372036854775807",           "9223372036854775808.0",             false},
    {"-9223372036854775808",          "-9223372036854775808.0",            true },
    {"1",                             "\"1\"",                             false},
    {"1",                             "true",                              false},
    {"null",                          "false",                             false},
    {"null",                          "null",                              true },
    {"\"a\"",                         "\"a\"",                             true },
    {"\"a\"",                         "\"b\"",                             false},
    {"\"a\"",                         "\"ab\"",                            false},
    {"[1,2]",                         "[1,2]",                             true },
    {"[1,2]",                         "[2,1]",                             false},
    {"[1]",                           "[1,2]",                             false},
    {"{\"a\":1,\"b\":2}",             "{\"b\":2,\"a\":1}",                 true },
    {"{\"a\":1,\"b\":2}",             "{\"b\":2,\"c\":1}",                 false},
    {"{\"a\":1}",                     "{\"a\":1,\"b\":2}",                 false},
    {"{\"a\":{\"b\":[1,{\"c\":2}]}}", "{\"a\":{\"b\":[1.0,{\"c\":2.0}]}}", true },
    {"{}",                            "[]",                                false},
};

static void equality_is_by_value_and_exact(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(json_pairs); i++) {
        const struct json *a = value_of(*state, json_pairs[i].a);
        const struct json *b = value_of(*state, json_pairs[i].b);

        if (json_equal(a, b) != json_pairs[i].equal || json_equal(b, a) != json_pairs[i].equal)
            fail_msg("%s and %s", json_pairs[i].a, json_pairs[i].b);
    }
    assert_true(json_equal(NULL, NULL));
    assert_false(json_equal(NULL, &json_null));
}

static void large_objects_are_equal_in_any_order(void **state)
{
    struct arena *arena = *state;
    struct json *a = json_object(arena), *b = json_object(arena);
    enum { MEMBERS = 20000 };

    for (int i = 0; i < MEMBERS; i++) {
        json_add(arena, a, arena_printf(arena, "m%d", i), json_int(arena, i));
        json_add(arena, b, arena_printf(arena, "m%d", MEMBERS - 1 - i),
                 json_int(arena, MEMBERS - 1 - i));
    }
    assert_true(json_equal(a, b));
    b->members[MEMBERS / 2].value = &json_null;
    assert_false(json_equal(a, b));
}

static void builders_keep_order_and_set_replaces_in_place(void **state)
{
    struct arena *arena = *state;
    struct json *object = json_object(arena), *array = json_array(arena);

    for (int i = 0; i < 20; i++)
        json_push(arena, array, json_int(arena, i));
    json_set(arena, object, "b", json_string(arena, "x"));
    json_set(arena, object, "a", array);
    json_add(arena, object, "n", json_string(arena, NULL));
    json_set(arena, object, "b", json_bool(true));
    assert_string_equal(
        json_text(arena, object),
        "{\"b\":true,\"a\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19],\"n\":null}");
}

static void with_changes_a_copy_only(void **state)
{
    struct arena *arena = *state;
    const struct json *before = value_of(arena, "{\"a\":1,\"b\":{\"c\":2}}");
    const struct json *replaced = json_with(arena, before, "a", json_int(arena, 9));
    const struct json *appended = json_with(arena, before, "z", &json_true);

    assert_string_equal(json_text(arena, before), "{\"a\":1,\"b\":{\"c\":2}}");
    assert_string_equal(json_text(arena, replaced), "{\"a\":9,\"b\":{\"c\":2}}");
    assert_string_equal(json_text(arena, appended), "{\"a\":1,\"b\":{\"c\":2},\"z\":true}");
    assert_ptr_equal(json_get(replaced, "b"), json_get(before, "b"));
    assert_string_equal(json_text(arena, json_with(arena, json_object(arena), "k", &json_null)),
                        "{\"k\":null}");
}

static void a_copy_outlives_the_arena_of_the_first(void **state)
{
    struct arena *arena = *state, *first = arena_new();
    const char *text = "{\"a\":[1,2.5,\"three\",null,true,false,{}],\"b\":[],\"c\":{\"d\":-1}}";
    const struct json *copy = json_copy(arena, value_of(first, text));

    arena_free(first);
    assert_string_equal(json_text(arena, copy), text);
}

static void depth_counts_containers(void **state)
{
    assert_int_equal(json_depth(value_of(*state, "1")), 0);
    assert_int_equal(json_depth(value_of(*state, "[]")), 1);
    assert_int_equal(json_depth(value_of(*state, "{\"a\":[{}],\"b\":1}")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(look_ups_never_stumble, json_set_up, json_tear_down),
        cmocka_unit_test_setup_teardown(equality_is_by_value_and_exact, json_set_up,
                                        json_tear_down),
        cmocka_unit_test_setup_teardown(large_objects_are_equal_in_any_order, json_set_up,
                                        json_tear_down),
        cmocka_unit_test_setup_teardown(builders_keep_order_and_set_replaces_in_place, json_set_up,
                                        json_tear_down),
        cmocka_unit_test_setup_teardown(with_changes_a_copy_only, json_set_up, json_tear_down),
        cmocka_unit_test_setup_teardown(a_copy_outlives_the_arena_of_the_first, json_set_up,
                                        json_tear_down),
        cmocka_unit_test_setup_teardown(depth_counts_containers, json_set_up, json_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
