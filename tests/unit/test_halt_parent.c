/*
 * test_halt_parent.c - what parents and children get from a halt, with a clock that stands still.
 */
#include "halt_world.h"

static void the_parent_goes_on_with_the_input(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("kid");
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    req.input = world_json(w, "{\"instead\":1}");
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_string_equal(callback_result(&answer), "delivered");
    world_settle(w);
    assert_string_equal(world_get(w, "x").output, "{\"kid\":{\"instead\":1}}");
}

static void without_input_the_parents_task_fails_with_execution_halted(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    answer = world_halt(w, "kid", false);
    assert_string_equal(callback_result(&answer), "delivered");
    world_settle(w);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_non_null(strstr(world_get(w, "x").output, "\"Error\":\"Execution.Halted\""));
    assert_non_null(strstr(world_get(w, "x").output, "because"));
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'CHILD.HALTED'"), 1);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'TaskFailed'"), 1);
}

static void execution_halted_is_not_retried_unless_it_is_named(void **state)
{
    struct world *w = *state;
    const char *plan =
        "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
        "\"Parameters\":{\"plan_id\":\"kid\",\"plan_execution_id\":\"kid\"},\"End\":true,"
        "\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"]}]}}}";

    world_put(w, "kid", plan_wait);
    world_put(w, "p", plan);
    world_start(w, "p", "x", NULL);
    world_settle(w);
    world_halt(w, "kid", false);
    world_settle(w);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "Execution.Halted");
}

static void the_parent_goes_on_under_another_plan_version(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("kid");
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    assert_int_equal(world_put(w, "p", PLAN_PARENT("S2")), 2);
    assert_int_equal(world_put(w, "p", plan_wait), 3);
    req.input = world_json(w, "1");
    req.plan_version = 3;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_PLAN_VERSION_INCOMPATIBLE);
    req.plan_version = 9;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_PLAN_VERSION_INCOMPATIBLE);
    world_assert_status(w, "kid", STATUS_WAITING_FOR_TIMER);
    req.plan_version = 2;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    world_settle(w);
    assert_string_equal(world_get(w, "x").output, "2");
    assert_int_equal(world_get(w, "x").plan_version, 2);
}

static void a_paused_parent_keeps_the_news_for_its_restart(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    assert_int_equal(world_pause(w, "x"), ERR_OK);
    answer = world_halt(w, "kid", false);
    assert_string_equal(callback_result(&answer), "kept");
    world_settle(w);
    world_assert_status(w, "x", STATUS_WAITING_FOR_RESTART);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    world_settle(w);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void a_parent_that_does_not_await_gets_a_history_event_only(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("kid");
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(
        w, "p",
        "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
        "\"Parameters\":{\"plan_id\":\"kid\",\"plan_execution_id\":\"kid\",\"await\":false},"
        "\"Next\":\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":9,\"End\":true}}}");
    world_start(w, "p", "x", NULL);
    world_settle(w);
    req.input = world_json(w, "1");
    req.plan_version = 1;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_string_equal(callback_result(&answer), "not_awaited");
    assert_int_equal(json_get(answer.receipt, "unused")->count, 2);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'CHILD.HALTED'"), 1);
}

static void a_final_parent_is_left_alone(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    world_halt(w, "x", false);
    answer = world_halt(w, "kid", false);
    assert_string_equal(callback_result(&answer), "parent_final");
}

static void a_disabled_callback_tells_nobody(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("kid");
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    req.disable_parent_callback = true;
    req.is_batch_operation = true;
    req.name = "clean-up";
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_string_equal(callback_result(&answer), "disabled");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE batch_operations LIKE"
                                  " '%\"name\":\"clean-up\",\"type\":\"HALT\"%'"),
                     1);
    world_settle(w);
    world_assert_status(w, "x", STATUS_WAITING_FOR_CHILD_EXECUTION);
}

static void a_restarted_parent_attaches_to_a_child_that_is_still_active(void **state)
{
    struct world *w = *state;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    world_halt(w, "x", false);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    world_settle(w);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions"), 2);
    world_assert_status(w, "x", STATUS_WAITING_FOR_CHILD_EXECUTION);
    world_move(w, 3600000);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void a_paused_child_of_a_stopped_parent_leaves_no_paused_row(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    world_halt(w, "x", false);
    assert_int_equal(world_pause(w, "kid"), ERR_OK);
    answer = world_halt(w, "x", true);
    assert_int_equal(answer.outcome, CHILDREN_HALTED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM paused_executions"), 0);
    world_assert_clean(w, &answer);
}

static void halt_child_executions_leaves_the_execution_and_tells_it(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("x");
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", PLAN_PARENT("S"));
    world_start(w, "p", "x", NULL);
    world_settle(w);
    req.children_only = true;
    req.reason = "because";
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_int_equal(answer.outcome, CHILDREN_HALTED);
    assert_int_equal(answer.children->count, 1);
    assert_string_equal(callback_result(&answer), "delivered");
    world_settle(w);
    world_assert_status(w, "kid", STATUS_STOPPED);
    world_assert_status(w, "x", STATUS_SUCCESS);
    world_assert_clean(w, &answer);
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
    assert_int_equal(answer.outcome, ALREADY_HALTED);
}

static void a_failed_branch_halts_awaited_children_and_no_others(void **state)
{
    struct world *w = *state;
    const char *plan =
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Next\":\"E\",\"Catch\":["
        "{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"E\"}],\"Branches\":["
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
        "\"Parameters\":{\"plan_id\":\"kid\",\"plan_execution_id\":\"awaited\"},\"End\":true}}},"
        "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
        "\"Parameters\":{\"plan_id\":\"kid\",\"plan_execution_id\":\"free\",\"await\":false},"
        "\"Next\":\"T\"},"
        "\"T\":{\"Type\":\"Task\",\"Resource\":\"fermata:task:charge\",\"End\":true}}}]},"
        "\"E\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}";

    world_put(w, "kid", plan_wait);
    world_put(w, "p", plan);
    world_start(w, "p", "x", NULL);
    world_settle(w);
    assert_int_equal(world_fail_task(w, world_poll(w, "charge").task_token, "Broken"), ERR_OK);
    world_settle(w);
    world_assert_status(w, "awaited", STATUS_STOPPED);
    world_assert_status(w, "free", STATUS_WAITING_FOR_TIMER);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts WHERE kind = 'FRAME' AND reason ="
                                  " 'frame cancelled' AND executions = 1"),
                     1);
    world_move(w, 5000);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_parent_goes_on_with_the_input),
        WORLD_TEST(without_input_the_parents_task_fails_with_execution_halted),
        WORLD_TEST(execution_halted_is_not_retried_unless_it_is_named),
        WORLD_TEST(the_parent_goes_on_under_another_plan_version),
        WORLD_TEST(a_paused_parent_keeps_the_news_for_its_restart),
        WORLD_TEST(a_parent_that_does_not_await_gets_a_history_event_only),
        WORLD_TEST(a_final_parent_is_left_alone),
        WORLD_TEST(a_disabled_callback_tells_nobody),
        WORLD_TEST(a_restarted_parent_attaches_to_a_child_that_is_still_active),
        WORLD_TEST(a_paused_child_of_a_stopped_parent_leaves_no_paused_row),
        WORLD_TEST(halt_child_executions_leaves_the_execution_and_tells_it),
        WORLD_TEST(a_failed_branch_halts_awaited_children_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
