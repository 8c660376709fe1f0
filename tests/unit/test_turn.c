/*
 * test_turn.c - plans run as the States Language says: states, frames, retries, time, children,
 * locks.
 */
#include "world.h"

static const char plan_three[] = "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\","
                                 "\"Result\":{\"n\":1},\"ResultPath\":\"$.a\",\"Next\":\"B\"},"
                                 "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.a.n\","
                                 "\"NumericEquals\":1,\"Next\":\"C\"}]},"
                                 "\"C\":{\"Type\":\"Succeed\"}}}";

static void a_plan_that_never_waits_ends_in_the_commit_that_started_it(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_three);
    assert_int_equal(world_start(w, "p", "x", "{\"k\":2}"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"k\":2,\"a\":{\"n\":1}}");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM frames"), 0);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history WHERE event_id IS NOT NULL"), 8);
}

static void a_wait_waits_until_its_time(void **state)
{
    struct world *w = *state;

    world_put(
        w, "p",
        "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":10,\"End\":true}}}");
    assert_int_equal(world_start(w, "p", "x", NULL), STATUS_WAITING_FOR_TIMER);
    world_move(w, 9999);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    world_move(w, 1);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static const char plan_task[] =
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"fermata:task:charge\","
    "\"End\":true,"
    "\"Retry\":[{\"ErrorEquals\":[\"Busy\"],\"IntervalSeconds\":2,\"MaxAttempts\":1}],"
    "\"Catch\":[{\"ErrorEquals\":[\"Refused\"],\"ResultPath\":\"$.why\",\"Next\":\"Sorry\"}]},"
    "\"Sorry\":{\"Type\":\"Pass\",\"End\":true}}}";

static void a_worker_takes_a_task_and_its_output_is_the_result(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(w, "p", plan_task);
    assert_int_equal(world_start(w, "p", "x", "{\"n\":5}"), STATUS_EXECUTING);
    assert_null(world_poll(w, "other").task);
    task = world_poll(w, "charge");
    assert_string_equal(task.task, "charge");
    assert_string_equal(task.input, "{\"n\":5}");
    assert_int_equal(task.attempt, 1);
    assert_null(world_poll(w, "charge").task);
    assert_int_equal(world_complete(w, task.task_token, "{\"ok\":true}"), ERR_OK);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"ok\":true}");
    /* The same answer again is welcome, another is not. */
    assert_int_equal(world_complete(w, task.task_token, "{\"ok\":true}"), ERR_OK);
    assert_int_equal(world_complete(w, task.task_token, "{\"ok\":false}"), ERR_ALREADY_SETTLED);
}

static void a_failed_task_is_retried_after_its_back_off_then_fails(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(w, "p", plan_task);
    world_start(w, "p", "x", NULL);
    task = world_poll(w, "charge");
    assert_int_equal(world_fail_task(w, task.task_token, "Busy"), ERR_OK);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    world_move(w, 2000);
    world_assert_status(w, "x", STATUS_EXECUTING);
    task = world_poll(w, "charge");
    assert_int_equal(world_fail_task(w, task.task_token, "Busy"), ERR_OK);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "Busy");
}

static void a_caught_error_stands_where_result_path_says(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_task);
    world_start(w, "p", "x", "{\"n\":5}");
    assert_int_equal(world_fail_task(w, world_poll(w, "charge").task_token, "Refused"), ERR_OK);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_non_null(strstr(world_get(w, "x").output, "\"why\":{\"Error\":\"Refused\""));
}

static void a_lease_that_runs_out_gives_the_task_to_another_worker(void **state)
{
    struct world *w = *state;
    struct poll_answer first, second;

    world_put(w, "p", plan_task);
    world_start(w, "p", "x", NULL);
    first = world_poll(w, "charge");
    world_move(w, 20000);
    assert_int_equal(world_beat(w, first.task_token), ERR_OK);
    world_move(w, 20000);
    assert_null(world_poll(w, "charge").task);
    world_move(w, 10001);
    second = world_poll(w, "charge");
    assert_int_equal(second.attempt, 2);
    assert_int_equal(world_complete(w, first.task_token, "1"), ERR_TOKEN_NOT_FOUND);
    assert_int_equal(world_complete(w, second.task_token, "1"), ERR_OK);
}

