/*
 * api.c - THE ROUTE TABLE, and what net and the lane call.
 */
#include "api/api.h"

#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/gate.h"
#include "front/park.h"
#include "api/route.h"
#include "base/name.h"

static const char *const query_none[] = {NULL};
static const char *const query_page[] = {"limit", "cursor", NULL};
static const char *const query_executions[] = {"status", "plan_id", "parent",
                                               "limit",  "cursor",  NULL};
static const char *const query_plan[] = {"plan_version", NULL};

#define POST(verb, scope_, bytes, fields_, size, check_, handler)                                  \
    {                                                                                              \
        .method = "POST", .path = "/" verb, .scope = scope_, .body_bytes_max = bytes,              \
        .fields = fields_, .fields_bytes = size, .check = check_, .handle = handler                \
    }
#define GET(path_, query_, handler)                                                                \
    {                                                                                              \
        .method = "GET", .path = path_, .scope = SCOPE_READ, .query = query_, .handle = handler    \
    }
#define OPEN(path_, handler)                                                                       \
    {                                                                                              \
        .method = "GET", .path = path_, .is_root = true, .is_open = true, .query = query_none,     \
        .handle = handler                                                                          \
    }

/* clang-format off */
static const struct route routes[] = {
    POST("create_plan",            SCOPE_RUN,    LIMIT_HTTP_BODY_BYTES + 4096, verb_plan_fields,          VERB_BYTES_MAX, NULL,                verb_create_plan),
    POST("run_plan",               SCOPE_RUN,    LIMIT_HTTP_PAYLOAD_BODY_BYTES, verb_run_fields,          VERB_BYTES_MAX, verb_run_check,      verb_run_plan),
    POST("halt_execution",         SCOPE_HALT,   LIMIT_HTTP_HALT_BODY_BYTES,   verb_halt_fields,          VERB_BYTES_MAX, verb_halt_check,     verb_halt),
    POST("halt_child_executions",  SCOPE_HALT,   LIMIT_HTTP_HALT_BODY_BYTES,   verb_halt_children_fields, VERB_BYTES_MAX, verb_halt_check,     verb_halt_children),
    POST("verify_halt",            SCOPE_READ,   LIMIT_HTTP_SMALL_BODY_BYTES,  verb_verify_fields,        VERB_BYTES_MAX, verb_verify_check,   verb_verify),
    POST("pause_execution",        SCOPE_RUN,    LIMIT_HTTP_SMALL_BODY_BYTES,  verb_pause_fields,         VERB_BYTES_MAX, NULL,                verb_pause),
    POST("restart_execution",      SCOPE_RUN,    LIMIT_HTTP_SMALL_BODY_BYTES,  verb_pause_fields,         VERB_BYTES_MAX, NULL,                verb_restart),
    {.method = "POST", .path = "/execution_callback", .scope = SCOPE_ANSWER, .is_open = true,
     .body_bytes_max = LIMIT_HTTP_PAYLOAD_BODY_BYTES, .fields = verb_callback_fields,
     .fields_bytes = VERB_BYTES_MAX, .check = verb_callback_check, .handle = verb_callback},
    POST("poll_task",              SCOPE_WORK,   LIMIT_HTTP_SMALL_BODY_BYTES,  verb_poll_fields,          VERB_BYTES_MAX, NULL,                verb_poll),
    POST("complete_task",          SCOPE_WORK,   LIMIT_HTTP_PAYLOAD_BODY_BYTES, verb_complete_fields,     VERB_BYTES_MAX, NULL,                verb_complete),
    POST("fail_task",              SCOPE_WORK,   LIMIT_HTTP_SMALL_BODY_BYTES,  verb_fail_fields,          VERB_BYTES_MAX, NULL,                verb_fail),
    POST("heartbeat_task",         SCOPE_WORK,   LIMIT_HTTP_SMALL_BODY_BYTES,  verb_heartbeat_fields,     VERB_BYTES_MAX, NULL,                verb_heartbeat),
    POST("complete_human_task",    SCOPE_ANSWER, LIMIT_HTTP_PAYLOAD_BODY_BYTES, verb_human_fields,        VERB_BYTES_MAX, verb_human_check,    verb_complete_human),
    GET("/executions",                   query_executions, read_executions),
    GET("/executions/{id}",              query_none,       read_execution),
    GET("/executions/{id}/tree",         query_page,       read_tree),
    GET("/executions/{id}/history",      query_page,       read_history),
    GET("/executions/{id}/reservations", query_page,       read_reservations),
    GET("/executions/{id}/evidence",     query_page,       read_evidence),
    GET("/halts/{id}",                   query_none,       read_halt),
    GET("/halts/{id}/items",             query_page,       read_halt_items),
    GET("/plans",                        query_page,       read_plans),
    GET("/plans/{id}",                   query_plan,       read_plan),
    GET("/locks",                        query_page,       read_locks),
    GET("/human_tasks",                  query_page,       read_human_tasks),
    OPEN("/livez",   read_livez),
    OPEN("/readyz",  read_readyz),
    {.method = "GET", .path = "/metrics", .is_root = true, .scope = SCOPE_READ, .query = query_none,
     .handle = read_metrics},
};
/* clang-format on */

