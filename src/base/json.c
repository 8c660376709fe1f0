/*
 * json.c - JSON values: look-ups, comparison, builders.
 */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { JSON_FIRST_CAPACITY = 4, JSON_SORT_FROM = 16 };

const struct json json_null = {.kind = JSON_NULL};
const struct json json_true = {.kind = JSON_BOOL, .boolean = true};
const struct json json_false = {.kind = JSON_BOOL, .boolean = false};

static const char *const json_kind_names[] = {
    [JSON_NULL] = "null",       [JSON_BOOL] = "a boolean",  [JSON_INT] = "an integer",
    [JSON_REAL] = "a number",   [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
    [JSON_OBJECT] = "an object"};

/* --- look-ups --- */

bool json_is(const struct json *value, enum json_kind kind)
{
    return value && value->kind == kind;
}

bool json_is_number(const struct json *value)
{
    return json_is(value, JSON_INT) || json_is(value, JSON_REAL);
}

static struct json_member *json_find(const struct json *object, const char *name)
{
    for (uint32_t i = 0; i < object->count; i++) {
        if (strcmp(object->members[i].name, name) == 0)
            return &object->members[i];
    }
    return NULL;
}

const struct json *json_get(const struct json *object, const char *name)
{
    const struct json_member *member;

    if (!json_is(object, JSON_OBJECT))
        return NULL;
    member = json_find(object, name);
    return member ? member->value : NULL;
}

const char *json_get_string(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);

    return json_is(value, JSON_STRING) ? value->string : NULL;
}

bool json_get_int(const struct json *object, const char *name, int64_t *ret)
{
    const struct json *value = json_get(object, name);

    if (!json_is(value, JSON_INT))
        return false;
    *ret = value->integer;
    return true;
}

bool json_get_bool(const struct json *object, const char *name, bool fallback)
{
    const struct json *value = json_get(object, name);

    return json_is(value, JSON_BOOL) ? value->boolean : fallback;
}

double json_number(const struct json *number)
{
    CHECK(json_is_number(number));
    return number->kind == JSON_INT ? (double)number->integer : number->real;
}

const char *json_kind_name(enum json_kind kind)
{
    CHECK(kind < ARRAY_SIZE(json_kind_names));
    return json_kind_names[kind];
}

