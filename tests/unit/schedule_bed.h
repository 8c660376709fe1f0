/*
 * schedule_bed.h - two nodes' schedules over a Redis of the test's own, and what they were handed.
 *
 * The truth is a schema of the test's own in PostgreSQL. Time stands still unless it is moved.
 */
#ifndef FERMATA_TESTS_SCHEDULE_BED_H
#define FERMATA_TESTS_SCHEDULE_BED_H

#include "base/clock.h"
#include "schedule/schedule_priv.h"
#include "store/store.h"
#include "unit/own_redis.h"
#include "unit/redis_liar.h"

enum { NODES = 2, ENTRIES = 10000, LEASE_MS = SCHEDULE_LEASE_MS, FAR_MS = 100000000 };
#define NOW_MS INT64_C(1800000000000)
#define ROOT_ID (INT64_C(1) << 40)

#define KEY(name) "{fermata:test}:" name

/* Reservation n (from 1) of the tree. */
SQL_QUERY_POSTGRES(test_insert,
                   "INSERT INTO reservations (root_id, execution_id, reservation_id, operator_name,"
                   " frame_id, type, status, epoch, due_at, ready, attempt, created_at)"
                   " SELECT CAST(?1 AS BIGINT), ?1 + n, ?1 + n, 'op', 0, 'TIMER', 'FRESH', 1,"
                   " CAST(?2 AS BIGINT) + n * CAST(?3 AS BIGINT), 0, 0, 0"
                   " FROM generate_series(CAST(?4 AS BIGINT), CAST(?5 AS BIGINT)) AS n");
SQL_QUERY_POSTGRES(test_settle, "UPDATE reservations SET status = ?1, halt_id = ?2"
                                " WHERE reservation_id - root_id BETWEEN ?3 AND ?4");

/* ---- nodes, and what they were handed ---- */

enum hand { HAND_DONE, HAND_KEPT, HAND_REFUSED };

struct bed;

struct node {
    struct bed *bed;
    struct schedule *schedule;
    atomic_int hand; /* enum hand */
    atomic_int taken;
};

struct bed {
    struct own_schema schema;
    struct own_redis redis;
    struct clock clock;
    struct node nodes[NODES];
    atomic_int handed[ENTRIES + 1]; /* by reservation */
};

static inline struct schedule_entry entry_of(int64_t n, int64_t due_at)
{
    return (struct schedule_entry){ROOT_ID, ROOT_ID + n, ROOT_ID + n, 1, due_at};
}

static inline bool node_on_due(void *user, const struct schedule_entry *entries, size_t count)
{
    struct node *node = user;

    if (atomic_load(&node->hand) == HAND_REFUSED)
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t n = entries[i].reservation_id - ROOT_ID;

        if (n >= 1 && n <= ENTRIES)
            atomic_fetch_add(&node->bed->handed[n], 1);
        if (atomic_load(&node->hand) == HAND_DONE)
            schedule_done(node->schedule, &entries[i]);
    }
    atomic_fetch_add(&node->taken, (int)count);
    return true;
}

static inline struct node *node_open_at(struct bed *bed, size_t i, const char *url)
{
    struct node *node = &bed->nodes[i];
    const struct schedule_config config = {
        .url = url,
        .space = "test",
        .store = bed->schema.url,
        .clock = &bed->clock,
        .on_due = node_on_due,
        .user = node,
    };

    node->bed = bed;
    assert_ok(schedule_open(&config, &node->schedule));
    return node;
}

static inline struct node *node_open(struct bed *bed, size_t i)
{
    return node_open_at(bed, i, bed->redis.url);
}

static inline void node_close(struct node *node)
{
    if (!node->schedule)
        return;
    schedule_close(node->schedule);
    schedule_free(node->schedule);
    node->schedule = NULL;
}

static inline struct node *node_up(struct bed *bed, size_t i)
{
    struct node *node = node_open(bed, i);

    await(schedule_is_up(node->schedule));
    return node;
}

static inline bool bed_was_handed(struct bed *bed, int64_t count)
{
    for (int64_t n = 1; n <= count; n++) {
        if (!atomic_load(&bed->handed[n]))
            return false;
    }
    return true;
}

/* ---- the bed ---- */

static inline void bed_insert(struct bed *bed, int64_t from, int64_t to, int64_t due_at,
                              int64_t step_ms)
{
    assert_ok(sql_run(
        bed->schema.sql, &test_insert,
        SQL_ARGS(SQL_INT(ROOT_ID), SQL_INT(due_at), SQL_INT(step_ms), SQL_INT(from), SQL_INT(to)),
        NULL));
    assert_ok(sql_flush(bed->schema.sql));
}

static inline void bed_settle(struct bed *bed, const char *status, int64_t halt_id, int64_t from,
                              int64_t to)
{
    int64_t changes;

    assert_ok(sql_run(bed->schema.sql, &test_settle,
                      SQL_ARGS(SQL_TEXT(status), SQL_INT(halt_id), SQL_INT(from), SQL_INT(to)),
                      &changes));
    assert_int_equal(changes, to - from + 1);
}

static inline int setup(void **state)
{
    struct bed *bed = xalloc(sizeof(*bed));

    clock_init_fake(&bed->clock, NOW_MS);
    own_schema_open(&bed->schema);
    if (bed->schema.sql)
        assert_ok(store_migrate(bed->schema.sql, NOW_MS));
    own_redis_prepare(&bed->redis);
    if (bed->schema.sql)
        own_redis_start(&bed->redis);
    *state = bed;
    return 0;
}

static inline int teardown(void **state)
{
    struct bed *bed = *state;

    if (bed->redis.pid)
        kill(bed->redis.pid, SIGCONT);
    for (size_t i = 0; i < NODES; i++)
        node_close(&bed->nodes[i]);
    liar_close(NULL);
    own_redis_remove(&bed->redis);
    own_schema_close(&bed->schema);
    free(bed);
    return 0;
}

static inline struct bed *bed_or_skip(void **state)
{
    struct bed *bed = *state;

    own_schema_or_skip(&bed->schema);
    if (bed->redis.is_absent)
        skip();
    return bed;
}

static inline int64_t bed_due(struct bed *bed)
{
    return own_redis_count(&bed->redis, "ZCARD " KEY("due"));
}

static inline int64_t bed_leased(struct bed *bed)
{
    return own_redis_count(&bed->redis, "ZCARD " KEY("leased"));
}

/* Redis holds what it held before, and says so itself. */
static inline bool bed_is_filled(struct bed *bed, int64_t count)
{
    return own_redis_count(&bed->redis, "EXISTS " KEY("generation")) == 1 && bed_due(bed) == count;
}

/* The same where any key may be of any type. */
static inline bool bed_is_whole(struct bed *bed, int64_t count)
{
    const struct redis_value *value = own_redis_ask(&bed->redis, "GET " KEY("generation"));

    if (!value || value->type != REDIS_TEXT)
        return false;
    value = own_redis_ask(&bed->redis, "ZCARD " KEY("leased"));
    if (!value || value->type != REDIS_INT || value->integer)
        return false;
    value = own_redis_ask(&bed->redis, "ZCARD " KEY("due"));
    return value && value->type == REDIS_INT && value->integer == count;
}

#endif
