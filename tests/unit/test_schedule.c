/*
 * test_schedule.c - due entries in a Redis that is down, forgets, hangs, or is full of garbage.
 *
 * The truth is a schema of the test's own in PostgreSQL, Redis is the test's own; where one is
 * missing the test says so and is skipped. Time stands still unless it is moved.
 */
#include "schedule/schedule.h"

#include "base/id.h"
#include "base/limits.h"
#include "base/metric.h"
#include "unit/schedule_bed.h"

enum { AWAITED_ROUNDS = 5 };

/* ---- handing out ---- */

static void what_is_due_is_handed_out_once_and_leaves_redis(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct schedule_entry soon = entry_of(1, NOW_MS + 1000), later = entry_of(2, NOW_MS + FAR_MS);
    struct node *node = node_up(bed, 0);

    bed_insert(bed, 1, 2, NOW_MS, 0);
    schedule_add(node->schedule, &soon);
    schedule_add(node->schedule, &later);
    await(bed_due(bed) == 2);
    assert_int_equal(bed->handed[1], 0);
    clock_move(&bed->clock, 1000);
    await(bed->handed[1] == 1);
    await(bed_leased(bed) == 0);
    assert_int_equal(bed_due(bed), 1);
    schedule_remove(node->schedule, &later);
    await(bed_due(bed) == 0);
    assert_int_equal(bed->handed[1], 1);
    assert_int_equal(bed->handed[2], 0);
}

static void two_nodes_share_the_work_and_each_entry_is_handed_out_once(void **state)
{
    struct bed *bed = bed_or_skip(state);

    bed_insert(bed, 1, ENTRIES, NOW_MS + 1000, 0);
    for (size_t i = 0; i < NODES; i++)
        node_up(bed, i);
    await(bed_is_filled(bed, ENTRIES));
    clock_move(&bed->clock, 1000);
    await(bed->nodes[0].taken + bed->nodes[1].taken >= ENTRIES);
    await(bed_due(bed) == 0 && bed_leased(bed) == 0);
    for (int64_t n = 1; n <= ENTRIES; n++)
        assert_int_equal(bed->handed[n], 1);
    assert_true(bed->nodes[0].taken > 0);
    assert_true(bed->nodes[1].taken > 0);
}

static void an_entry_of_a_node_that_died_comes_back(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, 10, NOW_MS, 0);
    atomic_store(&bed->nodes[0].hand, HAND_KEPT);
    node = node_up(bed, 0);
    await(node->taken == 10);
    node_close(node);
    assert_int_equal(bed_leased(bed), 10);
    node = node_up(bed, 1);
    assert_int_equal(node->taken, 0);
    clock_move(&bed->clock, LEASE_MS);
    await(node->taken == 10);
    await(bed_leased(bed) == 0);
    for (int64_t n = 1; n <= 10; n++)
        assert_int_equal(bed->handed[n], 2);
}

static void what_nobody_could_take_comes_back(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node = &bed->nodes[0];

    bed_insert(bed, 1, 10, NOW_MS, 0);
    atomic_store(&node->hand, HAND_REFUSED);
    node_up(bed, 0);
    await(bed_leased(bed) == 10);
    assert_int_equal(node->taken, 0);
    atomic_store(&node->hand, HAND_DONE);
    clock_move(&bed->clock, LEASE_MS);
    await(node->taken == 10);
}

static void a_due_time_that_moved_away_is_kept(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct schedule_entry first = entry_of(1, NOW_MS), moved = entry_of(1, NOW_MS + FAR_MS);
    struct node *node = &bed->nodes[0];

    bed_insert(bed, 1, 1, NOW_MS + FAR_MS, 0);
    atomic_store(&node->hand, HAND_KEPT);
    node_up(bed, 0);
    schedule_add(node->schedule, &first);
    await(node->taken == 1);
    schedule_add(node->schedule, &moved);
    schedule_done(node->schedule, &first);
    await(bed_leased(bed) == 0);
    assert_int_equal(bed_due(bed), 1);
    clock_move(&bed->clock, FAR_MS);
    await(node->taken == 2);
}

/* ---- Redis comes and goes ---- */

static void a_redis_that_comes_late_is_filled(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct schedule_entry entry = entry_of(1, NOW_MS);
    struct node *node;

    own_redis_kill(&bed->redis);
    unlink(bed->redis.socket);
    bed_insert(bed, 1, 100, NOW_MS, 0);
    node = node_open(bed, 0);
    schedule_add(node->schedule, &entry);
    assert_false(schedule_is_up(node->schedule));
    own_redis_start(&bed->redis);
    await(schedule_is_up(node->schedule));
    await(bed_was_handed(bed, 100));
}

