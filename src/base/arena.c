/*
 * arena.c - chunks of memory, handed out from front to back, given back all at once.
 *
 * The newest chunk is first in the list and the only one that is cut from; each is twice as large
 * as the one before, up to a limit. Under AddressSanitizer everything not handed out is poisoned.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
enum { ARENA_GAP = 16 }; /* poisoned bytes between two allocations */
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
enum { ARENA_GAP = 0 };
#endif

enum { ARENA_FIRST = 4096, ARENA_LARGEST = 1 << 20, ARENA_ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t used, capacity;
    _Alignas(ARENA_ALIGN) char bytes[];
};

struct arena {
    struct arena_chunk *chunk;
    size_t bytes;
};

static struct arena_chunk *arena_chunk_new(struct arena_chunk *older, size_t capacity)
{
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + capacity);

    if (!chunk)
        die("out of memory (%zu bytes)", capacity);
    *chunk = (struct arena_chunk){.older = older, .capacity = capacity};
    ASAN_POISON_MEMORY_REGION(chunk->bytes, capacity);
    return chunk;
}

struct arena *arena_new(void)
{
    struct arena *arena = xalloc(sizeof(*arena));

    arena->chunk = arena_chunk_new(NULL, ARENA_FIRST - sizeof(struct arena_chunk));
    return arena;
}

static void arena_chunk_free(struct arena_chunk *chunk)
{
    ASAN_UNPOISON_MEMORY_REGION(chunk->bytes, chunk->capacity);
    free(chunk);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *older;

    for (older = arena->chunk->older; older; older = arena->chunk->older) {
        arena_chunk_free(arena->chunk);
        arena->chunk = older;
    }
    ASAN_POISON_MEMORY_REGION(arena->chunk->bytes, arena->chunk->capacity);
    arena->chunk->used = 0;
    arena->bytes = 0;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    arena_chunk_free(arena->chunk);
    free(arena);
}

static void *arena_take(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = arena->chunk;
    size_t rounded, capacity;
    char *at;

    CHECK(bytes < SIZE_MAX / 4);
    rounded = (bytes + ARENA_GAP + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (rounded > chunk->capacity - chunk->used) {
        capacity = chunk->capacity < ARENA_LARGEST ? chunk->capacity * 2 : ARENA_LARGEST;
        chunk = arena_chunk_new(chunk, rounded > capacity ? rounded : capacity);
        arena->chunk = chunk;
    }
    at = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->bytes += bytes;
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    return at;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *at = arena_take(arena, bytes);

    memset(at, 0, bytes);
    return at;
}

void *arena_copy(struct arena *arena, const void *from, size_t bytes)
{
    void *at = arena_take(arena, bytes);

    if (bytes)
        memcpy(at, from, bytes);
    return at;
}

char *arena_string_n(struct arena *arena, const char *from, size_t len)
{
    char *at = arena_take(arena, len + 1);

    if (len)
        memcpy(at, from, len);
    at[len] = '\0';
    return at;
}

char *arena_string(struct arena *arena, const char *from)
{
    return from ? arena_string_n(arena, from, strlen(from)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    char text[256];
    int len;

    va_copy(again, args);
    len = vsnprintf(text, sizeof(text), format, args);
    CHECK(len >= 0);
    char *at = arena_take(arena, (size_t)len + 1);
    if ((size_t)len < sizeof(text))
        memcpy(at, text, (size_t)len + 1);
    else
        vsnprintf(at, (size_t)len + 1, format, again);
    va_end(again);
    return at;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *at;

    va_start(args, format);
    at = arena_vprintf(arena, format, args);
    va_end(args);
    return at;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->bytes;
}

void *xalloc(size_t bytes)
{
    void *memory = calloc(1, bytes ? bytes : 1);

    if (!memory)
        die("out of memory (%zu bytes)", bytes);
    return memory;
}

void *xrealloc(void *memory, size_t bytes)
{
    void *moved = realloc(memory, bytes ? bytes : 1);

    if (!moved)
        die("out of memory (%zu bytes)", bytes);
    return moved;
}

char *xstrdup(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        die("out of memory (%zu bytes)", strlen(text) + 1);
    return copy;
}
