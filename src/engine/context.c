/*
 * context.c - what the language sees from where a frame stands: the context object ($$) and the
 * variables.
 *
 * Specification, "The Context Object" and "Variables". A started-by-ARN execution sees ARNs, any
 * other the ids of our own API. A frame reads the variables of all frames above it and assigns only
 * its own.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "engine/arn.h"

static const struct json *context_time(struct arena *arena, int64_t time_ms)
{
    char text[CLOCK_TEXT_BYTES];

    clock_format(time_ms, text);
    return json_string(arena, text);
}

bool execution_place(struct engine *engine, const struct execution *e, struct arn_place *ret)
{
    *ret = (struct arn_place){engine->env->region, ARN_ACCOUNT_DEFAULT};
    if (!e->origin)
        return false;
    ret->account = json_get_string(json_stored(engine->arena, e->origin), "account");
    if (!ret->account)
        ret->account = ARN_ACCOUNT_DEFAULT;
    return true;
}

/* The execution's Id and Name. */
static void context_name(struct turn *turn, const char **ret_id, const char **ret_name)
{
    struct arena *arena = turn->engine->arena;
    const struct execution *e = turn->execution;
    const char *plan_id = e->plan_id, *id = e->plan_execution_id;
    struct arn_place place;

    *ret_id = id;
    *ret_name = id;
    if (!execution_place(turn->engine, e, &place))
        return;
    if (turn->engine->env->is_express) {
        *ret_id = arn_express(arena, &place, plan_id, id);
        *ret_name = arn_express_name(arena, plan_id, id);
    } else {
        *ret_id = arn_execution(arena, &place, plan_id, id);
        *ret_name = arn_execution_name(arena, plan_id, id);
    }
}

static const struct json *context_execution(struct turn *turn)
{
    struct arena *arena = turn->engine->arena;
    struct execution *e = turn->execution;
    struct json *json = json_object(arena);
    const char *id, *name, *role = turn->role_arn;
    struct arn_place place;

    if (!role) {
        execution_place(turn->engine, e, &place);
        role = arn_role(arena, &place);
    }
    if (!turn->input)
        turn->input = json_stored(arena, e->input);
    context_name(turn, &id, &name);
    json_add(arena, json, "Id", json_string(arena, id));
    json_add(arena, json, "Input", turn->input);
    json_add(arena, json, "Name", json_string(arena, name));
    json_add(arena, json, "RoleArn", json_string(arena, role));
    json_add(arena, json, "StartTime", context_time(arena, e->created_at));
    json_add(arena, json, "RedriveCount", json_int(arena, e->redrives));
    if (e->redriven_at)
        json_add(arena, json, "RedriveTime", context_time(arena, e->redriven_at));
    return json;
}

/* {"Item": {"Index", "Value"}} of the iteration that the frame stands in, or null. */
static const struct json *context_map(struct arena *arena, const struct frame *frame)
{
    struct json *map, *item;

    while (frame && !frame->item)
        frame = frame->parent;
    if (!frame)
        return NULL;
    map = json_object(arena);
    item = json_object(arena);
    json_add(arena, item, "Index", json_int(arena, frame->branch));
    json_add(arena, item, "Value", json_stored(arena, frame->item));
    json_add(arena, item, "Source", json_string(arena, "STATE_DATA"));
    json_add(arena, map, "Item", item);
    return map;
}

static int64_t context_retries(struct arena *arena, const struct frame *frame)
{
    const struct json *counts = frame->retries ? json_stored(arena, frame->retries) : NULL;
    int64_t sum = 0;

    for (uint32_t i = 0; counts && i < counts->count; i++)
        sum += counts->items[i]->integer;
    return sum;
}

