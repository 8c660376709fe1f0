/*
 * tag.c - TagResource, UntagResource, ListTagsForResource: of state machines and activities.
 */
#include "sfn/machine_common.h"

#include <string.h>

#include "store/activities.h"

/* ---- reading a list of tags ---- */

/* Characters of UTF-8. */
static int64_t tag_chars(const char *text)
{
    int64_t chars = 0;

    for (; *text; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80;
    return chars;
}

static enum err tag_check_one(struct sfn_call *call, const struct json *tag, uint32_t index,
                              struct tag_row *ret)
{
    const char *member = arena_printf(call->arena, "tags.%u.member", (unsigned)index + 1);
    const struct json *given = json_get(tag, "value"); /* may be absent, but null is no value */
    const char *key = json_get_string(tag, "key"), *value = json_get_string(tag, "value");
    const char *key_member = arena_printf(call->arena, "%s.key", member);

    if (!key)
        return refuse_member(call, NULL, key_member, "Member must not be null");
    if (!*key)
        return refuse_member(call, key, key_member,
                             "Member must have length greater than or equal to 1");
    if (tag_chars(key) > LIMIT_TAG_KEY_CHARS)
        return refuse_member(call, key, key_member,
                             "Member must have length less than or equal to 128");
    if (given && !value)
        return refuse_member(call, NULL, arena_printf(call->arena, "%s.value", member),
                             "Member must not be null");
    if (value && tag_chars(value) > LIMIT_TAG_VALUE_CHARS)
        return refuse_member(call, value, arena_printf(call->arena, "%s.value", member),
                             "Member must have length less than or equal to 256");
    if (strncmp(key, "aws:", 4) == 0)
        return sfn_refuse(call, "ValidationException",
                          "Tag keys that begin with aws: are reserved. Received: %s", key);
    *ret = (struct tag_row){.key = key, .value = value ? value : ""};
    return ERR_OK;
}

enum err tags_check(struct sfn_call *call, const struct json *list, struct tag_row **ret)
{
    struct tag_row *first = NULL, **end = &first;

    for (uint32_t i = 0; list && i < list->count; i++) {
        struct tag_row *row = ARENA_NEW(call->arena, struct tag_row);
        enum err err = tag_check_one(call, list->items[i], i, row);

        if (err)
            return err;
        *end = row;
        end = &row->next;
    }
    *ret = first;
    return ERR_OK;
}

/* These errors name the resource beside the message, too. */
static enum err tag_refuse(struct sfn_call *call, const char *type, const char *what,
                           const char *arn)
{
    struct json *members = json_object(call->arena);
    enum err err = sfn_refuse(call, type, "%s: '%s'", what, arn);

    json_add(call->arena, members, "resourceName", json_string(call->arena, arn));
    call->error.members = members;
    return err;
}

/* What is too many is rolled back with the rest of the change. */
enum err tags_apply(struct sfn_call *call, struct engine *engine, const char *resource,
                    const char *arn, const struct tag_row *tags)
{
    const char *operator_name = call->actor.operator_name;
    int64_t count = 0;
    enum err err = ERR_OK;

    for (; tags && !err; tags = tags->next)
        err = tags_put(engine->store, operator_name, resource, tags);
    if (!err)
        err = tags_count(engine->store, operator_name, resource, &count);
    if (err || count <= LIMIT_TAGS)
        return err;
    return tag_refuse(call, "TooManyTags", "Too many tags", arn);
}

/* ---- the actions ---- */

/* The resource of an ARN in our store, when it is there; versions and aliases bear no tags. */
static enum err tag_need_resource(struct sfn_call *call, struct store *store, const char *text,
                                  const char **ret)
{
    const char *operator_name = call->actor.operator_name;
    struct activity_row activity;
    struct machine_row machine;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(
        call, text, SFN_ARN_KIND(SFN_ARN_MACHINE) | SFN_ARN_KIND(SFN_ARN_ACTIVITY), &arn);

    if (err)
        return err;
    if (arn.kind == SFN_ARN_ACTIVITY)
        err = activities_load(store, call->arena, operator_name, arn.name, &activity);
    else if (arn.version || arn.alias || arn.label)
        err = ERR_NOT_FOUND;
    else
        err = machines_load(store, call->arena, operator_name, arn.name, 0, &machine);
    if (err == ERR_NOT_FOUND || err == ERR_PLAN_NOT_FOUND)
        return tag_refuse(call, "ResourceNotFound", "Resource not found", text);
    if (!err)
        *ret =
            arena_printf(call->arena, "%s%s",
                         arn.kind == SFN_ARN_ACTIVITY ? TAGS_OF_ACTIVITY : TAGS_OF_PLAN, arn.name);
    return err;
}

struct tag_request {
    const char *arn;
    const struct json *list;
};
_Static_assert(sizeof(struct tag_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field tag_fields[] = {
    FIELD_ARN(tag_request, "resourceArn"),
    FIELD_LIST(tag_request, "tags", true, list, 0, INT32_MAX),
    {0},
};
const struct sfn_field untag_fields[] = {
    FIELD_ARN(tag_request, "resourceArn"),
    FIELD_LIST(tag_request, "tagKeys", true, list, 0, INT32_MAX),
    {0},
};
const struct sfn_field list_tags_fields[] = {
    FIELD_ARN(tag_request, "resourceArn"),
    {0},
};

enum err tag_resource(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct tag_request *req = call->fields;
    const char *resource = NULL;
    struct tag_row *tags = NULL;
    enum err err = tags_check(call, req->list, &tags);

    if (!err)
        err = tag_need_resource(call, engine->store, req->arn, &resource);
    if (!err)
        err = tags_apply(call, engine, resource, req->arn, tags);
    if (!err)
        *ret = json_object(call->arena);
    return err;
}

static enum err untag_check(struct sfn_call *call, const struct json *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        const struct json *key = keys->items[i];
        const char *member = arena_printf(call->arena, "tagKeys.%u.member", (unsigned)i + 1);

        if (!json_is(key, JSON_STRING))
            return refuse_member(call, NULL, member, "Member must not be null");
        if (!key->count || tag_chars(key->string) > LIMIT_TAG_KEY_CHARS)
            return refuse_member(call, key->string, member,
                                 "Member must have length between 1 and 128, inclusive");
    }
    return ERR_OK;
}

enum err untag_resource(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct tag_request *req = call->fields;
    const char *resource = NULL;
    enum err err = untag_check(call, req->list);

    if (!err)
        err = tag_need_resource(call, engine->store, req->arn, &resource);
    for (uint32_t i = 0; !err && i < req->list->count; i++)
        err = tags_delete(engine->store, call->actor.operator_name, resource,
                          req->list->items[i]->string);
    if (!err)
        *ret = json_object(call->arena);
    return err;
}

enum err list_tags(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct tag_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena), *list = json_array(arena);
    const char *resource = NULL;
    struct tag_row *tag = NULL;
    enum err err = tag_need_resource(call, store, req->arn, &resource);

    if (!err)
        err = tags_list(store, arena, call->actor.operator_name, resource, &tag);
    if (err)
        return err;
    for (; tag; tag = tag->next) {
        struct json *one = json_object(arena);

        json_add(arena, one, "key", json_string(arena, tag->key));
        json_add(arena, one, "value", json_string(arena, tag->value));
        json_push(arena, list, one);
    }
    json_add(arena, answer, "tags", list);
    *ret = answer;
    return ERR_OK;
}
