/*
 * test_nodes.c - two nodes over one PostgreSQL: spawners against halts, the same halt twice.
 *
 * A spawner starts children of a tree, one transaction each, while another node halts the tree with
 * all its children. The rule under test is the tree's row (docs/decisions/0014): the first test
 * plays the race in bare SQL, without the rule and with it, so that it is seen to matter; the
 * others play it with the engine. FERMATA_SPAWNS (100) tries; run thousands by hand.
 */
#include <pthread.h>

#include "judge.h"
#include "moves.h"

enum { NODES_SPAWNERS = 2, NODES_BARE_TRIES = 20 };

/* ---- the race in bare SQL ---- */

static const char bare_tables[] =
    "CREATE TABLE tree (id BIGINT PRIMARY KEY);"
    "CREATE TABLE node (id BIGINT PRIMARY KEY, parent BIGINT, active BOOLEAN NOT NULL);"
    "CREATE INDEX node_parent ON node (parent);";

struct bare {
    const char *url;
    bool has_rule;
    int64_t next_id;
    sem_t *go;
};

static void bare_run(PGconn *conn, const char *text)
{
    PQclear(mirror_ask(conn, text));
}

/* A child below the newest active execution, which it holds with FOR SHARE, as careful people do.
 */
static void *bare_spawn(void *user)
{
    struct bare *bare = user;
    PGconn *conn = PQconnectdb(bare->url);
    char text[200];

    CHECK(sem_wait(bare->go) == 0);
    for (int i = 0; i < 20; i++) {
        PGresult *parent;

        bare_run(conn, "BEGIN");
        if (bare->has_rule)
            bare_run(conn, "SELECT 1 FROM tree WHERE id = 1 FOR UPDATE");
        parent = mirror_ask(conn, "SELECT id FROM node WHERE active ORDER BY id DESC LIMIT 1"
                                  " FOR SHARE");
        if (PQntuples(parent)) {
            snprintf(text, sizeof(text), "INSERT INTO node VALUES (%lld, %s, true)",
                     (long long)__atomic_fetch_add(&bare->next_id, 1, __ATOMIC_SEQ_CST),
                     PQgetvalue(parent, 0, 0));
            bare_run(conn, text);
            bare_run(conn, "SELECT pg_sleep(0.0005)"); /* it does the rest of its work */
        }
        PQclear(parent);
        bare_run(conn, "COMMIT");
    }
    PQfinish(conn);
    return NULL;
}

static void bare_halt(PGconn *conn, bool has_rule)
{
    bare_run(conn, "BEGIN");
    if (has_rule)
        bare_run(conn, "SELECT 1 FROM tree WHERE id = 1 FOR UPDATE");
    bare_run(conn, "WITH RECURSIVE below AS (SELECT id FROM node WHERE id = 1 UNION ALL"
                   " SELECT n.id FROM node n JOIN below b ON n.parent = b.id)"
                   " UPDATE node SET active = false WHERE id IN (SELECT id FROM below)");
    bare_run(conn, "COMMIT");
}

/* Whether one that is active was left below one that is not. */
static bool bare_try(PGconn *conn, const char *url, bool has_rule)
{
    sem_t go;
    struct bare bare = {url, has_rule, 2, &go};
    pthread_t spawners[NODES_SPAWNERS];
    PGresult *orphans;
    bool found;

    bare_run(conn, "TRUNCATE tree, node; INSERT INTO tree VALUES (1);"
                   " INSERT INTO node VALUES (1, NULL, true)");
    CHECK(sem_init(&go, 0, 0) == 0);
    for (int i = 0; i < NODES_SPAWNERS; i++)
        CHECK(pthread_create(&spawners[i], NULL, bare_spawn, &bare) == 0);
    for (int i = 0; i < NODES_SPAWNERS; i++)
        sem_post(&go);
    while (__atomic_load_n(&bare.next_id, __ATOMIC_SEQ_CST) < 6)
        bare_run(conn, "SELECT 1"); /* the race is on */
    bare_halt(conn, has_rule);
    for (int i = 0; i < NODES_SPAWNERS; i++)
        pthread_join(spawners[i], NULL);
    orphans = mirror_ask(conn, "SELECT 1 FROM node c JOIN node p ON p.id = c.parent"
                               " WHERE c.active AND NOT p.active LIMIT 1");
    found = PQntuples(orphans) > 0;
    PQclear(orphans);
    sem_destroy(&go);
    return found;
}

static void without_the_rule_of_the_tree_a_halt_leaves_orphans_and_with_it_none(void **state)
{
    struct world *w = *state;
    PGconn *conn = PQconnectdb(w->path);
    int64_t left[2] = {0};

    bare_run(conn, bare_tables);
    for (int i = 0; i < NODES_BARE_TRIES; i++) {
        left[0] += bare_try(conn, w->path, false);
        left[1] += bare_try(conn, w->path, true);
    }
    bare_run(conn, "DROP TABLE tree, node");
    PQfinish(conn);
    print_message("orphans in %d tries: %lld without the rule, %lld with it\n", NODES_BARE_TRIES,
                  (long long)left[0], (long long)left[1]);
    assert_true(left[0] > 0);
    assert_int_equal(left[1], 0);
}

/* ---- the engine ---- */

/* A tree that grows by itself: each child starts two more, after a turn of its own. */
static const char nodes_spawner[] =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
    "\"Parameters\":{\"plan_id\":\"spawner\",\"await\":false},\"Next\":\"A2\","
    "\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],\"Next\":\"A3\"}]},"
    "\"A3\":{\"Type\":\"Wait\",\"Seconds\":3600,\"End\":true},"
    "\"A2\":{\"Type\":\"Wait\",\"Seconds\":0,\"Next\":\"A\"}}},"
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":3600,\"End\":true}}}]}}}";

