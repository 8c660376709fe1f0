/*
 * asl_resource.c - THE TABLE of what a Task may call, and what each form needs in its Parameters.
 *
 * Any well-formed ARN or URI is legal in a plan. What we do not know ourselves is another
 * service's, and a run fails there.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <ctype.h>
#include <string.h>

#define RESOURCE_OURS "fermata"
#define RESOURCE_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"

#define RESOURCE_FUNCTION_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/* Our own, after "fermata:". */
static const struct resource_row {
    enum asl_resource resource;
    const char *text;
    bool named;            /* a NAME follows */
    const char *parameter; /* must stand in Parameters, where they are given as an object */
} resource_rows[] = {
    {ASL_RESOURCE_TASK,         "fermata:task:",        true,  NULL     },
    {ASL_RESOURCE_CALLBACK,     "fermata:callback",     false, NULL     },
    {ASL_RESOURCE_HUMAN,        "fermata:human",        false, NULL     },
    {ASL_RESOURCE_PLAN_RUN,     "fermata:plan:run",     false, "plan_id"},
    {ASL_RESOURCE_LOCK_ACQUIRE, "fermata:lock:acquire", false, "name"   },
    {ASL_RESOURCE_LOCK_RELEASE, "fermata:lock:release", false, "name"   },
};

/* Services of Step Functions that we serve: arn:PARTITION:states:::TYPE:ACTION, and the patterns
 * (bits of enum asl_pattern) of each. */
#define REQUEST (1u << ASL_REQUEST_RESPONSE)
#define SYNC (1u << ASL_SYNC)
#define SYNC_2 (1u << ASL_SYNC_2)
#define TOKEN (1u << ASL_WAIT_FOR_TOKEN)

static const struct resource_service {
    enum asl_resource resource;
    const char *type, *action;
    unsigned patterns;
    const char *parameter;
} resource_services[] = {
    {ASL_RESOURCE_START,  "states",      "startExecution", REQUEST | SYNC | SYNC_2 | TOKEN,
     "StateMachineArn"                                                                                       },
    {ASL_RESOURCE_START,  "aws-sdk:sfn", "startExecution", REQUEST | TOKEN,                 "StateMachineArn"},
    {ASL_RESOURCE_INVOKE, "lambda",      "invoke",         REQUEST | TOKEN,                 "FunctionName"   },
    {ASL_RESOURCE_HTTP,   "http",        "invoke",         REQUEST,                         "ApiEndpoint"    },
};

/* What Step Functions offers of services that are not ours. An action that is not among them does
 * not exist; of services that are not here, nothing is known, and all is taken. */
static const struct {
    const char *type;
    const char *actions; /* with a space before and after each */
} resource_foreign[] = {
    {"apigateway",   " invoke "                                                                  },
    {"athena",       " startQueryExecution stopQueryExecution getQueryExecution getQueryResults "},
    {"batch",        " submitJob "                                                               },
    {"codebuild",    " startBuild stopBuild batchDeleteBuilds batchGetReports startBuildBatch "
                  "stopBuildBatch retryBuildBatch deleteBuildBatch "            },
    {"databrew",     " startJobRun "                                                             },
    {"dynamodb",     " getItem putItem updateItem deleteItem "                                   },
    {"ecs",          " runTask "                                                                 },
    {"events",       " putEvents "                                                               },
    {"glue",         " startJobRun "                                                             },
    {"http",         " invoke "                                                                  },
    {"lambda",       " invoke "                                                                  },
    {"mediaconvert", " createJob "                                                               },
    {"sns",          " publish "                                                                 },
    {"sqs",          " sendMessage "                                                             },
    {"states",       " startExecution "                                                          },
};

static const struct {
    const char *suffix;
    enum asl_pattern pattern;
} resource_patterns[] = {
    {".sync:2",           ASL_SYNC_2        },
    {".sync",             ASL_SYNC          },
    {".waitForTaskToken", ASL_WAIT_FOR_TOKEN},
};

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:REST */
#define ARN_PARTS 6
struct resource_arn {
    const char *parts[ARN_PARTS];
};

static bool resource_split(struct arena *arena, const char *text, struct resource_arn *ret)
{
    char *copy = arena_string(arena, text);

    for (size_t i = 0; i < ARN_PARTS; i++) {
        char *colon = i + 1 < ARN_PARTS ? strchr(copy, ':') : NULL;

        ret->parts[i] = copy;
        if (!colon)
            return i + 1 == ARN_PARTS && *copy;
        *colon = '\0';
        copy = colon + 1;
    }
    return false;
}

/* SCHEME:REST without white space. */
static bool resource_is_uri(const char *text)
{
    size_t len = 0;

    if (!isalpha((unsigned char)*text))
        return false;
    while (isalnum((unsigned char)text[len]) || (text[len] && strchr("+.-", text[len])))
        len++;
    if (text[len] != ':' || !text[len + 1])
        return false;
    for (; text[len]; len++) {
        if ((unsigned char)text[len] <= ' ' || text[len] == 0x7f)
            return false;
    }
    return true;
}

