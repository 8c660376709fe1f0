/*
 * sql.h - the driver contract: one SQL text, any store.
 *
 * A `struct sql` is one connection, used by one thread at a time. Statements are `static const
 * struct sql_query` objects beside the function that runs them; each is prepared once per
 * connection, found by its address. Parameters are ?1, ?2, ... (a driver may rewrite them). Words
 * for one database alone are written as comments that the others skip: what stands in a comment
 * that begins with "postgres:" is read by PostgreSQL (row locks, mostly).
 *
 * Rows are read one by one; text and blobs of a row are valid until the next sql_next or sql_end. A
 * query must be drained (sql_end) before the same query is run again on this connection.
 *
 * Errors: ERR_STATEMENT_FAILED (logged once, here, with the database's words), ERR_STORAGE_BUSY
 * (a lock, a deadlock, a serialization failure: try again), ERR_STORAGE_LOST (the connection is
 * gone or no longer to a primary: sql_reopen), ERR_STORAGE_FULL, ERR_STORAGE_IO,
 * ERR_STORAGE_CORRUPT, ERR_STORAGE_CONSTRAINT (a unique or check constraint; not logged, callers
 * may expect it).
 *
 * A driver may send writes whose changes nobody counts (ret_changes null) together with the next
 * statement: their errors then come with that one, or with the release of the savepoint.
 */
#ifndef FERMATA_SQL_SQL_H
#define FERMATA_SQL_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;
struct sql;

struct sql_query {
    const char *name; /* for logs, fault points and metrics: "halt_stop" */
    const char *text;
};

/* Defines a query at file scope: SQL_QUERY(halt_stop, "UPDATE executions SET ..."); The linker puts
 * all of them in a row (sql_queries), so that a test prepares every one on every store. */
