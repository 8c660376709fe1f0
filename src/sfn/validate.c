/*
 * validate.c - the action ValidateStateMachineDefinition: all that is wrong with a definition, as a
 * list, and nothing is created.
 */
#include "sfn/validate.h"

#include <string.h>

#include "base/buf.h"
#include "sfn/json_words.h"
#include "sfn/sfn_priv.h"

#define VALIDATE_RESULTS_MAX 100
#define VALIDATE_POINTER_BYTES 65536
#define VALIDATE_CODE "SCHEMA_VALIDATION_FAILED"
#define VALIDATE_NO_JSON "INVALID_JSON_DESCRIPTION"
#define VALIDATE_SHOWN_BYTES 500
#define VALIDATE_ERROR "ERROR"
#define VALIDATE_OURS                                                                              \
    "fermata:" /* workers, people, callbacks, locks and children of the store on disk */

struct validate_request {
    const char *definition, *type, *severity;
    int64_t max_results;
};
_Static_assert(sizeof(struct validate_request) <= SFN_FIELDS_BYTES, "the gate's room for fields");

/* clang-format off */
#define FIELD(member) offsetof(struct validate_request, member)
const struct sfn_field validate_fields[] = {
    {.name = "definition", .type = SFN_TEXT, .is_required = true, .offset = FIELD(definition), .min = 1, .max = LIMIT_DEFINITION_BYTES},
    {.name = "type", .type = SFN_WORD, .offset = FIELD(type), .values = "STANDARD EXPRESS"},
    {.name = "severity", .type = SFN_WORD, .offset = FIELD(severity), .values = "ERROR WARNING"},
    {.name = "maxResults", .type = SFN_INT, .offset = FIELD(max_results), .max = VALIDATE_RESULTS_MAX},
    {.name = NULL},
};
/* clang-format on */

/* ---- what an express execution cannot do ---- */

/* A state's name in a pointer (RFC 6901), or as it is in a location of AWS. */
static void validate_print_name(struct buf *buf, const char *name, bool is_pointer)
{
    for (; *name; name++) {
        if (is_pointer && (*name == '~' || *name == '/'))
            buf_text(buf, *name == '~' ? "~0" : "~1");
        else
            buf_char(buf, *name);
    }
}

/* Where a state stands in the definition; as deep as Maps and Parallels are nested. */
static void validate_print_place(struct buf *buf, const struct asl_state *state, bool is_pointer)
{
    const struct asl_state *parent = state->machine->parent;

    if (parent) {
        validate_print_place(buf, parent, is_pointer);
        if (parent->type == ASL_PARALLEL)
            buf_printf(buf, is_pointer ? "/Branches/%zu" : "/Branches[%zu]",
                       state->machine->branch_index);
        else
            buf_text(buf,
                     json_get(parent->definition, "Iterator") ? "/Iterator" : "/ItemProcessor");
    }
    buf_text(buf, "/States/");
    validate_print_name(buf, state->name, is_pointer);
}

static const char *validate_place(struct arena *arena, const struct asl_state *state,
                                  const char *field, bool is_pointer)
{
    struct buf buf;

    buf_init(&buf, arena, VALIDATE_POINTER_BYTES);
    validate_print_place(&buf, state, is_pointer);
    buf_char(&buf, '/');
    buf_text(&buf, field);
    return buf.data;
}

static bool validate_is_express(const struct asl_state *state, bool is_express)
{
    const struct asl_state *parent = state->machine->parent;

    for (; parent && !is_express; parent = parent->machine->parent)
        is_express =
            parent->type == ASL_MAP && parent->map->is_distributed && parent->map->is_express;
    return is_express;
}

/* What is wrong with a state in an express execution, and at which of its fields; null: nothing. */
static const char *validate_state(struct arena *arena, const struct asl_state *state,
                                  const char **ret_field)
{
    static const char *const suffixes[] = {
        [ASL_SYNC] = ".sync",
        [ASL_SYNC_2] = ".sync",
        [ASL_WAIT_FOR_TOKEN] = ".waitForTaskToken",
    };

    *ret_field = "Resource";
    if (state->type == ASL_TASK && state->resource == ASL_RESOURCE_ACTIVITY)
        return arena_printf(arena, "Express state machine does not support Activity ARN '%s'",
                            state->resource_text);
    if (state->type == ASL_TASK && state->pattern != ASL_REQUEST_RESPONSE)
        return arena_printf(arena,
                            "Express state machine does not support '%s' service integration ",
                            suffixes[state->pattern]);
    if (state->type == ASL_TASK &&
        strncmp(state->resource_text, VALIDATE_OURS, strlen(VALIDATE_OURS)) == 0)
        return arena_printf(arena, "Express state machine does not support the resource '%s'",
                            state->resource_text);
    *ret_field = "ItemProcessor/ProcessorConfig/Mode";
    if (state->type == ASL_MAP && state->map->is_distributed)
        return "Express state machine does not support Map states in 'DISTRIBUTED' mode";
    return NULL;
}

