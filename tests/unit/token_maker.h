/*
 * token_maker.h - keys and tokens for the tests of tokens, made with OpenSSL and not by the code
 * under test.
 *
 * `good_claims` signed under HS is a token that is accepted; tests change one thing in it.
 */
#ifndef FERMATA_TESTS_TOKEN_MAKER_H
#define FERMATA_TESTS_TOKEN_MAKER_H

#include "token/token.h"

#include "base/arena.h"
#include "base/id.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1800000000000 /* ms */
#define HOUR 3600000
#define SECRET "0123456789abcdef0123456789abcdef"

struct fixture {
    struct arena *arena;
    char dir[80];
    EVP_PKEY *rsa, *ec, *ed;
    char *rsa_pem;
    struct token_keys *keys;
    const char *jwks; /* what the issuer answers; null: it is down */
    unsigned fetches;
};

/* ---- making keys ---- */

static inline char *encode(struct arena *arena, const void *data, size_t len)
{
    char *text = arena_alloc(arena, len * 2 + 4);

    base64url_text(data, len, text, len * 2 + 4);
    return text;
}

static inline char *member_of(struct arena *arena, EVP_PKEY *pkey, const char *name, int bytes)
{
    BIGNUM *number = NULL;
    uint8_t data[512];

    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    if (!bytes)
        bytes = BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, data, bytes), bytes);
    BN_free(number);
    return encode(arena, data, (size_t)bytes);
}

static inline char *rsa_jwk(struct arena *arena, EVP_PKEY *pkey, const char *kid, const char *more)
{
    return arena_printf(arena, "{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":\"%s\",\"e\":\"%s\"%s}", kid,
                        member_of(arena, pkey, OSSL_PKEY_PARAM_RSA_N, 0),
                        member_of(arena, pkey, OSSL_PKEY_PARAM_RSA_E, 0), more);
}

static inline char *ec_jwk(struct arena *arena, EVP_PKEY *pkey, const char *kid, const char *more)
{
    return arena_printf(arena,
                        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\",\"x\":\"%s\",\"y\":\"%s\""
                        "%s}",
                        kid, member_of(arena, pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32),
                        member_of(arena, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32), more);
}

static inline char *ed_jwk(struct arena *arena, EVP_PKEY *pkey, const char *kid)
{
    uint8_t data[32];
    size_t len = sizeof(data);

    assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, data, &len), 1);
    return arena_printf(arena, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"%s\",\"x\":\"%s\"}",
                        kid, encode(arena, data, len));
}

static inline char *oct_jwk(struct arena *arena, const char *secret, size_t len, const char *kid)
{
    return arena_printf(arena, "{\"kty\":\"oct\",\"kid\":\"%s\",\"k\":\"%s\"}", kid,
                        encode(arena, secret, len));
}

static inline char *pem_of(struct arena *arena, EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    long len = BIO_get_mem_data(bio, &data);
    char *text = arena_string_n(arena, data, (size_t)len);
    BIO_free(bio);
    return text;
}

static inline void write_file(const struct fixture *fixture, const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline void remove_file(const struct fixture *fixture, const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
    assert_int_equal(unlink(path), 0);
}

/* ---- making tokens ---- */

static inline char *sign_hmac(struct arena *arena, const void *key, size_t key_len,
                              const char *text)
{
    uint8_t hash[32];
    unsigned len = sizeof(hash);

    assert_non_null(
        HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), hash, &len));
    return encode(arena, hash, len);
}

static inline size_t sign_pkey_raw(EVP_PKEY *pkey, const char *text, uint8_t bytes[512])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *md = EVP_PKEY_is_a(pkey, "ED25519") ? NULL : EVP_sha256();
    size_t len = 512;

    assert_int_equal(EVP_DigestSignInit(context, NULL, md, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(context, bytes, &len, (const uint8_t *)text, strlen(text)), 1);
    EVP_MD_CTX_free(context);
    return len;
}

static inline void ecdsa_from_der(const uint8_t *der, size_t der_len, uint8_t raw[64])
{
    const uint8_t *at = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der_len);

    assert_non_null(signature);
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32);
    ECDSA_SIG_free(signature);
}

static inline char *sign_pkey(struct arena *arena, EVP_PKEY *pkey, const char *text)
{
    uint8_t bytes[512], raw[64];
    size_t len = sign_pkey_raw(pkey, text, bytes);

    if (!EVP_PKEY_is_a(pkey, "EC"))
        return encode(arena, bytes, len);
    ecdsa_from_der(bytes, len, raw);
    return encode(arena, raw, sizeof(raw));
}

static inline char *unsigned_token(struct arena *arena, const char *header, const char *claims)
{
    return arena_printf(arena, "%s.%s", encode(arena, header, strlen(header)),
                        encode(arena, claims, strlen(claims)));
}

static inline char *hs_token(struct arena *arena, const char *header, const char *claims)
{
    char *text = unsigned_token(arena, header, claims);

    return arena_printf(arena, "%s.%s", text, sign_hmac(arena, SECRET, strlen(SECRET), text));
}

static inline char *pkey_token(struct arena *arena, EVP_PKEY *pkey, const char *header,
                               const char *claims)
{
    char *text = unsigned_token(arena, header, claims);

    return arena_printf(arena, "%s.%s", text, sign_pkey(arena, pkey, text));
}

