/*
 * test_asl_flow.c - the way of data through a state, from raw input to output, and what stops it.
 */
#include "asl_unit.h"
#include "base/limits.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define PASS "'Type':'Pass','End':true"
#define TASK "'Type':'Task','Resource':'fermata:callback','End':true"

static const char *const context_text =
    "{'Execution':{'Id':'e1','Input':{'q':1}},'State':{'Name':'A'}}";
static const char *const variables_text =
    "{'v':'V','o':{'p':[1,2]},'s':4,'when':'2026-03-14T02:00:00Z'}";

static const struct flow_case {
    const char *state, *raw;
    const char *output; /* or, when it begins with !, the error and the beginning of its cause */
} input_cases[] = {
    CASE(PASS, "{'a':1}", "{'a':1}"),
    CASE(PASS ",'InputPath':'$.a'", "{'a':{'b':2}}", "{'b':2}"),
    CASE(PASS ",'InputPath':null", "{'a':1}", "{}"),
    CASE(PASS ",'InputPath':'$$.Execution.Id'", "{'a':1}", "'e1'"),
    CASE(PASS ",'InputPath':'$v'", "{'a':1}", "'V'"),
    CASE(PASS ",'InputPath':'$o.p[1]'", "{'a':1}", "2"),
    CASE(PASS ",'InputPath':'States.Array($.a,$v)'", "{'a':1}", "[1,'V']"),
    CASE(PASS ",'Parameters':{'x.$':'States.Format(`{}-{}`,$.a,$v)','y.$':'$o.p'}", "{'a':1}",
         "{'x':'1-V','y':[1,2]}"),
    CASE(PASS ",'InputPath':'$..a'", "{'a':1}", "[1]"),
    CASE(PASS ",'InputPath':'$.no'", "{'a':1}",
         "!States.Runtime Invalid path '$.no' : No results for path: $['no']"),
    CASE(PASS ",'Parameters':{'x':1}", "{'a':1}", "{'x':1}"),
    CASE(PASS ",'Parameters':[1,'$.a']", "{'a':1}", "[1,'$.a']"),
    CASE(PASS ",'Parameters':{'x.$':'$.a','y':[{'z.$':'$'}]}", "{'a':1}",
         "{'x':1,'y':[{'z':{'a':1}}]}"),
    CASE(PASS ",'Parameters':[{'n.$':'$$.State.Name'}]", "{}", "[{'n':'A'}]"),
    CASE(PASS ",'Parameters':{'x.$':'$.l[1:]'}", "{'l':[1,2,3]}", "{'x':[2,3]}"),
    CASE(PASS ",'Parameters':{'x':null,'y.$':'$.a'}", "{'a':null}", "{'x':null,'y':null}"),
    CASE(PASS ",'InputPath':'$.a','Parameters':{'x.$':'$.b'}", "{'a':{'b':2}}", "{'x':2}"),
    CASE(PASS ",'InputPath':null,'Parameters':{'x.$':'$'}", "{'a':1}", "{'x':{}}"),
    CASE(PASS ",'Parameters':{'x.$':'$.no'}", "{'a':1}",
         "!States.Runtime The JSONPath '$.no' specified for the field 'x.$' could not be found in "
         "the input '{\"a\":1}'"),
    CASE(PASS ",'Parameters':{'x.$':'$$.no'}", "{'a':1}",
         "!States.Runtime The JSONPath '$$.no' specified for the field 'x.$' could not be found in "
         "the input '{\"Execution\""),
};

