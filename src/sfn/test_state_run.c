/*
 * test_state_run.c - a state under test, by its type: what becomes of its data, where it goes, and
 * who takes its error.
 *
 * inspectionData holds what AWS shows for each type: a Parallel shows nothing of its way in, a
 * Pass with a Result shows the Result instead.
 */
#include "sfn/test_state.h"

#include <string.h>

#include "sfn/sfn_priv.h"

#define RUN_SUCCEEDED "SUCCEEDED"
#define RUN_FAILED "FAILED"

enum run_shows {
    RUN_SHOWS_INPUT_PATH = 1,
    RUN_SHOWS_PARAMETERS = 2,
};

/* True when the state has come to its output, false with *reterr filled. */
typedef bool (*run_work_fn)(struct test *test, const struct json *input, struct asl_error *reterr);

static bool run_assign(struct test *test, const struct asl_template *assign,
                       const struct json *dollar, struct asl_error *reterr)
{
    const struct json *assigned;

    if (!asl_assign(&test->scope, assign, dollar, &assigned, reterr))
        return false;
    test->variables = asl_variables_merge(test->arena, test->variables, assigned);
    return true;
}

/* From the result of the state's work to its output. */
static bool run_result(struct test *test, const struct json *result, struct asl_error *reterr)
{
    const struct asl_state *state = test->state;
    const struct json *value;

    if (!asl_result_selector(&test->scope, state, result, &value, reterr))
        return false;
    test_inspect(test, "afterResultSelector", value);
    if (!asl_result_path(&test->scope, state, test->input, value, &value, reterr))
        return false;
    test_inspect(test, "afterResultPath", value);
    if (!asl_output_path(&test->scope, state, value, &test->output, reterr))
        return false;
    test->next = state->next;
    return run_assign(test, state->assign, result, reterr);
}

static bool run_pass(struct test *test, const struct json *input, struct asl_error *reterr)
{
    const struct json *result = test->state->result;

    if (result)
        test_inspect(test, "result", result);
    return run_result(test, result ? result : input, reterr);
}

static bool run_mocked(struct test *test, struct asl_error *reterr)
{
    if (!test->mock.result)
        *reterr = test->mock.error;
    return test->mock.result != NULL;
}

static bool run_task(struct test *test, const struct json *input, struct asl_error *reterr)
{
    struct asl_times times;

    if (!asl_task_times(&test->scope, test->state, input, &times, reterr))
        return false;
    if (!test->mock.is_set) { /* as the engine fails it */
        *reterr = (struct asl_error){
            .error = "States.Runtime",
            .cause = arena_printf(test->arena,
                                  "The resource '%s' is of a service that this server does not "
                                  "have.",
                                  test->state->resource_text),
            .is_runtime = true,
        };
        return false;
    }
    if (!run_mocked(test, reterr))
        return false;
    test_inspect(test, "result", test->mock.result);
    return run_result(test, test->mock.result, reterr);
}

static bool run_parallel(struct test *test, const struct json *input, struct asl_error *reterr)
{
    (void)input;
    return run_mocked(test, reterr) && run_result(test, test->mock.result, reterr);
}

static bool run_map(struct test *test, const struct json *input, struct asl_error *reterr)
{
    bool failed;

    if (!test_map(test, input, &failed, reterr) || !run_mocked(test, reterr))
        return false;
    if (failed) {
        *reterr = (struct asl_error){
            .error = "States.ExceedToleratedFailureThreshold",
            .cause = "The specified tolerated failure threshold was exceeded",
        };
        return false;
    }
    return run_result(test, test->mock.result, reterr);
}

/* The tail of the states without a result. */
static bool run_plain(struct test *test, const struct json *input,
                      const struct asl_template *assign, struct asl_error *reterr)
{
    return asl_output_plain(&test->scope, test->state, input, &test->output, reterr) &&
           run_assign(test, assign, input, reterr);
}

static bool run_choice(struct test *test, const struct json *input, struct asl_error *reterr)
{
    struct asl_choice choice;

    if (!asl_choose(&test->scope, test->state, input, &choice, reterr))
        return false;
    test->next = choice.next;
    return run_plain(test, input, choice.assign, reterr);
}

/* Nobody waits: only whether the time can be told is tested. */
static bool run_wait(struct test *test, const struct json *input, struct asl_error *reterr)
{
    int64_t until_ms;

    if (!asl_wait_until(&test->scope, test->state, input, test->now_ms, &until_ms, reterr))
        return false;
    test->next = test->state->next;
    return run_plain(test, input, test->state->assign, reterr);
}

static bool run_succeed(struct test *test, const struct json *input, struct asl_error *reterr)
{
    return run_plain(test, input, NULL, reterr);
}

