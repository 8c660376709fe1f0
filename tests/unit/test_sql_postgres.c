/*
 * test_sql_postgres.c - the driver for PostgreSQL: rows, writes that are sent and not waited for,
 * savepoints, every SQLSTATE, lost connections.
 */
#include "sql/sql.h"

#include "base/arena.h"
#include "unit/own_schema.h"

SQL_QUERY_POSTGRES(thing_add, "INSERT INTO things (id, name, data) VALUES (?1, ?2, ?3)");
SQL_QUERY_POSTGRES(thing_count, "SELECT count(*) FROM things");
SQL_QUERY_POSTGRES(thing_all,
                   "SELECT id, name, data, id > 0, name IS NULL FROM things ORDER BY id");
SQL_QUERY_POSTGRES(thing_rename, "UPDATE things SET name = ?1 WHERE id >= ?2");
SQL_QUERY_POSTGRES(thing_locked,
                   "SELECT id FROM things /*postgres: FOR UPDATE*/ WHERE name = '?1'");
SQL_QUERY_POSTGRES(thing_lock, "SELECT id FROM things WHERE id = ?1 /*postgres: FOR UPDATE*/");
SQL_QUERY_POSTGRES(raise, "SELECT raise(?1)");
SQL_QUERY_POSTGRES(nonsense, "SELECT nothing FROM nowhere");
SQL_QUERY_POSTGRES(own_pid, "SELECT pg_backend_pid()");
SQL_QUERY_POSTGRES(end_backend, "SELECT count(pg_terminate_backend(CAST(?1 AS INTEGER)))");
SQL_QUERY_POSTGRES(make_read_only, "SELECT set_config('transaction_read_only', 'on', true)");

static const char tables[] =
    "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT CHECK (name <> 'bad'), data BYTEA);"
    "CREATE FUNCTION raise(state TEXT) RETURNS BIGINT LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = state; END $$";

static int set_up(void **state)
{
    struct own_schema *schema = xalloc(sizeof(*schema));

    own_schema_open(schema);
    *state = schema;
    return sql_script(schema->sql, tables) ? -1 : 0;
}

static int tear_down(void **state)
{
    own_schema_close(*state);
    free(*state);
    return 0;
}

static struct sql *sql_of(void **state)
{
    return ((struct own_schema *)*state)->sql;
}

static enum err add(struct sql *sql, int64_t id, const char *name)
{
    return sql_run(sql, &thing_add, SQL_ARGS(SQL_INT(id), SQL_TEXT(name), SQL_NULL), NULL);
}

static int64_t count(struct sql *sql)
{
    int64_t things = -1;

    assert_ok(sql_select_int(sql, &thing_count, SQL_NO_ARGS, -1, &things));
    return things;
}

/* ---- rows ---- */

