/*
 * fields.c - a request's body into a struct, by a table; every refusal names the field and what was
 * expected.
 */
#include "api/api_priv.h"

#include <string.h>

#include "base/name.h"

struct fields_place {
    struct arena *arena;
    const struct field *field;
    const struct json *value;
    void *to;
    struct fault *reterr;
};

__attribute__((format(printf, 2, 3))) static enum err fields_refuse(struct fields_place *place,
                                                                    const char *format, ...)
{
    va_list args;
    const char *text;

    va_start(args, format);
    text = arena_vprintf(place->arena, format, args);
    va_end(args);
    return fault_set(place->reterr, place->arena, ERR_INVALID_REQUEST,
                     arena_printf(place->arena, "/%s", place->field->name), "%s", text);
}

/* Names have their length in their form. */
static bool fields_is_sized(const struct field *field)
{
    return field->type != FIELD_NAME && field->type != FIELD_PLAN && field->type != FIELD_EXECUTION;
}

static enum err fields_string(struct fields_place *place)
{
    const struct field *field = place->field;
    const char *text;

    if (!json_is(place->value, JSON_STRING))
        return fields_refuse(place, "a string was expected, not %s",
                             json_kind_name(place->value->kind));
    text = place->value->string;
    if (field->type == FIELD_NAME && !name_is_valid(text))
        return fields_refuse(place, "expected " NAME_FORM);
    if ((field->type == FIELD_PLAN && !name_may_be(text)) ||
        (field->type == FIELD_EXECUTION && !name_may_be_execution(text)))
        return fields_refuse(place, "expected %s", NAME_LOOKUP_FORM);
    if (field->type == FIELD_WORD) {
        if (!*text)
            return fields_refuse(place, "must not be empty");
        for (const char *c = text; *c; c++) {
            if (*c < '!' || *c > '~')
                return fields_refuse(place, "expected visible ASCII characters");
        }
    }
    if (fields_is_sized(field) && place->value->count > field->max)
        return fields_refuse(place, "at most %lld bytes are allowed", (long long)field->max);
    *(const char **)place->to = text;
    return ERR_OK;
}

static enum err fields_bool(struct fields_place *place)
{
    if (!json_is(place->value, JSON_BOOL))
        return fields_refuse(place, "true or false was expected, not %s",
                             json_kind_name(place->value->kind));
    *(bool *)place->to = place->value->boolean;
    return ERR_OK;
}

static enum err fields_int(struct fields_place *place)
{
    const struct field *field = place->field;

    if (!json_is(place->value, JSON_INT))
        return fields_refuse(place, "an integer was expected, not %s",
                             json_kind_name(place->value->kind));
    if (place->value->integer < field->min || place->value->integer > field->max)
        return fields_refuse(place, "expected %lld to %lld", (long long)field->min,
                             (long long)field->max);
    *(int64_t *)place->to = place->value->integer;
    return ERR_OK;
}

static enum err fields_json(struct fields_place *place)
{
    const struct field *field = place->field;

    if (field->type == FIELD_OBJECT && !json_is(place->value, JSON_OBJECT))
        return fields_refuse(place, "an object was expected, not %s",
                             json_kind_name(place->value->kind));
    if (json_size(place->value) > (size_t)field->max)
        return fields_refuse(place, "at most %lld bytes are allowed", (long long)field->max);
    *(const struct json **)place->to = place->value;
    return ERR_OK;
}

static enum err fields_names(struct fields_place *place)
{
    struct field_names *names = place->to;

    if (!json_is(place->value, JSON_ARRAY))
        return fields_refuse(place, "an array of names was expected, not %s",
                             json_kind_name(place->value->kind));
    if (place->value->count > place->field->max)
        return fields_refuse(place, "at most %lld names are allowed", (long long)place->field->max);
    names->list = ARENA_ARRAY(place->arena, const char *, place->value->count + 1);
    for (uint32_t i = 0; i < place->value->count; i++) {
        const struct json *item = place->value->items[i];

        if (!json_is(item, JSON_STRING) || !name_is_valid(item->string))
            return fields_refuse(place, "item %u: expected " NAME_FORM, i);
        for (size_t k = 0; k < names->count; k++) {
            if (strcmp(names->list[k], item->string) == 0)
                return fields_refuse(place, "item %u: this name stands there twice", i);
        }
        names->list[names->count++] = item->string;
    }
    return ERR_OK;
}

static enum err (*const fields_fns[])(struct fields_place *place) = {
    [FIELD_NAME] = fields_string, [FIELD_PLAN] = fields_string, [FIELD_EXECUTION] = fields_string,
    [FIELD_TEXT] = fields_string, [FIELD_BOOL] = fields_bool,   [FIELD_INT] = fields_int,
    [FIELD_JSON] = fields_json,   [FIELD_OBJECT] = fields_json, [FIELD_NAMES] = fields_names,
    [FIELD_WORD] = fields_string,
};

static const struct field *fields_find(const struct field *fields, const char *name)
{
    for (; fields->name; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields;
    }
    return NULL;
}

/* RFC 6901; a name too long to be of use is cut. */
static const char *fields_pointer(struct arena *arena, const char *name)
{
    struct buf pointer;

    buf_init(&pointer, arena, 4 * LIMIT_ID_BYTES);
    buf_char(&pointer, '/');
    for (size_t i = 0; i < LIMIT_ID_BYTES && name[i]; i++) {
        if (name[i] == '~' || name[i] == '/')
            buf_text(&pointer, name[i] == '~' ? "~0" : "~1");
        else
            buf_char(&pointer, name[i]);
    }
    return pointer.data;
}

enum err fields_read(struct arena *arena, const struct field *fields, const struct json *body,
                     void *ret, struct fault *reterr)
{
    struct fields_place place = {.arena = arena, .reterr = reterr};
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < body->count && !err; i++) {
        place.field = fields_find(fields, body->members[i].name);
        if (!place.field)
            return fault_set(reterr, arena, ERR_INVALID_REQUEST,
                             fields_pointer(arena, body->members[i].name),
                             "there is no such field");
        place.value = body->members[i].value;
        place.to = (char *)ret + place.field->offset;
        err = fields_fns[place.field->type](&place);
    }
    for (place.field = fields; place.field->name && !err; place.field++) {
        if (place.field->is_required && !json_get(body, place.field->name))
            err = fields_refuse(&place, "this field is required");
    }
    return err;
}
