/*
 * work_target.c - what all kinds of targets have in common, and which kind does what.
 */
#include "work/work_target.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "work/work_target_priv.h"

bool work_target_fail(struct arena *arena, struct work_target_error *reterr, const char *error,
                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    reterr->error = error;
    reterr->cause = arena_vprintf(arena, format, args);
    va_end(args);
    return false;
}

bool work_target_fail_runtime(struct arena *arena, struct work_target_error *reterr,
                              const char *format, ...)
{
    va_list args;

    va_start(args, format);
    reterr->error = "States.Runtime";
    reterr->cause = arena_vprintf(arena, format, args);
    va_end(args);
    return false;
}

bool work_target_knows_fields(struct arena *arena, const struct json *parameters,
                              const char *const names[], size_t count,
                              struct work_target_error *reterr)
{
    if (!json_is(parameters, JSON_OBJECT))
        return work_target_fail_runtime(arena, reterr,
                                        "The parameters of this resource must be an "
                                        "object.");
    for (uint32_t i = 0; i < parameters->count; i++) {
        bool known = false;

        for (size_t j = 0; j < count; j++)
            known |= strcmp(parameters->members[i].name, names[j]) == 0;
        if (!known)
            return work_target_fail_runtime(arena, reterr, "The field \"%s\" is not supported.",
                                            parameters->members[i].name);
    }
    return true;
}

/* The JSON reader knows what text is; it is asked with a literal of the bytes. */
const struct json *work_target_text(struct arena *arena, const char *text, size_t len)
{
    const struct json *value = NULL;
    struct buf literal;

    buf_init(&literal, arena, BUF_BYTES_OWN);
    json_print_string(&literal, text, len);
    return json_parse(arena, literal.data, literal.len, &value, NULL) ? NULL : value;
}

const char *work_target_plain(struct arena *arena, const char *text)
{
    char *plain = arena_string(arena, text);

    for (char *c = plain; *c; c++) {
        if (*c == '\t')
            *c = ' ';
        else if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return plain;
}

const char *work_target_header(const struct work_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcasecmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    }
    return NULL;
}

const char *work_target_cause(struct arena *arena, const struct work_answer *answer)
{
    const struct json *text = work_target_text(arena, answer->body, answer->body_len);
    size_t len = LIMIT_CAUSE_BYTES;

    if (!text)
        return "The body of the answer is not text.";
    if (text->count <= len)
        return text->string;
    while (((unsigned char)text->string[len] & 0xc0) == 0x80)
        len--;
    return arena_string_n(arena, text->string, len);
}

const char *work_target_scalar(struct arena *arena, const struct json *value)
{
    if (json_is(value, JSON_STRING))
        return value->string;
    return json_is_number(value) || json_is(value, JSON_BOOL) ? json_text(arena, value) : NULL;
}

bool work_target_call(struct arena *arena, const struct work_target *target, struct work_call *ret,
                      struct work_target_error *reterr)
{
    *ret = (struct work_call){0};
    return target->kind == WORK_TARGET_HTTP ? work_http_call(arena, target, ret, reterr)
                                            : work_function_call(arena, target, ret, reterr);
}

/* The resource as AWS names it when its result is too large. */
static const char *target_resource(const struct work_target *target)
{
    return target->kind == WORK_TARGET_HTTP     ? "http"
           : target->kind == WORK_TARGET_INVOKE ? "lambda"
                                                : target->function;
}

bool work_target_result(struct arena *arena, const struct work_target *target,
                        const struct work_answer *answer, const struct json **ret,
                        struct work_target_error *reterr)
{
    const struct json *result = NULL;

    if (answer->end != WORK_TOO_LARGE) {
        bool well = target->kind == WORK_TARGET_HTTP
                        ? work_http_result(arena, answer, &result, reterr)
                        : work_function_result(arena, target, answer, &result, reterr);
        if (!well)
            return false;
    }
    if (!result || json_size(result) > LIMIT_PAYLOAD_BYTES)
        return work_target_fail(arena, reterr, "States.DataLimitExceeded",
                                "The state/task '%s' returned a result with a size exceeding the "
                                "maximum number of bytes service limit.",
                                target_resource(target));
    *ret = result;
    return true;
}
