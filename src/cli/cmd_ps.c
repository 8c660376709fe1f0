/*
 * cmd_ps.c - ps: the list of executions.
 */
#include "cli/cli_priv.h"

struct cmd_ps_options {
    const char *status, *plan, *parent;
    struct cli_number limit;
    bool all;
};

/* clang-format off */
const struct cli_options cmd_ps_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("status", 's', TEXT, offsetof(struct cmd_ps_options, status), "STATUS",
                   "only these: EXECUTING, WAITING_FOR_CALLBACK, STOPPED, ..."),
        CLI_OPTION("plan", 'p', TEXT, offsetof(struct cmd_ps_options, plan), "PLAN_ID",
                   "only of this plan"),
        CLI_OPTION("parent", 0, TEXT, offsetof(struct cmd_ps_options, parent), "ID",
                   "only the direct children of this execution"),
        CLI_OPTION("limit", 'n', NUMBER, offsetof(struct cmd_ps_options, limit), "N",
                   "at most so many (default 100)", .min = 1, .max = INT64_MAX),
        CLI_OPTION("all", 'a', FLAG, offsetof(struct cmd_ps_options, all), NULL,
                   "all pages"),
        {0},
    },
    .bytes = sizeof(struct cmd_ps_options),
};
/* clang-format on */

static void cmd_ps_print(struct cli *cli, const struct json *executions)
{
    static const char *const headers[] = {"ID", "PLAN", "STATUS", "LAST STATE", "AGE", NULL};
    struct cli_table *table = cli_table_new(cli, headers);
    int64_t now_ms = cli_value_now_ms();

    for (uint32_t i = 0; i < executions->count; i++) {
        const struct json *row = executions->items[i];
        const char *status = cli_value_member(cli->arena, row, "status");
        int64_t created;

        cli_table_add(table, cli_value_member(cli->arena, row, "plan_execution_id"));
        cli_table_add(table, arena_printf(cli->arena, "%s:%s",
                                          cli_value_member(cli->arena, row, "plan_id"),
                                          cli_value_member(cli->arena, row, "plan_version")));
        cli_table_add_styled(table, status, cli_style_of_status(status));
        cli_table_add(table, cli_value_member(cli->arena, row, "last_state"));
        cli_table_add(table, json_get_int(row, "created_at", &created)
                                 ? cli_value_age(cli->arena, now_ms - created)
                                 : "-");
    }
    cli_table_print(table, stdout);
}

int cmd_ps(struct cli *cli)
{
    const struct cmd_ps_options *options = cli->options;
    struct cli_pages pages = {.path = "executions", .member = "executions"};
    const char *cursor;
    struct json *executions;
    struct buf query;
    int result;

    buf_init(&query, cli->arena, 65536);
    buf_text(&query, "");
    cli_query_add(&query, "status", options->status);
    cli_query_add(&query, "plan_id", options->plan);
    cli_query_add(&query, "parent", options->parent);
    pages.query = query.data;
    pages.limit = options->limit.value;
    pages.all = options->all && !options->limit.given;
    result = cli_pages_get(cli, &pages, &executions, &cursor);
    if (result)
        return result;
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "executions", executions);
        json_add(cli->arena, answer, "next_cursor", json_string(cli->arena, cursor));
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    cmd_ps_print(cli, executions);
    if (cursor)
        cli_say("there are more: --all, or --limit N");
    return CLI_EXIT_OK;
}
