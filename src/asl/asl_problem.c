/*
 * asl_problem.c - collects what is wrong with a definition: where, by which rule, and what was
 * expected.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* Names in pointers and messages are the author's and may be long: a problem stays readable. */
#define PROBLEM_NAME_BYTES 200
#define PROBLEM_POINTER_BYTES 16384

static size_t problem_cut(const char *text, size_t bytes_max)
{
    size_t len = strnlen(text, bytes_max + 1);

    if (len <= bytes_max)
        return len;
    len = bytes_max;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static void problem_print_at(struct buf *buf, const struct asl_at *at)
{
    size_t len;

    buf_char(buf, '/');
    if (!at->name) {
        buf_int(buf, (int64_t)at->index);
        return;
    }
    len = problem_cut(at->name, PROBLEM_NAME_BYTES);
    for (size_t i = 0; i < len; i++) {
        if (at->name[i] == '~')
            buf_text(buf, "~0");
        else if (at->name[i] == '/')
            buf_text(buf, "~1");
        else
            buf_char(buf, at->name[i]);
    }
}

static const char *problem_pointer(struct arena *arena, const struct asl_at *at)
{
    const struct asl_at *chain[8 * LIMIT_JSON_DEPTH];
    size_t count = 0;
    struct buf buf;

    for (; at && at->up; at = at->up) {
        CHECK(count < ARRAY_SIZE(chain));
        chain[count++] = at;
    }
    buf_init(&buf, arena, PROBLEM_POINTER_BYTES);
    while (count > 0)
        problem_print_at(&buf, chain[--count]);
    return arena_string(arena, buf.data ? buf.data : "");
}

void asl_problem(struct asl_parser *parser, const struct asl_at *at, const char *rule,
                 const char *format, ...)
{
    struct asl_problems *problems = &parser->problems;
    struct asl_problem *problem;
    va_list args;

    if (problems->count == ASL_PROBLEMS_MAX) {
        problems->truncated = true;
        return;
    }
    if (!problems->list)
        problems->list = ARENA_ARRAY(parser->arena, struct asl_problem, ASL_PROBLEMS_MAX);
    problem = &problems->list[problems->count++];
    problem->pointer = problem_pointer(parser->arena, at);
    problem->rule = rule;
    va_start(args, format);
    problem->message = arena_vprintf(parser->arena, format, args);
    va_end(args);
}

const char *asl_short(struct asl_parser *parser, const char *text)
{
    size_t len = problem_cut(text, PROBLEM_NAME_BYTES);

    if (!text[len])
        return text;
    return arena_printf(parser->arena, "%.*s...", (int)len, text);
}

bool asl_kind_is(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                 unsigned kinds)
{
    struct buf buf;

    if (ASL_KIND(value->kind) & kinds)
        return true;
    buf_init(&buf, parser->arena, PROBLEM_NAME_BYTES);
    for (unsigned kind = JSON_NULL; kind <= JSON_OBJECT; kind++) {
        bool twice = kind == JSON_REAL && (kinds & ASL_KIND(JSON_INT));

        if ((kinds & ASL_KIND(kind)) && !twice)
            buf_printf(&buf, "%s%s", buf.len ? " or " : "", json_kind_name((enum json_kind)kind));
    }
    asl_problem(parser, at, "FIELD_TYPE", "expected %s, found %s", buf.data,
                json_kind_name(value->kind));
    return false;
}

bool asl_whole_number(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      int64_t low, int64_t high)
{
    if (!asl_kind_is(parser, at, value, ASL_KIND_NUMBER))
        return false;
    if (value->kind == JSON_INT && value->integer >= low && value->integer <= high)
        return true;
    asl_problem(parser, at, "NUMBER_RANGE", "expected a whole number from %" PRId64 " to %" PRId64,
                low, high);
    return false;
}

const struct asl_path *asl_read_path(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, enum asl_path_use use)
{
    const struct asl_path *path = NULL;
    struct asl_refusal refusal;

    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING)))
        return NULL;
    if (asl_path_parse(parser->arena, value->string, use, &path, &refusal))
        return path;
    asl_problem(parser, at, refusal.rule, "%s", refusal.message);
    return NULL;
}
