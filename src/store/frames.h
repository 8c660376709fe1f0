/*
 * frames.h - the live branches of an execution: the root frame, and those of Parallel states.
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
    FRAME_JOIN,   /* waits for its branches */
    FRAME_DONE,   /* a branch that has its result */
    FRAME_FAILED, /* failed and held for a restart */
};

struct frame {
    int64_t frame_id, parent_frame_id, branch;
    const char *state;
    enum frame_phase phase;
    int64_t entered_event, last_event;
    const char *retries;      /* JSON, or null */
    const char *data;         /* JSON */
    const struct json *value; /* data, once it has been parsed; not stored */
    const char *result;       /* JSON, or null */
    /* not stored: what a turn has to do at its end */
    bool is_new, changed, gone;
    struct frame *next;
};

/* All frames of an execution, by frame_id, as a list in the arena. */
enum err frames_load(struct store *store, struct arena *arena, int64_t root_id,
                     int64_t execution_id, struct frame **ret) MUST_CHECK;
/* Writes what the turn changed: inserts new frames, updates changed ones, deletes those that are
 * gone. */
enum err frames_save(struct store *store, const char *operator_name, int64_t root_id,
                     int64_t execution_id, struct frame *list) MUST_CHECK;
/* Every frame that waits, and has no FRESH reservation left, is to enter its state again (restart).
 */
enum err frames_reenter(struct store *store, int64_t root_id, int64_t execution_id) MUST_CHECK;

#endif
