/*
 * fetch.c - gets the identity provider's keys (JWKS) over HTTPS.
 */
#include "serve/fetch.h"

#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"

enum { FETCH_BYTES_MAX = 1 << 20, FETCH_TIMEOUT_MS = 10000 };

static size_t fetch_take(char *data, size_t size, size_t count, void *user)
{
    struct buf *buf = user;

    buf_add(buf, data, size * count);
    return buf->overflow ? 0 : size * count;
}

enum err fetch_url(void *user, struct arena *arena, const char *url, const char **ret_body,
                   size_t *ret_len)
{
    CURL *curl = curl_easy_init();
    struct buf buf;
    long status = 0;
    CURLcode code;

    (void)user;
    if (!curl)
        return ERR_UNAVAILABLE;
    buf_init(&buf, arena, FETCH_BYTES_MAX);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)FETCH_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, fetch_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &buf);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK || status != 200) {
        log_warn("serve.jwks", "the keys could not be fetched: %s, status %ld",
                 curl_easy_strerror(code), status);
        return ERR_UNAVAILABLE;
    }
    *ret_body = buf.data;
    *ret_len = buf.len;
    return ERR_OK;
}
