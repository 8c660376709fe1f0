/*
 * task_token.c - one-time tokens of tasks and callbacks.
 *
 * A token is base64url of where its reservation lies (root, execution, reservation: 24 bytes) and
 * 32 random bytes. Only the SHA-256 of the random part is stored. The place is a hint for the
 * look-up and proves nothing: whoever does not know the secret gets the same answer as for a token
 * that never was.
 */
#include "engine/engine_priv.h"

#include <string.h>

enum { TASK_TOKEN_PLACE = 24, TASK_TOKEN_SECRET = 32 };
_Static_assert((TASK_TOKEN_PLACE + TASK_TOKEN_SECRET) * 4 / 3 + 2 < TASK_TOKEN_BYTES, "fits");

static void task_token_put(uint8_t *bytes, int64_t value)
{
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)(value & 0xff);
        value >>= 8;
    }
}

static int64_t task_token_take(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return (int64_t)(value & INT64_MAX);
}

void task_token_make(struct engine *engine, const struct reservation *r,
                     char text[TASK_TOKEN_BYTES], uint8_t ret_hash[SHA256_BYTES])
{
    uint8_t bytes[TASK_TOKEN_PLACE + TASK_TOKEN_SECRET];

    task_token_put(bytes, r->root_id);
    task_token_put(bytes + 8, r->execution_id);
    task_token_put(bytes + 16, r->reservation_id);
    engine->env->random_bytes(bytes + TASK_TOKEN_PLACE, TASK_TOKEN_SECRET);
    sha256(bytes + TASK_TOKEN_PLACE, TASK_TOKEN_SECRET, ret_hash);
    base64url_text(bytes, sizeof(bytes), text, TASK_TOKEN_BYTES);
}

bool task_token_parse(const char *text, struct reservation *ret_key, uint8_t ret_hash[SHA256_BYTES])
{
    uint8_t bytes[TASK_TOKEN_PLACE + TASK_TOKEN_SECRET];
    size_t len;

    if (!base64url_parse(text, strlen(text), bytes, sizeof(bytes), &len) || len != sizeof(bytes))
        return false;
    ret_key->root_id = task_token_take(bytes);
    ret_key->execution_id = task_token_take(bytes + 8);
    ret_key->reservation_id = task_token_take(bytes + 16);
    sha256(bytes + TASK_TOKEN_PLACE, TASK_TOKEN_SECRET, ret_hash);
    return true;
}

int64_t task_token_root(const char *token)
{
    struct reservation key;
    uint8_t hash[SHA256_BYTES];

    return task_token_parse(token, &key, hash) ? key.root_id : 0;
}
