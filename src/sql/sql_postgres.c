/*
 * sql_postgres.c - the driver for PostgreSQL: one server, any number of writers and readers.
 *
 * Statements are prepared once per connection. Writes that nobody counts, and the words that make
 * savepoints, go out with the next command that has an answer to wait for; so a transaction costs
 * about as many round trips as it has questions. A read transaction's end is sent and not waited
 * for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/sql_postgres_priv.h"

enum { POSTGRES_BLOBS_MOST = 4 };

/* The rows of one result, all of them read. */
struct postgres_rows {
    PGresult *result;
    int row, count;
    unsigned char *blobs[POSTGRES_BLOBS_MOST]; /* of this row */
    size_t blob_count;
};

/* ---- statements ---- */

static enum err postgres_ask(struct postgres *p, const struct sql_query *query,
                             const struct sql_arg *args, size_t arg_count, PGresult **ret)
{
    enum err err;

    if (p->failed)
        return p->failed;
    err = postgres_send(p, query, args, arg_count);
    if (!err)
        err = postgres_sync(p, ret);
    if (!p->in_transaction)
        p->failed = ERR_OK; /* nothing but the one statement has failed */
    return err;
}

static enum err postgres_run(struct sql *sql, const struct sql_query *query,
                             const struct sql_arg *args, size_t arg_count, int64_t *ret_changes)
{
    struct postgres *p = postgres_of(sql);
    PGresult *result = NULL;
    enum err err;

    if (!ret_changes && p->in_transaction)
        return p->failed ? p->failed : postgres_send(p, query, args, arg_count);
    err = postgres_ask(p, query, args, arg_count, &result);
    if (!err && ret_changes)
        *ret_changes = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return err;
}

static enum err postgres_select(struct sql *sql, const struct sql_query *query,
                                const struct sql_arg *args, size_t arg_count,
                                struct sql_rows *ret_rows)
{
    PGresult *result = NULL;
    struct postgres_rows *rows;
    enum err err = postgres_ask(postgres_of(sql), query, args, arg_count, &result);

    if (err)
        return err;
    rows = xalloc(sizeof(*rows));
    rows->result = result;
    rows->row = -1;
    rows->count = PQntuples(result);
    ret_rows->driver = rows;
    ret_rows->statement = result;
    return ERR_OK;
}

static void postgres_drop_blobs(struct postgres_rows *rows)
{
    while (rows->blob_count)
        PQfreemem(rows->blobs[--rows->blob_count]);
}

static bool postgres_next(struct sql_rows *rows)
{
    struct postgres_rows *mine = rows->driver;

    if (rows->done)
        return false;
    postgres_drop_blobs(mine);
    rows->done = ++mine->row >= mine->count;
    return !rows->done;
}

static enum err postgres_end(struct sql_rows *rows)
{
    struct postgres_rows *mine = rows->driver;

    CHECK(mine != NULL);
    postgres_drop_blobs(mine);
    PQclear(mine->result);
    free(mine);
    rows->driver = NULL;
    rows->statement = NULL;
    rows->done = true;
    return ERR_OK;
}

static bool postgres_is_null(const struct sql_rows *rows, int column)
{
    const struct postgres_rows *mine = rows->driver;

    return PQgetisnull(mine->result, mine->row, column);
}

static const char *postgres_column_text(const struct sql_rows *rows, int column)
{
    const struct postgres_rows *mine = rows->driver;

    CHECK(column < PQnfields(mine->result));
    return postgres_is_null(rows, column) ? NULL : PQgetvalue(mine->result, mine->row, column);
}

/* A truth value is a number too, as it is in SQLite. */
static int64_t postgres_column_int(const struct sql_rows *rows, int column)
{
    const char *text = postgres_column_text(rows, column);

    if (!text)
        return 0;
    return *text == 't' ? 1 : strtoll(text, NULL, 10);
}

static const void *postgres_column_blob(const struct sql_rows *rows, int column, size_t *ret_len)
{
    struct postgres_rows *mine = rows->driver;
    const char *text = postgres_column_text(rows, column);

    *ret_len = 0;
    if (!text)
        return NULL;
    CHECK(mine->blob_count < POSTGRES_BLOBS_MOST);
    mine->blobs[mine->blob_count] = PQunescapeBytea((const unsigned char *)text, ret_len);
    if (!mine->blobs[mine->blob_count])
        die("out of memory (in libpq)");
    return mine->blobs[mine->blob_count++];
}

/* ---- transactions ---- */

