/*
 * test_walk.c - long random walks: every verb, in any order, over a small population; after each
 * few moves all invariants must hold, and at the end nothing may be stuck.
 *
 * FERMATA_SEED (1), FERMATA_WALKS (200) and FERMATA_STEPS (300) make it longer. A failure prints
 * its seed; the same seed walks the same way.
 */
#include "judge.h"
#include "moves.h"

enum { WALK_TOKENS = 64, WALK_BATCH = 6, WALK_LOOK_EVERY = 20, WALK_DRAIN_ROUNDS = 400 };

struct walk {
    struct world *w;
    struct judge judge;
    struct dice dice;
    int64_t seed, step, started;
    char tokens[WALK_TOKENS][128]; /* of tasks handed out, old and new */
    size_t token_count;
};

/* What happened somewhere in all walks: a walk that never halts proves nothing. */
static int64_t walk_seen[MOVE_COUNT][ERR_COUNT];
static bool walk_loud;

static const struct {
    bool may_lock; /* waits for no lock itself, so a lock at its start cannot close a circle */
    const char *id, *definition;
} walk_plans[] = {
    {true,  "wait",
     "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":7,\"End\":true}}}"},
    {true,  "task",
     "{\"StartAt\":\"T\",\"TimeoutSeconds\":120,\"States\":{\"T\":{\"Type\":\"Task\","
     "\"Resource\":\"fermata:task:a\",\"TimeoutSeconds\":60,\"Retry\":[{\"ErrorEquals\":"
     "[\"States.ALL\"],\"IntervalSeconds\":2,\"MaxAttempts\":2}],\"Next\":\"W\"},"
     "\"W\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":true}}}"                               },
    {true,  "beat",
     "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:task:b\",\"HeartbeatSeconds\":5,\"TimeoutSeconds\":40,\"Catch\":[{"
     "\"ErrorEquals\":[\"States.HeartbeatTimeout\",\"States.Timeout\"],\"Next\":\"K\"}],"
     "\"End\":true},\"K\":{\"Type\":\"Task\",\"Resource\":\"fermata:callback\","
     "\"TimeoutSeconds\":50,\"Parameters\":{\"t.$\":\"$$.Task.Token\"},\"End\":true}}}"     },
    {true,  "call",
     "{\"StartAt\":\"K\",\"States\":{\"K\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:callback\",\"HeartbeatSeconds\":30,\"End\":true}}}"                         },
    {true,  "human",
     "{\"StartAt\":\"H\",\"States\":{\"H\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:human\",\"TimeoutSeconds\":90,\"End\":true}}}"                              },
    {false, "lock",
     "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"one\"},\"ResultPath\":null,"
     "\"Next\":\"T\"},\"T\":{\"Type\":\"Task\",\"Resource\":\"fermata:task:a\",\"Next\":"
     "\"M\"},\"M\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:acquire\",\"Parameters\":"
     "{\"name\":\"two\"},\"ResultPath\":null,\"Next\":\"U\"},\"U\":{\"Type\":\"Task\","
     "\"Resource\":\"fermata:lock:release\",\"Parameters\":{\"name\":\"one\"},\"Next\":"
     "\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":3,\"End\":true}}}"                        },
    {false, "queue",
     "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"two\"},\"ResultPath\":null,"
     "\"TimeoutSeconds\":20,\"Retry\":[{\"ErrorEquals\":[\"States.Timeout\"],"
     "\"MaxAttempts\":1}],\"Next\":\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":4,"
     "\"End\":true}}}"                                                                      },
    {false, "family",
     "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":["
     "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"task\"},\"Retry\":[{"
     "\"ErrorEquals\":[\"Execution.Halted\"],\"IntervalSeconds\":1,\"MaxAttempts\":1}],"
     "\"End\":true}}},{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Task\","
     "\"Resource\":\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"lock\",\"await\":"
     "false},\"Next\":\"C\"},\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
     "\"Parameters\":{\"plan_id\":\"call\"},\"TimeoutSeconds\":45,\"End\":true}}},"
     "{\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"two\"},\"Next\":\"W\"},\"W\":"
     "{\"Type\":\"Wait\",\"Seconds\":6,\"End\":true}}}],\"Catch\":[{\"ErrorEquals\":"
     "[\"Execution.Halted\",\"States.TaskFailed\"],\"Next\":\"E\"}],\"Next\":\"E\"},"
     "\"E\":{\"Type\":\"Pass\",\"End\":true}}}"                                             },
    {false, "twins",
     "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":[{"
     "\"StartAt\":\"L\",\"States\":{\"L\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:lock:acquire\",\"Parameters\":{\"name\":\"two\"},\"TimeoutSeconds\":12,"
     "\"Retry\":[{\"ErrorEquals\":[\"States.Timeout\"],\"MaxAttempts\":2}],\"Catch\":[{"
     "\"ErrorEquals\":[\"Lock.AlreadyHeld\",\"States.Timeout\"],\"Next\":\"W\"}],\"Next\":"
     "\"W\"},\"W\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}},{\"StartAt\":\"L2\","
     "\"States\":{\"L2\":{\"Type\":\"Task\",\"Resource\":\"fermata:lock:acquire\","
     "\"Parameters\":{\"name\":\"two\"},\"Catch\":[{\"ErrorEquals\":[\"Lock.AlreadyHeld\"],"
     "\"Next\":\"W2\"}],\"Next\":\"W2\"},\"W2\":{\"Type\":\"Wait\",\"Seconds\":1,\"End\":"
     "true}}},{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:task:a\",\"End\":true}}}],\"End\":true}}}"                                  },
    {false, "clan",
     "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"Branches\":["
     "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"family\"},\"End\":true}}},"
     "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Task\",\"Resource\":"
     "\"fermata:plan:run\",\"Parameters\":{\"plan_id\":\"family\",\"await\":false},"
     "\"Next\":\"C\"},\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
     "\"Parameters\":{\"plan_id\":\"beat\"},\"Catch\":[{\"ErrorEquals\":[\"States.ALL\"],"
     "\"Next\":\"D\"}],\"End\":true},\"D\":{\"Type\":\"Wait\",\"Seconds\":5,\"End\":true}}}"
     "],\"End\":true}}}"                                                                    },
    {true,  "round",
     "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":9,\"Next\":"
     "\"C\"},\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\",\"Parameters\":"
     "{\"plan_id\":\"wait\"},\"ResultPath\":\"$.kid\",\"Catch\":[{\"ErrorEquals\":["
     "\"States.ALL\"],\"ResultPath\":null,\"Next\":\"N\"}],\"Next\":\"N\"},\"N\":{\"Type\":"
     "\"Task\",\"Resource\":\"fermata:task:n\",\"ResultPath\":\"$.n\",\"Next\":\"D\"},"
     "\"D\":{\"Type\":\"Choice\",\"Choices\":[{\"Variable\":\"$.n\",\"NumericLessThan\":2,"
     "\"Next\":\"W\"}],\"Default\":\"S\"},\"S\":{\"Type\":\"Succeed\"}}}"                   },
    {true,  "map",
     "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemsPath`:`States.ArrayRange(1, 4, 1)`,"
     "`MaxConcurrency`:2,`ItemProcessor`:{`StartAt`:`A`,`States`:{`A`:{`Type`:`Task`,`Resource`:"
     "`fermata:task:a`,`TimeoutSeconds`:70,`Next`:`V`},`V`:{`Type`:`Wait`,`Seconds`:1,`End`:true}}}"
     ","
     "`Retry`:[{`ErrorEquals`:[`Broken`],`MaxAttempts`:1}],`End`:true}}}"                   },
    {false, "runs",
     "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemsPath`:`States.ArrayRange(1, 4, 1)`,"
     "`MaxConcurrency`:2,`ToleratedFailureCount`:1,`ItemProcessor`:{`ProcessorConfig`:{`Mode`:"
     "`DISTRIBUTED`,`ExecutionType`:`STANDARD`},`StartAt`:`A`,`States`:{`A`:{`Type`:`Task`,"
     "`Resource`:`fermata:task:b`,`TimeoutSeconds`:30,`Next`:`V`},`V`:{`Type`:`Wait`,`Seconds`:1,"
     "`End`:true}}},`End`:true}}}"                                                          },
    {false, "nest",
     "{`StartAt`:`P`,`States`:{`P`:{`Type`:`Parallel`,`Branches`:[{`StartAt`:`A`,`States`:{`A`:{"
     "`Type`:`Task`,`Resource`:`arn:aws:states:::states:startExecution.sync:2`,`Parameters`:{"
     "`StateMachineArn`:`arn:aws:states:us-east-1:1:stateMachine:runs`},`End`:true}}},{`StartAt`:"
     "`B`,`States`:{`B`:{`Type`:`Task`,`Resource`:`arn:aws:states:::states:startExecution.sync`,"
     "`Parameters`:{`StateMachineArn`:`arn:aws:states:us-east-1:1:stateMachine:map`},`Catch`:[{"
     "`ErrorEquals`:[`States.TaskFailed`],`Next`:`C`}],`End`:true},`C`:{`Type`:`Pass`,`End`:true}}}"
     "]"
     ",`End`:true}}}"                                                                       },
};
static const char *const walk_queues[] = {"a", "b", "n"};

static _Noreturn void walk_stop(struct walk *walk, const char *why)
{
    fprintf(stderr, "FERMATA_SEED=%lld: step %lld: %s\n", (long long)walk->seed,
            (long long)walk->step, why);
    fprintf(stderr, "the store is kept in %s\n", walk->w->folder);
    fail();
    abort();
}

static void walk_look(struct walk *walk)
{
    if (judge_look(&walk->judge))
        walk_stop(walk, "an invariant does not hold");
}

/* Which refusals a verb may give; anything else is a fault of ours. */
static bool walk_may(enum move_kind kind, enum err err)
{
    static const enum err allowed[MOVE_COUNT][6] = {
        [MOVE_start] = {ERR_EXECUTION_EXISTS         },
        [MOVE_halt] = {                             ERR_EXECUTION_NOT_FOUND,                     ERR_INVALID_STATE_TRANSITION,
                        ERR_PRECONDITION_FAILED, ERR_TOO_MANY_AFFECTED,
                        ERR_PLAN_VERSION_INCOMPATIBLE},
        [MOVE_halt_children] = {              ERR_EXECUTION_NOT_FOUND,                                                                            ERR_PRECONDITION_FAILED,
                        ERR_TOO_MANY_AFFECTED, ERR_PLAN_VERSION_INCOMPATIBLE},
        [MOVE_pause] = {ERR_EXECUTION_NOT_FOUND,                                                                                    ERR_INVALID_STATE_TRANSITION},
        [MOVE_redrive] = {                                           ERR_EXECUTION_NOT_FOUND,ERR_INVALID_STATE_TRANSITION},
        [MOVE_restart] = {ERR_EXECUTION_NOT_FOUND,                                 ERR_INVALID_STATE_TRANSITION},
        [MOVE_complete] = {                             ERR_EXECUTION_HALTED,ERR_ALREADY_SETTLED, ERR_TOKEN_NOT_FOUND},
        [MOVE_fail] = {                                      ERR_EXECUTION_HALTED,                        ERR_ALREADY_SETTLED, ERR_TOKEN_NOT_FOUND},
        [MOVE_beat] = {                                      ERR_EXECUTION_HALTED,                        ERR_ALREADY_SETTLED, ERR_TOKEN_NOT_FOUND},
        [MOVE_callback] = {                                      ERR_EXECUTION_HALTED,                        ERR_EXECUTION_NOT_FOUND,
                        ERR_INVALID_STATE_TRANSITION},
        [MOVE_human] = {                              ERR_EXECUTION_HALTED,                        ERR_ALREADY_SETTLED, ERR_HUMAN_TASK_NOT_FOUND},
    };

    if (!err)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(allowed[kind]); i++) {
        if (allowed[kind][i] == err)
            return true;
    }
    return false;
}

/* A random execution: mostly one that is active. */
static void walk_pick(struct walk *walk, char *id, size_t size)
{
    bool active = dice_percent(&walk->dice, 75);
    int64_t count = judge_int(&walk->judge,
                              active ? "SELECT count(*) FROM executions WHERE ended_at IS NULL"
                                     : "SELECT count(*) FROM executions",
                              NULL);

    id[0] = '\0';
    if (count)
        judge_text(&walk->judge,
                   active ? "SELECT plan_execution_id FROM executions WHERE ended_at IS NULL"
                            " ORDER BY execution_id LIMIT 1 OFFSET ?1"
                          : "SELECT plan_execution_id FROM executions"
                            " ORDER BY execution_id LIMIT 1 OFFSET ?1",
                   dice_below(&walk->dice, count), id, size);
}

static void walk_aim_start(struct walk *walk, struct move *move)
{
    static const char *const names[] = {"one", "two"};
    int64_t plan = dice_below(&walk->dice, ARRAY_SIZE(walk_plans));

    move->plan = walk_plans[plan].id;
    snprintf(move->id, sizeof(move->id), "e%lld", (long long)walk->started++);
    if (dice_percent(&walk->dice, 5))
        move->id[0] = '\0';
    if (walk_plans[plan].may_lock && dice_percent(&walk->dice, 35)) {
        move->locks[0] = names[dice_below(&walk->dice, 2)];
        move->lock_count = 1;
        if (dice_percent(&walk->dice, 30)) {
            move->locks[0] = names[1];
            move->locks[1] = names[0];
            move->lock_count = 2;
        }
    }
    if (dice_percent(&walk->dice, 15))
        move->start_at = clock_now_ms(&walk->w->clock) + dice_below(&walk->dice, 20000);
    move->hold_on_failure = dice_percent(&walk->dice, 30);
}

static void walk_aim_halt(struct walk *walk, struct move *move)
{
    walk_pick(walk, move->id, sizeof(move->id));
    move->all_children = dice_percent(&walk->dice, 50);
    move->dry_run = dice_percent(&walk->dice, 10);
    if (dice_percent(&walk->dice, 40))
        move->input = "{\"n\":3}";
    if (dice_percent(&walk->dice, 10))
        move->if_epoch = dice_below(&walk->dice, 3) + 1;
    if (dice_percent(&walk->dice, 10))
        move->max_affected = dice_below(&walk->dice, 4) + 1;
    if (dice_percent(&walk->dice, 10))
        move->plan_version = dice_below(&walk->dice, 2) + 1;
}

/* human_task_id: the three numbers of the reservation, one after the other; "" when there is none.
 */
static void walk_human_id(struct walk *walk, const char *where, int64_t index, char *id,
                          size_t size)
{
    static const char *const column[] = {"root_id", "execution_id", "reservation_id"};

    id[0] = '\0';
    for (size_t i = 0; i < 3; i++) {
        char sql[256], number[32], text[ID_TEXT_BYTES];

        snprintf(sql, sizeof(sql),
                 "SELECT %s FROM reservations WHERE type = 'HUMAN_TASK' AND %s"
                 " ORDER BY reservation_id LIMIT 1 OFFSET ?1",
                 column[i], where);
        judge_text(&walk->judge, sql, index, number, sizeof(number));
        if (!number[0])
            return;
        id_text(strtoll(number, NULL, 10), text);
        snprintf(id + 13 * i, size - 13 * i, "%s", text);
    }
}

static void walk_aim_human(struct walk *walk, struct move *move)
{
    int64_t count = judge_int(&walk->judge,
                              "SELECT count(*) FROM reservations WHERE type = 'HUMAN_TASK'", NULL);

    walk_human_id(walk, "1 = 1", count ? dice_below(&walk->dice, count) : 0, move->id,
                  sizeof(move->id));
    move->input = dice_percent(&walk->dice, 80) ? "true" : NULL;
}

static void walk_aim_token(struct walk *walk, struct move *move)
{
    if (!walk->token_count) {
        move->kind = MOVE_poll;
        move->queue = walk_queues[0];
        return;
    }
    snprintf(move->token, sizeof(move->token), "%s",
             walk->tokens[dice_below(&walk->dice, (int64_t)walk->token_count)]);
    if (move->kind == MOVE_complete)
        move->input = dice_percent(&walk->dice, 50) ? "1" : "2";
}

static struct move walk_choose(struct walk *walk)
{
    static const struct {
        enum move_kind kind;
        int64_t weight;
    } weights[] = {
        {MOVE_start,         12},
        {MOVE_halt,          12},
        {MOVE_halt_children, 4 },
        {MOVE_pause,         7 },
        {MOVE_restart,       10},
        {MOVE_redrive,       5 },
        {MOVE_poll,          17},
        {MOVE_complete,      16},
        {MOVE_fail,          6 },
        {MOVE_beat,          4 },
        {MOVE_callback,      5 },
        {MOVE_human,         2 },
    };
    struct move move = {.if_epoch = -1};
    int64_t at = dice_below(&walk->dice, 100);
    size_t i = 0;

    for (; i + 1 < ARRAY_SIZE(weights) && at >= weights[i].weight; i++)
        at -= weights[i].weight;
    move.kind = weights[i].kind;
    if (move.kind == MOVE_start)
        walk_aim_start(walk, &move);
    else if (move.kind == MOVE_halt || move.kind == MOVE_halt_children)
        walk_aim_halt(walk, &move);
    else if (move.kind == MOVE_human)
        walk_aim_human(walk, &move);
    else if (move.kind == MOVE_poll)
        move.queue = walk_queues[dice_below(&walk->dice, ARRAY_SIZE(walk_queues))];
    else if (move.kind == MOVE_complete || move.kind == MOVE_fail || move.kind == MOVE_beat)
        walk_aim_token(walk, &move);
    else
        walk_pick(walk, move.id, sizeof(move.id));
    if (move.kind == MOVE_callback && dice_percent(&walk->dice, 80))
        move.input = "{}";
    return move;
}

static void walk_keep_token(struct walk *walk, const struct move *move)
{
    size_t at = walk->token_count < WALK_TOKENS ? walk->token_count++
                                                : (size_t)dice_below(&walk->dice, WALK_TOKENS);

    snprintf(walk->tokens[at], sizeof(walk->tokens[at]), "%s", move->got_token);
}

/* The promise, right after the answer: nothing of what was halted is left. */
static void walk_check_halt(struct walk *walk, const struct move *move)
{
    struct halt_row halt = {.root_id = move->root_id, .halt_id = move->halt_number};
    struct halt_residue *residue;

    if (move->dry_run || !halt.halt_id)
        return;
    assert_int_equal(
        halts_residue(lane_engine(walk->w->lane)->store, walk->w->arena, &halt, &residue), ERR_OK);
    for (; residue; residue = residue->next) {
        if (!residue->left)
            continue;
        fprintf(stderr, "halt %s left %lld %s\n", move->halt_id, (long long)residue->left,
                residue->kind);
        walk_stop(walk, "a halt left something");
    }
}

static void walk_see(struct walk *walk, const struct move *move)
{
    walk_seen[move->kind][move->err]++;
    if (walk_loud)
        fprintf(stderr, "%lld %s %s%s: %s %s\n", (long long)walk->step, move_name(move->kind),
                move->id, move->all_children ? " all" : "", err_code(move->err), move->result);
    if (!walk_may(move->kind, move->err)) {
        fprintf(stderr, "%s %s: %s\n", move_name(move->kind), move->id, err_code(move->err));
        walk_stop(walk, "an answer that may not be");
    }
    if (move->kind == MOVE_poll && move->got_task)
        walk_keep_token(walk, move);
    if ((move->kind == MOVE_halt || move->kind == MOVE_halt_children) && !move->err)
        walk_check_halt(walk, move);
}

/* Some moves in one transaction, or each in its own. */
static void walk_move(struct walk *walk)
{
    struct move moves[WALK_BATCH];
    int64_t count = 1 + dice_below(&walk->dice, WALK_BATCH);

    for (int64_t i = 0; i < count; i++) {
        moves[i] = walk_choose(walk);
        move_submit(walk->w, &moves[i]);
        if (dice_percent(&walk->dice, 40))
            while (lane_step(walk->w->lane) && dice_percent(&walk->dice, 50))
                ;
    }
    lane_step(walk->w->lane);
    for (int64_t i = 0; i < count; i++)
        walk_see(walk, &moves[i]);
    walk->step += count;
}

static void walk_wait(struct walk *walk)
{
    static const int64_t spans[] = {0, 1, 500, 1000, 2000, 5000, 7000, 30000};

    clock_move(&walk->w->clock, spans[dice_below(&walk->dice, ARRAY_SIZE(spans))]);
    if (dice_percent(&walk->dice, 70))
        world_settle(walk->w);
}

static int64_t walk_due(struct walk *walk)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM reservations WHERE status = 'FRESH' AND due_at <= %lld"
             " AND arrived_at IS NULL",
             (long long)clock_now_ms(&walk->w->clock));
    return judge_int(&walk->judge, sql, NULL);
}

