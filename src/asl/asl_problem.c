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

/* clang-format off */
/* A rule that has no row is an error of the schema without a hint. */
static const struct problem_rule {
    const char *rule, *code, *hint;
    bool is_warning;
} problem_rules[] = {
    {"NEXT_UNKNOWN", PROBLEM_TARGET, "a state leads only to states of its own States object, in the same letters", false},
    {"DEFAULT_UNKNOWN", PROBLEM_TARGET, "a state leads only to states of its own States object, in the same letters", false},
    {"START_AT_UNKNOWN", PROBLEM_TARGET, "name a state of the States object beside StartAt", false},
    {"STATE_UNREACHABLE", PROBLEM_TARGET, "lead to it by Next, Default or Catch, or take it out", false},
    {"NO_TERMINAL_STATE", "MISSING_END_STATE", "end with Succeed, Fail or \"End\": true", false},
    {"NO_TERMINAL_STATE_INSIDE", "MISSING_END_STATE", "end with Succeed, Fail or \"End\": true", true},
    {"STATE_NAME_DUPLICATE", "DUPLICATE_STATE_NAME", "names are unique in the whole plan, in branches and item processors, too", false},
    {"STATE_NAME", "INVALID_STATE_NAME", NULL, false},
    {"TOO_DEEP", "TOO_DEEPLY_NESTED", NULL, false},
    {"LABEL", "INVALID_LABEL_NAME", NULL, false},
    {"LABEL_DUPLICATE", "DUPLICATE_LABEL_NAME", "give each distributed Map a label of its own", false},
    {"RESOURCE_UNKNOWN", PROBLEM_SCHEMA, "what stands behind fermata: is ours; for another service write its ARN", false},
    {"NEXT_OR_END", PROBLEM_SCHEMA, "write \"Next\": \"NAME\", or \"End\": true for the last state", false},
    {"PATH_NOT_REFERENCE", PROBLEM_SCHEMA, "a Reference Path has names and single indexes only, as $.order.items[0]", false},
    {"PATH_CONTEXT", PROBLEM_SCHEMA, "a result is put into the state's input: begin with $.", false},
    {"TEMPLATE_VALUE", PROBLEM_SCHEMA, "take .$ off the name to give a plain value, or give a path such as $.x", false},
    {"TEMPLATE_CLASH", PROBLEM_SCHEMA, "keep one of the two", false},
    {"JSONATA_FIELD", PROBLEM_SCHEMA, "in JSONPath states this is done by Parameters, ItemsPath, ResultSelector and OutputPath", false},
    {"VARIABLE_SCOPE", PROBLEM_SCHEMA, "take another name; what a Parallel or Map hands on, its own Assign may keep", false},
    {"VARIABLE_UNASSIGNED", PROBLEM_SCHEMA, "assign it in a state that comes before", true},
    {"MAP_NOT_DISTRIBUTED", PROBLEM_SCHEMA, "write \"ProcessorConfig\": {\"Mode\": \"DISTRIBUTED\", \"ExecutionType\": \"STANDARD\"}", false},
    {"MAP_TOLERANCE_IGNORED", PROBLEM_SCHEMA, "only a distributed Map tolerates failures; an inline one fails with its first", true},
    {"PATH_IN_PLAIN_FIELD", "NO_PATH", "end the field's name in Path to have it looked up", true},
    {"LOOKS_LIKE_PATH", "NO_DOLLAR", "end the field's name in .$ to have it evaluated", true},
    {"RESULT_IS_STATIC", "PASS_RESULT_IS_STATIC", "Parameters are evaluated, a Result is not", true},
    {"ERROR_ALL_NOT_ALONE", PROBLEM_SCHEMA, "give States.ALL an entry of its own, the last", false},
    {"ERROR_ALL_NOT_LAST", PROBLEM_SCHEMA, "move the entry with States.ALL to the end", false},
    {"TIMESTAMP_INVALID", PROBLEM_SCHEMA, "write it as 2026-03-14T01:59:00Z", false},
};
/* clang-format on */

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

/* As Step Functions writes it: names as they are, indexes in brackets. */
static void problem_print_location(struct buf *buf, const struct asl_at *at)
{
    if (at->name)
        buf_printf(buf, "/%.*s", (int)problem_cut(at->name, PROBLEM_NAME_BYTES), at->name);
    else
        buf_printf(buf, "[%zu]", at->index);
}

