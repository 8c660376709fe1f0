/*
 * route.h - which handler a method and a path lead to.
 */
#ifndef FERMATA_API_ROUTE_H
#define FERMATA_API_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct route;

#define ROUTE_PREFIX "/api/v3/orchestration"

/* The path is compared raw, whole, byte by byte; {id} matches one segment of name characters. */
const struct route *route_find(struct arena *arena, const char *method, const char *path,
                               const char **ret_id, bool *ret_path_known, const char **ret_allow);
/* THE ROUTE TABLE, for `fermata serve --routes` and the tests. */
const struct route *route_table(size_t *ret_count);
/* The whole path of a route: those for operators of machines stand at the root. */
const char *route_path(struct arena *arena, const struct route *route);

#endif
