/*
 * test_member.c - nodes of a shared store: their numbers, what becomes of them, their clocks.
 *
 * Each test has a schema of its own in a PostgreSQL that others may use at the same time.
 */
#include "serve/member.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "store/nodes.h"
#include "unit/own_schema.h"

enum { NODES_AT_ONCE = 8, HOUR_MS = 3600000, MINUTE_MS = 60000 };

SQL_QUERY_POSTGRES(member_rob, "UPDATE nodes SET holder = 'somebody' WHERE node = ?1");
SQL_QUERY_POSTGRES(member_lapse, "UPDATE nodes SET hold_until = 1 WHERE node = ?1");
SQL_QUERY_POSTGRES(member_hold_until, "SELECT hold_until FROM nodes WHERE node = ?1");
SQL_QUERY_POSTGRES(member_held_by, "SELECT count(*) FROM nodes WHERE node = ?1 AND holder = ?2"
                                   " AND url = 'http://here' AND version <> ''");
SQL_QUERY_POSTGRES(
    member_crowd,
    "INSERT INTO nodes (node, holder, url, version, started_at, hold_until)"
    " SELECT 2 * n, 'h' || n, '', '', 0, 9e15::bigint FROM generate_series(0, 511) n");

/* A node: what a process has of it. */
struct node {
    char client[96], store[1200];
    struct clock clock;
    struct member *member;
    enum err opened;
    atomic_int lost;
};

struct bed {
    struct own_schema schema;
    struct node nodes[NODES_AT_ONCE];
    pid_t stopped; /* a process of the server's */
};

/* ---- its life ---- */

static int bed_setup(void **state)
{
    struct bed *bed = xalloc(sizeof(*bed));

    own_schema_open(&bed->schema);
    *state = bed;
    for (size_t i = 0; i < NODES_AT_ONCE; i++) {
        struct node *node = &bed->nodes[i];

        snprintf(node->client, sizeof(node->client), "%s_n%zu", bed->schema.name, i);
        own_schema_url(&bed->schema, node->client, node->store);
        clock_init_system(&node->clock);
    }
    if (bed->schema.sql)
        assert_ok(store_migrate(bed->schema.sql, 0));
    return 0;
}

static int bed_teardown(void **state)
{
    struct bed *bed = *state;

    if (bed->stopped)
        kill(bed->stopped, SIGCONT);
    for (size_t i = 0; i < NODES_AT_ONCE; i++)
        member_close(bed->nodes[i].member);
    own_schema_close(&bed->schema);
    free(bed);
    return 0;
}

static void node_on_lost(void *user)
{
    struct node *node = user;

    atomic_fetch_add(&node->lost, 1);
}

static enum err node_open(struct node *node)
{
    const struct member_config config = {
        .store = node->store,
        .url = "http://here",
        .clock = &node->clock,
        .on_lost = node_on_lost,
        .user = node,
    };

    return member_open(&config, &node->member);
}

static void node_close(struct node *node)
{
    member_close(node->member);
    node->member = NULL;
}

static int64_t bed_ask(struct bed *bed, const struct sql_query *query, int64_t node)
{
    int64_t value;

    assert_ok(sql_select_int(bed->schema.sql, query, SQL_ARGS(SQL_INT(node)), -1, &value));
    return value;
}

static bool bed_has(struct bed *bed, const struct node *node)
{
    int64_t count;

    assert_ok(sql_select_int(
        bed->schema.sql, &member_held_by,
        SQL_ARGS(SQL_INT(member_node(node->member)), SQL_TEXT(member_holder(node->member))), 0,
        &count));
    return count == 1;
}

/* ---- numbers ---- */

static void *node_open_thread(void *user)
{
    struct node *node = user;

    node->opened = node_open(node);
    return NULL;
}

static void nodes_that_start_at_once_have_numbers_of_their_own(void **state)
{
    struct bed *bed = *state;
    pthread_t threads[NODES_AT_ONCE];
    bool seen[2 * NODES_AT_ONCE] = {false};

    own_schema_or_skip(&bed->schema);
    for (size_t i = 0; i < NODES_AT_ONCE; i++)
        pthread_create(&threads[i], NULL, node_open_thread, &bed->nodes[i]);
    for (size_t i = 0; i < NODES_AT_ONCE; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < NODES_AT_ONCE; i++) {
        int64_t number;

        assert_ok(bed->nodes[i].opened);
        number = member_node(bed->nodes[i].member);
        assert_in_range(number, 0, 2 * (NODES_AT_ONCE - 1));
        assert_int_equal(number % 2, 0);
        assert_false(seen[number]);
        seen[number] = true;
        assert_true(bed_has(bed, &bed->nodes[i]));
        assert_true(member_is_reachable(bed->nodes[i].member));
    }
}

static void a_number_that_was_given_up_is_free_at_once(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(&n[0]));
    assert_ok(node_open(&n[1]));
    assert_int_equal(member_node(n[0].member), 0);
    node_close(&n[0]);
    assert_ok(node_open(&n[2]));
    assert_int_equal(member_node(n[2].member), 0);
    assert_int_equal(member_node(n[1].member), 2);
}

