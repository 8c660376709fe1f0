/*
 * test_caller.c - calls to the outside that plans make: through a real lane, a real work room and a
 * server of the test's own.
 *
 * The lane is stepped by a thread of the test, one step at a time under a lock, so that the test
 * can look between two steps. Time stands still unless it is moved.
 */
#include "engine/lanes.h"
#include "serve/caller.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/limits.h"
#include "base/metric.h"
#include "serve/caller_functions.h"
#include "unit/http_server.h"
#include "work/work.h"
#include "world.h"

#define JSON_ANSWER(text) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" text
#define BROKEN                                                                                     \
    "X-Amz-Function-Error: Unhandled\r\nContent-Length: 41\r\n\r\n"                                \
    "{\"errorType\":\"Oops\",\"errorMessage\":\"no\"} "

static const struct http_server_path bed_paths[] = {
    {"/add",    JSON_ANSWER("Content-Length: 9\r\n\r\n{\"sum\":3}"),             false},
    {"/broken", JSON_ANSWER(BROKEN),                                             false},
    {"/none",   "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",       false},
    {"/busy",   "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", false},
    {"/hang",   NULL,                                                            false},
};
static const char *const bed_functions[] = {"add", "broken", "busy", "echo", "hang", "none"};

struct bed {
    struct world *world;
    struct lanes lanes; /* the world's one */
    struct http_server server;
    struct work *work;
    struct caller_functions *functions;
    struct caller *caller;
    pthread_t stepper;
    pthread_mutex_t lock; /* whoever uses the lane or the world has it */
    atomic_bool is_stopping;
};

/* ---- its life ---- */

static void bed_on_effect(void *user, const struct effect *effect)
{
    struct bed *bed = user;

    caller_on_effect(bed->caller, effect);
}

