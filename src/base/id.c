/*
 * id.c - ids that rise with time, and secrets.
 */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

enum { ID_NODE_BITS = 10, ID_COUNT_BITS = 12, ID_TIME_SHIFT = ID_NODE_BITS + ID_COUNT_BITS };
#define ID_EPOCH_MS INT64_C(1704067200000) /* 2024-01-01 UTC */
#define ID_TIME_MAX ((INT64_C(1) << 41) - 1)

_Static_assert(ID_STEP == 1 << ID_NODE_BITS, "the node stands in the low bits");

static const char id_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_source_init(struct id_source *source, struct clock *clock, uint32_t node)
{
    CHECK(node < 1u << ID_NODE_BITS);
    source->clock = clock;
    source->node = node;
    atomic_store(&source->last, 0);
}

/* In the present millisecond, or right behind the last one when that is later: then ids run ahead
 * of the clock for a moment, and the count flows over into the time. */
int64_t id_block(struct id_source *source, int64_t count)
{
    int64_t now = clock_now_ms(source->clock) - ID_EPOCH_MS;
    int64_t last = atomic_load(&source->last);
    int64_t first;

    CHECK(count >= 1);
    CHECK(now <= ID_TIME_MAX);
    if (now < 0)
        now = 0;
    do {
        first = (now << ID_TIME_SHIFT) | (int64_t)source->node;
        if (first <= last)
            first = last + ID_STEP;
    } while (!atomic_compare_exchange_weak(&source->last, &last, first + (count - 1) * ID_STEP));
    return first;
}

int64_t id_next(struct id_source *source)
{
    return id_block(source, 1);
}

void id_text(int64_t id, char text[ID_TEXT_BYTES])
{
    uint64_t rest = (uint64_t)id;

    CHECK(id >= 0);
    for (int i = ID_TEXT_BYTES - 2; i >= 0; i--) {
        text[i] = id_digits[rest & 31];
        rest >>= 5;
    }
    text[ID_TEXT_BYTES - 1] = '\0';
}

/* Strict: every id has one spelling, so upper case and Crockford's look-alikes (i, l, o) are
 * refused. */
bool id_parse(const char *text, size_t len, int64_t *ret)
{
    uint64_t id = 0;

    if (len != ID_TEXT_BYTES - 1 || text[0] > '7')
        return false;
    for (size_t i = 0; i < len; i++) {
        const char *digit = text[i] ? strchr(id_digits, text[i]) : NULL;

        if (!digit)
            return false;
        id = id << 5 | (uint64_t)(digit - id_digits);
    }
    *ret = (int64_t)id;
    return true;
}

void id2_text(int64_t first, int64_t second, char text[ID2_TEXT_BYTES])
{
    id_text(first, text);
    id_text(second, text + ID_TEXT_BYTES - 1);
}

bool id2_parse(const char *text, int64_t *ret_first, int64_t *ret_second)
{
    int64_t first, second;

    if (strlen(text) != ID2_TEXT_BYTES - 1)
        return false;
    if (!id_parse(text, ID_TEXT_BYTES - 1, &first))
        return false;
    if (!id_parse(text + ID_TEXT_BYTES - 1, ID_TEXT_BYTES - 1, &second))
        return false;
    *ret_first = first;
    *ret_second = second;
    return true;
}

void id_random(void *bytes, size_t len)
{
    uint8_t *at = bytes;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            die("the kernel gives no random bytes: %s", strerror(errno));
        at += got;
        len -= (size_t)got;
    }
}

static EVP_MD *id_sha256_method;

/* Fetched once: an implicit fetch in every call costs more than hashing a short text. */
static void id_sha256_fetch(void)
{
    id_sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!id_sha256_method)
        die("OpenSSL has no SHA-256");
}

void sha256(const void *data, size_t len, uint8_t hash[SHA256_BYTES])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, id_sha256_fetch);
    if (EVP_Digest(data, len, hash, NULL, id_sha256_method, NULL) != 1)
        die("SHA-256 failed");
}

void sha256_text(const void *data, size_t len, char text[SHA256_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t hash[SHA256_BYTES];

    sha256(data, len, hash);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = hex[hash[i] >> 4];
        text[2 * i + 1] = hex[hash[i] & 15];
    }
    text[SHA256_TEXT_BYTES - 1] = '\0';
}

static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_text(const void *data, size_t len, char *text, size_t capacity)
{
    const uint8_t *bytes = data;
    size_t out = 0;
    uint32_t bits = 0;
    int held = 0;

    CHECK(len < SIZE_MAX / 2);
    CHECK(capacity > len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0));
    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | bytes[i]) & 0xffff;
        for (held += 8; held >= 6; held -= 6)
            text[out++] = base64url_digits[bits >> (held - 6) & 63];
    }
    if (held)
        text[out++] = base64url_digits[bits << (6 - held) & 63];
    text[out] = '\0';
    return out;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

bool base64url_parse(const char *text, size_t len, uint8_t *data, size_t capacity, size_t *ret_len)
{
    size_t out = 0;
    uint32_t bits = 0;
    int held = 0;

    if (len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        int value = base64url_value(text[i]);

        if (value < 0)
            return false;
        bits = (bits << 6 | (uint32_t)value) & 0xffff;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (out == capacity)
            return false;
        data[out++] = (uint8_t)(bits >> held);
    }
    if (bits & ((1u << held) - 1))
        return false;
    *ret_len = out;
    return true;
}

bool equal_constant_time(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void uuid_text(const uint8_t random[16], char text[UUID_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    char *to = text;

    for (int i = 0; i < 16; i++) {
        uint8_t byte = random[i];

        if (i == 6)
            byte = (uint8_t)((byte & 0x0f) | 0x40); /* the version */
        if (i == 8)
            byte = (uint8_t)((byte & 0x3f) | 0x80); /* the variant */
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = hex[byte >> 4];
        *to++ = hex[byte & 15];
    }
    *to = '\0';
}
