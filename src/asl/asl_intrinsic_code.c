/*
 * asl_intrinsic_code.c - Base64, hashes, and ids that no one else has.
 */
#include "asl/asl_intrinsic_priv.h"

#include <string.h>

#include <openssl/evp.h>

#include "asl/asl_path_priv.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"

#define INTRINSIC_CODE_CHARS_MAX 10000

static const struct {
    const char *name;
    const EVP_MD *(*method)(void);
} intrinsic_hashes[] = {
    {"MD5",     EVP_md5   },
    {"SHA-1",   EVP_sha1  },
    {"SHA-256", EVP_sha256},
    {"SHA-384", EVP_sha384},
    {"SHA-512", EVP_sha512},
};

/* The limit counts the characters as AWS does: UTF-16 code units. */
static bool intrinsic_check_length(struct asl_intrinsic_call *call, const char *text)
{
    size_t units = 0, step;
    uint32_t c = 0;

    for (step = path_character(text, &c); step && units <= INTRINSIC_CODE_CHARS_MAX;
         step = path_character(text, &c)) {
        units += c > 0xffff ? 2 : 1;
        text += step;
    }
    if (units > INTRINSIC_CODE_CHARS_MAX)
        return intrinsic_refuse(call, "argument 1 must not have more than %d characters",
                                INTRINSIC_CODE_CHARS_MAX);
    return true;
}

bool intrinsic_base64_encode(struct asl_intrinsic_call *call, const struct json **ret)
{
    const struct json *data = call->arguments[0];
    unsigned char *text;

    if (!intrinsic_check_length(call, data->string))
        return false;
    text = arena_alloc(call->scope->arena, (size_t)data->count / 3 * 4 + 5);
    EVP_EncodeBlock(text, (const unsigned char *)data->string, (int)data->count);
    *ret = json_string(call->scope->arena, (const char *)text);
    return true;
}

static bool intrinsic_is_text(const char *bytes, size_t len)
{
    size_t step;
    uint32_t c;

    for (size_t i = 0; i < len; i += step) {
        step = path_character(bytes + i, &c);
        if (!step)
            return false;
    }
    return true;
}

/* Both alphabets are read, with the signs that fill up the end or without. What comes out must be
 * text: a value cannot hold other bytes. */
bool intrinsic_base64_decode(struct asl_intrinsic_call *call, const struct json **ret)
{
    const struct json *data = call->arguments[0];
    char *text = arena_string_n(call->scope->arena, data->string, data->count);
    uint8_t *bytes = arena_alloc(call->scope->arena, (size_t)data->count + 1);
    size_t len = data->count, decoded = 0;

    if (!intrinsic_check_length(call, text))
        return false;
    for (int i = 0; i < 2 && len && data->count % 4 == 0 && text[len - 1] == '='; i++)
        len--;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '+')
            text[i] = '-';
        else if (text[i] == '/')
            text[i] = '_';
    }
    if (!base64url_parse(text, len, bytes, data->count, &decoded))
        return intrinsic_refuse(call, "argument 1 is not Base64");
    if (!intrinsic_is_text((const char *)bytes, decoded))
        return intrinsic_refuse(call, "what argument 1 encodes is not text in UTF-8");
    *ret = json_string_n(call->scope->arena, (const char *)bytes, decoded);
    return true;
}

/* Hashes text; of any other value, the text that it would be in States.Format. */
bool intrinsic_hash(struct asl_intrinsic_call *call, const struct json **ret)
{
    static const char hex[] = "0123456789abcdef";
    const char *name = call->arguments[1]->string;
    uint8_t hash[EVP_MAX_MD_SIZE];
    char text[2 * EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct buf buf;

    buf_init(&buf, call->scope->arena, LIMIT_PAYLOAD_BYTES);
    if (!intrinsic_say(call, &buf, call->arguments[0]) || !intrinsic_check_length(call, buf.data))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(intrinsic_hashes) && !len; i++) {
        if (strcmp(intrinsic_hashes[i].name, name) != 0)
            continue;
        if (EVP_Digest(buf.data, buf.len, hash, &len, intrinsic_hashes[i].method(), NULL) != 1)
            return intrinsic_refuse(call, "%s is not allowed on this machine", name);
    }
    if (!len)
        return intrinsic_refuse(call, "argument 2 must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512");
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = hex[hash[i] >> 4];
        text[2 * i + 1] = hex[hash[i] & 15];
    }
    *ret = json_string_n(call->scope->arena, text, (size_t)2 * len);
    return true;
}

bool intrinsic_uuid(struct asl_intrinsic_call *call, const struct json **ret)
{
    struct asl_scope *scope = call->scope;
    uint8_t random[16];
    char text[UUID_TEXT_BYTES];

    scope->random_bytes(scope->user, random, sizeof(random));
    uuid_text(random, text);
    *ret = json_string(scope->arena, text);
    return true;
}
