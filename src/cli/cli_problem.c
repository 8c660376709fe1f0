/*
 * cli_problem.c - what went wrong, what to do about it, and the exit code for it.
 */
#include "cli/cli_priv.h"

#include <stdarg.h>
#include <string.h>

#define CLI_PROBLEM_RETRY_MS 30000

/* What to do next, by the code of the problem. {dir} and {id} are filled in. */
/* clang-format off */
static const struct {
    const char *code, *advice;
} cli_problem_advice[] = {
    {"UNAUTHENTICATED", "make a token: export FERMATA_TOKEN=$(fermata token --dir {dir}) and name the server by FERMATA_URL, or use --dir {dir}"},
    {"FORBIDDEN", "make a token with the scope it needs: fermata token --dir {dir} --scope \"read run work answer halt\""},
    {"EXECUTION_NOT_FOUND", "see which there are: fermata ps"},
    {"PLAN_NOT_FOUND", "see which there are: fermata plan list; store one: fermata plan put PLAN_ID FILE"},
    {"HALT_NOT_FOUND", "the halt's id stands in the answer of the halt, and in: fermata show ID"},
    {"TOKEN_NOT_FOUND", "a callback's token is good once; the execution can be answered by its id"},
    {"HUMAN_TASK_NOT_FOUND", "see which wait: fermata human"},
    {"INVALID_STATE_TRANSITION", "see where it is: fermata show {id}"},
    {"TOO_MANY_AFFECTED", "nothing changed; see what it would stop: fermata halt {id} --children --dry-run"},
    {"PLAN_VERSION_INCOMPATIBLE", "nothing changed; leave --plan-version out, or name a version that has the same states"},
    {"EXECUTION_HALTED", "see by whom and why: fermata show {id}"},
    {"EXECUTION_ALREADY_EXISTS", "it was started with other values; choose another --id, or see: fermata show {id}"},
    {"PRECONDITION_FAILED", "nothing changed; see how it is now: fermata show {id}"},
    {"IDEMPOTENCY_KEY_REUSED", "use another --idempotency-key"},
    {"UNAVAILABLE", "nothing changed; try again in a moment"},
    {"STORAGE_FULL", "nothing changed; make room on the server's disk, then try again"},
};
/* clang-format on */

