/*
 * fuzz_json.c - whatever json_parse accepts is printed, read back and equal; what it refuses has a
 * place.
 */
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json *fuzz_read(struct arena *arena, const char *text, size_t len)
{
    const struct json *value = NULL;
    struct fault fault = {0};
    enum err err = json_parse(arena, text, len, &value, &fault);

    if (!err)
        return value;
    CHECK(err == ERR_INVALID_REQUEST);
    CHECK(fault.err == err);
    CHECK(fault.detail != NULL);
    CHECK(strstr(fault.detail, " (line ") != NULL);
    CHECK(!fault.pointer || fault.pointer[0] == '/' || fault.pointer[0] == '\0');
    return NULL;
}

static char *fuzz_canonical(struct arena *arena, const struct json *value)
{
    struct buf buf;

    buf_init(&buf, arena, 1 << 24);
    json_print_canonical(&buf, value);
    CHECK(!buf.overflow);
    return buf.data;
}

static void fuzz_value(struct arena *arena, const struct json *value)
{
    char *text = json_text(arena, value);
    const struct json *again = fuzz_read(arena, text, strlen(text));
    char *canonical = fuzz_canonical(arena, value);
    struct buf indented;

    CHECK(again != NULL);
    CHECK(json_equal(value, again));
    CHECK(json_equal(value, json_copy(arena, value)));
    CHECK(strcmp(text, json_text(arena, again)) == 0);
    CHECK(json_size(value) == strlen(text));
    CHECK(strcmp(canonical, fuzz_canonical(arena, again)) == 0);
    buf_init(&indented, arena, 1 << 24);
    json_print_indented(&indented, value);
    again = fuzz_read(arena, indented.data, indented.len);
    CHECK(again != NULL);
    CHECK(json_equal(value, again));
    /* A real from 2^63 to below 1e21 has the canonical form of an integer that we refuse to read.
     */
    again = fuzz_read(arena, canonical, strlen(canonical));
    if (again)
        CHECK(strcmp(canonical, fuzz_canonical(arena, again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    /* A copy of its own, so that a byte read beyond the end is found. */
    char *text = size ? malloc(size) : NULL;
    const struct json *value;

    if (size)
        memcpy(text, data, size);
    value = fuzz_read(arena, text, size);
    if (value)
        fuzz_value(arena, value);
    free(text);
    arena_free(arena);
    return 0;
}
