/*
 * json_parse.c - text to JSON values: jansson reads and judges, the result is copied into the
 * arena.
 *
 * jansson 2.14 is strict about syntax, UTF-8, surrogates and U+0000, refuses integers outside int64
 * and reals outside binary64, and stops at 2,048 levels by itself. Added here: a NUL byte (which it
 * overlooks after a number), our own limit of depth, and the path of the offending place. An
 * integer -0 is read as 0; a real -0.0 keeps its sign; a real too small for binary64 becomes the
 * nearest one, like any other.
 */
#include "base/json.h"

#include <limits.h>
#include <string.h>

/* Both headers name their kinds and some functions alike (only we are linked under other names, see
 * json.h). */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_REAL JANSSON_REAL
#define JSON_NULL JANSSON_NULL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_INTEGER JANSSON_INTEGER
#define json_object jansson_object
#define json_array jansson_array
#define json_string jansson_string
#define json_real jansson_real
#define json_true jansson_true
#define json_false jansson_false
#define json_null jansson_null
#define json_equal jansson_equal
#define json_copy jansson_copy
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_REAL
#undef JSON_NULL
#undef json_object
#undef json_array
#undef json_string
#undef json_real
#undef json_true
#undef json_false
#undef json_null
#undef json_equal
#undef json_copy
#undef json_is_number

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

enum { JSON_STORED_DEPTH = 2000, JSON_TEXT_BYTES_MAX = 1 << 30, JSON_POINTER_BYTES_MAX = 1024 };

struct json_reader {
    struct arena *arena;
    unsigned depth_max;
    bool too_deep;
};

/* --- where in the text --- */

/* Where a text has been read to: line and column (of characters, from 1), and the containers around
 * it. */
struct json_place {
    unsigned line;
    unsigned column;
    unsigned depth; /* may exceed the stack by one */
    struct {
        bool is_array;
        uint32_t index;
        const char *name; /* of the member: its literal with quotes, or null before the first */
        size_t name_len;
    } stack[LIMIT_JSON_DEPTH];
};

static void json_place_bracket(struct json_place *place, char c)
{
    if (c == ']' || c == '}') {
        if (place->depth > 0)
            place->depth--;
        return;
    }
    if (place->depth < LIMIT_JSON_DEPTH) {
        place->stack[place->depth].is_array = c == '[';
        place->stack[place->depth].index = 0;
        place->stack[place->depth].name = NULL;
    }
    place->depth++;
}

/* The length of the string literal at text[0], which is a quote; at most len. */
static size_t json_literal_bytes(const char *text, size_t len)
{
    size_t at = 1;

    while (at < len && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at < len ? at + 1 : len;
}

static void json_place_count(struct json_place *place, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            place->line++;
            place->column = 0;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            place->column++;
        }
    }
}

/*
 * Walks to `stop`, or to where the depth goes beyond the limit. The text before that is sound
 * (jansson has read it), so looking at brackets, commas and strings is enough. A string counts as a
 * name until a value follows: the last one before a duplicate's place is the name itself.
 */
static void json_place_find(struct json_place *place, const char *text, size_t stop)
{
    bool name_next = false;
    size_t step;

    memset(place, 0, sizeof(*place));
    place->line = 1;
    for (size_t at = 0; at < stop && place->depth <= LIMIT_JSON_DEPTH; at += step) {
        unsigned top = place->depth - 1;
        char c = text[at];

        step = c == '"' ? json_literal_bytes(text + at, stop - at) : 1;
        if (c == '"' && name_next) {
            place->stack[top].name = text + at;
            place->stack[top].name_len = step;
            name_next = false;
        } else if (c == ',' && place->depth > 0) {
            place->stack[top].index++;
            name_next = !place->stack[top].is_array;
        } else if (c == '[' || c == '{' || c == ']' || c == '}') {
            json_place_bracket(place, c);
            name_next = c == '{';
        }
        json_place_count(place, text + at, step);
    }
}

