/*
 * sfn_reply.c - answers of this API: JSON 1.0, refusals as {"__type", "message"}.
 */
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "sfn/sfn_priv.h"

#define REPLY_CONTENT_TYPE "application/x-amz-json-1.0"
#define REPLY_MESSAGE_BYTES 32768

/* Refusals whose HTTP status is not 400, as the list of errors common to all actions has them. */
static const struct {
    const char *type;
    int status;
} reply_statuses[] = {
    {"MissingAuthenticationTokenException", 403},
    {"UnrecognizedClientException",         403},
    {"InvalidSignatureException",           403},
};

static int reply_status(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(reply_statuses); i++) {
        if (strcmp(reply_statuses[i].type, type) == 0)
            return reply_statuses[i].status;
    }
    return 400;
}

static void reply_send(struct sfn_call *call, int status, const struct json *body)
{
    struct net_header_field headers[4] = {
        {"Content-Type",     REPLY_CONTENT_TYPE},
        {"x-amzn-RequestId", call->request_id  },
        {"Cache-Control",    "no-store"        },
    };
    size_t count = 3;
    struct buf buf;

    if (status == 503)
        headers[count++] = (struct net_header_field){"Retry-After", "1"};
    buf_init(&buf, call->arena, BUF_BYTES_OWN);
    json_print(&buf, body);
    net_reply(call->request, status, headers, count, buf.data, buf.len);
}

void sfn_reply(struct sfn_call *call, const struct json *body)
{
    reply_send(call, 200, body ? body : json_object(call->arena));
}

static void reply_refusal(struct sfn_call *call, int status, const struct sfn_error *error)
{
    struct arena *arena = call->arena;
    struct json *body = json_object(arena);
    const struct json *members = error->members;

    json_add(arena, body, "__type", json_string(arena, error->type));
    if (error->message)
        json_add(arena, body, "message", json_string(arena, error->message));
    for (uint32_t i = 0; members && i < members->count; i++)
        json_set(arena, body, members->members[i].name, members->members[i].value);
    reply_send(call, status, body);
}

/* Safe to repeat, and not our fault: the clients of this API know 503 for it. */
static bool reply_is_passing(enum err err)
{
    return err_status(err) == 503 || err == ERR_STORAGE_FULL;
}

void sfn_reply_error(struct sfn_call *call, enum err err)
{
    static const struct sfn_error throttled = {.type = "ThrottlingException",
                                               .message = "Rate exceeded"};
    static const struct sfn_error passing = {.type = "ServiceUnavailable"};
    static const struct sfn_error failed = {.type = "InternalFailure"};
    struct sfn_error error = failed;

    if (call->error.type && err == ERR_INVALID_REQUEST) {
        reply_refusal(call, reply_status(call->error.type), &call->error);
        return;
    }
    if (err == ERR_TOO_MANY_REQUESTS) {
        reply_refusal(call, 400, &throttled);
        return;
    }
    if (reply_is_passing(err))
        error = passing;
    else
        log_error("sfn.failed", "%s: %s", call->action ? call->action->name : "a request",
                  err_code(err));
    error.message = err_title(err);
    reply_refusal(call, reply_is_passing(err) ? 503 : 500, &error);
}

void sfn_answer(struct sfn_call *call, enum err err, const struct json *body)
{
    if (err)
        sfn_reply_error(call, err);
    else
        sfn_reply(call, body);
}

/* Cut at a character's border. */
static void reply_cut(char *text)
{
    size_t len = REPLY_MESSAGE_BYTES;

    if (strlen(text) <= len)
        return;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    text[len] = '\0';
}

static __attribute__((format(printf, 4, 0))) enum err reply_refuse(struct sfn_call *call,
                                                                   const char *type,
                                                                   const struct json *members,
                                                                   const char *format, va_list args)
{
    char *message = arena_vprintf(call->arena, format, args);

    reply_cut(message);
    call->error = (struct sfn_error){.type = type, .message = message, .members = members};
    return ERR_INVALID_REQUEST;
}

enum err sfn_refuse(struct sfn_call *call, const char *type, const char *format, ...)
{
    va_list args;
    enum err err;

    va_start(args, format);
    err = reply_refuse(call, type, NULL, format, args);
    va_end(args);
    return err;
}

enum err sfn_refuse_validation(struct sfn_call *call, const char *reason, const char *format, ...)
{
    struct json *members = json_object(call->arena);
    va_list args;
    enum err err;

    if (reason)
        json_add(call->arena, members, "reason", json_string(call->arena, reason));
    va_start(args, format);
    err = reply_refuse(call, "ValidationException", members, format, args);
    va_end(args);
    return err;
}

const struct json *sfn_time(struct arena *arena, int64_t time_ms)
{
    return json_real(arena, (double)time_ms / 1000);
}
