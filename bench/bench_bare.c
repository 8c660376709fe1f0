/*
 * bench_bare.c - the same row changes as the server's, by a bare SQLite program: what is there to
 * reach.
 *
 * It works on a copy of the server's file, so rows, indexes and pages are the same, with the
 * server's settings: WAL, synchronous=FULL, no automatic checkpoint, the same cache. Every
 * operation is the shortest list of prepared statements that leaves the rows the server leaves
 * (bare_ops.c); there is no HTTP, no JSON, no check, no answer. The result is one line of JSON on
 * stdout.
 */
#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "bare_ops.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"

enum { BARE_TIMER_MS = 36000000, BARE_LEASE_MS = 30000 };

struct bare_options {
    const char *db, *op;
    int64_t count, from, group, wal_bytes, cache_kib;
};

struct bare_item {
    int64_t root, claim, beat;
    char name[32];
};

struct bare {
    struct bare_options options;
    const struct bare_op *op;
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *find, *phases[BARE_PHASES][BARE_STATEMENTS];
    int64_t last_id, now_ms, changes;
    const char *list; /* [1,2,...] */
    struct bare_item *items;
    int64_t *took_ns;
    int64_t groups;
};

static int64_t bare_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The items of a Map. */
static const char *bare_list(int64_t count)
{
    struct buf list;

    buf_init(&list, arena_new(), BUF_BYTES_OWN);
    for (int64_t i = 1; i <= count; i++)
        buf_printf(&list, "%c%lld", i == 1 ? '[' : ',', (long long)i);
    buf_char(&list, ']');
    return list.data;
}

static void bare_check(struct bare *bare, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
        die("SQLite: %s", sqlite3_errmsg(bare->db));
}

static void bare_script(struct bare *bare, const char *text)
{
    bare_check(bare, sqlite3_exec(bare->db, text, NULL, NULL, NULL));
}

static sqlite3_stmt *bare_prepare(struct bare *bare, const char *text)
{
    sqlite3_stmt *stmt = NULL;

    bare_check(bare,
               sqlite3_prepare_v3(bare->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL));
    return stmt;
}

static void bare_step(struct bare *bare, sqlite3_stmt *stmt)
{
    bare_check(bare, sqlite3_step(stmt));
    sqlite3_reset(stmt);
}

static int64_t bare_id(struct bare *bare)
{
    bare->last_id += ID_STEP;
    return bare->last_id;
}

/* ---- one statement of one execution ---- */

static void bare_bind_int(sqlite3_stmt *stmt, const char *name, int64_t value)
{
    int at = sqlite3_bind_parameter_index(stmt, name);

    if (at)
        sqlite3_bind_int64(stmt, at, value);
}

static void bare_bind_text(sqlite3_stmt *stmt, const char *name, const char *value)
{
    int at = sqlite3_bind_parameter_index(stmt, name);

    if (at)
        sqlite3_bind_text(stmt, at, value, -1, SQLITE_STATIC);
}

static void bare_bind(struct bare *bare, sqlite3_stmt *stmt, const struct bare_item *item,
                      int64_t halt_id)
{
    static const char digest[] = "2e78741532857359374a443948bf852550e6639dacd23c8f5fcaff1710104c3c";

    bare_bind_int(stmt, ":root", item->root);
    bare_bind_int(stmt, ":claim", item->claim);
    bare_bind_int(stmt, ":beat", item->beat);
    bare_bind_int(stmt, ":halt", halt_id);
    bare_bind_int(stmt, ":now", bare->now_ms);
    bare_bind_int(stmt, ":due",
                  bare->now_ms + (bare->op->phases[1][0] ? BARE_LEASE_MS : BARE_TIMER_MS));
    bare_bind_text(stmt, ":name", item->name);
    bare_bind_text(stmt, ":digest", digest);
    bare_bind_text(stmt, ":items", bare->list);
}

static void bare_run(struct bare *bare, sqlite3_stmt *stmt, const struct bare_item *item)
{
    bare_step(bare, stmt);
    bare->changes += sqlite3_changes64(bare->db);
    if (sqlite3_changes64(bare->db) < 1)
        die("%s: a statement changed nothing: %.60s", item->name, sqlite3_sql(stmt));
}

