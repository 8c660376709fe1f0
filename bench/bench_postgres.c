/*
 * bench_postgres.c - the same row changes as a halt's, by a bare libpq program: what is there to
 * reach.
 *
 * The statements are those of bare_ops.c, prepared and sent in pipelines: one round trip finds the
 * execution, one does all the rest of a group and commits. There is no HTTP, no JSON, no check, no
 * answer. The result is one line of JSON on stdout.
 */
#include <argp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "bare_ops.h"
#include "base/arena.h"
#include "base/check.h"

enum { BARE_ARGS = 6, BARE_THREADS = 16 };

struct bare_options {
    const char *store, *op;
    int64_t count, from, group, threads;
};

/* The parameters of a statement, in the order of $1, $2, ... */
enum bare_value { VALUE_ROOT, VALUE_HALT, VALUE_NOW, VALUE_COUNT };
static const char *const bare_names[VALUE_COUNT] = {":root", ":halt", ":now"};

struct bare_statement {
    char *text, name[16];
    int values[BARE_ARGS * 2], count;
};

struct bare_run {
    const struct bare_options *options;
    const struct bare_op *op;
    int64_t from, count;
    pthread_t thread;
};

static int bare_value_at(const char *text, size_t *ret_len)
{
    for (int i = 0; i < VALUE_COUNT; i++) {
        *ret_len = strlen(bare_names[i]);
        if (strncmp(text, bare_names[i], *ret_len) == 0)
            return i;
    }
    return -1;
}

/* :root becomes CAST($1 AS BIGINT): the same value may stand where types are not known. */
static void bare_translate(const char *text, struct bare_statement *ret)
{
    size_t room = strlen(text) * 6 + 1, len;
    char *to = xalloc(room), *end = to;

    while (*text) {
        int value = *text == ':' ? bare_value_at(text, &len) : -1;

        if (value < 0) {
            *end++ = *text++;
            continue;
        }
        ret->values[ret->count++] = value;
        end += snprintf(end, room - (size_t)(end - to), "CAST($%d AS BIGINT)", ret->count);
        text += len;
    }
    *end = '\0';
    ret->text = to;
}

static void bare_expect(const PGresult *result, const char *what)
{
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC)
        die("%s: %s", what, PQresultErrorMessage(result));
}

static void bare_drain(PGconn *conn, int commands)
{
    for (int i = 0; i < commands; i++) {
        PGresult *result = PQgetResult(conn);

        bare_expect(result, "a statement");
        PQclear(result);
        result = PQgetResult(conn);
        CHECK(!result);
    }
    PQclear(PQgetResult(conn)); /* the sync */
}

static int64_t bare_find(PGconn *conn, const struct bare_op *op, int64_t number)
{
    char name[32];
    const char *values[] = {name};
    PGresult *result;
    int64_t root;

    snprintf(name, sizeof(name), "%s%07lld", op->prefix, (long long)number);
    CHECK(PQsendQueryPrepared(conn, "find", 1, values, NULL, NULL, 0));
    CHECK(PQpipelineSync(conn));
    result = PQgetResult(conn);
    bare_expect(result, "find");
    if (!PQntuples(result))
        die("there is no execution %s", name);
    root = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    CHECK(!PQgetResult(conn));
    PQclear(PQgetResult(conn));
    return root;
}

static void bare_send(PGconn *conn, const struct bare_statement *statement, int64_t root,
                      int64_t halt_id, int64_t now_ms)
{
    const int64_t all[VALUE_COUNT] = {root, halt_id, now_ms};
    char texts[BARE_ARGS * 2][24];
    const char *values[BARE_ARGS * 2];

    for (int i = 0; i < statement->count; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%lld", (long long)all[statement->values[i]]);
        values[i] = texts[i];
    }
    CHECK(PQsendQueryPrepared(conn, statement->name, statement->count, values, NULL, NULL, 0));
}

