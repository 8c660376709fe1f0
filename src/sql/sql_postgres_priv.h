/*
 * sql_postgres_priv.h - what the files of the driver for PostgreSQL share.
 */
#ifndef FERMATA_SQL_SQL_POSTGRES_PRIV_H
#define FERMATA_SQL_SQL_POSTGRES_PRIV_H

#include <libpq-fe.h>

#include "sql/sql_cache.h"
#include "sql/sql_driver.h"

enum {
    POSTGRES_PENDING_MOST = 256, /* sent and not yet answered */
    POSTGRES_SAVEPOINTS = 8,
    POSTGRES_ANSWER_MS = 120000, /* a server that says nothing for so long is given up */
    POSTGRES_PIECE_MS = 500,     /* of a wait, before it is asked whether the process ends */
    POSTGRES_ARGS_MOST = 64,
};

/* A query as this connection knows it. */
struct postgres_statement {
    const struct sql_query *query;
    char *text; /* translated */
    char name[24];
    int parameters;
    bool is_prepared; /* or on its way to be */
};

/* A command that was sent: its answer comes in order. */
struct postgres_sent {
    enum { POSTGRES_COMMAND, POSTGRES_PREPARE, POSTGRES_SYNC } kind;
    const char *name;                     /* of the query, for the log */
    struct postgres_statement *statement; /* of a PREPARE */
    int64_t number;
};

struct postgres {
    struct sql sql; /* the first member, as sql_driver.h demands */
    char *url;
    bool read_only;
    bool is_quiet; /* the loss of the connection has been logged */
    PGconn *conn;  /* null: lost */
    struct sql_cache statements;
    int64_t statement_number;
    struct postgres_sent sent[POSTGRES_PENDING_MOST];
    size_t sent_first, sent_count; /* a ring */
    int64_t number;                /* of the last command sent */
    bool in_transaction;
    int64_t savepoints[POSTGRES_SAVEPOINTS]; /* the numbers of the open ones' commands */
    /* The transaction cannot go on but by going back to before this command. */
    enum err failed;
    int64_t failed_at;
};

static inline struct postgres *postgres_of(struct sql *sql)
{
    return (struct postgres *)sql;
}

/* sql_postgres_error.c */
/* The error of a failed result, logged once; ERR_STORAGE_LOST also ends the connection. */
enum err postgres_failed(struct postgres *p, const char *name, const PGresult *result);
/* The connection is of no use any more; in words for the log. */
enum err postgres_lost(struct postgres *p, const char *why);

/* sql_postgres_text.c */
/* ?1 becomes $1, the words meant for PostgreSQL leave their comments; the caller frees it. */
char *postgres_text(const char *text, int *ret_parameters);

/* sql_postgres_connect.c */
enum err postgres_connect(struct postgres *p);
void postgres_disconnect(struct postgres *p);

/* sql_postgres_pipeline.c: commands go out together, answers come in order */
enum err postgres_send(struct postgres *p, const struct sql_query *query,
                       const struct sql_arg *args, size_t arg_count);
/* Everything sent is on its way; its answers are read later. */
enum err postgres_push(struct postgres *p);
/* All answers are read; the last command's in *ret (may be null), the caller's to clear. */
enum err postgres_sync(struct postgres *p, PGresult **ret);
/* Waits until the socket can be read (or written), or wake_fd can be read, or the time is over. */
bool postgres_poll(const struct postgres *p, short events, int wake_fd, int64_t wait_ms);

/* sql_postgres_message.c */
enum err postgres_listen(struct sql *sql, const char *channel);
enum err postgres_notify(struct sql *sql, const char *channel, const char *text);
enum err postgres_await(struct sql *sql, int wake_fd, int64_t wait_ms,
                        void (*on_message)(void *user, const char *text), void *user);

#endif
