/*
 * limits.h - every size, depth, count and time that a client can influence has its limit here.
 *
 * Beyond a limit stands a typed error, never a slow server. `fermata limits` prints this table.
 */
#ifndef FERMATA_BASE_LIMITS_H
#define FERMATA_BASE_LIMITS_H

/* clang-format off */
#define LIMIT_LIST(X)                                                                              \
    /*  name                  value        unit     reason */                                      \
    X(HTTP_HEAD_BYTES,        16384,       "bytes", "request line and header fields together")     \
    X(HTTP_HEADER_COUNT,      100,         "fields","header fields in a request")                  \
    X(HTTP_TARGET_BYTES,      8192,        "bytes", "request target")                              \
    X(HTTP_BODY_BYTES,        1048576,     "bytes", "body of create_plan, the largest there is")   \
    X(HTTP_HALT_BODY_BYTES,   327680,      "bytes", "body of a halt: an input of 256 KiB and the rest") \
    X(HTTP_SMALL_BODY_BYTES,  65536,       "bytes", "body of a request without payload")           \
    X(HTTP_PAYLOAD_BODY_BYTES,327680,      "bytes", "body of a request with input or output")      \
    X(HTTP_CONNECTIONS,       16384,       "count", "open connections")                            \
    X(HTTP_IDLE_S,            60,          "s",     "an idle or slow connection is closed")        \
    X(PARKED_PER_OPERATOR,    10000,       "count", "long polls of one operator that wait")        \
    X(QUEUE_COMMANDS,         20000,       "count", "commands waiting for a lane, beyond it 503")  \
    X(TOKEN_BYTES,            8192,        "bytes", "JSON Web Token")                              \
    X(JSON_DEPTH,             64,          "levels","nesting of a JSON value")                     \
    X(PAYLOAD_BYTES,          262144,      "bytes", "input, output or result of a state or execution") \
    X(DEFINITION_BYTES,       1048576,     "bytes", "plan definition")                             \
    X(ID_BYTES,               128,         "bytes", "plan_execution_id, plan_id, lock and task names, worker") \
    X(ID_LOOKUP_BYTES,        512,         "bytes", "plan_execution_id and plan_id where they name what is there") \
    X(OPERATOR_BYTES,         255,         "bytes", "operator_name, portal_id, sub")               \
    X(REASON_BYTES,           4096,        "bytes", "reason of a halt, pause or restart")          \
    X(ERROR_BYTES,            256,         "bytes", "error name")                                  \
    X(CAUSE_BYTES,            32768,       "bytes", "cause of an error")                           \
    X(IDEMPOTENCY_KEY_BYTES,  255,         "bytes", "Idempotency-Key")                             \
    X(IDEMPOTENCY_KEPT_MS,    86400000,    "ms",    "an answer is kept under its key")             \
    X(STATE_NAME_CHARS,       80,          "chars", "state name")                                  \
    X(STATES,                 10000,       "count", "states of a plan")                            \
    X(PLAN_DEPTH,             32,          "levels","Parallel inside Parallel")                    \
    X(BRANCHES,               1000,        "count", "branches of a Parallel")                      \
    X(MAP_CONCURRENCY,        40,          "count", "iterations of an inline Map that run at once")  \
    X(LIVE_FRAMES,            1000,        "count", "branches and iterations at work; beyond it a Map runs one at a time") \
    X(MAP_RUN_CONCURRENCY,    10000,       "count", "executions of a Map Run that run at once")     \
    X(LOCKS_AT_START,         100,         "count", "names in `locks` of run_plan")                \
    X(TREE_DEPTH,             1000000,     "levels","children below children; a setting")          \
    X(TREE_EXECUTIONS,        1000000,     "count", "executions in a tree; a setting")             \
    X(WAIT_MS,                300000,      "ms",    "wait_ms of a halt")                           \
    X(POLL_MS,                60000,       "ms",    "wait_ms of poll_task")                        \
    X(CALL_HTTP_MS,           60000,       "ms",    "an http:invoke")                               \
    X(CALL_FUNCTION_MS,       900000,      "ms",    "a call of a lambda function")                  \
    X(CALLS,                  256,         "count", "calls to the outside of a lane that are made at once; more wait") \
    X(CALL_ANSWER_BYTES,      524288,      "bytes", "body of an answer to a call; as a result it has PAYLOAD_BYTES") \
    X(LEASE_MS,               30000,       "ms",    "lease of a task without HeartbeatSeconds; a setting") \
    X(TIMER_MS,               100000000000,"ms",    "how far ahead a timer may lie (three years)") \
    X(TURN_STATES,            256,         "states","a turn yields after")                         \
    X(TURN_US,                5000,        "us",    "a turn yields after")                         \
    X(TURNS_UNTHROTTLED,      64,          "turns", "in a row without waiting, then one each TURN_PAUSE_MS") \
    X(TURN_PAUSE_MS,          50,          "ms",    "pause between turns of a plan that never waits") \
    X(EXPRESS_RUN_MS,         300000,      "ms",    "an EXPRESS execution may take")                \
    X(EXPRESS_BYTES,          536870912,   "bytes", "EXPRESS executions that run, in memory; beyond it 503") \
    X(EXPRESS_PLANS,          500,         "count", "plan versions kept for EXPRESS executions, beside those in use") \
    X(EVENTS,                 10000000,    "events","history of one execution; a setting")         \
    X(RECEIPT_ITEMS,          1000,        "count", "executions in the receipt of an answer")      \
    X(PAGE_ITEMS,             1000,        "count", "limit of a list")                             \
    X(PAGE_ITEMS_DEFAULT,     100,         "count", "limit of a list when none is given")          \
    X(PAGE_BYTES,         4194304,     "bytes", "texts of one page of a list")                     \
    X(PAGE_SCAN,              20000,       "rows",  "looked at for one page of a filtered list")   \
    X(BATCH_COMMANDS,         256,         "count", "commands in one commit")                      \
    X(BATCH_DUE,              256,         "count", "due reservations in one commit")              \
    X(DUE_WAITING,            1024,        "count", "due entries of the schedule that wait for a lane") \
    X(REDIS_VALUES,         100000,      "count", "values in a reply of Redis; beyond it the connection is closed") \
    X(REDIS_BYTES,          33554432,    "bytes", "a reply of Redis")                            \
    X(SCHEDULE_WAITING,     100000,      "count", "changes that Redis is still to be told; beyond it they are found again by looking") \
    X(WORK_QUEUE,             10000,       "count", "outbound calls that wait for their turn, beyond it 503") \
    X(WORK_QUEUE_BYTES,       268435456,   "bytes", "outbound calls that wait, together; beyond it 503")    \
    X(WORK_URL_BYTES,         8192,        "bytes", "URL of an outbound call")                     \
    X(WORK_FIELD_COUNT,       200,         "fields","header fields of an outbound call's answer")  \
    X(WORK_HEAD_BYTES,        65536,       "bytes", "header fields of an outbound call's answer together") \
    X(EVIDENCE_BYTES,         32768,       "bytes", "of a late result that is kept")                 \
    X(STATE_MACHINES,     100000,      "count", "state machines of an operator that the Step Functions API makes") \
    X(PUBLICATIONS,       1000,        "count", "published versions of a state machine")           \
    X(ALIASES,            100,         "count", "aliases of a state machine")                      \
    X(ACTIVITIES,         100000,      "count", "activities of an operator")                       \
    X(TAGS,               50,          "count", "tags of a state machine or an activity")          \
    X(TAG_KEY_CHARS,      128,         "chars", "key of a tag")                                    \
    X(TAG_VALUE_CHARS,    256,         "chars", "value of a tag") \
    X(WIRE_WAITING,       10000,       "count", "texts for the other nodes that wait; beyond it the oldest are dropped")
/* clang-format on */

#define LIMIT_ENUM(name, value, unit, reason) LIMIT_##name = (value),
/* The negative one makes the type signed. */
__extension__ enum limit { LIMIT_UNUSED = -1, LIMIT_LIST(LIMIT_ENUM) };
#undef LIMIT_ENUM

#endif
