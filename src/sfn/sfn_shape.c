/*
 * sfn_shape.c - a request's body into a struct, by the action's table.
 *
 * Two passes, as AWS makes them: first every member must have its type, or there is a
 * SerializationException about the first that has not; then all that breaks a constraint is told in
 * one ValidationException. A member that is null was not sent; members that are not in the table
 * are passed over.
 */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "sfn/sfn_core.h"

/* A value is shown in a message when its field is short by its shape (payloads are nobody's
 * business) and it is itself not much longer than that. */
enum { SHAPE_SHOWN = 4096 };

struct shape {
    struct sfn_call *call;
    const struct sfn_field *field;
    const struct json *value; /* null: not sent */
    void *to;
    /* of the second pass */
    struct buf problems;
    int problem_count;
};

/* ---- types ---- */

static const char *shape_token(const struct json *value)
{
    switch (value->kind) {
    case JSON_STRING:
        return "STRING_VALUE";
    case JSON_BOOL:
        return value->boolean ? "TRUE_VALUE" : "FALSE_VALUE";
    default:
        return "NUMBER_VALUE";
    }
}

static const char *const shape_type_names[] = {
    [SFN_TEXT] = "a String",  [SFN_WORD] = "a String",  [SFN_BOOL] = "a Boolean",
    [SFN_INT] = "an Integer", [SFN_NUMBER] = "a Float", [SFN_TIME] = "milliseconds since epoch",
};

static enum err shape_refuse_type(struct shape *shape)
{
    const struct json *value = shape->value;
    enum sfn_type type = shape->field->type;

    if (value->kind == JSON_ARRAY)
        return sfn_refuse(shape->call, "SerializationException",
                          "Start of list found where not expected");
    if (type == SFN_OBJECT)
        return sfn_refuse(shape->call, "SerializationException", "Expected null");
    if (value->kind == JSON_OBJECT)
        return sfn_refuse(shape->call, "SerializationException",
                          "Start of structure or map found where not expected.");
    if (type == SFN_LIST)
        return sfn_refuse(shape->call, "SerializationException", "Expected list or null");
    return sfn_refuse(shape->call, "SerializationException", "%s can not be converted to %s",
                      shape_token(value), shape_type_names[type]);
}

static bool shape_put_text(struct shape *shape)
{
    if (shape->value->kind != JSON_STRING)
        return false;
    *(const char **)shape->to = shape->value->string;
    return true;
}

static bool shape_put_bool(struct shape *shape)
{
    if (shape->value->kind != JSON_BOOL)
        return false;
    *(bool *)shape->to = shape->value->boolean;
    return true;
}

static bool shape_put_int(struct shape *shape)
{
    double real = json_is(shape->value, JSON_REAL) ? shape->value->real : 0.5;

    if (shape->value->kind == JSON_INT)
        *(int64_t *)shape->to = shape->value->integer;
    else if (fabs(real) < 9e15 && real == floor(real))
        *(int64_t *)shape->to = (int64_t)real;
    else
        return false;
    return true;
}

static bool shape_put_number(struct shape *shape)
{
    if (!json_is_number(shape->value))
        return false;
    *(double *)shape->to = json_number(shape->value);
    return true;
}

static bool shape_put_time(struct shape *shape)
{
    double seconds = json_is_number(shape->value) ? json_number(shape->value) : INFINITY;

    if (fabs(seconds) > 1e12)
        return false;
    *(int64_t *)shape->to = (int64_t)llround(seconds * 1000);
    return true;
}

static bool shape_put_list(struct shape *shape)
{
    *(const struct json **)shape->to = shape->value;
    return shape->value->kind == JSON_ARRAY;
}

static bool shape_put_object(struct shape *shape)
{
    *(const struct json **)shape->to = shape->value;
    return shape->value->kind == JSON_OBJECT;
}

static bool (*const shape_puts[])(struct shape *shape) = {
    [SFN_TEXT] = shape_put_text, [SFN_WORD] = shape_put_text,     [SFN_BOOL] = shape_put_bool,
    [SFN_INT] = shape_put_int,   [SFN_NUMBER] = shape_put_number, [SFN_TIME] = shape_put_time,
    [SFN_LIST] = shape_put_list, [SFN_OBJECT] = shape_put_object,
};

/* ---- constraints ---- */

static bool shape_is_shown(const struct shape *shape)
{
    const struct sfn_field *field = shape->field;

    if (field->type == SFN_TEXT || field->type == SFN_WORD)
        return field->max <= SHAPE_SHOWN && shape->value->count <= SHAPE_SHOWN;
    return field->type != SFN_LIST && field->type != SFN_OBJECT;
}