void cli_say(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("fermata: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void cli_advise(const char *format, ...)
{
    va_list args;

    fputs("  next: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int cli_usage_error(struct cli *cli, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("fermata: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    cli_advise("see: fermata help %s", cli->command->name);
    return CLI_EXIT_USAGE;
}

int cli_problem_exit(const struct cli_answer *answer)
{
    static const struct {
        int status, code;
    } codes[] = {
        {401, CLI_EXIT_NOT_ALLOWED},
        {403, CLI_EXIT_NOT_ALLOWED},
        {404, CLI_EXIT_NOT_FOUND  },
        {408, CLI_EXIT_UNREACHABLE},
        {409, CLI_EXIT_REFUSED    },
        {412, CLI_EXIT_REFUSED    },
        {422, CLI_EXIT_REFUSED    },
        {429, CLI_EXIT_UNREACHABLE},
    };

    if (cli_answer_ok(answer))
        return CLI_EXIT_OK;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].status == answer->status)
            return codes[i].code;
    if (answer->status >= 400 && answer->status < 500)
        return CLI_EXIT_USAGE;
    return CLI_EXIT_UNREACHABLE;
}

static void cli_problem_advise(struct cli *cli, const char *advice)
{
    static const struct {
        const char *word;
        size_t len;
    } words[] = {
        {"{dir}", 5},
        {"{id}",  4}
    };
    const char *values[] = {cli->target->dir, cli->subject ? cli->subject : "ID"};
    struct buf buf;

    buf_init(&buf, cli->arena, 65536);
    for (const char *at = advice; *at;) {
        bool filled = false;

        for (size_t i = 0; i < ARRAY_SIZE(words) && !filled; i++) {
            if (strncmp(at, words[i].word, words[i].len) != 0)
                continue;
            buf_text(&buf, cli_value_clean(cli->arena, values[i]));
            at += words[i].len;
            filled = true;
        }
        if (!filled)
            buf_char(&buf, *at++);
    }
    cli_advise("%s", buf.data);
}

static void cli_problem_unreachable(struct cli *cli, const struct cli_answer *answer)
{
    cli_say("the server at %s was not reached: %s", cli->target->url, answer->lost);
    if (answer->maybe_sent)
        fputs("  the request may have arrived all the same\n", stderr);
    if (cli->globals.url)
        cli_advise("is the address right, and is the server running?");
    else
        cli_advise("start it with: fermata serve --dir %s", cli->target->dir);
}

/* Members that say more than the problem itself: descendants still active, who halted it, ... */
static void cli_problem_members(struct cli *cli, const struct json *body)
{
    static const char *const known[] = {"type", "title",  "status",  "detail",
                                        "code", "module", "pointer", "request_id"};

    if (!body || body->kind != JSON_OBJECT)
        return;
    for (uint32_t i = 0; i < body->count; i++) {
        const struct json_member *member = &body->members[i];
        bool extra = true;

        for (size_t k = 0; k < ARRAY_SIZE(known); k++)
            extra &= strcmp(member->name, known[k]) != 0;
        if (!extra || json_is(member->value, JSON_OBJECT) || json_is(member->value, JSON_ARRAY))
            continue;
        fprintf(stderr, "  %s: %s\n", cli_value_clean(cli->arena, member->name),
                cli_value_text(cli->arena, member->value));
    }
}

static void cli_problem_next(struct cli *cli, const struct cli_answer *answer)
{
    const char *code = cli_answer_code(answer);
    bool final =
        strcmp(code, "INVALID_STATE_TRANSITION") == 0 && strcmp(cli->command->name, "halt") == 0;

    if (final) {
        cli_problem_advise(cli, "it has ended; its active descendants are stopped by: fermata halt "
                                "{id} --children-only");
        return;
    }
    if (answer->status == 401 && !cli->target->token) {
        cli_say(
            "no token was sent: there is no $FERMATA_TOKEN with an address, and no file %s/token",
            cli->target->dir);
    }
    for (size_t i = 0; i < ARRAY_SIZE(cli_problem_advice); i++)
        if (strcmp(cli_problem_advice[i].code, code) == 0) {
            cli_problem_advise(cli, cli_problem_advice[i].advice);
            return;
        }
    if (answer->status == 401 || answer->status == 403)
        cli_problem_advise(cli, "make a token: fermata token --dir {dir}");
    else if (answer->status >= 500)
        cli_advise("look into the server's log");
}

int cli_problem(struct cli *cli, const struct cli_answer *answer)
{
    const struct json *body = answer->body;
    const char *title = json_get_string(body, "title");
    const char *detail = json_get_string(body, "detail");
    const char *pointer = json_get_string(body, "pointer");
    const char *request = json_get_string(body, "request_id");
    struct arena *arena = cli->arena;

    fflush(stdout);
    if (!answer->status) {
        cli_problem_unreachable(cli, answer);
        return CLI_EXIT_UNREACHABLE;
    }
    if (cli->json && body) {
        fwrite(answer->text, 1, answer->len, stderr);
        fputc('\n', stderr);
        return cli_problem_exit(answer);
    }
    if (!title || !json_is(body, JSON_OBJECT)) {
        cli_say("%s answered with HTTP status %d, and not in words of fermata", cli->target->url,
                answer->status);
        cli_problem_next(cli, answer);
        return cli_problem_exit(answer);
    }
    cli_say("%s (%s)", cli_value_clean(arena, title),
            cli_value_clean(arena, cli_answer_code(answer)));
    if (detail)
        fprintf(stderr, "  %s\n", cli_value_clean(arena, detail));
    if (pointer)
        fprintf(stderr, "  at: %s\n", cli_value_clean(arena, pointer));
    cli_problem_members(cli, body);
    if (request && answer->status >= 500)
        fprintf(stderr, "  request: %s\n", cli_value_clean(arena, request));
    cli_problem_next(cli, answer);
    return cli_problem_exit(answer);
}

int cli_call_quietly(struct cli *cli, const struct cli_request *request, struct cli_answer *ret)
{
    const struct cli_number *retry = &cli->globals.retry_ms;
    int result = cli_find_target(cli);

    if (result)
        return result;
    if (!cli->client)
        cli->client = cli_client_new(cli->target, NULL);
    cli_client_send(cli->client, cli->arena, request,
                    retry->given ? retry->value : CLI_PROBLEM_RETRY_MS, ret);
    return cli_problem_exit(ret);
}

int cli_call(struct cli *cli, const struct cli_request *request, struct cli_answer *ret)
{
    int result;

    *ret = (struct cli_answer){0};
    result = cli_call_quietly(cli, request, ret);
    if (result && cli->target) /* without a target it has been said */
        return cli_problem(cli, ret);
    if (!result && !json_is(ret->body, JSON_OBJECT)) {
        cli_say("%s answered, but not with a JSON object: is it a Fermata server?",
                cli->target->url);
        return CLI_EXIT_UNREACHABLE;
    }
    return result;
}

int cli_get(struct cli *cli, const char *path, struct cli_answer *ret)
{
    const struct cli_request request = {.method = "GET", .path = path, .repeatable = true};

    return cli_call(cli, &request, ret);
}

int cli_post(struct cli *cli, const char *verb, const struct json *body, struct cli_answer *ret)
{
    const struct cli_request request = {.method = "POST", .path = verb, .body = body};

    return cli_call(cli, &request, ret);
}
