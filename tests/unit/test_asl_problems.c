/*
 * test_asl_problems.c - what the validator says of a mistake, in our words and in those of Step
 * Functions; what is only a warning; and a state that is read alone.
 */
#include "asl_unit.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define SCHEMA "SCHEMA_VALIDATION_FAILED"
#define TARGET "MISSING_TRANSITION_TARGET"
#define END "'End':true"

static const struct wording_case {
    const char *definition; /* a whole one, or the inside of States */
    const char *code, *wording, *location;
} wording_cases[] = {
    CASE("{'StartAt':'A'}", SCHEMA, "These fields are required: [States]", "/"),
    CASE("{}", SCHEMA, "These fields are required: [StartAt, States]", "/"),
    CASE("{'StartAt':'A','Foo':1,'States':{'A':{'Type':'Succeed'}}}", SCHEMA,
         "Field 'Foo' is not supported", "/"),
    CASE("'A':{'Type':'Sleep'," END "}", SCHEMA,
         "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, "
         "Choice, Parallel, Map]",
         "/States/A/Type"),
    CASE("'A':{'Type':'Wait','Timestamp':'05-12-2016T21:29:29Z'," END "}", SCHEMA,
         "String does not match RFC3339 timestamp", "/States/A/Timestamp"),
    CASE("'A':{'Type':'Pass','TimeoutSeconds':5," END "}", SCHEMA,
         "Field 'TimeoutSeconds' is not supported", "/States/A"),
    CASE("'A':{'Type':'Pass','Output':1," END "}", SCHEMA,
         "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the "
         "'JSONata' QueryLanguage",
         "/States/A"),
    CASE("'A':{'Type':'Pass','QueryLanguage':'sql'," END "}", SCHEMA,
         "Value should be one of the following: [JSONPath, JSONata]", "/States/A/QueryLanguage"),
    CASE("{'QueryLanguage':'JSONata','StartAt':'A','States':{'A':{'Type':'Pass','QueryLanguage':"
         "'JSONPath'," END "}}}",
         SCHEMA,
         "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
         "/States/A"),
    CASE("'A':{'Type':'Pass','Next':'Z'},'B':{'Type':'Succeed'}", TARGET,
         "Missing 'Next' target: Z", "/States/A/Next"),
    CASE("'A':{'Type':'Pass','Next':'Z'},'B':{'Type':'Succeed'}", TARGET,
         "State \"B\" is not reachable.", "/States/B"),
    CASE("'A':{'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'Next':'Z'}]},'B':{'Type':"
         "'Succeed'}",
         TARGET, "Missing 'Next' target: Z", "/States/A/Choices[0]/Next"),
    CASE("{'StartAt':'Z','States':{'A':{'Type':'Succeed'}}}", TARGET, "Missing 'Next' target: Z",
         "/StartAt"),
    CASE("'A':{'Type':'Parallel','Branches':[{'StartAt':'I','States':{'I':{'Type':'Succeed'},"
         "'x/y':{'Type':'Succeed'}}}]," END "}",
         TARGET, "State \"x/y\" is not reachable.", "/States/A/Branches[0]/States/x/y"),
    CASE("'A':{'Type':'Pass','Next':'A'}", "MISSING_END_STATE", "Workflow has no terminal state",
         NULL),
    CASE("'A':{'Type':'Fail','Cause':'x','CausePath':'$.x'}", SCHEMA,
         "There should only be one of the following fields: [Cause, CausePath]", "/States/A"),
    CASE("'A':{'Type':'Wait','Seconds':-1," END "}", SCHEMA, "Minimum value is 0",
         "/States/A/Seconds"),
    CASE("'A':{'Type':'Wait','Seconds':'1'," END "}", SCHEMA, "Expected value of type [NUMBER]",
         "/States/A/Seconds"),
    CASE("'A':{'Type':'Pass','Parameters':{'a.$':[1]}," END "}", SCHEMA,
         "The value for the field 'a.$' must be a STRING that contains a JSONPath but was an ARRAY",
         "/States/A/Parameters/a.$"),
    CASE(
        "'A':{'Type':'Pass','Parameters':{'a.$':'b'}," END "}", SCHEMA,
        "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call",
        "/States/A/Parameters/a.$"),
    CASE("'A':{'Type':'Task','Resource':'arn:aws:states:::dynamodb:query'," END "}", SCHEMA,
         "The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is "
         "not a valid resource ARN, or the resource is not available in this region.",
         "/States/A/Resource"),
    CASE("'A':{'Type':'Task','Resource':'f'," END "}", SCHEMA, "Value is not a valid resource ARN",
         "/States/A/Resource"),
    CASE("'A':{'Type':'Map','Label':'a*','ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED',"
         "'ExecutionType':'STANDARD'},'StartAt':'I','States':{'I':{'Type':'Succeed'}}}," END "}",
         "INVALID_LABEL_NAME", "Label contains invalid character: '*'", "/States/A/Label"),
};

