/*
 * cmd_halt.c - halt: show what it will stop, ask, stop exactly that, print the receipt.
 *
 * What is asked about is a dry run; the halt then carries its digest, so that it stops what was
 * shown or nothing. When the tree has changed in between, the new plan is shown and asked about.
 */
#include "cli/cli_priv.h"

#include "base/limits.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CMD_HALT_WAIT_MS 30000    /* the server's own default */
#define CMD_HALT_ANSWER_MS 120000 /* a tree of any size is one commit */

struct cmd_halt_options {
    bool yes, dry_run, children, children_only;
    const char *reason, *input, *if_status, *if_digest, *wait, *key;
    struct cli_number plan_version, max_affected, if_epoch, wait_ms;
};

/* clang-format off */
#define CMD_HALT_AT(member) offsetof(struct cmd_halt_options, member)
const struct cli_options cmd_halt_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("children", 'c', FLAG, CMD_HALT_AT(children), NULL,
                   "also every active descendant, at every depth"),
        CLI_OPTION("children-only", 0, FLAG, CMD_HALT_AT(children_only), NULL,
                   "only the descendants, whatever the status of the execution itself"),
        CLI_OPTION("yes", 'y', FLAG, CMD_HALT_AT(yes), NULL,
                   "do not ask"),
        CLI_OPTION("dry-run", 'n', FLAG, CMD_HALT_AT(dry_run), NULL,
                   "show what it would stop, and the digest; change nothing"),
        CLI_OPTION("reason", 'r', TEXT, CMD_HALT_AT(reason), "TEXT",
                   "kept word for word, and shown in every history"),
        CLI_OPTION("input", 'i', TEXT, CMD_HALT_AT(input), "JSON|@FILE|-",
                   "for a parent that waits for it: its Task succeeds with this, instead of failing"),
        CLI_OPTION("plan-version", 0, NUMBER, CMD_HALT_AT(plan_version), "N",
                   "for that parent: go on under this version of its plan", .min = 1, .max = INT64_MAX),
        CLI_OPTION("max-affected", 0, NUMBER, CMD_HALT_AT(max_affected), "N",
                   "refuse when more executions than this would be halted", .min = 1, .max = INT64_MAX),
        CLI_OPTION("if-status", 0, TEXT, CMD_HALT_AT(if_status), "STATUS",
                   "only if the execution has this status"),
        CLI_OPTION("if-epoch", 0, NUMBER, CMD_HALT_AT(if_epoch), "N",
                   "only if the execution has this epoch", .min = 0, .max = INT64_MAX),
        CLI_OPTION("if-digest", 0, TEXT, CMD_HALT_AT(if_digest), "DIGEST",
                   "only if a dry run would still give this digest"),
        CLI_OPTION("wait", 0, TEXT, CMD_HALT_AT(wait), "stopped|quiescent",
                   "answer at the commit, or when no worker can still be busy with it", .words = " stopped quiescent "),
        CLI_OPTION("wait-ms", 0, NUMBER, CMD_HALT_AT(wait_ms), "N",
                   "how long to wait for quiescent (default 30000)", .min = 0, .max = LIMIT_WAIT_MS),
        CLI_OPTION("idempotency-key", 0, TEXT, CMD_HALT_AT(key), "KEY",
                   "the same key halts once (a random one is made when none is given)"),
        {0},
    },
    .bytes = sizeof(struct cmd_halt_options),
};
/* clang-format on */

static const char *cmd_halt_verb(const struct cmd_halt_options *options)
{
    return options->children_only ? "halt_child_executions" : "halt_execution";
}

static void cmd_halt_add_number(struct cli *cli, struct json *body, const char *name,
                                const struct cli_number *number)
{
    if (number->given)
        json_add(cli->arena, body, name, json_int(cli->arena, number->value));
}

static void cmd_halt_add_text(struct cli *cli, struct json *body, const char *name,
                              const char *text)
{
    if (text)
        json_add(cli->arena, body, name, json_string(cli->arena, text));
}

/* `input` may be null; a dry run carries neither digest nor wait. */
static struct json *cmd_halt_body(struct cli *cli, const struct json *input, bool dry_run,
                                  const char *digest)
{
    const struct cmd_halt_options *options = cli->options;
    struct json *body = json_object(cli->arena);

    json_add(cli->arena, body, "plan_execution_id", json_string(cli->arena, cli->args[0]));
    if (options->children)
        json_add(cli->arena, body, "halt_all_child_executions", &json_true);
    if (input)
        json_add(cli->arena, body, "input", input);
    cmd_halt_add_number(cli, body, "plan_version", &options->plan_version);
    cmd_halt_add_text(cli, body, "reason", options->reason);
    cmd_halt_add_text(cli, body, "if_status", options->if_status);
    cmd_halt_add_number(cli, body, "if_epoch", &options->if_epoch);
    cmd_halt_add_number(cli, body, "max_affected", &options->max_affected);
    if (dry_run) {
        json_add(cli->arena, body, "dry_run", &json_true);
        return body;
    }
    cmd_halt_add_text(cli, body, "if_digest", digest);
    cmd_halt_add_text(cli, body, "wait", options->wait);
    cmd_halt_add_number(cli, body, "wait_ms", &options->wait_ms);
    return body;
}

