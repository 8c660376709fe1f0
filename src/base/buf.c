/*
 * buf.c - a growing piece of text or bytes that knows its maximum from birth.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { BUF_FIRST = 128 };

static char buf_empty[1]; /* what a counting buf shows as its text; never written */

void buf_init(struct buf *buf, struct arena *arena, size_t bytes_max)
{
    CHECK(bytes_max < SIZE_MAX / 4);
    *buf = (struct buf){.arena = arena, .data = buf_empty, .bytes_max = bytes_max};
    if (!arena)
        return;
    buf->capacity = BUF_FIRST;
    buf->data = arena_alloc(arena, BUF_FIRST);
}

static void buf_grow(struct buf *buf, size_t need)
{
    size_t capacity = buf->capacity * 2;
    char *data;

    while (capacity < need)
        capacity *= 2;
    data = arena_alloc(buf->arena, capacity);
    memcpy(data, buf->data, buf->len);
    buf->data = data;
    buf->capacity = capacity;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (buf->overflow)
        return;
    if (len > buf->bytes_max - buf->len) {
        buf->overflow = true;
        return;
    }
    if (buf->arena && len) {
        if (buf->len + len + 1 > buf->capacity)
            buf_grow(buf, buf->len + len + 1);
        memcpy(buf->data + buf->len, data, len);
        buf->data[buf->len + len] = '\0';
    }
    buf->len += len;
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_int(struct buf *buf, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    /* Unsigned, because the smallest int64 has no positive counterpart. */
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    buf_add(buf, digits + at, sizeof(digits) - at);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char text[512];
    va_list args, again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(text, sizeof(text), format, args);
    CHECK(len >= 0);
    if ((size_t)len < sizeof(text)) {
        buf_add(buf, text, (size_t)len);
    } else {
        char *longer = xalloc((size_t)len + 1);

        vsnprintf(longer, (size_t)len + 1, format, again);
        buf_add(buf, longer, (size_t)len);
        free(longer);
    }
    va_end(again);
    va_end(args);
}
