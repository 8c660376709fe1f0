/*
 * test_sfn_history.c - every type of event has the detail object that AWS's model gives it, with
 * JSON as text and its companions.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "sfn/history.h"

struct fixture {
    struct arena *arena;
    struct sfn sfn;
    struct sfn_call call;
    struct history_frame frame;
};

static int set_up(void **state)
{
    struct fixture *f = xalloc(sizeof(*f));

    f->arena = arena_new();
    f->sfn.config.region = "eu-west-1";
    f->call.sfn = &f->sfn;
    f->call.arena = f->arena;
    f->call.account = "123456789012";
    f->frame = (struct history_frame){
        .plan_id = "orders",
        .role_arn = "arn:aws:iam::123456789012:role/r",
        .with_data = true,
    };
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    free(f);
    return 0;
}

static const struct json *shape(struct fixture *f, const char *type, const char *detail)
{
    struct view_sfn_event event = {.time_at = 1700000000123,
                                   .event_id = 7,
                                   .previous_event_id = 5,
                                   .type = type,
                                   .detail = detail};

    return history_event_shape(&f->call, &f->frame, &event);
}

/* The event's only detail object; null when it has none. */
static const struct json_member *details(const struct json *event)
{
    const struct json_member *found = NULL;

    for (uint32_t i = 0; i < event->count; i++) {
        const char *name = event->members[i].name;
        size_t len = strlen(name);

        if (len > 12 && strcmp(name + len - 12, "EventDetails") == 0) {
            assert_null(found);
            found = &event->members[i];
        }
    }
    return found;
}

static void assert_details(struct fixture *f, const char *type, const char *detail,
                           const char *expected)
{
    const struct json_member *member = details(shape(f, type, detail));
    const struct json *wanted = json_stored(f->arena, expected);

    assert_non_null(member);
    if (!json_equal(member->value, wanted))
        fail_msg("%s: %s", type, json_text(f->arena, member->value));
}

/* ---- the table ---- */

static const struct {
    const char *type, *details;
} kinds[] = {
    {"ActivityFailed",               "activityFailedEventDetails"              },
    {"ActivityScheduled",            "activityScheduledEventDetails"           },
    {"ActivityScheduleFailed",       "activityScheduleFailedEventDetails"      },
    {"ActivityStarted",              "activityStartedEventDetails"             },
    {"ActivitySucceeded",            "activitySucceededEventDetails"           },
    {"ActivityTimedOut",             "activityTimedOutEventDetails"            },
    {"ChoiceStateEntered",           "stateEnteredEventDetails"                },
    {"ChoiceStateExited",            "stateExitedEventDetails"                 },
    {"ExecutionAborted",             "executionAbortedEventDetails"            },
    {"ExecutionFailed",              "executionFailedEventDetails"             },
    {"ExecutionStarted",             "executionStartedEventDetails"            },
    {"ExecutionSucceeded",           "executionSucceededEventDetails"          },
    {"ExecutionTimedOut",            "executionTimedOutEventDetails"           },
    {"FailStateEntered",             "stateEnteredEventDetails"                },
    {"LambdaFunctionFailed",         "lambdaFunctionFailedEventDetails"        },
    {"LambdaFunctionScheduled",      "lambdaFunctionScheduledEventDetails"     },
    {"LambdaFunctionScheduleFailed", "lambdaFunctionScheduleFailedEventDetails"},
    {"LambdaFunctionStarted",        NULL                                      },
    {"LambdaFunctionStartFailed",    "lambdaFunctionStartFailedEventDetails"   },
    {"LambdaFunctionSucceeded",      "lambdaFunctionSucceededEventDetails"     },
    {"LambdaFunctionTimedOut",       "lambdaFunctionTimedOutEventDetails"      },
    {"MapIterationAborted",          "mapIterationAbortedEventDetails"         },
    {"MapIterationFailed",           "mapIterationFailedEventDetails"          },
    {"MapIterationStarted",          "mapIterationStartedEventDetails"         },
    {"MapIterationSucceeded",        "mapIterationSucceededEventDetails"       },
    {"MapStateAborted",              NULL                                      },
    {"MapStateEntered",              "stateEnteredEventDetails"                },
    {"MapStateExited",               "stateExitedEventDetails"                 },
    {"MapStateFailed",               NULL                                      },
    {"MapStateStarted",              "mapStateStartedEventDetails"             },
    {"MapStateSucceeded",            NULL                                      },
    {"ParallelStateAborted",         NULL                                      },
    {"ParallelStateEntered",         "stateEnteredEventDetails"                },
    {"ParallelStateExited",          "stateExitedEventDetails"                 },
    {"ParallelStateFailed",          NULL                                      },
    {"ParallelStateStarted",         NULL                                      },
    {"ParallelStateSucceeded",       NULL                                      },
    {"PassStateEntered",             "stateEnteredEventDetails"                },
    {"PassStateExited",              "stateExitedEventDetails"                 },
    {"SucceedStateEntered",          "stateEnteredEventDetails"                },
    {"SucceedStateExited",           "stateExitedEventDetails"                 },
    {"TaskFailed",                   "taskFailedEventDetails"                  },
    {"TaskScheduled",                "taskScheduledEventDetails"               },
    {"TaskStarted",                  "taskStartedEventDetails"                 },
    {"TaskStartFailed",              "taskStartFailedEventDetails"             },
    {"TaskStateAborted",             NULL                                      },
    {"TaskStateEntered",             "stateEnteredEventDetails"                },
    {"TaskStateExited",              "stateExitedEventDetails"                 },
    {"TaskSubmitFailed",             "taskSubmitFailedEventDetails"            },
    {"TaskSubmitted",                "taskSubmittedEventDetails"               },
    {"TaskSucceeded",                "taskSucceededEventDetails"               },
    {"TaskTimedOut",                 "taskTimedOutEventDetails"                },
    {"WaitStateAborted",             NULL                                      },
    {"WaitStateEntered",             "stateEnteredEventDetails"                },
    {"WaitStateExited",              "stateExitedEventDetails"                 },
    {"MapRunAborted",                NULL                                      },
    {"MapRunFailed",                 "mapRunFailedEventDetails"                },
    {"MapRunStarted",                "mapRunStartedEventDetails"               },
    {"MapRunSucceeded",              NULL                                      },
    {"ExecutionRedriven",            "executionRedrivenEventDetails"           },
    {"MapRunRedriven",               "mapRunRedrivenEventDetails"              },
    {"EvaluationFailed",             "evaluationFailedEventDetails"            },
};
_Static_assert(sizeof(kinds) / sizeof(*kinds) == 62, "all types of AWS's model");

