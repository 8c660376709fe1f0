/*
 * cmd_receipt.c - receipt: all that a halt did; verify: that nothing outlived it.
 */
#include "cli/cli_priv.h"

#include <stdlib.h>
#include <string.h>

#define CMD_RECEIPT_ROWS_MAX 8 /* shown of each list; the rest is in -o json */
#define CMD_RECEIPT_STATUSES_MAX 16

struct cmd_receipt_tally {
    const char *status;
    int64_t count;
};

static int64_t cmd_receipt_count(const struct json *receipt, const char *name)
{
    const struct json *list = json_get(receipt, name);
    int64_t count = 0;

    if (json_get_int(json_get(receipt, "counts"), name, &count))
        return count;
    return json_is(list, JSON_ARRAY) ? list->count : 0;
}

/* "3 EXECUTING, 900 WAITING_FOR_TIMER": of those that stand in the receipt. */
static const char *cmd_receipt_statuses(struct cli *cli, const struct json *executions)
{
    struct cmd_receipt_tally tally[CMD_RECEIPT_STATUSES_MAX] = {{0}};
    size_t count = 0;
    struct buf buf;

    for (uint32_t i = 0; i < executions->count; i++) {
        const char *status = cli_value_member(cli->arena, executions->items[i], "previous_status");
        size_t k = 0;

        while (k < count && strcmp(tally[k].status, status) != 0)
            k++;
        if (k == CMD_RECEIPT_STATUSES_MAX)
            continue;
        tally[k].status = status;
        tally[k].count++;
        count = k == count ? count + 1 : count;
    }
    buf_init(&buf, cli->arena, 4096);
    buf_text(&buf, "");
    for (size_t k = 0; k < count; k++)
        buf_printf(&buf, "%s%s %s", k > 0 ? ", " : "", cli_value_count(cli->arena, tally[k].count),
                   tally[k].status);
    return buf.data;
}

static void cmd_receipt_more(struct cli *cli, int64_t count, FILE *file)
{
    if (count > CMD_RECEIPT_ROWS_MAX)
        fprintf(file, "                  and %s more\n",
                cli_value_count(cli->arena, count - CMD_RECEIPT_ROWS_MAX));
}

static void cmd_receipt_executions(struct cli *cli, const struct json *receipt, FILE *file)
{
    const struct json *list = json_get(receipt, "executions");
    int64_t count = cmd_receipt_count(receipt, "executions");

    fprintf(file, "  executions    %s", cli_value_count(cli->arena, count));
    if (json_is(list, JSON_ARRAY) && list->count > 0)
        fprintf(file, ": %s%s", cmd_receipt_statuses(cli, list),
                list->count < count ? ", ..." : "");
    fputc('\n', file);
    for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        const struct json *row = list->items[i];

        if (i >= CMD_RECEIPT_ROWS_MAX)
            break;
        fprintf(file, "                  %s  %s  %s\n",
                cli_value_member(cli->arena, row, "plan_execution_id"),
                cli_value_member(cli->arena, row, "previous_status"),
                cli_value_member(cli->arena, row, "last_state"));
    }
    cmd_receipt_more(cli, count, file);
}

static void cmd_receipt_locks(struct cli *cli, const struct json *receipt, FILE *file)
{
    const struct json *executions = json_get(receipt, "executions");
    int64_t shown = 0;

    fprintf(file, "  locks         %s released, %s passed on\n",
            cli_value_count(cli->arena, cmd_receipt_count(receipt, "locks")),
            cli_value_count(cli->arena, cmd_receipt_count(receipt, "granted")));
    for (uint32_t i = 0; json_is(executions, JSON_ARRAY) && i < executions->count; i++) {
        const struct json *locks = json_get(executions->items[i], "locks");

        for (uint32_t k = 0; json_is(locks, JSON_ARRAY) && k < locks->count; k++) {
            const char *granted = json_get_string(locks->items[k], "granted_to");

            if (shown++ >= CMD_RECEIPT_ROWS_MAX)
                continue;
            fprintf(file, "                  %s -> %s\n",
                    cli_value_member(cli->arena, locks->items[k], "name"),
                    granted ? cli_value_clean(cli->arena, granted) : "free");
        }
    }
    cmd_receipt_more(cli, shown, file);
}