static void all_is_back_after_a_flush(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, ENTRIES, NOW_MS + FAR_MS, 1);
    node = node_up(bed, 0);
    await(bed_is_filled(bed, ENTRIES));
    own_redis_do(&bed->redis, "FLUSHALL");
    await(bed_is_filled(bed, ENTRIES));
    await(schedule_is_up(node->schedule));
}

static void all_is_back_after_a_flush_while_it_is_filled(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, 5 * ENTRIES, NOW_MS + FAR_MS, 1);
    node = node_open(bed, 0);
    await(bed_due(bed) >= ENTRIES / 2);
    own_redis_do(&bed->redis, "FLUSHALL");
    await(schedule_is_up(node->schedule));
    assert_int_equal(bed_due(bed), 5 * ENTRIES);
}

/* Another node has the right to fill and renews it, as long as nobody takes it away. */
static bool other_is_filling(struct bed *bed)
{
    return own_redis_count(&bed->redis, "EVAL if(redis.call('GET',KEYS[1])=='other')then\t"
                                        "return(redis.call('PEXPIRE',KEYS[1],9000))end\treturn(0) "
                                        "1 " KEY("filling")) == 1;
}

static void what_another_node_fills_is_awaited(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node = node_up(bed, 0);

    bed_insert(bed, 1, 10, NOW_MS + FAR_MS, 1);
    own_redis_do(&bed->redis, "SET " KEY("filling") " other PX 9000");
    own_redis_do(&bed->redis, "DEL " KEY("generation"));
    await(!schedule_is_up(node->schedule));
    for (int i = 0; i < AWAITED_ROUNDS; i++) {
        struct schedule_entry entry = entry_of(1, NOW_MS + FAR_MS);
        int64_t count = bed_due(bed);

        assert_true(other_is_filling(bed));
        schedule_add(node->schedule, &entry);
        await(bed_due(bed) == 1);
        assert_true(count <= 1);
        schedule_remove(node->schedule, &entry);
        await(bed_due(bed) == 0);
    }
    assert_false(schedule_is_up(node->schedule));
}

/* The other may have read the store before that was there which this one could not say. */
static void a_fill_begins_anew_when_another_node_forgot_something(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node = node_up(bed, 0);

    bed_insert(bed, 1, 10, NOW_MS + FAR_MS, 1);
    own_redis_do(&bed->redis, "SET " KEY("filling") " other PX 9000");
    own_redis_do(&bed->redis, "DEL " KEY("generation"));
    await(!schedule_is_up(node->schedule));
    assert_true(other_is_filling(bed));
    own_redis_do(&bed->redis, "CLIENT KILL TYPE normal");
    await(!other_is_filling(bed));
    await(bed_is_filled(bed, 10));
}

static void the_near_ones_are_filled_first(void **state)
{
    struct bed *bed = bed_or_skip(state);
    const struct redis_value *first;
    int64_t count;

    /* The later the reservation, the sooner it is due. */
    bed_insert(bed, 1, 5 * ENTRIES, NOW_MS + FAR_MS, -1);
    node_open(bed, 0);
    await(bed_due(bed) > 0);
    first = own_redis_ask(&bed->redis, "ZRANGE " KEY("due") " -1 -1 WITHSCORES");
    assert_non_null(first);
    assert_int_equal(first->count, 2);
    count = NOW_MS + FAR_MS - strtoll(first->items[1].text, NULL, 10);
    assert_int_equal(bed_due(bed) >= 5 * ENTRIES - count, true);
    await(bed_is_filled(bed, 5 * ENTRIES));
}

static void a_cut_connection_comes_back(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node = node_up(bed, 0);
    struct schedule_entry entry = entry_of(1, NOW_MS);

    own_redis_do(&bed->redis, "CLIENT KILL TYPE normal");
    bed_insert(bed, 1, 1, NOW_MS, 0);
    schedule_add(node->schedule, &entry);
    await(schedule_is_up(node->schedule) && node->taken >= 1);
}

