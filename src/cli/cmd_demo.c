/*
 * cmd_demo.c - demo: a guided tour on a server of its own.
 *
 * The steps are the table at the end of this file. Each shows something and then checks it; the
 * first one that is not as promised ends the tour with exit code 1. Whatever happens, the server,
 * the workers and the folder are gone afterwards.
 */
#include "cli/cli_priv.h"

#include "base/clock.h"
#include "cli/demo_plans.h"
#include "cli/demo_stage.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define DEMO_DEPOT_EXECUTIONS 111
#define DEMO_FLEET_EXECUTIONS 1111

const struct cli_options cmd_demo_options = {.list = NULL, .bytes = 0};

struct demo_tree {
    uint32_t count, stopped, pending;
};

static bool demo_look(struct demo *demo, const char *id, struct demo_tree *ret)
{
    const char *cursor = "";

    *ret = (struct demo_tree){0};
    while (cursor) {
        const char *path = arena_printf(demo->cli->arena, "executions/%s/tree?limit=1000%s%s", id,
                                        cursor[0] ? "&cursor=" : "", cursor);
        const struct json *page, *nodes;

        if (!demo_get(demo, path, &page))
            return false;
        nodes = json_get(page, "nodes");
        for (uint32_t i = 0; json_is(nodes, JSON_ARRAY) && i < nodes->count; i++) {
            const char *status = json_get_string(nodes->items[i], "status");

            ret->count++;
            ret->stopped += status && strcmp(status, "STOPPED") == 0;
            ret->pending += status && strcmp(status, "PENDING") == 0;
        }
        cursor = json_get_string(page, "next_cursor");
    }
    return true;
}

/* Until the tree has grown to its full size. */
static bool demo_wait_tree(struct demo *demo, const char *id, uint32_t count)
{
    int64_t end_us = clock_monotonic_us() + DEMO_WAIT_MS * 1000;
    struct demo_tree tree = {0};

    while (clock_monotonic_us() < end_us) {
        if (!demo_look(demo, id, &tree))
            return false;
        if (tree.count == count && tree.pending == 0)
            return true;
        if (!demo_pause(50))
            return false;
    }
    return demo_wrong("the tree of %s should have %u executions, but has %u (%u pending)", id,
                      count, tree.count, tree.pending);
}

static bool demo_all_stopped(struct demo *demo, const char *id, uint32_t count)
{
    struct demo_tree tree;

    if (!demo_look(demo, id, &tree))
        return false;
    if (tree.count == count && tree.stopped == count)
        return true;
    return demo_wrong("of the tree of %s, %u of %u are STOPPED; all %u should be", id, tree.stopped,
                      tree.count, count);
}

/* The halt that stopped an execution. */
static const char *demo_halt_of(struct demo *demo, const char *id)
{
    const char *path = arena_printf(demo->cli->arena, "executions/%s", id);
    const struct json *execution;
    const char *halt_id;

    if (!demo_get(demo, path, &execution))
        return NULL;
    halt_id = json_get_string(execution, "halt_id");
    if (!halt_id)
        demo_wrong("%s does not name the halt that stopped it", id);
    return halt_id;
}

static bool demo_verify(struct demo *demo, const char *id)
{
    const char *halt_id = demo_halt_of(demo, id);

    return halt_id && demo_command(demo, 12, DEMO_ARGS("verify", halt_id));
}

static bool demo_step_server(struct demo *demo)
{
    printf("    $ fermata serve --dir %s --listen 127.0.0.1:%d\n", demo->dir, demo->port);
    return demo_server_start(demo);
}

static bool demo_step_plans(struct demo *demo)
{
    struct arena *arena = demo->cli->arena;

    for (size_t i = 0;; i++) {
        const char *name;
        const struct json *definition = demo_plan(arena, i, &name), *answer;
        struct json *body = json_object(arena);

        if (!definition)
            break;
        json_add(arena, body, "plan_id", json_string(arena, name));
        json_add(arena, body, "definition", definition);
        if (!demo_post(demo, "create_plan", body, &answer))
            return false;
    }
    return demo_command(demo, 12, DEMO_ARGS("plan", "list")) &&
           demo_worker_start(demo,
                             DEMO_ARGS("--task", "charge", "--", "echo", "{\"paid\": true}")) &&
           demo_worker_start(demo, DEMO_ARGS("--task", "press", "--concurrency", "2", "--grace",
                                             "1s", "--", "sleep", "600"));
}

