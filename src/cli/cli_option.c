/*
 * cli_option.c - flags: lists of struct cli_option, read by the C library's argp.
 *
 * A command says what its flags are, in a list; the same list makes the parser, the help, the
 * shell's completion and docs/cli.md, so that they cannot disagree.
 */
#include "cli/cli_priv.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys of argp options: a letter, or these plus the index in the list. */
#define CLI_OPTION_KEY 1000
#define CLI_OPTION_GLOBAL_KEY 2000

/* clang-format off */
const struct cli_option cli_global_options[] = {
    CLI_OPTION("dir", 'd', TEXT, offsetof(struct cli_globals, dir), "D",
               "the server's folder, with its address and a token (default: $FERMATA_DIR, ./fermata-data)"),
    CLI_OPTION("url", 'u', TEXT, offsetof(struct cli_globals, url), "URL",
               "the server's address (default: $FERMATA_URL, D/url); the token is $FERMATA_TOKEN, else D/token"),
    CLI_OPTION("output", 'o', TEXT, offsetof(struct cli_globals, output), "text|json",
               "for people, or the server's JSON for programs", .words = " text json "),
    CLI_OPTION("retry", 0, DURATION, offsetof(struct cli_globals, retry_ms), "TIME",
               "how long to repeat what is safe to repeat while the server is busy or away (default 30s)"),
    {0},
};
/* clang-format on */

static const struct cli_option cli_first_options[] = {
    CLI_OPTION("help", '?', FLAG, offsetof(struct cli_globals, help), NULL, "this list"),
    CLI_OPTION("version", 'V', FLAG, offsetof(struct cli_globals, version), NULL, "the version"),
    {0},
};

struct cli_option_input {
    const struct cli_option *own;
    void *own_into;
    const struct cli_command *command; /* null before the command */
    struct cli_globals *globals;
    struct cli *cli;
    int first_word;
};

bool cli_duration_parse(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        {"ms", 1       },
        {"s",  1000    },
        {"m",  60000   },
        {"h",  3600000 },
        {"d",  86400000}
    };
    char *end;
    long long number;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (strcmp(end, units[i].unit) != 0)
            continue;
        if (number > INT64_MAX / units[i].ms)
            return false;
        *ret_ms = number * units[i].ms;
        return true;
    }
    return false;
}

static bool cli_option_number(const struct cli_option *option, const char *text,
                              struct cli_number *ret)
{
    bool bounded = option->min || option->max;
    int64_t min = option->min, max = bounded ? option->max : INT64_MAX;
    char *end;

    if (option->kind == CLI_KIND_DURATION) {
        if (!cli_duration_parse(text, &ret->value))
            return false;
    } else {
        errno = 0;
        ret->value = strtoll(text, &end, 10);
        if (errno || end == text || *end || text[0] == ' ')
            return false;
    }
    ret->given = true;
    return ret->value >= min && ret->value <= max;
}

static bool cli_option_allowed(const struct cli_option *option, const char *text)
{
    size_t len = strlen(text);

    if (!option->words)
        return true;
    for (const char *at = option->words; len > 0; at++) {
        at = strstr(at, text);
        if (!at)
            return false;
        if (at > option->words && at[-1] == ' ' && at[len] == ' ')
            return true;
    }
    return false;
}

static void cli_option_wrong(const struct cli_option *option, const char *text,
                             struct argp_state *state)
{
    if (option->words)
        argp_error(state, "--%s must be one of:%s not \"%s\"", option->name, option->words, text);
    else if (option->kind == CLI_KIND_DURATION)
        argp_error(state, "--%s must be a time such as 500ms, 30s, 5m, 1h or 7d, not \"%s\"",
                   option->name, text);
    else if (option->max == INT64_MAX)
        argp_error(state, "--%s must be a number, %lld or more, not \"%s\"", option->name,
                   (long long)option->min, text);
    else if (option->max)
        argp_error(state, "--%s must be a number from %lld to %lld, not \"%s\"", option->name,
                   (long long)option->min, (long long)option->max, text);
    else
        argp_error(state, "--%s must be a number, 0 or more, not \"%s\"", option->name, text);
}

static void cli_option_store(const struct cli_option *option, void *into, char *text,
                             struct argp_state *state)
{
    struct cli_option_input *input = state->input;
    void *place = (char *)into + option->offset;
    struct cli_list *list = place;
    bool good = true;

    switch (option->kind) {
    case CLI_KIND_END:
        break;
    case CLI_KIND_FLAG:
        *(bool *)place = true;
        break;
    case CLI_KIND_TEXT:
        good = cli_option_allowed(option, text);
        *(const char **)place = text;
        break;
    case CLI_KIND_NUMBER:
    case CLI_KIND_DURATION:
        good = cli_option_number(option, text, place);
        break;
    case CLI_KIND_LIST:
        if (!list->items) /* there cannot be more than there are words */
            list->items = ARENA_ARRAY(input->cli->arena, const char *, (size_t)state->argc);
        list->items[list->count++] = text;
        break;
    }
    if (!good)
        cli_option_wrong(option, text, state);
}

static size_t cli_option_count(const struct cli_option *list)
{
    size_t count = 0;

    while (list && list[count].name)
        count++;
    return count;
}

static void cli_option_argument(struct cli_option_input *input, char *text,
                                struct argp_state *state)
{
    struct cli *cli = input->cli;

