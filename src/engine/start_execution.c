/*
 * start_execution.c - a Task that starts an execution as the Step Functions service integration
 * does: arn:aws:states:::states:startExecution in all its patterns, and aws-sdk:sfn:startExecution.
 *
 * Plain it is fire-and-forget: what stops the parent does not stop it, unless all children are
 * asked for. With .sync and .sync:2 the child is awaited; with .waitForTaskToken a callback is.
 */
#include "engine/task.h"

#include <string.h>

#include "base/limits.h"
#include "engine/arn.h"
#include "engine/child.h"
#include "store/machines.h"

static bool start_is_sdk(const struct task *task)
{
    return strncmp(task->state->resource_type, "aws-sdk:", 8) == 0;
}

/* As the service says it when it refuses: "StepFunctions.StateMachineDoesNotExistException". */
static enum err start_refused(struct task *task, const char *code, const char *message)
{
    struct arena *arena = task->turn->engine->arena;
    struct asl_error error = {
        .error = arena_printf(arena, "%s.%sException", start_is_sdk(task) ? "Sfn" : "StepFunctions",
                              code),
        .cause = arena_printf(arena,
                              "%s (Service: AWSStepFunctions; Status Code: 400; Error Code: %s; "
                              "Request ID: %s; Proxy: null)",
                              message, code, engine_uuid(task->turn->engine)),
    };
    enum err err = task_failed(task->turn, task->frame, "Failed", &error);

    return err ? err : frame_fail(task->turn, task->frame, &error);
}

/* The version that the ARN's version or alias stands for; 0: the latest. */
static enum err start_version(struct task *task, const struct arn_machine_ref *ref,
                              int64_t *ret_version)
{
    struct turn *turn = task->turn;
    struct engine *engine = turn->engine;
    const char *operator_name = turn->execution->operator_name;
    struct publication_row publication;
    struct alias_row alias = {0};
    int64_t number = ref->version;
    double dice;
    enum err err = ERR_OK;

    *ret_version = 0;
    if (ref->alias)
        err = aliases_load(engine->store, engine->arena, operator_name, ref->plan_id, ref->alias,
                           &alias);
    if (!err && ref->alias) {
        const struct json *routes = json_stored(engine->arena, alias.routes);

        dice = engine->env->random01(engine->env) * 100;
        for (uint32_t i = 0; i < routes->count && dice >= 0; i++) {
            number = routes->items[i]->items[0]->integer;
            dice -= (double)routes->items[i]->items[1]->integer;
        }
    }
    if (!err && number) {
        err = publications_load(engine->store, engine->arena, operator_name, ref->plan_id, number,
                                &publication);
        *ret_version = err ? 0 : publication.plan_version;
    }
    return err;
}

/* One header field of the answer, alone and as a list, as the integration shows them. */
static void start_add_header(struct arena *arena, struct json *all, struct json *single,
                             const char *name, const char *value)
{
    struct json *list = json_array(arena);

    json_push(arena, list, json_string(arena, value));
    json_add(arena, all, name, list);
    json_add(arena, single, name, json_string(arena, value));
}

/* What the service's own client knew of the answer it got; plans that were written for Step
 * Functions may read it. */
static void start_add_metadata(struct task *task, struct json *answer, const char *execution_arn)
{
    struct arena *arena = task->turn->engine->arena;
    struct json *metadata = json_object(arena), *response = json_object(arena);
    struct json *all = json_object(arena), *single = json_object(arena);
    const char *request_id = engine_uuid(task->turn->engine);
    char date[CLOCK_TEXT_BYTES];

    clock_format_http(task->turn->now_ms, date);
    start_add_header(arena, all, single, "x-amzn-RequestId", request_id);
    start_add_header(arena, all, single, "connection", "keep-alive");
    start_add_header(arena, all, single, "Content-Length",
                     arena_printf(arena, "%zu",
                                  sizeof("{\"executionArn\":\"\",\"startDate\":1.692716867123E9}") -
                                      1 + strlen(execution_arn)));
    start_add_header(arena, all, single, "Date", date);
    start_add_header(arena, all, single, "Content-Type", "application/x-amz-json-1.0");
    json_add(arena, metadata, "AllHttpHeaders", all);
    json_add(arena, metadata, "HttpHeaders", single);
    json_add(arena, metadata, "HttpStatusCode", json_int(arena, 200));
    json_add(arena, answer, "SdkHttpMetadata", metadata);
    json_add(arena, response, "RequestId", json_string(arena, request_id));
    json_add(arena, answer, "SdkResponseMetadata", response);
}

/* The client's answer to StartExecution, as the integration hands it on. */
static const struct json *start_answer(struct task *task, const struct execution *child)
{
    struct turn *turn = task->turn;
    struct arena *arena = turn->engine->arena;
    struct json *answer = json_object(arena);
    struct arn_place place;
    const char *arn;
    char text[CLOCK_TEXT_BYTES];

    execution_place(turn->engine, child, &place);
    arn = arn_execution(arena, &place, child->plan_id, child->plan_execution_id);
    json_add(arena, answer, "ExecutionArn", json_string(arena, arn));
    clock_format(child->created_at, text);
    json_add(arena, answer, "StartDate",
             start_is_sdk(task) ? json_string(arena, text) : json_int(arena, child->created_at));
    if (!start_is_sdk(task))
        start_add_metadata(task, answer, arn);
    return answer;
}

