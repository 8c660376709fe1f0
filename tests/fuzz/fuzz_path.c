/*
 * fuzz_path.c - any text as a path: compiled or refused, followed or not, never anything worse.
 */
#include <string.h>

#include "asl/asl_path.h"
#include "base/arena.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const data_text =
    "{\"a\":1,\"b\":{\"c\":[1,2,{\"x\":\"y\",\"n\":null,\"t\":true}],\"d\":[[1],[2,3]]},"
    "\"s\":\"text\",\"l\":[0,1,2,3,4,{\"a\":{\"a\":{\"a\":[1]}}}],\"e\":{},\"odd name\":2.5}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    char *text = arena_string_n(arena, (const char *)data, size);
    const struct json *input = json_stored(arena, data_text), *value = NULL;
    const struct asl_path *path = NULL;
    struct asl_refusal refusal = {0};
    struct asl_scope scope;
    const char *why = NULL;

    asl_scope_init(&scope, arena, input, input);
    scope.input = input;
    if (asl_path_parse(arena, text, ASL_PATH_ANY, &path, &refusal)) {
        if (asl_path_find(&scope, path, &value, &why) == ASL_FOUND)
            CHECK(value);
        else
            CHECK(why);
        CHECK(scope.work >= 0);
        CHECK(!asl_path_variable(path) || asl_is_variable_name(asl_path_variable(path)));
    } else {
        CHECK(refusal.rule && refusal.message);
    }
    if (asl_path_parse(arena, text, ASL_PATH_RESULT, &path, &refusal) &&
        asl_path_put(arena, path, input, &json_true, &value, &why)) {
        /* What was put is found there. */
        asl_scope_init(&scope, arena, NULL, NULL);
        scope.input = value;
        CHECK(asl_path_find(&scope, path, &value, &why) == ASL_FOUND);
        CHECK(value == &json_true);
    }
    arena_free(arena);
    return 0;
}
