/*
 * trial.h - one race: a situation is prepared, its contenders go off in a random order, one must
 * win.
 *
 * A trial runs in one of two ways. In one thread the order is the dice's: some contenders share a
 * transaction, others do not, and the lane may be told that a halt is urgent. In many, each
 * contender is submitted by a thread of its own to a running lane.
 */
#ifndef FERMATA_TESTS_TRIAL_H
#define FERMATA_TESTS_TRIAL_H

#include <pthread.h>

#include "judge.h"
#include "moves.h"

enum { TRIAL_MOVES = 8 };

struct trial {
    struct world *w;
    struct judge judge;
    struct dice dice;
    const char *race;
    int64_t seed, number;
    bool has_threads;
    struct move moves[TRIAL_MOVES];
    int64_t clock_moves[TRIAL_MOVES]; /* not 0: no move, time goes on by so many ms */
    size_t count;
    char id[4][64]; /* the executions of this trial */
};

static inline _Noreturn void trial_fail(struct trial *t, const char *what)
{
    fprintf(stderr, "%s, trial %lld with FERMATA_SEED=%lld%s: %s\n", t->race, (long long)t->number,
            (long long)t->seed, t->has_threads ? ", threads" : "", what);
    for (size_t i = 0; i < t->count; i++)
        fprintf(stderr, "  %s %s: %s, outcome %d, %s %s\n", move_name(t->moves[i].kind),
                t->moves[i].id, err_code(t->moves[i].err), (int)t->moves[i].outcome,
                t->moves[i].halt_id, t->moves[i].result);
    fprintf(stderr, "the store is kept in %s\n", t->w->folder);
    fail();
    abort();
}

#define TRIAL_CHECK(t, what)                                                                       \
    do {                                                                                           \
        if (!(what))                                                                               \
            trial_fail(t, #what);                                                                  \
    } while (0)

/* One move, to its end. */
static inline enum err trial_do(struct trial *t, struct move *move)
{
    sem_t signal;

    if (!t->has_threads)
        return move_now(t->w, move);
    CHECK(sem_init(&signal, 0, 0) == 0);
    move->signal = &signal;
    move_submit(t->w, move);
    CHECK(sem_wait(&signal) == 0);
    sem_destroy(&signal);
    move->signal = NULL;
    return move->err;
}

static inline int64_t trial_due(struct trial *t)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM reservations INDEXED BY reservations_due WHERE status = 'FRESH'"
             " AND due_at IS NOT NULL AND due_at <= %lld AND arrived_at IS NULL",
             (long long)clock_now_ms(&t->w->clock));
    return judge_int(&t->judge, sql, NULL);
}

/* Everything that is due has happened. */
static inline void trial_settle(struct trial *t)
{
    for (int i = 0; i < 1000; i++) {
        struct move poke = {.kind = MOVE_poll, .queue = "nobody", .if_epoch = -1};

        if (!t->has_threads)
            world_settle(t->w);
        else
            trial_do(t, &poke);
        if (!trial_due(t))
            return;
    }
    trial_fail(t, "what is due does not happen");
}

/* Names execution `at` of this trial and starts it. */
static inline void trial_start(struct trial *t, int at, const char *plan)
{
    struct move move;

    snprintf(t->id[at], sizeof(t->id[at]), "%c%lld", 'a' + at, (long long)t->number);
    move = move_of(MOVE_start, t->id[at]);
    move.plan = plan;
    TRIAL_CHECK(t, trial_do(t, &move) == ERR_OK);
    trial_settle(t);
}

/* Execution `at` is the child that execution `of` has by now. */
static inline void trial_child(struct trial *t, int at, int of)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "SELECT c.plan_execution_id FROM executions c JOIN execution_ids p ON p.execution_id ="
             " c.parent_id WHERE p.operator_name = 'acme' AND p.plan_execution_id = '%s'"
             " ORDER BY c.execution_id DESC LIMIT 1 OFFSET ?1",
             t->id[of]);
    judge_text(&t->judge, sql, 0, t->id[at], sizeof(t->id[at]));
    TRIAL_CHECK(t, t->id[at][0] != '\0');
}

