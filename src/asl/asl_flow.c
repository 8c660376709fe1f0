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

#include <inttypes.h>
#include <string.h>

#define FLOW_DEPTH_MAX (LIMIT_JSON_DEPTH - 4)
#define FLOW_TIMER_MS ((int64_t)LIMIT_TIMER_MS)

static const struct json flow_empty = {.kind = JSON_OBJECT};

bool asl_follow(struct asl_scope *scope, const struct asl_path *path, const struct json **ret,
                struct asl_error *reterr)
{
    const char *why = NULL;

    if (asl_path_find(scope, path, ret, &why) == ASL_FOUND)
        return true;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME, "Invalid path '%s' : %s",
                    asl_path_text(path), why);
}

enum flow_size { FLOW_FITS, FLOW_TOO_LARGE, FLOW_TOO_DEEP };

/*
 * At least this many bytes, counted until it is too many. What a template makes shares its parts,
 * so that its text may be far larger than its memory: nothing may walk it to the end before this
 * has.
 */
static enum flow_size flow_measure(const struct json *value, size_t depth, size_t *bytes)
{
    enum flow_size size = FLOW_FITS;

    *bytes += 1;
    if (value->kind == JSON_STRING)
        *bytes += value->count + 1;
    if (depth > FLOW_DEPTH_MAX)
        return FLOW_TOO_DEEP;
    if (value->kind == JSON_ARRAY) {
        for (uint32_t i = 0; !size && i < value->count; i++)
            size = flow_measure(value->items[i], depth + 1, bytes);
    } else if (value->kind == JSON_OBJECT) {
        for (uint32_t i = 0; !size && i < value->count; i++) {
            *bytes += strlen(value->members[i].name) + 3;
            size = flow_measure(value->members[i].value, depth + 1, bytes);
        }
    }
    return size || *bytes <= LIMIT_PAYLOAD_BYTES ? size : FLOW_TOO_LARGE;
}

bool asl_check_data(struct arena *arena, const struct json *value, struct asl_error *reterr)
{
    size_t bytes = 0;
    enum flow_size size = flow_measure(value, 0, &bytes);

    if (size == FLOW_FITS && json_size(value) > LIMIT_PAYLOAD_BYTES)
        size = FLOW_TOO_LARGE;
    if (size == FLOW_TOO_LARGE)
        return asl_fail(arena, reterr, ASL_ERROR_DATA_LIMIT,
                        "The state returned a result with a size exceeding the maximum number of "
                        "bytes service limit.");
    if (size == FLOW_TOO_DEEP)
        return asl_fail(arena, reterr, ASL_ERROR_DATA_LIMIT,
                        "The state returned a result that is nested more than %d levels deep.",
                        FLOW_DEPTH_MAX);
    return true;
}

/* A path field of a state: null in the plan gives {}, absent gives the value itself. */
static bool flow_path(struct asl_scope *scope, const struct asl_path *path, bool discard,
                      const struct json **ret, struct asl_error *reterr)
{
    if (discard)
        *ret = &flow_empty;
    else if (!path)
        *ret = scope->input;
    else
        return asl_follow(scope, path, ret, reterr);
    return true;
}

