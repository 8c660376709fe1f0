/*
 * cmd_worker.c - worker: take tasks from a queue and run a program for each.
 *
 * Each slot is a thread that takes one task at a time and walks it to its end: poll, start the
 * program, renew the lease while it runs, say how it ended. What makes a halt's `quiescent` true is
 * here: a program is stopped as soon as the server says that its execution was halted, and before
 * its lease ends unrenewed; only then is the task given back. A task in the server's books as quiet
 * has no program any more.
 */
#include "cli/cli_priv.h"

#include "base/clock.h"
#include "base/limits.h"
#include "cli/worker_program.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CMD_WORKER_POLL_MS 20000
#define CMD_WORKER_GRACE_MS 5000
#define CMD_WORKER_SLICE_US                                                                        \
    100000                      /* how late a running program hears that the worker must stop      \
                                 */
#define CMD_WORKER_AWAY_MS 1000 /* pause between two polls of a server that is away or busy */
#define CMD_WORKER_EMPTY_MS ((int64_t)100) /* pause after an empty answer that came at once */
#define CMD_WORKER_TELL_US ((int64_t)60 * 1000000)
#define CMD_WORKER_SLOTS_MAX 256

extern char **environ;

struct cmd_worker_options {
    const char *task, *name;
    struct cli_number concurrency, grace;
    bool once, expose_token;
};

/* clang-format off */
#define CMD_WORKER_AT(member) offsetof(struct cmd_worker_options, member)
const struct cli_options cmd_worker_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("task", 't', TEXT, CMD_WORKER_AT(task), "NAME",
                   "the queue: NAME of the Resource fermata:task:NAME"),
        CLI_OPTION("concurrency", 'c', NUMBER, CMD_WORKER_AT(concurrency), "N",
                   "how many programs at a time (default 1)", .min = 1, .max = CMD_WORKER_SLOTS_MAX),
        CLI_OPTION("name", 0, TEXT, CMD_WORKER_AT(name), "NAME",
                   "what the server calls this worker (default host:pid)"),
        CLI_OPTION("grace", 0, DURATION, CMD_WORKER_AT(grace), "TIME",
                   "between TERM and KILL (default 5s)", .min = 0, .max = INT64_MAX / 1000000),
        CLI_OPTION("once", 0, FLAG, CMD_WORKER_AT(once), NULL,
                   "take one task, then end"),
        CLI_OPTION("expose-token", 0, FLAG, CMD_WORKER_AT(expose_token), NULL,
                   "put FERMATA_TASK_TOKEN, and FERMATA_TOKEN if it was there, into the program's environment"),
        {0},
    },
    .bytes = sizeof(struct cmd_worker_options),
};
/* clang-format on */

/* Shared by the slots; all but the atomics is set before they start. */
struct worker {
    struct cli *cli;
    const struct cmd_worker_options *options;
    int64_t grace_us;
    pthread_t main_thread;
    _Atomic bool stop;     /* take no more tasks */
    _Atomic bool stop_now; /* and end the programs */
    _Atomic int result;
    _Atomic int slots;
};

struct worker_slot {
    struct worker *worker;
    const char *name;
    struct arena *arena;       /* of one round */
    struct cli_client *poller; /* gives up when the worker stops */
    struct cli_client *teller; /* does not */
    pthread_t thread;
};

enum worker_stop {
    WORKER_STOP_NONE,
    WORKER_STOP_HALTED,
    WORKER_STOP_LEASE,
    WORKER_STOP_TOLD,
};

static const struct {
    const char *error, *cause;
} worker_stops[] = {
    [WORKER_STOP_NONE] = {"",                 ""                                                 },
    [WORKER_STOP_HALTED] = {"Worker.Halted",    "the execution was halted; the program was stopped"},
    [WORKER_STOP_LEASE] = {"Worker.LeaseLost",
                          "the lease ended unrenewed; the program was stopped"                   },
    [WORKER_STOP_TOLD] = {"Worker.Stopped",   "the worker was stopped, and its program with it"  },
};

/* One task in hand. */
struct worker_task {
    struct worker_slot *slot;
    const struct json *json;
    const char *token, *id; /* id: the execution, fit to be printed */
    int64_t lease_us;
    int64_t lease_end_us, beat_us, kill_us;
    enum worker_stop stop;
};

