/*
 * test_metric.c - counts of many threads add up, and the text is what Prometheus reads.
 */
#include "base/metric.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "unit.h"

static const char *printed(struct arena *arena)
{
    struct buf buf;

    buf_init(&buf, arena, 1 << 20);
    metric_print(&buf);
    assert_false(buf.overflow);
    return buf.data;
}

static void counters_and_gauges_are_printed_with_help_and_type(void **state)
{
    struct arena *arena = arena_new();
    const char *text;

    (void)state;
    metric_add(METRIC_HALTS, 2);
    metric_add(METRIC_HALTS, 1);
    metric_set(METRIC_HTTP_PARKED, 10);
    metric_add(METRIC_HTTP_PARKED, -3);
    assert_int_equal(metric_value(METRIC_HALTS), 3);
    text = printed(arena);
    assert_non_null(strstr(text, "# HELP fermata_halts_total Halts committed\n"
                                 "# TYPE fermata_halts_total counter\nfermata_halts_total 3\n"));
    assert_non_null(strstr(text, "# TYPE fermata_http_parked gauge\nfermata_http_parked 7\n"));
    assert_int_equal(text[strlen(text) - 1], '\n');
    arena_free(arena);
}

static void a_histogram_counts_into_powers_of_two(void **state)
{
    static const int64_t values[] = {0, 1, 2, 3, 4, 5, 1 << 24, (1 << 24) + 1};
    struct arena *arena = arena_new();
    const char *text;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        metric_observe(METRIC_COMMIT_US, values[i]);
    text = printed(arena);
    assert_non_null(strstr(text, "# TYPE fermata_commit_microseconds histogram\n"
                                 "fermata_commit_microseconds_bucket{le=\"1\"} 2\n"
                                 "fermata_commit_microseconds_bucket{le=\"2\"} 3\n"
                                 "fermata_commit_microseconds_bucket{le=\"4\"} 5\n"
                                 "fermata_commit_microseconds_bucket{le=\"8\"} 6\n"));
    assert_non_null(strstr(text, "fermata_commit_microseconds_bucket{le=\"8388608\"} 6\n"
                                 "fermata_commit_microseconds_bucket{le=\"16777216\"} 7\n"
                                 "fermata_commit_microseconds_bucket{le=\"+Inf\"} 8\n"
                                 "fermata_commit_microseconds_sum 33554448\n"
                                 "fermata_commit_microseconds_count 8\n"));
    assert_int_equal(metric_value(METRIC_COMMIT_US), 8);
    arena_free(arena);
}

enum { THREADS = 4, EACH = 20000 };

static void *metric_count(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++) {
        metric_add(METRIC_STATES, 1);
        metric_observe(METRIC_BATCH_COMMANDS, i);
    }
    return NULL;
}

static void no_update_of_any_thread_is_lost(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, metric_count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_value(METRIC_STATES), THREADS * EACH);
    assert_int_equal(metric_value(METRIC_BATCH_COMMANDS), THREADS * EACH);
}

static void what_is_held_counts_when_it_has_happened(void **state)
{
    int64_t before = metric_value(METRIC_TURNS);

    (void)state;
    metric_hold();
    metric_add(METRIC_TURNS, 5);
    assert_int_equal(metric_value(METRIC_TURNS), before);
    metric_settle(false);
    assert_int_equal(metric_value(METRIC_TURNS), before);
    metric_hold();
    metric_add(METRIC_TURNS, 2);
    metric_add(METRIC_TURNS, 1);
    metric_set(METRIC_SCHEDULE_RESIDUE, 4);
    assert_int_equal(metric_value(METRIC_SCHEDULE_RESIDUE), 4); /* a gauge says what is now */
    metric_settle(true);
    metric_settle(true);
    assert_int_equal(metric_value(METRIC_TURNS), before + 3);
    metric_add(METRIC_TURNS, 1);
    assert_int_equal(metric_value(METRIC_TURNS), before + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges_are_printed_with_help_and_type),
        cmocka_unit_test(a_histogram_counts_into_powers_of_two),
        cmocka_unit_test(what_is_held_counts_when_it_has_happened),
        cmocka_unit_test(no_update_of_any_thread_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
