/*
 * cmd_pause.c - pause and restart an execution.
 */
#include "cli/cli_priv.h"

struct cmd_pause_options {
    const char *reason;
};

/* clang-format off */
static const struct cli_option cmd_pause_list[] = {
    CLI_OPTION("reason", 'r', TEXT, offsetof(struct cmd_pause_options, reason), "TEXT",
               "kept in the history"),
    {0},
};
/* clang-format on */

const struct cli_options cmd_pause_options = {cmd_pause_list, sizeof(struct cmd_pause_options)};
const struct cli_options cmd_restart_options = {cmd_pause_list, sizeof(struct cmd_pause_options)};

static int cmd_pause_send(struct cli *cli, const char *verb)
{
    const struct cmd_pause_options *options = cli->options;
    struct json *body = json_object(cli->arena);
    struct cli_answer answer;
    int result;

    cli->subject = cli->args[0];
    json_add(cli->arena, body, "plan_execution_id", json_string(cli->arena, cli->args[0]));
    if (options->reason)
        json_add(cli->arena, body, "reason", json_string(cli->arena, options->reason));
    result = cli_post(cli, verb, body, &answer);
    if (result)
        return result;
    if (cli->json) {
        cli_print_answer(&answer);
        return CLI_EXIT_OK;
    }
    printf("%s: %s, epoch %s\n", cli_value_member(cli->arena, answer.body, "plan_execution_id"),
           cli_value_member(cli->arena, answer.body, "status"),
           cli_value_member(cli->arena, answer.body, "epoch"));
    return CLI_EXIT_OK;
}

int cmd_pause(struct cli *cli)
{
    return cmd_pause_send(cli, "pause_execution");
}

int cmd_restart(struct cli *cli)
{
    return cmd_pause_send(cli, "restart_execution");
}
