/*
 * engine.c - what all verbs share: the environment, the effects, the evidence of late comers.
 */
#include "engine/engine_priv.h"

#include "base/limits.h"
#include "engine/arn.h"
#include "engine/plan_cache.h"
#include "store/evidences.h"

static double env_random01(struct env *env)
{
    uint64_t bits;

    env->random_bytes(&bits, sizeof(bits));
    return (double)(bits >> 11) * 0x1.0p-53;
}

void env_init(struct env *env, struct clock *clock)
{
    *env = (struct env){
        .clock = clock,
        .random01 = env_random01,
        .random_bytes = id_random,
        .lease_ms = LIMIT_LEASE_MS,
        .tree_depth_max = LIMIT_TREE_DEPTH,
        .tree_executions_max = LIMIT_TREE_EXECUTIONS,
        .events_max = LIMIT_EVENTS,
        .region = ARN_REGION_DEFAULT,
    };
}

void engine_init(struct engine *engine, struct store *store, struct env *env,
                 struct plan_cache *plans)
{
    *engine = (struct engine){.store = store, .env = env, .plans = plans};
    engine->effects_end = &engine->effects;
}

void engine_begin(struct engine *engine, struct arena *arena)
{
    if (engine->store->has_new_plans)
        plan_cache_clear(engine->plans);
    engine->store->has_new_plans = false;
    plan_cache_trim(engine->plans);
    engine->arena = arena;
    engine->effects = NULL;
    engine->effects_end = &engine->effects;
    engine->late.is_set = false;
}

struct effect **engine_effects_mark(struct engine *engine)
{
    return engine->effects_end;
}

void engine_effects_drop(struct engine *engine, struct effect **mark)
{
    *mark = NULL;
    engine->effects_end = mark;
}

/* Copies its texts: an effect comes after the answers, when the callers' memory is gone. */
struct effect *effect_add(struct engine *engine, enum effect_kind kind, const char *operator_name,
                          const char *name, int64_t number)
{
    struct arena *arena = engine->arena;
    struct effect *effect = ARENA_NEW(arena, struct effect);

    *effect = (struct effect){
        .kind = kind,
        .operator_name = arena_string(arena, operator_name),
        .name = arena_string(arena, name),
        .number = number,
    };
    *engine->effects_end = effect;
    engine->effects_end = &effect->next;
    return effect;
}

int64_t engine_now(struct engine *engine)
{
    return clock_now_ms(engine->env->clock);
}

enum err engine_refusal(struct engine *engine)
{
    int64_t now_ms = engine_now(engine);
    enum err err;

    if (!engine->late.is_set)
        return ERR_OK;
    engine->late.is_set = false;
    err = evidence_add(engine->store, &engine->late.reservation, engine->late.kind,
                       engine->late.subject, engine->late.body, now_ms);
    if (err || !engine->late.is_quiet)
        return err;
    effect_add(engine, EFFECT_HALTED, NULL, NULL, engine->late.reservation.halt_id);
    return evidence_quiet(engine->store, &engine->late.reservation, now_ms);
}

enum err engine_was_taken(const struct engine *engine)
{
    return sql_is_shared(engine->store->sql) ? ERR_STORAGE_BUSY : ERR_OK;
}

const char *engine_uuid(struct engine *engine)
{
    uint8_t random[16];
    char text[UUID_TEXT_BYTES];

    engine->env->random_bytes(random, sizeof(random));
    uuid_text(random, text);
    return arena_string(engine->arena, text);
}
