/*
 * route_list.h - prints THE ROUTE TABLE: "METHOD PATH SCOPE", a line a route.
 */
#ifndef FERMATA_API_ROUTE_LIST_H
#define FERMATA_API_ROUTE_LIST_H

struct arena;

void route_list_print(struct arena *arena);

#endif
