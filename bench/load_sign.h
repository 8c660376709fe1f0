/*
 * load_sign.h - a whole request of the Step Functions API, signed, as it goes over the wire.
 */
#ifndef FERMATA_BENCH_LOAD_SIGN_H
#define FERMATA_BENCH_LOAD_SIGN_H

#include <stdint.h>

struct arena;

struct load_key {
    const char *access_key_id, *secret, *region;
};

/* Signed now; a server takes it for five minutes. The text lives in the arena. */
const char *load_sign(struct arena *arena, const struct load_key *key, uint16_t port,
                      const char *action, const char *body);

#endif