static void validate_add(struct arena *arena, struct asl_problems *problems,
                         const struct asl_problem *problem)
{
    struct asl_problem *list = ARENA_ARRAY(arena, struct asl_problem, problems->count + 1);

    for (size_t i = 0; i < problems->count; i++)
        list[i] = problems->list[i];
    list[problems->count++] = *problem;
    problems->list = list;
    problems->errors++;
}

bool validate_express(struct arena *arena, const struct asl_plan *plan, bool is_express,
                      struct asl_problems *problems)
{
    size_t errors = problems->errors;

    for (size_t i = 0; i < plan->state_count; i++) {
        const struct asl_state *state = plan->by_name[i];
        const char *field, *message;

        if (!validate_is_express(state, is_express))
            continue;
        message = validate_state(arena, state, &field);
        if (!message)
            continue;
        if (problems->count >= VALIDATE_RESULTS_MAX) {
            problems->truncated = true;
            break;
        }
        validate_add(arena, problems,
                     &(struct asl_problem){
                         .pointer = validate_place(arena, state, field, true),
                         .rule = "EXPRESS",
                         .message = message,
                         .code = VALIDATE_CODE,
                         .wording = message,
                         .location = validate_place(arena, state, field, false),
                     });
    }
    return problems->errors == errors;
}

/* ---- the answer ---- */

/* A text that is no JSON is shown with the place where its reader stopped. */
static void validate_no_json(struct arena *arena, const char *text, struct asl_problem *problem)
{
    size_t len = strlen(text), offset = 0, line, column;
    size_t shown = len < VALIDATE_SHOWN_BYTES ? len : VALIDATE_SHOWN_BYTES;
    const char *words = json_words(arena, text, len, &offset), *cut = "";

    if (!words)
        return;
    while (shown < len && shown && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    if (shown < len)
        cut = arena_printf(arena, "[truncated %zu chars]", len - shown);
    json_words_place(text, offset, &line, &column);
    problem->location = arena_printf(arena, "[Source: (String)\"%.*s\"%s; line: %zu, column: %zu]",
                                     (int)shown, text, cut, line, column);
    problem->wording = arena_printf(arena, "%s\n at %s", words, problem->location);
}

static const struct json *validate_diagnostic(struct arena *arena,
                                              const struct asl_problem *problem)
{
    struct json *diagnostic = json_object(arena);

    json_add(arena, diagnostic, "severity",
             json_string(arena, problem->is_warning ? "WARNING" : VALIDATE_ERROR));
    json_add(arena, diagnostic, "code",
             json_string(arena, problem->code ? problem->code : VALIDATE_CODE));
    json_add(arena, diagnostic, "message",
             json_string(arena, problem->wording ? problem->wording : problem->message));
    if (problem->location)
        json_add(arena, diagnostic, "location", json_string(arena, problem->location));
    return diagnostic;
}

/* Warnings are told to whoever asks for them. */
static bool validate_tells(const struct validate_request *request,
                           const struct asl_problem *problem)
{
    return !problem->is_warning ||
           (request->severity && strcmp(request->severity, VALIDATE_ERROR) != 0);
}

static const struct json *validate_answer(struct arena *arena,
                                          const struct validate_request *request,
                                          const struct asl_problems *problems)
{
    int64_t most = request->max_results ? request->max_results : VALIDATE_RESULTS_MAX;
    struct json *answer = json_object(arena), *diagnostics = json_array(arena);
    bool truncated = problems->truncated, failed = false;

    for (size_t i = 0; i < problems->count; i++) {
        const struct asl_problem *problem = &problems->list[i];

        failed = failed || !problem->is_warning;
        if (!validate_tells(request, problem))
            continue;
        if (diagnostics->count < most)
            json_push(arena, diagnostics, validate_diagnostic(arena, problem));
        else
            truncated = true;
    }
    json_add(arena, answer, "result", json_string(arena, failed ? "FAIL" : "OK"));
    json_add(arena, answer, "diagnostics", diagnostics);
    json_add(arena, answer, "truncated", json_bool(truncated));
    return answer;
}

enum err validate_definition(struct sfn_call *call, const struct json **ret)
{
    const struct validate_request *request = call->fields;
    bool is_express = request->type && !strcmp(request->type, "EXPRESS");
    struct asl_problems problems = {0};
    const struct asl_plan *plan = NULL;
    const struct json *definition;
    enum err err =
        sfn_read_definition(call, call->arena, request->definition, &definition, &plan, &problems);

    if (err && err != ERR_INVALID_REQUEST)
        return err;
    if (!err)
        validate_express(call->arena, plan, is_express, &problems);
    else if (problems.count == 1 && !strcmp(problems.list[0].code, VALIDATE_NO_JSON))
        validate_no_json(call->arena, request->definition, &problems.list[0]);
    *ret = validate_answer(call->arena, request, &problems);
    return ERR_OK;
}
