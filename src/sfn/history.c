/*
 * history.c - THE HISTORY TABLE: which detail object an event has on the wire, and how our natural
 * JSON becomes its members.
 *
 * Our detail uses AWS's member names. What AWS shows as text (inputs, outputs, parameters) is JSON
 * in our rows and becomes text here; an input or output gets the companion that says that nothing
 * of it was cut off.
 */
#include "sfn/history.h"

#include <string.h>

enum history_form {
    HISTORY_NONE,
    HISTORY_TEXT,       /* as it is */
    HISTORY_NUMBER,     /* as it is */
    HISTORY_OBJECT,     /* as it is */
    HISTORY_DATA,       /* JSON as text, with a companion */
    HISTORY_PARAMETERS, /* JSON as text; never left out, for the API's model requires it */
    HISTORY_VARIABLES,  /* an object of JSON texts, with a companion */
    HISTORY_REGION,     /* ours, when the row has none */
    HISTORY_MAP_RUN,    /* an ARN, from label and mapRun */
    HISTORY_ROLE,
    HISTORY_VERSION,
    HISTORY_ALIAS,
};

struct history_member {
    const char *name;
    enum history_form form;
};

/* ---- members of the detail objects ---- */

#define HISTORY_ERROR                                                                              \
    {"error", HISTORY_TEXT},                                                                       \
    {                                                                                              \
        "cause", HISTORY_TEXT                                                                      \
    }
#define HISTORY_RESOURCE                                                                           \
    {"resourceType", HISTORY_TEXT},                                                                \
    {                                                                                              \
        "resource", HISTORY_TEXT                                                                   \
    }

static const struct history_member history_error[] = {HISTORY_ERROR, {0}};
static const struct history_member history_output[] = {
    {"output", HISTORY_DATA},
    {0       }
};
static const struct history_member history_resource[] = {HISTORY_RESOURCE, {0}};
static const struct history_member history_resource_error[] = {
    HISTORY_RESOURCE, HISTORY_ERROR, {0}};
static const struct history_member history_resource_output[] = {
    HISTORY_RESOURCE, {"output", HISTORY_DATA},
     {0       }
};
static const struct history_member history_activity[] = {
    {"resource",         HISTORY_TEXT},
    {"input",                  HISTORY_DATA},
    {"timeoutInSeconds",HISTORY_NUMBER},
    {"heartbeatInSeconds", HISTORY_NUMBER},
    {0                 }
};
static const struct history_member history_worker[] = {
    {"workerName", HISTORY_TEXT},
    {0           }
};
static const struct history_member history_lambda[] = {
    {"resource",         HISTORY_TEXT},
    {"input",                  HISTORY_DATA},
    {"timeoutInSeconds",HISTORY_NUMBER},
    {"taskCredentials", HISTORY_OBJECT},
    {0                 }
};
static const struct history_member history_task[] = {
    HISTORY_RESOURCE,
    {"region",            HISTORY_REGION},
    {"parameters",                   HISTORY_PARAMETERS},
    {"timeoutInSeconds",HISTORY_NUMBER},
    {"heartbeatInSeconds",  HISTORY_NUMBER},
    {"taskCredentials",                   HISTORY_OBJECT},
    {0   }
};
static const struct history_member history_started[] = {
    {"input",                HISTORY_DATA},
    {"roleArn",                      HISTORY_ROLE},
    {"stateMachineAliasArn",HISTORY_ALIAS},
    {"stateMachineVersionArn", HISTORY_VERSION},
    {0                     }
};
static const struct history_member history_redriven[] = {
    {"redriveCount", HISTORY_NUMBER},
    {0             }
};
static const struct history_member history_length[] = {
    {"length", HISTORY_NUMBER},
    {0       }
};
static const struct history_member history_iteration[] = {
    {"name",          HISTORY_TEXT},
    {"index",               HISTORY_NUMBER},
    {0}
};
static const struct history_member history_entered[] = {
    {"name",        HISTORY_TEXT},
    {"input",             HISTORY_DATA},
    {0}
};
static const struct history_member history_exited[] = {
    {"name",              HISTORY_TEXT},
    {"output",                   HISTORY_DATA},
    {"assignedVariables",HISTORY_VARIABLES},
    {0}
};
static const struct history_member history_map_run[] = {
    {"mapRunArn", HISTORY_MAP_RUN},
    {0          }
};
static const struct history_member history_map_redriven[] = {
    {"mapRunArn",     HISTORY_MAP_RUN},
    {"redriveCount",               HISTORY_NUMBER},
    {0}
};
static const struct history_member history_evaluation[] = {
    HISTORY_ERROR, {"location",    HISTORY_TEXT},
     {"state",             HISTORY_TEXT},
     {0}
};

/* ---- the table ---- */

#define HISTORY_ENTERED "stateEnteredEventDetails", history_entered
#define HISTORY_EXITED "stateExitedEventDetails", history_exited

