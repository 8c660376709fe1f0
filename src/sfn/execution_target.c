/*
 * execution_target.c - what a start asks for: a machine by its ARN, a name, an input.
 *
 * Executions of EXPRESS machines have a UUID behind their name, so that names may repeat.
 */
#include "sfn/execution_priv.h"

#include <string.h>

#include "base/id.h"
#include "engine/arn.h"
#include "sfn/json_words.h"

/* A state machine that is to run, and how it was asked for. */
struct target {
    struct machine_row machine;
    int64_t version;   /* published; 0: none */
    const char *alias; /* or null */
};

/* One of an alias's routes, by chance. */
static int64_t target_route(struct sfn_call *call, const struct alias_row *alias)
{
    const struct json *routes = json_stored(call->arena, alias->routes);
    uint32_t random;
    double at;
    int64_t number = 0;

    id_random(&random, sizeof(random));
    at = random * 0x1.0p-32 * 100;

    for (uint32_t i = 0; i < routes->count; i++) {
        const struct json *route = routes->items[i];

        if (route->items[1]->integer == 0)
            continue;
        number = route->items[0]->integer;
        at -= (double)route->items[1]->integer;
        if (at < 0)
            break;
    }
    return number;
}

/* Which plan version the ARN means; 0: the latest. */
static enum err target_resolve(struct sfn_call *call, struct store *store,
                               const struct sfn_arn *arn, struct target *target,
                               int64_t *ret_plan_version)
{
    const char *operator_name = call->actor.operator_name;
    struct publication_row publication;
    struct alias_row alias;
    enum err err = ERR_OK;

    *ret_plan_version = 0;
    target->version = arn->version;
    target->alias = arn->alias;
    if (arn->alias) {
        err = aliases_load(store, call->arena, operator_name, arn->name, arn->alias, &alias);
        if (!err)
            target->version = target_route(call, &alias);
    }
    if (err || !target->version)
        return err;
    err = publications_load(store, call->arena, operator_name, arn->name, target->version,
                            &publication);
    if (!err)
        *ret_plan_version = publication.plan_version;
    return err;
}

/* stateMachine:NAME, NAME:3 or NAME:ALIAS. */
static enum err target_find(struct sfn_call *call, struct store *store, const char *text,
                            struct target *ret)
{
    struct sfn_arn arn;
    int64_t plan_version = 0;
    enum err err = sfn_arn_need(call, text, SFN_ARN_KIND(SFN_ARN_MACHINE), &arn);

    if (err)
        return err;
    if (arn.label)
        return refuse_qualified(call, &arn, text);
    *ret = (struct target){0};
    err = target_resolve(call, store, &arn, ret, &plan_version);
    if (!err)
        err = machines_load(store, call->arena, call->actor.operator_name, arn.name, plan_version,
                            &ret->machine);
    if (err == ERR_NOT_FOUND || err == ERR_PLAN_NOT_FOUND)
        return refuse_no_machine(call, text);
    if (!err && ret->machine.is_deleting)
        return refuse_deleting(call, text);
    return err;
}

/* What the execution keeps of its start. */
static const char *target_origin(struct sfn_call *call, const struct target *target,
                                 const char *trace_header)
{
    struct arena *arena = call->arena;
    struct json *origin = json_object(arena);

    json_add(arena, origin, "account", json_string(arena, call->account));
    if (trace_header)
        json_add(arena, origin, "trace_header", json_string(arena, trace_header));
    if (target->version)
        json_add(arena, origin, "version", json_int(arena, target->version));
    if (target->alias)
        json_add(arena, origin, "alias", json_string(arena, target->alias));
    return json_text(arena, origin);
}

/* The text of an input; null is {}. */
static enum err target_input(struct sfn_call *call, const char *text, const struct json **ret)
{
    struct arena *arena = call->arena;
    const char *words;
    struct fault fault;
    size_t len = text ? strlen(text) : 0;

    if (!text) {
        *ret = json_object(arena);
        return ERR_OK;
    }
    if (len > LIMIT_PAYLOAD_BYTES)
        return sfn_refuse(call, "InvalidExecutionInput",
                          "Invalid State Machine Execution Input: 'Input exceeds the maximum size"
                          " of %d bytes.'",
                          LIMIT_PAYLOAD_BYTES);
    if (json_parse(arena, text, len, ret, &fault) == ERR_OK)
        return ERR_OK;
    words = json_words(arena, text, len, NULL);
    return sfn_refuse(call, "InvalidExecutionInput", "Invalid State Machine Execution Input: '%s'",
                      words ? words : "Invalid execution input.");
}

static const char *target_uuid(struct sfn_call *call)
{
    uint8_t bytes[16];
    char text[UUID_TEXT_BYTES];

    id_random(bytes, sizeof(bytes));
    uuid_text(bytes, text);
    return arena_string(call->arena, text);
}

/* An execution's name: the one given, or a new UUID. */
static enum err target_name(struct sfn_call *call, const char *given, const char **ret)
{
    if (given && !sfn_name_is_valid(given))
        return sfn_refuse(call, "InvalidName", "Invalid Name: '%s'", given);
    *ret = given ? given : target_uuid(call);
    return ERR_OK;
}

enum err execution_prepare(struct sfn_call *call, struct store *store,
                           const struct execution_wanted *wanted, struct execution_prepared *ret)
{
    struct start_request *req = &ret->req;
    const struct machine_row *machine;
    struct target target = {0};
    enum err err;

    *ret = (struct execution_prepared){0};
    err = target_find(call, store, wanted->machine_arn, &target);
    if (!err)
        err = target_name(call, wanted->name, &ret->name);
    if (!err)
        err = target_input(call, wanted->input, &req->input);
    if (err)
        return err;
    machine = &target.machine;
    CHECK(machine->type != NULL);
    ret->is_express = strcmp(machine->type, "EXPRESS") == 0;
    ret->plan = (struct express_plan){machine->plan_id, machine->plan_version, machine->printed,
                                      machine->role_arn};
    req->plan_id = machine->plan_id;
    req->plan_version = machine->plan_version;
    req->plan_execution_id =
        ret->is_express ? arn_express_id(call->arena, req->plan_id, ret->name, target_uuid(call))
                        : arn_execution_id(call->arena, req->plan_id, ret->name);
    req->origin = target_origin(call, &target, wanted->trace_header);
    return ERR_OK;
}
