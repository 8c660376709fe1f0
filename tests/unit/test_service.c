/*
 * test_service.c - resources of the Step Functions world: startExecution, activities, Map Runs,
 * calls to the outside, redrives.
 */
#include "world.h"

static const char plan_child[] =
    "{`StartAt`:`W`,`States`:{`W`:{`Type`:`Wait`,`Seconds`:5,`Next`:`E`},`E`:{`Type`:`Pass`,"
    "`Result`:{`r`:1},`End`:true}}}";
static const char plan_start[] =
    "{`StartAt`:`S`,`States`:{`S`:{`Type`:`Task`,`Resource`:`arn:aws:states:::states:"
    "startExecution%s`,`Parameters`:{`StateMachineArn`:`arn:aws:states:us-east-1:1:stateMachine:%s`"
    ",`Name`:`n`,`Input`:{`a`:1}},`Catch`:[{`ErrorEquals`:[`StepFunctions."
    "StateMachineDoesNotExistException`],`Next`:`C`}],`End`:true},`C`:{`Type`:`Pass`,`End`:true}}}";

static void put_start(struct world *w, const char *pattern, const char *machine)
{
    world_put(w, "c", plan_child);
    world_put(w, "p", arena_printf(w->arena, plan_start, pattern, machine));
}

static void a_plain_start_goes_on_at_once_with_the_arn(void **state)
{
    struct world *w = *state;

    put_start(w, "", "c");
    assert_int_equal(world_start(w, "p", "x", "{}"), STATUS_SUCCESS);
    world_settle(w);
    world_assert_status(w, "c:n", STATUS_WAITING_FOR_TIMER);
    assert_string_equal(json_get_string(world_json(w, world_get(w, "x").output), "ExecutionArn"),
                        "arn:aws:states:us-east-1:000000000000:execution:c:n");
    assert_string_equal(world_get(w, "c:n").input, "{\"a\":1}");
}

static void with_sync_the_child_is_awaited_and_its_output_is_text(void **state)
{
    struct world *w = *state;
    const struct json *output;

    put_start(w, ".sync", "c");
    assert_int_equal(world_start(w, "p", "x", "{}"), STATUS_WAITING_FOR_CHILD_EXECUTION);
    world_settle(w);
    world_move(w, 5000);
    world_assert_status(w, "x", STATUS_SUCCESS);
    output = world_json(w, world_get(w, "x").output);
    assert_string_equal(json_get_string(output, "Output"), "{\"r\":1}");
    assert_string_equal(json_get_string(output, "Status"), "SUCCEEDED");
    assert_string_equal(json_get_string(output, "Name"), "n");
}

static void with_sync_2_the_output_is_json(void **state)
{
    struct world *w = *state;
    const struct json *output;

    put_start(w, ".sync:2", "c");
    world_start(w, "p", "x", "{}");
    world_settle(w);
    world_move(w, 5000);
    output = world_json(w, world_get(w, "x").output);
    assert_int_equal(json_get(json_get(output, "Output"), "r")->integer, 1);
}

static void an_unknown_machine_fails_the_task_with_the_services_error(void **state)
{
    struct world *w = *state;

    put_start(w, ".sync", "nobody");
    assert_int_equal(world_start(w, "p", "x", "{}"), STATUS_SUCCESS);
    assert_string_equal(json_get_string(world_json(w, world_get(w, "x").output), "Error"),
                        "StepFunctions.StateMachineDoesNotExistException");
}

static void a_halt_of_the_parent_stops_the_awaited_child(void **state)
{
    struct world *w = *state;
    struct halt_request req = {
        .plan_execution_id = "x", .children = HALT_CHILDREN_AWAITED, .if_epoch = -1};
    struct halt_answer answer;

    put_start(w, ".sync", "c");
    world_start(w, "p", "x", "{}");
    world_settle(w);
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    world_assert_status(w, "c:n", STATUS_STOPPED);
    world_assert_clean(w, &answer);
}

static void stop_keeps_the_error_and_the_cause(void **state)
{
    struct world *w = *state;
    struct halt_request req = {.plan_execution_id = "x",
                               .children = HALT_CHILDREN_AWAITED,
                               .error = "Over",
                               .cause = "he said \"no\"",
                               .if_epoch = -1};
    struct halt_answer answer;

    world_put(w, "c", plan_child);
    world_start(w, "c", "x", "{}");
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_string_equal(world_get(w, "x").error, "Over");
    assert_string_equal(world_get(w, "x").cause, "he said \"no\"");
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'EXECUTION.HALTED' AND event_id = 3"
                     " AND json_extract(detail, '$.cause') = 'he said \"no\"'"),
        1);
}

/* ---- activities ---- */

