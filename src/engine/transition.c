/*
 * transition.c - THE TABLE: which moves of an execution's status exist.
 *
 *                        +--------------------- PAUSE, HOLD ---------------------+
 *                        |                                                       v
 *   PENDING --WAKE--> EXECUTING --WAIT_x--> WAITING_FOR_x (human task,     WAITING_FOR_RESTART
 *      |                 ^  |   <--WAKE---   callback, child, lock, timer)       |   |
 *      |                 |  +--SUCCEED--> SUCCESS                                |   |
 *      |                 |  +--FAIL-----> FAILED                                 |   |
 *      |                 +--------------------- RESUME --------------------------+   |
 *      +------------------------------ RESTART --------------------------------------+
 *      ^
 *      +--REDRIVE-- FAILED
 *      +--RESTART, REDRIVE-- STOPPED <--HALT-- every status but SUCCESS, FAILED and STOPPED
 *
 * What has no row is forbidden: asked for by a client it is INVALID_STATE_TRANSITION, by our own
 * code a failed CHECK. With several frames the waiting status is the first that fits, in the order
 * of enum status.
 */
#include "engine/transition.h"

#define EVENT_NAME(name) [EVENT_##name] = #name,
static const char *const event_names[EVENT_COUNT] = {EVENT_LIST(EVENT_NAME)};
#undef EVENT_NAME

/* clang-format off */
static const struct transition transitions[] = {
    {STATUS_PENDING,                     EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_PENDING,                     EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_PENDING,                     EVENT_FAIL,            STATUS_FAILED},
    {STATUS_PENDING,                     EVENT_HALT,            STATUS_STOPPED},
    {STATUS_EXECUTING,                   EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_EXECUTING,                   EVENT_WAIT_HUMAN_TASK, STATUS_WAITING_FOR_HUMAN_TASK},
    {STATUS_EXECUTING,                   EVENT_WAIT_CALLBACK,   STATUS_WAITING_FOR_CALLBACK},
    {STATUS_EXECUTING,                   EVENT_WAIT_CHILD,      STATUS_WAITING_FOR_CHILD_EXECUTION},
    {STATUS_EXECUTING,                   EVENT_WAIT_LOCK,       STATUS_WAITING_FOR_LOCK},
    {STATUS_EXECUTING,                   EVENT_WAIT_TIMER,      STATUS_WAITING_FOR_TIMER},
    {STATUS_EXECUTING,                   EVENT_SUCCEED,         STATUS_SUCCESS},
    {STATUS_EXECUTING,                   EVENT_FAIL,            STATUS_FAILED},
    {STATUS_EXECUTING,                   EVENT_HOLD,            STATUS_WAITING_FOR_RESTART},
    {STATUS_EXECUTING,                   EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_EXECUTING,                   EVENT_HALT,            STATUS_STOPPED},
    {STATUS_WAITING_FOR_HUMAN_TASK,      EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_WAITING_FOR_HUMAN_TASK,      EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_WAITING_FOR_HUMAN_TASK,      EVENT_HALT,            STATUS_STOPPED},
    {STATUS_WAITING_FOR_CALLBACK,        EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_WAITING_FOR_CALLBACK,        EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_WAITING_FOR_CALLBACK,        EVENT_HALT,            STATUS_STOPPED},
    {STATUS_WAITING_FOR_CHILD_EXECUTION, EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_WAITING_FOR_CHILD_EXECUTION, EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_WAITING_FOR_CHILD_EXECUTION, EVENT_HALT,            STATUS_STOPPED},
    {STATUS_WAITING_FOR_LOCK,            EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_WAITING_FOR_LOCK,            EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_WAITING_FOR_LOCK,            EVENT_HALT,            STATUS_STOPPED},
    {STATUS_WAITING_FOR_TIMER,           EVENT_WAKE,            STATUS_EXECUTING},
    {STATUS_WAITING_FOR_TIMER,           EVENT_PAUSE,           STATUS_WAITING_FOR_RESTART},
    {STATUS_WAITING_FOR_TIMER,           EVENT_HALT,            STATUS_STOPPED},
    {STATUS_WAITING_FOR_RESTART,         EVENT_RESUME,          STATUS_EXECUTING},
    {STATUS_WAITING_FOR_RESTART,         EVENT_RESTART,         STATUS_PENDING},
    {STATUS_WAITING_FOR_RESTART,         EVENT_HALT,            STATUS_STOPPED},
    {STATUS_STOPPED,                     EVENT_RESTART,         STATUS_PENDING},
    {STATUS_STOPPED,                     EVENT_REDRIVE,         STATUS_PENDING},
    {STATUS_FAILED,                      EVENT_REDRIVE,         STATUS_PENDING},
};
/* clang-format on */

const char *event_name(enum event event)
{
    CHECK(event > EVENT_NONE);
    CHECK(event < EVENT_COUNT);
    return event_names[event];
}

const struct transition *transition_table(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(transitions);
    return transitions;
}

enum status transition_to(enum status from, enum event event)
{
    for (size_t i = 0; i < ARRAY_SIZE(transitions); i++) {
        if (transitions[i].from == from && transitions[i].event == event)
            return transitions[i].to;
    }
    return STATUS_NONE;
}

bool transition_is_final(enum status status)
{
    return transition_to(status, EVENT_HALT) == STATUS_NONE;
}

enum event transition_wait_event(enum status status)
{
    for (size_t i = 0; i < ARRAY_SIZE(transitions); i++) {
        if (transitions[i].from == STATUS_EXECUTING && transitions[i].to == status &&
            transitions[i].event >= EVENT_WAIT_HUMAN_TASK &&
            transitions[i].event <= EVENT_WAIT_TIMER)
            return transitions[i].event;
    }
    return EVENT_NONE;
}
