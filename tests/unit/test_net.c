/*
 * test_net.c - the HTTP server over raw sockets: requests, bodies, parking and stopping.
 */
#include "net/net.h"

#include "net_client.h"

/* ---- plain requests ---- */

static void a_request_comes_in_whole(void **state)
{
    int fd = connect_to(*state);

    say_text(fd, "POST /a%20b?x=1&y=%25 HTTP/1.1\r\nHost: localhost:8080\r\nX-Test: one \r\n"
                 "x-test: two\r\nContent-Length: 5\r\n\r\nhello");
    struct answer answer = hear(fd, true);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "POST|/a%20b|x=1&y=%25|127.0.0.1|one/2|hello");
    assert_non_null(strstr(answer.head, "Content-Type: text/plain\r\n"));
    assert_non_null(strstr(answer.head, "Date: "));
    assert_null(strstr(answer.head, "Server:"));
    close(fd);
}

static void a_connection_carries_many_requests(void **state)
{
    int fd = connect_to(*state);

    for (int i = 0; i < 200; i++) {
        say_text(fd, i % 2 ? "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
                           : "POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
        struct answer answer = hear(fd, true);
        assert_string_equal(answer.body,
                            i % 2 ? "GET|/x||127.0.0.1|-/0|" : "POST|/y||127.0.0.1|-/0|ok");
    }
    close(fd);
}

static void two_pipelined_requests_are_answered_in_order(void **state)
{
    int fd = connect_to(*state);

    say_text(fd, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nA"
                 "GET /2 HTTP/1.1\r\nHost: a\r\nX-Test: v\r\n\r\n");
    assert_string_equal(hear(fd, true).body, "POST|/1||127.0.0.1|-/0|A");
    assert_string_equal(hear(fd, true).body, "GET|/2||127.0.0.1|v/1|");
    close(fd);
}

static void a_head_may_come_byte_by_byte(void **state)
{
    const char *text = "POST /slow?q HTTP/1.1\r\nHost: a\r\nX-Test: t\r\nCookie: a=b; c=d\r\n"
                       "Content-Length: 3\r\n\r\nabc";
    int fd = connect_to(*state);

    for (size_t i = 0; i < strlen(text); i++)
        say(fd, text + i, 1);
    assert_string_equal(hear(fd, true).body, "POST|/slow|q|127.0.0.1|t/1|abc");
    close(fd);
}

static void head_is_get_without_a_body(void **state)
{
    int fd = connect_to(*state);

    say_text(fd, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n");
    struct answer answer = hear(fd, false);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.head, "Content-Length: 23\r\n"));
    assert_string_equal(hear(fd, true).body, "GET|/y||127.0.0.1|-/0|");
    close(fd);
}

static void the_handler_sees_every_method(void **state)
{
    static const char *const methods[] = {"OPTIONS", "TRACE", "DELETE", "get", "BREW"};

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        char text[128];
        int fd = connect_to(*state);
        snprintf(text, sizeof(text), "%s /m HTTP/1.1\r\nHost: a\r\n\r\n", methods[i]);
        say_text(fd, text);
        snprintf(text, sizeof(text), "%s|/m||127.0.0.1|-/0|", methods[i]);
        assert_string_equal(hear(fd, true).body, text);
        close(fd);
    }
    int fd = connect_to(*state);
    say_text(fd, "CONNECT /m HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(hear(fd, false).status, 200);
    close(fd);
}

static void the_handler_may_close_the_connection(void **state)
{
    int fd = connect_to(*state);
    char all[2048];

    say_text(fd, "GET /close HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n");
    hear_all(fd, all, sizeof(all));
    assert_int_equal(count_of(all, "HTTP/1.1 "), 1);
    assert_non_null(strstr(all, "Connection: close\r\n"));
    close(fd);
}

/* ---- bodies ---- */

