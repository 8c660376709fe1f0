/*
 * sigv4_authorization.c - the Authorization header and the date beside it, from text to parts.
 *
 *   AWS4-HMAC-SHA256 Credential=ID/20150830/us-east-1/states/aws4_request, SignedHeaders=host;
 *   x-amz-date, Signature=(64 hexadecimal digits)
 *
 * on one line; the parts in any order, with or without space behind the commas. A part that is
 * not known is left alone; one that comes twice makes the header malformed.
 */
#include "sigv4/sigv4_priv.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"

enum authorization_part {
    AUTHORIZATION_CREDENTIAL,
    AUTHORIZATION_SIGNATURE,
    AUTHORIZATION_SIGNED_HEADERS,
    AUTHORIZATION_PARTS,
};

/* In the order in which AWS misses them. */
static const char *const authorization_names[] = {
    [AUTHORIZATION_CREDENTIAL] = "Credential",
    [AUTHORIZATION_SIGNATURE] = "Signature",
    [AUTHORIZATION_SIGNED_HEADERS] = "SignedHeaders",
};

#define SHOWN_CHARS 128

const char *sigv4_shown(struct arena *arena, const char *text)
{
    size_t len = strlen(text);
    char *shown = arena_string_n(arena, text, len < SHOWN_CHARS ? len : SHOWN_CHARS);

    for (char *c = shown; *c; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return shown;
}

/* A header's value may hold a secret that went astray: AWS shows its hash only, and so do we. */
static const char *authorization_hash(struct arena *arena, const char *text)
{
    uint8_t hash[SHA256_BYTES];
    char *shown = arena_alloc(arena, SHA256_BYTES * 2);

    sha256(text, strlen(text), hash);
    EVP_EncodeBlock((uint8_t *)shown, hash, sizeof(hash));
    return shown;
}

static const char *authorization_missing(struct arena *arena, const char *text,
                                         const char *const parts[AUTHORIZATION_PARTS], bool dated)
{
    struct buf buf;

    buf_init(&buf, arena, BUF_BYTES_OWN);
    for (size_t i = 0; i < AUTHORIZATION_PARTS; i++) {
        if (!parts[i])
            buf_printf(&buf, "Authorization header requires '%s' parameter. ",
                       authorization_names[i]);
    }
    if (!dated)
        buf_text(&buf, "Authorization header requires existence of either a 'X-Amz-Date' or a "
                       "'Date' header. ");
    if (buf.len == 0)
        return NULL;
    buf_printf(&buf, "(Hashed with SHA-256 and encoded with Base64) Authorization=%s",
               authorization_hash(arena, text));
    return buf.data;
}

/* One `Name=value`, trimmed. Null when it is well formed. */
static const char *authorization_part(struct arena *arena, const char *text, char *part,
                                      const char *parts[AUTHORIZATION_PARTS])
{
    char *equals = strchr(part, '=');

    if (!equals)
        return arena_printf(arena,
                            "Invalid key=value pair (missing equal-sign) in Authorization header "
                            "(hashed with SHA-256 and encoded with Base64): '%s'.",
                            authorization_hash(arena, text));
    *equals = '\0';
    for (size_t i = 0; i < AUTHORIZATION_PARTS; i++) {
        if (strcmp(part, authorization_names[i]) != 0)
            continue;
        if (parts[i])
            return arena_printf(arena, "Authorization header has more than one '%s' parameter.",
                                authorization_names[i]);
        parts[i] = equals[1] ? equals + 1 : NULL;
    }
    return NULL;
}

static const char *authorization_parts(struct arena *arena, const char *text, const char *list,
                                       const char *parts[AUTHORIZATION_PARTS])
{
    while (*list) {
        size_t len = strcspn(list, ",");
        size_t skip = strspn(list, " \t");
        size_t end = len;
        const char *message;

        while (end > skip && (list[end - 1] == ' ' || list[end - 1] == '\t'))
            end--;
        if (end > skip) {
            message = authorization_part(arena, text,
                                         arena_string_n(arena, list + skip, end - skip), parts);
            if (message)
                return message;
        }
        list += len;
        list += *list == ',';
    }
    return NULL;
}

/* id/day/region/service/terminator */
static const char *authorization_credential(struct arena *arena, const char *credential,
                                            struct sigv4_authorization *ret)
{
    const char *fields[5] = {0};
    char *at = arena_string(arena, credential);
    size_t count = 0;
    bool well = strcmp(sigv4_shown(arena, credential), credential) == 0;

    while (well && at && count < ARRAY_SIZE(fields)) {
        char *slash = strchr(at, '/');

        if (slash)
            *slash = '\0';
        well = *at != '\0';
        fields[count++] = at;
        at = slash ? slash + 1 : NULL;
    }
    if (!well || at || count != ARRAY_SIZE(fields))
        return arena_printf(arena,
                            "Credential must have exactly 5 slash-delimited elements, e.g. "
                            "keyid/date/region/service/term, got '%s'",
                            sigv4_shown(arena, credential));
    ret->access_key_id = fields[0];
    ret->day = fields[1];
    ret->region = fields[2];
    ret->service = fields[3];
    ret->terminator = fields[4];
    return NULL;
}

static int authorization_name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool authorization_is_name(const char *name)
{
    return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")] == 0;
}

static const char *authorization_signed(struct arena *arena, const char *list,
                                        struct sigv4_authorization *ret)
{
    const char **names = ARENA_ARRAY(arena, const char *, SIGV4_SIGNED_HEADERS_MAX);
    char *at = arena_string(arena, list);
    size_t count = 0;

    while (at) {
        char *end = strchr(at, ';');

        if (end)
            *end = '\0';
        if (count == SIGV4_SIGNED_HEADERS_MAX)
            return arena_printf(arena, "SignedHeaders names more than %d header fields.",
                                SIGV4_SIGNED_HEADERS_MAX);
        if (!authorization_is_name(at))
            return arena_printf(arena,
                                "SignedHeaders must be header names in lower case with ';' between "
                                "them, got '%s'",
                                sigv4_shown(arena, list));
        names[count++] = at;
        at = end ? end + 1 : NULL;
    }
    qsort(names, count, sizeof(*names), authorization_name_compare);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            return arena_printf(arena, "SignedHeaders names '%s' more than once.",
                                sigv4_shown(arena, names[i]));
    }
    ret->signed_names = names;
    ret->signed_count = count;
    return NULL;
}