static const struct json *states_of(struct arena *arena, const char *states)
{
    if (*states == '{')
        return json_of(arena, states);
    return json_of(arena, arena_printf(arena, "{'StartAt':'A','States':{%s}}", states));
}

static const char *text_or_none(const char *text)
{
    return text ? text : "(none)";
}

static void mistakes_are_told_as_step_functions_tells_them(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(wording_cases); i++) {
        const struct wording_case *c = &wording_cases[i];
        struct asl_problems problems = problems_of(arena, states_of(arena, c->definition));
        bool found = false;

        for (size_t n = 0; n < problems.count; n++) {
            const struct asl_problem *p = &problems.list[n];

            found = found || (!strcmp(p->code, c->code) && !strcmp(p->wording, c->wording) &&
                              !strcmp(text_or_none(p->location), text_or_none(c->location)));
        }
        if (!found)
            fail_msg("%s: %s: %s at %s", c->definition, problems.list[0].code,
                     problems.list[0].wording, text_or_none(problems.list[0].location));
    }
}

static void every_problem_has_all_its_parts(void **state)
{
    struct arena *arena = *state;
    struct asl_problems problems = problems_of(
        arena,
        states_of(arena, "'A':{'Type':'Task','Resource':'fermata:x','Retry':[{}],'Next':'B'},"
                         "'B':{'Type':'Pass','Parameters':{'x':'$.y'}},'C':7"));

    assert_true(problems.errors >= 4);
    assert_true(problems.count > problems.errors);
    for (size_t i = 0; i < problems.count; i++) {
        assert_non_null(problems.list[i].pointer);
        assert_non_null(problems.list[i].rule);
        assert_non_null(problems.list[i].message);
        assert_non_null(problems.list[i].code);
        assert_non_null(problems.list[i].wording);
    }
}

static const struct warning_case {
    const char *states, *rule, *code, *pointer;
} warning_cases[] = {
    CASE("'A':{'Type':'Pass','Parameters':{'x':'$.y'}," END "}", "LOOKS_LIKE_PATH", "NO_DOLLAR",
         "/States/A/Parameters/x"),
    CASE("'A':{'Type':'Pass','Assign':{'x':['States.UUID()']}," END "}", "LOOKS_LIKE_PATH",
         "NO_DOLLAR", "/States/A/Assign/x/0"),
    CASE("'A':{'Type':'Pass','Result':{'x.$':'$.y'}," END "}", "RESULT_IS_STATIC",
         "PASS_RESULT_IS_STATIC", "/States/A/Result/x.$"),
    CASE("'A':{'Type':'Fail','Error':'$.e'}", "PATH_IN_PLAIN_FIELD", "NO_PATH", "/States/A/Error"),
    CASE("'A':{'Type':'Parallel','Branches':[{'StartAt':'I','States':{'I':{'Type':'Pass','Next':'I'"
         "}}}]," END "}",
         "NO_TERMINAL_STATE_INSIDE", "MISSING_END_STATE", "/States/A/Branches/0/States"),
};

