/*
 * serve.c - puts the rooms together, waits for a signal, takes them apart again in the other order.
 */
#include "serve/serve.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "api/route_list.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "engine/lanes.h"
#include "net/net.h"
#include "serve/caller.h"
#include "serve/caller_functions.h"
#include "serve/cluster.h"
#include "serve/fetch.h"
#include "serve/folder.h"
#include "serve/serve_options.h"
#include "sfn/sfn.h"
#include "sigv4/sigv4_environment.h"
#include "sql/sql.h"
#include "token/token.h"
#include "work/work.h"

enum {
    SERVE_REFRESH_S = 10,
    SERVE_STORE_MS = 5000, /* after the drain, for a shared store that does not answer */
    SERVE_SFN_BODY_BYTES = LIMIT_HTTP_BODY_BYTES + 65536,
    SERVE_CALLERS = 2,
    SERVE_LANES_LEAST = 2, /* of a shared store: one may wait while the other works */
    SERVE_LANES_MOST = 4,  /* more make smaller transactions */
};

#define SERVE_CALLER "fermata" /* the only one of its store */

struct serve {
    struct arena *arena;
    struct serve_options options;
    struct folder folder;
    struct clock clock;
    struct id_source ids, express_ids;
    struct env env, express_env;
    struct token_keys *keys;
    struct sfn_keys *access_keys;
    struct sigv4_client client; /* of the folder's first access key; nulls: there is none */
    bool is_first_start;        /* it was made now */
    const char *store;          /* its name */
    struct cluster *cluster;    /* null: the store is ours alone */
    struct lanes lanes;
    struct lanes express; /* one; its store is in memory */
    struct work *work;
    struct caller_functions *functions;
    struct caller *caller, *express_caller; /* of the two lanes */
    struct api *api;
    struct sfn *sfn;
    struct net *net;
};

static bool serve_is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* The access keys of the Step Functions API lie beside the keys of tokens. */
static enum err serve_open_access_keys(struct serve *serve, const char *keys_dir)
{
    struct sigv4_client *client = &serve->client;
    enum err err = ERR_OK;

    client->region = serve->options.region;
    if (!serve->options.keys_dir)
        err = sfn_keys_local(keys_dir, &serve->is_first_start);
    if (!err)
        err = sfn_keys_open(keys_dir, &serve->access_keys);
    if (err)
        return err;
    err =
        sfn_keys_first(keys_dir, serve->arena, &client->access_key_id, &client->secret_access_key);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (!err)
        err = folder_credentials(serve->arena, &serve->folder, client->access_key_id,
                                 client->secret_access_key, client->region);
    return err;
}

/* No anonymous mode: at the first start the folder gets keys and a token of its own. */
static enum err serve_open_keys(struct serve *serve)
{
    struct token_config config = {
        .keys_dir = serve->options.keys_dir ? serve->options.keys_dir : serve->folder.keys_dir,
        .jwks_url = serve->options.jwks_url,
        .issuer = serve->options.issuer,
        .audience = serve->options.audience,
        .fetch = fetch_url,
    };
    enum err err = ERR_OK;

    if (!serve->options.keys_dir) {
        err = token_local_key(serve->folder.keys_dir);
        if (!err)
            err = folder_token(serve->arena, &serve->folder, clock_now_ms(&serve->clock));
    }
    if (!err)
        err = token_keys_open(&config, &serve->keys);
    if (!err)
        token_keys_refresh(serve->keys, clock_now_ms(&serve->clock)); /* the first JWKS */
    return err ? err : serve_open_access_keys(serve, config.keys_dir);
}

static void serve_on_effect(void *user, const struct effect *effect)
{
    struct serve *serve = user;

    if (serve->api)
        api_on_effect(serve->api, effect);
    if (serve->sfn)
        sfn_on_effect(serve->sfn, effect);
    caller_on_effect(serve->caller, effect);
    cluster_on_effect(serve->cluster, effect);
    if (effect->kind == EFFECT_SCHEDULED &&
        (!serve->options.schedule || !effect->scheduled.reservation_id))
        lanes_expect(&serve->lanes, effect->scheduled.root_id, effect->scheduled.due_at);
}

