/*
 * test_halt.c - the promise of a halt, clause by clause, with a clock that stands still.
 */
#include "halt_world.h"

static void a_halt_stops_and_says_what_it_did(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;
    const struct json *one;

    world_put(w, "p", plan_wait);
    world_start(w, "p", "x", NULL);
    answer = world_halt(w, "x", false);
    assert_int_equal(answer.outcome, HALTED);
    assert_null(answer.callback);
    assert_int_equal(answer.children->count, 0);
    assert_int_equal(counted(&answer, "executions"), 1);
    assert_int_equal(counted(&answer, "scheduled"), 1);
    one = json_get(answer.receipt, "executions")->items[0];
    assert_string_equal(json_get_string(one, "previous_status"), "WAITING_FOR_TIMER");
    assert_string_equal(json_get_string(one, "last_state"), "W");
    assert_string_equal(json_get_string(json_get(one, "reservations")->items[0], "type"), "TIMER");
    world_assert_status(w, "x", STATUS_STOPPED);
    assert_int_equal(world_get(w, "x").epoch, 2);
    assert_int_equal(fresh(w), 0);
    world_move(w, 4000000);
    world_assert_status(w, "x", STATUS_STOPPED);
    world_assert_clean(w, &answer);
}

static void a_halt_stops_the_whole_tree(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "mid", plan_fan);
    world_put(
        w, "p",
        "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
        "\"Parameters\":{\"plan_id\":\"mid\"},\"End\":true}}}");
    world_start(w, "p", "x", NULL);
    world_settle(w);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE ended_at IS NULL"), 5);
    answer = world_halt(w, "x", true);
    assert_int_equal(counted(&answer, "executions"), 5);
    assert_int_equal(answer.children->count, 4);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE status = 'STOPPED'"), 5);
    assert_int_equal(fresh(w), 0);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'EXECUTION.HALTED'"),
                     5);
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'RESERVATION.CLEANED'"), 5);
    /* Deepest first. */
    assert_int_equal(json_get(json_get(answer.receipt, "executions")->items[0], "depth")->integer,
                     2);
    /* Every history is numbered 1 to n. */
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM (SELECT count(*) AS n, max(seq) AS m, min(seq) AS f"
                     " FROM history GROUP BY root_id, execution_id) AS h WHERE n <> m OR f <> 1"),
        0);
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM executions e WHERE history_seq <>"
                     " (SELECT max(seq) FROM history h WHERE h.execution_id = e.execution_id)"),
        0);
    world_move(w, 10000000);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE status = 'STOPPED'"), 5);
    world_assert_clean(w, &answer);
}

static void without_children_only_the_target_stops(void **state)
{
    struct world *w = *state;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", plan_fan);
    world_start(w, "p", "x", NULL);
    world_settle(w);
    world_halt(w, "x", false);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE ended_at IS NULL"), 3);
}

static void a_second_halt_gets_the_first_receipt(void **state)
{
    struct world *w = *state;
    struct halt_answer first, second;

    world_put(w, "p", plan_wait);
    world_start(w, "p", "x", NULL);
    first = world_halt(w, "x", false);
    second = world_halt(w, "x", false);
    assert_int_equal(second.outcome, ALREADY_HALTED);
    assert_string_equal(first.halt_id, second.halt_id);
    assert_string_equal(json_text(w->arena, first.receipt), json_text(w->arena, second.receipt));
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts"), 1);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'EXECUTION.HALTED'"),
                     1);
}

static void a_stopped_target_with_active_children_halts_those(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", plan_fan);
    world_start(w, "p", "x", NULL);
    world_settle(w);
    world_halt(w, "x", false);
    answer = world_halt(w, "x", true);
    assert_int_equal(answer.outcome, CHILDREN_HALTED);
    assert_int_equal(answer.children->count, 3);
    assert_null(answer.callback);
    assert_int_equal(
        WORLD_INT(w, "SELECT count(*) FROM history h JOIN executions e USING (execution_id)"
                     " WHERE h.type = 'EXECUTION.HALTED' AND e.plan_execution_id = 'x'"),
        1);
    world_assert_clean(w, &answer);
}

