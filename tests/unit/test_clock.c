/*
 * test_clock.c - time never goes back, stands still when told to, and reads and writes RFC 3339.
 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/check.h"
#include "unit.h"

static void a_fake_clock_stands_still_until_it_is_moved(void **state)
{
    struct clock clock;

    (void)state;
    clock_init_fake(&clock, 5000);
    assert_int_equal(clock_now_ms(&clock), 5000);
    assert_int_equal(clock_now_ms(&clock), 5000);
    clock_move(&clock, 250);
    assert_int_equal(clock_now_ms(&clock), 5250);
}

static void a_clock_never_goes_back(void **state)
{
    struct clock clock;

    (void)state;
    clock_init_fake(&clock, 5000);
    clock_now_ms(&clock);
    clock_move(&clock, -1000);
    assert_int_equal(clock_now_ms(&clock), 5000);
    clock_move(&clock, 1001);
    assert_int_equal(clock_now_ms(&clock), 5001);
}

static void the_system_clock_tells_the_present(void **state)
{
    struct clock clock;
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now;

    (void)state;
    clock_init_system(&clock);
    now = clock_now_ms(&clock);
    assert_true(now >= before);
    assert_true(now < before + 10000);
    assert_true(clock_monotonic_us() <= clock_monotonic_us());
}

static const struct {
    const char *text;
    int64_t ms;
    const char *printed;
} clock_good[] = {
    {"1970-01-01T00:00:00Z",           0,               "1970-01-01T00:00:00.000Z"},
    {"1969-12-31T23:59:59.999Z",       -1,              "1969-12-31T23:59:59.999Z"},
    {"2024-02-29T12:34:56.7Z",         1709210096700,   "2024-02-29T12:34:56.700Z"},
    {"2000-02-29T00:00:00Z",           951782400000,    "2000-02-29T00:00:00.000Z"},
    {"2026-11-23T04:05:06.123456789Z", 1795406706123,   "2026-11-23T04:05:06.123Z"},
    {"2026-11-23T04:05:06+05:30",      1795386906000,   "2026-11-22T22:35:06.000Z"},
    {"2026-11-23T04:05:06-00:00",      1795406706000,   "2026-11-23T04:05:06.000Z"},
    {"2016-12-31T23:59:60Z",           1483228800000,   "2017-01-01T00:00:00.000Z"},
    {"2016-12-31T18:59:60-05:00",      1483228800000,   "2017-01-01T00:00:00.000Z"},
    {"0000-01-01T00:00:00Z",           -62167219200000, "0000-01-01T00:00:00.000Z"},
    {"9999-12-31T23:59:59.999Z",       253402300799999, "9999-12-31T23:59:59.999Z"},
};

static void timestamps_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(clock_good); i++) {
        char text[CLOCK_TEXT_BYTES];
        int64_t ms;

        assert_true(clock_parse(clock_good[i].text, strlen(clock_good[i].text), &ms));
        assert_int_equal(ms, clock_good[i].ms);
        clock_format(ms, text);
        assert_string_equal(text, clock_good[i].printed);
    }
}

static const char *const clock_bad[] = {
    "",
    "2026",
    "2026-11-23",
    "2026-11-23T04:05:06",
    "2026-11-23t04:05:06Z",
    "2026-11-23T04:05:06z",
    "2026-11-23 04:05:06Z",
    "2026-11-23T04:05Z",
    "2026-11-23T04:05:06.Z",
    "2026-11-23T04:05:06,5Z",
    "2026-13-23T04:05:06Z",
    "2026-00-23T04:05:06Z",
    "2026-11-31T04:05:06Z",
    "2026-11-00T04:05:06Z",
    "2025-02-29T04:05:06Z",
    "1900-02-29T04:05:06Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T04:60:06Z",
    "2026-11-23T04:05:61Z",
    "2026-11-23T04:05:60Z",
    "2026-11-23T04:05:06+0530",
    "2026-11-23T04:05:06+24:00",
    "2026-11-23T04:05:06+05:60",
    "2026-11-23T04:05:06+05",
    "2026-11-23T04:05:06Z ",
    " 2026-11-23T04:05:06Z",
    "2026-11-23T04:05:06ZZ",
    "+2026-11-23T04:05:06Z",
    "2026-1-23T04:05:06Z",
};

static void anything_else_is_refused(void **state)
{
    int64_t ms = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(clock_bad); i++) {
        if (clock_parse(clock_bad[i], strlen(clock_bad[i]), &ms))
            fail_msg("accepted: %s", clock_bad[i]);
    }
    assert_int_equal(ms, 77);
    assert_false(clock_parse("2026-11-23T04:05:06Z", 19, &ms));
}

static void every_day_of_four_centuries_agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t day = -25567; day < 120000; day++) {
        char text[CLOCK_TEXT_BYTES], expected[40];
        time_t seconds = (time_t)(day * 86400 + 43199);
        struct tm parts;
        int64_t ms;

        assert_non_null(gmtime_r(&seconds, &parts));
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
        clock_format((int64_t)seconds * 1000, text);
        assert_string_equal(text, expected);
        assert_true(clock_parse(text, strlen(text), &ms));
        assert_int_equal(ms, (int64_t)seconds * 1000);
    }
}

static void a_time_outside_four_digit_years_is_shown_as_the_nearest(void **state)
{
    char text[CLOCK_TEXT_BYTES];

    (void)state;
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fake_clock_stands_still_until_it_is_moved),
        cmocka_unit_test(a_clock_never_goes_back),
        cmocka_unit_test(the_system_clock_tells_the_present),
        cmocka_unit_test(timestamps_are_read_and_written),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(every_day_of_four_centuries_agrees_with_the_library),
        cmocka_unit_test(a_time_outside_four_digit_years_is_shown_as_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
