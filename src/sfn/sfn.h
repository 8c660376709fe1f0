/*
 * sfn.h - the AWS Step Functions wire API (JSON 1.0: POST / with X-Amz-Target) over the same engine
 * verbs and the same records as our own API.
 *
 * sfn.c holds THE ACTION TABLE; sfn_gate.c is what every request passes: form, target, signature,
 * scope, shape. Who calls is decided by SigV4 with one of the configured access keys.
 */
#ifndef FERMATA_SFN_SFN_H
#define FERMATA_SFN_SFN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct arena;
struct clock;
struct effect;
struct lane;
struct lanes;
struct net_request;
struct sfn;
struct sfn_keys;

struct sfn_config {
    const char *store_name; /* for read-only connections */
    struct clock *clock;
    struct lanes *lanes;
    struct lanes *express; /* of EXPRESS executions, in memory */
    struct sfn_keys *keys;
    const char *region; /* of the ARNs we make: "us-east-1" */
};

struct sfn *sfn_new(const struct sfn_config *config);
/* Answers every parked request that it is over, and refuses new ones; before net_stop. */
void sfn_drain(struct sfn *sfn);
void sfn_free(struct sfn *sfn); /* after the lanes' end; null is allowed */

/* POST / is ours; net hands it here. */
void sfn_on_request(struct sfn *sfn, struct net_request *request);
void sfn_on_effect(struct sfn *sfn, const struct effect *effect);
/* News of other nodes may have been missed: whoever waits looks for himself. */
void sfn_on_cut(struct sfn *sfn);
void sfn_on_express_effect(struct sfn *sfn, const struct effect *effect); /* of the express lane */

/*
 * Access keys: the file keys_dir/aws.json, an array of {"access_key_id", "secret_access_key",
 * "operator_name", "portal_id", "subject", "scope", "account_id"}, the first three required. Read
 * again when the file changes; without it there are no keys.
 */
/* Makes the file (mode 0600) when there is none, with one random key for operator `default`. */
enum err sfn_keys_local(const char *keys_dir, bool *ret_made) MUST_CHECK;
enum err sfn_keys_open(const char *keys_dir, struct sfn_keys **ret) MUST_CHECK;
enum err sfn_keys_refresh(struct sfn_keys *keys); /* by the housekeeping thread */
void sfn_keys_close(struct sfn_keys *keys);       /* null is allowed */
/* The first key of the file, for the credentials file beside the store; ERR_NOT_FOUND: none. */
enum err sfn_keys_first(const char *keys_dir, struct arena *arena, const char **ret_id,
                        const char **ret_secret) MUST_CHECK;

#endif
