/*
 * test_work_target.c - what a Task asks for becomes the right call, and what comes back the right
 * result or error.
 */
#include "work/work_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "unit.h"
#include "work/work.h"

#define REQUEST_ID "0a1b2c3d-0000-4000-8000-00112233aabb"
#define NOW_MS INT64_C(1795413600000) /* 2026-11-23T06:00:00Z */
#define FUNCTION_ARN "arn:aws:lambda:eu-west-1:222222222222:function:greet"

static const struct work_function functions[] = {
    {"other", "http://10.0.0.1/other"},
    {"greet", "http://10.0.0.1/greet"},
};

static int target_set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int target_tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static const struct json *value_of(struct arena *arena, const char *text)
{
    const struct json *value = NULL;

    assert_ok(json_parse(arena, text, strlen(text), &value, NULL));
    return value;
}

static struct work_target target_of(struct arena *arena, enum work_target_kind kind,
                                    const char *parameters)
{
    return (struct work_target){.kind = kind,
                                .function = FUNCTION_ARN,
                                .parameters = value_of(arena, parameters),
                                .request_id = REQUEST_ID,
                                .region = "us-east-1",
                                .account_id = "111111111111",
                                .now_ms = NOW_MS,
                                .functions = functions,
                                .function_count = ARRAY_SIZE(functions)};
}

static struct work_call call_of(struct arena *arena, enum work_target_kind kind,
                                const char *parameters)
{
    struct work_target target = target_of(arena, kind, parameters);
    struct work_target_error error = {0};
    struct work_call call;
    bool well = work_target_call(arena, &target, &call, &error);

    if (!well)
        print_error("%s: %s: %s\n", parameters, error.error, error.cause);
    assert_true(well);
    return call;
}

static void assert_no_call(struct arena *arena, enum work_target_kind kind, const char *parameters,
                           const char *name, const char *cause)
{
    struct work_target target = target_of(arena, kind, parameters);
    struct work_target_error error = {0};
    struct work_call call;

    if (work_target_call(arena, &target, &call, &error))
        print_error("a call was made of %s\n", parameters);
    else if (!strstr(error.cause, cause))
        print_error("%s: %s\n", parameters, error.cause);
    assert_non_null(error.error);
    assert_string_equal(error.error, name);
    assert_non_null(strstr(error.cause, cause));
}

static const char *header_of(const struct work_call *call, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < call->header_count; i++) {
        if (strcmp(call->headers[i].name, name) == 0) {
            assert_null(value);
            value = call->headers[i].value;
        }
    }
    return value;
}

static struct work_answer answer_of(int status, const char *text, const char *body)
{
    return (struct work_answer){.end = WORK_ANSWERED,
                                .status = status,
                                .status_text = text,
                                .body = body,
                                .body_len = strlen(body)};
}

static void assert_result(struct arena *arena, const struct work_target *target,
                          const struct work_answer *answer, const char *text)
{
    struct work_target_error error = {0};
    const struct json *result = NULL;
    bool well = work_target_result(arena, target, answer, &result, &error);

    if (!well)
        print_error("%s: %s\n", error.error, error.cause);
    assert_true(well);
    assert_string_equal(json_text(arena, result), text);
}

static void assert_failure(struct arena *arena, const struct work_target *target,
                           const struct work_answer *answer, const char *name, const char *cause)
{
    struct work_target_error error = {0};
    const struct json *result = NULL;

    assert_false(work_target_result(arena, target, answer, &result, &error));
    assert_null(result);
    assert_string_equal(error.error, name);
    assert_string_equal(error.cause, cause);
}

/* ---- http:invoke: the call ---- */

#define HTTP(rest) "{\"ApiEndpoint\":\"https://example.com/a\",\"Method\":\"POST\"" rest "}"