static void a_missed_heartbeat_fails_a_task_that_asks_for_them(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(
        w, "p",
        "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
        "\"fermata:task:charge\",\"HeartbeatSeconds\":3,\"TimeoutSeconds\":60,\"End\":true}}}");
    world_start(w, "p", "x", NULL);
    world_move(w, 5000);
    task = world_poll(w, "charge");
    assert_int_equal(task.lease_ms, 3000);
    world_move(w, 2000);
    assert_int_equal(world_beat(w, task.task_token), ERR_OK);
    world_move(w, 2000);
    world_assert_status(w, "x", STATUS_EXECUTING);
    world_move(w, 1000);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "States.HeartbeatTimeout");
}

static void a_task_that_takes_too_long_times_out(void **state)
{
    struct world *w = *state;

    world_put(
        w, "p",
        "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":\"fermata:human\","
        "\"TimeoutSeconds\":5,\"End\":true}}}");
    assert_int_equal(world_start(w, "p", "x", NULL), STATUS_WAITING_FOR_HUMAN_TASK);
    world_move(w, 5000);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "States.Timeout");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'"), 0);
}

static const char plan_parallel[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"fermata:task:a\","
    "\"End\":true}}},"
    "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Wait\",\"Seconds\":5,\"Next\":\"B2\"},"
    "\"B2\":{\"Type\":\"Pass\",\"Result\":\"b\",\"End\":true}}}]}}}";

static void a_parallel_gives_its_branches_outputs_in_order(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(w, "p", plan_parallel);
    assert_int_equal(world_start(w, "p", "x", NULL), STATUS_EXECUTING);
    task = world_poll(w, "a");
    world_move(w, 5000);
    world_assert_status(w, "x", STATUS_EXECUTING);
    assert_int_equal(world_complete(w, task.task_token, "\"a\""), ERR_OK);
    assert_string_equal(world_get(w, "x").output, "[\"a\",\"b\"]");
}

static void a_failed_branch_cancels_its_siblings(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_parallel);
    world_start(w, "p", "x", NULL);
    assert_int_equal(world_fail_task(w, world_poll(w, "a").task_token, "Broken"), ERR_OK);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'"), 0);
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM frames WHERE phase NOT IN ('FAILED', 'JOIN')"), 0);
    world_move(w, 10000);
    world_assert_status(w, "x", STATUS_FAILED);
}

static const char plan_parent[] =
    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
    "\"Parameters\":{\"plan_id\":\"child\",\"plan_execution_id\":\"kid\",\"input\":{\"q\":1}},"
    "\"ResultPath\":\"$.kid\",\"End\":true}}}";

static void a_parent_awaits_its_child(void **state)
{
    struct world *w = *state;

    world_put(
        w, "child",
        "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}");
    world_put(w, "parent", plan_parent);
    assert_int_equal(world_start(w, "parent", "x", NULL), STATUS_WAITING_FOR_CHILD_EXECUTION);
    world_settle(w);
    world_assert_status(w, "kid", STATUS_WAITING_FOR_TIMER);
    world_move(w, 1000);
    world_assert_status(w, "kid", STATUS_SUCCESS);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"kid\":{\"q\":1}}");
}

static void a_failed_child_fails_the_task_that_awaits_it(void **state)
{
    struct world *w = *state;

    world_put(w, "child",
              "{\"StartAt\":\"F\",\"States\":{\"F\":{\"Type\":\"Fail\",\"Error\":\"Nope\","
              "\"Cause\":\"c\"}}}");
    world_put(w, "parent", plan_parent);
    world_start(w, "parent", "x", NULL);
    world_settle(w);
    world_assert_status(w, "x", STATUS_FAILED);
    assert_string_equal(world_get(w, "x").error, "States.TaskFailed");
    assert_non_null(strstr(world_get(w, "x").cause, "Nope"));
}