static void every_type_has_its_detail_object(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        const struct json *event = shape(f, kinds[i].type, "{}");
        const struct json_member *member = details(event);

        assert_string_equal(json_get_string(event, "type"), kinds[i].type);
        if (!kinds[i].details) {
            if (member)
                fail_msg("%s has %s", kinds[i].type, member->name);
            continue;
        }
        if (!member)
            fail_msg("%s has no details", kinds[i].type);
        assert_string_equal(member->name, kinds[i].details);
    }
}

static void an_event_has_its_numbers_and_its_time(void **state)
{
    struct fixture *f = *state;
    const struct json *event = shape(f, "MapStateSucceeded", "{}");
    int64_t id = 0, previous = 0;

    assert_true(json_get_int(event, "id", &id));
    assert_true(json_get_int(event, "previousEventId", &previous));
    assert_int_equal(id, 7);
    assert_int_equal(previous, 5);
    assert_true(json_number(json_get(event, "timestamp")) == 1700000000.123);
    assert_int_equal(event->count, 4);
}

/* ---- members ---- */

static void payloads_are_text_with_a_companion(void **state)
{
    struct fixture *f = *state;

    assert_details(f, "TaskStateEntered", "{\"name\":\"A\",\"input\":{\"a\":[1,2.0,null]}}",
                   "{\"name\":\"A\",\"input\":\"{\\\"a\\\":[1,2.0,null]}\","
                   "\"inputDetails\":{\"truncated\":false}}");
    assert_details(f, "ExecutionSucceeded", "{\"output\":null}",
                   "{\"output\":\"null\",\"outputDetails\":{\"truncated\":false}}");
    assert_details(f, "ExecutionSucceeded", "{\"output\":\"text\"}",
                   "{\"output\":\"\\\"text\\\"\",\"outputDetails\":{\"truncated\":false}}");
}

static void variables_are_texts_by_name(void **state)
{
    struct fixture *f = *state;

    assert_details(f, "PassStateExited",
                   "{\"name\":\"A\",\"output\":1,\"assignedVariables\":{\"x\":\"\\\"s\\\"\",\"y\":"
                   "\"[true]\"}}",
                   "{\"name\":\"A\",\"output\":\"1\",\"outputDetails\":{\"truncated\":false},"
                   "\"assignedVariables\":{\"x\":\"\\\"s\\\"\",\"y\":\"[true]\"},"
                   "\"assignedVariablesDetails\":{\"truncated\":false}}");
}

