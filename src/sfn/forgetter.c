/*
 * forgetter.c - what has ended and nobody waits for is forgotten: one job at a time takes all that
 * came since the last one.
 */
#include "sfn/forgetter.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "engine/express.h"
#include "engine/lanes.h"

struct ended {
    int64_t execution_id;
    struct ended *next;
};

struct forgetter {
    struct lane_job job; /* first: the lane knows no more of it */
    struct lanes *lanes;
    struct ended *taken; /* by the job, until its commit */
    /* lock guards what stands below */
    pthread_mutex_t lock;
    struct ended *list;
    bool is_submitted;
};

/* The lock is held. A lane that takes no more is asked again when the next one has ended. */
static void ended_submit(struct forgetter *forgetter)
{
    if (!forgetter->is_submitted)
        forgetter->is_submitted = lanes_submit(forgetter->lanes, &forgetter->job) == ERR_OK;
}

/* It may be run twice: what it took stays taken until the commit. */
static enum err ended_run(struct lane_job *job, struct engine *engine)
{
    struct forgetter *forgetter = (struct forgetter *)job;
    struct ended **end = &forgetter->taken;
    enum err err = ERR_OK;

    while (*end)
        end = &(*end)->next;
    pthread_mutex_lock(&forgetter->lock);
    *end = forgetter->list;
    forgetter->list = NULL;
    pthread_mutex_unlock(&forgetter->lock);
    for (struct ended *ended = forgetter->taken; ended && !err; ended = ended->next)
        err = express_forget(engine, ended->execution_id);
    return err;
}

static void ended_free(struct ended *list)
{
    while (list) {
        struct ended *next = list->next;

        free(list);
        list = next;
    }
}

static void ended_done(struct lane_job *job, enum err err)
{
    struct forgetter *forgetter = (struct forgetter *)job;
    bool is_done = !err && !job->run_err;

    if (is_done) {
        ended_free(forgetter->taken);
        forgetter->taken = NULL;
    }
    pthread_mutex_lock(&forgetter->lock);
    forgetter->is_submitted = false;
    if (is_done && forgetter->list)
        ended_submit(forgetter);
    pthread_mutex_unlock(&forgetter->lock);
}

struct forgetter *forgetter_new(struct lanes *lanes)
{
    struct forgetter *forgetter = xalloc(sizeof(*forgetter));

    forgetter->job = (struct lane_job){.run = ended_run, .done = ended_done};
    forgetter->lanes = lanes;
    CHECK(pthread_mutex_init(&forgetter->lock, NULL) == 0);
    return forgetter;
}

void forgetter_later(struct forgetter *forgetter, int64_t execution_id)
{
    struct ended *ended = xalloc(sizeof(*ended));

    ended->execution_id = execution_id;
    pthread_mutex_lock(&forgetter->lock);
    ended->next = forgetter->list;
    forgetter->list = ended;
    ended_submit(forgetter);
    pthread_mutex_unlock(&forgetter->lock);
}

void forgetter_free(struct forgetter *forgetter)
{
    if (!forgetter)
        return;
    ended_free(forgetter->taken);
    ended_free(forgetter->list);
    pthread_mutex_destroy(&forgetter->lock);
    free(forgetter);
}
