/*
 * asl_flow.c - the way of data through one state:
 *
 *     raw input -> InputPath -> Parameters -> (the state's work) -> ResultSelector -> ResultPath,
 * into the raw input -> OutputPath -> output
 *
 * Specification, "Input and Output Processing". What a state hands on is held to
 * LIMIT_PAYLOAD_BYTES and to a depth that leaves room for what is wrapped around it when it is
 * stored.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <string.h>

#define FLOW_DEPTH_MAX (LIMIT_JSON_DEPTH - 4)

static const struct json flow_empty = {.kind = JSON_OBJECT};

enum flow_size { FLOW_FITS, FLOW_TOO_LARGE, FLOW_TOO_DEEP };

/*
 * At least this many bytes, counted until it is too many. What a template makes shares its parts,
 * so that its text may be far larger than its memory: nothing may walk it to the end before this
 * has.
 */
static enum flow_size flow_measure(const struct json *value, size_t depth, size_t most,
                                   size_t *bytes)
{
    enum flow_size size = FLOW_FITS;

    *bytes += 1;
    if (value->kind == JSON_STRING)
        *bytes += value->count + 1;
    if (depth > FLOW_DEPTH_MAX)
        return FLOW_TOO_DEEP;
    if (value->kind == JSON_ARRAY) {
        for (uint32_t i = 0; !size && i < value->count; i++)
            size = flow_measure(value->items[i], depth + 1, most, bytes);
    } else if (value->kind == JSON_OBJECT) {
        for (uint32_t i = 0; !size && i < value->count; i++) {
            *bytes += strlen(value->members[i].name) + 3;
            size = flow_measure(value->members[i].value, depth + 1, most, bytes);
        }
    }
    return size || *bytes <= most ? size : FLOW_TOO_LARGE;
}

static enum flow_size flow_size(const struct json *value, size_t most, size_t *ret_bytes)
{
    size_t bytes = 0;
    enum flow_size size = flow_measure(value, 0, most, &bytes);

    if (size == FLOW_FITS)
        bytes = json_size(value);
    *ret_bytes = bytes;
    return size == FLOW_FITS && bytes > most ? FLOW_TOO_LARGE : size;
}

size_t asl_measure(const struct json *value, size_t bytes_max)
{
    size_t bytes;

    return flow_size(value, bytes_max, &bytes) == FLOW_FITS ? bytes : bytes_max + 1;
}

/* As Step Functions names whose result it is: the service, the resource, or the state. */
static const char *flow_who(const struct asl_state *state)
{
    if (state->type != ASL_TASK)
        return state->name;
    return state->is_service && state->resource_type ? state->resource_type : state->resource_text;
}

bool asl_check_data(struct arena *arena, const struct asl_state *state, const struct json *value,
                    struct asl_error *reterr)
{
    const char *who = state ? arena_printf(arena, "state/task '%s'", flow_who(state)) : "state";
    size_t bytes;

    switch (flow_size(value, LIMIT_PAYLOAD_BYTES, &bytes)) {
    case FLOW_FITS:
        return true;
    case FLOW_TOO_LARGE:
        return asl_fail(arena, reterr, ASL_ERROR_DATA_LIMIT,
                        "The %s returned a result with a size exceeding the maximum number of "
                        "bytes service limit.",
                        who);
    case FLOW_TOO_DEEP:
        break;
    }
    return asl_fail(arena, reterr, ASL_ERROR_DATA_LIMIT,
                    "The %s returned a result that is nested more than %d levels deep.", who,
                    FLOW_DEPTH_MAX);
}

/* A path field of a state: null in the plan gives {}, absent gives the value itself. */
static bool flow_path(struct asl_scope *scope, const struct asl_state *state,
                      const struct asl_expression *path, bool discard, const struct json **ret,
                      struct asl_error *reterr)
{
    const struct json *value = discard ? &flow_empty : scope->input;

    if (path && (!asl_evaluate(scope, path, &value, reterr) ||
                 !asl_check_data(scope->arena, state, value, reterr)))
        return false;
    *ret = value;
    return true;
}

