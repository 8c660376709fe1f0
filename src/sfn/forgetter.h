/*
 * forgetter.h - forgets executions of EXPRESS machines that have ended and that nobody waits for.
 */
#ifndef FERMATA_SFN_FORGETTER_H
#define FERMATA_SFN_FORGETTER_H

#include <stdint.h>

struct forgetter;
struct lanes;

struct forgetter *forgetter_new(struct lanes *lanes); /* of the executions */
/* Any thread. What still runs stays, and must be named again when it has ended. */
void forgetter_later(struct forgetter *forgetter, int64_t execution_id);
void forgetter_free(struct forgetter *forgetter); /* after the lane's end; null is allowed */

#endif
