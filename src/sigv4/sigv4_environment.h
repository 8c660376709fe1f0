/*
 * sigv4_environment.h - what the clients of AWS must find in their environment to come to us.
 */
#ifndef FERMATA_SIGV4_SIGV4_ENVIRONMENT_H
#define FERMATA_SIGV4_SIGV4_ENVIRONMENT_H

struct arena;

struct sigv4_client {
    const char *access_key_id, *secret_access_key;
    const char *region, *url;
};

struct sigv4_variable {
    const char *name, *value;
};

#define SIGV4_ENVIRONMENT_COUNT 5
void sigv4_environment(const struct sigv4_client *client,
                       struct sigv4_variable ret[SIGV4_ENVIRONMENT_COUNT]);
/* The same as lines for a shell: export NAME=value */
const char *sigv4_environment_lines(struct arena *arena, const struct sigv4_client *client);

#endif
