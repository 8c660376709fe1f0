/*
 * cmd_run.c - run: start an execution, and if asked wait for its end.
 */
#include "cli/cli_priv.h"

#include "base/clock.h"
#include "base/id.h"

#include <string.h>
#include <time.h>

#define CMD_RUN_LOOK_FIRST_MS 20
#define CMD_RUN_LOOK_MAX_MS 1000

struct cmd_run_options {
    const char *input, *id, *start_at;
    struct cli_number version;
    struct cli_list locks;
    bool hold_on_failure, wait;
};

/* clang-format off */
const struct cli_options cmd_run_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("input", 'i', TEXT, offsetof(struct cmd_run_options, input), "JSON|@FILE|-",
                   "the input (default {})"),
        CLI_OPTION("id", 0, TEXT, offsetof(struct cmd_run_options, id), "ID",
                   "the execution's id; the same start again starts nothing new"),
        CLI_OPTION("version", 0, NUMBER, offsetof(struct cmd_run_options, version), "N",
                   "this version of the plan, not the latest", .min = 1, .max = INT64_MAX),
        CLI_OPTION("lock", 'l', LIST, offsetof(struct cmd_run_options, locks), "NAME",
                   "hold this lock from the start; may be given more than once"),
        CLI_OPTION("start-at", 0, TEXT, offsetof(struct cmd_run_options, start_at), "TIME",
                   "not before: 2030-01-31T08:00:00Z, milliseconds since 1970, or +10m"),
        CLI_OPTION("hold-on-failure", 0, FLAG, offsetof(struct cmd_run_options, hold_on_failure), NULL,
                   "when it fails, hold it for a restart"),
        CLI_OPTION("wait", 'w', FLAG, offsetof(struct cmd_run_options, wait), NULL,
                   "wait for the end and print the output"),
        {0},
    },
    .bytes = sizeof(struct cmd_run_options),
};
/* clang-format on */

static bool cmd_run_time(const char *text, int64_t *ret_ms)
{
    struct cli_number number = {0};
    int64_t after_ms;

    if (text[0] == '+') {
        if (!cli_duration_parse(text + 1, &after_ms) || after_ms > INT64_MAX / 4)
            return false;
        *ret_ms = cli_value_now_ms() + after_ms;
        return true;
    }
    for (const char *at = text; *at >= '0' && *at <= '9'; at++) {
        if (number.value > INT64_MAX / 20)
            return false;
        number.value = number.value * 10 + (*at - '0');
        number.given = at[1] == '\0';
    }
    *ret_ms = number.value;
    return number.given || clock_parse(text, strlen(text), ret_ms);
}

/* An id made here: rising with time like the server's own, so that rows made together lie together.
 */
static const char *cmd_run_id(struct arena *arena)
{
    struct id_source source;
    struct clock clock;
    uint32_t node;
    char text[ID_TEXT_BYTES];

    clock_init_system(&clock);
    id_random(&node, sizeof(node));
    id_source_init(&source, &clock, node & 1023);
    id_text(id_next(&source), text);
    return arena_printf(arena, "%s-%08x", text, (unsigned)node);
}

static int cmd_run_body(struct cli *cli, struct json *body)
{
    const struct cmd_run_options *options = cli->options;
    struct arena *arena = cli->arena;
    const struct json *input;
    int64_t start_at;
    int result;

    json_add(arena, body, "plan_id", json_string(arena, cli->args[0]));
    json_add(arena, body, "plan_execution_id", json_string(arena, cli->subject));
    if (options->input) {
        result = cli_value_json(cli, "input", options->input, &input);
        if (result)
            return result;
        json_add(arena, body, "input", input);
    }
    if (options->version.given)
        json_add(arena, body, "plan_version", json_int(arena, options->version.value));
    if (options->start_at) {
        if (!cmd_run_time(options->start_at, &start_at))
            return cli_usage_error(
                cli, "--start-at must be a time such as 2030-01-31T08:00:00Z or +10m, not \"%s\"",
                options->start_at);
        json_add(arena, body, "start_at", json_int(arena, start_at));
    }
    if (options->locks.count > 0) {
        struct json *locks = json_array(arena);

        for (size_t i = 0; i < options->locks.count; i++)
            json_push(arena, locks, json_string(arena, options->locks.items[i]));
        json_add(arena, body, "locks", locks);
    }
    if (options->hold_on_failure)
        json_add(arena, body, "hold_on_failure", &json_true);
    return CLI_EXIT_OK;
}