static void an_http_call_says_what_was_asked_for(void **state)
{
    struct work_call call =
        call_of(*state, WORK_TARGET_HTTP,
                HTTP(",\"Headers\":{\"X-A\":\"1\",\"X-B\":[\"2\",3,true],\"Authorization\":\"k\"},"
                     "\"QueryParameters\":{\"q\":\"a b&c\",\"r\":[1,\"\xc3\xa4\"],\"s\":[]},"
                     "\"RequestBody\":{\"a\":[1,null]}"));

    assert_string_equal(call.method, "POST");
    assert_string_equal(call.url, "https://example.com/a?q=a%20b%26c&r=1&r=%C3%A4");
    assert_int_equal(call.header_count, 4);
    assert_string_equal(header_of(&call, "X-A"), "1");
    assert_string_equal(header_of(&call, "X-B"), "2,3,true");
    assert_string_equal(header_of(&call, "Authorization"), "k");
    assert_string_equal(header_of(&call, "Content-Type"), "application/json");
    assert_string_equal(call.body, "{\"a\":[1,null]}");
    assert_int_equal(call.body_len, strlen(call.body));
}

static void a_query_is_added_to_the_one_there_is(void **state)
{
    struct work_call call = call_of(*state, WORK_TARGET_HTTP,
                                    "{\"ApiEndpoint\":\"http://h/a?b=c#d\",\"Method\":\"GET\","
                                    "\"QueryParameters\":{\"e\":\"\"}}");

    assert_string_equal(call.url, "http://h/a?b=c&e=");
    assert_null(call.body);
    assert_int_equal(call.header_count, 0);
}

static void a_body_that_is_text_is_sent_as_it_is(void **state)
{
    struct work_call call =
        call_of(*state, WORK_TARGET_HTTP,
                HTTP(",\"RequestBody\":\"a=\\\"1\\\"\",\"Headers\":{\"content-type\":\"text/x\"}"));

    assert_string_equal(call.body, "a=\"1\"");
    assert_int_equal(call.header_count, 1);
    call = call_of(*state, WORK_TARGET_HTTP, HTTP(",\"RequestBody\":null"));
    assert_null(call.body);
    call = call_of(*state, WORK_TARGET_HTTP, HTTP(",\"RequestBody\":[1]"));
    assert_string_equal(call.body, "[1]");
}

#define FORM_BODY                                                                                  \
    ",\"RequestBody\":{\"n\":null,\"t\":true,\"s\":\"a b~*&\",\"l\":[\"x\",\"y,\"],"               \
    "\"o\":{\"k[\":{\"m\":1.5}},\"e\":[],\"d\":[{\"a\":1},[2]]}"
#define FORM_TRANSFORM(options)                                                                    \
    ",\"Transform\":{\"RequestBodyEncoding\":\"URL_ENCODED\"" options "}"
#define FORM_ARRAYS(name) ",\"RequestEncodingOptions\":{\"ArrayFormat\":\"" name "\"}"
#define FORM_START "n=&t=true&s=a+b%7E*%26"
#define FORM_OBJECT "&o[k%5B][m]=1.5"

static const struct {
    const char *parameters, *body;
} forms[] = {
    {HTTP(FORM_BODY FORM_TRANSFORM("")),
     FORM_START "&l[0]=x&l[1]=y%2C" FORM_OBJECT "&d[0][a]=1&d[1][0]=2"},
    {HTTP(FORM_BODY FORM_TRANSFORM(FORM_ARRAYS("INDICES"))),
     FORM_START "&l[0]=x&l[1]=y%2C" FORM_OBJECT "&d[0][a]=1&d[1][0]=2"},
    {HTTP(FORM_BODY FORM_TRANSFORM(FORM_ARRAYS("REPEAT"))),
     FORM_START "&l=x&l=y%2C" FORM_OBJECT "&d[a]=1&d=2"               },
    {HTTP(FORM_BODY FORM_TRANSFORM(FORM_ARRAYS("COMMAS"))),
     FORM_START "&l=x,y%2C" FORM_OBJECT "&e=&d[0][a]=1&d[1]=2"        },
    {HTTP(FORM_BODY FORM_TRANSFORM(FORM_ARRAYS("BRACKETS"))),
     FORM_START "&l[]=x&l[]=y%2C" FORM_OBJECT "&d[][a]=1&d[][]=2"     },
};

static void a_body_becomes_a_form(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct work_call call = call_of(*state, WORK_TARGET_HTTP, forms[i].parameters);

        assert_string_equal(call.body, forms[i].body);
        assert_string_equal(header_of(&call, "Content-Type"), "application/x-www-form-urlencoded");
    }
}

