/*
 * test_race.c - a halt against everything else that can happen at the same time: one winner, both
 * callers agree who, nothing is left of the loser.
 *
 * Each race is tried thousands of times, in every order, in one thread and with a thread for each
 * contender. FERMATA_SEED (1), FERMATA_TRIALS (1500 a race) and FERMATA_THREAD_TRIALS (300) make it
 * longer. A failure prints its seed; in one thread the same seed gives the same trial.
 */
#include "trial.h"

enum { RACE_OUTCOMES = 4, RACE_TRIALS_A_STORE = 250 };

static const struct {
    const char *id, *definition;
} race_plans[] = {
    {"task",        "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
             "\"fermata:task:q\",\"End\":true}}}"                                                      },
    {"retry",       "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
              "\"fermata:task:q\",\"Retry\":[{\"ErrorEquals\":[\"States.ALL\"],"
              "\"IntervalSeconds\":5}],\"End\":true}}}"                                               },
    {"call",        "{\"StartAt\":\"K\",\"States\":{\"K\":{\"Type\":\"Task\",\"Resource\":"
             "\"fermata:callback\",\"End\":true}}}"                                                    },
    {"wait",
     "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}"                       },
    {"parent",      "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":"
               "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"task\"},\"Catch\":[{"
               "\"ErrorEquals\":[\"Execution.Halted\"],\"Next\":\"W\"}],\"End\":true},\"W\":{"
               "\"Type\":\"Wait\",\"Seconds\":60,\"End\":true}}}"                                    },
    {"begetter",
     "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:task:q\",\"Next\":\"F\"},\"F\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"grandparent\",\"await\":false},"
     "\"Next\":\"C\"},\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
     "\"Parameters\":{\"plan_id\":\"wait\"},\"End\":true}}}"                                                       },
    {"grandparent", "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":"
                    "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"wait\"},\"End\":true}}}"},
    {"holder",      "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
               "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"door\"},\"Next\":\"T\"},\"T\":{"
               "\"Type\":\"Task\",\"Resource\":\"fermata:task:q\",\"End\":true}}}"                   },
    {"visitor",
     "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"door\"},\"Next\":\"W\"},\"W\":{"
     "\"Type\":\"Wait\",\"Seconds\":60,\"End\":true}}}"                                                            },
    {"patient",     "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":"
                "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"wait\"},\"TimeoutSeconds\":5,"
                "\"Catch\":[{\"ErrorEquals\":[\"Execution.Halted\",\"States.Timeout\"],\"Next\":"
                "\"W\"}],\"Next\":\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":60,\"End\":true}}}"   },
    {"split",       "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
              "\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
              "\"fermata:task:q\",\"End\":true}}},{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":"
              "\"Task\",\"Resource\":\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"wait\"},"
              "\"End\":true}}}],\"End\":true}}}"                                                      },
    {"hasty",       "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
              "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"door\"},\"TimeoutSeconds\":5,"
              "\"Retry\":[{\"ErrorEquals\":[\"States.Timeout\"],\"IntervalSeconds\":1}],\"Next\":"
              "\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":60,\"End\":true}}}"                        },
    {"brothers",
     "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
     "\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"door\"},\"Next\":\"W\"},\"W\":"
     "{\"Type\":\"Wait\",\"Seconds\":60,\"End\":true}}},{\"StartAt\":\"M\",\"States\":{"
     "\"M\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:acquire\",\"Parameters\":{"
     "\"name\":\"door\"},\"Next\":\"V\"},\"V\":{\"Type\":\"Wait\",\"Seconds\":60,"
     "\"End\":true}}}],\"End\":true}}}"                                                                            },
    {"loop",        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Next\":\"B\"},\"B\":{"
             "\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.stop\",\"IsPresent\":true,"
             "\"Next\":\"S\"}],\"Default\":\"A\"},\"S\":{\"Type\":\"Succeed\"}}}"                      },
};

/* ---- against what ends it ---- */

static void last_step_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "task");
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 0, false);
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int ending_judge(struct trial *t)
{
    if (trial_is(t, 0, "SUCCESS")) {
        TRIAL_CHECK(t, t->moves[1].err == ERR_OK);
        TRIAL_CHECK(t, t->moves[0].err == ERR_INVALID_STATE_TRANSITION);
        TRIAL_CHECK(t, trial_events(t, 0, "EXECUTION.HALTED") == 0);
        return 0;
    }
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].err == ERR_OK);
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, t->moves[1].err == ERR_EXECUTION_HALTED);
    TRIAL_CHECK(t, trial_events(t, 0, "ExecutionSucceeded") == 0);
    return 1;
}

