/*
 * cmd_human.c - human: tasks that wait for a person; locks: who holds what.
 */
#include "cli/cli_priv.h"

const struct cli_options cmd_human_options = {.list = NULL, .bytes = 0};
const struct cli_options cmd_locks_options = {.list = NULL, .bytes = 0};

/* All pages of a list; with -o json prints them, and says so in *ret_done. */
static int cmd_human_list(struct cli *cli, const char *path, struct json **ret_items,
                          bool *ret_done)
{
    const struct cli_pages pages = {.path = path, .member = path, .all = true};
    int result = cli_pages_get(cli, &pages, ret_items, NULL);

    *ret_done = cli->json || result;
    if (!result && cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, path, *ret_items);
        json_add(cli->arena, answer, "next_cursor", &json_null);
        cli_print_json(answer);
    }
    return result;
}

int cmd_human(struct cli *cli)
{
    static const char *const headers[] = {"HUMAN TASK", "EXECUTION", "STATE",
                                          "CREATED",    "INPUT",     NULL};
    struct cli_table *table = cli_table_new(cli, headers);
    struct json *list;
    bool done;
    int result = cmd_human_list(cli, "human_tasks", &list, &done);

    if (done)
        return result;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *row = list->items[i];

        cli_table_add(table, cli_value_member(cli->arena, row, "human_task_id"));
        cli_table_add(table, cli_value_member(cli->arena, row, "plan_execution_id"));
        cli_table_add(table, cli_value_member(cli->arena, row, "state"));
        cli_table_add(table, cli_value_time(cli->arena, json_get(row, "created_at")));
        cli_table_add(table, cli_value_member(cli->arena, row, "input"));
    }
    cli_table_print(table, stdout);
    return CLI_EXIT_OK;
}

/* Waiters are a number, or a list of executions. */
static const char *cmd_locks_waiters(struct cli *cli, const struct json *waiters)
{
    struct buf buf;

    if (!json_is(waiters, JSON_ARRAY))
        return cli_value_text(cli->arena, waiters);
    buf_init(&buf, cli->arena, CLI_ANSWER_BYTES_MAX);
    buf_text(&buf, "");
    for (uint32_t i = 0; i < waiters->count; i++) {
        const struct json *id = json_get(waiters->items[i], "plan_execution_id");

        buf_printf(&buf, "%s%s", i > 0 ? " " : "",
                   cli_value_text(cli->arena, id ? id : waiters->items[i]));
    }
    return buf.len > 0 ? buf.data : "-";
}

int cmd_locks(struct cli *cli)
{
    static const char *const headers[] = {"LOCK", "HOLDER", ">FENCE", "WAITERS", NULL};
    struct cli_table *table = cli_table_new(cli, headers);
    struct json *list;
    bool done;
    int result = cmd_human_list(cli, "locks", &list, &done);

    if (done)
        return result;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *row = list->items[i];

        cli_table_add(table, cli_value_member(cli->arena, row, "name"));
        cli_table_add(table, cli_value_member(cli->arena, row, "holder"));
        cli_table_add(table, cli_value_member(cli->arena, row, "fence"));
        cli_table_add(table, cmd_locks_waiters(cli, json_get(row, "waiters")));
    }
    cli_table_print(table, stdout);
    return CLI_EXIT_OK;
}

/* clang-format off */
const struct cli_options cmd_human_complete_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("output", 0, TEXT, offsetof(struct cmd_result_options, output), "JSON|@FILE|-",
                   "the answer (default {})"),
        CLI_OPTION("error", 'e', TEXT, offsetof(struct cmd_result_options, error), "NAME",
                   "it fails with this error"),
        CLI_OPTION("cause", 0, TEXT, offsetof(struct cmd_result_options, cause), "TEXT",
                   "why it fails"),
        {0},
    },
    .bytes = sizeof(struct cmd_result_options),
};
/* clang-format on */

int cmd_human_complete(struct cli *cli)
{
    struct json *body = json_object(cli->arena);
    struct cli_answer answer;
    int result;

    json_add(cli->arena, body, "human_task_id", json_string(cli->arena, cli->args[0]));
    result = cmd_result_add(cli, cli->options, body);
    if (result)
        return result;
    result = cli_post(cli, "complete_human_task", body, &answer);
    if (result)
        return result;
    if (cli->json)
        cli_print_answer(&answer);
    else
        printf("%s: accepted\n", cli_value_clean(cli->arena, cli->args[0]));
    return CLI_EXIT_OK;
}
