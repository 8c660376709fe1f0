/*
 * fuzz_asl.c - any bytes as a definition: refused with problems, or a plan whose states all
 * evaluate.
 */
#include <string.h>

#include "asl/asl.h"
#include "asl/asl_path.h"
#include "base/arena.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const input_text =
    "{\"a\":1,\"b\":{\"c\":[1,2,{\"x\":\"y\"}]},\"s\":\"text\",\"t\":\"2026-03-14T01:59:00Z\","
    "\"n\":5,\"yes\":true,\"none\":null}";

static const char *const variables_text = "{\"v\":[1,2],\"w\":{\"x\":3}}";
static const char *const context_text =
    "{\"Map\":{\"Item\":{\"Index\":0,\"Value\":1}},\"Task\":{\"Token\":\"t\"}}";

struct fuzz {
    struct arena *arena;
    const struct json *input;
    struct asl_scope scope;
};

/* Each state has work of its own, as each visit to one has. */
static struct asl_scope *fuzz_scope(struct fuzz *f)
{
    asl_scope_init(&f->scope, f->arena, json_stored(f->arena, context_text),
                   json_stored(f->arena, variables_text));
    return &f->scope;
}

static void fuzz_assign(struct fuzz *f, const struct asl_template *assign)
{
    const struct json *value = NULL;
    struct asl_error error = {0};

    if (asl_assign(fuzz_scope(f), assign, f->input, &value, &error))
        CHECK(asl_variables_merge(f->arena, NULL, value));
    else
        CHECK(error.error && error.cause);
}

static void fuzz_data(struct fuzz *f, const struct asl_state *state)
{
    const struct json *value = NULL;
    struct asl_error error = {0};

    if (asl_input(fuzz_scope(f), state, f->input, &value, &error))
        CHECK(value);
    else
        CHECK(error.error && error.cause);
    if (asl_output(fuzz_scope(f), state, f->input, f->input, &value, &error))
        CHECK(value);
    if (asl_output_plain(fuzz_scope(f), state, f->input, &value, &error))
        CHECK(value);
    fuzz_assign(f, state->assign);
    for (size_t i = 0; i < state->catcher_count; i++) {
        if (asl_catch_output(fuzz_scope(f), &state->catchers[i], f->input, &error, &value, &error))
            CHECK(value);
        fuzz_assign(f, state->catchers[i].assign);
    }
}

static void fuzz_map(struct fuzz *f, const struct asl_state *state)
{
    const struct json *list = json_stored(f->arena, "[1,\"two\",{}]"), *value = NULL;
    struct asl_map_plan map;
    struct asl_error error = {0};

    if (!asl_map_begin(fuzz_scope(f), state, f->input, &map, &error))
        return;
    CHECK(!map.items || map.items->kind == JSON_ARRAY);
    if (asl_map_item(fuzz_scope(f), state, f->input, list, &value, &error))
        CHECK(value);
    if (asl_map_batches(fuzz_scope(f), state, f->input, &map, list, &value, &error))
        CHECK(value->kind == JSON_ARRAY);
}

static void fuzz_type(struct fuzz *f, const struct asl_plan *plan, const struct asl_state *state,
                      bool alone)
{
    int64_t until_ms = 0;
    struct asl_error error = {0};
    struct asl_choice choice = {0};
    struct asl_times times = {0};

    if (state->type == ASL_CHOICE && asl_choose(fuzz_scope(f), state, f->input, &choice, &error))
        CHECK(alone || asl_find(plan, choice.next));
    if (state->type == ASL_WAIT &&
        asl_wait_until(fuzz_scope(f), state, f->input, 1000, &until_ms, &error))
        CHECK(until_ms >= 1000);
    if (state->type == ASL_TASK && asl_task_times(fuzz_scope(f), state, f->input, &times, &error))
        CHECK(times.timeout_ms >= 0 && times.heartbeat_ms >= 0);
    if (state->type == ASL_FAIL)
        (void)!asl_fail_error(fuzz_scope(f), state, f->input, &error, &error);
    if (state->type == ASL_MAP)
        fuzz_map(f, state);
    for (size_t i = 0; i < state->retrier_count; i++)
        CHECK(asl_retry_delay_ms(&state->retriers[i], INT64_MAX, 0.5) >= 0);
    if (state->next)
        CHECK(alone || asl_find(plan, state->next));
    CHECK(asl_place(f->arena, state));
}

static void fuzz_plan(struct fuzz *f, const struct asl_plan *plan, bool alone)
{
    CHECK(plan->state_count > 0);
    for (size_t i = 0; i < plan->state_count; i++) {
        fuzz_data(f, plan->by_name[i]);
        fuzz_type(f, plan, plan->by_name[i], alone);
    }
    CHECK(asl_variable_references(f->arena, plan));
}

static void fuzz_problems(const struct asl_problems *problems)
{
    CHECK(problems->errors > 0 && problems->count > 0);
    for (size_t i = 0; i < problems->count; i++) {
        const struct asl_problem *p = &problems->list[i];

        CHECK(p->pointer && p->rule && p->message && p->code && p->wording);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.arena = arena_new()};
    const struct json *definition = NULL;
    struct fault fault = {0};

    f.input = json_stored(f.arena, input_text);
    if (json_parse(f.arena, (const char *)data, size, &definition, &fault) == ERR_OK) {
        const struct asl_plan *plan = NULL;
        struct asl_problems problems = {0};

        if (asl_parse(f.arena, definition, &plan, &problems) == ERR_OK)
            fuzz_plan(&f, plan, false);
        else
            fuzz_problems(&problems);
        if (asl_parse_state(f.arena, "S", definition, &plan, &problems) == ERR_OK)
            fuzz_plan(&f, plan, true);
        else
            fuzz_problems(&problems);
    }
    arena_free(f.arena);
    return 0;
}