static void resource_set(struct asl_state *state, enum asl_resource resource, const char *type,
                         const char *action)
{
    state->resource = resource;
    state->resource_type = type;
    state->resource_action = action;
}

/* ---- ours ---- */

static void resource_read_own(struct asl_parser *parser, const struct asl_at *at, const char *text,
                              struct asl_state *state)
{
    for (size_t i = 0; i < ARRAY_SIZE(resource_rows); i++) {
        const struct resource_row *row = &resource_rows[i];
        size_t len = strlen(row->text), name_len;

        if (row->named ? strncmp(text, row->text, len) != 0 : strcmp(text, row->text) != 0)
            continue;
        resource_set(state, row->resource, RESOURCE_OURS, text + strlen(RESOURCE_OURS ":"));
        if (!row->named)
            return;
        state->resource_name = text + len;
        name_len = strlen(state->resource_name);
        if (!name_len || name_len > LIMIT_ID_BYTES ||
            strspn(state->resource_name, RESOURCE_NAME_CHARS) != name_len)
            asl_problem(parser, at, "RESOURCE_NAME",
                        "the name after fermata:task: has 1 to %d characters of A-Z a-z 0-9 . _ : "
                        "-",
                        LIMIT_ID_BYTES);
        return;
    }
    asl_problem(parser, at, "RESOURCE_UNKNOWN",
                "expected one of fermata:task:NAME, fermata:callback, fermata:human, "
                "fermata:plan:run, fermata:lock:acquire, fermata:lock:release");
}

/* ---- services: arn:PARTITION:states:::TYPE:ACTION.PATTERN ---- */

static enum asl_pattern resource_cut_pattern(char *action)
{
    size_t len = strlen(action);

    for (size_t i = 0; i < ARRAY_SIZE(resource_patterns); i++) {
        size_t suffix_len = strlen(resource_patterns[i].suffix);

        if (len > suffix_len && !strcmp(action + len - suffix_len, resource_patterns[i].suffix)) {
            action[len - suffix_len] = '\0';
            return resource_patterns[i].pattern;
        }
    }
    return ASL_REQUEST_RESPONSE;
}

static const struct resource_service *resource_service(const char *type, const char *action)
{
    for (size_t i = 0; i < ARRAY_SIZE(resource_services); i++) {
        if (!strcmp(type, resource_services[i].type) &&
            !strcmp(action, resource_services[i].action))
            return &resource_services[i];
    }
    return NULL;
}

static bool resource_exists(struct arena *arena, const char *type, const char *action)
{
    for (size_t i = 0; i < ARRAY_SIZE(resource_foreign); i++) {
        if (!strcmp(type, resource_foreign[i].type))
            return strstr(resource_foreign[i].actions, arena_printf(arena, " %s ", action));
    }
    return true;
}

static void resource_read_service(struct asl_parser *parser, const struct asl_at *at,
                                  const char *rest, struct asl_state *state)
{
    char *type = arena_string(parser->arena, rest), *bare, *colon;
    const struct resource_service *service;

    /* ".sync:2" has a colon of its own: the action begins at the last one before it. */
    bare = arena_string(parser->arena, rest);
    state->pattern = resource_cut_pattern(bare);
    colon = strrchr(bare, ':');
    if (!colon || colon == bare || !colon[1]) {
        asl_problem(parser, at, "RESOURCE_INVALID",
                    "expected arn:aws:states:::SERVICE:ACTION, with .sync, .sync:2 or "
                    ".waitForTaskToken where the service has it");
        asl_wording(parser, at, "Value is not a valid resource ARN");
        return;
    }
    type[colon - bare] = '\0';
    *colon = '\0';
    service = resource_service(type, colon + 1);
    state->is_service = true;
    resource_set(state, service ? service->resource : ASL_RESOURCE_FOREIGN, type,
                 type + (colon - bare) + 1);
    if (!resource_exists(parser->arena, type, colon + 1)) {
        asl_problem(parser, at, "RESOURCE_ACTION", "the service %s has no action %s", type,
                    asl_short(parser, colon + 1));
        asl_wording(parser, at,
                    "The resource provided %s is not recognized. The value is not a valid resource "
                    "ARN, or the resource is not available in this region.",
                    asl_short(parser, state->resource_text));
    }
    if (service && !(service->patterns & (1u << state->pattern)))
        asl_problem(parser, at, "RESOURCE_PATTERN", "%s:%s does not wait in this way", type,
                    service->action);
}

/* ---- the rest ---- */

static const char *resource_after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return !strncmp(text, prefix, len) && text[len] ? text + len : NULL;
}

