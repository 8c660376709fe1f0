/*
 * token_load.c - sets of keys out of a folder (strict: one bad key refuses all) or a JWKS (what we
 * cannot use is passed over, for an issuer has keys for others, too).
 */
#include "token/token_priv.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_JWKS_KEYS_MAX 100

struct token_loader {
    struct token_set *set;
    struct arena *scratch;
    const char *file, *stem, *text;
    size_t len;
    const char *cause;
};

static const struct json *token_load_json(struct token_loader *loader)
{
    const struct json *value = NULL;
    struct fault fault = {0};

    if (json_parse(loader->scratch, loader->text, loader->len, &value, &fault)) {
        loader->cause = fault.detail ? fault.detail : "it is not JSON";
        return NULL;
    }
    return value;
}

static bool token_load_jwk_file(struct token_loader *loader)
{
    const struct json *jwk = token_load_json(loader);

    if (!jwk || !token_set_add_jwk(loader->set, jwk, loader->stem, &loader->cause))
        return false;
    loader->set->keys->is_local = strcmp(loader->file, TOKEN_LOCAL_FILE) == 0;
    return true;
}

static const struct json *token_load_keys_member(const struct json *jwks)
{
    const struct json *keys = json_get(jwks, "keys");

    return json_is(keys, JSON_ARRAY) ? keys : NULL;
}

static bool token_load_jwks_file(struct token_loader *loader)
{
    const struct json *jwks = token_load_json(loader);
    const struct json *keys = token_load_keys_member(jwks);

    if (jwks && !keys)
        loader->cause = "a JWKS must be an object with an array `keys`";
    if (!keys)
        return false;
    for (uint32_t i = 0; i < keys->count; i++) {
        if (!token_set_add_jwk(loader->set, keys->items[i], loader->stem, &loader->cause))
            return false;
    }
    return true;
}

static bool token_load_pem_file(struct token_loader *loader)
{
    return token_set_add_pem(loader->set, loader->text, loader->len, loader->stem, &loader->cause);
}

static const struct {
    const char *suffix;
    bool (*load)(struct token_loader *loader);
} token_loaders[] = {
    {".jwk",  token_load_jwk_file },
    {".jwks", token_load_jwks_file},
    {".pem",  token_load_pem_file },
};

/* The row for a file name, or -1: other files are not ours. */
static int token_load_kind(const char *file)
{
    const char *suffix = strrchr(file, '.');

    for (size_t i = 0; suffix && suffix != file && i < ARRAY_SIZE(token_loaders); i++) {
        if (strcmp(suffix, token_loaders[i].suffix) == 0)
            return (int)i;
    }
    return -1;
}

static int token_load_is_ours(const struct dirent *entry)
{
    return token_load_kind(entry->d_name) >= 0;
}

static void token_load_digest(struct token_set *set, const char *data, size_t len)
{
    uint8_t both[2 * SHA256_BYTES];

    memcpy(both, set->digest, SHA256_BYTES);
    sha256(data, len, both + SHA256_BYTES);
    sha256(both, sizeof(both), set->digest);
}

static enum err token_load_one(struct token_loader *loader, const char *keys_dir)
{
    const char *path = arena_printf(loader->scratch, "%s/%s", keys_dir, loader->file);
    const char *cause = NULL;
    enum err err = token_file_read(loader->scratch, path, &loader->text, &loader->len);

    loader->stem = arena_string_n(loader->scratch, loader->file,
                                  (size_t)(strrchr(loader->file, '.') - loader->file));
    if (err)
        cause = strerror(errno);
    else if (!token_loaders[token_load_kind(loader->file)].load(loader))
        cause = loader->cause;
    if (cause) {
        loader->cause = arena_printf(loader->scratch, "%s: %s", path, cause);
        return err ? err : ERR_INVALID_REQUEST;
    }
    token_load_digest(loader->set, loader->file, strlen(loader->file));
    token_load_digest(loader->set, loader->text, loader->len);
    return ERR_OK;
}

enum err token_load_folder(const char *keys_dir, struct arena *scratch, struct token_set **ret,
                           const char **ret_cause)
{
    struct token_loader loader = {.set = token_set_new(), .scratch = scratch};
    struct dirent **entries = NULL;
    int count = scandir(keys_dir, &entries, token_load_is_ours, alphasort);
    enum err err = ERR_OK;

    if (count < 0) {
        loader.cause = arena_printf(scratch, "%s: %s", keys_dir, strerror(errno));
        err = ERR_STORAGE_IO;
    }
    for (int i = 0; i < count; i++) {
        loader.file = entries[i]->d_name;
        if (!err)
            err = token_load_one(&loader, keys_dir);
        free(entries[i]);
    }
    free(entries);
    if (err) {
        token_set_free(loader.set);
        *ret_cause = loader.cause;
        return err;
    }
    *ret = loader.set;
    return ERR_OK;
}

/* A secret does not belong into a document that anybody can fetch. */
static bool token_load_is_secret(const struct json *jwk)
{
    const char *kty = json_get_string(jwk, "kty");

    return kty && strcmp(kty, "oct") == 0;
}

enum err token_load_jwks(const char *text, size_t len, struct arena *scratch,
                         struct token_set **ret, const char **ret_cause)
{
    struct token_loader loader = {.scratch = scratch, .text = text, .len = len};
    const struct json *keys = token_load_keys_member(token_load_json(&loader));

    if (!keys || keys->count > TOKEN_JWKS_KEYS_MAX) {
        *ret_cause = loader.cause ? loader.cause : "it must have an array `keys` of at most 100";
        return ERR_INVALID_REQUEST;
    }
    struct token_set *set = token_set_new();
    for (uint32_t i = 0; i < keys->count; i++) {
        const char *cause = "a symmetric key must not be published";
        if (token_load_is_secret(keys->items[i]) ||
            !token_set_add_jwk(set, keys->items[i], NULL, &cause))
            log_debug("token", "key %u of the JWKS is passed over: %s", i, cause);
    }
    token_load_digest(set, text, len);
    *ret = set;
    return ERR_OK;
}
