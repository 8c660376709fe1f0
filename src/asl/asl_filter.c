/*
 * asl_filter.c - filters of paths, `[?(@.price < 10 && @.kind == 'book')]`: reading and applying
 * them.
 *
 * Grammar, weakest first:
 *
 *     filter  = "(" or ")"
 *     or      = and { "||" and }
 *     and     = unary { "&&" unary }
 *     unary   = "!" unary | "(" or ")" | operand [ compare operand ]
 *     operand = "@" steps | "$" steps | 'text' | "text" | number | true | false | null
 *
 * As in Jayway values of different kinds are unequal and unordered, and so is a path that finds
 * nothing.
 */
#include "asl/asl_path_priv.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_BYTES_PER_WORK 64

static const struct {
    const char *text;
    enum path_compare compare;
} filter_compares[] = {
    {"==", PATH_EQ},
    {"!=", PATH_NE},
    {"<=", PATH_LE},
    {">=", PATH_GE},
    {"<",  PATH_LT},
    {">",  PATH_GT},
};

static const struct {
    const char *text;
    const struct json *value;
} filter_words[] = {
    {"true",  &json_true },
    {"false", &json_false},
    {"null",  &json_null },
};

static bool filter_refuse(struct path_reader *reader, const char *expected)
{
    return path_refuse(reader, "PATH_INVALID", "%s is expected in the filter at position %zu",
                       expected, (size_t)(reader->at - reader->text) + 1);
}

static bool filter_take(struct path_reader *reader, const char *text)
{
    path_skip_spaces(reader);
    if (strncmp(reader->at, text, strlen(text)) != 0)
        return false;
    reader->at += strlen(text);
    return true;
}

static bool filter_read_path(struct path_reader *reader, struct path_operand *operand)
{
    struct asl_path *path = ARENA_NEW(reader->arena, struct asl_path);

    operand->from_root = *reader->at == '$';
    path->text = reader->at++;
    if (!path_read_steps(reader, path))
        return false;
    operand->path = path;
    return true;
}

static bool filter_read_number(struct path_reader *reader, struct path_operand *operand)
{
    size_t len = strspn(reader->at, "+-.0123456789eE");
    char text[64];
    char *end = NULL;
    double value;

    if (!len || len >= sizeof(text))
        return filter_refuse(reader, "@, $, a quoted text, a number, true, false or null");
    memcpy(text, reader->at, len);
    text[len] = '\0';
    value = strtod(text, &end);
    if (*end || !isfinite(value))
        return filter_refuse(reader, "a number");
    operand->literal = json_real(reader->arena, value);
    reader->at += len;
    return true;
}

static bool filter_read_operand(struct path_reader *reader, struct path_operand *operand)
{
    path_skip_spaces(reader);
    if (*reader->at == '@' || *reader->at == '$')
        return filter_read_path(reader, operand);
    if (*reader->at == '\'' || *reader->at == '"') {
        const char *text;

        if (!path_read_quoted(reader, &text))
            return false;
        operand->literal = json_string(reader->arena, text);
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(filter_words); i++) {
        if (filter_take(reader, filter_words[i].text)) {
            operand->literal = filter_words[i].value;
            return true;
        }
    }
    return filter_read_number(reader, operand);
}

static bool filter_read_compare(struct path_reader *reader, const struct path_filter **ret)
{
    struct path_filter *filter = ARENA_NEW(reader->arena, struct path_filter);

    if (!filter_read_operand(reader, &filter->a))
        return false;
    *ret = filter;
    path_skip_spaces(reader);
    for (size_t i = 0; i < ARRAY_SIZE(filter_compares); i++) {
        if (filter_take(reader, filter_compares[i].text)) {
            filter->kind = PATH_FILTER_COMPARE;
            filter->compare = filter_compares[i].compare;
            return filter_read_operand(reader, &filter->b);
        }
    }
    filter->kind = PATH_FILTER_EXISTS;
    if (!filter->a.path)
        return filter_refuse(reader, "one of == != < <= > >=");
    return true;
}

static bool filter_read_or(struct path_reader *reader, const struct path_filter **ret);

/* The depth of what is being read; false when it is too deep. */
static bool filter_enter(struct path_reader *reader)
{
    if (reader->filter_depth == PATH_FILTER_DEPTH_MAX)
        return path_refuse(reader, "PATH_INVALID", "the filter is nested more than %d levels deep",
                           PATH_FILTER_DEPTH_MAX);
    reader->filter_depth++;
    return true;
}

static bool filter_read_unary(struct path_reader *reader, const struct path_filter **ret)
{
    path_skip_spaces(reader);
    if (*reader->at == '!') {
        struct path_filter *filter = ARENA_NEW(reader->arena, struct path_filter);

        reader->at++;
        filter->kind = PATH_FILTER_NOT;
        if (!filter_enter(reader) || !filter_read_unary(reader, &filter->left))
            return false;
        reader->filter_depth--;
        *ret = filter;
        return true;
    }
    if (*reader->at != '(')
        return filter_read_compare(reader, ret);
    reader->at++;
    if (!filter_enter(reader) || !filter_read_or(reader, ret))
        return false;
    reader->filter_depth--;
    return filter_take(reader, ")") || filter_refuse(reader, ")");
}