static void a_plan_that_loops_for_ever_yields(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},"
              "\"B\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.no\",\"IsPresent\":true,"
              "\"Next\":\"C\"}],"
              "\"Default\":\"A\"},\"C\":{\"Type\":\"Succeed\"}}}");
    assert_int_equal(world_start(w, "p", "x", NULL), STATUS_EXECUTING);
    for (int i = 0; i < 10; i++)
        assert_true(lane_step(w->lane));
    world_assert_status(w, "x", STATUS_EXECUTING);
    world_halt(w, "x", false);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'"), 0);
}

static const char plan_lock[] =
    "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:acquire\","
    "\"Parameters\":{\"name\":\"door\"},\"ResultPath\":null,\"Next\":\"W\"},"
    "\"W\":{\"Type\":\"Wait\",\"Seconds\":10,\"Next\":\"R\"},"
    "\"R\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:release\",\"Parameters\":{\"name\":"
    "\"door\"},"
    "\"ResultPath\":null,\"Next\":\"W2\"},\"W2\":{\"Type\":\"Wait\",\"Seconds\":10,\"End\":true}}}";

static void a_lock_passes_to_the_next_in_line(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_lock);
    assert_int_equal(world_start(w, "p", "x", NULL), STATUS_WAITING_FOR_TIMER);
    assert_int_equal(world_start(w, "p", "y", NULL), STATUS_WAITING_FOR_LOCK);
    assert_int_equal(world_start(w, "p", "z", NULL), STATUS_WAITING_FOR_LOCK);
    world_move(w, 10000);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    world_assert_status(w, "y", STATUS_WAITING_FOR_TIMER);
    world_assert_status(w, "z", STATUS_WAITING_FOR_LOCK);
    assert_int_equal(WORLD_INT(w, "SELECT fence FROM locks WHERE name = 'door'"), 2);
    world_move(w, 10000);
    world_assert_status(w, "x", STATUS_SUCCESS);
    world_assert_status(w, "z", STATUS_WAITING_FOR_TIMER);
    world_move(w, 10000);
    world_move(w, 10000);
    world_assert_status(w, "z", STATUS_SUCCESS);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM locks WHERE holder_id IS NOT NULL"), 0);
}

static void start_locks_are_held_until_the_end(void **state)
{
    struct world *w = *state;
    const char *names[] = {"b", "a"};
    struct start_request req = {
        .plan_id = "p", .plan_execution_id = "x", .locks = names, .lock_count = 2};
    struct execution_answer answer;

    world_put(
        w, "p",
        "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":10,\"End\":true}}}");
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    assert_int_equal(answer.status, STATUS_WAITING_FOR_TIMER);
    req.plan_execution_id = "y";
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    assert_int_equal(answer.status, STATUS_PENDING);
    world_move(w, 10000);
    world_assert_status(w, "x", STATUS_SUCCESS);
    world_assert_status(w, "y", STATUS_WAITING_FOR_TIMER);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM locks WHERE holder_id IS NOT NULL"), 2);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM locks WHERE holder_frame_id = 1"), 2);
    world_move(w, 10000);
    world_assert_status(w, "y", STATUS_SUCCESS);
}

static void a_start_with_the_same_id_starts_nothing_new(void **state)
{
    struct world *w = *state;
    struct start_request req = {.plan_id = "p", .plan_execution_id = "x"};
    struct execution_answer answer;

    world_put(w, "p", plan_three);
    world_start(w, "p", "x", NULL);
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    assert_false(answer.created);
    req.input = world_json(w, "{\"other\":1}");
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_EXECUTION_EXISTS);
}

