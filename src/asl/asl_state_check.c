/*
 * asl_state_check.c - what must hold between the fields of one state: what is required, what
 * excludes what, and how it leads on.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"

#include <string.h>

/* Fields that a type cannot do without, beside Type. */
static const struct {
    enum asl_type type;
    const char *names[3];
} check_required[] = {
    {ASL_TASK,     {"Resource"}},
    {ASL_CHOICE,   {"Choices"} },
    {ASL_PARALLEL, {"Branches"}},
};

/* Two fields of which a state may have one. */
static const char *const check_conflicts[][2] = {
    {"TimeoutSeconds",             "TimeoutSecondsPath"            },
    {"HeartbeatSeconds",           "HeartbeatSecondsPath"          },
    {"Error",                      "ErrorPath"                     },
    {"Cause",                      "CausePath"                     },
    {"MaxConcurrency",             "MaxConcurrencyPath"            },
    {"ToleratedFailureCount",      "ToleratedFailureCountPath"     },
    {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"},
    {"ItemProcessor",              "Iterator"                      },
    {"ItemSelector",               "Parameters"                    },
};

static const char *const check_wait_forms[] = {"Seconds", "SecondsPath", "Timestamp",
                                               "TimestampPath"};

static void check_next(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                       enum asl_type type)
{
    bool has_next = json_get(value, "Next") != NULL;
    bool ends = json_get_bool(value, "End", false);

    if (type == ASL_CHOICE || type == ASL_SUCCEED || type == ASL_FAIL)
        return;
    if (has_next && ends)
        asl_problem(parser, at, "NEXT_OR_END", "expected Next or End, not both");
    if (has_next || ends)
        return;
    parser->graph_broken = true;
    if (type != ASL_NONE)
        asl_problem(parser, at, "NEXT_OR_END", "expected Next or \"End\": true");
}

static void check_wait(struct asl_parser *parser, const struct asl_at *at, const struct json *value)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(check_wait_forms); i++)
        count += json_get(value, check_wait_forms[i]) != NULL;
    if (count != 1)
        asl_problem(parser, at, "WAIT_FORM",
                    "expected exactly one of Seconds, SecondsPath, Timestamp, TimestampPath");
}

void asl_check_state(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                     const struct asl_state *state)
{
    const struct json *parameters = json_get(value, "Parameters");

    for (size_t i = 0; i < ARRAY_SIZE(check_required); i++) {
        if (check_required[i].type == state->type)
            asl_require(parser, at, value, check_required[i].names);
    }
    for (size_t i = 0; i < ARRAY_SIZE(check_conflicts); i++)
        asl_conflict(parser, at, value, check_conflicts[i]);
    check_next(parser, at, value, state->type);
    if (state->type == ASL_WAIT)
        check_wait(parser, at, value);
    if (state->timeout_ms && state->heartbeat_ms >= state->timeout_ms)
        asl_problem(parser, &(struct asl_at){.up = at, .name = "HeartbeatSeconds"},
                    "HEARTBEAT_NOT_BELOW_TIMEOUT", "expected fewer than TimeoutSeconds");
    if (state->type == ASL_TASK && parameters)
        asl_check_resource(parser, &(struct asl_at){.up = at, .name = "Parameters"}, parameters,
                           state);
}
