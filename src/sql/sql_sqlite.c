/*
 * sql_sqlite.c - the driver for SQLite: one file, one writer, any number of readers.
 *
 * SQLite 3.40 has a race between a checkpoint on one connection and a commit on another (the
 * WAL-reset bug, fixed in 3.51.3), so the writer alone makes checkpoints and readers are opened so
 * that they cannot. The writer makes the log at once and syncs the folder itself: SQLite ignores a
 * failure of that sync, and the first commit that matters must not be the one that depends on it.
 *
 * A statement is prepared once and found by the address of its query. When a query is run again
 * while its rows are still being read, a second statement is prepared for the occasion.
 */
#include "sql/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/log.h"
#include "sql/sql_cache.h"
#include "sql/sql_driver.h"

enum { SQLITE_BUSY_MS = 5000, SQLITE_WAL_HEAD = 32, SQLITE_FRAME_HEAD = 24 };

struct sqlite_statement {
    const struct sql_query *query;
    sqlite3_stmt *stmt;
    int parameters;
    bool in_use;
    bool temporary;
    bool first_row; /* the first row has been read and not yet been given out */
};

/* Small allocations of a connection (cursors, rows in hand) come from a piece of memory of its own.
 */
enum { SQLITE_SMALL_BYTES = 1024, SQLITE_SMALL_COUNT = 512 };

struct sqlite {
    struct sql sql; /* the first member, as sql_driver.h demands */
    sqlite3 *db;
    bool read_only;
    int64_t page_bytes;
    int64_t log_pages;
    struct sql_cache statements;
};

static struct sqlite *sqlite_of(struct sql *sql)
{
    return (struct sqlite *)sql;
}

/* --- errors --- */

/* The primary result codes of SQLite; what is not listed is ERR_STATEMENT_FAILED. */
static const struct {
    int code;
    enum err err;
} sqlite_errors[] = {
    {SQLITE_BUSY,       ERR_STORAGE_BUSY      },
    {SQLITE_LOCKED,     ERR_STORAGE_BUSY      },
    {SQLITE_PROTOCOL,   ERR_STORAGE_BUSY      }, /* too many tries for a lock of the log */
    {SQLITE_FULL,       ERR_STORAGE_FULL      },
    {SQLITE_IOERR,      ERR_STORAGE_IO        },
    {SQLITE_CANTOPEN,   ERR_STORAGE_IO        },
    {SQLITE_PERM,       ERR_STORAGE_IO        },
    {SQLITE_READONLY,   ERR_STORAGE_IO        },
    {SQLITE_NOLFS,      ERR_STORAGE_IO        },
    {SQLITE_CORRUPT,    ERR_STORAGE_CORRUPT   },
    {SQLITE_NOTADB,     ERR_STORAGE_CORRUPT   },
    {SQLITE_CONSTRAINT, ERR_STORAGE_CONSTRAINT},
};

static enum err sqlite_error(int code)
{
    if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM)
        die("out of memory (in SQLite)");
    for (size_t i = 0; i < ARRAY_SIZE(sqlite_errors); i++) {
        if ((code & 0xff) == sqlite_errors[i].code)
            return sqlite_errors[i].err;
    }
    return ERR_STATEMENT_FAILED;
}

/* Maps and logs, once, unless it is a constraint's refusal: those are expected. */
static enum err sqlite_failed(struct sqlite *sqlite, const char *name, int code)
{
    enum err err = sqlite_error(code);

    CHECK(err != ERR_OK);
    if (err == ERR_STORAGE_CONSTRAINT)
        return err;
    log_line(err == ERR_STORAGE_BUSY ? LOG_WARN : LOG_ERROR, "sql.failed", "%s: %s (%s, %d)", name,
             sqlite3_errmsg(sqlite->db), err_code(err), sqlite3_extended_errcode(sqlite->db));
    return err;
}

static enum err sqlite_result(struct sqlite *sqlite, const char *name, int code)
{
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return ERR_OK;
    return sqlite_failed(sqlite, name, code);
}

