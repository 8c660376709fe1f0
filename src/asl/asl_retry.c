/*
 * asl_retry.c - Retry and Catch: reading them, finding who takes an error, and how long to wait.
 *
 * Specification, "Retrying after error" and "Fallback states". A retrier that names the error and
 * has used up its attempts ends the search: no later retrier is asked.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <math.h>
#include <string.h>

#define RETRY_MAX_DELAY_SECONDS 31622399 /* a leap year less a second, as AWS has it */

_Static_assert((int64_t)ASL_SECONDS_MAX * 1000 <= LIMIT_TIMER_MS, "a timer reaches every interval");

static void retry_check_all(struct asl_parser *parser, const struct asl_at *at,
                            const struct json *errors, bool last)
{
    for (uint32_t i = 0; i < errors->count; i++) {
        struct asl_at here = {.up = at, .index = i};

        if (!json_is(errors->items[i], JSON_STRING) ||
            strcmp(errors->items[i]->string, ASL_ERROR_ALL) != 0)
            continue;
        if (errors->count > 1)
            asl_problem(parser, &here, "ERROR_ALL_NOT_ALONE",
                        "States.ALL stands alone in its list");
        if (!last)
            asl_problem(parser, &here, "ERROR_ALL_NOT_LAST",
                        "States.ALL stands in the last entry only");
    }
}

/* ErrorEquals of an entry, which has to be there. */
static const char **retry_read_errors(struct asl_parser *parser, const struct asl_at *at,
                                      const struct json *entry, bool last, size_t *ret_count)
{
    static const char *const required[] = {"ErrorEquals", NULL};
    const struct json *errors = json_get(entry, "ErrorEquals");
    struct asl_at here = {.up = at, .name = "ErrorEquals"};
    const char **names;

    if (!asl_require(parser, at, entry, required))
        return NULL;
    if (!asl_kind_is(parser, &here, errors, ASL_KIND(JSON_ARRAY)))
        return NULL;
    if (!errors->count)
        asl_problem(parser, &here, "ERROR_EQUALS_EMPTY", "expected at least one error name");
    names = ARENA_ARRAY(parser->arena, const char *, errors->count);
    for (uint32_t i = 0; i < errors->count; i++) {
        struct asl_at item = {.up = &here, .index = i};

        names[i] = "";
        if (asl_kind_is(parser, &item, errors->items[i], ASL_KIND(JSON_STRING)))
            names[i] = errors->items[i]->string;
    }
    retry_check_all(parser, &here, errors, last);
    *ret_count = errors->count;
    return names;
}

static void retry_read_rate(struct asl_parser *parser, const struct asl_at *at,
                            const struct json *value, struct asl_retrier *retrier)
{
    if (!asl_kind_is(parser, at, value, ASL_KIND_NUMBER))
        return;
    if (json_number(value) < 1.0) {
        asl_problem(parser, at, "NUMBER_RANGE", "expected a number of at least 1.0");
        asl_wording(parser, at, "Minimum value is 1.0");
    }
    retrier->backoff_rate = json_number(value);
}

static void retry_read_jitter(struct asl_parser *parser, const struct asl_at *at,
                              const struct json *value, struct asl_retrier *retrier)
{
    static const char *const words[] = {"FULL", "NONE", NULL};

    if (asl_one_of(parser, at, value, words))
        retrier->jitter_full = !strcmp(value->string, "FULL");
}

static void retry_read_field(struct asl_parser *parser, const struct asl_at *at,
                             const struct json *value, struct asl_retrier *retrier)
{
    if (!strcmp(at->name, "ErrorEquals"))
        return;
    if (!strcmp(at->name, "Comment")) {
        asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING));
    } else if (!strcmp(at->name, "IntervalSeconds")) {
        if (asl_whole_number(parser, at, value, 1, ASL_SECONDS_MAX))
            retrier->interval_ms = value->integer * 1000;
    } else if (!strcmp(at->name, "MaxAttempts")) {
        if (asl_whole_number(parser, at, value, 0, ASL_SECONDS_MAX))
            retrier->max_attempts = value->integer;
    } else if (!strcmp(at->name, "BackoffRate")) {
        retry_read_rate(parser, at, value, retrier);
    } else if (!strcmp(at->name, "MaxDelaySeconds")) {
        if (asl_whole_number(parser, at, value, 1, RETRY_MAX_DELAY_SECONDS))
            retrier->max_delay_ms = value->integer * 1000;
    } else if (!strcmp(at->name, "JitterStrategy")) {
        retry_read_jitter(parser, at, value, retrier);
    } else {
        asl_unknown_field(parser, at, "a retrier",
                          "ErrorEquals, IntervalSeconds, MaxAttempts, BackoffRate, "
                          "MaxDelaySeconds, JitterStrategy, Comment");
    }
}