/* Another node's. */
static void serve_on_hint(void *user, const struct effect *effect)
{
    struct serve *serve = user;

    api_on_effect(serve->api, effect);
    sfn_on_effect(serve->sfn, effect);
    caller_on_effect(serve->caller, effect);
}

static void serve_look_for_calls(struct serve *serve)
{
    static const struct effect effects[] = {{.kind = EFFECT_CALL_READY}, {.kind = EFFECT_CALL_OFF}};

    for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
        caller_on_effect(serve->caller, &effects[i]);
}

static void serve_on_cut(void *user)
{
    struct serve *serve = user;

    api_on_cut(serve->api);
    sfn_on_cut(serve->sfn);
    serve_look_for_calls(serve);
}

static int64_t serve_grace_ms(void *user)
{
    const struct serve *serve = user;

    return cluster_grace_ms(serve->cluster);
}

static void serve_on_express_effect(void *user, const struct effect *effect)
{
    struct serve *serve = user;

    if (serve->sfn)
        sfn_on_express_effect(serve->sfn, effect);
    caller_on_effect(serve->express_caller, effect);
}

/* POST / is the Step Functions API, everything else our own. */
static bool serve_is_sfn(const char *method, const char *path)
{
    return strcmp(path, "/") == 0 && strcmp(method, "POST") == 0;
}

static void serve_on_request(void *user, struct net_request *request)
{
    struct serve *serve = user;

    if (serve_is_sfn(net_method(request), net_path(request)))
        sfn_on_request(serve->sfn, request);
    else
        api_on_request(serve->api, request);
}

static size_t serve_body_bytes_max(void *user, const char *method, const char *path)
{
    struct serve *serve = user;

    return serve_is_sfn(method, path) ? SERVE_SFN_BODY_BYTES
                                      : api_body_bytes_max(serve->api, method, path);
}

/* On a shared store this process is one node of several. */
static enum err serve_open_cluster(struct serve *serve)
{
    const struct serve_options *options = &serve->options;
    struct cluster_config config = {
        .store = options->store,
        .schedule = options->schedule,
        .url = options->advertise ? options->advertise
                                  : arena_printf(serve->arena, "http://%s:%u", options->host,
                                                 (unsigned)options->port),
        .clock = &serve->clock,
        .on_effect = serve_on_hint,
        .on_cut = serve_on_cut,
        .user = serve,
    };

    enum err err;

    serve->store = options->store ? options->store : serve->folder.store_path;
    if (!sql_is_shared_name(serve->store))
        return ERR_OK;
    err = folder_node(serve->arena, &serve->folder, &config.holder);
    return err ? err : cluster_open(&config, &serve->cluster);
}

/* As many as processors, for each works with a session of the database's. A file has one writer. */
static int64_t serve_lanes(const struct serve *serve)
{
    int64_t count = serve->options.lanes;

    if (!serve->cluster)
        return 1;
    if (count)
        return count;
    count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < SERVE_LANES_LEAST)
        return SERVE_LANES_LEAST;
    return count < SERVE_LANES_MOST ? count : SERVE_LANES_MOST;
}

static enum err serve_open_lanes(struct serve *serve)
{
    struct lane_config config = {
        .store = serve->store,
        .env = &serve->env,
        .ids = &serve->ids,
        .on_effect = serve_on_effect,
        .user = serve,
    };

    if (serve->cluster)
        cluster_configure(serve->cluster, &config);
    if (serve->options.schedule)
        config.schedule_grace_ms = serve_grace_ms;
    id_source_init(&serve->ids, &serve->clock, (uint32_t)config.node);
    env_init(&serve->env, &serve->clock);
    serve->env.lease_ms = serve->options.lease_ms;
    serve->env.tree_depth_max = serve->options.tree_depth_max;
    serve->env.tree_executions_max = serve->options.tree_executions_max;
    serve->env.events_max = serve->options.events_max;
    serve->env.region = serve->options.region;
    return lanes_open(&config, (size_t)serve_lanes(serve), &serve->lanes);
}

