/*
 * work_http.c - http:invoke: any HTTP endpoint, named by the plan.
 *
 * An answer with a status from 200 to 299 is the result; any other is the error
 * States.Http.StatusCode.NNN with the body as its cause; no answer is States.Http.Socket.
 */
#include "work/work_target_priv.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"

#define HTTP_FORM "application/x-www-form-urlencoded"
#define HTTP_JSON "application/json"

static const char *const http_fields[] = {
    "ApiEndpoint", "Method",    "Headers",        "QueryParameters",
    "RequestBody", "Transform", "Authentication", "InvocationConfig",
};
static const char *const http_methods[] = {
    "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD",
};
/* Headers that AWS does not let an HTTP Task set. */
static const char *const http_kept_headers[] = {
    "A-IM",
    "Accept-Charset",
    "Accept-Datetime",
    "Accept-Encoding",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-MD5",
    "Date",
    "Expect",
    "Forwarded",
    "From",
    "Host",
    "HTTP2-Settings",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Keep-Alive",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Referer",
    "Server",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Warning",
};
static const char *const http_kept_prefixes[] = {"x-forwarded-", "x-amz-", "x-amzn-"};
/* Answers that are no text. */
static const char *const http_binary_types[] = {
    "application/octet-stream",
    "image/",
    "video/",
    "audio/",
};

static const struct {
    const char *name;
    enum form_arrays arrays;
} http_array_formats[] = {
    {"INDICES",  FORM_INDICES },
    {"REPEAT",   FORM_REPEAT  },
    {"COMMAS",   FORM_COMMAS  },
    {"BRACKETS", FORM_BRACKETS},
};

/* ---- the call ---- */

static bool http_is_kept_header(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(http_kept_headers); i++) {
        if (strcasecmp(name, http_kept_headers[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(http_kept_prefixes); i++) {
        if (strncasecmp(name, http_kept_prefixes[i], strlen(http_kept_prefixes[i])) == 0)
            return true;
    }
    return false;
}

static const char *http_call_header(const struct work_call *call, const char *name)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (strcasecmp(call->headers[i].name, name) == 0)
            return call->headers[i].value;
    }
    return NULL;
}

/* The values of an array stand in one field, with commas between them. */
static const char *http_header_value(struct arena *arena, const struct json *value)
{
    struct buf buf;

    if (!json_is(value, JSON_ARRAY))
        return work_target_scalar(arena, value);
    buf_init(&buf, arena, BUF_BYTES_OWN);
    for (uint32_t i = 0; i < value->count; i++) {
        const char *item = work_target_scalar(arena, value->items[i]);

        if (!item)
            return NULL;
        buf_printf(&buf, "%s%s", i ? "," : "", item);
    }
    return buf.data;
}

static bool http_set_headers(struct arena *arena, const struct json *headers,
                             struct work_call *call, struct work_header *list,
                             struct work_target_error *reterr)
{
    if (headers && !json_is(headers, JSON_OBJECT))
        return work_target_fail_runtime(arena, reterr, "The field \"Headers\" must be an object.");
    for (uint32_t i = 0; headers && i < headers->count; i++) {
        const char *name = headers->members[i].name;
        const char *value = http_header_value(arena, headers->members[i].value);

        if (http_is_kept_header(name))
            return work_target_fail_runtime(
                arena, reterr, "The header \"%s\" can not be set in an HTTP Task.", name);
        if (!value)
            return work_target_fail_runtime(
                arena, reterr, "The header \"%s\" must be a string or an array of strings.", name);
        list[call->header_count++] = (struct work_header){.name = name, .value = value};
    }
    return true;
}

static bool http_add_query(struct arena *arena, struct buf *url, const char *name,
                           const struct json *value, struct work_target_error *reterr)
{
    const char *text = work_target_scalar(arena, value);
    const char *mark = strchr(url->data, '?');

    if (!text)
        return work_target_fail_runtime(
            arena, reterr, "The query parameter \"%s\" must be a string or an array of strings.",
            name);
    buf_char(url, mark ? '&' : '?');
    work_form_encode(url, name, false);
    buf_char(url, '=');
    work_form_encode(url, text, false);
    return true;
}

static bool http_set_url(struct arena *arena, const struct json *parameters, struct work_call *call,
                         struct work_target_error *reterr)
{
    const char *endpoint = json_get_string(parameters, "ApiEndpoint");
    const struct json *query = json_get(parameters, "QueryParameters");
    struct buf url;

