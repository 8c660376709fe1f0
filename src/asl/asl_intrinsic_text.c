/*
 * asl_intrinsic_text.c - text put together, and taken apart.
 *
 * In a template {} stands for the next value; a backslash before a brace, a quotation mark or a
 * backslash makes it a plain character.
 */
#include "asl/asl_intrinsic_priv.h"

#include <string.h>

#include "asl/asl_path_priv.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#define INTRINSIC_BYTES_PER_WORK 64

static void intrinsic_say_members(struct buf *buf, const struct json *value);

/* Data is at most LIMIT_JSON_DEPTH deep. */
static void intrinsic_say_value(struct buf *buf, const struct json *value)
{
    if (value->kind == JSON_STRING)
        buf_add(buf, value->string, value->count);
    else if (value->kind == JSON_ARRAY || value->kind == JSON_OBJECT)
        intrinsic_say_members(buf, value);
    else
        json_print(buf, value);
}

/* As Step Functions, which is written in Java, says it: Map.toString and List.toString. */
static void intrinsic_say_members(struct buf *buf, const struct json *value)
{
    bool is_object = value->kind == JSON_OBJECT;

    buf_char(buf, is_object ? '{' : '[');
    for (uint32_t i = 0; i < value->count && !buf->overflow; i++) {
        if (i)
            buf_text(buf, ", ");
        if (is_object) {
            buf_text(buf, value->members[i].name);
            buf_char(buf, '=');
        }
        intrinsic_say_value(buf, is_object ? value->members[i].value : value->items[i]);
    }
    buf_char(buf, is_object ? '}' : ']');
}

bool intrinsic_say(struct asl_intrinsic_call *call, struct buf *buf, const struct json *value)
{
    size_t before = buf->len;

    intrinsic_say_value(buf, value);
    if (buf->overflow)
        return intrinsic_refuse_large(call);
    return intrinsic_pay(call, (buf->len - before) / INTRINSIC_BYTES_PER_WORK);
}

static bool intrinsic_is_escaped(const char *at)
{
    return at[0] == '\\' && at[1] && strchr("'{}\\", at[1]);
}

/* Up to the next {}; false, after a refusal, at a brace that stands alone. */
static bool intrinsic_format_plain(struct asl_intrinsic_call *call, const char **at,
                                   struct buf *buf)
{
    while (**at && strncmp(*at, "{}", 2) != 0) {
        if (intrinsic_is_escaped(*at))
            ++*at;
        else if (**at == '{')
            return intrinsic_refuse(call, "matching '}' not found for '{'.");
        else if (**at == '}')
            return intrinsic_refuse(call, "matching '{' not found for '}'.");
        buf_char(buf, **at);
        ++*at;
    }
    return true;
}

bool intrinsic_format(struct asl_intrinsic_call *call, const struct json **ret)
{
    const char *at = call->arguments[0]->string;
    size_t next = 1;
    struct buf buf;

    if (!intrinsic_pay(call, call->arguments[0]->count / INTRINSIC_BYTES_PER_WORK))
        return false;
    buf_init(&buf, call->scope->arena, LIMIT_PAYLOAD_BYTES);
    for (;;) {
        if (!intrinsic_format_plain(call, &at, &buf))
            return false;
        if (!*at)
            break;
        at += 2;
        if (next < call->count && !intrinsic_say(call, &buf, call->arguments[next]))
            return false;
        next++;
    }
    if (next != call->count)
        return intrinsic_refuse(call, "number of arguments do not match the occurrences of {}.");
    if (buf.overflow)
        return intrinsic_refuse_large(call);
    *ret = json_string_n(call->scope->arena, buf.data, buf.len);
    return true;
}

/* Does one of the characters in `set` stand at `at`? */
static bool intrinsic_is_delimiter(const char *set, const char *at, size_t len)
{
    uint32_t c;
    size_t step;

    for (step = path_character(set, &c); step; step = path_character(set, &c)) {
        if (step == len && !memcmp(set, at, len))
            return true;
        set += step;
    }
    return false;
}

/* Every character of the second argument is a delimiter; parts without a character are left out. */
bool intrinsic_string_split(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct arena *arena = call->scope->arena;
    const char *at = call->arguments[0]->string, *part = at, *set = call->arguments[1]->string;
    struct json *parts = json_array(arena);
    size_t cost = 1 + call->arguments[1]->count / 16, step;
    uint32_t c = 0;

    for (step = path_character(at, &c); step; step = path_character(at, &c)) {
        if (!intrinsic_pay(call, cost))
            return false;
        if (intrinsic_is_delimiter(set, at, step)) {
            if (at > part)
                json_push(arena, parts, json_string_n(arena, part, (size_t)(at - part)));
            part = at + step;
        }
        at += step;
    }
    if (at > part)
        json_push(arena, parts, json_string_n(arena, part, (size_t)(at - part)));
    *ret = parts;
    return true;
}