unsigned json_depth(const struct json *value)
{
    unsigned deepest = 0;

    if (value->kind != JSON_ARRAY && value->kind != JSON_OBJECT)
        return 0;
    for (uint32_t i = 0; i < value->count; i++) {
        unsigned depth =
            json_depth(value->kind == JSON_ARRAY ? value->items[i] : value->members[i].value);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* --- comparison --- */

/* Exact: an integer beyond 2^53 is not equal to the real it would be rounded to. */
static bool json_equal_int_real(int64_t integer, double real)
{
    if (real < -9223372036854775808.0 || real >= 9223372036854775808.0)
        return false;
    return (int64_t)real == integer && (double)(int64_t)real == real;
}

static bool json_equal_numbers(const struct json *a, const struct json *b)
{
    if (a->kind == JSON_INT && b->kind == JSON_INT)
        return a->integer == b->integer;
    if (a->kind == JSON_INT)
        return json_equal_int_real(a->integer, b->real);
    if (b->kind == JSON_INT)
        return json_equal_int_real(b->integer, a->real);
    return a->real == b->real;
}

static int json_compare_names(const void *a, const void *b)
{
    const struct json_member *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static const struct json_member **json_sorted(const struct json *object)
{
    const struct json_member **sorted = xalloc(object->count * sizeof(struct json_member *));

    for (uint32_t i = 0; i < object->count; i++)
        sorted[i] = &object->members[i];
    qsort(sorted, object->count, sizeof(sorted[0]), json_compare_names);
    return sorted;
}

/* For large objects whose members stand in different orders: a search for each would be quadratic.
 */
static bool json_equal_sorted(const struct json *a, const struct json *b)
{
    const struct json_member **left = json_sorted(a), **right = json_sorted(b);
    bool equal = true;

    for (uint32_t i = 0; equal && i < a->count; i++)
        equal = strcmp(left[i]->name, right[i]->name) == 0 &&
                json_equal(left[i]->value, right[i]->value);
    free(left);
    free(right);
    return equal;
}

static bool json_equal_objects(const struct json *a, const struct json *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct json_member *member = &b->members[i];

        if (strcmp(a->members[i].name, member->name) != 0) {
            if (a->count >= JSON_SORT_FROM)
                return json_equal_sorted(a, b);
            member = json_find(b, a->members[i].name);
        }
        if (!member || !json_equal(a->members[i].value, member->value))
            return false;
    }
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (a == b)
        return true;
    if (!a || !b)
        return false;
    if (json_is_number(a) && json_is_number(b))
        return json_equal_numbers(a, b);
    if (a->kind != b->kind || a->count != b->count)
        return false;
    switch (a->kind) {
    case JSON_BOOL:
        return a->boolean == b->boolean;
    case JSON_STRING:
        return memcmp(a->string, b->string, a->count) == 0;
    case JSON_ARRAY:
        for (uint32_t i = 0; i < a->count; i++) {
            if (!json_equal(a->items[i], b->items[i]))
                return false;
        }
        return true;
    case JSON_OBJECT:
        return json_equal_objects(a, b);
    default:
        return true;
    }
}

/* --- builders --- */

static struct json *json_new(struct arena *arena, enum json_kind kind)
{
    struct json *value = ARENA_NEW(arena, struct json);

    value->kind = kind;
    return value;
}

const struct json *json_bool(bool value)
{
    return value ? &json_true : &json_false;
}

const struct json *json_int(struct arena *arena, int64_t value)
{
    struct json *json = json_new(arena, JSON_INT);

    json->integer = value;
    return json;
}

const struct json *json_real(struct arena *arena, double value)
{
    struct json *json = json_new(arena, JSON_REAL);

    CHECK(isfinite(value));
    json->real = value;
    return json;
}

const struct json *json_string_n(struct arena *arena, const char *text, size_t len)
{
    struct json *json = json_new(arena, JSON_STRING);

    CHECK(len < UINT32_MAX);
    json->string = arena_string_n(arena, text, len);
    json->count = (uint32_t)len;
    return json;
}

const struct json *json_string(struct arena *arena, const char *text)
{
    return text ? json_string_n(arena, text, strlen(text)) : &json_null;
}

struct json *json_array(struct arena *arena)
{
    return json_new(arena, JSON_ARRAY);
}

struct json *json_object(struct arena *arena)
{
    return json_new(arena, JSON_OBJECT);
}

/* Room for one more; the old place stays in the arena, at most as much again as the new one. */
static void json_grow(struct arena *arena, struct json *value, size_t element)
{
    void *moved;

    if (value->count < value->capacity)
        return;
    CHECK(value->count < UINT32_MAX / 2);
    value->capacity = value->capacity ? value->capacity * 2 : JSON_FIRST_CAPACITY;
    moved = arena_alloc(arena, value->capacity * element);
    if (value->count)
        memcpy(moved, value->kind == JSON_ARRAY ? (void *)value->items : (void *)value->members,
               value->count * element);
    if (value->kind == JSON_ARRAY)
        value->items = moved;
    else
        value->members = moved;
}

void json_push(struct arena *arena, struct json *array, const struct json *item)
{
    CHECK(array->kind == JSON_ARRAY);
    CHECK(item != NULL);
    json_grow(arena, array, sizeof(array->items[0]));
    array->items[array->count++] = item;
}

void json_add(struct arena *arena, struct json *object, const char *name, const struct json *value)
{
    CHECK(object->kind == JSON_OBJECT);
    CHECK(value != NULL);
    json_grow(arena, object, sizeof(object->members[0]));
    object->members[object->count++] =
        (struct json_member){.name = arena_string(arena, name), .value = value};
}

void json_set(struct arena *arena, struct json *object, const char *name, const struct json *value)
{
    struct json_member *member;

    CHECK(object->kind == JSON_OBJECT);
    CHECK(value != NULL);
    member = json_find(object, name);
    if (member)
        member->value = value;
    else
        json_add(arena, object, name, value);
}

const struct json *json_with(struct arena *arena, const struct json *object, const char *name,
                             const struct json *value)
{
    struct json *copy = json_object(arena);

    CHECK(object->kind == JSON_OBJECT);
    copy->capacity = object->count + 1;
    copy->members = ARENA_ARRAY(arena, struct json_member, copy->capacity);
    copy->count = object->count;
    if (object->count)
        memcpy(copy->members, object->members, object->count * sizeof(object->members[0]));
    json_set(arena, copy, name, value);
    return copy;
}

static const struct json *json_copy_array(struct arena *arena, const struct json *value)
{
    struct json *copy = json_array(arena);

    copy->count = copy->capacity = value->count;
    copy->items = ARENA_ARRAY(arena, const struct json *, value->count);
    for (uint32_t i = 0; i < value->count; i++)
        copy->items[i] = json_copy(arena, value->items[i]);
    return copy;
}

static const struct json *json_copy_object(struct arena *arena, const struct json *value)
{
    struct json *copy = json_object(arena);

    copy->count = copy->capacity = value->count;
    copy->members = ARENA_ARRAY(arena, struct json_member, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        copy->members[i].name = arena_string(arena, value->members[i].name);
        copy->members[i].value = json_copy(arena, value->members[i].value);
    }
    return copy;
}

const struct json *json_copy(struct arena *arena, const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        return &json_null;
    case JSON_BOOL:
        return json_bool(value->boolean);
    case JSON_STRING:
        return json_string_n(arena, value->string, value->count);
    case JSON_ARRAY:
        return json_copy_array(arena, value);
    case JSON_OBJECT:
        return json_copy_object(arena, value);
    default:
        return arena_copy(arena, value, sizeof(*value));
    }
}
