/*
 * work_function.c - lambda:invoke and functions by their ARN: a POST to the URL that the
 * configuration gives the function's name.
 *
 * The words of the errors are those of the Lambda service, as Step Functions hands them on.
 */
#include "work/work_target_priv.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/limits.h"

#define FUNCTION_LATEST "$LATEST"
#define FUNCTION_HEADERS_MAX 6
#define FUNCTION_NAME_PARTS 8 /* of an ARN with a qualifier */

static const char *const function_fields[] = {
    "FunctionName", "Payload", "InvocationType", "ClientContext", "LogType", "Qualifier",
};

/* How an answer that is not from the function itself is told. */
static const struct {
    int least, most;
    const char *code, *message; /* message null: the answer's body */
} function_errors[] = {
    {400, 400, "InvalidRequestContentException", NULL                             },
    {404, 404, "ResourceNotFoundException",      NULL                             },
    {413, 413, "RequestTooLargeException",       NULL                             },
    {429, 429, "TooManyRequestsException",       "Rate Exceeded."                 },
    {500, 599, "ServiceException",               "An internal error was detected."},
    {0,   999, "AWSLambdaException",             NULL                             },
};

/* What a function is named by: NAME, NAME:QUALIFIER, ACCOUNT:function:NAME, or an ARN. */
struct function_name {
    const char *name, *qualifier, *region, *account_id;
};

static bool function_fail(struct arena *arena, const struct work_target *target, int status,
                          const char *code, const char *message, struct work_target_error *reterr)
{
    return work_target_fail(
        arena, reterr, arena_printf(arena, "Lambda.%s", code),
        "%s (Service: AWSLambda; Status Code: %d; Error Code: %s; Request ID: %s; "
        "Proxy: null)",
        message, status, code, target->request_id);
}

/* ---- the call ---- */

static void function_read_name(struct arena *arena, const struct work_target *target,
                               const char *text, struct function_name *ret)
{
    const char *parts[FUNCTION_NAME_PARTS] = {text};
    char *at = arena_string(arena, text);
    size_t count = 0, first = 0;

    while (at && count < ARRAY_SIZE(parts)) {
        char *colon = strchr(at, ':');

        if (colon)
            *colon = '\0';
        parts[count++] = at;
        at = colon ? colon + 1 : NULL;
    }
    *ret = (struct function_name){.region = target->region, .account_id = target->account_id};
    if (count >= 7 && strcmp(parts[0], "arn") == 0) {
        ret->region = parts[3];
        ret->account_id = parts[4];
        first = 6;
    } else if (count >= 3 && strcmp(parts[1], "function") == 0) {
        ret->account_id = parts[0];
        first = 2;
    }
    ret->name = parts[first];
    ret->qualifier = first + 1 < ARRAY_SIZE(parts) && parts[first + 1] ? parts[first + 1] : NULL;
}

static const char *function_url(const struct work_target *target, const char *name)
{
    for (size_t i = 0; i < target->function_count; i++) {
        if (strcmp(target->functions[i].name, name) == 0)
            return target->functions[i].url;
    }
    return NULL;
}

/* An invocation's trace: when, and which. */
static const char *function_trace(struct arena *arena, const struct work_target *target)
{
    char which[25] = "000000000000000000000000";
    size_t len = 0;

    for (const char *c = target->request_id; *c && len < sizeof(which) - 1; c++) {
        if (*c != '-')
            which[len++] = *c;
    }
    return arena_printf(arena, "Root=1-%08llx-%s",
                        (unsigned long long)(target->now_ms / 1000) & 0xffffffff, which);
}

/* What a function gets: the payload; text in a lambda:invoke is JSON already. */
static bool function_set_body(struct arena *arena, const struct work_target *target,
                              struct work_call *call, struct work_target_error *reterr)
{
    const struct json *payload = target->kind == WORK_TARGET_INVOKE
                                     ? json_get(target->parameters, "Payload")
                                     : target->parameters;
    const struct json *read;

    if (target->kind == WORK_TARGET_INVOKE && (!payload || json_is(payload, JSON_NULL))) {
        call->body = "{}";
    } else if (target->kind == WORK_TARGET_INVOKE && json_is(payload, JSON_STRING)) {
        call->body = payload->string;
        if (json_parse(arena, call->body, payload->count, &read, NULL))
            return function_fail(arena, target, 400, "InvalidRequestContentException",
                                 "Could not parse request body into json: the Payload is a string "
                                 "that is not JSON",
                                 reterr);
    } else {
        call->body = payload ? json_text(arena, payload) : "{}";
    }
    call->body_len = strlen(call->body);
    return true;
}

