/*
 * sql.c - what every store's driver has in front of it: transactions, fault points, counting.
 *
 * The order is always the same: an ordered fault, then the driver, then an ordered death. A
 * driver's select runs to the first row at once, so that what an INSERT ... RETURNING does is done
 * when sql_select returns.
 */
#include "sql/sql.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "sql/sql_driver.h"

#define SQL_SAVEPOINTS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define SQL_SAVEPOINT_ROW(n) {"savepoint", "SAVEPOINT s" #n},
#define SQL_RELEASE_ROW(n) {"release", "RELEASE s" #n},
#define SQL_ROLLBACK_TO_ROW(n) {"rollback", "ROLLBACK TO s" #n},

static const struct sql_query sql_begin_write_query = {"begin", "BEGIN IMMEDIATE"};
static const struct sql_query sql_begin_read_query = {"begin", "BEGIN"};
static const struct sql_query sql_commit_query = {"commit", "COMMIT"};
static const struct sql_query sql_rollback_query = {"rollback", "ROLLBACK"};
static const struct sql_query sql_savepoints[] = {SQL_SAVEPOINTS(SQL_SAVEPOINT_ROW)};
static const struct sql_query sql_releases[] = {SQL_SAVEPOINTS(SQL_RELEASE_ROW)};
static const struct sql_query sql_rollbacks_to[] = {SQL_SAVEPOINTS(SQL_ROLLBACK_TO_ROW)};

struct sql_arg sql_arg_text(const char *text)
{
    if (!text)
        return SQL_NULL;
    return (struct sql_arg){.type = SQL_TYPE_TEXT, .data = text, .len = strlen(text)};
}

/* --- faults --- */

/* They are ordered for what outlives the process; a store in memory is not counted. */
static enum err sql_before(const struct sql *sql, const char *point)
{
    return sql->in_memory ? ERR_OK : sql_fault_before(point);
}

static void sql_after(const struct sql *sql, const char *point)
{
    if (!sql->in_memory)
        sql_fault_after(point);
}

/* --- statements --- */

enum err sql_run(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                 size_t arg_count, int64_t *ret_changes)
{
    enum err err = sql_before(sql, query->name);

    if (err)
        return err;
    err = sql->driver->run(sql, query, args, arg_count, ret_changes);
    if (err)
        return err;
    sql_after(sql, query->name);
    return ERR_OK;
}

enum err sql_select(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                    size_t arg_count, struct sql_rows *ret_rows)
{
    struct sql_rows rows = {.sql = sql};
    enum err err;

    err = sql_before(sql, query->name);
    if (err)
        return err;
    err = sql->driver->select(sql, query, args, arg_count, &rows);
    if (err)
        return err;
    sql_after(sql, query->name);
    *ret_rows = rows;
    return ERR_OK;
}

bool sql_next(struct sql_rows *rows)
{
    return rows->sql->driver->next(rows);
}

enum err sql_end(struct sql_rows *rows)
{
    return rows->sql->driver->end(rows);
}

bool sql_is_null(const struct sql_rows *rows, int column)
{
    return rows->sql->driver->is_null(rows, column);
}

int64_t sql_int(const struct sql_rows *rows, int column)
{
    return rows->sql->driver->column_int(rows, column);
}

const char *sql_text(const struct sql_rows *rows, int column)
{
    return rows->sql->driver->column_text(rows, column);
}

const void *sql_blob(const struct sql_rows *rows, int column, size_t *ret_len)
{
    return rows->sql->driver->column_blob(rows, column, ret_len);
}

char *sql_text_copy(struct arena *arena, const struct sql_rows *rows, int column)
{
    return arena_string(arena, sql_text(rows, column));
}

enum err sql_select_int(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                        size_t arg_count, int64_t fallback, int64_t *ret)
{
    struct sql_rows rows;
    int64_t value = fallback;
    enum err err;

    err = sql_select(sql, query, args, arg_count, &rows);
    if (err)
        return err;
    if (sql_next(&rows) && !sql_is_null(&rows, 0))
        value = sql_int(&rows, 0);
    err = sql_end(&rows);
    if (err)
        return err;
    *ret = value;
    return ERR_OK;
}

enum err sql_script(struct sql *sql, const char *text)
{
    enum err err;

    err = sql_before(sql, "script");
    if (err)
        return err;
    err = sql->driver->script(sql, text);
    if (err)
        return err;
    sql_after(sql, "script");
    return ERR_OK;
}

/* --- transactions --- */

static enum err sql_control(struct sql *sql, enum sql_control control,
                            const struct sql_query *query, int depth)
{
    enum err err;

    err = sql_before(sql, query->name);
    if (err)
        return err;
    err = sql->driver->control(sql, control, query, depth);
    if (err)
        return err;
    sql_after(sql, query->name);
    return ERR_OK;
}

enum err sql_begin(struct sql *sql)
{
    enum err err = sql_control(sql, SQL_BEGIN, &sql_begin_write_query, 0);

    if (err)
        return err;
    sql->writing = true;
    return ERR_OK;
}

enum err sql_begin_read(struct sql *sql)
{
    sql->writing = false;
    return sql_control(sql, SQL_BEGIN_READ, &sql_begin_read_query, 0);
}

enum err sql_commit(struct sql *sql)
{
    int64_t started = clock_monotonic_us();
    enum err err = sql_control(sql, SQL_COMMIT, &sql_commit_query, 0);

