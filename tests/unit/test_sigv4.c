/*
 * test_sigv4.c - signatures of others are accepted, and nothing that was changed on the way is.
 *
 * The vectors are the examples that AWS publishes with its signing process, and signatures made by
 * botocore, the signer of the AWS command line.
 */
#include "sigv4/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "unit.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define ALGORITHM "AWS4-HMAC-SHA256 "
#define FIELDS_MAX 110

struct message {
    const char *method, *path, *query, *body;
    struct sigv4_header fields[FIELDS_MAX];
};

static const char *message_header(void *user, const char *name, unsigned *ret_count)
{
    const struct message *message = user;
    const char *value = NULL;

    *ret_count = 0;
    for (size_t i = 0; i < FIELDS_MAX && message->fields[i].name; i++) {
        if (strcasecmp(message->fields[i].name, name) != 0)
            continue;
        value = value ? value : message->fields[i].value;
        (*ret_count)++;
    }
    return value;
}

static const char *message_secret(void *user, const char *access_key_id)
{
    (void)user;
    return strcmp(access_key_id, KEY_ID) == 0 ? SECRET : NULL;
}

static int64_t time_of(const char *text)
{
    int64_t time_ms = 0;

    assert_true(clock_parse(text, strlen(text), &time_ms));
    return time_ms;
}

static struct sigv4_request request_of(const struct message *message)
{
    return (struct sigv4_request){.method = message->method,
                                  .path = message->path,
                                  .query = message->query,
                                  .header = message_header,
                                  .user = (void *)message,
                                  .body = message->body,
                                  .body_len = strlen(message->body)};
}

static enum sigv4_result verify_at(struct arena *arena, const struct message *message,
                                   const char *service, const char *now, struct sigv4_answer *ret)
{
    struct sigv4_config config = {.service = service, .skew_ms = 300000, .secret = message_secret};
    struct sigv4_request request = request_of(message);

    return sigv4_verify(arena, &config, &request, time_of(now), ret);
}

static int sigv4_set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int sigv4_tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

/* ---- signatures of others ---- */

/* All were signed at one moment with one key, for a service named iam or service. */
static void assert_published(struct arena *arena, struct message message, const char *service,
                             const char *signature)
{
    bool typed = message.fields[2].name != NULL;
    struct sigv4_answer answer;
    enum sigv4_result result;

    message.fields[3] = (struct sigv4_header){
        "Authorization",
        arena_printf(arena,
                     "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20150830/us-east-1/%s/aws4_request, "
                     "SignedHeaders=%shost;x-amz-date, Signature=%s",
                     service, typed ? "content-type;" : "", signature)};
    if (!typed)
        message.fields[2] = (struct sigv4_header){"X-Other", ""};
    result = verify_at(arena, &message, service, "2015-08-30T12:40:00Z", &answer);
    if (result != SIGV4_OK)
        print_error("published %s %s: %s\n", message.path, message.query, answer.message);
    assert_int_equal(result, SIGV4_OK);
    assert_string_equal(answer.access_key_id, KEY_ID);
    assert_string_equal(answer.region, "us-east-1");
}

#define PUBLISHED_FORM "application/x-www-form-urlencoded"

