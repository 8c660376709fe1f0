/*
 * json_print.c - JSON values as text: plain, canonical (RFC 8785), indented.
 *
 * Reals are written with the fewest digits that read back equal, laid out as ECMAScript's
 * Number::toString does. The plain forms keep integers and reals apart: a real always has a point
 * or an exponent (1.0), and minus zero is -0.0. The canonical form has one spelling for equal
 * numbers (1, and 0 for minus zero).
 */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { JSON_DIGITS_MAX = 17, JSON_TEXT_MAX = 1 << 30 };

/* A positive real as 0.d1d2d3... times ten to the power of `point`. */
struct json_digits {
    char text[JSON_DIGITS_MAX + 1];
    int count;
    int point;
};

/* --- numbers --- */

/* Reads "d.ddde+xx" (a result of %.*e) into digits and exponent. */
static void json_digits_read(const char *text, struct json_digits *ret)
{
    const char *at;

    ret->count = 0;
    for (at = text; *at != 'e'; at++) {
        if (*at != '.')
            ret->text[ret->count++] = *at;
    }
    ret->point = (int)strtol(at + 1, NULL, 10) + 1;
}

static bool json_digits_equal(const struct json_digits *digits, double value)
{
    char text[40];

    snprintf(text, sizeof(text), "0.%.*se%d", digits->count, digits->text, digits->point);
    return strtod(text, NULL) == value;
}

/* One more in the last place. */
static void json_digits_raise(struct json_digits *digits)
{
    int at = digits->count - 1;

    while (at >= 0 && digits->text[at] == '9')
        digits->text[at--] = '0';
    if (at >= 0) {
        digits->text[at]++;
        return;
    }
    digits->text[0] = '1'; /* 99 became 100: all the others are zero now */
    digits->point++;
}

/*
 * The fewest digits that read back as `value` (positive, finite). A normal double is told apart
 * from its neighbours by 17 digits, and no two numbers of 15 digits are the same double: so 15, 16,
 * 17 are tried and trailing zeros dropped; below the normal range fewer may do. At a power of two
 * the gap below is half of that above, so the nearest number of that length may miss while the next
 * one up still hits.
 */
static void json_digits(double value, struct json_digits *ret)
{
    int exponent;
    bool power_of_two = frexp(value, &exponent) == 0.5;
    char text[40];

    for (int count = value < DBL_MIN ? 1 : DBL_DIG; count <= JSON_DIGITS_MAX; count++) {
        snprintf(text, sizeof(text), "%.*e", count - 1, value);
        json_digits_read(text, ret);
        if (json_digits_equal(ret, value))
            break;
        if (!power_of_two || count == JSON_DIGITS_MAX)
            continue;
        json_digits_raise(ret);
        if (json_digits_equal(ret, value))
            break;
    }
    while (ret->count > 1 && ret->text[ret->count - 1] == '0')
        ret->count--;
}

static void json_print_zeros(struct buf *buf, int count)
{
    for (int i = 0; i < count; i++)
        buf_char(buf, '0');
}

/* ECMA-262, Number::toString: plain digits from 1e-6 to below 1e21, else an exponent. */
static void json_print_digits(struct buf *buf, const struct json_digits *digits, bool mark_real)
{
    int count = digits->count, point = digits->point;

    if (point > 0 && point <= 21) {
        buf_add(buf, digits->text, (size_t)(count < point ? count : point));
        json_print_zeros(buf, point - count);
        if (count > point) {
            buf_char(buf, '.');
            buf_add(buf, digits->text + point, (size_t)(count - point));
        } else if (mark_real) {
            buf_text(buf, ".0");
        }
    } else if (point > -6 && point <= 0) {
        buf_text(buf, "0.");
        json_print_zeros(buf, -point);
        buf_add(buf, digits->text, (size_t)count);
    } else {
        buf_char(buf, digits->text[0]);
        if (count > 1) {
            buf_char(buf, '.');
            buf_add(buf, digits->text + 1, (size_t)count - 1);
        }
        buf_text(buf, point > 0 ? "e+" : "e-");
        buf_int(buf, point > 0 ? point - 1 : 1 - point);
    }
}

static void json_print_real(struct buf *buf, double value, bool canonical)
{
    struct json_digits digits;

    CHECK(isfinite(value));
    if (value == 0) {
        buf_text(buf, canonical ? "0" : signbit(value) ? "-0.0" : "0.0");
        return;
    }
    /* The common case without the search: whole numbers that any layout would write out. */
    if (fabs(value) < 1e15 && value == (double)(int64_t)value) {
        buf_int(buf, (int64_t)value);
        if (!canonical)
            buf_text(buf, ".0");
        return;
    }
    if (value < 0)
        buf_char(buf, '-');
    json_digits(fabs(value), &digits);
    json_print_digits(buf, &digits, !canonical);
}

/* --- strings --- */

/* Exactly the escapes of RFC 8785: short forms where there are any, lower-case hexadecimal, nothing
 * else. */
