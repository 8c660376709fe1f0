/*
 * work_target.h - from a Task's parameters to an outbound call, and from its answer to the Task's
 * result or error: the Step Functions resources http:invoke, lambda:invoke and a function's ARN.
 *
 * Pure: nothing here touches a network, a clock or a random source. Functions live at the URLs that
 * the configuration gives their names; a call is a POST with the payload as its body, and an answer
 * with the header X-Amz-Function-Error is the function's own error, as in the Lambda API. There are
 * no EventBridge connections: what an API wants to see stands in an HTTP Task's Headers.
 */
#ifndef FERMATA_WORK_WORK_TARGET_H
#define FERMATA_WORK_WORK_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct json;
struct work_answer;
struct work_call;

enum work_target_kind {
    WORK_TARGET_HTTP,     /* arn:aws:states:::http:invoke */
    WORK_TARGET_INVOKE,   /* arn:aws:states:::lambda:invoke */
    WORK_TARGET_FUNCTION, /* arn:aws:lambda:REGION:ACCOUNT:function:NAME */
};

struct work_function {
    const char *name, *url;
};

struct work_target {
    enum work_target_kind kind;
    const char *function; /* its ARN, or what stands for it; of WORK_TARGET_FUNCTION only */
    const struct json *parameters;
    const char *request_id;          /* a UUID */
    const char *region, *account_id; /* of functions that are named without */
    int64_t now_ms;
    const struct work_function *functions;
    size_t function_count;
};

/* What a Retry or Catch sees. */
struct work_target_error {
    const char *error, *cause;
};

/* Fills *ret but for `id` and `timeout_ms`. False: there is nothing to call, *reterr says why. All
 * texts live in the arena or where the target has them. */
bool work_target_call(struct arena *arena, const struct work_target *target, struct work_call *ret,
                      struct work_target_error *reterr);
/* The Task's result, or false and its error. `ret` lives in the arena; nothing points into the
 * answer. */
bool work_target_result(struct arena *arena, const struct work_target *target,
                        const struct work_answer *answer, const struct json **ret,
                        struct work_target_error *reterr);

#endif