static const struct {
    const char *parameters, *cause;
} bad_http[] = {
    {"[]",                                                                                     "must be an object"                    },
    {"{\"Method\":\"GET\"}",                                                                   "\"ApiEndpoint\""                      },
    {"{\"Method\":\"GET\",\"ApiEndpoint\":\"file:///x\"}",                                     "\"ApiEndpoint\""                      },
    {"{\"Method\":\"GET\",\"ApiEndpoint\":7}",                                                 "\"ApiEndpoint\""                      },
    {"{\"ApiEndpoint\":\"http://h\"}",                                                         "\"Method\""                           },
    {"{\"Method\":\"get\",\"ApiEndpoint\":\"http://h\"}",                                      "\"Method\""                           },
    {"{\"Method\":\"TRACE\",\"ApiEndpoint\":\"http://h\"}",                                    "\"Method\""                           },
    {HTTP(",\"Headers\":[]"),                                                                  "\"Headers\" must be an object"        },
    {HTTP(",\"Headers\":{\"a\":{}}"),                                                          "header \"a\" must be a string"        },
    {HTTP(",\"Headers\":{\"a\":[[]]}"),                                                        "header \"a\" must be a string"        },
    {HTTP(",\"Headers\":{\"a\":null}"),                                                        "header \"a\" must be a string"        },
    {HTTP(",\"Headers\":{\"host\":\"x\"}"),                                                    "\"host\" can not be set"              },
    {HTTP(",\"Headers\":{\"X-Amz-Date\":\"x\"}"),                                              "\"X-Amz-Date\" can not be set"        },
    {HTTP(",\"Headers\":{\"x-forwarded-for\":\"x\"}"),                                         "\"x-forwarded-for\" can not be set"   },
    {HTTP(",\"QueryParameters\":\"a\""),                                                       "\"QueryParameters\" must be an object"},
    {HTTP(",\"QueryParameters\":{\"a\":{}}"),                                                  "query parameter \"a\""                },
    {HTTP(",\"QueryParameters\":{\"a\":[null]}"),                                              "query parameter \"a\""                },
    {HTTP(",\"Transform\":{}"),                                                                "RequestBodyEncoding"                  },
    {HTTP(",\"Transform\":{\"RequestBodyEncoding\":\"GZIP\"}"),                                "RequestBodyEncoding"                  },
    {HTTP(FORM_TRANSFORM(FORM_ARRAYS("PIPES"))),                                               "\"ArrayFormat\""                      },
    {HTTP(FORM_TRANSFORM(",\"RequestEncodingOptions\":{}")),                                   "\"ArrayFormat\""                      },
    {HTTP(FORM_TRANSFORM("") ",\"RequestBody\":[1]"),                                          "\"RequestBody\" must be an object"    },
    {HTTP(FORM_TRANSFORM("") ",\"RequestBody\":{},\"Headers\":{\"Content-Type\":\"text/x\"}"),
     "must be application/x-www-form-urlencoded"                                                                                      },
    {HTTP(",\"Authentication\":{\"ConnectionArn\":\"arn:aws:events:x\"}"),                     "EventBridge"                          },
    {HTTP(",\"InvocationConfig\":{\"ConnectionArn\":\"arn:aws:events:x\"}"),                   "EventBridge"                          },
    {HTTP(",\"Metod\":\"GET\""),                                                               "The field \"Metod\" is not supported."},
};

static void parameters_that_make_no_sense_are_runtime_errors(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad_http); i++)
        assert_no_call(*state, WORK_TARGET_HTTP, bad_http[i].parameters, "States.Runtime",
                       bad_http[i].cause);
}

/* ---- http:invoke: the result ---- */

static void an_http_result_holds_the_answer(void **state)
{
    static const struct work_header headers[] = {
        {"Content-Type", "application/json; charset=utf-8"},
        {"Set-Cookie",   "a"                              },
        {"set-cookie",   "b"                              },
        {"X-Odd",        "\xff\t\xc3\xa4"                 }
    };
    struct work_target target = target_of(*state, WORK_TARGET_HTTP, HTTP(""));
    struct work_answer answer = answer_of(201, "Created", "{\"a\" : 1.0}");

    answer.headers = headers;
    answer.header_count = ARRAY_SIZE(headers);
    assert_result(*state, &target, &answer,
                  "{\"Headers\":{\"Content-Type\":[\"application/json; charset=utf-8\"],"
                  "\"Set-Cookie\":[\"a\",\"b\"],\"X-Odd\":[\"? ??\"]},"
                  "\"ResponseBody\":{\"a\":1.0},\"StatusCode\":201,\"StatusText\":\"Created\"}");
}