static void worker_sleep(const struct worker *worker, int64_t ms)
{
    const struct timespec slice = {0, 50000000};

    for (; ms > 0 && !atomic_load(&worker->stop); ms -= 50)
        nanosleep(&slice, NULL);
}

static void worker_say(const struct worker_task *task, const char *format, ...) PRINTF_LIKE(2, 3);

static void worker_say(const struct worker_task *task, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = arena_vprintf(task->slot->arena, format, args);
    va_end(args);
    fprintf(stderr, "fermata worker: %s of %s: %s\n", task->slot->worker->options->task, task->id,
            text);
}

static void worker_call(struct worker_slot *slot, const char *verb, const struct json *body,
                        int64_t answer_ms, struct cli_answer *ret)
{
    const struct cli_request request = {
        .method = "POST", .path = verb, .body = body, .answer_ms = answer_ms};
    bool polls = strcmp(verb, "poll_task") == 0;

    cli_client_try(polls ? slot->poller : slot->teller, slot->arena, &request, ret);
}

/* Whether a call may be made again: nobody answered, or somebody who was busy. */
static bool worker_is_passing(const struct cli_answer *answer)
{
    return answer->status == 0 || answer->status >= 500 || answer->status == 408 ||
           answer->status == 429;
}

static void worker_renewed(struct worker_task *task, int64_t asked_us, int64_t lease_ms)
{
    int64_t grace_us = task->slot->worker->grace_us;

    task->lease_us = lease_ms * 1000;
    task->lease_end_us = asked_us + task->lease_us;
    task->beat_us = asked_us + task->lease_us / 3;
    /* The program must be gone when the lease is: TERM comes its grace before, at most a third. */
    task->kill_us =
        task->lease_end_us - (grace_us < task->lease_us / 3 ? grace_us : task->lease_us / 3);
}

static void worker_beat(struct worker_task *task)
{
    struct arena *arena = task->slot->arena;
    struct json *body = json_object(arena);
    int64_t asked_us = clock_monotonic_us(), lease_ms = task->lease_us / 1000;
    int64_t answer_ms = (task->kill_us - asked_us) / 1000;
    struct cli_answer answer;

    json_add(arena, body, "task_token", json_string(arena, task->token));
    if (answer_ms > lease_ms / 3)
        answer_ms = lease_ms / 3;
    worker_call(task->slot, "heartbeat_task", body, answer_ms > 1 ? answer_ms : 1, &answer);
    if (cli_answer_ok(&answer)) {
        json_get_int(answer.body, "lease_ms", &lease_ms);
        worker_renewed(task, asked_us, lease_ms > 0 ? lease_ms : 1);
    } else if (strcmp(cli_answer_code(&answer), "EXECUTION_HALTED") == 0) {
        worker_say(task, "halted; stopping its program");
        task->stop = WORKER_STOP_HALTED;
    } else if (worker_is_passing(&answer) || answer.status == 401) {
        task->beat_us = clock_monotonic_us() + task->lease_us / 20;
    } else {
        worker_say(task, "the lease is lost (%s); stopping its program", cli_answer_code(&answer));
        task->stop = WORKER_STOP_LEASE;
    }
}

/* Walks a running program to its end. */
static void worker_attend(struct worker_task *task, struct program *program)
{
    struct worker *worker = task->slot->worker;
    int64_t dead_us = 0; /* when KILL follows TERM; 0: no TERM yet */

    for (;;) {
        int64_t now_us = clock_monotonic_us();
        int64_t until_us = now_us + CMD_WORKER_SLICE_US;

        if (dead_us && now_us >= dead_us) {
            program_signal(program, SIGKILL);
            dead_us = INT64_MAX;
        }
        if (!task->stop && now_us >= task->beat_us)
            worker_beat(task);
        if (!task->stop && now_us >= task->kill_us) {
            worker_say(task, "the lease could not be renewed; stopping its program");
            task->stop = WORKER_STOP_LEASE;
        }
        if (!task->stop && atomic_load(&worker->stop_now))
            task->stop = WORKER_STOP_TOLD;
        if (task->stop && !dead_us) {
            program_signal(program, SIGTERM);
            program_signal(program,
                           SIGCONT); /* one that is stopped hears TERM only when it goes on */
            dead_us = clock_monotonic_us() + worker->grace_us;
        }
        if (dead_us && dead_us < until_us)
            until_us = dead_us;
        if (program_step(program, until_us))
            return;
    }
}