/* For a receipt that does not name the parent itself. */
static void cmd_halt_parent(struct cli *cli, const struct json *answer, FILE *file)
{
    const struct json *parent = json_get(answer, "callback_for_halt");

    if (json_is(parent, JSON_OBJECT) && !json_get(json_get(answer, "receipt"), "callback"))
        fprintf(file, "  parent        %s: %s\n",
                cli_value_member(cli->arena, parent, "plan_execution_id"),
                cli_value_member(cli->arena, parent, "result"));
}

static void cmd_halt_headline(struct cli *cli, const struct json *answer, FILE *file)
{
    const char *outcome = cli_value_member(cli->arena, answer, "outcome");
    const char *id = cli_value_clean(cli->arena, cli->subject);
    const char *halt_id = cli_value_member(cli->arena, answer, "halt_id");
    const struct json *actor = json_get(answer, "actor");

    if (strcmp(outcome, "would_halt") == 0)
        fprintf(file, "halting %s would stop:\n", id);
    else if (strcmp(outcome, "already_halted") == 0) {
        const struct json *receipt = json_get(answer, "receipt");
        const struct json *at = json_get(answer, "halted_at");

        actor = actor ? actor : json_get(receipt, "actor");
        fprintf(file, "%s was halted before, nothing changed (halt %s%s%s, %s)\n", id, halt_id,
                actor ? ", by " : "", actor ? cmd_receipt_actor(cli->arena, actor) : "",
                cli_value_time(cli->arena, at ? at : json_get(receipt, "halted_at")));
    } else if (strcmp(outcome, "children_halted") == 0)
        fprintf(file, "halted what was active below %s (halt %s)\n", id, halt_id);
    else
        fprintf(file, "halted %s (halt %s)\n", id, halt_id);
}

static void cmd_halt_print(struct cli *cli, const struct json *answer, FILE *file)
{
    const struct json *receipt = json_get(answer, "receipt");
    const struct json *quiescent = json_get(answer, "quiescent");
    const char *digest = json_get_string(receipt, "digest");
    bool dry = strcmp(cli_value_member(cli->arena, answer, "outcome"), "would_halt") == 0;

    cmd_halt_headline(cli, answer, file);
    cmd_receipt_print(cli, receipt, file);
    cmd_halt_parent(cli, answer, file);
    if (!digest)
        digest = json_get_string(answer, "digest");
    if (dry && digest)
        fprintf(file, "  digest        %s\n", cli_value_clean(cli->arena, digest));
    if (json_is(quiescent, JSON_BOOL))
        fprintf(file, "  quiescent     %s\n",
                quiescent->boolean ? "yes: no worker is busy with it"
                                   : "no: a worker may still be busy with it");
    if (!dry && json_get_string(answer, "halt_id"))
        fprintf(file, "  proof         fermata verify %s\n",
                cli_value_member(cli->arena, answer, "halt_id"));
}

/* Sends the halt itself; `digest` may be null. A new body needs a new key. */
static int cmd_halt_send(struct cli *cli, const struct json *body, const char *key,
                         struct cli_answer *ret)
{
    const struct cmd_halt_options *options = cli->options;
    struct cli_request request = {.method = "POST",
                                  .path = cmd_halt_verb(options),
                                  .body = body,
                                  .idempotency_key = key,
                                  .answer_ms = CMD_HALT_ANSWER_MS,
                                  .repeatable = true};

    if (options->wait)
        request.answer_ms += options->wait_ms.given ? options->wait_ms.value : CMD_HALT_WAIT_MS;
    return cli_call_quietly(cli, &request, ret);
}

static int cmd_halt_finish(struct cli *cli, const struct cli_answer *answer)
{
    const struct json *quiescent = json_get(answer->body, "quiescent");

    if (cli->json)
        cli_print_answer(answer);
    else
        cmd_halt_print(cli, answer->body, stdout);
    if (json_is(quiescent, JSON_BOOL) && !quiescent->boolean)
        return CLI_EXIT_NOT_QUIET;
    return CLI_EXIT_OK;
}

