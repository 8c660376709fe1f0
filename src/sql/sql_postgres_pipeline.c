/*
 * sql_postgres_pipeline.c - commands go out together, answers come in order.
 *
 * A write that nobody counts is sent and not waited for: its answer is read with that of the next
 * command whose answer matters. The socket never blocks; who waits, waits in postgres_poll with a
 * deadline. When a command fails, the server skips all that was sent behind it up to the next
 * sync; the transaction can then only go back to a savepoint that was made before that command.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "sql/sql_postgres_priv.h"

/* The types of pg_type.dat that never change. */
enum { POSTGRES_TYPE_BYTEA = 17, POSTGRES_TYPE_INT8 = 20, POSTGRES_TYPE_TEXT = 25 };
enum { POSTGRES_INT_BYTES = 24 };

bool postgres_poll(const struct postgres *p, short events, int wake_fd, int64_t wait_ms)
{
    struct pollfd fds[2] = {
        {.fd = PQsocket(p->conn), .events = events},
        {.fd = wake_fd,           .events = POLLIN},
    };
    int64_t until_us = clock_monotonic_us() + wait_ms * 1000;
    int64_t left_ms = sql_patience_ms(wait_ms);
    int count;

    /* In pieces: the process's end may have come nearer meanwhile. */
    do {
        count = poll(fds, wake_fd < 0 ? 1 : 2,
                     (int)(left_ms < POSTGRES_PIECE_MS ? left_ms : POSTGRES_PIECE_MS));
        left_ms = sql_patience_ms((until_us - clock_monotonic_us() + 999) / 1000);
    } while ((count == 0 || (count < 0 && errno == EINTR)) && left_ms > 0);
    return count > 0;
}

/* ---- out ---- */

static struct postgres_sent *postgres_sent_add(struct postgres *p)
{
    CHECK(p->sent_count < POSTGRES_PENDING_MOST);
    return &p->sent[(p->sent_first + p->sent_count++) % POSTGRES_PENDING_MOST];
}

static enum err postgres_flush(struct postgres *p)
{
    int left;

    while ((left = PQflush(p->conn)) == 1) {
        /* What it has to say is read meanwhile, else both could wait for the other to read. */
        if (!postgres_poll(p, POLLIN | POLLOUT, -1, POSTGRES_ANSWER_MS))
            return postgres_lost(p, "it does not take what is sent");
        if (!PQconsumeInput(p->conn))
            return postgres_lost(p, PQerrorMessage(p->conn));
    }
    return left == 0 ? ERR_OK : postgres_lost(p, PQerrorMessage(p->conn));
}

enum err postgres_push(struct postgres *p)
{
    if (!p->conn)
        return ERR_STORAGE_LOST;
    if (!PQpipelineSync(p->conn))
        return postgres_lost(p, PQerrorMessage(p->conn));
    *postgres_sent_add(p) = (struct postgres_sent){.kind = POSTGRES_SYNC, .name = "sync"};
    return postgres_flush(p);
}

static struct postgres_statement *postgres_statement(struct postgres *p,
                                                     const struct sql_query *query)
{
    struct postgres_statement *statement = sql_cache_find(&p->statements, query);

    if (statement)
        return statement;
    statement = xalloc(sizeof(*statement));
    statement->query = query;
    statement->text = postgres_text(query->text, &statement->parameters);
    snprintf(statement->name, sizeof(statement->name), "q%lld", (long long)++p->statement_number);
    sql_cache_add(&p->statements, query, statement);
    return statement;
}

static enum err postgres_prepare(struct postgres *p, struct postgres_statement *statement,
                                 const struct sql_arg *args)
{
    static const Oid types[] = {
        [SQL_TYPE_INT] = POSTGRES_TYPE_INT8,
        [SQL_TYPE_TEXT] = POSTGRES_TYPE_TEXT,
        [SQL_TYPE_BLOB] = POSTGRES_TYPE_BYTEA,
    };
    Oid declared[POSTGRES_ARGS_MOST];

    for (int i = 0; i < statement->parameters; i++)
        declared[i] = types[args[i].type];
    if (!PQsendPrepare(p->conn, statement->name, statement->text, statement->parameters, declared))
        return postgres_lost(p, PQerrorMessage(p->conn));
    *postgres_sent_add(p) = (struct postgres_sent){
        .kind = POSTGRES_PREPARE,
        .name = statement->query->name,
        .statement = statement,
        .number = ++p->number,
    };
    statement->is_prepared = true;
    return ERR_OK;
}

/* Numbers as text, whatever integer type the server found for them; blobs as they are. */
struct postgres_values {
    const char *values[POSTGRES_ARGS_MOST];
    int lens[POSTGRES_ARGS_MOST], formats[POSTGRES_ARGS_MOST];
    char ints[POSTGRES_ARGS_MOST][POSTGRES_INT_BYTES];
};

