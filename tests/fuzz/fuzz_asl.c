/*
 * fuzz_asl.c - any bytes as a definition: refused with problems, or a plan whose states all
 * evaluate.
 */
#include <string.h>

#include "asl/asl.h"
#include "base/arena.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const input_text =
    "{\"a\":1,\"b\":{\"c\":[1,2,{\"x\":\"y\"}]},\"s\":\"text\",\"t\":\"2026-03-14T01:59:00Z\","
    "\"n\":5,\"yes\":true,\"none\":null}";

struct fuzz {
    struct arena *arena;
    const struct json *input;
};

static void fuzz_data(const struct fuzz *f, const struct asl_state *state)
{
    const struct json *value = NULL;
    struct asl_error error = {0};

    if (asl_input(f->arena, state, f->input, f->input, &value, &error))
        CHECK(value);
    else
        CHECK(error.error && error.cause);
    if (asl_output(f->arena, state, f->input, f->input, f->input, &value, &error))
        CHECK(value);
    if (asl_output_plain(f->arena, state, f->input, NULL, &value, &error))
        CHECK(value);
    for (size_t i = 0; i < state->catcher_count; i++) {
        if (asl_catch_output(f->arena, &state->catchers[i], f->input, &error, &value, &error))
            CHECK(value);
    }
}

static void fuzz_type(const struct fuzz *f, const struct asl_plan *plan,
                      const struct asl_state *state)
{
    int64_t first = 0, second = 0;
    struct asl_error error = {0};
    const char *next = NULL;

    if (state->type == ASL_CHOICE && asl_choose(f->arena, state, f->input, NULL, &next, &error))
        CHECK(asl_find(plan, next));
    if (state->type == ASL_WAIT &&
        asl_wait_until(f->arena, state, f->input, NULL, 1000, &first, &error))
        CHECK(first >= 1000);
    if (state->type == ASL_TASK &&
        asl_task_times(f->arena, state, f->input, NULL, &first, &second, &error))
        CHECK(first >= 0 && second >= 0);
    for (size_t i = 0; i < state->retrier_count; i++)
        CHECK(asl_retry_delay_ms(&state->retriers[i], INT64_MAX, 0.5) >= 0);
    if (state->next)
        CHECK(asl_find(plan, state->next));
    CHECK(asl_place(f->arena, state));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.arena = arena_new()};
    const struct json *definition = NULL;
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};
    struct fault fault = {0};

    f.input = json_stored(f.arena, input_text);
    if (json_parse(f.arena, (const char *)data, size, &definition, &fault) == ERR_OK) {
        if (asl_parse(f.arena, definition, &plan, &problems) == ERR_OK) {
            CHECK(problems.count == 0 && plan->state_count > 0);
            for (size_t i = 0; i < plan->state_count; i++) {
                fuzz_data(&f, plan->by_name[i]);
                fuzz_type(&f, plan, plan->by_name[i]);
            }
        } else {
            CHECK(problems.count > 0 && problems.list[0].pointer && problems.list[0].rule);
        }
    }
    arena_free(f.arena);
    return 0;
}