static void rows_come_back_as_they_were_put_in(void **state)
{
    struct sql *sql = sql_of(state);
    struct sql_rows rows;
    size_t len;

    assert_ok(sql_run(sql, &thing_add,
                      SQL_ARGS(SQL_INT(INT64_MAX), SQL_TEXT("\xc3\xa4"), SQL_BLOB("a\0b", 3)),
                      NULL));
    assert_ok(sql_run(sql, &thing_add, SQL_ARGS(SQL_INT(INT64_MIN), SQL_TEXT(""), SQL_BLOB("", 0)),
                      NULL));
    assert_ok(sql_run(sql, &thing_add, SQL_ARGS(SQL_INT(0), SQL_NULL, SQL_NULL), NULL));
    assert_ok(sql_select(sql, &thing_all, SQL_NO_ARGS, &rows));
    assert_true(sql_next(&rows));
    assert_true(sql_int(&rows, 0) == INT64_MIN);
    assert_string_equal(sql_text(&rows, 1), "");
    assert_non_null(sql_blob(&rows, 2, &len));
    assert_int_equal(len, 0);
    assert_int_equal(sql_int(&rows, 3), 0); /* a truth value */
    assert_true(sql_next(&rows));
    assert_true(sql_is_null(&rows, 1));
    assert_null(sql_text(&rows, 1));
    assert_null(sql_blob(&rows, 2, &len));
    assert_int_equal(sql_int(&rows, 4), 1);
    assert_true(sql_next(&rows));
    assert_true(sql_int(&rows, 0) == INT64_MAX);
    assert_memory_equal(sql_blob(&rows, 2, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_false(sql_next(&rows));
    assert_ok(sql_end(&rows));
}

static void changes_are_counted(void **state)
{
    struct sql *sql = sql_of(state);
    int64_t changes = -1;

    for (int64_t i = 1; i <= 3; i++)
        assert_ok(add(sql, i, "a"));
    assert_ok(sql_run(sql, &thing_rename, SQL_ARGS(SQL_TEXT("b"), SQL_INT(2)), &changes));
    assert_int_equal(changes, 2);
}

static void words_meant_for_it_are_read_and_quoted_marks_are_not(void **state)
{
    struct sql *sql = sql_of(state);
    struct sql_rows rows;

    /* FOR UPDATE stands in the wrong place: that it is complained of shows that it was read. */
    assert_err(sql_select(sql, &thing_locked, SQL_NO_ARGS, &rows), ERR_STATEMENT_FAILED);
    assert_ok(add(sql, 1, "?1"));
    assert_int_equal(count(sql), 1);
}

/* ---- writes that are not waited for ---- */

static void a_write_that_fails_is_told_with_the_next_question(void **state)
{
    struct sql *sql = sql_of(state);
    int64_t things;

    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 1, "a"));
    assert_ok(sql_savepoint(sql, 0));
    assert_ok(add(sql, 2, "bad"));
    assert_err(sql_select_int(sql, &thing_count, SQL_NO_ARGS, 0, &things), ERR_STORAGE_CONSTRAINT);
    /* Until it goes back it does nothing more. */
    assert_err(sql_select_int(sql, &thing_count, SQL_NO_ARGS, 0, &things), ERR_STORAGE_CONSTRAINT);
    assert_err(add(sql, 3, "c"), ERR_STORAGE_CONSTRAINT);
    assert_ok(sql_rollback_to(sql, 0));
    assert_int_equal(count(sql), 1);
    assert_ok(sql_commit(sql));
    assert_int_equal(count(sql), 1);
}

static void a_flush_tells_it_too(void **state)
{
    struct sql *sql = sql_of(state);

    assert_ok(sql_begin(sql));
    assert_ok(sql_savepoint(sql, 0));
    assert_ok(add(sql, 2, "bad"));
    assert_err(sql_flush(sql), ERR_STORAGE_CONSTRAINT);
    assert_ok(sql_rollback_to(sql, 0));
    assert_ok(sql_flush(sql));
    assert_ok(sql_commit(sql));
}

static void what_failed_before_a_savepoint_cannot_be_undone_to_it(void **state)
{
    struct sql *sql = sql_of(state);
    int64_t things;

    assert_ok(sql_begin(sql));
    assert_ok(sql_savepoint(sql, 0));
    assert_ok(add(sql, 1, "bad"));
    assert_ok(sql_release(sql, 0));
    assert_ok(sql_savepoint(sql, 0));
    assert_err(sql_select_int(sql, &thing_count, SQL_NO_ARGS, 0, &things), ERR_STORAGE_CONSTRAINT);
    assert_err(sql_rollback_to(sql, 0), ERR_STORAGE_CONSTRAINT);
    assert_true(sql_in_transaction(sql));
    sql_rollback(sql);
    assert_false(sql_in_transaction(sql));
    assert_int_equal(count(sql), 0);
}

static void a_commit_over_a_failed_write_keeps_nothing_and_says_so(void **state)
{
    struct sql *sql = sql_of(state);

    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 1, "a"));
    assert_ok(add(sql, 2, "bad"));
    assert_err(sql_commit(sql), ERR_STORAGE_BUSY);
    assert_false(sql_in_transaction(sql));
    assert_int_equal(count(sql), 0);
}

static void thousands_of_writes_go_out_without_a_question(void **state)
{
    struct sql *sql = sql_of(state);

    assert_ok(sql_begin(sql));
    for (int64_t i = 0; i < 5000; i++)
        assert_ok(add(sql, i, "a"));
    assert_ok(sql_commit(sql));
    assert_int_equal(count(sql), 5000);
}

static void a_broken_statement_leaves_the_connection_whole(void **state)
{
    struct sql *sql = sql_of(state);
    struct sql_rows rows;

    assert_err(sql_select(sql, &nonsense, SQL_NO_ARGS, &rows), ERR_STATEMENT_FAILED);
    assert_err(sql_select(sql, &nonsense, SQL_NO_ARGS, &rows), ERR_STATEMENT_FAILED);
    assert_int_equal(count(sql), 0);
}

/* ---- errors ---- */

