/*
 * sigv4.c - the checks of a signed request, in the order in which AWS makes them.
 */
#include "sigv4/sigv4.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/id.h"
#include "sigv4/sigv4_priv.h"

/* What the checks have found out so far. */
struct sigv4_case {
    struct arena *arena;
    const struct sigv4_config *config;
    const struct sigv4_request *request;
    int64_t now_ms;
    const char *date_name, *date; /* the header that says when it was signed */
    int64_t signed_ms;
    struct sigv4_authorization authorization;
    const char *secret;
    const char *message;
};

static const char *const sigv4_types[] = {
    [SIGV4_OK] = NULL,
    [SIGV4_MISSING] = "MissingAuthenticationTokenException",
    [SIGV4_INCOMPLETE] = "IncompleteSignatureException",
    [SIGV4_UNKNOWN_KEY] = "UnrecognizedClientException",
    [SIGV4_SKEWED] = "InvalidSignatureException",
    [SIGV4_WRONG] = "InvalidSignatureException",
};

static const char sigv4_unknown_key[] = "The security token included in the request is invalid.";
static const char sigv4_no_match[] =
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details.";

static enum sigv4_result sigv4_say(struct sigv4_case *it, enum sigv4_result result,
                                   const char *message)
{
    it->message = message;
    return result;
}

static const char *sigv4_field(const struct sigv4_case *it, const char *name, unsigned *ret_count)
{
    const char *value;

    *ret_count = 0;
    value = it->request->header(it->request->user, name, ret_count);
    if (value && *ret_count == 0)
        *ret_count = 1;
    return value;
}

static bool sigv4_is_signed(const struct sigv4_case *it, const char *name)
{
    for (size_t i = 0; i < it->authorization.signed_count; i++) {
        if (strcmp(it->authorization.signed_names[i], name) == 0)
            return true;
    }
    return false;
}

/* The form that signs with query parameters is known by any of them. */
static bool sigv4_query_is_signed(const char *query)
{
    while (*query) {
        size_t len = strcspn(query, "&");

        if (strncasecmp(query, "X-Amz-Signature=", 16) == 0 ||
            strncasecmp(query, "X-Amz-Credential=", 17) == 0 ||
            strncasecmp(query, "X-Amz-Algorithm=", 16) == 0)
            return true;
        query += len;
        query += *query == '&';
    }
    return false;
}

static enum sigv4_result sigv4_read_header(struct sigv4_case *it)
{
    unsigned count, date_count;
    const char *text = sigv4_field(it, "authorization", &count);
    const char *message;

    if (sigv4_query_is_signed(it->request->query))
        return sigv4_say(it, SIGV4_INCOMPLETE,
                         "Signing with query parameters is not supported here; use the "
                         "Authorization header.");
    if (!text || !*text)
        return sigv4_say(it, SIGV4_MISSING, "Missing Authentication Token");
    if (count > 1)
        return sigv4_say(it, SIGV4_INCOMPLETE, "There is more than one Authorization header.");
    it->date_name = "x-amz-date";
    it->date = sigv4_field(it, it->date_name, &date_count);
    if (!it->date) {
        it->date_name = "date";
        it->date = sigv4_field(it, it->date_name, &date_count);
    }
    message = sigv4_authorization_parse(it->arena, text, it->date != NULL, &it->authorization);
    if (message)
        return sigv4_say(it, SIGV4_INCOMPLETE, message);
    CHECK(it->date != NULL);
    if (date_count > 1)
        return sigv4_say(it, SIGV4_INCOMPLETE, "There is more than one date header.");
    if (!sigv4_date_parse(it->arena, it->date, &it->signed_ms))
        return sigv4_say(it, SIGV4_INCOMPLETE,
                         arena_printf(it->arena,
                                      "Date must be in ISO-8601 'basic format'. Got '%s'. See "
                                      "http://en.wikipedia.org/wiki/ISO_8601",
                                      sigv4_shown(it->arena, it->date)));
    return SIGV4_OK;
}

/* What must be signed: where it goes, when, and what it asks for. */
static enum sigv4_result sigv4_check_coverage(struct sigv4_case *it)
{
    unsigned count;

    if (!sigv4_is_signed(it, "host"))
        return sigv4_say(it, SIGV4_WRONG,
                         "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                         "Authorization.");
    if (!sigv4_is_signed(it, it->date_name))
        return sigv4_say(it, SIGV4_WRONG,
                         arena_printf(it->arena,
                                      "'%s' must be a 'SignedHeader' in the AWS Authorization.",
                                      it->date_name[0] == 'x' ? "X-Amz-Date" : "Date"));
    if (sigv4_field(it, "x-amz-target", &count) && !sigv4_is_signed(it, "x-amz-target"))
        return sigv4_say(it, SIGV4_WRONG,
                         "There were headers present in the request which were not signed: "
                         "x-amz-target");
    return SIGV4_OK;
}

/* A session token belongs to a temporary key; the keys here are of the long-lived kind. */
static enum sigv4_result sigv4_find_key(struct sigv4_case *it)
{
    unsigned count;

    it->secret = it->config->secret(it->config->user, it->authorization.access_key_id);
    if (!it->secret || sigv4_field(it, "x-amz-security-token", &count))
        return sigv4_say(it, SIGV4_UNKNOWN_KEY, sigv4_unknown_key);
    return SIGV4_OK;
}

static enum sigv4_result sigv4_check_scope(struct sigv4_case *it)
{
    const struct sigv4_authorization *authorization = &it->authorization;
    char date[SIGV4_DATE_BYTES];

