/*
 * cmd_plan.c - plan put, get, list, validate: definitions and their numbered versions.
 */
#include "cli/cli_priv.h"

#include "asl/asl.h"
#include "base/limits.h"

#include <string.h>

const struct cli_options cmd_plan_put_options = {.list = NULL, .bytes = 0};

static int cmd_plan_read(struct cli *cli, const char *file, const struct json **ret)
{
    struct fault fault = {0};
    const char *text;
    size_t len;
    int result;

    result = cli_value_file(cli, file, &text, &len);
    if (result)
        return result;
    if (!json_parse(cli->arena, text, len, ret, &fault))
        return CLI_EXIT_OK;
    return cli_usage_error(cli, "%s is not JSON: %s", file,
                           fault.detail ? fault.detail : "it cannot be read");
}

/* The server's list of what is wrong with a definition. */
static void cmd_plan_problems(struct cli *cli, const struct json *problems)
{
    for (uint32_t i = 0; json_is(problems, JSON_ARRAY) && i < problems->count; i++)
        fprintf(stderr, "  %s: %s: %s\n",
                cli_value_member(cli->arena, problems->items[i], "pointer"),
                cli_value_member(cli->arena, problems->items[i], "rule"),
                cli_value_member(cli->arena, problems->items[i], "message"));
}

int cmd_plan_put(struct cli *cli)
{
    struct json *body = json_object(cli->arena);
    const struct cli_request request = {
        .method = "POST", .path = "create_plan", .body = body, .repeatable = true};
    const struct json *definition;
    struct cli_answer answer;
    int result;

    result = cmd_plan_read(cli, cli->args[1], &definition);
    if (result)
        return result;
    json_add(cli->arena, body, "plan_id", json_string(cli->arena, cli->args[0]));
    json_add(cli->arena, body, "definition", definition);
    result = cli_call(cli, &request, &answer);
    if (result) {
        if (!cli->json)
            cmd_plan_problems(cli, json_get(answer.body, "problems"));
        return result;
    }
    if (cli->json) {
        cli_print_answer(&answer);
        return CLI_EXIT_OK;
    }
    printf("%s version %s%s\n", cli_value_member(cli->arena, answer.body, "plan_id"),
           cli_value_member(cli->arena, answer.body, "plan_version"),
           json_get_bool(answer.body, "created", true) ? "" : " (unchanged)");
    return CLI_EXIT_OK;
}

struct cmd_plan_get_options {
    struct cli_number version;
};

/* clang-format off */
const struct cli_options cmd_plan_get_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("version", 0, NUMBER, offsetof(struct cmd_plan_get_options, version), "N",
                   "this version, not the latest", .min = 1, .max = INT64_MAX),
        {0},
    },
    .bytes = sizeof(struct cmd_plan_get_options),
};
/* clang-format on */

int cmd_plan_get(struct cli *cli)
{
    const struct cmd_plan_get_options *options = cli->options;
    const char *after = "";
    struct cli_answer answer;
    const struct json *definition;
    struct buf buf;
    int result;

    if (options->version.given)
        after = arena_printf(cli->arena, "?plan_version=%lld", (long long)options->version.value);
    result = cli_get(cli, cli_path(cli->arena, "plans/", cli->args[0], after), &answer);
    if (result)
        return result;
    definition = json_get(answer.body, "definition");
    if (cli->json || !definition) {
        cli_print_answer(&answer);
        return CLI_EXIT_OK;
    }
    buf_init(&buf, cli->arena, CLI_ANSWER_BYTES_MAX);
    json_print_indented(&buf, definition);
    puts(buf.data);
    return CLI_EXIT_OK;
}

const struct cli_options cmd_plan_list_options = {.list = NULL, .bytes = 0};

int cmd_plan_list(struct cli *cli)
{
    static const char *const headers[] = {"PLAN", ">VERSION", "CREATED", "UPDATED", NULL};
    const struct cli_pages pages = {.path = "plans", .member = "plans", .all = true};
    struct cli_table *table = cli_table_new(cli, headers);
    struct json *plans;
    int result;

    result = cli_pages_get(cli, &pages, &plans, NULL);
    if (result)
        return result;
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "plans", plans);
        json_add(cli->arena, answer, "next_cursor", &json_null);
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    for (uint32_t i = 0; i < plans->count; i++) {
        const struct json *plan = plans->items[i];

        cli_table_add(table, cli_value_member(cli->arena, plan, "plan_id"));
        cli_table_add(table, cli_value_member(cli->arena, plan, "plan_version"));
        cli_table_add(table, cli_value_time(cli->arena, json_get(plan, "created_at")));
        cli_table_add(table, cli_value_time(cli->arena, json_get(plan, "updated_at")));
    }
    cli_table_print(table, stdout);
    return CLI_EXIT_OK;
}