/* A worker takes the one task there is. */
static inline void trial_poll(struct trial *t, const char *queue, char *token, size_t size)
{
    struct move move = {.kind = MOVE_poll, .queue = queue, .if_epoch = -1};

    TRIAL_CHECK(t, trial_do(t, &move) == ERR_OK);
    TRIAL_CHECK(t, move.got_task);
    snprintf(token, size, "%s", move.got_token);
}

static inline struct move *trial_add(struct trial *t, struct move move)
{
    CHECK(t->count < TRIAL_MOVES);
    t->moves[t->count] = move;
    t->clock_moves[t->count] = 0;
    return &t->moves[t->count++];
}

static inline struct move *trial_add_halt(struct trial *t, int at, bool all)
{
    struct move *move = trial_add(t, move_of(MOVE_halt, t->id[at]));

    move->all_children = all;
    return move;
}

/* A contender that is time itself. */
static inline void trial_add_time(struct trial *t, int64_t by_ms)
{
    trial_add(t, move_of(MOVE_poll, ""))->queue = "nobody";
    t->clock_moves[t->count - 1] = by_ms;
}

static inline void *trial_thread(void *argument)
{
    void **pair = argument;

    move_submit(pair[0], pair[1]);
    return NULL;
}

static inline void trial_go_with_threads(struct trial *t, struct move **order)
{
    pthread_t threads[TRIAL_MOVES];
    void *pairs[TRIAL_MOVES][2];
    sem_t signal;

    CHECK(sem_init(&signal, 0, 0) == 0);
    for (size_t i = 0; i < t->count; i++) {
        order[i]->signal = &signal;
        pairs[i][0] = t->w;
        pairs[i][1] = order[i];
        if (t->clock_moves[order[i] - t->moves])
            clock_move(&t->w->clock, t->clock_moves[order[i] - t->moves]);
        CHECK(pthread_create(&threads[i], NULL, trial_thread, pairs[i]) == 0);
    }
    for (size_t i = 0; i < t->count; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(sem_wait(&signal) == 0);
    }
    sem_destroy(&signal);
}

/* All contenders, in some order, in one or several transactions. */
static inline void trial_go(struct trial *t)
{
    struct move *order[TRIAL_MOVES];
    bool together = dice_percent(&t->dice, 50);

    for (size_t i = 0; i < t->count; i++)
        order[i] = &t->moves[i];
    dice_shuffle(&t->dice, (void **)order, t->count);
    if (t->has_threads) {
        trial_go_with_threads(t, order);
        trial_settle(t);
        return;
    }
    for (size_t i = 0; i < t->count; i++) {
        int64_t by_ms = t->clock_moves[order[i] - t->moves];

        if (by_ms)
            clock_move(&t->w->clock, by_ms);
        move_submit(t->w, order[i]);
        if (!together || dice_percent(&t->dice, 20))
            lane_step(t->w->lane);
        if (!together && dice_percent(&t->dice, 50))
            world_settle(t->w);
    }
    trial_settle(t);
}

static inline bool trial_is(struct trial *t, int at, const char *status)
{
    char sql[400], found[64];

    snprintf(sql, sizeof(sql),
             "SELECT e.status FROM execution_ids i JOIN executions e USING (root_id, execution_id)"
             " WHERE i.operator_name = 'acme' AND i.plan_execution_id = '%s' LIMIT 1 OFFSET ?1",
             t->id[at]);
    judge_text(&t->judge, sql, 0, found, sizeof(found));
    return strcmp(found, status) == 0;
}

/* How many rows of its history are of this type. */
static inline int64_t trial_events(struct trial *t, int at, const char *type)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM execution_ids i JOIN history h USING (root_id, execution_id)"
             " WHERE i.operator_name = 'acme' AND i.plan_execution_id = '%s' AND h.type = ?1",
             t->id[at]);
    return judge_int(&t->judge, sql, type);
}

/* Who holds a lock; "" when it is free. */
static inline void trial_holder(struct trial *t, const char *name, char *id, size_t size)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "SELECT e.plan_execution_id FROM locks l JOIN executions e ON e.root_id ="
             " l.holder_root_id AND e.execution_id = l.holder_id WHERE l.operator_name = 'acme'"
             " AND l.name = '%s' LIMIT 1 OFFSET ?1",
             name);
    judge_text(&t->judge, sql, 0, id, size);
}

#endif
