/*
 * test_buf.c - a buf is terminated at all times, knows its maximum, and says when it was passed.
 */
#include "base/buf.h"

#include <string.h>

#include "base/arena.h"
#include "unit.h"

static void a_new_buf_is_an_empty_text(void **state)
{
    struct arena *arena = arena_new();
    struct buf buf;

    (void)state;
    buf_init(&buf, arena, 10);
    assert_string_equal(buf.data, "");
    assert_int_equal(buf.len, 0);
    arena_free(arena);
}

static void what_is_added_stands_in_order(void **state)
{
    struct arena *arena = arena_new();
    struct buf buf;

    (void)state;
    buf_init(&buf, arena, 1000);
    buf_text(&buf, "a");
    buf_char(&buf, 'b');
    buf_add(&buf, "c\0d", 3);
    buf_int(&buf, INT64_MIN);
    buf_int(&buf, INT64_MAX);
    buf_int(&buf, 0);
    buf_printf(&buf, "%05d", 42);
    assert_int_equal(buf.len, 5 + 20 + 19 + 1 + 5);
    assert_memory_equal(buf.data,
                        "abc\0d-922337203685477580892233720368547758070"
                        "00042",
                        buf.len + 1);
    arena_free(arena);
}

static void a_buf_grows_to_its_maximum_and_not_beyond(void **state)
{
    struct arena *arena = arena_new();
    struct buf buf;

    (void)state;
    buf_init(&buf, arena, 1000);
    for (int i = 0; i < 1000; i++) {
        buf_char(&buf, 'x');
        assert_int_equal(buf.data[buf.len], '\0');
    }
    assert_false(buf.overflow);
    buf_add(&buf, "", 0);
    assert_false(buf.overflow);
    buf_char(&buf, 'y');
    assert_true(buf.overflow);
    assert_int_equal(buf.len, 1000);
    assert_int_equal(strlen(buf.data), 1000);
    arena_free(arena);
}

static void nothing_is_added_after_an_overflow(void **state)
{
    struct arena *arena = arena_new();
    struct buf buf;

    (void)state;
    buf_init(&buf, arena, 5);
    buf_text(&buf, "abc");
    buf_text(&buf, "def");
    buf_text(&buf, "g");
    buf_printf(&buf, "%d", 1);
    assert_true(buf.overflow);
    assert_string_equal(buf.data, "abc");
    arena_free(arena);
}

static void a_long_printf_is_added_whole(void **state)
{
    struct arena *arena = arena_new();
    struct buf buf;

    (void)state;
    buf_init(&buf, arena, 10000);
    buf_printf(&buf, "%3000d|", 1);
    assert_int_equal(buf.len, 3001);
    assert_int_equal(buf.data[3000], '|');
    arena_free(arena);
}

static void a_buf_without_an_arena_only_counts(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, NULL, 8);
    buf_text(&buf, "12345");
    buf_int(&buf, 678);
    assert_int_equal(buf.len, 8);
    assert_string_equal(buf.data, "");
    assert_false(buf.overflow);
    buf_char(&buf, '9');
    assert_true(buf.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_buf_is_an_empty_text),
        cmocka_unit_test(what_is_added_stands_in_order),
        cmocka_unit_test(a_buf_grows_to_its_maximum_and_not_beyond),
        cmocka_unit_test(nothing_is_added_after_an_overflow),
        cmocka_unit_test(a_long_printf_is_added_whole),
        cmocka_unit_test(a_buf_without_an_arena_only_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
