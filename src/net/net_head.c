/*
 * net_head.c - the head of a request: copied into the arena, its framing checked.
 *
 * libmicrohttpd 0.9 is lenient where a lenient server behind a strict proxy, or the other way
 * round, lets one request hide inside another. Everything here that is refused closes the
 * connection.
 */
#include "net/net_priv.h"

#include "base/limits.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct net_head {
    struct net_request *request;
    const char *expected; /* where the next field must begin in the library's buffer */
    size_t bytes;
    bool broken; /* the buffer does not look like name, colon, value, CR, LF, name ... */
    bool chunked;
    unsigned seen; /* a bit for each row of net_head_rules */
    struct net_refusal *refusal;
};

static bool net_head_refuse(struct net_refusal *ret, enum err err, const char *detail)
{
    *ret = (struct net_refusal){err, detail};
    return false;
}

/* ---- the fields that frame a request: each at most once, each with one form ---- */

static bool net_head_host(struct net_head *head, const char *value)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)value[i]) && !strchr(".-_:[]", value[i]))
            len = 0;
    }
    if (!len)
        return net_head_refuse(head->refusal, ERR_INVALID_REQUEST, "the Host field is not valid");
    return true;
}

static bool net_head_content_length(struct net_head *head, const char *value)
{
    size_t len = strlen(value);
    uint64_t bytes = 0;

    if (!len || len > 18 || strspn(value, "0123456789") != len)
        return net_head_refuse(head->refusal, ERR_INVALID_REQUEST,
                               "Content-Length must be one decimal number");
    for (size_t i = 0; i < len; i++)
        bytes = bytes * 10 + (uint64_t)(value[i] - '0');
    head->request->body_announced = bytes;
    return true;
}

static bool net_head_transfer_encoding(struct net_head *head, const char *value)
{
    if (strcasecmp(value, "chunked") != 0)
        return net_head_refuse(head->refusal, ERR_INVALID_REQUEST,
                               "Transfer-Encoding must be chunked");
    head->chunked = true;
    return true;
}

static bool net_head_expect(struct net_head *head, const char *value)
{
    if (strcasecmp(value, "100-continue") != 0)
        return net_head_refuse(head->refusal, ERR_EXPECTATION_FAILED, NULL);
    return true;
}

static bool net_head_content_encoding(struct net_head *head, const char *value)
{
    (void)value;
    return net_head_refuse(head->refusal, ERR_UNSUPPORTED_MEDIA_TYPE,
                           "the body must not be compressed");
}

enum { NET_HEAD_HOST, NET_HEAD_LENGTH, NET_HEAD_CODING };

static const struct {
    const char *name;
    bool (*check)(struct net_head *head, const char *value);
} net_head_rules[] = {
    [NET_HEAD_HOST] = {"Host",              net_head_host             },
    [NET_HEAD_LENGTH] = {"Content-Length",    net_head_content_length   },
    [NET_HEAD_CODING] = {"Transfer-Encoding", net_head_transfer_encoding},
    {"Expect",            net_head_expect           },
    {"Content-Encoding",  net_head_content_encoding },
};

static bool net_head_check_field(struct net_head *head, const struct net_field *field)
{
    for (size_t i = 0; i < ARRAY_SIZE(net_head_rules); i++) {
        if (strcasecmp(field->name, net_head_rules[i].name) != 0)
            continue;
        if (head->seen & 1u << i)
            return net_head_refuse(head->refusal, ERR_INVALID_REQUEST,
                                   "a framing field must not be repeated");
        head->seen |= 1u << i;
        return net_head_rules[i].check(head, field->value);
    }
    return true;
}

/* ---- reading ---- */

static bool net_head_is_token(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && !(name[i] && strchr("!#$%&'*+-.^_`|~", name[i])))
            return false;
    }
    return len > 0;
}

