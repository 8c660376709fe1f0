/*
 * execution_history.c - GetExecutionHistory.
 */
#include "sfn/execution_priv.h"

#include <stddef.h>

#include "engine/arn.h"
#include "sfn/history.h"

struct events_fields {
    const char *execution_arn, *next_token;
    int64_t max_results;
    bool is_reverse, with_data, with_data_set;
};
_Static_assert(sizeof(struct events_fields) <= SFN_FIELDS_BYTES, "fits");

const struct sfn_field get_history_fields[] = {
    FIELD_TEXT(events_fields, "executionArn", true, execution_arn, 1, 256),
    FIELD_PAGE(events_fields),
    FIELD_BOOL(events_fields, "reverseOrder", is_reverse),
    {"includeExecutionData", SFN_BOOL, false, offsetof(struct events_fields, with_data), 0, 0, NULL,
                                                 offsetof(struct events_fields, with_data_set)},
    {0                },
};

/* What all its events share. */
static enum err events_open(struct sfn_call *call, struct store *store, const struct execution *e,
                            struct history_frame *ret)
{
    const struct events_fields *fields = call->fields;
    const struct json *origin = e->origin ? json_stored(call->arena, e->origin) : NULL;
    struct arn_place place = {call->sfn->config.region, call->account};
    struct machine_row machine = {0};
    enum err err = machines_load(store, call->arena, call->actor.operator_name, e->plan_id,
                                 e->plan_version, &machine);

    if (err && err != ERR_PLAN_NOT_FOUND)
        return err;
    *ret = (struct history_frame){
        .plan_id = e->plan_id,
        .role_arn = machine.role_arn ? machine.role_arn : arn_role(call->arena, &place),
        .version_arn = execution_version_arn(call, e->plan_id, origin),
        .alias_arn = execution_alias_arn(call, e->plan_id, origin),
        .with_data = !fields->with_data_set || fields->with_data,
    };
    return ERR_OK;
}

enum err get_history(struct sfn_call *call, struct store *store, const struct json **ret)
{
    const struct events_fields *fields = call->fields;
    struct json *json = json_object(call->arena), *events = json_array(call->arena);
    struct view_page view = {.operator_name = call->actor.operator_name};
    struct view_sfn_event *event = NULL;
    struct history_frame frame;
    struct sfn_page page = {0};
    struct execution e;
    const char *filters =
        arena_printf(call->arena, "%s\n%d", fields->execution_arn, fields->is_reverse);
    enum err err = execution_need(call, store, fields->execution_arn, &e);

    if (!err)
        err = sfn_page_read(call, fields->max_results, fields->next_token, filters, &page);
    if (!err)
        err = events_open(call, store, &e, &frame);
    if (err)
        return err;
    view.limit = page.limit;
    view.after_b = page.b;
    err = view_sfn_events(store, call->arena, &e, fields->is_reverse, &view, &event);
    if (err)
        return err;
    for (; event; event = event->next)
        json_push(call->arena, events, history_event_shape(call, &frame, event));
    json_add(call->arena, json, "events", events);
    page.b = view.next_b;
    if (view.more)
        execution_add_text(call, json, "nextToken", sfn_page_token(call, filters, &page));
    *ret = json;
    return ERR_OK;
}