static void the_published_examples_hold(void **state)
{
    struct message message = {.method = "GET", .path = "/", .query = "", .body = ""};

    message.fields[0] = (struct sigv4_header){"Host", "example.amazonaws.com"};
    message.fields[1] = (struct sigv4_header){"X-Amz-Date", "20150830T123600Z"};
    assert_published(*state, message, "service",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    message.path = "/example1/example2/../..";
    assert_published(*state, message, "service",
                     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    message.path = "/\341\210\264";
    assert_published(*state, message, "service",
                     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
    message.path = "/";
    message.query = "Param2=value2&Param1=value1";
    assert_published(*state, message, "service",
                     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    message.method = "POST";
    message.query = "";
    message.body = "Param1=value1";
    message.fields[2] = (struct sigv4_header){"Content-Type", PUBLISHED_FORM};
    assert_published(*state, message, "service",
                     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
    message.method = "GET";
    message.query = "Action=ListUsers&Version=2010-05-08";
    message.body = "";
    message.fields[0].value = "iam.amazonaws.com";
    message.fields[2].value = PUBLISHED_FORM "; charset=utf-8";
    assert_published(*state, message, "iam",
                     "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

#define BOTO_NOW "2026-11-23T06:00:00Z"
#define BOTO_DATE "20261123T060000Z"
#define BOTO_SIGNED ALGORITHM "Credential=" KEY_ID "/20261123/eu-central-1/states/aws4_request, "
#define BOTO_HASH "3f27dc6bb2e46f1fcf40d55351466f1f138aaf1d999f8f70eccfadca0b4e7f9a"

enum { BOTO_HOST, BOTO_TYPE, BOTO_TARGET, BOTO_AMZ_DATE, BOTO_AUTHORIZATION, BOTO_FREE };

static const struct message botocore_start = {
    "POST",
    "/",
    "",
    "{\"stateMachineArn\": \"arn:aws:states:eu-central-1:111111111111:stateMachine:a\", "
    "\"input\": \"{}\"}",
    {[BOTO_HOST] = {"Host", "127.0.0.1:8080"},
      [BOTO_TYPE] = {"Content-Type", "application/x-amz-json-1.0"},
      [BOTO_TARGET] = {"X-Amz-Target", "AWSStepFunctions.StartExecution"},
      [BOTO_AMZ_DATE] = {"X-Amz-Date", BOTO_DATE},
      [BOTO_AUTHORIZATION] = {"Authorization", BOTO_SIGNED
                             "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature="
                             "5a32b0b478b74a803910a660f807e54f0e6e1569fee65ddd0d5c36f687278f22"}},
};

static const struct message botocore_odd = {
    "GET",
    "/a%20b/../c%2Fd/./e//",
    "b=2&a=%20x&a=1&c",
    "",
    {{"host", "example.com"},
      {"x-amz-date", BOTO_DATE},
      {"X-Odd", "  one   two  "},
      {"Content-Type", "x"},
      {"Authorization",
      BOTO_SIGNED "SignedHeaders=content-type;host;x-amz-date;x-odd, Signature="
                  "b8b88f7f837b5c50477047a1d64993f82155ff4dacb85c3793734ce70a15ba01"}},
};

static void what_botocore_signs_is_accepted(void **state)
{
    struct sigv4_answer answer;

    assert_int_equal(verify_at(*state, &botocore_start, "states", BOTO_NOW, &answer), SIGV4_OK);
    assert_string_equal(answer.region, "eu-central-1");
    assert_int_equal(verify_at(*state, &botocore_odd, "states", BOTO_NOW, &answer), SIGV4_OK);
}

static void space_in_values_is_collapsed(void **state)
{
    struct message message = {
        "GET",
        "/",
        "",
        "",
        {{"Host", "example.amazonaws.com"},
          {"My-Header1", " value1"},
          {"My-Header2", " \"a   b   c\""},
          {"X-Amz-Date", "20150830T123600Z"}}
    };
    struct sigv4_answer answer;

    message.fields[4] = (struct sigv4_header){
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;my-header1;my-header2;x-amz-date, Signature="
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"};
    assert_int_equal(verify_at(*state, &message, "service", "2015-08-30T12:36:00Z", &answer),
                     SIGV4_OK);
}

/* ---- what was changed ---- */

static void assert_answer(struct arena *arena, const struct message *message,
                          enum sigv4_result result, const char *type, const char *text)
{
    struct sigv4_answer answer;
    enum sigv4_result got = verify_at(arena, message, "states", BOTO_NOW, &answer);

    if (got != result)
        print_error("%d for: %s (%s)\n", got, text, answer.message);
    assert_int_equal(got, result);
    assert_string_equal(answer.type, type);
    assert_non_null(strstr(answer.message, text));
    assert_null(answer.access_key_id);
    assert_null(strstr(answer.message, SECRET));
}

#define NO_MATCH "The request signature we calculated does not match the signature you provided."
#define INVALID "InvalidSignatureException"
#define INCOMPLETE "IncompleteSignatureException"

static void a_changed_request_is_refused(void **state)
{
    struct message changed = botocore_start;

    changed.method = "PUT";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.path = "/x";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.query = "a";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.body = "{}";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.fields[BOTO_TARGET].value = "AWSStepFunctions.StopExecution";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.fields[BOTO_AMZ_DATE].value = "20261123T060001Z";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.fields[BOTO_FREE] = changed.fields[BOTO_HOST];
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
    changed = botocore_start;
    changed.fields[BOTO_TYPE].name = "Accept";
    assert_answer(*state, &changed, SIGV4_WRONG, INVALID, NO_MATCH);
}

static void fields_that_are_not_signed_may_change(void **state)
{
    struct message message = botocore_start;
    struct sigv4_answer answer;

    message.fields[BOTO_FREE] = (struct sigv4_header){"User-Agent", "x"};
    message.fields[BOTO_FREE + 1] = (struct sigv4_header){"User-Agent", "y"};
    assert_int_equal(verify_at(*state, &message, "states", BOTO_NOW, &answer), SIGV4_OK);
}

/* ---- the header ---- */

#define REST "SignedHeaders=host;x-amz-date;x-amz-target, Signature=00"
#define NAMES(n) "SignedHeaders=" n ", Signature=00"

static const struct {
    const char *authorization;
    enum sigv4_result result;
    const char *type, *text;
} headers[] = {
    {"Bearer x",                                                              SIGV4_INCOMPLETE,  INCOMPLETE, "Unsupported AWS 'algorithm': 'Bearer'."                },
    {"AWS4-HMAC-SHA1 " REST,                                                  SIGV4_INCOMPLETE,  INCOMPLETE, "'AWS4-HMAC-SHA1'"                                      },
    {"AWS4-HMAC-SHA256",                                                      SIGV4_INCOMPLETE,  INCOMPLETE,
     "Authorization header requires 'Credential' parameter. Authorization header requires "
     "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "                                                                              },
    {ALGORITHM REST,                                                          SIGV4_INCOMPLETE,  INCOMPLETE,
     "Authorization header requires 'Credential' parameter. (Hashed"                                                                                                 },
    {BOTO_SIGNED "SignedHeaders=host",                                        SIGV4_INCOMPLETE,  INCOMPLETE, "requires 'Signature'"                                  },
    {BOTO_SIGNED "SignedHeaders=host, Signature=",                            SIGV4_INCOMPLETE,  INCOMPLETE, "'Signature'"                                           },
    {BOTO_SIGNED "Signature=00",                                              SIGV4_INCOMPLETE,  INCOMPLETE, "requires 'SignedHeaders'"                              },
    {BOTO_SIGNED REST ", junk",                                               SIGV4_INCOMPLETE,  INCOMPLETE, "missing equal-sign"                                    },
    {BOTO_SIGNED REST ", Signature=11",                                       SIGV4_INCOMPLETE,  INCOMPLETE, "more than one 'Signature'"                             },
    {ALGORITHM "Credential=AKIDEXAMPLE, " REST,                               SIGV4_INCOMPLETE,  INCOMPLETE,
     "Credential must have exactly 5 slash-delimited elements, e.g. "
     "keyid/date/region/service/term, got 'AKIDEXAMPLE'"                                                                                                             },
    {ALGORITHM "Credential=A/20261123/r/states/aws4_request/x, " REST,        SIGV4_INCOMPLETE,  INCOMPLETE,
     "exactly 5"                                                                                                                                                     },
    {ALGORITHM "Credential=/20261123/r/states/aws4_request, " REST,           SIGV4_INCOMPLETE,  INCOMPLETE,
     "exactly 5"                                                                                                                                                     },
    {ALGORITHM "Credential=A\377/20261123/r/states/aws4_request, " REST,      SIGV4_INCOMPLETE,
     INCOMPLETE,                                                                                             "got 'A?/2"                                             },
    {BOTO_SIGNED NAMES("host;Host"),                                          SIGV4_INCOMPLETE,  INCOMPLETE, "in lower case"                                         },
    {BOTO_SIGNED NAMES("host;;x-amz-date"),                                   SIGV4_INCOMPLETE,  INCOMPLETE, "in lower case"                                         },
    {BOTO_SIGNED NAMES("host;host"),                                          SIGV4_INCOMPLETE,  INCOMPLETE, "'host' more than once"                                 },
    {BOTO_SIGNED NAMES("x-amz-date;x-amz-target"),                            SIGV4_WRONG,       INVALID,
     "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."                                                                                     },
    {BOTO_SIGNED NAMES("host;x-amz-target"),                                  SIGV4_WRONG,       INVALID,    "'X-Amz-Date' must be a"                                },
    {BOTO_SIGNED NAMES("host;x-amz-date"),                                    SIGV4_WRONG,       INVALID,    "not signed: x-amz-target"                              },
    {ALGORITHM "Credential=OTHER/20261123/r/states/aws4_request, " REST,      SIGV4_UNKNOWN_KEY,
     "UnrecognizedClientException",                                                                          "The security token included in the request is invalid."},
    {ALGORITHM "Credential=" KEY_ID "/20261123/r/s3/aws4_request, " REST,     SIGV4_WRONG,       INVALID,
     "Credential should be scoped to correct service: 'states'."                                                                                                     },
    {ALGORITHM "Credential=" KEY_ID "/20261123/r/states/aws5, " REST,         SIGV4_WRONG,       INVALID,
     "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'."                                                                              },
    {ALGORITHM "Credential=" KEY_ID "/20261124/r/states/aws4_request, " REST, SIGV4_WRONG,       INVALID,
     "does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261124' != '20261123', "
     "from '20261123T060000Z'."                                                                                                                                      },
    {BOTO_SIGNED REST,                                                        SIGV4_WRONG,       INVALID,    NO_MATCH                                                },
};

static void a_malformed_header_is_told_so(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        struct message message = botocore_start;

        message.fields[BOTO_AUTHORIZATION].value = headers[i].authorization;
        assert_answer(*state, &message, headers[i].result, headers[i].type, headers[i].text);
    }
}

static void the_parts_may_stand_in_any_order_and_spacing(void **state)
{
    static const char *const forms[] = {
        "AWS4-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s",
        "AWS4-HMAC-SHA256   Credential=%s ,   SignedHeaders=%s\t,\tSignature=%s ",
        "AWS4-HMAC-SHA256 Other=1, Credential=%s, SignedHeaders=%s, Signature=%s,",
    };
    struct message message = botocore_start;
    struct sigv4_answer answer;

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), forms[i], KEY_ID "/20261123/eu-central-1/states/aws4_request",
                 i == 1 ? "x-amz-target;x-amz-date;host;content-type"
                        : "content-type;host;x-amz-date;x-amz-target",
                 "5a32b0b478b74a803910a660f807e54f0e6e1569fee65ddd0d5c36f687278f22");
#pragma GCC diagnostic pop
        message.fields[BOTO_AUTHORIZATION].value = text;
        assert_int_equal(verify_at(*state, &message, "states", BOTO_NOW, &answer), SIGV4_OK);
    }
}

static void without_a_header_a_token_is_missing(void **state)
{
    struct message message = botocore_start;

    message.fields[BOTO_AUTHORIZATION].name = "X-Other";
    assert_answer(*state, &message, SIGV4_MISSING, "MissingAuthenticationTokenException",
                  "Missing Authentication Token");
    message.fields[BOTO_AUTHORIZATION].name = "authorization";
    message.fields[BOTO_FREE] = message.fields[BOTO_AUTHORIZATION];
    assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE, "more than one Authorization");
}

static void a_signed_query_is_refused(void **state)
{
    struct message message = botocore_start;

    message.query = "a=1&X-Amz-Signature=00";
    assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE, "query parameters");
    message.fields[BOTO_AUTHORIZATION].name = "X-Other";
    assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE, "query parameters");
}

static void too_many_signed_headers_are_refused(void **state)
{
    struct message message = botocore_start;
    char text[2048] = BOTO_SIGNED "Signature=00, SignedHeaders=host";
    size_t len = strlen(text);

    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ";x-%d", i);
    message.fields[BOTO_AUTHORIZATION].value = text;
    assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE, "more than 100 header fields");
}

