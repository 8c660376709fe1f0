/*
 * task_event.c - the events of a Task, in the family its resource belongs to.
 *
 * An activity and a function named by its ARN have event types of their own; every other resource
 * is a service with an action: {"resourceType": "states", "resource": "startExecution.sync"}, ours
 * {"resourceType": "fermata", "resource": "task:NAME"}.
 */
#include "engine/task.h"

#include <string.h>

static const char *task_family(const struct asl_state *state)
{
    return state->resource == ASL_RESOURCE_ACTIVITY ? "Activity"
           : state->resource == ASL_RESOURCE_LAMBDA ? "LambdaFunction"
                                                    : "Task";
}

static bool task_is_service(const struct asl_state *state)
{
    return strcmp(task_family(state), "Task") == 0;
}

static struct json *task_detail(struct arena *arena, const struct asl_state *state)
{
    struct json *detail = json_object(arena);

    if (task_is_service(state)) {
        json_add(arena, detail, "resourceType", json_string(arena, state->resource_type));
        json_add(arena, detail, "resource", json_string(arena, state->resource_action));
    }
    return detail;
}

static enum err task_event(struct turn *turn, struct frame *frame, const char *what,
                           const struct json *detail)
{
    const char *type =
        arena_printf(turn->engine->arena, "%s%s", task_family(turn_state(turn, frame)), what);

    return turn_event(turn, frame, type, detail, NULL);
}

enum err task_scheduled(struct task *task)
{
    struct arena *arena = task->turn->engine->arena;
    struct json *detail = task_detail(arena, task->state);
    bool is_service = task_is_service(task->state);

    if (!is_service)
        json_add(arena, detail, "resource", json_string(arena, task->state->resource_text));
    if (is_service && strncmp(task->state->resource_text, "arn:", 4) == 0)
        json_add(arena, detail, "region", json_string(arena, task->turn->engine->env->region));
    json_add(arena, detail, is_service ? "parameters" : "input", task->parameters);
    if (task->timeout_ms)
        json_add(arena, detail, "timeoutInSeconds", json_int(arena, task->timeout_ms / 1000));
    if (task->heartbeat_ms)
        json_add(arena, detail, "heartbeatInSeconds", json_int(arena, task->heartbeat_ms / 1000));
    if (task->credentials && json_get(task->credentials, "RoleArn")) {
        struct json *credentials = json_object(arena);

        json_add(arena, credentials, "roleArn", json_get(task->credentials, "RoleArn"));
        json_add(arena, detail, "taskCredentials", credentials);
    }
    return task_event(task->turn, task->frame, "Scheduled", detail);
}

enum err task_started(struct turn *turn, struct frame *frame)
{
    return task_event(turn, frame, "Started",
                      task_detail(turn->engine->arena, turn_state(turn, frame)));
}

enum err task_submitted(struct task *task, const struct json *output)
{
    struct arena *arena = task->turn->engine->arena;
    struct json *detail = task_detail(arena, task->state);

    json_add(arena, detail, "output", output);
    return task_event(task->turn, task->frame, "Submitted", detail);
}

enum err task_succeeded(struct turn *turn, struct frame *frame, const struct json *output)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = task_detail(arena, turn_state(turn, frame));

    json_add(arena, detail, "output", output);
    return task_event(turn, frame, "Succeeded", detail);
}

enum err task_failed(struct turn *turn, struct frame *frame, const char *what,
                     const struct asl_error *error)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = task_detail(arena, turn_state(turn, frame));

    if (error->error)
        json_add(arena, detail, "error", json_string(arena, error->error));
    if (error->cause)
        json_add(arena, detail, "cause", json_string(arena, error->cause));
    return task_event(turn, frame, what, detail);
}
