/*
 * test_redis.c - a connection to Redis: to a real one, and to one that says whatever it likes.
 *
 * The real one is the test's own; where there is no redis-server the test says so and is skipped.
 * The other is a thread with a socket.
 */
#include "redis/redis.h"

#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "unit/own_redis.h"
#include "unit/redis_liar.h"

enum { CALL_MS = 300, CALLS = 20, RETRY_MS = 250 };

/* ---- asking ---- */

struct asker {
    struct redis *redis;
    struct arena *arena;
};

static void asker_open(struct asker *asker, const char *url)
{
    assert_ok(redis_new(url, CALL_MS, &asker->redis));
    asker->arena = arena_new();
}

static void asker_close(struct asker *asker)
{
    redis_free(asker->redis);
    arena_free(asker->arena);
}

static enum err ask(struct asker *asker, const char *word, const struct redis_value **ret)
{
    const char *words[] = {word};
    const struct redis_command command = {.words = words, .count = 1};

    return redis_call(asker->redis, asker->arena, &command, 1, ret);
}

static bool is_answered(struct asker *asker)
{
    const struct redis_value *value;

    return ask(asker, "PING", &value) == ERR_OK;
}

/* ---- names ---- */

static void a_url_is_redis_or_a_socket(void **state)
{
    static const char *const good[] = {
        "redis://h",           "redis://h:1",        "redis://h:65535/7",   "redis://:p@h",
        "redis://u:p%40p@h/0", "redis://[::1]:6380", "unix:///run/redis.s", "unix:///s?db=3",
    };
    static const char *const bad[] = {
        "",
        "redis://",
        "http://h",
        "rediss://h",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:1x",
        "redis://h:",
        "redis://h/x",
        "redis://h/1/2",
        "redis://[::1",
        "redis://u:%0g@h",
        "redis://u:%00@h",
        "unix://relative",
        "unix:///s?x=1",
        "redis://u:p@",
        "redis://h /1",
        "redis://h\n",
    };
    struct redis *redis;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        if (redis_new(good[i], CALL_MS, &redis))
            fail_msg("refused: %s", good[i]);
        redis_free(redis);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (redis_new(bad[i], CALL_MS, &redis) != ERR_INVALID_REQUEST)
            fail_msg("taken: %s", bad[i]);
    }
    redis_free(NULL);
}

/* ---- a server that lies ---- */

/* What is no answer ends the call and the connection, in bounded memory and time. */
static void assert_refused(const struct liar *form, const char *what)
{
    const struct redis_value *value;
    struct liar *liar = liar_open(form);
    struct asker asker;

    asker_open(&asker, liar->url);
    if (ask(&asker, "GET", &value) != ERR_UNAVAILABLE)
        fail_msg("taken for an answer: %s", what);
    assert_false(redis_is_up(asker.redis));
    assert_true(atomic_load(&liar->sent) < 2 * (int64_t)LIMIT_REDIS_BYTES);
    asker_close(&asker);
    liar_close(NULL);
}

static void what_is_no_answer_ends_the_connection(void **state)
{
    static const char *const lies[] = {
        "what?\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\0\0\0\0\r\n",
        ":99999999999999999999999\r\n",
        ":\r\n",
        "$-7\r\n",
        "$99999999999999999999\r\n",
        "*-7\r\n",
        "*2147483647\r\n",
        "*100001\r\n",
        "*99999999999999999999\r\n",
        "*2\r\n*60000\r\n:1\r\n",
        "$3\r\nab",
        "*2\r\n+one\r\n",
        "+no end",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        const struct liar liar = {.answer = lies[i], .len = lies[i][0] ? strlen(lies[i]) : 6};

        assert_refused(&liar, lies[i]);
    }
}

static void an_answer_that_is_cut_off_is_none(void **state)
{
    const struct liar liar = {.answer = "$10\r\nabc", .len = 8, .closes = true};

    (void)state;
    assert_refused(&liar, "half an answer");
}

/* 512 MB of text are promised and sent; nesting and lines have no end. */
static void an_answer_without_end_is_not_kept(void **state)
{
    static char zeros[1 << 16];
    const struct liar liars[] = {
        {.answer = "*1\r\n",                        .len = 4,             .repeats = true},
        {.answer = "+aaaaaaaaaaaaaaaaaaaaaaaaaaaa", .len = 29,            .repeats = true},
        {.answer = zeros,                           .len = sizeof(zeros), .repeats = true},
    };

    (void)state;
    memset(zeros, 'a', sizeof(zeros));
    memcpy(zeros, "$536870912\r\n", 12);
    for (size_t i = 0; i < ARRAY_SIZE(liars); i++)
        assert_refused(&liars[i], "no end");
}