    sigv4_date_text(it->signed_ms, date);
    if (strcmp(authorization->service, it->config->service) != 0)
        return sigv4_say(it, SIGV4_WRONG,
                         arena_printf(it->arena,
                                      "Credential should be scoped to correct service: '%s'.",
                                      it->config->service));
    if (strcmp(authorization->terminator, SIGV4_TERMINATOR) != 0)
        return sigv4_say(
            it, SIGV4_WRONG,
            arena_printf(it->arena,
                         "Credential should be scoped with a valid terminator: '%s', not '%s'.",
                         SIGV4_TERMINATOR, sigv4_shown(it->arena, authorization->terminator)));
    if (strlen(authorization->day) != SIGV4_DAY_CHARS ||
        memcmp(authorization->day, date, SIGV4_DAY_CHARS) != 0)
        return sigv4_say(it, SIGV4_WRONG,
                         arena_printf(it->arena,
                                      "Date in Credential scope does not match YYYYMMDD from "
                                      "ISO-8601 version of date from HTTP: '%s' != '%.*s', from "
                                      "'%s'.",
                                      sigv4_shown(it->arena, authorization->day), SIGV4_DAY_CHARS,
                                      date, date));
    return SIGV4_OK;
}

static enum sigv4_result sigv4_check_skew(struct sigv4_case *it)
{
    int64_t skew_ms = it->config->skew_ms;
    bool early = it->signed_ms > it->now_ms + skew_ms;
    char date[SIGV4_DATE_BYTES], now[SIGV4_DATE_BYTES], limit[SIGV4_DATE_BYTES];

    if (!early && it->signed_ms >= it->now_ms - skew_ms)
        return SIGV4_OK;
    sigv4_date_text(it->signed_ms, date);
    sigv4_date_text(it->now_ms, now);
    sigv4_date_text(it->now_ms + (early ? skew_ms : -skew_ms), limit);
    return sigv4_say(it, SIGV4_SKEWED,
                     arena_printf(it->arena, "%s: %s is %s than %s (%s %c %lld min.)",
                                  early ? "Signature not yet current" : "Signature expired", date,
                                  early ? "still later" : "now earlier", limit, now,
                                  early ? '+' : '-', (long long)(skew_ms / 60000)));
}

static enum sigv4_result sigv4_check_payload(struct sigv4_case *it)
{
    char hash[SHA256_TEXT_BYTES];
    unsigned count;
    const char *sent = sigv4_field(it, "x-amz-content-sha256", &count);

    if (!sent)
        return SIGV4_OK;
    sha256_text(it->request->body, it->request->body_len, hash);
    if (count > 1 || strcmp(sent, hash) != 0)
        return sigv4_say(it, SIGV4_WRONG,
                         "The provided 'x-amz-content-sha256' header does not match what was "
                         "computed.");
    return SIGV4_OK;
}

static enum sigv4_result sigv4_check_signature(struct sigv4_case *it)
{
    const struct sigv4_authorization *authorization = &it->authorization;
    struct sigv4_header *headers =
        ARENA_ARRAY(it->arena, struct sigv4_header, authorization->signed_count);
    char date[SIGV4_DATE_BYTES];
    struct sigv4_subject subject = {.request = it->request,
                                    .headers = headers,
                                    .header_count = authorization->signed_count,
                                    .amz_date = date,
                                    .region = authorization->region,
                                    .service = authorization->service};
    const char *ours;

    for (size_t i = 0; i < authorization->signed_count; i++) {
        unsigned count;

        headers[i].name = authorization->signed_names[i];
        headers[i].value = sigv4_field(it, headers[i].name, &count);
        /* Of a field that came twice we know one value only: it cannot be what was signed. */
        if (!headers[i].value || count > 1)
            return sigv4_say(it, SIGV4_WRONG, sigv4_no_match);
    }
    sigv4_date_text(it->signed_ms, date);
    ours = sigv4_signature(it->arena, &subject, it->secret);
    if (strlen(authorization->signature) != SIGV4_SIGNATURE_CHARS ||
        !equal_constant_time(authorization->signature, ours, SIGV4_SIGNATURE_CHARS))
        return sigv4_say(it, SIGV4_WRONG, sigv4_no_match);
    return SIGV4_OK;
}

static enum sigv4_result (*const sigv4_checks[])(struct sigv4_case *it) = {
    sigv4_read_header, sigv4_check_coverage, sigv4_find_key,        sigv4_check_scope,
    sigv4_check_skew,  sigv4_check_payload,  sigv4_check_signature,
};

enum sigv4_result sigv4_verify(struct arena *arena, const struct sigv4_config *config,
                               const struct sigv4_request *request, int64_t now_ms,
                               struct sigv4_answer *ret)
{
    struct sigv4_case it = {.arena = arena, .config = config, .request = request, .now_ms = now_ms};
    enum sigv4_result result = SIGV4_OK;

    for (size_t i = 0; i < ARRAY_SIZE(sigv4_checks) && result == SIGV4_OK; i++)
        result = sigv4_checks[i](&it);
    *ret = (struct sigv4_answer){.type = sigv4_types[result], .message = it.message};
    if (result == SIGV4_OK) {
        ret->access_key_id = it.authorization.access_key_id;
        ret->region = it.authorization.region;
    }
    return result;
}
