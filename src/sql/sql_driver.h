/*
 * sql_driver.h - what a driver of sql.h implements; included from src/sql only.
 *
 * sql.c is the part in front that all drivers share (fault points, counting, logging); a driver
 * fills this table.
 */
#ifndef FERMATA_SQL_SQL_DRIVER_H
#define FERMATA_SQL_SQL_DRIVER_H

#include "sql/sql.h"

/* What sql.c asks for; its query is a static one of sql.c, with the words most databases share. */
enum sql_control {
    SQL_BEGIN,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_RELEASE,
    SQL_ROLLBACK_TO
};

struct sql_driver {
    const char *name;
    bool is_shared;
    /* ret_changes may be null: nobody counts, and nobody waits. */
    enum err (*run)(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                    size_t arg_count, int64_t *ret_changes);
    enum err (*select)(struct sql *sql, const struct sql_query *query, const struct sql_arg *args,
                       size_t arg_count, struct sql_rows *ret_rows);
    bool (*next)(struct sql_rows *rows);
    enum err (*end)(struct sql_rows *rows);
    bool (*is_null)(const struct sql_rows *rows, int column);
    int64_t (*column_int)(const struct sql_rows *rows, int column);
    const char *(*column_text)(const struct sql_rows *rows, int column);
    const void *(*column_blob)(const struct sql_rows *rows, int column, size_t *ret_len);
    enum err (*control)(struct sql *sql, enum sql_control control, const struct sql_query *query,
                        int depth);
    enum err (*flush)(struct sql *sql); /* null: nothing is ever sent without its answer read */
    bool (*in_transaction)(struct sql *sql);
    void (*checkpoint)(struct sql *sql, bool truncate);
    int64_t (*log_bytes)(struct sql *sql);
    enum err (*script)(struct sql *sql, const char *text);
    void (*close)(struct sql *sql);
    /* of shared stores only, else null */
    enum err (*reopen)(struct sql *sql);
    enum err (*listen)(struct sql *sql, const char *channel);
    enum err (*notify)(struct sql *sql, const char *channel, const char *text);
    enum err (*await)(struct sql *sql, int wake_fd, int64_t wait_ms,
                      void (*on_message)(void *user, const char *text), void *user);
};

/* The first member of every driver's connection. */
struct sql {
    const struct sql_driver *driver;
    bool writing;   /* the open transaction was begun by sql_begin */
    bool in_memory; /* it ends with the connection */
};

/*
 * sql_fault.c - errors and crashes on order, for tests; compiled in only with FERMATA_FAULTS. The
 * order comes from the environment: FERMATA_FAULT="<point>:<n>:<what>", where point is `any` or the
 * name of a query or of a control word (begin, commit, savepoint, release, rollback), n counts its
 * hits from 1 (`n+`: from then on), what is `kill` (SIGKILL to itself, before the statement),
 * `kill_after`, or an error name of err.h. Hits are counted only after FERMATA_FAULT_ARM (a file)
 * exists, when that variable is set.
 */
#ifdef FERMATA_FAULTS
enum err sql_fault_before(const char *point);
void sql_fault_after(const char *point);
#else
static inline enum err sql_fault_before(const char *point)
{
    (void)point;
    return ERR_OK;
}
static inline void sql_fault_after(const char *point)
{
    (void)point;
}
#endif

#endif
