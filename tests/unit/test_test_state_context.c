/*
 * test_test_state_context.c - TestState: the context object that a state sees, and what a request
 * may put into it.
 */
#include "test_state_unit.h"

#define TASK "{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:1:function:f','End':true,"
#define SHOW(path) TASK "'ResultSelector':{'x.$':'" path "'}}"
#define MOCK "{'result':'{}'}"

static void the_context_is_that_of_an_execution(void **state)
{
    struct arena *arena = *state;
    const struct json *answer = ask_answer(
        arena, &(const struct ask){.definition = "{'Type':'Pass','Parameters':{'c.$':'$$'},"
                                                 "'End':true}",
                                   .input = "{'a':1}",
                                   .role = "arn:aws:iam::1:role/r"});
    const struct json *context, *execution;

    context = json_get(json_of(arena, json_get_string(answer, "output")), "c");
    execution = json_get(context, "Execution");
    assert_json(arena, json_get(execution, "Input"), "{'a':1}");
    assert_string_equal(json_get_string(execution, "RoleArn"), "arn:aws:iam::1:role/r");
    assert_string_equal(json_get_string(execution, "StartTime"), "2026-01-01T00:00:00.000Z");
    assert_memory_equal(json_get_string(execution, "Id"),
                        "arn:aws:states:us-east-1:123456789012:express:",
                        strlen("arn:aws:states:us-east-1:123456789012:express:"));
    assert_json(arena, json_get(context, "State"),
                "{'Name':'StateName','EnteredTime':'2026-01-01T00:00:00.000Z'}");
    assert_null(json_get(context, "Task"));
}

static void what_is_given_takes_the_place_of_what_is_made(void **state)
{
    assert_asked(*state, "{'output':'{`x`:`mine`}','status':'SUCCEEDED'}",
                 .definition = SHOW("$$.Execution.Name"), .mock = MOCK,
                 .context = "{'Execution':{'Name':'mine'}}");
    assert_asked(*state, "{'output':'{`x`:`StateName`}','status':'SUCCEEDED'}",
                 .definition = SHOW("$$.State.Name"), .mock = MOCK,
                 .context = "{'Execution':{'Name':'mine'}}");
    assert_asked(*state, "{'output':'{`x`:`t1`}','status':'SUCCEEDED'}",
                 .definition = SHOW("$$.Task.Token"), .mock = MOCK,
                 .context = "{'Task':{'Token':'t1'}}");
}

static void the_retry_count_is_the_configured_one(void **state)
{
    assert_asked(*state, "{'output':'{`x`:2}','status':'SUCCEEDED'}",
                 .definition = SHOW("$$.State.RetryCount"), .mock = MOCK,
                 .configuration = "{'retrierRetryCount':2}");
}

static void a_context_that_is_none_is_refused(void **state)
{
    static const struct {
        const char *context, *message;
    } cases[] = {
        CASE("{'Execution':{'Id':1}}", "Execution.Id must be a string"),
        CASE("{'Execution':1}", "Execution must be an object"),
        CASE("{'State':{'RetryCount':'1'}}", "State.RetryCount must be a number"),
        CASE("{'Map':{}}", "'Map' field is not supported when mocking a Context object"),
        CASE("{'State':{'Mood':1}}",
             "'State.Mood' field is not supported when mocking a Context object"),
        CASE("[]", "it must be a valid JSON object"),
        CASE("no", "it must be a valid JSON object"),
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(arena,
                       arena_printf(arena,
                                    "ValidationException: Invalid Context object provided: %s",
                                    cases[i].message),
                       .definition = SHOW("$"), .mock = MOCK, .context = cases[i].context);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_context_is_that_of_an_execution),
        TEST(what_is_given_takes_the_place_of_what_is_made),
        TEST(the_retry_count_is_the_configured_one),
        TEST(a_context_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