static void parameters_are_text_without_a_companion(void **state)
{
    struct fixture *f = *state;

    assert_details(f, "TaskScheduled",
                   "{\"resourceType\":\"states\",\"resource\":\"startExecution.sync\","
                   "\"parameters\":{\"Name\":\"n\"},\"timeoutInSeconds\":5,"
                   "\"heartbeatInSeconds\":2,\"taskCredentials\":{\"roleArn\":\"r\"}}",
                   "{\"resourceType\":\"states\",\"resource\":\"startExecution.sync\","
                   "\"region\":\"eu-west-1\",\"parameters\":\"{\\\"Name\\\":\\\"n\\\"}\","
                   "\"timeoutInSeconds\":5,\"heartbeatInSeconds\":2,"
                   "\"taskCredentials\":{\"roleArn\":\"r\"}}");
    assert_details(f, "TaskScheduled", "{\"region\":\"us-east-2\",\"parameters\":{}}",
                   "{\"region\":\"us-east-2\",\"parameters\":\"{}\"}");
}

static void what_is_not_there_is_left_out(void **state)
{
    struct fixture *f = *state;

    assert_details(f, "ExecutionFailed", "{\"error\":\"E\",\"cause\":null}", "{\"error\":\"E\"}");
    assert_details(f, "ExecutionAborted", "{}", "{}");
    assert_details(f, "ActivityStarted", "{}", "{}");
    assert_details(f, "ActivityStarted", "{\"workerName\":\"w\"}", "{\"workerName\":\"w\"}");
    assert_details(f, "EvaluationFailed",
                   "{\"error\":\"E\",\"cause\":\"C\",\"state\":\"S\",\"location\":\"Items\"}",
                   "{\"error\":\"E\",\"cause\":\"C\",\"state\":\"S\",\"location\":\"Items\"}");
    /* What only we know does not go out. */
    assert_details(f, "MapIterationStarted", "{\"name\":\"M\",\"index\":0,\"frame\":3}",
                   "{\"name\":\"M\",\"index\":0}");
}

static void a_start_has_its_role_and_how_it_was_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_details(f, "ExecutionStarted", "{\"input\":{},\"plan_id\":\"orders\"}",
                   "{\"input\":\"{}\",\"inputDetails\":{\"truncated\":false},"
                   "\"roleArn\":\"arn:aws:iam::123456789012:role/r\"}");
    f->frame.version_arn = "v";
    f->frame.alias_arn = "a";
    assert_details(f, "ExecutionStarted", "{\"input\":{}}",
                   "{\"input\":\"{}\",\"inputDetails\":{\"truncated\":false},"
                   "\"roleArn\":\"arn:aws:iam::123456789012:role/r\","
                   "\"stateMachineAliasArn\":\"a\",\"stateMachineVersionArn\":\"v\"}");
}

static void a_halt_is_shown_as_an_abort(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(json_get_string(shape(f, "EXECUTION.HALTED", "{}"), "type"),
                        "ExecutionAborted");
    assert_details(f, "EXECUTION.HALTED",
                   "{\"previous_status\":\"EXECUTING\",\"error\":\"E\",\"cause\":null}",
                   "{\"error\":\"E\"}");
}

static void a_map_run_has_its_arn(void **state)
{
    struct fixture *f = *state;

    assert_details(f, "MapRunStarted", "{\"label\":\"Each\",\"mapRun\":\"u-1\"}",
                   "{\"mapRunArn\":\"arn:aws:states:eu-west-1:123456789012:mapRun:orders/Each:"
                   "u-1\"}");
    assert_details(f, "MapRunRedriven",
                   "{\"label\":\"Each\",\"mapRun\":\"u-1\",\"redriveCount\":2}",
                   "{\"mapRunArn\":\"arn:aws:states:eu-west-1:123456789012:mapRun:orders/Each:"
                   "u-1\",\"redriveCount\":2}");
}

static void without_data_there_is_none(void **state)
{
    struct fixture *f = *state;

    f->frame.with_data = false;
    assert_details(f, "PassStateExited",
                   "{\"name\":\"A\",\"output\":1,\"assignedVariables\":{\"x\":1}}",
                   "{\"name\":\"A\"}");
    assert_details(f, "TaskScheduled",
                   "{\"resourceType\":\"t\",\"resource\":\"r\",\"parameters\":{\"secret\":1}}",
                   "{\"resourceType\":\"t\",\"resource\":\"r\",\"region\":\"eu-west-1\","
                   "\"parameters\":\"\"}");
    assert_details(f, "LambdaFunctionScheduled", "{\"resource\":\"r\",\"input\":{\"a\":1}}",
                   "{\"resource\":\"r\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_has_its_detail_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_has_its_numbers_and_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(payloads_are_text_with_a_companion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(variables_are_texts_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters_are_text_without_a_companion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_start_has_its_role_and_how_it_was_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_halt_is_shown_as_an_abort, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_run_has_its_arn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_data_there_is_none, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
