/*
 * test_sql_fault.c - an ordered error comes where it was ordered, and after an ordered death the
 * store is whole.
 *
 * The order is read once a process, from its environment: so each case is this program run again as
 * a child, with the word "child" and a store's path. The child adds two rows in one transaction
 * each and says with its exit status how far it came.
 */
#include "sql/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "unit.h"

SQL_QUERY(item_add, "INSERT INTO items(id) VALUES(?1)");
SQL_QUERY(item_add_returning, "INSERT INTO items(id) VALUES(?1) RETURNING id");
SQL_QUERY(item_count, "SELECT count(*) FROM items");

enum { DONE = 0, OPEN_FAILED = 1, BEGIN_FAILED = 10, ADD_FAILED, COMMIT_FAILED };

static int child_add(struct sql *sql, int64_t id)
{
    struct sql_rows rows;
    enum err err;

    err = sql_begin(sql);
    if (err)
        return BEGIN_FAILED;
    err = sql_savepoint(sql, 0);
    err = err ? err : sql_run(sql, &item_add, SQL_ARGS(SQL_INT(id)), NULL);
    err = err ? err : sql_select(sql, &item_add_returning, SQL_ARGS(SQL_INT(id + 100)), &rows);
    err = err ? err : sql_end(&rows);
    err = err ? err : sql_release(sql, 0);
    if (err) {
        sql_rollback(sql);
        return ADD_FAILED;
    }
    err = sql_commit(sql);
    if (!err)
        return DONE;
    if (err == ERR_STORAGE_FULL && sql_in_transaction(sql))
        return OPEN_FAILED; /* it should have been rolled back */
    return COMMIT_FAILED;
}

static int child_main(const char *path)
{
    struct sql *sql;
    int first, second;

    if (!freopen("/dev/null", "w", stderr) || sql_open_sqlite(path, false, &sql))
        return OPEN_FAILED;
    first = child_add(sql, 1);
    if (first == COMMIT_FAILED)
        _exit(first); /* as the server does: nothing more is written after a commit of unknown
                         outcome */
    second = child_add(sql, 2);
    if (second == COMMIT_FAILED)
        _exit(second);
    sql_close(sql);
    return first ? first : second;
}

struct fault_case {
    const char *order;
    int exit;      /* 0 to 127, or minus a signal */
    int64_t items; /* what is in the store afterwards */
};

static const struct fault_case fault_cases[] = {
    {"nothing:1:kill",                  DONE,          4},
    {"begin:1:STORAGE_BUSY",            BEGIN_FAILED,  2},
    {"begin:2:ERR_STORAGE_BUSY",        BEGIN_FAILED,  2},
    {"begin:1+:STORAGE_BUSY",           BEGIN_FAILED,  0},
    {"item_add:1:STORAGE_IO",           ADD_FAILED,    2},
    {"item_add_returning:2:STORAGE_IO", ADD_FAILED,    2},
    {"savepoint:1:STATEMENT_FAILED",    ADD_FAILED,    2},
    {"release:1:STATEMENT_FAILED",      ADD_FAILED,    2},
    {"commit:1:STORAGE_FULL",           COMMIT_FAILED, 0},
    {"commit:2:STORAGE_IO",             COMMIT_FAILED, 2},
    {"begin:2:kill",                    -SIGKILL,      2},
    {"item_add:1:kill",                 -SIGKILL,      0},
    {"item_add:2:kill_after",           -SIGKILL,      2},
    {"item_add_returning:1:kill_after", -SIGKILL,      0},
    {"commit:1:kill",                   -SIGKILL,      0},
    {"commit:1:kill_after",             -SIGKILL,      2},
    {"commit:2:kill_after",             -SIGKILL,      4},
    {"nonsense",                        70,            0},
    {"begin:0:kill",                    70,            0},
    {"begin:1x:kill",                   70,            0},
    {"begin:1:explode",                 70,            0},
    {"begin:1:OK",                      70,            0},
};

static int run_child(const char *path, const char *order, const char *arm)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        setenv("FERMATA_FAULT", order, 1);
        if (arm)
            setenv("FERMATA_FAULT_ARM", arm, 1);
        execl("/proc/self/exe", "test_sql_fault", "child", path, (char *)NULL);
        _exit(126);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct store {
    char folder[64];
    char path[80];
};

static void store_make(struct store *store)
{
    struct sql *sql;

    snprintf(store->folder, sizeof(store->folder), "/tmp/fermata-fault-XXXXXX");
    assert_non_null(mkdtemp(store->folder));
    snprintf(store->path, sizeof(store->path), "%s/store.db", store->folder);
    assert_ok(sql_open_sqlite(store->path, false, &sql));
    assert_ok(sql_script(sql, "CREATE TABLE items(id INTEGER PRIMARY KEY) STRICT"));
    sql_close(sql);
}

/* Opens the store, which recovers it, counts, and takes it away. */
static int64_t store_count(const struct store *store)
{
    SQL_QUERY(check, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    int64_t items = -1, faults = -1;
    struct sql *sql;

    assert_ok(sql_open_sqlite(store->path, false, &sql));
    assert_ok(sql_select_int(sql, &item_count, SQL_NO_ARGS, -1, &items));
    assert_ok(sql_select_int(sql, &check, SQL_NO_ARGS, -1, &faults));
    assert_int_equal(faults, 0);
    sql_close(sql);
    unlink(store->path);
    rmdir(store->folder);
    return items;
}

static void every_order_does_what_it_says_and_the_store_stays_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(fault_cases); i++) {
        const struct fault_case *fault = &fault_cases[i];
        struct store store;
        int64_t items;
        int exit;

        store_make(&store);
        exit = run_child(store.path, fault->order, NULL);
        items = store_count(&store);
        if (exit != fault->exit || items != fault->items)
            fail_msg("%s: exit %d, %d items", fault->order, exit, (int)items);
    }
}

static void a_death_at_any_statement_leaves_all_or_nothing(void **state)
{
    int exit = -SIGKILL;
    int hits = 0;

    (void)state;
    for (int hit = 1; exit == -SIGKILL; hit++) {
        char order[40];
        struct store store;
        int64_t items;

        snprintf(order, sizeof(order), "any:%d:%s", hit, hit % 2 ? "kill" : "kill_after");
        store_make(&store);
        exit = run_child(store.path, order, NULL);
        items = store_count(&store);
        assert_true(items == 0 || items == 2 || items == 4);
        hits = hit;
    }
    assert_int_equal(exit, DONE);
    assert_true(hits > 12);
}

static void nothing_is_counted_before_the_arming_file_exists(void **state)
{
    char arm[100];
    struct store store;

    (void)state;
    store_make(&store);
    snprintf(arm, sizeof(arm), "%s/arm", store.folder);
    assert_int_equal(run_child(store.path, "begin:1:kill", arm), DONE);
    assert_int_equal(store_count(&store), 4);
    store_make(&store);
    assert_int_equal(run_child(store.path, "begin:1:kill", store.path), -SIGKILL);
    assert_int_equal(store_count(&store), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_does_what_it_says_and_the_store_stays_whole),
        cmocka_unit_test(a_death_at_any_statement_leaves_all_or_nothing),
        cmocka_unit_test(nothing_is_counted_before_the_arming_file_exists),
    };

    if (argc == 3 && strcmp(argv[1], "child") == 0)
        return child_main(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
