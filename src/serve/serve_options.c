/*
 * serve_options.c - the settings of `fermata serve`: one table of flags.
 */
#include "serve/serve_options.h"

#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "engine/arn.h"

enum { OPTION_FIRST = 256, DEFAULT_PORT = 7117, DEFAULT_DRAIN_MS = 10000, REGION_CHARS_MAX = 32 };

enum option_kind {
    OPTION_TEXT,
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
    X(STORE,      "store",           "URL",   TEXT,   store,               0, 0,          "where the truth is kept: postgres://... (default: a file in DIR)") \
    X(SCHEDULE,   "schedule",        "URL",   TEXT,   schedule,            0, 0,          "redis://...: what falls due, and hints between nodes; only with --store") \
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
    X(ROUTES,     "routes",          NULL,    FLAG,   print_routes,        0, 0,          "print the route table and exit")
/* clang-format on */

#define OPTION_ENUM(name, ...) OPTION_##name##_KEY,
enum { OPTION_BEFORE = OPTION_FIRST - 1, OPTIONS(OPTION_ENUM) OPTION_END };
#undef OPTION_ENUM

#define OPTION_ARGP(name, flag, arg, kind, member, min, max, help)                                 \
    {flag, OPTION_##name##_KEY, arg, 0, help, 0},
static const struct argp_option serve_argp_options[] = {OPTIONS(OPTION_ARGP){0}};
#undef OPTION_ARGP

struct serve_option {
    const char *flag;
    enum option_kind kind;
    size_t offset;
    int64_t min, max;
};
#define OPTION_ROW(name, flag, arg, kind, member, min, max, help)                                  \
    {flag, OPTION_##kind, offsetof(struct serve_options, member), min, max},
static const struct serve_option serve_option_rows[] = {OPTIONS(OPTION_ROW)};
#undef OPTION_ROW

static void serve_option_number(const struct serve_option *option, const char *text, void *to,
                                struct argp_state *state)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < option->min || value > option->max)
        argp_error(state, "--%s: expected a number from %lld to %lld", option->flag,
                   (long long)option->min, (long long)option->max);
    *(int64_t *)to = value;
}

/* HOST:PORT or [HOST]:PORT, numeric. */
static void serve_option_listen(char *text, struct serve_options *options, struct argp_state *state)
{
    char *colon = strrchr(text, ':'), *end, *host = text;
    unsigned char address[sizeof(struct in6_addr)];
    long port;

    if (!colon) {
        argp_error(state, "--listen: expected HOST:PORT, such as 127.0.0.1:7117");
        return;
    }
    *colon = '\0';
    if (host[0] == '[' && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }
    errno = 0;
    port = strtol(colon + 1, &end, 10);
    if (errno || *end || end == colon + 1 || port < 0 || port > 65535)
        argp_error(state, "--listen: the port must be 0 to 65535");
    if (inet_pton(AF_INET, host, address) != 1 && inet_pton(AF_INET6, host, address) != 1)
        argp_error(state, "--listen: the host must be a numeric address");
    options->host = host;
    options->port = (uint16_t)port;
}

static void serve_option_region(const char *text, struct serve_options *options,
                                struct argp_state *state)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (!len || len > REGION_CHARS_MAX || text[len])
        argp_error(state, "--region: expected a name such as " ARN_REGION_DEFAULT);
    options->region = text;
}

/* What a range looks like, the work room knows. */
static void serve_option_addresses(char *text, struct serve_options *options,
                                   struct argp_state *state)
{
    while (text) {
        char *comma = strchr(text, ',');

        if (comma)
            *comma = '\0';
        if (options->allowed_count == ALLOWED_ADDRESSES_MAX)
            argp_error(state, "--allow-address: at most %d ranges", ALLOWED_ADDRESSES_MAX);
        options->allowed[options->allowed_count++] = text;
        text = comma ? comma + 1 : NULL;
    }
}

static error_t serve_option_parse(int key, char *arg, struct argp_state *state)
{
    struct serve_options *options = state->input;
    const struct serve_option *option;
    enum log_level level;
    void *to;

    if (key == ARGP_KEY_ARG)
        argp_error(state, "unexpected argument: %s", arg);
    if (key < OPTION_FIRST || key >= OPTION_END)
        return ARGP_ERR_UNKNOWN;
    option = &serve_option_rows[key - OPTION_FIRST];
    to = (char *)options + option->offset;
    if (option->kind == OPTION_TEXT)
        *(const char **)to = arg;
    else if (option->kind == OPTION_NUMBER)
        serve_option_number(option, arg, to, state);
    else if (option->kind == OPTION_FLAG)
        *(bool *)to = true;
    else if (option->kind == OPTION_LISTEN)
        serve_option_listen(arg, options, state);
    else if (option->kind == OPTION_REGION)
        serve_option_region(arg, options, state);
    else if (option->kind == OPTION_ADDRESSES)
        serve_option_addresses(arg, options, state);
    else if (!log_level_parse(arg, &level))
        argp_error(state, "--log-level: expected debug, info, warn or error");
    else
        log_set_level(level);
    return 0;
}

void serve_options_read(int argc, char **argv, struct serve_options *ret)
{
    static const struct argp argp = {
        serve_argp_options,
        serve_option_parse,
        NULL,
        "Run the server. Everything is kept in one folder; on the first start it makes a key and a"
        " token file that the command line finds by itself.",
        NULL,
        NULL,
        NULL};

    *ret = (struct serve_options){
        .dir = getenv("FERMATA_DIR") ? getenv("FERMATA_DIR") : "./fermata-data",
        .host = "127.0.0.1",
        .port = DEFAULT_PORT,
        .region = ARN_REGION_DEFAULT,
        .lease_ms = LIMIT_LEASE_MS,
        .tree_depth_max = LIMIT_TREE_DEPTH,
        .tree_executions_max = LIMIT_TREE_EXECUTIONS,
        .events_max = LIMIT_EVENTS,
        .drain_ms = DEFAULT_DRAIN_MS,
    };
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, ret);
}
