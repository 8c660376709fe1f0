/*
 * cmd_aws.c - aws: what the AWS CLI and the AWS SDKs need to come to this server, as lines for a
 * shell.
 */
#include "cli/cli_priv.h"

#include "sigv4/sigv4_environment.h"

#include <string.h>

const struct cli_options cmd_aws_options = {.list = NULL, .bytes = 0};

/* The value of a line "name = value", or null when the line has another name. */
static const char *cmd_aws_value(struct cli *cli, const char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    if (len <= name_len || memcmp(line, name, name_len) != 0 || line[name_len] != ' ')
        return NULL;
    line += name_len;
    len -= name_len;
    while (len > 0 && (*line == ' ' || *line == '=')) {
        line++;
        len--;
    }
    return arena_string_n(cli->arena, line, len);
}

/* The server wrote the file: no more of the format is read than it writes. */
static void cmd_aws_read(struct cli *cli, const char *text, struct sigv4_client *ret)
{
    const struct {
        const char *name;
        const char **to;
    } rows[] = {
        {"aws_access_key_id",     &ret->access_key_id    },
        {"aws_secret_access_key", &ret->secret_access_key},
        {"region",                &ret->region           },
    };

    while (*text) {
        size_t len = strcspn(text, "\n");

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            const char *value = cmd_aws_value(cli, text, len, rows[i].name);

            if (value)
                *rows[i].to = value;
        }
        text += len;
        text += *text == '\n';
    }
}

static int cmd_aws_find(struct cli *cli, struct sigv4_client *ret)
{
    const char *path = arena_printf(cli->arena, "%s/aws-credentials", cli->target->dir);
    const char *text;
    size_t len;
    int result;

    if (!cli_value_line(cli->arena, path)) {
        cli_say("there is no access key in %s", path);
        cli_advise("start a server on the folder once: fermata serve --dir %s, or name another by"
                   " --dir",
                   cli->target->dir);
        return CLI_EXIT_USAGE;
    }
    result = cli_value_file(cli, path, &text, &len);
    if (result)
        return result;
    cmd_aws_read(cli, text, ret);
    if (ret->access_key_id && ret->secret_access_key && ret->region)
        return CLI_EXIT_OK;
    cli_say("%s is not what a server writes", path);
    return CLI_EXIT_USAGE;
}

int cmd_aws(struct cli *cli)
{
    struct sigv4_variable list[SIGV4_ENVIRONMENT_COUNT];
    struct sigv4_client client = {0};
    struct json *answer = json_object(cli->arena);
    int result = cli_find_target(cli);

    if (!result)
        result = cmd_aws_find(cli, &client);
    if (result)
        return result;
    client.url = cli->target->url;
    if (!cli->json) {
        fputs(sigv4_environment_lines(cli->arena, &client), stdout);
        return CLI_EXIT_OK;
    }
    sigv4_environment(&client, list);
    for (size_t i = 0; i < SIGV4_ENVIRONMENT_COUNT; i++)
        json_add(cli->arena, answer, list[i].name, json_string(cli->arena, list[i].value));
    cli_print_json(answer);
    return CLI_EXIT_OK;
}
