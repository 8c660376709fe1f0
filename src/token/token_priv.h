/*
 * token_priv.h - what the files of token share: keys in sets, the cache, and the steps of a
 * verification.
 *
 * A key knows the one algorithm it may be used with; a token's header only says which of them it
 * claims. Sets are immutable once they stand in `struct token_keys`; they are replaced whole, under
 * the write lock.
 */
#ifndef FERMATA_TOKEN_TOKEN_PRIV_H
#define FERMATA_TOKEN_TOKEN_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/id.h"
#include "token/token.h"

struct json;

#define TOKEN_LOCAL_NAME "fermata" /* issuer and audience of the folder's own key */
#define TOKEN_LOCAL_KID "local"
#define TOKEN_LOCAL_FILE "local.jwk"
#define TOKEN_SECRET_MIN 32 /* bytes */

enum token_alg {
    TOKEN_ALG_NONE, /* never that of a key */
    TOKEN_HS256,
    TOKEN_RS256,
    TOKEN_ES256,
    TOKEN_EDDSA,
};

struct token_key {
    struct token_key *next;
    const char *kid; /* null: only for tokens without kid */
    enum token_alg alg;
    bool is_local; /* the folder's own key: issuer and audience are "fermata" */
    void *jwk;     /* json_t of libjose, all but EdDSA */
    void *pkey;    /* EVP_PKEY, EdDSA */
};

struct token_set {
    struct arena *arena;
    struct token_key *keys;
    unsigned count;
    uint8_t digest[SHA256_BYTES]; /* of what it was read from */
    int64_t good_at_ms;           /* when the JWKS said so last; not used for files */
};

struct token_cache;

struct token_keys {
    struct arena *arena; /* of the configuration's texts */
    struct token_config config;
    struct token_cache *cache;
    pthread_rwlock_t lock; /* guards the sets */
    struct token_set *files, *fetched;
    atomic_uint generation;  /* rises with every change of keys: older cache entries are dead */
    atomic_bool unknown_kid; /* somebody showed a key we do not have: fetch soon */
    /* Of the housekeeping thread alone. */
    int64_t fetched_at_ms; /* last attempt; 0: none yet */
    bool fetch_failed, files_failed;
};

/* token_jwk.c: texts to keys. False with *ret_cause, a constant, when it is none of ours. */
enum token_alg token_alg_parse(const char *name);
struct token_set *token_set_new(void);
void token_set_free(struct token_set *set); /* null is allowed */
bool token_set_add_jwk(struct token_set *set, const struct json *jwk, const char *name,
                       const char **ret_cause);
bool token_set_add_pem(struct token_set *set, const char *text, size_t len, const char *name,
                       const char **ret_cause);
const struct token_key *token_set_find(const struct token_set *set, const char *kid,
                                       enum token_alg alg);

/* token_signature.c: the only file that talks to libjose. */
bool token_key_set_jwk(struct token_key *key, const char *jwk_text);
bool token_key_set_ed25519(struct token_key *key, const uint8_t public_key[32]);
bool token_key_set_pem(struct token_key *key, const char *text, size_t len);
void token_key_done(struct token_key *key);

struct token_parts {
    const char *header, *payload, *signature; /* base64url, not terminated */
    size_t header_len, payload_len, signature_len;
    const uint8_t *signature_bytes;
    size_t signature_bytes_len;
};
bool token_signature_is_valid(const struct token_key *key, const struct token_parts *parts);

/* token_claims.c: null when all is well, else the cause. */
const char *token_claims_read(struct arena *arena, const struct json *claims, const char *issuer,
                              const char *audience, int64_t now_ms, struct identity *ret);

#define TOKEN_FETCHED_KEPT_MS 3600000 /* keys of a JWKS that cannot be fetched any more */

/* token_load.c: a folder or a JWKS to a set. On failure *ret_cause lies in `scratch` and names the
 * file. */
enum err token_load_folder(const char *keys_dir, struct arena *scratch, struct token_set **ret,
                           const char **ret_cause) MUST_CHECK;
enum err token_load_jwks(const char *text, size_t len, struct arena *scratch,
                         struct token_set **ret, const char **ret_cause) MUST_CHECK;

/* token_cache.c */
struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *cache);
bool token_cache_get(struct token_cache *cache, const uint8_t hash[SHA256_BYTES],
                     unsigned generation, int64_t now_ms, struct arena *arena,
                     struct identity *ret);
struct token_cache_entry {
    uint8_t hash[SHA256_BYTES];
    unsigned generation;
    int64_t until_ms; /* it is dead from here on; 0: empty */
    struct identity identity;
};
void token_cache_put(struct token_cache *cache, const struct token_cache_entry *entry);

/* token_file.c */
enum err token_file_read(struct arena *arena, const char *path, const char **ret_text,
                         size_t *ret_len) MUST_CHECK;

#endif