const char *sigv4_authorization_parse(struct arena *arena, const char *text, bool dated,
                                      struct sigv4_authorization *ret)
{
    const char *parts[AUTHORIZATION_PARTS] = {0};
    const char *algorithm, *message;
    size_t len;

    text += strspn(text, " \t");
    len = strcspn(text, " \t");
    algorithm = arena_string_n(arena, text, len);
    if (strcmp(algorithm, SIGV4_ALGORITHM) != 0)
        return arena_printf(arena, "Unsupported AWS 'algorithm': '%s'.",
                            sigv4_shown(arena, strchr(algorithm, '=') ? "" : algorithm));
    message = authorization_parts(arena, text, text + len, parts);
    if (!message)
        message = authorization_missing(arena, text, parts, dated);
    if (message)
        return message;
    CHECK(parts[AUTHORIZATION_CREDENTIAL] && parts[AUTHORIZATION_SIGNED_HEADERS]);
    ret->signature = parts[AUTHORIZATION_SIGNATURE];
    message = authorization_credential(arena, parts[AUTHORIZATION_CREDENTIAL], ret);
    if (!message)
        message = authorization_signed(arena, parts[AUTHORIZATION_SIGNED_HEADERS], ret);
    return message;
}

/* 20150830T123600Z */
static const char *authorization_basic_date(struct arena *arena, const char *text)
{
    static const char form[] = "dddddddd"
                               "Tdddddd"
                               "Z";

    if (strlen(text) != sizeof(form) - 1)
        return NULL;
    for (size_t i = 0; i < sizeof(form) - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (form[i] == 'd' ? !digit : text[i] != form[i])
            return NULL;
    }
    return arena_printf(arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6, text + 9,
                        text + 11, text + 13);
}

/* Sun, 30 Aug 2015 12:36:00 GMT; the name of the day is not compared. */
static const char *authorization_http_date(struct arena *arena, const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    if (strlen(text) != strlen("Sun, 30 Aug 2015 12:36:00 GMT") || memcmp(text + 3, ", ", 2) != 0 ||
        text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || strcmp(text + 25, " GMT") != 0)
        return NULL;
    for (int i = 0; i < 12; i++) {
        if (memcmp(text + 8, months + 3 * i, 3) == 0)
            return arena_printf(arena, "%.4s-%02d-%.2sT%.8sZ", text + 12, i + 1, text + 5,
                                text + 17);
    }
    return NULL;
}

bool sigv4_date_parse(struct arena *arena, const char *text, int64_t *ret_ms)
{
    const char *plain;

    text += strspn(text, " \t");
    plain = authorization_basic_date(arena, text);
    if (!plain)
        plain = authorization_http_date(arena, text);
    return plain && clock_parse(plain, strlen(plain), ret_ms);
}

void sigv4_date_text(int64_t time_ms, char text[SIGV4_DATE_BYTES])
{
    char full[CLOCK_TEXT_BYTES];
    size_t len = 0;

    clock_format(time_ms, full);
    for (const char *c = full; *c && *c != '.' && len < SIGV4_DATE_BYTES - 2; c++) {
        if (*c != '-' && *c != ':')
            text[len++] = *c;
    }
    text[len++] = 'Z';
    text[len] = '\0';
}
