/*
 * cmd_history.c - history: what happened; watch: what happens, until the end.
 */
#include "cli/cli_priv.h"

#include "base/limits.h"

#include <string.h>
#include <time.h>

#define CMD_WATCH_EVERY_MS 500

struct cmd_history_options {
    struct cli_number limit;
    bool all;
};

/* clang-format off */
/* clang-format off */
const struct cli_options cmd_history_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("limit", 'n', NUMBER, offsetof(struct cmd_history_options, limit), "N",
                   "at most so many events (default 1000)", .min = 1, .max = INT64_MAX),
        CLI_OPTION("all", 'a', FLAG, offsetof(struct cmd_history_options, all), NULL,
                   "all pages"),
        {0},
    },
    .bytes = sizeof(struct cmd_history_options),
};
/* clang-format on */

static enum cli_style cmd_history_style(const char *type)
{
    if (strstr(type, "HALTED") || strstr(type, "CLEANED"))
        return CLI_STYLE_STOPPED;
    if (strstr(type, "Failed") || strstr(type, "FAILED") || strstr(type, "TimedOut"))
        return CLI_STYLE_BAD;
    if (strstr(type, "Succeeded") || strstr(type, "SUCCEEDED"))
        return CLI_STYLE_GOOD;
    return CLI_STYLE_PLAIN;
}

/* name=value for each member: shorter than JSON, and as exact. */
static const char *cmd_history_detail(struct arena *arena, const struct json *detail)
{
    struct buf buf;

    if (!json_is(detail, JSON_OBJECT))
        return detail && detail->kind != JSON_NULL ? cli_value_text(arena, detail) : "";
    buf_init(&buf, arena, CLI_ANSWER_BYTES_MAX);
    buf_text(&buf, "");
    for (uint32_t i = 0; i < detail->count; i++)
        buf_printf(&buf, "%s%s=%s", i > 0 ? " " : "",
                   cli_value_clean(arena, detail->members[i].name),
                   cli_value_text(arena, detail->members[i].value));
    return buf.data;
}

static void cmd_history_event(struct cli *cli, const struct json *event)
{
    const char *type = cli_value_member(cli->arena, event, "type");

    printf("%6s  %s  %s%-26s%s  %s\n", cli_value_member(cli->arena, event, "seq"),
           cli_value_time(cli->arena, json_get(event, "time_at")),
           cli_style_on(cli, cmd_history_style(type)), type, cli_style_off(cli),
           cmd_history_detail(cli->arena, json_get(event, "detail")));
}

int cmd_history(struct cli *cli)
{
    const struct cmd_history_options *options = cli->options;
    struct cli_pages pages = {.member = "events", .limit = LIMIT_PAGE_ITEMS};
    const char *cursor;
    struct json *events;
    int result;

    cli->subject = cli->args[0];
    pages.path = cli_path(cli->arena, "executions/", cli->args[0], "/history");
    pages.all = options->all && !options->limit.given;
    if (options->limit.given)
        pages.limit = options->limit.value;
    if (pages.all)
        pages.limit = 0;
    result = cli_pages_get(cli, &pages, &events, &cursor);
    if (result)
        return result;
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "events", events);
        json_add(cli->arena, answer, "next_cursor", json_string(cli->arena, cursor));
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    for (uint32_t i = 0; i < events->count; i++)
        cmd_history_event(cli, events->items[i]);
    if (cursor)
        cli_say("there are more: --all, or --limit N");
    return CLI_EXIT_OK;
}

struct cmd_watch_options {
    struct cli_number every;
};

/* clang-format off */
const struct cli_options cmd_watch_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("every", 0, DURATION, offsetof(struct cmd_watch_options, every), "TIME",
                   "how often to look (default 500ms)", .min = 10, .max = INT64_MAX / 1000000),
        {0},
    },
    .bytes = sizeof(struct cmd_watch_options),
};
/* clang-format on */

/* What a watch has seen: the cursor of the page it reads, and the last event of it. */
struct cmd_watch {
    const char *path;
    char cursor[4096];
    int64_t seq;
};

static void cmd_watch_print(struct cli *cli, struct cmd_watch *watch, const struct json *event)
{
    int64_t seq;

    if (!json_get_int(event, "seq", &seq) || seq <= watch->seq)
        return;
    watch->seq = seq;
    if (cli->json)
        cli_print_json(event);
    else
        cmd_history_event(cli, event);
}

/* Reads on from the page where the last look ended; that page may have grown. */
static int cmd_watch_look(struct cli *cli, struct cmd_watch *watch)
{
    for (;;) {
        struct cli_answer answer;
        const struct json *events;
        const char *next;
        struct buf path;
        int result;

        buf_init(&path, cli->arena, 65536);
        buf_printf(&path, "%s?limit=%d&", watch->path, (int)LIMIT_PAGE_ITEMS);
        cli_query_add(&path, "cursor", watch->cursor[0] ? watch->cursor : NULL);
        path.data[path.len - 1] = '\0';
        result = cli_get(cli, path.data, &answer);
        if (result)
            return result;
        events = json_get(answer.body, "events");
        for (uint32_t i = 0; json_is(events, JSON_ARRAY) && i < events->count; i++)
            cmd_watch_print(cli, watch, events->items[i]);
        fflush(stdout);
        next = json_get_string(answer.body, "next_cursor");
        if (!next || !events || events->count == 0 || strlen(next) >= sizeof(watch->cursor))
            return CLI_EXIT_OK;
        memcpy(watch->cursor, next, strlen(next) + 1);
    }
}

/* One look: the status first, so that all events of a final execution are there when we read them.
 */
static int cmd_watch_once(struct cli *cli, struct cmd_watch *watch, bool *ret_final)
{
    struct cli_answer answer;
    int result;

    result = cli_get(cli, cli_path(cli->arena, "executions/", cli->args[0], ""), &answer);
    if (result)
        return result;
    *ret_final = cli_status_is_final(json_get_string(answer.body, "status"));
    result = cmd_watch_look(cli, watch);
    if (result || !*ret_final)
        return result;
    if (!cli->json)
        printf("%s: %s\n", cli->args[0], cli_value_member(cli->arena, answer.body, "status"));
    return cmd_run_exit(answer.body);
}

int cmd_watch(struct cli *cli)
{
    const struct cmd_watch_options *options = cli->options;
    int64_t every_ms = options->every.given ? options->every.value : CMD_WATCH_EVERY_MS;
    struct timespec pause = {every_ms / 1000, (long)(every_ms % 1000) * 1000000};
    struct cmd_watch watch = {.seq = -1};
    struct arena *kept = cli->arena;
    int result;

    cli->subject = cli->args[0];
    result = cli_find_target(cli);
    if (result)
        return result;
    watch.path = cli_path(kept, "executions/", cli->args[0], "/history");
    for (;;) {
        bool final = false;

        cli->arena = arena_new(); /* of this look: watching may take days */
        result = cmd_watch_once(cli, &watch, &final);
        arena_free(cli->arena);
        cli->arena = kept;
        if (result || final)
            return result;
        nanosleep(&pause, NULL);
    }
}