static void callback_prepare(struct trial *t)
{
    trial_start(t, 0, "call");
    trial_add_halt(t, 0, true);
    trial_add(t, move_of(MOVE_callback, t->id[0]))->input = "1";
}

static void retry_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "retry");
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 0, false);
    trial_add(t, move_with(MOVE_fail, token, NULL));
    trial_add_time(t, 5000);
}

static int retry_judge(struct trial *t)
{
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, trial_events(t, 0, "TaskFailed") == (t->moves[1].err == ERR_OK));
    if (t->moves[1].err == ERR_OK)
        return 0;
    TRIAL_CHECK(t, t->moves[1].err == ERR_EXECUTION_HALTED);
    return 1;
}

/* ---- against time ---- */

static void timer_prepare(struct trial *t)
{
    trial_start(t, 0, "wait");
    trial_add_halt(t, 0, false);
    trial_add_time(t, 5000);
}

static int timer_judge(struct trial *t)
{
    if (trial_is(t, 0, "SUCCESS")) {
        TRIAL_CHECK(t, t->moves[0].err == ERR_INVALID_STATE_TRANSITION);
        return 0;
    }
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, trial_events(t, 0, "WaitStateExited") == 0);
    return 1;
}

/* The child's timer, the parent's time-out (which cancels the child) and a halt of the child. */
static void time_out_prepare(struct trial *t)
{
    trial_start(t, 0, "patient");
    trial_child(t, 1, 0);
    trial_add_halt(t, 1, false);
    trial_add_time(t, 5000);
}

static int time_out_judge(struct trial *t)
{
    int64_t told = trial_events(t, 0, "TaskSucceeded") + trial_events(t, 0, "TaskFailed") +
                   trial_events(t, 0, "TaskTimedOut");

    TRIAL_CHECK(t, trial_is(t, 0, "WAITING_FOR_TIMER"));
    TRIAL_CHECK(t, told == 1);
    if (trial_is(t, 1, "SUCCESS")) {
        TRIAL_CHECK(t, t->moves[0].err == ERR_INVALID_STATE_TRANSITION);
        return 2;
    }
    TRIAL_CHECK(t, trial_is(t, 1, "STOPPED"));
    TRIAL_CHECK(t, trial_events(t, 1, "EXECUTION.HALTED") == 1);
    TRIAL_CHECK(t, t->moves[0].err == ERR_OK);
    if (trial_events(t, 0, "TaskTimedOut")) {
        TRIAL_CHECK(t, t->moves[0].outcome == ALREADY_HALTED);
        return 0;
    }
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, strcmp(t->moves[0].result, "delivered") == 0);
    return 1;
}

/* ---- against a child's start and a child's end ---- */

static void birth_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "begetter");
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 0, true);
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int64_t race_active_below(struct trial *t, int at)
{
    return judge_int(&t->judge,
                     "SELECT count(*) FROM executions e JOIN execution_ids i ON i.root_id ="
                     " e.root_id WHERE i.plan_execution_id = ?1 AND i.operator_name = 'acme'"
                     " AND e.ended_at IS NULL",
                     t->id[at]);
}

static int birth_judge(struct trial *t)
{
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, race_active_below(t, 0) == 0);
    if (t->moves[1].err == ERR_OK)
        return 0;
    TRIAL_CHECK(t, t->moves[1].err == ERR_EXECUTION_HALTED);
    return 1;
}

static void child_end_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "parent");
    trial_child(t, 1, 0);
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 0, true);
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int child_end_judge(struct trial *t)
{
    if (t->moves[1].err == ERR_EXECUTION_HALTED) {
        TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
        TRIAL_CHECK(t, trial_is(t, 1, "STOPPED"));
        return 0;
    }
    TRIAL_CHECK(t, t->moves[1].err == ERR_OK);
    TRIAL_CHECK(t, trial_is(t, 1, "SUCCESS"));
    if (trial_is(t, 0, "SUCCESS")) {
        TRIAL_CHECK(t, t->moves[0].err == ERR_INVALID_STATE_TRANSITION);
        TRIAL_CHECK(t, trial_events(t, 0, "TaskSucceeded") == 1);
        return 1;
    }
    /* The child had ended; the news was stopped on its way. */
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, trial_events(t, 0, "TaskSucceeded") == 0);
    return 2;
}

