/*
 * asl_error.c - the errors of executions: making them, and which names in ErrorEquals match which
 * error.
 *
 * Specification, "Errors" and "Appendix A: Predefined Error Codes". States.Runtime means that the
 * plan itself does not fit its data: it is never retried and never caught, not even by its name.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *asl_cut(struct arena *arena, const char *text, size_t bytes_max)
{
    size_t len = text ? strnlen(text, bytes_max + 1) : 0;

    if (len <= bytes_max)
        return text;
    len = bytes_max;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return arena_string_n(arena, text, len);
}

bool asl_fail(struct arena *arena, struct asl_error *reterr, const char *error, const char *format,
              ...)
{
    va_list args;

    va_start(args, format);
    *reterr = (struct asl_error){
        .error = error,
        .cause = asl_cut(arena, arena_vprintf(arena, format, args), LIMIT_CAUSE_BYTES),
        .is_runtime = strcmp(error, ASL_ERROR_DATA_LIMIT) != 0,
    };
    va_end(args);
    return false;
}

/* A Fail without Error has no name: it is matched by the two that stand for many. */
bool asl_error_matches(const char *pattern, const char *error)
{
    if (!error)
        return !strcmp(pattern, ASL_ERROR_ALL) || !strcmp(pattern, ASL_ERROR_TASK_FAILED);
    if (!strcmp(error, ASL_ERROR_RUNTIME))
        return false;
    if (!strcmp(pattern, error))
        return true;
    if (!strcmp(error, ASL_ERROR_DATA_LIMIT))
        return false;
    if (!strcmp(pattern, ASL_ERROR_ALL))
        return true;
    if (!strcmp(pattern, ASL_ERROR_TASK_FAILED))
        return strcmp(error, ASL_ERROR_TIMEOUT) != 0;
    return !strcmp(pattern, ASL_ERROR_TIMEOUT) && !strcmp(error, ASL_ERROR_HEARTBEAT_TIMEOUT);
}
