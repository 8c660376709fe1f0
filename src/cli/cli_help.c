/*
 * cli_help.c - help: made from the command table, so that it cannot be out of date.
 *
 * `fermata help --markdown` writes docs/cli.md; a test holds the two together.
 */
#include "cli/cli_priv.h"

#include "base/limits.h"

#include <string.h>

/* clang-format off */
static const struct {
    const char *name, *text;
} cli_help_environment[] = {
    {"FERMATA_URL",   "address of the server, when neither --url nor --dir is given"},
    {"FERMATA_TOKEN", "the token for that address (or for --url)"},
    {"FERMATA_DIR",   "the server's folder, when neither --dir, --url nor FERMATA_URL is given; "
                      "default ./fermata-data. The folder has the files `url` and `token`"},
    {"NO_COLOR",      "not empty: no colours"},
    {"LANG, LC_ALL",  "a UTF-8 locale draws trees with lines, any other with ASCII"},
};

static const struct {
    enum cli_exit code;
    const char *text;
} cli_help_exits[] = {
#define CLI_HELP_EXIT(name, code, text) {CLI_EXIT_##name, text},
    CLI_EXIT_LIST(CLI_HELP_EXIT)
#undef CLI_HELP_EXIT
};
/* clang-format on */

const char *cli_group_title(enum cli_group group)
{
    static const char *const titles[] = {
        [CLI_GROUP_SERVER] = "The server", [CLI_GROUP_PLANS] = "Plans",
        [CLI_GROUP_RUN] = "Run",           [CLI_GROUP_LOOK] = "Look",
        [CLI_GROUP_STOP] = "Stop",         [CLI_GROUP_ANSWER] = "Work and answers",
        [CLI_GROUP_OTHER] = "Other"};

    return titles[group];
}

static void cli_help_group(FILE *file, enum cli_group group)
{
    fprintf(file, "\n%s\n", cli_group_title(group));
    for (const struct cli_command *command = cli_commands; command->name; command++)
        if (command->group == group)
            fprintf(file, "  %-15s %s\n", command->name, command->summary);
}

void cli_help_overview(FILE *file)
{
    fputs("Usage: fermata [--dir D | --url URL] [-o json] COMMAND [ARG...]\n"
          "Runs plans durably, and halts them so that nothing of them runs again.\n",
          file);
    for (int group = CLI_GROUP_SERVER; group <= CLI_GROUP_OTHER; group++)
        cli_help_group(file, (enum cli_group)group);
    fputs("\nA first look:  fermata demo\n"
          "One command:   fermata help COMMAND, or fermata COMMAND --help\n"
          "More:          fermata help exit-codes, fermata help environment, fermata --version\n",
          file);
}

static void cli_help_exit_codes(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cli_help_exits); i++)
        printf("%4d  %s\n", (int)cli_help_exits[i].code, cli_help_exits[i].text);
}

static void cli_help_environment_print(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(cli_help_environment); i++)
        printf("%-14s %s\n", cli_help_environment[i].name, cli_help_environment[i].text);
}

static void cli_help_markdown_options(const struct cli_option *list)
{
    if (!list || !list->name)
        return;
    puts("| flag | meaning |\n| --- | --- |");
    for (; list->name; list++) {
        printf("| `");
        if (list->letter)
            printf("-%c, ", list->letter);
        printf("--%s", list->name);
        if (list->kind != CLI_KIND_FLAG) {
            putchar(' ');
            for (const char *at = list->value; *at; at++)
                printf(*at == '|' ? "\\|" : "%c", *at);
        }
        printf("` | %s |\n", list->help);
    }
    putchar('\n');
}

static void cli_help_markdown_command(const struct cli_command *command)
{
    printf("### fermata %s\n\n", command->name);
    printf("`fermata %s%s%s`: %s.", command->name, command->usage[0] ? " " : "", command->usage,
           command->summary);
    if (command->doc)
        printf("\n%s", command->doc);
    if (command->server)
        printf("\nIts flags: `fermata serve --help`.");
    printf("\n\n");
    cli_help_markdown_options(command->options->list);
}

