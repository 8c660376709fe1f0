/*
 * cmd_callback.c - callback: answer an execution that waits for somebody outside.
 */
#include "cli/cli_priv.h"

struct cmd_callback_options {
    const char *token, *state;
    struct cmd_result_options result;
};

/* clang-format off */
#define CMD_CALLBACK_AT(member) offsetof(struct cmd_callback_options, member)
const struct cli_options cmd_callback_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("token", 't', TEXT, CMD_CALLBACK_AT(token), "TOKEN",
                   "the callback's token; without it, the execution's ID"),
        CLI_OPTION("state", 's', TEXT, CMD_CALLBACK_AT(state), "STATE",
                   "with an ID: the state that waits, when there is more than one"),
        CLI_OPTION("output", 0, TEXT, CMD_CALLBACK_AT(result.output), "JSON|@FILE|-",
                   "it succeeds with this (default {})"),
        CLI_OPTION("error", 'e', TEXT, CMD_CALLBACK_AT(result.error), "NAME",
                   "it fails with this error"),
        CLI_OPTION("cause", 0, TEXT, CMD_CALLBACK_AT(result.cause), "TEXT",
                   "why it fails"),
        {0},
    },
    .bytes = sizeof(struct cmd_callback_options),
};
/* clang-format on */

int cmd_result_add(struct cli *cli, const struct cmd_result_options *options, struct json *body)
{
    const struct json *output = json_object(cli->arena);
    int result;

    if (options->error && options->output)
        return cli_usage_error(cli, "it cannot have both --output and --error");
    if (options->cause && !options->error)
        return cli_usage_error(cli, "--cause needs --error");
    if (options->error) {
        json_add(cli->arena, body, "error", json_string(cli->arena, options->error));
        if (options->cause)
            json_add(cli->arena, body, "cause", json_string(cli->arena, options->cause));
        return CLI_EXIT_OK;
    }
    if (options->output) {
        result = cli_value_json(cli, "output", options->output, &output);
        if (result)
            return result;
    }
    json_add(cli->arena, body, "output", output);
    return CLI_EXIT_OK;
}

int cmd_callback(struct cli *cli)
{
    const struct cmd_callback_options *options = cli->options;
    struct json *body = json_object(cli->arena);
    struct cli_answer answer;
    int result;

    if ((options->token != NULL) == (cli->arg_count > 0))
        return cli_usage_error(cli, "give either --token or the ID of the execution");
    if (options->token && options->state)
        return cli_usage_error(cli, "--state needs an ID: a token belongs to one state");
    if (options->token) {
        json_add(cli->arena, body, "callback_token", json_string(cli->arena, options->token));
    } else {
        cli->subject = cli->args[0];
        json_add(cli->arena, body, "plan_execution_id", json_string(cli->arena, cli->args[0]));
    }
    if (options->state)
        json_add(cli->arena, body, "state", json_string(cli->arena, options->state));
    result = cmd_result_add(cli, &options->result, body);
    if (result)
        return result;
    result = cli_post(cli, "execution_callback", body, &answer);
    if (result)
        return result;
    if (cli->json)
        cli_print_answer(&answer);
    else
        printf("%s: accepted\n", cli_value_member(cli->arena, answer.body, "plan_execution_id"));
    return CLI_EXIT_OK;
}