/* The child is halted while it ends: the parent is told once, the one or the other. */
static void told_once_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "parent");
    trial_child(t, 1, 0);
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 1, false);
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int told_once_judge(struct trial *t)
{
    TRIAL_CHECK(t, trial_events(t, 0, "TaskSucceeded") + trial_events(t, 0, "TaskFailed") == 1);
    if (trial_is(t, 1, "SUCCESS")) {
        TRIAL_CHECK(t, trial_is(t, 0, "SUCCESS"));
        TRIAL_CHECK(t, t->moves[0].err == ERR_INVALID_STATE_TRANSITION);
        TRIAL_CHECK(t, trial_events(t, 0, "CHILD.HALTED") == 0);
        return 0;
    }
    TRIAL_CHECK(t, trial_is(t, 0, "WAITING_FOR_TIMER")); /* it caught Execution.Halted */
    TRIAL_CHECK(t, t->moves[1].err == ERR_EXECUTION_HALTED);
    TRIAL_CHECK(t, strcmp(t->moves[0].result, "delivered") == 0);
    TRIAL_CHECK(t, trial_events(t, 0, "CHILD.HALTED") == 1);
    return 1;
}

/* ---- against a lock's hand-over ---- */

static void lock_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "holder");
    trial_poll(t, "q", token, sizeof(token));
    trial_start(t, 1, "visitor");
    trial_start(t, 2, "visitor");
    trial_add_halt(t, 1, false);
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int lock_judge(struct trial *t)
{
    char holder[64];

    trial_holder(t, "door", holder, sizeof(holder));
    TRIAL_CHECK(t, trial_is(t, 0, "SUCCESS"));
    TRIAL_CHECK(t, trial_is(t, 1, "STOPPED"));
    TRIAL_CHECK(t, trial_is(t, 2, "WAITING_FOR_TIMER"));
    TRIAL_CHECK(t, strcmp(holder, t->id[2]) == 0);
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    return trial_events(t, 1, "LOCK.RELEASED") ? 0 : 1;
}

/* Holder and first waiter are both halted, the second is paused or not: the third may have it. */
static void queue_prepare(struct trial *t)
{
    trial_start(t, 0, "visitor");
    trial_start(t, 1, "visitor");
    trial_start(t, 2, "visitor");
    trial_start(t, 3, "visitor");
    trial_add_halt(t, 0, false);
    trial_add_halt(t, 1, false);
    trial_add(t, move_of(MOVE_pause, t->id[2]));
}

static int queue_judge(struct trial *t)
{
    char holder[64];

    trial_holder(t, "door", holder, sizeof(holder));
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, trial_is(t, 1, "STOPPED"));
    TRIAL_CHECK(t, trial_is(t, 2, "WAITING_FOR_RESTART"));
    TRIAL_CHECK(t, t->moves[2].err == ERR_OK);
    if (strcmp(holder, t->id[2]) == 0)
        return 0; /* it was given it before it was paused, and keeps it */
    TRIAL_CHECK(t, strcmp(holder, t->id[3]) == 0);
    return 1;
}

/* The waiter's time is over when the lock comes: it has it at once, or on its second try. */
static void grant_prepare(struct trial *t)
{
    trial_start(t, 0, "visitor");
    trial_start(t, 1, "hasty");
    trial_add_halt(t, 0, false);
    trial_add_time(t, 5000);
}

static int grant_judge(struct trial *t)
{
    char holder[64];

    clock_move(&t->w->clock, 1000);
    trial_settle(t);
    trial_holder(t, "door", holder, sizeof(holder));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, trial_is(t, 1, "WAITING_FOR_TIMER"));
    TRIAL_CHECK(t, strcmp(holder, t->id[1]) == 0);
    TRIAL_CHECK(t, trial_events(t, 1, "LOCK.ACQUIRED") == 1);
    return (int)trial_events(t, 1, "TaskTimedOut");
}

