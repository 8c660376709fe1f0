/*
 * test_lane.c - many commands in one transaction: each gets what is its own, whatever the others
 * get.
 */
#include "base/metric.h"
#include "halt_world.h"

enum { LANE_JOBS = 12 };

struct jobs {
    struct world_call calls[LANE_JOBS];
    struct halt_request requests[LANE_JOBS];
    struct halt_answer answers[LANE_JOBS];
    size_t count;
};

static void jobs_halt(struct world *w, struct jobs *jobs, const char *id)
{
    size_t i = jobs->count++;
    struct world_call *call = &jobs->calls[i];

    jobs->requests[i] = request(id);
    *call = (struct world_call){
        .job = {.run = world_call_run,
                .done = world_call_done,
                .takes_ahead = true,
                .root_id = world_root(w, w->actor.operator_name, id)},
        .world = w,
        .fn = world_halt_fn,
        .request = &jobs->requests[i],
        .answer = &jobs->answers[i]
    };
    assert_int_equal(lane_submit(w->lane, &call->job), ERR_OK);
}

static void start_waiting(struct world *w, int count)
{
    world_put(w, "p", plan_wait);
    for (int i = 0; i < count; i++) {
        char id[16];

        snprintf(id, sizeof(id), "x%d", i);
        world_start(w, "p", id, NULL);
    }
}

static const char *const ids[] = {"x0", "x1", "x2", "x3", "x4"};

/* The last change of every tree bears the tree's seq: nobody skipped one, nobody gave one twice. */
static void assert_seqs_fit(struct world *w)
{
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM trees t WHERE t.seq <>"
                                  " (SELECT max(h.tree_seq) FROM history h"
                                  " WHERE h.root_id = t.root_id)"),
                     0);
}

static void many_halts_are_one_transaction(void **state)
{
    struct world *w = *state;
    struct jobs jobs = {0};
    int64_t commits;

    start_waiting(w, 5);
    commits = metric_value(METRIC_COMMITS);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        jobs_halt(w, &jobs, ids[i]);
    lane_step(w->lane);
    assert_int_equal(metric_value(METRIC_COMMITS), commits + 1);
    for (size_t i = 0; i < jobs.count; i++) {
        assert_int_equal(jobs.calls[i].err, ERR_OK);
        assert_int_equal(jobs.answers[i].outcome, HALTED);
        world_assert_status(w, ids[i], STATUS_STOPPED);
    }
    assert_int_equal(fresh(w), 0);
    assert_seqs_fit(w);
}

static void what_one_is_refused_takes_nothing_from_the_others(void **state)
{
    struct world *w = *state;
    struct jobs jobs = {0};

    start_waiting(w, 3);
    jobs_halt(w, &jobs, "x0");
    jobs_halt(w, &jobs, "nobody");
    jobs_halt(w, &jobs, "x1");
    jobs.requests[2].if_epoch = 7;
    jobs_halt(w, &jobs, "x2");
    lane_step(w->lane);
    assert_int_equal(jobs.calls[0].err, ERR_OK);
    assert_int_equal(jobs.calls[1].err, ERR_EXECUTION_NOT_FOUND);
    assert_int_equal(jobs.calls[2].err, ERR_PRECONDITION_FAILED);
    assert_int_equal(jobs.calls[3].err, ERR_OK);
    world_assert_status(w, "x0", STATUS_STOPPED);
    world_assert_status(w, "x1", STATUS_WAITING_FOR_TIMER);
    world_assert_status(w, "x2", STATUS_STOPPED);
    /* What was refused has left no trace in the tree. */
    assert_seqs_fit(w);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts"), 2);
}

static void two_halts_of_one_tree_in_one_transaction_are_one_halt(void **state)
{
    struct world *w = *state;
    struct jobs jobs = {0};

    start_waiting(w, 1);
    for (int i = 0; i < 3; i++)
        jobs_halt(w, &jobs, "x0");
    lane_step(w->lane);
    assert_int_equal(jobs.answers[0].outcome, HALTED);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(jobs.answers[i].outcome, ALREADY_HALTED);
        assert_string_equal(jobs.answers[i].halt_id, jobs.answers[0].halt_id);
    }
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts"), 1);
    assert_int_equal(world_get(w, "x0").epoch, 2);
}

