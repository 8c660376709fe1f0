/*
 * cli_priv.h - what the files of this room share; included from src/cli only.
 *
 * One `struct cli` is one command line. All texts and values live in its arena unless said
 * otherwise. A command is a function `int cmd_NAME(struct cli *cli)` that returns an exit code of
 * cli.h; it has said what is wrong, on standard error, before it returns another code than
 * CLI_EXIT_OK.
 */
#ifndef FERMATA_CLI_CLI_PRIV_H
#define FERMATA_CLI_CLI_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "cli/cli.h"

#define CLI_ANSWER_BYTES_MAX                                                                       \
    ((size_t)64 << 20) /* of one answer of the server, or of one file read */

/* ---- options: cli_option.c ---- */

enum cli_kind {
    CLI_KIND_END,
    CLI_KIND_FLAG,     /* bool */
    CLI_KIND_TEXT,     /* const char * */
    CLI_KIND_NUMBER,   /* struct cli_number */
    CLI_KIND_DURATION, /* struct cli_number, ms: 500ms 30s 5m 1h 7d */
    CLI_KIND_LIST,     /* struct cli_list: may be given more than once */
};

struct cli_number {
    bool given;
    int64_t value;
};

struct cli_list {
    const char **items;
    size_t count;
};

/* One option; a list of them ends with a row of zeros. `offset` is where its value goes in the
 * struct. */
struct cli_option {
    const char *name;
    char letter; /* 0: none */
    enum cli_kind kind;
    size_t offset;
    const char *value; /* what stands for the value in the help */
    const char *help;
    int64_t min, max;  /* of a number or duration; both 0: any that is not negative */
    const char *words; /* " stopped quiescent ": the only ones allowed; null: any */
};

/* A row of such a list; behind the help may stand `.min = 1, .max = 9` or `.words = ...`. */
#define CLI_OPTION(name_, letter_, kind_, place, value_, ...)                                      \
    {                                                                                              \
        .name = name_, .letter = letter_, .kind = CLI_KIND_##kind_, .offset = place,               \
        .value = value_, .help = __VA_ARGS__                                                       \
    }

struct cli_options {
    const struct cli_option *list;
    size_t bytes; /* size of the struct the offsets speak of */
};
extern const struct cli_options cli_no_options;

enum cli_output { CLI_OUTPUT_TEXT, CLI_OUTPUT_JSON };

/* The flags that every command takes, before it or after it. */
struct cli_globals {
    const char *url, *dir, *output;
    struct cli_number retry_ms;
    bool help, version;
};
extern const struct cli_option cli_global_options[];

enum cli_group {
    CLI_GROUP_SERVER,
    CLI_GROUP_PLANS,
    CLI_GROUP_RUN,
    CLI_GROUP_LOOK,
    CLI_GROUP_STOP,
    CLI_GROUP_ANSWER,
    CLI_GROUP_OTHER,
};
const char *cli_group_title(enum cli_group group);

struct cli;

struct cli_command {
    const char *name; /* one word or two */
    enum cli_group group;
    const char *summary; /* one line, no full stop */
    const char *usage;   /* its arguments: "ID" */
    const char *doc;     /* what else there is to know; may be null */
    const struct cli_options *options;
    size_t args_min, args_max;
    bool takes_program; /* the first argument ends the options: the rest is a program and its own */
    bool server;        /* runs in another room: see cli_main */
    int (*run)(struct cli *cli);
};
extern const struct cli_command
    cli_commands[]; /* THE COMMAND TABLE, cli.c; ends with a row without a name */

struct cli {
    struct arena *arena;
    const struct cli_command *command;
    struct cli_globals globals;
    void *options; /* the command's struct */
    const char **args;
    size_t arg_count;
    bool json;   /* -o json */
    bool colour; /* standard output is a terminal that wants it */
    bool utf8;
    struct cli_target *target; /* null until cli_find_target */
    struct cli_client *client; /* null until the first call */
    const char *subject;       /* the id the command is about, for advice; may be null */
};

/* Reads the flags that stand before the command; returns the index of the first word, or argc. */
int cli_option_globals(int argc, char **argv, struct cli_globals *globals);
/* Reads what stands behind the command (argv[0] is its name) into cli; ends the process on wrong
 * usage. */
void cli_option_parse(struct cli *cli, int argc, char **argv);
void cli_option_help(const struct cli_command *command, FILE *file);
/* "30s" to ms; false when it is not a duration. */
bool cli_duration_parse(const char *text, int64_t *ret_ms);

