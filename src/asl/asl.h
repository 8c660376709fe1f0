/*
 * asl.h - Amazon States Language, pure: no store, no clock, no randomness of its own.
 *
 * A plan is parsed once per plan version into an immutable tree that lives in the caller's arena;
 * every evaluation takes values and gives values. Source of the rules: the Amazon States Language
 * specification (states-language.net), cited by section name in the .c files.
 *
 * Run-time failures are a `struct asl_error` (an error name such as States.Runtime and a cause),
 * not an enum err: they belong to the execution, not to us.
 */
#ifndef FERMATA_ASL_ASL_H
#define FERMATA_ASL_ASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct arena;
struct asl_path;     /* a compiled path, see asl_path.h */
struct asl_template; /* a compiled payload template */
struct asl_rule;     /* a compiled choice rule */

enum asl_type {
    ASL_NONE,
    ASL_PASS,
    ASL_WAIT,
    ASL_TASK,
    ASL_CHOICE,
    ASL_PARALLEL,
    ASL_SUCCEED,
    ASL_FAIL,
};
const char *asl_type_name(enum asl_type type); /* "Pass", ... */

/* What a Task calls. The forms after `fermata:` are one table in asl_resource.c. */
enum asl_resource {
    ASL_RESOURCE_NONE,
    ASL_RESOURCE_TASK,         /* fermata:task:NAME */
    ASL_RESOURCE_CALLBACK,     /* fermata:callback */
    ASL_RESOURCE_HUMAN,        /* fermata:human */
    ASL_RESOURCE_PLAN_RUN,     /* fermata:plan:run */
    ASL_RESOURCE_LOCK_ACQUIRE, /* fermata:lock:acquire */
    ASL_RESOURCE_LOCK_RELEASE, /* fermata:lock:release */
};

struct asl_error {
    const char *error; /* "States.Runtime", "Order.Refused", ... */
    const char *cause; /* may be null */
};

struct asl_retrier {
    const char **errors; /* ErrorEquals */
    size_t error_count;
    int64_t interval_ms;  /* IntervalSeconds, 1 s by default */
    int64_t max_attempts; /* 3 by default, 0 means never */
    double backoff_rate;  /* 2.0 by default */
    int64_t max_delay_ms; /* MaxDelaySeconds; 0 means no cap */
    bool jitter_full;     /* JitterStrategy FULL */
};

struct asl_catcher {
    const char **errors;
    size_t error_count;
    const char *next;
    const struct asl_path *result_path; /* null: "$"; see asl_catch_output */
    bool discard_result;                /* ResultPath null */
};

struct asl_machine; /* StartAt and States: the top level, or a branch */

struct asl_state {
    const char *name;
    enum asl_type type;
    const struct asl_machine *machine; /* the one it stands in */
    const char *next;                  /* null when it ends its machine (End, Succeed, Fail) */

    /* data flow; a null path means the default "$" */
    const struct asl_path *input_path, *output_path, *result_path;
    bool discard_input, discard_output, discard_result; /* the field was null */
    const struct asl_template *parameters, *result_selector;

    const struct json *result; /* Pass */

    /* Wait: exactly one of the four */
    bool has_seconds;
    int64_t seconds;
    int64_t timestamp_ms;
    bool has_timestamp;
    const struct asl_path *seconds_path, *timestamp_path;

    /* Task */
    const char *resource_text;
    enum asl_resource resource;
    const char *resource_name;                            /* NAME of fermata:task:NAME */
    int64_t timeout_ms, heartbeat_ms;                     /* 0 means none */
    const struct asl_path *timeout_path, *heartbeat_path; /* seconds; or null */

    /* Choice */
    const struct asl_rule *rules;
    size_t rule_count;
    const char *default_next;

    /* Parallel */
    const struct asl_machine **branches;
    size_t branch_count;

    /* Fail */
    const char *error, *cause;

    const struct asl_retrier *retriers;
    size_t retrier_count;
    const struct asl_catcher *catchers;
    size_t catcher_count;
};

struct asl_machine {
    const char *start_at;
    const struct asl_state **states; /* in the order of the definition */
    size_t state_count;
    const struct asl_state *parent; /* the Parallel it is a branch of; null at the top */
    size_t branch_index;
    size_t depth;       /* 0 at the top */
    int64_t timeout_ms; /* TimeoutSeconds of the top level; 0 means none */
    const char *comment;
};

