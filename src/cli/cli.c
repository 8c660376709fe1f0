/*
 * cli.c - THE COMMAND TABLE, and how a command line becomes a command.
 */
#include "cli/cli.h"

#include "cli/cli_priv.h"

#include "base/log.h"

#include <curl/curl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLI_ANY SIZE_MAX

const struct cli_options cli_no_options = {.list = NULL, .bytes = 0};

/* clang-format off */
const struct cli_command cli_commands[] = {
    {
        .name = "serve", .group = CLI_GROUP_SERVER, .server = true,
        .summary = "run the server, everything in one folder",
        .usage = "[--dir D] [--listen 127.0.0.1:7117]",
        .options = &cli_no_options,
    },
    {
        .name = "demo", .group = CLI_GROUP_SERVER, .run = cmd_demo, .options = &cmd_demo_options,
        .summary = "a guided tour on a server of its own, under a minute, nothing left behind",
        .usage = "",
    },
    {
        .name = "token", .group = CLI_GROUP_SERVER, .run = cmd_token, .options = &cmd_token_options,
        .summary = "print a token, signed with the key of the server's folder",
        .usage = "",
        .doc = "Needs the folder, not the server. By default the token is for operator `default` and has "
               "every scope but admin.",
    },
    {
        .name = "aws", .group = CLI_GROUP_SERVER, .run = cmd_aws, .options = &cmd_aws_options,
        .summary = "print the environment of the AWS CLI and SDKs for this server: eval \"$(fermata aws)\"",
        .usage = "",
        .doc = "Needs the folder, not the server: the access key is the folder's own, the address that of its "
               "last start. Speaks for the Step Functions API only.",
    },
    {
        .name = "plan put", .group = CLI_GROUP_PLANS, .run = cmd_plan_put, .options = &cmd_plan_put_options,
        .summary = "store a definition as the next version of a plan",
        .usage = "PLAN_ID FILE|-", .args_min = 2, .args_max = 2,
        .doc = "The same definition again gives the same version.",
    },
    {
        .name = "plan get", .group = CLI_GROUP_PLANS, .run = cmd_plan_get, .options = &cmd_plan_get_options,
        .summary = "print a plan's definition",
        .usage = "PLAN_ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "plan list", .group = CLI_GROUP_PLANS, .run = cmd_plan_list, .options = &cmd_plan_list_options,
        .summary = "list the plans",
        .usage = "",
    },
    {
        .name = "plan validate", .group = CLI_GROUP_PLANS, .run = cmd_plan_validate,
        .options = &cmd_plan_validate_options,
        .summary = "check definitions without a server",
        .usage = "FILE|-...", .args_min = 1, .args_max = CLI_ANY,
        .doc = "Prints every problem with its place, its rule, what was expected and, where there is one, "
               "what to write instead. Ends with 1 when there is one, so that a build can stop on it; "
               "warnings alone do not stop it.",
    },
    {
        .name = "run", .group = CLI_GROUP_RUN, .run = cmd_run, .options = &cmd_run_options,
        .summary = "start an execution of a plan",
        .usage = "PLAN_ID", .args_min = 1, .args_max = 1,
        .doc = "Prints the execution's id. The id is made here when --id does not give one, so that the start "
               "can be repeated when its answer was lost. With --wait the output is printed at the end, "
               "and the exit code is 8 when it did not end in SUCCESS.",
    },
    {
        .name = "pause", .group = CLI_GROUP_RUN, .run = cmd_pause, .options = &cmd_pause_options,
        .summary = "hold an execution; it keeps its locks and its place",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "restart", .group = CLI_GROUP_RUN, .run = cmd_restart, .options = &cmd_restart_options,
        .summary = "go on with a paused, held or halted execution from its last state",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "ps", .group = CLI_GROUP_LOOK, .run = cmd_ps, .options = &cmd_ps_options,
        .summary = "list executions",
        .usage = "",
    },
    {
        .name = "show", .group = CLI_GROUP_LOOK, .run = cmd_show, .options = &cmd_show_options,
        .summary = "show one execution",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "tree", .group = CLI_GROUP_LOOK, .run = cmd_tree, .options = &cmd_tree_options,
        .summary = "draw an execution and all its descendants",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "history", .group = CLI_GROUP_LOOK, .run = cmd_history, .options = &cmd_history_options,
        .summary = "print what happened to an execution",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "watch", .group = CLI_GROUP_LOOK, .run = cmd_watch, .options = &cmd_watch_options,
        .summary = "print what happens to an execution, until it has ended",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "reservations", .group = CLI_GROUP_LOOK, .run = cmd_reservations,
        .options = &cmd_reservations_options,
        .summary = "list what an execution waits for",
        .usage = "ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "locks", .group = CLI_GROUP_LOOK, .run = cmd_locks, .options = &cmd_locks_options,
        .summary = "list the locks, their holders and who waits",
        .usage = "",
    },
    {
        .name = "halt", .group = CLI_GROUP_STOP, .run = cmd_halt, .options = &cmd_halt_options,
        .summary = "stop an execution exactly; with --children its whole tree, in one commit",
        .usage = "ID", .args_min = 1, .args_max = 1,
        .doc = "Shows what it will stop and asks; the halt then holds for exactly what was shown (if_digest). "
               "With --yes it does not ask. Every halt is sent with an idempotency key and repeated under the "
               "same key when the server is busy or the answer is lost, so that it happens once.",
    },
    {
        .name = "receipt", .group = CLI_GROUP_STOP, .run = cmd_receipt, .options = &cmd_receipt_options,
        .summary = "print the receipt of a halt",
        .usage = "HALT_ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "verify", .group = CLI_GROUP_STOP, .run = cmd_verify, .options = &cmd_verify_options,
        .summary = "prove that nothing outlived a halt",
        .usage = "HALT_ID", .args_min = 1, .args_max = 1,
        .doc = "Ends with 6 when something did.",
    },
    {
        .name = "callback", .group = CLI_GROUP_ANSWER, .run = cmd_callback, .options = &cmd_callback_options,
        .summary = "answer a callback, by its token or by the execution that waits for it",
        .usage = "[ID]", .args_min = 0, .args_max = 1,
    },
    {
        .name = "human", .group = CLI_GROUP_ANSWER, .run = cmd_human, .options = &cmd_human_options,
        .summary = "list the tasks that wait for a person",
        .usage = "",
    },
    {
        .name = "human complete", .group = CLI_GROUP_ANSWER, .run = cmd_human_complete,
        .options = &cmd_human_complete_options,
        .summary = "answer a task that waits for a person",
        .usage = "HUMAN_TASK_ID", .args_min = 1, .args_max = 1,
    },
    {
        .name = "worker", .group = CLI_GROUP_ANSWER, .run = cmd_worker, .options = &cmd_worker_options,
        .summary = "run a program for each task, and kill it when its execution is halted",
        .usage = "-- PROGRAM [ARG...]", .args_min = 1, .args_max = CLI_ANY, .takes_program = true,
        .doc = "The program gets the task's input as JSON on standard input; what it writes to standard output "
               "must be JSON, or nothing (null), and is the result. A status other than 0 fails the task with "
               "Worker.ExitStatus, a signal with Worker.Signal, the end of standard error being the cause. "
               "In its environment: FERMATA_TASK, FERMATA_PLAN_EXECUTION_ID, FERMATA_STATE, FERMATA_ATTEMPT. "
               "The lease is renewed at a third of its time; when the server says that the "
               "execution was halted, or the lease ends unrenewed, the program's process group gets TERM, and "
               "KILL after --grace. TERM to the worker: takes no more tasks, lets programs finish; a second "
               "TERM stops them.",
    },
    {
        .name = "limits", .group = CLI_GROUP_OTHER, .run = cmd_limits, .options = &cmd_limits_options,
        .summary = "print every limit of the server, with its reason",
        .usage = "",
    },
    {
        .name = "completion", .group = CLI_GROUP_OTHER, .run = cmd_completion,
        .options = &cmd_completion_options,
        .summary = "print completions for the shell: source <(fermata completion bash)",
        .usage = "bash", .args_min = 1, .args_max = 1,
    },
    {
        .name = "help", .group = CLI_GROUP_OTHER, .run = cmd_help, .options = &cmd_help_options,
        .summary = "explain a command, or one of: exit-codes environment",
        .usage = "[COMMAND|TOPIC]", .args_min = 0, .args_max = 2,
    },
    {.name = NULL},
};
/* clang-format on */