static void cmd_receipt_in_flight(struct cli *cli, const struct json *receipt, FILE *file)
{
    const struct json *list = json_get(receipt, "in_flight");
    int64_t count = cmd_receipt_count(receipt, "in_flight");

    if (count == 0)
        return;
    fprintf(file, "  in flight     %s still in a worker's hands or on the wire\n",
            cli_value_count(cli->arena, count));
    for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        const struct json *row = list->items[i];

        if (i >= CMD_RECEIPT_ROWS_MAX)
            break;
        fprintf(file, "                  %s of %s, by %s until %s\n",
                cli_value_member(cli->arena, row, "task"),
                cli_value_member(cli->arena, row, "plan_execution_id"),
                cli_value_member(cli->arena, row, "worker"),
                cli_value_time(cli->arena, json_get(row, "lease_until")));
    }
    cmd_receipt_more(cli, count, file);
}

static void cmd_receipt_anomalies(struct cli *cli, const struct json *receipt, FILE *file)
{
    const struct json *list = json_get(receipt, "anomalies");

    for (uint32_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++)
        fprintf(file, "  anomaly       %s\n", cli_value_text(cli->arena, list->items[i]));
}

/* The parent that was called back, and what of the request no parent waited for. */
static void cmd_receipt_parent(struct cli *cli, const struct json *receipt, FILE *file)
{
    const struct json *parent = json_get(receipt, "callback");
    const struct json *unused = json_get(receipt, "unused");

    if (json_is(parent, JSON_OBJECT))
        fprintf(file, "  parent        %s: %s\n",
                cli_value_member(cli->arena, parent, "plan_execution_id"),
                cli_value_member(cli->arena, parent, "result"));
    if (json_is(unused, JSON_ARRAY) && unused->count > 0)
        fprintf(file, "  unused        %s: no parent waited for it\n",
                cli_value_text(cli->arena, unused));
}

const char *cmd_receipt_actor(struct arena *arena, const struct json *actor)
{
    const char *subject = json_get_string(actor, "subject");
    const char *operator_name = json_get_string(actor, "operator_name");

    if (!subject)
        return cli_value_text(arena, actor);
    return cli_value_clean(
        arena,
        operator_name ? arena_printf(arena, "%s of operator %s", subject, operator_name) : subject);
}

void cmd_receipt_print(struct cli *cli, const struct json *receipt, FILE *file)
{
    if (!json_is(receipt, JSON_OBJECT))
        return;
    cmd_receipt_executions(cli, receipt, file);
    fprintf(file, "  reservations  %s made stale, %s of them in the schedule\n",
            cli_value_count(cli->arena, cmd_receipt_count(receipt, "reservations")),
            cli_value_count(cli->arena, cmd_receipt_count(receipt, "scheduled")));
    cmd_receipt_locks(cli, receipt, file);
    cmd_receipt_in_flight(cli, receipt, file);
    cmd_receipt_parent(cli, receipt, file);
    cmd_receipt_anomalies(cli, receipt, file);
}

struct cmd_receipt_options {
    bool items;
};

/* clang-format off */
const struct cli_options cmd_receipt_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("items", 0, FLAG, offsetof(struct cmd_receipt_options, items), NULL,
                   "every execution that was halted, however many"),
        {0},
    },
    .bytes = sizeof(struct cmd_receipt_options),
};
/* clang-format on */