bool asl_input(struct arena *arena, const struct asl_state *state, const struct json *raw,
               const struct json *context, const struct json **ret, struct asl_error *reterr)
{
    const struct json *value;
    struct asl_scope scope;

    asl_scope_init(&scope, arena, raw, context);
    if (!flow_path(&scope, state->input_path, state->discard_input, &value, reterr))
        return false;
    if (state->parameters) {
        scope.input = value;
        if (!asl_fill_template(&scope, state->parameters, &value, reterr))
            return false;
    }
    if ((state->input_path || state->parameters) && !asl_check_data(arena, value, reterr))
        return false;
    *ret = value;
    return true;
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

bool asl_output(struct arena *arena, const struct asl_state *state, const struct json *raw,
                const struct json *result, const struct json *context, const struct json **ret,
                struct asl_error *reterr)
{
    const struct json *value = result;
    struct asl_scope scope;

    asl_scope_init(&scope, arena, result, context);
    if (state->result_selector &&
        !asl_fill_template(&scope, state->result_selector, &value, reterr))
        return false;
    if (state->discard_result)
        value = raw;
    else if (!flow_put(arena, state->result_path, raw, value, &value, reterr))
        return false;
    scope.input = value;
    if (!flow_path(&scope, state->output_path, state->discard_output, &value, reterr))
        return false;
    if (!asl_check_data(arena, value, reterr))
        return false;
    *ret = value;
    return true;
}

bool asl_output_plain(struct arena *arena, const struct asl_state *state,
                      const struct json *effective, const struct json *context,
                      const struct json **ret, struct asl_error *reterr)
{
    const struct json *value;
    struct asl_scope scope;

    asl_scope_init(&scope, arena, effective, context);
    if (!flow_path(&scope, state->output_path, state->discard_output, &value, reterr))
        return false;
    if (state->output_path && !asl_check_data(arena, value, reterr))
        return false;
    *ret = value;
    return true;
}

bool asl_catch_output(struct arena *arena, const struct asl_catcher *catcher,
                      const struct json *raw, const struct asl_error *error,
                      const struct json **ret, struct asl_error *reterr)
{
    struct json *output = json_object(arena);
    const struct json *value;

    json_add(arena, output, "Error", json_string(arena, error->error));
    if (error->cause)
        json_add(arena, output, "Cause", json_string(arena, error->cause));
    if (catcher->discard_result)
        value = raw;
    else if (!flow_put(arena, catcher->result_path, raw, output, &value, reterr))
        return false;
    if (!asl_check_data(arena, value, reterr))
        return false;
    *ret = value;
    return true;
}

static int64_t flow_later(int64_t now_ms, int64_t seconds)
{
    int64_t most = FLOW_TIMER_MS / 1000;

    return now_ms + (seconds > most ? most : seconds) * 1000;
}

/* A number of seconds at a path, in the words of Step Functions when it is none. */
static bool flow_seconds(struct asl_scope *scope, const struct asl_path *path, const char *field,
                         int64_t least, int64_t *ret, struct asl_error *reterr)
{
    const char *text = asl_path_text(path);
    const struct json *value;

    if (asl_path_find(scope, path, &value, NULL) != ASL_FOUND)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The %s parameter does not reference an input value: %s", field, text);
    if (value->kind != JSON_INT)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The %s parameter cannot be parsed as a long value: %s == %s", field, text,
                        value->kind == JSON_STRING ? value->string
                                                   : json_text(scope->arena, value));
    if (value->integer < least)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The %s parameter references a value below %" PRId64 ": %s == %" PRId64,
                        field, least, text, value->integer);
    *ret = value->integer;
    return true;
}

static bool flow_timestamp(struct asl_scope *scope, const struct asl_path *path, int64_t *ret_ms,
                           struct asl_error *reterr)
{
    const struct json *value;

    if (asl_path_find(scope, path, &value, NULL) != ASL_FOUND)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The TimestampPath parameter does not reference an input value: %s",
                        asl_path_text(path));
    if (asl_timestamp(value, ret_ms))
        return true;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended "
                    "offset date-time format string: %s == %s",
                    asl_path_text(path),
                    value->kind == JSON_STRING ? value->string : json_text(scope->arena, value));
}

bool asl_wait_until(struct arena *arena, const struct asl_state *state, const struct json *input,
                    const struct json *context, int64_t now_ms, int64_t *ret_ms,
                    struct asl_error *reterr)
{
    int64_t seconds = state->seconds, until_ms = state->timestamp_ms;
    struct asl_scope scope;

    CHECK(state->type == ASL_WAIT);
    asl_scope_init(&scope, arena, input, context);
    if (state->seconds_path &&
        !flow_seconds(&scope, state->seconds_path, "SecondsPath", 0, &seconds, reterr))
        return false;
    if (state->timestamp_path && !flow_timestamp(&scope, state->timestamp_path, &until_ms, reterr))
        return false;
    if (state->has_seconds || state->seconds_path)
        until_ms = flow_later(now_ms, seconds);
    if (until_ms < now_ms)
        until_ms = now_ms;
    *ret_ms = until_ms - now_ms > FLOW_TIMER_MS ? now_ms + FLOW_TIMER_MS : until_ms;
    return true;
}

bool asl_task_times(struct arena *arena, const struct asl_state *state, const struct json *input,
                    const struct json *context, int64_t *ret_timeout_ms, int64_t *ret_heartbeat_ms,
                    struct asl_error *reterr)
{
    int64_t timeout_ms = state->timeout_ms, heartbeat_ms = state->heartbeat_ms, seconds = 0;
    struct asl_scope scope;

    CHECK(state->type == ASL_TASK);
    asl_scope_init(&scope, arena, input, context);
    if (state->timeout_path) {
        if (!flow_seconds(&scope, state->timeout_path, "TimeoutSecondsPath", 1, &seconds, reterr))
            return false;
        timeout_ms = flow_later(0, seconds);
    }
    if (state->heartbeat_path) {
        if (!flow_seconds(&scope, state->heartbeat_path, "HeartbeatSecondsPath", 1, &seconds,
                          reterr))
            return false;
        heartbeat_ms = flow_later(0, seconds);
    }
    *ret_timeout_ms = timeout_ms;
    *ret_heartbeat_ms = heartbeat_ms;
    return true;
}