static void function_add_header(struct work_call *call, struct work_header *list, const char *name,
                                const char *value)
{
    CHECK(call->header_count < FUNCTION_HEADERS_MAX);
    if (value)
        list[call->header_count++] = (struct work_header){.name = name, .value = value};
}

static bool function_read_parameters(struct arena *arena, const struct work_target *target,
                                     const char **ret_name, struct work_target_error *reterr)
{
    const struct json *parameters = target->parameters;

    *ret_name = target->function;
    if (target->kind == WORK_TARGET_FUNCTION)
        return true;
    if (!work_target_knows_fields(arena, parameters, function_fields, ARRAY_SIZE(function_fields),
                                  reterr))
        return false;
    for (uint32_t i = 0; i < parameters->count; i++) {
        if (strcmp(parameters->members[i].name, "Payload") != 0 &&
            !json_is(parameters->members[i].value, JSON_STRING))
            return work_target_fail_runtime(arena, reterr, "The field \"%s\" must be a string.",
                                            parameters->members[i].name);
    }
    *ret_name = json_get_string(parameters, "FunctionName");
    if (!*ret_name || !**ret_name)
        return work_target_fail_runtime(arena, reterr, "The field \"FunctionName\" is required.");
    return true;
}

bool work_function_call(struct arena *arena, const struct work_target *target,
                        struct work_call *ret, struct work_target_error *reterr)
{
    const struct json *parameters = target->kind == WORK_TARGET_INVOKE ? target->parameters : NULL;
    struct work_header *list = ARENA_ARRAY(arena, struct work_header, FUNCTION_HEADERS_MAX);
    const char *qualifier = json_get_string(parameters, "Qualifier");
    struct function_name function;
    const char *name;

    if (!function_read_parameters(arena, target, &name, reterr))
        return false;
    function_read_name(arena, target, name, &function);
    qualifier = qualifier ? qualifier : function.qualifier;
    ret->method = "POST";
    ret->url = function_url(target, function.name);
    if (!ret->url)
        return function_fail(arena, target, 404, "ResourceNotFoundException",
                             arena_printf(arena,
                                          "Function not found: arn:aws:lambda:%s:%s:function:%s:%s",
                                          function.region, function.account_id, function.name,
                                          qualifier ? qualifier : FUNCTION_LATEST),
                             reterr);
    ret->headers = list;
    function_add_header(ret, list, "Content-Type", "application/json");
    function_add_header(ret, list, "X-Amz-Function-Name", function.name);
    function_add_header(ret, list, "X-Amz-Function-Qualifier", qualifier);
    function_add_header(ret, list, "X-Amz-Invocation-Type",
                        json_get_string(parameters, "InvocationType"));
    function_add_header(ret, list, "X-Amz-Client-Context",
                        json_get_string(parameters, "ClientContext"));
    function_add_header(ret, list, "X-Amzn-Trace-Id", function_trace(arena, target));
    return function_set_body(arena, target, ret, reterr);
}

/* ---- the result ---- */

static const char *function_date(struct arena *arena, const struct work_target *target)
{
    char *text = arena_alloc(arena, 32);
    time_t seconds = (time_t)(target->now_ms / 1000);
    struct tm day;

    gmtime_r(&seconds, &day);
    strftime(text, 32, "%a, %d %b %Y %H:%M:%S GMT", &day);
    return text;
}

/* The headers in which AWS answers, in the order in which it lists them: sent by the function's
 * server, or made here. */
enum function_header {
    HEADER_VERSION,
    HEADER_REMAPPED,
    HEADER_CONNECTION,
    HEADER_REQUEST,
    HEADER_LENGTH,
    HEADER_DATE,
    HEADER_TRACE,
    HEADER_TYPE,
    HEADER_COUNT,
};
static const char *const function_header_names[] = {
    [HEADER_VERSION] = "X-Amz-Executed-Version",
    [HEADER_REMAPPED] = "x-amzn-Remapped-Content-Length",
    [HEADER_CONNECTION] = "Connection",
    [HEADER_REQUEST] = "x-amzn-RequestId",
    [HEADER_LENGTH] = "Content-Length",
    [HEADER_DATE] = "Date",
    [HEADER_TRACE] = "X-Amzn-Trace-Id",
    [HEADER_TYPE] = "Content-Type",
};
static const enum function_header function_header_order[] = {
    HEADER_CONNECTION, HEADER_LENGTH,   HEADER_TYPE,    HEADER_DATE,
    HEADER_VERSION,    HEADER_REMAPPED, HEADER_REQUEST, HEADER_TRACE,
};

