/*
 * token.h - who is calling: JSON Web Tokens in, an identity out (RFC 7519, RFC 8725).
 *
 * The tenant (operator_name) comes from here and from nowhere else. Algorithms are HS256, RS256,
 * ES256 and EdDSA (Ed25519); which of them a key may be used with is fixed by the key's type, never
 * by the token. Every refusal is the same ERR_UNAUTHENTICATED without a cause; the cause goes to
 * the log at debug level, never the token itself. Thread-safe; verified tokens are cached by
 * SHA-256 until they expire.
 */
#ifndef FERMATA_TOKEN_TOKEN_H
#define FERMATA_TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;
struct token_keys;

enum scope {
    SCOPE_READ = 1 << 0,
    SCOPE_RUN = 1 << 1,
    SCOPE_WORK = 1 << 2,
    SCOPE_ANSWER = 1 << 3,
    SCOPE_HALT = 1 << 4,
    SCOPE_ADMIN = 1 << 5,
};
#define SCOPE_ALL_BUT_ADMIN (SCOPE_READ | SCOPE_RUN | SCOPE_WORK | SCOPE_ANSWER | SCOPE_HALT)
/* "read run halt" to bits; false when a word is unknown or the text is empty. */
bool scope_parse(const char *text, unsigned *ret_scopes);
const char *scope_text(struct arena *arena, unsigned scopes);

struct identity {
    const char *operator_name; /* the wall between tenants: 1 to 255 of a-z 0-9 . _ - */
    const char *portal_id;     /* likewise; "unknown" when the claim is absent */
    const char *subject;       /* claim sub: 1 to 255 printable ASCII characters */
    unsigned scopes;
    int64_t expires_at; /* ms */
};

/*
 * A key's kid is its member `kid`, else the file's name without the ending. A token without kid is
 * accepted when its alg leaves only one key. The folder's own key (local.jwk) always has issuer and
 * audience "fermata"; issuer and audience below are those of all other keys.
 */
struct token_config {
    const char *keys_dir; /* files *.jwk / *.jwks (JSON) and *.pem (public keys); may be null */
    const char *jwks_url; /* fetched by `fetch` below; may be null */
    const char *issuer;   /* claim iss must equal it; null: "fermata" */
    const char *audience; /* claim aud must be or contain it; null: "fermata" */
    /* Fetches a URL into the arena (body text), for JWKS; null when jwks_url is null. */
    enum err (*fetch)(void *user, struct arena *arena, const char *url, const char **ret_body,
                      size_t *ret_len);
    void *fetch_user;
};

/* Loads the keys; a secret of fewer than 32 bytes, an unreadable or unknown key refuses the start,
 * with a line in the log that names the file. */
enum err token_keys_open(const struct token_config *config, struct token_keys **ret) MUST_CHECK;
void token_keys_close(struct token_keys *keys); /* null is allowed */
/* Reads the files again and fetches the JWKS when it is due (at the first call; each five minutes;
 * once a minute after a failure or when a token named an unknown key). Called by one housekeeping
 * thread, and once before serving. */
void token_keys_refresh(struct token_keys *keys, int64_t now_ms);

/* `text` is the token itself, without "Bearer ". The identity's strings live in the arena. */
enum err token_verify(struct token_keys *keys, struct arena *arena, const char *text, size_t len,
                      int64_t now_ms, struct identity *ret) MUST_CHECK;

/*
 * Makes the folder's own key when there is none (keys_dir/local.jwk, an HS256 secret of 32 random
 * bytes, file mode 0600, folder 0700) and signs tokens with it. Used by `fermata serve` at its
 * first start and by `fermata token`.
 */
enum err token_local_key(const char *keys_dir) MUST_CHECK;
enum err token_make(const char *keys_dir, const struct identity *identity, int64_t now_ms,
                    struct arena *arena, const char **ret_text) MUST_CHECK;

#endif