static void sql_do(struct world *w, const char *sql)
{
    struct sql *db = lane_engine(w->lane)->store->sql;

    assert_int_equal(sql_begin(db), ERR_OK);
    assert_int_equal(sql_script(db, sql), ERR_OK);
    assert_int_equal(sql_commit(db), ERR_OK);
}

static const char plan_activity[] = "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Task`,`Resource`:"
                                    "`arn:aws:states:us-east-1:1:activity:a`,`End`:true}}}";

static void an_activity_is_taken_by_its_name_and_has_no_lease(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    sql_do(w, "INSERT INTO activities (operator_name, name, created_at) VALUES ('acme', 'a', 1)");
    world_put(w, "p", plan_activity);
    world_start(w, "p", "x", "{\"n\":1}");
    assert_null(world_poll(w, "a").task);
    task = world_poll(w, ACTIVITY_QUEUE_PREFIX "a");
    assert_string_equal(task.input, "{\"n\":1}");
    world_move(w, 3600000);
    world_assert_status(w, "x", STATUS_EXECUTING);
    assert_int_equal(world_complete(w, task.task_token, "2"), ERR_OK);
    assert_string_equal(world_get(w, "x").output, "2");
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM history a JOIN history b ON b.previous_event_id ="
                     " a.event_id WHERE a.type = 'ActivityStarted' AND b.type ="
                     " 'ActivitySucceeded' AND a.previous_event_id = 3"),
        1);
}

static void an_activity_that_is_not_there_is_a_runtime_error(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_activity);
    assert_int_equal(world_start(w, "p", "x", "{}"), STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "States.Runtime");
    assert_string_equal(world_get(w, "x").cause,
                        "An error occurred while executing the state 'A' (entered at the event id "
                        "#2). The activity arn:aws:states:us-east-1:1:activity:a does not exist.");
}

/* ---- distributed Maps ---- */

static const char plan_map[] =
    "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemProcessor`:{`ProcessorConfig`:{`Mode`:"
    "`DISTRIBUTED`,`ExecutionType`:`STANDARD`},`StartAt`:`T`,`States`:{`T`:{`Type`:`Task`,"
    "`Resource`:`fermata:task:t`,`End`:true}}},`Label`:`lab`%s,`End`:true}}}";

static void put_map(struct world *w, const char *more)
{
    world_put(w, "p", arena_printf(w->arena, plan_map, more));
    world_start(w, "p", "x", "[1,2,3]");
    world_settle(w);
}

static void the_iterations_of_a_distributed_map_are_executions(void **state)
{
    struct world *w = *state;
    struct poll_answer tasks[3];

    put_map(w, "");
    world_assert_status(w, "x", STATUS_WAITING_FOR_CHILD_EXECUTION);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE map_run_id IS NOT NULL"
                                  " AND plan_execution_id LIKE 'p/lab:%'"),
                     3);
    for (int i = 0; i < 3; i++)
        tasks[i] = world_poll(w, "t");
    for (int i = 2; i >= 0; i--)
        assert_int_equal(world_complete(w, tasks[i].task_token, tasks[i].input), ERR_OK);
    world_settle(w);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "[1,2,3]");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM map_runs WHERE status = 'SUCCEEDED'"
                                  " AND succeeded = 3 AND ended_at IS NOT NULL"),
                     1);
}

static void no_more_of_them_run_at_once_than_max_concurrency(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_map(w, ",`MaxConcurrency`:1");
    for (int i = 1; i <= 3; i++) {
        task = world_poll(w, "t");
        assert_string_equal(task.input, arena_printf(w->arena, "%d", i));
        assert_null(world_poll(w, "t").task);
        world_complete(w, task.task_token, "0");
        world_settle(w);
    }
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void one_failure_fails_the_map_and_stops_its_siblings(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_map(w, "");
    task = world_poll(w, "t");
    world_fail_task(w, task.task_token, "Bad");
    world_settle(w);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "States.ExceedToleratedFailureThreshold");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE status = 'STOPPED'"), 2);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'"), 0);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM map_runs WHERE status = 'FAILED'"), 1);
}

static void as_many_as_are_tolerated_may_fail(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_map(w, ",`ToleratedFailureCount`:1");
    task = world_poll(w, "t");
    world_fail_task(w, task.task_token, "Bad");
    world_settle(w);
    for (int i = 0; i < 2; i++) {
        task = world_poll(w, "t");
        world_complete(w, task.task_token, task.input);
        world_settle(w);
    }
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "[2,3]");
}

static void items_go_in_batches(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_map(w, ",`ItemBatcher`:{`MaxItemsPerBatch`:2,`BatchInput`:{`b`:1}}");
    task = world_poll(w, "t");
    assert_string_equal(task.input, "{\"BatchInput\":{\"b\":1},\"Items\":[1,2]}");
    world_complete(w, task.task_token, "\"a\"");
    task = world_poll(w, "t");
    world_complete(w, task.task_token, "\"b\"");
    world_settle(w);
    assert_string_equal(world_get(w, "x").output, "[\"a\",\"b\"]");
}