static void a_redis_that_hangs_holds_up_nobody(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node = node_up(bed, 0);

    bed_insert(bed, 1, ENTRIES, NOW_MS, 0);
    kill(bed->redis.pid, SIGSTOP);
    for (int64_t n = 1; n <= ENTRIES; n++) {
        struct schedule_entry entry = entry_of(n, NOW_MS);

        schedule_add(node->schedule, &entry);
    }
    await(!schedule_is_up(node->schedule));
    kill(bed->redis.pid, SIGCONT);
    await(schedule_is_up(node->schedule));
    await(bed_was_handed(bed, ENTRIES));
}

static void what_found_no_room_is_found_again(void **state)
{
    struct bed *bed = bed_or_skip(state);
    const int64_t many = LIMIT_SCHEDULE_WAITING + 1000;
    struct node *node;

    bed_insert(bed, 1, many, NOW_MS + FAR_MS, 0);
    kill(bed->redis.pid, SIGSTOP);
    node = node_open(bed, 0);
    for (int64_t n = 1; n <= many; n++) {
        struct schedule_entry entry = entry_of(n, NOW_MS + FAR_MS);

        schedule_add(node->schedule, &entry);
    }
    kill(bed->redis.pid, SIGCONT);
    await(bed_is_filled(bed, many));
}

/* ---- what is too much ---- */

static void a_halt_takes_out_all_that_it_stopped(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, ENTRIES, NOW_MS + FAR_MS, 1);
    bed_insert(bed, ENTRIES + 1, ENTRIES + 5, NOW_MS + FAR_MS, 1);
    node = node_up(bed, 0);
    await(bed_is_filled(bed, ENTRIES + 5));
    bed_settle(bed, "STALE", 77, 1, ENTRIES);
    schedule_halted(node->schedule, ROOT_ID, 77);
    await(bed_due(bed) == 5);
    await(metric_value(METRIC_SCHEDULE_RESIDUE) == 0);
    assert_int_equal(node->taken, 0);
}

static void residue_goes_to_zero_when_redis_is_back(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, 100, NOW_MS + FAR_MS, 1);
    node = node_up(bed, 0);
    kill(bed->redis.pid, SIGSTOP);
    await(!schedule_is_up(node->schedule));
    bed_settle(bed, "USED", 0, 1, 100);
    for (int64_t n = 1; n <= 100; n++) {
        struct schedule_entry entry = entry_of(n, NOW_MS + FAR_MS);

        schedule_remove(node->schedule, &entry);
    }
    await(metric_value(METRIC_SCHEDULE_RESIDUE) == 100);
    kill(bed->redis.pid, SIGCONT);
    await(metric_value(METRIC_SCHEDULE_RESIDUE) == 0);
    assert_int_equal(bed_due(bed), 0);
}

static int64_t node_lost(struct node *node)
{
    int64_t lost;

    pthread_mutex_lock(&node->schedule->lock);
    lost = node->schedule->removals_lost;
    pthread_mutex_unlock(&node->schedule->lock);
    return lost;
}

/* Only one of them fills; the other does not know by that that its own are gone. */
static void residue_goes_to_zero_on_every_node(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct schedule_entry entry = entry_of(1, NOW_MS + FAR_MS);

    for (size_t i = 0; i < NODES; i++)
        node_up(bed, i);
    kill(bed->redis.pid, SIGSTOP);
    for (size_t i = 0; i < NODES; i++) {
        schedule_remove(bed->nodes[i].schedule, &entry);
        await(node_lost(&bed->nodes[i]) == 1);
    }
    kill(bed->redis.pid, SIGCONT);
    for (size_t i = 0; i < NODES; i++)
        await(node_lost(&bed->nodes[i]) == 0);
}

static void removals_that_found_no_room_are_residue(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct schedule_entry entry = entry_of(1, NOW_MS + FAR_MS);
    struct node *node = node_up(bed, 0);
    int64_t told = 0;

    kill(bed->redis.pid, SIGSTOP);
    for (; told < LIMIT_SCHEDULE_WAITING + 1000; told++)
        schedule_remove(node->schedule, &entry);
    await(metric_value(METRIC_SCHEDULE_RESIDUE) == told);
    kill(bed->redis.pid, SIGCONT);
    await(metric_value(METRIC_SCHEDULE_RESIDUE) == 0);
}

/* ---- garbage ---- */

