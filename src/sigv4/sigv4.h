/*
 * sigv4.h - AWS Signature Version 4: was this request signed with the secret of a key we know?
 *
 * Pure: the request's parts come in as text, the secret is asked for by a function. Both forms are
 * read: the Authorization header, and, for tests of clients, nothing else (query signing is not
 * used by the Step Functions clients and is refused). Source: "AWS Signature Version 4 signing
 * process" of the AWS general reference.
 */
#ifndef FERMATA_SIGV4_SIGV4_H
#define FERMATA_SIGV4_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct arena;

struct sigv4_header {
    const char *name, *value; /* as sent */
};

struct sigv4_request {
    const char *method, *path, *query; /* as sent; query without '?', "" when there is none */
    /* The value of a header field, by name in any case; null when absent. *ret_count: how many of
     * that name came. */
    const char *(*header)(void *user, const char *name, unsigned *ret_count);
    void *user;
    const char *body;
    size_t body_len;
};

/* What became of it, in AWS's words: the name is the error's __type. */
enum sigv4_result {
    SIGV4_OK,
    SIGV4_MISSING,     /* MissingAuthenticationTokenException: no Authorization header at all */
    SIGV4_INCOMPLETE,  /* IncompleteSignatureException: a header that lacks parts or is malformed */
    SIGV4_UNKNOWN_KEY, /* UnrecognizedClientException: no such access key, or a session token that
                          is not its own */
    SIGV4_SKEWED,      /* InvalidSignatureException: signed too long ago or too far ahead */
    SIGV4_WRONG,       /* InvalidSignatureException: the signature does not match */
};

struct sigv4_config {
    const char *service; /* "states" */
    int64_t skew_ms;     /* how far X-Amz-Date may be from now, 5 minutes on AWS */
    /* The secret of an access key id, in the arena or for ever; null when there is no such key. */
    const char *(*secret)(void *user, const char *access_key_id);
    void *user;
};

struct sigv4_answer {
    const char *access_key_id; /* set when SIGV4_OK */
    const char *region;        /* of the credential scope */
    const char *type;          /* __type of the error */
    const char *message;       /* what AWS would say; never holds a secret or a signature of ours */
};

/* Strings of *ret live in the arena or for ever. Signatures are compared in constant time; the
 * signed headers must hold host and x-amz-date (or date), and x-amz-content-sha256 when it came
 * must be the body's. */
enum sigv4_result sigv4_verify(struct arena *arena, const struct sigv4_config *config,
                               const struct sigv4_request *request, int64_t now_ms,
                               struct sigv4_answer *ret);

/* Who signs, and for which service where. */
struct sigv4_signer {
    const char *access_key_id, *secret, *region, *service;
};
/* The Authorization header's value for a request, for tests and for our own client. */
const char *sigv4_sign(struct arena *arena, const struct sigv4_signer *signer, const char *amz_date,
                       const struct sigv4_header *headers, size_t header_count,
                       const struct sigv4_request *request);

#endif
