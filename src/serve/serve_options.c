/*
 * serve_options.c - the settings of `fermata serve`: one table, each from a flag, the environment
 * or a file.
 *
 * All texts are gathered first, the strongest source of each wins, and only then is each one read:
 * so an error names where the text stood.
 */
#include "serve/serve_options.h"

#include <argp.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/arn.h"
#include "serve/settings.h"

enum { OPTION_FIRST = 256, DEFAULT_PORT = 7117, DEFAULT_DRAIN_MS = 10000, REGION_CHARS_MAX = 32 };

enum option_kind {
    OPTION_TEXT,
    OPTION_STORE,
    OPTION_SCHEDULE,
    OPTION_NUMBER,
    OPTION_FLAG,
    OPTION_LISTEN,
    OPTION_LEVEL,
    OPTION_REGION,
    OPTION_ADDRESSES
};

/* clang-format off */
#define OPTIONS(X)                                                                                 \
    X(DIR,        "dir",             "DIR",   TEXT,   dir,                 0, 0,          "keep everything in this folder (default $FERMATA_DIR, else ./fermata-data)") \
    X(STORE,      "store",           "URL",   STORE,  store,               0, 0,          "where the truth is kept: postgres://... (default: a file in DIR)") \
    X(SCHEDULE,   "schedule",        "URL",   SCHEDULE, schedule,            0, 0,          "redis://...: what falls due, and hints between nodes; only with --store") \
    X(ADVERTISE,  "advertise",       "URL",   TEXT,   advertise,           0, 0,          "where others find this node; for people") \
    X(LANES,      "lanes",           "N",     NUMBER, lanes,               0, 16,         "transactions at a time (default: as the store needs)") \
    X(LISTEN,     "listen",          "HOST:PORT", LISTEN, host,            0, 0,          "numeric address to listen on (default 127.0.0.1:7117; port 0: any)") \
    X(KEYS,       "keys",            "DIR",   TEXT,   keys_dir,            0, 0,          "verify tokens with the keys of this folder (default DIR/keys)") \
    X(JWKS,       "jwks-url",        "URL",   TEXT,   jwks_url,            0, 0,          "also with the keys fetched from here") \
    X(ISSUER,     "issuer",          "TEXT",  TEXT,   issuer,              0, 0,          "claim iss of accepted tokens (default fermata)") \
    X(AUDIENCE,   "audience",        "TEXT",  TEXT,   audience,            0, 0,          "claim aud of accepted tokens (default fermata)") \
    X(LEASE,      "lease-ms",        "N",     NUMBER, lease_ms,            100, 86400000, "lease of a task without HeartbeatSeconds") \
    X(REGION,     "region",          "NAME",  REGION, region,              0, 0,          "region of the ARNs of the Step Functions API (default " ARN_REGION_DEFAULT ")") \
    X(DEPTH,      "tree-depth",      "N",     NUMBER, tree_depth_max,      1, 100000000,  "children below children") \
    X(SIZE,       "tree-executions", "N",     NUMBER, tree_executions_max, 1, 100000000,  "executions in a tree") \
    X(EVENTS,     "events",          "N",     NUMBER, events_max,          100, 1000000000, "events in the history of one execution") \
    X(FUNCTIONS,  "functions",       "FILE",  TEXT,   functions_path,      0, 0,          "where functions live, {\"NAME or ARN\": \"http://...\"} (default DIR/functions.json)") \
    X(ADDRESSES,  "allow-address",   "CIDR",  ADDRESSES, allowed,          0, 0,          "plans may also call these addresses, such as 127.0.0.0/8,::1/128; may be given again") \
    X(THREADS,    "threads",         "N",     NUMBER, threads,             0, 64,         "threads for HTTP (default: as many as cores, at most 4)") \
    X(DRAIN,      "drain-ms",        "N",     NUMBER, drain_ms,            0, 600000,     "grace for running requests at SIGTERM") \
    X(PLAIN,      "allow-plain-http", NULL,   FLAG,   plain_http,          0, 0,          "listen beyond loopback without TLS: a proxy in front must speak it") \
    X(LOG,        "log-level",       "LEVEL", LEVEL,  dir,                 0, 0,          "debug, info, warn or error (default info)") \
    X(CONFIG,     "config",          "FILE",  TEXT,   config_path,         0, 0,          "read settings from this YAML file (default DIR/fermata.yaml, if it is there)") \
    X(SETTINGS,   "settings",        NULL,    FLAG,   print_settings,      0, 0,          "print every setting, its value and where it comes from, and exit") \
    X(ROUTES,     "routes",          NULL,    FLAG,   print_routes,        0, 0,          "print the route table and exit")
