/*
 * sigv4_sign.c - the signature: the text that is signed, the key of the day, and the header for a
 * client.
 */
#include "sigv4/sigv4_priv.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"

static void sign_hmac(const void *key, size_t key_len, const char *text, uint8_t ret[SHA256_BYTES])
{
    unsigned len = 0;

    CHECK(HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), ret, &len));
    CHECK(len == SHA256_BYTES);
}

/* The key of a day, a region and a service: a chain of HMACs that starts at the secret. */
static void sign_key(struct arena *arena, const struct sigv4_subject *subject, const char *secret,
                     uint8_t ret[SHA256_BYTES])
{
    char *start = arena_printf(arena, "AWS4%s", secret);
    const char *day = arena_string_n(arena, subject->amz_date, SIGV4_DAY_CHARS);
    const char *links[] = {subject->region, subject->service, SIGV4_TERMINATOR};
    uint8_t key[SHA256_BYTES];

    sign_hmac(start, strlen(start), day, ret);
    OPENSSL_cleanse(start, strlen(start));
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        memcpy(key, ret, sizeof(key));
        sign_hmac(key, sizeof(key), links[i], ret);
    }
    OPENSSL_cleanse(key, sizeof(key));
}

const char *sigv4_signature(struct arena *arena, const struct sigv4_subject *subject,
                            const char *secret)
{
    char hash[SHA256_TEXT_BYTES];
    uint8_t key[SHA256_BYTES], signature[SHA256_BYTES];
    struct buf canonical, text;

    buf_init(&canonical, arena, BUF_BYTES_OWN);
    sigv4_canonical_request(arena, subject, &canonical);
    sha256_text(canonical.data, canonical.len, hash);
    buf_init(&text, arena, BUF_BYTES_OWN);
    buf_printf(&text, "%s\n%s\n%.*s/%s/%s/%s\n%s", SIGV4_ALGORITHM, subject->amz_date,
               SIGV4_DAY_CHARS, subject->amz_date, subject->region, subject->service,
               SIGV4_TERMINATOR, hash);
    sign_key(arena, subject, secret, key);
    sign_hmac(key, sizeof(key), text.data, signature);
    OPENSSL_cleanse(key, sizeof(key));
    buf_init(&text, arena, BUF_BYTES_OWN);
    for (size_t i = 0; i < sizeof(signature); i++)
        buf_printf(&text, "%02x", signature[i]);
    return text.data;
}

static int sign_header_compare(const void *a, const void *b)
{
    return strcmp(((const struct sigv4_header *)a)->name, ((const struct sigv4_header *)b)->name);
}

const char *sigv4_sign(struct arena *arena, const struct sigv4_signer *signer, const char *amz_date,
                       const struct sigv4_header *headers, size_t header_count,
                       const struct sigv4_request *request)
{
    struct sigv4_header *sorted = ARENA_ARRAY(arena, struct sigv4_header, header_count + 1);
    struct sigv4_subject subject = {.request = request,
                                    .headers = sorted,
                                    .header_count = header_count,
                                    .amz_date = amz_date,
                                    .region = signer->region,
                                    .service = signer->service};
    struct buf names;

    CHECK(strlen(amz_date) == SIGV4_DATE_BYTES - 1);
    for (size_t i = 0; i < header_count; i++) {
        char *name = arena_string(arena, headers[i].name);

        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        sorted[i] = (struct sigv4_header){.name = name, .value = headers[i].value};
    }
    qsort(sorted, header_count, sizeof(*sorted), sign_header_compare);
    buf_init(&names, arena, BUF_BYTES_OWN);
    sigv4_signed_headers(&subject, &names);
    return arena_printf(arena,
                        SIGV4_ALGORITHM " Credential=%s/%.*s/%s/%s/" SIGV4_TERMINATOR
                                        ", SignedHeaders=%s, Signature=%s",
                        signer->access_key_id, SIGV4_DAY_CHARS, amz_date, signer->region,
                        signer->service, names.len ? names.data : "",
                        sigv4_signature(arena, &subject, signer->secret));
}