static const struct result_case {
    const char *state, *raw, *result, *output;
} output_cases[] = {
    CASE(TASK, "{'a':1}", "{'r':2}", "{'r':2}"),
    CASE(TASK ",'ResultPath':'$'", "{'a':1}", "{'r':2}", "{'r':2}"),
    CASE(TASK ",'ResultPath':'$.x'", "{'a':1}", "{'r':2}", "{'a':1,'x':{'r':2}}"),
    CASE(TASK ",'ResultPath':'$.x.y'", "{'a':1}", "2", "{'a':1,'x':{'y':2}}"),
    CASE(TASK ",'ResultPath':'$.a'", "{'a':1}", "2", "{'a':2}"),
    CASE(TASK ",'ResultPath':null", "{'a':1}", "2", "{'a':1}"),
    CASE(TASK ",'ResultPath':'$.x','OutputPath':'$.x'", "{'a':1}", "[2]", "[2]"),
    CASE(TASK ",'OutputPath':null", "{'a':1}", "2", "{}"),
    CASE(TASK ",'OutputPath':'$$.Execution.Input.q'", "{'a':1}", "2", "1"),
    CASE(TASK ",'ResultSelector':{'s.$':'$.r'}", "{'a':1}", "{'r':2}", "{'s':2}"),
    CASE(TASK ",'ResultSelector':{'s.$':'$.r','k':1,'e.$':'$$.Execution.Id'},'ResultPath':'$.x'",
         "{}", "{'r':2}", "{'x':{'s':2,'k':1,'e':'e1'}}"),
    CASE(TASK ",'InputPath':'$.a','ResultPath':'$.x'", "{'a':1}", "2", "{'a':1,'x':2}"),
    CASE(TASK ",'OutputPath':'$v'", "{'a':1}", "2", "'V'"),
    CASE(TASK ",'ResultSelector':{'s.$':'$o.p[0]'}", "{}", "2", "{'s':1}"),
    CASE(TASK ",'ResultSelector':{'s.$':'$.no'}", "{}", "{'r':2}",
         "!States.Runtime The JSONPath '$.no' specified for the field 's.$'"),
    CASE(TASK ",'ResultPath':'$.a.b'", "{'a':1}", "2", "!States.ResultPathMatchFailure Unable"),
    CASE(TASK ",'ResultPath':'$.x'", "[1]", "2", "!States.ResultPathMatchFailure Unable"),
    CASE(TASK ",'ResultPath':'$.l[2]'", "{'l':[]}", "2", "!States.ResultPathMatchFailure Unable"),
    CASE(TASK ",'OutputPath':'$.no.such'", "{}", "{}",
         "!States.Runtime Invalid path '$.no.such' : Missing property in path $['no']"),
};

static void assert_flow(struct arena *arena, const char *name, bool ok, const struct json *value,
                        const struct asl_error *error, const char *wanted)
{
    const char *text =
        ok ? json_text(arena, value) : arena_printf(arena, "!%s %s", error->error, error->cause);

    if (ok ? strcmp(text, requote(arena, wanted)) != 0 : strncmp(text, wanted, strlen(wanted)) != 0)
        fail_msg("%s: %s", name, text);
}

static void input_goes_through_input_path_and_parameters(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(input_cases); i++) {
        const struct flow_case *c = &input_cases[i];
        const struct json *value = NULL;
        struct asl_error error = {0};
        bool ok = asl_input(scope_of(arena, context_text, variables_text),
                            state_of(arena, c->state), json_of(arena, c->raw), &value, &error);

        assert_flow(arena, c->state, ok, value, &error, c->output);
    }
}

static void output_goes_through_selector_result_path_and_output_path(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(output_cases); i++) {
        const struct result_case *c = &output_cases[i];
        const struct json *value = NULL;
        struct asl_error error = {0};
        bool ok =
            asl_output(scope_of(arena, context_text, variables_text), state_of(arena, c->state),
                       json_of(arena, c->raw), json_of(arena, c->result), &value, &error);

        assert_flow(arena, c->state, ok, value, &error, c->output);
    }
}