#define SQL_QUERY(name, text) SQL_QUERY_IN(name, text, "sql_queries")
/* What one database alone understands. */
#define SQL_QUERY_SQLITE(name, text) SQL_QUERY_IN(name, text, "sql_queries_sqlite")
#define SQL_QUERY_POSTGRES(name, text) SQL_QUERY_IN(name, text, "sql_queries_postgres")
#define SQL_QUERY_IN(name, text, section_name)                                                     \
    static const struct sql_query name __attribute__((section(section_name), used)) = {#name, text}

enum sql_type { SQL_TYPE_NULL, SQL_TYPE_INT, SQL_TYPE_TEXT, SQL_TYPE_BLOB };

struct sql_arg {
    enum sql_type type;
    int64_t integer;
    const void *data; /* borrowed for the call */
    size_t len;
};

struct sql_arg sql_arg_text(const char *text); /* null gives NULL */

#define SQL_INT(value) ((struct sql_arg){.type = SQL_TYPE_INT, .integer = (value)})
#define SQL_TEXT(value) sql_arg_text(value)
#define SQL_BLOB(bytes, count)                                                                     \
    ((struct sql_arg){.type = SQL_TYPE_BLOB, .data = (bytes), .len = (count)})
#define SQL_NULL ((struct sql_arg){.type = SQL_TYPE_NULL})
/* The arguments of a query, in the order of ?1, ?2, ...: two parameters of the functions below. */
#define SQL_ARGS(...)                                                                              \
    (const struct sql_arg[]){__VA_ARGS__},                                                         \
        sizeof((const struct sql_arg[]){__VA_ARGS__}) / sizeof(struct sql_arg)
#define SQL_NO_ARGS NULL, 0

/* Runs a statement that returns no rows; *ret_changes (may be null) counts the rows it changed. */
enum err sql_run(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                 size_t arg_count, int64_t *ret_changes) MUST_CHECK;

struct sql_rows {
    struct sql *sql;
    void *statement;
    void *driver; /* the driver's own */
    enum err err;
    bool done;
};

/*
 * The reading pattern; sql_end must be called after a successful sql_select, also when not drained:
 *
 *     err = sql_select(sql, &query, SQL_ARGS(SQL_INT(root_id)), &rows);
 *     if (err)
 *         return err;
 *     while (sql_next(&rows))
 *         ... sql_int(&rows, 0) ...
 *     return sql_end(&rows);
 */
enum err sql_select(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                    size_t arg_count, struct sql_rows *ret_rows) MUST_CHECK;
bool sql_next(struct sql_rows *rows);
enum err sql_end(struct sql_rows *rows) MUST_CHECK;

bool sql_is_null(const struct sql_rows *rows, int column);
int64_t sql_int(const struct sql_rows *rows, int column);      /* NULL gives 0 */
const char *sql_text(const struct sql_rows *rows, int column); /* NULL gives null; borrowed */
const void *sql_blob(const struct sql_rows *rows, int column, size_t *ret_len);
char *sql_text_copy(struct arena *arena, const struct sql_rows *rows, int column);

/* Runs a query of one integer; ERR_OK with `fallback` when there is no row or NULL. */
enum err sql_select_int(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                        size_t arg_count, int64_t fallback, int64_t *ret) MUST_CHECK;

/* Transactions. Savepoints nest by depth (0, 1, ...). sql_in_transaction is false when the database
 * has rolled everything back by itself. A read transaction sees one snapshot. */
enum err sql_begin(struct sql *sql) MUST_CHECK;      /* for writing, takes the write lock at once */
enum err sql_begin_read(struct sql *sql) MUST_CHECK; /* one snapshot */
/* ERR_STORAGE_FULL, ERR_STORAGE_BUSY: cleanly rolled back. ERR_STORAGE_LOST (shared stores only):
 * unknown, the answer did not come; a row of the transaction tells (store/commits.h). Any other:
 * unknown, the caller must end the process. */
enum err sql_commit(struct sql *sql) MUST_CHECK;
void sql_rollback(struct sql *sql);
enum err sql_savepoint(struct sql *sql, int depth) MUST_CHECK;
enum err sql_release(struct sql *sql, int depth) MUST_CHECK;
enum err sql_rollback_to(struct sql *sql, int depth) MUST_CHECK; /* and releases it */
bool sql_in_transaction(struct sql *sql);
/* The errors of writes that were sent and not waited for, now. */
enum err sql_flush(struct sql *sql) MUST_CHECK;

/* At a quiet moment: moves the log into the file. Never called by accident inside somebody's
 * commit. */
void sql_checkpoint(struct sql *sql, bool truncate);
int64_t sql_log_bytes(struct sql *sql); /* how long the write-ahead log is now */

/*
 * Opens a store by its name: postgres://... (or postgresql://..., as libpq reads it; several hosts
 * are tried for the primary), else the path of a file. `read_only` connections never write nor
 * checkpoint. The writer of a file creates it (mode 0600) and its log, and syncs the directory
 * once, so that no fsync of a directory stands under the first halt. SQL_MEMORY is a store that
 * lives as long as the connection.
 */
#define SQL_MEMORY ":memory:"
enum err sql_open(const char *name, bool read_only, struct sql **ret) MUST_CHECK;
enum err sql_open_sqlite(const char *path, bool read_only, struct sql **ret) MUST_CHECK;
enum err sql_open_postgres(const char *url, bool read_only, struct sql **ret) MUST_CHECK;
void sql_close(struct sql *sql);           /* null is allowed */
bool sql_is_shared_name(const char *name); /* of a store that others may use at the same time */
bool sql_is_shared(const struct sql *sql);
/* The process ends: from now on nobody waits longer than this in all for a shared store, nor looks
 * for it again; what it has not answered by then is lost. */
void sql_hurry(int64_t wait_ms);
int64_t sql_patience_ms(int64_t wait_ms); /* how much of a wait is left */
/* After ERR_STORAGE_LOST: a new connection in the old one's place. ERR_STORAGE_LOST: not now. */
enum err sql_reopen(struct sql *sql) MUST_CHECK;

/* Messages between the connections of a shared store, by channel; lost when nobody listens. */
enum err sql_listen(struct sql *sql, const char *channel) MUST_CHECK;
enum err sql_notify(struct sql *sql, const char *channel, const char *text) MUST_CHECK;
enum { SQL_NOTIFY_BYTES = 7900 }; /* of a text */
/* Waits until something came, `wake_fd` (or -1) is readable, or the time is over; then hands out
 * all that came. */
enum err sql_await(struct sql *sql, int wake_fd, int64_t wait_ms,
                   void (*on_message)(void *user, const char *text), void *user) MUST_CHECK;

/* Runs a script of several statements (schemas): the only SQL that comes without parameters. */
enum err sql_script(struct sql *sql, const char *text) MUST_CHECK;

#endif
