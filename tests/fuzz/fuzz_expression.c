/*
 * fuzz_expression.c - any text as an expression: refused, or compiled and evaluated to a value that
 * a state may hand on, or to an error with a cause.
 */
#include <string.h>

#include "asl/asl_expression.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const data_text =
    "{\"a\":[3,1,2,1.0,\"x\",null,true,[1],{\"b\":1}],\"o\":{\"b\":{\"c\":1.5},\"d\":\"e\"},"
    "\"p\":{\"d\":2,\"f\":[]},\"s\":\"a,b;c\",\"j\":\"{\\\"k\\\":[1,2]}\",\"t\":\"{} \\\\{ {}\","
    "\"e\":\"RGF0YQ==\",\"n\":-7,\"r\":2.5,\"z\":null,\"big\":2147483647}";

static void see_name(void *user, const char *name)
{
    (void)user;
    CHECK(asl_is_variable_name(name));
}

static double no_random01(void *user)
{
    (void)user;
    return 0.75;
}

static void no_random_bytes(void *user, void *bytes, size_t len)
{
    (void)user;
    memset(bytes, 0x5a, len);
}

/* Text comes out of JSON: it is UTF-8. Null when the bytes are not. */
static const char *text_of(struct arena *arena, const uint8_t *data, size_t size)
{
    const struct json *text = NULL;
    struct buf buf;

    buf_init(&buf, arena, BUF_BYTES_OWN);
    json_print_string(&buf, (const char *)data, size);
    return json_parse(arena, buf.data, buf.len, &text, NULL) == ERR_OK ? text->string : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    const char *text = text_of(arena, data, size);
    const struct json *input = json_stored(arena, data_text), *value = NULL, *again = NULL;
    const struct asl_expression *expression = NULL;
    struct asl_refusal refusal = {0};
    struct asl_error error = {0};
    struct asl_scope scope;

    if (!text) {
        arena_free(arena);
        return 0;
    }
    asl_scope_init(&scope, arena, input, input);
    scope.input = input;
    scope.random01 = no_random01;
    scope.random_bytes = no_random_bytes;
    if (!asl_expression_parse(arena, text, &expression, &refusal)) {
        CHECK(refusal.rule && refusal.message);
    } else if (!asl_evaluate(&scope, expression, &value, &error)) {
        CHECK(error.error && error.cause);
    } else if (asl_expression_is_call(expression)) {
        CHECK(json_size(value) <= LIMIT_PAYLOAD_BYTES);
        CHECK(json_depth(value) <= LIMIT_JSON_DEPTH);
        /* With the same dice it falls the same, and the value is one that can be read back. */
        scope.work = ASL_WORK_MAX;
        CHECK(asl_evaluate(&scope, expression, &again, &error));
        CHECK(json_equal(value, again));
        CHECK(json_equal(value, json_stored(arena, json_text(arena, value))));
    }
    CHECK(scope.work >= 0);
    if (!refusal.rule)
        asl_expression_variables(expression, see_name, NULL);
    arena_free(arena);
    return 0;
}