static void warnings_do_not_refuse_a_plan(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(warning_cases); i++) {
        const struct warning_case *c = &warning_cases[i];
        struct asl_problems problems = problems_of(arena, states_of(arena, c->states));

        assert_int_equal(problems.errors, 0);
        assert_int_equal(problems.count, 1);
        assert_true(problems.list[0].is_warning);
        assert_string_equal(problems.list[0].rule, c->rule);
        assert_string_equal(problems.list[0].code, c->code);
        assert_string_equal(problems.list[0].pointer, c->pointer);
    }
}

/* A hundred warnings, and then an error: it has to be told. */
static void warnings_never_hide_an_error(void **state)
{
    struct arena *arena = *state;
    struct json *list = json_array(arena);
    const struct json *definition;
    struct asl_problems problems;

    for (int i = 0; i < 150; i++)
        json_push(arena, list, json_string(arena, "$.x"));
    definition = json_with(arena, json_of(arena, "{'StartAt':'A'}"), "States",
                           json_with(arena, json_of(arena, "{'B':{'Type':'Pass','Next':'Z'}}"), "A",
                                     json_with(arena, json_of(arena, "{'Type':'Pass','Next':'B'}"),
                                               "Parameters", list)));
    problems = problems_of(arena, definition);
    assert_int_equal(problems.count, 100);
    assert_true(problems.truncated);
    assert_true(problems.errors >= 1);
    assert_false(problems.list[99].is_warning);
}

static enum err alone(struct arena *arena, const char *definition, const struct asl_plan **ret_plan,
                      struct asl_problems *ret_problems)
{
    return asl_parse_state(arena, "S", json_of(arena, definition), ret_plan, ret_problems);
}

static void a_single_state_needs_no_targets(void **state)
{
    struct arena *arena = *state;
    struct asl_problems problems = {0};
    const struct asl_plan *plan = NULL;
    const struct asl_state *s;

    assert_ok(
        alone(arena, "{'Type':'Pass','Next':'Elsewhere','InputPath':'$nobody'}", &plan, &problems));
    assert_int_equal(problems.count, 0);
    s = asl_find(plan, "S");
    assert_string_equal(s->next, "Elsewhere");
    assert_string_equal(s->machine->start_at, "S");
    assert_ptr_equal(plan->top, s->machine);
    assert_ok(alone(arena,
                    "{'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'Next':'X'}],"
                    "'Default':'Y'}",
                    &plan, &problems));
}

static const struct alone_case {
    const char *definition, *rule, *pointer, *location;
} alone_cases[] = {
    CASE("{'Type':'X'}", "FIELD_VALUE", "/Type", "/Type"),
    CASE("[]", "FIELD_TYPE", "", "/"),
    CASE("{'Type':'Pass','End':true,'Foo':1}", "FIELD_UNKNOWN", "/Foo", "/"),
    CASE("{'Type':'Map','End':true,'ItemProcessor':{'StartAt':'I','States':{'I':{'Type':'Pass',"
         "'Next':'J'}}}}",
         "NEXT_UNKNOWN", "/ItemProcessor/States/I/Next", "/ItemProcessor/States/I/Next"),
    CASE("{'Type':'Map','End':true,'ItemProcessor':{'StartAt':'S','States':{'S':{'Type':'Pass',"
         "'End':true}}}}",
         "STATE_NAME_DUPLICATE", NULL, NULL),
};

static void a_single_state_is_held_to_all_other_rules(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(alone_cases); i++) {
        const struct alone_case *c = &alone_cases[i];
        const struct asl_plan *plan = NULL;
        struct asl_problems problems = {0};
        const struct asl_problem *problem;

        assert_err(alone(arena, c->definition, &plan, &problems), ERR_INVALID_REQUEST);
        problem = problem_wanted(&problems, c->rule);
        if (c->pointer)
            assert_string_equal(problem->pointer, c->pointer);
        if (c->location)
            assert_string_equal(problem->location, c->location);
    }
}

