/*
 * sfn_keys_file.c - the file of access keys: read strictly, and made with one key at the first
 * start.
 *
 * One bad row refuses the whole file: a key that is not there is found out at once, one that means
 * something else than its author thought is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "engine/arn.h"
#include "sfn/sfn_core.h"
#include "token/token.h"

#define KEYS_ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define KEYS_FILE_BYTES_MAX ((size_t)1 << 20)
#define KEYS_COUNT_MAX 10000

/* ---- reading ---- */

static bool keys_is_of(const char *text, const char *allowed, size_t min, size_t max)
{
    size_t len = strlen(text);

    return len >= min && len <= max && strspn(text, allowed) == len;
}

static bool keys_is_id(const char *text)
{
    return keys_is_of(text, KEYS_ALNUM "_-", 16, 128);
}

static bool keys_is_secret(const char *text)
{
    return keys_is_of(text, KEYS_ALNUM "+/=_-", 32, 256);
}

static bool keys_is_name(const char *text)
{
    return keys_is_of(text, "abcdefghijklmnopqrstuvwxyz0123456789._-", 1, LIMIT_OPERATOR_BYTES);
}

static bool keys_is_subject(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c < ' ' || *c > '~')
            return false;
    }
    return *text && strlen(text) <= LIMIT_OPERATOR_BYTES;
}

static bool keys_is_account(const char *text)
{
    return keys_is_of(text, "0123456789", 12, 12);
}

static bool keys_is_scope(const char *text)
{
    unsigned scopes;

    return scope_parse(text, &scopes);
}

struct keys_row {
    const char *access_key_id, *secret_access_key;
    const char *operator_name, *portal_id, *subject;
    const char *scope, *account_id;
};

static const struct keys_member {
    const char *name;
    size_t offset;
    bool is_required;
    bool (*is_valid)(const char *text);
    const char *form;
} keys_members[] = {
    {"access_key_id",     offsetof(struct keys_row, access_key_id),     true,  keys_is_id,
     "16 to 128 of A-Z a-z 0-9 _ -"                                                                        },
    {"secret_access_key", offsetof(struct keys_row, secret_access_key), true,  keys_is_secret,
     "32 to 256 of A-Z a-z 0-9 + / = _ -"                                                                  },
    {"operator_name",     offsetof(struct keys_row, operator_name),     true,  keys_is_name,
     "1 to 255 of a-z 0-9 . _ -"                                                                           },
    {"portal_id",         offsetof(struct keys_row, portal_id),         false, keys_is_name,
     "1 to 255 of a-z 0-9 . _ -"                                                                           },
    {"subject",           offsetof(struct keys_row, subject),           false, keys_is_subject,
     "1 to 255 printable ASCII characters"                                                                 },
    {"scope",             offsetof(struct keys_row, scope),             false, keys_is_scope,
     "some of: read run work answer halt admin"                                                            },
    {"account_id",        offsetof(struct keys_row, account_id),        false, keys_is_account, "12 digits"},
};

static const struct keys_member *keys_member_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys_members); i++) {
        if (strcmp(keys_members[i].name, name) == 0)
            return &keys_members[i];
    }
    return NULL;
}

/* Null when all is well, else the cause. */
static const char *keys_read_row(struct arena *arena, const struct json *json, struct keys_row *row)
{
    if (!json_is(json, JSON_OBJECT))
        return "an object was expected";
    for (uint32_t i = 0; i < json->count; i++) {
        const struct keys_member *member = keys_member_find(json->members[i].name);
        const struct json *value = json->members[i].value;

        if (!member)
            return "it has a member of an unknown name";
        if (!json_is(value, JSON_STRING) || !member->is_valid(value->string))
            return arena_printf(arena, "%s: expected %s", member->name, member->form);
        *(const char **)((char *)row + member->offset) = value->string;
    }
    for (size_t i = 0; i < ARRAY_SIZE(keys_members); i++) {
        if (keys_members[i].is_required && !json_get(json, keys_members[i].name))
            return arena_printf(arena, "%s is missing", keys_members[i].name);
    }
    return NULL;
}

static struct sfn_key keys_key(const struct keys_row *row)
{
    struct sfn_key key = {
        .access_key_id = row->access_key_id,
        .secret_access_key = row->secret_access_key,
        .operator_name = row->operator_name,
        .portal_id = row->portal_id ? row->portal_id : "unknown",
        .subject = row->subject ? row->subject : row->access_key_id,
        .account_id = row->account_id ? row->account_id : ARN_ACCOUNT_DEFAULT,
        .scopes = SCOPE_ALL_BUT_ADMIN,
    };