static const struct sql_query postgres_begin = {"begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
static const struct sql_query postgres_begin_read = {
    "begin", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"};

/* Sent; an error shows with the next answer. */
static enum err postgres_control_send(struct postgres *p, const struct sql_query *query)
{
    return p->failed ? p->failed : postgres_send(p, query, SQL_NO_ARGS);
}

static enum err postgres_do_begin(struct sql *sql, bool is_read)
{
    struct postgres *p = postgres_of(sql);
    enum err err;

    CHECK(!p->in_transaction);
    p->failed = ERR_OK;
    err = postgres_control_send(p, is_read ? &postgres_begin_read : &postgres_begin);
    p->in_transaction = !err;
    return err;
}

/* COMMIT of a transaction that has failed is answered ROLLBACK, as if nothing were wrong. */
static enum err postgres_commit(struct postgres *p, const struct sql_query *query)
{
    PGresult *result = NULL;
    enum err err = postgres_ask(p, query, SQL_NO_ARGS, &result);

    if (!err && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        err = ERR_STORAGE_BUSY;
    PQclear(result);
    if (!err)
        p->in_transaction = false;
    else if (p->conn && err != ERR_STORAGE_FULL)
        err = ERR_STORAGE_BUSY; /* the server says so itself: nothing of it stands */
    return err;
}

static enum err postgres_roll_back(struct postgres *p, const struct sql_query *query)
{
    bool was_read = !p->sql.writing;
    enum err err = ERR_OK;

    /* Behind a command that fails the server would skip the rollback, too. */
    if (p->sent_count)
        err = postgres_sync(p, NULL);
    if (err == ERR_STORAGE_LOST)
        return ERR_OK;
    err = postgres_send(p, query, SQL_NO_ARGS);
    if (!err)
        err = was_read ? postgres_push(p) : postgres_sync(p, NULL);
    p->in_transaction = false;
    p->failed = ERR_OK;
    /* Whatever was wrong with it, the server has forgotten it or the connection is gone. */
    return err && p->conn ? postgres_lost(p, "a transaction could not be rolled back") : ERR_OK;
}

static enum err postgres_savepoint(struct postgres *p, const struct sql_query *query, int depth)
{
    enum err err = postgres_control_send(p, query);

    if (!err)
        p->savepoints[depth] = p->number;
    return err;
}

/* Possible when the savepoint is older than what failed; else only the whole can be rolled back. */
static enum err postgres_roll_back_to(struct postgres *p, const struct sql_query *query, int depth)
{
    enum err failed = ERR_OK;

    /* What was sent and not answered yet may have failed as well, even before the savepoint. */
    if (!p->failed && p->sent_count)
        failed = postgres_sync(p, NULL);
    if (failed == ERR_STORAGE_LOST)
        return failed;
    if (p->failed && p->failed_at <= p->savepoints[depth])
        return p->failed;
    p->failed = ERR_OK;
    return postgres_send(p, query, SQL_NO_ARGS);
}

static enum err postgres_control(struct sql *sql, enum sql_control control,
                                 const struct sql_query *query, int depth)
{
    struct postgres *p = postgres_of(sql);

    switch (control) {
    case SQL_BEGIN:
    case SQL_BEGIN_READ:
        return postgres_do_begin(sql, control == SQL_BEGIN_READ);
    case SQL_COMMIT:
        return postgres_commit(p, query);
    case SQL_ROLLBACK:
        return postgres_roll_back(p, query);
    case SQL_SAVEPOINT:
        return postgres_savepoint(p, query, depth);
    case SQL_ROLLBACK_TO:
        return postgres_roll_back_to(p, query, depth);
    default:
        return postgres_control_send(p, query);
    }
}

static enum err postgres_do_flush(struct sql *sql)
{
    struct postgres *p = postgres_of(sql);

    return p->failed ? p->failed : postgres_sync(p, NULL);
}

static bool postgres_in_transaction(struct sql *sql)
{
    return postgres_of(sql)->in_transaction;
}

static void postgres_checkpoint(struct sql *sql, bool truncate)
{
    (void)sql;
    (void)truncate; /* the server makes its own */
}

static int64_t postgres_log_bytes(struct sql *sql)
{
    (void)sql;
    return 0;
}

/* Scripts go the simple way, which takes several statements at once. */
static enum err postgres_script(struct sql *sql, const char *text)
{
    struct postgres *p = postgres_of(sql);
    PGresult *result;
    ExecStatusType status;
    enum err err = p->failed ? p->failed : postgres_sync(p, NULL);

    if (err)
        return err;
    if (!PQexitPipelineMode(p->conn) || PQsetnonblocking(p->conn, 0) != 0)
        return postgres_lost(p, PQerrorMessage(p->conn));
    result = PQexec(p->conn, text);
    status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        err = postgres_failed(p, "script", result);
    PQclear(result);
    if (err && p->in_transaction) {
        p->failed = err;
        p->failed_at = ++p->number;
    }
    if (p->conn && (PQsetnonblocking(p->conn, 1) != 0 || !PQenterPipelineMode(p->conn)))
        return postgres_lost(p, PQerrorMessage(p->conn));
    return err;
}

/* ---- opening ---- */

static void postgres_statement_free(void *value)
{
    struct postgres_statement *statement = value;

    free(statement->text);
    free(statement);
}

static void postgres_close(struct sql *sql)
{
    struct postgres *p = postgres_of(sql);

    postgres_disconnect(p);
    sql_cache_clear(&p->statements, postgres_statement_free);
    free(p->url);
    free(p);
}

static enum err postgres_reopen(struct sql *sql)
{
    return postgres_connect(postgres_of(sql));
}

static const struct sql_driver postgres_driver = {
    .name = "postgres",
    .is_shared = true,
    .run = postgres_run,
    .select = postgres_select,
    .next = postgres_next,
    .end = postgres_end,
    .is_null = postgres_is_null,
    .column_int = postgres_column_int,
    .column_text = postgres_column_text,
    .column_blob = postgres_column_blob,
    .control = postgres_control,
    .flush = postgres_do_flush,
    .in_transaction = postgres_in_transaction,
    .checkpoint = postgres_checkpoint,
    .log_bytes = postgres_log_bytes,
    .script = postgres_script,
    .close = postgres_close,
    .reopen = postgres_reopen,
    .listen = postgres_listen,
    .notify = postgres_notify,
    .await = postgres_await,
};

enum err sql_open_postgres(const char *url, bool read_only, struct sql **ret)
{
    struct postgres *p = xalloc(sizeof(*p));
    enum err err;

    p->sql.driver = &postgres_driver;
    p->url = xstrdup(url);
    p->read_only = read_only;
    err = postgres_connect(p);
    if (err) {
        postgres_close(&p->sql);
        return err;
    }
    *ret = &p->sql;
    return ERR_OK;
}
