/*
 * token_claims.c - what a verified token says, claim by claim; and the words of its scope.
 *
 * The table is the whole of what is looked at; claims that are not in it are ignored. The
 * operator's name keeps tenants apart, so it has one spelling: lower-case ASCII letters, digits,
 * dot, underscore and hyphen. portal_id follows the same rule.
 */
#include "token/token_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

#include <string.h>
#include <strings.h>

#define TOKEN_SKEW_MS 60000
#define TOKEN_TIME_S_MAX 253402300799 /* the end of the year 9999 */

static const struct {
    enum scope scope;
    const char *word;
} token_scopes[] = {
    {SCOPE_READ,   "read"  },
    {SCOPE_RUN,    "run"   },
    {SCOPE_WORK,   "work"  },
    {SCOPE_ANSWER, "answer"},
    {SCOPE_HALT,   "halt"  },
    {SCOPE_ADMIN,  "admin" },
};

static unsigned token_scope_word(const char *word, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(token_scopes); i++) {
        if (strlen(token_scopes[i].word) == len && memcmp(token_scopes[i].word, word, len) == 0)
            return token_scopes[i].scope;
    }
    return 0;
}

/* The known words' bits; *ret_unknown says whether there were others. */
static unsigned token_scope_read(const char *text, bool *ret_unknown)
{
    unsigned scopes = 0;

    *ret_unknown = false;
    while (*text) {
        size_t len = strcspn(text, " ");
        unsigned scope = token_scope_word(text, len);
        if (len && !scope)
            *ret_unknown = true;
        scopes |= scope;
        text += len;
        text += strspn(text, " ");
    }
    return scopes;
}

bool scope_parse(const char *text, unsigned *ret_scopes)
{
    bool unknown;
    unsigned scopes = token_scope_read(text, &unknown);

    if (unknown || !scopes)
        return false;
    *ret_scopes = scopes;
    return true;
}

const char *scope_text(struct arena *arena, unsigned scopes)
{
    struct buf buf;

    buf_init(&buf, arena, 64);
    for (size_t i = 0; i < ARRAY_SIZE(token_scopes); i++) {
        if (!(scopes & token_scopes[i].scope))
            continue;
        if (buf.len)
            buf_char(&buf, ' ');
        buf_text(&buf, token_scopes[i].word);
    }
    return buf.len ? buf.data : "";
}

struct token_reader {
    struct arena *arena;
    const char *issuer, *audience;
    int64_t now_ms;
    struct identity *identity;
};

static bool token_read_time(const struct json *value, int64_t *ret_ms)
{
    if (!json_is(value, JSON_INT) || value->integer < 0 || value->integer > TOKEN_TIME_S_MAX)
        return false;
    *ret_ms = value->integer * 1000;
    return true;
}

static bool token_read_exp(struct token_reader *reader, const struct json *value)
{
    int64_t *until_ms = &reader->identity->expires_at;

    return token_read_time(value, until_ms) && reader->now_ms < *until_ms;
}

static bool token_read_past(struct token_reader *reader, const struct json *value)
{
    int64_t from_ms;

    return token_read_time(value, &from_ms) && from_ms <= reader->now_ms + TOKEN_SKEW_MS;
}

static bool token_is_text(const struct json *value, const char *text)
{
    return json_is(value, JSON_STRING) && strcmp(value->string, text) == 0;
}

static bool token_read_iss(struct token_reader *reader, const struct json *value)
{
    return token_is_text(value, reader->issuer);
}

static bool token_read_aud(struct token_reader *reader, const struct json *value)
{
    bool found = token_is_text(value, reader->audience);

    for (uint32_t i = 0; json_is(value, JSON_ARRAY) && i < value->count; i++) {
        if (!json_is(value->items[i], JSON_STRING))
            return false;
        found = found || token_is_text(value->items[i], reader->audience);
    }
    return found;
}

/* Some issuers say in the claims, too, what kind of token it is. */
static bool token_read_typ(struct token_reader *reader, const struct json *value)
{
    static const char *const kinds[] = {"Bearer", "JWT", "at+jwt"};

    (void)reader;
    for (size_t i = 0; json_is(value, JSON_STRING) && i < ARRAY_SIZE(kinds); i++) {
        if (strcasecmp(value->string, kinds[i]) == 0)
            return true;
    }
    return false;
}

static bool token_read_text(struct token_reader *reader, const struct json *value,
                            bool (*is_allowed)(char c), const char **ret)
{
    if (!json_is(value, JSON_STRING) || !value->count || value->count > LIMIT_OPERATOR_BYTES)
        return false;
    for (uint32_t i = 0; i < value->count; i++) {
        if (!is_allowed(value->string[i]))
            return false;
    }
    *ret = arena_string_n(reader->arena, value->string, value->count);
    return true;
}

static bool token_is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static bool token_is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

static bool token_read_operator(struct token_reader *reader, const struct json *value)
{
    return token_read_text(reader, value, token_is_name_char, &reader->identity->operator_name);
}

static bool token_read_portal(struct token_reader *reader, const struct json *value)
{
    return token_read_text(reader, value, token_is_name_char, &reader->identity->portal_id);
}

static bool token_read_subject(struct token_reader *reader, const struct json *value)
{
    return token_read_text(reader, value, token_is_printable, &reader->identity->subject);
}

/* Words we do not know are other services' business. */
static bool token_read_scope(struct token_reader *reader, const struct json *value)
{
    bool unknown;

    if (!json_is(value, JSON_STRING))
        return false;
    reader->identity->scopes = token_scope_read(value->string, &unknown);
    return true;
}

static const struct {
    const char *name;
    bool required;
    bool (*read)(struct token_reader *reader, const struct json *value);
    const char *cause;
} token_claims[] = {
    {"exp",           true,  token_read_exp,      "exp is missing, past or not a whole number"},
    {"nbf",           false, token_read_past,     "nbf is in the future or not a whole number"},
    {"iat",           false, token_read_past,     "iat is in the future or not a whole number"},
    {"iss",           true,  token_read_iss,      "iss is not our issuer"                     },
    {"aud",           true,  token_read_aud,      "aud is not us"                             },
    {"typ",           false, token_read_typ,      "typ is not that of an access token"        },
    {"operator_name", true,  token_read_operator, "operator_name is missing or not valid"     },
    {"portal_id",     false, token_read_portal,   "portal_id is not valid"                    },
    {"sub",           true,  token_read_subject,  "sub is missing or not valid"               },
    {"scope",         false, token_read_scope,    "scope is not a string"                     },
};

const char *token_claims_read(struct arena *arena, const struct json *claims, const char *issuer,
                              const char *audience, int64_t now_ms, struct identity *ret)
{
    struct identity identity = {.portal_id = "unknown"};
    struct token_reader reader = {
        .arena = arena,
        .issuer = issuer,
        .audience = audience,
        .now_ms = now_ms,
        .identity = &identity,
    };

    if (!json_is(claims, JSON_OBJECT))
        return "the claims are not an object";
    for (size_t i = 0; i < ARRAY_SIZE(token_claims); i++) {
        const struct json *value = json_get(claims, token_claims[i].name);
        if (value ? !token_claims[i].read(&reader, value) : token_claims[i].required)
            return token_claims[i].cause;
    }
    *ret = identity;
    return NULL;
}