static bool bare_is_round(sqlite3_stmt *stmt)
{
    return stmt && sqlite3_bind_parameter_index(stmt, ":round");
}

/* The statements of one commit, for one execution. */
static void bare_phase(struct bare *bare, sqlite3_stmt **stmts, const struct bare_item *item,
                       int64_t halt_id)
{
    int from = 0;

    while (from < BARE_STATEMENTS && stmts[from]) {
        bool is_round = bare_is_round(stmts[from]);
        int to = from + 1;

        while (is_round && to < BARE_STATEMENTS && bare_is_round(stmts[to]))
            to++;
        for (int k = from; k < to; k++)
            bare_bind(bare, stmts[k], item, halt_id);
        for (int64_t round = 0; round < (is_round ? bare->op->rounds : 1); round++) {
            for (int k = from; k < to; k++) {
                bare_bind_int(stmts[k], ":round", round);
                bare_run(bare, stmts[k], item);
            }
        }
        from = to;
    }
}

/* A new execution gets its ids, an old one is looked up by its name. */
static void bare_open(struct bare *bare, struct bare_item *item, int64_t number)
{
    snprintf(item->name, sizeof(item->name), "%s%07lld", bare->op->prefix, (long long)number);
    if (bare->op->is_new) {
        item->root = bare_id(bare);
        item->claim = bare_id(bare);
        item->beat = bare_id(bare);
        return;
    }
    bare_bind_text(bare->find, ":name", item->name);
    if (sqlite3_step(bare->find) != SQLITE_ROW)
        die("there is no execution %s", item->name);
    item->root = sqlite3_column_int64(bare->find, 0);
    sqlite3_reset(bare->find);
}

/* `count` executions, each phase of all of them in one commit. */
static void bare_group(struct bare *bare, int64_t number, int64_t count)
{
    int64_t started_ns = bare_clock(CLOCK_MONOTONIC);

    for (int phase = 0; phase < BARE_PHASES && bare->phases[phase][0]; phase++) {
        bare->now_ms = bare_clock(CLOCK_REALTIME) / 1000000;
        bare_step(bare, bare->begin);
        for (int64_t i = 0; i < count; i++) {
            int64_t halt_id = bare_id(bare);

            if (phase == 0)
                bare_open(bare, &bare->items[i], number + i);
            bare_phase(bare, bare->phases[phase], &bare->items[i], halt_id);
        }
        bare_step(bare, bare->commit);
    }
    bare->took_ns[bare->groups++] = bare_clock(CLOCK_MONOTONIC) - started_ns;
}

/* ---- set-up ---- */

/* The server's log has been written before and is written over; so must this one be. */
static void bare_warm_log(struct bare *bare)
{
    sqlite3_stmt *update = bare_prepare(bare, "UPDATE migrations SET applied_at = applied_at + 1");

    bare_script(bare, "PRAGMA synchronous=OFF");
    for (int64_t bytes = 0; bytes < bare->options.wal_bytes; bytes += 4120)
        bare_step(bare, update);
    sqlite3_finalize(update);
    bare_script(bare, "PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(PASSIVE)");
}

