/*
 * test_queries.c - every statement of the program is understood by both databases, and both schemas
 * have the same tables.
 */
#include <libpq-fe.h>
#include <string.h>

#include "base/arena.h"
#include "serve/serve.h"
#include "sql/sql_postgres_priv.h"
#include "store/store.h"
#include "unit/own_schema.h"

/* The linker's names for the ends of its sections (sql.h). */
extern const struct sql_query __start_sql_queries[], __stop_sql_queries[];
extern const struct sql_query __start_sql_queries_postgres[], __stop_sql_queries_postgres[];

/* The whole program is linked in for its statements. */
static int (*volatile whole_program)(int, char **) = serve_main;

struct both {
    struct own_schema schema;
    struct sql *file;
    PGconn *conn;
};

static int set_up(void **state)
{
    struct both *both = xalloc(sizeof(*both));

    own_schema_open(&both->schema);
    *state = both;
    if (sql_open(SQL_MEMORY, false, &both->file) || store_migrate(both->file, 1))
        return -1;
    if (!both->schema.sql)
        return 0;
    both->conn = PQconnectdb(both->schema.url);
    return store_migrate(both->schema.sql, 1) ? -1 : 0;
}

static int tear_down(void **state)
{
    struct both *both = *state;

    PQfinish(both->conn);
    own_schema_close(&both->schema);
    sql_close(both->file);
    free(both);
    return 0;
}

/* Without types declared: an argument may be null the first time, and then says none. */
static size_t prepare_all(PGconn *conn, const struct sql_query *from, const struct sql_query *to)
{
    size_t count = 0;

    for (const struct sql_query *query = from; query < to; query++) {
        PGresult *result;
        char name[24], *text;
        int parameters;

        if (!query->name) /* padding of a sanitizer's */
            continue;
        snprintf(name, sizeof(name), "%p", (const void *)query);
        text = postgres_text(query->text, &parameters);
        result = PQprepare(conn, name, text, 0, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK &&
            strncmp(query->name, "own_schema", 10) != 0)
            fail_msg("%s: %s", query->name, PQresultErrorMessage(result));
        PQclear(result);
        free(text);
        count++;
    }
    return count;
}

static void every_statement_is_understood_by_postgresql(void **state)
{
    struct both *both = *state;

    own_schema_or_skip(&both->schema);
    assert_non_null(whole_program);
    assert_true(prepare_all(both->conn, __start_sql_queries, __stop_sql_queries) > 150);
    assert_true(prepare_all(both->conn, __start_sql_queries_postgres, __stop_sql_queries_postgres) >
                15);
}

SQL_QUERY_SQLITE(file_columns,
                 "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN '!' ELSE"
                 " '' END FROM sqlite_master m JOIN pragma_table_info(m.name) c"
                 " WHERE m.type = 'table' ORDER BY m.name, c.cid");
SQL_QUERY_POSTGRES(server_columns,
                   "SELECT c.table_name || '.' || c.column_name || CASE c.is_nullable WHEN 'NO'"
                   " THEN '!' ELSE '' END FROM information_schema.columns c JOIN"
                   " information_schema.tables t USING (table_schema, table_name) WHERE"
                   " c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
                   " ORDER BY c.table_name COLLATE \"C\", c.ordinal_position");

static void both_schemas_have_the_same_tables(void **state)
{
    struct both *both = *state;
    struct sql_rows file, server;
    int columns = 0;

    own_schema_or_skip(&both->schema);
    assert_ok(sql_select(both->file, &file_columns, SQL_NO_ARGS, &file));
    assert_ok(sql_select(both->schema.sql, &server_columns, SQL_NO_ARGS, &server));
    while (sql_next(&file)) {
        assert_true(sql_next(&server));
        assert_string_equal(sql_text(&server, 0), sql_text(&file, 0));
        columns++;
    }
    assert_false(sql_next(&server));
    assert_true(columns > 200);
    assert_ok(sql_end(&file));
    assert_ok(sql_end(&server));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_statement_is_understood_by_postgresql, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(both_schemas_have_the_same_tables, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