/* ---- the server: cli_target.c, cli_client.c, cli_problem.c ---- */

struct cli_target {
    const char *url;   /* without a slash at its end */
    const char *token; /* may be null */
    const char *dir;   /* the folder that was looked at, for advice */
    bool dir_exists;
};
/* Fills cli->target from flags, environment and the folder. */
int cli_find_target(struct cli *cli);

struct cli_request {
    const char *method; /* "GET" or "POST" */
    const char *path;   /* behind /api/v3/orchestration/ */
    const struct json *body;
    const char *idempotency_key; /* may be null */
    int64_t answer_ms;           /* how long the answer may take; 0: 30 seconds */
    bool repeatable;             /* the same request twice is as good as once */
};

struct cli_answer {
    int status; /* 0: no answer came */
    const char *text;
    size_t len;
    const struct json *body; /* null when it is not JSON */
    const char *lost;        /* why no answer came */
    bool maybe_sent;         /* the server may have seen the request all the same */
    int64_t retry_after_ms;  /* 0: not said */
};

struct cli_client;
/* A client is used by one thread. `stop` (may be null) is looked at while waiting; true gives up.
 */
struct cli_client *cli_client_new(const struct cli_target *target, const _Atomic bool *stop);
void cli_client_free(struct cli_client *client);
/* One attempt; the answer lives in `arena`. */
void cli_client_try(struct cli_client *client, struct arena *arena,
                    const struct cli_request *request, struct cli_answer *ret);
/* Repeats a repeatable request while the server is away or busy, for at most retry_ms. */
void cli_client_send(struct cli_client *client, struct arena *arena,
                     const struct cli_request *request, int64_t retry_ms, struct cli_answer *ret);
bool cli_answer_ok(const struct cli_answer *answer);
const char *cli_answer_code(const struct cli_answer *answer); /* "" when there is none */

/* Sends; on anything but 2xx says so on standard error and returns the exit code for it. */
int cli_call(struct cli *cli, const struct cli_request *request, struct cli_answer *ret);
int cli_get(struct cli *cli, const char *path, struct cli_answer *ret);
int cli_post(struct cli *cli, const char *verb, const struct json *body, struct cli_answer *ret);
/* The same without saying anything: for commands that know what to do about an error. */
int cli_call_quietly(struct cli *cli, const struct cli_request *request, struct cli_answer *ret);
int cli_problem(struct cli *cli,
                const struct cli_answer *answer); /* says it, returns the exit code */