/* The command whose words begin argv; the one with more words wins ("human complete" before
 * "human"). */
const struct cli_command *cli_find_command(int argc, char **argv, int *ret_words)
{
    const struct cli_command *found = NULL;
    int words = 0;

    for (const struct cli_command *command = cli_commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');
        size_t first = space ? (size_t)(space - command->name) : strlen(command->name);
        int count = space ? 2 : 1;

        if (argc < count || count <= words)
            continue;
        if (strlen(argv[0]) != first || memcmp(argv[0], command->name, first) != 0)
            continue;
        if (space && strcmp(argv[1], space + 1) != 0)
            continue;
        found = command;
        words = count;
    }
    *ret_words = words;
    return found;
}

/* "plan" alone, or "plan frobnicate": names what there is. */
static int cli_unknown(int argc, char **argv)
{
    size_t len = strlen(argv[0]);
    bool family = false;

    for (const struct cli_command *command = cli_commands; command->name; command++)
        family |= strncmp(command->name, argv[0], len) == 0 && command->name[len] == ' ';
    if (!family) {
        cli_say("there is no command \"%s\"", argv[0]);
        cli_advise("see: fermata --help");
        return CLI_EXIT_USAGE;
    }
    if (argc > 1 && argv[1][0] != '-')
        cli_say("there is no command \"%s %s\"", argv[0], argv[1]);
    else
        cli_say("\"%s\" needs another word", argv[0]);
    for (const struct cli_command *command = cli_commands; command->name; command++)
        if (strncmp(command->name, argv[0], len) == 0 && command->name[len] == ' ')
            fprintf(stderr, "  fermata %s%s%s\n      %s\n", command->name,
                    command->usage[0] ? " " : "", command->usage, command->summary);
    return CLI_EXIT_USAGE;
}

