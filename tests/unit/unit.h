/*
 * unit.h - what every unit test includes: cmocka with the headers it forgets, and a folder of its
 * own.
 */
#ifndef FERMATA_TESTS_UNIT_H
#define FERMATA_TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/err.h"

#define assert_ok(expression) assert_string_equal(err_code(expression), "OK")
#define assert_err(expression, err) assert_int_equal((expression), (err))

#endif