    if (row->scope)
        CHECK(scope_parse(row->scope, &key.scopes));
    return key;
}

static bool keys_has(const struct sfn_key_list *keys, const char *access_key_id)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->list[i].access_key_id, access_key_id) == 0) /* NOLINT: never null */
            return true;
    }
    return false;
}

enum err sfn_keys_parse(struct arena *arena, const char *text, size_t len, struct sfn_key_list *ret,
                        const char **ret_cause)
{
    const struct json *json = NULL;
    struct fault fault = {0};

    *ret = (struct sfn_key_list){0};
    *ret_cause = "an array of keys was expected";
    if (json_parse(arena, text, len, &json, &fault))
        *ret_cause = fault.detail ? fault.detail : "it is not JSON";
    if (!json_is(json, JSON_ARRAY) || json->count > KEYS_COUNT_MAX)
        return ERR_INVALID_REQUEST;
    ret->list = ARENA_ARRAY(arena, struct sfn_key, json->count + 1);
    for (uint32_t i = 0; i < json->count; i++) {
        struct keys_row row = {0};
        const char *cause = keys_read_row(arena, json->items[i], &row);

        if (!cause && keys_has(ret, row.access_key_id))
            cause = "its access_key_id stands there twice";
        if (cause) {
            *ret_cause = arena_printf(arena, "key %u: %s", i + 1, cause);
            return ERR_INVALID_REQUEST;
        }
        ret->list[ret->count++] = keys_key(&row);
    }
    return ERR_OK;
}

enum err sfn_keys_read(struct arena *arena, const char *path, const char **ret_text,
                       size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    char *text;
    bool failed;

    if (!file)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE_IO;
    text = arena_alloc(arena, KEYS_FILE_BYTES_MAX + 1);
    *ret_len = fread(text, 1, KEYS_FILE_BYTES_MAX + 1, file);
    *ret_text = text;
    failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return ERR_STORAGE_IO;
    errno = EFBIG;
    return *ret_len > KEYS_FILE_BYTES_MAX ? ERR_STORAGE_IO : ERR_OK;
}

/* ---- making ---- */

static enum err keys_fail(const char *what, const char *path)
{
    enum err err = errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_STORAGE_IO;

    log_error("sfn.keys", "cannot %s %s: %s", what, path, strerror(errno));
    return err;
}

/* Letters and digits that nobody mistakes for one another; 32 of them, five bits each. */
static void keys_random_id(char *text, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t bytes[32];

    CHECK(len <= sizeof(bytes));
    id_random(bytes, len);
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[bytes[i] % 32];
}

static const char *keys_make_text(struct arena *arena)
{
    char id[] = "FERMATA.............";
    uint8_t random[30];
    char secret[44];

    keys_random_id(id + 7, sizeof(id) - 8);
    id_random(random, sizeof(random));
    base64url_text(random, sizeof(random), secret, sizeof(secret));
    return arena_printf(arena,
                        "[\n  {\n"
                        "    \"access_key_id\": \"%s\",\n"
                        "    \"secret_access_key\": \"%s\",\n"
                        "    \"operator_name\": \"default\",\n"
                        "    \"subject\": \"local\",\n"
                        "    \"scope\": \"%s\",\n"
                        "    \"account_id\": \"" ARN_ACCOUNT_DEFAULT "\"\n"
                        "  }\n]\n",
                        id, secret, scope_text(arena, SCOPE_ALL_BUT_ADMIN));
}

/* Whole or not at all, and never over a file that has come meanwhile. */
static bool keys_write(struct arena *arena, const char *path, const char *text)
{
    const char *beside = arena_printf(arena, "%s.new", path);
    size_t len = strlen(text);
    bool done;
    int fd, saved;

    unlink(beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    done = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    close(fd);
    done = done && (link(beside, path) == 0 || errno == EEXIST);
    saved = errno;
    unlink(beside);
    errno = saved;
    return done;
}

enum err sfn_keys_local(const char *keys_dir, bool *ret_made)
{
    struct arena *arena = arena_new();
    const char *path = arena_printf(arena, "%s/" SFN_KEYS_FILE, keys_dir);
    struct stat info;
    enum err err = ERR_OK;

    *ret_made = false;
    if (mkdir(keys_dir, 0700) && errno != EEXIST)
        err = keys_fail("make the folder", keys_dir);
    else if (stat(path, &info) == 0)
        err = ERR_OK;
    else if (errno != ENOENT)
        err = keys_fail("look at", path);
    else if (keys_write(arena, path, keys_make_text(arena)))
        *ret_made = true;
    else
        err = keys_fail("write", path);
    arena_free(arena);
    return err;
}