/* ---- the date ---- */

static void the_date_is_needed_and_read(void **state)
{
    static const char *const bad[] = {
        "",
        "20261123",
        "2026-11-23T06:00:00Z",
        "20261123T060000",
        "20261323T060000Z",
        "20261123T250000Z",
        "20261123t060000z",
        "20261123T060000Z ",
        "2026112\303\274T060000Z",
        "Mon, 23 Xxx 2026 06:00:00 GMT",
        "Mon, 23 Nov 2026 06:00:00 CET",
    };
    struct message message = botocore_start;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        message.fields[BOTO_AMZ_DATE].value = bad[i];
        assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE,
                      "Date must be in ISO-8601 'basic format'. Got '");
    }
    message.fields[BOTO_AMZ_DATE].name = "X-Other";
    assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE,
                  "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                  "header. (Hashed");
    message = botocore_start;
    message.fields[BOTO_FREE] = message.fields[BOTO_AMZ_DATE];
    assert_answer(*state, &message, SIGV4_INCOMPLETE, INCOMPLETE, "more than one date header");
}

static void too_old_and_too_new_are_refused(void **state)
{
    struct sigv4_answer answer;

    assert_int_equal(verify_at(*state, &botocore_start, "states", "2026-11-23T06:05:00Z", &answer),
                     SIGV4_OK);
    assert_int_equal(verify_at(*state, &botocore_start, "states", "2026-11-23T05:55:00Z", &answer),
                     SIGV4_OK);
    assert_int_equal(verify_at(*state, &botocore_start, "states", "2026-11-23T06:05:01Z", &answer),
                     SIGV4_SKEWED);
    assert_string_equal(answer.type, INVALID);
    assert_string_equal(answer.message, "Signature expired: 20261123T060000Z is now earlier than "
                                        "20261123T060001Z (20261123T060501Z - 5 min.)");
    assert_int_equal(verify_at(*state, &botocore_start, "states", "2026-11-23T05:54:59Z", &answer),
                     SIGV4_SKEWED);
    assert_string_equal(answer.message,
                        "Signature not yet current: 20261123T060000Z is still later than "
                        "20261123T055959Z (20261123T055459Z + 5 min.)");
}