int cli_problem_exit(const struct cli_answer *answer);
/* "fermata: ..." on standard error; returns CLI_EXIT_USAGE, so that it can be returned. */
int cli_usage_error(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
void cli_say(const char *format, ...) PRINTF_LIKE(1, 2); /* a line on standard error */
/* A line on standard error: what to do next. */
void cli_advise(const char *format, ...) PRINTF_LIKE(1, 2);

/* ---- lists: cli_pages.c ---- */

struct cli_pages {
    const char *path;   /* "executions/x/history" */
    const char *member; /* "events": where the items stand */
    const char *query;  /* "status=...&", may be null */
    int64_t limit;      /* of items altogether; 0: the server's page */
    bool all;           /* until there is no next page */
};
/* Fetches into one array. *ret_more says that the server has more; *ret_cursor may be null. */
int cli_pages_get(struct cli *cli, const struct cli_pages *pages, struct json **ret_items,
                  const char **ret_cursor);
void cli_query_add(struct buf *buf, const char *name,
                   const char *value); /* nothing for a null value */
const char *cli_path(struct arena *arena, const char *before, const char *id, const char *after);

/* ---- values: cli_value.c ---- */

/* JSON from a flag: the text itself, @FILE, or - for standard input. */
int cli_value_json(struct cli *cli, const char *name, const char *text, const struct json **ret);
/* A whole file, - for standard input. */
int cli_value_file(struct cli *cli, const char *path, const char **ret_text, size_t *ret_len);
/* An existing file's first line without its end, or null. */
const char *cli_value_line(struct arena *arena, const char *path);
const char *cli_value_random(struct arena *arena); /* 32 characters nobody can guess */
const char *cli_value_count(struct arena *arena, int64_t count); /* 1111 -> "1,111" */
const char *cli_value_plural(struct arena *arena, int64_t count,
                             const char *noun); /* "1,111 locks" */
const char *cli_value_time(struct arena *arena,
                           const struct json *ms);          /* RFC 3339, "-" when absent */
const char *cli_value_age(struct arena *arena, int64_t ms); /* "3m 12s" */
const char *cli_value_text(struct arena *arena,
                           const struct json *value); /* strings bare, else JSON */
const char *cli_value_member(struct arena *arena, const struct json *object, const char *name);
/* Same text with control characters made visible, so that nobody's data can steer a terminal. */
const char *cli_value_clean(struct arena *arena, const char *text);
const char *cli_value_clean_n(struct arena *arena, const char *text, size_t len);
int64_t cli_value_now_ms(void);
bool cli_status_is_final(const char *status);

/* ---- what people see: cli_table.c ---- */

enum cli_style {
    CLI_STYLE_PLAIN,
    CLI_STYLE_BOLD,
    CLI_STYLE_DIM,
    CLI_STYLE_GOOD,
    CLI_STYLE_BAD,
    CLI_STYLE_WAIT,
    CLI_STYLE_STOPPED
};
enum cli_style cli_style_of_status(const char *status);
const char *cli_style_on(const struct cli *cli, enum cli_style style); /* "" without colour */
const char *cli_style_off(const struct cli *cli);

struct cli_table;
/* Headers end with null; one that begins with '>' is a column of numbers, set to the right. */
struct cli_table *cli_table_new(struct cli *cli, const char *const *headers);
void cli_table_add(struct cli_table *table, const char *text); /* the next cell; null gives "-" */
void cli_table_add_styled(struct cli_table *table, const char *text, enum cli_style style);
void cli_table_print(struct cli_table *table, FILE *file);
size_t cli_text_width(const char *text); /* columns on a terminal */
void cli_print_field(const struct cli *cli, const char *name,
                     const char *value);                /* "name   value" */
void cli_print_json(const struct json *value);          /* a line for programs */
void cli_print_answer(const struct cli_answer *answer); /* the server's own bytes */
void cli_print_json_field(struct cli *cli, const char *name, const struct json *value);

/* ---- help: cli_help.c ---- */

void cli_help_overview(FILE *file);
int cli_help_topic(struct cli *cli, const char *topic); /* exit-codes, environment; or a command */
const struct cli_command *cli_find_command(int argc, char **argv, int *ret_words);

/* ---- shared by several commands ---- */

/* The receipt of a halt in words: cmd_receipt.c. */
void cmd_receipt_print(struct cli *cli, const struct json *receipt, FILE *file);
const char *cmd_receipt_actor(struct arena *arena, const struct json *actor);
/* Waits until an execution is final; fills *ret with its last answer: cmd_run.c. */
int cmd_run_wait(struct cli *cli, const char *id, bool held_is_end, struct cli_answer *ret);
int cmd_run_exit(const struct json *execution); /* the exit code that its status stands for */
/* The tree as a drawing: cmd_tree.c. */
void cmd_tree_draw(struct cli *cli, const struct json *nodes, FILE *file);
void cmd_show_print(struct cli *cli, const struct json *execution);
/* output, or error and cause, into the body of a request: cmd_callback.c. */
struct cmd_result_options {
    const char *output, *error, *cause;
};
int cmd_result_add(struct cli *cli, const struct cmd_result_options *options, struct json *body);

/* ---- the commands ---- */

#define CLI_COMMAND(name)                                                                          \
    int cmd_##name(struct cli *cli);                                                               \
    extern const struct cli_options cmd_##name##_options

CLI_COMMAND(plan_put);
CLI_COMMAND(plan_get);
CLI_COMMAND(plan_list);
CLI_COMMAND(plan_validate);
CLI_COMMAND(run);
CLI_COMMAND(ps);
CLI_COMMAND(show);
CLI_COMMAND(tree);
CLI_COMMAND(history);
CLI_COMMAND(reservations);
CLI_COMMAND(watch);
CLI_COMMAND(halt);
CLI_COMMAND(receipt);
CLI_COMMAND(verify);
CLI_COMMAND(pause);
CLI_COMMAND(restart);
CLI_COMMAND(callback);
CLI_COMMAND(human);
CLI_COMMAND(human_complete);
CLI_COMMAND(locks);
CLI_COMMAND(worker);
CLI_COMMAND(token);
CLI_COMMAND(aws);
CLI_COMMAND(demo);
CLI_COMMAND(limits);
CLI_COMMAND(help);
CLI_COMMAND(completion);

#endif
