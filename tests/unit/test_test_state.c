/*
 * test_test_state.c - TestState: what a state alone answers, what inspectionData shows of its way,
 * and which requests are refused.
 */
#include "test_state_unit.h"

#define PASS "{'Type':'Pass','InputPath':'$.in','Parameters':{'x.$':'$.v'},'ResultPath':'$.out'"
#define TASK "{'Type':'Task','Resource':'arn:aws:states:::lambda:invoke'"
#define RETRY "'Retry':[{'ErrorEquals':['A'],'MaxAttempts':0},{'ErrorEquals':['B'],'MaxAttempts':2,"
#define CATCH "'Catch':[{'ErrorEquals':['A'],'Next':'X'},{'ErrorEquals':['States.TaskFailed'],"
#define MACHINE                                                                                    \
    "{'StartAt':'First','States':{'First':{'Type':'Pass','Next':'Last'},'Last':{'Type':'Fail',"    \
    "'Error':'E','Cause':'c'}}}"

static void a_pass_state_gives_its_output_and_where_it_goes(void **state)
{
    assert_asked(*state, "{'output':'{`a`:1}','nextState':'B','status':'SUCCEEDED'}",
                 .definition = "{'Type':'Pass','Next':'B'}", .input = "{'a':1}");
    assert_asked(*state, "{'output':'{}','status':'SUCCEEDED'}",
                 .definition = "{'Type':'Pass','End':true}");
}

static void the_way_of_the_data_is_shown_from_level_debug_on(void **state)
{
    static const char *const levels[] = {"DEBUG", "TRACE"};

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        assert_asked(*state,
                     "{'output':'{`in`:{`v`:1},`out`:{`x`:1}}','inspectionData':{"
                     "'input':'{`in`:{`v`:1}}','afterInputPath':'{`v`:1}',"
                     "'afterParameters':'{`x`:1}','afterResultSelector':'{`x`:1}',"
                     "'afterResultPath':'{`in`:{`v`:1},`out`:{`x`:1}}'},'status':'SUCCEEDED'}",
                     .definition = PASS ",'End':true}", .input = "{'in':{'v':1}}",
                     .level = levels[i]);
}

static void a_pass_with_a_result_shows_the_result_only(void **state)
{
    assert_asked(*state,
                 "{'output':'{`a`:1,`out`:7}','inspectionData':{'input':'{`a`:1}','result':'7',"
                 "'afterResultSelector':'7','afterResultPath':'{`a`:1,`out`:7}'},"
                 "'status':'SUCCEEDED'}",
                 .definition = "{'Type':'Pass','Result':7,'ResultPath':'$.out','End':true}",
                 .input = "{'a':1}", .level = "DEBUG");
}

static void choices_succeeds_and_waits_show_the_way_in(void **state)
{
    assert_asked(*state,
                 "{'output':'{`n`:2}','inspectionData':{'input':'{`n`:2}',"
                 "'afterInputPath':'{`n`:2}'},'nextState':'Two','status':'SUCCEEDED'}",
                 .definition = "{'Type':'Choice','Choices':[{'Variable':'$.n','NumericEquals':2,"
                               "'Next':'Two'}],'Default':'Else'}",
                 .input = "{'n':2}", .level = "DEBUG");
    assert_asked(*state,
                 "{'output':'{}','inspectionData':{'input':'{}','afterInputPath':'{}'},"
                 "'status':'SUCCEEDED'}",
                 .definition = "{'Type':'Succeed'}", .level = "DEBUG");
    assert_asked(*state, "{'output':'{}','nextState':'B','status':'SUCCEEDED'}",
                 .definition = "{'Type':'Wait','Seconds':3600,'Next':'B'}");
}

static void a_fail_state_fails_with_its_own_words(void **state)
{
    assert_asked(*state,
                 "{'error':'E','cause':'c','inspectionData':{'input':'{}','afterInputPath':'{}'},"
                 "'status':'FAILED'}",
                 .definition = "{'Type':'Fail','Error':'E','Cause':'c'}", .level = "DEBUG");
    assert_asked(*state, "{'status':'FAILED'}", .definition = "{'Type':'Fail'}");
}

static void what_the_language_finds_wrong_names_the_state(void **state)
{
    assert_asked(*state,
                 "{'error':'States.Runtime','cause':'An error occurred while executing the state "
                 "'StateName' (entered at the event id #2). Invalid path '$.no' : No results for "
                 "path: $['no']','status':'FAILED'}",
                 .definition = "{'Type':'Pass','InputPath':'$.no','End':true}");
}