/* --- prepared statements --- */

static enum err sqlite_prepare(struct sqlite *sqlite, const struct sql_query *query, bool temporary,
                               struct sqlite_statement **ret)
{
    struct sqlite_statement *statement;
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v3(sqlite->db, query->text, -1,
                                  temporary ? 0 : SQLITE_PREPARE_PERSISTENT, &stmt, NULL);

    if (code != SQLITE_OK)
        return sqlite_failed(sqlite, query->name, code);
    CHECK(stmt != NULL);
    statement = xalloc(sizeof(*statement));
    statement->query = query;
    statement->stmt = stmt;
    statement->parameters = sqlite3_bind_parameter_count(stmt);
    statement->temporary = temporary;
    *ret = statement;
    return ERR_OK;
}

static enum err sqlite_find(struct sqlite *sqlite, const struct sql_query *query,
                            struct sqlite_statement **ret)
{
    struct sqlite_statement *statement = sql_cache_find(&sqlite->statements, query);
    enum err err;

    if (statement && statement->in_use)
        return sqlite_prepare(sqlite, query, true, ret);
    if (statement) {
        *ret = statement;
        return ERR_OK;
    }
    err = sqlite_prepare(sqlite, query, false, ret);
    if (!err)
        sql_cache_add(&sqlite->statements, query, *ret);
    return err;
}

static void sqlite_statement_free(struct sqlite_statement *statement)
{
    sqlite3_finalize(statement->stmt);
    free(statement);
}