/* clang-format on */

#define OPTION_ENUM(name, ...) OPTION_##name##_AT,
enum { OPTIONS(OPTION_ENUM) OPTION_COUNT };
#undef OPTION_ENUM

struct serve_option {
    const char *flag, *arg, *help;
    enum option_kind kind;
    size_t offset;
    int64_t min, max;
};
#define OPTION_ROW(name, flag, arg, kind, member, min, max, help)                                  \
    {flag, arg, help, OPTION_##kind, offsetof(struct serve_options, member), min, max},
static const struct serve_option serve_option_rows[] = {OPTIONS(OPTION_ROW)};
#undef OPTION_ROW

/* A text and where it stood; --allow-address may be given again. */
struct serve_value {
    char *text; /* null: not given */
    char place[PATH_MAX + 64];
};

static struct serve_value serve_values[OPTION_COUNT];

static _Noreturn void serve_option_wrong(const struct serve_value *value, const char *expected, ...)
    PRINTF_LIKE(2, 3);

static _Noreturn void serve_option_wrong(const struct serve_value *value, const char *expected, ...)
{
    va_list args;

    va_start(args, expected);
    fprintf(stderr, "fermata serve: %s: expected ", value->place);
    vfprintf(stderr, expected, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

static void serve_option_number(const struct serve_option *option, const struct serve_value *value,
                                void *to)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value->text, &end, 10);
    if (errno || end == value->text || *end || number < option->min || number > option->max)
        serve_option_wrong(value, "a number from %lld to %lld", (long long)option->min,
                           (long long)option->max);
    *(int64_t *)to = number;
}

/* HOST:PORT or [HOST]:PORT, numeric. */
static void serve_option_listen(const struct serve_value *value, struct serve_options *options)
{
    char *text = value->text, *colon = strrchr(text, ':'), *end, *host = text;
    unsigned char address[sizeof(struct in6_addr)];
    long port;

    if (!colon)
        serve_option_wrong(value, "HOST:PORT, such as 127.0.0.1:7117");
    *colon = '\0';
    if (host[0] == '[' && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }
    errno = 0;
    port = strtol(colon + 1, &end, 10);
    if (errno || *end || end == colon + 1 || port < 0 || port > 65535)
        serve_option_wrong(value, "a port from 0 to 65535");
    if (inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1)
        serve_option_wrong(value, "a numeric address as the host");
    options->host = host;
    options->port = (uint16_t)port;
}

static void serve_option_region(const struct serve_value *value, struct serve_options *options)
{
    size_t len = strspn(value->text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (!len || len > REGION_CHARS_MAX || value->text[len])
        serve_option_wrong(value, "a name such as " ARN_REGION_DEFAULT);
    options->region = value->text;
}

/* What a range looks like, the work room knows. */
static void serve_option_addresses(const struct serve_value *value, struct serve_options *options)
{
    char *text = value->text;

    while (text) {
        char *comma = strchr(text, ',');

        if (comma)
            *comma = '\0';
        if (options->allowed_count == ALLOWED_ADDRESSES_MAX)
            serve_option_wrong(value, "at most %d ranges", ALLOWED_ADDRESSES_MAX);
        options->allowed[options->allowed_count++] = text;
        text = comma ? comma + 1 : NULL;
    }
}

/* A URL with one of these beginnings; its text is not shown, it may hold a password. */
static void serve_option_url(const struct serve_value *value, const char *const *beginnings,
                             const char **to)
{
    for (size_t i = 0; beginnings[i]; i++) {
        size_t len = strlen(beginnings[i]);

        if (strncmp(value->text, beginnings[i], len) == 0 && value->text[len] &&
            !strpbrk(value->text, " \t\n")) {
            *to = value->text;
            return;
        }
    }
    serve_option_wrong(value, "a URL that begins with %s", beginnings[0]);
}

static void serve_option_flag(const struct serve_value *value, bool *to)
{
    *to = strcmp(value->text, "true") == 0;
    if (!*to && strcmp(value->text, "false") != 0)
        serve_option_wrong(value, "true or false");
}

static void serve_option_read(const struct serve_option *option, const struct serve_value *value,
                              struct serve_options *options)
{
    static const char *const stores[] = {"postgres://", "postgresql://", NULL};
    static const char *const schedules[] = {"redis://", "unix://", NULL};
    void *to = (char *)options + option->offset;
    enum log_level level;

    switch (option->kind) {
    case OPTION_TEXT:
        *(const char **)to = value->text;
        return;
    case OPTION_STORE:
        serve_option_url(value, stores, to);
        return;
    case OPTION_SCHEDULE:
        serve_option_url(value, schedules, to);
        return;
    case OPTION_NUMBER:
        serve_option_number(option, value, to);
        return;
    case OPTION_FLAG:
        serve_option_flag(value, to);
        return;
    case OPTION_REGION:
        serve_option_region(value, options);
        return;
    case OPTION_ADDRESSES:
        serve_option_addresses(value, options);
        return;
    case OPTION_LISTEN:
        serve_option_listen(value, options);
        return;
    default:
        if (!log_level_parse(value->text, &level))
            serve_option_wrong(value, "debug, info, warn or error");
        log_set_level(level);
    }
}

/* ---- the sources, the weakest last ---- */

static void serve_value_set(struct serve_value *value, const char *text, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void serve_value_set(struct serve_value *value, const char *text, const char *format, ...)
{
    va_list args;

    free(value->text);
    value->text = xstrdup(text);
    va_start(args, format);
    vsnprintf(value->place, sizeof(value->place), format, args);
    va_end(args);
}

static void serve_value_more(struct serve_value *value, const char *text)
{
    size_t size = strlen(value->text) + strlen(text) + 2;
    char *both = xalloc(size);

    snprintf(both, size, "%s,%s", value->text, text);
    free(value->text);
    value->text = both;
}

static error_t serve_option_parse(int key, char *arg, struct argp_state *state)
{
    struct serve_value *value;

    if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected argument: %s", arg);
    if (key < OPTION_FIRST || key >= OPTION_FIRST + OPTION_COUNT)
        return ARGP_ERR_UNKNOWN;
    value = &serve_values[key - OPTION_FIRST];
    if (value->text && serve_option_rows[key - OPTION_FIRST].kind == OPTION_ADDRESSES)
        serve_value_more(value, arg);
    else
        serve_value_set(value, arg ? arg : "true", "--%s",
                        serve_option_rows[key - OPTION_FIRST].flag);
    return 0;
}

/* FERMATA_LEASE_MS for --lease-ms. */
static void serve_option_variable(const struct serve_option *option, char *name, size_t size)
{
    snprintf(name, size, "FERMATA_%s", option->flag);
    for (char *c = name; *c; c++)
        *c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
}

static void serve_options_from_environment(void)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[64];
        const char *text;

        serve_option_variable(&serve_option_rows[i], name, sizeof(name));
        text = getenv(name);
        if (!serve_values[i].text && text && *text)
            serve_value_set(&serve_values[i], text, "%s", name);
    }
}

/* Where a file is, a file cannot say; what only prints is for the command line. */
static bool serve_option_is_in_file(size_t i)
{
    return i != OPTION_DIR_AT && i != OPTION_CONFIG_AT && i != OPTION_SETTINGS_AT &&
           i != OPTION_ROUTES_AT;
}

static void serve_options_from_file(const char *path)
{
    struct arena *arena = arena_new();
    struct setting *settings;

    if (!settings_read(arena, path, &settings))
        exit(2);
    for (; settings; settings = settings->next) {
        size_t i = 0;

        while (i < OPTION_COUNT && (strcmp(serve_option_rows[i].flag, settings->name) != 0 ||
                                    !serve_option_is_in_file(i)))
            i++;
        if (i == OPTION_COUNT) {
            fprintf(stderr, "fermata serve: %s:%d: there is no setting of this name: %s\n", path,
                    settings->line, settings->name);
            exit(2);
        }
        if (!serve_values[i].text)
            serve_value_set(&serve_values[i], settings->text, "%s:%d: %s", path, settings->line,
                            settings->name);
    }
    arena_free(arena);
}

static void serve_options_from_files(const char *dir)
{
    char path[PATH_MAX];

    if (serve_values[OPTION_CONFIG_AT].text) {
        serve_options_from_file(serve_values[OPTION_CONFIG_AT].text);
        return;
    }
    snprintf(path, sizeof(path), "%s/fermata.yaml", dir);
    if (access(path, F_OK) == 0)
        serve_options_from_file(path);
}

/* ---- together ---- */

static void serve_options_print(void)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct serve_option *option = &serve_option_rows[i];
        const struct serve_value *value = &serve_values[i];
        char *shown = value->text ? settings_without_password(value->text) : NULL;

        if (serve_option_is_in_file(i) || i == OPTION_DIR_AT)
            printf("%-16s %-40s %s\n", option->flag, shown ? shown : "(default)",
                   value->text ? value->place : option->help);
        free(shown);
    }
}