/* One level of the grammar: operands of `kind` with `sign` between them, bound to the left. */
static bool filter_read_chain(struct path_reader *reader, const char *sign,
                              enum path_filter_kind kind, const struct path_filter **ret)
{
    bool weakest = kind == PATH_FILTER_OR;
    size_t count = 1;

    if (!(weakest ? filter_read_chain(reader, "&&", PATH_FILTER_AND, ret)
                  : filter_read_unary(reader, ret)))
        return false;
    while (filter_take(reader, sign)) {
        struct path_filter *filter = ARENA_NEW(reader->arena, struct path_filter);

        if (++count > PATH_STEPS_MAX)
            return path_refuse(reader, "PATH_INVALID", "a filter has at most %d terms",
                               PATH_STEPS_MAX);
        filter->kind = kind;
        filter->left = *ret;
        if (!(weakest ? filter_read_chain(reader, "&&", PATH_FILTER_AND, &filter->right)
                      : filter_read_unary(reader, &filter->right)))
            return false;
        *ret = filter;
    }
    return true;
}

static bool filter_read_or(struct path_reader *reader, const struct path_filter **ret)
{
    return filter_read_chain(reader, "||", PATH_FILTER_OR, ret);
}

bool path_read_filter(struct path_reader *reader, const struct path_filter **ret)
{
    if (!filter_take(reader, "("))
        return filter_refuse(reader, "(");
    if (!filter_read_or(reader, ret))
        return false;
    return filter_take(reader, ")") || filter_refuse(reader, "one of && || )");
}

/* The value of an operand, or null when its path finds nothing. */
static const struct json *filter_value(struct asl_scope *scope, const struct path_operand *operand,
                                       const struct json *candidate)
{
    const struct json *value = NULL;

    if (operand->literal)
        return operand->literal;
    if (path_find_from(scope, operand->path, operand->from_root ? scope->input : candidate, &value,
                       NULL) != ASL_FOUND)
        return NULL;
    return value;
}

/* Below, equal or above zero, as strcmp; false when the two have no order. */
static bool filter_order(const struct json *a, const struct json *b, int *ret)
{
    if (json_is_number(a) && json_is_number(b)) {
        double left = json_number(a), right = json_number(b);

        *ret = left < right ? -1 : left > right;
        return true;
    }
    if (json_is(a, JSON_STRING) && json_is(b, JSON_STRING)) {
        *ret = strcmp(a->string, b->string);
        return true;
    }
    return false;
}

bool path_pay_value(struct asl_scope *scope, const struct json *value)
{
    bool ok = true;

    if (value->kind == JSON_STRING)
        return asl_scope_pay(scope, 1 + value->count / FILTER_BYTES_PER_WORK);
    if (value->kind == JSON_ARRAY) {
        ok = asl_scope_pay(scope, 1);
        for (uint32_t i = 0; ok && i < value->count; i++)
            ok = path_pay_value(scope, value->items[i]);
    } else if (value->kind == JSON_OBJECT) {
        ok = asl_scope_pay(scope, 1 + (int64_t)value->count * 4);
        for (uint32_t i = 0; ok && i < value->count; i++)
            ok = path_pay_value(scope, value->members[i].value);
    }
    return ok;
}

static bool filter_equal(struct asl_scope *scope, const struct json *a, const struct json *b)
{
    if (!a || !b || !path_pay_value(scope, a))
        return false;
    return json_equal(a, b);
}

static bool filter_compare(struct asl_scope *scope, const struct path_filter *filter,
                           const struct json *a, const struct json *b)
{
    int order = 0;

    if (filter->compare == PATH_EQ)
        return filter_equal(scope, a, b);
    if (filter->compare == PATH_NE)
        return !filter_equal(scope, a, b);
    if (!a || !b || !path_pay_value(scope, a) || !filter_order(a, b, &order))
        return false;
    switch (filter->compare) {
    case PATH_LT:
        return order < 0;
    case PATH_LE:
        return order <= 0;
    case PATH_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

bool path_filter_accepts(struct asl_scope *scope, const struct path_filter *filter,
                         const struct json *candidate)
{
    if (!asl_scope_pay(scope, 1))
        return false;
    switch (filter->kind) {
    case PATH_FILTER_AND:
        return path_filter_accepts(scope, filter->left, candidate) &&
               path_filter_accepts(scope, filter->right, candidate);
    case PATH_FILTER_OR:
        return path_filter_accepts(scope, filter->left, candidate) ||
               path_filter_accepts(scope, filter->right, candidate);
    case PATH_FILTER_NOT:
        return !path_filter_accepts(scope, filter->left, candidate);
    case PATH_FILTER_EXISTS:
        return filter_value(scope, &filter->a, candidate) != NULL;
    case PATH_FILTER_COMPARE:
        return filter_compare(scope, filter, filter_value(scope, &filter->a, candidate),
                              filter_value(scope, &filter->b, candidate));
    }
    return false;
}
