/*
 * test_work.c - outbound calls: what comes back, and that every call ends exactly once, whatever is
 * cancelled or closed meanwhile.
 */
#include "work/work.h"

#include "work_world.h"

/* ---- answers ---- */

static void an_answer_comes_back_whole(void **state)
{
    struct world world;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    answer = world_path(&world, "/ok");
    assert_int_equal(answer->end, WORK_ANSWERED);
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->status_text, "OK");
    assert_string_equal(answer->body, "hello");
    assert_int_equal(answer->body_len, 5);
    assert_int_equal(answer->header_count, 2);
    assert_string_equal(answer->headers[0].name, "Content-Type");
    assert_string_equal(answer->headers[0].value, "text/plain");

    answer = world_path(&world, "/teapot");
    assert_int_equal(answer->end, WORK_ANSWERED);
    assert_int_equal(answer->status, 418);
    assert_string_equal(answer->status_text, "I'm a teapot");
    assert_string_equal(answer->body, "");
    assert_int_equal(answer->header_count, 4);
    assert_string_equal(answer->headers[2].value, "2");
    assert_string_equal(answer->headers[3].value, "");

    answer = world_path(&world, "/bare");
    assert_int_equal(answer->status, 503);
    assert_string_equal(answer->status_text, "");
    assert_string_equal(answer->body, "no");

    answer = world_path(&world, "/chunked");
    assert_string_equal(answer->body, "abcde");
    assert_int_equal(answer->header_count, 1);

    answer = world_path(&world, "/close");
    assert_string_equal(answer->body, "until the end");
    world_close(&world);
}

static void what_comes_before_the_answer_leaves_nothing(void **state)
{
    struct world world;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    answer = world_path(&world, "/continue");
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->status_text, "Late");
    assert_int_equal(answer->header_count, 1);
    assert_string_equal(answer->body, "ab");
    world_close(&world);
}

static void a_redirect_is_an_answer(void **state)
{
    struct world world;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    answer = world_path(&world, "/redirect");
    assert_int_equal(answer->end, WORK_ANSWERED);
    assert_int_equal(answer->status, 302);
    assert_int_equal(atomic_load(&world.server.request_count), 1);
    world_close(&world);
}