static const struct {
    const char *type, *body, *result;
} bodies[] = {
    {"application/json",           "[1]",      "[1]"         },
    {"APPLICATION/JSON",           "[1]",      "[1]"         },
    {"application/problem+json;x", "[1]",      "[1]"         },
    {"application/json",           "[1",       "\"[1\""      },
    {"application/json",           "",         "\"\""        },
    {"application/jsonx",          "[1]",      "\"[1]\""     },
    {"text/plain",                 "1",        "\"1\""       },
    {NULL,                         "1",        "1"           },
    {NULL,                         "\xc3\xa4", "\"\xc3\xa4\""},
};

static void a_body_is_json_or_text(void **state)
{
    struct work_target target = target_of(*state, WORK_TARGET_HTTP, HTTP(""));

    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct work_header header = {"content-type", bodies[i].type};
        struct work_answer answer = answer_of(200, "OK", bodies[i].body);
        struct work_target_error error = {0};
        const struct json *result = NULL;

        answer.headers = &header;
        answer.header_count = bodies[i].type != NULL;
        assert_true(work_target_result(*state, &target, &answer, &result, &error));
        assert_string_equal(json_text(*state, json_get(result, "ResponseBody")), bodies[i].result);
    }
}

static void an_http_failure_has_its_name(void **state)
{
    struct work_target target = target_of(*state, WORK_TARGET_HTTP, HTTP(""));
    struct work_header image = {"Content-Type", "image/png"};
    struct work_answer answer = answer_of(404, "Not Found", "{\"m\":1}");
    char *large = calloc(1, LIMIT_PAYLOAD_BYTES + 10);

    assert_failure(*state, &target, &answer, "States.Http.StatusCode.404", "{\"m\":1}");
    answer = answer_of(302, "Found", "");
    assert_failure(*state, &target, &answer, "States.Http.StatusCode.302", "Found");
    answer = answer_of(500, "x", "\xff");
    assert_failure(*state, &target, &answer, "States.Http.StatusCode.500",
                   "The body of the answer is not text.");
    answer = answer_of(200, "OK", "\xff");
    assert_failure(*state, &target, &answer, "States.Runtime",
                   "The body of the response is not text.");
    answer = answer_of(200, "OK", "x");
    answer.headers = &image;
    answer.header_count = 1;
    assert_failure(*state, &target, &answer, "States.Runtime",
                   "The content type of the response is not supported: image/png");
    answer = (struct work_answer){.end = WORK_FAILED, .body = "", .cause = "no route"};
    assert_failure(*state, &target, &answer, "States.Http.Socket", "no route");
    answer.end = WORK_TIMED_OUT;
    assert_failure(*state, &target, &answer, "States.Http.Socket", "no route");
    answer.end = WORK_REFUSED;
    assert_failure(*state, &target, &answer, "States.Runtime",
                   "The request was not sent: no route.");
    answer.end = WORK_TOO_LARGE;
    assert_failure(*state, &target, &answer, "States.DataLimitExceeded",
                   "The state/task 'http' returned a result with a size exceeding the maximum "
                   "number of bytes service limit.");
    memset(large, 'x', LIMIT_PAYLOAD_BYTES);
    answer = answer_of(200, "OK", large);
    assert_failure(*state, &target, &answer, "States.DataLimitExceeded",
                   "The state/task 'http' returned a result with a size exceeding the maximum "
                   "number of bytes service limit.");
    free(large);
}

static void a_long_cause_is_cut_between_characters(void **state)
{
    struct work_target target = target_of(*state, WORK_TARGET_HTTP, HTTP(""));
    char *body = calloc(1, LIMIT_CAUSE_BYTES * 2);
    struct work_target_error error = {0};
    const struct json *result = NULL;
    struct work_answer answer;

    body[0] = 'x';
    for (int i = 1; i < LIMIT_CAUSE_BYTES + 100; i += 2)
        memcpy(body + i, "\xc3\xa4", 2);
    answer = answer_of(500, "", body);
    assert_false(work_target_result(*state, &target, &answer, &result, &error));
    assert_int_equal(strlen(error.cause), LIMIT_CAUSE_BYTES - 1);
    free(body);
}

/* ---- functions: the call ---- */

