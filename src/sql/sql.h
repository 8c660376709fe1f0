/*
 * sql.h - the driver contract: one SQL text, any store.
 *
 * A `struct sql` is one connection, used by one thread at a time. Statements are `static const
 * struct sql_query` objects beside the function that runs them; each is prepared once per
 * connection, found by its address. Parameters are ?1, ?2, ... (a driver may rewrite them). Words
 * that differ between databases are written as comments that one driver reads and the other skips:
 * FOR UPDATE is written as the comment "for update".
 *
 * Rows are read one by one; text and blobs of a row are valid until the next sql_next or sql_end. A
 * query must be drained (sql_end) before the same query is run again on this connection.
 *
 * Errors: ERR_STATEMENT_FAILED (logged once, here, with the database's words), ERR_STORAGE_BUSY,
 * ERR_STORAGE_FULL, ERR_STORAGE_IO, ERR_STORAGE_CORRUPT, ERR_STORAGE_CONSTRAINT (a unique or check
 * constraint; not logged, callers may expect it).
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

/* Defines a query at file scope: SQL_QUERY(halt_stop, "UPDATE executions SET ..."); */
#define SQL_QUERY(name, text) static const struct sql_query name = {#name, text}

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
/* ERR_STORAGE_FULL: cleanly rolled back. Any other: unknown, the caller must end the process. */
enum err sql_commit(struct sql *sql) MUST_CHECK;
void sql_rollback(struct sql *sql);
enum err sql_savepoint(struct sql *sql, int depth) MUST_CHECK;
enum err sql_release(struct sql *sql, int depth) MUST_CHECK;
enum err sql_rollback_to(struct sql *sql, int depth) MUST_CHECK; /* and releases it */
bool sql_in_transaction(struct sql *sql);

/* At a quiet moment: moves the log into the file. Never called by accident inside somebody's
 * commit. */
void sql_checkpoint(struct sql *sql, bool truncate);
int64_t sql_log_bytes(struct sql *sql); /* how long the write-ahead log is now */

/*
 * Opens. `read_only` connections never write nor checkpoint. The writer creates the file (mode
 * 0600) and its log, and syncs the directory once, so that no fsync of a directory stands under the
 * first halt. The path SQL_MEMORY is a store that lives as long as the connection.
 */
#define SQL_MEMORY ":memory:"
enum err sql_open_sqlite(const char *path, bool read_only, struct sql **ret) MUST_CHECK;
void sql_close(struct sql *sql); /* null is allowed */

/* Runs a script of several statements (schemas): the only SQL that comes without parameters. */
enum err sql_script(struct sql *sql, const char *text) MUST_CHECK;

#endif