static bool demo_step_order(struct demo *demo)
{
    return demo_command(demo, 5,
                        DEMO_ARGS("run", "order", "--id", "order-1", "--input",
                                  "{\"customer\": \"Ann\"}")) &&
           demo_wait_status(demo, "order-1", "WAITING_FOR_CALLBACK") &&
           demo_command(demo, 5,
                        DEMO_ARGS("callback", "order-1", "--output", "{\"signed_by\": \"Ann\"}")) &&
           demo_wait_status(demo, "order-1", "SUCCESS") &&
           demo_command(demo, 12, DEMO_ARGS("show", "order-1"));
}

static bool demo_step_tree(struct demo *demo)
{
    return demo_command(demo, 5, DEMO_ARGS("run", "depot", "--id", "depot-1", "--lock", "gate")) &&
           demo_wait_tree(demo, "depot-1", DEMO_DEPOT_EXECUTIONS) &&
           demo_command(
               demo, 5,
               DEMO_ARGS("run", "stocktaking", "--id", "stocktaking-1", "--lock", "gate")) &&
           demo_command(demo, 14, DEMO_ARGS("tree", "depot-1")) &&
           demo_command(demo, 5, DEMO_ARGS("locks"));
}

/* Until a worker has something of the depot in its hands, so that the halt has something to cut
 * off. */
static bool demo_wait_in_flight(struct demo *demo)
{
    struct arena *arena = demo->cli->arena;
    int64_t end_us = clock_monotonic_us() + DEMO_WAIT_MS * 1000;
    struct json *body = json_object(arena);

    json_add(arena, body, "plan_execution_id", json_string(arena, "depot-1"));
    json_add(arena, body, "halt_all_child_executions", &json_true);
    json_add(arena, body, "dry_run", &json_true);
    while (clock_monotonic_us() < end_us) {
        const struct json *answer, *in_flight;

        if (!demo_post(demo, "halt_execution", body, &answer))
            return false;
        in_flight = json_get(json_get(answer, "receipt"), "in_flight");
        if (json_is(in_flight, JSON_ARRAY) && in_flight->count > 0)
            return true;
        if (!demo_pause(50))
            return false;
    }
    return demo_wrong("no worker has taken a task of depot-1");
}

static bool demo_step_halt(struct demo *demo)
{
    return demo_wait_in_flight(demo) &&
           demo_command(demo, 40,
                        DEMO_ARGS("halt", "depot-1", "--children", "--yes", "--reason",
                                  "recalled by the maker", "--wait", "quiescent")) &&
           demo_all_stopped(demo, "depot-1", DEMO_DEPOT_EXECUTIONS) &&
           demo_wait_status(demo, "stocktaking-1", "SUCCESS") && demo_verify(demo, "depot-1");
}

/* A halt on its way while the server dies. */
struct demo_shot {
    struct demo *demo;
    const char *key;
    struct arena *arena;
    int status; /* of the answer, 0: none came */
};

static const struct json *demo_fleet_body(struct arena *arena)
{
    struct json *body = json_object(arena);

    json_add(arena, body, "plan_execution_id", json_string(arena, "fleet-1"));
    json_add(arena, body, "halt_all_child_executions", &json_true);
    json_add(arena, body, "reason", json_string(arena, "the server will die of this"));
    return body;
}

static void *demo_shot_main(void *user)
{
    struct demo_shot *shot = user;
    const struct cli_request request = {.method = "POST",
                                        .path = "halt_execution",
                                        .body = demo_fleet_body(shot->arena),
                                        .idempotency_key = shot->key};
    struct cli_client *client = cli_client_new(shot->demo->cli->target, NULL);
    struct cli_answer answer;

    cli_client_try(client, shot->arena, &request, &answer);
    shot->status = answer.status;
    cli_client_free(client);
    return NULL;
}

/* Sends the halt, kills the server so many ms later, starts it again; *ret_stopped says what is
 * then true. */
