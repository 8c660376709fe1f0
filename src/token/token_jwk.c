/*
 * token_jwk.c - keys out of their files: JSON Web Keys (RFC 7517, 8037) and PEM public keys.
 *
 * Only what verification needs is taken over, never a private part. What a key may be used with
 * follows from its type alone: the table below is the whole of it.
 */
#include "token/token_priv.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MEMBER_MAX 1024 /* an RSA key of 8,192 bits */
#define TOKEN_KEYS_MAX 100

struct token_member {
    const char *name;
    size_t bytes_min, bytes_max;
};

static const struct token_kind {
    const char *kty, *crv, *name;
    enum token_alg alg;
    struct token_member members[2];
} token_kinds[] = {
    {"oct", NULL,      "HS256", TOKEN_HS256, {{"k", TOKEN_SECRET_MIN, TOKEN_MEMBER_MAX}}},
    {"RSA", NULL,      "RS256", TOKEN_RS256, {{"n", 256, TOKEN_MEMBER_MAX}, {"e", 1, 8}}},
    {"EC",  "P-256",   "ES256", TOKEN_ES256, {{"x", 32, 32}, {"y", 32, 32}}             },
    {"OKP", "Ed25519", "EdDSA", TOKEN_EDDSA, {{"x", 32, 32}}                            },
};

enum token_alg token_alg_parse(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(token_kinds); i++) {
        if (strcmp(token_kinds[i].name, name) == 0)
            return token_kinds[i].alg;
    }
    return TOKEN_ALG_NONE;
}

struct token_set *token_set_new(void)
{
    struct arena *arena = arena_new();
    struct token_set *set = ARENA_NEW(arena, struct token_set);

    set->arena = arena;
    return set;
}

void token_set_free(struct token_set *set)
{
    if (!set)
        return;
    for (struct token_key *key = set->keys; key; key = key->next)
        token_key_done(key);
    arena_free(set->arena);
}

/* Without a kid the token is only for a set that leaves no choice. */
const struct token_key *token_set_find(const struct token_set *set, const char *kid,
                                       enum token_alg alg)
{
    const struct token_key *found = NULL;

    if (!set)
        return NULL;
    for (const struct token_key *key = set->keys; key; key = key->next) {
        if (key->alg != alg)
            continue;
        if (kid && key->kid && strcmp(key->kid, kid) == 0)
            return key;
        if (!kid && found)
            return NULL;
        if (!kid)
            found = key;
    }
    return found;
}

static bool token_set_has(const struct token_set *set, const struct token_key *other)
{
    for (const struct token_key *key = set->keys; key; key = key->next) {
        if (key->alg != other->alg || !key->kid != !other->kid)
            continue;
        if (!key->kid || strcmp(key->kid, other->kid) == 0)
            return true;
    }
    return false;
}

static bool token_set_add(struct token_set *set, const struct token_key *key,
                          const char **ret_cause)
{
    *ret_cause = NULL;
    if (set->count == TOKEN_KEYS_MAX)
        *ret_cause = "there are too many keys";
    else if (token_set_has(set, key))
        *ret_cause = "there is another key with this kid and algorithm";
    if (*ret_cause)
        return false;
    struct token_key *copy = arena_copy(set->arena, key, sizeof(*key));
    copy->next = set->keys;
    set->keys = copy;
    set->count++;
    return true;
}

static const struct token_kind *token_jwk_kind(const struct json *jwk)
{
    const char *kty = json_get_string(jwk, "kty");
    const char *crv = json_get_string(jwk, "crv");

    for (size_t i = 0; kty && i < ARRAY_SIZE(token_kinds); i++) {
        const struct token_kind *kind = &token_kinds[i];
        if (strcmp(kind->kty, kty) == 0 && (!kind->crv || (crv && strcmp(kind->crv, crv) == 0)))
            return kind;
    }
    return NULL;
}