static const struct json *context_make(struct turn *turn, const struct frame *frame,
                                       const char *task_token)
{
    struct arena *arena = turn->engine->arena;
    struct execution *e = turn->execution;
    struct json *context = json_object(arena), *state = json_object(arena);
    struct json *machine = json_object(arena), *task = json_object(arena);
    const struct json *map = context_map(arena, frame);
    struct arn_place place;
    bool has_arns = execution_place(turn->engine, e, &place);

    json_add(arena, context, "Execution", context_execution(turn));
    json_add(arena, state, "EnteredTime", context_time(arena, turn->now_ms));
    json_add(arena, state, "Name", json_string(arena, frame->state));
    if (turn_state(turn, frame)->retrier_count)
        json_add(arena, state, "RetryCount", json_int(arena, context_retries(arena, frame)));
    json_add(arena, context, "State", state);
    json_add(arena, machine, "Id",
             json_string(arena, has_arns ? arn_machine(arena, &place, e->plan_id) : e->plan_id));
    json_add(arena, machine, "Name", json_string(arena, e->plan_id));
    json_add(arena, context, "StateMachine", machine);
    if (map)
        json_add(arena, context, "Map", map);
    if (task_token) {
        json_add(arena, task, "Token", json_string(arena, task_token));
        json_add(arena, context, "Task", task);
    }
    return context;
}

static const struct json *context_of(struct turn *turn, const struct frame *frame,
                                     const char *task_token)
{
    if (task_token)
        return context_make(turn, frame, task_token);
    if (turn->context_frame != frame || turn->context_state != frame->state ||
        turn->context_retries != frame->retries) {
        turn->context = context_make(turn, frame, NULL);
        turn->context_frame = frame;
        turn->context_state = frame->state;
        turn->context_retries = frame->retries;
    }
    return turn->context;
}

/* Every variable the frame sees; an inner scope cannot assign a name of an outer one, so the order
 * does not matter. */
static const struct json *context_variables(struct turn *turn, struct frame *frame)
{
    struct arena *arena = turn->engine->arena;
    const struct json *outer = frame->parent ? context_variables(turn, frame->parent) : NULL;

    if (!frame->variables)
        return outer;
    if (!frame->scope)
        frame->scope = asl_variables_merge(arena, outer, json_stored(arena, frame->variables));
    return frame->scope;
}

static double context_random01(void *user)
{
    struct env *env = user;

    return env->random01(env);
}

static void context_random_bytes(void *user, void *bytes, size_t len)
{
    struct env *env = user;

    env->random_bytes(bytes, len);
}

void turn_scope(struct turn *turn, struct frame *frame, const char *task_token,
                struct asl_scope *ret)
{
    asl_scope_init(ret, turn->engine->arena, context_of(turn, frame, task_token),
                   context_variables(turn, frame));
    ret->random01 = context_random01;
    ret->random_bytes = context_random_bytes;
    ret->user = turn->engine->env;
}

const struct json *context_with_item(struct turn *turn, struct frame *frame, int64_t index,
                                     const struct json *value)
{
    struct arena *arena = turn->engine->arena;
    const struct json *context = context_of(turn, frame, NULL);
    struct json *copy = json_object(arena), *map = json_object(arena), *item = json_object(arena);

    for (uint32_t i = 0; i < context->count; i++) {
        if (strcmp(context->members[i].name, "Map") != 0)
            json_add(arena, copy, context->members[i].name, context->members[i].value);
    }
    json_add(arena, item, "Index", json_int(arena, index));
    json_add(arena, item, "Value", value);
    json_add(arena, item, "Source", json_string(arena, "STATE_DATA"));
    json_add(arena, map, "Item", item);
    json_add(arena, copy, "Map", map);
    return copy;
}

bool turn_assign(struct turn *turn, struct frame *frame, const struct asl_template *assign,
                 const struct json *dollar, const struct json **ret, struct asl_error *reterr)
{
    struct asl_scope scope;

    *ret = NULL;
    if (!assign)
        return true;
    turn_scope(turn, frame, NULL, &scope);
    return asl_assign(&scope, assign, dollar, ret, reterr);
}

/* What the frames below it remember of its scope is out of date; there are none while it moves. */
void turn_set_variables(struct turn *turn, struct frame *frame, const struct json *assigned)
{
    struct arena *arena = turn->engine->arena;
    const struct json *before = frame->variables ? json_stored(arena, frame->variables) : NULL;

    if (!assigned || !assigned->count)
        return;
    frame->variables = json_text(arena, asl_variables_merge(arena, before, assigned));
    frame->scope = NULL;
    frame->changed = true;
}
