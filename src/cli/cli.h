/*
 * cli.h - the command line: a client of the HTTP API like any other.
 *
 * `fermata <command> ...`. The table of commands is in cli.c; one file a command, cmd_*.c. This
 * room may use token (to make tokens offline), asl (to check plans offline) and base, nothing of
 * the server.
 */
#ifndef FERMATA_CLI_CLI_H
#define FERMATA_CLI_CLI_H

/* What the process ends with. One list: `fermata help exit-codes` and docs/cli.md print it. */
/* clang-format off */
#define CLI_EXIT_LIST(X)                                                                           \
    X(OK,            0, "done")                                                                    \
    X(REFUSED,       1, "refused: its state does not allow it (HTTP 409, 412, 422), or a plan is not valid") \
    X(USAGE,         2, "wrong usage, or a request that is not valid (HTTP 400 and its like)")      \
    X(UNREACHABLE,   3, "the server was not reached, is busy or failed (HTTP 5xx, 408, 429)")       \
    X(NOT_FOUND,     4, "there is no such thing (HTTP 404)")                                        \
    X(NOT_ALLOWED,   5, "no valid token, or the token does not allow it (HTTP 401, 403)")           \
    X(RESIDUE,       6, "verify found something that outlived the halt")                           \
    X(DECLINED,      7, "halt asked, and the answer was no")                                        \
    X(NOT_SUCCEEDED, 8, "run --wait, watch: the execution ended, but not in SUCCESS")               \
    X(NOT_QUIET,     9, "halt --wait quiescent: halted, but a worker may still be busy with it")    \
    X(INTERRUPTED, 130, "interrupted (Ctrl-C)")
/* clang-format on */

#define CLI_EXIT_ENUM(name, code, text) CLI_EXIT_##name = (code),
enum cli_exit { CLI_EXIT_LIST(CLI_EXIT_ENUM) };
#undef CLI_EXIT_ENUM

/* Runs one command line and gives the exit code. `serve` runs the server; its argv[0] is "fermata
 * serve". */
int cli_main(int argc, char **argv, int (*serve)(int argc, char **argv));

#endif