static void walk_help_paused(struct walk *walk)
{
    char id[160];

    for (;;) {
        struct move move;

        judge_text(&walk->judge,
                   "SELECT plan_execution_id FROM executions WHERE status = 'WAITING_FOR_RESTART'"
                   " LIMIT 1 OFFSET ?1",
                   0, id, sizeof(id));
        if (!id[0])
            return;
        move = move_of(MOVE_restart, id);
        assert_int_equal(move_now(walk->w, &move), ERR_OK);
        if (move.status == STATUS_WAITING_FOR_RESTART)
            return; /* it failed again at once */
    }
}

static void walk_help_workers(struct walk *walk)
{
    for (size_t i = 0; i < ARRAY_SIZE(walk_queues); i++) {
        for (;;) {
            struct move move = {.kind = MOVE_poll, .queue = walk_queues[i], .if_epoch = -1};

            assert_int_equal(move_now(walk->w, &move), ERR_OK);
            if (!move.got_task)
                break;
            move = move_with(MOVE_complete, move.got_token, "2");
            /* What fell due beside the poll may have been quicker. */
            (void)move_now(walk->w, &move);
            walk_see(walk, &move);
        }
    }
}

static void walk_help_callers(struct walk *walk)
{
    struct move move = {0};

    for (;;) {
        char id[160];

        judge_text(&walk->judge,
                   "SELECT e.plan_execution_id FROM reservations r JOIN executions e USING"
                   " (root_id, execution_id) WHERE r.status = 'FRESH' AND type = 'CALLBACK' AND"
                   " arrived_at IS NULL LIMIT 1 OFFSET ?1",
                   0, id, sizeof(id));
        if (!id[0])
            break;
        move = move_of(MOVE_callback, id);
        move.input = "{}";
        assert_int_equal(move_now(walk->w, &move), ERR_OK);
    }
    for (;;) {
        move = move_of(MOVE_human, "");
        walk_human_id(walk, "status = 'FRESH' AND arrived_at IS NULL", 0, move.id, sizeof(move.id));
        if (!move.id[0])
            return;
        move.input = "true";
        assert_int_equal(move_now(walk->w, &move), ERR_OK);
    }
}

