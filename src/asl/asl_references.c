/*
 * asl_references.c - which variables a state reads.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static void references_expression(const struct asl_expression *expression, asl_see_fn *see,
                                  void *user)
{
    if (expression)
        asl_expression_variables(expression, see, user);
}

static void references_template(const struct asl_template *template, asl_see_fn *see, void *user)
{
    if (template)
        asl_template_variables(template, see, user);
}

static void references_map(const struct asl_map *map, asl_see_fn *see, void *user)
{
    references_expression(map->items_path, see, user);
    references_template(map->item_selector, see, user);
    references_expression(map->max_concurrency.path, see, user);
    references_expression(map->tolerated_count.path, see, user);
    references_expression(map->tolerated_percentage.path, see, user);
    references_expression(map->batch_items.path, see, user);
    references_expression(map->batch_bytes.path, see, user);
    references_template(map->batch_input, see, user);
    references_expression(map->max_items.path, see, user);
    references_template(map->reader_parameters, see, user);
    references_template(map->writer_parameters, see, user);
}

void asl_state_variables(const struct asl_state *state, asl_see_fn *see, void *user)
{
    const struct asl_expression *expressions[] = {
        state->input_path,   state->output_path,    state->seconds_path, state->timestamp_path,
        state->timeout_path, state->heartbeat_path, state->error_path,   state->cause_path,
    };

    for (size_t i = 0; i < ARRAY_SIZE(expressions); i++)
        references_expression(expressions[i], see, user);
    references_template(state->parameters, see, user);
    references_template(state->result_selector, see, user);
    references_template(state->assign, see, user);
    references_template(state->credentials, see, user);
    for (size_t i = 0; i < state->rule_count; i++)
        asl_rule_variables(&state->rules[i], see, user);
    for (size_t i = 0; i < state->catcher_count; i++)
        references_template(state->catchers[i].assign, see, user);
    if (state->map)
        references_map(state->map, see, user);
}

struct references_list {
    struct arena *arena;
    const char **names;
    size_t count, capacity;
};

static void references_see(void *user, const char *name)
{
    struct references_list *list = user;

    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        const char **names = ARENA_ARRAY(list->arena, const char *, capacity);

        for (size_t i = 0; i < list->count; i++)
            names[i] = list->names[i];
        list->names = names;
        list->capacity = capacity;
    }
    list->names[list->count++] = name;
}

static int references_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const struct json *asl_variable_references(struct arena *arena, const struct asl_plan *plan)
{
    struct json *all = json_object(arena);

    for (size_t i = 0; i < plan->state_count; i++) {
        struct references_list list = {.arena = arena};
        struct json *names = json_array(arena);

        asl_state_variables(plan->by_name[i], references_see, &list);
        if (!list.count)
            continue;
        qsort(list.names, list.count, sizeof(list.names[0]), references_order);
        for (size_t n = 0; n < list.count; n++) {
            if (!n || strcmp(list.names[n - 1], list.names[n]) != 0)
                json_push(arena, names, json_string(arena, list.names[n]));
        }
        json_add(arena, all, plan->by_name[i]->name, names);
    }
    return all;
}
