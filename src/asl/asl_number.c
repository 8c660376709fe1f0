/*
 * asl_number.c - the fields of a state that are numbers, times and texts found in its data: Wait,
 * the timeouts of a Task, its Credentials, and what a Fail says.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TIMER_MS ((int64_t)LIMIT_TIMER_MS)

const char *asl_plain_text(struct arena *arena, const struct json *value)
{
    return value->kind == JSON_STRING ? value->string : json_text(arena, value);
}

static int64_t number_later(int64_t now_ms, int64_t seconds)
{
    int64_t most = NUMBER_TIMER_MS / 1000;

    return now_ms + (seconds > most ? most : seconds) * 1000;
}

/* False, with the words of Step Functions, when a path finds nothing; a call has its own. */
static bool number_find(struct asl_scope *scope, const struct asl_expression *expression,
                        const char *field, const struct json **ret, struct asl_error *reterr)
{
    if (asl_evaluate(scope, expression, ret, reterr))
        return true;
    if (asl_expression_is_call(expression))
        return false;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                    "The %s parameter does not reference an input value: %s", field,
                    asl_expression_text(expression));
}

bool asl_long(const struct json *value, int64_t *ret)
{
    char *end = NULL;

    if (value->kind == JSON_INT) {
        *ret = value->integer;
        return true;
    }
    if (value->kind != JSON_STRING || !value->count ||
        strspn(value->string, "+-0123456789") != value->count)
        return false;
    errno = 0;
    *ret = strtoll(value->string, &end, 10);
    return !errno && !*end;
}

/* A number of seconds at a path. */
static bool number_seconds(struct asl_scope *scope, const struct asl_expression *expression,
                           const char *field, int64_t least, int64_t *ret, struct asl_error *reterr)
{
    const struct json *value;

    if (!number_find(scope, expression, field, &value, reterr))
        return false;
    if (!asl_long(value, ret))
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The %s parameter cannot be parsed as a long value: %s == %s", field,
                        asl_expression_text(expression), asl_plain_text(scope->arena, value));
    if (*ret < least)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The %s parameter references a value below %" PRId64 ": %s == %" PRId64,
                        field, least, asl_expression_text(expression), *ret);
    return true;
}

static bool number_timestamp(struct asl_scope *scope, const struct asl_expression *expression,
                             int64_t *ret_ms, struct asl_error *reterr)
{
    const struct json *value;

    if (!number_find(scope, expression, "TimestampPath", &value, reterr))
        return false;
    if (asl_timestamp(value, ret_ms))
        return true;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended "
                    "offset date-time format string: %s == %s",
                    asl_expression_text(expression), asl_plain_text(scope->arena, value));
}

bool asl_wait_until(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, int64_t now_ms, int64_t *ret_ms,
                    struct asl_error *reterr)
{
    int64_t seconds = state->seconds, until_ms = state->timestamp_ms;

    CHECK(state->type == ASL_WAIT);
    scope->input = input;
    if (state->seconds_path &&
        !number_seconds(scope, state->seconds_path, "SecondsPath", 0, &seconds, reterr))
        return false;
    if (state->timestamp_path && !number_timestamp(scope, state->timestamp_path, &until_ms, reterr))
        return false;
    if (state->has_seconds || state->seconds_path)
        until_ms = number_later(now_ms, seconds);
    if (until_ms < now_ms)
        until_ms = now_ms;
    *ret_ms = until_ms - now_ms > NUMBER_TIMER_MS ? now_ms + NUMBER_TIMER_MS : until_ms;
    return true;
}

bool asl_task_times(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, struct asl_times *ret, struct asl_error *reterr)
{
    struct asl_times times = {.timeout_ms = state->timeout_ms, .heartbeat_ms = state->heartbeat_ms};
    int64_t seconds = 0;

    CHECK(state->type == ASL_TASK);
    scope->input = input;
    if (state->timeout_path) {
        if (!number_seconds(scope, state->timeout_path, "TimeoutSecondsPath", 1, &seconds, reterr))
            return false;
        times.timeout_ms = number_later(0, seconds);
    }
    if (state->heartbeat_path) {
        if (!number_seconds(scope, state->heartbeat_path, "HeartbeatSecondsPath", 1, &seconds,
                            reterr))
            return false;
        times.heartbeat_ms = number_later(0, seconds);
    }
    *ret = times;
    return true;
}

bool asl_credentials(struct asl_scope *scope, const struct asl_state *state,
                     const struct json *input, const struct json **ret, struct asl_error *reterr)
{
    *ret = NULL;
    if (!state->credentials)
        return true;
    scope->input = input;
    return asl_fill_template(scope, state->credentials, ret, reterr) &&
           asl_check_data(scope->arena, state, *ret, reterr);
}

/* A text at a path of a Fail, cut to its limit by asl_fail. */
static bool number_text(struct asl_scope *scope, const struct asl_expression *expression,
                        const char *field, const char **ret, struct asl_error *reterr)
{
    const struct json *value;

    if (!expression)
        return true;
    if (!number_find(scope, expression, field, &value, reterr))
        return false;
    if (value->kind != JSON_STRING)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The %s parameter does not reference a string: %s == %s", field,
                        asl_expression_text(expression), json_text(scope->arena, value));
    *ret = value->string;
    return true;
}

bool asl_fail_error(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, struct asl_error *ret, struct asl_error *reterr)
{
    struct asl_error failure = {.error = state->error, .cause = state->cause};

    CHECK(state->type == ASL_FAIL);
    scope->input = input;
    if (!number_text(scope, state->error_path, "ErrorPath", &failure.error, reterr) ||
        !number_text(scope, state->cause_path, "CausePath", &failure.cause, reterr))
        return false;
    failure.error = asl_cut(scope->arena, failure.error, LIMIT_ERROR_BYTES);
    failure.cause = asl_cut(scope->arena, failure.cause, LIMIT_CAUSE_BYTES);
    *ret = failure;
    return true;
}
