/*
 * sfn_gate.c - what every request passes, in the order in which AWS looks: form and target,
 * signature, scope, body, shape; then the function of its action.
 *
 * The body of a request is parsed only when it was signed by somebody we know.
 */
#include <string.h>
#include <strings.h>

#include "front/reader.h"
#include "sfn/sfn_core.h"
#include "sigv4/sigv4.h"

#define GATE_CONTENT_TYPE "application/x-amz-json-1.0"
#define GATE_TARGET "AWSStepFunctions."
#define GATE_SERVICE "states"
#define GATE_SKEW_MS (5 * 60 * 1000)
#define GATE_NAME_SHOWN 64

static enum err gate_request_id(struct sfn_call *call)
{
    uint8_t random[16];
    char text[UUID_TEXT_BYTES];

    id_random(random, sizeof(random));
    uuid_text(random, text);
    call->request_id = arena_string(call->arena, text);
    return ERR_OK;
}

static enum err gate_draining(struct sfn_call *call)
{
    if (!call->sfn->is_draining)
        return ERR_OK;
    net_close_after(call->request);
    return ERR_UNAVAILABLE;
}

static enum err gate_content_type(struct sfn_call *call)
{
    static const size_t len = sizeof(GATE_CONTENT_TYPE) - 1;
    unsigned count = 0;
    const char *type = net_header(call->request, "Content-Type", &count);
    const char *rest = "?";

    if (type && count == 1 && strncasecmp(type, GATE_CONTENT_TYPE, len) == 0)
        rest = type + len + strspn(type + len, " \t");
    if (*rest == ';') {
        rest += 1 + strspn(rest + 1, " \t");
        if (strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0)
            return ERR_OK;
        rest = "?";
    }
    if (*rest)
        return sfn_refuse(call, "UnknownOperationException",
                          "This API speaks AWS JSON 1.0: Content-Type: " GATE_CONTENT_TYPE);
    return ERR_OK;
}

static enum err gate_target(struct sfn_call *call)
{
    static const size_t len = sizeof(GATE_TARGET) - 1;
    unsigned count = 0;
    const char *target = net_header(call->request, "X-Amz-Target", &count);

    if (target && count == 1 && strncmp(target, GATE_TARGET, len) == 0)
        call->action = sfn_action_find(target + len);
    if (call->action)
        return ERR_OK;
    call->error = (struct sfn_error){.type = "UnknownOperationException"};
    return ERR_INVALID_REQUEST;
}

/* The key that the signature names, found by sigv4 on its way. */
struct gate_signer {
    struct sfn_call *call;
    struct sfn_key key;
};

static const char *gate_secret(void *user, const char *access_key_id)
{
    struct gate_signer *signer = user;
    struct sfn_call *call = signer->call;

    if (!sfn_keys_find(call->sfn->config.keys, call->arena, access_key_id, &signer->key))
        return NULL;
    return signer->key.secret_access_key;
}

static const char *gate_header(void *user, const char *name, unsigned *ret_count)
{
    return net_header(user, name, ret_count);
}

/* Who calls is known by the access key, and by nothing else. */
static void gate_identify(struct sfn_call *call, const struct sfn_key *key)
{
    call->actor = (struct actor){
        .operator_name = key->operator_name,
        .portal_id = key->portal_id,
        .subject = key->subject,
    };
    call->account = key->account_id;
}

/* Signature, then scope. */
static enum err gate_signature(struct sfn_call *call)
{
    struct gate_signer signer = {.call = call};
    const struct sigv4_config config = {
        .service = GATE_SERVICE, .skew_ms = GATE_SKEW_MS, .secret = gate_secret, .user = &signer};
    struct sigv4_request request = {
        .method = net_method(call->request),
        .path = net_path(call->request),
        .query = net_query(call->request),
        .header = gate_header,
        .user = call->request,
    };
    struct sigv4_answer answer;

    request.body = net_body(call->request, &request.body_len);
    if (sigv4_verify(call->arena, &config, &request, clock_now_ms(call->sfn->config.clock),
                     &answer) != SIGV4_OK)
        return sfn_refuse(call, answer.type, "%s", answer.message);
    gate_identify(call, &signer.key);
    if ((signer.key.scopes & call->action->scope) == call->action->scope)
        return ERR_OK;
    return sfn_refuse(call, "AccessDeniedException",
                      "User: arn:aws:iam::%s:user/%.*s is not authorized to perform: states:%s",
                      call->account, GATE_NAME_SHOWN, call->actor.subject, call->action->name);
}

static enum err gate_body(struct sfn_call *call)
{
    struct fault fault = {0};
    size_t len;
    const char *text = net_body(call->request, &len);
    enum err err = json_parse(call->arena, text, len, &call->body, &fault);

    if (err == ERR_INVALID_REQUEST)
        return sfn_refuse(call, "SerializationException", "%s",
                          fault.detail ? fault.detail : "the body is not JSON");
    if (err)
        return err;
    if (json_is(call->body, JSON_ARRAY))
        return sfn_refuse(call, "SerializationException", "Start of list found where not expected");
    if (!json_is(call->body, JSON_OBJECT))
        return sfn_refuse(call, "SerializationException", "Expected null");
    return sfn_shape_read(call);
}

static void gate_read(struct sfn_call *call)
{
    const struct json *answer = NULL;
    struct store store;
    enum err err = reader_begin(call->sfn->config.store_name, &store);

    if (!err) {
        err = call->action->read(call, &store, &answer);
        reader_end(&store);
    }
    sfn_answer(call, err, answer);
}

static void gate_compute(struct sfn_call *call)
{
    const struct json *answer = NULL;
    enum err err = call->action->compute(call, &answer);

    sfn_answer(call, err, answer);
}

static void gate_run(struct sfn_call *call)
{
    const struct sfn_action *action = call->action;

    if (action->handle)
        action->handle(call);
    else if (action->change)
        sfn_submit(call, action->change, sfn_answer);
    else if (action->read)
        gate_read(call);
    else
        gate_compute(call);
}

static enum err (*const gate_steps[])(struct sfn_call *call) = {
    gate_request_id, gate_draining, gate_content_type, gate_target, gate_signature, gate_body,
};

void sfn_gate_pass(struct sfn_call *call)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < ARRAY_SIZE(gate_steps) && !err; i++)
        err = gate_steps[i](call);
    if (err)
        sfn_reply_error(call, err);
    else
        gate_run(call);
}