static void cli_help_markdown(void)
{
    puts("# The command line\n\n"
         "Made by `fermata help --markdown`; do not edit. Every command is a client of the HTTP "
         "API\n"
         "(`docs/openapi.yaml`); `plan validate`, `token`, `limits`, `completion` and `help` need "
         "no server.\n\n"
         "## Flags of every command\n\n"
         "They stand before the command or after it.\n");
    cli_help_markdown_options(cli_global_options);
    for (int group = CLI_GROUP_SERVER; group <= CLI_GROUP_OTHER; group++) {
        printf("## %s\n\n", cli_group_title((enum cli_group)group));
        for (const struct cli_command *command = cli_commands; command->name; command++)
            if (command->group == (enum cli_group)group)
                cli_help_markdown_command(command);
    }
    puts("## Exit codes\n\n| code | meaning |\n| --- | --- |");
    for (size_t i = 0; i < ARRAY_SIZE(cli_help_exits); i++)
        printf("| %d | %s |\n", (int)cli_help_exits[i].code, cli_help_exits[i].text);
    puts("\n## Environment\n\n| name | meaning |\n| --- | --- |");
    for (size_t i = 0; i < ARRAY_SIZE(cli_help_environment); i++)
        printf("| `%s` | %s |\n", cli_help_environment[i].name, cli_help_environment[i].text);
}

int cli_help_topic(struct cli *cli, const char *topic)
{
    if (strcmp(topic, "exit-codes") == 0) {
        cli_help_exit_codes();
        return CLI_EXIT_OK;
    }
    if (strcmp(topic, "environment") == 0) {
        cli_help_environment_print();
        return CLI_EXIT_OK;
    }
    return cli_usage_error(cli, "there is no command and no topic \"%s\"", topic);
}

struct cmd_help_options {
    bool markdown;
};

/* clang-format off */
const struct cli_options cmd_help_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("markdown", 0, FLAG, offsetof(struct cmd_help_options, markdown), NULL,
                   "all of it, as docs/cli.md"),
        {0},
    },
    .bytes = sizeof(struct cmd_help_options),
};
/* clang-format on */

int cmd_help(struct cli *cli)
{
    const struct cmd_help_options *options = cli->options;
    char *words[2] = {NULL, NULL};
    const struct cli_command *command;
    int count;

    if (options->markdown) {
        cli_help_markdown();
        return CLI_EXIT_OK;
    }
    if (cli->arg_count == 0) {
        cli_help_overview(stdout);
        return CLI_EXIT_OK;
    }
    for (size_t i = 0; i < cli->arg_count; i++)
        words[i] = arena_string(cli->arena, cli->args[i]);
    command = cli_find_command((int)cli->arg_count, words, &count);
    if (!command || count < (int)cli->arg_count)
        return cli_help_topic(cli, cli->args[0]);
    cli_option_help(command, stdout);
    return CLI_EXIT_OK;
}

const struct cli_options cmd_limits_options = {.list = NULL, .bytes = 0};

int cmd_limits(struct cli *cli)
{
    static const struct {
        const char *name;
        long long value;
        const char *unit, *reason;
    } limits[] = {
#define CLI_HELP_LIMIT(name, value, unit, reason) {#name, value, unit, reason},
        LIMIT_LIST(CLI_HELP_LIMIT)
#undef CLI_HELP_LIMIT
    };
    static const char *const headers[] = {"LIMIT", ">VALUE", "UNIT", "REASON", NULL};
    struct cli_table *table = cli_table_new(cli, headers);
    struct json *list = json_array(cli->arena);

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        struct json *row = json_object(cli->arena);

        json_add(cli->arena, row, "name", json_string(cli->arena, limits[i].name));
        json_add(cli->arena, row, "value", json_int(cli->arena, limits[i].value));
        json_add(cli->arena, row, "unit", json_string(cli->arena, limits[i].unit));
        json_add(cli->arena, row, "reason", json_string(cli->arena, limits[i].reason));
        json_push(cli->arena, list, row);
        cli_table_add(table, limits[i].name);
        cli_table_add(table, cli_value_count(cli->arena, limits[i].value));
        cli_table_add(table, limits[i].unit);
        cli_table_add(table, limits[i].reason);
    }
    if (cli->json)
        cli_print_json(list);
    else
        cli_table_print(table, stdout);
    return CLI_EXIT_OK;
}
