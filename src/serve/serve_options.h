/*
 * serve_options.h - the settings of `fermata serve`: flags, environment and file.
 */
#ifndef FERMATA_SERVE_SERVE_OPTIONS_H
#define FERMATA_SERVE_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

enum { ALLOWED_ADDRESSES_MAX = 64 };

struct serve_options {
    const char *dir;
    const char *host;
    uint16_t port;
    const char *region; /* of the ARNs that the Step Functions API makes */
    const char *keys_dir, *jwks_url, *issuer, *audience; /* null: the folder's own keys */
    int64_t lease_ms, tree_depth_max, tree_executions_max, events_max;
    int64_t threads, drain_ms;
    const char *store;                          /* null: the folder's file */
    const char *schedule;                       /* null: the store's own due index */
    const char *advertise;                      /* null: what it listens on */
    int64_t lanes;                              /* 0: as the store needs */
    const char *functions_path;                 /* null: the folder's own, if there is one */
    const char *allowed[ALLOWED_ADDRESSES_MAX]; /* for calls, beside the public addresses */
    size_t allowed_count;
    bool plain_http; /* beyond loopback without TLS, said loudly */
    const char *config_path;
    bool print_routes, print_settings; /* and exit */
};

/* Exits with 2 and a message on wrong arguments, 0 after --help. The texts lie in the arena. */
void serve_options_read(struct arena *arena, int argc, char **argv, struct serve_options *ret);

#endif