/* Else every later question would get the answer of the one before. */
static void an_answer_too_many_is_not_that_of_the_next_question(void **state)
{
    static const char lie[] = "+one\r\n+two\r\n";
    const struct liar liar = {.answer = lie, .len = sizeof(lie) - 1, .is_honest_later = true};
    const struct redis_value *value;
    struct asker asker;

    (void)state;
    liar_open(&liar);
    asker_open(&asker, the_liar->url);
    if (!ask(&asker, "GET", &value))
        assert_string_equal(value->text, "one");
    await(is_answered(&asker));
    assert_ok(ask(&asker, "GET", &value));
    assert_string_equal(value->text, "PONG");
    asker_close(&asker);
    liar_close(NULL);
}

/* It may be on its way just when we ask; but answers do not stay those of the question before. */
static void what_was_said_unasked_ends_the_connection(void **state)
{
    static const char lie[] = "+one\r\n";
    const struct liar liar = {
        .answer = lie, .len = sizeof(lie) - 1, .speaks_unasked = true, .is_honest_later = true};
    const struct redis_value *value;
    struct asker asker;

    (void)state;
    liar_open(&liar);
    asker_open(&asker, the_liar->url);
    assert_ok(ask(&asker, "GET", &value));
    assert_string_equal(value->text, "one");
    await(atomic_load(&the_liar->unasked) == 1);
    await(ask(&asker, "GET", &value) == ERR_UNAVAILABLE);
    await(is_answered(&asker));
    assert_ok(ask(&asker, "GET", &value));
    assert_string_equal(value->text, "PONG");
    asker_close(&asker);
    liar_close(NULL);
}

static void a_server_that_cannot_serve_now_is_left_and_tried_again(void **state)
{
    static const char *const refusals[] = {
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-MOVED 3999 127.0.0.1:6381\r\n",
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-BUSY Redis is busy running a script.\r\n",
        "-NOAUTH Authentication required.\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n",
        "-MISCONF Redis is configured to save RDB snapshots\r\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        const struct liar liar = {
            .answer = refusals[i], .len = strlen(refusals[i]), .is_honest_later = true};
        const struct redis_value *value;
        struct asker asker;

        liar_open(&liar);
        asker_open(&asker, the_liar->url);
        if (ask(&asker, "GET", &value) != ERR_UNAVAILABLE || redis_is_up(asker.redis))
            fail_msg("taken: %s", refusals[i]);
        await(is_answered(&asker));
        assert_true(redis_is_up(asker.redis));
        asker_close(&asker);
        liar_close(NULL);
    }
}

/* The commands that we may not use are not all that we need. */
static void other_errors_are_answers(void **state)
{
    static const char *const errors[] = {"-ERR no such thing\r\n", "-WRONGTYPE of a key\r\n",
                                         "-NOPERM this user has no permissions\r\n",
                                         "-BUSYGROUP is there already\r\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        const struct liar liar = {.answer = errors[i], .len = strlen(errors[i])};
        const struct redis_value *value;
        struct asker asker;

        liar_open(&liar);
        asker_open(&asker, the_liar->url);
        if (ask(&asker, "GET", &value))
            fail_msg("the connection was closed: %s", errors[i]);
        assert_int_equal(value->type, REDIS_ERROR);
        assert_true(redis_is_up(asker.redis));
        asker_close(&asker);
        liar_close(NULL);
    }
}

static void a_lost_server_is_not_asked_more_often_than_it_should(void **state)
{
    const struct liar liar = {.answer = "?\r\n", .len = 3};
    int64_t started_us, tries_most;
    struct asker asker;

    (void)state;
    liar_open(&liar);
    asker_open(&asker, the_liar->url);
    started_us = clock_monotonic_us();
    while (atomic_load(&the_liar->connections) < 3) {
        const struct redis_value *value;

        assert_err(ask(&asker, "GET", &value), ERR_UNAVAILABLE);
        arena_reset(asker.arena);
    }
    tries_most = (clock_monotonic_us() - started_us) / (RETRY_MS * 1000) + 1;
    assert_true(atomic_load(&the_liar->connections) <= tries_most);
    asker_close(&asker);
    liar_close(NULL);
}

/* ---- messages of a server that lies ---- */

