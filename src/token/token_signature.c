/*
 * token_signature.c - is this signature made by this key? libjose for HS256, RS256 and ES256,
 * OpenSSL for EdDSA.
 *
 * The key's algorithm is written into the key that libjose sees, so that it refuses any other one a
 * second time. base/json.h is not included here: libjose speaks jansson.
 */
#include "token/token_priv.h"

#include "base/check.h"

#include <jansson.h>
#include <jose/jws.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define TOKEN_RSA_BITS_MIN 2048
#define TOKEN_ES256_BYTES 64

static void token_signature_on_error(void *user, const char *file, int line, uint64_t code,
                                     const char *format, va_list args)
{
    /* libjose would print it; the caller says what has to be said. */
    (void)user;
    (void)file;
    (void)line;
    (void)code;
    (void)format;
    (void)args;
}

static jose_cfg_t *token_signature_config(void)
{
    jose_cfg_t *config = jose_cfg();

    if (!config)
        die("out of memory for libjose");
    jose_cfg_set_err_func(config, token_signature_on_error, NULL);
    return config;
}

/* Takes over jwk. The conversion proves that libjose and OpenSSL can use the key: a point on the
 * curve, say. */
static bool token_key_take_jwk(struct token_key *key, json_t *jwk)
{
    jose_cfg_t *config = token_signature_config();
    EVP_PKEY *pkey = jwk ? jose_openssl_jwk_to_EVP_PKEY(config, jwk) : NULL;
    bool usable = pkey != NULL;

    if (pkey && key->alg == TOKEN_RS256)
        usable = EVP_PKEY_get_bits(pkey) >= TOKEN_RSA_BITS_MIN;
    EVP_PKEY_free(pkey);
    jose_cfg_decref(config);
    if (!usable) {
        json_decref(jwk);
        return false;
    }
    key->jwk = jwk;
    return true;
}

bool token_key_set_jwk(struct token_key *key, const char *jwk_text)
{
    json_t *jwk = json_loads(jwk_text, JSON_REJECT_DUPLICATES, NULL);

    if (key->alg != TOKEN_HS256)
        return token_key_take_jwk(key, jwk);
    key->jwk = jwk; /* just bytes; counted by the caller */
    return jwk != NULL;
}

bool token_key_set_ed25519(struct token_key *key, const uint8_t public_key[32])
{
    key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    return key->pkey != NULL;
}

static bool token_signature_is_p256(const EVP_PKEY *pkey)
{
    char group[32] = "";
    size_t len = 0;

    return EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
           OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

static bool token_key_set_pkey(struct token_key *key, EVP_PKEY *pkey)
{
    jose_cfg_t *config;
    json_t *jwk;

    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        key->alg = TOKEN_EDDSA;
        key->pkey = pkey;
        return EVP_PKEY_up_ref(pkey) == 1;
    }
    if (EVP_PKEY_is_a(pkey, "RSA"))
        key->alg = TOKEN_RS256;
    else if (EVP_PKEY_is_a(pkey, "EC") && token_signature_is_p256(pkey))
        key->alg = TOKEN_ES256;
    else
        return false;
    config = token_signature_config();
    jwk = jose_openssl_jwk_from_EVP_PKEY(config, pkey);
    jose_cfg_decref(config);
    if (jwk)
        json_object_set_new(jwk, "alg",
                            json_sprintf("%s", key->alg == TOKEN_RS256 ? "RS256" : "ES256"));
    return token_key_take_jwk(key, jwk);
}

bool token_key_set_pem(struct token_key *key, const char *text, size_t len)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    bool usable = pkey && token_key_set_pkey(key, pkey);

    EVP_PKEY_free(pkey);
    BIO_free(bio);
    return usable;
}

void token_key_done(struct token_key *key)
{
    json_decref(key->jwk);
    EVP_PKEY_free(key->pkey);
}

static bool token_signature_by_jose(const struct token_key *key, const struct token_parts *parts)
{
    json_t *jws = json_pack("{s:s%,s:s%,s:s%}", "protected", parts->header, parts->header_len,
                            "payload", parts->payload, parts->payload_len, "signature",
                            parts->signature, parts->signature_len);
    jose_cfg_t *config = token_signature_config();
    bool valid = jws && jose_jws_ver(config, jws, NULL, key->jwk, false);

    jose_cfg_decref(config);
    json_decref(jws);
    return valid;
}

/* Header, dot and payload lie side by side in the token: that is what was signed. */
static bool token_signature_by_openssl(const struct token_key *key, const struct token_parts *parts)
{
    size_t len = parts->header_len + 1 + parts->payload_len;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                 EVP_DigestVerify(context, parts->signature_bytes, parts->signature_bytes_len,
                                  (const unsigned char *)parts->header, len) == 1;

    EVP_MD_CTX_free(context);
    return valid;
}

bool token_signature_is_valid(const struct token_key *key, const struct token_parts *parts)
{
    if (key->alg == TOKEN_ES256 && parts->signature_bytes_len != TOKEN_ES256_BYTES)
        return false;
    if (key->alg == TOKEN_EDDSA)
        return token_signature_by_openssl(key, parts);
    return token_signature_by_jose(key, parts);
}