static void a_request_arrives_as_it_was_asked_for(void **state)
{
    static const struct work_header fields[] = {
        {"X-One",        "1"               },
        {"X-Empty",      ""                },
        {"Content-Type", "application/json"},
        {"X-Text",       "a: b;"           }
    };
    struct world world;
    struct work_call call;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    call = world_get(&world, 1, "/echo?a=b%20c#d");
    call.method = "POST";
    call.headers = fields;
    call.header_count = ARRAY_SIZE(fields);
    call.body = "{\"a\": 1}";
    call.body_len = strlen(call.body);
    answer = world_call(&world, &call);
    assert_non_null(strstr(answer->body, "POST /echo?a=b%20c HTTP/1.1\r\n"));
    assert_non_null(strstr(answer->body, "\r\nX-One: 1\r\n"));
    assert_non_null(strstr(answer->body, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(answer->body, "\r\nX-Text: a: b;\r\n"));
    assert_non_null(strstr(answer->body, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(answer->body, "\r\nContent-Length: 8\r\n"));
    assert_non_null(strstr(answer->body, "\r\nUser-Agent: fermata/"));
    assert_non_null(strstr(answer->body, "\r\n\r\n{\"a\": 1}"));
    assert_null(strstr(answer->body, "Expect"));

    call = world_get(&world, 2, "/echo");
    call.method = "POST";
    answer = world_call(&world, &call);
    assert_non_null(strstr(answer->body, "\r\nContent-Length: 0\r\n"));
    assert_null(strstr(answer->body, "Content-Type"));
    call.method = "DELETE";
    answer = world_call(&world, &call);
    assert_non_null(strstr(answer->body, "DELETE /echo HTTP/1.1\r\n"));
    assert_null(strstr(answer->body, "Content-Length"));
    call.method = "HEAD";
    answer = world_call(&world, &call);
    assert_int_equal(answer->status, 200);
    world_close(&world);
}

static void bytes_that_are_not_text_arrive(void **state)
{
    static const char body[] = "a\0b\xff\r\n";
    struct world world;
    struct work_call call;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    call = world_get(&world, 1, "/echo");
    call.method = "PUT";
    call.body = body;
    call.body_len = sizeof(body) - 1;
    answer = world_call(&world, &call);
    assert_true(answer->body_len > call.body_len);
    assert_memory_equal(answer->body + answer->body_len - call.body_len, body, call.body_len);
    world_close(&world);
}

static void connections_are_kept(void **state)
{
    struct world world;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    for (int i = 0; i < 5; i++)
        assert_int_equal(world_path(&world, "/ok")->status, 200);
    assert_int_equal(atomic_load(&world.server.connection_count), 1);
    world_close(&world);
}

static void a_call_with_effects_is_sent_once(void **state)
{
    struct world world;
    struct work_call call;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    assert_int_equal(world_path(&world, "/ok")->status, 200);
    call = world_get(&world, 1, "/nothing");
    call.method = "POST";
    assert_int_equal(world_call(&world, &call)->end, WORK_FAILED);
    assert_int_equal(atomic_load(&world.server.request_count), 2);
    assert_int_equal(world_path(&world, "/ok")->status, 200);
    call.method = "GET";
    assert_int_equal(world_call(&world, &call)->end, WORK_FAILED);
    assert_int_equal(atomic_load(&world.server.request_count), 5);
    assert_int_equal(atomic_load(&world.server.connection_count), 3);
    world_close(&world);
}

static void no_proxy_of_the_environment_is_used(void **state)
{
    struct world world;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    world_open(&world, 4, "127.0.0.0/8");
    assert_int_equal(world_path(&world, "/ok")->status, 200);
    world_close(&world);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

/* ---- failures ---- */

static void failures_have_a_cause(void **state)
{
    static const char *const paths[] = {"/cut", "/nothing", "/junk"};
    struct world world;
    struct work_call call;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        answer = world_path(&world, paths[i]);
        assert_int_equal(answer->end, WORK_FAILED);
        assert_true(answer->cause[0] != '\0');
    }
    call = world_get(&world, 1, "/");
    call.url = "http://127.0.0.1:1/";
    assert_int_equal(world_call(&world, &call)->end, WORK_FAILED);
    call.url = "http://no-such-name.invalid/";
    assert_int_equal(world_call(&world, &call)->end, WORK_FAILED);
    call.url = arena_printf(world.arena, "https://127.0.0.1:%u/", world.server.port);
    assert_int_equal(world_call(&world, &call)->end, WORK_FAILED);
    world_close(&world);
}

static void a_slow_answer_is_given_up(void **state)
{
    static const char *const paths[] = {"/hang", "/half"};
    struct world world;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct work_call call = world_get(&world, 1, paths[i]);

        call.timeout_ms = 60;
        assert_int_equal(world_call(&world, &call)->end, WORK_TIMED_OUT);
    }
    world_close(&world);
}

static void the_time_runs_also_while_waiting(void **state)
{
    struct world world;
    struct work_call hang, late;
    struct world_call *first;
    const struct work_answer *answer;

    (void)state;
    world_open(&world, 1, "127.0.0.0/8");
    hang = world_get(&world, 1, "/hang");
    first = world_submit(&world, &hang);
    late = world_get(&world, 2, "/ok");
    late.timeout_ms = 60;
    answer = world_call(&world, &late);
    assert_int_equal(answer->end, WORK_TIMED_OUT);
    work_close(world.work);
    world.work = NULL;
    assert_int_equal(first->ended.answer.end, WORK_CANCELLED);
    world_close(&world);
}

static void a_large_answer_is_cut_off(void **state)
{
    char *body = calloc(1, ANSWER_BYTES_MAX + 1);
    struct world world;
    struct work_call call;

    (void)state;
    world_open(&world, 4, "127.0.0.0/8");
    memset(body, 'x', ANSWER_BYTES_MAX);
    call = world_get(&world, 1, "/echo");
    call.method = "POST";
    call.body = body;
    call.body_len = ANSWER_BYTES_MAX - 500;
    assert_int_equal(world_call(&world, &call)->end, WORK_ANSWERED);
    call.body_len = ANSWER_BYTES_MAX;
    assert_int_equal(world_call(&world, &call)->end, WORK_TOO_LARGE);
    world_close(&world);
    free(body);
}

static void a_head_has_limits_too(void **state)
{
    static char many[8192], large[LIMIT_WORK_HEAD_BYTES + 8192];
    struct http_server_path paths[] = {
        {"/many",  many,  true},
        {"/large", large, true}
    };
    struct http_server server;
    struct world world;
    size_t len = (size_t)snprintf(many, sizeof(many), "HTTP/1.1 200 OK\r\n");

    (void)state;
    for (int i = 0; i <= LIMIT_WORK_FIELD_COUNT; i++)
        len += (size_t)snprintf(many + len, sizeof(many) - len, "X-%d: 1\r\n", i);
    snprintf(many + len, sizeof(many) - len, "\r\nx");
    len = (size_t)snprintf(large, sizeof(large), "HTTP/1.1 200 OK\r\n");
    while (len <= LIMIT_WORK_HEAD_BYTES)
        len += (size_t)snprintf(large + len, sizeof(large) - len, "X: %01000d\r\n", 0);
    snprintf(large + len, sizeof(large) - len, "\r\nx");
    world_open(&world, 4, "127.0.0.0/8");
    http_server_start(&server, paths, ARRAY_SIZE(paths));
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct work_call call = world_get(&world, 1, "");

        call.url = arena_printf(world.arena, "http://127.0.0.1:%u%s", server.port, paths[i].path);
        assert_int_equal(world_call(&world, &call)->end, WORK_TOO_LARGE);
    }
    world_close(&world);
    http_server_stop(&server);
}

