/*
 * test_work_refused.c - where an outbound call may not go, however the place is written, and what
 * it may not say: refused before a byte is sent.
 */
#include "work/work.h"

#include "work_world.h"

static const struct {
    const char *host;
    const char *allowed;
    enum work_end end;
} addresses[] = {
    {"127.0.0.1",          NULL,                   WORK_REFUSED },
    {"localhost",          NULL,                   WORK_REFUSED },
    {"127.9.9.9",          NULL,                   WORK_REFUSED },
    {"0x7f.1",             NULL,                   WORK_REFUSED },
    {"2130706433",         NULL,                   WORK_REFUSED },
    {"017700000001",       NULL,                   WORK_REFUSED },
    {"127.1",              NULL,                   WORK_REFUSED },
    {"0",                  NULL,                   WORK_REFUSED },
    {"0.0.0.0",            NULL,                   WORK_REFUSED },
    {"[::1]",              NULL,                   WORK_REFUSED },
    {"[::]",               NULL,                   WORK_REFUSED },
    {"[::ffff:127.0.0.1]", NULL,                   WORK_REFUSED },
    {"[::ffff:7f00:1]",    NULL,                   WORK_REFUSED },
    {"[::127.0.0.1]",      NULL,                   WORK_REFUSED },
    {"[64:ff9b::7f00:1]",  NULL,                   WORK_REFUSED },
    {"[64:ff9b:1::1]",     NULL,                   WORK_REFUSED },
    {"[2002:7f00:1::]",    NULL,                   WORK_REFUSED },
    {"[2001::1]",          NULL,                   WORK_REFUSED },
    {"[fd00:ec2::254]",    NULL,                   WORK_REFUSED },
    {"[fc00::1]",          NULL,                   WORK_REFUSED },
    {"[fe80::1]",          NULL,                   WORK_REFUSED },
    {"[ff02::1]",          NULL,                   WORK_REFUSED },
    {"169.254.169.254",    NULL,                   WORK_REFUSED },
    {"169.254.169.254",    "127.0.0.0/8",          WORK_REFUSED },
    {"10.0.0.1",           NULL,                   WORK_REFUSED },
    {"172.16.0.1",         NULL,                   WORK_REFUSED },
    {"172.31.255.255",     NULL,                   WORK_REFUSED },
    {"192.168.1.1",        NULL,                   WORK_REFUSED },
    {"100.64.0.1",         NULL,                   WORK_REFUSED },
    {"100.127.255.255",    NULL,                   WORK_REFUSED },
    {"198.19.0.1",         NULL,                   WORK_REFUSED },
    {"192.0.0.8",          NULL,                   WORK_REFUSED },
    {"224.0.0.1",          NULL,                   WORK_REFUSED },
    {"239.255.255.250",    NULL,                   WORK_REFUSED },
    {"240.0.0.1",          NULL,                   WORK_REFUSED },
    {"255.255.255.255",    NULL,                   WORK_REFUSED },
    {"127.0.0.1",          "127.0.0.2/32",         WORK_REFUSED },
    {"127.0.0.1",          "127.0.0.0/31",         WORK_ANSWERED},
    {"0x7f.1",             "127.0.0.1/32",         WORK_ANSWERED},
    {"localhost",          "127.0.0.1/32",         WORK_ANSWERED},
    {"[::ffff:127.0.0.1]", "127.0.0.1/32",         WORK_ANSWERED},
    {"127.0.0.1",          "::ffff:127.0.0.0/120", WORK_ANSWERED},
    {"127.0.0.1",          "::/0",                 WORK_ANSWERED},
    {"127.0.0.1",          "0.0.0.0/0",            WORK_ANSWERED},
    {"[fe80::1]",          "0.0.0.0/0",            WORK_REFUSED },
};

static void addresses_that_are_not_public_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        struct world world;
        struct work_call call;
        const struct work_answer *answer;

        world_open(&world, 1, addresses[i].allowed);
        call = world_get(&world, 1, "/");
        call.url =
            arena_printf(world.arena, "http://%s:%u/ok", addresses[i].host, world.server.port);
        answer = world_call(&world, &call);
        if (answer->end != addresses[i].end)
            print_error("%s (%s): %d %s\n", addresses[i].host, addresses[i].allowed, answer->end,
                        answer->cause);
        assert_int_equal(answer->end, addresses[i].end);
        assert_int_equal(atomic_load(&world.server.connection_count),
                         addresses[i].end == WORK_ANSWERED);
        world_close(&world);
    }
}