static void a_message_may_come_in_pieces_and_garbage_ends_the_connection(void **state)
{
    static const char lie[] = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
                              "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\ntext\r\n"
                              "*2\r\n$7\r\nmessage\r\n$1\r\nc\r\n*3\r\n:1\r\n:2\r\n:3\r\n"
                              "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nagain\r\n*3\r\n!";
    const struct liar liar = {.answer = lie, .len = sizeof(lie) - 1};
    const char *text = NULL;
    struct asker asker;
    enum err err = ERR_OK;

    (void)state;
    liar_open(&liar);
    asker_open(&asker, the_liar->url);
    assert_ok(redis_subscribe(asker.redis, "c"));
    while (!text)
        assert_ok(redis_await(asker.redis, asker.arena, -1, CALL_MS, &text));
    assert_string_equal(text, "text");
    for (text = NULL; !text;)
        assert_ok(redis_await(asker.redis, asker.arena, -1, CALL_MS, &text));
    assert_string_equal(text, "again");
    for (int i = 0; i < CALLS && !err; i++)
        err = redis_await(asker.redis, asker.arena, -1, CALL_MS, &text);
    assert_int_equal(err, ERR_UNAVAILABLE);
    asker_close(&asker);
    liar_close(NULL);
}

/* ---- a real one ---- */

static int setup(void **state)
{
    struct own_redis *own = xalloc(sizeof(*own));

    own_redis_prepare(own);
    own_redis_start(own);
    *state = own;
    return 0;
}

static int teardown(void **state)
{
    own_redis_remove(*state);
    free(*state);
    return 0;
}

static struct own_redis *own_or_skip(void **state)
{
    struct own_redis *own = *state;

    if (own->is_absent)
        skip();
    return own;
}

static void many_commands_are_answered_in_their_order(void **state)
{
    struct own_redis *own = own_or_skip(state);
    const char *set[] = {"SET", "k", "a\0b"}, *get[] = {"GET", "k"}, *push[] = {"LPUSH", "k", "x"};
    const char *none[] = {"GET", "none"}, *keys[] = {"KEYS", "*"}, *count[] = {"DBSIZE"};
    const size_t lens[] = {3, 1, 3};
    const struct redis_command commands[] = {
        {set,   lens, 3},
        {get,   NULL, 2},
        {push,  NULL, 3},
        {none,  NULL, 2},
        {keys,  NULL, 2},
        {count, NULL, 1},
    };
    const struct redis_value *values;
    struct asker asker;

    asker_open(&asker, own->url);
    assert_ok(redis_call(asker.redis, asker.arena, commands, ARRAY_SIZE(commands), &values));
    assert_string_equal(values[0].text, "OK");
    assert_int_equal(values[1].len, 3);
    assert_memory_equal(values[1].text, "a\0b", 4);
    assert_int_equal(values[2].type, REDIS_ERROR);
    assert_int_equal(values[3].type, REDIS_NULL);
    assert_int_equal(values[4].type, REDIS_LIST);
    assert_string_equal(values[4].items[0].text, "k");
    assert_int_equal(values[5].integer, 1);
    assert_true(redis_is_up(asker.redis));
    asker_close(&asker);
}

static void a_script_is_known_again_after_it_was_forgotten(void **state)
{
    struct own_redis *own = own_or_skip(state);
    const char *keys[] = {"k"}, *args[] = {"7"};
    const struct redis_script script = {"return {KEYS[1], tonumber(ARGV[1])}", keys, args, 1, 1};
    struct asker asker;

    asker_open(&asker, own->url);
    for (int i = 0; i < 3; i++) {
        const struct redis_value *value;

        assert_ok(redis_script(asker.redis, asker.arena, &script, &value));
        assert_int_equal(value->count, 2);
        assert_string_equal(value->items[0].text, "k");
        assert_int_equal(value->items[1].integer, 7);
        own_redis_do(own, "SCRIPT FLUSH");
    }
    asker_close(&asker);
}

