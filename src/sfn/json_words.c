/*
 * json_words.c - what is wrong with a text that is no JSON, in the words that clients of AWS know.
 *
 * One pass from left to right that stops at the first mistake. What our own parser refuses beyond
 * the grammar (duplicate names, numbers out of range) has no words here.
 */
#include "sfn/json_words.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

enum { WORDS_DEPTH = 1000, WORDS_SOURCE = 500 };

#define WORDS_VALUES "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

/* What may come next. */
enum words_next {
    WORDS_VALUE,
    WORDS_VALUE_OR_END, /* after '[' */
    WORDS_NAME,
    WORDS_NAME_OR_END, /* after '{' */
    WORDS_COLON,
    WORDS_COMMA_OR_END,
};

struct words {
    struct arena *arena;
    const char *text;
    size_t len, at;
    const char *problem; /* the first one */
    struct {
        char open;
        size_t at;
    } stack[WORDS_DEPTH];
    int depth;
};

void json_words_place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < offset; i++) {
        bool is_rest = ((unsigned char)text[i] & 0xc0) == 0x80; /* of a character */

        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (!is_rest) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

/* The character at a place, and its length in bytes. The text is UTF-8. */
static uint32_t words_character(const struct words *words, size_t at, size_t *ret_len)
{
    const unsigned char *bytes = (const unsigned char *)words->text + at;
    size_t count = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : bytes[0] >= 0xc0 ? 2 : 1;
    uint32_t code = count == 1 ? bytes[0] : bytes[0] & (0xffu >> (count + 1));

    if (at + count > words->len)
        count = 1;
    for (size_t i = 1; i < count; i++)
        code = code << 6 | (bytes[i] & 0x3f);
    *ret_len = count;
    return code;
}

static bool words_fail(struct words *words, const char *problem)
{
    words->problem = problem;
    return false;
}

/* 'x' (code 120), as a mistake's first words. */
static const char *words_describe(struct words *words, size_t at)
{
    size_t len;
    uint32_t code = words_character(words, at, &len);

    if (code < 32 || code == 127)
        return arena_printf(words->arena, "(CTRL-CHAR, code %u)", code);
    if (code > 255)
        return arena_printf(words->arena, "'%.*s' (code %u / 0x%x)", (int)len, words->text + at,
                            code, code);
    return arena_printf(words->arena, "'%.*s' (code %u)", (int)len, words->text + at, code);
}

static bool words_unexpected(struct words *words, const char *comment)
{
    const char *what = words_describe(words, words->at);
    size_t len;

    words_character(words, words->at, &len);
    words->at += len;
    return words_fail(words,
                      arena_printf(words->arena, "Unexpected character (%s): %s", what, comment));
}

/* Where a container began, as a part of a sentence. */
static const char *words_source(struct words *words, size_t at)
{
    size_t line, column, shown = words->len;
    const char *more = "";

    if (shown > WORDS_SOURCE) {
        shown = WORDS_SOURCE;
        while (((unsigned char)words->text[shown] & 0xc0) == 0x80)
            shown--;
        more = arena_printf(words->arena, "[truncated %zu chars]", words->len - shown);
    }
    json_words_place(words->text, at, &line, &column);
    return arena_printf(words->arena, "[Source: (String)\"%.*s\"%s; line: %zu, column: %zu]",
                        (int)shown, words->text, more, line, column);
}

static const char *words_container(const struct words *words)
{
    if (words->depth == 0)
        return "root";
    return words->stack[words->depth - 1].open == '{' ? "Object" : "Array";
}

/* The text ended. */
static bool words_ended(struct words *words, bool is_inside)
{
    if (words->depth == 0)
        return false; /* nothing at all */
    if (is_inside)
        return words_fail(words, arena_printf(words->arena,
                                              "Unexpected end-of-input within/between %s entries",
                                              words_container(words)));
    return words_fail(
        words, arena_printf(
                   words->arena,
                   "Unexpected end-of-input: expected close marker for %s (start marker at %s)",
                   words_container(words), words_source(words, words->stack[words->depth - 1].at)));
}

static bool words_is_part(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || ((unsigned char)c & 0x80);
}

/* A word that is none of true, false, null. */
static bool words_unknown_token(struct words *words)
{
    size_t from = words->at;

    while (words->at < words->len && words_is_part(words->text[words->at]))
        words->at++;
    return words_fail(words, arena_printf(words->arena,
                                          "Unrecognized token '%.*s': was expecting " WORDS_VALUES,
                                          (int)(words->at - from), words->text + from));
}

static bool words_literal(struct words *words, const char *literal)
{
    size_t len = strlen(literal), from = words->at;

    if (words->len - from >= len && strncmp(words->text + from, literal, len) == 0 &&
        (from + len == words->len || !words_is_part(words->text[from + len]))) {
        words->at += len;
        return true;
    }
    return words_unknown_token(words);
}

static bool words_escape(struct words *words)
{
    words->at++;
    if (words->at >= words->len)
        return words_fail(words, "Unexpected end-of-input in character escape sequence");
    if (words->text[words->at] != 'u') {
        if (!strchr("\"\\/bfnrt", words->text[words->at])) {
            const char *what = words_describe(words, words->at);

            words->at++;
            return words_fail(words,
                              arena_printf(words->arena, "Unrecognized character escape %s", what));
        }
        words->at++;
        return true;
    }
    words->at++;
    for (int i = 0; i < 4; i++, words->at++) {
        if (words->at >= words->len)
            return words_fail(words, "Unexpected end-of-input in character escape sequence");
        if (!isxdigit((unsigned char)words->text[words->at]))
            return words_unexpected(words, "expected a hex-digit for character escape sequence");
    }
    return true;
}

static bool words_string(struct words *words, bool is_name)
{
    words->at++;
    while (words->at < words->len && words->text[words->at] != '"') {
        unsigned char c = (unsigned char)words->text[words->at];

        if (c == '\\') {
            if (!words_escape(words))
                return false;
            continue;
        }
        words->at++;
        if (c < 32)
            return words_fail(
                words, arena_printf(words->arena,
                                    "Illegal unquoted character ((CTRL-CHAR, code %d)): has to be"
                                    " escaped using backslash to be included in %s",
                                    c, is_name ? "name" : "string value"));
    }
    if (words->at >= words->len)
        return words_fail(
            words, is_name
                       ? "Unexpected end-of-input in field name"
                       : "Unexpected end-of-input: was expecting closing quote for a string value");
    words->at++;
    return true;
}

/* At least one digit. */
static bool words_digits(struct words *words, const char *comment)
{
    size_t from = words->at;

    while (words->at < words->len && isdigit((unsigned char)words->text[words->at]))
        words->at++;
    if (words->at > from)
        return true;
    if (words->at >= words->len)
        return words_fail(words, "Unexpected end-of-input in numeric value");
    return words_fail(words,
                      arena_printf(words->arena, "Unexpected character (%s) in numeric value: %s",
                                   words_describe(words, words->at), comment));
}

static bool words_number(struct words *words)
{
    size_t from;

    if (words->text[words->at] == '-')
        words->at++;
    from = words->at;
    if (!words_digits(words, "expected digit (0-9) to follow minus sign, for valid numeric value"))
        return false;
    if (words->text[from] == '0' && words->at - from > 1)
        return words_fail(words, "Invalid numeric value: Leading zeroes not allowed");
    if (words->at < words->len && words->text[words->at] == '.') {
        words->at++;
        if (!words_digits(words, "Decimal point not followed by a digit"))
            return false;
    }
    if (words->at < words->len && strchr("eE", words->text[words->at])) {
        words->at++;
        if (words->at < words->len && strchr("+-", words->text[words->at]))
            words->at++;
        if (!words_digits(words, "Exponent indicator not followed by a digit"))
            return false;
    }
    if (words->depth == 0 && words->at < words->len && !strchr(" \t\r\n", words->text[words->at]))
        return words_unexpected(words, "Expected space separating root-level values");
    return true;
}

static bool words_open(struct words *words, char c, enum words_next *next)
{
    if (words->depth == WORDS_DEPTH)
        return false;
    words->stack[words->depth].open = c;
    words->stack[words->depth].at = words->at;
    words->depth++;
    words->at++;
    *next = c == '{' ? WORDS_NAME_OR_END : WORDS_VALUE_OR_END;
    return true;
}

static bool words_value(struct words *words, char c, enum words_next *next)
{
    *next = WORDS_COMMA_OR_END;
    if (c == '"')
        return words_string(words, false);
    if (c == '{' || c == '[')
        return words_open(words, c, next);
    if (c == '-' || isdigit((unsigned char)c))
        return words_number(words);
    if (c == 't' || c == 'f' || c == 'n')
        return words_literal(words, c == 't' ? "true" : c == 'f' ? "false" : "null");
    if (words_is_part(c))
        return words_unknown_token(words);
    return words_unexpected(words, "expected a valid value " WORDS_VALUES);
}

static bool words_close(struct words *words, char c)
{
    char expected;

    words->at++;
    if (words->depth) {
        size_t at = words->stack[words->depth - 1].at;

        expected = words->stack[words->depth - 1].open == '{' ? '}' : ']';
        if (c != expected)
            return words_fail(
                words, arena_printf(words->arena,
                                    "Unexpected close marker '%c': expected '%c' (for %s starting"
                                    " at %s)",
                                    c, expected, words_container(words), words_source(words, at)));
        words->depth--;
    }
    return true;
}

/* One token; false: there is a problem, or nothing more to say. */
static bool words_step(struct words *words, enum words_next *next)
{
    char c = words->text[words->at];
    bool is_close = c == '}' || c == ']';

    switch (*next) {
    case WORDS_VALUE_OR_END:
    case WORDS_NAME_OR_END:
    case WORDS_COMMA_OR_END:
        if (is_close) {
            *next = WORDS_COMMA_OR_END;
            return words_close(words, c);
        }
        if (*next == WORDS_VALUE_OR_END)
            return words_value(words, c, next);
        if (*next == WORDS_COMMA_OR_END) {
            if (c != ',')
                return words_unexpected(
                    words, arena_printf(words->arena, "was expecting comma to separate %s entries",
                                        words_container(words)));
            *next = words->stack[words->depth - 1].open == '{' ? WORDS_NAME : WORDS_VALUE;
            words->at++;
            return true;
        }
        /* fall through */
    case WORDS_NAME:
        *next = WORDS_COLON;
        if (c != '"')
            return words_unexpected(words, "was expecting double-quote to start field name");
        return words_string(words, true);
    case WORDS_COLON:
        if (c != ':')
            return words_unexpected(words,
                                    "was expecting a colon to separate field name and value");
        *next = WORDS_VALUE;
        words->at++;
        return true;
    case WORDS_VALUE:
        break;
    }
    return words_value(words, c, next);
}

const char *json_words(struct arena *arena, const char *text, size_t len, size_t *ret_offset)
{
    struct words *words = ARENA_NEW(arena, struct words);
    enum words_next next = WORDS_VALUE;
    bool is_over = false;

    words->arena = arena;
    words->text = text;
    words->len = len;
    while (!is_over) {
        while (words->at < len && strchr(" \t\r\n", text[words->at]))
            words->at++;
        if (words->at >= len) {
            if (words->depth)
                words_ended(words,
                            next == WORDS_VALUE || next == WORDS_NAME || next == WORDS_COLON);
            break;
        }
        is_over = !words_step(words, &next) || (words->depth == 0 && next == WORDS_COMMA_OR_END);
    }
    if (ret_offset)
        *ret_offset = words->at;
    return words->problem;
}
