/*
 * token.c - a token's way from text to identity: cache, form, header, key, signature, claims.
 *
 * Every step either goes on or names a cause. The cause is for the log; the caller is told nothing
 * but "no".
 */
#include "token/token_priv.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"

#include <string.h>
#include <strings.h>

struct token_check {
    struct token_keys *keys;
    struct arena *arena;
    const char *text;
    size_t len;
    int64_t now_ms;
    struct token_parts parts;
    const struct json *header, *claims;
    enum token_alg alg;
    const char *kid;
    const struct token_key *key;
    int64_t until_ms; /* of the key's source */
    struct identity identity;
};

/* Three parts, none of them empty, canonical base64url, the first two of them JSON objects. */
static const struct json *token_part_json(struct token_check *check, const char *text, size_t len)
{
    uint8_t *bytes = arena_alloc(check->arena, len + 1);
    const struct json *value = NULL;
    struct fault fault = {0};
    size_t bytes_len;

    if (!base64url_parse(text, len, bytes, len, &bytes_len))
        return NULL;
    if (json_parse(check->arena, (const char *)bytes, bytes_len, &value, &fault))
        return NULL;
    return json_is(value, JSON_OBJECT) ? value : NULL;
}

static const char *token_check_form(struct token_check *check)
{
    struct token_parts *parts = &check->parts;
    const char *end = check->text + check->len;
    const char *first = memchr(check->text, '.', check->len);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return "there are not three parts";
    parts->header = check->text;
    parts->header_len = (size_t)(first - check->text);
    parts->payload = first + 1;
    parts->payload_len = (size_t)(second - first - 1);
    parts->signature = second + 1;
    parts->signature_len = (size_t)(end - second - 1);
    uint8_t *signature = arena_alloc(check->arena, parts->signature_len + 1);
    if (!base64url_parse(parts->signature, parts->signature_len, signature, parts->signature_len,
                         &parts->signature_bytes_len) ||
        !parts->signature_bytes_len)
        return "the signature is not base64url";
    parts->signature_bytes = signature;
    check->header = token_part_json(check, parts->header, parts->header_len);
    check->claims = token_part_json(check, parts->payload, parts->payload_len);
    return check->header && check->claims ? NULL : "a part is not base64url of a JSON object";
}

static const char *token_check_header(struct token_check *check)
{
    /* Keys are never taken from where a token says, and there is no extension we understand. */
    static const char *const forbidden[] = {"jku", "jwk", "x5u", "x5c", "crit",
                                            "enc", "zip", "b64", "cty"};
    const struct json *kid = json_get(check->header, "kid");
    const struct json *typ = json_get(check->header, "typ");
    const char *alg = json_get_string(check->header, "alg");

    for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
        if (json_get(check->header, forbidden[i]))
            return "the header has a member that is not accepted";
    }
    if (typ && (!json_is(typ, JSON_STRING) ||
                (strcasecmp(typ->string, "JWT") != 0 && strcasecmp(typ->string, "at+jwt") != 0)))
        return "typ is not that of an access token";
    if (kid && !json_is(kid, JSON_STRING))
        return "kid is not a string";
    check->kid = kid ? kid->string : NULL;
    check->alg = alg ? token_alg_parse(alg) : TOKEN_ALG_NONE;
    return check->alg ? NULL : "alg is not accepted";
}

/* The read lock is held. */
static const char *token_check_key(struct token_check *check)
{
    struct token_keys *keys = check->keys;
    const struct token_set *fetched = keys->fetched;

    check->until_ms = INT64_MAX;
    check->key = token_set_find(keys->files, check->kid, check->alg);
    if (!check->key && fetched && check->now_ms < fetched->good_at_ms + TOKEN_FETCHED_KEPT_MS) {
        check->key = token_set_find(fetched, check->kid, check->alg);
        check->until_ms = fetched->good_at_ms + TOKEN_FETCHED_KEPT_MS;
    }
    if (check->key)
        return NULL;
    atomic_store(&keys->unknown_kid, true);
    return "there is no such key for this alg";
}

static const char *token_check_signature(struct token_check *check)
{
    return token_signature_is_valid(check->key, &check->parts) ? NULL : "the signature is wrong";
}

static const char *token_check_claims(struct token_check *check)
{
    const struct token_config *config = &check->keys->config;
    const char *issuer = config->issuer ? config->issuer : TOKEN_LOCAL_NAME;
    const char *audience = config->audience ? config->audience : TOKEN_LOCAL_NAME;

    if (check->key->is_local) {
        issuer = TOKEN_LOCAL_NAME;
        audience = TOKEN_LOCAL_NAME;
    }
    return token_claims_read(check->arena, check->claims, issuer, audience, check->now_ms,
                             &check->identity);
}

static const char *(*const token_steps[])(struct token_check *check) = {
    token_check_form,      token_check_header, token_check_key,
    token_check_signature, token_check_claims,
};

/* Null and the entry for the cache, or the cause. */
static const char *token_check_all(struct token_check *check, struct token_cache_entry *ret)
{
    const char *cause = NULL;

    pthread_rwlock_rdlock(&check->keys->lock);
    ret->generation = atomic_load(&check->keys->generation);
    for (size_t i = 0; i < ARRAY_SIZE(token_steps) && !cause; i++)
        cause = token_steps[i](check);
    pthread_rwlock_unlock(&check->keys->lock);
    if (cause)
        return cause;
    ret->identity = check->identity;
    ret->until_ms = check->identity.expires_at;
    if (ret->until_ms > check->until_ms)
        ret->until_ms = check->until_ms;
    return NULL;
}

enum err token_verify(struct token_keys *keys, struct arena *arena, const char *text, size_t len,
                      int64_t now_ms, struct identity *ret)
{
    struct token_cache_entry entry;
    struct token_check check = {
        .keys = keys, .arena = arena, .text = text, .len = len, .now_ms = now_ms};
    const char *cause = "it is too long";

    if (len <= LIMIT_TOKEN_BYTES) {
        sha256(text, len, entry.hash);
        if (token_cache_get(keys->cache, entry.hash, atomic_load(&keys->generation), now_ms, arena,
                            ret))
            return ERR_OK;
        cause = token_check_all(&check, &entry);
    }
    if (cause) {
        log_debug("token", "refused: %s", cause);
        return ERR_UNAUTHENTICATED;
    }
    token_cache_put(keys->cache, &entry);
    *ret = check.identity;
    return ERR_OK;
}