/* Whatever has happened: when all answer, everything ends. */
static void walk_drain(struct walk *walk)
{
    int64_t active = 1;

    for (int i = 0; i < WALK_DRAIN_ROUNDS && active; i++) {
        walk_help_paused(walk);
        walk_help_workers(walk);
        walk_help_callers(walk);
        world_move(walk->w, 3000);
        active =
            judge_int(&walk->judge, "SELECT count(*) FROM executions WHERE ended_at IS NULL", NULL);
    }
    walk_look(walk);
    if (active) {
        char id[160];

        judge_text(&walk->judge,
                   "SELECT plan_execution_id || ' ' || plan_id || ' ' || status FROM executions"
                   " WHERE ended_at IS NULL LIMIT 1 OFFSET ?1",
                   0, id, sizeof(id));
        fprintf(stderr, "%lld never end, such as %s\n", (long long)active, id);
        walk_stop(walk, "an execution is stuck");
    }
    if (judge_int(&walk->judge, "SELECT count(*) FROM locks WHERE holder_id IS NOT NULL", NULL))
        walk_stop(walk, "a lock is held by nobody who is left");
    if (judge_int(&walk->judge, "SELECT count(*) FROM reservations WHERE status = 'FRESH'", NULL))
        walk_stop(walk, "a reservation is left");
}