static void a_chunked_body_is_put_together(void **state)
{
    int fd = connect_to(*state);

    say_text(fd, "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n5;note=1\r\ndefgh\r\n0\r\n\r\n");
    assert_string_equal(hear(fd, true).body, "POST|/c||127.0.0.1|-/0|abcdefgh");
    say_text(fd, "GET /d HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(hear(fd, true).body, "GET|/d||127.0.0.1|-/0|");
    close(fd);
}

static void a_body_ends_at_its_routes_limit(void **state)
{
    char body[ROUTE_BODY_MAX + 2] = {0};
    char text[4096];
    bool closed;

    memset(body, 'b', ROUTE_BODY_MAX);
    snprintf(text, sizeof(text), "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s",
             ROUTE_BODY_MAX, body);
    assert_int_equal(status_of(*state, text), 200);
    snprintf(text, sizeof(text),
             "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n"
             "\r\n",
             ROUTE_BODY_MAX, body);
    assert_int_equal(status_of(*state, text), 200);

    /* Announced: refused before a byte of it has come. */
    snprintf(text, sizeof(text), "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
             ROUTE_BODY_MAX + 1);
    struct answer answer = ask(*state, text, strlen(text), &closed);
    assert_int_equal(answer.status, 413);
    assert_true(closed);
    assert_string_equal(answer.body, "error TOO_LARGE");
    assert_non_null(strstr(answer.head, "Content-Type: application/problem+json\r\n"));

    /* Chunked: refused at the limit, though the body has no end. */
    snprintf(text, sizeof(text),
             "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n"
             "1\r\nx\r\n",
             ROUTE_BODY_MAX, body);
    answer = ask(*state, text, strlen(text), &closed);
    assert_int_equal(answer.status, 413);
    assert_true(closed);
    assert_string_equal(answer.body, "error TOO_LARGE");

    assert_int_equal(status_of(*state, "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                                       "\r\n"),
                     200);
    assert_int_equal(status_of(*state, "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                       "\r\nx"),
                     413);
}

static void a_client_that_asks_first_is_told_to_go_on(void **state)
{
    int fd = connect_to(*state);

    say_text(fd, "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                 "\r\n");
    assert_int_equal(hear(fd, false).status, 100);
    say_text(fd, "ok");
    assert_string_equal(hear(fd, true).body, "POST|/e||127.0.0.1|-/0|ok");
    close(fd);

    fd = connect_to(*state);
    say_text(fd, "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n"
                 "\r\n");
    assert_int_equal(hear(fd, true).status, 413);
    close(fd);
}

/* ---- parking ---- */

static void a_parked_request_is_answered_by_another_thread(void **state)
{
    struct fixture *fixture = *state;
    int fd = connect_to(fixture);

    say_text(fd, "POST /park?n=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    struct net_request *request = queue_take(&fixture->queue);
    assert_true(net_alive(request));
    assert_ptr_equal(net_tag(request), fixture);
    reply_text(request, 202, net_query(request));
    struct answer answer = hear(fd, true);
    assert_int_equal(answer.status, 202);
    assert_string_equal(answer.body, "n=1");
    say_text(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(hear(fd, true).status, 200);
    close(fd);
}

static void parked_requests_hold_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    int fds[64];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = connect_to(fixture);
        say_text(fds[i], "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    assert_int_equal(status_of(fixture, TARGET("/x")), 200);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        reply_echo(queue_take(&fixture->queue));
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        assert_int_equal(hear(fds[i], true).status, 200);
        close(fds[i]);
    }
}

static void the_leaving_of_a_parked_client_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    int fd = connect_to(fixture);

    say_text(fd, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    struct net_request *request = queue_take(&fixture->queue);
    assert_true(net_alive(request));
    close(fd);
    for (int i = 0; i < 1000000 && net_alive(request); i++)
        sched_yield();
    assert_false(net_alive(request));
    reply_text(request, 200, "nobody hears this");
    assert_int_equal(status_of(fixture, TARGET("/x")), 200);
}

/* The replier answers while the library's thread is still on its way to parking, before it and
 * after. */
#define RACE_CONNECTIONS 8
#define RACE_ROUNDS 500

static void no_answer_is_lost_in_the_race_with_parking(void **state)
{
    struct fixture *fixture = *state;
    int fds[RACE_CONNECTIONS];

    start_replier(fixture);
    for (size_t i = 0; i < RACE_CONNECTIONS; i++)
        fds[i] = connect_to(fixture);
    for (int round = 0; round < RACE_ROUNDS; round++) {
        for (size_t i = 0; i < RACE_CONNECTIONS; i++)
            say_text(fds[i], "POST /park HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nz"
                             "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
        for (size_t i = 0; i < RACE_CONNECTIONS; i++) {
            assert_string_equal(hear(fds[i], true).body, "POST|/park||127.0.0.1|-/0|z");
            assert_string_equal(hear(fds[i], true).body, "GET|/park||127.0.0.1|-/0|");
        }
    }
    for (size_t i = 0; i < RACE_CONNECTIONS; i++)
        close(fds[i]);
}

/* Clients that leave at once: the answer meets a closed connection, parked or not. */
static void answers_to_those_who_left_do_no_harm(void **state)
{
    struct fixture *fixture = *state;

    start_replier(fixture);
    for (int i = 0; i < 300; i++) {
        int fd = connect_to(fixture);
        say_text(fd, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
        close(fd);
    }
    assert_int_equal(status_of(fixture, TARGET("/park")), 200);
}

/* ---- stopping ---- */

static void a_stopping_server_answers_what_is_parked(void **state)
{
    struct fixture *fixture = *state;
    int fds[8];
    struct net_request *requests[8];

    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = connect_to(fixture);
        say_text(fds[i], "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
        requests[i] = queue_take(&fixture->queue);
    }
    reply_text(requests[0], 200, "just in time");
    net_stop(fixture->net, 0);
    fixture->net = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        assert_int_equal(hear(fds[i], true).status, i ? 503 : 200);
        assert_true(is_closed(fds[i]));
        close(fds[i]);
    }
    /* Whoever held them finds them still there, and answers into nothing. */
    for (size_t i = 1; i < ARRAY_SIZE(fds); i++) {
        assert_string_equal(net_path(requests[i]), "/park");
        assert_false(net_alive(requests[i]));
        reply_echo(requests[i]);
    }
}

static void a_quiet_server_takes_no_new_connections(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(net_port(fixture->net)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int old = connect_to(fixture);

    say_text(old, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    struct net_request *request = queue_take(&fixture->queue);
    net_quiesce(fixture->net);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
    close(fd);
    reply_text(request, 200, "done");
    struct answer answer = hear(old, true);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.head, "Connection: close\r\n"));
    assert_true(is_closed(old));
    close(old);
}

static void an_address_in_use_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct net_config config = {.host = "127.0.0.1",
                                .port = net_port(fixture->net),
                                .on_request = on_request,
                                .body_bytes_max = on_body_bytes_max,
                                .error_body = on_error_body};
    struct net *net = NULL;

    assert_int_equal(net_start(&config, &net), ERR_UNAVAILABLE);
    config.host = "localhost";
    assert_int_equal(net_start(&config, &net), ERR_INVALID_REQUEST);
    assert_null(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_comes_in_whole),
        TEST(a_connection_carries_many_requests),
        TEST(two_pipelined_requests_are_answered_in_order),
        TEST(a_head_may_come_byte_by_byte),
        TEST(head_is_get_without_a_body),
        TEST(the_handler_sees_every_method),
        TEST(the_handler_may_close_the_connection),
        TEST(a_chunked_body_is_put_together),
        TEST(a_body_ends_at_its_routes_limit),
        TEST(a_client_that_asks_first_is_told_to_go_on),
        TEST(a_parked_request_is_answered_by_another_thread),
        TEST(parked_requests_hold_up_nobody),
        TEST(the_leaving_of_a_parked_client_is_noticed),
        TEST(no_answer_is_lost_in_the_race_with_parking),
        TEST_ONE_THREAD(no_answer_is_lost_in_the_race_with_parking),
        TEST(answers_to_those_who_left_do_no_harm),
        TEST_ONE_THREAD(answers_to_those_who_left_do_no_harm),
        TEST(a_stopping_server_answers_what_is_parked),
        TEST_ONE_THREAD(a_stopping_server_answers_what_is_parked),
        TEST(a_quiet_server_takes_no_new_connections),
        TEST(an_address_in_use_is_refused),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