const struct cli_options cmd_plan_validate_options = {.list = NULL, .bytes = 0};

static void cmd_plan_problem_add(struct cli *cli, struct json *list, const struct asl_problem *from)
{
    struct json *problem = json_object(cli->arena);

    json_add(cli->arena, problem, "pointer", json_string(cli->arena, from->pointer));
    json_add(cli->arena, problem, "rule", json_string(cli->arena, from->rule));
    json_add(cli->arena, problem, "message", json_string(cli->arena, from->message));
    if (from->hint)
        json_add(cli->arena, problem, "hint", json_string(cli->arena, from->hint));
    json_add(cli->arena, problem, "severity",
             json_string(cli->arena, from->is_warning ? "WARNING" : "ERROR"));
    json_push(cli->arena, list, problem);
}

static uint32_t cmd_plan_errors(const struct json *problems)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < problems->count; i++)
        count += !strcmp(json_get_string(problems->items[i], "severity"), "ERROR");
    return count;
}

/* Everything wrong with one file, as the JSON that -o json prints; a file that cannot be read is an
 * exit code. */
static int cmd_plan_check(struct cli *cli, const char *file, struct json *problems)
{
    struct asl_problem one = {.pointer = ""};
    struct asl_problems found = {0};
    struct fault fault = {0};
    const struct json *definition;
    const struct asl_plan *plan;
    const char *text;
    size_t len;
    int result;

    result = cli_value_file(cli, file, &text, &len);
    if (result)
        return result;
    if (len > LIMIT_DEFINITION_BYTES) {
        one.rule = "TOO_LARGE";
        one.message = arena_printf(cli->arena, "it has %zu bytes; a definition has at most %d", len,
                                   (int)LIMIT_DEFINITION_BYTES);
        cmd_plan_problem_add(cli, problems, &one);
        return CLI_EXIT_OK;
    }
    if (json_parse(cli->arena, text, len, &definition, &fault)) {
        one.pointer = fault.pointer ? fault.pointer : "";
        one.rule = "JSON";
        one.message = fault.detail ? fault.detail : "it is not JSON";
        cmd_plan_problem_add(cli, problems, &one);
        return CLI_EXIT_OK;
    }
    /* Warnings are told of a good plan, too. */
    (void)!asl_parse(cli->arena, definition, &plan, &found);
    for (size_t i = 0; i < found.count; i++)
        cmd_plan_problem_add(cli, problems, &found.list[i]);
    if (found.truncated)
        cli_say("%s: there are more problems than these %zu", file, found.count);
    return CLI_EXIT_OK;
}

static void cmd_plan_report(struct cli *cli, const char *file, const struct json *problems)
{
    if (cmd_plan_errors(problems) == 0)
        printf("%s: valid\n", file);
    for (uint32_t i = 0; i < problems->count; i++) {
        const struct json *problem = problems->items[i];
        const char *pointer = json_get_string(problem, "pointer");
        bool is_warning = !strcmp(json_get_string(problem, "severity"), "WARNING");

        printf("%s: %s: %s%s: %s\n", file,
               pointer && pointer[0] ? cli_value_clean(cli->arena, pointer) : "(top)",
               is_warning ? "warning " : "", cli_value_member(cli->arena, problem, "rule"),
               cli_value_member(cli->arena, problem, "message"));
        if (json_get(problem, "hint"))
            printf("    %s\n", cli_value_member(cli->arena, problem, "hint"));
    }
}

int cmd_plan_validate(struct cli *cli)
{
    struct json *files = json_array(cli->arena);
    uint32_t count = 0;
    int result;

    for (size_t i = 0; i < cli->arg_count; i++) {
        struct json *problems = json_array(cli->arena);
        struct json *row = json_object(cli->arena);

        result = cmd_plan_check(cli, cli->args[i], problems);
        if (result)
            return result;
        count += cmd_plan_errors(problems);
        json_add(cli->arena, row, "file", json_string(cli->arena, cli->args[i]));
        json_add(cli->arena, row, "valid", json_bool(cmd_plan_errors(problems) == 0));
        json_add(cli->arena, row, "problems", problems);
        json_push(cli->arena, files, row);
        if (!cli->json)
            cmd_plan_report(cli, cli->args[i], problems);
    }
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "valid", json_bool(count == 0));
        json_add(cli->arena, answer, "files", files);
        cli_print_json(answer);
    }
    return count == 0 ? CLI_EXIT_OK : CLI_EXIT_REFUSED;
}
