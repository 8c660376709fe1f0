/*
 * cluster_hint.c - effects as texts between nodes: ["task", "acme", "charge-card", 0].
 */
#include "serve/cluster_hint.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"

/* A call is made by the node whose lane made it ready; what is scheduled, the schedule knows. */
static const struct {
    const char *name;
    enum effect_kind kind;
} cluster_hints[] = {
    {"task",     EFFECT_TASK_READY},
    {"halted",   EFFECT_HALTED    },
    {"ended",    EFFECT_ENDED     },
    {"call-off", EFFECT_CALL_OFF  },
};
enum { HINT_NAME, HINT_OPERATOR, HINT_QUEUE, HINT_NUMBER, HINT_MEMBERS };

const char *cluster_hint_text(struct arena *arena, const struct effect *effect)
{
    for (size_t i = 0; i < ARRAY_SIZE(cluster_hints); i++) {
        struct json *hint;

        if (cluster_hints[i].kind != effect->kind)
            continue;
        hint = json_array(arena);
        json_push(arena, hint, json_string(arena, cluster_hints[i].name));
        json_push(arena, hint, json_string(arena, effect->operator_name));
        json_push(arena, hint, json_string(arena, effect->name));
        json_push(arena, hint, json_int(arena, effect->number));
        return json_text(arena, hint);
    }
    return NULL;
}

/* A string, or null where none is needed. */
static bool cluster_hint_string(const struct json *json, const char **ret)
{
    *ret = json->kind == JSON_STRING ? json->string : NULL;
    return json->kind == JSON_STRING || json->kind == JSON_NULL;
}

bool cluster_hint_parse(struct arena *arena, const char *text, struct effect *ret)
{
    const struct json *hint;
    const char *name;
    struct fault fault;

    if (json_parse(arena, text, strlen(text), &hint, &fault) || hint->kind != JSON_ARRAY ||
        hint->count != HINT_MEMBERS || hint->items[HINT_NUMBER]->kind != JSON_INT)
        return false;
    *ret = (struct effect){.number = hint->items[HINT_NUMBER]->integer};
    if (!cluster_hint_string(hint->items[HINT_NAME], &name) || !name ||
        !cluster_hint_string(hint->items[HINT_OPERATOR], &ret->operator_name) ||
        !cluster_hint_string(hint->items[HINT_QUEUE], &ret->name))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(cluster_hints); i++) {
        if (strcmp(cluster_hints[i].name, name) != 0)
            continue;
        ret->kind = cluster_hints[i].kind;
        return ret->kind != EFFECT_TASK_READY || (ret->operator_name && ret->name);
    }
    return false;
}
