/*
 * route_list.c - prints THE ROUTE TABLE.
 */
#include "api/route_list.h"

#include <stdio.h>

#include "api/api_priv.h"
#include "api/route.h"

void route_list_print(struct arena *arena)
{
    size_t count;
    const struct route *routes = route_table(&count);

    for (size_t i = 0; i < count; i++)
        printf("%s %s %s\n", routes[i].method, route_path(arena, &routes[i]),
               routes[i].scope ? scope_text(arena, routes[i].scope) : "-");
}
