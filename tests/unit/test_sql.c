/*
 * test_sql.c - the driver contract: transactions, savepoints, rows, errors, what readers see, the
 * log.
 *
 * Each test has a folder and a store of its own.
 */
#include "sql/sql.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/metric.h"
#include "unit.h"

SQL_QUERY(item_add, "INSERT INTO items(id, name, data) VALUES(?1, ?2, ?3)");
SQL_QUERY(item_add_returning, "INSERT INTO items(id, name) VALUES(?1, ?2) RETURNING id * 10");
SQL_QUERY(item_rename, "UPDATE items SET name = ?2 WHERE id >= ?1");
SQL_QUERY(item_all, "SELECT id, name, data FROM items ORDER BY id");
SQL_QUERY(item_one, "SELECT name FROM items WHERE id = ?1");
SQL_QUERY(item_count, "SELECT count(*) FROM items");
SQL_QUERY(item_max, "SELECT max(id) FROM items");
SQL_QUERY(item_broken, "SELECT nothing FROM nowhere");
SQL_QUERY(item_fail_late,
          "SELECT abs(CASE WHEN id < 3 THEN id ELSE -9223372036854775807 - 1 END) FROM items");

static const char schema[] =
    "CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT UNIQUE CHECK(name <> 'bad'),"
    " data BLOB) STRICT;";

struct store {
    char folder[64];
    char path[80];
    struct sql *sql;
};

static int store_set_up(void **state)
{
    struct store *store = xalloc(sizeof(*store));

    snprintf(store->folder, sizeof(store->folder), "/tmp/fermata-sql-XXXXXX");
    if (!mkdtemp(store->folder))
        return -1;
    snprintf(store->path, sizeof(store->path), "%s/store.db", store->folder);
    *state = store;
    if (sql_open_sqlite(store->path, false, &store->sql))
        return -1;
    return sql_script(store->sql, schema) ? -1 : 0;
}

static int store_tear_down(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct store *store = *state;
    char path[120];

    sql_close(store->sql);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        snprintf(path, sizeof(path), "%s%s", store->path, ends[i]);
        unlink(path);
    }
    rmdir(store->folder);
    free(store);
    return 0;
}

static enum err add(struct sql *sql, int64_t id, const char *name)
{
    return sql_run(sql, &item_add, SQL_ARGS(SQL_INT(id), SQL_TEXT(name), SQL_NULL), NULL);
}

static int64_t count(struct sql *sql)
{
    int64_t items = -1;

    assert_ok(sql_select_int(sql, &item_count, SQL_NO_ARGS, -1, &items));
    return items;
}

/* --- rows --- */