static void user_password_and_database_are_those_of_the_url(void **state)
{
    struct own_redis *own = own_or_skip(state);
    static const struct {
        const char *login;
        bool is_let_in;
    } logins[] = {
        {"op:s%3acret%40@", true },
        {":other@",         true },
        {"",                false},
        {":wrong@",         false}
    };

    own_redis_do(own, "CONFIG SET port 21299");
    own_redis_do(own, "ACL SETUSER op on >s:cret@ ~* +@all");
    own_redis_do(own, "CONFIG SET requirepass other");
    for (size_t i = 0; i < ARRAY_SIZE(logins); i++) {
        const char *words[] = {"CLIENT", "LIST"};
        const struct redis_command command = {.words = words, .count = 2};
        const struct redis_value *value;
        struct asker asker;
        char url[128];
        enum err err;

        snprintf(url, sizeof(url), "redis://%s127.0.0.1:21299/5", logins[i].login);
        asker_open(&asker, url);
        err = redis_call(asker.redis, asker.arena, &command, 1, &value);
        assert_int_equal(err, logins[i].is_let_in ? ERR_OK : ERR_UNAVAILABLE);
        if (!err)
            assert_non_null(strstr(value->text, "db=5"));
        asker_close(&asker);
    }
}

static void a_server_that_hangs_is_given_up_and_found_again(void **state)
{
    struct own_redis *own = own_or_skip(state);
    struct asker asker;

    asker_open(&asker, own->url);
    assert_true(is_answered(&asker));
    kill(own->pid, SIGSTOP);
    assert_false(is_answered(&asker));
    assert_false(redis_is_up(asker.redis));
    kill(own->pid, SIGCONT);
    await(is_answered(&asker));
    assert_true(redis_is_up(asker.redis));
    asker_close(&asker);
}

static void a_server_that_comes_late_is_found(void **state)
{
    struct own_redis *own = own_or_skip(state);
    struct asker asker;

    own_redis_kill(own);
    unlink(own->socket);
    asker_open(&asker, own->url);
    assert_false(is_answered(&asker));
    own_redis_start(own);
    await(is_answered(&asker));
    own_redis_kill(own);
    assert_false(is_answered(&asker));
    unlink(own->socket);
    own_redis_start(own);
    await(is_answered(&asker));
    asker_close(&asker);
}

static void messages_of_a_channel_come_until_somebody_wakes_us(void **state)
{
    struct own_redis *own = own_or_skip(state);
    const uint64_t one = 1;
    int wake_fd = eventfd(0, EFD_CLOEXEC);
    const char *text = "";
    struct asker asker;

    asker_open(&asker, own->url);
    assert_err(redis_await(asker.redis, asker.arena, -1, 0, &text), ERR_UNAVAILABLE);
    assert_ok(redis_subscribe(asker.redis, "c"));
    assert_ok(redis_await(asker.redis, asker.arena, wake_fd, 0, &text));
    assert_null(text);
    assert_int_equal(own_redis_count(own, "PUBLISH c one"), 1);
    assert_int_equal(own_redis_count(own, "PUBLISH c two"), 1);
    while (!text)
        assert_ok(redis_await(asker.redis, asker.arena, wake_fd, OWN_REDIS_MS, &text));
    assert_string_equal(text, "one");
    for (text = NULL; !text;)
        assert_ok(redis_await(asker.redis, asker.arena, wake_fd, OWN_REDIS_MS, &text));
    assert_string_equal(text, "two");
    assert_int_equal(write(wake_fd, &one, sizeof(one)), sizeof(one));
    assert_ok(redis_await(asker.redis, asker.arena, wake_fd, INT32_MAX, &text));
    assert_null(text);
    asker_close(&asker);
    close(wake_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_redis_or_a_socket),
        cmocka_unit_test_teardown(what_is_no_answer_ends_the_connection, liar_close),
        cmocka_unit_test_teardown(an_answer_that_is_cut_off_is_none, liar_close),
        cmocka_unit_test_teardown(an_answer_without_end_is_not_kept, liar_close),
        cmocka_unit_test_teardown(an_answer_too_many_is_not_that_of_the_next_question, liar_close),
        cmocka_unit_test_teardown(what_was_said_unasked_ends_the_connection, liar_close),
        cmocka_unit_test_teardown(a_server_that_cannot_serve_now_is_left_and_tried_again,
                                  liar_close),
        cmocka_unit_test_teardown(other_errors_are_answers, liar_close),
        cmocka_unit_test_teardown(a_lost_server_is_not_asked_more_often_than_it_should, liar_close),
        cmocka_unit_test_teardown(a_message_may_come_in_pieces_and_garbage_ends_the_connection,
                                  liar_close),
        cmocka_unit_test_setup_teardown(many_commands_are_answered_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_script_is_known_again_after_it_was_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(user_password_and_database_are_those_of_the_url, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_server_that_hangs_is_given_up_and_found_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_server_that_comes_late_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_of_a_channel_come_until_somebody_wakes_us, setup,
                                        teardown),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
