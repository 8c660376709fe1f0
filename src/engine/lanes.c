/*
 * lanes.c - the lanes of one store in this process, and which of them a job goes to.
 */
#include "engine/lanes.h"

enum err lanes_open(const struct lane_config *config, size_t count, struct lanes *ret)
{
    struct lane_config one = *config;

    CHECK(count >= 1 && count <= LANES_MOST);
    *ret = (struct lanes){0};
    for (one.lane = 0; one.lane < (int64_t)count; one.lane++) {
        enum err err;

        one.lanes = (int64_t)count;
        err = lane_open(&one, &ret->lane[one.lane]);
        if (err) {
            lanes_close(ret);
            return err;
        }
        ret->count++;
    }
    return ERR_OK;
}

void lanes_run(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        lane_run(lanes->lane[i]);
}

void lanes_close(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        lane_close(lanes->lane[i]);
    *lanes = (struct lanes){0};
}

/* The low bits are the node's number: the same for all that it starts. */
static struct lane *lanes_of_tree(struct lanes *lanes, int64_t root_id)
{
    return lanes->lane[(uint64_t)root_id / ID_STEP % lanes->count];
}

enum err lanes_submit(struct lanes *lanes, struct lane_job *job)
{
    return lane_submit(job->root_id ? lanes_of_tree(lanes, job->root_id)
                                    : lanes->lane[job->place % lanes->count],
                       job);
}

void lanes_expect(struct lanes *lanes, int64_t root_id, int64_t due_at)
{
    if (root_id) {
        lane_expect(lanes_of_tree(lanes, root_id), due_at);
        return;
    }
    for (size_t i = 0; i < lanes->count; i++)
        lane_expect(lanes->lane[i], 0);
}
