/*
 * sfn_job.c - a change as a job of the lane: run in a savepoint, answered after the commit.
 *
 * What a change answers lies in the engine's arena or the call's, both of which outlive `done`.
 */
#include "sfn/sfn_priv.h"

struct sfn_job {
    struct lane_job job;
    struct sfn_call *call;
    enum err (*change)(struct sfn_call *call, struct engine *engine, const struct json **ret);
    void (*done)(struct sfn_call *call, enum err err, const struct json *answer);
    const struct json *answer;
};

/* It may be run twice: the second time nothing of the first is left. */
static enum err job_run(struct lane_job *lane_job, struct engine *engine)
{
    struct sfn_job *job = (struct sfn_job *)lane_job;
    enum err err = ERR_OK;

    job->answer = NULL;
    job->call->error = (struct sfn_error){0};
    if (job->call->action->is_catalog)
        err = store_take_catalog(engine->store, job->call->actor.operator_name);
    return err ? err : job->change(job->call, engine, &job->answer);
}

static void job_done(struct lane_job *lane_job, enum err err)
{
    struct sfn_job *job = (struct sfn_job *)lane_job;

    if (!err)
        err = job->job.run_err;
    job->done(job->call, err, err ? NULL : job->answer);
}

/* The tree that the call names, where there is a choice of lanes; 0: it is not known. */
static int64_t job_root(const struct sfn_call *call, const struct lanes *lanes)
{
    const char *token = json_get_string(call->body, "taskToken");

    return token && lanes->count > 1 ? task_token_root(token) : 0;
}

void sfn_submit(struct sfn_call *call,
                enum err (*change)(struct sfn_call *call, struct engine *engine,
                                   const struct json **ret),
                void (*done)(struct sfn_call *call, enum err err, const struct json *answer))
{
    sfn_submit_to(call, call->sfn->config.lanes, change, done);
}

void sfn_submit_to(struct sfn_call *call, struct lanes *lanes,
                   enum err (*change)(struct sfn_call *call, struct engine *engine,
                                      const struct json **ret),
                   void (*done)(struct sfn_call *call, enum err err, const struct json *answer))
{
    struct sfn_job *job = ARENA_NEW(call->arena, struct sfn_job);
    enum err err;

    *job = (struct sfn_job){
        .job = {.is_urgent = call->action->is_urgent, .run = job_run, .done = job_done},
        .call = call,
        .change = change,
        .done = done,
    };
    job->job.root_id = job_root(call, lanes);
    job->job.place = (uint64_t)clock_monotonic_us();
    err = lanes_submit(lanes, &job->job);
    if (err)
        done(call, err, NULL);
}
