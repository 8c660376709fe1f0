/*
 * asl_expression_parse.c - compiles a path, a variable or a call of an intrinsic function.
 *
 *     call     = name "(" [ argument { "," argument } ] ")"
 *     argument = path | 'text' | number | true | false | null | call
 *
 * Space may stand around arguments. In a text a backslash stands before ' { } and \ only.
 */
#include "asl/asl_expression_priv.h"

#include <string.h>

#include "asl/asl_intrinsic.h"
#include "asl/asl_path_priv.h"
#include "base/arena.h"
#include "base/buf.h"

#define EXPRESSION_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define EXPRESSION_NAME EXPRESSION_LETTERS "0123456789._"
#define EXPRESSION_NUMBER "+-.0123456789eE"
#define EXPRESSION_ESCAPED "'{}\\"

static const struct {
    const char *text;
    const struct json *value;
} expression_words[] = {
    {"true",  &json_true },
    {"false", &json_false},
    {"null",  &json_null },
};

static bool expression_refuse(struct path_reader *reader, const char *expected)
{
    return path_refuse(reader, "EXPRESSION_INVALID", "%s is expected at position %zu", expected,
                       (size_t)(reader->at - reader->text) + 1);
}

static void expression_skip_space(struct path_reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

/* The end of a path among arguments: a comma, a bracket or a space that stands neither in quotation
 * marks nor in brackets of its own. */
static size_t expression_path_length(const char *text)
{
    size_t brackets = 0, len;
    char quote = '\0';

    for (len = 0; text[len]; len++) {
        char c = text[len];

        if (c == '\\' && text[len + 1])
            len++;
        else if (quote && c == quote)
            quote = '\0';
        else if (!quote && brackets && (c == '\'' || c == '"'))
            quote = c;
        else if (!quote && c == '[')
            brackets++;
        else if (!quote && c == ']' && brackets)
            brackets--;
        else if (!brackets && strchr(",) \t\r\n", c))
            break;
    }
    return len;
}

static bool expression_read_path(struct path_reader *reader, struct asl_expression *into)
{
    size_t len = expression_path_length(reader->at);
    const char *text = arena_string_n(reader->arena, reader->at, len);
    struct asl_refusal refusal;

    into->kind = EXPRESSION_PATH;
    if (!asl_path_parse(reader->arena, text, ASL_PATH_ANY, &into->path, &refusal))
        return path_refuse(reader, "EXPRESSION_INVALID", "the argument %s is no path: %s", text,
                           refusal.message);
    reader->at += len;
    return true;
}

/* A template keeps its backslashes: which braces are plain is seen when it is filled. */
static bool expression_read_text(struct path_reader *reader, bool is_template,
                                 struct asl_expression *into)
{
    struct buf buf;

    buf_init(&buf, reader->arena, BUF_BYTES_OWN);
    for (reader->at++; *reader->at && *reader->at != '\''; reader->at++) {
        if (*reader->at == '\\') {
            if (!reader->at[1] || !strchr(EXPRESSION_ESCAPED, reader->at[1]))
                return expression_refuse(reader, "one of \\' \\{ \\} \\\\");
            if (is_template)
                buf_char(&buf, '\\');
            reader->at++;
        }
        buf_char(&buf, *reader->at);
    }
    if (!*reader->at)
        return expression_refuse(reader, "the closing '");
    reader->at++;
    into->kind = EXPRESSION_LITERAL;
    into->literal = json_string_n(reader->arena, buf.data, buf.len);
    return true;
}

static bool expression_read_number(struct path_reader *reader, struct asl_expression *into)
{
    size_t len = strspn(reader->at, EXPRESSION_NUMBER);

    into->kind = EXPRESSION_LITERAL;
    if (json_parse(reader->arena, reader->at, len, &into->literal, NULL) != ERR_OK)
        return expression_refuse(reader, "a number");
    reader->at += len;
    return true;
}

static bool expression_read_word(struct path_reader *reader, struct asl_expression *into)
{
    size_t len = strspn(reader->at, EXPRESSION_NAME);

    for (size_t i = 0; i < ARRAY_SIZE(expression_words); i++) {
        if (strlen(expression_words[i].text) == len &&
            !memcmp(expression_words[i].text, reader->at, len)) {
            into->kind = EXPRESSION_LITERAL;
            into->literal = expression_words[i].value;
            reader->at += len;
            return true;
        }
    }
    return false;
}

static bool expression_read_call(struct path_reader *reader, size_t depth,
                                 struct asl_expression *into);

static bool expression_read_argument(struct path_reader *reader, size_t depth, bool is_template,
                                     struct asl_expression *into)
{
    char c = *reader->at;

    into->text = reader->text;
    if (c == '$')
        return expression_read_path(reader, into);
    if (c == '\'')
        return expression_read_text(reader, is_template, into);
    if (c && strchr("+-.0123456789", c))
        return expression_read_number(reader, into);
    if (c && strchr(EXPRESSION_LETTERS, c))
        return expression_read_word(reader, into) || expression_read_call(reader, depth, into);
    return expression_refuse(reader, "a path, 'text', a number, true, false, null or a call");
}

/* Behind the opening bracket, up to and with the closing one. */
static bool expression_read_arguments(struct path_reader *reader, size_t depth,
                                      struct asl_expression *into)
{
    const struct asl_expression **end = &into->first;

    expression_skip_space(reader);
    while (*reader->at != ')' || into->count) {
        struct asl_expression *argument = ARENA_NEW(reader->arena, struct asl_expression);
        bool is_template = into->function->takes_template && !into->count;

        if (!expression_read_argument(reader, depth, is_template, argument))
            return false;
        *end = argument;
        end = &argument->next;
        into->count++;
        expression_skip_space(reader);
        if (*reader->at == ')')
            break;
        if (*reader->at != ',')
            return expression_refuse(reader, "a comma or )");
        reader->at++;
        expression_skip_space(reader);
    }
    reader->at++;
    return true;
}

static bool expression_check_count(struct path_reader *reader, const struct asl_expression *call)
{
    const struct asl_intrinsic *function = call->function;

    if (call->count >= function->least && call->count <= function->most)
        return true;
    if (function->most == ASL_INTRINSIC_MANY)
        return path_refuse(reader, "EXPRESSION_INVALID", "%s takes %zu arguments or more, not %zu",
                           function->name, function->least, call->count);
    if (function->most > function->least)
        return path_refuse(reader, "EXPRESSION_INVALID", "%s takes %zu to %zu arguments, not %zu",
                           function->name, function->least, function->most, call->count);
    return path_refuse(reader, "EXPRESSION_INVALID", "%s takes %zu argument%s, not %zu",
                       function->name, function->most, function->most == 1 ? "" : "s", call->count);
}

static bool expression_read_call(struct path_reader *reader, size_t depth,
                                 struct asl_expression *into)
{
    size_t len = strspn(reader->at, EXPRESSION_NAME);

    into->kind = EXPRESSION_CALL;
    into->function = asl_intrinsic_find(reader->at, len);
    if (!into->function)
        return expression_refuse(
            reader, "a path that begins with $, or a call such as States.Format('{}', $.x),");
    if (depth == EXPRESSION_DEPTH_MAX)
        return path_refuse(reader, "EXPRESSION_INVALID", "calls stand at most %d deep in calls",
                           EXPRESSION_DEPTH_MAX);
    reader->at += len;
    if (*reader->at != '(')
        return expression_refuse(reader, "(");
    reader->at++;
    return expression_read_arguments(reader, depth + 1, into) &&
           expression_check_count(reader, into);
}

bool asl_expression_parse(struct arena *arena, const char *text, const struct asl_expression **ret,
                          struct asl_refusal *reterr)
{
    struct path_reader reader = {.arena = arena, .text = text, .at = text};
    struct asl_expression *expression = ARENA_NEW(arena, struct asl_expression);
    bool ok;

    expression->text = text;
    *ret = expression;
    if (*text == '$') {
        expression->kind = EXPRESSION_PATH;
        return asl_path_parse(arena, text, ASL_PATH_ANY, &expression->path, reterr);
    }
    expression_skip_space(&reader);
    ok = expression_read_call(&reader, 0, expression);
    if (ok)
        expression_skip_space(&reader);
    if (ok && *reader.at)
        ok = expression_refuse(&reader, "the end");
    if (!ok)
        *reterr = reader.refusal;
    return ok;
}