static const struct history_type {
    const char *type;
    const char *details; /* null: the event has none */
    const struct history_member *members;
} history_types[] = {
    {"ActivityFailed",                            "activityFailedEventDetails",                        history_error},
    {"ActivityScheduleFailed",                                           "activityScheduleFailedEventDetails",                                                                       history_error},
    {"ActivityScheduled",                              "activityScheduledEventDetails",           history_activity},
    {"ActivityStarted","activityStartedEventDetails",        history_worker},
    {"ActivitySucceeded",                           "activitySucceededEventDetails",                                                                   history_output},
    {"ActivityTimedOut",                                           "activityTimedOutEventDetails",                                                                            history_error},
    {"ChoiceStateEntered",                             HISTORY_ENTERED             },
    {"ChoiceStateExited",HISTORY_EXITED},
    {"EvaluationFailed",                        "evaluationFailedEventDetails",                                history_evaluation},
    {"ExecutionAborted",                         "executionAbortedEventDetails",                                                                                            history_error},
    {"ExecutionFailed",                          "executionFailedEventDetails",                        history_error},
    {"ExecutionRedriven",                                           "executionRedrivenEventDetails",                                                                             history_redriven},
    {"ExecutionStarted",                              "executionStartedEventDetails",history_started},
    {"ExecutionSucceeded","executionSucceededEventDetails",    history_output},
    {"ExecutionTimedOut",                         "executionTimedOutEventDetails",   history_error},
    {"FailStateEntered",                                           HISTORY_ENTERED                                                                            },
    {"LambdaFunctionFailed",                            "lambdaFunctionFailedEventDetails",                                                                                          history_error},
    {"LambdaFunctionScheduleFailed",                       "lambdaFunctionScheduleFailedEventDetails",                                                         history_error},
    {"LambdaFunctionScheduled",                         "lambdaFunctionScheduledEventDetails",                     history_lambda},
    {"LambdaFunctionStartFailed",                                           "lambdaFunctionStartFailedEventDetails",                                                                             history_error},
    {"LambdaFunctionStarted",                                           NULL,NULL},
    {"LambdaFunctionSucceeded",                              "lambdaFunctionSucceededEventDetails",history_output},
    {"LambdaFunctionTimedOut","lambdaFunctionTimedOutEventDetails",history_error},
    {"MapIterationAborted",                   "mapIterationAbortedEventDetails",         history_iteration},
    {"MapIterationFailed",                                           "mapIterationFailedEventDetails",                                                                    history_iteration},
    {"MapIterationStarted",                              "mapIterationStartedEventDetails",     history_iteration},
    {"MapIterationSucceeded","mapIterationSucceededEventDetails",                                                history_iteration},
    {"MapRunAborted",                   NULL,    NULL},
    {"MapRunFailed",                                           "mapRunFailedEventDetails",                                                                       history_error},
    {"MapRunRedriven",                              "mapRunRedrivenEventDetails",                                                                                                                         history_map_redriven},
    {"MapRunStarted","mapRunStartedEventDetails",                  history_map_run},
    {"MapRunSucceeded",                        NULL, NULL},
    {"MapStateAborted",                                           NULL,                                                                          NULL},
    {"MapStateEntered",                          HISTORY_ENTERED                                                                        },
    {"MapStateExited",            HISTORY_EXITED},
    {"MapStateFailed",                             NULL,                                                          NULL},
    {"MapStateStarted",                                           "mapStateStartedEventDetails",                                                                                 history_length},
    {"MapStateSucceeded",                              NULL,           NULL},
    {"ParallelStateAborted",NULL,NULL},
    {"ParallelStateEntered",                             HISTORY_ENTERED                                                             },
    {"ParallelStateExited",                                           HISTORY_EXITED                                                                             },
    {"ParallelStateFailed",                                       NULL,                                                                                          NULL},
    {"ParallelStateStarted",NULL,NULL},
    {"ParallelStateSucceeded",                           NULL,                                      NULL},
    {"PassStateEntered",                            HISTORY_ENTERED                                                     },
    {"PassStateExited",                            HISTORY_EXITED                                              },
    {"SucceedStateEntered",                                           HISTORY_ENTERED                                                                             },
    {"SucceedStateExited",                             HISTORY_EXITED},
    {"TaskFailed",          "taskFailedEventDetails",                                               history_resource_error},
    {"TaskScheduled",                      "taskScheduledEventDetails",                                                                                    history_task},
    {"TaskStartFailed",                                           "taskStartFailedEventDetails",                                                                         history_resource_error},
    {"TaskStarted",                                           "taskStartedEventDetails",             history_resource},
    {"TaskStateAborted",                                           NULL,NULL},
    {"TaskStateEntered",                                       HISTORY_ENTERED},
    {"TaskStateExited",                                           HISTORY_EXITED                                                                                                                       },
    {"TaskSubmitFailed",                    "taskSubmitFailedEventDetails",                                         history_resource_error},
    {"TaskSubmitted",                                           "taskSubmittedEventDetails",                                                                             history_resource_output},
    {"TaskSucceeded",                                           "taskSucceededEventDetails",                         history_resource_output},
    {"TaskTimedOut",                                           "taskTimedOutEventDetails",                            history_resource_error},
    {"WaitStateAborted",                                           NULL,NULL},
    {"WaitStateEntered",                                           HISTORY_ENTERED                                                                                   },
    {"WaitStateExited",                     HISTORY_EXITED                         },
};