static void a_halt_of_the_map_stops_all_of_its_executions(void **state)
{
    struct world *w = *state;
    struct halt_request req = {
        .plan_execution_id = "x", .children = HALT_CHILDREN_AWAITED, .if_epoch = -1};
    struct halt_answer answer;

    put_map(w, "");
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE status = 'STOPPED'"), 4);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM map_runs WHERE status = 'ABORTED'"), 1);
    world_assert_clean(w, &answer);
    assert_null(world_poll(w, "t").task);
}

static void a_halt_of_one_execution_counts_as_a_failure_of_its_map(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_map(w, ",`ToleratedFailureCount`:1");
    task = world_poll(w, "t");
    world_halt(w, task.plan_execution_id, false);
    world_settle(w);
    for (int i = 0; i < 2; i++) {
        task = world_poll(w, "t");
        world_complete(w, task.task_token, task.input);
    }
    world_settle(w);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM map_runs WHERE aborted = 1"), 1);
}

static void a_redrive_of_a_map_runs_only_what_did_not_succeed(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_map(w, "");
    task = world_poll(w, "t");
    world_complete(w, task.task_token, "\"one\"");
    task = world_poll(w, "t");
    world_fail_task(w, task.task_token, "Bad");
    world_settle(w);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_int_equal(world_redrive(w, "x"), ERR_OK);
    world_assert_status(w, "x", STATUS_WAITING_FOR_CHILD_EXECUTION);
    for (int i = 0; i < 2; i++) {
        task = world_poll(w, "t");
        assert_non_null(task.task);
        world_complete(w, task.task_token, task.input);
    }
    assert_null(world_poll(w, "t").task);
    world_settle(w);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "[\"one\",2,3]");
}

/* ---- redrive ---- */

static void a_redrive_goes_on_from_the_state_that_failed(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(w, "p",
              "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Pass`,`Result`:5,`Next`:`T`},`T`:{`Type`:"
              "`Task`,`Resource`:`fermata:task:t`,`End`:true}}}");
    world_start(w, "p", "x", "{}");
    task = world_poll(w, "t");
    world_fail_task(w, task.task_token, "Bad");
    world_assert_status(w, "x", STATUS_FAILED);
    assert_int_equal(world_redrive(w, "x"), ERR_OK);
    task = world_poll(w, "t");
    assert_string_equal(task.input, "5");
    world_complete(w, task.task_token, "6");
    assert_string_equal(world_get(w, "x").output, "6");
    assert_int_equal(world_get(w, "x").redrives, 1);
    assert_int_equal(world_redrive(w, "x"), ERR_INVALID_STATE_TRANSITION);
}

static void a_redrive_keeps_the_branches_that_were_done(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(w, "p",
              "{`StartAt`:`P`,`States`:{`P`:{`Type`:`Parallel`,`Branches`:[{`StartAt`:`A`,`States`:"
              "{`A`:{`Type`:`Task`,`Resource`:`fermata:task:a`,`End`:true}}},{`StartAt`:`B`,"
              "`States`:{`B`:{`Type`:`Task`,`Resource`:`fermata:task:b`,`End`:true}}},{`StartAt`:"
              "`C`,`States`:{`C`:{`Type`:`Task`,`Resource`:`fermata:task:c`,`End`:true}}}],"
              "`End`:true}}}");
    world_start(w, "p", "x", "{}");
    task = world_poll(w, "a");
    world_complete(w, task.task_token, "1");
    task = world_poll(w, "b");
    world_fail_task(w, task.task_token, "Bad");
    world_assert_status(w, "x", STATUS_FAILED);
    assert_null(world_poll(w, "c").task);
    assert_int_equal(world_redrive(w, "x"), ERR_OK);
    assert_null(world_poll(w, "a").task);
    task = world_poll(w, "b");
    world_complete(w, task.task_token, "2");
    task = world_poll(w, "c");
    world_complete(w, task.task_token, "3");
    assert_string_equal(world_get(w, "x").output, "[1,2,3]");
}

