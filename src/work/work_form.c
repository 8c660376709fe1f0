/*
 * work_form.c - JSON as application/x-www-form-urlencoded text.
 *
 * Members of members are named in brackets, a[b]=1; how items of arrays are named is the caller's
 * choice. The brackets of names stand as they are, as AWS documents them; all else is encoded.
 */
#include "work/work_target_priv.h"

#include <string.h>

#include "base/limits.h"

static void form_value(struct buf *buf, const char *name, const struct json *value,
                       enum form_arrays arrays);

void work_form_encode(struct buf *buf, const char *text, bool in_form)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

    for (const char *c = text; *c; c++) {
        if (strchr(plain, *c) || (*c == '*' && in_form) || (*c == '~' && !in_form))
            buf_char(buf, *c);
        else if (*c == ' ' && in_form)
            buf_char(buf, '+');
        else
            buf_printf(buf, "%%%02X", (unsigned char)*c);
    }
}

/* A name as it stands in the form: name, name[part], name[0], name[]. */
static const char *form_name(struct arena *arena, const char *name, const char *part)
{
    struct buf buf;

    buf_init(&buf, arena, BUF_BYTES_OWN);
    if (!name) {
        work_form_encode(&buf, part, true);
        return buf.data;
    }
    buf_printf(&buf, "%s[", name);
    work_form_encode(&buf, part, true);
    buf_char(&buf, ']');
    return buf.data;
}

static void form_scalar(struct buf *buf, const struct json *value)
{
    const char *text = work_target_scalar(buf->arena, value);

    work_form_encode(buf, text ? text : "", true); /* null is nothing */
}

static bool form_is_flat(const struct json *array)
{
    for (uint32_t i = 0; i < array->count; i++) {
        if (array->items[i]->kind == JSON_ARRAY || array->items[i]->kind == JSON_OBJECT)
            return false;
    }
    return true;
}

static void form_array(struct buf *buf, const char *name, const struct json *array,
                       enum form_arrays arrays)
{
    if (arrays == FORM_COMMAS && form_is_flat(array)) {
        buf_printf(buf, "%s%s=", buf->len ? "&" : "", name);
        for (uint32_t i = 0; i < array->count; i++) {
            if (i)
                buf_char(buf, ',');
            form_scalar(buf, array->items[i]);
        }
        return;
    }
    for (uint32_t i = 0; i < array->count; i++) {
        const char *item = arrays == FORM_REPEAT ? name
                           : arrays == FORM_BRACKETS
                               ? form_name(buf->arena, name, "")
                               : form_name(buf->arena, name, arena_printf(buf->arena, "%u", i));

        form_value(buf, item, array->items[i], arrays);
    }
}

/* name null: the members of the object itself. Not deeper than LIMIT_JSON_DEPTH. */
static void form_object(struct buf *buf, const char *name, const struct json *object,
                        enum form_arrays arrays)
{
    for (uint32_t i = 0; i < object->count; i++)
        form_value(buf, form_name(buf->arena, name, object->members[i].name),
                   object->members[i].value, arrays);
}

static void form_value(struct buf *buf, const char *name, const struct json *value,
                       enum form_arrays arrays)
{
    if (value->kind == JSON_OBJECT) {
        form_object(buf, name, value, arrays);
    } else if (value->kind == JSON_ARRAY) {
        form_array(buf, name, value, arrays);
    } else {
        buf_printf(buf, "%s%s=", buf->len ? "&" : "", name);
        form_scalar(buf, value);
    }
}

void work_form_print(struct buf *buf, const struct json *object, enum form_arrays arrays)
{
    CHECK(json_is(object, JSON_OBJECT));
    CHECK(json_depth(object) <= LIMIT_JSON_DEPTH);
    form_object(buf, NULL, object, arrays);
}