static void json_pointer_name(struct buf *pointer, const char *literal, size_t len)
{
    json_t *name = json_loadb(literal, len, JSON_DECODE_ANY, NULL);

    if (!name)
        return; /* cut off by the end of the text: the path ends before it */
    buf_char(pointer, '/');
    for (const char *at = json_string_value(name); *at; at++) {
        if (*at == '~')
            buf_text(pointer, "~0");
        else if (*at == '/')
            buf_text(pointer, "~1");
        else
            buf_char(pointer, *at);
    }
    json_decref(name);
}

/* The RFC 6901 pointer of a place; null when it would be too long to be of use. */
static const char *json_place_pointer(struct arena *arena, const struct json_place *place)
{
    unsigned depth = place->depth < LIMIT_JSON_DEPTH ? place->depth : LIMIT_JSON_DEPTH;
    struct buf pointer;

    buf_init(&pointer, arena, JSON_POINTER_BYTES_MAX);
    for (unsigned i = 0; i < depth; i++) {
        if (place->stack[i].is_array)
            buf_printf(&pointer, "/%u", place->stack[i].index);
        else if (place->stack[i].name)
            json_pointer_name(&pointer, place->stack[i].name, place->stack[i].name_len);
    }
    return pointer.overflow ? NULL : pointer.data;
}

/* --- what is wrong --- */

struct json_reason {
    enum json_error_code code;
    bool has_place; /* the text before it is sound, so that it has a path */
    const char *text;
};

static const struct json_reason json_reasons[] = {
    {json_error_duplicate_key,          true,  "a member name appears twice in one object"   },
    {json_error_numeric_overflow,       true,  "a number is out of range (int64 or binary64)"},
    {json_error_stack_overflow,         false, "the value is nested too deeply"              },
    {json_error_invalid_utf8,           false, "the text is not valid UTF-8"                 },
    {json_error_premature_end_of_input, false, "the text ends too early"                     },
    {json_error_end_of_input_expected,  false, "something follows after the value"           },
    {json_error_null_character,         false, "U+0000 is not allowed in a string"           },
    {json_error_null_byte_in_key,       false, "U+0000 is not allowed in a member name"      },
    {json_error_unknown,                false, "the text is not valid JSON"                  }, /* last */
};

static const struct json_reason *json_reason_find(enum json_error_code code)
{
    const struct json_reason *last = &json_reasons[ARRAY_SIZE(json_reasons) - 1];

    for (const struct json_reason *reason = json_reasons; reason < last; reason++) {
        if (reason->code == code)
            return reason;
    }
    return last;
}

static enum err json_refuse_at(struct arena *arena, const char *text, size_t stop,
                               const struct json_reason *reason, struct fault *reterr)
{
    struct json_place place;
    const char *pointer = NULL;

    json_place_find(&place, text, stop);
    if (reason->has_place || place.depth > LIMIT_JSON_DEPTH)
        pointer = json_place_pointer(arena, &place);
    return fault_set(reterr, arena, ERR_INVALID_REQUEST, pointer, "%s (line %u, column %u)",
                     reason->text, place.line, place.column ? place.column : 1);
}

static enum err json_refuse(struct arena *arena, const char *text, size_t len,
                            const json_error_t *error, struct fault *reterr)
{
    const struct json_reason *reason = json_reason_find(json_error_code(error));
    size_t stop = error->position > 0 ? (size_t)error->position : 0;

    if (reason->code == json_error_stack_overflow)
        stop = len; /* the walk ends by itself where our limit is passed */
    return json_refuse_at(arena, text, stop < len ? stop : len, reason, reterr);
}

/* --- conversion --- */

static const struct json *json_read(struct json_reader *reader, const json_t *from, unsigned depth);