/* What is awaited after the start: nothing, the child, or a callback with the token of the context.
 */
static enum err start_goes_on(struct task *task, const struct execution *child)
{
    const struct json *answer = start_answer(task, child);
    enum err err;

    if (task->state->pattern == ASL_REQUEST_RESPONSE) {
        err = task_succeeded(task->turn, task->frame, answer);
        return err ? err : frame_result(task->turn, task->frame, answer);
    }
    err = task_submitted(task, answer);
    return err ? err : task_wait(task);
}

static enum err start_create(struct task *task, const struct child_wanted *wanted,
                             const char *machine_arn)
{
    struct turn *turn = task->turn;
    struct arena *arena = turn->engine->arena;
    struct execution child;
    struct arn_place place;
    enum err err = child_create(turn, wanted, &child);

    if (err == ERR_PLAN_NOT_FOUND)
        return start_refused(
            task, "StateMachineDoesNotExist",
            arena_printf(arena, "State Machine Does Not Exist: '%s'", machine_arn));
    if (err == ERR_EXECUTION_EXISTS) {
        execution_place(turn->engine, turn->execution, &place);
        return start_refused(
            task, "ExecutionAlreadyExists",
            arena_printf(arena, "Execution Already Exists: '%s'",
                         arn_execution(arena, &place, wanted->plan_id, wanted->plan_execution_id)));
    }
    if (err == ERR_TOO_LARGE)
        return start_refused(
            task, "ExecutionLimitExceeded",
            "the tree has as many executions as it may, or is as deep as it may be");
    if (err)
        return err;
    task->reservation.child_id = child.execution_id;
    return start_goes_on(task, &child);
}

/* Any JSON; a string is the text of it, as in the API; nothing is {}. */
static bool start_input(struct task *task, const struct json *input, const char **ret_text)
{
    struct arena *arena = task->turn->engine->arena;
    const struct json *value = input;
    struct fault fault;

    if (!input || input->kind == JSON_NULL)
        return true;
    if (input->kind == JSON_STRING &&
        json_parse(arena, input->string, strlen(input->string), &value, &fault) != ERR_OK)
        return false;
    *ret_text = json_text(arena, value);
    return true;
}

static enum err start_new(struct task *task)
{
    struct turn *turn = task->turn;
    struct arena *arena = turn->engine->arena;
    const struct json *input = json_get(task->parameters, "Input");
    const char *machine_arn = json_get_string(task->parameters, "StateMachineArn");
    const char *name = json_get_string(task->parameters, "Name");
    bool is_sync = task->state->pattern == ASL_SYNC || task->state->pattern == ASL_SYNC_2;
    struct child_wanted wanted = {.input = "{}"};
    struct arn_machine_ref ref;
    enum err err;

    if (!machine_arn)
        return task_fail_runtime(task, "The Parameters '{\"StateMachineArn\": ...}' could not be "
                                       "used to start the Task: [The field 'StateMachineArn' is "
                                       "required but was missing]");
    if (!arn_parse_machine(arena, machine_arn, &ref))
        return start_refused(task, "InvalidArn",
                             arena_printf(arena, "Invalid Arn: '%s'", machine_arn));
    err = start_version(task, &ref, &wanted.plan_version);
    if (err == ERR_NOT_FOUND)
        return start_refused(
            task, "StateMachineDoesNotExist",
            arena_printf(arena, "State Machine Does Not Exist: '%s'", machine_arn));
    if (err)
        return err;
    if (!start_input(task, input, &wanted.input))
        return start_refused(
            task, "InvalidExecutionInput",
            arena_printf(arena, "Invalid State Machine Execution Input: '%s'", input->string));
    wanted.plan_id = ref.plan_id;
    wanted.plan_execution_id =
        arn_execution_id(arena, ref.plan_id, name ? name : engine_uuid(task->turn->engine));
    wanted.origin = turn->execution->origin ? turn->execution->origin : "{}";
    if (is_sync) {
        task->reservation.reservation_id = id_next(turn->engine->store->ids);
        task->reservation.data =
            task->state->pattern == ASL_SYNC ? CHILD_FORM_SYNC : CHILD_FORM_SYNC_2;
        wanted.awaited_by = task->reservation.reservation_id;
    }
    return start_create(task, &wanted, machine_arn);
}

enum err task_start_execution(struct task *task)
{
    struct turn *turn = task->turn;
    bool is_sync = task->state->pattern == ASL_SYNC || task->state->pattern == ASL_SYNC_2;
    enum err err = task_started(turn, task->frame);

    if (task->state->pattern == ASL_WAIT_FOR_TOKEN)
        task->reservation.type = RESERVATION_CALLBACK;
    if (!err && is_sync && turn->execution->epoch > 1)
        err = child_reattach(turn, task->frame, &task->reservation.child_id);
    if (err)
        return err;
    if (task->reservation.child_id) {
        task->reservation.data =
            task->state->pattern == ASL_SYNC ? CHILD_FORM_SYNC : CHILD_FORM_SYNC_2;
        return child_attach(turn, &task->reservation);
    }
    return start_new(task);
}