/* Executions of EXPRESS machines; ids of a node of their own, for no id is given twice. */
static enum err serve_open_express(struct serve *serve)
{
    struct lane_config config = {
        .store = SQL_MEMORY,
        .env = &serve->express_env,
        .ids = &serve->express_ids,
        .on_effect = serve_on_express_effect,
        .user = serve,
    };

    id_source_init(&serve->express_ids, &serve->clock,
                   serve->cluster ? (uint32_t)cluster_node(serve->cluster) + 1 : 1);
    serve->express_env = serve->env;
    serve->express_env.is_express = true;
    serve->express_env.run_ms_max = LIMIT_EXPRESS_RUN_MS;
    return lanes_open(&config, 1, &serve->express);
}

/* The calls of both lanes are made in one work room. */
static enum err serve_open_work(struct serve *serve)
{
    const struct serve_options *options = &serve->options;
    struct work_config config = {
        .allowed = options->allowed,
        .allowed_count = options->allowed_count,
        .calls_max = SERVE_CALLERS * LIMIT_CALLS, /* a caller takes no more than can be made */
        .answer_bytes_max = LIMIT_CALL_ANSWER_BYTES,
    };
    const char *path =
        options->functions_path ? options->functions_path : serve->folder.functions_path;
    enum err err = caller_functions_open(path, options->functions_path != NULL, &serve->functions);

    if (err)
        return err;
    err = work_open(&config, &serve->work);
    if (err == ERR_INVALID_REQUEST)
        log_error("serve.allow_address",
                  "--allow-address: expected ranges such as 127.0.0.0/8 or fd00::/8");
    return err;
}

static struct caller *serve_open_caller(struct serve *serve, struct lanes *lanes, const char *name)
{
    const struct caller_config config = {
        .lanes = lanes,
        .name = name,
        .work = serve->work,
        .functions = serve->functions,
        .clock = &serve->clock,
        .region = serve->options.region,
    };

    return caller_open(&config);
}

/* The first start says how to come here: to a person with the key itself, to a log without it. */
static void serve_greet(struct serve *serve)
{
    if (!serve->is_first_start || !serve_is_loopback(serve->options.host))
        return;
    log_info("serve.aws", "for AWS's clients: eval \"$(fermata aws --dir %s)\"", serve->folder.dir);
    if (!isatty(STDOUT_FILENO))
        return;
    fputs(sigv4_environment_lines(serve->arena, &serve->client), stdout);
    fflush(stdout);
}

static void serve_open_apis(struct serve *serve)
{
    const struct api_config api = {
        .store_name = serve->store,
        .clock = &serve->clock,
        .keys = serve->keys,
        .lanes = &serve->lanes,
    };
    const struct sfn_config sfn = {
        .store_name = serve->store,
        .clock = &serve->clock,
        .lanes = &serve->lanes,
        .express = &serve->express,
        .keys = serve->access_keys,
        .region = serve->options.region,
    };

    serve->api = api_new(&api);
    serve->sfn = sfn_new(&sfn);
}

static enum err serve_open_net(struct serve *serve)
{
    struct net_config config = {
        .host = serve->options.host,
        .port = serve->options.port,
        .threads = (unsigned)serve->options.threads,
        .on_request = serve_on_request,
        .body_bytes_max = serve_body_bytes_max,
        .error_body = api_error_body,
        .user = serve,
    };
    const char *url;
    enum err err;