static const struct {
    enum work_target_kind kind;
    const char *parameters, *body;
} payloads[] = {
    {WORK_TARGET_FUNCTION, "{\"FunctionName\":\"x\"}",                                "{\"FunctionName\":\"x\"}"},
    {WORK_TARGET_FUNCTION, "0.0",                                                     "0.0"                     },
    {WORK_TARGET_FUNCTION, "\"text\"",                                                "\"text\""                },
    {WORK_TARGET_FUNCTION, "null",                                                    "null"                    },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"greet\"}",                            "{}"                      },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"greet\",\"Payload\":null}",           "{}"                      },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"greet:7\",\"Payload\":{\"a\":[1]}}",  "{\"a\":[1]}"             },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"greet\",\"Payload\":\"\\\"Hi\\\"\"}", "\"Hi\""                  },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"greet\",\"Payload\":\"[]\"}",         "[]"                      },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"greet\",\"Payload\":false}",          "false"                   },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"" FUNCTION_ARN "\"}",                 "{}"                      },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"" FUNCTION_ARN ":live\"}",            "{}"                      },
    {WORK_TARGET_INVOKE,   "{\"FunctionName\":\"333333333333:function:greet\"}",      "{}"                      },
};

static void a_function_gets_its_payload(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(payloads); i++) {
        struct work_call call = call_of(*state, payloads[i].kind, payloads[i].parameters);

        assert_string_equal(call.method, "POST");
        assert_string_equal(call.url, "http://10.0.0.1/greet");
        assert_string_equal(call.body, payloads[i].body);
        assert_int_equal(call.body_len, strlen(call.body));
        assert_string_equal(header_of(&call, "Content-Type"), "application/json");
        assert_string_equal(header_of(&call, "X-Amz-Function-Name"), "greet");
        assert_string_equal(header_of(&call, "X-Amzn-Trace-Id"),
                            "Root=1-6b03d660-0a1b2c3d0000400080000011");
        assert_null(header_of(&call, "X-Amz-Invocation-Type"));
    }
}

static void the_ways_of_invoking_are_passed_on(void **state)
{
    struct work_call call =
        call_of(*state, WORK_TARGET_INVOKE,
                "{\"FunctionName\":\"greet:1\",\"InvocationType\":\"Event\","
                "\"ClientContext\":\"e30=\",\"Qualifier\":\"live\",\"LogType\":\"None\"}");

    assert_string_equal(header_of(&call, "X-Amz-Invocation-Type"), "Event");
    assert_string_equal(header_of(&call, "X-Amz-Client-Context"), "e30=");
    assert_string_equal(header_of(&call, "X-Amz-Function-Qualifier"), "live");
}

#define NOT_FOUND(arn)                                                                             \
    "Function not found: arn:aws:lambda:" arn " (Service: AWSLambda; Status Code: 404; Error "     \
    "Code: ResourceNotFoundException; Request ID: " REQUEST_ID "; Proxy: null)"
#define RESOURCE_NOT_FOUND "Lambda.ResourceNotFoundException"

static void a_function_that_is_not_mapped_is_not_found(void **state)
{
    struct work_target target = target_of(*state, WORK_TARGET_FUNCTION, "{}");
    struct work_target_error error;
    struct work_call call;

    assert_no_call(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"none\"}", RESOURCE_NOT_FOUND,
                   NOT_FOUND("us-east-1:111111111111:function:none:$LATEST"));
    assert_no_call(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"none:3\"}", RESOURCE_NOT_FOUND,
                   NOT_FOUND("us-east-1:111111111111:function:none:3"));
    assert_no_call(*state, WORK_TARGET_INVOKE,
                   "{\"FunctionName\":\"arn:aws:lambda:eu-west-1:2:function:none:$LATEST\"}",
                   RESOURCE_NOT_FOUND, NOT_FOUND("eu-west-1:2:function:none:$LATEST"));
    target.function = "arn:aws:lambda:eu-west-1:2:function:none";
    assert_false(work_target_call(*state, &target, &call, &error));
    assert_string_equal(error.error, RESOURCE_NOT_FOUND);
    assert_string_equal(error.cause, NOT_FOUND("eu-west-1:2:function:none:$LATEST"));
}

