/*
 * own_schema.h - a schema of the test's own on the PostgreSQL server of FERMATA_TEST_POSTGRES.
 */
#ifndef FERMATA_TESTS_OWN_SCHEMA_H
#define FERMATA_TESTS_OWN_SCHEMA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sql/sql.h"
#include "unit/unit.h"

struct own_schema {
    struct sql *sql; /* null: there is no server */
    char name[64];
    char url[1024];
};

SQL_QUERY_POSTGRES(own_schema_backend,
                   "SELECT pid FROM pg_stat_activity WHERE application_name = ?1");
SQL_QUERY_POSTGRES(own_schema_cut, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                   " WHERE application_name = ?1");

/* Polls until the condition holds; a test that waits in vain fails. */
#define await(condition)                                                                           \
    do {                                                                                           \
        for (int left_ = 30000; !(condition); left_--) {                                           \
            static const struct timespec pause_ = {.tv_nsec = 1000000};                            \
            if (!left_)                                                                            \
                fail_msg("waited in vain for: %s", #condition);                                    \
            nanosleep(&pause_, NULL);                                                              \
        }                                                                                          \
    } while (0)

static inline void own_schema_open(struct own_schema *schema)
{
    const char *server = getenv("FERMATA_TEST_POSTGRES");
    static int number;
    char text[128];

    memset(schema, 0, sizeof(*schema));
    if (!server)
        return;
    snprintf(schema->name, sizeof(schema->name), "t_%d_%d", (int)getpid(), ++number);
    snprintf(schema->url, sizeof(schema->url), "%s%coptions=-csearch_path%%3D%s", server,
             strchr(server, '?') ? '&' : '?', schema->name);
    assert_ok(sql_open(schema->url, false, &schema->sql));
    snprintf(text, sizeof(text), "CREATE SCHEMA %s", schema->name);
    assert_ok(sql_script(schema->sql, text));
}

static inline void own_schema_close(struct own_schema *schema)
{
    char text[128];

    if (!schema->sql)
        return;
    snprintf(text, sizeof(text), "DROP SCHEMA %s CASCADE", schema->name);
    assert_ok(sql_script(schema->sql, text));
    sql_close(schema->sql);
}

/* The test needs the server. */
#define own_schema_or_skip(schema)                                                                 \
    do {                                                                                           \
        if (!(schema)->sql) {                                                                      \
            print_message("no PostgreSQL: FERMATA_TEST_POSTGRES is not set\n");                    \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

/* The store's name as a client of this name calls it, so that its connection can be found. */
static inline void own_schema_url(const struct own_schema *schema, const char *client,
                                  char url[1200])
{
    snprintf(url, 1200, "%s&application_name=%s", schema->url, client);
}

/* The server's process behind a client's connection; 0: none. */
static inline pid_t own_schema_pid(struct own_schema *schema, const char *client)
{
    int64_t pid = 0;

    assert_ok(
        sql_select_int(schema->sql, &own_schema_backend, SQL_ARGS(SQL_TEXT(client)), 0, &pid));
    return (pid_t)pid;
}

static inline void own_schema_cut_off(struct own_schema *schema, const char *client)
{
    int64_t count;

    assert_ok(sql_select_int(schema->sql, &own_schema_cut, SQL_ARGS(SQL_TEXT(client)), 0, &count));
    assert_int_equal(count, 1);
}

#endif
