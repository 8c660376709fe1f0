/*
 * wire_postgres.c - the wire through the store's own messages, where there is no Redis.
 *
 * A connection of its own: a message of a lane's transaction would wait for its commit, and hold up
 * the commits of all others meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "wire/wire_priv.h"

struct wire_by_postgres {
    char *store;
    char channel[WIRE_CHANNEL_BYTES];
    struct sql *sql; /* null: never connected yet */
};

static enum err wire_postgres_open(const struct wire_config *config, const char *channel,
                                   void **ret)
{
    struct wire_by_postgres *by;

    if (!config->store || !sql_is_shared_name(config->store))
        return ERR_INVALID_REQUEST;
    by = xalloc(sizeof(*by));
    by->store = xstrdup(config->store);
    memcpy(by->channel, channel, strlen(channel) + 1);
    *ret = by;
    return ERR_OK;
}

static enum err wire_postgres_connect(void *connection)
{
    struct wire_by_postgres *by = connection;
    enum err err = by->sql ? sql_reopen(by->sql) : sql_open(by->store, false, &by->sql);

    return err ? err : sql_listen(by->sql, by->channel);
}

static enum err wire_postgres_error(enum err err)
{
    return err == ERR_STORAGE_LOST ? ERR_UNAVAILABLE : err;
}

static enum err wire_postgres_say(void *connection, const char *text)
{
    struct wire_by_postgres *by = connection;

    return wire_postgres_error(sql_notify(by->sql, by->channel, text));
}

static enum err wire_postgres_await(void *connection, int wake_fd, int64_t wait_ms,
                                    wire_on_message *on_message, void *user)
{
    struct wire_by_postgres *by = connection;

    return wire_postgres_error(sql_await(by->sql, wake_fd, wait_ms, on_message, user));
}

static void wire_postgres_close(void *connection)
{
    struct wire_by_postgres *by = connection;

    if (!by)
        return;
    sql_close(by->sql);
    free(by->store);
    free(by);
}

const struct wire_way wire_postgres = {
    .open = wire_postgres_open,
    .connect = wire_postgres_connect,
    .say = wire_postgres_say,
    .await = wire_postgres_await,
    .close = wire_postgres_close,
};