static void a_start_at_a_later_time_is_pending_until_then(void **state)
{
    struct world *w = *state;
    struct start_request req = {
        .plan_id = "p", .plan_execution_id = "x", .start_at = WORLD_START_MS + 60000};
    struct execution_answer answer;

    world_put(w, "p", plan_three);
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    assert_int_equal(answer.status, STATUS_PENDING);
    world_move(w, 59999);
    world_assert_status(w, "x", STATUS_PENDING);
    world_move(w, 1);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void a_paused_execution_applies_what_arrived_when_it_is_restarted(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    world_put(w, "p", plan_parallel);
    world_start(w, "p", "x", NULL);
    assert_int_equal(world_pause(w, "x"), ERR_OK);
    assert_null(world_poll(w, "a").task);
    world_assert_status(w, "x", STATUS_WAITING_FOR_RESTART);
    world_move(w, 60000);
    assert_int_equal(world_pause(w, "x"), ERR_INVALID_STATE_TRANSITION);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    task = world_poll(w, "a");
    assert_int_equal(world_pause(w, "x"), ERR_OK);
    assert_int_equal(world_complete(w, task.task_token, "1"), ERR_OK);
    world_assert_status(w, "x", STATUS_WAITING_FOR_RESTART);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    assert_string_equal(world_get(w, "x").output, "[1,\"b\"]");
    assert_int_equal(world_get(w, "x").epoch, 1);
}

static void a_held_failure_waits_for_a_restart_and_runs_its_state_again(void **state)
{
    struct world *w = *state;
    struct start_request req = {.plan_id = "p", .plan_execution_id = "x", .hold_on_failure = true};
    struct execution_answer answer;
    struct poll_answer task;

    world_put(w, "p", plan_task);
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_OK);
    assert_int_equal(world_fail_task(w, world_poll(w, "charge").task_token, "Odd"), ERR_OK);
    world_assert_status(w, "x", STATUS_WAITING_FOR_RESTART);
    assert_string_equal(world_get(w, "x").error, "Odd");
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    world_assert_status(w, "x", STATUS_EXECUTING);
    assert_int_equal(world_get(w, "x").epoch, 2);
    task = world_poll(w, "charge");
    assert_int_equal(world_complete(w, task.task_token, "7"), ERR_OK);
    assert_string_equal(world_get(w, "x").output, "7");
}

static void the_same_definition_again_is_the_same_version(void **state)
{
    struct world *w = *state;

    assert_int_equal(world_put(w, "p", plan_three), 1);
    assert_int_equal(world_put(w, "p", plan_three), 1);
    assert_int_equal(world_put(w, "p", plan_task), 2);
    assert_int_equal(world_put(w, "p", plan_three), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_plan_that_never_waits_ends_in_the_commit_that_started_it),
        WORLD_TEST(a_wait_waits_until_its_time),
        WORLD_TEST(a_worker_takes_a_task_and_its_output_is_the_result),
        WORLD_TEST(a_failed_task_is_retried_after_its_back_off_then_fails),
        WORLD_TEST(a_caught_error_stands_where_result_path_says),
        WORLD_TEST(a_lease_that_runs_out_gives_the_task_to_another_worker),
        WORLD_TEST(a_missed_heartbeat_fails_a_task_that_asks_for_them),
        WORLD_TEST(a_task_that_takes_too_long_times_out),
        WORLD_TEST(a_parallel_gives_its_branches_outputs_in_order),
        WORLD_TEST(a_failed_branch_cancels_its_siblings),
        WORLD_TEST(a_parent_awaits_its_child),
        WORLD_TEST(a_failed_child_fails_the_task_that_awaits_it),
        WORLD_TEST(a_plan_that_loops_for_ever_yields),
        WORLD_TEST(a_lock_passes_to_the_next_in_line),
        WORLD_TEST(start_locks_are_held_until_the_end),
        WORLD_TEST(a_start_with_the_same_id_starts_nothing_new),
        WORLD_TEST(a_start_at_a_later_time_is_pending_until_then),
        WORLD_TEST(a_paused_execution_applies_what_arrived_when_it_is_restarted),
        WORLD_TEST(a_held_failure_waits_for_a_restart_and_runs_its_state_again),
        WORLD_TEST(the_same_definition_again_is_the_same_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
