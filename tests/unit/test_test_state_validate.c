/*
 * test_test_state_validate.c - ValidateStateMachineDefinition: what an express machine may not
 * hold, as a list of diagnostics.
 */
#include "asl_unit.h"
#include "sfn/validate.h"

#define WAITS                                                                                      \
    "{'Type':'Task','Resource':'arn:aws:states:::sqs:sendMessage.waitForTaskToken',"               \
    "'Parameters':{'QueueUrl':'q','MessageBody':{'t.$':'$$.Task.Token'}},'End':true}"
#define SYNC                                                                                       \
    "{'Type':'Task','Resource':'arn:aws:states:::states:startExecution.sync:2',"                   \
    "'Parameters':{'StateMachineArn':'m'},'End':true}"
#define ACTIVITY                                                                                   \
    "{'Type':'Task','Resource':"                                                                   \
    "'arn:aws:states:us-east-1:123456789012:activity:a','End':true}"
#define ALONE(state) "{'StartAt':'A','States':{'A':" state "}}"
#define DISTRIBUTED(type, state)                                                                   \
    "{'Type':'Map','ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':"      \
    "'" type "'},'StartAt':'B','States':{'B':" state "}},'End':true}"
/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define PASS "{'Type':'Pass','End':true}"
#define PARALLEL                                                                                   \
    "{'Type':'Parallel','Branches':[{'StartAt':'C','States':{'C':" PASS "}},"                      \
    "{'StartAt':'a/b','States':{'a/b':" WAITS "}}],'End':true}"

static void an_express_machine_waits_for_nobody(void **state)
{
    static const struct {
        const char *definition, *pointer, *location, *message; /* null: as the pointer */
    } cases[] = {
        CASE(ALONE(WAITS), "/States/A/Resource", NULL,
             "Express state machine does not support '.waitForTaskToken' service integration "),
        CASE(ALONE(SYNC), "/States/A/Resource", NULL,
             "Express state machine does not support '.sync' service integration "),
        CASE(ALONE(ACTIVITY), "/States/A/Resource", NULL,
             "Express state machine does not support Activity ARN "
             "'arn:aws:states:us-east-1:123456789012:activity:a'"),
        CASE(ALONE(DISTRIBUTED("STANDARD", PASS)), "/States/A/ItemProcessor/ProcessorConfig/Mode",
             NULL, "Express state machine does not support Map states in 'DISTRIBUTED' mode"),
        CASE(ALONE(PARALLEL), "/States/A/Branches/1/States/a~1b/Resource",
             "/States/A/Branches[1]/States/a/b/Resource",
             "Express state machine does not support '.waitForTaskToken' service integration "),
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct asl_plan *plan = plan_of(arena, json_of(arena, cases[i].definition));
        struct asl_problems problems = {0};

        assert_true(validate_express(arena, plan, false, &problems));
        assert_false(validate_express(arena, plan, true, &problems));
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.list[0].pointer, cases[i].pointer);
        assert_string_equal(problems.list[0].location,
                            cases[i].location ? cases[i].location : cases[i].pointer);
        assert_string_equal(problems.list[0].message, cases[i].message);
        assert_string_equal(problems.list[0].code, "SCHEMA_VALIDATION_FAILED");
    }
}

static void express_children_of_a_map_wait_for_nobody_either(void **state)
{
    struct arena *arena = *state;
    struct asl_problems problems = {0};

    assert_false(validate_express(
        arena, plan_of(arena, json_of(arena, ALONE(DISTRIBUTED("EXPRESS", WAITS)))), false,
        &problems));
    assert_string_equal(problems.list[0].pointer, "/States/A/ItemProcessor/States/B/Resource");
    assert_true(validate_express(
        arena, plan_of(arena, json_of(arena, ALONE(DISTRIBUTED("STANDARD", WAITS)))), false,
        &problems));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_express_machine_waits_for_nobody),
        TEST(express_children_of_a_map_wait_for_nobody_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