static const struct resource_case {
    const char *text;
    enum asl_resource resource;
    const char *type, *action;
    enum asl_pattern pattern;
} resource_cases[] = {
    CASE("fermata:task:pay", ASL_RESOURCE_TASK, "fermata", "task:pay", ASL_REQUEST_RESPONSE),
    CASE("fermata:human", ASL_RESOURCE_HUMAN, "fermata", "human", ASL_REQUEST_RESPONSE),
    CASE("fermata:plan:run", ASL_RESOURCE_PLAN_RUN, "fermata", "plan:run", ASL_REQUEST_RESPONSE),
    CASE("arn:aws:states:::states:startExecution", ASL_RESOURCE_START, "states", "startExecution",
         ASL_REQUEST_RESPONSE),
    CASE("arn:aws:states:::states:startExecution.sync", ASL_RESOURCE_START, "states",
         "startExecution.sync", ASL_SYNC),
    CASE("arn:aws:states:::states:startExecution.sync:2", ASL_RESOURCE_START, "states",
         "startExecution.sync:2", ASL_SYNC_2),
    CASE("arn:aws:states:::states:startExecution.waitForTaskToken", ASL_RESOURCE_START, "states",
         "startExecution.waitForTaskToken", ASL_WAIT_FOR_TOKEN),
    CASE("arn:aws:states:::aws-sdk:sfn:startExecution", ASL_RESOURCE_START, "aws-sdk:sfn",
         "startExecution", ASL_REQUEST_RESPONSE),
    CASE("arn:aws-cn:states:::lambda:invoke.waitForTaskToken", ASL_RESOURCE_INVOKE, "lambda",
         "invoke.waitForTaskToken", ASL_WAIT_FOR_TOKEN),
    CASE("arn:aws:states:::http:invoke", ASL_RESOURCE_HTTP, "http", "invoke", ASL_REQUEST_RESPONSE),
    CASE("arn:aws:states:us-east-1:123456789012:activity:Sign", ASL_RESOURCE_ACTIVITY, "states",
         "activity", ASL_REQUEST_RESPONSE),
    CASE("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", ASL_RESOURCE_LAMBDA, "lambda",
         "invoke", ASL_REQUEST_RESPONSE),
    CASE("arn:aws:states:::sqs:sendMessage.waitForTaskToken", ASL_RESOURCE_FOREIGN, "sqs",
         "sendMessage.waitForTaskToken", ASL_WAIT_FOR_TOKEN),
    CASE("arn:aws:states:::aws-sdk:s3:getObject", ASL_RESOURCE_FOREIGN, "aws-sdk:s3", "getObject",
         ASL_REQUEST_RESPONSE),
    CASE("arn:aws:swf:r:1:task:X", ASL_RESOURCE_FOREIGN, "swf", "task:X", ASL_REQUEST_RESPONSE),
    CASE("https://example.com/x", ASL_RESOURCE_FOREIGN, "https", "//example.com/x",
         ASL_REQUEST_RESPONSE),
};

static void a_resource_is_known_by_its_form(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(resource_cases); i++) {
        const struct resource_case *c = &resource_cases[i];
        const struct asl_state *task =
            state_of(arena, arena_printf(arena, "'Type':'Task'," END ",'Resource':'%s'", c->text));

        assert_int_equal(task->resource, c->resource);
        assert_string_equal(task->resource_type, c->type);
        assert_string_equal(task->resource_action, c->action);
        assert_int_equal(task->pattern, c->pattern);
        assert_string_equal(task->resource_text, c->text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mistakes_are_told_as_step_functions_tells_them, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(every_problem_has_all_its_parts, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(warnings_do_not_refuse_a_plan, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(warnings_never_hide_an_error, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_single_state_needs_no_targets, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_single_state_is_held_to_all_other_rules, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_resource_is_known_by_its_form, asl_set_up, asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
