/*
 * lanes.h - the lanes of one store in this process, and which of them a job goes to.
 *
 * A tree stays on one lane, so that jobs of one tree do not meet in two transactions: the lane is
 * the tree's place modulo how many there are. Nothing depends on it but speed, for every change
 * takes the tree's row; a job whose tree is not known goes anywhere. A file has one lane.
 */
#ifndef FERMATA_ENGINE_LANES_H
#define FERMATA_ENGINE_LANES_H

#include "engine/lane.h"

enum { LANES_MOST = 16 };

struct lanes {
    struct lane *lane[LANES_MOST];
    size_t count;
};

/* Opens `count` lanes of one configuration; on an error none is left open. */
enum err lanes_open(const struct lane_config *config, size_t count, struct lanes *ret) MUST_CHECK;
void lanes_run(struct lanes *lanes);
void lanes_close(struct lanes *lanes);

/* In this tree something falls due then; root_id 0: in some, now. */
void lanes_expect(struct lanes *lanes, int64_t root_id, int64_t due_at);
/* lane_submit to the lane of the job's tree, or of job->place. */
enum err lanes_submit(struct lanes *lanes, struct lane_job *job) MUST_CHECK;

#endif
