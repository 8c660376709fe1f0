/*
 * kept.c - answers kept under their Idempotency-Key.
 */
#include "engine/kept.h"

#include <string.h>

enum err kept_find(struct engine *engine, struct arena *arena, const struct request_key *key,
                   struct request_row *ret)
{
    enum err err = requests_find(engine->store, arena, key, ret);

    if (err)
        return err;
    return strcmp(ret->body_hash, key->body_hash) == 0 ? ERR_OK : ERR_IDEMPOTENCY_KEY_REUSED;
}

enum err kept_keep(struct engine *engine, const struct request_key *key, struct request_row *row)
{
    row->created_at = clock_now_ms(engine->env->clock);
    return requests_insert(engine->store, key, row);
}