/* ---- our own signatures ---- */

static void sign_message(struct arena *arena, struct message *message, const char *amz_date,
                         size_t count)
{
    struct sigv4_request request = request_of(message);

    message->fields[count] = (struct sigv4_header){
        "Authorization",
        sigv4_sign(arena, &(struct sigv4_signer){KEY_ID, SECRET, "eu-central-1", "states"},
                   amz_date, message->fields, count, &request)};
}

static void what_we_sign_is_what_botocore_signs(void **state)
{
    struct message message = botocore_start;

    sign_message(*state, &message, BOTO_DATE, BOTO_AUTHORIZATION);
    assert_string_equal(message.fields[BOTO_AUTHORIZATION].value,
                        botocore_start.fields[BOTO_AUTHORIZATION].value);
}

static void a_date_header_will_do(void **state)
{
    static const char *const dates[] = {"Mon, 23 Nov 2026 06:00:00 GMT", BOTO_DATE};
    struct sigv4_answer answer;

    for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
        struct message message = {
            "POST", "/", "", "{}", {{"Host", "h"}, {"Date", dates[i]}}
        };

        sign_message(*state, &message, BOTO_DATE, 2);
        assert_int_equal(verify_at(*state, &message, "states", BOTO_NOW, &answer), SIGV4_OK);
    }
}

