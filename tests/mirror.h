/*
 * mirror.h - a store on PostgreSQL, copied as it is at one commit into a SQLite database in memory.
 *
 * So the laws of invariants.sql are written once: they look at the copy. The tables of the copy are
 * those of the schema for SQLite; columns stand in the same order in both.
 */
#ifndef FERMATA_TESTS_MIRROR_H
#define FERMATA_TESTS_MIRROR_H

#include <dirent.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include "world.h"

enum { MIRROR_COLUMNS = 64, MIRROR_TEXT_BYTES = 1 << 17 };

static inline char *mirror_read_file(const char *path)
{
    char *text = calloc(1, MIRROR_TEXT_BYTES);
    FILE *file = fopen(path, "r");

    CHECK(file != NULL);
    CHECK(fread(text, 1, MIRROR_TEXT_BYTES - 1, file) > 0);
    fclose(file);
    return text;
}

/* Beside this file: ../src/store/schema/sqlite/000N_*.sql, in the order of their numbers. */
static inline void mirror_make_tables(sqlite3 *db)
{
    char folder[512], path[1024], *slash;
    struct dirent **files;
    int count;

    snprintf(folder, sizeof(folder), "%s", __FILE__);
    slash = strrchr(folder, '/');
    CHECK(slash != NULL);
    snprintf(slash, sizeof(folder) - (size_t)(slash - folder), "/../src/store/schema/sqlite");
    count = scandir(folder, &files, NULL, alphasort);
    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        if (files[i]->d_name[0] == '0') {
            char *text;

            snprintf(path, sizeof(path), "%s/%s", folder, files[i]->d_name);
            text = mirror_read_file(path);
            if (sqlite3_exec(db, text, NULL, NULL, NULL))
                fail_msg("%s: %s", path, sqlite3_errmsg(db));
            free(text);
        }
        free(files[i]);
    }
    free(files);
}

static inline PGresult *mirror_ask(PGconn *store, const char *text)
{
    PGresult *result = PQexec(store, text);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", text, PQresultErrorMessage(result));
    return result;
}

enum { MIRROR_BYTEA = 17 }; /* pg_type.dat */

static inline void mirror_bind(sqlite3_stmt *to, const PGresult *rows, int row, int column)
{
    const char *text = PQgetvalue(rows, row, column);
    unsigned char *bytes;
    size_t len;

    if (PQgetisnull(rows, row, column)) {
        sqlite3_bind_null(to, column + 1);
    } else if (PQftype(rows, column) == MIRROR_BYTEA) {
        bytes = PQunescapeBytea((const unsigned char *)text, &len);
        sqlite3_bind_blob(to, column + 1, bytes, (int)len, SQLITE_TRANSIENT);
        PQfreemem(bytes);
    } else {
        sqlite3_bind_text(to, column + 1, text, -1, SQLITE_TRANSIENT);
    }
}

static inline void mirror_table(sqlite3 *db, PGconn *store, const char *table)
{
    char text[512 + 2 * MIRROR_COLUMNS];
    sqlite3_stmt *to;
    PGresult *rows;
    int columns, len;

    snprintf(text, sizeof(text), "SELECT * FROM %s", table);
    rows = mirror_ask(store, text);
    columns = PQnfields(rows);
    len = snprintf(text, sizeof(text), "INSERT INTO %s VALUES (?", table);
    for (int i = 1; i < columns; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, ",?");
    snprintf(text + len, sizeof(text) - (size_t)len, ")");
    if (sqlite3_prepare_v2(db, text, -1, &to, NULL))
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    for (int row = 0; row < PQntuples(rows); row++) {
        for (int column = 0; column < columns; column++)
            mirror_bind(to, rows, row, column);
        if (sqlite3_step(to) != SQLITE_DONE)
            fail_msg("%s: %s", table, sqlite3_errmsg(db));
        sqlite3_reset(to);
    }
    sqlite3_finalize(to);
    PQclear(rows);
}

/* All tables, as they are at one commit. */
static inline sqlite3 *mirror_open(PGconn *store)
{
    PGresult *tables;
    sqlite3 *db;

    CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
    mirror_make_tables(db);
    PQclear(mirror_ask(store, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
    CHECK(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    tables = mirror_ask(
        store, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1");
    CHECK(PQntuples(tables) > 20);
    for (int i = 0; i < PQntuples(tables); i++)
        mirror_table(db, store, PQgetvalue(tables, i, 0));
    PQclear(tables);
    CHECK(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    PQclear(mirror_ask(store, "COMMIT"));
    return db;
}

#endif