static void states_without_a_result_have_an_output_path(void **state)
{
    struct arena *arena = *state;
    const struct json *input = json_of(arena, "{'a':1}"), *value = NULL;
    struct asl_error error = {0};

    assert_true(asl_output_plain(scope_of(arena, NULL, NULL), state_of(arena, "'Type':'Succeed'"),
                                 input, &value, &error));
    assert_ptr_equal(value, input);
    assert_true(asl_output_plain(scope_of(arena, NULL, NULL),
                                 state_of(arena, "'Type':'Succeed','OutputPath':'$.a'"), input,
                                 &value, &error));
    assert_json(arena, value, "1");
    assert_true(asl_output_plain(scope_of(arena, NULL, NULL),
                                 state_of(arena, "'Type':'Succeed','OutputPath':null"), input,
                                 &value, &error));
    assert_json(arena, value, "{}");
    assert_false(asl_output_plain(scope_of(arena, NULL, NULL),
                                  state_of(arena, "'Type':'Succeed','OutputPath':'$.no'"), input,
                                  &value, &error));
    assert_string_equal(error.error, "States.Runtime");
}

static void a_catcher_puts_error_and_cause_into_the_input(void **state)
{
    static const struct {
        const char *path, *output;
    } cases[] = {
        {"",                    "{'Error':'E','Cause':'why'}"            },
        {",'ResultPath':'$'",   "{'Error':'E','Cause':'why'}"            },
        {",'ResultPath':'$.e'", "{'a':1,'e':{'Error':'E','Cause':'why'}}"},
        {",'ResultPath':null",  "{'a':1}"                                },
    };
    struct arena *arena = *state;
    struct asl_error caught = {.error = "E", .cause = "why"}, error = {0};
    const struct json *value = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct asl_state *task = state_of(
            arena, arena_printf(arena,
                                "'Type':'Task','Resource':'fermata:human','Next':'B','Catch':[{"
                                "'ErrorEquals':['E'],'Next':'B'%s}]",
                                cases[i].path));

        assert_true(asl_catch_output(scope_of(arena, NULL, NULL), asl_catcher_find(task, "E"),
                                     json_of(arena, "{'a':1}"), &caught, &value, &error));
        assert_json(arena, value, cases[i].output);
        if (i == 2)
            assert_false(asl_catch_output(scope_of(arena, NULL, NULL), asl_catcher_find(task, "E"),
                                          json_of(arena, "[1]"), &caught, &value, &error));
    }
    assert_string_equal(error.error, "States.ResultPathMatchFailure");
    caught.cause = NULL;
    assert_true(asl_catch_output(scope_of(arena, NULL, NULL), &(struct asl_catcher){0},
                                 json_of(arena, "{'a':1}"), &caught, &value, &error));
    assert_json(arena, value, "{'Error':'E'}");
}

#define NOW_MS 1773453540000 /* 2026-03-14T01:59:00Z */

static const struct wait_case {
    const char *state, *input;
    int64_t until_ms;
    const char *cause;
} wait_cases[] = {
    CASE("'Seconds':10", "{}", NOW_MS + 10000, NULL),
    CASE("'Seconds':0", "{}", NOW_MS, NULL),
    CASE("'SecondsPath':'$.s'", "{'s':3}", NOW_MS + 3000, NULL),
    CASE("'SecondsPath':'$$.Execution.Input.q'", "{}", NOW_MS + 1000, NULL),
    CASE("'SecondsPath':'$.s'", "{'s':9223372036854775807}", NOW_MS + LIMIT_TIMER_MS, NULL),
    CASE("'SecondsPath':'$s'", "{}", NOW_MS + 4000, NULL),
    CASE("'SecondsPath':'$.s'", "{'s':'12'}", NOW_MS + 12000, NULL),
    CASE("'TimestampPath':'$when'", "{}", NOW_MS + 60000, NULL),
    CASE("'Timestamp':'2026-03-14T01:59:01.5Z'", "{}", NOW_MS + 1500, NULL),
    CASE("'Timestamp':'2016-03-14T01:59:00Z'", "{}", NOW_MS, NULL),
    CASE("'Timestamp':'9999-03-14T01:59:00Z'", "{}", NOW_MS + LIMIT_TIMER_MS, NULL),
    CASE("'TimestampPath':'$.t'", "{'t':'2026-03-14T02:00:00Z'}", NOW_MS + 60000, NULL),
    CASE("'SecondsPath':'$.s'", "{}", 0,
         "The SecondsPath parameter does not reference an input value: $.s"),
    CASE("'SecondsPath':'$.s'", "{'s':-1.5}", 0,
         "The SecondsPath parameter cannot be parsed as a long value: $.s == -1.5"),
    CASE("'SecondsPath':'$.s'", "{'s':'x'}", 0,
         "The SecondsPath parameter cannot be parsed as a long value: $.s == x"),
    CASE("'SecondsPath':'$.s'", "{'s':-1}", 0,
         "The SecondsPath parameter references a value below 0: $.s == -1"),
    CASE("'TimestampPath':'$.t'", "{}", 0,
         "The TimestampPath parameter does not reference an input value: $.t"),
    CASE("'TimestampPath':'$.t'", "{'t':'2016-13-05T21:29:29Z'}", 0,
         "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
         "date-time format string: $.t == 2016-13-05T21:29:29Z"),
};

