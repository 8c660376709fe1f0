/*
 * asl_problem.c - collects what is wrong with a definition: where, by which rule, and what was
 * expected.
 *
 * THE TABLE of rules says under which code Step Functions files each, and what to write instead.
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

#define PROBLEM_SCHEMA "SCHEMA_VALIDATION_FAILED"
#define PROBLEM_TARGET "MISSING_TRANSITION_TARGET"

/* A rule that has no row is an error of the schema without a hint. */
static const struct problem_rule {
    const char *rule, *code, *hint;
    bool is_warning;
} problem_rules[] = {
    {"NEXT_UNKNOWN",         PROBLEM_TARGET,
     "a state leads only to states of its own States object, in the same letters",                                     false},
    {"DEFAULT_UNKNOWN",      PROBLEM_TARGET,
     "a state leads only to states of its own States object, in the same letters",                                     false},
    {"START_AT_UNKNOWN",     PROBLEM_TARGET,          "name a state of the States object beside StartAt",              false},
    {"STATE_UNREACHABLE",    PROBLEM_TARGET,          "lead to it by Next, Default or Catch, or take it out",
     false                                                                                                                  },
    {"NO_TERMINAL_STATE",    "MISSING_END_STATE",     "end with Succeed, Fail or \"End\": true",                       false},
    {"STATE_NAME_DUPLICATE", "DUPLICATE_STATE_NAME",
     "names are unique in the whole plan, in branches and item processors, too",                                       false},
    {"STATE_NAME",           "INVALID_STATE_NAME",    NULL,                                                            false},
    {"TOO_DEEP",             "TOO_DEEPLY_NESTED",     NULL,                                                            false},
    {"LABEL_DUPLICATE",      "DUPLICATE_LABEL_NAME",  NULL,                                                            false},
    {"LABEL",                "INVALID_LABEL_NAME",    NULL,                                                            false},
    {"RESOURCE_UNKNOWN",     PROBLEM_SCHEMA,
     "fermata:task:NAME, fermata:callback, fermata:human, fermata:plan:run, fermata:lock:acquire, "
     "fermata:lock:release, or an ARN",                                                                                false},
    {"NEXT_OR_END",          PROBLEM_SCHEMA,          "write \"Next\": \"NAME\", or \"End\": true for the last state",
     false                                                                                                                  },
    {"PATH_NOT_REFERENCE",   PROBLEM_SCHEMA,
     "a Reference Path has names and single indexes only, as $.order.items[0]",                                        false},
    {"PATH_CONTEXT",         PROBLEM_SCHEMA,          "a result is put into the state's input: begin with $.",
     false                                                                                                                  },
    {"TEMPLATE_VALUE",       PROBLEM_SCHEMA,
     "take .$ off the name to give a plain value, or give a path such as $.x",                                         false},
    {"TEMPLATE_CLASH",       PROBLEM_SCHEMA,          "keep one of the two",                                           false},
    {"JSONATA_FIELD",        PROBLEM_SCHEMA,          "this field belongs to \"QueryLanguage\": \"JSONata\"",
     false                                                                                                                  },
    {"NOT_SUPPORTED_YET",    PROBLEM_SCHEMA,          NULL,                                                            false},
    {"VARIABLE_SCOPE",       PROBLEM_SCHEMA,
     "take another name; a Parallel or Map hands on its result, and its own Assign may keep it",                       false},
    {"VARIABLE_UNASSIGNED",  PROBLEM_SCHEMA,          "assign it in a state that comes before",                        true },
    {"LOOKS_LIKE_PATH",      "NO_DOLLAR",             "end the field's name in .$ to have it evaluated",               true },
    {"RESULT_IS_STATIC",     "PASS_RESULT_IS_STATIC", "Parameters are evaluated, a Result is not",
     true                                                                                                                   },
    {"ERROR_ALL_NOT_ALONE",  PROBLEM_SCHEMA,          "give States.ALL an entry of its own, the last",                 false},
    {"ERROR_ALL_NOT_LAST",   PROBLEM_SCHEMA,          "move the entry with States.ALL to the end",                     false},
    {"TIMESTAMP_INVALID",    PROBLEM_SCHEMA,          "write it as 2026-03-14T01:59:00Z",                              false},
};