static void what_has_ended_is_not_halted(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("x");
    struct halt_answer answer;

    world_put(w, "p", "{\"StartAt\":\"S\",\"States\":{\"S\":{\"Type\":\"Succeed\"}}}");
    world_start(w, "p", "x", NULL);
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_INVALID_STATE_TRANSITION);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts"), 0);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halt_items"), 0);
}

static void an_unknown_id_and_another_operators_are_not_found(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("x");
    struct halt_answer answer;

    world_put(w, "p", plan_wait);
    world_start(w, "p", "x", NULL);
    w->actor.operator_name = "other";
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_EXECUTION_NOT_FOUND);
    req.plan_execution_id = "nothing";
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_EXECUTION_NOT_FOUND);
}

static void a_dry_run_counts_and_changes_nothing(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("x");
    struct halt_answer dry, done;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", plan_fan);
    world_start(w, "p", "x", NULL);
    world_settle(w);
    req.children = HALT_CHILDREN_ALL;
    req.dry_run = true;
    assert_int_equal(world_halt_with(w, &req, &dry), ERR_OK);
    assert_int_equal(dry.outcome, WOULD_HALT);
    assert_null(dry.halt_id);
    assert_int_equal(counted(&dry, "executions"), 4);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts"), 0);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE ended_at IS NULL"), 4);
    req.dry_run = false;
    req.if_digest = json_get_string(dry.receipt, "digest");
    assert_non_null(req.if_digest);
    assert_int_equal(world_halt_with(w, &req, &done), ERR_OK);
    assert_int_equal(counted(&done, "reservations"), counted(&dry, "reservations"));
    assert_string_equal(json_text(w->arena, json_get(dry.receipt, "executions")),
                        json_text(w->arena, json_get(done.receipt, "executions")));
}

static void a_digest_that_has_changed_is_refused_with_the_present_one(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("x");
    struct halt_answer dry, answer;

    world_put(w, "p", plan_task);
    world_start(w, "p", "x", NULL);
    req.dry_run = true;
    assert_int_equal(world_halt_with(w, &req, &dry), ERR_OK);
    assert_int_equal(world_pause(w, "x"), ERR_OK);
    req.dry_run = false;
    req.if_digest = json_get_string(dry.receipt, "digest");
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_PRECONDITION_FAILED);
    world_assert_status(w, "x", STATUS_WAITING_FOR_RESTART);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halt_items"), 0);
}

static void preconditions_hold_or_nothing_happens(void **state)
{
    struct world *w = *state;
    struct halt_request req = request("x");
    struct halt_answer answer;

    world_put(w, "kid", plan_wait);
    world_put(w, "p", plan_fan);
    world_start(w, "p", "x", NULL);
    world_settle(w);
    req.if_status = "PENDING";
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_PRECONDITION_FAILED);
    req.if_status = NULL;
    req.if_epoch = 2;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_PRECONDITION_FAILED);
    req.if_epoch = 1;
    req.children = HALT_CHILDREN_ALL;
    req.max_affected = 3;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_TOO_MANY_AFFECTED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE ended_at IS NULL"), 4);
    req.max_affected = 4;
    assert_int_equal(world_halt_with(w, &req, &answer), ERR_OK);
}