/* The table is in the order of the names. */
static const struct history_type *history_find(const char *type)
{
    size_t low = 0, high = sizeof(history_types) / sizeof(*history_types);

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(type, history_types[middle].type);

        if (order == 0)
            return &history_types[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* The one event of the language that has a name of ours: a halt is more than a stop. */
static const char *history_type_name(const char *type)
{
    return strcmp(type, "EXECUTION.HALTED") == 0 ? "ExecutionAborted" : type;
}

/* ---- members ---- */

static const struct json *history_as_text(struct arena *arena, const struct json *value)
{
    return json_string(arena, json_text(arena, value));
}

/* nameDetails: {"truncated": false} */
static void history_companion(struct arena *arena, struct json *details, const char *name)
{
    struct json *companion = json_object(arena);

    json_add(arena, companion, "truncated", &json_false);
    json_add(arena, details, arena_printf(arena, "%sDetails", name), companion);
}

static const struct json *history_map_run_arn(struct sfn_call *call,
                                              const struct history_frame *frame,
                                              const struct json *detail)
{
    const char *label = json_get_string(detail, "label"), *name = json_get_string(detail, "mapRun");

    if (!label || !name)
        return NULL;
    return json_string(call->arena, sfn_arn_map_run(call, frame->plan_id, label, name));
}

static const struct json *history_optional(struct arena *arena, const char *text)
{
    return text ? json_string(arena, text) : NULL;
}

/* A member's value on the wire; null: it is left out. */
static const struct json *history_value(struct sfn_call *call, const struct history_frame *frame,
                                        const struct history_member *member,
                                        const struct json *detail)
{
    struct arena *arena = call->arena;
    const struct json *value = json_get(detail, member->name);

    switch (member->form) {
    case HISTORY_TEXT:
        return json_is(value, JSON_STRING) ? value : NULL;
    case HISTORY_NUMBER:
        return value && json_is_number(value) ? value : NULL;
    case HISTORY_OBJECT:
        return json_is(value, JSON_OBJECT) ? value : NULL;
    case HISTORY_DATA:
        return value && frame->with_data ? history_as_text(arena, value) : NULL;
    case HISTORY_PARAMETERS:
        return value && frame->with_data ? history_as_text(arena, value) : json_string(arena, "");
    case HISTORY_VARIABLES:
        return json_is(value, JSON_OBJECT) && frame->with_data ? value : NULL;
    case HISTORY_REGION:
        return json_is(value, JSON_STRING) ? value : json_string(arena, call->sfn->config.region);
    case HISTORY_MAP_RUN:
        return history_map_run_arn(call, frame, detail);
    case HISTORY_ROLE:
        return history_optional(arena, frame->role_arn);
    case HISTORY_VERSION:
        return history_optional(arena, frame->version_arn);
    case HISTORY_ALIAS:
        return history_optional(arena, frame->alias_arn);
    case HISTORY_NONE:
        break;
    }
    return NULL;
}

static const struct json *history_details(struct sfn_call *call, const struct history_frame *frame,
                                          const struct history_type *type,
                                          const struct json *detail)
{
    struct arena *arena = call->arena;
    struct json *details = json_object(arena);

    for (const struct history_member *m = type->members; m->name; m++) {
        const struct json *value = history_value(call, frame, m, detail);

        if (!value)
            continue;
        json_add(arena, details, m->name, value);
        if (m->form == HISTORY_DATA || m->form == HISTORY_VARIABLES)
            history_companion(arena, details, m->name);
    }
    return details;
}

const struct json *history_event_shape(struct sfn_call *call, const struct history_frame *frame,
                                       const struct view_sfn_event *event)
{
    struct arena *arena = call->arena;
    const char *name = history_type_name(event->type);
    const struct history_type *type = history_find(name);
    struct json *json = json_object(arena);

    json_add(arena, json, "timestamp", sfn_time(arena, event->time_at));
    json_add(arena, json, "type", json_string(arena, name));
    json_add(arena, json, "id", json_int(arena, event->event_id));
    json_add(arena, json, "previousEventId", json_int(arena, event->previous_event_id));
    if (type && type->details)
        json_add(arena, json, type->details,
                 history_details(call, frame, type, json_stored(arena, event->detail)));
    return json;
}