const struct route *route_table(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(routes);
    return routes;
}

const char *route_path(struct arena *arena, const struct route *route)
{
    return arena_printf(arena, "%s%s", route->is_root ? "" : ROUTE_PREFIX, route->path);
}

/* Whether a path is this route's; *ret_id points into the path. */
static bool route_matches(const struct route *route, const char *path, const char **ret_id,
                          size_t *ret_id_len)
{
    const char *pattern = route->path, *mark = strstr(pattern, "{id}");
    size_t before, id_len;

    *ret_id = NULL;
    *ret_id_len = 0;
    if (!route->is_root) {
        if (strncmp(path, ROUTE_PREFIX, sizeof(ROUTE_PREFIX) - 1) != 0)
            return false;
        path += sizeof(ROUTE_PREFIX) - 1;
    }
    if (!mark)
        return strcmp(path, pattern) == 0;
    before = (size_t)(mark - pattern);
    if (strncmp(path, pattern, before) != 0)
        return false;
    id_len = strcspn(path + before, "/");
    *ret_id = path + before;
    *ret_id_len = id_len;
    return id_len > 0 && strcmp(path + before + id_len, mark + 4) == 0;
}

const struct route *route_find(struct arena *arena, const char *method, const char *path,
                               const char **ret_id, bool *ret_path_known, const char **ret_allow)
{
    const char *id;
    size_t len;

    /* HEAD is GET without a body. */
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    *ret_path_known = false;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (!route_matches(&routes[i], path, &id, &len))
            continue;
        *ret_path_known = true;
        *ret_allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
        if (strcmp(routes[i].method, method) != 0)
            continue;
        *ret_id = id ? arena_string_n(arena, id, len) : NULL;
        /* An id of another form names nothing; the handler says so as for any unknown one. */
        return &routes[i];
    }
    return NULL;
}

struct api *api_new(const struct api_config *config)
{
    struct api *api = xalloc(sizeof(*api));

    api->config = *config;
    api->park = park_new();
    return api;
}

void api_ready(struct api *api)
{
    api->is_ready = true;
}

void api_drain(struct api *api)
{
    api->is_draining = true;
    park_drain(api->park);
}

void api_free(struct api *api)
{
    if (!api)
        return;
    park_free(api->park);
    free(api);
}

void api_on_request(void *user, struct net_request *request)
{
    struct api *api = user;
    struct arena *arena = net_arena(request);
    struct call *call = ARENA_NEW(arena, struct call);

    call->api = api;
    call->request = request;
    call->arena = arena;
    if (api->is_draining) {
        net_close_after(request);
        fault_set(&call->fault, arena, ERR_UNAVAILABLE, NULL, "the server is going down");
        reply_err(call, ERR_UNAVAILABLE);
        return;
    }
    gate_pass(call);
}

size_t api_body_bytes_max(void *user, const char *method, const char *path)
{
    const char *id;
    size_t len;

    (void)user;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (strcmp(routes[i].method, method) == 0 && route_matches(&routes[i], path, &id, &len))
            return routes[i].body_bytes_max;
    }
    return LIMIT_HTTP_SMALL_BODY_BYTES;
}

const char *api_error_body(void *user, struct arena *arena, const struct fault *fault,
                           const char **ret_content_type, size_t *ret_len)
{
    (void)user;
    *ret_content_type = "application/problem+json";
    return problem_text(arena, fault, NULL, ret_len);
}

void api_on_effect(void *user, const struct effect *effect)
{
    struct api *api = user;
    char topic[PARK_TOPIC_BYTES];

    if (effect->kind == EFFECT_TASK_READY)
        park_topic_task(topic, effect->operator_name, effect->name);
    else if (effect->kind == EFFECT_HALTED)
        park_topic_halt(topic, effect->number);
    else
        return;
    park_wake(api->park, topic, effect->kind == EFFECT_HALTED);
}

void api_on_cut(struct api *api)
{
    park_wake_all(api->park);
}