static void a_late_result_is_refused_and_kept_as_evidence(void **state)
{
    struct world *w = *state;
    struct poll_answer task;
    struct halt_answer answer;

    world_put(w, "p", plan_task);
    world_start(w, "p", "x", NULL);
    task = world_poll(w, "charge");
    answer = world_halt(w, "x", false);
    assert_int_equal(answer.in_flight, 1);
    assert_int_equal(counted(&answer, "reservations"), 2);
    assert_int_equal(counted(&answer, "scheduled"), 1);
    assert_int_equal(json_get(answer.receipt, "in_flight")->count, 1);
    assert_int_equal(world_beat(w, task.task_token), ERR_EXECUTION_HALTED);
    assert_int_equal(world_beat(w, task.task_token), ERR_EXECUTION_HALTED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halt_in_flight WHERE quiet_at IS NULL"), 1);
    assert_int_equal(world_complete(w, task.task_token, "1"), ERR_EXECUTION_HALTED);
    assert_int_equal(world_complete(w, task.task_token, "1"), ERR_EXECUTION_HALTED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM evidence WHERE kind = 'complete_task'"), 1);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM evidence WHERE kind = 'heartbeat_task'"),
                     1);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halt_in_flight WHERE quiet_at IS NULL"), 0);
    world_assert_status(w, "x", STATUS_STOPPED);
    assert_null(world_poll(w, "charge").task);
    world_assert_clean(w, &answer);
}

static void a_late_callback_is_refused_and_kept_as_evidence(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_callback);
    assert_int_equal(world_start(w, "p", "x", NULL), STATUS_WAITING_FOR_CALLBACK);
    world_halt(w, "x", false);
    assert_int_equal(world_callback(w, "x", NULL, "1"), ERR_EXECUTION_HALTED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM evidence"), 1);
}

static const char plan_lock[] =
    "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:acquire\","
    "\"Parameters\":{\"name\":\"door\"},\"ResultPath\":null,\"Next\":\"W\"},"
    "\"W\":{\"Type\":\"Wait\",\"Seconds\":3600,\"End\":true}}}";

static void a_lock_passes_to_the_first_live_waiter_in_the_same_commit(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;
    const struct json *lock;

    world_put(w, "p", plan_lock);
    world_start(w, "p", "holder", NULL);
    world_start(w, "p", "halted", NULL);
    world_start(w, "p", "paused", NULL);
    world_start(w, "p", "next", NULL);
    world_halt(w, "halted", false);
    assert_int_equal(world_pause(w, "paused"), ERR_OK);
    answer = world_halt(w, "holder", false);
    lock = json_get(json_get(answer.receipt, "executions")->items[0], "locks")->items[0];
    assert_string_equal(json_get_string(lock, "granted_to"), "next");
    assert_int_equal(WORLD_INT(w, "SELECT fence FROM locks"), 2);
    assert_int_equal(WORLD_INT(w,
                               "SELECT count(*) FROM locks l JOIN executions e ON e.execution_id ="
                               " l.holder_id WHERE e.plan_execution_id = 'next'"),
                     1);
    world_settle(w);
    world_assert_status(w, "next", STATUS_WAITING_FOR_TIMER);
    /* The paused one has kept its place. */
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM lock_waiters"), 1);
    world_halt(w, "next", false);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM locks WHERE holder_id IS NOT NULL"), 0);
    assert_int_equal(world_restart(w, "paused"), ERR_OK);
    world_settle(w);
    world_assert_status(w, "paused", STATUS_WAITING_FOR_TIMER);
    assert_int_equal(WORLD_INT(w, "SELECT fence FROM locks"), 3);
    world_assert_clean(w, &answer);
}

static void a_halt_takes_the_paused_row_away(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_wait);
    world_start(w, "p", "x", NULL);
    assert_int_equal(world_pause(w, "x"), ERR_OK);
    world_halt(w, "x", false);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM paused_executions"), 0);
    world_assert_status(w, "x", STATUS_STOPPED);
}