static void function_headers(struct arena *arena, const struct work_target *target,
                             const struct work_answer *answer, const char *ret[HEADER_COUNT])
{
    ret[HEADER_VERSION] = FUNCTION_LATEST;
    ret[HEADER_REMAPPED] = "0";
    ret[HEADER_CONNECTION] = "keep-alive";
    ret[HEADER_REQUEST] = target->request_id;
    ret[HEADER_LENGTH] = arena_printf(arena, "%zu", answer->body_len);
    ret[HEADER_DATE] = function_date(arena, target);
    ret[HEADER_TRACE] = function_trace(arena, target);
    ret[HEADER_TYPE] = "application/json";
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        const char *sent = work_target_header(answer, function_header_names[i]);

        if (sent)
            ret[i] = work_target_plain(arena, sent);
    }
}

static const struct json *function_metadata(struct arena *arena, const char *const headers[],
                                            int status)
{
    struct json *metadata = json_object(arena);
    struct json *all = json_object(arena), *single = json_object(arena);

    for (size_t i = 0; i < HEADER_COUNT; i++) {
        struct json *values = json_array(arena);

        json_push(arena, values, json_string(arena, headers[i]));
        json_add(arena, all, function_header_names[i], values);
    }
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        enum function_header header = function_header_order[i];

        json_add(arena, single, function_header_names[header], json_string(arena, headers[header]));
    }
    json_add(arena, metadata, "AllHttpHeaders", all);
    json_add(arena, metadata, "HttpHeaders", single);
    json_add(arena, metadata, "HttpStatusCode", json_int(arena, status));
    return metadata;
}

/* JSON; what is none is the text itself; nothing is null. */
static const struct json *function_payload(struct arena *arena, const struct work_answer *answer)
{
    const struct json *payload = NULL;

    if (answer->body_len == 0)
        return &json_null;
    if (json_parse(arena, answer->body, answer->body_len, &payload, NULL))
        payload = work_target_text(arena, answer->body, answer->body_len);
    return payload;
}

/* The function was not reached, or its server had no answer of the function's. */
static bool function_fail_service(struct arena *arena, const struct work_target *target,
                                  const struct work_answer *answer,
                                  struct work_target_error *reterr)
{
    size_t i = 0;

    if (answer->end != WORK_ANSWERED)
        return work_target_fail(arena, reterr, "Lambda.SdkClientException",
                                "Unable to execute HTTP request: %s",
                                work_target_plain(arena, answer->cause));
    while (answer->status < function_errors[i].least || answer->status > function_errors[i].most)
        i++;
    return function_fail(arena, target, answer->status, function_errors[i].code,
                         function_errors[i].message ? function_errors[i].message
                                                    : work_target_cause(arena, answer),
                         reterr);
}

/* {"errorMessage", "errorType"}: the type is the error's name, the whole is its cause. */
static bool function_fail_own(struct arena *arena, const struct work_answer *answer,
                              struct work_target_error *reterr)
{
    const struct json *body = function_payload(arena, answer);
    const char *type = json_get_string(body, "errorType");

    return work_target_fail(
        arena, reterr, type && *type && strlen(type) <= LIMIT_ERROR_BYTES ? type : "Lambda.Unknown",
        "%s", work_target_cause(arena, answer));
}

static const struct json *function_invoked(struct arena *arena, const struct work_target *target,
                                           const struct work_answer *answer,
                                           const struct json *payload)
{
    const char *type = json_get_string(target->parameters, "InvocationType");
    bool waits = !type || strcmp(type, "RequestResponse") == 0;
    const char *headers[HEADER_COUNT];
    struct json *result = json_object(arena), *response = json_object(arena);

    function_headers(arena, target, answer, headers);
    if (waits)
        json_add(arena, result, "ExecutedVersion", json_string(arena, headers[HEADER_VERSION]));
    json_add(arena, result, "Payload", waits ? payload : json_string(arena, ""));
    json_add(arena, result, "SdkHttpMetadata", function_metadata(arena, headers, answer->status));
    json_add(arena, response, "RequestId", json_string(arena, headers[HEADER_REQUEST]));
    json_add(arena, result, "SdkResponseMetadata", response);
    json_add(arena, result, "StatusCode", json_int(arena, answer->status));
    return result;
}

bool work_function_result(struct arena *arena, const struct work_target *target,
                          const struct work_answer *answer, const struct json **ret,
                          struct work_target_error *reterr)
{
    const struct json *payload;

    if (answer->end != WORK_ANSWERED || answer->status < 200 || answer->status > 299)
        return function_fail_service(arena, target, answer, reterr);
    if (work_target_header(answer, "X-Amz-Function-Error"))
        return function_fail_own(arena, answer, reterr);
    payload = function_payload(arena, answer);
    if (!payload)
        return work_target_fail(arena, reterr, "Lambda.Unknown",
                                "The function's answer is not text.");
    *ret = target->kind == WORK_TARGET_INVOKE ? function_invoked(arena, target, answer, payload)
                                              : payload;
    return true;
}
