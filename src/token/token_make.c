/*
 * token_make.c - the folder's own key, and tokens signed with it (HS256).
 *
 * The key appears whole or not at all: it is written to a file of another name, made durable, and
 * then linked to its own name, which fails when another process was faster; then that one's key is
 * the folder's.
 */
#include "token/token_priv.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_SECRET_BYTES 32
#define TOKEN_SECRET_BYTES_MAX 1024

static enum err token_make_failed(const char *what, const char *path)
{
    enum err err = errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_STORAGE_IO;

    log_error("token", "cannot %s %s: %s", what, path, strerror(errno));
    return err;
}

static const char *token_make_key_text(struct arena *arena)
{
    uint8_t secret[TOKEN_SECRET_BYTES];
    char text[64];

    id_random(secret, sizeof(secret));
    base64url_text(secret, sizeof(secret), text, sizeof(text));
    OPENSSL_cleanse(secret, sizeof(secret));
    return arena_printf(
        arena, "{\"kty\":\"oct\",\"kid\":\"" TOKEN_LOCAL_KID "\",\"alg\":\"HS256\",\"k\":\"%s\"}\n",
        text);
}

static bool token_make_write(const char *path, const char *text)
{
    size_t len = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done;

    if (fd < 0)
        return false;
    done = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    int saved = errno;
    close(fd);
    errno = saved;
    return done;
}

static bool token_make_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done;

    if (fd < 0)
        return false;
    done = fsync(fd) == 0;
    close(fd);
    return done;
}

static enum err token_make_key(const char *keys_dir, const char *path, struct arena *arena)
{
    uint64_t random;
    enum err err = ERR_OK;

    id_random(&random, sizeof(random));
    const char *draft =
        arena_printf(arena, "%s/.local.%016llx.tmp", keys_dir, (unsigned long long)random);
    if (!token_make_write(draft, token_make_key_text(arena)))
        err = token_make_failed("write", draft);
    else if (link(draft, path) && errno != EEXIST)
        err = token_make_failed("make", path);
    unlink(draft);
    if (!err && !token_make_sync_folder(keys_dir))
        err = token_make_failed("make durable", keys_dir);
    return err;
}

enum err token_local_key(const char *keys_dir)
{
    struct arena *arena = arena_new();
    const char *path = arena_printf(arena, "%s/" TOKEN_LOCAL_FILE, keys_dir);
    struct stat info;
    enum err err = ERR_OK;

    if (mkdir(keys_dir, 0700) && errno != EEXIST)
        err = token_make_failed("make the folder", keys_dir);
    else if (stat(path, &info))
        err = errno == ENOENT ? token_make_key(keys_dir, path, arena)
                              : token_make_failed("look at", path);
    arena_free(arena);
    return err;
}

/* The secret of the folder's own key. */
static enum err token_make_secret(const char *keys_dir, struct arena *arena,
                                  uint8_t secret[TOKEN_SECRET_BYTES_MAX], size_t *ret_len)
{
    const char *path = arena_printf(arena, "%s/" TOKEN_LOCAL_FILE, keys_dir);
    const struct json *jwk = NULL;
    struct fault fault = {0};
    const char *text = NULL;
    size_t len;
    enum err err = token_file_read(arena, path, &text, &len);

    if (err == ERR_NOT_FOUND) {
        log_error("token", "there is no key %s", path);
        return err;
    }
    if (err)
        return token_make_failed("read", path);
    if (!json_parse(arena, text, len, &jwk, &fault)) {
        const char *k = json_get_string(jwk, "k");
        if (k && base64url_parse(k, strlen(k), secret, TOKEN_SECRET_BYTES_MAX, ret_len) &&
            *ret_len >= TOKEN_SECRET_MIN)
            return ERR_OK;
    }
    log_error("token", "%s is not a key that can sign", path);
    return ERR_INVALID_REQUEST;
}

static const struct json *token_make_claims(struct arena *arena, const struct identity *identity,
                                            int64_t now_ms)
{
    struct json *claims = json_object(arena);
    uint8_t random[16];
    char id[32];

    id_random(random, sizeof(random));
    base64url_text(random, sizeof(random), id, sizeof(id));
    json_add(arena, claims, "iss", json_string(arena, TOKEN_LOCAL_NAME));
    json_add(arena, claims, "aud", json_string(arena, TOKEN_LOCAL_NAME));
    json_add(arena, claims, "sub", json_string(arena, identity->subject));
    json_add(arena, claims, "operator_name", json_string(arena, identity->operator_name));
    if (identity->portal_id)
        json_add(arena, claims, "portal_id", json_string(arena, identity->portal_id));
    json_add(arena, claims, "scope", json_string(arena, scope_text(arena, identity->scopes)));
    json_add(arena, claims, "iat", json_int(arena, now_ms / 1000));
    json_add(arena, claims, "exp", json_int(arena, identity->expires_at / 1000));
    json_add(arena, claims, "jti", json_string(arena, id));
    return claims;
}

static char *token_make_encode(struct arena *arena, const void *data, size_t len)
{
    size_t capacity = len * 4 / 3 + 4;
    char *text = arena_alloc(arena, capacity);

    base64url_text(data, len, text, capacity);
    return text;
}

static const char *token_make_signed(struct arena *arena, const struct json *claims,
                                     const uint8_t *secret, size_t secret_len)
{
    static const char header[] =
        "{\"alg\":\"HS256\",\"kid\":\"" TOKEN_LOCAL_KID "\",\"typ\":\"JWT\"}";
    const char *payload = json_text(arena, claims);
    const char *text =
        arena_printf(arena, "%s.%s", token_make_encode(arena, header, strlen(header)),
                     token_make_encode(arena, payload, strlen(payload)));
    uint8_t hash[SHA256_BYTES];
    unsigned hash_len = sizeof(hash);

    CHECK(HMAC(EVP_sha256(), secret, (int)secret_len, (const uint8_t *)text, strlen(text), hash,
               &hash_len));
    return arena_printf(arena, "%s.%s", text, token_make_encode(arena, hash, sizeof(hash)));
}

enum err token_make(const char *keys_dir, const struct identity *identity, int64_t now_ms,
                    struct arena *arena, const char **ret_text)
{
    const struct json *claims = token_make_claims(arena, identity, now_ms);
    const char *cause = token_claims_read(arena, claims, TOKEN_LOCAL_NAME, TOKEN_LOCAL_NAME, now_ms,
                                          &(struct identity){0});
    uint8_t secret[TOKEN_SECRET_BYTES_MAX];
    size_t secret_len;
    enum err err;

    if (cause) {
        log_error("token", "no token can say this: %s", cause);
        return ERR_INVALID_REQUEST;
    }
    err = token_make_secret(keys_dir, arena, secret, &secret_len);
    if (err)
        return err;
    *ret_text = token_make_signed(arena, claims, secret, secret_len);
    OPENSSL_cleanse(secret, sizeof(secret));
    return ERR_OK;
}
