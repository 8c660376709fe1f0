/*
 * test_log.c - a line of the log is one JSON object, whatever is in it. Standard error is a pipe
 * here.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "unit.h"

struct log_test {
    struct arena *arena;
    int pipe[2];
    int saved;
};

static int log_set_up(void **state)
{
    struct log_test *test = xalloc(sizeof(*test));

    test->arena = arena_new();
    test->saved = dup(STDERR_FILENO);
    if (pipe(test->pipe) != 0 || dup2(test->pipe[1], STDERR_FILENO) < 0)
        return -1;
    log_set_level(LOG_INFO);
    *state = test;
    return 0;
}

static int log_tear_down(void **state)
{
    struct log_test *test = *state;

    log_set_context(NULL);
    dup2(test->saved, STDERR_FILENO);
    close(test->saved);
    close(test->pipe[0]);
    close(test->pipe[1]);
    arena_free(test->arena);
    free(test);
    return 0;
}

/* What one write brought: it must be one whole line, a JSON object. */
static const struct json *read_line(struct log_test *test)
{
    char text[16384];
    ssize_t len = read(test->pipe[0], text, sizeof(text));
    const struct json *line = NULL;

    assert_true(len > 1);
    assert_int_equal(text[len - 1], '\n');
    assert_ptr_equal(memchr(text, '\n', (size_t)len), text + len - 1);
    assert_ok(json_parse(test->arena, text, (size_t)len, &line, NULL));
    assert_int_equal(line->kind, JSON_OBJECT);
    return line;
}

static void a_line_has_time_level_event_and_message(void **state)
{
    const struct json *line;
    int64_t ms;

    log_warn("halt.anomaly", "%d of %s", 3, "x");
    line = read_line(*state);
    assert_string_equal(json_get_string(line, "level"), "warn");
    assert_string_equal(json_get_string(line, "event"), "halt.anomaly");
    assert_string_equal(json_get_string(line, "message"), "3 of x");
    assert_true(
        clock_parse(json_get_string(line, "time"), strlen(json_get_string(line, "time")), &ms));
    assert_int_equal(line->count, 4);
}

static void anything_may_stand_in_a_message(void **state)
{
    log_error("x", "%s",
              "\"\\\n\t\x01\x7f \xc3\xa4\xf0\x9f\x98\x80 \xff\xc0\x80\xed\xa0\x80\xe2\x82");
    assert_string_equal(json_get_string(read_line(*state), "message"),
                        "\"\\\n\t\x01\x7f \xc3\xa4\xf0\x9f\x98\x80 ????????");
}

static void a_line_that_is_too_long_is_cut_and_stays_valid(void **state)
{
    char text[30000];

    memset(text, '\x02', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_set_context(&(struct log_context){.request_id = text, .state = text, .status = text});
    log_info("x", "%s", text);
    assert_string_equal(json_get_string(read_line(*state), "event"), "x");
    memset(text, '\xc3', sizeof(text) - 1);
    log_info(text, "%s", text);
    assert_non_null(json_get_string(read_line(*state), "event"));
}

static void the_context_of_the_thread_is_on_every_line(void **state)
{
    const struct log_context context = {
        .request_id = "r1", .operator_name = "op", .status = "RUNNING"};
    const struct json *line;

    log_set_context(&context);
    log_info("x", "y");
    line = read_line(*state);
    assert_string_equal(json_get_string(line, "request_id"), "r1");
    assert_string_equal(json_get_string(line, "operator_name"), "op");
    assert_string_equal(json_get_string(line, "status"), "RUNNING");
    assert_null(json_get(line, "state"));
    log_set_context(NULL);
    log_info("x", "y");
    assert_null(json_get(read_line(*state), "request_id"));
}

static void *log_from_a_thread(void *arg)
{
    (void)arg;
    log_info("x", "y");
    return NULL;
}

static void another_thread_has_no_context(void **state)
{
    pthread_t thread;

    log_set_context(&(struct log_context){.request_id = "r1"});
    assert_int_equal(pthread_create(&thread, NULL, log_from_a_thread, NULL), 0);
    pthread_join(thread, NULL);
    assert_null(json_get(read_line(*state), "request_id"));
}

static void lines_below_the_level_are_not_written(void **state)
{
    enum log_level level = LOG_ERROR;

    log_debug("hidden", "x");
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_true(log_level_parse("debug", &level));
    log_set_level(level);
    log_debug("shown", "x");
    assert_string_equal(json_get_string(read_line(*state), "event"), "shown");
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, log_set_up, log_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_line_has_time_level_event_and_message),
        LOG_TEST(anything_may_stand_in_a_message),
        LOG_TEST(a_line_that_is_too_long_is_cut_and_stays_valid),
        LOG_TEST(the_context_of_the_thread_is_on_every_line),
        LOG_TEST(another_thread_has_no_context),
        LOG_TEST(lines_below_the_level_are_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
