/*
 * demo_stage.h - what the demo stands on: a folder, a server and workers that are gone afterwards.
 *
 * Functions return false when something is not as promised; the reason has been said, or an
 * interrupt is why. Used by one thread.
 */
#ifndef FERMATA_CLI_DEMO_STAGE_H
#define FERMATA_CLI_DEMO_STAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/cli_priv.h"

#define DEMO_WORKERS_MAX 2
#define DEMO_WAIT_MS ((int64_t)20000) /* for anything that must happen */

struct demo {
    struct cli *cli;
    char self[PATH_MAX];   /* this program */
    char folder[PATH_MAX]; /* throw-away; "" when it is not there */
    char dir[PATH_MAX + 8];
    int port;
    pid_t server; /* 0: not running */
    pid_t workers[DEMO_WORKERS_MAX];
    int worker_count;
    int64_t started_us;
};

bool demo_stage_open(struct demo *demo);
void demo_stage_close(struct demo *demo); /* ends everything, removes the folder */

bool demo_server_start(struct demo *demo); /* also again, after demo_server_kill */
void demo_server_kill(struct demo *demo);  /* kill -9 */
/* args end with null: "--task", "charge", "--", "sh", ... */
bool demo_worker_start(struct demo *demo, const char *const *args);

/* Shows a command line and runs it; shows at most `lines` lines of what it says. */
bool demo_command(struct demo *demo, int lines, const char *const *args);
#define DEMO_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Asks the server; says what is wrong when it does not answer 2xx. */
bool demo_get(struct demo *demo, const char *path, const struct json **ret);
bool demo_post(struct demo *demo, const char *verb, const struct json *body,
               const struct json **ret);
bool demo_wait_status(struct demo *demo, const char *id, const char *status);

bool demo_pause(int64_t ms); /* false when interrupted */
bool demo_interrupted(void);
const _Atomic bool *demo_interrupt_flag(void);
/* "not as promised": says what, returns false. */
bool demo_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