static void a_plan_that_timed_out_can_be_redriven(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`TimeoutSeconds`:2,`StartAt`:`W`,`States`:{`W`:{`Type`:`Wait`,`Seconds`:5,"
              "`End`:true}}}");
    world_start(w, "p", "x", "{}");
    world_move(w, 2000);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_true(world_get(w, "x").timed_out);
    assert_int_equal(world_redrive(w, "x"), ERR_OK);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    assert_false(world_get(w, "x").timed_out);
}

/* ---- calls ---- */

static enum err take_fn(struct world_call *call, struct engine *engine)
{
    struct outcall *ret = call->answer;
    enum err err = engine_take_call(engine, "here", ret);

    ret->kind = arena_string(call->world->arena, ret->kind);
    ret->data = arena_string(call->world->arena, ret->data);
    return err;
}

static enum err done_fn(struct world_call *call, struct engine *engine)
{
    return engine_call_done(engine, call->request, call->answer != NULL,
                            world_json(call->world, call->answer ? call->answer : "{\"ok\":1}"));
}

static void put_call(struct world *w, const char *resource)
{
    world_put(w, "p",
              arena_printf(w->arena,
                           "{`StartAt`:`L`,`States`:{`L`:{`Type`:`Task`,`Resource`:`%s`,"
                           "`Parameters`:{`FunctionName`:`f`,`Payload`:{`t.$`:`$`}},`End`:true}}}",
                           resource));
}

static void a_call_is_taken_once_and_its_answer_is_the_result(void **state)
{
    struct world *w = *state;
    struct outcall call, none;

    put_call(w, "arn:aws:states:::lambda:invoke");
    assert_int_equal(world_start(w, "p", "x", "3"), STATUS_EXECUTING);
    assert_int_equal(world_run(w, take_fn, NULL, &call), ERR_OK);
    assert_string_equal(call.kind, CALL_KIND_INVOKE);
    assert_int_equal(world_run(w, take_fn, NULL, &none), ERR_OK);
    assert_int_equal(none.reservation_id, 0);
    assert_int_equal(world_run(w, done_fn, &call, NULL), ERR_OK);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"ok\":1}");
}

static void
a_call_nobody_brings_back_is_made_again_and_the_first_answer_then_comes_too_late(void **state)
{
    struct world *w = *state;
    struct outcall first, second;

    put_call(w, "arn:aws:states:::lambda:invoke");
    world_start(w, "p", "x", "3");
    world_run(w, take_fn, NULL, &first);
    world_move(w, 906000);
    assert_int_equal(world_run(w, take_fn, NULL, &second), ERR_OK);
    assert_int_equal(second.attempt, 2);
    world_run(w, done_fn, &first, NULL);
    world_assert_status(w, "x", STATUS_EXECUTING);
    world_run(w, done_fn, &second, NULL);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void a_halt_makes_the_answer_of_a_call_come_too_late(void **state)
{
    struct world *w = *state;
    struct outcall call;
    struct halt_answer answer;

    put_call(w, "arn:aws:states:::lambda:invoke");
    world_start(w, "p", "x", "3");
    world_run(w, take_fn, NULL, &call);
    answer = world_halt(w, "x", false);
    assert_int_equal(world_run(w, done_fn, &call, NULL), ERR_OK);
    world_assert_status(w, "x", STATUS_STOPPED);
    world_assert_clean(w, &answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_plain_start_goes_on_at_once_with_the_arn),
        WORLD_TEST(with_sync_the_child_is_awaited_and_its_output_is_text),
        WORLD_TEST(with_sync_2_the_output_is_json),
        WORLD_TEST(an_unknown_machine_fails_the_task_with_the_services_error),
        WORLD_TEST(a_halt_of_the_parent_stops_the_awaited_child),
        WORLD_TEST(stop_keeps_the_error_and_the_cause),
        WORLD_TEST(an_activity_is_taken_by_its_name_and_has_no_lease),
        WORLD_TEST(an_activity_that_is_not_there_is_a_runtime_error),
        WORLD_TEST(the_iterations_of_a_distributed_map_are_executions),
        WORLD_TEST(no_more_of_them_run_at_once_than_max_concurrency),
        WORLD_TEST(one_failure_fails_the_map_and_stops_its_siblings),
        WORLD_TEST(as_many_as_are_tolerated_may_fail),
        WORLD_TEST(items_go_in_batches),
        WORLD_TEST(a_halt_of_the_map_stops_all_of_its_executions),
        WORLD_TEST(a_halt_of_one_execution_counts_as_a_failure_of_its_map),
        WORLD_TEST(a_redrive_of_a_map_runs_only_what_did_not_succeed),
        WORLD_TEST(a_redrive_goes_on_from_the_state_that_failed),
        WORLD_TEST(a_redrive_keeps_the_branches_that_were_done),
        WORLD_TEST(a_plan_that_timed_out_can_be_redriven),
        WORLD_TEST(a_call_is_taken_once_and_its_answer_is_the_result),
        WORLD_TEST(
            a_call_nobody_brings_back_is_made_again_and_the_first_answer_then_comes_too_late),
        WORLD_TEST(a_halt_makes_the_answer_of_a_call_come_too_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
