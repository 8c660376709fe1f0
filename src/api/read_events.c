/*
 * read_events.c - GET executions/{id}/history, /reservations, /evidence.
 */
#include <string.h>

#include "api/api_priv.h"
#include "api/read_common.h"
#include "engine/receipt.h"

static const struct json *read_id(struct arena *arena, int64_t id)
{
    char text[ID_TEXT_BYTES];

    id_text(id, text);
    return json_string(arena, text);
}

/* RESERVATION.CLEANED of a halt: what it resolved are the rows that bear the halt's id. */
static enum err read_cleaned(struct read *read, const struct execution *e,
                             const struct view_event *event, struct json *detail)
{
    struct arena *arena = read->call->arena;
    struct view_page page = {
        .operator_name = read->page.operator_name, .limit = LIMIT_PAGE_ITEMS, .after_name = ""};
    struct reservation *list;
    struct json *resolved = json_array(arena);
    enum err err = view_reservations(&read->store, arena, e, event->halt_id, &page, &list);

    for (; !err && list; list = list->next) {
        struct json *one = json_object(arena);

        json_add(arena, one, "reservation_id", read_id(arena, list->reservation_id));
        json_add(arena, one, "type", json_string(arena, reservation_kind(list->type)->name));
        json_push(arena, resolved, one);
    }
    json_set(arena, detail, "execution_id", json_string(arena, e->plan_execution_id));
    json_set(arena, detail, "state", json_string(arena, event->last_state));
    json_set(arena, detail, "resolved_reservations", resolved);
    return err;
}

/* What stands once, in the halt, is shown with every event of it. */
static void read_halt_detail(struct arena *arena, const struct execution *e,
                             const struct view_event *event, struct json *detail)
{
    struct json *actor = json_object(arena);

    json_add(arena, actor, "operator_name", json_string(arena, event->operator_name));
    json_add(arena, actor, "portal_id", json_string(arena, event->portal_id));
    json_add(arena, actor, "subject", json_string(arena, event->subject));
    json_set(arena, detail, "halt_id",
             json_string(arena, receipt_halt_id(arena, e->root_id, event->halt_id)));
    json_set(arena, detail, "reason", json_string(arena, event->reason));
    json_set(arena, detail, "actor", actor);
    json_set(arena, detail, "root", json_string(arena, event->root));
    json_set(arena, detail, "batch", json_string(arena, event->batch_name));
}

static enum err read_event(struct read *read, const struct execution *e,
                           const struct view_event *event, const struct json **ret)
{
    struct arena *arena = read->call->arena;
    struct json *json = json_object(arena), *detail = json_object(arena);
    const struct json *stored = json_stored(arena, event->detail);
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < stored->count; i++)
        json_add(arena, detail, stored->members[i].name, stored->members[i].value);
    if (event->halt_id)
        read_halt_detail(arena, e, event, detail);
    if (event->halt_id && strcmp(event->type, "RESERVATION.CLEANED") == 0)
        err = read_cleaned(read, e, event, detail);
    json_add(arena, json, "seq", json_int(arena, event->seq));
    json_add(arena, json, "time_at", json_int(arena, event->time_at));
    json_add(arena, json, "type", json_string(arena, event->type));
    if (event->event_id) {
        json_add(arena, json, "event_id", json_int(arena, event->event_id));
        json_add(arena, json, "previous_event_id", json_int(arena, event->previous_event_id));
    }
    json_add(arena, json, "detail", detail);
    *ret = json;
    return err;
}

void read_history(struct call *call)
{
    struct read read;
    struct execution e;
    struct view_event *list = NULL;
    struct json *all = json_array(call->arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_find(&read, &e);
    if (!err)
        err = read_page(&read);
    if (!err)
        err = view_history(&read.store, call->arena, &e, &read.page, &list);
    for (; !err && list; list = list->next) {
        const struct json *event = NULL;

        err = read_event(&read, &e, list, &event);
        if (!err)
            json_push(call->arena, all, event);
    }
    read_end_page(&read, err, "events", all);
}

static const struct json *read_reservation(struct arena *arena, const struct reservation *r)
{
    const struct reservation_kind *kind = reservation_kind(r->type);
    struct json *json = json_object(arena);

    json_add(arena, json, "reservation_id", read_id(arena, r->reservation_id));
    json_add(arena, json, "type", json_string(arena, kind->name));
    json_add(arena, json, "status", json_string(arena, r->status));
    json_add(arena, json, "scheduled", json_bool(kind->is_scheduled));
    json_add(arena, json, "due_at", r->due_at ? json_int(arena, r->due_at) : &json_null);
    json_add(arena, json, "epoch", json_int(arena, r->epoch));
    json_add(arena, json, "frame_id", json_int(arena, r->frame_id));
    json_add(arena, json, "state", json_string(arena, r->state));
    json_add(arena, json, "attempt", json_int(arena, r->attempt));
    json_add(arena, json, "worker", json_string(arena, r->worker));
    json_add(arena, json, "lease_until",
             r->lease_until ? json_int(arena, r->lease_until) : &json_null);
    if (r->type != RESERVATION_HUMAN_TASK)
        return json;
    json_add(arena, json, "human_task_id",
             read_human_task_id(arena, r->root_id, r->execution_id, r->reservation_id));
    json_add(arena, json, "data", r->data ? json_stored(arena, r->data) : &json_null);
    return json;
}

void read_reservations(struct call *call)
{
    struct read read;
    struct execution e;
    struct reservation *list = NULL;
    struct json *all = json_array(call->arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_find(&read, &e);
    if (!err)
        err = read_page(&read);
    if (!err)
        err = view_reservations(&read.store, call->arena, &e, 0, &read.page, &list);
    for (; !err && list; list = list->next)
        json_push(call->arena, all, read_reservation(call->arena, list));
    read_end_page(&read, err, "reservations", all);
}

static const struct json *read_evidence_json(struct arena *arena, const struct execution *e,
                                             const struct view_evidence *evidence)
{
    struct json *json = json_object(arena);

    json_add(arena, json, "kind", json_string(arena, evidence->kind));
    json_add(arena, json, "reservation_id",
             evidence->reservation_id ? read_id(arena, evidence->reservation_id) : &json_null);
    json_add(arena, json, "halt_id",
             json_string(arena, receipt_halt_id(arena, e->root_id, evidence->halt_id)));
    json_add(arena, json, "subject", json_string(arena, evidence->subject));
    json_add(arena, json, "received_at", json_int(arena, evidence->received_at));
    json_add(arena, json, "body", evidence->body ? json_stored(arena, evidence->body) : &json_null);
    return json;
}

void read_evidence(struct call *call)
{
    struct read read;
    struct execution e;
    struct view_evidence *list = NULL;
    struct json *all = json_array(call->arena);
    enum err err = read_begin(call, &read);

    if (!err)
        err = read_find(&read, &e);
    if (!err)
        err = read_page(&read);

    if (!err)
        err = view_evidence(&read.store, call->arena, &e, &read.page, &list);
    for (; !err && list; list = list->next)
        json_push(call->arena, all, read_evidence_json(call->arena, &e, list));
    read_end_page(&read, err, "evidence", all);
}
