/*
 * folder.h - the server's folder: its lock, its keys, the token and the address that the command
 * line finds.
 */
#ifndef FERMATA_SERVE_FOLDER_H
#define FERMATA_SERVE_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct arena;

struct folder {
    const char *dir, *store_path, *keys_dir, *functions_path; /* in the arena given */
    int lock_fd;
};

/* Makes the folder (0700) when there is none and takes its lock: one server per folder. A refusal
 * has been logged. */
enum err folder_open(struct arena *arena, const char *dir, struct folder *ret) MUST_CHECK;
void folder_close(struct folder *folder);
/* DIR/token: a token of operator `default` for people on this machine; renewed when it would end
 * soon. */
enum err folder_token(struct arena *arena, const struct folder *folder, int64_t now_ms) MUST_CHECK;
/* DIR/aws-credentials: an access key of the folder's own operator, as AWS's clients read them. */
enum err folder_credentials(struct arena *arena, const struct folder *folder, const char *id,
                            const char *secret, const char *region) MUST_CHECK;
/* DIR/url: where the server listens. */
/* A UUID that stays with the folder: the secret of its node's number in a cluster. */
enum err folder_node(struct arena *arena, const struct folder *folder, const char **ret) MUST_CHECK;
enum err folder_url(struct arena *arena, const struct folder *folder, const char *url) MUST_CHECK;

#endif
