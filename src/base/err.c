/*
 * err.c - the table of errors, and what a client is told beyond one.
 */
#include "base/err.h"

#include <stdarg.h>

#include "base/arena.h"

struct err_row {
    int status;
    const char *code;
    const char *title;
};

#define ERR_ROW(name, status, code, title) {status, code, title},
static const struct err_row err_rows[] = {ERR_LIST(ERR_ROW)};
#undef ERR_ROW
_Static_assert(ARRAY_SIZE(err_rows) == ERR_COUNT, "one row an error");

static const struct err_row *err_row(enum err err)
{
    CHECK(err < ERR_COUNT);
    return &err_rows[err];
}

int err_status(enum err err)
{
    return err_row(err)->status;
}

const char *err_code(enum err err)
{
    return err_row(err)->code;
}

const char *err_title(enum err err)
{
    return err_row(err)->title;
}

enum err fault_set(struct fault *fault, struct arena *arena, enum err err, const char *pointer,
                   const char *format, ...)
{
    va_list args;

    if (!fault)
        return err;
    *fault = (struct fault){.err = err, .pointer = arena_string(arena, pointer)};
    if (format) {
        va_start(args, format);
        fault->detail = arena_vprintf(arena, format, args);
        va_end(args);
    }
    return err;
}
