/*
 * task.h - a Task that is being begun, for the files that run the resources; included from engine/
 * only.
 */
#ifndef FERMATA_ENGINE_TASK_H
#define FERMATA_ENGINE_TASK_H

#include "engine/engine_priv.h"

struct task {
    struct turn *turn;
    struct frame *frame;
    const struct asl_state *state;
    const struct json *parameters;  /* the effective input */
    const struct json *credentials; /* or null */
    struct reservation reservation;
    int64_t timeout_ms, heartbeat_ms;
};

enum err task_fail(struct task *task, const char *name, const char *cause);
/* States.Runtime, told with the state and its event. */
enum err task_fail_runtime(struct task *task, const char *cause);
/* What every Task that waits leaves: its reservation, and those for its times. */
enum err task_wait(struct task *task);

/* task_event.c: the events of a Task, in the family its resource belongs to: Task..., Activity...,
 * LambdaFunction... */
enum err task_scheduled(struct task *task);
enum err task_started(struct turn *turn, struct frame *frame);
/* A service has taken the request; what it said is not yet the result. */
enum err task_submitted(struct task *task, const struct json *output);
enum err task_succeeded(struct turn *turn, struct frame *frame, const struct json *output);
/* `what` is "Failed" or "TimedOut". */
enum err task_failed(struct turn *turn, struct frame *frame, const char *what,
                     const struct asl_error *error);

/* start_execution.c: arn:aws:states:::states:startExecution */
enum err task_start_execution(struct task *task);
/* call.c: calls to the outside */
enum err task_call(struct task *task);

#endif