static bool demo_kill_in_halt(struct demo *demo, const char *key, int64_t after_ms,
                              bool *ret_stopped)
{
    struct demo_shot shot = {.demo = demo, .key = key, .arena = arena_new()};
    struct demo_tree tree;
    pthread_t thread;
    bool good;

    CHECK(pthread_create(&thread, NULL, demo_shot_main, &shot) == 0);
    demo_pause(after_ms);
    demo_server_kill(demo);
    pthread_join(thread, NULL);
    printf("    halt sent, %lld ms later: kill -9 (%s)\n", (long long)after_ms,
           shot.status ? "the answer had come before" : "no answer came");
    good = !demo_interrupted() && demo_server_start(demo) && demo_look(demo, "fleet-1", &tree);
    if (good && tree.count != DEMO_FLEET_EXECUTIONS)
        good = demo_wrong("after the restart the tree has %u executions", tree.count);
    if (good && tree.stopped != 0 && tree.stopped != tree.count)
        good = demo_wrong("after the restart %u of %u are STOPPED: half a halt", tree.stopped,
                          tree.count);
    if (good && shot.status == 200 && tree.stopped == 0)
        good = demo_wrong("the halt was answered with 200, and is gone after the restart");
    arena_free(shot.arena);
    if (!good)
        return false;
    printf("    started again: %s of the tree is STOPPED\n", tree.stopped ? "all" : "nothing");
    *ret_stopped = tree.stopped > 0;
    return true;
}

static bool demo_step_crash(struct demo *demo)
{
    static const int64_t after_ms[] = {3, 8, 15};
    const char *key = cli_value_random(demo->cli->arena);
    bool stopped = false;

    if (!demo_command(demo, 5, DEMO_ARGS("run", "fleet", "--id", "fleet-1")) ||
        !demo_wait_tree(demo, "fleet-1", DEMO_FLEET_EXECUTIONS))
        return false;
    printf("    its tree has %d executions\n", DEMO_FLEET_EXECUTIONS);
    for (size_t i = 0; i < ARRAY_SIZE(after_ms) && !stopped; i++)
        if (!demo_kill_in_halt(demo, key, after_ms[i], &stopped))
            return false;
    return demo_command(demo, 6,
                        DEMO_ARGS("halt", "fleet-1", "--children", "--yes", "--reason",
                                  "the server will die of this", "--idempotency-key", key)) &&
           demo_all_stopped(demo, "fleet-1", DEMO_FLEET_EXECUTIONS) && demo_verify(demo, "fleet-1");
}

/* clang-format off */
static const struct {
    const char *title;
    bool (*run)(struct demo *demo);
} demo_steps[] = {
    {"A server, with all it has in one folder", demo_step_server},
    {"Plans, and two workers that run programs: `echo` for charge, `sleep` for press", demo_step_plans},
    {"An order: a lock, a worker, a child with a timer, a callback", demo_step_order},
    {"A tree of 111 executions that holds the gate; the stocktaking waits for it", demo_step_tree},
    {"Halt the tree; wait until no worker is busy; the gate passes on; the proof", demo_step_halt},
    {"A tree of 1,111: kill -9 the server in the middle of its halt, and look", demo_step_crash},
};
/* clang-format on */

int cmd_demo(struct cli *cli)
{
    struct demo *demo = ARENA_NEW(cli->arena, struct demo);
    bool good;

    demo->cli = cli;
    good = demo_stage_open(demo);
    for (size_t i = 0; i < ARRAY_SIZE(demo_steps) && good; i++) {
        printf("\n%s%zu. %s%s\n", cli_style_on(cli, CLI_STYLE_BOLD), i + 1, demo_steps[i].title,
               cli_style_off(cli));
        fflush(stdout);
        good = demo_steps[i].run(demo) && !demo_interrupted();
    }
    demo_stage_close(demo);
    if (demo_interrupted()) {
        cli_say("interrupted; nothing is left behind");
        return CLI_EXIT_INTERRUPTED;
    }
    if (!good)
        return CLI_EXIT_REFUSED;
    printf("\n%sAll as promised%s, in %.1f seconds; nothing is left behind.\n",
           cli_style_on(cli, CLI_STYLE_GOOD), cli_style_off(cli),
           (double)(clock_monotonic_us() - demo->started_us) / 1e6);
    puts("Your own: fermata serve, and in another terminal: fermata --help");
    return CLI_EXIT_OK;
}