/* Two branches wait for one lock: one grant wakes one of them. */
static void brothers_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "holder");
    trial_poll(t, "q", token, sizeof(token));
    trial_start(t, 1, "brothers");
    trial_add_halt(t, 0, false);
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int brothers_judge(struct trial *t)
{
    char holder[64];

    trial_holder(t, "door", holder, sizeof(holder));
    TRIAL_CHECK(t, strcmp(holder, t->id[1]) == 0);
    TRIAL_CHECK(t, trial_is(t, 1, "WAITING_FOR_LOCK"));
    TRIAL_CHECK(t, trial_events(t, 1, "LOCK.ACQUIRED") == 1);
    TRIAL_CHECK(t, trial_events(t, 1, "WaitStateEntered") == 1);
    return ending_judge(t);
}

/* ---- against a poll, a pause, a restart ---- */

static void poll_prepare(struct trial *t)
{
    trial_start(t, 0, "task");
    trial_add_halt(t, 0, false);
    trial_add(t, move_of(MOVE_poll, ""))->queue = "q";
}

static int poll_judge(struct trial *t)
{
    struct move late;

    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, t->moves[1].err == ERR_OK);
    TRIAL_CHECK(t, t->moves[0].in_flight == t->moves[1].got_task);
    if (!t->moves[1].got_task)
        return 0;
    late = move_with(MOVE_complete, t->moves[1].got_token, "1");
    TRIAL_CHECK(t, trial_do(t, &late) == ERR_EXECUTION_HALTED);
    return 1;
}

static void pause_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "task");
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 0, false);
    trial_add(t, move_of(MOVE_pause, t->id[0]));
    trial_add(t, move_with(MOVE_complete, token, "1"));
}

static int pause_judge(struct trial *t)
{
    bool paused = t->moves[1].err == ERR_OK, done = t->moves[2].err == ERR_OK;

    TRIAL_CHECK(t, paused || t->moves[1].err == ERR_INVALID_STATE_TRANSITION);
    if (trial_is(t, 0, "SUCCESS")) {
        TRIAL_CHECK(t, done);
        TRIAL_CHECK(t, !paused);
        TRIAL_CHECK(t, t->moves[0].err == ERR_INVALID_STATE_TRANSITION);
        return 0;
    }
    /* Completed while it was paused: accepted, kept, and then stopped with it. */
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, done ? paused : t->moves[2].err == ERR_EXECUTION_HALTED);
    return 1 + paused + (paused && done);
}

static void restart_prepare(struct trial *t)
{
    struct move halt;

    trial_start(t, 0, "call");
    halt = move_of(MOVE_halt, t->id[0]);
    TRIAL_CHECK(t, trial_do(t, &halt) == ERR_OK);
    trial_add_halt(t, 0, false);
    trial_add(t, move_of(MOVE_restart, t->id[0]));
    trial_add(t, move_of(MOVE_restart, t->id[0]));
}

static int restart_judge(struct trial *t)
{
    int64_t restarts = (t->moves[1].err == ERR_OK) + (t->moves[2].err == ERR_OK);

    TRIAL_CHECK(t, restarts == trial_events(t, 0, "EXECUTION.RESTARTED"));
    TRIAL_CHECK(t, t->moves[0].err == ERR_OK);
    if (t->moves[0].outcome == ALREADY_HALTED) {
        TRIAL_CHECK(t, restarts == 1);
        TRIAL_CHECK(t, trial_is(t, 0, "WAITING_FOR_CALLBACK"));
        return 0;
    }
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    TRIAL_CHECK(t, trial_events(t, 0, "EXECUTION.HALTED") == 2);
    if (restarts == 2) { /* restart, halt, restart */
        TRIAL_CHECK(t, trial_is(t, 0, "WAITING_FOR_CALLBACK"));
        return 1;
    }
    TRIAL_CHECK(t, restarts == 1);
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    return 2;
}

/* ---- against another halt ---- */

static void same_prepare(struct trial *t)
{
    trial_start(t, 0, "wait");
    for (int i = 0; i < 4; i++)
        trial_add_halt(t, 0, i % 2 == 0);
}

static int same_judge(struct trial *t)
{
    int halted = 0;

    for (int i = 0; i < 4; i++) {
        TRIAL_CHECK(t, t->moves[i].err == ERR_OK);
        TRIAL_CHECK(t, strcmp(t->moves[i].halt_id, t->moves[0].halt_id) == 0);
        halted += t->moves[i].outcome == HALTED;
        TRIAL_CHECK(t, t->moves[i].outcome == HALTED || t->moves[i].outcome == ALREADY_HALTED);
    }
    TRIAL_CHECK(t, halted == 1);
    TRIAL_CHECK(t, trial_events(t, 0, "EXECUTION.HALTED") == 1);
    return t->moves[0].outcome == HALTED ? 0 : 1;
}

