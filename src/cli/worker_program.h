/*
 * worker_program.h - one run of a program: JSON in, text out, in a process group of its own.
 *
 * Straight-line use: program_start, then program_step until it says that the program has ended,
 * program_signal in between if it must stop, then program_close. While it is not closed its process
 * id cannot be given to another process (it is reaped only there), so a signal never hits a
 * stranger. A program dies with the thread that started it. Used by one thread.
 */
#ifndef FERMATA_CLI_WORKER_PROGRAM_H
#define FERMATA_CLI_WORKER_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

struct arena;
struct program;

struct program_config {
    char *const *argv;        /* looked up in PATH */
    char *const *environment; /* the whole of it */
    const char *input;        /* what it reads; borrowed until the end */
    size_t input_len;
    size_t output_bytes_max;
};

struct program_result {
    bool exited;        /* else a signal ended it */
    int code;           /* exit status, or signal */
    const char *output; /* standard output */
    size_t output_len;
    bool output_too_large;
    const char *errors; /* the end of standard error, valid UTF-8 */
};

/* Null when it could not be started; then *ret_error is the errno. Texts live in `arena`. */
struct program *program_start(struct arena *arena, const struct program_config *config,
                              int *ret_error) MUST_CHECK;
/* Moves data until the program has ended (true) or until_us of clock_monotonic_us is past (false).
 */
bool program_step(struct program *program, int64_t until_us) MUST_CHECK;
void program_signal(struct program *program, int signal); /* to its whole process group */
/* Kills what the program left running in its group, and reaps it. Call once, after program_step
 * said true. */
void program_close(struct program *program, struct program_result *ret);

#endif