static void *bed_step(void *user)
{
    struct bed *bed = user;
    struct timespec pause = {.tv_nsec = 1000000};

    while (!atomic_load(&bed->is_stopping)) {
        pthread_mutex_lock(&bed->lock);
        world_settle(bed->world);
        pthread_mutex_unlock(&bed->lock);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void bed_write_functions(struct bed *bed)
{
    struct world *w = bed->world;
    const char *path = arena_printf(w->arena, "%s/functions.json", w->folder);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    for (size_t i = 0; i < ARRAY_SIZE(bed_functions); i++)
        fprintf(file, "%c\"%s\": \"http://127.0.0.1:%u/%s\"", i ? ',' : '{', bed_functions[i],
                bed->server.port, bed_functions[i]);
    fputs("}", file);
    fclose(file);
    assert_int_equal(caller_functions_open(path, true, &bed->functions), ERR_OK);
}

static struct caller *bed_open_caller(struct bed *bed)
{
    const struct caller_config config = {.lanes = &bed->lanes,
                                         .name = "fermata",
                                         .work = bed->work,
                                         .functions = bed->functions,
                                         .clock = &bed->world->clock,
                                         .region = "us-east-1"};

    return caller_open(&config);
}

/* The process begins: its lane, its work room, its caller. */
static void bed_begin(struct bed *bed)
{
    struct world *w = bed->world;
    const char *allowed[] = {"127.0.0.0/8"};
    struct work_config work = {.allowed = allowed,
                               .allowed_count = 1,
                               .calls_max = 8,
                               .answer_bytes_max = LIMIT_CALL_ANSWER_BYTES};
    struct lane_config lane = {.store = w->path,
                               .env = &w->env,
                               .ids = &w->ids,
                               .holder = "world",
                               .on_effect = bed_on_effect,
                               .user = bed};

    assert_int_equal(lane_open(&lane, &w->lane), ERR_OK);
    bed->lanes = (struct lanes){.lane = {w->lane}, .count = 1};
    assert_int_equal(work_open(&work, &bed->work), ERR_OK);
    bed->caller = bed_open_caller(bed);
    atomic_store(&bed->is_stopping, false);
    assert_int_equal(pthread_create(&bed->stepper, NULL, bed_step, bed), 0);
}

/* It ends, as the server does. */
static void bed_end(struct bed *bed)
{
    caller_close(bed->caller);
    atomic_store(&bed->is_stopping, true);
    pthread_join(bed->stepper, NULL);
    work_close(bed->work);
    lane_close(bed->world->lane);
    caller_free(bed->caller);
    bed->world->lane = NULL;
    assert_int_equal(metric_value(METRIC_CALLS_RUNNING), 0);
}

static int bed_setup(void **state)
{
    struct bed *bed = calloc(1, sizeof(*bed));

    bed->world = world_new();
    lane_close(bed->world->lane);
    http_server_start(&bed->server, bed_paths, ARRAY_SIZE(bed_paths));
    bed_write_functions(bed);
    pthread_mutex_init(&bed->lock, NULL);
    bed_begin(bed);
    *state = bed;
    return 0;
}

static int bed_teardown(void **state)
{
    struct bed *bed = *state;

    bed_end(bed);
    caller_functions_close(bed->functions);
    http_server_stop(&bed->server);
    pthread_mutex_destroy(&bed->lock);
    world_free(bed->world);
    free(bed);
    return 0;
}

#define BED_TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

/* The statement runs between two steps of the lane. */
#define BETWEEN(bed, statement)                                                                    \
    do {                                                                                           \
        pthread_mutex_lock(&(bed)->lock);                                                          \
        statement;                                                                                 \
        pthread_mutex_unlock(&(bed)->lock);                                                        \
    } while (0)

/* Waits for a condition, for up to 20 seconds; the lane takes its steps meanwhile. */
#define UNTIL(bed, condition)                                                                      \
    do {                                                                                           \
        bool until_holds = false;                                                                  \
        for (int until_i = 0; until_i < 20000 && !until_holds; until_i++) {                        \
            BETWEEN(bed, until_holds = (condition));                                               \
            usleep(until_holds ? 0 : 1000);                                                        \
        }                                                                                          \
        if (!until_holds)                                                                          \
            fail_msg("it did not happen: %s", #condition);                                         \
    } while (0)

/* ---- plans ---- */

static void start(struct bed *bed, const char *id, const char *states)
{
    struct world *w = bed->world;
    const char *plan = arena_printf(w->arena, "{`StartAt`:`T`,`States`:{%s}}", states);

    BETWEEN(bed, (void)world_put(w, id, plan));
    BETWEEN(bed, (void)world_start(w, id, id, "{\"a\":1}"));
}

/* A plan of one Task, T; `rest` are more of its fields. */
static void start_task(struct bed *bed, const char *id, const char *resource,
                       const char *parameters, const char *rest)
{
    start(bed, id,
          arena_printf(bed->world->arena,
                       "`T`:{`Type`:`Task`,`Resource`:`%s`,`Parameters`:%s,%s`End`:true}", resource,
                       parameters, rest));
}

#define INVOKE "arn:aws:states:::lambda:invoke"
#define HTTP "arn:aws:states:::http:invoke"

static void start_invoke(struct bed *bed, const char *id, const char *function)
{
    start_task(
        bed, id, INVOKE,
        arena_printf(bed->world->arena, "{`FunctionName`:`%s`,`Payload`:{`x.$`:`$.a`}}", function),
        "`ResultSelector`:{`p.$`:`$.Payload`},");
}

/* The caller does not hear of it. */
static void start_unheard(struct bed *bed, const char *id, const char *function)
{
    struct caller *caller = bed->caller;

    BETWEEN(bed, bed->caller = NULL);
    start_invoke(bed, id, function);
    BETWEEN(bed, bed->caller = caller);
}

/* ApiEndpoint and Method; `rest` are more parameters. */
static void start_http(struct bed *bed, const char *id, const char *path, const char *rest)
{
    start_task(bed, id, HTTP,
               arena_printf(bed->world->arena,
                            "{`ApiEndpoint`:`http://127.0.0.1:%u%s`,`Method`:`POST`%s}",
                            bed->server.port, path, rest),
               "");
}

static struct execution end_of(struct bed *bed, const char *id)
{
    struct execution e = {0};

    UNTIL(bed, (e = world_get(bed->world, id)).ended_at != 0);
    return e;
}

static void assert_output(struct bed *bed, const char *id, const char *output)
{
    struct execution e = end_of(bed, id);

    if (e.error)
        fail_msg("%s: %s", e.error, e.cause);
    assert_string_equal(e.output, output);
}

static void assert_failed(struct bed *bed, const char *id, const char *error, const char *cause)
{
    struct execution e = end_of(bed, id);

    assert_string_equal(status_name(e.status), "FAILED");
    assert_string_equal(e.error, error);
    if (!strstr(e.cause, cause))
        fail_msg("the cause is: %s", e.cause);
}

/* The server has that many requests in hand or answered. */
static void until_requests(struct bed *bed, unsigned count)
{
    UNTIL(bed, atomic_load(&bed->server.request_count) >= count);
    assert_int_equal(atomic_load(&bed->server.request_count), count);
}

/* The client has closed the connection. */
static bool is_closed(struct bed *bed, unsigned connection)
{
    char byte;

    return recv(bed->server.connections[connection].socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* ---- answers ---- */

static void a_function_that_is_invoked_gives_the_result(void **state)
{
    struct bed *bed = *state;
    int64_t before = metric_value(METRIC_CALLS);

    start_invoke(bed, "p", "add");
    assert_output(bed, "p", "{\"p\":{\"sum\":3}}");
    assert_int_equal(metric_value(METRIC_CALLS), before + 1);
}

static void a_function_named_by_its_arn_gives_its_answer(void **state)
{
    struct bed *bed = *state;

    start_task(bed, "p", "arn:aws:lambda:eu-west-1:123456789012:function:add", "{`b`:2}", "");
    assert_output(bed, "p", "{\"sum\":3}");
}

static void a_function_gets_its_payload(void **state)
{
    struct bed *bed = *state;
    struct execution e;

    start_invoke(bed, "p", "echo");
    e = end_of(bed, "p");
    assert_non_null(e.output);
    assert_non_null(strstr(e.output, "POST /echo HTTP/1.1"));
    assert_non_null(strstr(e.output, "X-Amz-Function-Name: echo"));
    assert_non_null(strstr(e.output, "{\\\"x\\\":1}"));
}

static void an_error_of_the_function_is_caught_by_its_type(void **state)
{
    struct bed *bed = *state;
    int64_t before = metric_value(METRIC_CALLS_FAILED);

    start(bed, "p",
          "`T`:{`Type`:`Task`,`Resource`:`" INVOKE "`,`Parameters`:{`FunctionName`:`broken`},"
          "`Catch`:[{`ErrorEquals`:[`Oops`],`Next`:`C`}],`End`:true},"
          "`C`:{`Type`:`Pass`,`Parameters`:{`e.$`:`$.Error`},`End`:true}");
    assert_output(bed, "p", "{\"e\":\"Oops\"}");
    assert_int_equal(metric_value(METRIC_CALLS_FAILED), before + 1);
}

static void a_function_that_is_nowhere_is_not_found(void **state)
{
    struct bed *bed = *state;

    start_invoke(bed, "p", "nobody");
    assert_failed(bed, "p", "Lambda.ResourceNotFoundException",
                  "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody");
}

static void a_call_that_failed_is_made_again_by_its_retrier(void **state)
{
    struct bed *bed = *state;

    start_task(bed, "p", INVOKE, "{`FunctionName`:`busy`}",
               "`Retry`:[{`ErrorEquals`:[`Lambda.ServiceException`],`IntervalSeconds`:3,"
               "`MaxAttempts`:1}],");
    UNTIL(bed, world_get(bed->world, "p").status == STATUS_WAITING_FOR_TIMER);
    until_requests(bed, 1);
    BETWEEN(bed, world_move(bed->world, 3000));
    assert_failed(bed, "p", "Lambda.ServiceException", "Status Code: 503");
    until_requests(bed, 2);
}

static void an_http_call_says_what_the_plan_says(void **state)
{
    struct bed *bed = *state;
    struct execution e;

    start_http(bed, "p", "/echo",
               ",`Headers`:{`X-Mine`:[`a`,`b`],`Authorization`:`Bearer k`},"
               "`QueryParameters`:{`q`:`1 2`},`RequestBody`:{`x.$`:`$.a`}");
    e = end_of(bed, "p");
    assert_string_equal(status_name(e.status), "SUCCESS");
    assert_non_null(strstr(e.output, "\"StatusCode\":200"));
    assert_non_null(strstr(e.output, "POST /echo?q=1%202 HTTP/1.1"));
    assert_non_null(strstr(e.output, "X-Mine: a,b"));
    assert_non_null(strstr(e.output, "Authorization: Bearer k"));
    assert_non_null(strstr(e.output, "{\\\"x\\\":1}"));
}

static void an_http_status_is_the_name_of_the_error(void **state)
{
    struct bed *bed = *state;

    start_http(bed, "p", "/none", "");
    assert_failed(bed, "p", "States.Http.StatusCode.404", "gone");
    start_http(bed, "q", "/busy", "");
    assert_failed(bed, "q", "States.Http.StatusCode.503", "Service Unavailable");
}

static void an_address_that_is_not_allowed_is_not_called(void **state)
{
    struct bed *bed = *state;

    start_task(bed, "p", HTTP, "{`ApiEndpoint`:`http://10.1.2.3/`,`Method`:`GET`}", "");
    assert_failed(bed, "p", "States.Runtime", "The request was not sent");
    start_task(bed, "q", HTTP, "{`ApiEndpoint`:`http://[::1]:1/`,`Method`:`GET`}", "");
    assert_failed(bed, "q", "States.Runtime", "The request was not sent");
}

/* ---- the end of what is awaited ---- */

static void a_halt_cuts_a_call_off(void **state)
{
    struct bed *bed = *state;
    int64_t cut = metric_value(METRIC_CALLS_CUT_OFF), late = metric_value(METRIC_LATE_REFUSED);
    struct halt_answer answer;

    start_invoke(bed, "p", "hang");
    until_requests(bed, 1);
    assert_false(is_closed(bed, 0));
    BETWEEN(bed, answer = world_halt(bed->world, "p", false));
    assert_int_equal(answer.in_flight, 1);
    UNTIL(bed, is_closed(bed, 0));
    UNTIL(bed, metric_value(METRIC_CALLS_RUNNING) == 0);
    BETWEEN(bed, world_assert_clean(bed->world, &answer));
    BETWEEN(bed, world_assert_status(bed->world, "p", STATUS_STOPPED));
    assert_int_equal(metric_value(METRIC_CALLS_CUT_OFF), cut + 1);
    assert_int_equal(metric_value(METRIC_LATE_REFUSED), late);
}

static void a_halt_leaves_the_calls_of_others_alone(void **state)
{
    struct bed *bed = *state;

    start_invoke(bed, "p", "hang");
    until_requests(bed, 1);
    start_invoke(bed, "q", "hang");
    until_requests(bed, 2);
    BETWEEN(bed, (void)world_halt(bed->world, "q", false));
    UNTIL(bed, metric_value(METRIC_CALLS_RUNNING) == 1);
    assert_int_equal(is_closed(bed, 0) + is_closed(bed, 1), 1);
    BETWEEN(bed, world_assert_status(bed->world, "p", STATUS_EXECUTING));
}

static void a_time_out_cuts_a_call_off(void **state)
{
    struct bed *bed = *state;

    start_task(bed, "p", INVOKE, "{`FunctionName`:`hang`}", "`TimeoutSeconds`:5,");
    until_requests(bed, 1);
    BETWEEN(bed, world_move(bed->world, 5000));
    assert_string_equal(end_of(bed, "p").error, "States.Timeout");
    UNTIL(bed, is_closed(bed, 0));
}

static void a_branch_that_fails_cuts_the_calls_beside_it_off(void **state)
{
    struct bed *bed = *state;

    start(bed, "p",
          "`T`:{`Type`:`Parallel`,`End`:true,`Branches`:["
          "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Task`,`Resource`:`" INVOKE "`,"
          "`Parameters`:{`FunctionName`:`hang`},`End`:true}}},"
          "{`StartAt`:`W`,`States`:{`W`:{`Type`:`Wait`,`Seconds`:1,`Next`:`F`},"
          "`F`:{`Type`:`Fail`,`Error`:`E`}}}]}");
    until_requests(bed, 1);
    BETWEEN(bed, world_move(bed->world, 1000));
    assert_string_equal(end_of(bed, "p").error, "E");
    UNTIL(bed, is_closed(bed, 0));
}

static void what_is_halted_before_its_turn_is_never_called(void **state)
{
    struct bed *bed = *state;
    struct caller *closed = bed->caller;
    struct halt_answer answer;

    caller_close(closed); /* nobody takes calls */
    start_invoke(bed, "p", "add");
    BETWEEN(bed, answer = world_halt(bed->world, "p", false));
    assert_int_equal(answer.in_flight, 0);
    BETWEEN(bed, bed->caller = bed_open_caller(bed));
    caller_free(closed);
    start_invoke(bed, "q", "add");
    assert_output(bed, "q", "{\"p\":{\"sum\":3}}");
    until_requests(bed, 1);
}

/* ---- the process ---- */

static void the_next_process_makes_the_call_again(void **state)
{
    struct bed *bed = *state;
    struct halt_answer answer;

    start_invoke(bed, "p", "hang");
    until_requests(bed, 1);
    bed_end(bed);
    assert_true(is_closed(bed, 0));
    bed_begin(bed);
    BETWEEN(bed, world_assert_status(bed->world, "p", STATUS_EXECUTING));
    until_requests(bed, 2);
    BETWEEN(bed, answer = world_halt(bed->world, "p", false));
    UNTIL(bed, is_closed(bed, 1));
    BETWEEN(bed, world_assert_clean(bed->world, &answer));
}

static void what_waits_is_called_by_the_next_process(void **state)
{
    struct bed *bed = *state;

    start_unheard(bed, "p", "add");
    BETWEEN(bed, world_assert_status(bed->world, "p", STATUS_EXECUTING));
    bed_end(bed);
    bed_begin(bed);
    assert_output(bed, "p", "{\"p\":{\"sum\":3}}");
}

static void calls_are_made_at_once(void **state)
{
    struct bed *bed = *state;

    start_invoke(bed, "p", "hang");
    start_invoke(bed, "q", "hang");
    start_invoke(bed, "r", "add");
    assert_output(bed, "r", "{\"p\":{\"sum\":3}}");
    until_requests(bed, 3);
    assert_int_equal(metric_value(METRIC_CALLS_RUNNING), 2);
}

static void more_calls_than_may_run_at_once_all_end(void **state)
{
    enum { COUNT = 100 };
    struct bed *bed = *state;
    struct world *w = bed->world;

    start_invoke(bed, "p", "add");
    pthread_mutex_lock(&bed->lock);
    for (int i = 0; i < COUNT; i++)
        (void)world_start(w, "p", arena_printf(w->arena, "p%d", i), "{\"a\":1}");
    pthread_mutex_unlock(&bed->lock);
    UNTIL(bed,
          WORLD_INT(w, "SELECT count(*) FROM executions WHERE status = 'SUCCESS'") == COUNT + 1);
    until_requests(bed, COUNT + 1);
}

static enum err nothing_run(struct lane_job *job, struct engine *engine)
{
    (void)job;
    (void)engine;
    return ERR_OK;
}

static void nothing_done(struct lane_job *job, enum err err)
{
    (void)job;
    (void)err;
}

static void a_lane_that_is_full_is_asked_again(void **state)
{
    const struct effect ready = {.kind = EFFECT_CALL_READY};
    struct bed *bed = *state;
    struct lane_job *jobs = calloc(LIMIT_QUEUE_COMMANDS, sizeof(*jobs));

    assert_non_null(jobs);
    start_unheard(bed, "p", "add");
    pthread_mutex_lock(&bed->lock);
    for (size_t i = 0; i < LIMIT_QUEUE_COMMANDS; i++) {
        jobs[i] = (struct lane_job){.run = nothing_run, .done = nothing_done};
        if (lane_submit(bed->world->lane, &jobs[i]))
            break; /* the caller's own job is there, too */
    }
    caller_on_effect(bed->caller, &ready);
    usleep(300000);
    pthread_mutex_unlock(&bed->lock);
    assert_output(bed, "p", "{\"p\":{\"sum\":3}}");
    free(jobs);
}

/* ---- tokens ---- */

static void a_function_may_answer_later_by_a_callback(void **state)
{
    struct bed *bed = *state;
    struct world *w = bed->world;

    start_task(bed, "p", INVOKE ".waitForTaskToken",
               "{`FunctionName`:`add`,`Payload`:{`token.$`:`$$.Task.Token`}}", "");
    UNTIL(bed, WORLD_INT(w, "SELECT count(*) FROM history WHERE type = 'TaskSubmitted'") == 1);
    BETWEEN(bed, world_assert_status(w, "p", STATUS_WAITING_FOR_CALLBACK));
    BETWEEN(bed, assert_int_equal(world_callback(w, "p", "T", "{\"done\":true}"), ERR_OK));
    assert_output(bed, "p", "{\"done\":true}");
}

static void a_function_that_fails_with_a_token_fails_the_task(void **state)
{
    struct bed *bed = *state;

    start_task(bed, "p", INVOKE ".waitForTaskToken",
               "{`FunctionName`:`broken`,`Payload`:{`token.$`:`$$.Task.Token`}}", "");
    assert_failed(bed, "p", "Oops", "errorMessage");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(a_function_that_is_invoked_gives_the_result),
        BED_TEST(a_function_named_by_its_arn_gives_its_answer),
        BED_TEST(a_function_gets_its_payload),
        BED_TEST(an_error_of_the_function_is_caught_by_its_type),
        BED_TEST(a_function_that_is_nowhere_is_not_found),
        BED_TEST(a_call_that_failed_is_made_again_by_its_retrier),
        BED_TEST(an_http_call_says_what_the_plan_says),
        BED_TEST(an_http_status_is_the_name_of_the_error),
        BED_TEST(an_address_that_is_not_allowed_is_not_called),
        BED_TEST(a_halt_cuts_a_call_off),
        BED_TEST(a_halt_leaves_the_calls_of_others_alone),
        BED_TEST(a_time_out_cuts_a_call_off),
        BED_TEST(a_branch_that_fails_cuts_the_calls_beside_it_off),
        BED_TEST(what_is_halted_before_its_turn_is_never_called),
        BED_TEST(the_next_process_makes_the_call_again),
        BED_TEST(what_waits_is_called_by_the_next_process),
        BED_TEST(calls_are_made_at_once),
        BED_TEST(more_calls_than_may_run_at_once_all_end),
        BED_TEST(a_lane_that_is_full_is_asked_again),
        BED_TEST(a_function_may_answer_later_by_a_callback),
        BED_TEST(a_function_that_fails_with_a_token_fails_the_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