static void keys_of_wrong_types_are_filled_again(void **state)
{
    static const char *const wrongs[] = {
        "SET " KEY("due") " x",     "SET " KEY("leased") " x",    "RPUSH " KEY("generation") " x",
        "RPUSH " KEY("due") " x y", "HSET " KEY("leased") " x y", "RPUSH " KEY("filling") " x y",
    };
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, 100, NOW_MS + FAR_MS, 1);
    node = node_up(bed, 0);
    for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
        own_redis_do(&bed->redis, "FLUSHALL");
        own_redis_do(&bed->redis, wrongs[i]);
        await(bed_is_whole(bed, 100));
        await(schedule_is_up(node->schedule));
    }
}

static void a_right_to_fill_without_an_end_is_taken_away(void **state)
{
    struct bed *bed = bed_or_skip(state);

    bed_insert(bed, 1, 100, NOW_MS + FAR_MS, 1);
    own_redis_do(&bed->redis, "SET " KEY("filling") " x");
    node_open(bed, 0);
    await(bed_is_filled(bed, 100));
}

static void bed_add_member(struct bed *bed, const char *set, const char *score, int64_t n,
                           const char *epoch)
{
    char id[ID_TEXT_BYTES], root[ID_TEXT_BYTES], text[256];

    id_text(ROOT_ID, root);
    id_text(ROOT_ID + n, id);
    snprintf(text, sizeof(text), "ZADD %s %s %s:%s:%s:%s", set, score, root, id, id, epoch);
    own_redis_do(&bed->redis, text);
}

static void garbage_leaves_redis_and_the_rest_stays(void **state)
{
    static const char *const scores[] = {"-inf",   "0",   "inf",          "1e300",
                                         "-1e300", "1.5", "1800000050000"};
    static const char *const sets[] = {KEY("due"), KEY("leased")};
    struct bed *bed = bed_or_skip(state);
    struct node *node;

    bed_insert(bed, 1, 100, NOW_MS + FAR_MS, 1);
    for (size_t i = 0; i < ARRAY_SIZE(scores) * ARRAY_SIZE(sets); i++) {
        const char *set = sets[i % ARRAY_SIZE(sets)], *score = scores[i / ARRAY_SIZE(sets)];
        char text[256];

        snprintf(text, sizeof(text), "ZADD %s %s garbage%zu", set, score, i);
        own_redis_do(&bed->redis, text);
        bed_add_member(bed, set, score, 1000 + (int64_t)i, "1"); /* there is no such thing */
        bed_add_member(bed, set, score, 1 + (int64_t)i, "2");    /* of another epoch */
        bed_add_member(bed, set, score, 1 + (int64_t)i, "1x");
        bed_add_member(bed, set, score, 1 + (int64_t)i, "99999999999999999999999");
    }
    node = node_up(bed, 0);
    await(bed_is_filled(bed, 100) && bed_leased(bed) == 0);
    assert_true(schedule_is_up(node->schedule));
}

/* Longer than any answer that is read: it must not even be asked for. */
static void a_huge_member_leaves_redis(void **state)
{
    static const char *const sets[] = {KEY("due"), KEY("leased")};
    static const char *const scores[] = {"1", "9000000000000000"};
    struct bed *bed = bed_or_skip(state);
    struct node *node;
    char text[256];

    bed_insert(bed, 1, 100, NOW_MS + FAR_MS, 1);
    for (size_t i = 0; i < ARRAY_SIZE(sets) * ARRAY_SIZE(scores); i++) {
        snprintf(text, sizeof(text), "SETRANGE huge %d x", LIMIT_REDIS_BYTES + (int)i);
        own_redis_do(&bed->redis, text);
        snprintf(text, sizeof(text),
                 "EVAL redis.call('ZADD',KEYS[1],%s,redis.call('GET','huge')) 1 %s", scores[i / 2],
                 sets[i % 2]);
        own_redis_do(&bed->redis, text);
    }
    node = node_up(bed, 0);
    await(bed_is_filled(bed, 100) && bed_leased(bed) == 0);
    await(schedule_is_up(node->schedule));
}

static void a_user_who_may_not_read_settings_is_enough(void **state)
{
    struct bed *bed = bed_or_skip(state);

    own_redis_do(&bed->redis, "ACL SETUSER default -config -info");
    node_up(bed, 0);
}

static void scripts_are_known_again_after_they_were_forgotten(void **state)
{
    struct bed *bed = bed_or_skip(state);
    struct schedule_entry entry = entry_of(1, NOW_MS);
    struct node *node = node_up(bed, 0);

    own_redis_do(&bed->redis, "SCRIPT FLUSH");
    bed_insert(bed, 1, 1, NOW_MS, 0);
    schedule_add(node->schedule, &entry);
    await(node->taken == 1);
    assert_true(schedule_is_up(node->schedule));
}