static const char *problem_place(struct arena *arena, const struct asl_at *at,
                                 void (*print)(struct buf *buf, const struct asl_at *at))
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
        print(&buf, chain[--count]);
    return buf.data ? buf.data : "";
}

static const char *problem_location(struct arena *arena, const struct asl_at *at)
{
    const char *location = problem_place(arena, at, problem_print_location);

    return *location ? location : "/";
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
        .pointer = problem_place(parser->arena, at, problem_print_at),
        .rule = rule,
        .message = arena_vprintf(parser->arena, format, args),
        .code = row->code,
        .hint = row->hint,
        .is_warning = row->is_warning,
        .location = problem_location(parser->arena, at),
    };
    va_end(args);
    problem->wording = problem->message;
}

void asl_wording(struct asl_parser *parser, const struct asl_at *at, const char *format, ...)
{
    va_list args;

    if (!parser->last)
        return;
    parser->last->location = at ? problem_location(parser->arena, at) : NULL;
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

/* In the words of Step Functions. */
const char *asl_kind_word(enum json_kind kind)
{
    static const char *const words[] = {
        [JSON_NULL] = "NULL",     [JSON_BOOL] = "BOOLEAN",  [JSON_INT] = "NUMBER",
        [JSON_REAL] = "NUMBER",   [JSON_STRING] = "STRING", [JSON_ARRAY] = "ARRAY",
        [JSON_OBJECT] = "OBJECT",
    };

    CHECK((size_t)kind < ARRAY_SIZE(words));
    return words[kind];
}

bool asl_kind_is(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                 unsigned kinds)
{
    struct buf ours, theirs;

    if (ASL_KIND(value->kind) & kinds)
        return true;
    buf_init(&ours, parser->arena, PROBLEM_NAME_BYTES);
    buf_init(&theirs, parser->arena, PROBLEM_NAME_BYTES);
    for (unsigned kind = JSON_NULL; kind <= JSON_OBJECT; kind++) {
        bool twice = kind == JSON_REAL && (kinds & ASL_KIND(JSON_INT));

        if (!(kinds & ASL_KIND(kind)) || twice)
            continue;
        buf_printf(&ours, "%s%s", ours.len ? " or " : "", json_kind_name((enum json_kind)kind));
        buf_printf(&theirs, "%s%s", theirs.len ? ", " : "", asl_kind_word((enum json_kind)kind));
    }
    asl_problem(parser, at, "FIELD_TYPE", "expected %s, found %s", ours.data,
                json_kind_name(value->kind));
    asl_wording(parser, at, "Expected value of type [%s]", theirs.data);
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
    if (json_number(value) < (double)low)
        asl_wording(parser, at, "Minimum value is %" PRId64, low);
    else if (json_number(value) > (double)high)
        asl_wording(parser, at, "Maximum value is %" PRId64, high);
    else
        asl_wording(parser, at, "Expected value of type [INTEGER]");
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
    asl_wording(parser, at, "Value should be one of the following: [%s]", buf.data);
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
    asl_wording(parser, at, "These fields are required: [%s]", buf.data);
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
    if (use != ASL_PATH_ANY)
        asl_wording(parser, at, "Value is not a Reference Path: %s", refusal.message);
    return NULL;
}

void asl_unknown_field(struct asl_parser *parser, const struct asl_at *at, const char *owner,
                       const char *fields)
{
    asl_problem(parser, at, "FIELD_UNKNOWN", "%s has: %s", owner, fields);
    asl_wording(parser, at->up, "Field '%s' is not supported", asl_short(parser, at->name));
}

void asl_jsonata_field(struct asl_parser *parser, const struct asl_at *at)
{
    asl_problem(parser, at, "JSONATA_FIELD", "%s is a field of JSONata states", at->name);
    asl_wording(parser, at->up,
                "The QueryLanguage is set to 'JSONPath', but field '%s' is only supported for the "
                "'JSONata' QueryLanguage",
                at->name);
}

void asl_conflict(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                  const char *const pair[2])
{
    if (!json_get(value, pair[0]) || !json_get(value, pair[1]))
        return;
    asl_problem(parser, at, "FIELD_CONFLICT", "expected %s or %s, not both", pair[0], pair[1]);
    asl_wording(parser, at, "There should only be one of the following fields: [%s, %s]", pair[0],
                pair[1]);
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