static void nodes_begin(struct world *w)
{
    moves_hurry(w);
    world_put(w, "spawner", nodes_spawner);
    world_put(w, "wait",
              "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":3600,"
              "\"End\":true}}}");
    world_other_node(w);
    w->env.tree_executions_max = 40; /* else the halt has ever more to do */
    lane_run(w->lane);
    lane_run(w->other);
}

/* One move on one of the nodes, to its end. */
static void nodes_do(struct world *w, struct lane *lane, struct move *move)
{
    sem_t done;

    CHECK(sem_init(&done, 0, 0) == 0);
    /* cppcheck-suppress autoVariables ; it is waited for below */
    move->signal = &done;
    move->job = move_job(w, move);
    CHECK(lane_submit(lane, &move->job) == ERR_OK);
    CHECK(sem_wait(&done) == 0);
    sem_destroy(&done);
    move->signal = NULL;
}

static void spawners_on_two_nodes_leave_no_orphan(void **state)
{
    struct world *w = *state;
    int64_t tries = dice_setting("FERMATA_SPAWNS", 100 / DICE_SHARE), spawned = 0;
    struct judge judge;

    nodes_begin(w);
    judge_open(&judge, w);
    for (int64_t i = 0; i < tries; i++) {
        char id[32], sql[400];
        struct move start, halt;
        int64_t orphans;

        snprintf(id, sizeof(id), "r%lld", (long long)i);
        start = move_of(MOVE_start, id);
        start.plan = "spawner";
        nodes_do(w, i % 2 ? w->lane : w->other, &start);
        assert_int_equal(start.err, ERR_OK);
        halt = move_of(MOVE_halt, id);
        halt.all_children = true;
        nodes_do(w, i % 2 ? w->other : w->lane, &halt);
        assert_int_equal(halt.err, ERR_OK);
        snprintf(sql, sizeof(sql),
                 "SELECT count(*) FROM executions e JOIN execution_ids i ON i.root_id = e.root_id"
                 " WHERE i.plan_execution_id = '%s' AND e.ended_at IS NULL",
                 id);
        orphans = judge_int(&judge, sql, NULL);
        if (orphans)
            fail_msg("%lld active below %s after its halt", (long long)orphans, id);
    }
    spawned =
        judge_int(&judge, "SELECT count(*) FROM executions WHERE parent_id IS NOT NULL", NULL);
    print_message("%lld trees, %lld children\n", (long long)tries, (long long)spawned);
    assert_true(spawned > tries / 2);
    assert_int_equal(judge_look(&judge), 0);
    judge_close(&judge);
}

static void the_same_halt_on_two_nodes_has_one_halt_id(void **state)
{
    struct world *w = *state;
    int64_t tries = dice_setting("FERMATA_SPAWNS", 100 / DICE_SHARE);

    nodes_begin(w);
    for (int64_t i = 0; i < tries; i++) {
        struct lane *lanes[] = {w->lane, w->other};
        struct move start, halts[2];
        char id[32];
        sem_t done;

        snprintf(id, sizeof(id), "h%lld", (long long)i);
        start = move_of(MOVE_start, id);
        start.plan = "wait";
        nodes_do(w, w->lane, &start);
        CHECK(sem_init(&done, 0, 0) == 0);
        for (int k = 0; k < 2; k++) {
            halts[k] = move_of(MOVE_halt, id);
            halts[k].signal = &done;
            halts[k].job = move_job(w, &halts[k]);
            CHECK(lane_submit(lanes[k], &halts[k].job) == ERR_OK);
        }
        for (int k = 0; k < 2; k++)
            CHECK(sem_wait(&done) == 0);
        sem_destroy(&done);
        assert_int_equal(halts[0].err, ERR_OK);
        assert_int_equal(halts[1].err, ERR_OK);
        assert_string_equal(halts[0].halt_id, halts[1].halt_id);
        assert_int_equal((halts[0].outcome == HALTED) + (halts[1].outcome == HALTED), 1);
    }
}

static void the_same_start_on_two_nodes_is_one_execution(void **state)
{
    struct world *w = *state;
    int64_t tries = dice_setting("FERMATA_SPAWNS", 100 / DICE_SHARE);
    struct judge judge;

    nodes_begin(w);
    judge_open(&judge, w);
    for (int64_t i = 0; i < tries; i++) {
        struct lane *lanes[] = {w->lane, w->other};
        struct move starts[2];
        char id[32];
        sem_t done;

        snprintf(id, sizeof(id), "s%lld", (long long)i);
        CHECK(sem_init(&done, 0, 0) == 0);
        for (int k = 0; k < 2; k++) {
            starts[k] = move_of(MOVE_start, id);
            starts[k].plan = "wait";
            starts[k].signal = &done;
            starts[k].job = move_job(w, &starts[k]);
            CHECK(lane_submit(lanes[k], &starts[k].job) == ERR_OK);
        }
        for (int k = 0; k < 2; k++)
            CHECK(sem_wait(&done) == 0);
        sem_destroy(&done);
        assert_int_equal(starts[0].err, ERR_OK);
        assert_int_equal(starts[1].err, ERR_OK);
    }
    assert_int_equal(judge_int(&judge, "SELECT count(*) FROM executions", NULL), tries);
    judge_close(&judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(without_the_rule_of_the_tree_a_halt_leaves_orphans_and_with_it_none),
        WORLD_TEST(spawners_on_two_nodes_leave_no_orphan),
        WORLD_TEST(the_same_halt_on_two_nodes_has_one_halt_id),
        WORLD_TEST(the_same_start_on_two_nodes_is_one_execution),
    };

    if (!world_is_shared()) {
        printf("two nodes need a store that is shared: FERMATA_TEST_STORE=postgres\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