static void serve_options_check(const struct serve_options *options)
{
    if (options->schedule && !options->store)
        serve_option_wrong(&serve_values[OPTION_SCHEDULE_AT],
                           "a store to go with it (--store postgres://...): a file needs no"
                           " schedule beside it");
    if (options->lanes > 1 && !options->store)
        serve_option_wrong(&serve_values[OPTION_LANES_AT],
                           "1, or a store with more writers than a file has"
                           " (--store postgres://...)");
}

static void serve_options_arguments(int argc, char **argv)
{
    struct argp_option options[OPTION_COUNT + 1] = {0};
    const struct argp argp = {
        options,
        serve_option_parse,
        NULL,
        "Run the server. Everything is kept in one folder; on the first start it makes a key and a"
        " token file that the command line finds by itself. Each setting may also come from the"
        " environment (FERMATA_LEASE_MS for --lease-ms) or from a YAML file (lease-ms: 5000); a "
        "flag"
        " is stronger than the environment, and that than the file. Addresses with passwords belong"
        " into the file: arguments are seen by everybody on the machine.",
        NULL,
        NULL,
        NULL};

    for (int i = 0; i < OPTION_COUNT; i++)
        options[i] = (struct argp_option){.name = serve_option_rows[i].flag,
                                          .key = OPTION_FIRST + i,
                                          .arg = serve_option_rows[i].arg,
                                          .doc = serve_option_rows[i].help};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
}

void serve_options_read(struct arena *arena, int argc, char **argv, struct serve_options *ret)
{
    *ret = (struct serve_options){
        .dir = "./fermata-data",
        .host = "127.0.0.1",
        .port = DEFAULT_PORT,
        .region = ARN_REGION_DEFAULT,
        .lease_ms = LIMIT_LEASE_MS,
        .tree_depth_max = LIMIT_TREE_DEPTH,
        .tree_executions_max = LIMIT_TREE_EXECUTIONS,
        .events_max = LIMIT_EVENTS,
        .drain_ms = DEFAULT_DRAIN_MS,
    };
    serve_options_arguments(argc, argv);
    serve_options_from_environment();
    serve_options_from_files(serve_values[OPTION_DIR_AT].text ? serve_values[OPTION_DIR_AT].text
                                                              : ret->dir);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        struct serve_value copy = serve_values[i]; /* reading cuts it into pieces */

        if (!copy.text)
            continue;
        copy.text = arena_string(arena, copy.text);
        serve_option_read(&serve_option_rows[i], &copy, ret);
    }
    serve_options_check(ret);
    if (!ret->print_settings)
        return;
    serve_options_print();
    exit(0);
}