#define HS "{\"alg\":\"HS256\",\"kid\":\"hs\"}"
#define RS "{\"alg\":\"RS256\",\"kid\":\"rsa\"}"
#define ES "{\"alg\":\"ES256\",\"kid\":\"ec\"}"
#define ED "{\"alg\":\"EdDSA\",\"kid\":\"ed\"}"

static const char *const good_claims[][2] = {
    {"iss",           "\"https://id.example\""  },
    {"aud",           "\"orchestra\""           },
    {"sub",           "\"alice\""               },
    {"operator_name", "\"acme\""                },
    {"portal_id",     "\"main\""                },
    {"scope",         "\"read run openid halt\""},
    {"iat",           "1799999990"              },
    {"exp",           "1800003600"              },
};

/* The good claims with one of them changed, left out (value null) or added. */
static inline char *claims_with(struct arena *arena, const char *name, const char *value)
{
    char *text = arena_string(arena, "{");
    bool seen = false;

    for (size_t i = 0; i < ARRAY_SIZE(good_claims); i++) {
        const char *now = good_claims[i][1];
        if (strcmp(good_claims[i][0], name) == 0) {
            seen = true;
            now = value;
        }
        if (now)
            text = arena_printf(arena, "%s%s\"%s\":%s", text, text[1] ? "," : "", good_claims[i][0],
                                now);
    }
    if (!seen && value)
        text = arena_printf(arena, "%s,\"%s\":%s", text, name, value);
    return arena_printf(arena, "%s}", text);
}

static inline char *good(struct arena *arena)
{
    return claims_with(arena, "", NULL);
}

static inline enum err verify(struct fixture *fixture, const char *token, int64_t now_ms,
                              struct identity *ret)
{
    return token_verify(fixture->keys, fixture->arena, token, strlen(token), now_ms, ret);
}

#define accepts(fixture, token)                                                                    \
    do {                                                                                           \
        struct identity identity_ = {0};                                                           \
        assert_int_equal(verify(fixture, token, NOW, &identity_), ERR_OK);                         \
        assert_string_equal(identity_.operator_name, "acme");                                      \
    } while (0)

#define refuses(fixture, token)                                                                    \
    do {                                                                                           \
        struct identity identity_ = {0};                                                           \
        assert_int_equal(verify(fixture, token, NOW, &identity_), ERR_UNAUTHENTICATED);            \
        assert_null(identity_.operator_name);                                                      \
    } while (0)

#define accepts_claim(fixture, name, value)                                                        \
    accepts(fixture, hs_token((fixture)->arena, HS, claims_with((fixture)->arena, name, value)))
#define refuses_claim(fixture, name, value)                                                        \
    refuses(fixture, hs_token((fixture)->arena, HS, claims_with((fixture)->arena, name, value)))
#define accepts_header(fixture, header)                                                            \
    accepts(fixture, hs_token((fixture)->arena, header, good((fixture)->arena)))
#define refuses_header(fixture, header)                                                            \
    refuses(fixture, hs_token((fixture)->arena, header, good((fixture)->arena)))

/* ---- fixture ---- */

static inline enum err fetch(void *user, struct arena *arena, const char *url,
                             const char **ret_body, size_t *ret_len)
{
    struct fixture *fixture = user;

    assert_string_equal(url, "https://id.example/jwks");
    fixture->fetches++;
    if (!fixture->jwks)
        return ERR_UNAVAILABLE;
    *ret_body = arena_string(arena, fixture->jwks);
    *ret_len = strlen(fixture->jwks);
    return ERR_OK;
}

static inline enum err open_keys(struct fixture *fixture, bool with_jwks)
{
    struct token_config config = {
        .keys_dir = fixture->dir,
        .issuer = "https://id.example",
        .audience = "orchestra",
        .fetch_user = fixture,
    };

    if (with_jwks) {
        config.jwks_url = "https://id.example/jwks";
        config.fetch = fetch;
    }
    token_keys_close(fixture->keys);
    fixture->keys = NULL;
    return token_keys_open(&config, &fixture->keys);
}

/* Keys take long to make; all tests share them, each has its own folder. */
static EVP_PKEY *shared_rsa, *shared_ec, *shared_ed;

static inline int setup_keys(void **state)
{
    (void)state;
    shared_rsa = EVP_RSA_gen(2048);
    shared_ec = EVP_EC_gen("P-256");
    shared_ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return shared_rsa && shared_ec && shared_ed ? 0 : -1;
}

static inline int teardown_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(shared_rsa);
    EVP_PKEY_free(shared_ec);
    EVP_PKEY_free(shared_ed);
    return 0;
}

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    fixture->arena = arena_new();
    fixture->rsa = shared_rsa;
    fixture->ec = shared_ec;
    fixture->ed = shared_ed;
    snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/test_token.XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    fixture->rsa_pem = pem_of(fixture->arena, fixture->rsa);
    write_file(fixture, "hs.jwk", oct_jwk(fixture->arena, SECRET, strlen(SECRET), "hs"));
    write_file(fixture, "rsa.pem", fixture->rsa_pem);
    write_file(fixture, "more.jwks",
               arena_printf(fixture->arena, "{\"keys\":[%s,%s]}",
                            ec_jwk(fixture->arena, fixture->ec, "ec", ""),
                            ed_jwk(fixture->arena, fixture->ed, "ed")));
    write_file(fixture, "README", "other files are not looked at");
    assert_int_equal(open_keys(fixture, false), ERR_OK);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[128];

    token_keys_close(fixture->keys);
    snprintf(command, sizeof(command), "rm -r %s", fixture->dir);
    assert_int_equal(system(command), 0);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