/* Of the tree, of its child, and of what is below it. */
static void family_prepare(struct trial *t)
{
    trial_start(t, 0, "parent");
    trial_child(t, 1, 0);
    trial_add_halt(t, 0, true);
    trial_add_halt(t, 1, false);
    trial_add(t, move_of(MOVE_halt_children, t->id[0]));
}

static int family_judge(struct trial *t)
{
    const struct move *parent = &t->moves[0], *child = &t->moves[1], *below = &t->moves[2];

    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, trial_is(t, 1, "STOPPED"));
    TRIAL_CHECK(t, trial_events(t, 1, "EXECUTION.HALTED") == 1);
    TRIAL_CHECK(t, parent->outcome == HALTED);
    if (child->outcome == HALTED) {
        TRIAL_CHECK(t, strcmp(child->result, "delivered") == 0);
        TRIAL_CHECK(t, trial_events(t, 0, "CHILD.HALTED") == 1);
        TRIAL_CHECK(t, below->outcome == ALREADY_HALTED);
        return 0;
    }
    TRIAL_CHECK(t, child->outcome == ALREADY_HALTED);
    if (below->outcome == CHILDREN_HALTED) {
        TRIAL_CHECK(t, strcmp(child->halt_id, below->halt_id) == 0);
        TRIAL_CHECK(t, trial_events(t, 0, "CHILD.HALTED") == 1);
        return 1;
    }
    TRIAL_CHECK(t, strcmp(child->halt_id, parent->halt_id) == 0);
    TRIAL_CHECK(t, trial_events(t, 0, "CHILD.HALTED") == 0);
    return 2;
}

/* A branch that fails cancels its sibling's child, while that child is halted or ends. */
static void cancel_prepare(struct trial *t)
{
    char token[128];

    trial_start(t, 0, "split");
    trial_child(t, 1, 0);
    trial_poll(t, "q", token, sizeof(token));
    trial_add_halt(t, 1, false);
    trial_add(t, move_with(MOVE_fail, token, NULL));
}

static int cancel_judge(struct trial *t)
{
    TRIAL_CHECK(t, trial_is(t, 0, "FAILED"));
    TRIAL_CHECK(t, trial_is(t, 1, "STOPPED"));
    TRIAL_CHECK(t, trial_events(t, 1, "EXECUTION.HALTED") == 1);
    TRIAL_CHECK(t, t->moves[0].err == ERR_OK);
    if (t->moves[0].outcome == ALREADY_HALTED) {
        TRIAL_CHECK(t, t->moves[1].err == ERR_OK);
        return 0;
    }
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    return t->moves[1].err == ERR_OK ? 1 : 2;
}

/* A plan that never waits is halted like any other. */
static void loop_prepare(struct trial *t)
{
    snprintf(t->id[0], sizeof(t->id[0]), "l%lld", (long long)t->number);
    trial_add(t, move_of(MOVE_start, t->id[0]))->plan = "loop";
    TRIAL_CHECK(t, trial_do(t, &t->moves[0]) == ERR_OK);
    t->count = 0;
    trial_add_halt(t, 0, true);
    trial_add_time(t, 50);
}

static int loop_judge(struct trial *t)
{
    TRIAL_CHECK(t, trial_is(t, 0, "STOPPED"));
    TRIAL_CHECK(t, t->moves[0].outcome == HALTED);
    return 0;
}