static int cmd_receipt_items(struct cli *cli)
{
    static const char *const headers[] = {"ID", ">DEPTH", "WAS", "LAST STATE", ">EPOCH", NULL};
    struct cli_pages pages = {.member = "items", .all = true};
    struct cli_table *table = cli_table_new(cli, headers);
    struct json *items;
    int result;

    pages.path = cli_path(cli->arena, "halts/", cli->args[0], "/items");
    result = cli_pages_get(cli, &pages, &items, NULL);
    if (result)
        return result;
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "items", items);
        json_add(cli->arena, answer, "next_cursor", &json_null);
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    for (uint32_t i = 0; i < items->count; i++) {
        const struct json *row = items->items[i];
        const char *status = cli_value_member(cli->arena, row, "previous_status");

        cli_table_add(table, cli_value_member(cli->arena, row, "plan_execution_id"));
        cli_table_add(table, cli_value_member(cli->arena, row, "depth"));
        cli_table_add_styled(table, status, cli_style_of_status(status));
        cli_table_add(table, cli_value_member(cli->arena, row, "last_state"));
        cli_table_add(table, cli_value_member(cli->arena, row, "epoch"));
    }
    cli_table_print(table, stdout);
    return CLI_EXIT_OK;
}

static void cmd_receipt_head(struct cli *cli, const struct json *receipt)
{
    static const char *const fields[] = {"plan_execution_id", "children", "outcome", "reason"};
    static const char *const names[] = {"execution", "children", "outcome", "reason"};

    printf("halt %s\n", cli_value_clean(cli->arena, cli->args[0]));
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const struct json *value = json_get(receipt, fields[i]);

        if (value && value->kind != JSON_NULL)
            printf("  %-13s %s\n", names[i], cli_value_text(cli->arena, value));
    }
    if (json_get(receipt, "actor"))
        printf("  %-13s %s\n", "by", cmd_receipt_actor(cli->arena, json_get(receipt, "actor")));
    if (json_get(receipt, "halted_at"))
        printf("  %-13s %s\n", "at", cli_value_time(cli->arena, json_get(receipt, "halted_at")));
}

int cmd_receipt(struct cli *cli)
{
    const struct cmd_receipt_options *options = cli->options;
    struct cli_answer answer;
    const struct json *receipt;
    int result;

    if (options->items)
        return cmd_receipt_items(cli);
    result = cli_get(cli, cli_path(cli->arena, "halts/", cli->args[0], ""), &answer);
    if (result)
        return result;
    if (cli->json) {
        cli_print_answer(&answer);
        return CLI_EXIT_OK;
    }
    receipt = json_get(answer.body, "receipt");
    if (!json_is(receipt, JSON_OBJECT))
        receipt = answer.body;
    cmd_receipt_head(cli, receipt);
    cmd_receipt_print(cli, receipt, stdout);
    return CLI_EXIT_OK;
}

const struct cli_options cmd_verify_options = {.list = NULL, .bytes = 0};

int cmd_verify(struct cli *cli)
{
    struct json *body = json_object(cli->arena);
    const struct cli_request request = {
        .method = "POST", .path = "verify_halt", .body = body, .repeatable = true};
    const struct json *looked_at, *residue;
    struct cli_answer answer;
    bool clean;
    int result;

    json_add(cli->arena, body, "halt_id", json_string(cli->arena, cli->args[0]));
    result = cli_call(cli, &request, &answer);
    if (result)
        return result;
    clean = json_get_bool(answer.body, "clean", false);
    if (cli->json) {
        cli_print_answer(&answer);
        return clean ? CLI_EXIT_OK : CLI_EXIT_RESIDUE;
    }
    residue = json_get(answer.body, "residue");
    looked_at = json_get(answer.body, "looked_at");
    printf("%s%s%s\n", cli_style_on(cli, clean ? CLI_STYLE_GOOD : CLI_STYLE_BAD),
           clean ? "clean: nothing outlived the halt" : "NOT clean: something outlived the halt",
           cli_style_off(cli));
    for (uint32_t i = 0; json_is(looked_at, JSON_OBJECT) && i < looked_at->count; i++)
        printf("  looked at  %-18s %s\n", cli_value_clean(cli->arena, looked_at->members[i].name),
               cli_value_text(cli->arena, looked_at->members[i].value));
    for (uint32_t i = 0; json_is(residue, JSON_ARRAY) && i < residue->count; i++)
        printf("  residue    %s\n", cli_value_text(cli->arena, residue->items[i]));
    return clean ? CLI_EXIT_OK : CLI_EXIT_RESIDUE;
}
