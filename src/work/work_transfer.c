/*
 * work_transfer.c - one call with libcurl: what may be asked for, the handle, and what came back.
 */
#include "work/work_priv.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/limits.h"

#define TRANSFER_METHOD_CHARS 16

/* These belong to the connection and to the framing, which are ours. */
static const char *const transfer_own_fields[] = {
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Expect",
    "TE",
    "Trailer",
    "Upgrade",
    "HTTP2-Settings",
    "Proxy-Connection",
    "Proxy-Authorization",
};
static const char *const transfer_refused_methods[] = {"CONNECT", "TRACE"};
/* Methods that always say how long their body is. */
static const char *const transfer_body_methods[] = {"POST", "PUT", "PATCH"};

/* What may be sent once more when a kept connection breaks before a byte of the answer. */
static const char *const transfer_safe_to_repeat[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};

static bool transfer_is_one_of(const char *text, const char *const list[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, list[i]) == 0)
            return true;
    }
    return false;
}

/* ---- what may be asked for ---- */

static bool transfer_is_token(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "!#$%&'*+-.^_`|~";

    return *text && text[strspn(text, allowed)] == '\0';
}

static bool transfer_is_value(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    }
    return true;
}

static const char *transfer_check_method(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (len == 0 || len > TRANSFER_METHOD_CHARS || method[len] ||
        transfer_is_one_of(method, transfer_refused_methods, ARRAY_SIZE(transfer_refused_methods)))
        return "the method is not allowed";
    return NULL;
}

static const char *transfer_check_fields(struct work_job *job)
{
    for (size_t i = 0; i < job->call.header_count; i++) {
        const struct work_header *field = &job->call.headers[i];

        if (!transfer_is_token(field->name))
            return "a header name is not valid";
        if (!transfer_is_value(field->value))
            return arena_printf(job->arena, "the value of header %s is not valid", field->name);
        if (transfer_is_one_of(field->name, transfer_own_fields, ARRAY_SIZE(transfer_own_fields)))
            return arena_printf(job->arena, "header %s may not be set", field->name);
    }
    return NULL;
}

/* The one reading of the URL: what is checked here is what curl connects to. */
static const char *transfer_check_url(struct work_job *job)
{
    const char *url = job->call.url;
    const char *host = strncasecmp(url, "http://", 7) == 0    ? url + 7
                       : strncasecmp(url, "https://", 8) == 0 ? url + 8
                                                              : NULL;

    if (strlen(url) > LIMIT_WORK_URL_BYTES)
        return "the URL is too long";
    if (!host)
        return "the URL must begin with http:// or https://";
    job->url = curl_url();
    CHECK(job->url != NULL);
    /* curl would forgive more slashes than two. */
    switch (*host == '/' ? CURLUE_NO_HOST
                         : curl_url_set(job->url, CURLUPART_URL, url, CURLU_DISALLOW_USER)) {
    case CURLUE_OK:
        return NULL;
    case CURLUE_USER_NOT_ALLOWED:
        return "the URL may not hold a user name or a password";
    default:
        return "the URL is not valid";
    }
}

/* ---- what libcurl calls ---- */

/* The request goes out now. */
static int transfer_before_request(void *user, char *peer, char *own, int peer_port, int own_port)
{
    struct work_job *job = user;

    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    job->sent = true;
    return CURL_PREREQFUNC_OK;
}

static bool transfer_may_go_again(const struct work_job *job)
{
    return !job->sent || transfer_is_one_of(job->call.method, transfer_safe_to_repeat,
                                            ARRAY_SIZE(transfer_safe_to_repeat));
}

static curl_socket_t transfer_open_socket(void *user, curlsocktype purpose,
                                          struct curl_sockaddr *address)
{
    struct work_job *job = user;

