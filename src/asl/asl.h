/*
 * asl.h - Amazon States Language, pure: no store, no clock, no randomness of its own.
 *
 * A plan is parsed once per plan version into an immutable tree that lives in the caller's arena;
 * every evaluation takes values and gives values. Source of the rules: the Amazon States Language
 * specification (states-language.net), cited by section name in the .c files. The query language is
 * JSONPath; JSONata is refused by the parser.
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
struct asl_expression; /* a path, a variable or a call, see asl_expression.h */
struct asl_path;       /* a compiled path, see asl_path.h */
struct asl_scope;      /* where an evaluation stands, see asl_path.h */
struct asl_template;   /* a compiled payload template */
struct asl_rule;       /* a compiled choice rule */

enum asl_type {
    ASL_NONE,
    ASL_PASS,
    ASL_WAIT,
    ASL_TASK,
    ASL_CHOICE,
    ASL_PARALLEL,
    ASL_MAP,
    ASL_SUCCEED,
    ASL_FAIL,
};
const char *asl_type_name(enum asl_type type); /* "Pass", ... */

/* What a Task calls. The forms are one table in asl_resource.c. */
enum asl_resource {
    ASL_RESOURCE_NONE,
    ASL_RESOURCE_TASK,         /* fermata:task:NAME */
    ASL_RESOURCE_CALLBACK,     /* fermata:callback */
    ASL_RESOURCE_HUMAN,        /* fermata:human */
    ASL_RESOURCE_PLAN_RUN,     /* fermata:plan:run */
    ASL_RESOURCE_LOCK_ACQUIRE, /* fermata:lock:acquire */
    ASL_RESOURCE_LOCK_RELEASE, /* fermata:lock:release */
    ASL_RESOURCE_ACTIVITY,     /* arn:aws:states:REGION:ACCOUNT:activity:NAME */
    ASL_RESOURCE_START,        /* arn:aws:states:::states:startExecution, in every pattern; also
                                  arn:aws:states:::aws-sdk:sfn:startExecution */
    ASL_RESOURCE_LAMBDA,       /* arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION] */
    ASL_RESOURCE_INVOKE,       /* arn:aws:states:::lambda:invoke[.waitForTaskToken] */
    ASL_RESOURCE_HTTP,         /* arn:aws:states:::http:invoke */
    ASL_RESOURCE_FOREIGN,      /* another service's: a plan may name it, a run fails there */
};

/* How a Task of a service waits: the suffix of its resource. */
enum asl_pattern {
    ASL_REQUEST_RESPONSE, /* none */
    ASL_SYNC,             /* .sync */
    ASL_SYNC_2,           /* .sync:2 */
    ASL_WAIT_FOR_TOKEN,   /* .waitForTaskToken */
};

struct asl_error {
    const char *error; /* "States.Runtime", "Order.Refused", ...; null: a Fail without Error */
    const char *cause; /* may be null */
    bool is_runtime;   /* made by the language while a state was evaluated: the engine says which
                          state, entered at which event, before the cause */
    const char *also;  /* another name by which Retry and Catch know it; or null */
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
    const struct asl_template *assign;  /* or null */
};

/* A number that is written in the plan, or found by an expression in the state's input. */
struct asl_number {
    bool is_set;
    double value;
    const struct asl_expression *path; /* null: value */
};

/* The fields of a Map (section "Map State"). */
struct asl_map {
    const struct asl_machine *processor;      /* ItemProcessor, or Iterator of old */
    bool is_distributed, is_express;          /* ProcessorConfig */
    const struct asl_expression *items_path;  /* null: "$" */
    const struct asl_template *item_selector; /* ItemSelector, or Parameters of old; or null */
    struct asl_number max_concurrency;        /* 0 or absent: no limit */
    struct asl_number tolerated_count, tolerated_percentage;
    const char *label; /* distributed; or null */
    /* distributed: ItemBatcher */
    bool has_batcher;
    struct asl_number batch_items, batch_bytes;
    const struct asl_template *batch_input;
    /* distributed: services of others; a run fails there, TestState shows them */
    const struct json *item_reader, *result_writer;
    struct asl_number max_items; /* ItemReader.ReaderConfig.MaxItems */
    const struct asl_template *reader_parameters, *writer_parameters;
};

struct asl_machine; /* StartAt and States: the top level, a branch, or an item processor */

struct asl_state {
    const char *name;
    enum asl_type type;
    const struct asl_machine *machine; /* the one it stands in */
    const char *next;                  /* null when it ends its machine (End, Succeed, Fail) */
    const struct json *definition;     /* as the author wrote it */

    /* data flow; null means the default "$" */
    const struct asl_expression *input_path, *output_path;
    const struct asl_path *result_path;
    bool discard_input, discard_output, discard_result; /* the field was null */
    const struct asl_template *parameters, *result_selector, *assign;

