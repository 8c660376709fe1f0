/*
 * schedule.h - scheduled reservations in Redis: when they are due, one node takes each.
 *
 * The truth is the store: a FRESH reservation with a due time that has not arrived. What lies in
 * Redis is a copy that spares every node the search for it. Entries are taken by one script that
 * moves them from the sorted set of what is due to that of what is leased, so each goes to one
 * node; a lease that runs out brings the entry back. An entry bears its epoch, and whoever carries
 * it out looks in the store again, under the tree's lock: an entry too many fires into nothing.
 *
 * What goes wrong with Redis stays here. While it cannot be used, schedule_is_up is false and lanes
 * look in the store's own due index, as they always do for what is overdue by SCHEDULE_GRACE_MS:
 * so an entry that Redis lost is late by that much and never lost. A Redis that comes back without
 * its generation key (flushed, failed over to an empty one) is filled again from the store, the
 * next due first; what it holds too much is looked up in the store and taken out. All of it happens
 * on the schedule's own thread, with connections of its own.
 *
 * Keys: {fermata:SPACE}:due, :leased, :generation, :filling (who may fill). One hash tag, so that
 * they lie together. Redis 5 or later: scripts write after they have looked.
 */
#ifndef FERMATA_SCHEDULE_SCHEDULE_H
#define FERMATA_SCHEDULE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct clock;
struct schedule;

enum {
    SCHEDULE_GRACE_MS = 2000,
    SCHEDULE_BUSY_GRACE_MS = 10000, /* while more falls due than can be done */
};

struct schedule_entry {
    int64_t root_id, execution_id, reservation_id, epoch;
    int64_t due_at; /* ms UTC, by the store's clock */
};

struct schedule_config {
    const char *url;   /* of Redis, as redis.h reads it */
    const char *space; /* of the keys; one for all nodes of a store */
    const char *store; /* its name, to read the truth (sql_open) */
    struct clock *clock;
    /* Due entries, on the schedule's thread; each must come back by schedule_done. False: not now
     * (too many wait), their leases run out. */
    bool (*on_due)(void *user, const struct schedule_entry *entries, size_t count);
    void *user;
};

/* Never fails because Redis is down; ERR_INVALID_REQUEST when the URL is none. */
enum err schedule_open(const struct schedule_config *config, struct schedule **ret) MUST_CHECK;
/* No more on_due after it; what was still to be told to Redis is told if that is quick. */
void schedule_close(struct schedule *schedule);
void schedule_free(struct schedule *schedule); /* after the lanes; null is allowed */

/* Any thread, after the commit; never waits. What cannot be remembered (too much of it while Redis
 * is down) is found again by the next sweep. */
void schedule_add(struct schedule *schedule, const struct schedule_entry *entry);
void schedule_remove(struct schedule *schedule, const struct schedule_entry *entry);
/* All entries of the reservations that this halt made STALE: read from the store, taken out many
 * at once. */
void schedule_halted(struct schedule *schedule, int64_t root_id, int64_t halt_id);
/* An entry of on_due has been carried out, or was stale. */
void schedule_done(struct schedule *schedule, const struct schedule_entry *entry);
bool schedule_is_up(const struct schedule *schedule);

#endif