int cmd_run_exit(const struct json *execution)
{
    const char *status = json_get_string(execution, "status");

    return status && strcmp(status, "SUCCESS") == 0 ? CLI_EXIT_OK : CLI_EXIT_NOT_SUCCEEDED;
}

int cmd_run_wait(struct cli *cli, const char *id, bool held_is_end, struct cli_answer *ret)
{
    const char *path = cli_path(cli->arena, "executions/", id, "");
    struct arena *kept = cli->arena;
    int64_t pause_ms = CMD_RUN_LOOK_FIRST_MS;
    bool said = false;
    int result = cli_find_target(cli);

    if (result)
        return result;
    for (;;) {
        struct timespec pause = {pause_ms / 1000, (long)(pause_ms % 1000) * 1000000};
        const char *status;
        bool held;

        cli->arena = arena_new(); /* of this look: waiting may take days */
        result = cli_get(cli, path, ret);
        status = json_get_string(ret->body, "status");
        held = status && strcmp(status, "WAITING_FOR_RESTART") == 0;
        if (result || cli_status_is_final(status) ||
            (held && held_is_end && json_get_string(ret->body, "error"))) {
            ret->text = arena_string_n(kept, ret->text ? ret->text : "", ret->len);
            ret->body = ret->body ? json_copy(kept, ret->body) : NULL;
            arena_free(cli->arena);
            cli->arena = kept;
            return result;
        }
        if (held && !said)
            cli_say("%s is paused; it goes on with: fermata restart %s", id, id);
        said = held;
        arena_free(cli->arena);
        cli->arena = kept;
        nanosleep(&pause, NULL);
        pause_ms = pause_ms * 3 / 2 < CMD_RUN_LOOK_MAX_MS ? pause_ms * 3 / 2 : CMD_RUN_LOOK_MAX_MS;
    }
}

static int cmd_run_end(struct cli *cli, const struct cmd_run_options *options)
{
    struct cli_answer answer;
    const struct json *output;
    int result = cmd_run_wait(cli, cli->subject, options->hold_on_failure, &answer);

    if (result)
        return result;
    if (cli->json) {
        cli_print_answer(&answer);
        return cmd_run_exit(answer.body);
    }
    output = json_get(answer.body, "output");
    if (cmd_run_exit(answer.body) == CLI_EXIT_OK) {
        cli_print_json(output ? output : &json_null);
        return CLI_EXIT_OK;
    }
    cli_say("%s ended in %s: %s: %s", cli->subject,
            cli_value_member(cli->arena, answer.body, "status"),
            cli_value_member(cli->arena, answer.body, "error"),
            cli_value_member(cli->arena, answer.body, "cause"));
    cli_advise("see what happened: fermata history %s", cli->subject);
    return CLI_EXIT_NOT_SUCCEEDED;
}

int cmd_run(struct cli *cli)
{
    const struct cmd_run_options *options = cli->options;
    struct json *body = json_object(cli->arena);
    const struct cli_request request = {
        .method = "POST", .path = "run_plan", .body = body, .repeatable = true};
    struct cli_answer answer;
    int result;

    cli->subject = options->id ? options->id : cmd_run_id(cli->arena);
    result = cmd_run_body(cli, body);
    if (result)
        return result;
    result = cli_call(cli, &request, &answer);
    if (result)
        return result;
    if (options->wait) {
        if (!cli->json)
            fprintf(stderr, "%s\n", cli->subject);
        return cmd_run_end(cli, options);
    }
    if (cli->json)
        cli_print_answer(&answer);
    else
        puts(cli_value_member(cli->arena, answer.body, "plan_execution_id"));
    return CLI_EXIT_OK;
}