    const struct json *result; /* Pass */

    /* Wait: exactly one of the four */
    bool has_seconds;
    int64_t seconds;
    int64_t timestamp_ms;
    bool has_timestamp;
    const struct asl_expression *seconds_path, *timestamp_path;

    /* Task */
    const char *resource_text;
    enum asl_resource resource;
    const char *resource_name; /* NAME of fermata:task, of an activity, of a function */
    const char *resource_type,
        *resource_action; /* as histories name them: "states",
                             "startExecution.sync:2"; "fermata", "task:NAME" */
    bool is_service;      /* arn:PARTITION:states:::SERVICE:ACTION */
    enum asl_pattern pattern;
    const struct asl_template *credentials;                     /* or null */
    int64_t timeout_ms, heartbeat_ms;                           /* 0 means none */
    const struct asl_expression *timeout_path, *heartbeat_path; /* seconds; or null */

    /* Choice */
    const struct asl_rule *rules;
    size_t rule_count;
    const char *default_next;

    /* Parallel */
    const struct asl_machine **branches;
    size_t branch_count;

    const struct asl_map *map; /* Map */

    /* Fail */
    const char *error, *cause;
    const struct asl_expression *error_path, *cause_path;

    const struct asl_retrier *retriers;
    size_t retrier_count;
    const struct asl_catcher *catchers;
    size_t catcher_count;
};

struct asl_machine {
    const char *start_at;
    const struct asl_state **states; /* in the order of the definition */
    size_t state_count;
    const struct asl_state *parent; /* the Parallel or Map it stands in; null at the top */
    size_t branch_index;
    size_t depth;       /* 0 at the top */
    int64_t timeout_ms; /* TimeoutSeconds of the top level; 0 means none */
    const char *comment;
};

struct asl_plan {
    const struct asl_machine *top;
    const struct asl_state *
        *by_name; /* all states of all machines, sorted by name: names are unique */
    size_t state_count;
};

/* One thing wrong with a definition. */
struct asl_problem {
    const char *pointer;  /* RFC 6901, into the definition */
    const char *rule;     /* stable, e.g. "NEXT_UNKNOWN" */
    const char *message;  /* what is wrong and what was expected */
    const char *code;     /* the kind as AWS names it, "SCHEMA_VALIDATION_FAILED", ... */
    const char *wording;  /* what AWS says of it, where known; else the message */
    const char *location; /* where AWS says it is: "/States/A/Branches[0]", often the state or the
                             object, not the field; null: it names no place */
    const char *hint;     /* what to write instead; may be null */
    bool is_warning;      /* the plan may run all the same */
};

struct asl_problems {
    struct asl_problem *list;
    size_t count;
    size_t errors;  /* those that are no warnings */
    bool truncated; /* there were more than 100 */
};

/*
 * Parses and validates; reports everything wrong at once. ERR_OK when there is no error (warnings
 * may be there); ERR_INVALID_REQUEST with *ret_problems otherwise. The plan and the problems live
 * in `arena`; strings are shared with `definition`, which must live as long.
 */
enum err asl_parse(struct arena *arena, const struct json *definition,
                   const struct asl_plan **ret_plan, struct asl_problems *ret_problems) MUST_CHECK;
/* The same for a single state (TestState): a plan of one machine that starts at it; targets that
 * are not there are no problem. */
enum err asl_parse_state(struct arena *arena, const char *name, const struct json *definition,
                         const struct asl_plan **ret_plan,
                         struct asl_problems *ret_problems) MUST_CHECK;

const struct asl_state *asl_find(const struct asl_plan *plan, const char *name); /* or null */
/* "" at the top, "/A/0" in the first branch of Parallel A, "/A/0/B/1" ...: the place of a state. */
const char *asl_place(struct arena *arena, const struct asl_state *state);
/* {"state": ["variable", ...], ...}: which variables each state reads; states that read none are
 * not there. DescribeStateMachine's variableReferences. */
const struct json *asl_variable_references(struct arena *arena, const struct asl_plan *plan);

/*
 * The data flow of one state. All return true, or false with *reterr filled (texts in the scope's
 * arena). The scope brings context and variables; its `input` is set by these functions.
 */
/* One stage each, for those who look at what lies between (TestState). */
bool asl_input_path(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
                    const struct json **ret, struct asl_error *reterr);
bool asl_parameters(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, const struct json **ret, struct asl_error *reterr);
bool asl_result_selector(struct asl_scope *scope, const struct asl_state *state,
                         const struct json *result, const struct json **ret,
                         struct asl_error *reterr);
bool asl_result_path(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
                     const struct json *result, const struct json **ret, struct asl_error *reterr);
