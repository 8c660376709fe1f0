/*
 * reply.c - answers: JSON, text and problem documents (RFC 9457), with the header fields that all
 * of them bear.
 */
#include "api/api_priv.h"

#include <string.h>

enum { REPLY_HEADERS_MAX = 8 };

struct reply_headers {
    struct net_header_field list[REPLY_HEADERS_MAX];
    size_t count;
};

static void reply_header(struct reply_headers *headers, const char *name, const char *value)
{
    CHECK(headers->count < REPLY_HEADERS_MAX);
    headers->list[headers->count++] = (struct net_header_field){name, value};
}

static void reply_send(struct call *call, int status, const char *content_type, const char *text,
                       size_t len)
{
    struct reply_headers headers = {0};

    reply_header(&headers, "Content-Type", content_type);
    reply_header(&headers, "Cache-Control", "no-store");
    reply_header(&headers, "X-Content-Type-Options", "nosniff");
    if (call->request_id)
        reply_header(&headers, "X-Request-Id", call->request_id);
    if (status == 401)
        reply_header(&headers, "WWW-Authenticate", "Bearer");
    if (status == 405 && call->allow)
        reply_header(&headers, "Allow", call->allow);
    if (status == 503 || status == 507)
        reply_header(&headers, "Retry-After", "1");
    net_reply(call->request, status, headers.list, headers.count, text, len);
}

void reply_text(struct call *call, int status, const char *content_type, const char *text,
                size_t len)
{
    reply_send(call, status, content_type, text, len);
}

void reply_json(struct call *call, int status, const struct json *body)
{
    struct buf buf;

    buf_init(&buf, call->arena, BUF_BYTES_OWN);
    json_print(&buf, body);
    reply_send(call, status, "application/json", buf.data, buf.len);
}

void reply_problem_text(struct call *call, int status, const char *text, size_t len)
{
    reply_send(call, status, "application/problem+json", text, len);
}

void reply_fault(struct call *call, const struct fault *fault)
{
    size_t len;
    const char *text =
        problem_text(call->arena, fault, call->request_id_given ? call->request_id : NULL, &len);

    reply_problem_text(call, err_status(fault->err), text, len);
}

void reply_err(struct call *call, enum err err)
{
    const struct fault bare = {.err = err};

    reply_fault(call, call->fault.err == err ? &call->fault : &bare);
}

static void problem_add(struct arena *arena, struct json *problem, const char *name,
                        const char *value)
{
    if (value)
        json_add(arena, problem, name, json_string(arena, value));
}

/*
 * `status` of a problem is HTTP's; what a fault says of an execution under that name, or another
 * that is taken, gets the name execution_status.
 */
static void problem_add_members(struct arena *arena, struct json *problem,
                                const struct json *members)
{
    for (uint32_t i = 0; members && i < members->count; i++) {
        const struct json_member *member = &members->members[i];

        json_add(arena, problem,
                 json_get(problem, member->name) ? arena_printf(arena, "execution_%s", member->name)
                                                 : member->name,
                 member->value);
    }
}

const char *problem_text(struct arena *arena, const struct fault *fault, const char *request_id,
                         size_t *ret_len)
{
    struct json *problem = json_object(arena);
    struct buf buf;

    problem_add(arena, problem, "type", "about:blank");
    problem_add(arena, problem, "title", err_title(fault->err));
    json_add(arena, problem, "status", json_int(arena, err_status(fault->err)));
    problem_add(arena, problem, "detail", fault->detail);
    problem_add(arena, problem, "module", "ORCHESTRATION");
    problem_add(arena, problem, "code", err_code(fault->err));
    problem_add(arena, problem, "pointer", fault->pointer);
    problem_add(arena, problem, "request_id", request_id);
    problem_add_members(arena, problem, fault->members);
    buf_init(&buf, arena, BUF_BYTES_OWN);
    json_print(&buf, problem);
    *ret_len = buf.len;
    return buf.data;
}
