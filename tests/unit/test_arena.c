/*
 * test_arena.c - memory of an arena is zeroed, aligned, apart, and given back all at once.
 */
#include "base/arena.h"

#include <string.h>

#include "unit.h"

static void a_reset_arena_gives_the_same_memory_again(void **state)
{
    struct arena *arena = arena_new();
    void *first = arena_alloc(arena, 100);

    (void)state;
    arena_alloc(arena, 100000);
    arena_reset(arena);
    assert_int_equal(arena_bytes(arena), 0);
    assert_ptr_equal(arena_alloc(arena, 100), first);
    arena_free(arena);
}

static void memory_is_zeroed_also_after_a_reset(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (int round = 0; round < 2; round++) {
        char *memory = arena_alloc(arena, 1000);

        for (int i = 0; i < 1000; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xaa, 1000);
        arena_reset(arena);
    }
    arena_free(arena);
}

static void every_size_is_aligned_for_any_type(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t bytes = 0; bytes < 200; bytes++)
        assert_int_equal((uintptr_t)arena_alloc(arena, bytes) % _Alignof(max_align_t), 0);
    arena_free(arena);
}

static void allocations_do_not_overlap(void **state)
{
    struct arena *arena = arena_new();
    char *pieces[500];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        pieces[i] = arena_alloc(arena, i * 7 + 1);
        memset(pieces[i], (int)(i % 127) + 1, i * 7 + 1);
    }
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        for (size_t at = 0; at < i * 7 + 1; at++)
            assert_int_equal(pieces[i][at], (i % 127) + 1);
    }
    arena_free(arena);
}

static void a_piece_larger_than_any_chunk_is_given(void **state)
{
    struct arena *arena = arena_new();
    char *large = arena_alloc(arena, 5 << 20);

    (void)state;
    large[(5 << 20) - 1] = 'x';
    assert_non_null(arena_alloc(arena, 1));
    assert_int_equal(arena_bytes(arena), (5 << 20) + 1);
    arena_free(arena);
}

static void strings_are_copied_with_their_end(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_null(arena_string(arena, NULL));
    assert_string_equal(arena_string(arena, "halt"), "halt");
    assert_string_equal(arena_string_n(arena, "halted", 4), "halt");
    assert_string_equal(arena_string_n(arena, NULL, 0), "");
    assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 3);
    arena_free(arena);
}

static void printf_works_for_short_and_long_texts(void **state)
{
    struct arena *arena = arena_new();
    char *text;

    (void)state;
    assert_string_equal(arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    for (int width = 254; width <= 258; width++) {
        text = arena_printf(arena, "%*d", width, 5);
        assert_int_equal(strlen(text), width);
        assert_int_equal(text[width - 1], '5');
    }
    assert_int_equal(strlen(arena_printf(arena, "%70000d", 5)), 70000);
    arena_free(arena);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_arena_gives_the_same_memory_again),
        cmocka_unit_test(memory_is_zeroed_also_after_a_reset),
        cmocka_unit_test(every_size_is_aligned_for_any_type),
        cmocka_unit_test(allocations_do_not_overlap),
        cmocka_unit_test(a_piece_larger_than_any_chunk_is_given),
        cmocka_unit_test(strings_are_copied_with_their_end),
        cmocka_unit_test(printf_works_for_short_and_long_texts),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