static bool run_fail(struct test *test, const struct json *input, struct asl_error *reterr)
{
    struct asl_error error;

    if (asl_fail_error(&test->scope, test->state, input, &error, reterr))
        *reterr = error;
    return false;
}

static const struct run_type {
    run_work_fn work;
    unsigned shows;
} run_types[] = {
    [ASL_PASS] = {run_pass,     RUN_SHOWS_INPUT_PATH | RUN_SHOWS_PARAMETERS},
    [ASL_WAIT] = {run_wait,     RUN_SHOWS_INPUT_PATH                       },
    [ASL_TASK] = {run_task,     RUN_SHOWS_INPUT_PATH | RUN_SHOWS_PARAMETERS},
    [ASL_CHOICE] = {run_choice,   RUN_SHOWS_INPUT_PATH                       },
    [ASL_PARALLEL] = {run_parallel, 0                                          },
    [ASL_MAP] = {run_map,      RUN_SHOWS_INPUT_PATH                       },
    [ASL_SUCCEED] = {run_succeed,  RUN_SHOWS_INPUT_PATH                       },
    [ASL_FAIL] = {run_fail,     RUN_SHOWS_INPUT_PATH                       },
};

static bool run_state(struct test *test, struct asl_error *reterr)
{
    const struct asl_state *state = test->state;
    const struct run_type *type = &run_types[state->type];
    unsigned shows = state->result ? 0 : type->shows;
    const struct json *input;

    if (!asl_input_path(&test->scope, state, test->input, &input, reterr))
        return false;
    if (shows & RUN_SHOWS_INPUT_PATH)
        test_inspect(test, "afterInputPath", input);
    if (!asl_parameters(&test->scope, state, input, &input, reterr))
        return false;
    if (shows & RUN_SHOWS_PARAMETERS)
        test_inspect(test, "afterParameters", input);
    return type->work(test, input, reterr);
}

/* True when the error is to be retried. */
static bool run_retry(struct test *test, const struct asl_error *error)
{
    int64_t count = test->configuration.retry_count;
    int index = asl_retrier_find(test->state, error->error, false);
    struct asl_retrier retrier;

    if (index < 0)
        return false;
    retrier = test->state->retriers[index];
    retrier.jitter_full = false; /* the interval is told before chance has its way with it */
    json_add(test->arena, test->error_details, "retryIndex", json_int(test->arena, index));
    if (count >= retrier.max_attempts)
        return false;
    json_add(test->arena, test->error_details, "retryBackoffIntervalSeconds",
             json_int(test->arena, asl_retry_delay_ms(&retrier, count + 1, 0) / 1000));
    test->status = "RETRIABLE";
    return true;
}

/* True when a catcher took the error; false with *reterr when its own fields are at fault. */
static bool run_catch(struct test *test, const struct asl_error *error, struct asl_error *reterr)
{
    const struct asl_catcher *catcher = asl_catcher_find(test->state, error->error);

    if (!catcher)
        return false;
    json_add(test->arena, test->error_details, "catchIndex",
             json_int(test->arena, catcher - test->state->catchers));
    if (!asl_catch_output(&test->scope, catcher, test->input, error, &test->output, reterr) ||
        !run_assign(test, catcher->assign, asl_error_output(test->arena, error), reterr)) {
        test->output = NULL;
        return false;
    }
    test->next = catcher->next;
    test->status = "CAUGHT_ERROR";
    return true;
}

/* What the language itself says of a state names the state, which is the first of its history. */
static void run_note(struct test *test, const struct asl_error *error)
{
    test->error = *error;
    if (error->is_runtime && error->cause)
        test->error.cause = arena_printf(test->arena,
                                         "An error occurred while executing the state '%s' "
                                         "(entered at the event id #2). %s",
                                         test->state->name, error->cause);
}

static void run_settle(struct test *test, const struct asl_error *error)
{
    struct asl_error fault = {0};

    test->status = RUN_FAILED;
    test->output = NULL;
    test->next = NULL;
    test->error_details = json_object(test->arena);
    run_note(test, error);
    if (!error->error || run_retry(test, &test->error) || run_catch(test, &test->error, &fault))
        return;
    if (fault.error)
        run_note(test, &fault);
}

void test_run(struct test *test)
{
    struct asl_error error = {0};

    test_inspect(test, "input", test->input);
    test->status = RUN_SUCCEEDED;
    if (!run_state(test, &error))
        run_settle(test, &error);
    if (test->variables->count)
        test_inspect(test, "variables", test->variables);
    if (test->error_details && test->error_details->count)
        json_set(test->arena, test->inspection, "errorDetails", test->error_details);
}
