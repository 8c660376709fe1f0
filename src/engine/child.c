/*
 * child.c - children: started by a Task, awaited by a CHILD reservation, told of exactly once.
 */
#include "engine/child.h"

#include <string.h>

#include "base/limits.h"
#include "base/name.h"
#include "engine/arn.h"

static bool child_refused(struct arena *arena, enum err err, const char *plan_id,
                          struct asl_error *reterr)
{
    if (err == ERR_PLAN_NOT_FOUND)
        *reterr = (struct asl_error){
            .error = "Plan.NotFound",
            .cause = arena_printf(arena, "there is no plan %s, or no such version", plan_id)};
    else if (err == ERR_EXECUTION_EXISTS)
        *reterr = (struct asl_error){.error = "Execution.AlreadyExists",
                                     .cause = "this plan_execution_id is taken"};
    else if (err == ERR_TOO_LARGE)
        *reterr = (struct asl_error){.error = "Quota.TreeSizeExceeded",
                                     .cause = "the tree has as many executions as it may"};
    else
        return false;
    return true;
}

/* Names a field that is not as it must be; null when all are. */
static const char *child_bad_field(const struct json *parameters)
{
    static const char *const fields[] = {"plan_id", "input", "await", "plan_version",
                                         "plan_execution_id"};
    const char *plan_id = json_get_string(parameters, "plan_id");
    const char *id = json_get_string(parameters, "plan_execution_id");
    int64_t version = 1;

    if (!plan_id || !name_is_valid(plan_id))
        return "plan_id";
    if (json_get(parameters, "await") && !json_is(json_get(parameters, "await"), JSON_BOOL))
        return "await";
    if (json_get(parameters, "plan_version") &&
        (!json_get_int(parameters, "plan_version", &version) || version < 1))
        return "plan_version";
    if (json_get(parameters, "plan_execution_id") && (!id || !name_is_valid(id)))
        return "plan_execution_id";
    for (uint32_t i = 0; i < parameters->count; i++) {
        bool known = false;

        for (size_t k = 0; k < ARRAY_SIZE(fields); k++)
            known = known || strcmp(parameters->members[i].name, fields[k]) == 0;
        if (!known)
            return parameters->members[i].name;
    }
    return NULL;
}

enum err child_create(struct turn *turn, const struct child_wanted *child, struct execution *ret)
{
    struct execution *parent = turn->execution;
    struct actor actor = {parent->operator_name, parent->portal_id, parent->created_by};
    struct new_execution wanted = {
        .actor = &actor,
        .plan_id = child->plan_id,
        .plan_version = child->plan_version,
        .plan_execution_id = child->plan_execution_id,
        .input = child->input,
        .origin = child->origin,
        .map_run_id = child->map_run_id,
        .map_index = child->map_index,
        .map_state = child->map_state,
        .parent = parent,
        .parent_reservation_id = child->awaited_by,
    };
    struct reservation start;
    enum err err;

    if (parent->depth + 1 > turn->engine->env->tree_depth_max)
        return ERR_TOO_LARGE;
    err = execution_create(turn->engine, &wanted, turn->now_ms, ret);
    if (err)
        return err;
    start = (struct reservation){
        .root_id = ret->root_id,
        .execution_id = ret->execution_id,
        .operator_name = ret->operator_name,
        .type = RESERVATION_START,
        .epoch = ret->epoch,
        .due_at = turn->now_ms,
        .created_at = turn->now_ms,
    };
    err = reservations_insert(turn->engine->store, &start);
    return err ? err : executions_save(turn->engine->store, ret);
}

/* What the parameters of fermata:plan:run ask for. */
static struct child_wanted child_wanted(struct turn *turn, const struct json *parameters,
                                        const struct reservation *awaiting)
{
    const struct json *input = json_get(parameters, "input");
    struct child_wanted wanted = {
        .plan_id = json_get_string(parameters, "plan_id"),
        .plan_execution_id = json_get_string(parameters, "plan_execution_id"),
        .input = input ? json_text(turn->engine->arena, input) : "{}",
        .origin = turn->execution->origin,
        .awaited_by = awaiting ? awaiting->reservation_id : 0,
    };

    json_get_int(parameters, "plan_version", &wanted.plan_version);
    return wanted;
}

enum err child_start(struct turn *turn, const struct json *parameters,
                     struct reservation *reservation, const struct json **ret_result,
                     struct asl_error *reterr, bool *ret_started)
{
    struct arena *arena = turn->engine->arena;
    bool awaited = json_get_bool(parameters, "await", true);
    const char *bad = json_is(parameters, JSON_OBJECT) ? child_bad_field(parameters) : "plan_id";
    struct child_wanted wanted;
    struct execution child;
    struct json *result;
    enum err err;

    *ret_started = false;
    if (bad) {
        *reterr = (struct asl_error){
            .error = "States.Runtime",
            .cause = arena_printf(arena, "the parameters of fermata:plan:run are not valid at '%s'",
                                  bad)};
        return ERR_OK;
    }
    if (turn->execution->depth + 1 > turn->engine->env->tree_depth_max) {
        *reterr = (struct asl_error){.error = "Quota.TreeDepthExceeded",
                                     .cause = "the tree is as deep as it may be"};
        return ERR_OK;
    }
    reservation->reservation_id = id_next(turn->engine->store->ids);
    wanted = child_wanted(turn, parameters, awaited ? reservation : NULL);
    err = child_create(turn, &wanted, &child);
    if (err && child_refused(arena, err, json_get_string(parameters, "plan_id"), reterr))
        return ERR_OK;
    if (err)
        return err;
    *ret_started = true;
    reservation->child_id = child.execution_id;
    if (awaited)
        return ERR_OK;
    result = json_object(arena);
    json_add(arena, result, "plan_execution_id", json_string(arena, child.plan_execution_id));
    *ret_result = result;
    return ERR_OK;
}