static int sqlite_bind(sqlite3_stmt *stmt, int at, const struct sql_arg *arg)
{
    switch (arg->type) {
    case SQL_TYPE_INT:
        return sqlite3_bind_int64(stmt, at, arg->integer);
    case SQL_TYPE_TEXT:
        return sqlite3_bind_text64(stmt, at, arg->data, arg->len, SQLITE_STATIC, SQLITE_UTF8);
    case SQL_TYPE_BLOB:
        /* A null pointer would bind NULL; a blob of no bytes is another thing. */
        return sqlite3_bind_blob64(stmt, at, arg->len ? arg->data : "", arg->len, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(stmt, at);
    }
}

/* Takes the query's statement into use, with its arguments. */
static enum err sqlite_start(struct sqlite *sqlite, const struct sql_query *query,
                             const struct sql_arg *args, size_t arg_count,
                             struct sqlite_statement **ret)
{
    struct sqlite_statement *statement;
    int code = SQLITE_OK;
    enum err err;

    err = sqlite_find(sqlite, query, &statement);
    if (err)
        return err;
    CHECK((size_t)statement->parameters == arg_count);
    statement->in_use = true;
    statement->first_row = false;
    for (size_t i = 0; i < arg_count && code == SQLITE_OK; i++)
        code = sqlite_bind(statement->stmt, (int)i + 1, &args[i]);
    *ret = statement;
    if (code == SQLITE_OK)
        return ERR_OK;
    err = sqlite_failed(sqlite, query->name, code);
    sqlite3_clear_bindings(statement->stmt);
    statement->in_use = false;
    if (statement->temporary)
        sqlite_statement_free(statement);
    return err;
}

/* Gives the statement back. The error of its last step has been reported already: sqlite3_reset
 * repeats it. */
static void sqlite_stop(struct sqlite_statement *statement)
{
    sqlite3_reset(statement->stmt);
    sqlite3_clear_bindings(statement->stmt);
    statement->in_use = false;
    if (statement->temporary)
        sqlite_statement_free(statement);
}

static enum err sqlite_run(struct sql *sql, const struct sql_query *query,
                           const struct sql_arg *args, size_t arg_count, int64_t *ret_changes)
{
    struct sqlite *sqlite = sqlite_of(sql);
    struct sqlite_statement *statement;
    enum err err;
    int code;

    err = sqlite_start(sqlite, query, args, arg_count, &statement);
    if (err)
        return err;
    do {
        code = sqlite3_step(statement->stmt);
    } while (code == SQLITE_ROW);
    err = sqlite_result(sqlite, query->name, code);
    if (!err && ret_changes)
        *ret_changes = sqlite3_changes64(sqlite->db);
    sqlite_stop(statement);
    return err;
}

static enum err sqlite_select(struct sql *sql, const struct sql_query *query,
                              const struct sql_arg *args, size_t arg_count,
                              struct sql_rows *ret_rows)
{
    struct sqlite *sqlite = sqlite_of(sql);
    struct sqlite_statement *statement;
    enum err err;
    int code;

    err = sqlite_start(sqlite, query, args, arg_count, &statement);
    if (err)
        return err;
    code = sqlite3_step(statement->stmt);
    err = sqlite_result(sqlite, query->name, code);
    if (err) {
        sqlite_stop(statement);
        return err;
    }
    statement->first_row = code == SQLITE_ROW;
    ret_rows->driver = statement;
    ret_rows->statement = statement->stmt;
    ret_rows->done = code == SQLITE_DONE;
    return ERR_OK;
}

static bool sqlite_next(struct sql_rows *rows)
{
    struct sqlite_statement *statement = rows->driver;
    int code;

    if (rows->done)
        return false;
    if (statement->first_row) {
        statement->first_row = false;
        return true;
    }
    code = sqlite3_step(statement->stmt);
    if (code == SQLITE_ROW)
        return true;
    rows->err = sqlite_result(sqlite_of(rows->sql), statement->query->name, code);
    rows->done = true;
    return false;
}

static enum err sqlite_end(struct sql_rows *rows)
{
    CHECK(rows->driver != NULL);
    sqlite_stop(rows->driver);
    rows->driver = NULL;
    rows->statement = NULL;
    rows->done = true;
    return rows->err;
}

static bool sqlite_is_null(const struct sql_rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

static int64_t sqlite_column_int(const struct sql_rows *rows, int column)
{
    CHECK(column < sqlite3_column_count(rows->statement));
    return sqlite3_column_int64(rows->statement, column);
}

static const char *sqlite_column_text(const struct sql_rows *rows, int column)
{
    CHECK(column < sqlite3_column_count(rows->statement));
    return (const char *)sqlite3_column_text(rows->statement, column);
}

static const void *sqlite_column_blob(const struct sql_rows *rows, int column, size_t *ret_len)
{
    const void *blob;

    CHECK(column < sqlite3_column_count(rows->statement));
    blob = sqlite3_column_blob(rows->statement, column);
    *ret_len = (size_t)sqlite3_column_bytes(rows->statement, column);
    return blob;
}

/* --- transactions and the log --- */

static enum err sqlite_control(struct sql *sql, enum sql_control control,
                               const struct sql_query *query, int depth)
{
    (void)control;
    (void)depth;
    return sqlite_run(sql, query, SQL_NO_ARGS, NULL);
}

static bool sqlite_in_transaction(struct sql *sql)
{
    return sqlite3_get_autocommit(sqlite_of(sql)->db) == 0;
}

/* After every commit: how long the log is now. Being set, it also takes the place of automatic
 * checkpoints. */
static int sqlite_on_commit(void *user, sqlite3 *db, const char *schema, int pages)
{
    struct sqlite *sqlite = user;

    (void)db;
    (void)schema;
    sqlite->log_pages = pages;
    return SQLITE_OK;
}

/* PASSIVE moves what it can without waiting for anybody and leaves the file to be written over from
 * the start: recycled pages cost less than new ones. TRUNCATE waits for readers and gives the space
 * back. */
static void sqlite_checkpoint(struct sql *sql, bool truncate)
{
    struct sqlite *sqlite = sqlite_of(sql);
    int pages = 0, moved = 0;
    int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    int code;

    CHECK(!sqlite->read_only);
    code = sqlite3_wal_checkpoint_v2(sqlite->db, NULL, mode, &pages, &moved);
    if (code != SQLITE_OK)
        sqlite_failed(sqlite, "checkpoint", code);
    else if (pages == moved)
        sqlite->log_pages =
            0; /* the next commit begins the log anew, unless a reader still needs it */
}

static int64_t sqlite_log_bytes(struct sql *sql)
{
    const struct sqlite *sqlite = sqlite_of(sql);

    if (sqlite->log_pages == 0)
        return 0;
    return SQLITE_WAL_HEAD + sqlite->log_pages * (sqlite->page_bytes + SQLITE_FRAME_HEAD);
}

static enum err sqlite_script(struct sql *sql, const char *text)
{
    struct sqlite *sqlite = sqlite_of(sql);

    return sqlite_result(sqlite, "script", sqlite3_exec(sqlite->db, text, NULL, NULL, NULL));
}

static void sqlite_release(void *value)
{
    struct sqlite_statement *statement = value;

    CHECK(!statement->in_use);
    sqlite_statement_free(statement);
}

static void sqlite_close(struct sql *sql)
{
    struct sqlite *sqlite = sqlite_of(sql);

    sql_cache_clear(&sqlite->statements, sqlite_release);
    CHECK(sqlite3_close(sqlite->db) == SQLITE_OK);
    free(sqlite);
}

static const struct sql_driver sqlite_driver = {
    .name = "sqlite",
    .run = sqlite_run,
    .select = sqlite_select,
    .next = sqlite_next,
    .end = sqlite_end,
    .is_null = sqlite_is_null,
    .column_int = sqlite_column_int,
    .column_text = sqlite_column_text,
    .column_blob = sqlite_column_blob,
    .control = sqlite_control,
    .in_transaction = sqlite_in_transaction,
    .checkpoint = sqlite_checkpoint,
    .log_bytes = sqlite_log_bytes,
    .script = sqlite_script,
    .close = sqlite_close,
};

/* --- opening --- */

SQL_QUERY_SQLITE(sqlite_journal_mode, "PRAGMA journal_mode");
SQL_QUERY_SQLITE(sqlite_schema_count, "SELECT count(*) FROM sqlite_schema");
SQL_QUERY_SQLITE(sqlite_user_version, "PRAGMA user_version");
SQL_QUERY_SQLITE(sqlite_page_size, "PRAGMA page_size");

static const char sqlite_settings[] = "PRAGMA trusted_schema=OFF;"
                                      "PRAGMA cell_size_check=ON;"
                                      "PRAGMA temp_store=MEMORY;";
static const char sqlite_writer_settings[] = "PRAGMA journal_mode=WAL;"
                                             "PRAGMA synchronous=FULL;"
                                             "PRAGMA wal_autocheckpoint=0;"
                                             "PRAGMA cache_size=-4096;";
static const char sqlite_reader_settings[] = "PRAGMA query_only=ON;"
                                             "PRAGMA cache_size=-1024;";

/* The file must be ours alone, and so must be what SQLite puts beside it with the same mode. Only
 * made when it is not there: closing a descriptor of an open database would drop the locks other
 * connections hold on it. */
static enum err sqlite_create(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
        return ERR_OK;
    }
    if (errno == EEXIST)
        return ERR_OK;
    log_error("sql.open", "the store's file cannot be made: %s", strerror(errno));
    return errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_STORAGE_IO;
}

static enum err sqlite_sync_folder(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 ? errno : 0;

    if (fd >= 0 && fsync(fd) != 0)
        failed = errno;
    if (fd >= 0)
        close(fd);
    free(copy);
    if (!failed)
        return ERR_OK;
    log_error("sql.open", "the store's folder cannot be synced: %s", strerror(failed));
    return ERR_STORAGE_IO;
}

static bool sqlite_harden(sqlite3 *db, bool read_only)
{
    if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
        return false;
    if (sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK)
        return false;
    if (read_only && sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) != SQLITE_OK)
        return false;
    return sqlite3_busy_timeout(db, SQLITE_BUSY_MS) == SQLITE_OK;
}