static void postgres_value(struct postgres_values *v, size_t i, const struct sql_arg *arg)
{
    v->formats[i] = arg->type == SQL_TYPE_BLOB;
    v->lens[i] = (int)arg->len;
    v->values[i] = arg->type == SQL_TYPE_NULL ? NULL : arg->len ? arg->data : "";
    if (arg->type != SQL_TYPE_INT)
        return;
    snprintf(v->ints[i], sizeof(v->ints[i]), "%lld", (long long)arg->integer);
    v->values[i] = v->ints[i];
}

enum err postgres_send(struct postgres *p, const struct sql_query *query,
                       const struct sql_arg *args, size_t arg_count)
{
    struct postgres_values v;
    struct postgres_statement *statement;
    enum err err = ERR_OK;

    if (!p->conn)
        return ERR_STORAGE_LOST;
    /* Two more commands and the sync behind them must find room. */
    if (p->sent_count + 3 > POSTGRES_PENDING_MOST)
        err = postgres_sync(p, NULL);
    if (err)
        return err;
    statement = postgres_statement(p, query);
    CHECK((size_t)statement->parameters == arg_count);
    CHECK(arg_count <= POSTGRES_ARGS_MOST);
    if (!statement->is_prepared)
        err = postgres_prepare(p, statement, args);
    if (err)
        return err;
    for (size_t i = 0; i < arg_count; i++)
        postgres_value(&v, i, &args[i]);
    if (!PQsendQueryPrepared(p->conn, statement->name, (int)arg_count, v.values, v.lens, v.formats,
                             0))
        return postgres_lost(p, PQerrorMessage(p->conn));
    *postgres_sent_add(p) = (struct postgres_sent){
        .kind = POSTGRES_COMMAND,
        .name = query->name,
        .number = ++p->number,
    };
    return ERR_OK;
}

/* ---- in ---- */

/* The next result; *ret null at the end of a command's. */
static enum err postgres_read(struct postgres *p, PGresult **ret)
{
    while (PQisBusy(p->conn)) {
        if (!postgres_poll(p, POLLIN, -1, POSTGRES_ANSWER_MS))
            return postgres_lost(p, "it does not answer");
        if (!PQconsumeInput(p->conn))
            return postgres_lost(p, PQerrorMessage(p->conn));
    }
    *ret = PQgetResult(p->conn);
    return ERR_OK;
}

/* Only the first failure of a transaction says what is wrong; what follows is its echo. */
static enum err postgres_note(struct postgres *p, const struct postgres_sent *sent,
                              const PGresult *result)
{
    enum err err;

    if (sent->kind == POSTGRES_PREPARE)
        sent->statement->is_prepared = false;
    if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED && p->failed)
        return p->failed;
    err = postgres_failed(p, sent->name, result);
    if (err != ERR_STORAGE_LOST && !p->failed) {
        p->failed = err;
        p->failed_at = sent->number;
    }
    return err;
}

/* The answer of one command; its result goes to *ret when that is wanted. */
static enum err postgres_answer(struct postgres *p, PGresult **ret)
{
    struct postgres_sent sent = p->sent[p->sent_first];
    PGresult *result = NULL, *end = NULL;
    ExecStatusType status;
    enum err err = postgres_read(p, &result);

    if (err)
        return err;
    if (!result)
        return postgres_lost(p, "an answer is missing");
    p->sent_first = (p->sent_first + 1) % POSTGRES_PENDING_MOST;
    p->sent_count--;
    status = PQresultStatus(result);
    if (sent.kind == POSTGRES_SYNC) {
        PQclear(result);
        return status == PGRES_PIPELINE_SYNC ? ERR_OK
                                             : postgres_lost(p, "the answers are mixed up");
    }
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        err = postgres_note(p, &sent, result);
    if (!err && ret) {
        PQclear(*ret);
        *ret = result;
    } else {
        PQclear(result);
    }
    if (err == ERR_STORAGE_LOST)
        return err;
    if (postgres_read(p, &end))
        return ERR_STORAGE_LOST;
    if (!end)
        return err;
    PQclear(end);
    return postgres_lost(p, "an answer too many");
}

enum err postgres_sync(struct postgres *p, PGresult **ret)
{
    PGresult *last = NULL;
    enum err err = postgres_push(p), first = ERR_OK;

    while (!err && p->sent_count) {
        enum err answer = postgres_answer(p, &last);

        if (answer == ERR_STORAGE_LOST)
            err = answer;
        else if (answer && !first)
            first = answer;
    }
    if (!err)
        err = first;
    if (err || !ret)
        PQclear(last);
    else
        *ret = last;
    return err;
}