bool asl_output_path(struct asl_scope *scope, const struct asl_state *state,
                     const struct json *value, const struct json **ret, struct asl_error *reterr);
/* InputPath, then Parameters (a Map's ItemSelector is not among them): raw to effective input. */
bool asl_input(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
               const struct json **ret, struct asl_error *reterr);
/* ResultSelector, ResultPath, OutputPath: raw input and result to the state's output. */
bool asl_output(struct asl_scope *scope, const struct asl_state *state, const struct json *raw,
                const struct json *result, const struct json **ret, struct asl_error *reterr);
/* OutputPath only: the output of states without a result (Wait, Choice, Succeed). */
bool asl_output_plain(struct asl_scope *scope, const struct asl_state *state,
                      const struct json *effective, const struct json **ret,
                      struct asl_error *reterr);
/* {"Error": ..., "Cause": ...}, what a catcher's Assign and ResultPath see as "$". */
const struct json *asl_error_output(struct arena *arena, const struct asl_error *error);
/* It, put into the raw input by the catcher's ResultPath. */
bool asl_catch_output(struct asl_scope *scope, const struct asl_catcher *catcher,
                      const struct json *raw, const struct asl_error *error,
                      const struct json **ret, struct asl_error *reterr);
/* The bytes of a value as text, or more than `bytes_max` as soon as it is known to be more: values
 * share their parts, so that a text may be far larger than its memory. */
size_t asl_measure(const struct json *value, size_t bytes_max);
/*
 * Assign: all values are made from the scope's variables as they are, then *ret is an object of
 * the new ones (empty when `assign` is null). `dollar` is what "$" means there. Held to the limits
 * of a variable and of an Assign.
 */
bool asl_assign(struct asl_scope *scope, const struct asl_template *assign,
                const struct json *dollar, const struct json **ret, struct asl_error *reterr);
/* The variables with those in `assigned` set or replaced: a new object. `before` may be null. */
const struct json *asl_variables_merge(struct arena *arena, const struct json *before,
                                       const struct json *assigned);

/* Choice: the next state, and the Assign that goes with it (the rule's own, or the state's for
 * Default); States.NoChoiceMatched when there is none. */
struct asl_choice {
    const char *next;
    const struct asl_template *assign;
    int rule; /* its index; -1: Default */
};
bool asl_choose(struct asl_scope *scope, const struct asl_state *state, const struct json *input,
                struct asl_choice *ret, struct asl_error *reterr);
/* Wait: when it is over; times in the past are `now_ms`, too far ones are capped to LIMIT_TIMER_MS.
 */
bool asl_wait_until(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, int64_t now_ms, int64_t *ret_ms,
                    struct asl_error *reterr);
/* TimeoutSeconds(Path) and HeartbeatSeconds(Path) of a Task, out of the effective input after
 * InputPath; 0 means none. */
struct asl_times {
    int64_t timeout_ms, heartbeat_ms;
};
bool asl_task_times(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, struct asl_times *ret, struct asl_error *reterr);
/* Credentials of a Task, or null when it has none. */
bool asl_credentials(struct asl_scope *scope, const struct asl_state *state,
                     const struct json *input, const struct json **ret, struct asl_error *reterr);
/* Fail: Error(Path) and Cause(Path). *ret is the failure the plan asks for; false when its paths
 * are at fault. */
bool asl_fail_error(struct asl_scope *scope, const struct asl_state *state,
                    const struct json *input, struct asl_error *ret, struct asl_error *reterr);

/* What a Map is going to do, its numbers checked. */
struct asl_map_plan {
    const struct json *items;         /* an array, before any batching; null: an ItemReader's */
    int64_t max_concurrency;          /* 0: no limit */
    int64_t tolerated_count;          /* -1: none given */
    double tolerated_percentage;      /* -1: none given */
    int64_t batch_items, batch_bytes; /* 0: no limit */
    int64_t max_items;                /* of an ItemReader; 0: no limit */
};
bool asl_map_begin(struct asl_scope *scope, const struct asl_state *state, const struct json *input,
                   struct asl_map_plan *ret, struct asl_error *reterr);
/* The input of one iteration: the item, or ItemSelector filled with "$" the Map's effective input;
 * the scope's context must bear Map.Item. */
bool asl_map_item(struct asl_scope *scope, const struct asl_state *state, const struct json *input,
                  const struct json *item, const struct json **ret, struct asl_error *reterr);
/* Batches: an array of {"Items": [...], "BatchInput": ...} of the selected items; each within the
 * limits of the plan. */
bool asl_map_batches(struct asl_scope *scope, const struct asl_state *state,
                     const struct json *input, const struct asl_map_plan *plan,
                     const struct json *selected, const struct json **ret,
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
