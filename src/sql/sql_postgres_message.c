/*
 * sql_postgres_message.c - LISTEN and NOTIFY.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "sql/sql_postgres_priv.h"

enum { POSTGRES_LISTEN_BYTES = 256 };

SQL_QUERY_POSTGRES(postgres_notify_text, "SELECT pg_notify(?1, ?2)");

/* LISTEN takes no parameters; the channel is quoted as a name. */
enum err postgres_listen(struct sql *sql, const char *channel)
{
    struct postgres *p = postgres_of(sql);
    char *name, text[POSTGRES_LISTEN_BYTES];

    if (!p->conn)
        return ERR_STORAGE_LOST;
    name = PQescapeIdentifier(p->conn, channel, strlen(channel));
    if (!name)
        return postgres_lost(p, PQerrorMessage(p->conn));
    CHECK(strlen(name) < POSTGRES_LISTEN_BYTES / 2);
    snprintf(text, sizeof(text), "LISTEN %s", name);
    PQfreemem(name);
    return sql_script(sql, text);
}

enum err postgres_notify(struct sql *sql, const char *channel, const char *text)
{
    const struct sql_arg args[] = {SQL_TEXT(channel), SQL_TEXT(text)};
    struct postgres *p = postgres_of(sql);
    enum err err = postgres_send(p, &postgres_notify_text, args, ARRAY_SIZE(args));

    return err ? err : postgres_sync(p, NULL);
}

enum err postgres_await(struct sql *sql, int wake_fd, int64_t wait_ms,
                        void (*on_message)(void *user, const char *text), void *user)
{
    struct postgres *p = postgres_of(sql);
    PGnotify *message;

    if (!p->conn)
        return ERR_STORAGE_LOST;
    message = PQnotifies(p->conn);
    if (!message) {
        postgres_poll(p, POLLIN, wake_fd, wait_ms);
        if (!PQconsumeInput(p->conn))
            return postgres_lost(p, PQerrorMessage(p->conn));
        message = PQnotifies(p->conn);
    }
    for (; message; message = PQnotifies(p->conn)) {
        on_message(user, message->extra);
        PQfreemem(message);
    }
    return PQstatus(p->conn) == CONNECTION_OK ? ERR_OK : postgres_lost(p, PQerrorMessage(p->conn));
}
