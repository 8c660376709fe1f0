/*
 * mock_check.c - holds a mocked result against the shape of the API's answer.
 *
 * The walk goes as deep as the result does, which the JSON reader has bounded.
 */
#include "sfn/mock.h"

#include <string.h>

#include "base/arena.h"

#define CHECK_PREFIX "Mock result schema validation error: "

static const struct check_kind {
    unsigned kinds; /* of JSON, as bits */
    const char *must_be;
} check_kinds[] = {
    [MOCK_ANY] = {~0u,                              "anything" },
    [MOCK_STRING] = {1u << JSON_STRING,                "a string" },
    [MOCK_NUMBER] = {1u << JSON_INT | 1u << JSON_REAL, "a number" },
    [MOCK_BOOLEAN] = {1u << JSON_BOOL,                  "a boolean"},
    [MOCK_STRUCTURE] = {1u << JSON_OBJECT,                "an object"},
    [MOCK_LIST] = {1u << JSON_ARRAY,                 "an array" },
    [MOCK_MAP] = {1u << JSON_OBJECT,                "an object"},
};

struct check {
    struct arena *arena;
    enum mock_mode mode;
};

static const char *check_value(const struct check *check, const struct mock_field *field,
                               const char *name, const struct json *value);

static bool check_is_word(const char *values, const char *text)
{
    size_t len = strlen(text);
    const char *at = values;

    while (len && *at) {
        size_t word = strcspn(at, " ");

        if (word == len && !memcmp(at, text, len))
            return true;
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

static const char *check_fields(const struct check *check, const struct mock_field *fields,
                                const struct json *object)
{
    const char *wrong = NULL;

    for (const struct mock_field *field = fields; field->name && !wrong; field++) {
        const struct json *value = json_get(object, field->name);

        if (value)
            wrong = check_value(check, field, field->name, value);
        else if (field->is_required && check->mode == MOCK_STRICT)
            wrong = arena_printf(check->arena, CHECK_PREFIX "Required field '%s' is missing",
                                 field->name);
    }
    return wrong;
}

static const char *check_items(const struct check *check, const struct mock_field *item,
                               const char *name, const struct json *value)
{
    const char *wrong = NULL;

    for (uint32_t i = 0; i < value->count && !wrong; i++) {
        bool is_list = value->kind == JSON_ARRAY;

        wrong = check_value(check, item, is_list ? name : value->members[i].name,
                            is_list ? value->items[i] : value->members[i].value);
    }
    return wrong;
}

static const char *check_value(const struct check *check, const struct mock_field *field,
                               const char *name, const struct json *value)
{
    const struct check_kind *kind = &check_kinds[field->kind];

    if (!(kind->kinds & 1u << value->kind))
        return arena_printf(check->arena, CHECK_PREFIX "Field '%s' must be %s", name,
                            kind->must_be);
    if (field->values && !check_is_word(field->values, value->string))
        return arena_printf(check->arena, CHECK_PREFIX "Field '%s' is not an expected value", name);
    if (field->fields)
        return check_fields(check, field->fields, value);
    return field->item ? check_items(check, field->item, name, value) : NULL;
}

const char *mock_check(struct arena *arena, const struct asl_state *state,
                       const struct json *result, enum mock_mode mode)
{
    const struct check check = {.arena = arena, .mode = mode};
    const struct mock_shape *shape = mode == MOCK_NONE ? NULL : mock_shape_find(state);

    if (!shape)
        return NULL;
    if (!json_is(result, JSON_OBJECT))
        return CHECK_PREFIX "the result must be an object";
    return check_fields(&check, shape->fields, result);
}
