/*
 * test_test_state_map.c - TestState of the states with children: Parallel and Map, whose mock is
 * what their children gave.
 */
#include "test_state_unit.h"

#define INSIDE "{'StartAt':'One','States':{'One':{'Type':'Pass','End':true}}}"
#define PARALLEL "{'Type':'Parallel','Branches':[" INSIDE "]"
#define MAP                                                                                        \
    "{'Type':'Map','ItemsPath':'$.l','ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED',"    \
    "'ExecutionType':'STANDARD'},'StartAt':'One','States':{'One':{'Type':'Pass','End':true}}}"
#define ITEMS "'input':'{`l`:[1,2,3]}','afterInputPath':'{`l`:[1,2,3]}'"
#define FAILED_TWICE "{'mapIterationFailureCount':2}"
#define MOCK "{'result':'[0,0,1]'}"

static void a_parallel_shows_its_way_out_only(void **state)
{
    assert_asked(*state,
                 "{'output':'{`a`:1,`r`:[2]}','inspectionData':{'input':'{`a`:1}',"
                 "'afterResultSelector':'[2]','afterResultPath':'{`a`:1,`r`:[2]}'},"
                 "'status':'SUCCEEDED'}",
                 .definition = PARALLEL ",'ResultPath':'$.r','End':true}", .input = "{'a':1}",
                 .level = "DEBUG", .mock = "{'result':'[2]'}");
}

static void what_children_gave_is_an_array(void **state)
{
    static const char refusal[] = "ValidationException: Mocked result must be an array.";

    assert_refused(*state, refusal, .definition = PARALLEL ",'End':true}",
                   .mock = "{'result':'{}'}");
    assert_refused(*state, refusal, .definition = MAP ",'End':true}", .mock = "{'result':'{}'}");
}

static void a_map_shows_its_items_and_its_numbers(void **state)
{
    assert_asked(*state,
                 "{'output':'[0,0,1]','inspectionData':{" ITEMS
                 ",'maxConcurrency':0,'afterItemsPath':'[1,2,3]',"
                 "'afterResultSelector':'[0,0,1]','afterResultPath':'[0,0,1]'},"
                 "'status':'SUCCEEDED'}",
                 .definition = MAP ",'End':true}", .input = "{'l':[1,2,3]}", .level = "DEBUG",
                 .mock = MOCK);
}

static void a_map_shows_what_becomes_of_its_items(void **state)
{
    assert_asked(*state,
                 "{'output':'[0,0,1]','inspectionData':{" ITEMS
                 ",'maxConcurrency':2,'toleratedFailurePercentage':50.0,"
                 "'afterItemsPath':'[1,2,3]',"
                 "'afterItemSelector':'[{`i`:0,`v`:1},{`i`:1,`v`:2},{`i`:2,`v`:3}]',"
                 "'afterItemBatcher':'[{`Items`:[{`i`:0,`v`:1},{`i`:1,`v`:2}]},"
                 "{`Items`:[{`i`:2,`v`:3}]}]',"
                 "'afterResultSelector':'[0,0,1]','afterResultPath':'[0,0,1]'},"
                 "'status':'SUCCEEDED'}",
                 .definition = MAP ",'ItemSelector':{'i.$':'$$.Map.Item.Index',"
                                   "'v.$':'$$.Map.Item.Value'},'MaxConcurrency':2,"
                                   "'ToleratedFailurePercentage':50,"
                                   "'ItemBatcher':{'MaxItemsPerBatch':2},'End':true}",
                 .input = "{'l':[1,2,3]}", .level = "DEBUG", .mock = MOCK);
}

static void more_failed_iterations_than_tolerated_fail_the_map(void **state)
{
    static const char exceeded[] =
        "{'error':'States.ExceedToleratedFailureThreshold','cause':'The specified tolerated "
        "failure threshold was exceeded','status':'FAILED'}";
    static const char fine[] = "{'output':'[0,0,1]','status':'SUCCEEDED'}";

    assert_asked(*state, exceeded, .definition = MAP ",'ToleratedFailureCount':1,'End':true}",
                 .input = "{'l':[1,2,3]}", .mock = MOCK, .configuration = FAILED_TWICE);
    assert_asked(*state, fine, .definition = MAP ",'ToleratedFailureCount':2,'End':true}",
                 .input = "{'l':[1,2,3]}", .mock = MOCK, .configuration = FAILED_TWICE);
    assert_asked(*state, exceeded, .definition = MAP ",'ToleratedFailurePercentage':66,'End':true}",
                 .input = "{'l':[1,2,3]}", .mock = MOCK, .configuration = FAILED_TWICE);
    assert_asked(*state, fine, .definition = MAP ",'ToleratedFailurePercentage':67,'End':true}",
                 .input = "{'l':[1,2,3]}", .mock = MOCK, .configuration = FAILED_TWICE);
    assert_asked(*state, fine, .definition = MAP ",'End':true}", .input = "{'l':[1,2,3]}",
                 .mock = MOCK, .configuration = FAILED_TWICE);
}

static void a_mocked_error_comes_from_a_state_inside(void **state)
{
    static const char mock[] = "{'errorOutput':{'error':'E','cause':'c'}}";

    assert_asked(*state, "{'error':'E','cause':'c','status':'FAILED'}",
                 .definition = MAP ",'End':true}", .input = "{'l':[1]}", .mock = mock,
                 .configuration = "{'errorCausedByState':'One'}");
    assert_refused(*state,
                   "ValidationException: ErrorCausedByState is not found in the tested state",
                   .definition = MAP ",'End':true}", .input = "{'l':[1]}", .mock = mock,
                   .configuration = "{'errorCausedByState':'Two'}");
}

static void items_that_are_no_array_fail_the_map(void **state)
{
    const struct json *answer = ask_answer(
        *state,
        &(const struct ask){.definition = MAP ",'End':true}", .input = "{'l':1}", .mock = MOCK});

    assert_string_equal(json_get_string(answer, "status"), "FAILED");
    assert_string_equal(json_get_string(answer, "error"), "States.Runtime");
}

static void the_configuration_of_a_map_is_for_maps(void **state)
{
    assert_refused(*state,
                   "ValidationException: State type 'Parallel' is not supported when "
                   "MapIterationFailureCount is specified",
                   .definition = PARALLEL ",'End':true}", .mock = "{'result':'[2]'}",
                   .configuration = FAILED_TWICE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_parallel_shows_its_way_out_only),
        TEST(what_children_gave_is_an_array),
        TEST(a_map_shows_its_items_and_its_numbers),
        TEST(a_map_shows_what_becomes_of_its_items),
        TEST(more_failed_iterations_than_tolerated_fail_the_map),
        TEST(a_mocked_error_comes_from_a_state_inside),
        TEST(items_that_are_no_array_fail_the_map),
        TEST(the_configuration_of_a_map_is_for_maps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