/* Tells how a task ended; repeats while the server is away, as long as somebody may still wait for
 * it. */
static void worker_tell(struct worker_task *task, const char *verb, const struct json *body,
                        struct cli_answer *ret)
{
    int64_t now_us = clock_monotonic_us();
    int64_t end_us = now_us + (task->stop ? CMD_WORKER_TELL_US / 6 : CMD_WORKER_TELL_US);
    struct timespec pause = {0, 100000000};
    bool lost = false;

    if (!task->stop && end_us < task->lease_end_us)
        end_us = task->lease_end_us;
    do {
        worker_call(task->slot, verb, body, 0, ret);
        if (!worker_is_passing(ret))
            break;
        lost |= ret->maybe_sent;
        nanosleep(&pause, NULL);
        if (pause.tv_sec == 0 && pause.tv_nsec < 800000000)
            pause.tv_nsec *= 2;
    } while (clock_monotonic_us() < end_us);
    /* Our own first telling, whose answer was lost, is what it was settled by. */
    if (lost && strcmp(cli_answer_code(ret), "ALREADY_SETTLED") == 0)
        ret->status = 200;
}

static void worker_told(struct worker_task *task, const struct cli_answer *answer, const char *what)
{
    struct arena *arena = task->slot->arena;

    if (cli_answer_ok(answer))
        worker_say(task, "%s", what);
    else if (strcmp(cli_answer_code(answer), "EXECUTION_HALTED") == 0)
        worker_say(task, "halted; the server knows that its program has ended");
    else if (answer->status == 0)
        worker_say(task, "the server was not told that it has ended: %s", answer->lost);
    else
        worker_say(task, "%s, but the server said %d %s", what, answer->status,
                   cli_value_clean(arena, cli_answer_code(answer)));
}

static void worker_fail(struct worker_task *task, const char *error, const char *cause)
{
    struct arena *arena = task->slot->arena;
    struct json *body = json_object(arena);
    struct cli_answer answer;

    json_add(arena, body, "task_token", json_string(arena, task->token));
    json_add(arena, body, "error", json_string(arena, error));
    json_add(arena, body, "cause", json_string(arena, cause));
    worker_tell(task, "fail_task", body, &answer);
    worker_told(task, &answer, arena_printf(arena, "failed: %s", error));
}

static void worker_complete(struct worker_task *task, const struct program_result *result)
{
    struct arena *arena = task->slot->arena;
    struct json *body = json_object(arena);
    const struct json *output = &json_null;
    struct fault fault = {0};
    struct cli_answer answer;
    bool empty = result->output_len == 0;

    if (result->output_too_large) {
        worker_fail(task, "Worker.OutputTooLarge",
                    arena_printf(arena, "it wrote more than %d bytes", (int)LIMIT_PAYLOAD_BYTES));
        return;
    }
    if (!empty && json_parse(arena, result->output, result->output_len, &output, &fault)) {
        worker_fail(task, "Worker.InvalidOutput",
                    arena_printf(arena, "what it wrote is not JSON: %s",
                                 fault.detail ? fault.detail : "it cannot be read"));
        return;
    }
    json_add(arena, body, "task_token", json_string(arena, task->token));
    json_add(arena, body, "output", output);
    worker_tell(task, "complete_task", body, &answer);
    if (answer.status == 400 || answer.status == 413) {
        const char *detail = json_get_string(answer.body, "detail");

        worker_fail(task, "Worker.InvalidOutput", detail ? detail : "the server refused it");
        return;
    }
    worker_told(task, &answer, "done");
}

static void worker_end(struct worker_task *task, const struct program_result *result)
{
    struct arena *arena = task->slot->arena;
    const char *gap = result->errors[0] ? "\n" : "";

    if (task->stop)
        worker_fail(task, worker_stops[task->stop].error, worker_stops[task->stop].cause);
    else if (!result->exited)
        worker_fail(task, "Worker.Signal",
                    arena_printf(arena, "signal %d (%s)%s%s", result->code,
                                 sigabbrev_np(result->code) ? sigabbrev_np(result->code) : "?", gap,
                                 result->errors));
    else if (result->code != 0)
        worker_fail(task, "Worker.ExitStatus",
                    arena_printf(arena, "exit status %d%s%s", result->code, gap, result->errors));
    else
        worker_complete(task, result);
}