static void walk_one(struct walk *walk, int64_t steps)
{
    int64_t looked = 0;

    for (size_t i = 0; i < ARRAY_SIZE(walk_plans); i++) {
        world_put(walk->w, walk_plans[i].id, walk_plans[i].definition);
    }
    while (walk->step < steps) {
        if (dice_percent(&walk->dice, 30))
            walk_wait(walk);
        else
            walk_move(walk);
        if (walk->step - looked < WALK_LOOK_EVERY)
            continue;
        looked = walk->step;
        walk_look(walk);
        if (dice_percent(&walk->dice, 50)) {
            world_settle(walk->w);
            if (walk_due(walk))
                walk_stop(walk, "what is due does not happen");
        }
    }
    walk_drain(walk);
}

static void a_walk_of_all_verbs_breaks_no_invariant(void **state)
{
    int64_t first = dice_setting("FERMATA_SEED", 1),
            walks = dice_setting("FERMATA_WALKS", 200 / DICE_SHARE);
    int64_t steps = dice_setting("FERMATA_STEPS", 300);

    (void)state;
    walk_loud = dice_setting("FERMATA_LOUD", 0) != 0;
    for (int64_t seed = first; seed < first + walks; seed++) {
        struct walk walk = {.w = world_new(), .seed = seed, .dice = {(uint64_t)seed}};

        moves_hurry(walk.w);
        judge_open(&walk.judge, walk.w);
        walk_one(&walk, steps);
        judge_close(&walk.judge);
        world_free(walk.w);
    }
    for (int i = 0; i < MOVE_COUNT; i++) {
        for (int k = 0; k < ERR_COUNT; k++) {
            if (walk_seen[i][k])
                print_message("%-14s %-32s %lld\n", move_name((enum move_kind)i),
                              err_code((enum err)k), (long long)walk_seen[i][k]);
        }
    }
    if (walks < 100)
        return;
    assert_true(walk_seen[MOVE_halt][ERR_OK] > 100);
    assert_true(walk_seen[MOVE_complete][ERR_EXECUTION_HALTED] > 10);
    assert_true(walk_seen[MOVE_restart][ERR_OK] > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_of_all_verbs_breaks_no_invariant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