static void bare_set_up(struct bare *bare)
{
    char cache[64];
    sqlite3_stmt *last;

    bare->op = bare_op_find(bare->options.op);
    if (!bare->op)
        die("no operation is called %s", bare->options.op);
    bare_check(bare, sqlite3_open_v2(bare->options.db, &bare->db,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%lld", (long long)bare->options.cache_kib);
    bare_script(bare, cache);
    bare_script(bare, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                      "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
                      "PRAGMA cell_size_check=ON");
    bare_warm_log(bare);
    bare->begin = bare_prepare(bare, "BEGIN IMMEDIATE");
    bare->commit = bare_prepare(bare, "COMMIT");
    bare->find =
        bare_prepare(bare, "SELECT root_id FROM execution_ids"
                           " WHERE operator_name = 'default' AND plan_execution_id = :name");
    for (int phase = 0; phase < BARE_PHASES; phase++) {
        for (int k = 0; k < BARE_STATEMENTS && bare->op->phases[phase][k]; k++)
            bare->phases[phase][k] = bare_prepare(bare, bare->op->phases[phase][k]);
    }
    last = bare_prepare(bare, "SELECT max(id) FROM (SELECT max(root_id) AS id FROM trees UNION ALL"
                              " SELECT max(execution_id) FROM executions UNION ALL"
                              " SELECT max(halt_id) FROM halts)");
    bare_check(bare, sqlite3_step(last));
    bare->last_id = sqlite3_column_int64(last, 0);
    sqlite3_finalize(last);
    bare->list = bare_list(bare->op->rounds);
    bare->items = xalloc((size_t)bare->options.group * sizeof(*bare->items));
    bare->took_ns = xalloc((size_t)bare->options.count * sizeof(*bare->took_ns));
}

/* ---- the run ---- */

static int bare_compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

static double bare_at(const struct bare *bare, double part)
{
    int64_t index = (int64_t)((double)bare->groups * part);

    return (double)bare->took_ns[index < bare->groups ? index : bare->groups - 1] / 1e3;
}

static void bare_measure(struct bare *bare)
{
    const struct bare_options *options = &bare->options;
    int64_t cpu_ns = bare_clock(CLOCK_PROCESS_CPUTIME_ID), started_ns = bare_clock(CLOCK_MONOTONIC);
    double seconds;

    for (int64_t done = 0; done < options->count; done += options->group) {
        int64_t left = options->count - done;

        bare_group(bare, options->from + done, left < options->group ? left : options->group);
    }
    seconds = (double)(bare_clock(CLOCK_MONOTONIC) - started_ns) / 1e9;
    cpu_ns = bare_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    qsort(bare->took_ns, (size_t)bare->groups, sizeof(*bare->took_ns), bare_compare);
    printf("{\"count\":%lld,\"changes\":%lld,\"seconds\":%.6f,\"rate\":%.1f,\"p50_us\":%.1f,"
           "\"p99_us\":%.1f,\"max_us\":%.1f,\"cpu_us\":%.2f}\n",
           (long long)options->count, (long long)bare->changes, seconds,
           (double)options->count / seconds, bare_at(bare, 0.5), bare_at(bare, 0.99),
           bare_at(bare, 1), (double)cpu_ns / 1e3 / (double)options->count);
}

/* clang-format off */
static const struct argp_option bare_argp_options[] = {
    {"db",        'd', "FILE", 0, "a copy of the server's file; it is changed", 0},
    {"op",        'o', "NAME", 0, "start, pass, flow, loop, map, map_run, halt or tree", 0},
    {"count",     'n', "N",    0, "executions (1)", 0},
    {"from",      'f', "N",    0, "the first number (0)", 0},
    {"group",     'g', "N",    0, "executions in one commit (1)", 0},
    {"wal-bytes", 'w', "N",    0, "first write a log of so many bytes, to be written over", 0},
    {"cache-kib", 'k', "N",    0, "page cache (4096, the server's)", 0},
    {0},
};
/* clang-format on */

static error_t bare_option(int key, char *text, struct argp_state *state)
{
    struct bare_options *options = state->input;

    switch (key) {
    case 'd':
        options->db = text;
        return 0;
    case 'o':
        options->op = text;
        return 0;
    case 'n':
        options->count = strtoll(text, NULL, 10);
        return 0;
    case 'f':
        options->from = strtoll(text, NULL, 10);
        return 0;
    case 'g':
        options->group = strtoll(text, NULL, 10);
        return 0;
    case 'w':
        options->wal_bytes = strtoll(text, NULL, 10);
        return 0;
    case 'k':
        options->cache_kib = strtoll(text, NULL, 10);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    const struct argp argp = {bare_argp_options,
                              bare_option,
                              NULL,
                              "Makes the server's row changes with SQLite alone.",
                              NULL,
                              NULL,
                              NULL};
    struct bare bare = {
        .options = {.count = 1, .group = 1, .cache_kib = 4096}
    };

    argp_parse(&argp, argc, argv, 0, NULL, &bare.options);
    if (!bare.options.db || !bare.options.op || bare.options.count < 1 || bare.options.group < 1)
        die("see bench_bare --help");
    bare_set_up(&bare);
    bare_measure(&bare);
    /* The driver throws the file away; a close would only copy the log into it first. */
    return 0;
}
