/*
 * test_test_state_mock.c - a mocked result is held against what the API could have answered.
 */
#include "asl_unit.h"
#include "sfn/mock.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define SERVICE "arn:aws:states:::"
#define PREFIX "Mock result schema validation error: "

static const char *checked(struct arena *arena, const char *resource, enum asl_pattern pattern,
                           const char *result, enum mock_mode mode)
{
    const struct asl_state state = {
        .type = ASL_TASK, .resource_text = resource, .pattern = pattern};

    return mock_check(arena, &state, json_of(arena, result), mode);
}

static void what_is_there_fits_its_type(void **state)
{
    static const struct {
        const char *resource, *result, *message; /* null message: it fits */
    } cases[] = {
        CASE(SERVICE "lambda:invoke", "{'StatusCode':200,'Payload':[1]}", NULL),
        CASE(SERVICE "lambda:invoke", "{'StatusCode':'200'}",
             "Field 'StatusCode' must be a number"),
        CASE(SERVICE "lambda:invoke", "1", "the result must be an object"),
        CASE(SERVICE "events:putEvents", "{'Entries':1}", "Field 'Entries' must be an array"),
        CASE(SERVICE "events:putEvents", "{'Entries':[{'EventId':'1'},{'EventId':[]}]}",
             "Field 'EventId' must be a string"),
        CASE(SERVICE "aws-sdk:s3:getObject", "{'ContentLength':1,'StorageClass':'GLACIER'}", NULL),
        CASE(SERVICE "aws-sdk:s3:getObject", "{'StorageClass':'Papyrus'}",
             "Field 'StorageClass' is not an expected value"),
        CASE(SERVICE "aws-sdk:s3:getObject", "{'StorageClass':''}",
             "Field 'StorageClass' is not an expected value"),
        CASE(SERVICE "aws-sdk:kms:encrypt", "{'CiphertextBlob':1}",
             "Field 'CiphertextBlob' must be a string"),
        CASE(SERVICE "dynamodb:getItem", "{'Item':{'a':{'L':[{'M':{'b':{'BOOL':true}}}]}}}", NULL),
        CASE(SERVICE "dynamodb:getItem", "{'Item':{'a':{'L':[{'M':{'b':{'BOOL':1}}}]}}}",
             "Field 'BOOL' must be a boolean"),
        CASE(SERVICE "dynamodb:getItem", "{'Item':{'a':1}}", "Field 'a' must be an object"),
        CASE(SERVICE "states:startExecution", "{'ExecutionArn':'a','StartDate':1}",
             "Field 'StartDate' must be a string"),
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *wrong =
            checked(arena, cases[i].resource, ASL_REQUEST_RESPONSE, cases[i].result, MOCK_PRESENT);

        if (!cases[i].message)
            assert_null(wrong);
        else
            assert_string_equal(wrong, arena_printf(arena, PREFIX "%s", cases[i].message));
        assert_null(
            checked(arena, cases[i].resource, ASL_REQUEST_RESPONSE, cases[i].result, MOCK_NONE));
    }
}

static void required_members_are_there_in_strict_mode_only(void **state)
{
    static const char resource[] = SERVICE "states:startExecution";

    assert_string_equal(checked(*state, resource, ASL_REQUEST_RESPONSE, "{}", MOCK_STRICT),
                        PREFIX "Required field 'ExecutionArn' is missing");
    assert_null(checked(*state, resource, ASL_REQUEST_RESPONSE, "{}", MOCK_PRESENT));
    assert_null(checked(*state, resource, ASL_REQUEST_RESPONSE, "{}", MOCK_NONE));
}

static void members_and_services_that_are_not_known_are_not_checked(void **state)
{
    assert_null(checked(*state, SERVICE "events:putEvents", ASL_REQUEST_RESPONSE, "{'more':1}",
                        MOCK_STRICT));
    assert_null(checked(*state, SERVICE "events:putOther", ASL_REQUEST_RESPONSE, "1", MOCK_STRICT));
    assert_null(checked(*state, "fermata:task:t", ASL_REQUEST_RESPONSE, "1", MOCK_STRICT));
    assert_null(checked(*state, SERVICE "lambda", ASL_REQUEST_RESPONSE, "1", MOCK_STRICT));
}

static void a_task_that_waits_is_answered_by_whoever_ends_it(void **state)
{
    assert_null(checked(*state, SERVICE "sqs:sendMessage.waitForTaskToken", ASL_WAIT_FOR_TOKEN,
                        "{'MessageId':1}", MOCK_STRICT));
    assert_string_equal(checked(*state, SERVICE "states:startExecution.sync", ASL_SYNC,
                                "{'Output':{}}", MOCK_PRESENT),
                        PREFIX "Field 'Output' must be a string");
    assert_null(checked(*state, SERVICE "states:startExecution.sync:2", ASL_SYNC_2, "{'Output':{}}",
                        MOCK_PRESENT));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_there_fits_its_type),
        TEST(required_members_are_there_in_strict_mode_only),
        TEST(members_and_services_that_are_not_known_are_not_checked),
        TEST(a_task_that_waits_is_answered_by_whoever_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