    if (!endpoint ||
        (strncasecmp(endpoint, "https://", 8) != 0 && strncasecmp(endpoint, "http://", 7) != 0))
        return work_target_fail_runtime(arena, reterr,
                                        "The field \"ApiEndpoint\" must be an HTTP or HTTPS URL.");
    if (query && !json_is(query, JSON_OBJECT))
        return work_target_fail_runtime(arena, reterr,
                                        "The field \"QueryParameters\" must be an object.");
    buf_init(&url, arena, BUF_BYTES_OWN);
    buf_add(&url, endpoint, strcspn(endpoint, "#"));
    for (uint32_t i = 0; query && i < query->count; i++) {
        const char *name = query->members[i].name;
        const struct json *value = query->members[i].value;
        const struct json *const *items = json_is(value, JSON_ARRAY) ? value->items : &value;
        uint32_t count = json_is(value, JSON_ARRAY) ? value->count : 1;

        for (uint32_t j = 0; j < count; j++) {
            if (!http_add_query(arena, &url, name, items[j], reterr))
                return false;
        }
    }
    call->url = url.data;
    return true;
}

/* Whether the body becomes a form, and how its arrays are named. */
static bool http_read_transform(struct arena *arena, const struct json *transform,
                                bool *ret_is_form, enum form_arrays *ret_arrays,
                                struct work_target_error *reterr)
{
    const char *encoding = json_get_string(transform, "RequestBodyEncoding");
    const struct json *options = json_get(transform, "RequestEncodingOptions");
    const char *format = json_get_string(options, "ArrayFormat");

    *ret_is_form = encoding && strcmp(encoding, "URL_ENCODED") == 0;
    *ret_arrays = FORM_INDICES;
    if (transform && (!encoding || (!*ret_is_form && strcmp(encoding, "NONE") != 0)))
        return work_target_fail_runtime(arena, reterr,
                                        "The field \"Transform.RequestBodyEncoding\" must be "
                                        "URL_ENCODED or NONE.");
    if (!options)
        return true;
    for (size_t i = 0; format && i < ARRAY_SIZE(http_array_formats); i++) {
        if (strcmp(format, http_array_formats[i].name) == 0) {
            *ret_arrays = http_array_formats[i].arrays;
            return true;
        }
    }
    return work_target_fail_runtime(arena, reterr,
                                    "The field \"ArrayFormat\" must be INDICES, REPEAT, COMMAS or "
                                    "BRACKETS.");
}

static bool http_set_form(struct arena *arena, const struct json *body, enum form_arrays arrays,
                          struct work_call *call, struct work_target_error *reterr)
{
    const char *type = http_call_header(call, "Content-Type");
    struct buf form;

    if (type && strncasecmp(type, HTTP_FORM, strlen(HTTP_FORM)) != 0)
        return work_target_fail_runtime(
            arena, reterr, "With URL_ENCODED the header \"Content-Type\" must be %s.", HTTP_FORM);
    if (!json_is(body, JSON_OBJECT) || json_depth(body) > LIMIT_JSON_DEPTH)
        return work_target_fail_runtime(
            arena, reterr, "With URL_ENCODED the field \"RequestBody\" must be an object.");
    buf_init(&form, arena, BUF_BYTES_OWN);
    work_form_print(&form, body, arrays);
    call->body = form.data;
    call->body_len = form.len;
    return true;
}

static bool http_set_body(struct arena *arena, const struct json *parameters,
                          struct work_call *call, struct work_header *list,
                          struct work_target_error *reterr)
{
    const struct json *body = json_get(parameters, "RequestBody");
    const char *type = HTTP_JSON;
    enum form_arrays arrays;
    bool is_form;

    if (!http_read_transform(arena, json_get(parameters, "Transform"), &is_form, &arrays, reterr))
        return false;
    if (!body || json_is(body, JSON_NULL))
        return true;
    if (is_form && !json_is(body, JSON_STRING)) {
        type = HTTP_FORM;
        if (!http_set_form(arena, body, arrays, call, reterr))
            return false;
    } else {
        /* A string is the body as it is. */
        call->body = json_is(body, JSON_STRING) ? body->string : json_text(arena, body);
        call->body_len = strlen(call->body);
        type = is_form ? HTTP_FORM : HTTP_JSON;
    }
    if (!http_call_header(call, "Content-Type"))
        list[call->header_count++] = (struct work_header){.name = "Content-Type", .value = type};
    return true;
}

bool work_http_call(struct arena *arena, const struct work_target *target, struct work_call *ret,
                    struct work_target_error *reterr)
{
    const struct json *parameters = target->parameters;
    const struct json *headers = json_get(parameters, "Headers");
    struct work_header *list;

