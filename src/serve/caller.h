/*
 * caller.h - makes the calls to the outside that a lane's executions wait for.
 *
 * A call is taken under a lease in one commit, made by the work room, and its answer is brought
 * back in another commit; a halt cuts it off. A crash between any two lines loses nothing: the
 * lease, or the next start, makes the call be made again. So a call is made at least once.
 */
#ifndef FERMATA_SERVE_CALLER_H
#define FERMATA_SERVE_CALLER_H

struct caller;
struct caller_functions;
struct clock;
struct effect;
struct lanes;
struct work;

struct caller_config {
    struct lanes *lanes;
    struct work *work; /* others may use it, too */
    struct caller_functions *functions;
    struct clock *clock;
    const char *name;   /* of this process among those who take calls from the store */
    const char *region; /* of functions that are named without */
};

/* What a predecessor had taken is made again. The lane need not run yet. */
struct caller *caller_open(const struct caller_config *config);
/* Waits, two seconds at most, until what a predecessor had taken has been given back and the first
 * look for calls is over: before anybody is served. The lane runs. */
void caller_await_begin(struct caller *caller);
/* On the lane's thread, after the commit; null is allowed. */
void caller_on_effect(struct caller *caller, const struct effect *effect);
/* Brings back what has been answered, cancels the rest (the next start makes it again) and waits
 * for its own jobs: before lane_close and work_close. Effects may still come. */
void caller_close(struct caller *caller);
/* After lane_close; null is allowed in both. */
void caller_free(struct caller *caller);

#endif