/* Whatever stands in the place of Redis answers everything with the same. */
static void a_server_that_lies_is_survived(void **state)
{
    static const char *const lies[] = {
        ":1\r\n",
        "$-1\r\n",
        "*0\r\n",
        "*4\r\n$1\r\ng\r\n$3\r\ninf\r\n*1\r\n:5\r\n:0\r\n",
        "*4\r\n$1\r\ng\r\n$4\r\n-inf\r\n*0\r\n:0\r\n",
        "*4\r\n$1\r\ng\r\n$3\r\nnan\r\n*0\r\n:0\r\n",
        "*4\r\n$1\r\ng\r\n$5\r\n1e300\r\n*2\r\n*0\r\n$-1\r\n:0\r\n",
        "*4\r\n*0\r\n*0\r\n$1\r\nx\r\n$-1\r\n",
        "-ERR unknown command\r\n",
        "-WRONGTYPE always\r\n",
        "garbage\r\n",
        "$10\r\nhalf",
    };
    struct bed *bed = *state;

    own_schema_or_skip(&bed->schema);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        const struct liar liar = {.answer = lies[i], .len = strlen(lies[i])};
        struct node *node;
        int64_t sent;

        liar_open(&liar);
        node = node_open_at(bed, 0, the_liar->url);
        await(atomic_load(&the_liar->sent) > (int64_t)liar.len);
        sent = atomic_load(&the_liar->sent);
        await(atomic_load(&the_liar->sent) > sent);
        node_close(node);
        assert_int_equal(node->taken, 0);
        liar_close(NULL);
    }
}

/* What is up and filled by its own word, until everything is looked through. */
static void a_server_that_lies_when_it_is_looked_through_is_survived(void **state)
{
    static const char up[] = "*4\r\n$1\r\ng\r\n$-1\r\n*0\r\n:0\r\n";
    static const char *const lies[] = {
        ":1\r\n",
        "*3\r\n:0\r\n*0\r\n:0\r\n",
        "*3\r\n$1\r\n0\r\n$1\r\nx\r\n:0\r\n",
        "*3\r\n$1\r\n0\r\n*3\r\n:1\r\n$-1\r\n*0\r\n:0\r\n",
        "*3\r\n$40\r\n0000000000000000000000000000000000000000\r\n*0\r\n:0\r\n",
    };
    struct bed *bed = *state;

    own_schema_or_skip(&bed->schema);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        const struct liar liar = {
            .answer = up, .len = sizeof(up) - 1, .other_word = "ZSCAN", .other_answer = lies[i]};
        struct node *node;

        liar_open(&liar);
        node = node_open_at(bed, 0, the_liar->url);
        await(atomic_load(&the_liar->others) > 0);
        node_close(node);
        liar_close(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(what_is_due_is_handed_out_once_and_leaves_redis),
        TEST(two_nodes_share_the_work_and_each_entry_is_handed_out_once),
        TEST(an_entry_of_a_node_that_died_comes_back),
        TEST(what_nobody_could_take_comes_back),
        TEST(a_due_time_that_moved_away_is_kept),
        TEST(a_redis_that_comes_late_is_filled),
        TEST(all_is_back_after_a_flush),
        TEST(all_is_back_after_a_flush_while_it_is_filled),
        TEST(what_another_node_fills_is_awaited),
        TEST(a_fill_begins_anew_when_another_node_forgot_something),
        TEST(the_near_ones_are_filled_first),
        TEST(a_cut_connection_comes_back),
        TEST(a_redis_that_hangs_holds_up_nobody),
        TEST(what_found_no_room_is_found_again),
        TEST(a_halt_takes_out_all_that_it_stopped),
        TEST(residue_goes_to_zero_when_redis_is_back),
        TEST(residue_goes_to_zero_on_every_node),
        TEST(removals_that_found_no_room_are_residue),
        TEST(keys_of_wrong_types_are_filled_again),
        TEST(a_right_to_fill_without_an_end_is_taken_away),
        TEST(garbage_leaves_redis_and_the_rest_stays),
        TEST(a_huge_member_leaves_redis),
        TEST(a_user_who_may_not_read_settings_is_enough),
        TEST(scripts_are_known_again_after_they_were_forgotten),
        TEST(a_server_that_lies_is_survived),
        TEST(a_server_that_lies_when_it_is_looked_through_is_survived),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