static void a_wait_knows_when_it_is_over(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(wait_cases); i++) {
        const struct wait_case *c = &wait_cases[i];
        const struct asl_state *wait =
            state_of(arena, arena_printf(arena, "'Type':'Wait','End':true,%s", c->state));
        struct asl_error error = {0};
        int64_t until_ms = 0;
        bool ok = asl_wait_until(scope_of(arena, context_text, variables_text), wait,
                                 json_of(arena, c->input), NOW_MS, &until_ms, &error);

        if (ok != !c->cause || until_ms != c->until_ms)
            fail_msg("%s of %s: %lld %s", c->state, c->input, (long long)until_ms, error.cause);
        if (!ok)
            assert_string_equal(error.cause, c->cause);
    }
}

static void a_task_knows_its_times(void **state)
{
    struct arena *arena = *state;
    const struct json *input = json_of(arena, "{'t':7,'h':'2','zero':0}");
    struct asl_scope *scope = scope_of(arena, NULL, "{'t':3}");
    struct asl_times times = {-1, -1};
    struct asl_error error = {0};

    assert_true(asl_task_times(scope, state_of(arena, TASK), input, &times, &error));
    assert_int_equal(times.timeout_ms, 0);
    assert_int_equal(times.heartbeat_ms, 0);
    assert_true(asl_task_times(
        scope, state_of(arena, TASK ",'TimeoutSecondsPath':'$.t','HeartbeatSecondsPath':'$.h'"),
        input, &times, &error));
    assert_int_equal(times.timeout_ms, 7000);
    assert_int_equal(times.heartbeat_ms, 2000);
    assert_true(asl_task_times(scope, state_of(arena, TASK ",'TimeoutSecondsPath':'$t'"), input,
                               &times, &error));
    assert_int_equal(times.timeout_ms, 3000);
    assert_false(asl_task_times(scope, state_of(arena, TASK ",'TimeoutSecondsPath':'$.zero'"),
                                input, &times, &error));
    assert_false(asl_task_times(scope, state_of(arena, TASK ",'HeartbeatSecondsPath':'$.no'"),
                                input, &times, &error));
    assert_string_equal(error.error, "States.Runtime");
    assert_true(error.is_runtime);
}

static void credentials_are_filled_from_the_input(void **state)
{
    struct arena *arena = *state;
    const struct json *input = json_of(arena, "{'r':'arn:aws:iam::1:role/x'}"), *value = NULL;
    struct asl_error error = {0};

    assert_true(
        asl_credentials(scope_of(arena, NULL, NULL), state_of(arena, TASK), input, &value, &error));
    assert_null(value);
    assert_true(asl_credentials(scope_of(arena, NULL, NULL),
                                state_of(arena, TASK ",'Credentials':{'RoleArn.$':'$.r'}"), input,
                                &value, &error));
    assert_json(arena, value, "{'RoleArn':'arn:aws:iam::1:role/x'}");
    assert_false(asl_credentials(scope_of(arena, NULL, NULL),
                                 state_of(arena, TASK ",'Credentials':{'RoleArn.$':'$.no'}"), input,
                                 &value, &error));
}