static void what_stands_is_counted_once_although_it_ran_twice(void **state)
{
    struct world *w = *state;
    struct jobs jobs = {0};
    int64_t halts, halted, commands;

    start_waiting(w, 3);
    halts = metric_value(METRIC_HALTS);
    halted = metric_value(METRIC_EXECUTIONS_HALTED);
    commands = metric_value(METRIC_COMMANDS);
    for (size_t i = 0; i < 3; i++)
        jobs_halt(w, &jobs, ids[i]);
    jobs_halt(w, &jobs, "nobody"); /* all run again */
    lane_step(w->lane);
    assert_int_equal(metric_value(METRIC_HALTS), halts + 3);
    assert_int_equal(metric_value(METRIC_EXECUTIONS_HALTED), halted + 3);
    assert_int_equal(metric_value(METRIC_COMMANDS), commands + 4);
}

static void refusals_again_and_again_change_nothing_for_the_others(void **state)
{
    struct world *w = *state;

    start_waiting(w, 1);
    for (int i = 0; i < 40; i++) { /* with savepoints for a while, and then without */
        struct jobs jobs = {0};
        char id[16];

        snprintf(id, sizeof(id), "y%d", i);
        world_start(w, "p", id, NULL);
        jobs_halt(w, &jobs, id);
        jobs_halt(w, &jobs, i % 7 ? "x0" : "nobody");
        lane_step(w->lane);
        assert_int_equal(jobs.calls[0].err, ERR_OK);
        assert_int_equal(jobs.calls[1].err, i % 7 ? ERR_OK : ERR_EXECUTION_NOT_FOUND);
        world_assert_status(w, id, STATUS_STOPPED);
    }
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM halts"), 41);
}

/* Of another node, as it were: the tree of x0 is taken and let go. */
static void a_tree_that_somebody_has_holds_up_no_other(void **state)
{
    struct world *w = *state;
    struct jobs jobs = {0};
    struct sql *other;
    char text[80];
    int64_t retries;

    if (!world_is_shared())
        skip();
    start_waiting(w, 2);
    snprintf(text, sizeof(text), "UPDATE trees SET seq = seq WHERE root_id = %lld",
             (long long)world_root(w, w->actor.operator_name, "x0"));
    assert_int_equal(sql_open(w->path, false, &other), ERR_OK);
    assert_int_equal(sql_begin(other), ERR_OK);
    assert_int_equal(sql_script(other, text), ERR_OK);
    retries = metric_value(METRIC_COMMAND_RETRIES);
    jobs_halt(w, &jobs, "x0");
    jobs_halt(w, &jobs, "x1");
    jobs.calls[0].err = ERR_COUNT; /* not answered */
    lane_step(w->lane);
    assert_int_equal(jobs.calls[0].err, ERR_COUNT);
    assert_int_equal(jobs.calls[1].err, ERR_OK);
    assert_int_equal(metric_value(METRIC_COMMAND_RETRIES), retries + 1); /* x0 alone */
    world_assert_status(w, "x1", STATUS_STOPPED);
    sql_rollback(other);
    sql_close(other);
    lane_step(w->lane);
    assert_int_equal(jobs.calls[0].err, ERR_OK);
    world_assert_status(w, "x0", STATUS_STOPPED);
    assert_seqs_fit(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(many_halts_are_one_transaction),
        WORLD_TEST(what_one_is_refused_takes_nothing_from_the_others),
        WORLD_TEST(two_halts_of_one_tree_in_one_transaction_are_one_halt),
        WORLD_TEST(what_stands_is_counted_once_although_it_ran_twice),
        WORLD_TEST(a_tree_that_somebody_has_holds_up_no_other),
        WORLD_TEST(refusals_again_and_again_change_nothing_for_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