static void rows_come_back_as_they_were_put_in(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct arena *arena = arena_new();
    struct sql_rows rows;
    size_t len;

    assert_ok(sql_run(sql, &item_add,
                      SQL_ARGS(SQL_INT(INT64_MAX), SQL_TEXT("\xc3\xa4"), SQL_BLOB("a\0b", 3)),
                      NULL));
    assert_ok(sql_run(sql, &item_add, SQL_ARGS(SQL_INT(INT64_MIN), SQL_TEXT(""), SQL_BLOB(NULL, 0)),
                      NULL));
    assert_ok(sql_run(sql, &item_add, SQL_ARGS(SQL_INT(0), SQL_TEXT(NULL), SQL_NULL), NULL));
    assert_ok(sql_select(sql, &item_all, SQL_NO_ARGS, &rows));
    assert_true(sql_next(&rows));
    assert_true(sql_int(&rows, 0) == INT64_MIN);
    assert_string_equal(sql_text(&rows, 1), "");
    assert_false(sql_is_null(&rows, 2));
    assert_true(sql_next(&rows));
    assert_int_equal(sql_int(&rows, 0), 0);
    assert_true(sql_is_null(&rows, 1));
    assert_null(sql_text(&rows, 1));
    assert_null(sql_text_copy(arena, &rows, 1));
    assert_null(sql_blob(&rows, 2, &len));
    assert_int_equal(len, 0);
    assert_int_equal(sql_int(&rows, 1), 0);
    assert_true(sql_next(&rows));
    assert_true(sql_int(&rows, 0) == INT64_MAX);
    assert_string_equal(sql_text_copy(arena, &rows, 1), "\xc3\xa4");
    assert_memory_equal(sql_blob(&rows, 2, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_false(sql_next(&rows));
    assert_false(sql_next(&rows));
    assert_ok(sql_end(&rows));
    arena_free(arena);
}

static void changes_are_counted(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    int64_t changes = -1;

    for (int64_t id = 1; id <= 5; id++)
        assert_ok(add(sql, id, NULL));
    assert_ok(sql_run(sql, &item_rename, SQL_ARGS(SQL_INT(3), SQL_NULL), &changes));
    assert_int_equal(changes, 3);
    assert_ok(sql_run(sql, &item_rename, SQL_ARGS(SQL_INT(9), SQL_NULL), &changes));
    assert_int_equal(changes, 0);
}

static void one_integer_has_a_fallback(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    int64_t value = 0;

    assert_ok(sql_select_int(sql, &item_max, SQL_NO_ARGS, 77, &value));
    assert_int_equal(value, 77); /* a row with NULL */
    assert_ok(sql_select_int(sql, &item_one, SQL_ARGS(SQL_INT(1)), 78, &value));
    assert_int_equal(value, 78); /* no row */
    assert_ok(add(sql, 5, NULL));
    assert_ok(sql_select_int(sql, &item_max, SQL_NO_ARGS, 77, &value));
    assert_int_equal(value, 5);
}

static void returning_is_done_when_select_returns(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct sql_rows rows;

    assert_ok(sql_select(sql, &item_add_returning, SQL_ARGS(SQL_INT(4), SQL_TEXT("x")), &rows));
    assert_int_equal(count(sql), 1);
    assert_true(sql_next(&rows));
    assert_int_equal(sql_int(&rows, 0), 40);
    assert_ok(sql_end(&rows));
    assert_err(sql_select(sql, &item_add_returning, SQL_ARGS(SQL_INT(4), SQL_TEXT("x")), &rows),
               ERR_STORAGE_CONSTRAINT);
    assert_int_equal(count(sql), 1);
}

static void a_query_may_run_again_inside_its_own_rows(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct sql_rows outer, inner;
    int seen = 0;

    for (int64_t id = 1; id <= 3; id++)
        assert_ok(add(sql, id, NULL));
    assert_ok(sql_select(sql, &item_all, SQL_NO_ARGS, &outer));
    while (sql_next(&outer)) {
        assert_ok(sql_select(sql, &item_all, SQL_NO_ARGS, &inner));
        while (sql_next(&inner))
            seen++;
        assert_ok(sql_end(&inner));
    }
    assert_ok(sql_end(&outer));
    assert_int_equal(seen, 9);
}

static void rows_need_not_be_drained(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct sql_rows rows;

    for (int64_t id = 1; id <= 3; id++)
        assert_ok(add(sql, id, NULL));
    for (int i = 0; i < 3; i++) {
        assert_ok(sql_select(sql, &item_all, SQL_NO_ARGS, &rows));
        assert_true(sql_next(&rows));
        assert_int_equal(sql_int(&rows, 0), 1);
        assert_ok(sql_end(&rows));
    }
}

static void more_queries_than_the_table_began_with_are_found(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    enum { QUERIES = 700 };
    struct sql_query *queries = xalloc(sizeof(*queries) * QUERIES);
    struct arena *arena = arena_new();

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < QUERIES; i++) {
            int64_t value;

            if (round == 0)
                queries[i] = (struct sql_query){"many", arena_printf(arena, "SELECT %d", i)};
            assert_ok(sql_select_int(sql, &queries[i], SQL_NO_ARGS, -1, &value));
            assert_int_equal(value, i);
        }
    }
    sql_close(sql);
    ((struct store *)*state)->sql = NULL;
    arena_free(arena);
    free(queries);
}

/* --- errors --- */

static void constraints_are_told_apart_and_leave_nothing(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;

    assert_ok(add(sql, 1, "a"));
    assert_err(add(sql, 1, "b"), ERR_STORAGE_CONSTRAINT);
    assert_err(add(sql, 2, "a"), ERR_STORAGE_CONSTRAINT);
    assert_err(add(sql, 3, "bad"), ERR_STORAGE_CONSTRAINT);
    assert_int_equal(count(sql), 1);
    assert_ok(add(sql, 3, "good")); /* the statement can be used again */
}