static const struct problem_rule *problem_rule(const char *rule)
{
    static const struct problem_rule plain = {.code = PROBLEM_SCHEMA};

    for (size_t i = 0; i < ARRAY_SIZE(problem_rules); i++) {
        if (!strcmp(rule, problem_rules[i].rule))
            return &problem_rules[i];
    }
    return &plain;
}

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

/* A warning never takes the place of an error: errors may go over the last warning. */
static struct asl_problem *problem_new(struct asl_parser *parser, bool is_warning)
{
    struct asl_problems *problems = &parser->problems;
    struct asl_problem *problem;

    if (!problems->list)
        problems->list = ARENA_ARRAY(parser->arena, struct asl_problem, ASL_PROBLEMS_MAX);
    if (problems->count < ASL_PROBLEMS_MAX)
        return &problems->list[problems->count++];
    problems->truncated = true;
    problem = &problems->list[ASL_PROBLEMS_MAX - 1];
    return problem->is_warning && !is_warning ? problem : NULL;
}

void asl_problem(struct asl_parser *parser, const struct asl_at *at, const char *rule,
                 const char *format, ...)
{
    const struct problem_rule *row = problem_rule(rule);
    struct asl_problem *problem = problem_new(parser, row->is_warning);
    va_list args;

    parser->problems.errors += !row->is_warning;
    parser->last = problem;
    if (!problem)
        return;
    va_start(args, format);
    *problem = (struct asl_problem){
        .pointer = problem_pointer(parser->arena, at),
        .rule = rule,
        .message = arena_vprintf(parser->arena, format, args),
        .code = row->code,
        .hint = row->hint,
        .is_warning = row->is_warning,
    };
    va_end(args);
    problem->wording = problem->message;
}

void asl_wording(struct asl_parser *parser, const char *format, ...)
{
    va_list args;

    if (!parser->last)
        return;
    va_start(args, format);
    parser->last->wording = arena_vprintf(parser->arena, format, args);
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

/* Words and names in a row, as "A, B" after what is in the buf. */
static void problem_print_list(struct buf *buf, const char *text)
{
    buf_printf(buf, "%s%s", buf->len ? ", " : "", text);
}

bool asl_one_of(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                const char *const *words)
{
    struct buf buf;

    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING)))
        return false;
    buf_init(&buf, parser->arena, PROBLEM_POINTER_BYTES);
    for (; *words; words++) {
        if (!strcmp(value->string, *words))
            return true;
        problem_print_list(&buf, *words);
    }
    asl_problem(parser, at, "FIELD_VALUE", "expected one of %s", buf.data);
    asl_wording(parser, "The field '%s' should have one of these values: [%s]",
                at->name ? at->name : "", buf.data);
    return false;
}

bool asl_require(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                 const char *const *names)
{
    size_t count = 0;
    struct buf buf;

    buf_init(&buf, parser->arena, PROBLEM_POINTER_BYTES);
    for (; *names; names++) {
        if (json_get(value, *names))
            continue;
        problem_print_list(&buf, *names);
        count++;
    }
    if (!count)
        return true;
    asl_problem(parser, at, "FIELD_REQUIRED",
                count == 1 ? "the field %s is required" : "the fields %s are required", buf.data);
    asl_wording(parser, "These fields are required: [%s]", buf.data);
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

const struct asl_expression *asl_read_expression(struct asl_parser *parser, const struct asl_at *at,
                                                 const struct json *value)
{
    const struct asl_expression *expression = NULL;
    struct asl_refusal refusal;

    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING)))
        return NULL;
    if (asl_expression_parse(parser->arena, value->string, &expression, &refusal))
        return expression;
    asl_problem(parser, at, refusal.rule, "%s", refusal.message);
    return NULL;
}

const struct asl_expression *asl_read_reference(struct asl_parser *parser, const struct asl_at *at,
                                                const struct json *value)
{
    const struct asl_expression *expression = asl_read_expression(parser, at, value);

    if (!expression || asl_expression_is_call(expression))
        return expression;
    return asl_read_path(parser, at, value, ASL_PATH_REFERENCE) ? expression : NULL;
}
