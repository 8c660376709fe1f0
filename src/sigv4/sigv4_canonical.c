/*
 * sigv4_canonical.c - the canonical request: the one text that client and server make of a request.
 */
#include "sigv4/sigv4_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"

struct canonical_pair {
    const char *name, *value;
};

static bool canonical_is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.~", c) != NULL);
}

static void canonical_encode(struct buf *buf, const char *text, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (canonical_is_unreserved(text[i])) {
            buf_char(buf, text[i]);
            continue;
        }
        buf_char(buf, '%');
        buf_char(buf, digits[c >> 4]);
        buf_char(buf, digits[c & 15]);
    }
}

static int canonical_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/*
 * The path without empty and dot segments, each segment encoded. It was sent encoded, so that
 * what had an escape is encoded twice, as every service but S3 wants it.
 */
static void canonical_path(struct arena *arena, struct buf *buf, const char *path)
{
    size_t len = strlen(path);
    const char **segments = ARENA_ARRAY(arena, const char *, len / 2 + 1);
    size_t *lengths = ARENA_ARRAY(arena, size_t, len / 2 + 1);
    size_t count = 0;
    const char *at = path;

    while (*at) {
        size_t n = strcspn(at, "/");

        if (n == 2 && memcmp(at, "..", 2) == 0) {
            count -= count > 0;
        } else if (n > 0 && !(n == 1 && *at == '.')) {
            segments[count] = at;
            lengths[count++] = n;
        }
        at += n;
        at += *at == '/';
    }
    for (size_t i = 0; i < count; i++) {
        buf_char(buf, '/');
        canonical_encode(buf, segments[i], lengths[i]);
    }
    if (count == 0 || path[len - 1] == '/')
        buf_char(buf, '/');
}

/* Decoded and encoded again: `%7e` and `~` are the same. A '+' is a plus sign here. */
static const char *canonical_again(struct arena *arena, const char *text, size_t len)
{
    char *plain = arena_alloc(arena, len + 1);
    size_t n = 0;
    struct buf buf;

    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? canonical_digit(text[i + 1]) : -1;
        int low = high >= 0 ? canonical_digit(text[i + 2]) : -1;

        plain[n] = text[i];
        if (low >= 0) {
            plain[n] = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        n++;
    }
    buf_init(&buf, arena, BUF_BYTES_OWN);
    canonical_encode(&buf, plain, n);
    return buf.len ? buf.data : "";
}

static int canonical_pair_compare(const void *a, const void *b)
{
    const struct canonical_pair *one = a, *other = b;
    int order = strcmp(one->name, other->name);

    return order ? order : strcmp(one->value, other->value);
}

static void canonical_query(struct arena *arena, struct buf *buf, const char *query)
{
    struct canonical_pair *pairs = ARENA_ARRAY(arena, struct canonical_pair, strlen(query) / 2 + 1);
    size_t count = 0;

    while (*query) {
        size_t len = strcspn(query, "&");
        const char *equals = memchr(query, '=', len);
        size_t name_len = equals ? (size_t)(equals - query) : len;

        if (len > 0) {
            pairs[count].name = canonical_again(arena, query, name_len);
            pairs[count].value =
                equals ? canonical_again(arena, equals + 1, len - name_len - 1) : "";
            count++;
        }
        query += len;
        query += *query == '&';
    }
    if (count > 0)
        qsort(pairs, count, sizeof(*pairs), canonical_pair_compare);
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s%s=%s", i ? "&" : "", pairs[i].name, pairs[i].value);
}

/* Without space around it, each run of space inside as one. */
static void canonical_value(struct buf *buf, const char *value)
{
    bool first = true;

    value += strspn(value, " \t");
    while (*value) {
        size_t len = strcspn(value, " \t");

        if (!first)
            buf_char(buf, ' ');
        buf_add(buf, value, len);
        first = false;
        value += len;
        value += strspn(value, " \t");
    }
}

void sigv4_signed_headers(const struct sigv4_subject *subject, struct buf *ret)
{
    for (size_t i = 0; i < subject->header_count; i++) {
        if (i)
            buf_char(ret, ';');
        buf_text(ret, subject->headers[i].name);
    }
}

void sigv4_canonical_request(struct arena *arena, const struct sigv4_subject *subject,
                             struct buf *ret)
{
    const struct sigv4_request *request = subject->request;
    char hash[SHA256_TEXT_BYTES];

    buf_text(ret, request->method);
    buf_char(ret, '\n');
    canonical_path(arena, ret, request->path);
    buf_char(ret, '\n');
    canonical_query(arena, ret, request->query);
    buf_char(ret, '\n');
    for (size_t i = 0; i < subject->header_count; i++) {
        buf_text(ret, subject->headers[i].name);
        buf_char(ret, ':');
        canonical_value(ret, subject->headers[i].value);
        buf_char(ret, '\n');
    }
    buf_char(ret, '\n');
    sigv4_signed_headers(subject, ret);
    sha256_text(request->body, request->body_len, hash);
    buf_char(ret, '\n');
    buf_text(ret, hash);
}