static void a_paused_execution_without_its_row_is_an_anomaly_not_a_reason(void **state)
{
    struct world *w = *state;
    struct halt_answer answer;

    world_put(w, "p", plan_wait);
    world_start(w, "p", "x", NULL);
    assert_int_equal(world_pause(w, "x"), ERR_OK);
    assert_int_equal(sql_script(lane_engine(w->lane)->store->sql, "DELETE FROM paused_executions"),
                     ERR_OK);
    answer = world_halt(w, "x", false);
    assert_int_equal(answer.outcome, HALTED);
    assert_int_equal(json_get(answer.receipt, "anomalies")->count, 1);
}

static void a_restart_goes_on_from_the_last_state_under_a_new_epoch(void **state)
{
    struct world *w = *state;
    struct poll_answer before, after;
    struct halt_answer answer;

    world_put(w, "p", plan_task);
    world_start(w, "p", "x", "{\"n\":1}");
    before = world_poll(w, "charge");
    answer = world_halt(w, "x", false);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    world_assert_status(w, "x", STATUS_EXECUTING);
    assert_int_equal(world_get(w, "x").epoch, 3);
    assert_int_equal(world_complete(w, before.task_token, "1"), ERR_EXECUTION_HALTED);
    after = world_poll(w, "charge");
    assert_string_equal(after.input, "{\"n\":1}");
    assert_int_equal(world_complete(w, after.task_token, "2"), ERR_OK);
    assert_string_equal(world_get(w, "x").output, "2");
    world_assert_clean(w, &answer);
}