static void an_invocation_that_makes_no_sense_is_refused(void **state)
{
    assert_no_call(*state, WORK_TARGET_INVOKE, "7", "States.Runtime", "must be an object");
    assert_no_call(*state, WORK_TARGET_INVOKE, "{}", "States.Runtime", "\"FunctionName\"");
    assert_no_call(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"\"}", "States.Runtime",
                   "\"FunctionName\"");
    assert_no_call(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":7}", "States.Runtime",
                   "\"FunctionName\" must be a string");
    assert_no_call(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"greet\",\"Input\":1}",
                   "States.Runtime", "The field \"Input\" is not supported.");
    assert_no_call(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"greet\",\"Payload\":\"x\"}",
                   "Lambda.InvalidRequestContentException",
                   "Could not parse request body into "
                   "json");
}

/* ---- functions: the result ---- */

static void an_invocation_has_the_envelope_of_lambda(void **state)
{
    static const struct work_header headers[] = {
        {"connection",             "close"},
        {"x-amz-executed-version", "7"    }
    };
    struct work_target target =
        target_of(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"greet\"}");
    struct work_answer answer = answer_of(200, "OK", "{\"a\": 1}");

    answer.headers = headers;
    answer.header_count = ARRAY_SIZE(headers);
    assert_result(
        *state, &target, &answer,
        "{\"ExecutedVersion\":\"7\",\"Payload\":{\"a\":1},\"SdkHttpMetadata\":{\"AllHttpHeaders\":{"
        "\"X-Amz-Executed-Version\":[\"7\"],\"x-amzn-Remapped-Content-Length\":[\"0\"],"
        "\"Connection\":[\"close\"],\"x-amzn-RequestId\":[\"" REQUEST_ID "\"],"
        "\"Content-Length\":[\"8\"],\"Date\":[\"Mon, 23 Nov 2026 06:00:00 GMT\"],"
        "\"X-Amzn-Trace-Id\":[\"Root=1-6b03d660-0a1b2c3d0000400080000011\"],"
        "\"Content-Type\":[\"application/json\"]},\"HttpHeaders\":{\"Connection\":\"close\","
        "\"Content-Length\":\"8\",\"Content-Type\":\"application/json\","
        "\"Date\":\"Mon, 23 Nov 2026 06:00:00 GMT\",\"X-Amz-Executed-Version\":\"7\","
        "\"x-amzn-Remapped-Content-Length\":\"0\",\"x-amzn-RequestId\":\"" REQUEST_ID "\","
        "\"X-Amzn-Trace-Id\":\"Root=1-6b03d660-0a1b2c3d0000400080000011\"},"
        "\"HttpStatusCode\":200},\"SdkResponseMetadata\":{\"RequestId\":\"" REQUEST_ID "\"},"
        "\"StatusCode\":200}");
}

static void an_event_has_no_payload(void **state)
{
    struct work_target target = target_of(
        *state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"greet\",\"InvocationType\":\"Event\"}");
    struct work_answer answer = answer_of(202, "Accepted", "");
    struct work_target_error error = {0};
    const struct json *result = NULL;
    int64_t status = 0;

    assert_true(work_target_result(*state, &target, &answer, &result, &error));
    assert_string_equal(json_get_string(result, "Payload"), "");
    assert_null(json_get(result, "ExecutedVersion"));
    assert_true(json_get_int(result, "StatusCode", &status));
    assert_int_equal(status, 202);
}

static void a_function_by_its_arn_answers_with_its_payload(void **state)
{
    static const struct {
        const char *body, *result;
    } cases[] = {
        {"{\"a\": [1]}", "{\"a\":[1]}"    },
        {"0.0",          "0.0"            },
        {"null",         "null"           },
        {"",             "null"           },
        {"plain words",  "\"plain words\""},
        {"\"\xc3\xa4\"", "\"\xc3\xa4\""   },
    };
    struct work_target target = target_of(*state, WORK_TARGET_FUNCTION, "{}");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct work_answer answer = answer_of(200, "OK", cases[i].body);

        assert_result(*state, &target, &answer, cases[i].result);
    }
}