/* Reading the schema shows at once a file that is no database or whose head is damaged. */
static enum err sqlite_look(struct sqlite *sqlite)
{
    struct sql *sql = &sqlite->sql;
    struct sql_rows rows;
    const char *mode;
    int64_t tables;
    enum err err;
    bool wal;

    err = sql_select_int(sql, &sqlite_schema_count, SQL_NO_ARGS, 0, &tables);
    if (err)
        return err;
    err = sql_select_int(sql, &sqlite_page_size, SQL_NO_ARGS, 0, &sqlite->page_bytes);
    if (err)
        return err;
    err = sql_select(sql, &sqlite_journal_mode, SQL_NO_ARGS, &rows);
    if (err)
        return err;
    mode = sql_next(&rows) ? sql_text(&rows, 0) : NULL;
    wal = mode && strcmp(mode, "wal") == 0;
    err = sql_end(&rows);
    if (err)
        return err;
    if (wal)
        return ERR_OK;
    log_error("sql.open", "the store's file system cannot hold a write-ahead log");
    return ERR_STORAGE_IO;
}

/* Writes the version number that is there already: the smallest commit, which makes the log and its
 * index. */
static enum err sqlite_make_log(struct sqlite *sqlite, const char *path)
{
    struct sql *sql = &sqlite->sql;
    char text[64];
    int64_t version;
    enum err err;

