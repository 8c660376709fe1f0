/*
 * asl_parse.c - from a definition to a plan: reads it, checks the whole, and finds states by name.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

#define PARSE_PLACE_BYTES 65536

static int parse_order(const void *a, const void *b)
{
    const struct asl_state *left = *(const struct asl_state *const *)a;
    const struct asl_state *right = *(const struct asl_state *const *)b;
    int order = strcmp(left->name, right->name);

    if (order)
        return order;
    return left->machine < right->machine ? -1 : left->machine > right->machine;
}

static enum err parse_finish(struct asl_parser *parser, struct asl_plan *plan,
                             const struct asl_plan **ret_plan, struct asl_problems *ret_problems)
{
    plan->by_name = parser->states;
    plan->state_count = parser->state_count;
    if (plan->state_count)
        qsort(plan->by_name, plan->state_count, sizeof(plan->by_name[0]), parse_order);
    asl_check_names(parser, plan);
    asl_check_labels(parser, plan);
    asl_check_graph(parser, plan);
    asl_check_variables(parser, plan);
    *ret_problems = parser->problems;
    if (parser->problems.errors)
        return ERR_INVALID_REQUEST;
    *ret_plan = plan;
    return ERR_OK;
}

enum err asl_parse(struct arena *arena, const struct json *definition,
                   const struct asl_plan **ret_plan, struct asl_problems *ret_problems)
{
    struct asl_parser parser = {.arena = arena};
    struct asl_plan *plan = ARENA_NEW(arena, struct asl_plan);
    struct asl_at root = {.up = NULL};

    plan->top = asl_read_machine(&parser, &root, definition, NULL, 0);
    return parse_finish(&parser, plan, ret_plan, ret_problems);
}

enum err asl_parse_state(struct arena *arena, const char *name, const struct json *definition,
                         const struct asl_plan **ret_plan, struct asl_problems *ret_problems)
{
    struct asl_parser parser = {.arena = arena, .single_state = true};
    struct asl_plan *plan = ARENA_NEW(arena, struct asl_plan);
    struct asl_machine *machine = ARENA_NEW(arena, struct asl_machine);
    /* The root, for there is no place above the state; yet it bears the name. */
    struct asl_at root = {.up = NULL, .name = name};

    plan->top = machine;
    machine->start_at = name;
    machine->states = ARENA_ARRAY(arena, const struct asl_state *, 1);
    machine->states[0] = asl_read_state(&parser, &root, definition, machine);
    machine->state_count = 1;
    asl_remember_state(&parser, machine->states[0]);
    return parse_finish(&parser, plan, ret_plan, ret_problems);
}

const struct asl_state *asl_find(const struct asl_plan *plan, const char *name)
{
    size_t low = 0, high = plan->state_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(plan->by_name[middle]->name, name);

        if (!order)
            return plan->by_name[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void parse_print_name(struct buf *buf, const char *name)
{
    for (; *name; name++) {
        if (*name == '~')
            buf_text(buf, "~0");
        else if (*name == '/')
            buf_text(buf, "~1");
        else
            buf_char(buf, *name);
    }
}

const char *asl_place(struct arena *arena, const struct asl_state *state)
{
    const struct asl_machine *machines[LIMIT_PLAN_DEPTH + 1];
    const struct asl_machine *machine = state->machine;
    size_t count = 0;
    struct buf buf;

    for (; machine->parent; machine = machine->parent->machine) {
        CHECK(count < ARRAY_SIZE(machines));
        machines[count++] = machine;
    }
    if (!count)
        return "";
    buf_init(&buf, arena, PARSE_PLACE_BYTES);
    while (count-- > 0) {
        buf_char(&buf, '/');
        parse_print_name(&buf, machines[count]->parent->name);
        buf_char(&buf, '/');
        buf_int(&buf, (int64_t)machines[count]->branch_index);
    }
    return buf.data;
}
