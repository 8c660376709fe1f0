/*
 * cli_target.c - where the server is, and with which token to go there.
 *
 * In this order: --url, --dir; FERMATA_URL; FERMATA_DIR; ./fermata-data. A folder has the files
 * `url` (written by a server that listens) and `token`. FERMATA_TOKEN belongs to an address, not to
 * a folder.
 */
#include "cli/cli_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLI_TARGET_DIR "./fermata-data"
#define CLI_TARGET_URL "http://127.0.0.1:7117"

static const char *cli_target_environment(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

int cli_find_target(struct cli *cli)
{
    struct cli_target *target;
    const char *url = cli->globals.url, *dir = cli->globals.dir;
    const char *token = cli_target_environment("FERMATA_TOKEN");
    struct stat status;
    char *copy;

    if (cli->target)
        return CLI_EXIT_OK;
    target = ARENA_NEW(cli->arena, struct cli_target);
    if (!url && !dir)
        url = cli_target_environment("FERMATA_URL");
    target->dir = dir ? dir : cli_target_environment("FERMATA_DIR");
    if (!target->dir)
        target->dir = CLI_TARGET_DIR;
    target->dir_exists = stat(target->dir, &status) == 0 && S_ISDIR(status.st_mode);

    if (!url || !token)
        token = cli_value_line(cli->arena, arena_printf(cli->arena, "%s/token", target->dir));
    if (!url)
        url = cli_value_line(cli->arena, arena_printf(cli->arena, "%s/url", target->dir));
    copy = arena_string(cli->arena, url ? url : CLI_TARGET_URL);
    for (size_t len = strlen(copy); len > 0 && copy[len - 1] == '/'; len--)
        copy[len - 1] = '\0';
    if (strncmp(copy, "http://", 7) != 0 && strncmp(copy, "https://", 8) != 0)
        return cli_usage_error(
            cli, "\"%s\" is not an address: it must begin with http:// or https://", copy);
    target->url = copy;
    target->token = token;
    cli->target = target;
    return CLI_EXIT_OK;
}
