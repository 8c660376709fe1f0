/*
 * check.h - assertions about our own code, on in every build.
 *
 * CHECK states what must be true of Fermata itself. Input is never checked with it: bad input is an
 * error with a field's name. A failed CHECK stops the process before the commit, so nothing half
 * done becomes durable.
 */
#ifndef FERMATA_BASE_CHECK_H
#define FERMATA_BASE_CHECK_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((noreturn)) void check_failed(const char *condition, const char *file, int line);

/* Stops the process with a message and status 70 (sysexits EX_SOFTWARE). */
__attribute__((noreturn)) void die(const char *format, ...) PRINTF_LIKE(1, 2);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_failed(#condition, __FILE__, __LINE__);                                          \
    } while (0)

#endif