static const struct race {
    const char *name;
    void (*prepare)(struct trial *t);
    int (*judge)(struct trial *t); /* which of its outcomes it was */
    int outcomes;                  /* all must have been seen */
    int every;                     /* only each so manieth trial: it is slow */
} races[] = {
    {"halt against the last step",              last_step_prepare, ending_judge,    2, 1 },
    {"halt against a callback",                 callback_prepare,  ending_judge,    2, 1 },
    {"halt against a failure with a retry",     retry_prepare,     retry_judge,     2, 1 },
    {"halt against a timer",                    timer_prepare,     timer_judge,     2, 1 },
    {"halt against a time-out and a timer",     time_out_prepare,  time_out_judge,  2, 1 },
    {"halt against a child's start",            birth_prepare,     birth_judge,     2, 1 },
    {"halt of the parent, the child ends",      child_end_prepare, child_end_judge, 3, 1 },
    {"halt of the child, the child ends",       told_once_prepare, told_once_judge, 2, 1 },
    {"halt against a lock's grant",             lock_prepare,      lock_judge,      2, 1 },
    {"halts along a lock's queue",              queue_prepare,     queue_judge,     2, 1 },
    {"halt of a holder, its waiter's time-out", grant_prepare,     grant_judge,     2, 1 },
    {"halt of a holder, brothers wait",         brothers_prepare,  brothers_judge,  2, 1 },
    {"halt against a poll",                     poll_prepare,      poll_judge,      2, 1 },
    {"halt against a pause and the end",        pause_prepare,     pause_judge,     4, 1 },
    {"halt against two restarts",               restart_prepare,   restart_judge,   3, 1 },
    {"halt against the same halt",              same_prepare,      same_judge,      2, 1 },
    {"halts of parent, child and below",        family_prepare,    family_judge,    3, 1 },
    {"halt of a child that is cancelled",       cancel_prepare,    cancel_judge,    3, 1 },
    {"halt of a plan that never waits",         loop_prepare,      loop_judge,      1, 20},
};

/* Nothing of the trial goes on, so that the next one is alone. */
static void race_clean(struct trial *t)
{
    for (int i = 0; i < 4; i++) {
        struct move halt = move_of(MOVE_halt, t->id[i]);

        halt.all_children = true;
        if (t->id[i][0])
            (void)trial_do(t, &halt);
    }
    t->count = 0;
    memset(t->id, 0, sizeof(t->id));
}

/* The proof that a client would ask for. */
static void race_verify(struct trial *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct halt_row halt = {.root_id = t->moves[i].root_id, .halt_id = t->moves[i].halt_number};
        struct halt_residue *residue;

        if (t->has_threads || !halt.halt_id)
            continue;
        assert_int_equal(
            halts_residue(lane_engine(t->w->lane)->store, t->w->arena, &halt, &residue), ERR_OK);
        for (; residue; residue = residue->next)
            TRIAL_CHECK(t, residue->left == 0);
    }
}

static void race_open(struct trial *t)
{
    t->w = world_new();
    moves_hurry(t->w);
    for (size_t i = 0; i < ARRAY_SIZE(race_plans); i++)
        world_put(t->w, race_plans[i].id, race_plans[i].definition);
    judge_open(&t->judge, t->w);
    if (!t->has_threads)
        return;
    /* On a shared store the sides of a race are on different nodes. */
    if (t->w->schema[0]) {
        world_other_node(t->w);
        lane_run(t->w->other);
    }
    lane_run(t->w->lane);
}

static void race_close(struct trial *t)
{
    if (judge_look(&t->judge))
        trial_fail(t, "an invariant does not hold");
    judge_close(&t->judge);
    world_free(t->w);
}

static void race_run(const struct race *race, int64_t trials, bool has_threads)
{
    struct trial t = {.race = race->name, .has_threads = has_threads};
    int64_t seen[RACE_OUTCOMES] = {0};

    t.seed = dice_setting("FERMATA_SEED", 1);
    t.dice = (struct dice){(uint64_t)t.seed};
    trials = trials / race->every;
    for (t.number = 0; t.number < trials; t.number++) {
        if (t.number % RACE_TRIALS_A_STORE == 0)
            race_open(&t);
        race->prepare(&t);
        trial_go(&t);
        seen[race->judge(&t)]++;
        race_verify(&t);
        race_clean(&t);
        if ((t.number + 1) % RACE_TRIALS_A_STORE == 0 || t.number + 1 == trials)
            race_close(&t);
    }
    print_message("%-40s %s %lld: %lld %lld %lld %lld\n", race->name,
                  has_threads ? "threads" : "in order", (long long)trials, (long long)seen[0],
                  (long long)seen[1], (long long)seen[2], (long long)seen[3]);
    for (int i = 0; i < race->outcomes && trials >= 200 && !has_threads; i++)
        assert_true(seen[i] > trials / 50);
}

static void in_every_order_one_wins_and_all_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(races); i++)
        race_run(&races[i], dice_setting("FERMATA_TRIALS", 1500 / DICE_SHARE), false);
}

static void with_a_thread_each_one_wins_and_all_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(races); i++)
        race_run(&races[i], dice_setting("FERMATA_THREAD_TRIALS", 300 / DICE_SHARE), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_order_one_wins_and_all_agree),
        cmocka_unit_test(with_a_thread_each_one_wins_and_all_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