    /* A full disk is found before the commit's last frame is written, and a busy server says itself
     * that it has not committed: nothing of it will ever be seen. Of any other failure nobody
     * knows; nothing may be written on top of it, so nothing is rolled back here. */
    if (err == ERR_STORAGE_FULL || err == ERR_STORAGE_BUSY)
        sql_rollback(sql);
    if (err)
        return err;
    if (sql->writing) {
        metric_add(METRIC_COMMITS, 1);
        metric_observe(METRIC_COMMIT_US, clock_monotonic_us() - started);
    }
    sql->writing = false;
    return ERR_OK;
}

void sql_rollback(struct sql *sql)
{
    enum err err = ERR_OK;

    if (sql_in_transaction(sql)) /* else the database has done it already */
        err = sql_control(sql, SQL_ROLLBACK, &sql_rollback_query, 0);
    /* A rollback ordered to fail still has to happen; one that fails leaves a connection of no use.
     */
    if (err && sql_in_transaction(sql))
        err = sql->driver->control(sql, SQL_ROLLBACK, &sql_rollback_query, 0);
    if (err && sql_in_transaction(sql))
        die("a transaction could not be rolled back (%s)", err_code(err));
    sql->writing = false;
}

static const struct sql_query *sql_at_depth(const struct sql_query *queries, int depth)
{
    CHECK(depth >= 0);
    CHECK((size_t)depth < ARRAY_SIZE(sql_savepoints));
    return &queries[depth];
}

enum err sql_savepoint(struct sql *sql, int depth)
{
    return sql_control(sql, SQL_SAVEPOINT, sql_at_depth(sql_savepoints, depth), depth);
}

enum err sql_release(struct sql *sql, int depth)
{
    return sql_control(sql, SQL_RELEASE, sql_at_depth(sql_releases, depth), depth);
}

enum err sql_rollback_to(struct sql *sql, int depth)
{
    enum err err;

    err = sql_control(sql, SQL_ROLLBACK_TO, sql_at_depth(sql_rollbacks_to, depth), depth);
    if (err)
        return err;
    /* Not sql_control: whoever rolls back must not be stopped half-way by a fault meant for
     * sql_release. */
    return sql->driver->control(sql, SQL_RELEASE, sql_at_depth(sql_releases, depth), depth);
}

bool sql_in_transaction(struct sql *sql)
{
    return sql->driver->in_transaction(sql);
}

enum err sql_flush(struct sql *sql)
{
    return sql->driver->flush ? sql->driver->flush(sql) : ERR_OK;
}

/* --- shared stores --- */

bool sql_is_shared(const struct sql *sql)
{
    return sql->driver->is_shared;
}

enum err sql_reopen(struct sql *sql)
{
    enum err err = sql_before(sql, "reopen");

    CHECK(sql->driver->reopen != NULL);
    return err ? err : sql->driver->reopen(sql);
}

enum err sql_listen(struct sql *sql, const char *channel)
{
    CHECK(sql->driver->listen != NULL);
    return sql->driver->listen(sql, channel);
}

enum err sql_notify(struct sql *sql, const char *channel, const char *text)
{
    CHECK(sql->driver->notify != NULL);
    CHECK(strlen(text) <= SQL_NOTIFY_BYTES);
    return sql->driver->notify(sql, channel, text);
}

enum err sql_await(struct sql *sql, int wake_fd, int64_t wait_ms,
                   void (*on_message)(void *user, const char *text), void *user)
{
    CHECK(sql->driver->await != NULL);
    return sql->driver->await(sql, wake_fd, wait_ms, on_message, user);
}

/* --- the rest --- */

static atomic_int_least64_t sql_until_us = INT64_MAX;

void sql_hurry(int64_t wait_ms)
{
    atomic_store(&sql_until_us, clock_monotonic_us() + wait_ms * 1000);
}

int64_t sql_patience_ms(int64_t wait_ms)
{
    int64_t until_us = atomic_load(&sql_until_us), left_ms;

    if (until_us == INT64_MAX)
        return wait_ms;
    left_ms = (until_us - clock_monotonic_us()) / 1000;
    if (left_ms < 0)
        left_ms = 0;
    return left_ms < wait_ms ? left_ms : wait_ms;
}

bool sql_is_shared_name(const char *name)
{
    return strncmp(name, "postgres://", 11) == 0 || strncmp(name, "postgresql://", 13) == 0;
}

enum err sql_open(const char *name, bool read_only, struct sql **ret)
{
    return sql_is_shared_name(name) ? sql_open_postgres(name, read_only, ret)
                                    : sql_open_sqlite(name, read_only, ret);
}

void sql_checkpoint(struct sql *sql, bool truncate)
{
    CHECK(!sql_in_transaction(sql));
    if (sql_fault_before("checkpoint")) {
        log_warn("sql.checkpoint", "not done: a fault was ordered");
        return;
    }
    sql->driver->checkpoint(sql, truncate);
    sql_fault_after("checkpoint");
    metric_add(METRIC_CHECKPOINTS, 1);
}

int64_t sql_log_bytes(struct sql *sql)
{
    return sql->driver->log_bytes(sql);
}

void sql_close(struct sql *sql)
{
    if (sql)
        sql->driver->close(sql);
}
