/*
 * arena.h - memory that is given back all at once.
 *
 * An arena belongs to a lifetime: the process, a request, a turn. What is allocated in it lives
 * until arena_reset or arena_free; nothing is freed alone. Allocation never fails: out of memory
 * stops the process (state is durable, and every size a client controls has a limit in limits.h
 * long before). An arena is used by one thread at a time.
 */
#ifndef FERMATA_BASE_ARENA_H
#define FERMATA_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/check.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);  /* null is allowed */
void arena_reset(struct arena *arena); /* frees everything but the first chunk */

/* Zeroed memory aligned for any type. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_copy(struct arena *arena, const void *from, size_t bytes);
char *arena_string(struct arena *arena, const char *from); /* null gives null */
char *arena_string_n(struct arena *arena, const char *from, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

size_t arena_bytes(const struct arena *arena); /* handed out since the last reset */

/* Heap memory for the few things with another lifetime; never null. */
void *xalloc(size_t bytes); /* zeroed */
void *xrealloc(void *memory, size_t bytes);
char *xstrdup(const char *text);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

#endif
