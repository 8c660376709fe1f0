/*
 * park.h - requests that wait for something: a task, a quiet halt. Woken by topic, or over at their
 * deadline.
 *
 * A parked request costs its connection and this struct. It ends exactly once: woken, expired or
 * drained; the callback runs without the room's lock, on the thread that woke it or on the room's
 * own.
 */
#ifndef FERMATA_FRONT_PARK_H
#define FERMATA_FRONT_PARK_H

#include <stdbool.h>
#include <stdint.h>

struct park;

enum park_end { PARK_WOKEN, PARK_EXPIRED, PARK_DRAINED };

#define PARK_TOPIC_BYTES 448

struct parked {
    char topic[PARK_TOPIC_BYTES];
    const char *operator_name; /* for the quota; borrowed */
    int64_t deadline_us;       /* clock_monotonic_us */
    uint64_t stamp;            /* park_stamp, taken before it was looked for what it waits for */
    void (*on_end)(struct parked *parked, enum park_end end);
    /* the room's own */
    struct park_topic *room;
    struct parked *prev, *next;         /* of the topic */
    struct parked *all_prev, *all_next; /* of all */
};

void park_topic_task(char topic[PARK_TOPIC_BYTES], const char *operator_name, const char *task);
void park_topic_halt(char topic[PARK_TOPIC_BYTES], int64_t halt_number);
void park_topic_ended(char topic[PARK_TOPIC_BYTES], int64_t execution_id);

struct park *park_new(void);
/* Whoever looks for something on one thread and finds it missing may be parked after it has come
 * on another: so the stamp is taken before the look, and who was woken since ends at once. */
uint64_t park_stamp(struct park *park, const char *topic);
/* False: this operator has too many, or the room is drained; nothing was parked. */
bool park_add(struct park *park, struct parked *parked);
void park_wake(struct park *park, const char *topic,
               bool all); /* else the one that waits longest */
/* News may have been missed: everybody looks for himself. */
void park_wake_all(struct park *park);
int64_t park_waiting(struct park *park, const char *topic); /* how many */
void park_drain(struct park *park);                         /* ends all, takes no more */
void park_free(struct park *park);                          /* after the drain; null is allowed */

#endif