    if (!input->command) { /* the command's name: what stands behind it is not ours */
        input->first_word = state->next - 1;
        state->next = state->argc;
        return;
    }
    cli->args[cli->arg_count++] = text;
    if (!input->command->takes_program)
        return;
    while (state->next < state->argc)
        cli->args[cli->arg_count++] = state->argv[state->next++];
}

static void cli_option_end(struct cli_option_input *input, struct argp_state *state)
{
    const struct cli_command *command = input->command;

    if (!command)
        return;
    if (input->cli->arg_count < command->args_min)
        argp_error(state, "needs: %s", command->usage);
    if (input->cli->arg_count > command->args_max)
        argp_error(state, "does not know what to do with \"%s\"",
                   input->cli->args[command->args_max]);
}

static error_t cli_option_parse_one(int key, char *text, struct argp_state *state)
{
    struct cli_option_input *input = state->input;

    if (key == ARGP_KEY_ARG) {
        cli_option_argument(input, text, state);
        return 0;
    }
    if (key == ARGP_KEY_END) {
        cli_option_end(input, state);
        return 0;
    }
    for (size_t i = 0; i < cli_option_count(input->own); i++)
        if (key == (input->own[i].letter ? input->own[i].letter : CLI_OPTION_KEY + (int)i)) {
            cli_option_store(&input->own[i], input->own_into, text, state);
            return 0;
        }
    for (size_t i = 0; i < cli_option_count(cli_global_options); i++) {
        const struct cli_option *option = &cli_global_options[i];

        if (key == (option->letter ? option->letter : CLI_OPTION_GLOBAL_KEY + (int)i)) {
            cli_option_store(option, input->globals, text, state);
            return 0;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

/* Leaves out argp's remark on short and long options: our help shows both. */
static char *cli_option_help_filter(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)(uintptr_t)text;
}

static size_t cli_option_fill(struct argp_option *into, const struct cli_option *list, int base,
                              int group)
{
    size_t count = cli_option_count(list);

    for (size_t i = 0; i < count; i++)
        into[i] = (struct argp_option){
            .name = list[i].name,
            .key = list[i].letter ? list[i].letter : base + (int)i,
            .arg = list[i].kind == CLI_KIND_FLAG ? NULL : list[i].value,
            .doc = list[i].help,
            .group = group,
        };
    return count;
}

/* The argp form of a command's flags and of those that all take; heap, for the length of the
 * process. */
static struct argp_option *cli_option_argp(const struct cli_option *own)
{
    size_t total = cli_option_count(own) + cli_option_count(cli_global_options) + 2;
    struct argp_option *list = xalloc(sizeof(*list) * total);
    size_t count = cli_option_fill(list, own, CLI_OPTION_KEY, 1);

    list[count++] =
        (struct argp_option){.doc = "Where the server is, and how to answer:", .group = 2};
    cli_option_fill(list + count, cli_global_options, CLI_OPTION_GLOBAL_KEY, 2);
    return list;
}

int cli_option_globals(int argc, char **argv, struct cli_globals *globals)
{
    struct argp_option *options = cli_option_argp(cli_first_options);
    struct argp argp = {.options = options, .parser = cli_option_parse_one};
    struct cli_option_input input = {
        .own = cli_first_options, .own_into = globals, .globals = globals, .first_word = argc};
    char name[] = "fermata";
    char *was = argv[0];

    argp_err_exit_status = CLI_EXIT_USAGE;
    argv[0] = name;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, &input);
    argv[0] = was;
    free(options);
    return input.first_word;
}

/* Summary, and behind the flags what else there is to know; argp wants them with a vertical tab
 * between. */
static char *cli_option_doc(struct arena *arena, const struct cli_command *command)
{
    char *doc = arena_printf(arena, "%s.\v%s", command->summary, command->doc ? command->doc : "");

    if (doc[0] >= 'a' && doc[0] <= 'z')
        doc[0] = (char)(doc[0] - 'a' + 'A');
    return doc;
}

void cli_option_parse(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *command = cli->command;
    struct argp_option *options = cli_option_argp(command->options->list);
    struct argp argp = {.options = options,
                        .parser = cli_option_parse_one,
                        .args_doc = command->usage,
                        .doc = cli_option_doc(cli->arena, command),
                        .help_filter = cli_option_help_filter};
    struct cli_option_input input = {
        .own = command->options->list, .command = command, .globals = &cli->globals, .cli = cli};

    cli->options = arena_alloc(cli->arena, command->options->bytes + 1);
    cli->args = ARENA_ARRAY(cli->arena, const char *, (size_t)argc + 1);
    input.own_into = cli->options;
    argp_parse(&argp, argc, argv, command->takes_program ? ARGP_IN_ORDER : 0, NULL, &input);
    free(options);
}

void cli_option_help(const struct cli_command *command, FILE *file)
{
    struct arena *arena = arena_new();
    struct argp_option *options = cli_option_argp(command->options->list);
    struct argp argp = {.options = options,
                        .parser = cli_option_parse_one,
                        .args_doc = command->usage,
                        .doc = cli_option_doc(arena, command),
                        .help_filter = cli_option_help_filter};
    char *name = arena_printf(arena, "fermata %s", command->name);

    argp_help(&argp, file, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK, name);
    free(options);
    arena_free(arena);
}
