/*
 * asl_check_variables.c - who may assign which variable: a branch or an iteration reads what the
 * machines around it assign, and may not assign the same names.
 *
 * Specification, "Variable Scope". The item processor of a distributed Map runs in executions of
 * its own: nothing of what is outside is seen there, and its names are its own.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* One name that a machine assigns. */
struct variables_row {
    const struct asl_machine *machine;
    const char *name;
};

struct variables_check {
    struct asl_parser *parser;
    struct variables_row *rows; /* sorted by machine, then by name */
    size_t count, capacity;
    const struct asl_state *state; /* whose references are looked at */
    const char *last_missing;
};

typedef void variables_visit_fn(struct variables_check *check, const struct asl_at *at,
                                const struct asl_machine *machine, const char *name);

static void variables_each_name(struct variables_check *check, const struct asl_at *at,
                                const struct asl_state *state, const struct asl_template *assign,
                                variables_visit_fn *visit)
{
    struct asl_at here = {.up = at, .name = "Assign"};

    for (size_t i = 0; i < asl_template_name_count(assign); i++)
        visit(check, &here, state->machine, asl_template_name(assign, i));
}

/* Every name that a state assigns: itself, in a catcher, in a rule. */
static void variables_each(struct variables_check *check, const struct asl_at *at,
                           const struct asl_state *state, variables_visit_fn *visit)
{
    struct asl_at list = {.up = at, .name = "Catch"};

    variables_each_name(check, at, state, state->assign, visit);
    for (size_t i = 0; i < state->catcher_count; i++)
        variables_each_name(check, &(struct asl_at){.up = &list, .index = i}, state,
                            state->catchers[i].assign, visit);
    list.name = "Choices";
    for (size_t i = 0; i < state->rule_count; i++)
        variables_each_name(check, &(struct asl_at){.up = &list, .index = i}, state,
                            state->rules[i].assign, visit);
}

static int variables_order(const void *a, const void *b)
{
    const struct variables_row *left = a, *right = b;

    if (left->machine != right->machine)
        return left->machine < right->machine ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void variables_collect(struct variables_check *check, const struct asl_at *at,
                              const struct asl_machine *machine, const char *name)
{
    (void)at;
    if (check->count == check->capacity) {
        size_t capacity = check->capacity ? 2 * check->capacity : 64;
        struct variables_row *rows =
            ARENA_ARRAY(check->parser->arena, struct variables_row, capacity);

        for (size_t i = 0; i < check->count; i++)
            rows[i] = check->rows[i];
        check->rows = rows;
        check->capacity = capacity;
    }
    check->rows[check->count++] = (struct variables_row){.machine = machine, .name = name};
}

static bool variables_assigned(const struct variables_check *check,
                               const struct asl_machine *machine, const char *name)
{
    struct variables_row key = {.machine = machine, .name = name};

    return check->count &&
           bsearch(&key, check->rows, check->count, sizeof(key), variables_order) != NULL;
}

/* The machine around this one, as far as variables are seen. */
static const struct asl_machine *variables_outer(const struct asl_machine *machine)
{
    const struct asl_state *parent = machine->parent;

    if (!parent || (parent->map && parent->map->is_distributed))
        return NULL;
    return parent->machine;
}

static void variables_check_scope(struct variables_check *check, const struct asl_at *at,
                                  const struct asl_machine *machine, const char *name)
{
    const struct asl_machine *outer = variables_outer(machine);

    while (outer && !variables_assigned(check, outer, name))
        outer = variables_outer(outer);
    if (outer)
        asl_problem(check->parser, &(struct asl_at){.up = at, .name = name}, "VARIABLE_SCOPE",
                    "the variable %s belongs to the states outside and cannot be assigned here",
                    asl_short(check->parser, name));
}

/* A state may be reached before any that assigns: that is seen at run time only. Here is seen what
 * nobody assigns at all. */
static void variables_check_reference(void *user, const char *name)
{
    struct variables_check *check = user;
    const struct asl_machine *machine = check->state->machine;

    if (!strcmp(name, "states") || (check->last_missing && !strcmp(check->last_missing, name)))
        return;
    while (machine && !variables_assigned(check, machine, name))
        machine = variables_outer(machine);
    if (machine)
        return;
    check->last_missing = name;
    asl_problem(check->parser, asl_state_at(check->parser, check->state), "VARIABLE_UNASSIGNED",
                "no state that this one could follow assigns the variable %s",
                asl_short(check->parser, name));
}

void asl_check_variables(struct asl_parser *parser, const struct asl_plan *plan)
{
    struct variables_check check = {.parser = parser};

    for (size_t i = 0; i < plan->state_count; i++)
        variables_each(&check, NULL, plan->by_name[i], variables_collect);
    if (check.count)
        qsort(check.rows, check.count, sizeof(check.rows[0]), variables_order);
    for (size_t i = 0; i < plan->state_count; i++) {
        const struct asl_state *state = plan->by_name[i];

        variables_each(&check, asl_state_at(parser, state), state, variables_check_scope);
        check.state = state;
        check.last_missing = NULL;
        if (!parser->single_state)
            asl_state_variables(state, variables_check_reference, &check);
    }
}