    serve_open_apis(serve);
    serve->caller = serve_open_caller(
        serve, &serve->lanes, serve->cluster ? cluster_caller(serve->cluster) : SERVE_CALLER);
    serve->express_caller = serve_open_caller(serve, &serve->express, SERVE_CALLER);
    err = serve->cluster ? cluster_run(serve->cluster, &serve->lanes) : ERR_OK;
    if (err)
        return err;
    lanes_run(&serve->lanes);
    lanes_run(&serve->express);
    caller_await_begin(serve->caller);
    err = net_start(&config, &serve->net);
    if (err)
        return err;
    url = arena_printf(serve->arena, strchr(config.host, ':') ? "http://[%s]:%u" : "http://%s:%u",
                       config.host, net_port(serve->net));
    serve->client.url = url;
    err = folder_url(serve->arena, &serve->folder, url);
    if (!err) {
        api_ready(serve->api);
        log_info("serve.ready", "listening on %s, folder %s", url, serve->folder.dir);
        serve_greet(serve);
    }
    return err;
}

static enum err serve_start(struct serve *serve)
{
    enum err err;

    if (!serve_is_loopback(serve->options.host) && !serve->options.plain_http) {
        log_error("serve.plain_http",
                  "%s is beyond loopback and this is plain HTTP: put a TLS proxy in"
                  " front and say --allow-plain-http",
                  serve->options.host);
        return ERR_INVALID_REQUEST;
    }
    err = folder_open(serve->arena, serve->options.dir, &serve->folder);
    if (!err)
        err = serve_open_cluster(serve); /* from now on the clock is everybody's */
    if (!err)
        err = serve_open_keys(serve);
    if (!err)
        err = serve_open_lanes(serve);
    if (!err)
        err = serve_open_express(serve);
    if (!err)
        err = serve_open_work(serve);
    return err ? err : serve_open_net(serve);
}

/* SIGTERM: no new connections, parked requests answered, running ones finished, then calls to the
 * outside cut off, then the lanes. */
static void serve_stop(struct serve *serve)
{
    sql_hurry(serve->options.drain_ms + SERVE_STORE_MS);
    if (serve->net)
        net_quiesce(serve->net);
    if (serve->api)
        api_drain(serve->api);
    if (serve->sfn)
        sfn_drain(serve->sfn);
    net_stop(serve->net, serve->options.drain_ms);
    caller_close(serve->caller);
    caller_close(serve->express_caller);
    work_close(serve->work);
    cluster_close(serve->cluster);
    lanes_close(&serve->lanes);
    lanes_close(&serve->express);
    cluster_free(serve->cluster);
    caller_free(serve->caller);
    caller_free(serve->express_caller);
    sfn_free(serve->sfn);
    api_free(serve->api);
    caller_functions_close(serve->functions);
    sfn_keys_close(serve->access_keys);
    token_keys_close(serve->keys);
    folder_close(&serve->folder);
    arena_free(serve->arena);
}

static void serve_wait(struct serve *serve, const sigset_t *signals)
{
    struct timespec every = {.tv_sec = SERVE_REFRESH_S};

    for (;;) {
        int number = sigtimedwait(signals, NULL, &every);

        if (number == SIGTERM || number == SIGINT) {
            log_info("serve.stopping", "signal %d: finishing what runs", number);
            return;
        }
        token_keys_refresh(serve->keys, clock_now_ms(&serve->clock));
        sfn_keys_refresh(serve->access_keys); /* what is wrong has been logged */
        caller_functions_refresh(serve->functions);
        if (serve->cluster)
            serve_look_for_calls(serve); /* of a node that is no more */
    }
}

int serve_main(int argc, char **argv)
{
    struct serve serve = {.arena = arena_new()};
    sigset_t signals;
    enum err err;

    serve_options_read(serve.arena, argc, argv, &serve.options);
    if (serve.options.print_routes) {
        route_list_print(serve.arena);
        arena_free(serve.arena);
        return 0;
    }
    /* Threads inherit the mask: signals are taken here and nowhere else. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    mallopt(M_ARENA_MAX, 2);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    clock_init_system(&serve.clock);
    err = serve_start(&serve);
    if (!err)
        serve_wait(&serve, &signals);
    else
        log_error("serve.failed", "the server could not start: %s", err_title(err));
    serve_stop(&serve);
    return err ? 1 : 0;
}