enum err child_reattach(struct turn *turn, const struct frame *frame, int64_t *ret_child_id)
{
    struct execution *e = turn->execution;

    return executions_child_of_frame(turn->engine->store, e->root_id, e->execution_id,
                                     frame->frame_id, frame->state, ret_child_id);
}

enum err child_attach(struct turn *turn, struct reservation *reservation)
{
    enum err err;

    reservation->reservation_id = id_next(turn->engine->store->ids);
    err = executions_set_parent_reservation(turn->engine->store, reservation->root_id,
                                            reservation->child_id, reservation->reservation_id);
    return err ? err : turn_reserve(turn, reservation);
}

enum err child_resolve(struct engine *engine, const struct reservation *awaited,
                       const struct reservation_result *result, int64_t now_ms, bool *ret_taken)
{
    struct reservation turn = {
        .root_id = awaited->root_id,
        .execution_id = awaited->execution_id,
        .operator_name = awaited->operator_name,
        .frame_id = awaited->frame_id,
        .type = RESERVATION_TURN,
        .epoch = awaited->epoch,
        .due_at = now_ms,
        .created_at = now_ms,
    };
    enum err err = reservations_arrive(engine->store, awaited, result, now_ms, ret_taken);

    if (err || !*ret_taken)
        return err;
    return reservations_insert(engine->store, &turn);
}

/* {"Error": "States.TaskFailed", "Cause": ...}: what the child says of itself, as text. */
static const char *child_failure(struct arena *arena, const struct json *cause)
{
    struct json *error = json_object(arena);

    json_add(arena, error, "Error", json_string(arena, "States.TaskFailed"));
    json_add(arena, error, "Cause", json_string(arena, json_text(arena, cause)));
    return json_text(arena, error);
}

static const struct json *child_own_words(struct arena *arena, const struct execution *child)
{
    struct json *cause = json_object(arena);

    json_add(arena, cause, "plan_execution_id", json_string(arena, child->plan_execution_id));
    json_add(arena, cause, "status", json_string(arena, status_name(child->status)));
    json_add(arena, cause, "error", json_string(arena, child->error));
    json_add(arena, cause, "cause", json_string(arena, child->cause));
    return cause;
}

/* Input or Output, as text or as JSON, with the details that say it is there. */
static void child_add_data(struct arena *arena, struct json *json, const char *name,
                           const char *text, bool as_json)
{
    struct json *details = json_object(arena);

    if (!text)
        return;
    json_add(arena, json, name, as_json ? json_stored(arena, text) : json_string(arena, text));
    json_add(arena, details, "Included", &json_true);
    json_add(arena, json, arena_printf(arena, "%sDetails", name), details);
}

/* DescribeExecution's answer, as the service integration hands it on. */
static const struct json *child_described(struct engine *engine, const struct execution *child,
                                          bool as_json)
{
    struct arena *arena = engine->arena;
    struct json *json = json_object(arena);
    struct arn_place place;

    execution_place(engine, child, &place);
    json_add(
        arena, json, "ExecutionArn",
        json_string(arena, arn_execution(arena, &place, child->plan_id, child->plan_execution_id)));
    if (child->error)
        json_add(arena, json, "Error", json_string(arena, child->error));
    if (child->cause)
        json_add(arena, json, "Cause", json_string(arena, child->cause));
    child_add_data(arena, json, "Input", child->input, as_json);
    json_add(
        arena, json, "Name",
        json_string(arena, arn_execution_name(arena, child->plan_id, child->plan_execution_id)));
    child_add_data(arena, json, "Output", child->output, as_json);
    json_add(arena, json, "StartDate", json_int(arena, child->created_at));
    json_add(arena, json, "StateMachineArn",
             json_string(arena, arn_machine(arena, &place, child->plan_id)));
    json_add(arena, json, "Status",
             json_string(arena, child->status == STATUS_SUCCESS ? "SUCCEEDED"
                                : child->timed_out              ? "TIMED_OUT"
                                                                : "FAILED"));
    json_add(arena, json, "StopDate", json_int(arena, child->ended_at));
    return json;
}

enum err child_tell_parent(struct engine *engine, struct execution *child, int64_t now_ms)
{
    struct arena *arena = engine->arena;
    struct reservation_result result = {.failed = child->status == STATUS_FAILED};
    struct reservation awaited;
    const struct json *described;
    bool taken;
    enum err err;

    if (!child->parent_reservation_id)
        return ERR_OK;
    err = reservations_load(engine->store, arena, child->root_id, child->parent_id,
                            child->parent_reservation_id, &awaited);
    if (err)
        return err;
    if (!reservation_is_fresh(&awaited))
        return ERR_OK;
    if (child->map_run_id)
        return map_run_child_ended(engine, child, now_ms);
    if (awaited.data) {
        described = child_described(engine, child, strcmp(awaited.data, CHILD_FORM_SYNC_2) == 0);
        result.text = result.failed ? child_failure(arena, described) : json_text(arena, described);
    } else {
        result.text =
            result.failed ? child_failure(arena, child_own_words(arena, child)) : child->output;
    }
    return child_resolve(engine, &awaited, &result, now_ms, &taken);
}