    (void)purpose;
    /* libcurl sends again by itself; the other side may have acted on the first. */
    if (!transfer_may_go_again(job)) {
        job->lost = true;
        return CURL_SOCKET_BAD;
    }
    if (!work_address_is_allowed(job->allowed, &address->addr)) {
        job->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    job->address_opened = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A new status line: 1xx answers may come before the last one, and leave nothing behind. */
static void transfer_status_line(struct work_job *job, const char *line, size_t len)
{
    const char *end = line + len;
    const char *at = memchr(line, ' ', len);

    job->status = 0;
    for (at = at ? at + 1 : end; at < end && *at >= '0' && *at <= '9' && job->status < 1000; at++)
        job->status = job->status * 10 + (*at - '0');
    at += at < end;
    job->status_text = arena_string_n(job->arena, at, (size_t)(end - at));
    job->header_count = 0;
    job->head_done = false;
}

static void transfer_field(struct work_job *job, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t at;

    /* A trailer is no header field, and a line without a colon is nothing. */
    if (!colon || job->head_done)
        return;
    at = (size_t)(colon - line) + 1;
    while (at < len && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (len > at && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    job->headers[job->header_count].name = arena_string_n(job->arena, line, (size_t)(colon - line));
    job->headers[job->header_count++].value = arena_string_n(job->arena, line + at, len - at);
}

static size_t transfer_on_head(char *line, size_t size, size_t count, void *user)
{
    struct work_job *job = user;
    size_t bytes = size * count, len = bytes;

    job->head_bytes += bytes;
    if (job->head_bytes > LIMIT_WORK_HEAD_BYTES || job->header_count == LIMIT_WORK_FIELD_COUNT) {
        job->too_large = true;
        return 0;
    }
    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
        len--;
    if (len == 0)
        job->head_done = true;
    else if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
        transfer_status_line(job, line, len);
    else
        transfer_field(job, line, len);
    return bytes;
}

static size_t transfer_on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct work_job *job = user;

    buf_add(&job->body, bytes, size * count);
    job->too_large |= job->body.overflow;
    return job->too_large ? 0 : size * count;
}

/* ---- the handle ---- */

#define TRANSFER_SET(job, option, value)                                                           \
    CHECK(curl_easy_setopt((job)->easy, (option), (value)) == CURLE_OK)

static void transfer_add_field(struct work_job *job, const char *line)
{
    job->fields = curl_slist_append(job->fields, line);
    CHECK(job->fields != NULL);
}

static bool transfer_has_field(const struct work_job *job, const char *name)
{
    for (size_t i = 0; i < job->call.header_count; i++) {
        if (strcasecmp(job->call.headers[i].name, name) == 0)
            return true;
    }
    return false;
}

static void transfer_set_fields(struct work_job *job)
{
    for (size_t i = 0; i < job->call.header_count; i++) {
        const struct work_header *field = &job->call.headers[i];
        const char *value = field->value + strspn(field->value, " \t");

        /* libcurl reads `name:` as "leave it out", and `name;` as a field without value. */
        transfer_add_field(job, *value ? arena_printf(job->arena, "%s: %s", field->name, value)
                                       : arena_printf(job->arena, "%s;", field->name));
    }
    /* Nothing is said of a body's type that the caller did not say, and no body is asked for. */
    if (!transfer_has_field(job, "Content-Type"))
        transfer_add_field(job, "Content-Type:");
    transfer_add_field(job, "Expect:");
    TRANSFER_SET(job, CURLOPT_HTTPHEADER, job->fields);
}

static void transfer_set_request(struct work_job *job)
{
    const struct work_call *call = &job->call;
    int64_t left_ms = (job->deadline_us - clock_monotonic_us()) / 1000;

    TRANSFER_SET(job, CURLOPT_CURLU, job->url);
    if (strcmp(call->method, "HEAD") == 0) {
        TRANSFER_SET(job, CURLOPT_NOBODY, 1L);
    } else {
        if (call->body_len > 0 || transfer_is_one_of(call->method, transfer_body_methods,
                                                     ARRAY_SIZE(transfer_body_methods))) {
            TRANSFER_SET(job, CURLOPT_POSTFIELDS, call->body);
            TRANSFER_SET(job, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
        }
        TRANSFER_SET(job, CURLOPT_CUSTOMREQUEST, call->method);
    }
    TRANSFER_SET(job, CURLOPT_TIMEOUT_MS, (long)(left_ms > 0 ? left_ms : 1));
    TRANSFER_SET(job, CURLOPT_USERAGENT, "fermata/" FERMATA_VERSION);
    transfer_set_fields(job);
}

/* What no call may change. */
static void transfer_set_bounds(struct work_job *job)
{
    TRANSFER_SET(job, CURLOPT_PROTOCOLS_STR, "http,https");
    TRANSFER_SET(job, CURLOPT_FOLLOWLOCATION, 0L);
    TRANSFER_SET(job, CURLOPT_PROXY, "");
    TRANSFER_SET(job, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    TRANSFER_SET(job, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    TRANSFER_SET(job, CURLOPT_HTTP09_ALLOWED, 0L);
    TRANSFER_SET(job, CURLOPT_SSL_VERIFYPEER, 1L);
    TRANSFER_SET(job, CURLOPT_SSL_VERIFYHOST, 2L);
    TRANSFER_SET(job, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    TRANSFER_SET(job, CURLOPT_OPENSOCKETFUNCTION, transfer_open_socket);
    TRANSFER_SET(job, CURLOPT_OPENSOCKETDATA, job);
    TRANSFER_SET(job, CURLOPT_PREREQFUNCTION, transfer_before_request);
    TRANSFER_SET(job, CURLOPT_PREREQDATA, job);
    TRANSFER_SET(job, CURLOPT_NOSIGNAL, 1L);
    TRANSFER_SET(job, CURLOPT_TCP_KEEPALIVE, 1L);
    /* A call that is cut off does not wait for its name's resolution. */
    TRANSFER_SET(job, CURLOPT_QUICK_EXIT, 1L);
}

const char *work_transfer_open(struct work_job *job, size_t answer_bytes_max)
{
    const char *refused = transfer_check_method(job->call.method);

    if (!refused)
        refused = transfer_check_fields(job);
    if (!refused)
        refused = transfer_check_url(job);
    if (refused)
        return refused;
    job->easy = curl_easy_init();
    CHECK(job->easy != NULL);
    job->status_text = "";
    job->headers = ARENA_ARRAY(job->arena, struct work_header, LIMIT_WORK_FIELD_COUNT);
    buf_init(&job->body, job->arena, answer_bytes_max);
    transfer_set_bounds(job);
    transfer_set_request(job);
    TRANSFER_SET(job, CURLOPT_ERRORBUFFER, job->error);
    TRANSFER_SET(job, CURLOPT_PRIVATE, job);
    TRANSFER_SET(job, CURLOPT_HEADERFUNCTION, transfer_on_head);
    TRANSFER_SET(job, CURLOPT_HEADERDATA, job);
    TRANSFER_SET(job, CURLOPT_WRITEFUNCTION, transfer_on_body);
    TRANSFER_SET(job, CURLOPT_WRITEDATA, job);
    return NULL;
}

/* ---- what came back ---- */

void work_transfer_answer(struct work_job *job, CURLcode code, struct work_answer *ret)
{
    *ret = (struct work_answer){.status_text = "", .body = ""};
    if (job->too_large) {
        ret->end = WORK_TOO_LARGE;
        ret->cause = "the answer is too large";
    } else if (code == CURLE_OK) {
        ret->end = WORK_ANSWERED;
        ret->status = job->status;
        ret->status_text = job->status_text;
        ret->headers = job->headers;
        ret->header_count = job->header_count;
        ret->body = job->body.data;
        ret->body_len = job->body.len;
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        ret->end = WORK_TIMED_OUT;
        ret->cause = "the call took too long";
    } else if (job->address_refused && !job->address_opened) {
        ret->end = WORK_REFUSED;
        ret->cause = "the address of the host is not allowed";
    } else if (job->lost) {
        ret->end = WORK_FAILED;
        ret->cause = "the connection was closed before the answer came";
    } else {
        ret->end = WORK_FAILED;
        ret->cause = job->error[0] ? job->error : curl_easy_strerror(code);
    }
}

void work_transfer_close(struct work_job *job)
{
    if (job->easy)
        curl_easy_cleanup(job->easy);
    curl_slist_free_all(job->fields);
    curl_url_cleanup(job->url);
}