static const struct fail_case {
    const char *state, *error, *cause;
    const char *fault; /* or what is wrong with its paths */
} fail_cases[] = {
    CASE("'Error':'E','Cause':'why'", "E", "why", NULL),
    CASE("'Comment':'nothing'", NULL, NULL, NULL),
    CASE("'ErrorPath':'$.e','CausePath':'$$.Execution.Id'", "Boom", "e1", NULL),
    CASE("'ErrorPath':'$v','Cause':'c'", "V", "c", NULL),
    CASE("'Error':'E','CausePath':'States.Format(`{} is bad`, $.e)'", "E", "Boom is bad", NULL),
    CASE("'ErrorPath':'$.no'", NULL, NULL,
         "The ErrorPath parameter does not reference an input value: $.no"),
    CASE("'CausePath':'$.n'", NULL, NULL,
         "The CausePath parameter does not reference a string: $.n == 1"),
};

static void a_fail_says_what_the_plan_wrote_or_pointed_at(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(fail_cases); i++) {
        const struct fail_case *c = &fail_cases[i];
        const struct asl_state *fail =
            state_of(arena, arena_printf(arena, "'Type':'Fail',%s", c->state));
        struct asl_error failure = {0}, error = {0};
        bool ok = asl_fail_error(scope_of(arena, context_text, variables_text), fail,
                                 json_of(arena, "{'e':'Boom','n':1}"), &failure, &error);

        assert_int_equal(ok, !c->fault);
        if (c->fault) {
            assert_string_equal(error.cause, c->fault);
            assert_true(error.is_runtime);
            continue;
        }
        assert_false(failure.is_runtime);
        assert_int_equal(failure.error != NULL, c->error != NULL);
        assert_int_equal(failure.cause != NULL, c->cause != NULL);
        if (c->error)
            assert_string_equal(failure.error, c->error);
        if (c->cause)
            assert_string_equal(failure.cause, c->cause);
    }
}

static void each_stage_can_be_looked_at_alone(void **state)
{
    struct arena *arena = *state;
    struct asl_scope *scope = scope_of(arena, context_text, NULL);
    const struct asl_state *task =
        state_of(arena, TASK ",'InputPath':'$.a','Parameters':{'p.$':'$.b'},"
                             "'ResultSelector':{'s.$':'$.r'},'ResultPath':'$.x',"
                             "'OutputPath':'$.x.s'");
    const struct json *raw = json_of(arena, "{'a':{'b':2}}"), *value = NULL;
    struct asl_error error = {0};

    assert_true(asl_input_path(scope, task, raw, &value, &error));
    assert_json(arena, value, "{'b':2}");
    assert_true(asl_parameters(scope, task, value, &value, &error));
    assert_json(arena, value, "{'p':2}");
    assert_true(asl_result_selector(scope, task, json_of(arena, "{'r':[1]}"), &value, &error));
    assert_json(arena, value, "{'s':[1]}");
    assert_true(asl_result_path(scope, task, raw, value, &value, &error));
    assert_json(arena, value, "{'a':{'b':2},'x':{'s':[1]}}");
    assert_true(asl_output_path(scope, task, value, &value, &error));
    assert_json(arena, value, "[1]");
}