    if (!work_target_knows_fields(arena, parameters, http_fields, ARRAY_SIZE(http_fields), reterr))
        return false;
    if (json_get(parameters, "Authentication") || json_get(parameters, "InvocationConfig"))
        return work_target_fail_runtime(
            arena, reterr,
            "The fields \"Authentication\" and \"InvocationConfig\" name an EventBridge "
            "connection, and there are none here. Put what the API asks for into \"Headers\".");
    ret->method = json_get_string(parameters, "Method");
    for (size_t i = 0; ret->method; i++) {
        if (i == ARRAY_SIZE(http_methods))
            ret->method = NULL;
        else if (strcmp(ret->method, http_methods[i]) == 0)
            break;
    }
    if (!ret->method)
        return work_target_fail_runtime(
            arena, reterr,
            "The field \"Method\" must be GET, POST, PUT, DELETE, PATCH, "
            "OPTIONS or HEAD.");
    /* One more: what the body adds. */
    list = ARENA_ARRAY(arena, struct work_header,
                       (json_is(headers, JSON_OBJECT) ? headers->count : 0) + 1);
    ret->headers = list;
    return http_set_url(arena, parameters, ret, reterr) &&
           http_set_headers(arena, headers, ret, list, reterr) &&
           http_set_body(arena, parameters, ret, list, reterr);
}

/* ---- the result ---- */

/* {name: [value, ...]}: fields of one name together, in any case of its letters. */
static const struct json *http_headers(struct arena *arena, const struct work_answer *answer)
{
    struct json *headers = json_object(arena);

    for (size_t i = 0; i < answer->header_count; i++) {
        const char *name = work_target_plain(arena, answer->headers[i].name);
        struct json *values = NULL;

        for (uint32_t j = 0; !values && j < headers->count; j++) {
            if (strcasecmp(headers->members[j].name, name) == 0)
                values = (struct json *)headers->members[j].value;
        }
        if (!values) {
            values = json_array(arena);
            json_add(arena, headers, name, values);
        }
        json_push(arena, values,
                  json_string(arena, work_target_plain(arena, answer->headers[i].value)));
    }
    return headers;
}

static bool http_is_json(const char *type)
{
    size_t len = type ? strcspn(type, "; \t") : 0;

    return !type || (len == strlen(HTTP_JSON) && strncasecmp(type, HTTP_JSON, len) == 0) ||
           (len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0);
}

static bool http_body(struct arena *arena, const struct work_answer *answer,
                      const struct json **ret, struct work_target_error *reterr)
{
    const char *type = work_target_header(answer, "Content-Type");

    for (size_t i = 0; type && i < ARRAY_SIZE(http_binary_types); i++) {
        if (strncasecmp(type, http_binary_types[i], strlen(http_binary_types[i])) == 0)
            return work_target_fail_runtime(arena, reterr,
                                            "The content type of the response is not supported: %s",
                                            work_target_plain(arena, type));
    }
    if (http_is_json(type) && json_parse(arena, answer->body, answer->body_len, ret, NULL) == 0)
        return true;
    *ret = work_target_text(arena, answer->body, answer->body_len);
    return *ret || work_target_fail_runtime(arena, reterr, "The body of the response is not text.");
}

bool work_http_result(struct arena *arena, const struct work_answer *answer,
                      const struct json **ret, struct work_target_error *reterr)
{
    const struct json *body = NULL;
    struct json *result;

    if (answer->end == WORK_REFUSED)
        return work_target_fail_runtime(arena, reterr, "The request was not sent: %s.",
                                        work_target_plain(arena, answer->cause));
    if (answer->end != WORK_ANSWERED)
        return work_target_fail(arena, reterr, "States.Http.Socket", "%s",
                                work_target_plain(arena, answer->cause));
    if (answer->status < 200 || answer->status > 299)
        return work_target_fail(
            arena, reterr, arena_printf(arena, "States.Http.StatusCode.%d", answer->status), "%s",
            answer->body_len ? work_target_cause(arena, answer)
                             : work_target_plain(arena, answer->status_text));
    if (!http_body(arena, answer, &body, reterr))
        return false;
    result = json_object(arena);
    json_add(arena, result, "Headers", http_headers(arena, answer));
    json_add(arena, result, "ResponseBody", body);
    json_add(arena, result, "StatusCode", json_int(arena, answer->status));
    json_add(arena, result, "StatusText",
             json_string(arena, work_target_plain(arena, answer->status_text)));
    *ret = result;
    return true;
}
