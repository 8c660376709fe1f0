/*
 * fetch.h - gets the identity provider's keys (JWKS) over HTTPS.
 */
#ifndef FERMATA_SERVE_FETCH_H
#define FERMATA_SERVE_FETCH_H

#include <stddef.h>

#include "base/err.h"

struct arena;

/* At most 1 MiB, 10 s, no redirects, no proxy or credentials from the environment. The URL is the
 * operator's setting. */
enum err fetch_url(void *user, struct arena *arena, const char *url, const char **ret_body,
                   size_t *ret_len) MUST_CHECK;

#endif
