/*
 * cmd_token.c - token: sign one with the key in the server's folder; no server needed.
 */
#include "cli/cli_priv.h"

#include "base/log.h"
#include "token/token.h"

#include <string.h>

#define CMD_TOKEN_TTL_MS 3600000
#define CMD_TOKEN_TTL_MAX_MS ((int64_t)3650 * 86400000) /* ten years */

struct cmd_token_options {
    const char *operator_name, *portal, *subject;
    struct cli_number ttl;
    struct cli_list scopes;
};

/* clang-format off */
#define CMD_TOKEN_AT(member) offsetof(struct cmd_token_options, member)
const struct cli_options cmd_token_options = {
    .list = (const struct cli_option[]){
        CLI_OPTION("operator", 0, TEXT, CMD_TOKEN_AT(operator_name), "NAME",
                   "the tenant (default: default)"),
        CLI_OPTION("portal", 0, TEXT, CMD_TOKEN_AT(portal), "NAME",
                   "the portal (default: unknown)"),
        CLI_OPTION("sub", 0, TEXT, CMD_TOKEN_AT(subject), "NAME",
                   "who bears it (default: cli)"),
        CLI_OPTION("ttl", 0, DURATION, CMD_TOKEN_AT(ttl), "TIME",
                   "how long it is good (default 1h)", .min = 1000, .max = CMD_TOKEN_TTL_MAX_MS),
        CLI_OPTION("scope", 0, LIST, CMD_TOKEN_AT(scopes), "SCOPES",
                   "some of: read run work answer halt admin (default: all but admin)"),
        {0},
    },
    .bytes = sizeof(struct cmd_token_options),
};
/* clang-format on */

/* "--scope read,run --scope halt" and "--scope 'read run halt'" mean the same. */
static bool cmd_token_scopes(struct cli *cli, const struct cli_list *list, unsigned *ret_scopes)
{
    struct buf buf;

    *ret_scopes = SCOPE_ALL_BUT_ADMIN;
    if (list->count == 0)
        return true;
    buf_init(&buf, cli->arena, 65536);
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_char(&buf, ' ');
        for (const char *at = list->items[i]; *at; at++)
            buf_char(&buf, (char)(*at == ',' ? ' ' : *at));
    }
    return scope_parse(buf.data ? buf.data : "", ret_scopes);
}

int cmd_token(struct cli *cli)
{
    const struct cmd_token_options *options = cli->options;
    const char *keys, *text;
    struct identity identity = {
        .operator_name = options->operator_name ? options->operator_name : "default",
        .portal_id = options->portal ? options->portal : "unknown",
        .subject = options->subject ? options->subject : "cli",
    };
    int64_t now_ms = cli_value_now_ms();
    int result;

    result = cli_find_target(cli);
    if (result)
        return result;
    if (!cli->target->dir_exists) {
        cli_say("there is no folder %s", cli->target->dir);
        cli_advise("start a server on it once: fermata serve --dir %s, or name another by --dir",
                   cli->target->dir);
        return CLI_EXIT_USAGE;
    }
    if (!cmd_token_scopes(cli, &options->scopes, &identity.scopes))
        return cli_usage_error(cli, "--scope must be some of: read run work answer halt admin");
    identity.expires_at = now_ms + (options->ttl.given ? options->ttl.value : CMD_TOKEN_TTL_MS);
    keys = arena_printf(cli->arena, "%s/keys", cli->target->dir);
    log_set_level(LOG_WARN);
    if (token_local_key(keys) || token_make(keys, &identity, now_ms, cli->arena, &text)) {
        cli_say("no token could be made with the key in %s", keys);
        cli_advise("the folder must be readable by you: run this as the user of the server");
        return CLI_EXIT_NOT_ALLOWED;
    }
    if (cli->json) {
        struct json *answer = json_object(cli->arena);

        json_add(cli->arena, answer, "token", json_string(cli->arena, text));
        json_add(cli->arena, answer, "expires_at", json_int(cli->arena, identity.expires_at));
        cli_print_json(answer);
        return CLI_EXIT_OK;
    }
    puts(text);
    return CLI_EXIT_OK;
}
