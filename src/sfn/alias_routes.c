/*
 * alias_routes.c - where an alias leads: one or two versions of a machine, with weights.
 */
#include "sfn/alias_routes.h"

#include <string.h>

#include "sfn/machine_common.h"

enum {
    ALIAS_WEIGHT_SUM = 100,
    ALIAS_ARN_BYTES = 256,
};

bool alias_routes_to(struct arena *arena, const char *text, int64_t number)
{
    const struct json *routes = json_stored(arena, text);

    for (uint32_t i = 0; i < routes->count; i++) {
        if (routes->items[i]->items[0]->integer == number)
            return true;
    }
    return false;
}

static const char *alias_routes_version_arn(const struct json *route)
{
    return json_get_string(route, "stateMachineVersionArn");
}

/* "[arn, arn]" */
const char *alias_routes_arns(struct sfn_call *call, const struct json *list)
{
    const char *text = "";

    for (uint32_t i = 0; i < list->count; i++)
        text = arena_printf(call->arena, "%s%s%s", text, i ? ", " : "",
                            alias_routes_version_arn(list->items[i]));
    return arena_printf(call->arena, "[%s]", text);
}

static enum err alias_routes_check_route(struct sfn_call *call, const struct json *route,
                                         uint32_t index)
{
    const char *arn = alias_routes_version_arn(route);
    const struct json *weight = json_get(route, "weight");
    const char *member =
        arena_printf(call->arena, "routingConfiguration.%u.member", (unsigned)index + 1);
    const char *arn_member = arena_printf(call->arena, "%s.stateMachineVersionArn", member);
    const char *weight_member = arena_printf(call->arena, "%s.weight", member);

    if (!arn)
        return refuse_member(call, NULL, arn_member, "Member must not be null");
    if (!*arn || strlen(arn) > ALIAS_ARN_BYTES)
        return refuse_member(call, arn, arn_member,
                             "Member must have length between 1 and 256, inclusive");
    if (!json_is(weight, JSON_INT))
        return refuse_member(call, NULL, weight_member, "Member must not be null");
    if (weight->integer < 0)
        return refuse_member(call, json_text(call->arena, weight), weight_member,
                             "Member must have value greater than or equal to 0");
    if (weight->integer > ALIAS_WEIGHT_SUM)
        return refuse_member(call, json_text(call->arena, weight), weight_member,
                             "Member must have value less than or equal to 100");
    return ERR_OK;
}

/* Each must be a version, all of the same machine, none twice. */
static enum err alias_routes_check_versions(struct sfn_call *call, const struct json *list,
                                            struct alias_routes *ret)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct sfn_arn arn;
        bool is_foreign = false;

        if (!sfn_arn_parse(call, alias_routes_version_arn(list->items[i]), &arn, &is_foreign)) {
            if (is_foreign)
                return refuse_no_resource(call);
            arn.kind = SFN_ARN_NONE;
        }
        if (arn.kind != SFN_ARN_MACHINE || !arn.version)
            return sfn_refuse_validation(
                call, "INVALID_ROUTING_CONFIGURATION",
                "Routing configuration must contain state machine version ARNs. "
                "Received: %s",
                alias_routes_arns(call, list));
        if (i && strcmp(arn.name, ret->plan_id) != 0)
            return sfn_refuse_validation(
                call, "INVALID_ROUTING_CONFIGURATION",
                "Routing configuration must contain versions of the same state "
                "machine. Received: %s",
                alias_routes_arns(call, list));
        if (i && arn.version == ret->numbers[0])
            return sfn_refuse_validation(
                call, "INVALID_ROUTING_CONFIGURATION",
                "Routing configuration must contain distinct state machine version "
                "ARNs. Received: %s",
                alias_routes_arns(call, list));
        ret->plan_id = arn.name;
        ret->numbers[i] = arn.version;
        ret->count = i + 1;
    }
    return ERR_OK;
}

static enum err alias_routes_check_weights(struct sfn_call *call, const struct json *list,
                                           struct alias_routes *ret)
{
    struct arena *arena = call->arena;
    struct json *routes = json_array(arena), *weights = json_array(arena);
    int64_t sum = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *weight = json_get(list->items[i], "weight");
        struct json *route = json_array(arena);

        json_push(arena, route, json_int(arena, ret->numbers[i]));
        json_push(arena, route, weight);
        json_push(arena, routes, route);
        json_push(arena, weights, weight);
        sum += weight->integer;
    }
    if (sum != ALIAS_WEIGHT_SUM)
        return sfn_refuse_validation(
            call, "INVALID_ROUTING_CONFIGURATION",
            "Sum of routing configuration weights must equal 100. Received: %s",
            json_text(arena, weights));
    ret->routes = json_text(arena, routes);
    return ERR_OK;
}

enum err alias_routes_read(struct sfn_call *call, const struct json *list, struct alias_routes *ret)
{
    enum err err = ERR_OK;

    *ret = (struct alias_routes){0};
    for (uint32_t i = 0; i < list->count && !err; i++)
        err = alias_routes_check_route(call, list->items[i], i);
    if (!err)
        err = alias_routes_check_versions(call, list, ret);
    if (!err)
        err = alias_routes_check_weights(call, list, ret);
    return err;
}

/* The machine is there and not being deleted, and its versions are there. */
enum err alias_routes_find(struct sfn_call *call, struct store *store,
                           const struct alias_routes *routes)
{
    const char *operator_name = call->actor.operator_name;
    struct publication_row publication;
    struct machine_row row;
    enum err err = machines_load(store, call->arena, operator_name, routes->plan_id, 0, &row);

    if (err == ERR_PLAN_NOT_FOUND)
        return refuse_no_resource(call);
    if (err)
        return err;
    if (row.is_deleting)
        return refuse_deleting(call, sfn_arn_machine(call, routes->plan_id));
    for (size_t i = 0; i < routes->count && !err; i++)
        err = publications_load(store, call->arena, operator_name, routes->plan_id,
                                routes->numbers[i], &publication);
    return err == ERR_NOT_FOUND ? refuse_no_resource(call) : err;
}

const struct json *alias_routes_json(struct sfn_call *call, const char *plan_id, const char *text)
{
    struct arena *arena = call->arena;
    const struct json *routes = json_stored(arena, text);
    struct json *list = json_array(arena);

    for (uint32_t i = 0; i < routes->count; i++) {
        const struct json *route = routes->items[i];
        struct json *one = json_object(arena);

        json_add(arena, one, "stateMachineVersionArn",
                 json_string(arena, sfn_arn_version(call, plan_id, route->items[0]->integer)));
        json_add(arena, one, "weight", route->items[1]);
        json_push(arena, list, one);
    }
    return list;
}
