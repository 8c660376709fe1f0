/*
 * frames.h - the live branches of an execution: the root frame, those of Parallel states and the
 * iterations of Maps.
 */
#ifndef FERMATA_STORE_FRAMES_H
#define FERMATA_STORE_FRAMES_H

#include "store/store.h"

struct arena;
struct json;

#define FRAME_ROOT                                                                                 \
    1 /* frame_id of the root frame; 0 in a reservation stands for the whole execution */

enum frame_phase {
    FRAME_ENTER,  /* is to enter its state */
    FRAME_RETRY,  /* is to run its state again: no second StateEntered */
    FRAME_WAIT,   /* waits for one of its reservations */
    FRAME_JOIN,   /* waits for its branches or iterations */
    FRAME_DONE,   /* a branch that has its result */
    FRAME_FAILED, /* failed, or was given up with one that failed: a restart or redrive enters its
                     state again */
};

struct frame {
    int64_t frame_id, parent_frame_id, branch;
    const char *state;
    enum frame_phase phase;
    int64_t entered_event, last_event;
    const char *retries;      /* JSON, or null */
    const char *data;         /* JSON */
    const struct json *value; /* data, once it has been parsed; not stored */
    const struct json *scope; /* all variables that it sees, once asked for; not stored */
    /* of a Map, once asked for; not stored: its items, its effective input, how many run at once */
    const struct json *item_list, *effective;
    int64_t most;
    const char *result;    /* JSON, or null */
    const char *variables; /* JSON: the scope this frame opened, or null */
    const char *item;      /* JSON: of an iteration, the item it works on; else null */
    const char *items;     /* JSON: of a frame in a Map, what it iterates over */
    int64_t begun;         /* of a frame that joins: branches or iterations begun so far */
    /* not stored: what a turn has to do at its end */
    bool is_new, changed, gone;
    bool is_aborted;      /* its state's end by another's failure has been told */
    struct frame *parent; /* null: the root frame */
    int64_t open;         /* frames right below it that are neither done nor gone */
    struct frame *next;
};

/* The frames of an execution that are not DONE, by frame_id, as a list in the arena; linked to
 * their parents. */
enum err frames_load(struct store *store, struct arena *arena, int64_t root_id,
                     int64_t execution_id, struct frame **ret) MUST_CHECK;
/* Writes what the turn changed: inserts new frames, updates changed ones, deletes those that are
 * gone. */
enum err frames_save(struct store *store, const char *operator_name, int64_t root_id,
                     int64_t execution_id, struct frame *list) MUST_CHECK;
/* The results of the DONE frames right below a frame, as stored: a list in the order of branches
 * (branch and result are set). */
enum err frames_done(struct store *store, struct arena *arena, int64_t root_id,
                     int64_t execution_id, int64_t parent_frame_id, struct frame **ret) MUST_CHECK;
enum err frames_delete_done(struct store *store, int64_t root_id, int64_t execution_id,
                            int64_t parent_frame_id) MUST_CHECK;
/* The number of the last event of a frame, and the one it gets now: for an event that no turn
 * writes. */
enum err frames_last_event(struct store *store, int64_t root_id, int64_t execution_id,
                           int64_t frame_id, int64_t *ret) MUST_CHECK;
enum err frames_set_last_event(struct store *store, int64_t root_id, int64_t execution_id,
                               int64_t frame_id, int64_t event_id) MUST_CHECK;
/* The next event of every frame that is to enter its state follows on this one. */
enum err frames_follow(struct store *store, int64_t root_id, int64_t execution_id,
                       int64_t event_id) MUST_CHECK;
/* Every frame that waits, and has no FRESH reservation left, is to enter its state again (restart).
 */
enum err frames_reenter(struct store *store, int64_t root_id, int64_t execution_id) MUST_CHECK;

#endif