static int64_t cmd_halt_affected(const struct json *receipt)
{
    const struct json *list = json_get(receipt, "executions");
    int64_t count;

    if (json_get_int(json_get(receipt, "counts"), "executions", &count))
        return count;
    return json_is(list, JSON_ARRAY) ? list->count : 0;
}

static bool cmd_halt_ask(struct cli *cli, int64_t count)
{
    char line[64];

    fprintf(stderr, "Halt %s? [y/N] ", cli_value_plural(cli->arena, count, "execution"));
    fflush(stderr);
    if (!fgets(line, sizeof(line), stdin)) {
        fputc('\n', stderr);
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}

static int cmd_halt_dry_run(struct cli *cli, const struct json *input, struct cli_answer *ret)
{
    const struct cmd_halt_options *options = cli->options;
    const struct cli_request request = {.method = "POST",
                                        .path = cmd_halt_verb(options),
                                        .body = cmd_halt_body(cli, input, true, NULL),
                                        .answer_ms = CMD_HALT_ANSWER_MS,
                                        .repeatable = true};

    return cli_call(cli, &request, ret);
}

/* A lost answer is the one case in which nobody knows yet: the key makes asking again safe. */
static int cmd_halt_lost(struct cli *cli, const struct cli_answer *answer, const char *key)
{
    int result = cli_problem(cli, answer);

    if (!answer->status && answer->maybe_sent)
        cli_advise("ask again under the same key, it halts once: --idempotency-key %s", key);
    return result;
}

static int cmd_halt_at_once(struct cli *cli, const struct json *input)
{
    const struct cmd_halt_options *options = cli->options;
    const char *key = options->key ? options->key : cli_value_random(cli->arena);
    const struct json *body = cmd_halt_body(cli, input, false, options->if_digest);
    struct cli_answer answer = {0};
    int result = cmd_halt_send(cli, body, key, &answer);

    if (!cli->target)
        return result;
    return result ? cmd_halt_lost(cli, &answer, key) : cmd_halt_finish(cli, &answer);
}

/* Shows, asks, halts what was shown; begins again when that has changed meanwhile. */
static int cmd_halt_with_question(struct cli *cli, const struct json *input)
{
    const struct cmd_halt_options *options = cli->options;

    for (;;) {
        const char *key = options->key ? options->key : cli_value_random(cli->arena);
        struct cli_answer answer;
        const struct json *receipt;
        const char *digest;
        int result = cmd_halt_dry_run(cli, input, &answer);

        if (result)
            return result;
        receipt = json_get(answer.body, "receipt");
        digest = json_get_string(receipt, "digest");
        if (!digest)
            digest = json_get_string(answer.body, "digest");
        if (strcmp(cli_value_member(cli->arena, answer.body, "outcome"), "would_halt") != 0)
            return cmd_halt_finish(cli, &answer);
        cmd_halt_print(cli, answer.body, stderr);
        if (!cmd_halt_ask(cli, cmd_halt_affected(receipt))) {
            cli_say("nothing was halted");
            return CLI_EXIT_DECLINED;
        }
        if (options->if_digest)
            digest = options->if_digest;
        result = cmd_halt_send(cli, cmd_halt_body(cli, input, false, digest), key, &answer);
        if (result == CLI_EXIT_OK)
            return cmd_halt_finish(cli, &answer);
        if (answer.status != 412 || options->if_digest || options->key)
            return cmd_halt_lost(cli, &answer, key);
        cli_say("it has changed since this was shown; nothing was halted. Now:");
    }
}

int cmd_halt(struct cli *cli)
{
    const struct cmd_halt_options *options = cli->options;
    const struct json *input = NULL;
    struct cli_answer answer;
    int result;

    cli->subject = cli->args[0];
    if (options->children && options->children_only)
        return cli_usage_error(cli, "--children and --children-only are two different halts");
    if (options->wait_ms.given && !options->wait)
        return cli_usage_error(
            cli, "--wait-ms says how long, but not what to wait for: --wait quiescent");
    if (options->input) {
        result = cli_value_json(cli, "input", options->input, &input);
        if (result)
            return result;
    }
    if (options->dry_run) {
        result = cmd_halt_dry_run(cli, input, &answer);
        return result ? result : cmd_halt_finish(cli, &answer);
    }
    if (options->yes)
        return cmd_halt_at_once(cli, input);
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        cli_say("a halt asks first, and there is no terminal to ask on");
        cli_advise("say --yes to halt, or --dry-run to see what it would stop");
        return CLI_EXIT_USAGE;
    }
    return cmd_halt_with_question(cli, input);
}