/* The server takes its own flags; a --dir that stood before `serve` is handed to it. */
static int cli_run_server(struct cli *cli, int argc, char **argv,
                          int (*serve)(int argc, char **argv))
{
    struct arena *arena;
    char **list;
    int count = 0;
    int result;

    if (cli->globals.url || cli->globals.output || cli->globals.retry_ms.given) {
        cli_say("of these flags only --dir means something to the server");
        return CLI_EXIT_USAGE;
    }
    arena = arena_new();
    list = ARENA_ARRAY(arena, char *, (size_t)argc + 3);
    list[count++] = arena_string(arena, "fermata serve");
    if (cli->globals.dir)
        list[count++] = arena_printf(arena, "--dir=%s", cli->globals.dir);
    for (int i = 1; i < argc; i++)
        list[count++] = argv[i];
    result = serve(count, list);
    arena_free(arena);
    return result;
}

static void cli_init(struct cli *cli)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    cli->arena = arena_new();
    cli->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    cli->colour = isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]) && terminal &&
                  strcmp(terminal, "dumb") != 0;
}

static int cli_run_command(struct cli *cli, int argc, char **argv, int words)
{
    char *name = arena_printf(cli->arena, "fermata %s", cli->command->name);
    char **rest = ARENA_ARRAY(cli->arena, char *, (size_t)argc + 1);
    int count = 0;
    int result;

    rest[count++] = name;
    for (int i = words; i < argc; i++)
        rest[count++] = argv[i];
    cli_option_parse(cli, count, rest);
    cli->json = cli->globals.output && strcmp(cli->globals.output, "json") == 0;
    if (cli->json)
        cli->colour = false;

    result = cli->command->run(cli);
    if ((fflush(stdout) || ferror(stdout)) && result == CLI_EXIT_OK) {
        cli_say("the output could not be written");
        result = CLI_EXIT_UNREACHABLE;
    }
    return result;
}

/* `fermata help serve` asks the server itself. */
static bool cli_asks_server_help(int argc, char **argv)
{
    return argc >= 2 && strcmp(argv[0], "help") == 0 && strcmp(argv[1], "serve") == 0;
}

int cli_main(int argc, char **argv, int (*serve)(int argc, char **argv))
{
    struct cli cli = {0};
    char help_name[] = "fermata serve", help_flag[] = "--help";
    char *help_argv[] = {help_name, help_flag, NULL};
    int first, words, result;

    setlocale(LC_CTYPE, "");
    first = cli_option_globals(argc, argv, &cli.globals);
    if (cli.globals.version) {
        printf("fermata %s\n", FERMATA_VERSION);
        return CLI_EXIT_OK;
    }
    if (cli.globals.help) {
        cli_help_overview(stdout);
        return CLI_EXIT_OK;
    }
    if (first >= argc) {
        cli_help_overview(stderr);
        return CLI_EXIT_USAGE;
    }
    if (cli_asks_server_help(argc - first, argv + first))
        return serve(2, help_argv);
    cli.command = cli_find_command(argc - first, argv + first, &words);
    if (!cli.command)
        return cli_unknown(argc - first, argv + first);
    if (cli.command->server)
        return cli_run_server(&cli, argc - first, argv + first, serve);

    log_set_level(LOG_ERROR);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    cli_init(&cli);
    result = cli_run_command(&cli, argc - first, argv + first, words);
    cli_client_free(cli.client);
    curl_global_cleanup();
    arena_free(cli.arena);
    return result;
}