static const struct {
    const char *state;
    enum err err;
} states[] = {
    {"40001", ERR_STORAGE_BUSY      },
    {"40P01", ERR_STORAGE_BUSY      },
    {"55P03", ERR_STORAGE_BUSY      },
    {"57014", ERR_STORAGE_BUSY      },
    {"53200", ERR_STORAGE_BUSY      },
    {"25P02", ERR_STORAGE_BUSY      },
    {"53100", ERR_STORAGE_FULL      },
    {"57P01", ERR_STORAGE_LOST      },
    {"53300", ERR_STORAGE_LOST      },
    {"08006", ERR_STORAGE_LOST      },
    {"25006", ERR_STORAGE_LOST      },
    {"23505", ERR_STORAGE_CONSTRAINT},
    {"58030", ERR_STORAGE_IO        },
    {"XX001", ERR_STORAGE_CORRUPT   },
    {"22012", ERR_STATEMENT_FAILED  },
};

static void every_sqlstate_has_its_error_and_the_store_goes_on(void **state)
{
    struct sql *sql = sql_of(state);

    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        int64_t nothing;

        assert_ok(sql_begin(sql));
        assert_ok(sql_savepoint(sql, 0));
        assert_ok(add(sql, 1, "a"));
        assert_err(sql_select_int(sql, &raise, SQL_ARGS(SQL_TEXT(states[i].state)), 0, &nothing),
                   states[i].err);
        assert_int_equal(sql_in_transaction(sql), states[i].err != ERR_STORAGE_LOST);
        sql_rollback(sql);
        if (states[i].err == ERR_STORAGE_LOST) {
            assert_err(sql_begin(sql), ERR_STORAGE_LOST);
            assert_ok(sql_reopen(sql));
        }
        assert_int_equal(count(sql), 0);
    }
}

static void a_backend_that_was_ended_is_lost_and_reopened(void **state)
{
    struct sql *sql = sql_of(state), *other;
    int64_t pid, ended;

    assert_ok(sql_open(((struct own_schema *)*state)->url, false, &other));
    assert_ok(sql_select_int(sql, &own_pid, SQL_NO_ARGS, 0, &pid));
    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 1, "a"));
    assert_ok(sql_flush(sql));
    assert_ok(sql_select_int(other, &end_backend, SQL_ARGS(SQL_INT(pid)), 0, &ended));
    await(sql_run(sql, &thing_add, SQL_ARGS(SQL_INT(2), SQL_NULL, SQL_NULL), &ended) ==
          ERR_STORAGE_LOST);
    assert_false(sql_in_transaction(sql));
    assert_err(sql_begin(sql), ERR_STORAGE_LOST);
    assert_ok(sql_reopen(sql));
    assert_int_equal(count(sql), 0);
    sql_close(other);
}

static void a_commit_whose_backend_is_gone_is_lost(void **state)
{
    struct sql *sql = sql_of(state), *other;
    int64_t pid, ended;

    assert_ok(sql_open(((struct own_schema *)*state)->url, false, &other));
    assert_ok(sql_select_int(sql, &own_pid, SQL_NO_ARGS, 0, &pid));
    assert_ok(sql_begin(sql));
    assert_ok(add(sql, 1, "a"));
    assert_ok(sql_flush(sql));
    assert_ok(sql_select_int(other, &end_backend, SQL_ARGS(SQL_INT(pid)), 0, &ended));
    assert_err(sql_commit(sql), ERR_STORAGE_LOST);
    assert_ok(sql_reopen(sql));
    assert_int_equal(count(sql), 0);
    sql_close(other);
}

static void a_row_that_another_has_is_waited_for_and_then_given_up(void **state)
{
    struct sql *sql = sql_of(state), *other;
    int64_t id;

    assert_ok(add(sql, 1, "a"));
    assert_ok(sql_open(((struct own_schema *)*state)->url, false, &other));
    assert_ok(sql_script(other, "SET lock_timeout = '20ms'"));
    assert_ok(sql_begin(sql));
    assert_ok(sql_select_int(sql, &thing_lock, SQL_ARGS(SQL_INT(1)), 0, &id));
    assert_ok(sql_begin(other));
    assert_ok(sql_savepoint(other, 0));
    assert_err(sql_select_int(other, &thing_lock, SQL_ARGS(SQL_INT(1)), 0, &id), ERR_STORAGE_BUSY);
    assert_ok(sql_rollback_to(other, 0));
    assert_ok(sql_commit(sql));
    assert_ok(sql_select_int(other, &thing_lock, SQL_ARGS(SQL_INT(1)), 0, &id));
    assert_ok(sql_commit(other));
    sql_close(other);
}

