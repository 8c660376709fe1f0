/*
 * gate.c - what every request passes, in this order: form (400, 415), token (401), scope (403);
 * then the handler.
 */
#include "api/gate.h"

#include <string.h>
#include <strings.h>

#include "api/api_priv.h"
#include "api/route.h"
#include "base/log.h"

static enum err gate_refuse(struct call *call, enum err err, const char *pointer,
                            const char *detail)
{
    return fault_set(&call->fault, call->arena, err, pointer, "%s", detail);
}

/* The client's X-Request-Id when it is 1 to 64 safe characters, else one of ours. */
static enum err gate_request_id(struct call *call)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    const char *given = net_header(call->request, "X-Request-Id", NULL);
    uint8_t bytes[12];
    char text[20];

    if (given && *given && strspn(given, safe) == strlen(given) && strlen(given) <= 64) {
        call->request_id = given;
        call->request_id_given = true;
        return ERR_OK;
    }
    id_random(bytes, sizeof(bytes));
    base64url_text(bytes, sizeof(bytes), text, sizeof(text));
    call->request_id = arena_string(call->arena, text);
    return ERR_OK;
}

static enum err gate_route(struct call *call)
{
    bool path_known;

    call->route = route_find(call->arena, net_method(call->request), net_path(call->request),
                             &call->id, &path_known, &call->allow);
    if (call->id)
        call->id = query_path_id(call->arena, call->id);
    if (call->route)
        return ERR_OK;
    if (path_known)
        return gate_refuse(call, ERR_METHOD_NOT_ALLOWED, NULL, "see the Allow header");
    return gate_refuse(call, ERR_NOT_FOUND, NULL, "there is no such route");
}

/* application/json, with no parameter but charset=utf-8. */
static enum err gate_content_type(struct call *call)
{
    unsigned count = 0;
    const char *type = net_header(call->request, "Content-Type", &count);
    const char *rest;

    if (!type || count != 1 || strncasecmp(type, "application/json", 16) != 0)
        return gate_refuse(call, ERR_UNSUPPORTED_MEDIA_TYPE, NULL,
                           "send Content-Type: application/json");
    rest = type + 16;
    rest += strspn(rest, " \t");
    if (*rest == ';') {
        rest++;
        rest += strspn(rest, " \t");
        if (strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0)
            rest = "";
        else
            rest = "?";
    }
    if (*rest)
        return gate_refuse(call, ERR_UNSUPPORTED_MEDIA_TYPE, NULL,
                           "the only parameter of application/json is charset=utf-8");
    return ERR_OK;
}

static enum err gate_idempotency_key(struct call *call)
{
    unsigned count = 0;
    const char *key = net_header(call->request, "Idempotency-Key", &count);

    if (!key && !count)
        return ERR_OK;
    if (count != 1 || !key || !*key || strlen(key) > LIMIT_IDEMPOTENCY_KEY_BYTES)
        return gate_refuse(call, ERR_INVALID_REQUEST, NULL,
                           "Idempotency-Key: one header of 1 to 255 visible ASCII characters");
    for (const char *c = key; *c; c++) {
        if (*c < '!' || *c > '~')
            return gate_refuse(call, ERR_INVALID_REQUEST, NULL,
                               "Idempotency-Key: one header of 1 to 255 visible ASCII characters");
    }
    call->idempotency_key = key;
    return ERR_OK;
}

static enum err gate_body(struct call *call)
{
    size_t len;
    const char *text = net_body(call->request, &len);
    enum err err = gate_content_type(call);

    if (!err && *net_query(call->request))
        err = gate_refuse(call, ERR_INVALID_REQUEST, NULL, "this route takes no query parameters");
    if (!err)
        err = gate_idempotency_key(call);
    if (!err)
        err = json_parse(call->arena, text, len, &call->body, &call->fault);
    if (err)
        return err;
    if (!json_is(call->body, JSON_OBJECT))
        return gate_refuse(call, ERR_INVALID_REQUEST, "", "the body must be a JSON object");
    call->fields = arena_alloc(call->arena, call->route->fields_bytes);
    err = fields_read(call->arena, call->route->fields, call->body, call->fields, &call->fault);
    if (!err && call->route->check)
        err = call->route->check(call);
    return err;
}

static enum err gate_form(struct call *call)
{
    if (strcmp(call->route->method, "POST") == 0)
        return gate_body(call);
    return query_check(call);
}

/* "Bearer <token>", one header; every refusal is the same, the cause stays here. */
static enum err gate_token(struct call *call)
{
    unsigned count = 0;
    const char *header = net_header(call->request, "Authorization", &count);
    enum err err = ERR_UNAUTHENTICATED;

    if (!header && !count && call->route->is_open)
        return ERR_OK;
    if (header && count == 1 && strncasecmp(header, "Bearer ", 7) == 0 && header[7] &&
        header[7] != ' ')
        err = token_verify(call->api->config.keys, call->arena, header + 7, strlen(header + 7),
                           clock_now_ms(call->api->config.clock), &call->identity);
    if (err)
        return gate_refuse(call, ERR_UNAUTHENTICATED, NULL, "send Authorization: Bearer <token>");
    call->actor = (struct actor){call->identity.operator_name, call->identity.portal_id,
                                 call->identity.subject};
    return ERR_OK;
}

static enum err gate_scope(struct call *call)
{
    if (!call->identity.operator_name && call->route->is_open)
        return ERR_OK;
    if ((call->identity.scopes & call->route->scope) == call->route->scope)
        return ERR_OK;
    return gate_refuse(call, ERR_FORBIDDEN, NULL, "the token's scope does not include this");
}

static enum err (*const gate_steps[])(struct call *call) = {
    gate_request_id, gate_route, gate_form, gate_token, gate_scope,
};

void gate_pass(struct call *call)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < ARRAY_SIZE(gate_steps) && !err; i++)
        err = gate_steps[i](call);
    if (err) {
        reply_err(call, err);
        return;
    }
    call->route->handle(call);
}