/* NAME, NAME:VERSION, NAME:ALIAS or NAME:$LATEST */
static void resource_check_function(struct asl_parser *parser, const struct asl_at *at,
                                    const char *function)
{
    size_t len = strspn(function, RESOURCE_FUNCTION_CHARS);
    const char *version = function + len + 1;

    if (len && !function[len])
        return;
    if (len && function[len] == ':' && *version &&
        (!strcmp(version, "$LATEST") || !version[strspn(version, RESOURCE_FUNCTION_CHARS)]))
        return;
    asl_problem(parser, at, "RESOURCE_NAME",
                "expected function:NAME, function:NAME:VERSION or function:NAME:$LATEST, of "
                "characters A-Z a-z 0-9 _ -");
    asl_wording(parser, at, "Value is not a valid resource ARN");
}

static void resource_read_arn(struct asl_parser *parser, const struct asl_at *at,
                              const struct resource_arn *arn, struct asl_state *state)
{
    const char *service = arn->parts[2], *rest = arn->parts[5];
    const char *activity = resource_after(rest, "activity:");
    const char *function = resource_after(rest, "function:");

    if (!strcmp(service, "states") && !*arn->parts[3] && !*arn->parts[4]) {
        resource_read_service(parser, at, rest, state);
    } else if (!strcmp(service, "states") && activity) {
        state->resource_name = activity;
        resource_set(state, ASL_RESOURCE_ACTIVITY, service, "activity");
    } else if (!strcmp(service, "lambda") && function) {
        state->resource_name = function;
        resource_set(state, ASL_RESOURCE_LAMBDA, service, "invoke");
        resource_check_function(parser, at, function);
    } else {
        resource_set(state, ASL_RESOURCE_FOREIGN, service, rest);
    }
}

void asl_read_resource(struct asl_parser *parser, const struct asl_at *at, const char *text,
                       struct asl_state *state)
{
    struct resource_arn arn;
    const char *colon;

    state->resource_text = text;
    if (resource_after(text, RESOURCE_OURS ":")) {
        resource_read_own(parser, at, text, state);
        return;
    }
    if (resource_after(text, "arn:") && resource_split(parser->arena, text, &arn)) {
        resource_read_arn(parser, at, &arn, state);
        return;
    }
    if (resource_after(text, "arn:") || !resource_is_uri(text)) {
        asl_problem(parser, at, "RESOURCE_INVALID",
                    "expected fermata:..., an ARN such as arn:aws:states:::states:startExecution, "
                    "or another URI");
        asl_wording(parser, at, "Value is not a valid resource ARN");
        return;
    }
    colon = strchr(text, ':');
    resource_set(state, ASL_RESOURCE_FOREIGN,
                 arena_string_n(parser->arena, text, (size_t)(colon - text)), colon + 1);
}

/* ---- Parameters ---- */

/* The member itself, or the one of the same name that ends in .$ and is known only at run time. */
static const struct json *resource_parameter(const struct json *parameters, const char *name,
                                             bool *ret_dynamic)
{
    size_t len = strlen(name);

    for (uint32_t i = 0; i < parameters->count; i++) {
        const struct json_member *member = &parameters->members[i];

        if (strncmp(member->name, name, len) != 0)
            continue;
        *ret_dynamic = !strcmp(member->name + len, ".$");
        if (*ret_dynamic || !member->name[len])
            return member->value;
    }
    return NULL;
}

/* What a resource needs, and whether it is one of ours; null: nothing. */
static const char *resource_needs(const struct asl_state *state, bool *ret_own)
{
    *ret_own = false;
    for (size_t i = 0; i < ARRAY_SIZE(resource_services); i++) {
        if (state->is_service && resource_services[i].resource == state->resource)
            return resource_services[i].parameter;
    }
    *ret_own = true;
    for (size_t i = 0; i < ARRAY_SIZE(resource_rows); i++) {
        if (resource_rows[i].resource == state->resource)
            return resource_rows[i].parameter;
    }
    return NULL;
}

void asl_check_resource(struct asl_parser *parser, const struct asl_at *at,
                        const struct json *parameters, const struct asl_state *state)
{
    bool is_own, dynamic = false;
    const char *name = resource_needs(state, &is_own);
    const struct json *value;

    if (!name || !json_is(parameters, JSON_OBJECT))
        return;
    value = resource_parameter(parameters, name, &dynamic);
    if (!value) {
        asl_problem(parser, at, "RESOURCE_PARAMETER", "%s needs \"%s\" or \"%s.$\" in Parameters",
                    state->resource_text, name, name);
        asl_wording(parser, at, "The field '%s' is required but was missing", name);
        return;
    }
    if (is_own && !dynamic &&
        (value->kind != JSON_STRING || !value->count || value->count > LIMIT_ID_BYTES))
        asl_problem(parser, &(struct asl_at){.up = at, .name = name}, "RESOURCE_PARAMETER",
                    "expected a string of 1 to %d bytes", LIMIT_ID_BYTES);
}
