/*
 * sigv4_priv.h - what the files of this room share: the parsed Authorization header, and the
 * pieces of a signature.
 */
#ifndef FERMATA_SIGV4_SIGV4_PRIV_H
#define FERMATA_SIGV4_SIGV4_PRIV_H

#include "sigv4/sigv4.h"

struct buf;

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define SIGV4_TERMINATOR "aws4_request"
#define SIGV4_SIGNED_HEADERS_MAX 100
#define SIGV4_SIGNATURE_CHARS 64
#define SIGV4_DATE_BYTES 17 /* 20150830T123600Z and NUL */
#define SIGV4_DAY_CHARS 8   /* of which the day */

struct sigv4_authorization {
    const char *access_key_id, *day, *region, *service, *terminator; /* the credential */
    const char **signed_names; /* in lower case, each once, sorted */
    size_t signed_count;
    const char *signature;
};

/* Reads the header's value. Null when it is well formed, else what AWS would say (dated: a date
 * header came, whose absence AWS reports in the same breath). */
const char *sigv4_authorization_parse(struct arena *arena, const char *text, bool dated,
                                      struct sigv4_authorization *ret);
/* Text of the client that may stand in a message: printable ASCII, not long. */
const char *sigv4_shown(struct arena *arena, const char *text);

/* A date header's value, as 20150830T123600Z or (RFC 9110) Sun, 30 Aug 2015 12:36:00 GMT. */
bool sigv4_date_parse(struct arena *arena, const char *text, int64_t *ret_ms);
void sigv4_date_text(int64_t time_ms, char text[SIGV4_DATE_BYTES]);

/* What is signed; headers have lower-case names and are sorted by them. */
struct sigv4_subject {
    const struct sigv4_request *request;
    const struct sigv4_header *headers;
    size_t header_count;
    const char *amz_date; /* 20150830T123600Z */
    const char *region, *service;
};

void sigv4_canonical_request(struct arena *arena, const struct sigv4_subject *subject,
                             struct buf *ret);
void sigv4_signed_headers(const struct sigv4_subject *subject, struct buf *ret);
/* The signature in hexadecimal, which is SIGV4_SIGNATURE_CHARS long. */
const char *sigv4_signature(struct arena *arena, const struct sigv4_subject *subject,
                            const char *secret);

#endif