/* As Step Functions names whose result is too large: the service, the resource, the state. */
static void a_result_that_is_too_large_says_whose_it_is(void **state)
{
    static const struct {
        const char *state, *who;
    } cases[] = {
        {"'Type':'Pass','End':true",                                             "A"               },
        {TASK,                                                                   "fermata:callback"},
        {"'Type':'Task','Resource':'arn:aws:states:::lambda:invoke','End':true", "lambda"          },
        {"'Type':'Task','Resource':'arn:aws:lambda:r:1:function:f','End':true",
         "arn:aws:lambda:r:1:function:f"                                                           },
    };
    struct arena *arena = *state;
    char *text = arena_alloc(arena, LIMIT_PAYLOAD_BYTES + 1);

    memset(text, 'x', LIMIT_PAYLOAD_BYTES);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct json *value = NULL;
        struct asl_error error = {0};

        assert_false(asl_output(scope_of(arena, NULL, NULL), state_of(arena, cases[i].state),
                                json_of(arena, "{}"), json_string(arena, text), &value, &error));
        assert_string_equal(error.error, "States.DataLimitExceeded");
        assert_false(error.is_runtime);
        assert_string_equal(error.cause,
                            arena_printf(arena,
                                         "The state/task '%s' returned a result with a size "
                                         "exceeding the maximum number of bytes service limit.",
                                         cases[i].who));
    }
}

/* Ten members that each hold the whole input, ten times over: small in memory, large as text. */
static void what_a_state_makes_has_a_limit(void **state)
{
    struct arena *arena = *state;
    const struct asl_state *pass = state_of(
        arena, PASS ",'Parameters':{'a.$':'$','b.$':'$','c.$':'$','d.$':'$','e.$':'$','f.$':'$'}");
    const struct json *value = json_of(arena, "{'x':1}");
    struct asl_error error = {0};
    int rounds = 0;

    while (rounds < 20 && asl_input(scope_of(arena, NULL, NULL), pass, value, &value, &error))
        rounds++;
    assert_in_range(rounds, 5, 8);
    assert_string_equal(error.error, "States.DataLimitExceeded");
}

static void what_a_state_makes_is_not_too_deep(void **state)
{
    struct arena *arena = *state;
    const struct asl_state *pass = state_of(arena, PASS ",'Parameters':{'a.$':'$'}");
    const struct json *value = json_of(arena, "{}"), *again = NULL;
    struct asl_error error = {0};
    struct fault fault = {0};
    const char *text;
    int rounds = 0;

    while (rounds < 100 && asl_input(scope_of(arena, NULL, NULL), pass, value, &value, &error))
        rounds++;
    assert_in_range(rounds, 50, LIMIT_JSON_DEPTH - 2);
    assert_string_equal(error.error, "States.DataLimitExceeded");
    text = json_text(arena, value);
    assert_ok(json_parse(arena, text, strlen(text), &again, &fault));
}

static void a_cause_is_cut_at_its_limit(void **state)
{
    struct arena *arena = *state;
    const struct asl_state *pass = state_of(arena, PASS ",'Parameters':{'a.$':'$.no'}");
    char *text = arena_alloc(arena, 3 * LIMIT_CAUSE_BYTES + 1);
    struct json *input = json_object(arena);
    const struct json *value = NULL;
    struct asl_error error = {0};

    for (int i = 0; i < LIMIT_CAUSE_BYTES; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 2);
    json_add(arena, input, "text", json_string(arena, text));
    assert_false(asl_input(scope_of(arena, NULL, NULL), pass, input, &value, &error));
    assert_in_range(strlen(error.cause), LIMIT_CAUSE_BYTES - 3, LIMIT_CAUSE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(input_goes_through_input_path_and_parameters, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(output_goes_through_selector_result_path_and_output_path,
                                        asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(states_without_a_result_have_an_output_path, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_catcher_puts_error_and_cause_into_the_input, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_wait_knows_when_it_is_over, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_task_knows_its_times, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(credentials_are_filled_from_the_input, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_fail_says_what_the_plan_wrote_or_pointed_at, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(each_stage_can_be_looked_at_alone, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_result_that_is_too_large_says_whose_it_is, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(what_a_state_makes_has_a_limit, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(what_a_state_makes_is_not_too_deep, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_cause_is_cut_at_its_limit, asl_set_up, asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