/* A template of a state with `dollar` as "$"; without one, the value stays what it is. */
static bool flow_template(struct asl_scope *scope, const struct asl_state *state,
                          const struct asl_template *template, const struct json *dollar,
                          const struct json **ret, struct asl_error *reterr)
{
    const struct json *value = dollar;

    scope->input = dollar;
    if (template && (!asl_fill_template(scope, template, &value, reterr) ||
                     !asl_check_data(scope->arena, state, value, reterr)))
        return false;
    *ret = value;
    return true;
}

bool asl_input_path(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
                    const struct json **ret, struct asl_error *reterr)
{
    scope->input = raw;
    return flow_path(scope, state, state->input_path, state->discard_input, ret, reterr);
}

bool asl_parameters(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, const struct json **ret, struct asl_error *reterr)
{
    return flow_template(scope, state, state->parameters, input, ret, reterr);
}

bool asl_result_selector(struct asl_scope *scope, const struct asl_state *state,
                         const struct json *result, const struct json **ret,
                         struct asl_error *reterr)
{
    return flow_template(scope, state, state->result_selector, result, ret, reterr);
}

/* Puts a result into the raw input; null path means "$", the result alone. */
static bool flow_put(struct arena *arena, const struct asl_path *path, const struct json *raw,
                     const struct json *result, const struct json **ret, struct asl_error *reterr)
{
    const char *why = NULL;

    *ret = result;
    if (!path || asl_path_put(arena, path, raw, result, ret, &why))
        return true;
    return asl_fail(arena, reterr, ASL_ERROR_RESULT_PATH,
                    "Unable to apply ResultPath '%s' to the input: it cannot be written at %s",
                    asl_path_text(path), why);
}

bool asl_result_path(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
                     const struct json *result, const struct json **ret, struct asl_error *reterr)
{
    const struct json *value = raw;

    if (!state->discard_result &&
        !flow_put(scope->arena, state->result_path, raw, result, &value, reterr))
        return false;
    if (!asl_check_data(scope->arena, state, value, reterr))
        return false;
    *ret = value;
    return true;
}

bool asl_output_path(struct asl_scope *scope, const struct asl_state *state,
                     const struct json *value, const struct json **ret, struct asl_error *reterr)
{
    scope->input = value;
    return flow_path(scope, state, state->output_path, state->discard_output, ret, reterr);
}

bool asl_input(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
               const struct json **ret, struct asl_error *reterr)
{
    const struct json *value;

    return asl_input_path(scope, state, raw, &value, reterr) &&
           asl_parameters(scope, state, value, ret, reterr);
}

bool asl_output(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
                const struct json *result, const struct json **ret, struct asl_error *reterr)
{
    const struct json *value;

    return asl_result_selector(scope, state, result, &value, reterr) &&
           asl_result_path(scope, state, raw, value, &value, reterr) &&
           asl_output_path(scope, state, value, ret, reterr);
}

bool asl_output_plain(struct asl_scope *scope, const struct asl_state *state,
                      const struct json *effective, const struct json **ret,
                      struct asl_error *reterr)
{
    return asl_output_path(scope, state, effective, ret, reterr);
}

const struct json *asl_error_output(struct arena *arena, const struct asl_error *error)
{
    struct json *output = json_object(arena);

    if (error->error)
        json_add(arena, output, "Error", json_string(arena, error->error));
    if (error->cause)
        json_add(arena, output, "Cause", json_string(arena, error->cause));
    return output;
}

bool asl_catch_output(struct asl_scope *scope, const struct asl_catcher *catcher,
                      const struct json *raw, const struct asl_error *error,
                      const struct json **ret, struct asl_error *reterr)
{
    const struct json *value = raw;

    if (!catcher->discard_result &&
        !flow_put(scope->arena, catcher->result_path, raw, asl_error_output(scope->arena, error),
                  &value, reterr))
        return false;
    if (!asl_check_data(scope->arena, NULL, value, reterr))
        return false;
    *ret = value;
    return true;
}
