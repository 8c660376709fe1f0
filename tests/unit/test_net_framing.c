/*
 * test_net_framing.c - every trick with the framing of HTTP, refused beside an accepted neighbour
 * that differs in the one thing that matters; and the limits of a request's head.
 */
#include "net/net.h"

#include "base/limits.h"

#include "net_client.h"

/* ---- limits of the head ---- */

enum { HEAD_TEXT_BYTES = 200000 };

static char *head_of(const char *target, unsigned field_count, size_t field_bytes)
{
    char *text = calloc(1, HEAD_TEXT_BYTES);
    size_t len = (size_t)snprintf(text, HEAD_TEXT_BYTES, "GET %s HTTP/1.1\r\nHost: a\r\n", target);

    for (unsigned i = 1; i < field_count; i++) {
        len += (size_t)snprintf(text + len, HEAD_TEXT_BYTES - len, "X-%u: ", i);
        memset(text + len, 'v', field_bytes);
        len += field_bytes;
        len += (size_t)snprintf(text + len, HEAD_TEXT_BYTES - len, "\r\n");
    }
    snprintf(text + len, HEAD_TEXT_BYTES - len, "\r\n");
    return text;
}

static void expect_head(void **state, const char *target, unsigned field_count, size_t field_bytes,
                        int status)
{
    char *text = head_of(target, field_count, field_bytes);

    assert_int_equal(status_of(*state, text), status);
    free(text);
}

static void a_head_ends_at_its_limits(void **state)
{
    char target[LIMIT_HTTP_TARGET_BYTES + 2] = {0};

    memset(target, 't', sizeof(target) - 2);
    target[0] = '/';
    expect_head(state, target, 1, 0, 200);
    target[LIMIT_HTTP_TARGET_BYTES] = 't';
    expect_head(state, target, 1, 0, 414);
    expect_head(state, "/x", LIMIT_HTTP_HEADER_COUNT, 3, 200);
    expect_head(state, "/x", LIMIT_HTTP_HEADER_COUNT + 1, 3, 431);
    /* "GET /x HTTP/1.1", "Host: a", "X-1: ..." and their line ends are 34 bytes without the value;
     * the limit counts "name: value CR LF" as the library hands it out. */
    expect_head(state, "/x", 2, 16340, 200);
    expect_head(state, "/x", 2, 16380, 431);
    expect_head(state, "/x", 3, 40000, 431);
}

/* ---- framing ---- */

struct framing_case {
    const char *name;
    const char *request;
    size_t len;
    int status;
};

#define CASE(name, request, status)                                                                \
    {                                                                                              \
        name, request, sizeof(request) - 1, status                                                 \
    }
#define GET "GET /f HTTP/1.1\r\nHost: a\r\n"
#define POST "POST /f HTTP/1.1\r\nHost: a\r\n"