static void a_machine_is_tested_one_state_at_a_time(void **state)
{
    assert_asked(*state, "{'output':'{}','nextState':'Last','status':'SUCCEEDED'}",
                 .definition = MACHINE, .name = "First");
    assert_asked(*state, "{'error':'E','cause':'c','status':'FAILED'}", .definition = MACHINE,
                 .name = "Last");
    assert_refused(*state, "ValidationException: State not found in definition",
                   .definition = MACHINE, .name = "Middle");
}

static void variables_are_read_and_shown_with_those_assigned(void **state)
{
    assert_asked(*state,
                 "{'output':'{`x`:1}','inspectionData':{'input':'{}','afterInputPath':'{}',"
                 "'afterParameters':'{`x`:1}','afterResultSelector':'{`x`:1}',"
                 "'afterResultPath':'{`x`:1}','variables':'{`a`:1,`b`:2}'},'status':'SUCCEEDED'}",
                 .definition =
                     "{'Type':'Pass','Parameters':{'x.$':'$a'},'Assign':{'b':2},'End':true}",
                 .variables = "{'a':1}", .level = "DEBUG");
    assert_refused(*state, "ValidationException: Variables must be a valid JSON object",
                   .definition = "{'Type':'Pass','End':true}", .variables = "[1]");
}

static void a_mocked_result_stands_for_the_call(void **state)
{
    assert_asked(*state,
                 "{'output':'{`r`:5}','inspectionData':{'input':'{`a`:1}',"
                 "'afterInputPath':'{`a`:1}','afterParameters':'{`FunctionName`:1}',"
                 "'result':'{`Payload`:5}','afterResultSelector':'{`r`:5}',"
                 "'afterResultPath':'{`r`:5}'},'nextState':'B','status':'SUCCEEDED'}",
                 .definition = TASK ",'Parameters':{'FunctionName.$':'$.a'},"
                                    "'ResultSelector':{'r.$':'$.Payload'},'Next':'B'}",
                 .input = "{'a':1}", .level = "TRACE", .mock = "{'result':'{\\'Payload\\':5}'}");
}

static void a_mocked_error_is_retried_by_its_retrier_until_its_attempts_are_used(void **state)
{
    static const char definition[] = TASK "," RETRY "'IntervalSeconds':3}],'End':true}";
    static const char mock[] = "{'errorOutput':{'error':'B','cause':'why'}}";

    assert_asked(*state,
                 "{'error':'B','cause':'why','inspectionData':{'input':'{}',"
                 "'afterInputPath':'{}','afterParameters':'{}','errorDetails':{'retryIndex':1,"
                 "'retryBackoffIntervalSeconds':6}},'status':'RETRIABLE'}",
                 .definition = definition, .mock = mock, .level = "DEBUG",
                 .configuration = "{'retrierRetryCount':1}");
    assert_asked(*state,
                 "{'error':'B','cause':'why','inspectionData':{'input':'{}',"
                 "'afterInputPath':'{}','afterParameters':'{}','errorDetails':{'retryIndex':1}},"
                 "'status':'FAILED'}",
                 .definition = definition, .mock = mock, .level = "DEBUG",
                 .configuration = "{'retrierRetryCount':2}");
}

static void a_mocked_error_is_caught_by_its_catcher(void **state)
{
    assert_asked(*state,
                 "{'output':'{`a`:1,`e`:{`Error`:`B`,`Cause`:`why`}}','error':'B','cause':'why',"
                 "'inspectionData':{'input':'{`a`:1}','afterInputPath':'{`a`:1}',"
                 "'afterParameters':'{`a`:1}','variables':'{`v`:`B`}',"
                 "'errorDetails':{'catchIndex':1}},'nextState':'Y','status':'CAUGHT_ERROR'}",
                 .definition =
                     TASK "," CATCH "'ResultPath':'$.e','Assign':{'v.$':'$.Error'},'Next':'Y'}],"
                          "'End':true}",
                 .input = "{'a':1}", .level = "DEBUG",
                 .mock = "{'errorOutput':{'error':'B','cause':'why'}}");
}

static void states_that_call_nothing_take_no_mock_and_those_that_call_need_one(void **state)
{
    static const char *const types[] = {"Pass", "Succeed", "Fail"};
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        assert_refused(arena,
                       arena_printf(arena,
                                    "ValidationException: State type '%s' is not supported when a "
                                    "mock is specified",
                                    types[i]),
                       .definition =
                           arena_printf(arena, "{'Type':'%s'%s}", types[i], i ? "" : ",'End':true"),
                       .mock = "{'result':'{}'}");
    assert_refused(arena,
                   "InvalidDefinition: TestState API does not support Map or Parallel states. "
                   "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
                   .definition = "{'Type':'Parallel','Branches':[{'StartAt':'B','States':{'B':"
                                 "{'Type':'Pass','End':true}}}],'End':true}");
    assert_refused(arena,
                   "ValidationException: TestState does not call the resource 'fermata:callback'. "
                   "A mock must be specified.",
                   .definition = "{'Type':'Task','Resource':'fermata:callback','End':true}");
}

