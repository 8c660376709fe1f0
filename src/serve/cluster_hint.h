/*
 * cluster_hint.h - effects as texts between nodes.
 */
#ifndef FERMATA_SERVE_CLUSTER_HINT_H
#define FERMATA_SERVE_CLUSTER_HINT_H

#include "engine/engine.h"

/* Null: this kind concerns no other node. */
const char *cluster_hint_text(struct arena *arena, const struct effect *effect);
/* What another node said; false: it is none of ours. Its texts live in the arena. */
bool cluster_hint_parse(struct arena *arena, const char *text, struct effect *ret);

#endif