static const char *const bad_urls[] = {
    "",
    "x",
    "127.0.0.1/ok",
    "//127.0.0.1/ok",
    "http://",
    "http:///ok",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1/",
    "unix:///run/x",
    "ws://127.0.0.1/",
    "http://user:pass@127.0.0.1/",
    "http://user@127.0.0.1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://[::1/",
    "http://a b/",
    "http://127.0.0.1/a\r\nX: y",
    "http://127.0.0.1\n/",
};

static void urls_that_are_not_web_addresses_are_refused(void **state)
{
    struct world world;
    struct work_call call;

    (void)state;
    world_open(&world, 2, "0.0.0.0/0");
    for (size_t i = 0; i < ARRAY_SIZE(bad_urls); i++) {
        const struct work_answer *answer;

        call = world_get(&world, 1, "/");
        call.url = bad_urls[i];
        answer = world_call(&world, &call);
        if (answer->end != WORK_REFUSED)
            print_error("%s: %d %s\n", bad_urls[i], answer->end, answer->cause);
        assert_int_equal(answer->end, WORK_REFUSED);
    }
    call.url = arena_printf(world.arena, "http://127.0.0.1/%0*d", LIMIT_WORK_URL_BYTES, 1);
    assert_int_equal(world_call(&world, &call)->end, WORK_REFUSED);
    assert_int_equal(atomic_load(&world.server.connection_count), 0);
    world_close(&world);
}

static const struct work_header bad_fields[] = {
    {"",                    "x"           },
    {"a b",                 "x"           },
    {"a:",                  "x"           },
    {"a\r\nb",              "x"           },
    {"\303\244",            "x"           },
    {"X-A",                 "x\r\nX-B: y" },
    {"X-A",                 "x\ny"        },
    {"X-A",                 "x\001"       },
    {"X-A",                 "x\177"       },
    {"host",                "example.com" },
    {"Content-Length",      "3"           },
    {"transfer-encoding",   "chunked"     },
    {"Connection",          "close"       },
    {"Proxy-Authorization", "x"           },
    {"Upgrade",             "h2c"         },
    {"Expect",              "100-continue"},
};

static const char *const bad_methods[] = {
    "", "get", "G T", "GET\r\n", "CONNECT", "TRACE", "ABCDEFGHIJKLMNOPQ"};

static void what_would_break_the_framing_is_refused(void **state)
{
    struct world world;
    struct work_call call;

    (void)state;
    world_open(&world, 2, "127.0.0.0/8");
    call = world_get(&world, 1, "/echo");
    call.header_count = 1;
    for (size_t i = 0; i < ARRAY_SIZE(bad_fields); i++) {
        const struct work_answer *answer;

        call.headers = &bad_fields[i];
        answer = world_call(&world, &call);
        if (answer->end != WORK_REFUSED)
            print_error("%s: %s\n", bad_fields[i].name, bad_fields[i].value);
        assert_int_equal(answer->end, WORK_REFUSED);
    }
    call.header_count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(bad_methods); i++) {
        call.method = bad_methods[i];
        assert_int_equal(world_call(&world, &call)->end, WORK_REFUSED);
    }
    assert_int_equal(atomic_load(&world.server.connection_count), 0);
    world_close(&world);
}

static void a_range_that_is_none_is_told_at_once(void **state)
{
    static const char *const bad[] = {
        "",
        "127.0.0.1",
        "127.0.0.0/33",
        "127.0.0.0/",
        "127.0.0.0/8x",
        "127.0.0/8",
        "::1/129",
        "::1/-1",
        "::g/8",
        "x/8",
        "/8",
        "::1/ 8",
        "1.2.3.4/8/8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/8",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct work_config config = {.allowed = &bad[i], .allowed_count = 1, .calls_max = 1};
        struct work *work = NULL;

        assert_err(work_open(&config, &work), ERR_INVALID_REQUEST);
        assert_null(work);
    }
    work_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_are_not_public_are_refused),
        cmocka_unit_test(urls_that_are_not_web_addresses_are_refused),
        cmocka_unit_test(what_would_break_the_framing_is_refused),
        cmocka_unit_test(a_range_that_is_none_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
