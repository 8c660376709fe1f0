/*
 * cmd_completion.c - completions for bash, made from the command table.
 */
#include "cli/cli_priv.h"

#include <string.h>

const struct cli_options cmd_completion_options = {.list = NULL, .bytes = 0};

static void cmd_completion_flags(const struct cli_option *list)
{
    for (; list && list->name; list++)
        printf(" --%s", list->name);
}

/* The first words, each once. */
static void cmd_completion_words(void)
{
    const char *last = "";

    for (const struct cli_command *command = cli_commands; command->name; command++) {
        size_t len = strcspn(command->name, " ");

        if (strncmp(last, command->name, len) == 0 && (last[len] == ' ' || last[len] == '\0'))
            continue;
        last = command->name;
        printf(" %.*s", (int)len, command->name);
    }
}

static void cmd_completion_second_words(void)
{
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');

        if (space)
            printf("        %.*s) words+=\" %s\" ;;&\n", (int)(space - command->name),
                   command->name, space + 1);
    }
}

static void cmd_completion_cases(void)
{
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        printf("        '%s') flags=\"", command->name);
        cmd_completion_flags(command->options->list);
        if (command->server)
            printf(" --listen");
        printf("\" ;;\n");
    }
}

int cmd_completion(struct cli *cli)
{
    if (strcmp(cli->args[0], "bash") != 0)
        return cli_usage_error(cli, "there are completions for bash only, not for \"%s\"",
                               cli->args[0]);
    puts("# completions for fermata; load with: source <(fermata completion bash)");
    puts("_fermata() {");
    puts("    local word=${COMP_WORDS[COMP_CWORD]} first= second= flags= words= i");
    puts("    for ((i = 1; i < COMP_CWORD; i++)); do");
    puts("        case ${COMP_WORDS[i]} in");
    puts("        --dir|--url|--output|--retry|-d|-u|-o) ((i++)) ;;");
    puts("        -*) ;;");
    puts("        *) if [[ -z $first ]]; then first=${COMP_WORDS[i]};");
    puts("           elif [[ -z $second ]]; then second=${COMP_WORDS[i]}; fi ;;");
    puts("        esac");
    puts("    done");
    puts("    case \"$first\" in");
    printf("        '') words=\"");
    cmd_completion_words();
    puts("\" ;;&");
    cmd_completion_second_words();
    puts("    esac");
    puts("    [[ -n $second ]] && words=");
    puts("    for i in \"$first $second\" \"$first\"; do");
    puts("        case \"$i\" in");
    cmd_completion_cases();
    puts("        esac");
    puts("        [[ -n $flags ]] && break");
    puts("    done");
    printf("    flags+=\"");
    cmd_completion_flags(cli_global_options);
    puts(" --help\"");
    puts("    if [[ $word == -* ]]; then words=$flags; fi");
    puts("    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))");
    puts("    [[ ${#COMPREPLY[@]} -eq 0 && $word != -* ]] && COMPREPLY=($(compgen -f -- "
         "\"$word\"))");
    puts("}");
    puts("complete -F _fermata fermata");
    return CLI_EXIT_OK;
}
