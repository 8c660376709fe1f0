/*
 * test_asl_retry.c - which names match which errors, who takes an error, and how long a retry
 * waits.
 */
#include "asl_unit.h"
#include "base/limits.h"

static const struct match_case {
    const char *pattern, *error;
    bool matches;
} match_cases[] = {
    {"Order.Refused",            "Order.Refused",            true },
    {"Order.Refused",            "Order.Lost",               false},
    {"States.ALL",               "Order.Refused",            true },
    {"States.ALL",               "States.Timeout",           true },
    {"States.ALL",               "States.HeartbeatTimeout",  true },
    {"States.ALL",               "States.TaskFailed",        true },
    {"States.ALL",               "States.Runtime",           false},
    {"States.ALL",               "States.DataLimitExceeded", false},
    {"States.DataLimitExceeded", "States.DataLimitExceeded", true },
    {"States.Runtime",           "States.Runtime",           false},
    {"States.TaskFailed",        "States.Runtime",           false},
    {"States.TaskFailed",        "States.DataLimitExceeded", false},
    {"States.TaskFailed",        "Order.Refused",            true },
    {"States.TaskFailed",        "States.TaskFailed",        true },
    {"States.TaskFailed",        "States.Timeout",           false},
    {"States.Timeout",           "States.Timeout",           true },
    {"States.Timeout",           "States.HeartbeatTimeout",  true },
    {"States.HeartbeatTimeout",  "States.HeartbeatTimeout",  true },
    {"States.HeartbeatTimeout",  "States.Timeout",           false},
    {"States.ALL",               "States.NoChoiceMatched",   true },
    {"States.ALL",               "Execution.Halted",         true },
    {"States.ALL",               NULL,                       true },
    {"States.TaskFailed",        NULL,                       true },
    {"Order.Refused",            NULL,                       false},
};

static void names_match_errors_as_specified(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(match_cases); i++) {
        const struct match_case *c = &match_cases[i];

        if (asl_error_matches(c->pattern, c->error) != c->matches)
            fail_msg("%s and %s", c->pattern, c->error ? c->error : "(none)");
    }
}

static const char *const task =
    "'Type':'Task','Resource':'fermata:task:x','Next':'B','Retry':["
    "{'ErrorEquals':['Order.Refused','Order.Lost'],'IntervalSeconds':2,'MaxAttempts':5,"
    "'BackoffRate':1.5,'MaxDelaySeconds':9,'JitterStrategy':'FULL','Comment':'c'},"
    "{'ErrorEquals':['Execution.Halted'],'MaxAttempts':0},"
    "{'ErrorEquals':['States.ALL']}],'Catch':["
    "{'ErrorEquals':['Order.Refused'],'Next':'B','ResultPath':'$.e'},"
    "{'ErrorEquals':['States.ALL'],'Next':'B','ResultPath':null,'Comment':'c'}]";

static void a_retrier_holds_what_was_written(void **state)
{
    const struct asl_state *a = state_of(*state, task);

    assert_int_equal(a->retrier_count, 3);
    assert_int_equal(a->retriers[0].error_count, 2);
    assert_string_equal(a->retriers[0].errors[1], "Order.Lost");
    assert_int_equal(a->retriers[0].interval_ms, 2000);
    assert_int_equal(a->retriers[0].max_attempts, 5);
    assert_true(a->retriers[0].backoff_rate > 1.49 && a->retriers[0].backoff_rate < 1.51);
    assert_int_equal(a->retriers[0].max_delay_ms, 9000);
    assert_true(a->retriers[0].jitter_full);
    assert_int_equal(a->retriers[1].max_attempts, 0);
    assert_int_equal(a->retriers[2].interval_ms, 1000);
    assert_int_equal(a->retriers[2].max_attempts, 3);
    assert_true(a->retriers[2].backoff_rate > 1.99 && a->retriers[2].backoff_rate < 2.01);
    assert_int_equal(a->retriers[2].max_delay_ms, 0);
    assert_false(a->retriers[2].jitter_full);
}

static void the_first_retrier_that_matches_takes_the_error(void **state)
{
    const struct asl_state *a = state_of(*state, task);
    const struct asl_state *none =
        state_of(*state, "'Type':'Task','Resource':'fermata:callback','End':true");

    assert_int_equal(asl_retrier_find(a, "Order.Lost", false), 0);
    assert_int_equal(asl_retrier_find(a, "Execution.Halted", true), 1);
    assert_int_equal(asl_retrier_find(a, "Other", false), 2);
    assert_int_equal(asl_retrier_find(a, "Other", true), -1);
    assert_int_equal(asl_retrier_find(a, "States.Runtime", false), -1);
    assert_int_equal(asl_retrier_find(a, NULL, false), 2);
    assert_int_equal(asl_retrier_find(a, NULL, true), -1);
    assert_int_equal(asl_retrier_find(none, "Other", false), -1);
}

static void the_first_catcher_that_matches_takes_the_error(void **state)
{
    const struct asl_state *a = state_of(*state, task);

    assert_ptr_equal(asl_catcher_find(a, "Order.Refused"), &a->catchers[0]);
    assert_ptr_equal(asl_catcher_find(a, "Execution.Halted"), &a->catchers[1]);
    assert_null(asl_catcher_find(a, "States.Runtime"));
    assert_string_equal(a->catchers[1].next, "B");
    assert_true(a->catchers[1].discard_result);
    assert_non_null(a->catchers[0].result_path);
}

static const struct delay_case {
    int64_t interval_ms;
    double backoff_rate;
    int64_t max_delay_ms;
    bool jitter_full;
    int64_t number;
    double random01;
    int64_t delay_ms;
} delay_cases[] = {
    {1000,        2.0,   0,    false, 1,         0.5, 1000          },
    {1000,        2.0,   0,    false, 2,         0.5, 2000          },
    {1000,        2.0,   0,    false, 5,         0.5, 16000         },
    {3000,        1.0,   0,    false, 50,        0.5, 3000          },
    {3000,        1.5,   0,    false, 3,         0.5, 6750          },
    {1000,        2.0,   5000, false, 4,         0.5, 5000          },
    {9000,        2.0,   5000, false, 1,         0.5, 5000          },
    {1000,        2.0,   0,    false, 99999999,  0.5, LIMIT_TIMER_MS},
    {1000,        1e300, 0,    false, INT64_MAX, 0.5, LIMIT_TIMER_MS},
    {99999999000, 2.0,   0,    false, 1,         0.5, 99999999000   },
    {1000,        2.0,   0,    true,  3,         0.5, 2000          },
    {1000,        2.0,   0,    true,  3,         0.0, 0             },
    {1000,        2.0,   0,    true,  3,         7.0, 4000          },
    {1000,        2.0,   2000, true,  3,         0.5, 1000          },
};

static void a_delay_grows_up_to_its_cap(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(delay_cases); i++) {
        const struct delay_case *c = &delay_cases[i];
        struct asl_retrier retrier = {.interval_ms = c->interval_ms,
                                      .backoff_rate = c->backoff_rate,
                                      .max_delay_ms = c->max_delay_ms,
                                      .jitter_full = c->jitter_full};
        int64_t delay_ms = asl_retry_delay_ms(&retrier, c->number, c->random01);

        if (delay_ms != c->delay_ms)
            fail_msg("case %zu: %lld", i, (long long)delay_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_errors_as_specified),
        cmocka_unit_test_setup_teardown(a_retrier_holds_what_was_written, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(the_first_retrier_that_matches_takes_the_error, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(the_first_catcher_that_matches_takes_the_error, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test(a_delay_grows_up_to_its_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