/* ---- many calls, cancelled and closed ---- */

static void more_calls_than_may_run_wait_in_order(void **state)
{
    enum { COUNT = 60 };
    struct world_call *calls[COUNT];
    struct world world;

    (void)state;
    world_open(&world, 3, "127.0.0.0/8");
    for (int i = 0; i < COUNT; i++) {
        struct work_call call = world_get(&world, i, i % 2 ? "/ok" : "/teapot");

        calls[i] = world_submit(&world, &call);
    }
    world_wait(&world, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(calls[i]->ended.count, 1);
        assert_int_equal(calls[i]->ended.id, i);
        assert_int_equal(calls[i]->ended.answer.status, i % 2 ? 200 : 418);
    }
    assert_true(atomic_load(&world.server.connection_count) <= 3);
    world_close(&world);
}

static void calls_are_cancelled_waiting_and_running(void **state)
{
    struct world world;
    struct world_call *running, *waiting, *same, *other;
    struct work_call call;

    (void)state;
    world_open(&world, 1, "127.0.0.0/8");
    call = world_get(&world, 1, "/hang");
    running = world_submit(&world, &call);
    world_wait_for_requests(&world, 1);
    call = world_get(&world, 2, "/ok");
    waiting = world_submit(&world, &call);
    same = world_submit(&world, &call);
    call = world_get(&world, 3, "/ok");
    other = world_submit(&world, &call);
    work_cancel(world.work, 99);
    work_cancel(world.work, 2);
    work_cancel(world.work, 2);
    world_wait(&world, 2);
    assert_int_equal(waiting->ended.answer.end, WORK_CANCELLED);
    assert_int_equal(same->ended.answer.end, WORK_CANCELLED);
    assert_int_equal(running->ended.count, 0);
    work_cancel(world.work, 1);
    world_wait(&world, 4);
    assert_int_equal(running->ended.answer.end, WORK_CANCELLED);
    assert_int_equal(other->ended.answer.end, WORK_ANSWERED);
    work_cancel(world.work, 1);
    assert_int_equal(waiting->ended.count + same->ended.count + running->ended.count, 3);
    world_close(&world);
}

static void closing_cancels_all(void **state)
{
    struct world_call *calls[8];
    struct world world;

    (void)state;
    world_open(&world, 3, "127.0.0.0/8");
    for (int i = 0; i < 8; i++) {
        struct work_call call = world_get(&world, i, "/hang");

        calls[i] = world_submit(&world, &call);
    }
    world_wait_for_requests(&world, 3);
    work_close(world.work);
    world.work = NULL;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(calls[i]->ended.count, 1);
        assert_int_equal(calls[i]->ended.answer.end, WORK_CANCELLED);
    }
    world_close(&world);
}

static void a_full_queue_says_so(void **state)
{
    struct world world;
    struct work_call call;
    struct world_call mine;

    (void)state;
    world_open(&world, 1, "127.0.0.0/8");
    mine = (struct world_call){.world = &world};
    call = world_get(&world, 1, "/hang");
    world_submit(&world, &call);
    world_wait_for_requests(&world, 1);
    for (int i = 0; i < LIMIT_WORK_QUEUE; i++)
        assert_ok(work_submit(world.work, &call, world_done, &mine));
    assert_err(work_submit(world.work, &call, world_done, &mine), ERR_UNAVAILABLE);
    work_close(world.work);
    world.work = NULL;
    assert_int_equal(mine.ended.count, LIMIT_WORK_QUEUE);
    world_close(&world);
}

