/*
 * buf.h - a growing piece of text or bytes that knows its maximum from birth.
 *
 * Invariant: data is NUL-terminated at len. A buf in an arena needs no clean-up; growing past
 * bytes_max sets `overflow`, drops what came after, and later appends do nothing, so that a writer
 * checks once, at the end. A buf whose arena is null only counts: len is what would have been
 * written.
 */
#ifndef FERMATA_BASE_BUF_H
#define FERMATA_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct arena;

/* For what we make ourselves, from rows that have limits of their own. */
#define BUF_BYTES_OWN ((size_t)1 << 40)

struct buf {
    struct arena *arena;
    char *data;
    size_t len;
    size_t capacity;
    size_t bytes_max;
    bool overflow;
};

void buf_init(struct buf *buf, struct arena *arena, size_t bytes_max);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_int(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