static void a_wrong_statement_fails_without_harm(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct sql_rows rows;

    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 1, "a"));
    assert_err(sql_select(sql, &item_broken, SQL_NO_ARGS, &rows), ERR_STATEMENT_FAILED);
    assert_err(sql_script(sql, "CREATE TABLE ("), ERR_STATEMENT_FAILED);
    assert_true(sql_in_transaction(sql));
    assert_ok(sql_commit(sql));
    assert_int_equal(count(sql), 1);
}

static void an_error_between_rows_comes_with_the_end(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct sql_rows rows;
    int seen = 0;

    for (int64_t id = 1; id <= 5; id++)
        assert_ok(add(sql, id, NULL));
    assert_ok(sql_select(sql, &item_fail_late, SQL_NO_ARGS, &rows));
    while (sql_next(&rows))
        seen++;
    assert_int_equal(seen, 2);
    assert_err(sql_end(&rows), ERR_STATEMENT_FAILED);
    assert_int_equal(count(sql), 5);
}

/* --- transactions --- */

static void a_commit_keeps_and_a_rollback_forgets(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    int64_t commits = metric_value(METRIC_COMMITS);

    assert_false(sql_in_transaction(sql));
    assert_ok(sql_begin(sql));
    assert_true(sql_in_transaction(sql));
    assert_ok(add(sql, 1, "a"));
    assert_ok(sql_commit(sql));
    assert_false(sql_in_transaction(sql));
    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 2, "b"));
    sql_rollback(sql);
    assert_false(sql_in_transaction(sql));
    sql_rollback(sql); /* nothing to do */
    assert_int_equal(count(sql), 1);
    assert_int_equal(metric_value(METRIC_COMMITS), commits + 1);
}

static void savepoints_nest(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;

    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 1, NULL));
    assert_ok(sql_savepoint(sql, 0));
    assert_ok(add(sql, 2, NULL));
    assert_ok(sql_savepoint(sql, 1));
    assert_ok(add(sql, 3, NULL));
    assert_ok(sql_rollback_to(sql, 1));
    assert_int_equal(count(sql), 2);
    assert_ok(sql_release(sql, 0));
    assert_ok(sql_savepoint(sql, 0));
    assert_ok(add(sql, 4, NULL));
    assert_ok(sql_savepoint(sql, 1));
    assert_ok(add(sql, 5, NULL));
    assert_ok(sql_release(sql, 1));
    assert_ok(sql_rollback_to(sql, 0)); /* takes what was released inside with it */
    assert_ok(sql_commit(sql));
    assert_int_equal(count(sql), 2);
}

static void a_rollback_to_works_while_rows_are_read(void **state)
{
    struct sql *sql = ((struct store *)*state)->sql;
    struct sql_rows rows;

    assert_ok(sql_begin(sql));
    for (int64_t id = 1; id <= 3; id++)
        assert_ok(add(sql, id, NULL));
    assert_ok(sql_savepoint(sql, 0));
    assert_ok(add(sql, 4, NULL));
    assert_ok(sql_select(sql, &item_all, SQL_NO_ARGS, &rows));
    assert_true(sql_next(&rows));
    assert_ok(sql_rollback_to(sql, 0));
    while (sql_next(&rows))
        ;
    (void)!sql_end(&rows); /* the database may or may not have cut it short */
    assert_ok(sql_commit(sql));
    assert_int_equal(count(sql), 3);
}

