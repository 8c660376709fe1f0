/*
 * asl_intrinsic_json.c - JSON out of text, text out of JSON, and two objects made one.
 */
#include "asl/asl_intrinsic_priv.h"

#include <stdlib.h>
#include <string.h>

#include "asl/asl_path.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#define INTRINSIC_BYTES_PER_WORK 64

/* Text without a value, which is only space, gives null. */
bool intrinsic_string_to_json(struct asl_intrinsic_call *call, const struct json **ret)
{
    const struct json *text = call->arguments[0];
    struct fault fault = {0};

    if (!intrinsic_pay(call, text->count / INTRINSIC_BYTES_PER_WORK))
        return false;
    if (strspn(text->string, " \t\r\n") == text->count) {
        *ret = &json_null;
        return true;
    }
    if (json_parse(call->scope->arena, text->string, text->count, ret, &fault) != ERR_OK)
        return intrinsic_refuse(call, "argument 1 is not JSON: %s", fault.detail);
    return true;
}

bool intrinsic_json_to_string(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct buf buf;

    buf_init(&buf, call->scope->arena, LIMIT_PAYLOAD_BYTES);
    json_print(&buf, call->arguments[0]);
    if (buf.overflow)
        return intrinsic_refuse_large(call);
    *ret = json_string_n(call->scope->arena, buf.data, buf.len);
    return true;
}

/* The members of an object by name, to find one without looking at all. */
static int intrinsic_member_order(const void *a, const void *b)
{
    const struct json_member *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static const struct json_member **intrinsic_members(struct arena *arena, const struct json *object)
{
    const struct json_member **members =
        ARENA_ARRAY(arena, const struct json_member *, object->count);

    for (uint32_t i = 0; i < object->count; i++)
        members[i] = &object->members[i];
    qsort(members, object->count, sizeof(members[0]), intrinsic_member_order);
    return members;
}

static const struct json_member *intrinsic_member(const struct json_member **members,
                                                  uint32_t count, const struct json_member *named)
{
    const struct json_member **found =
        count ? bsearch(&named, members, count, sizeof(members[0]), intrinsic_member_order) : NULL;

    return found ? *found : NULL;
}

/* All members of both; where both have one, that of the second stands in the place of the first. */
bool intrinsic_json_merge(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct arena *arena = call->scope->arena;
    const struct json *first = call->arguments[0], *second = call->arguments[1];
    const struct json_member **before, **after;
    struct json *merged = json_object(arena);

    if (call->arguments[2]->boolean)
        return intrinsic_refuse(call, "only the shallow merging mode (false) is supported");
    if (!intrinsic_pay(call, (size_t)first->count + second->count))
        return false;
    before = intrinsic_members(arena, first);
    after = intrinsic_members(arena, second);
    for (uint32_t i = 0; i < first->count; i++) {
        const struct json_member *member = &first->members[i];
        const struct json_member *other = intrinsic_member(after, second->count, member);

        json_add(arena, merged, member->name, (other ? other : member)->value);
    }
    for (uint32_t i = 0; i < second->count; i++) {
        const struct json_member *member = &second->members[i];

        if (!intrinsic_member(before, first->count, member))
            json_add(arena, merged, member->name, member->value);
    }
    *ret = merged;
    return true;
}