    err = sql_select_int(sql, &sqlite_user_version, SQL_NO_ARGS, 0, &version);
    if (err)
        return err;
    /* A pragma takes no parameters; the number comes from the file's head. */
    sqlite3_snprintf(sizeof(text), text, "BEGIN IMMEDIATE; PRAGMA user_version=%lld; COMMIT",
                     version);
    err = sqlite_script(sql, text);
    if (err)
        return err;
    return sqlite_sync_folder(path);
}

static enum err sqlite_set_up(struct sqlite *sqlite, const char *path)
{
    enum err err;

    if (!sqlite_harden(sqlite->db, sqlite->read_only))
        return sqlite_failed(sqlite, "open", SQLITE_ERROR);
    err = sqlite_script(&sqlite->sql, sqlite_settings);
    if (err || sqlite->sql.in_memory)
        return err;
    err = sqlite_script(&sqlite->sql,
                        sqlite->read_only ? sqlite_reader_settings : sqlite_writer_settings);
    if (err)
        return err;
    err = sqlite_look(sqlite);
    if (err || sqlite->read_only)
        return err;
    sqlite3_wal_hook(sqlite->db, sqlite_on_commit, sqlite);
    return sqlite_make_log(sqlite, path);
}

/* Counting its memory costs SQLite a mutex at every allocation; nobody reads those counts. */
static void sqlite_configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum err sql_open_sqlite(const char *path, bool read_only, struct sql **ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    bool in_memory = strcmp(path, SQL_MEMORY) == 0;
    struct sqlite *sqlite;
    enum err err;
    int code;

    pthread_once(&once, sqlite_configure);
    if (!read_only && !in_memory) {
        err = sqlite_create(path);
        if (err)
            return err;
    }
    sqlite = xalloc(sizeof(*sqlite));
    sqlite->sql.driver = &sqlite_driver;
    sqlite->sql.in_memory = in_memory;
    sqlite->read_only = read_only;
    code = sqlite3_open_v2(path, &sqlite->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                           NULL);
    if (code == SQLITE_OK)
        sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, SQLITE_SMALL_BYTES,
                          read_only ? SQLITE_SMALL_COUNT / 8 : SQLITE_SMALL_COUNT);
    err = code == SQLITE_OK ? sqlite_set_up(sqlite, path) : sqlite_failed(sqlite, "open", code);
    if (err) {
        sqlite_close(&sqlite->sql);
        return err;
    }
    *ret = &sqlite->sql;
    return ERR_OK;
}