static bool net_head_is_value(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static size_t net_head_trimmed(const char *value, size_t len)
{
    while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    return len;
}

/*
 * libmicrohttpd 0.9 parses in place: it writes NUL over each CR and LF and hands out pointers into
 * its buffer. A NUL inside a value, a folded line and a bare LF leave no other trace than a gap of
 * the wrong size between a value and the next name. From 1.0 on the library refuses all of these
 * itself, and the check is off.
 */
static void net_head_check_layout(struct net_head *head, const char *name, const char *value,
                                  size_t value_len)
{
    if (name != head->expected)
        head->broken = true;
    head->expected = value + value_len + 2;
}

static enum MHD_Result net_head_on_field(void *user, enum MHD_ValueKind kind, const char *name,
                                         size_t name_len, const char *value, size_t value_len)
{
    struct net_head *head = user;
    struct net_request *request = head->request;

    (void)kind;
    if (!value) {
        value = "";
        head->broken = true;
    }
    head->bytes += name_len + value_len + 4;
    if (request->field_count == LIMIT_HTTP_HEADER_COUNT || head->bytes > LIMIT_HTTP_HEAD_BYTES) {
        net_head_refuse(head->refusal, ERR_HEADERS_TOO_LARGE, NULL);
        return MHD_NO;
    }
    net_head_check_layout(head, name, value, value_len);
    if (!net_head_is_token(name, name_len) || !net_head_is_value(value, value_len)) {
        net_head_refuse(head->refusal, ERR_INVALID_REQUEST, "a header field is not valid");
        return MHD_NO;
    }
    struct net_field *field = &request->fields[request->field_count++];
    field->name = arena_string_n(request->arena, name, name_len);
    field->value = arena_string_n(request->arena, value, net_head_trimmed(value, value_len));
    return net_head_check_field(head, field) ? MHD_YES : MHD_NO;
}

/* One space between method, target and version, CR LF after it, and nothing hidden behind a NUL. */
static bool net_head_line_is_clean(const struct net_request *request, const char *method,
                                   const char *version)
{
    const char *target = request->raw_target;

    return method + strlen(method) + 1 == target && target + request->target_len + 1 == version;
}

/* The last value is followed by CR LF CR LF, all of them overwritten by now. */
static bool net_head_end_is_clean(const struct net_head *head)
{
    static const char end[4];

    return memcmp(head->expected - 2, end, sizeof(end)) == 0;
}

static bool net_head_check_framing(const struct net_head *head)
{
    unsigned both = 1u << NET_HEAD_LENGTH | 1u << NET_HEAD_CODING;

    if (!(head->seen & 1u << NET_HEAD_HOST))
        return net_head_refuse(head->refusal, ERR_INVALID_REQUEST, "the Host field is missing");
    if ((head->seen & both) == both)
        return net_head_refuse(head->refusal, ERR_INVALID_REQUEST,
                               "Content-Length and Transfer-Encoding exclude each other");
    if (head->broken)
        return net_head_refuse(head->refusal, ERR_INVALID_REQUEST,
                               "the request's head is not well formed");
    if (head->request->body_announced > head->request->body_max)
        return net_head_refuse(head->refusal, ERR_TOO_LARGE, NULL);
    return true;
}

static void net_head_split_target(struct net_request *request)
{
    char *path = arena_string(request->arena, request->target);
    char *mark = strchr(path, '?');

    request->path = path;
    request->query = "";
    if (!mark)
        return;
    *mark = '\0';
    request->query = mark + 1;
}

static bool net_head_read_fields(struct net_head *head)
{
    struct net_request *request = head->request;
    int count = MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, NULL, NULL);

    if (count > LIMIT_HTTP_HEADER_COUNT)
        return net_head_refuse(head->refusal, ERR_HEADERS_TOO_LARGE, NULL);
    request->fields = ARENA_ARRAY(request->arena, struct net_field, (size_t)count + 1);
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, net_head_on_field, head);
    return !head->refusal->err;
}

bool net_head_read(struct net_request *request, const char *method, const char *version,
                   struct net_refusal *ret)
{
    struct net_head head = {.request = request, .refusal = ret};
    const struct net_config *config = &request->net->config;

    *ret = (struct net_refusal){ERR_OK, NULL};
    request->method = arena_string(request->arena, method);
    net_head_split_target(request);
    if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0)
        return net_head_refuse(ret, ERR_HTTP_VERSION, NULL);
    if (!net_target_check(request->target, ret))
        return false;
    head.bytes = strlen(method) + request->target_len + strlen(version) + 4;
    head.expected = version + strlen(version) + 2;
    if (!net_head_read_fields(&head))
        return false;
    if (!net_head_line_is_clean(request, method, version) || !net_head_end_is_clean(&head))
        head.broken = true;
    if (!request->net->layout_known)
        head.broken = false;
    request->body_max = config->body_bytes_max(config->user, request->method, request->path);
    return net_head_check_framing(&head);
}
