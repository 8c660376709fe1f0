/*
 * metric.c - counters, gauges and histograms, in Prometheus' text format.
 *
 * A histogram's buckets are the powers of two from 1 to 2^24: one table fits microseconds,
 * milliseconds and counts. The parts of a histogram are updated one by one, so that a reader may
 * see an observation in its bucket a moment before it is in the sum.
 */
#include "base/metric.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

enum { METRIC_BUCKETS = 25 };

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE, METRIC_KIND_HISTOGRAM };

struct metric_row {
    enum metric_kind kind;
    const char *name;
    const char *help;
};

#define METRIC_ROW(id, kind, text, help) {METRIC_KIND_##kind, text, help},
static const struct metric_row metric_rows[] = {METRIC_LIST(METRIC_ROW)};
#undef METRIC_ROW
_Static_assert(ARRAY_SIZE(metric_rows) == METRIC_COUNT, "one row a metric");

static const char *const metric_kind_names[] = {"counter", "gauge", "histogram"};

/* value: of a counter or gauge, or how many observations; sum and buckets (the last is +Inf):
 * histograms. */
static struct {
    _Atomic int64_t value;
    _Atomic int64_t sum;
    _Atomic int64_t buckets[METRIC_BUCKETS + 1];
} metric_cells[METRIC_COUNT];

static _Thread_local struct {
    bool is_on;
    int64_t by[METRIC_COUNT];
} metric_held;

void metric_hold(void)
{
    memset(&metric_held, 0, sizeof(metric_held));
    metric_held.is_on = true;
}

void metric_settle(bool has_happened)
{
    if (!metric_held.is_on)
        return;
    metric_held.is_on = false;
    for (size_t i = 0; i < METRIC_COUNT && has_happened; i++) {
        if (metric_held.by[i])
            metric_add((enum metric)i, metric_held.by[i]);
    }
}

void metric_add(enum metric metric, int64_t by)
{
    CHECK(metric_rows[metric].kind != METRIC_KIND_HISTOGRAM);
    if (metric_held.is_on && metric_rows[metric].kind == METRIC_KIND_COUNTER) {
        metric_held.by[metric] += by;
        return;
    }
    atomic_fetch_add_explicit(&metric_cells[metric].value, by, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    CHECK(metric_rows[metric].kind == METRIC_KIND_GAUGE);
    atomic_store_explicit(&metric_cells[metric].value, value, memory_order_relaxed);
}

void metric_observe(enum metric metric, int64_t value)
{
    size_t bucket = 0;

    CHECK(metric_rows[metric].kind == METRIC_KIND_HISTOGRAM);
    while (bucket < METRIC_BUCKETS && value > INT64_C(1) << bucket)
        bucket++;
    atomic_fetch_add_explicit(&metric_cells[metric].buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric_cells[metric].sum, value, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric_cells[metric].value, 1, memory_order_relaxed);
}

int64_t metric_value(enum metric metric)
{
    return atomic_load_explicit(&metric_cells[metric].value, memory_order_relaxed);
}

static void metric_print_histogram(struct buf *buf, const char *name, enum metric metric)
{
    int64_t count = 0;

    for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
        count += atomic_load_explicit(&metric_cells[metric].buckets[i], memory_order_relaxed);
        buf_printf(buf, "%s_bucket{le=\"", name);
        if (i < METRIC_BUCKETS)
            buf_int(buf, INT64_C(1) << i);
        else
            buf_text(buf, "+Inf");
        buf_printf(buf, "\"} %lld\n", (long long)count);
    }
    buf_printf(buf, "%s_sum %lld\n", name,
               (long long)atomic_load_explicit(&metric_cells[metric].sum, memory_order_relaxed));
    /* The buckets' own total, not `value`: the format wants it equal to the +Inf bucket. */
    buf_printf(buf, "%s_count %lld\n", name, (long long)count);
}

void metric_print(struct buf *buf)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_row *row = &metric_rows[i];

        buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                   metric_kind_names[row->kind]);
        if (row->kind == METRIC_KIND_HISTOGRAM)
            metric_print_histogram(buf, row->name, (enum metric)i);
        else
            buf_printf(buf, "%s %lld\n", row->name, (long long)metric_value((enum metric)i));
    }
}
