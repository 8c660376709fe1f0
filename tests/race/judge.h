/*
 * judge.h - looks at a world's store through a connection of its own: do the invariants hold?
 *
 * The statements are those of tests/invariants.sql, found beside the tests' sources. Whoever asks
 * gets one line a violation on standard error and their count. A store on PostgreSQL is copied for
 * that; small questions go to itself.
 */
#ifndef FERMATA_TESTS_JUDGE_H
#define FERMATA_TESTS_JUDGE_H

#include "mirror.h"

enum { JUDGE_MOST = 100, JUDGE_ROWS_SHOWN = 3 };

struct judge {
    sqlite3 *db;
    PGconn *store; /* of a store on PostgreSQL */
    char *text;
    struct {
        char name[8];
        sqlite3_stmt *statement;
    } laws[JUDGE_MOST];
    size_t count;
};

static inline char *judge_read(void)
{
    char path[512], *slash, *text;
    FILE *file;
    size_t len;

    snprintf(path, sizeof(path), "%s", __FILE__);
    slash = strrchr(path, '/');
    CHECK(slash != NULL);
    snprintf(slash, sizeof(path) - (size_t)(slash - path), "/../invariants.sql");
    file = fopen(path, "r");
    CHECK(file != NULL);
    text = calloc(1, 1 << 17);
    len = fread(text, 1, (1 << 17) - 1, file);
    CHECK(len > 0);
    CHECK(feof(file));
    fclose(file);
    return text;
}

/* Laws stand between empty lines; the first line of each bears its name. */
static inline void judge_prepare(struct judge *judge)
{
    char *copy = strdup(judge->text), *next, *at;

    judge->count = 0;
    for (at = copy; at; at = next) {
        size_t len = strspn(at + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

        next = strstr(at, "\n\n");
        if (next) {
            *next = '\0';
            next += 2;
        }
        if (!len || at[3 + len] != ':')
            continue; /* the head of the file */
        CHECK(judge->count < JUDGE_MOST);
        snprintf(judge->laws[judge->count].name, sizeof(judge->laws[0].name), "%.*s", (int)len,
                 at + 3);
        if (sqlite3_prepare_v2(judge->db, at, -1, &judge->laws[judge->count].statement, NULL))
            fail_msg("%s: %s", judge->laws[judge->count].name, sqlite3_errmsg(judge->db));
        judge->count++;
    }
    CHECK(judge->count > 40);
    free(copy);
}

static inline void judge_open(struct judge *judge, const struct world *w)
{
    *judge = (struct judge){.text = judge_read()};
    if (w->schema[0]) {
        judge->store = PQconnectdb(w->path);
        CHECK(PQstatus(judge->store) == CONNECTION_OK);
        return;
    }
    CHECK(sqlite3_open_v2(w->path, &judge->db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
    judge_prepare(judge);
}

static inline void judge_forget(struct judge *judge)
{
    for (size_t i = 0; i < judge->count; i++)
        sqlite3_finalize(judge->laws[i].statement);
    CHECK(sqlite3_close(judge->db) == SQLITE_OK);
    judge->count = 0;
    judge->db = NULL;
}

static inline void judge_close(struct judge *judge)
{
    if (judge->db)
        judge_forget(judge);
    PQfinish(judge->store);
    free(judge->text);
}

/* How many violations there are; the first few of each law are shown. */
static inline int64_t judge_look(struct judge *judge)
{
    int64_t found = 0;

    if (judge->store) {
        judge->db = mirror_open(judge->store);
        judge_prepare(judge);
    }
    CHECK(sqlite3_exec(judge->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    for (size_t i = 0; i < judge->count; i++) {
        sqlite3_stmt *statement = judge->laws[i].statement;
        int shown = 0, code = sqlite3_step(statement);

        for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
            found++;
            if (shown++ < JUDGE_ROWS_SHOWN)
                fprintf(stderr, "%s: %s\n", judge->laws[i].name,
                        (const char *)sqlite3_column_text(statement, 0));
        }
        if (code != SQLITE_DONE)
            fail_msg("%s: %s", judge->laws[i].name, sqlite3_errmsg(judge->db));
        sqlite3_reset(statement);
    }
    CHECK(sqlite3_exec(judge->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    if (judge->store)
        judge_forget(judge);
    return found;
}

/* The first column of the first row, from PostgreSQL; null when there is none. The caller clears
 * it.
 */
static inline PGresult *judge_ask(struct judge *judge, const char *sql, const char *value)
{
    const char *values[] = {value};
    char *copy = strdup(sql), *at;
    PGresult *rows;

    for (at = strstr(copy, "?1"); at; at = strstr(copy, "?1"))
        *at = '$';
    at = strstr(copy, "INDEXED BY reservations_due");
    if (at)
        memset(at, ' ', strlen("INDEXED BY reservations_due"));
    rows =
        PQexecParams(judge->store, copy, strstr(copy, "$1") ? 1 : 0, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", copy, PQresultErrorMessage(rows));
    free(copy);
    return rows;
}

/* The one number a query gives; ?1 may be a text. */
static inline int64_t judge_int(struct judge *judge, const char *sql, const char *text)
{
    sqlite3_stmt *statement;
    int64_t value = 0;

    if (judge->store) {
        PGresult *rows = judge_ask(judge, sql, text);

        value = PQntuples(rows) ? strtoll(PQgetvalue(rows, 0, 0), NULL, 10) : 0;
        PQclear(rows);
        return value;
    }
    if (sqlite3_prepare_v2(judge->db, sql, -1, &statement, NULL))
        fail_msg("%s: %s", sql, sqlite3_errmsg(judge->db));
    if (text)
        sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* The first column of row `index` of a query, copied; "" when there is none. */
static inline void judge_text(struct judge *judge, const char *sql, int64_t index, char *to,
                              size_t size)
{
    sqlite3_stmt *statement;
    const unsigned char *text = NULL;

    if (judge->store) {
        char number[24];
        PGresult *rows;

        snprintf(number, sizeof(number), "%lld", (long long)index);
        rows = judge_ask(judge, sql, number);
        snprintf(to, size, "%s", PQntuples(rows) ? PQgetvalue(rows, 0, 0) : "");
        PQclear(rows);
        return;
    }
    if (sqlite3_prepare_v2(judge->db, sql, -1, &statement, NULL))
        fail_msg("%s: %s", sql, sqlite3_errmsg(judge->db));
    sqlite3_bind_int64(statement, 1, index);
    if (sqlite3_step(statement) == SQLITE_ROW)
        text = sqlite3_column_text(statement, 0);
    snprintf(to, size, "%s", text ? (const char *)text : "");
    sqlite3_finalize(statement);
}

#endif