static PGconn *bare_connect(const struct bare_run *run, struct bare_statement *statements,
                            int *ret_count)
{
    PGconn *conn = PQconnectdb(run->options->store);
    int count = 0;

    if (PQstatus(conn) != CONNECTION_OK)
        die("%s", PQerrorMessage(conn));
    bare_expect(PQprepare(conn, "find",
                          "SELECT root_id FROM execution_ids WHERE operator_name = 'default'"
                          " AND plan_execution_id = $1",
                          1, NULL),
                "find");
    bare_expect(PQprepare(conn, "begin", "BEGIN", 0, NULL), "begin");
    bare_expect(PQprepare(conn, "commit", "COMMIT", 0, NULL), "commit");
    for (; run->op->phases[0][count]; count++) {
        struct bare_statement *statement = &statements[count];

        bare_translate(run->op->phases[0][count], statement);
        snprintf(statement->name, sizeof(statement->name), "s%d", count);
        bare_expect(PQprepare(conn, statement->name, statement->text, 0, NULL), statement->text);
    }
    CHECK(PQenterPipelineMode(conn));
    *ret_count = count;
    return conn;
}

static void *bare_main(void *user)
{
    struct bare_run *run = user;
    struct bare_statement statements[BARE_STATEMENTS] = {0};
    int statement_count;
    PGconn *conn = bare_connect(run, statements, &statement_count);
    struct timespec now;

    for (int64_t done = 0; done < run->count; done += run->options->group) {
        int64_t group = run->options->group, roots[256];

        if (group > run->count - done)
            group = run->count - done;
        for (int64_t i = 0; i < group; i++)
            roots[i] = bare_find(conn, run->op, run->from + done + i);
        clock_gettime(CLOCK_REALTIME, &now);
        CHECK(PQsendQueryPrepared(conn, "begin", 0, NULL, NULL, NULL, 0));
        for (int64_t i = 0; i < group; i++) {
            for (int k = 0; k < statement_count; k++)
                bare_send(conn, &statements[k], roots[i], roots[i] + 1, now.tv_sec * 1000);
        }
        CHECK(PQsendQueryPrepared(conn, "commit", 0, NULL, NULL, NULL, 0));
        CHECK(PQpipelineSync(conn));
        bare_drain(conn, (int)group * statement_count + 2);
    }
    PQfinish(conn);
    return NULL;
}

static const struct argp_option bare_argp_options[] = {
    {"store",         's', "URL", 0, "of the store", 0},
    {"op",          'o', "NAME", 0, "what to do (halt)", 0},
    {"count", 'n', "N", 0, "executions (1000)", 0},
    {"from",               'f', "N", 0, "the first number (0)", 0},
    {"group",   'g', "N", 0, "executions in one transaction, at most 256 (1)", 0},
    {"threads",              't', "N", 0, "connections (1)", 0},
    {0             },
};

static error_t bare_parse(int key, char *arg, struct argp_state *state)
{
    struct bare_options *options = state->input;

    switch (key) {
    case 's':
        options->store = arg;
        return 0;
    case 'o':
        options->op = arg;
        return 0;
    case 'n':
        options->count = strtoll(arg, NULL, 10);
        return 0;
    case 'f':
        options->from = strtoll(arg, NULL, 10);
        return 0;
    case 'g':
        options->group = strtoll(arg, NULL, 10);
        return 0;
    case 't':
        options->threads = strtoll(arg, NULL, 10);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {.options = bare_argp_options, .parser = bare_parse};
    struct bare_options options = {.op = "halt", .count = 1000, .group = 1, .threads = 1};
    struct bare_run runs[BARE_THREADS];
    struct timespec begin, end;
    double seconds;

    argp_parse(&argp, argc, argv, 0, NULL, &options);
    if (!options.store || options.group < 1 || options.group > 256 || options.threads < 1 ||
        options.threads > BARE_THREADS || !bare_op_find(options.op))
        die("--store, --op, --group or --threads is missing or wrong");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int64_t i = 0; i < options.threads; i++) {
        int64_t share = options.count / options.threads;

        runs[i] = (struct bare_run){.options = &options,
                                    .op = bare_op_find(options.op),
                                    .from = options.from + i * share,
                                    .count = share};
        CHECK(pthread_create(&runs[i].thread, NULL, bare_main, &runs[i]) == 0);
    }
    for (int64_t i = 0; i < options.threads; i++)
        pthread_join(runs[i].thread, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("{\"count\": %lld, \"seconds\": %.6f, \"per_second\": %.1f}\n", (long long)options.count,
           seconds, (double)options.count / seconds);
    return 0;
}
