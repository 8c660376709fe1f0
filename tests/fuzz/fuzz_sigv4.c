/*
 * fuzz_sigv4.c - no request makes the verifier stumble, none is accepted that we did not sign, and
 * what we sign of the same request is.
 *
 * The input is lines: method, path, query, then header fields `name:value` until an empty line,
 * then the body.
 */
#include "sigv4/sigv4.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

#define FUZZ_FIELDS_MAX 40
#define FUZZ_NOW INT64_C(1440938160000) /* 2015-08-30T12:36:00Z */
#define FUZZ_DATE "20150830T123600Z"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_request {
    struct sigv4_header fields[FUZZ_FIELDS_MAX + 3];
    size_t count;
};

static const char *fuzz_header(void *user, const char *name, unsigned *ret_count)
{
    const struct fuzz_request *request = user;
    const char *value = NULL;

    *ret_count = 0;
    for (size_t i = 0; i < request->count; i++) {
        if (strcasecmp(request->fields[i].name, name) != 0)
            continue;
        value = value ? value : request->fields[i].value;
        (*ret_count)++;
    }
    return value;
}

static const char *fuzz_secret(void *user, const char *access_key_id)
{
    (void)user;
    return strcmp(access_key_id, "AKIDEXAMPLE") == 0 ? "secret" : NULL;
}

/* Cuts a line off; "" at the end. */
static char *fuzz_line(char **text)
{
    char *line = *text;
    size_t len = strcspn(line, "\n");

    *text = line + len + (line[len] == '\n');
    line[len] = '\0';
    return line;
}

static void fuzz_fields(struct fuzz_request *request, char **text)
{
    while (request->count < FUZZ_FIELDS_MAX) {
        char *line = fuzz_line(text);
        char *colon = strchr(line, ':');

        if (!colon)
            return;
        *colon = '\0';
        request->fields[request->count++] = (struct sigv4_header){line, colon + 1};
    }
}

static enum sigv4_result fuzz_verify(struct arena *arena, const struct sigv4_request *request)
{
    struct sigv4_config config = {.service = "states", .skew_ms = 300000, .secret = fuzz_secret};
    struct sigv4_answer answer;
    enum sigv4_result result = sigv4_verify(arena, &config, request, FUZZ_NOW, &answer);

    CHECK((result == SIGV4_OK) == (answer.access_key_id != NULL));
    CHECK((result == SIGV4_OK) == (answer.type == NULL));
    CHECK((result == SIGV4_OK) == (answer.message == NULL));
    for (const char *c = answer.message ? answer.message : ""; *c; c++)
        CHECK(*c >= ' ' && *c <= '~');
    return result;
}

static bool fuzz_is_token(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    }
    return *name != '\0';
}

/* Keeps of the fields what a client could sign: names once, and none that we set. */
static void fuzz_clean(struct fuzz_request *request)
{
    static const char *const ours[] = {
        "host", "x-amz-date", "authorization", "x-amz-content-sha256", "x-amz-security-token",
    };
    struct fuzz_request clean = {0};

    for (size_t i = 0; i < request->count; i++) {
        const char *name = request->fields[i].name;
        unsigned count;
        bool taken = fuzz_header(&clean, name, &count) != NULL || !fuzz_is_token(name);

        for (size_t j = 0; j < ARRAY_SIZE(ours); j++)
            taken |= strcasecmp(name, ours[j]) == 0;
        if (!taken)
            clean.fields[clean.count++] = request->fields[i];
    }
    clean.fields[clean.count++] = (struct sigv4_header){"Host", "example.com"};
    clean.fields[clean.count++] = (struct sigv4_header){"X-Amz-Date", FUZZ_DATE};
    *request = clean;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    char *text = arena_string_n(arena, (const char *)data, size);
    struct fuzz_request fields = {0};
    struct sigv4_request request = {.header = fuzz_header, .user = &fields};
    enum sigv4_result result;

    request.method = fuzz_line(&text);
    request.path = fuzz_line(&text);
    request.query = fuzz_line(&text);
    fuzz_fields(&fields, &text);
    request.body = text;
    request.body_len = strlen(text);
    fuzz_verify(arena, &request);

    fuzz_clean(&fields);
    fields.fields[fields.count] = (struct sigv4_header){
        "Authorization",
        sigv4_sign(arena, &(struct sigv4_signer){"AKIDEXAMPLE", "secret", "r", "states"}, FUZZ_DATE,
                   fields.fields, fields.count, &request)};
    fields.count++;
    result = fuzz_verify(arena, &request);
    /* The only reason left: it is signed in the query as well. */
    CHECK(result == SIGV4_OK || (result == SIGV4_INCOMPLETE && strcasestr(request.query, "x-amz")));
    request.body = "changed";
    request.body_len = strlen(request.body);
    if (strcmp(text, request.body) != 0)
        CHECK(fuzz_verify(arena, &request) != SIGV4_OK);
    arena_free(arena);
    return 0;
}
