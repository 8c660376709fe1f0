/*
 * api.h - Fermata's own HTTP API over the engine's verbs and the store's reads.
 *
 * POST /api/v3/orchestration/<verb> changes things, on a lane; GET resources read, on read-only
 * connections in the net threads. api.c holds THE ROUTE TABLE; gate.c is what every request passes.
 */
#ifndef FERMATA_API_API_H
#define FERMATA_API_API_H

#include "base/err.h"

struct api;
struct clock;
struct lanes;
struct net_request;
struct token_keys;
struct effect;

struct api_config {
    const char *store_name; /* for read-only connections */
    struct clock *clock;
    struct token_keys *keys;
    struct lanes *lanes;
};

struct api *api_new(const struct api_config *config);
/* /readyz says so from now on: everything round the server stands, too. */
void api_ready(struct api *api);
/* Answers every parked request that it is over (503), and refuses new ones; before net_stop. */
void api_drain(struct api *api);
void api_free(struct api *api); /* null is allowed */

/* The three functions that net calls (net.h). */
void api_on_request(void *user, struct net_request *request);
size_t api_body_bytes_max(void *user, const char *method, const char *path);
const char *api_error_body(void *user, struct arena *arena, const struct fault *fault,
                           const char **ret_content_type, size_t *ret_len);
/* News of other nodes may have been missed: whoever waits looks for himself. */
void api_on_cut(struct api *api);
/* The function that the lane calls. */
void api_on_effect(void *user, const struct effect *effect);

#endif