static void the_hash_of_the_body_must_be_its_own(void **state)
{
    static const struct {
        const char *hash;
        enum sigv4_result result;
    } cases[] = {
        {BOTO_HASH,                                                          SIGV4_OK   },
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", SIGV4_WRONG},
        {"UNSIGNED-PAYLOAD",                                                 SIGV4_WRONG},
        {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",                               SIGV4_WRONG},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct message message = botocore_start;
        struct sigv4_answer answer;

        message.fields[BOTO_AUTHORIZATION] =
            (struct sigv4_header){"X-Amz-Content-Sha256", cases[i].hash};
        sign_message(*state, &message, BOTO_DATE, BOTO_FREE);
        assert_int_equal(verify_at(*state, &message, "states", BOTO_NOW, &answer), cases[i].result);
    }
}

static void a_session_token_is_not_known_here(void **state)
{
    struct message message = botocore_start;

    message.fields[BOTO_AUTHORIZATION] = (struct sigv4_header){"X-Amz-Security-Token", "x"};
    sign_message(*state, &message, BOTO_DATE, BOTO_FREE);
    assert_answer(*state, &message, SIGV4_UNKNOWN_KEY, "UnrecognizedClientException",
                  "The security token included in the request is invalid.");
}

static void every_digit_of_the_signature_counts(void **state)
{
    struct message message = botocore_start;
    char *text = arena_string(*state, botocore_start.fields[BOTO_AUTHORIZATION].value);
    size_t len = strlen(text);

    message.fields[BOTO_AUTHORIZATION].value = text;
    for (size_t i = len - 64; i < len; i++) {
        char was = text[i];

        text[i] = was == '0' ? '1' : '0';
        assert_answer(*state, &message, SIGV4_WRONG, INVALID, NO_MATCH);
        text[i] = was;
    }
    text[len - 1] = '\0';
    assert_answer(*state, &message, SIGV4_WRONG, INVALID, NO_MATCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sigv4_set_up, sigv4_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_published_examples_hold),
        TEST(space_in_values_is_collapsed),
        TEST(what_botocore_signs_is_accepted),
        TEST(a_changed_request_is_refused),
        TEST(fields_that_are_not_signed_may_change),
        TEST(a_malformed_header_is_told_so),
        TEST(the_parts_may_stand_in_any_order_and_spacing),
        TEST(without_a_header_a_token_is_missing),
        TEST(a_signed_query_is_refused),
        TEST(too_many_signed_headers_are_refused),
        TEST(the_date_is_needed_and_read),
        TEST(too_old_and_too_new_are_refused),
        TEST(what_we_sign_is_what_botocore_signs),
        TEST(a_date_header_will_do),
        TEST(the_hash_of_the_body_must_be_its_own),
        TEST(a_session_token_is_not_known_here),
        TEST(every_digit_of_the_signature_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