static void a_second_writer_is_told_that_the_store_is_busy(void **state)
{
    struct store *store = *state;
    pid_t child;
    int status;

    assert_ok(sql_begin(store->sql));
    child = fork(); /* the child opens its own connection; the inherited one is not touched there */
    if (child == 0) {
        struct sql *other;
        enum err err = sql_open_sqlite(store->path, false, &other);

        _exit(err == ERR_STORAGE_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    sql_rollback(store->sql);
}

/* --- readers --- */

static void readers_see_what_is_committed_and_nothing_else(void **state)
{
    struct store *store = *state;
    struct sql *reader;

    assert_ok(sql_open_sqlite(store->path, true, &reader));
    assert_ok(sql_begin(store->sql));
    assert_ok(add(store->sql, 1, "a"));
    assert_int_equal(count(reader), 0);
    assert_ok(sql_commit(store->sql));
    assert_int_equal(count(reader), 1);
    sql_close(reader);
}

static void a_read_transaction_sees_one_snapshot(void **state)
{
    struct store *store = *state;
    struct sql *reader;

    assert_ok(sql_open_sqlite(store->path, true, &reader));
    assert_ok(sql_begin_read(reader));
    assert_int_equal(count(reader), 0);
    assert_ok(add(store->sql, 1, "a"));
    assert_int_equal(count(reader), 0);
    assert_ok(sql_commit(reader));
    assert_int_equal(count(reader), 1);
    sql_close(reader);
}

static void a_reader_cannot_write(void **state)
{
    struct store *store = *state;
    struct sql *reader;

    assert_ok(sql_open_sqlite(store->path, true, &reader));
    assert_err(add(reader, 1, "a"), ERR_STORAGE_IO);
    assert_err(sql_begin(reader), ERR_STORAGE_IO);
    assert_false(sql_in_transaction(reader));
    assert_int_equal(count(reader), 0);
    sql_close(reader);
}

static void a_reader_of_nothing_is_refused(void **state)
{
    struct sql *reader;

    (void)state;
    assert_err(sql_open_sqlite("/tmp/fermata-no-such-folder/store.db", true, &reader),
               ERR_STORAGE_IO);
    assert_err(sql_open_sqlite("/tmp/fermata-no-such-folder/store.db", false, &reader),
               ERR_STORAGE_IO);
}

/* --- the file and its log --- */

static void the_files_are_for_the_owner_only(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct store *store = *state;
    mode_t before = umask(0);

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct stat info;
        char path[120];

        snprintf(path, sizeof(path), "%s%s", store->path, ends[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    umask(before);
}

static void the_log_exists_before_the_first_commit(void **state)
{
    struct store *store = *state;
    struct stat info;
    char path[120];

    sql_close(store->sql);
    assert_ok(sql_open_sqlite(store->path, false, &store->sql));
    snprintf(path, sizeof(path), "%s-wal", store->path);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size > 0);
}

static void a_checkpoint_empties_the_log_and_keeps_its_file(void **state)
{
    struct store *store = *state;
    struct stat before, after;
    char path[120];

    for (int64_t id = 1; id <= 50; id++)
        assert_ok(add(store->sql, id, NULL));
    snprintf(path, sizeof(path), "%s-wal", store->path);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(sql_log_bytes(store->sql), before.st_size);
    sql_checkpoint(store->sql, false);
    assert_int_equal(sql_log_bytes(store->sql), 0);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, before.st_size);
    assert_ok(add(store->sql, 51, NULL)); /* written over the old beginning */
    assert_true(sql_log_bytes(store->sql) < before.st_size);
    sql_checkpoint(store->sql, true);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, 0);
    assert_int_equal(sql_log_bytes(store->sql), 0);
    assert_int_equal(count(store->sql), 51);
}

static void the_log_stays_while_a_reader_needs_it(void **state)
{
    struct store *store = *state;
    struct sql *reader;
    int64_t bytes;

    assert_ok(sql_open_sqlite(store->path, true, &reader));
    assert_ok(add(store->sql, 1, NULL));
    assert_ok(sql_begin_read(reader));
    assert_int_equal(count(reader), 1);
    assert_ok(add(store->sql, 2, NULL));
    bytes = sql_log_bytes(store->sql);
    sql_checkpoint(store->sql, false);
    assert_int_equal(sql_log_bytes(store->sql), bytes);
    assert_int_equal(count(reader), 1);
    sql_rollback(reader);
    sql_checkpoint(store->sql, false);
    assert_int_equal(sql_log_bytes(store->sql), 0);
    sql_close(reader);
}

static void a_store_is_found_again(void **state)
{
    struct store *store = *state;

    assert_ok(sql_script(store->sql, "PRAGMA user_version=7"));
    assert_ok(add(store->sql, 1, "a"));
    sql_close(store->sql);
    assert_ok(sql_open_sqlite(store->path, false, &store->sql));
    assert_int_equal(count(store->sql), 1);
    {
        SQL_QUERY(version, "PRAGMA user_version");
        int64_t value;

        assert_ok(sql_select_int(store->sql, &version, SQL_NO_ARGS, 0, &value));
        assert_int_equal(value, 7); /* making the log has not changed it */
    }
}

static void spoil(const char *path, off_t at, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void a_damaged_file_is_refused(void **state)
{
    struct store *store = *state;
    struct sql *sql;

    sql_close(store->sql);
    store->sql = NULL;
    assert_int_equal(truncate(store->path, 4096), 0); /* the head says two pages */
    assert_err(sql_open_sqlite(store->path, false, &sql), ERR_STORAGE_CORRUPT);
    spoil(store->path, 0, "not a database at all", 21);
    assert_err(sql_open_sqlite(store->path, false, &sql), ERR_STORAGE_CORRUPT);
    assert_err(sql_open_sqlite(store->path, true, &sql), ERR_STORAGE_CORRUPT);
}

/* A small file system of its own, seen by the child only; where that is not allowed the test is
 * skipped. */
static int fill_the_disk(const struct store *store)
{
    static char large[3000000];
    struct sql *sql;
    enum err err;

    memset(large, 'x', sizeof(large));
    if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
        mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", store->folder, "tmpfs", 0, "size=1m") != 0)
        return 77;
    if (sql_open_sqlite(store->path, false, &sql) || sql_script(sql, schema) || sql_begin(sql))
        return 1;
    err = sql_run(sql, &item_add, SQL_ARGS(SQL_INT(1), SQL_NULL, SQL_BLOB(large, sizeof(large))),
                  NULL);
    err = err ? err : sql_commit(sql);
    if (err != ERR_STORAGE_FULL)
        return 2;
    if (sql_in_transaction(sql) || count(sql) != 0)
        return 3;
    if (add(sql, 2, "small") || count(sql) != 1)
        return 4;
    sql_close(sql);
    return 0;
}

static void a_full_disk_refuses_cleanly(void **state)
{
    struct store *store = *state;
    pid_t child;
    int status;

    sql_close(store->sql);
    store->sql = NULL;
    child = fork();
    if (child == 0)
        _exit(fill_the_disk(store));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define SQL_TEST(name) cmocka_unit_test_setup_teardown(name, store_set_up, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQL_TEST(rows_come_back_as_they_were_put_in),
        SQL_TEST(changes_are_counted),
        SQL_TEST(one_integer_has_a_fallback),
        SQL_TEST(returning_is_done_when_select_returns),
        SQL_TEST(a_query_may_run_again_inside_its_own_rows),
        SQL_TEST(rows_need_not_be_drained),
        SQL_TEST(more_queries_than_the_table_began_with_are_found),
        SQL_TEST(constraints_are_told_apart_and_leave_nothing),
        SQL_TEST(a_wrong_statement_fails_without_harm),
        SQL_TEST(an_error_between_rows_comes_with_the_end),
        SQL_TEST(a_commit_keeps_and_a_rollback_forgets),
        SQL_TEST(savepoints_nest),
        SQL_TEST(a_rollback_to_works_while_rows_are_read),
        SQL_TEST(a_second_writer_is_told_that_the_store_is_busy),
        SQL_TEST(readers_see_what_is_committed_and_nothing_else),
        SQL_TEST(a_read_transaction_sees_one_snapshot),
        SQL_TEST(a_reader_cannot_write),
        SQL_TEST(a_reader_of_nothing_is_refused),
        SQL_TEST(the_files_are_for_the_owner_only),
        SQL_TEST(the_log_exists_before_the_first_commit),
        SQL_TEST(a_checkpoint_empties_the_log_and_keeps_its_file),
        SQL_TEST(the_log_stays_while_a_reader_needs_it),
        SQL_TEST(a_store_is_found_again),
        SQL_TEST(a_damaged_file_is_refused),
        SQL_TEST(a_full_disk_refuses_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