static void a_primary_that_was_demoted_is_left(void **state)
{
    struct sql *sql = sql_of(state);
    int64_t changes;
    struct sql_rows rows;

    assert_ok(sql_begin(sql));
    assert_ok(sql_select(sql, &make_read_only, SQL_NO_ARGS, &rows));
    assert_ok(sql_end(&rows));
    assert_err(sql_run(sql, &thing_add, SQL_ARGS(SQL_INT(1), SQL_NULL, SQL_NULL), &changes),
               ERR_STORAGE_LOST);
    assert_false(sql_in_transaction(sql));
    assert_ok(sql_reopen(sql));
    assert_ok(add(sql, 1, "a"));
}

static void a_reader_sees_one_snapshot_and_cannot_write(void **state)
{
    struct sql *sql = sql_of(state), *reader;
    int64_t changes;

    assert_ok(add(sql, 1, "a"));
    assert_ok(sql_open(((struct own_schema *)*state)->url, true, &reader));
    assert_ok(sql_begin_read(reader));
    assert_int_equal(count(reader), 1);
    assert_ok(add(sql, 2, "b"));
    assert_int_equal(count(reader), 1);
    sql_rollback(reader);
    assert_ok(sql_begin_read(reader));
    assert_int_equal(count(reader), 2);
    assert_err(sql_run(reader, &thing_add, SQL_ARGS(SQL_INT(3), SQL_NULL, SQL_NULL), &changes),
               ERR_STORAGE_LOST);
    sql_close(reader);
}

static void a_server_that_is_not_there_is_lost(void **state)
{
    struct sql *sql;

    (void)state;
    assert_err(sql_open("postgres://nobody@127.0.0.1:1/nothing", false, &sql), ERR_STORAGE_LOST);
    assert_true(sql_is_shared_name("postgresql://x"));
    assert_false(sql_is_shared_name("/tmp/postgres.db"));
}

static void said(void *user, const char *text)
{
    char *heard = user;

    snprintf(heard + strlen(heard), 200 - strlen(heard), "%s;", text);
}

static void messages_are_heard_by_who_listens(void **state)
{
    struct sql *sql = sql_of(state), *other;
    char heard[200] = "";

    assert_ok(sql_open(((struct own_schema *)*state)->url, false, &other));
    assert_ok(sql_listen(other, "a \"channel\""));
    assert_ok(sql_notify(sql, "a \"channel\"", "one"));
    assert_ok(sql_notify(sql, "another", "two"));
    assert_ok(sql_notify(sql, "a \"channel\"", "three"));
    for (int i = 0; i < 100 && strcmp(heard, "one;three;") != 0; i++)
        assert_ok(sql_await(other, -1, 100, said, heard));
    assert_string_equal(heard, "one;three;");
    sql_close(other);
}

#define POSTGRES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POSTGRES_TEST(rows_come_back_as_they_were_put_in),
        POSTGRES_TEST(changes_are_counted),
        POSTGRES_TEST(words_meant_for_it_are_read_and_quoted_marks_are_not),
        POSTGRES_TEST(a_write_that_fails_is_told_with_the_next_question),
        POSTGRES_TEST(a_flush_tells_it_too),
        POSTGRES_TEST(what_failed_before_a_savepoint_cannot_be_undone_to_it),
        POSTGRES_TEST(a_commit_over_a_failed_write_keeps_nothing_and_says_so),
        POSTGRES_TEST(thousands_of_writes_go_out_without_a_question),
        POSTGRES_TEST(a_broken_statement_leaves_the_connection_whole),
        POSTGRES_TEST(every_sqlstate_has_its_error_and_the_store_goes_on),
        POSTGRES_TEST(a_backend_that_was_ended_is_lost_and_reopened),
        POSTGRES_TEST(a_commit_whose_backend_is_gone_is_lost),
        POSTGRES_TEST(a_row_that_another_has_is_waited_for_and_then_given_up),
        POSTGRES_TEST(a_primary_that_was_demoted_is_left),
        POSTGRES_TEST(a_reader_sees_one_snapshot_and_cannot_write),
        POSTGRES_TEST(a_server_that_is_not_there_is_lost),
        POSTGRES_TEST(messages_are_heard_by_who_listens),
    };

    if (!getenv("FERMATA_TEST_POSTGRES")) {
        printf("there is no server: FERMATA_TEST_POSTGRES\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
