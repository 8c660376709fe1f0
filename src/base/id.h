/*
 * id.h - ids that rise with time, and secrets.
 *
 * An id is 63 bits: 41 bits of milliseconds since 2024-01-01 UTC, 10 bits of node, 12 bits of
 * count. Rows made together lie together, which is worth as much as group commit
 * (docs/decisions/0002). On the wire it is 13 characters of Crockford's base 32, lower case; text
 * order is number order.
 */
#ifndef FERMATA_BASE_ID_H
#define FERMATA_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define ID_TEXT_BYTES 14  /* 13 characters and NUL */
#define ID2_TEXT_BYTES 27 /* two ids, one after the other, and NUL */

struct id_source {
    struct clock *clock;
    uint32_t node;
    _Atomic int64_t last;
};

void id_source_init(struct id_source *source, struct clock *clock, uint32_t node);
int64_t id_next(struct id_source *source); /* any thread */
/* A run of `count` ids: the first, and each ID_STEP behind the one before. */
#define ID_STEP 1024
int64_t id_block(struct id_source *source, int64_t count);

void id_text(int64_t id, char text[ID_TEXT_BYTES]);
bool id_parse(const char *text, size_t len, int64_t *ret);
/* Two ids in 26 characters: what names a halt (its tree and itself). */
void id2_text(int64_t first, int64_t second, char text[ID2_TEXT_BYTES]);
bool id2_parse(const char *text, int64_t *ret_first, int64_t *ret_second);

/* Random bytes from the kernel; stops the process when there are none. */
void id_random(void *bytes, size_t len);
/* A UUID of version 4 (RFC 9562) out of 16 random bytes. */
#define UUID_TEXT_BYTES 37
void uuid_text(const uint8_t random[16], char text[UUID_TEXT_BYTES]);

/* SHA-256, and hexadecimal / base64url (no padding) text of bytes. */
#define SHA256_BYTES 32
#define SHA256_TEXT_BYTES 65
void sha256(const void *data, size_t len, uint8_t hash[SHA256_BYTES]);
void sha256_text(const void *data, size_t len, char text[SHA256_TEXT_BYTES]);
/* The text is NUL-terminated; capacity must hold it. Returns its length. */
size_t base64url_text(const void *data, size_t len, char *text, size_t capacity);
/* Strict: no padding, canonical last bits. False when it is not base64url or does not fit. */
bool base64url_parse(const char *text, size_t len, uint8_t *data, size_t capacity, size_t *ret_len);
bool equal_constant_time(const void *a, const void *b, size_t len);

#endif