static void a_restart_waits_for_the_locks_that_the_halt_took(void **state)
{
    struct world *w = *state;

    world_put(w, "p", plan_lock);
    world_start(w, "p", "x", NULL);
    world_start(w, "p", "y", NULL);
    world_halt(w, "x", false);
    world_settle(w);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    world_assert_status(w, "x", STATUS_PENDING);
    world_halt(w, "y", false);
    world_settle(w);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    assert_int_equal(WORLD_INT(w, "SELECT holder_frame_id FROM locks"), 1);
    world_move(w, 3600000);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void every_active_status_can_be_halted(void **state)
{
    struct world *w = *state;
    struct start_request later = {
        .plan_id = "wait", .plan_execution_id = "pending", .start_at = WORLD_START_MS + 1000};
    struct execution_answer answer;
    static const char *const ids[] = {"pending", "task",   "human", "callback",
                                      "x",       "second", "wait",  "paused"};

    world_put(w, "wait", plan_wait);
    world_put(w, "kid", plan_wait);
    world_put(w, "task", plan_task);
    world_put(w, "callback", plan_callback);
    world_put(w, "lock", plan_lock);
    world_put(w, "parent", PLAN_PARENT("S"));
    world_put(w, "human",
              "{\"StartAt\":\"H\",\"States\":{\"H\":{\"Type\":\"Task\",\"Resource\":\"fermata:"
              "human\",\"End\":true}}}");
    assert_int_equal(world_run(w, world_start_fn, &later, &answer), ERR_OK);
    assert_int_equal(answer.status, STATUS_PENDING);
    assert_int_equal(world_start(w, "task", "task", NULL), STATUS_EXECUTING);
    assert_int_equal(world_start(w, "human", "human", NULL), STATUS_WAITING_FOR_HUMAN_TASK);
    assert_int_equal(world_start(w, "callback", "callback", NULL), STATUS_WAITING_FOR_CALLBACK);
    assert_int_equal(world_start(w, "parent", "x", NULL), STATUS_WAITING_FOR_CHILD_EXECUTION);
    world_start(w, "lock", "first", NULL);
    assert_int_equal(world_start(w, "lock", "second", NULL), STATUS_WAITING_FOR_LOCK);
    assert_int_equal(world_start(w, "wait", "wait", NULL), STATUS_WAITING_FOR_TIMER);
    world_start(w, "wait", "paused", NULL);
    assert_int_equal(world_pause(w, "paused"), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        struct halt_answer halted = world_halt(w, ids[i], false);

        assert_int_equal(halted.outcome, HALTED);
        world_assert_status(w, ids[i], STATUS_STOPPED);
        world_assert_clean(w, &halted);
    }
    world_move(w, 100000);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM executions WHERE status = 'STOPPED'"), 8);
}

static void a_planted_residue_is_named_by_the_proof(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *sql, *kind;
    } planted[] = {
        {"UPDATE executions SET status = 'EXECUTING', ended_at = NULL",  "executions"       },
        {"UPDATE reservations SET status = 'FRESH' WHERE type = 'TASK'", "reservations"     },
        {"UPDATE reservations SET ready = 1 WHERE type = 'TASK'",        "queue"            },
        {"UPDATE locks SET holder_id = (SELECT execution_id FROM executions), holder_root_id ="
         " (SELECT root_id FROM executions), holder_epoch = 1", "locks"            },
        {"INSERT INTO lock_waiters SELECT 'acme', 'l', 1, root_id, execution_id, 1, 1 FROM "
         "executions",                                          "lock_waiters"     },
        {"INSERT INTO paused_executions SELECT root_id, execution_id, 'acme', 'PAUSED', 'x', NULL, "
         "1"
         " FROM executions",                                    "paused_executions"},
    };
    struct halt_answer answer;
    struct halt_row halt;
    struct halt_residue *residue;
    struct sql *sql = lane_engine(w->lane)->store->sql;

    world_put(w, "p",
              "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:"
              "acquire\","
              "\"Parameters\":{\"name\":\"door\"},\"Next\":\"T\"},\"T\":{\"Type\":\"Task\","
              "\"Resource\":\"fermata:task:t\",\"End\":true}}}");
    world_start(w, "p", "x", NULL);
    world_poll(w, "t");
    answer = world_halt(w, "x", false);
    world_assert_clean(w, &answer);
    halt = (struct halt_row){.root_id = answer.root_id, .halt_id = answer.halt_number};
    for (size_t i = 0; i < ARRAY_SIZE(planted); i++) {
        bool named = false;

        assert_int_equal(sql_begin(sql), ERR_OK);
        assert_int_equal(sql_script(sql, planted[i].sql), ERR_OK);
        assert_int_equal(halts_residue(lane_engine(w->lane)->store, w->arena, &halt, &residue),
                         ERR_OK);
        for (; residue; residue = residue->next)
            named = named || (residue->left && strcmp(residue->kind, planted[i].kind) == 0);
        sql_rollback(sql);
        if (!named)
            fail_msg("%s was not named", planted[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_halt_stops_and_says_what_it_did),
        WORLD_TEST(a_halt_stops_the_whole_tree),
        WORLD_TEST(without_children_only_the_target_stops),
        WORLD_TEST(a_second_halt_gets_the_first_receipt),
        WORLD_TEST(a_stopped_target_with_active_children_halts_those),
        WORLD_TEST(what_has_ended_is_not_halted),
        WORLD_TEST(an_unknown_id_and_another_operators_are_not_found),
        WORLD_TEST(a_dry_run_counts_and_changes_nothing),
        WORLD_TEST(a_digest_that_has_changed_is_refused_with_the_present_one),
        WORLD_TEST(preconditions_hold_or_nothing_happens),
        WORLD_TEST(a_late_result_is_refused_and_kept_as_evidence),
        WORLD_TEST(a_late_callback_is_refused_and_kept_as_evidence),
        WORLD_TEST(a_lock_passes_to_the_first_live_waiter_in_the_same_commit),
        WORLD_TEST(a_halt_takes_the_paused_row_away),
        WORLD_TEST(a_paused_execution_without_its_row_is_an_anomaly_not_a_reason),
        WORLD_TEST(a_restart_goes_on_from_the_last_state_under_a_new_epoch),
        WORLD_TEST(a_restart_waits_for_the_locks_that_the_halt_took),
        WORLD_TEST(every_active_status_can_be_halted),
        WORLD_TEST(a_planted_residue_is_named_by_the_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
