/*
 * demo_plans.c - the plans of the demo.
 *
 *   order         takes a lock, is paid (worker), delivered (child, timer), signed for (callback)
 *   stocktaking   needs the depot's gate, which is a lock
 *   fleet         10 depots, each 10 rounds, each 10 parcels: 1,111 executions
 *   parcel        waits: for a worker, a signature, a person, or a day
 */
#include "cli/demo_plans.h"

#include "base/arena.h"
#include "base/json.h"

static const char demo_plans_order[] =
    "{\"Comment\": \"One order, from the till to the signature\", \"StartAt\": \"Take the till\","
    " \"States\": {"
    "  \"Take the till\": {\"Type\": \"Task\", \"Resource\": \"fermata:lock:acquire\","
    "    \"Parameters\": {\"name\": \"till\"}, \"ResultPath\": null, \"Next\": \"Charge\"},"
    "  \"Charge\": {\"Type\": \"Task\", \"Resource\": \"fermata:task:charge\","
    "    \"TimeoutSeconds\": 60, \"ResultPath\": \"$.payment\","
    "    \"Retry\": [{\"ErrorEquals\": [\"States.TaskFailed\"], \"MaxAttempts\": 2}],"
    "    \"Next\": \"Leave the till\"},"
    "  \"Leave the till\": {\"Type\": \"Task\", \"Resource\": \"fermata:lock:release\","
    "    \"Parameters\": {\"name\": \"till\"}, \"ResultPath\": null, \"Next\": \"Deliver\"},"
    "  \"Deliver\": {\"Type\": \"Task\", \"Resource\": \"fermata:plan:run\","
    "    \"Parameters\": {\"plan_id\": \"delivery\", \"input\": {\"to.$\": \"$.customer\"},"
    "      \"await\": true}, \"ResultPath\": \"$.delivery\", \"Next\": \"Signature\"},"
    "  \"Signature\": {\"Type\": \"Task\", \"Resource\": \"fermata:callback\","
    "    \"Parameters\": {\"token.$\": \"$$.Task.Token\"}, \"ResultPath\": \"$.signature\","
    "    \"Next\": \"Thanks\"},"
    "  \"Thanks\": {\"Type\": \"Succeed\"}}}";

static const char demo_plans_delivery[] =
    "{\"StartAt\": \"Drive\", \"States\": {"
    "  \"Drive\": {\"Type\": \"Wait\", \"Seconds\": 1, \"Next\": \"Ring\"},"
    "  \"Ring\": {\"Type\": \"Pass\", \"Result\": {\"at_the_door\": true}, \"End\": true}}}";

static const char demo_plans_stocktaking[] =
    "{\"StartAt\": \"Count\", \"States\": {"
    "  \"Count\": {\"Type\": \"Pass\", \"Result\": {\"counted\": true}, \"End\": true}}}";

static const char demo_plans_parcel[] =
    "{\"StartAt\": \"What next\", \"States\": {"
    "  \"What next\": {\"Type\": \"Choice\", \"Default\": \"Cool\", \"Choices\": ["
    "    {\"Variable\": \"$.kind\", \"StringEquals\": \"press\", \"Next\": \"Press\"},"
    "    {\"Variable\": \"$.kind\", \"StringEquals\": \"sign\", \"Next\": \"Sign\"},"
    "    {\"Variable\": \"$.kind\", \"StringEquals\": \"check\", \"Next\": \"Check\"}]},"
    "  \"Press\": {\"Type\": \"Task\", \"Resource\": \"fermata:task:press\","
    "    \"TimeoutSeconds\": 3600, \"HeartbeatSeconds\": 3, \"End\": true},"
    "  \"Sign\": {\"Type\": \"Task\", \"Resource\": \"fermata:callback\","
    "    \"Parameters\": {\"token.$\": \"$$.Task.Token\"}, \"End\": true},"
    "  \"Check\": {\"Type\": \"Task\", \"Resource\": \"fermata:human\", \"End\": true},"
    "  \"Cool\": {\"Type\": \"Wait\", \"Seconds\": 86400, \"End\": true}}}";

static const struct {
    const char *name;
    const char *text;  /* the definition; or null: starts children of the plan before it */
    const char *child; /* the plan it starts DEMO_FAN_OUT times */
} demo_plans[] = {
    {"delivery",    demo_plans_delivery,    NULL    },
    {"order",       demo_plans_order,       NULL    },
    {"stocktaking", demo_plans_stocktaking, NULL    },
    {"parcel",      demo_plans_parcel,      NULL    },
    {"round",       NULL,                   "parcel"},
    {"depot",       NULL,                   "round" },
    {"fleet",       NULL,                   "depot" },
};

/* A branch with one Task that starts a child and waits for it. */
static const struct json *demo_plans_branch(struct arena *arena, const char *child, int number)
{
    static const char *const kinds[] = {"press", "sign", "check", "cool"};
    const char *name = arena_printf(arena, "Start %s %d", child, number + 1);
    struct json *branch = json_object(arena), *states = json_object(arena);
    struct json *state = json_object(arena), *parameters = json_object(arena);
    struct json *input = json_object(arena);

    json_add(arena, input, "kind", json_string(arena, kinds[(size_t)number % ARRAY_SIZE(kinds)]));
    json_add(arena, parameters, "plan_id", json_string(arena, child));
    json_add(arena, parameters, "input", input);
    json_add(arena, parameters, "await", &json_true);
    json_add(arena, state, "Type", json_string(arena, "Task"));
    json_add(arena, state, "Resource", json_string(arena, "fermata:plan:run"));
    json_add(arena, state, "Parameters", parameters);
    json_add(arena, state, "End", &json_true);
    json_add(arena, states, name, state);
    json_add(arena, branch, "StartAt", json_string(arena, name));
    json_add(arena, branch, "States", states);
    return branch;
}

static const struct json *demo_plans_fan_out(struct arena *arena, const char *child)
{
    struct json *plan = json_object(arena), *states = json_object(arena);
    struct json *state = json_object(arena), *branches = json_array(arena);

    for (int i = 0; i < DEMO_FAN_OUT; i++)
        json_push(arena, branches, demo_plans_branch(arena, child, i));
    json_add(arena, state, "Type", json_string(arena, "Parallel"));
    json_add(arena, state, "Branches", branches);
    json_add(arena, state, "End", &json_true);
    json_add(arena, states, "All", state);
    json_add(arena, plan, "StartAt", json_string(arena, "All"));
    json_add(arena, plan, "States", states);
    return plan;
}

const struct json *demo_plan(struct arena *arena, size_t i, const char **ret_name)
{
    if (i >= ARRAY_SIZE(demo_plans))
        return NULL;
    *ret_name = demo_plans[i].name;
    if (demo_plans[i].text)
        return json_stored(arena, demo_plans[i].text);
    return demo_plans_fan_out(arena, demo_plans[i].child);
}