static void on_end_submit_again(struct world *world, int64_t id)
{
    struct work_call call = {.id = id + 1, .method = "GET", .url = "x", .timeout_ms = 1000};
    static struct world_call mine;

    mine.world = world;
    if (id < 5)
        assert_ok(work_submit(world->work, &call, world_done, &mine));
    work_cancel(world->work, 77);
}

static void a_callback_may_submit_and_cancel(void **state)
{
    struct world world;
    struct work_call call;

    (void)state;
    world_open(&world, 1, "127.0.0.0/8");
    world.on_end = on_end_submit_again;
    call = world_get(&world, 1, "/ok");
    world_submit(&world, &call);
    world_wait(&world, 5);
    world_close(&world);
}

/* Threads submit and cancel at random; every call ends once. */
enum { STORM_THREADS = 4, STORM_CALLS = 250 };

struct storm {
    struct world *world;
    struct world_call calls[STORM_CALLS];
    unsigned index;
};

static void *storm_run(void *user)
{
    struct storm *storm = user;
    unsigned seed = 1 + storm->index;

    for (unsigned i = 0; i < STORM_CALLS; i++) {
        struct work_call call = {
            .id = storm->index * STORM_CALLS + i, .method = "GET", .timeout_ms = 20000};
        char url[64];

        seed = seed * 1103515245 + 12345;
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", storm->world->server.port,
                 (seed >> 16) % 50 ? "ok" : "nothing");
        call.url = url;
        storm->calls[i].world = storm->world;
        CHECK(work_submit(storm->world->work, &call, world_done, &storm->calls[i]) == ERR_OK);
        if ((seed >> 18) % 3 == 0)
            work_cancel(storm->world->work, call.id - (seed >> 20) % 4);
    }
    return NULL;
}

static void in_a_storm_every_call_ends_once(void **state)
{
    static struct storm storms[STORM_THREADS];
    pthread_t threads[STORM_THREADS];
    struct world world;
    unsigned answered = 0, cancelled = 0, failed = 0;

    (void)state;
    memset(storms, 0, sizeof(storms));
    world_open(&world, 8, "127.0.0.0/8");
    for (unsigned i = 0; i < STORM_THREADS; i++) {
        storms[i].world = &world;
        storms[i].index = i;
        assert_int_equal(pthread_create(&threads[i], NULL, storm_run, &storms[i]), 0);
    }
    for (unsigned i = 0; i < STORM_THREADS; i++)
        pthread_join(threads[i], NULL);
    world_wait(&world, STORM_THREADS * STORM_CALLS / 2);
    work_close(world.work);
    world.work = NULL;
    for (unsigned i = 0; i < STORM_THREADS * STORM_CALLS; i++) {
        const struct ended *ended = &storms[i / STORM_CALLS].calls[i % STORM_CALLS].ended;

        assert_int_equal(ended->count, 1);
        assert_int_equal(ended->id, i);
        answered += ended->answer.end == WORK_ANSWERED;
        cancelled += ended->answer.end == WORK_CANCELLED;
        failed += ended->answer.end == WORK_FAILED;
    }
    assert_int_equal(answered + cancelled + failed, STORM_THREADS * STORM_CALLS);
    assert_true(cancelled > 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back_whole),
        cmocka_unit_test(what_comes_before_the_answer_leaves_nothing),
        cmocka_unit_test(a_redirect_is_an_answer),
        cmocka_unit_test(a_request_arrives_as_it_was_asked_for),
        cmocka_unit_test(bytes_that_are_not_text_arrive),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_call_with_effects_is_sent_once),
        cmocka_unit_test(no_proxy_of_the_environment_is_used),
        cmocka_unit_test(failures_have_a_cause),
        cmocka_unit_test(a_slow_answer_is_given_up),
        cmocka_unit_test(the_time_runs_also_while_waiting),
        cmocka_unit_test(a_large_answer_is_cut_off),
        cmocka_unit_test(a_head_has_limits_too),
        cmocka_unit_test(more_calls_than_may_run_wait_in_order),
        cmocka_unit_test(calls_are_cancelled_waiting_and_running),
        cmocka_unit_test(closing_cancels_all),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(a_callback_may_submit_and_cancel),
        cmocka_unit_test(in_a_storm_every_call_ends_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
