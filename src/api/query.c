/*
 * query.c - the parameters of a GET: ?name=value&name=value, strictly.
 *
 * A misspelled filter must not quietly show more: unknown, repeated, empty and badly encoded
 * parameters are refused. The gate calls query_check first, so that the others need not look again.
 */
#include "api/api_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/name.h"

struct query_part {
    const char *name;
    size_t name_len;
    const char *value; /* as sent; null: no '=' */
    size_t value_len;
    const char *next; /* null: it was the last */
};

static struct query_part query_part(const char *at)
{
    size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
    struct query_part part = {.name = at, .name_len = name_len};

    if (name_len < len) {
        part.value = at + name_len + 1;
        part.value_len = len - name_len - 1;
    }
    part.next = at[len] ? at + len + 1 : NULL;
    return part;
}

static bool query_is(const struct query_part *part, const char *name)
{
    return strlen(name) == part->name_len && memcmp(part->name, name, part->name_len) == 0;
}

static int query_hex(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    if (!at)
        return -1;
    return (int)(at - digits < 16 ? at - digits : at - digits - 6);
}

/* The length of a well-formed UTF-8 sequence (RFC 3629) at `at`, of at most `left` bytes; 0: it is
 * none. */
static size_t query_utf8(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char from, to, second_from, second_to;
        size_t len;
    } forms[] = {
        {0x01, 0x7f, 0,    0,    1},
        {0xc2, 0xdf, 0x80, 0xbf, 2},
        {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4},
        {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t form = 0;

    while (form < ARRAY_SIZE(forms) && (*at < forms[form].from || *at > forms[form].to))
        form++;
    if (form == ARRAY_SIZE(forms) || forms[form].len > left)
        return 0;
    if (forms[form].len > 1 && (at[1] < forms[form].second_from || at[1] > forms[form].second_to))
        return 0;
    for (size_t i = 2; i < forms[form].len; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    }
    return forms[form].len;
}

/* The decoded value, or null when it is not UTF-8 in percent-encoding, or holds a NUL. */
static const char *query_decode(struct arena *arena, const char *text, size_t len)
{
    char *value = arena_alloc(arena, len + 1);
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        int high, low;

        if (text[i] != '%') {
            value[count++] = text[i];
            continue;
        }
        high = i + 2 < len ? query_hex(text[i + 1]) : -1;
        low = i + 2 < len ? query_hex(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return NULL;
        value[count++] = (char)(high * 16 + low);
        i += 2;
    }
    for (size_t i = 0; i < count;) {
        size_t step = query_utf8((const unsigned char *)value + i, count - i);

        if (!step)
            return NULL;
        i += step;
    }
    return value;
}

static enum err query_refuse(struct call *call, const char *name, const char *detail)
{
    const char *pointer = name ? arena_printf(call->arena, "/query/%s", name) : "/query";

    return fault_set(&call->fault, call->arena, ERR_INVALID_REQUEST, pointer, "%s", detail);
}

/* The route's own name of a parameter, or null. */
static const char *query_known(const struct call *call, const struct query_part *part)
{
    const char *const *names = call->route->query;

    for (; names && *names; names++) {
        if (query_is(part, *names))
            return *names;
    }
    return NULL;
}

static enum err query_refuse_unknown(struct call *call, const struct query_part *part)
{
    const char *name = arena_string_n(call->arena, part->name, part->name_len);

    return query_refuse(call, name_is_valid(name) ? name : NULL, "there is no such parameter");
}

static bool query_repeats(const struct query_part *part, const char *name)
{
    for (const char *at = part->next; at;) {
        struct query_part other = query_part(at);

        if (query_is(&other, name))
            return true;
        at = other.next;
    }
    return false;
}

const char *query_path_id(struct arena *arena, const char *segment)
{
    const char *id = query_decode(arena, segment, strlen(segment));

    return id ? id : "";
}

enum err query_check(struct call *call)

{
    const char *at = net_query(call->request);

    while (at && *at) {
        struct query_part part = query_part(at);
        const char *name = query_known(call, &part);

        if (!name)
            return query_refuse_unknown(call, &part);
        if (query_repeats(&part, name))
            return query_refuse(call, name, "this parameter stands there twice");
        if (!part.value || !part.value_len)
            return query_refuse(call, name, "this parameter needs a value");
        if (!query_decode(call->arena, part.value, part.value_len))
            return query_refuse(call, name, "expected UTF-8 in percent-encoding, without NUL");
        at = part.next;
        if (at && !*at)
            return query_refuse(call, NULL, "the query ends in an '&'");
    }
    return ERR_OK;
}

const char *query_get(struct call *call, const char *name)
{
    const char *at = net_query(call->request);

    while (at && *at) {
        struct query_part part = query_part(at);

        if (query_is(&part, name) && part.value)
            return query_decode(call->arena, part.value, part.value_len);
        at = part.next;
    }
    return NULL;
}

/* Decimal digits without a leading zero; false when it is none or too large. */
static bool query_number(const char *text, int64_t *ret)
{
    int64_t value = 0;

    if (*text < '1' || *text > '9' || strlen(text) > 18)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (*text - '0');
    }
    *ret = value;
    return true;
}

enum err query_int(struct call *call, const char *name, int64_t max, int64_t *ret)
{
    const char *text = query_get(call, name);
    int64_t value;

    if (!text)
        return ERR_OK;
    if (!query_number(text, &value) || value > max)
        return query_refuse(call, name,
                            arena_printf(call->arena, "expected 1 to %lld", (long long)max));
    *ret = value;
    return ERR_OK;
}

enum err query_limit(struct call *call, int64_t *ret)
{
    *ret = LIMIT_PAGE_ITEMS_DEFAULT;
    return query_int(call, "limit", LIMIT_PAGE_ITEMS, ret);
}

enum err query_cursor(struct call *call, int64_t *ret_a, int64_t *ret_b)
{
    const char *text = query_get(call, "cursor");

    *ret_a = 0;
    *ret_b = 0;
    if (!text)
        return ERR_OK;
    if (!id2_parse(text, ret_a, ret_b))
        return query_refuse(call, "cursor", "expected a next_cursor of this list, as it was given");
    return ERR_OK;
}

const char *cursor_text(struct arena *arena, int64_t a, int64_t b)
{
    char text[ID2_TEXT_BYTES];

    id2_text(a, b, text);
    return arena_string(arena, text);
}

enum err query_name_cursor(struct call *call, const char **ret)
{
    const char *text = query_get(call, "cursor");

    *ret = "";
    if (!text)
        return ERR_OK;
    if (!name_may_be(text))
        return query_refuse(call, "cursor", "expected a next_cursor of this list, as it was given");
    *ret = text;
    return ERR_OK;
}
