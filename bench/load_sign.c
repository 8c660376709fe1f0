/*
 * load_sign.c - a whole request of the Step Functions API, signed, as it goes over the wire.
 *
 * The header fields are those that the SDKs of AWS send and sign.
 */
#include "load_sign.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "sigv4/sigv4.h"

#define SIGN_TYPE "application/x-amz-json-1.0"

/* 2026-11-23T07:19:24.000Z as 20261123T071924Z. */
static const char *sign_date(struct arena *arena)
{
    char text[CLOCK_TEXT_BYTES], *date = arena_alloc(arena, CLOCK_TEXT_BYTES);
    struct clock clock;
    size_t len = 0;

    clock_init_system(&clock);
    clock_format(clock_now_ms(&clock), text);
    for (const char *at = text; *at && *at != '.'; at++) {
        if (*at != '-' && *at != ':')
            date[len++] = *at;
    }
    date[len] = 'Z';
    return date;
}

const char *load_sign(struct arena *arena, const struct load_key *key, uint16_t port,
                      const char *action, const char *body)
{
    const char *date = sign_date(arena);
    const char *host = arena_printf(arena, "127.0.0.1:%u", port);
    const char *target = arena_printf(arena, "AWSStepFunctions.%s", action);
    const struct sigv4_header headers[] = {
        {"host",         host     },
        {"content-type", SIGN_TYPE},
        {"x-amz-date",   date     },
        {"x-amz-target", target   },
    };
    const struct sigv4_request request = {
        .method = "POST", .path = "/", .query = "", .body = body, .body_len = strlen(body)};
    const char *authorization = sigv4_sign(
        arena, &(struct sigv4_signer){key->access_key_id, key->secret, key->region, "states"}, date,
        headers, ARRAY_SIZE(headers), &request);

    return arena_printf(arena,
                        "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: " SIGN_TYPE
                        "\r\nX-Amz-Date: %s\r\nX-Amz-Target: %s\r\nAuthorization: %s\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        host, date, target, authorization, request.body_len, body);
}