static bool worker_env_is(const char *entry, const char *name)
{
    size_t len = strlen(name);

    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* Our environment without what the program must not have, and with what it is told about its task.
 */
static char **worker_environment(const struct worker_task *task)
{
    struct arena *arena = task->slot->arena;
    bool expose = task->slot->worker->options->expose_token;
    const struct {
        const char *name, *value;
    } own[] = {
        {"FERMATA_TASK",              task->slot->worker->options->task},
        {"FERMATA_PLAN_EXECUTION_ID", json_get_string(task->json,        "plan_execution_id")},
        {"FERMATA_STATE",                           json_get_string(task->json,                                              "state")},
        {"FERMATA_ATTEMPT",                   cli_value_member(arena,       task->json, "attempt")},
        {"FERMATA_TASK_TOKEN",expose ? task->token : NULL   },
    };
    size_t count = 0, total = 0;
    char **list;

    while (environ[total])
        total++;
    list = ARENA_ARRAY(arena, char *, total + ARRAY_SIZE(own) + 1);
    for (size_t i = 0; i < total; i++) {
        bool keep = expose || !worker_env_is(environ[i], "FERMATA_TOKEN");

        for (size_t k = 0; k < ARRAY_SIZE(own); k++)
            keep &= !worker_env_is(environ[i], own[k].name);
        if (keep)
            list[count++] = environ[i];
    }
    for (size_t k = 0; k < ARRAY_SIZE(own); k++)
        if (own[k].value)
            list[count++] = arena_printf(arena, "%s=%s", own[k].name, own[k].value);
    return list;
}

static void worker_run(struct worker_slot *slot, const struct json *json, int64_t asked_us)
{
    const struct cli *cli = slot->worker->cli;
    const struct json *input = json_get(json, "input");
    struct worker_task task = {.slot = slot, .json = json};
    char **argv = ARENA_ARRAY(slot->arena, char *, cli->arg_count + 1);
    struct program_config config = {.argv = argv, .output_bytes_max = LIMIT_PAYLOAD_BYTES};
    struct program_result result;
    struct program *program;
    int64_t lease_ms = LIMIT_LEASE_MS;
    int error;

    task.token = json_get_string(json, "task_token");
    task.id = cli_value_member(slot->arena, json, "plan_execution_id");
    if (!task.token)
        return;
    json_get_int(json, "lease_ms", &lease_ms);
    worker_renewed(&task, asked_us, lease_ms > 0 ? lease_ms : 1);
    for (size_t i = 0; i < cli->arg_count; i++)
        argv[i] = arena_string(slot->arena, cli->args[i]);
    config.environment = worker_environment(&task);
    config.input = json_text(slot->arena, input ? input : &json_null);
    config.input_len = strlen(config.input);

    program = program_start(slot->arena, &config, &error);
    if (!program) {
        worker_fail(&task, "Worker.NotStarted",
                    arena_printf(slot->arena, "%s: %s", argv[0], strerror(error)));
        return;
    }
    worker_attend(&task, program);
    program_close(program, &result);
    worker_end(&task, &result);
}

/* A poll that failed: wait and try again, or give up for good. */
static void worker_poll_failed(struct worker_slot *slot, const struct cli_answer *answer,
                               bool *said)
{
    struct worker *worker = slot->worker;
    const char *detail = json_get_string(answer->body, "detail");

    if (atomic_load(&worker->stop))
        return;
    if (worker_is_passing(answer)) {
        int64_t pause_ms = answer->retry_after_ms;

        if (!*said)
            fprintf(stderr, "fermata worker: no tasks now (%s); trying on\n",
                    answer->status ? cli_answer_code(answer) : answer->lost);
        *said = true;
        worker_sleep(worker, pause_ms > CMD_WORKER_AWAY_MS ? pause_ms : CMD_WORKER_AWAY_MS);
        return;
    }
    if (atomic_exchange(&worker->stop, true))
        return; /* another slot has said it */
    fprintf(stderr, "fermata worker: the server refuses to give tasks: %d %s%s%s\n", answer->status,
            cli_value_clean(slot->arena, cli_answer_code(answer)), detail ? ": " : "",
            detail ? cli_value_clean(slot->arena, detail) : "");
    if (answer->status == 401 || answer->status == 403)
        cli_advise("make a token with scope work: fermata token --dir %s --scope work",
                   worker->cli->target->dir);
    atomic_store(&worker->result, cli_problem_exit(answer));
}

static void *worker_slot_main(void *user)
{
    struct worker_slot *slot = user;
    struct worker *worker = slot->worker;
    bool said = false, taken = false;

    while (!atomic_load(&worker->stop) && !(taken && worker->options->once)) {
        int64_t asked_us = clock_monotonic_us();
        struct cli_answer answer;
        const struct json *task;
        struct json *body;

        arena_reset(slot->arena);
        body = json_object(slot->arena);
        json_add(slot->arena, body, "task", json_string(slot->arena, worker->options->task));
        json_add(slot->arena, body, "worker", json_string(slot->arena, slot->name));
        json_add(slot->arena, body, "wait_ms", json_int(slot->arena, CMD_WORKER_POLL_MS));
        worker_call(slot, "poll_task", body, CMD_WORKER_POLL_MS + 15000, &answer);
        if (!cli_answer_ok(&answer)) {
            worker_poll_failed(slot, &answer, &said);
            continue;
        }
        said = false;
        task = json_get(answer.body, "task");
        if (json_is(task, JSON_OBJECT)) {
            worker_run(slot, task, clock_monotonic_us());
            taken = true;
        } else if (clock_monotonic_us() - asked_us < CMD_WORKER_EMPTY_MS * 1000) {
            worker_sleep(worker, CMD_WORKER_EMPTY_MS);
        }
    }
    if (atomic_fetch_sub(&worker->slots, 1) == 1)
        pthread_kill(worker->main_thread, SIGUSR1);
    return NULL;
}

/* host:pid, with what an id cannot hold made into dashes. */
static const char *worker_name(struct cli *cli)
{
    char host[64] = "localhost";
    char *name;

    if (gethostname(host, sizeof(host) - 1))
        host[0] = '\0';
    name = arena_printf(cli->arena, "%s:%d", host[0] ? host : "localhost", (int)getpid());
    for (char *at = name; *at; at++)
        if (!(*at >= 'a' && *at <= 'z') && !(*at >= 'A' && *at <= 'Z') &&
            !(*at >= '0' && *at <= '9') && !strchr("._:-", *at))
            *at = '-';
    return name;
}

/* Blocked in every thread, so that only the main thread's sigwait takes them. */
static void worker_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void worker_wait(struct worker *worker, const sigset_t *signals)
{
    int signal_number = 0;

    while (atomic_load(&worker->slots) > 0) {
        sigwait(signals, &signal_number);
        if (signal_number == SIGUSR1)
            continue;
        if (atomic_exchange(&worker->stop, true)) {
            atomic_store(&worker->stop_now, true);
            fprintf(stderr, "fermata worker: stopping the programs that run\n");
        } else {
            fprintf(stderr, "fermata worker: takes no more tasks; programs that run may finish\n");
        }
    }
}

int cmd_worker(struct cli *cli)
{
    const struct cmd_worker_options *options = cli->options;
    const char *name = options->name ? options->name : worker_name(cli);
    struct worker worker = {.cli = cli, .options = options, .main_thread = pthread_self()};
    size_t count =
        options->concurrency.given && !options->once ? (size_t)options->concurrency.value : 1;
    struct worker_slot *slots = ARENA_ARRAY(cli->arena, struct worker_slot, count);
    sigset_t signals;
    int result;

    if (!options->task)
        return cli_usage_error(cli, "needs --task NAME");
    result = cli_find_target(cli);
    if (result)
        return result;
    worker.grace_us = (options->grace.given ? options->grace.value : CMD_WORKER_GRACE_MS) * 1000;
    atomic_store(&worker.slots, (int)count);
    worker_signals(&signals);
    for (size_t i = 0; i < count; i++) {
        slots[i].worker = &worker;
        slots[i].name = count == 1 ? name : arena_printf(cli->arena, "%s:%zu", name, i + 1);
        slots[i].arena = arena_new();
        slots[i].poller = cli_client_new(cli->target, &worker.stop);
        slots[i].teller = cli_client_new(cli->target, NULL);
        CHECK(pthread_create(&slots[i].thread, NULL, worker_slot_main, &slots[i]) == 0);
    }
    worker_wait(&worker, &signals);
    for (size_t i = 0; i < count; i++) {
        pthread_join(slots[i].thread, NULL);
        cli_client_free(slots[i].poller);
        cli_client_free(slots[i].teller);
        arena_free(slots[i].arena);
    }
    return atomic_load(&worker.result);
}
