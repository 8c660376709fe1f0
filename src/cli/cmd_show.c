/*
 * cmd_show.c - show one execution; reservations: what it waits for.
 */
#include "cli/cli_priv.h"

#include <string.h>

const struct cli_options cmd_show_options = {.list = NULL, .bytes = 0};

static void cmd_show_status(struct cli *cli, const struct json *execution)
{
    const char *status = cli_value_member(cli->arena, execution, "status");

    cli_print_field(cli, "status",
                    arena_printf(cli->arena, "%s%s%s",
                                 cli_style_on(cli, cli_style_of_status(status)), status,
                                 cli_style_off(cli)));
}

static void cmd_show_optional(struct cli *cli, const struct json *execution, const char *name)
{
    const struct json *value = json_get(execution, name);

    if (value && value->kind != JSON_NULL)
        cli_print_field(cli, name, cli_value_text(cli->arena, value));
}

/* "unset" is how an execution without a parent says so. */
static void cmd_show_parent(struct cli *cli, const struct json *execution)
{
    const struct json *related = json_get(json_get(execution, "context"), "related_executions");
    const char *parent = json_get_string(related, "master_plan_execution_id");

    if (parent && strcmp(parent, "unset") != 0)
        cli_print_field(cli, "parent", cli_value_clean(cli->arena, parent));
}

void cmd_show_print(struct cli *cli, const struct json *execution)
{
    struct arena *arena = cli->arena;
    const struct json *operations = json_get(execution, "batch_operations");

    cli_print_field(cli, "execution", cli_value_member(arena, execution, "plan_execution_id"));
    cli_print_field(cli, "plan",
                    arena_printf(arena, "%s version %s",
                                 cli_value_member(arena, execution, "plan_id"),
                                 cli_value_member(arena, execution, "plan_version")));
    cmd_show_status(cli, execution);
    cmd_show_optional(cli, execution, "last_state");
    cmd_show_optional(cli, execution, "epoch");
    cmd_show_parent(cli, execution);
    cli_print_field(cli, "created", cli_value_time(arena, json_get(execution, "created_at")));
    cli_print_field(cli, "updated", cli_value_time(arena, json_get(execution, "updated_at")));
    if (json_is(json_get(execution, "ended_at"), JSON_INT))
        cli_print_field(cli, "ended", cli_value_time(arena, json_get(execution, "ended_at")));
    cli_print_json_field(cli, "input", json_get(execution, "input"));
    cli_print_json_field(cli, "output", json_get(execution, "output"));
    cmd_show_optional(cli, execution, "error");
    cmd_show_optional(cli, execution, "cause");
    cmd_show_optional(cli, execution, "halt_id");
    cmd_show_optional(cli, execution, "reason");
    if (operations && operations->count > 0)
        cli_print_json_field(cli, "batches", operations);
}

int cmd_show(struct cli *cli)
{
    struct cli_answer answer;
    int result;

    cli->subject = cli->args[0];
    result = cli_get(cli, cli_path(cli->arena, "executions/", cli->args[0], ""), &answer);
    if (result)
        return result;
    if (cli->json)
        cli_print_answer(&answer);
    else
        cmd_show_print(cli, answer.body);
    return CLI_EXIT_OK;
}

struct cmd_reservations_options {
    bool all;
};

/* clang-format off */
const struct cli_options cmd_reservations_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("all", 'a', FLAG, offsetof(struct cmd_reservations_options, all), NULL,
                   "also those that are used or stale"),
        {0},
    },
    .bytes = sizeof(struct cmd_reservations_options),
};
/* clang-format on */

int cmd_reservations(struct cli *cli)
{
    static const char *const headers[] = {"RESERVATION", "TYPE", "STATUS", "DUE", ">EPOCH", NULL};
    const struct cmd_reservations_options *options = cli->options;
    struct cli_pages pages = {.member = "reservations", .all = true};
    struct cli_table *table = cli_table_new(cli, headers);
    struct json *list;
    int result;

    cli->subject = cli->args[0];
    pages.path = cli_path(cli->arena, "executions/", cli->args[0], "/reservations");
    result = cli_pages_get(cli, &pages, &list, NULL);
    if (result)
        return result;
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "reservations", list);
        json_add(cli->arena, answer, "next_cursor", &json_null);
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *row = list->items[i];
        const char *status = cli_value_member(cli->arena, row, "status");
        bool fresh = strcmp(status, "FRESH") == 0;

        if (!fresh && !options->all)
            continue;
        cli_table_add(table, cli_value_member(cli->arena, row, "reservation_id"));
        cli_table_add(table, cli_value_member(cli->arena, row, "type"));
        cli_table_add_styled(table, status, fresh ? CLI_STYLE_WAIT : CLI_STYLE_DIM);
        cli_table_add(table, cli_value_time(cli->arena, json_get(row, "due_at")));
        cli_table_add(table, cli_value_member(cli->arena, row, "epoch"));
    }
    cli_table_print(table, stdout);
    return CLI_EXIT_OK;
}