static const struct json *json_read_array(struct json_reader *reader, const json_t *from,
                                          unsigned depth)
{
    struct json *array = json_array(reader->arena);
    size_t count = json_array_size(from);

    CHECK(count < UINT32_MAX);
    array->count = array->capacity = (uint32_t)count;
    array->items = ARENA_ARRAY(reader->arena, const struct json *, count);
    for (size_t i = 0; i < count && !reader->too_deep; i++)
        array->items[i] = json_read(reader, json_array_get(from, i), depth);
    return array;
}

static const struct json *json_read_object(struct json_reader *reader, const json_t *from,
                                           unsigned depth)
{
    struct json *object = json_object(reader->arena);
    size_t count = json_object_size(from);
    json_t *source = (json_t *)from; /* jansson's iterators are not const; nothing is changed */
    void *at = json_object_iter(source);

    CHECK(count < UINT32_MAX);
    object->capacity = (uint32_t)count;
    object->members = ARENA_ARRAY(reader->arena, struct json_member, count);
    for (; at && !reader->too_deep; at = json_object_iter_next(source, at)) {
        struct json_member *member = &object->members[object->count++];

        member->name =
            arena_string_n(reader->arena, json_object_iter_key(at), json_object_iter_key_len(at));
        member->value = json_read(reader, json_object_iter_value(at), depth);
    }
    return object;
}

static const struct json *json_read(struct json_reader *reader, const json_t *from, unsigned depth)
{
    switch (json_typeof(from)) {
    case JANSSON_OBJECT:
    case JANSSON_ARRAY:
        if (depth == reader->depth_max) {
            reader->too_deep = true;
            return &json_null;
        }
        if (json_typeof(from) == JANSSON_ARRAY)
            return json_read_array(reader, from, depth + 1);
        return json_read_object(reader, from, depth + 1);
    case JANSSON_STRING:
        return json_string_n(reader->arena, json_string_value(from), json_string_length(from));
    case JANSSON_INTEGER:
        return json_int(reader->arena, json_integer_value(from));
    case JANSSON_REAL:
        return json_real(reader->arena, json_real_value(from));
    case JANSSON_TRUE:
        return &json_true;
    case JANSSON_FALSE:
        return &json_false;
    default:
        return &json_null;
    }
}

/* --- the two ways in --- */

static enum err json_parse_to(struct arena *arena, const char *text, size_t len, unsigned depth_max,
                              const struct json **ret, struct fault *reterr)
{
    static const struct json_reason nul = {.text = "the text holds a NUL byte"};
    struct json_reader reader = {.arena = arena, .depth_max = depth_max};
    const struct json *value;
    json_error_t error;
    const char *nul_at;
    json_t *loaded;

    if (len > JSON_TEXT_BYTES_MAX)
        return fault_set(reterr, arena, ERR_TOO_LARGE, NULL, "the JSON text is too long");
    nul_at = len ? memchr(text, '\0', len) : NULL;
    if (nul_at)
        return json_refuse_at(arena, text, (size_t)(nul_at - text) + 1, &nul, reterr);
    loaded = json_loadb(len ? text : "", len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!loaded)
        return json_refuse(arena, text, len, &error, reterr);
    value = json_read(&reader, loaded, 0);
    json_decref(loaded);
    if (reader.too_deep)
        return json_refuse_at(arena, text, len, json_reason_find(json_error_stack_overflow),
                              reterr);
    *ret = value;
    return ERR_OK;
}

enum err json_parse(struct arena *arena, const char *text, size_t len, const struct json **ret,
                    struct fault *reterr)
{
    return json_parse_to(arena, text, len, LIMIT_JSON_DEPTH, ret, reterr);
}

const struct json *json_stored(struct arena *arena, const char *text)
{
    const struct json *value = NULL;
    struct fault fault = {0};
    enum err err = json_parse_to(arena, text, strlen(text), JSON_STORED_DEPTH, &value, &fault);

    if (err)
        die("the store holds text that is not JSON: %s", fault.detail);
    return value;
}