static void an_error_of_the_function_has_its_own_name(void **state)
{
    static const struct work_header header = {"x-amz-function-error", "Unhandled"};
    static const struct {
        const char *body, *name;
    } cases[] = {
        {"{\"errorMessage\": \"m\", \"errorType\": \"OrderLost\"}", "OrderLost"     },
        {"{\"errorMessage\":\"timed out\"}",                        "Lambda.Unknown"},
        {"{\"errorType\":\"\"}",                                    "Lambda.Unknown"},
        {"[]",                                                      "Lambda.Unknown"},
        {"",                                                        "Lambda.Unknown"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
        struct work_target target =
            target_of(*state, i % 2 ? WORK_TARGET_FUNCTION : WORK_TARGET_INVOKE,
                      "{\"FunctionName\":\"greet\"}");
        struct work_answer answer = answer_of(200, "OK", cases[i / 2].body);

        answer.headers = &header;
        answer.header_count = 1;
        assert_failure(*state, &target, &answer, cases[i / 2].name, cases[i / 2].body);
    }
}

#define SERVICE(message, status, code)                                                             \
    message " (Service: AWSLambda; Status Code: " status "; Error Code: " code                     \
            "; Request ID: " REQUEST_ID "; Proxy: null)"

static void an_error_of_the_service_is_lambdas(void **state)
{
    static const struct {
        int status;
        const char *name, *cause;
    } cases[] = {
        {429, "Lambda.TooManyRequestsException",
         SERVICE("Rate Exceeded.",                                     "429", "TooManyRequestsException")      },
        {500, "Lambda.ServiceException",
         SERVICE("An internal error was detected.",                    "500", "ServiceException")              },
        {503, "Lambda.ServiceException",
         SERVICE("An internal error was detected.",                    "503", "ServiceException")              },
        {404, "Lambda.ResourceNotFoundException",
         SERVICE("body",                                               "404", "ResourceNotFoundException")     },
        {413, "Lambda.RequestTooLargeException",
         SERVICE("body",                                               "413", "RequestTooLargeException")      },
        {400, "Lambda.InvalidRequestContentException",
         SERVICE("body",                                               "400", "InvalidRequestContentException")},
        {302, "Lambda.AWSLambdaException",             SERVICE("body", "302", "AWSLambdaException")            },
        {401, "Lambda.AWSLambdaException",             SERVICE("body", "401", "AWSLambdaException")            },
    };
    struct work_target target = target_of(*state, WORK_TARGET_FUNCTION, "{}");
    struct work_answer answer;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        answer = answer_of(cases[i].status, "", "body");
        assert_failure(*state, &target, &answer, cases[i].name, cases[i].cause);
    }
    answer = (struct work_answer){.end = WORK_FAILED, .body = "", .cause = "refused"};
    assert_failure(*state, &target, &answer, "Lambda.SdkClientException",
                   "Unable to execute HTTP request: refused");
    answer = answer_of(200, "OK", "\xff");
    assert_failure(*state, &target, &answer, "Lambda.Unknown",
                   "The function's answer is not text.");
    answer.end = WORK_TOO_LARGE;
    assert_failure(*state, &target, &answer, "States.DataLimitExceeded",
                   "The state/task '" FUNCTION_ARN "' returned a result with a size exceeding the "
                   "maximum number of bytes service limit.");
    target = target_of(*state, WORK_TARGET_INVOKE, "{\"FunctionName\":\"greet\"}");
    assert_failure(*state, &target, &answer, "States.DataLimitExceeded",
                   "The state/task 'lambda' returned a result with a size exceeding the maximum "
                   "number of bytes service limit.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, target_set_up, target_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_http_call_says_what_was_asked_for),
        TEST(a_query_is_added_to_the_one_there_is),
        TEST(a_body_that_is_text_is_sent_as_it_is),
        TEST(a_body_becomes_a_form),
        TEST(parameters_that_make_no_sense_are_runtime_errors),
        TEST(an_http_result_holds_the_answer),
        TEST(a_body_is_json_or_text),
        TEST(an_http_failure_has_its_name),
        TEST(a_long_cause_is_cut_between_characters),
        TEST(a_function_gets_its_payload),
        TEST(the_ways_of_invoking_are_passed_on),
        TEST(a_function_that_is_not_mapped_is_not_found),
        TEST(an_invocation_that_makes_no_sense_is_refused),
        TEST(an_invocation_has_the_envelope_of_lambda),
        TEST(an_event_has_no_payload),
        TEST(a_function_by_its_arn_answers_with_its_payload),
        TEST(an_error_of_the_function_has_its_own_name),
        TEST(an_error_of_the_service_is_lambdas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