static void __attribute__((format(printf, 2, 3)))
shape_problem(struct shape *shape, const char *format, ...)
{
    struct arena *arena = shape->call->arena;
    const char *shown = "", *text;
    va_list args;

    if (shape->problem_count++ > 0)
        buf_text(&shape->problems, "; ");
    if (!shape->value)
        shown = " null";
    else if (shape->value->kind == JSON_STRING && shape_is_shown(shape))
        shown = arena_printf(arena, " '%s'", shape->value->string);
    else if (shape_is_shown(shape))
        shown = arena_printf(arena, " '%s'", json_text(arena, shape->value));
    va_start(args, format);
    text = arena_vprintf(arena, format, args);
    va_end(args);
    buf_printf(&shape->problems, "Value%s at '%s' failed to satisfy constraint: Member must %s",
               shown, shape->field->name, text);
}

/* Characters as AWS counts them: units of UTF-16. */
static int64_t shape_chars(const char *text)
{
    int64_t count = 0;

    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        count += ((*c & 0xc0) != 0x80) + (*c >= 0xf0);
    return count;
}

static void shape_check_length(struct shape *shape, int64_t length)
{
    const struct sfn_field *field = shape->field;

    if (field->max && length > field->max)
        shape_problem(shape, "have length less than or equal to %lld", (long long)field->max);
    if (length < field->min)
        shape_problem(shape, "have length greater than or equal to %lld", (long long)field->min);
}

static void shape_check_value(struct shape *shape, double value)
{
    const struct sfn_field *field = shape->field;

    if (!field->min && !field->max)
        return;
    if (value > (double)field->max)
        shape_problem(shape, "have value less than or equal to %lld", (long long)field->max);
    if (value < (double)field->min)
        shape_problem(shape, "have value greater than or equal to %lld", (long long)field->min);
}

/* Is it one of the words? */
static bool shape_word_is(const char *words, const char *text)
{
    size_t len = strlen(text);

    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t word_len = strcspn(at, " ");

        if (word_len == len && memcmp(at, text, len) == 0)
            return true;
        at += word_len;
    }
    return false;
}

static void shape_check_word(struct shape *shape)
{
    struct buf buf;

    if (shape_word_is(shape->field->values, shape->value->string))
        return;
    buf_init(&buf, shape->call->arena, BUF_BYTES_OWN);
    for (const char *c = shape->field->values; *c; c++)
        buf_text(&buf, *c == ' ' ? ", " : (char[]){*c, '\0'});
    shape_problem(shape, "satisfy enum value set: [%s]", buf.data);
}

static void shape_check(struct shape *shape)
{
    switch (shape->field->type) {
    case SFN_TEXT:
        shape_check_length(shape, shape_chars(shape->value->string));
        return;
    case SFN_WORD:
        shape_check_word(shape);
        return;
    case SFN_INT:
    case SFN_NUMBER:
        shape_check_value(shape, json_number(shape->value));
        return;
    case SFN_LIST:
        shape_check_length(shape, shape->value->count);
        return;
    default:
        return;
    }
}

/* ---- the two passes ---- */

static void shape_at(struct shape *shape, const struct sfn_field *field)
{
    const struct json *value = json_get(shape->call->body, field->name);

    shape->field = field;
    shape->value = json_is(value, JSON_NULL) ? NULL : value;
    shape->to = (char *)shape->call->fields + field->offset;
}

static enum err shape_put_all(struct shape *shape)
{
    for (const struct sfn_field *field = shape->call->action->fields; field->name; field++) {
        shape_at(shape, field);
        if (!shape->value)
            continue;
        if (!shape_puts[field->type](shape))
            return shape_refuse_type(shape);
        if (field->is_set)
            *((bool *)((char *)shape->call->fields + field->is_set)) = true;
    }
    return ERR_OK;
}

static enum err shape_check_all(struct shape *shape)
{
    buf_init(&shape->problems, shape->call->arena, BUF_BYTES_OWN);
    for (const struct sfn_field *field = shape->call->action->fields; field->name; field++) {
        shape_at(shape, field);
        if (shape->value)
            shape_check(shape);
        else if (field->is_required)
            shape_problem(shape, "not be null");
    }
    if (!shape->problem_count)
        return ERR_OK;
    return sfn_refuse(shape->call, "ValidationException", "%d validation error%s detected: %s",
                      shape->problem_count, shape->problem_count > 1 ? "s" : "",
                      shape->problems.data);
}

enum err sfn_shape_read(struct sfn_call *call)
{
    struct shape shape = {.call = call};
    enum err err;

    call->fields = arena_alloc(call->arena, SFN_FIELDS_BYTES);
    err = shape_put_all(&shape);
    return err ? err : shape_check_all(&shape);
}