void json_print_string(struct buf *buf, const char *text, size_t len)
{
    static const char short_forms[] = "btn\0fr"; /* 8, 9, 10, (11), 12, 13 */
    size_t plain = 0;

    buf_char(buf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(buf, text + plain, i - plain);
        plain = i + 1;
        buf_char(buf, '\\');
        if (c >= 0x20)
            buf_char(buf, (char)c);
        else if (c >= 8 && c <= 13 && c != 11)
            buf_char(buf, short_forms[c - 8]);
        else
            buf_printf(buf, "u%04x", (unsigned)c);
    }
    buf_add(buf, text + plain, len - plain);
    buf_char(buf, '"');
}

/* --- values --- */

struct json_printer {
    struct buf *buf;
    bool canonical;
    bool indented;
};

static void json_print_value(const struct json_printer *printer, const struct json *value,
                             unsigned depth);

static void json_print_break(const struct json_printer *printer, unsigned depth)
{
    if (!printer->indented)
        return;
    buf_char(printer->buf, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_text(printer->buf, "  ");
}

static void json_print_array(const struct json_printer *printer, const struct json *array,
                             unsigned depth)
{
    buf_char(printer->buf, '[');
    for (uint32_t i = 0; i < array->count; i++) {
        if (i)
            buf_char(printer->buf, ',');
        json_print_break(printer, depth + 1);
        json_print_value(printer, array->items[i], depth + 1);
    }
    if (array->count)
        json_print_break(printer, depth);
    buf_char(printer->buf, ']');
}

/*
 * The order of UTF-16 code units, from UTF-8: it is the order of bytes, but that characters beyond
 * U+FFFF (which begin with F0 to F4) are surrogates there and come before U+E000 to U+FFFF (which
 * begin with EE and EF).
 */
static int json_rank(unsigned char byte)
{
    return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
}

static int json_compare_utf16(const void *a, const void *b)
{
    const unsigned char *left = (const unsigned char *)((const struct json_member *)a)->name;
    const unsigned char *right = (const unsigned char *)((const struct json_member *)b)->name;

    while (*left && *left == *right) {
        left++;
        right++;
    }
    return json_rank(*left) - json_rank(*right);
}

static void json_print_object(const struct json_printer *printer, const struct json *object,
                              unsigned depth)
{
    const struct json_member *members = object->members;
    struct json_member *sorted = NULL;

    if (printer->canonical && object->count > 1) {
        sorted = xalloc(object->count * sizeof(*sorted));
        memcpy(sorted, members, object->count * sizeof(*sorted));
        qsort(sorted, object->count, sizeof(*sorted), json_compare_utf16);
        members = sorted;
    }
    buf_char(printer->buf, '{');
    for (uint32_t i = 0; i < object->count; i++) {
        if (i)
            buf_char(printer->buf, ',');
        json_print_break(printer, depth + 1);
        json_print_string(printer->buf, members[i].name, strlen(members[i].name));
        buf_text(printer->buf, printer->indented ? ": " : ":");
        json_print_value(printer, members[i].value, depth + 1);
    }
    if (object->count)
        json_print_break(printer, depth);
    buf_char(printer->buf, '}');
    free(sorted);
}

static void json_print_value(const struct json_printer *printer, const struct json *value,
                             unsigned depth)
{
    struct buf *buf = printer->buf;

    switch (value->kind) {
    case JSON_NULL:
        buf_text(buf, "null");
        break;
    case JSON_BOOL:
        buf_text(buf, value->boolean ? "true" : "false");
        break;
    case JSON_INT:
        /* RFC 8785 knows binary64 only; beyond 2^53 we write the exact integer all the same: two
         * integers that differ must not have the same canonical text. */
        buf_int(buf, value->integer);
        break;
    case JSON_REAL:
        json_print_real(buf, value->real, printer->canonical);
        break;
    case JSON_STRING:
        json_print_string(buf, value->string, value->count);
        break;
    case JSON_ARRAY:
        json_print_array(printer, value, depth);
        break;
    case JSON_OBJECT:
        json_print_object(printer, value, depth);
        break;
    }
}

void json_print(struct buf *buf, const struct json *value)
{
    json_print_value(&(struct json_printer){.buf = buf}, value, 0);
}

void json_print_canonical(struct buf *buf, const struct json *value)
{
    json_print_value(&(struct json_printer){.buf = buf, .canonical = true}, value, 0);
}

void json_print_indented(struct buf *buf, const struct json *value)
{
    json_print_value(&(struct json_printer){.buf = buf, .indented = true}, value, 0);
}

char *json_text(struct arena *arena, const struct json *value)
{
    struct buf buf;

    buf_init(&buf, arena, JSON_TEXT_MAX);
    json_print(&buf, value);
    CHECK(!buf.overflow);
    return buf.data;
}

size_t json_size(const struct json *value)
{
    struct buf counting;

    buf_init(&counting, NULL, JSON_TEXT_MAX);
    json_print(&counting, value);
    CHECK(!counting.overflow);
    return counting.len;
}