static void the_last_number_is_the_end(void **state)
{
    struct bed *bed = *state;

    own_schema_or_skip(&bed->schema);
    assert_ok(sql_run(bed->schema.sql, &member_crowd, SQL_NO_ARGS, NULL));
    assert_err(node_open(&bed->nodes[0]), ERR_UNAVAILABLE);
}

static void a_store_that_nobody_serves_is_an_error(void **state)
{
    struct bed *bed = *state;

    snprintf(bed->nodes[0].store, sizeof(bed->nodes[0].store),
             "postgres://nobody@127.0.0.1:9/none?connect_timeout=2");
    assert_err(node_open(&bed->nodes[0]), ERR_STORAGE_LOST);
}

/* ---- holds ---- */

static void a_member_renews_its_hold(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(node));
    assert_ok(sql_run(bed->schema.sql, &member_lapse, SQL_ARGS(SQL_INT(0)), NULL));
    /* Lapsed, and nobody took it. */
    await(bed_ask(bed, &member_hold_until, 0) > 1);
    assert_true(bed_has(bed, node));
    assert_true(member_is_reachable(node->member));
    assert_int_equal(node->lost, 0);
}

static void a_member_whose_number_was_taken_is_told_and_leaves_it_alone(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(&n[0]));
    assert_ok(sql_run(bed->schema.sql, &member_lapse, SQL_ARGS(SQL_INT(0)), NULL));
    assert_ok(node_open(&n[1]));
    assert_int_equal(member_node(n[1].member), 0);
    await(n[0].lost);
    assert_false(member_is_reachable(n[0].member));
    node_close(&n[0]);
    assert_int_equal(n[0].lost, 1);
    assert_true(bed_has(bed, &n[1]));
    assert_int_equal(n[1].lost, 0);
}

static void a_renewal_that_fails_shows_until_one_succeeds(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(node));
    assert_ok(sql_script(bed->schema.sql, "ALTER TABLE nodes RENAME TO away"));
    await(!member_is_reachable(node->member));
    assert_ok(sql_script(bed->schema.sql, "ALTER TABLE away RENAME TO nodes"));
    await(member_is_reachable(node->member));
    assert_true(bed_has(bed, node));
    assert_int_equal(node->lost, 0);
}

static void a_member_that_was_cut_off_connects_again(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(node));
    own_schema_cut_off(&bed->schema, node->client);
    assert_ok(sql_run(bed->schema.sql, &member_lapse, SQL_ARGS(SQL_INT(0)), NULL));
    await(bed_ask(bed, &member_hold_until, 0) > 1);
    await(member_is_reachable(node->member));
    assert_true(bed_has(bed, node));
    assert_int_equal(node->lost, 0);
}

static void a_server_that_is_silent_is_not_reachable(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(node));
    bed->stopped = own_schema_pid(&bed->schema, node->client);
    assert_true(bed->stopped > 0);
    if (kill(bed->stopped, SIGSTOP) != 0) {
        print_message("the server's processes are not ours to stop\n");
        skip();
    }
    await(!member_is_reachable(node->member));
    assert_int_equal(kill(bed->stopped, SIGCONT), 0);
    await(member_is_reachable(node->member));
    assert_true(bed_has(bed, node));
    assert_int_equal(node->lost, 0);
}

/* ---- the clock ---- */

static int64_t bed_clock_is_off_by(struct bed *bed, struct node *node)
{
    struct store store = {.sql = bed->schema.sql};
    int64_t database_ms;

    assert_ok(nodes_clock(&store, &database_ms));
    return llabs(node->clock.wall_ms(&node->clock) + node->clock.offset_ms - database_ms);
}

static void a_wrong_clock_is_right_before_the_number_is_taken(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    own_schema_or_skip(&bed->schema);
    clock_move(&node->clock, HOUR_MS);
    assert_ok(node_open(node));
    assert_true(bed_clock_is_off_by(bed, node) < MINUTE_MS);
}

static void a_clock_that_goes_wrong_follows_the_database_again(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];
    int64_t before_ms;

    own_schema_or_skip(&bed->schema);
    assert_ok(node_open(node));
    clock_move(&node->clock, HOUR_MS);
    before_ms = clock_now_ms(&node->clock);
    await(bed_clock_is_off_by(bed, node) < MINUTE_MS);
    assert_true(clock_now_ms(&node->clock) >= before_ms);
}

int main(void)
{
#define IN_BED(test) cmocka_unit_test_setup_teardown(test, bed_setup, bed_teardown)
    const struct CMUnitTest tests[] = {
        IN_BED(nodes_that_start_at_once_have_numbers_of_their_own),
        IN_BED(a_number_that_was_given_up_is_free_at_once),
        IN_BED(the_last_number_is_the_end),
        IN_BED(a_store_that_nobody_serves_is_an_error),
        IN_BED(a_member_renews_its_hold),
        IN_BED(a_member_whose_number_was_taken_is_told_and_leaves_it_alone),
        IN_BED(a_renewal_that_fails_shows_until_one_succeeds),
        IN_BED(a_member_that_was_cut_off_connects_again),
        IN_BED(a_server_that_is_silent_is_not_reachable),
        IN_BED(a_wrong_clock_is_right_before_the_number_is_taken),
        IN_BED(a_clock_that_goes_wrong_follows_the_database_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