void asl_read_retry(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                    struct asl_state *state)
{
    struct asl_retrier *retriers = ARENA_ARRAY(parser->arena, struct asl_retrier, value->count);

    for (uint32_t i = 0; i < value->count; i++) {
        struct asl_at here = {.up = at, .index = i};
        const struct json *entry = value->items[i];
        struct asl_retrier *retrier = &retriers[i];

        *retrier =
            (struct asl_retrier){.interval_ms = 1000, .max_attempts = 3, .backoff_rate = 2.0};
        if (!asl_kind_is(parser, &here, entry, ASL_KIND(JSON_OBJECT)))
            continue;
        retrier->errors =
            retry_read_errors(parser, &here, entry, i + 1 == value->count, &retrier->error_count);
        for (uint32_t n = 0; n < entry->count; n++)
            retry_read_field(parser, &(struct asl_at){.up = &here, .name = entry->members[n].name},
                             entry->members[n].value, retrier);
    }
    state->retriers = retriers;
    state->retrier_count = value->count;
}

static void retry_read_catch_field(struct asl_parser *parser, const struct asl_at *at,
                                   const struct json *value, struct asl_catcher *catcher)
{
    if (!strcmp(at->name, "ErrorEquals"))
        return;
    if (!strcmp(at->name, "Comment")) {
        asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING));
    } else if (!strcmp(at->name, "Next")) {
        if (asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING)))
            catcher->next = value->string;
    } else if (!strcmp(at->name, "ResultPath")) {
        if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_STRING) | ASL_KIND(JSON_NULL)))
            return;
        catcher->discard_result = value->kind == JSON_NULL;
        if (!catcher->discard_result)
            catcher->result_path = asl_read_path(parser, at, value, ASL_PATH_RESULT);
    } else if (!strcmp(at->name, "Assign")) {
        if (asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT)))
            catcher->assign = asl_read_assign(parser, at, value);
    } else if (!strcmp(at->name, "Output")) {
        asl_jsonata_field(parser, at);
    } else {
        asl_unknown_field(parser, at, "a catcher",
                          "ErrorEquals, Next, ResultPath, Assign, Comment");
    }
}

void asl_read_catch(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                    struct asl_state *state)
{
    static const char *const required[] = {"Next", NULL};
    struct asl_catcher *catchers = ARENA_ARRAY(parser->arena, struct asl_catcher, value->count);

    for (uint32_t i = 0; i < value->count; i++) {
        struct asl_at here = {.up = at, .index = i};
        const struct json *entry = value->items[i];
        struct asl_catcher *catcher = &catchers[i];

        if (!asl_kind_is(parser, &here, entry, ASL_KIND(JSON_OBJECT)))
            continue;
        catcher->errors =
            retry_read_errors(parser, &here, entry, i + 1 == value->count, &catcher->error_count);
        for (uint32_t n = 0; n < entry->count; n++)
            retry_read_catch_field(parser,
                                   &(struct asl_at){.up = &here, .name = entry->members[n].name},
                                   entry->members[n].value, catcher);
        if (!asl_require(parser, &here, entry, required))
            parser->graph_broken = true;
    }
    state->catchers = catchers;
    state->catcher_count = value->count;
}

int asl_retrier_find(const struct asl_state *state, const char *error, bool only_by_name)
{
    for (size_t i = 0; i < state->retrier_count; i++) {
        const struct asl_retrier *retrier = &state->retriers[i];

        for (size_t n = 0; n < retrier->error_count; n++) {
            bool named = error && !strcmp(retrier->errors[n], error);

            if ((named || !only_by_name) && asl_error_matches(retrier->errors[n], error))
                return (int)i;
        }
    }
    return -1;
}

const struct asl_catcher *asl_catcher_find(const struct asl_state *state, const char *error)
{
    for (size_t i = 0; i < state->catcher_count; i++) {
        const struct asl_catcher *catcher = &state->catchers[i];

        for (size_t n = 0; n < catcher->error_count; n++) {
            if (asl_error_matches(catcher->errors[n], error))
                return catcher;
        }
    }
    return NULL;
}

int64_t asl_retry_delay_ms(const struct asl_retrier *retrier, int64_t retry_number, double random01)
{
    double most = (double)LIMIT_TIMER_MS;
    double delay;

    CHECK(retry_number >= 1);
    if (retrier->max_delay_ms && (double)retrier->max_delay_ms < most)
        most = (double)retrier->max_delay_ms;
    delay = (double)retrier->interval_ms * pow(retrier->backoff_rate, (double)(retry_number - 1));
    if (!(delay < most)) /* infinity and NaN, too */
        delay = most;
    if (retrier->jitter_full)
        delay *= random01 < 0.0 ? 0.0 : random01 > 1.0 ? 1.0 : random01;
    return (int64_t)delay;
}
