/*
 * test_err.c - every error has a status, a code and a title, and a fault says what is known.
 */
#include "base/err.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "unit.h"

static void every_error_has_a_status_a_code_and_a_title(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        enum err err = (enum err)i;

        assert_true(err == ERR_OK ? err_status(err) == 200
                                  : err_status(err) >= 400 && err_status(err) < 600);
        assert_true(strlen(err_code(err)) > 0);
        assert_int_equal(strspn(err_code(err), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
                         strlen(err_code(err)));
        assert_true(strlen(err_title(err)) > 0);
    }
    assert_int_equal(err_status(ERR_STORAGE_FULL), 507);
    assert_string_equal(err_code(ERR_STORAGE_BUSY), "UNAVAILABLE");
}

static void a_fault_keeps_copies_in_its_arena(void **state)
{
    struct arena *arena = arena_new();
    struct fault fault = {.members = &json_true};
    char pointer[] = "/input";

    (void)state;
    assert_err(fault_set(&fault, arena, ERR_TOO_LARGE, pointer, "at most %d bytes", 10),
               ERR_TOO_LARGE);
    pointer[0] = 'x';
    assert_int_equal(fault.err, ERR_TOO_LARGE);
    assert_string_equal(fault.pointer, "/input");
    assert_string_equal(fault.detail, "at most 10 bytes");
    assert_null(fault.members);
    arena_free(arena);
}

static void pointer_detail_and_fault_itself_may_be_absent(void **state)
{
    struct arena *arena = arena_new();
    struct fault fault = {0};

    (void)state;
    assert_err(fault_set(NULL, arena, ERR_NOT_FOUND, NULL, "x"), ERR_NOT_FOUND);
    assert_err(fault_set(&fault, arena, ERR_NOT_FOUND, NULL, NULL), ERR_NOT_FOUND);
    assert_null(fault.pointer);
    assert_null(fault.detail);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_status_a_code_and_a_title),
        cmocka_unit_test(a_fault_keeps_copies_in_its_arena),
        cmocka_unit_test(pointer_detail_and_fault_itself_may_be_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