struct asl_plan {
    const struct asl_machine *top;
    const struct asl_state *
        *by_name; /* all states of all branches, sorted by name: names are unique */
    size_t state_count;
};

/* One thing wrong with a definition. */
struct asl_problem {
    const char *pointer; /* RFC 6901, into the definition */
    const char *rule;    /* stable, e.g. "NEXT_UNKNOWN" */
    const char *message; /* what is wrong and what was expected */
};

struct asl_problems {
    struct asl_problem *list;
    size_t count;
    bool truncated; /* there were more than 100 */
};

/*
 * Parses and validates; reports everything wrong at once. ERR_OK when there is no problem;
 * ERR_INVALID_REQUEST with *ret_problems (count > 0) otherwise. The plan and the problems live in
 * `arena`; strings are shared with `definition`, which must live as long.
 */
enum err asl_parse(struct arena *arena, const struct json *definition,
                   const struct asl_plan **ret_plan, struct asl_problems *ret_problems) MUST_CHECK;

const struct asl_state *asl_find(const struct asl_plan *plan, const char *name); /* or null */
/* "" at the top, "/A/0" in the first branch of Parallel A, "/A/0/B/1" ...: the place of a state. */
const char *asl_place(struct arena *arena, const struct asl_state *state);

/*
 * The data flow of one state. All return true, or false with *reterr filled (texts in `arena`).
 * `context` is the context object ($$).
 */
/* InputPath, then Parameters: raw input of the state to its effective input. */
bool asl_input(struct arena *arena, const struct asl_state *state, const struct json *raw,
               const struct json *context, const struct json **ret, struct asl_error *reterr);
/* ResultSelector, ResultPath, OutputPath: raw input and result to the state's output. */
bool asl_output(struct arena *arena, const struct asl_state *state, const struct json *raw,
                const struct json *result, const struct json *context, const struct json **ret,
                struct asl_error *reterr);
/* OutputPath only: the output of states without a result (Wait, Choice, Succeed). */
bool asl_output_plain(struct arena *arena, const struct asl_state *state,
                      const struct json *effective, const struct json *context,
                      const struct json **ret, struct asl_error *reterr);
/* {"Error": ..., "Cause": ...} put into the raw input by the catcher's ResultPath. */
bool asl_catch_output(struct arena *arena, const struct asl_catcher *catcher,
                      const struct json *raw, const struct asl_error *error,
                      const struct json **ret, struct asl_error *reterr);
/* Choice: the name of the next state; States.NoChoiceMatched when there is none. */
bool asl_choose(struct arena *arena, const struct asl_state *state, const struct json *input,
                const struct json *context, const char **ret_next, struct asl_error *reterr);
/* Wait: when it is over; times in the past are `now_ms`, too far ones are capped to LIMIT_TIMER_MS.
 */
bool asl_wait_until(struct arena *arena, const struct asl_state *state, const struct json *input,
                    const struct json *context, int64_t now_ms, int64_t *ret_ms,
                    struct asl_error *reterr);
/* TimeoutSeconds(Path) and HeartbeatSeconds(Path) of a Task; 0 means none. */
bool asl_task_times(struct arena *arena, const struct asl_state *state, const struct json *input,
                    const struct json *context, int64_t *ret_timeout_ms, int64_t *ret_heartbeat_ms,
                    struct asl_error *reterr);

/*
 * Errors. asl_error_matches: does a name in ErrorEquals match this error? (States.ALL,
 * States.TaskFailed and the States.Timeout family as the specification says; States.Runtime and
 * States.DataLimitExceeded are not matched by States.ALL.) `only_by_name` errors (Execution.Halted)
 * are retried only by a retrier that names them.
 */
bool asl_error_matches(const char *pattern, const char *error);
/* The index of the first retrier that matches, or -1. */
int asl_retrier_find(const struct asl_state *state, const char *error, bool only_by_name);
/* Delay before attempt `retry_number` (1 is the first retry); jitter is uniform in [0, delay) by
 * `random01`. */
int64_t asl_retry_delay_ms(const struct asl_retrier *retrier, int64_t retry_number,
                           double random01);
const struct asl_catcher *asl_catcher_find(const struct asl_state *state,
                                           const char *error); /* or null */

#endif
