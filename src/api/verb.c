/*
 * verb.c - a POST becomes a job of the lane: run once under its Idempotency-Key, answered after the
 * commit.
 *
 * The same key and body get the same bytes again: what was decided is stored in the transaction
 * that decided it. Kept are 200, 404, 409 and 412; never 400, 401, 403, 5xx, nor dry runs.
 */
#include "api/api_priv.h"

#include <string.h>

#include "base/id.h"
#include "base/clock.h"
#include "engine/kept.h"
#include "front/place.h"

static const char *verb_body_hash(struct verb_job *job)
{
    struct buf buf;
    char text[SHA256_TEXT_BYTES];

    buf_init(&buf, job->call->arena, 8 * LIMIT_HTTP_BODY_BYTES);
    json_print_canonical(&buf, job->call->body);
    sha256_text(buf.data, buf.len, text);
    return arena_string(job->call->arena, text);
}

static struct request_key verb_key(const struct verb_job *job)
{
    const struct call *call = job->call;

    return (struct request_key){
        .operator_name = call->actor.operator_name,
        .subject = call->actor.subject,
        .route = call->route->path + 1,
        .key = call->idempotency_key,
        .body_hash = job->body_hash,
    };
}

/* The key was used before: the same answer, or 422 for another body. */
static enum err verb_replay(struct verb_job *job, struct engine *engine)
{
    struct request_key key = verb_key(job);
    struct request_row row;
    enum err err = kept_find(engine, job->call->arena, &key, &row);

    job->is_replay = err != ERR_NOT_FOUND;
    if (err == ERR_IDEMPOTENCY_KEY_REUSED)
        return fault_set(&job->call->fault, job->call->arena, err, NULL,
                         "this Idempotency-Key was used with another body");
    if (err)
        return err;
    job->status = row.status;
    job->body = row.body;
    job->body_len = strlen(row.body);
    job->halt_id = row.halt_id;
    return ERR_OK;
}

static enum err verb_job_run(struct lane_job *lane_job, struct engine *engine)
{
    struct verb_job *job = (struct verb_job *)lane_job;
    const struct json *answer = NULL;
    struct buf buf;
    enum err err;

    job->is_replay = false;
    job->call->fault = (struct fault){0};
    if (job->is_keyed) {
        err = verb_replay(job, engine);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    err = job->run(job, engine, &answer);
    if (err)
        return err;
    buf_init(&buf, job->call->arena, BUF_BYTES_OWN);
    json_print(&buf, answer);
    job->status = 200;
    job->body = buf.data;
    job->body_len = buf.len;
    return ERR_OK;
}

static bool verb_is_kept(const struct verb_job *job)
{
    return job->status == 200 || job->status == 404 || job->status == 409 || job->status == 412;
}

static void verb_print_fault(struct verb_job *job, enum err err)
{
    struct call *call = job->call;

    if (call->fault.err != err)
        call->fault = (struct fault){.err = err};
    job->status = err_status(err);
    job->body = problem_text(call->arena, &call->fault,
                             call->request_id_given ? call->request_id : NULL, &job->body_len);
}

static enum err verb_job_settle(struct lane_job *lane_job, struct engine *engine, enum err run_err)
{
    struct verb_job *job = (struct verb_job *)lane_job;
    struct request_key key;
    struct request_row row;

    if (run_err)
        verb_print_fault(job, run_err);
    if (!job->is_keyed || job->is_replay || !verb_is_kept(job))
        return ERR_OK;
    key = verb_key(job);
    row = (struct request_row){
        .status = job->status,
        .halt_id = job->halt_id,
        .body = job->body,
    };
    return kept_keep(engine, &key, &row);
}

void verb_answer(struct verb_job *job)
{
    struct call *call = job->call;
    bool is_problem = job->status >= 400;

    if (is_problem)
        reply_problem_text(call, job->status, job->body, job->body_len);
    else
        reply_text(call, job->status, "application/json", job->body, job->body_len);
}

static void verb_job_done(struct lane_job *lane_job, enum err err)
{
    struct verb_job *job = (struct verb_job *)lane_job;

    /* An error of the transaction, or one that settle met after run had succeeded. */
    if (err || (job->job.run_err && job->status < 400))
        verb_print_fault(job, err ? err : job->job.run_err);
    if (job->on_done && job->status == 200)
        job->on_done(job);
    else
        verb_answer(job);
}

/* The tree that the body names, where there is a choice of lanes; 0: it is not known. */
static int64_t verb_root(const struct call *call)
{
    static const char *const tokens[] = {"task_token", "callback_token"};
    const char *id = json_get_string(call->body, "plan_execution_id");
    int64_t root_id = 0;

    if (call->api->config.lanes->count < 2)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(tokens) && !root_id; i++) {
        if (json_get(call->body, tokens[i]))
            root_id = task_token_root(json_get_string(call->body, tokens[i]));
    }
    if (!root_id && id && call->actor.operator_name)
        root_id = place_find(call->api->config.store_name, call->actor.operator_name, id);
    return root_id;
}

struct verb_job *verb_new(struct call *call, verb_fn run, bool is_urgent, bool is_keyed)
{
    struct verb_job *job = ARENA_NEW(call->arena, struct verb_job);

    job->job = (struct lane_job){.is_urgent = is_urgent,
                                 .run = verb_job_run,
                                 .settle = verb_job_settle,
                                 .done = verb_job_done};
    job->job.root_id = verb_root(call);
    job->job.place = (uint64_t)clock_monotonic_us();
    job->call = call;
    job->run = run;
    job->is_keyed = is_keyed && call->idempotency_key && call->actor.operator_name;
    if (job->is_keyed)
        job->body_hash = verb_body_hash(job);
    return job;
}

void verb_send(struct verb_job *job)
{
    enum err err = lanes_submit(job->call->api->config.lanes, &job->job);

    if (!err)
        return;
    verb_print_fault(job, err);
    verb_answer(job);
}

void verb_submit(struct call *call, verb_fn run, bool is_urgent)
{
    verb_send(verb_new(call, run, is_urgent, true));
}
