/*
 * test_caller_functions.c - the file that says where functions live: what it may hold, and when it
 * is read again.
 */
#include "serve/caller_functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/unit.h"
#include "work/work_target.h"

static char path[64];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The URL of a function, or null. */
static const char *url_of(struct caller_functions *functions, const char *name)
{
    const char *url = NULL;
    size_t count;
    const struct work_function *list = caller_functions_hold(functions, &count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0)
            url = list[i].url;
    }
    caller_functions_release(functions);
    return url;
}

static void names_and_arns_are_read(void **state)
{
    struct caller_functions *functions;

    (void)state;
    write_file("{\"a-b_C9\": \"http://h/1\", \"arn:aws:lambda:eu-west-1:123456789012:function:d\": "
               "\"HTTPS://h/2\"}");
    assert_ok(caller_functions_open(path, true, &functions));
    assert_string_equal(url_of(functions, "a-b_C9"), "http://h/1");
    assert_string_equal(url_of(functions, "d"), "HTTPS://h/2");
    assert_null(url_of(functions, "e"));
    caller_functions_close(functions);
}

static void what_is_wrong_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "null",
        "{",
        "{\"a\": 1}",
        "{\"a\": null}",
        "{\"a\": \"\"}",
        "{\"a\": \"h/1\"}",
        "{\"a\": \"ftp://h/1\"}",
        "{\"a\": \"file:///etc/passwd\"}",
        "{\"\": \"http://h\"}",
        "{\"a b\": \"http://h\"}",
        "{\"a:1\": \"http://h\"}",
        "{\"a\": \"http://h\", \"a\": \"http://h\"}",
        "{\"arn:\": \"http://h\"}",
        "{\"arn:::::\": \"http://h\"}",
        "{\"arn::::::\": \"http://h\"}",
        "{\"arn::::::a\": \"http://h\"}",
        "{\"arn:aws:lambda:r:1:function:\": \"http://h\"}",
        "{\"arn:aws:lambda:r:1:layer:a\": \"http://h\"}",
        "{\"arn:aws:lambda:r:1:function:a:3\": \"http://h\"}",
        "{\"a\": \"http://h\", \"arn:aws:lambda:r:1:function:a\": \"http://h\"}",
        "{\"a\": \"http://h\"} x",
        "{\"a\": \"http://h\xff\"}",
    };
    struct caller_functions *functions;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        write_file(wrong[i]);
        if (caller_functions_open(path, true, &functions) != ERR_INVALID_REQUEST)
            fail_msg("%s was taken", wrong[i]);
    }
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    struct caller_functions *functions;
    char *text = malloc((1 << 20) + 2);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', (1 << 20) + 1);
    memcpy(text, "{}", 2);
    text[(1 << 20) + 1] = '\0';
    write_file(text);
    assert_err(caller_functions_open(path, true, &functions), ERR_INVALID_REQUEST);
    text[1 << 20] = '\0';
    write_file(text);
    assert_ok(caller_functions_open(path, true, &functions));
    caller_functions_close(functions);
    free(text);
}

static void a_file_may_come_later_unless_it_must_be_there(void **state)
{
    struct caller_functions *functions;

    (void)state;
    unlink(path);
    assert_err(caller_functions_open(path, true, &functions), ERR_INVALID_REQUEST);
    assert_ok(caller_functions_open(path, false, &functions));
    assert_null(url_of(functions, "a"));
    write_file("{\"a\": \"http://h\"}");
    caller_functions_refresh(functions);
    assert_string_equal(url_of(functions, "a"), "http://h");
    unlink(path);
    caller_functions_refresh(functions);
    assert_null(url_of(functions, "a"));
    caller_functions_close(functions);
}

static void a_wrong_file_changes_nothing(void **state)
{
    struct caller_functions *functions;

    (void)state;
    write_file("{\"a\": \"http://h/1\"}");
    assert_ok(caller_functions_open(path, true, &functions));
    write_file("{\"a\": \"http://h/2\", \"b\": 1}");
    caller_functions_refresh(functions);
    assert_string_equal(url_of(functions, "a"), "http://h/1");
    unlink(path);
    caller_functions_refresh(functions);
    assert_string_equal(url_of(functions, "a"), "http://h/1");
    write_file("{\"a\": \"http://h/3\"}");
    caller_functions_refresh(functions);
    assert_string_equal(url_of(functions, "a"), "http://h/3");
    caller_functions_close(functions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_arns_are_read),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(a_file_that_is_too_large_is_refused),
        cmocka_unit_test(a_file_may_come_later_unless_it_must_be_there),
        cmocka_unit_test(a_wrong_file_changes_nothing),
    };
    int failed;

    snprintf(path, sizeof(path), "/tmp/fermata-functions-%d.json", (int)getpid());
    log_set_level(LOG_ERROR + 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
