/*
 * definition.c - a definition as text: read, validated, and refused in AWS's words.
 */
#include <string.h>

#include "asl/asl.h"
#include "base/buf.h"
#include "sfn/json_words.h"
#include "sfn/sfn_priv.h"

#define DEFINITION_NO_JSON "INVALID_JSON_DESCRIPTION"

/* The one problem of a text that is no JSON, or has a member twice, is nested too deep, ... */
static void definition_no_json(struct arena *arena, const char *text, const struct fault *fault,
                               struct asl_problems *ret)
{
    struct asl_problem *problem = ARENA_NEW(arena, struct asl_problem);
    size_t offset = 0, line, column;
    const char *words = json_words(arena, text, strlen(text), &offset);
    const char *message = fault->detail ? fault->detail : "this is not JSON";

    if (words) {
        json_words_place(text, offset, &line, &column);
        words = arena_printf(arena, "%s\n at [Source: UNKNOWN; line: %zu, column: %zu]", words,
                             line, column);
    }
    *problem = (struct asl_problem){
        .pointer = fault->pointer ? fault->pointer : "",
        .rule = "JSON",
        .message = message,
        .code = DEFINITION_NO_JSON,
        .wording = words ? words : message,
    };
    *ret = (struct asl_problems){.list = problem, .count = 1, .errors = 1};
}

enum err sfn_read_definition(struct sfn_call *call, struct arena *arena, const char *text,
                             const struct json **ret_definition, const struct asl_plan **ret_plan,
                             struct asl_problems *ret_problems)
{
    struct fault fault = {0};
    enum err err = json_parse(arena, text, strlen(text), ret_definition, &fault);

    (void)call;
    *ret_problems = (struct asl_problems){0};
    if (err == ERR_INVALID_REQUEST)
        definition_no_json(arena, text, &fault, ret_problems);
    return err ? err : asl_parse(arena, *ret_definition, ret_plan, ret_problems);
}

/* What is wrong with a Map's label has a form of its own in recorded answers: the sentence as a
 * quoted literal, then the definition. */
static enum err definition_refuse_label(struct sfn_call *call, const char *sentence)
{
    const char *quote = strchr(sentence, '\'') ? "\"" : "'";
    const char *text = json_get_string(call->body, "definition");
    struct buf literal;

    buf_init(&literal, call->arena, BUF_BYTES_OWN);
    for (const char *c = sentence; *c; c++)
        buf_printf(&literal, *c == '\\' ? "\\%c" : "%c", *c);
    return sfn_refuse(call, "InvalidDefinition",
                      "Error=ValueError Args=[%s%s%s] in definition '%s'.", quote, literal.data,
                      quote, text ? text : "");
}

enum err sfn_refuse_definition(struct sfn_call *call, const struct asl_problems *problems)
{
    struct buf buf;

    buf_init(&buf, call->arena, BUF_BYTES_OWN);
    for (size_t i = 0; i < problems->count; i++) {
        const struct asl_problem *problem = &problems->list[i];

        if (problem->is_warning)
            continue;
        if (strcmp(problem->rule, "LABEL") == 0)
            return definition_refuse_label(call, problem->wording);
        buf_text(&buf, buf.len ? ", " : "");
        buf_printf(&buf, "%s: %s", problem->code ? problem->code : "SCHEMA_VALIDATION_FAILED",
                   problem->wording ? problem->wording : problem->message);
        if (!problem->code || strcmp(problem->code, DEFINITION_NO_JSON) != 0)
            buf_printf(&buf, " at %s", problem->location ? problem->location : "null");
    }
    return sfn_refuse(call, "InvalidDefinition", "Invalid State Machine Definition: '%s'",
                      buf.len ? buf.data : "");
}