/* Absent, or this one. */
static bool token_jwk_allows(const struct json *jwk, const char *member, const char *value)
{
    const struct json *found = json_get(jwk, member);

    return !found || (json_is(found, JSON_STRING) && strcmp(found->string, value) == 0);
}

static bool token_jwk_copy_member(struct arena *arena, const struct json *jwk,
                                  const struct token_member *member, struct json *copy,
                                  uint8_t bytes[TOKEN_MEMBER_MAX])
{
    const struct json *value = json_get(jwk, member->name);
    size_t len = 0;

    if (!json_is(value, JSON_STRING) ||
        !base64url_parse(value->string, value->count, bytes, TOKEN_MEMBER_MAX, &len))
        return false;
    if (len < member->bytes_min || len > member->bytes_max)
        return false;
    json_set(arena, copy, member->name, value);
    return true;
}

static bool token_jwk_load(struct arena *arena, struct token_key *key, const struct json *jwk,
                           const struct token_kind *kind)
{
    uint8_t bytes[TOKEN_MEMBER_MAX];
    struct json *copy = json_object(arena);

    json_set(arena, copy, "kty", json_string(arena, kind->kty));
    json_set(arena, copy, "alg", json_string(arena, kind->name));
    if (kind->crv)
        json_set(arena, copy, "crv", json_string(arena, kind->crv));
    for (size_t i = 0; i < ARRAY_SIZE(kind->members) && kind->members[i].name; i++) {
        if (!token_jwk_copy_member(arena, jwk, &kind->members[i], copy, bytes))
            return false;
    }
    if (kind->alg == TOKEN_EDDSA)
        return token_key_set_ed25519(key, bytes);
    return token_key_set_jwk(key, json_text(arena, copy));
}

static const char *token_jwk_judge(const struct json *jwk, const struct token_kind *kind)
{
    const struct json *kid = json_get(jwk, "kid");

    if (!json_is(jwk, JSON_OBJECT))
        return "a key must be a JSON object";
    if (!kind)
        return "kty and crv must be oct, RSA, EC with P-256, or OKP with Ed25519";
    if (!token_jwk_allows(jwk, "alg", kind->name))
        return "alg must be the one of the key's type: HS256, RS256, ES256 or EdDSA";
    if (!token_jwk_allows(jwk, "use", "sig"))
        return "use must be sig";
    if (kid && (!json_is(kid, JSON_STRING) || !kid->count || kid->count > LIMIT_OPERATOR_BYTES))
        return "kid must be a string of 1 to 255 bytes";
    return NULL;
}

bool token_set_add_jwk(struct token_set *set, const struct json *jwk, const char *name,
                       const char **ret_cause)
{
    const struct token_kind *kind = token_jwk_kind(jwk);
    const char *kid = json_get_string(jwk, "kid");
    struct token_key key = {.kid = arena_string(set->arena, kid ? kid : name)};

    *ret_cause = token_jwk_judge(jwk, kind);
    if (*ret_cause)
        return false;
    key.alg = kind->alg;
    if (!token_jwk_load(set->arena, &key, jwk, kind)) {
        *ret_cause = kind->alg == TOKEN_HS256
                         ? "the secret k must be base64url of 32 bytes or more"
                         : "the public key's members are not valid, or it is too short";
        return false;
    }
    if (token_set_add(set, &key, ret_cause))
        return true;
    token_key_done(&key);
    return false;
}

bool token_set_add_pem(struct token_set *set, const char *text, size_t len, const char *name,
                       const char **ret_cause)
{
    struct token_key key = {.kid = arena_string(set->arena, name)};

    if (!token_key_set_pem(&key, text, len)) {
        *ret_cause = "a PEM file must hold a public key: RSA of 2,048 bits or more, P-256 or "
                     "Ed25519";
        return false;
    }
    if (token_set_add(set, &key, ret_cause))
        return true;
    token_key_done(&key);
    return false;
}
