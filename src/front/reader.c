/*
 * reader.c - opens a thread's connection when it first reads, and again after whatever went wrong
 * with it.
 */
#include "front/reader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

struct reader {
    struct sql *sql; /* null: not open */
    char *name;      /* of the store */
};

static pthread_once_t reader_once = PTHREAD_ONCE_INIT;
static pthread_key_t reader_key;

static void reader_close(struct reader *reader)
{
    sql_close(reader->sql);
    free(reader->name);
    *reader = (struct reader){0};
}

static void reader_free(void *user)
{
    reader_close(user);
    free(user);
}

static void reader_make_key(void)
{
    CHECK(pthread_key_create(&reader_key, reader_free) == 0);
}

/* This thread's; made when it reads for the first time. */
static struct reader *reader_mine(void)
{
    struct reader *reader;

    pthread_once(&reader_once, reader_make_key);
    reader = pthread_getspecific(reader_key);
    if (!reader) {
        reader = xalloc(sizeof(*reader));
        CHECK(pthread_setspecific(reader_key, reader) == 0);
    }
    return reader;
}

static enum err reader_open(struct reader *reader, const char *name)
{
    enum err err;

    if (reader->sql && strcmp(reader->name, name) == 0)
        return ERR_OK;
    reader_close(reader);
    err = sql_open(name, true, &reader->sql);
    if (!err)
        reader->name = xstrdup(name);
    return err;
}

SQL_QUERY(reader_look, "SELECT count(*) FROM migrations WHERE number = 1");

/* A server that went away since the last read is found out here, not in the middle of an answer. */
static enum err reader_start(struct reader *reader)
{
    int64_t one;
    enum err err = sql_begin_read(reader->sql);

    if (!err && sql_is_shared(reader->sql))
        err = sql_select_int(reader->sql, &reader_look, SQL_NO_ARGS, 0, &one);
    return err;
}

enum err reader_begin(const char *store_name, struct store *ret)
{
    struct reader *reader = reader_mine();
    enum err err = reader_open(reader, store_name);

    if (err)
        return err;
    err = reader_start(reader);
    if (err == ERR_STORAGE_LOST) {
        err = sql_reopen(reader->sql);
        if (!err)
            err = reader_start(reader);
    }
    if (err) {
        /* Whatever is wrong with this connection, the next read tries a new one. */
        reader_close(reader);
        return err;
    }
    *ret = (struct store){.sql = reader->sql};
    return ERR_OK;
}

enum err reader_glance(const char *store_name, struct store *ret)
{
    struct reader *reader = reader_mine();
    enum err err = reader_open(reader, store_name);

    if (!err)
        *ret = (struct store){.sql = reader->sql};
    return err;
}

void reader_glanced(enum err err)
{
    if (err)
        reader_close(reader_mine());
}

void reader_end(struct store *store)
{
    sql_rollback(store->sql);
}
