/*
 * activity.c - CreateActivity, DescribeActivity, ListActivities, DeleteActivity.
 */
#include "sfn/machine_common.h"

#include "store/activities.h"

struct create_activity_request {
    const char *name;
    const struct json *tags, *encryption;
};
_Static_assert(sizeof(struct create_activity_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field create_activity_fields[] = {
    FIELD_TEXT(create_activity_request, "name", true, name, 1, 80),
    FIELD_LIST(create_activity_request, "tags", false, tags, 0, INT32_MAX),
    FIELD_OBJECT(create_activity_request, "encryptionConfiguration", encryption),
    {0},
};

static const struct json *activity_encryption(struct arena *arena, const char *configuration)
{
    return json_stored(arena, configuration ? configuration : "{\"type\":\"AWS_OWNED_KEY\"}");
}

static enum err create_activity_new(struct sfn_call *call, struct engine *engine,
                                    struct activity_row *row, const struct tag_row *tags)
{
    const char *arn = sfn_arn_activity(call, row->name);
    bool is_full;
    enum err err =
        activities_reach(engine->store, call->actor.operator_name, LIMIT_ACTIVITIES, &is_full);

    if (err)
        return err;
    if (is_full)
        return sfn_refuse(call, "ActivityLimitExceeded", "Activity Limit Exceeded: '%s'", arn);
    row->created_at = clock_now_ms(engine->env->clock);
    err = activities_insert(engine->store, call->actor.operator_name, row);
    if (!err)
        err = tags_apply(call, engine, arena_printf(call->arena, TAGS_OF_ACTIVITY "%s", row->name),
                         arn, tags);
    return err;
}

/* The same name again gives the same activity: tags do not count, the encryption does. */
enum err create_activity(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct create_activity_request *req = call->fields;
    const char *arn = sfn_arn_activity(call, req->name);
    struct activity_row row, wanted = {.name = req->name};
    struct json *answer = json_object(call->arena);
    struct tag_row *tags;
    enum err err;

    if (!sfn_name_is_valid(req->name))
        return sfn_refuse(call, "InvalidName", "Invalid Name: '%s'", req->name);
    err = configuration_encryption(call, req->encryption, &wanted.configuration);
    if (!err)
        err = tags_check(call, req->tags, &tags);
    if (err)
        return err;
    err = activities_load(engine->store, call->arena, call->actor.operator_name, req->name, &row);
    if (!err && !json_equal(activity_encryption(call->arena, row.configuration),
                            activity_encryption(call->arena, wanted.configuration)))
        return sfn_refuse(call, "ActivityAlreadyExists", "Activity Already Exists: '%s'", arn);
    if (err == ERR_NOT_FOUND) {
        row = wanted;
        err = create_activity_new(call, engine, &row, tags);
    }
    if (err)
        return err;
    json_add(call->arena, answer, "activityArn", json_string(call->arena, arn));
    json_add(call->arena, answer, "creationDate", sfn_time(call->arena, row.created_at));
    *ret = answer;
    return ERR_OK;
}

struct activity_arn_request {
    const char *arn;
};
_Static_assert(sizeof(struct activity_arn_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field describe_activity_fields[] = {
    FIELD_ARN(activity_arn_request, "activityArn"),
    {0},
};
const struct sfn_field delete_activity_fields[] = {
    FIELD_ARN(activity_arn_request, "activityArn"),
    {0},
};

enum err describe_activity(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct activity_arn_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena);
    struct activity_row row;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_ACTIVITY), &arn);

    if (!err)
        err = activities_load(store, arena, call->actor.operator_name, arn.name, &row);
    if (err == ERR_NOT_FOUND)
        return sfn_refuse(call, "ActivityDoesNotExist", "Activity Does Not Exist: '%s'", req->arn);
    if (err)
        return err;
    json_add(arena, answer, "activityArn", json_string(arena, req->arn));
    json_add(arena, answer, "name", json_string(arena, row.name));
    json_add(arena, answer, "creationDate", sfn_time(arena, row.created_at));
    json_add(arena, answer, "encryptionConfiguration",
             activity_encryption(arena, row.configuration));
    *ret = answer;
    return ERR_OK;
}

/* Nothing to delete is no error. */
enum err delete_activity(struct sfn_call *call, struct engine *engine, const struct json **ret)
{
    const struct activity_arn_request *req = call->fields;
    const char *operator_name = call->actor.operator_name;
    struct sfn_arn arn;
    enum err err = sfn_arn_need(call, req->arn, SFN_ARN_KIND(SFN_ARN_ACTIVITY), &arn);

    if (!err)
        err = activities_delete(engine->store, operator_name, arn.name);
    if (!err)
        err = tags_clear(engine->store, operator_name,
                         arena_printf(call->arena, TAGS_OF_ACTIVITY "%s", arn.name));
    if (!err)
        *ret = json_object(call->arena);
    return err;
}

struct list_activities_request {
    int64_t max_results;
    const char *next_token;
};
_Static_assert(sizeof(struct list_activities_request) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field list_activities_fields[] = {
    FIELD_PAGE(list_activities_request),
    {0},
};

enum err list_activities(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct list_activities_request *req = call->fields;
    struct arena *arena = call->arena;
    struct json *answer = json_object(arena), *list = json_array(arena);
    struct activity_row *row;
    struct sfn_page page = {0};
    enum err err = sfn_page_read(call, req->max_results, req->next_token, "", &page);

    if (!err)
        err = activities_list(store, arena, call->actor.operator_name, page.name, page.limit + 1,
                              &row);
    if (err)
        return err;
    for (; row && list->count < page.limit; row = row->next) {
        struct json *one = json_object(arena);

        json_add(arena, one, "activityArn", json_string(arena, sfn_arn_activity(call, row->name)));
        json_add(arena, one, "name", json_string(arena, row->name));
        json_add(arena, one, "creationDate", sfn_time(arena, row->created_at));
        json_push(arena, list, one);
        page.name = row->name;
    }
    json_add(arena, answer, "activities", list);
    if (row)
        json_add(arena, answer, "nextToken", json_string(arena, sfn_page_token(call, "", &page)));
    *ret = answer;
    return ERR_OK;
}
