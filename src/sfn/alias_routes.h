/*
 * alias_routes.h - where an alias leads: one or two versions of a machine, with weights.
 */
#ifndef FERMATA_SFN_ALIAS_ROUTES_H
#define FERMATA_SFN_ALIAS_ROUTES_H

#include "sfn/sfn_priv.h"

#define ALIAS_ROUTES_MAX 2

/* What a routingConfiguration says. */
struct alias_routes {
    const char *plan_id;
    const char *routes; /* JSON, as it is stored: [[number, weight], ...] */
    int64_t numbers[ALIAS_ROUTES_MAX];
    size_t count;
};

/* Checks the list as far as the request goes: versions of one machine, weights that sum to 100. */
enum err alias_routes_read(struct sfn_call *call, const struct json *list,
                           struct alias_routes *ret);
/* The machine is there and not being deleted, and its versions are there; else a refusal. */
enum err alias_routes_find(struct sfn_call *call, struct store *store,
                           const struct alias_routes *routes);
/* "[arn, arn]", for refusals. */
const char *alias_routes_arns(struct sfn_call *call, const struct json *list);

/* Of stored routes: */
bool alias_routes_to(struct arena *arena, const char *text, int64_t number);
const struct json *alias_routes_json(struct sfn_call *call, const char *plan_id, const char *text);

#endif
