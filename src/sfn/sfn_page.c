/*
 * sfn_page.c - tokens of pages: where the last one ended, good for a day, for the same action and
 * the same filters of the same operator.
 *
 * A token is base64url of: a version byte, the time, two numbers, a name, and a hash of all that
 * and of what it is bound to. It holds no secret and opens nothing: every page is read with the
 * caller's own operator, whatever its token says.
 */
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "sfn/sfn_priv.h"

#define PAGE_LIFE_MS (24 * 3600 * 1000LL)

enum {
    PAGE_VERSION = 1,
    PAGE_NUMBERS = 3, /* the time, a, b */
    PAGE_FIXED = 1 + PAGE_NUMBERS * 8,
    PAGE_HASH = 16,
    PAGE_NAME_BYTES = 640, /* the longest name that a list is in the order of */
    PAGE_BYTES = PAGE_FIXED + PAGE_NAME_BYTES + PAGE_HASH,
    PAGE_TEXT_BYTES = PAGE_BYTES * 4 / 3 + 4,
};

static void page_put(uint8_t *to, int64_t value)
{
    for (int i = 7; i >= 0; i--) {
        to[i] = (uint8_t)value;
        value = (int64_t)((uint64_t)value >> 8);
    }
}

static int64_t page_get(const uint8_t *from)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return (int64_t)value;
}

/* Of the token's bytes and of what it is bound to. */
static void page_hash(struct sfn_call *call, const char *filters, const uint8_t *bytes, size_t len,
                      uint8_t hash[SHA256_BYTES])
{
    struct buf buf;

    buf_init(&buf, call->arena, BUF_BYTES_OWN);
    buf_printf(&buf, "%s\n%s\n%zu\n%s\n", call->action->name, call->actor.operator_name,
               strlen(filters), filters);
    buf_add(&buf, bytes, len);
    sha256(buf.data, buf.len, hash);
}

static bool page_parse(struct sfn_call *call, const char *token, const char *filters,
                       struct sfn_page *page)
{
    int64_t now_ms = clock_now_ms(call->sfn->config.clock), made_at;
    uint8_t bytes[PAGE_BYTES], hash[SHA256_BYTES];
    size_t len;

    if (!base64url_parse(token, strlen(token), bytes, sizeof(bytes), &len) ||
        len < PAGE_FIXED + PAGE_HASH || bytes[0] != PAGE_VERSION)
        return false;
    len -= PAGE_HASH;
    page_hash(call, filters, bytes, len, hash);
    if (memcmp(hash, bytes + len, PAGE_HASH) != 0)
        return false;
    made_at = page_get(bytes + 1);
    page->a = page_get(bytes + 9);
    page->b = page_get(bytes + 17);
    page->name = arena_string_n(call->arena, (const char *)bytes + PAGE_FIXED, len - PAGE_FIXED);
    return made_at <= now_ms && now_ms - made_at <= PAGE_LIFE_MS;
}

enum err sfn_page_read(struct sfn_call *call, int64_t max_results, const char *next_token,
                       const char *filters, struct sfn_page *ret)
{
    *ret = (struct sfn_page){.limit = max_results, .name = ""};
    if (ret->limit <= 0)
        ret->limit = LIMIT_PAGE_ITEMS_DEFAULT;
    if (ret->limit > LIMIT_PAGE_ITEMS)
        ret->limit = LIMIT_PAGE_ITEMS;
    if (!next_token || page_parse(call, next_token, filters, ret))
        return ERR_OK;
    return sfn_refuse(call, "InvalidToken", "Invalid Token: 'Invalid token'");
}

const char *sfn_page_token(struct sfn_call *call, const char *filters, const struct sfn_page *page)
{
    const char *name = page->name ? page->name : "";
    size_t name_len = strlen(name), len = PAGE_FIXED + name_len;
    uint8_t bytes[PAGE_BYTES], hash[SHA256_BYTES];
    char text[PAGE_TEXT_BYTES];

    CHECK(name_len <= PAGE_NAME_BYTES);
    bytes[0] = PAGE_VERSION;
    page_put(bytes + 1, clock_now_ms(call->sfn->config.clock));
    page_put(bytes + 9, page->a);
    page_put(bytes + 17, page->b);
    memcpy(bytes + PAGE_FIXED, name, name_len); /* NOLINT: its length is known */
    page_hash(call, filters, bytes, len, hash);
    memcpy(bytes + len, hash, PAGE_HASH);
    base64url_text(bytes, len + PAGE_HASH, text, sizeof(text));
    return arena_string(call->arena, text);
}
