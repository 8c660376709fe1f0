/*
 * member.h - this process among the nodes of a shared store: its number, its place, its clock.
 *
 * Ids bear the number of the node that made them, so no two processes may have the same one: a row
 * of `nodes` says who holds a number and until when, by the database's clock. It is renewed well
 * before that. Every transaction of a lane asks for it again (store/commits.h), so that a process
 * which slept through the end of its hold commits nothing more under it. A process that merely
 * could not reach the store for so long goes on when it can, if nobody has taken the number.
 *
 * The database's clock is everybody's: the member moves the process's clock to it, before it takes
 * its number and with each renewal.
 */
#ifndef FERMATA_SERVE_MEMBER_H
#define FERMATA_SERVE_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct clock;
struct member;

enum { MEMBER_HOLD_MS = 30000, MEMBER_RENEW_MS = 5000 };

struct member_config {
    const char *store;  /* its name; the schema is there already */
    const char *url;    /* where others find this node; for people */
    const char *holder; /* a UUID that no other process has while this one lives; null: a new one */
    struct clock *clock;
    /* Somebody else has the number: the process must end. On the member's thread, once; it must not
     * close the member itself. */
    void (*on_lost)(void *user);
    void *user;
};

/* Takes a free number and starts the thread that keeps it. The texts of the configuration live as
 * long as the member. ERR_UNAVAILABLE: all are taken; ERR_STORAGE_LOST; ERR_STORAGE_BUSY: the
 * others are in the way. */
enum err member_open(const struct member_config *config, struct member **ret) MUST_CHECK;
/* Gives the number up, so that the next process may have it at once; where the store cannot be
 * reached the hold runs out by itself. Waits for the question under way. Null is allowed. */
void member_close(struct member *member);
int64_t member_node(const struct member *member); /* 0..1022, even: the next one is ours, too */
const char *member_holder(const struct member *member); /* the secret of the hold: a UUID */
/* Any thread. The number is ours as far as we know: the store said so when it was last asked, and
 * is not silent about the question under way. */
bool member_is_reachable(const struct member *member);

#endif