static const struct framing_case framing_cases[] = {
    CASE("one Content-Length", POST "Content-Length: 3\r\n\r\nabc", 200),
    CASE("two that agree", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    CASE("two that differ", POST "Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc", 400),
    CASE("a list", POST "Content-Length: 3, 3\r\n\r\nabc", 400),
    CASE("a sign", POST "Content-Length: +3\r\n\r\nabc", 400),
    CASE("a minus", POST "Content-Length: -1\r\n\r\n", 400),
    CASE("hexadecimal", POST "Content-Length: 0x3\r\n\r\nabc", 400),
    CASE("empty", POST "Content-Length:\r\n\r\n", 400),
    CASE("2^63", POST "Content-Length: 9223372036854775808\r\n\r\n", 400),
    CASE("10^17, a number at least", POST "Content-Length: 100000000000000000\r\n\r\n", 413),
    CASE("chunked", POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200),
    CASE("both", POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    CASE("both, turned round",
         POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400),
    CASE("chunked twice",
         POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    CASE("another coding", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    CASE("identity", POST "Transfer-Encoding: identity\r\n\r\n", 400),
    CASE("a coding with a vertical tab",
         POST "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
         400),
    CASE("space before the colon", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    CASE("a trailer field",
         POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nAuthorization: x\r\n\r\n", 400),
    CASE("a chunk too large for 64 bits",
         POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na", 413),

    CASE("a field", GET "X-Test: a b\tc\r\n\r\n", 200),
    CASE("an empty field", GET "X-Test:\r\n\r\n", 200),
    CASE("space around a value", GET "X-Test:   a  \r\nX-Other: b\r\n\r\n", 200),
    CASE("Latin 1 in a value", GET "X-Test: \xe9\r\n\r\n", 200),
    CASE("NUL in a value", GET "X-Test: a\0b\r\n\r\n", 400),
    CASE("NUL in the middle", GET "X-Test: a\0b\r\nX-Other: c\r\n\r\n", 400),
    CASE("NUL in a name", GET "X-T\0est: a\r\n\r\n", 400),
    CASE("a control character", GET "X-Test: a\x01\r\n\r\n", 400),
    CASE("DEL", GET "X-Test: a\x7f\r\n\r\n", 400),
    CASE("a folded line", GET "X-Test: a\r\n b\r\n\r\n", 400),
    CASE("a folded line in the middle", GET "X-Test: a\r\n\tb\r\nX-Other: c\r\n\r\n", 400),
    CASE("a bare LF", GET "X-Test: a\nX-Other: b\r\n\r\n", 400),
    CASE("a bare CR", GET "X-Test: a\rX-Other: b\r\n\r\n", 400),
    CASE("a bare LF behind the request line", "GET /f HTTP/1.1\nHost: a\r\n\r\n", 400),
    CASE("bare LFs at the end", POST "Content-Length: 3\n\nabc", 400),
    CASE("no name", GET ": a\r\n\r\n", 400),
    CASE("a name with a space", GET "X Test: a\r\n\r\n", 400),

    CASE("a port in Host", "GET /f HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200),
    CASE("no Host", "GET /f HTTP/1.1\r\nX-Test: a\r\n\r\n", 400),
    CASE("no field at all", "GET /f HTTP/1.1\r\n\r\n", 400),
    CASE("two Hosts", GET "Host: b\r\n\r\n", 400),
    CASE("the same Host twice", GET "Host: a\r\n\r\n", 400),
    CASE("an empty Host", "GET /f HTTP/1.1\r\nHost:\r\n\r\n", 400),
    CASE("a Host with a path", "GET /f HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),

    CASE("another expectation", POST "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n", 417),
    CASE("a compressed body", POST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 415),

    CASE("HTTP/1.0", "GET /f HTTP/1.0\r\nHost: a\r\n\r\n", 505),
    CASE("HTTP/2.0", "GET /f HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    CASE("HTTP/0.9", "GET /f\r\n\r\n", 400),
    CASE("two spaces", "GET  /f HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("a space behind the target", "GET /f  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("a space in the target", TARGET("/f g"), 400),
    CASE("NUL in the target", TARGET("/f\0g"), 400),

    CASE("an escaped space", TARGET("/a%20b"), 200),
    CASE("escaped UTF-8", TARGET("/%C3%A9"), 200),
    CASE("pchar", TARGET("/a-._~!$&'()*+,;=:@/b"), 200),
    CASE("dots in a name", TARGET("/a..b/...c/..."), 200),
    CASE("escapes in the query", TARGET("/f?a=%2f%2e&b"), 200),
    CASE("absolute form", TARGET("http://a/f"), 400),
    CASE("asterisk form", TARGET("*"), 400),
    CASE("authority form", TARGET("a:80"), 400),
    CASE("escaped NUL", TARGET("/a%00"), 400),
    CASE("escaped dots", TARGET("/a/%2e%2e/b"), 400),
    CASE("escaped dots, upper case", TARGET("/a/%2E%2E/b"), 400),
    CASE("escaped slash", TARGET("/a%2fb"), 400),
    CASE("escaped slash, upper case", TARGET("/a%2Fb"), 400),
    CASE("escaped backslash", TARGET("/a%5cb"), 400),
    CASE("escaped control character", TARGET("/a%0ab"), 400),
    CASE("backslash", TARGET("/a\\b"), 400),
    CASE("an empty segment", TARGET("/a//b"), 400),
    CASE("an empty first segment", TARGET("//b"), 400),
    CASE("a dot segment", TARGET("/a/./b"), 400),
    CASE("two dots", TARGET("/a/../b"), 400),
    CASE("two dots at the end", TARGET("/a/.."), 400),
    CASE("two dots before the query", TARGET("/a/..?q"), 400),
    CASE("a lone percent sign", TARGET("/a%"), 400),
    CASE("half an escape", TARGET("/a%2"), 400),
    CASE("not hexadecimal", TARGET("/a%zz"), 400),
    CASE("a fragment", TARGET("/a#b"), 400),
    CASE("not ASCII", TARGET("/\xc3\xa9"), 400),
    CASE("not ASCII in the query", TARGET("/a?\xc3\xa9"), 400),
    CASE("escaped NUL in the query", TARGET("/a?b=%00"), 400),
    CASE("half an escape in the query", TARGET("/a?b=%2"), 400),
};

static void every_framing_trick_is_refused_beside_its_neighbour(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(framing_cases); i++) {
        const struct framing_case *test = &framing_cases[i];
        bool closed;
        struct answer answer = ask(*state, test->request, test->len, &closed);
        if (answer.status != test->status || closed != (test->status >= 400))
            fail_msg("%s: %d instead of %d, %s", test->name, answer.status, test->status,
                     closed ? "closed" : "left open");
    }
}

static void what_follows_a_refusal_is_not_answered(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(framing_cases); i++) {
        const struct framing_case *test = &framing_cases[i];
        if (test->status < 400)
            continue;
        char all[4096];
        int fd = connect_to(*state);
        say(fd, test->request, test->len);
        say_text(fd, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        hear_all(fd, all, sizeof(all));
        if (strstr(all, "smuggled") || strstr(all, " 200 "))
            fail_msg("%s: the next request was answered: %s", test->name, all);
        close(fd);
    }
}

static void a_refusal_on_a_used_connection_closes_it(void **state)
{
    int fd = connect_to(*state);
    char all[4096];

    say_text(fd, TARGET("/1") TARGET("/2") TARGET("/a%00") TARGET("/3"));
    hear_all(fd, all, sizeof(all));
    assert_int_equal(count_of(all, "HTTP/1.1 200"), 2);
    assert_int_equal(count_of(all, "HTTP/1.1 400"), 1);
    assert_int_equal(count_of(all, "HTTP/1.1 "), 3);
    close(fd);
}

static void a_refused_head_request_has_no_body(void **state)
{
    int fd = connect_to(*state);
    char all[4096];

    say_text(fd, "HEAD /a%00 HTTP/1.1\r\nHost: a\r\n\r\n");
    hear_all(fd, all, sizeof(all));
    assert_non_null(strstr(all, "HTTP/1.1 400"));
    assert_null(strstr(all, "error INVALID_REQUEST"));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_head_ends_at_its_limits),
        TEST(every_framing_trick_is_refused_beside_its_neighbour),
        TEST(what_follows_a_refusal_is_not_answered),
        TEST(a_refusal_on_a_used_connection_closes_it),
        TEST(a_refused_head_request_has_no_body),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
