/*
 * json.h - JSON values that live as long as their arena.
 *
 * A value is immutable once it has been handed on: share subtrees freely inside one arena, copy to
 * keep longer (json_copy). Integers are exact int64, other numbers are binary64; what fits neither
 * is refused, never rounded in silence. Objects keep the order of their members. Text is UTF-8
 * without U+0000. Builders (json_set, json_push) may be used only by whoever made the value, before
 * handing it on.
 */
#ifndef FERMATA_BASE_JSON_H
#define FERMATA_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;
struct buf;

/* libjansson, which reads for us and for libjose, exports functions of these names: ours are linked
 * by others. A file may still include only one of the two headers. */
#define JSON_LINKED_AS(name) __asm__("fermata_" #name)

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_member {
    const char *name;
    const struct json *value;
};

struct json {
    enum json_kind kind;
    uint32_t count;    /* bytes of a string, items of an array, members of an object */
    uint32_t capacity; /* of items or members, while it is being built */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *string; /* NUL-terminated */
        const struct json **items;
        struct json_member *members;
    };
};

/*
 * Reads one JSON value (RFC 8259), any kind at the top. Refused with ERR_INVALID_REQUEST and a
 * detail that names line and column: syntax errors, duplicate member names, depth over
 * LIMIT_JSON_DEPTH, numbers out of range, invalid UTF-8, lone surrogates, U+0000, trailing bytes, a
 * byte order mark. Where the offending place has a path (duplicate names, depth), fault->pointer
 * names it. `text` need not be terminated.
 */
enum err json_parse(struct arena *arena, const char *text, size_t len, const struct json **ret,
                    struct fault *reterr) MUST_CHECK;

/* Reads what we stored ourselves; stops the process on anything json_parse refuses (but for depth:
 * what has been built or wrapped by us may be nested up to 2,000 levels). */
const struct json *json_stored(struct arena *arena, const char *text);

/* Shortest text that reads back equal; reals always look like reals (1.0, 1e+300). */
void json_print(struct buf *buf, const struct json *value);
char *json_text(struct arena *arena, const struct json *value);
/* Canonical text (RFC 8785): members sorted by UTF-16 code units, ECMAScript numbers. */
void json_print_canonical(struct buf *buf, const struct json *value);
/* A JSON string literal with quotes. */
void json_print_string(struct buf *buf, const char *text, size_t len);
void json_print_indented(struct buf *buf, const struct json *value); /* for people: 2 spaces */

/* Null-safe look-ups; null when absent or of another kind. */
const struct json *json_get(const struct json *object, const char *name);
const char *json_get_string(const struct json *object, const char *name);
bool json_get_int(const struct json *object, const char *name, int64_t *ret);
bool json_get_bool(const struct json *object, const char *name, bool fallback);
bool json_is(const struct json *value, enum json_kind kind); /* false for a null pointer */
bool json_is_number(const struct json *value);
double json_number(const struct json *number); /* JSON_INT or JSON_REAL */
/* 1 equals 1.0; member order is ignored. */
bool json_equal(const struct json *a, const struct json *b) JSON_LINKED_AS(json_equal);
unsigned json_depth(const struct json *value);   /* 0 for a scalar, 1 for [], 2 for [[]] */
const char *json_kind_name(enum json_kind kind); /* "an object", "a string", ... */

/* Builders. Constants need no arena. */
extern const struct json json_null JSON_LINKED_AS(json_null);
extern const struct json json_true JSON_LINKED_AS(json_true);
extern const struct json json_false JSON_LINKED_AS(json_false);
const struct json *json_bool(bool value);
const struct json *json_int(struct arena *arena, int64_t value);
/* `value` is finite. */
const struct json *json_real(struct arena *arena, double value) JSON_LINKED_AS(json_real);
/* null gives json_null */
const struct json *json_string(struct arena *arena, const char *text) JSON_LINKED_AS(json_string);
const struct json *json_string_n(struct arena *arena, const char *text, size_t len);
struct json *json_array(struct arena *arena) JSON_LINKED_AS(json_array);
struct json *json_object(struct arena *arena) JSON_LINKED_AS(json_object);
void json_push(struct arena *arena, struct json *array, const struct json *item);
/* Replaces a member of that name, else appends. json_add does not look: the name must be new. */
void json_set(struct arena *arena, struct json *object, const char *name, const struct json *value);
void json_add(struct arena *arena, struct json *object, const char *name, const struct json *value);
/* A shallow copy of object with one member replaced or appended; the rest is shared. */
const struct json *json_with(struct arena *arena, const struct json *object, const char *name,
                             const struct json *value);
/* deep */
const struct json *json_copy(struct arena *arena, const struct json *value)
    JSON_LINKED_AS(json_copy);
size_t json_size(const struct json *value); /* bytes json_print would write */

#endif