static void a_service_that_is_not_here_fails_the_task_as_a_run_would(void **state)
{
    assert_asked(*state,
                 "{'error':'States.Runtime','cause':'An error occurred while executing the state "
                 "'StateName' (entered at the event id #2). The resource "
                 "'arn:aws:states:::sqs:sendMessage' is of a service that this server does not "
                 "have.','status':'FAILED'}",
                 .definition = "{'Type':'Task','Resource':'arn:aws:states:::sqs:sendMessage',"
                               "'Parameters':{'QueueUrl':'q','MessageBody':'b'},"
                               "'Catch':[{'ErrorEquals':['States.ALL'],'Next':'Y'}],'End':true}");
}

static void what_belongs_to_a_mock_is_refused_without_one(void **state)
{
    static const struct {
        const char *configuration, *name;
    } cases[] = {
        CASE("{'mapIterationFailureCount':0}", "MapIterationFailureCount"),
        CASE("{'mapItemReaderData':'[]'}", "MapItemReaderData"),
        CASE("{'errorCausedByState':'B'}", "ErrorCausedByState"),
        CASE("{'retrierRetryCount':1}", "RetrierRetryCount"),
    };
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(arena,
                       arena_printf(arena,
                                    "ValidationException: TestState does not support %s when a "
                                    "mock is not specified.",
                                    cases[i].name),
                       .definition = TASK ",'End':true}", .configuration = cases[i].configuration);
    assert_refused(arena,
                   "ValidationException: TestState does not support Context when a mock is not "
                   "specified.",
                   .definition = TASK ",'End':true}", .context = "{}");
    assert_refused(arena,
                   "ValidationException: TestState does not support RevealSecrets when a mock is "
                   "specified.",
                   .definition = TASK ",'End':true}", .mock = "{'result':'{}'}",
                   .reveal_secrets = true);
}

static void a_mock_is_one_result_or_one_error(void **state)
{
    static const char one[] = "ValidationException: A test mock should have only one of the "
                              "following fields: [result, errorOutput].";

    assert_refused(*state, one, .definition = TASK ",'End':true}", .mock = "{}");
    assert_refused(*state, one, .definition = TASK ",'End':true}",
                   .mock = "{'result':'1','errorOutput':{'error':'E'}}");
    assert_refused(*state, "ValidationException: Mocked result must be valid JSON",
                   .definition = TASK ",'End':true}", .mock = "{'result':'no'}");
}

static void a_definition_that_is_wrong_is_refused_as_one(void **state)
{
    struct arena *arena = *state;
    static const char *const definitions[] = {
        "no",
        "{}",
        "[]",
        "{'Type':'Nothing','End':true}",
        "{'Type':'Pass'}",
        "{'Type':'Pass','End':true,'QueryLanguage':'JSONata','Output':'{% 1 %}'}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
        const char *text = ask_refusal(arena, &(const struct ask){.definition = definitions[i]});

        assert_memory_equal(text, "InvalidDefinition: ", strlen("InvalidDefinition: "));
    }
    assert_refused(arena,
                   "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unrecognized "
                   "token 'no': was expecting (JSON String, Number, Array, Object or token 'null', "
                   "'true' or 'false')'",
                   .definition = "{'Type':'Succeed'}", .input = "no");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_pass_state_gives_its_output_and_where_it_goes),
        TEST(the_way_of_the_data_is_shown_from_level_debug_on),
        TEST(a_pass_with_a_result_shows_the_result_only),
        TEST(choices_succeeds_and_waits_show_the_way_in),
        TEST(a_fail_state_fails_with_its_own_words),
        TEST(what_the_language_finds_wrong_names_the_state),
        TEST(a_machine_is_tested_one_state_at_a_time),
        TEST(variables_are_read_and_shown_with_those_assigned),
        TEST(a_mocked_result_stands_for_the_call),
        TEST(a_mocked_error_is_retried_by_its_retrier_until_its_attempts_are_used),
        TEST(a_mocked_error_is_caught_by_its_catcher),
        TEST(states_that_call_nothing_take_no_mock_and_those_that_call_need_one),
        TEST(a_service_that_is_not_here_fails_the_task_as_a_run_would),
        TEST(what_belongs_to_a_mock_is_refused_without_one),
        TEST(a_mock_is_one_result_or_one_error),
        TEST(a_definition_that_is_wrong_is_refused_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
