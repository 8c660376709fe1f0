/*
 * test_state.c - the action TestState: reads the request, runs the state, and words the answer.
 */
#include "sfn/test_state.h"

#include <string.h>

#include "sfn/json_words.h"
#include "sfn/sfn_priv.h"

#define TEST_LEVEL_INFO "INFO"

_Static_assert(sizeof(struct test_fields) <= SFN_FIELDS_BYTES, "the gate's room for fields");

/* clang-format off */
#define FIELD(member) offsetof(struct test_fields, member)
const struct sfn_field test_state_fields[] = {
    {.name = "definition", .type = SFN_TEXT, .is_required = true, .offset = FIELD(definition), .min = 1, .max = LIMIT_DEFINITION_BYTES},
    {.name = "roleArn", .type = SFN_TEXT, .offset = FIELD(role_arn), .min = 1, .max = 256},
    {.name = "input", .type = SFN_TEXT, .offset = FIELD(input), .max = LIMIT_PAYLOAD_BYTES},
    {.name = "inspectionLevel", .type = SFN_WORD, .offset = FIELD(inspection_level), .values = "INFO DEBUG TRACE"},
    {.name = "revealSecrets", .type = SFN_BOOL, .offset = FIELD(reveal_secrets)},
    {.name = "variables", .type = SFN_TEXT, .offset = FIELD(variables), .max = LIMIT_PAYLOAD_BYTES},
    {.name = "stateName", .type = SFN_TEXT, .offset = FIELD(state_name), .min = 1, .max = LIMIT_STATE_NAME_CHARS},
    {.name = "mock", .type = SFN_OBJECT, .offset = FIELD(mock)},
    {.name = "context", .type = SFN_TEXT, .offset = FIELD(context), .max = LIMIT_PAYLOAD_BYTES},
    {.name = "stateConfiguration", .type = SFN_OBJECT, .offset = FIELD(configuration)},
    {.name = NULL},
};
/* clang-format on */

void test_inspect(struct test *test, const char *name, const struct json *value)
{
    json_set(test->arena, test->inspection, name,
             json_string(test->arena, json_text(test->arena, value)));
}

/* The state out of a whole machine. */
static enum err test_read_machine(struct test *test)
{
    struct asl_problems problems = {0};
    const struct json *definition;
    enum err err = sfn_read_definition(test->call, test->arena, test->fields->definition,
                                       &definition, &test->plan, &problems);

    if (err == ERR_INVALID_REQUEST)
        return sfn_refuse_definition(test->call, &problems);
    if (err)
        return err;
    test->state = test->fields->state_name ? asl_find(test->plan, test->fields->state_name) : NULL;
    if (!test->state)
        return sfn_refuse(test->call, "ValidationException", "State not found in definition");
    return ERR_OK;
}

static enum err test_read_state(struct test *test)
{
    const char *text = test->fields->definition;
    struct asl_problems problems = {0};
    const struct json *definition;

    /* What is no JSON is worded by the reader of machines. */
    if (test->fields->state_name ||
        json_parse(test->arena, text, strlen(text), &definition, NULL) != ERR_OK)
        return test_read_machine(test);
    if (asl_parse_state(test->arena, TEST_STATE_NAME, definition, &test->plan, &problems) != ERR_OK)
        return sfn_refuse_definition(test->call, &problems);
    test->state = asl_find(test->plan, TEST_STATE_NAME);
    CHECK(test->state);
    return ERR_OK;
}

/* The state's input, {} when none is given. */
static enum err test_read_input(struct test *test)
{
    const char *text = test->fields->input ? test->fields->input : "{}";
    const char *words;

    if (json_parse(test->arena, text, strlen(text), &test->input, NULL) == ERR_OK)
        return ERR_OK;
    words = json_words(test->arena, text, strlen(text), NULL);
    return sfn_refuse(test->call, "InvalidExecutionInput",
                      "Invalid State Machine Execution Input: '%s'",
                      words ? words : "Invalid execution input.");
}

static enum err test_read_variables(struct test *test)
{
    const char *text = test->fields->variables ? test->fields->variables : "{}";

    if (json_parse(test->arena, text, strlen(text), &test->variables, NULL) == ERR_OK &&
        json_is(test->variables, JSON_OBJECT))
        return ERR_OK;
    return sfn_refuse(test->call, "ValidationException", "Variables must be a valid JSON object");
}

static const struct json *test_answer(struct test *test)
{
    struct arena *arena = test->arena;
    struct json *answer = json_object(arena);
    const char *level = test->fields->inspection_level;

    if (test->output)
        json_add(arena, answer, "output", json_string(arena, json_text(arena, test->output)));
    if (test->error.error)
        json_add(arena, answer, "error", json_string(arena, test->error.error));
    if (test->error.cause)
        json_add(arena, answer, "cause", json_string(arena, test->error.cause));
    if (level && strcmp(level, TEST_LEVEL_INFO) != 0)
        json_add(arena, answer, "inspectionData", test->inspection);
    if (test->next)
        json_add(arena, answer, "nextState", json_string(arena, test->next));
    json_add(arena, answer, "status", json_string(arena, test->status));
    return answer;
}

static enum err (*const test_steps[])(struct test *) = {
    test_check_request,                  /* what may be asked together */
    test_context_read,  test_read_state, /* the definition */
    test_check_state,                    /* the mock against it */
    test_read_input,    test_read_variables,
};

enum err test_state(struct sfn_call *call, const struct json **ret)
{
    struct test test = {
        .call = call,
        .arena = call->arena,
        .fields = call->fields,
        .now_ms = clock_now_ms(call->sfn->config.clock),
        .inspection = json_object(call->arena),
    };
    enum err err = ERR_OK;

    for (size_t i = 0; i < ARRAY_SIZE(test_steps) && !err; i++)
        err = test_steps[i](&test);
    if (err)
        return err;
    asl_scope_init(&test.scope, test.arena, test_context(&test), test.variables);
    test_run(&test);
    *ret = test_answer(&test);
    return ERR_OK;
}
