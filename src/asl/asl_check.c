/*
 * asl_check.c - what can be seen only of the whole plan: where states lead, what is never reached,
 * what never ends, and names that stand twice.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

/* Calls `visit` for every state that `state` leads to, with the place of the field below `at`. */
typedef void check_visit_fn(void *data, const struct asl_at *at, const char *target,
                            const char *rule);

struct check_walk {
    struct asl_parser *parser;
    const struct asl_plan *plan;
    const struct asl_machine *machine;
    size_t *todo; /* positions in plan->by_name that were reached and not yet left */
    size_t todo_count;
    bool *reached; /* by position in plan->by_name */
};

/* Order of by_name: names, and for equal names (a mistake) the machines. */
static int check_order(const struct asl_state *state, const char *name,
                       const struct asl_machine *machine)
{
    int order = strcmp(state->name, name);

    if (order)
        return order;
    return state->machine < machine ? -1 : state->machine > machine;
}

static bool check_position(const struct asl_plan *plan, const struct asl_machine *machine,
                           const char *name, size_t *ret)
{
    size_t low = 0, high = plan->state_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = check_order(plan->by_name[middle], name, machine);

        if (!order) {
            *ret = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static const struct asl_at check_root = {.up = NULL};

/* The two call each other as deep as Parallel and Map states stand in one another. */
static const struct asl_at *check_machine_at(const struct asl_parser *parser,
                                             const struct asl_machine *machine)
{
    const struct asl_state *parent = machine->parent;
    struct asl_at *field, *branch;

    if (!parent)
        return &check_root;
    field = ARENA_NEW(parser->arena, struct asl_at);
    field->up = asl_state_at(parser, parent);
    if (parent->type != ASL_PARALLEL) {
        field->name = json_get(parent->definition, "Iterator") ? "Iterator" : "ItemProcessor";
        return field;
    }
    field->name = "Branches";
    branch = ARENA_NEW(parser->arena, struct asl_at);
    branch->up = field;
    branch->index = machine->branch_index;
    return branch;
}

const struct asl_at *asl_state_at(const struct asl_parser *parser, const struct asl_state *state)
{
    struct asl_at *states, *at;

    if (parser->single_state && !state->machine->parent)
        return &check_root;
    states = ARENA_NEW(parser->arena, struct asl_at);
    states->up = check_machine_at(parser, state->machine);
    states->name = "States";
    at = ARENA_NEW(parser->arena, struct asl_at);
    at->up = states;
    at->name = state->name;
    return at;
}

static void check_targets(const struct asl_at *at, const struct asl_state *state,
                          check_visit_fn *visit, void *data)
{
    struct asl_at list = {.up = at, .name = "Choices"};

    if (state->next)
        visit(data, &(struct asl_at){.up = at, .name = "Next"}, state->next, "NEXT_UNKNOWN");
    if (state->default_next)
        visit(data, &(struct asl_at){.up = at, .name = "Default"}, state->default_next,
              "DEFAULT_UNKNOWN");
    for (size_t i = 0; i < state->rule_count; i++) {
        struct asl_at item = {.up = &list, .index = i};

        if (state->rules[i].next)
            visit(data, &(struct asl_at){.up = &item, .name = "Next"}, state->rules[i].next,
                  "NEXT_UNKNOWN");
    }
    list.name = "Catch";
    for (size_t i = 0; i < state->catcher_count; i++) {
        struct asl_at item = {.up = &list, .index = i};

        if (state->catchers[i].next)
            visit(data, &(struct asl_at){.up = &item, .name = "Next"}, state->catchers[i].next,
                  "NEXT_UNKNOWN");
    }
}

static void check_target(void *data, const struct asl_at *at, const char *target, const char *rule)
{
    struct check_walk *walk = data;
    size_t position;

    if (check_position(walk->plan, walk->machine, target, &position))
        return;
    asl_problem(walk->parser, at, rule, "there is no state \"%s\" beside this one",
                asl_short(walk->parser, target));
    asl_wording(walk->parser, at, "Missing 'Next' target: %s", asl_short(walk->parser, target));
}

static void check_reach(void *data, const struct asl_at *at, const char *target, const char *rule)
{
    struct check_walk *walk = data;
    size_t position;

    (void)at, (void)rule;
    if (!check_position(walk->plan, walk->machine, target, &position) || walk->reached[position])
        return;
    walk->reached[position] = true;
    walk->todo[walk->todo_count++] = position;
}

/* From StartAt on: what is never reached. */
static void check_reachable(struct check_walk *walk)
{
    const struct asl_machine *machine = walk->machine;

    check_reach(walk, NULL, machine->start_at, NULL);
    while (walk->todo_count > 0) {
        const struct asl_state *state = walk->plan->by_name[walk->todo[--walk->todo_count]];

        check_targets(&check_root, state, check_reach, walk);
    }
    for (size_t i = 0; i < machine->state_count; i++) {
        const struct asl_state *state = machine->states[i];
        const struct asl_at *at;
        size_t position;

        if (!check_position(walk->plan, machine, state->name, &position) || walk->reached[position])
            continue;
        at = asl_state_at(walk->parser, state);
        asl_problem(walk->parser, at, "STATE_UNREACHABLE", "no way leads here from StartAt");
        asl_wording(walk->parser, at, "State \"%s\" is not reachable.",
                    asl_short(walk->parser, state->name));
    }
}

/* Whether a machine has any state that ends it. A machine inside may loop until it fails; the plan
 * itself may not. Then who is reachable matters no more. */
static bool check_end(struct check_walk *walk, const struct asl_at *at)
{
    const struct asl_machine *machine = walk->machine;

    for (size_t i = 0; i < machine->state_count; i++) {
        if (!machine->states[i]->next && machine->states[i]->type != ASL_CHOICE)
            return true;
    }
    asl_problem(walk->parser, &(struct asl_at){.up = at, .name = "States"},
                machine->parent ? "NO_TERMINAL_STATE_INSIDE" : "NO_TERMINAL_STATE",
                "expected a Succeed, a Fail or a state with End");
    asl_wording(walk->parser, NULL, "Workflow has no terminal state");
    return machine->parent != NULL;
}

static void check_one_machine(struct check_walk *walk)
{
    const struct asl_machine *machine = walk->machine;
    const struct asl_at *at = check_machine_at(walk->parser, machine);

    if (!machine->start_at || !machine->state_count)
        return;
    check_target(walk, &(struct asl_at){.up = at, .name = "StartAt"}, machine->start_at,
                 "START_AT_UNKNOWN");
    for (size_t i = 0; i < machine->state_count; i++)
        check_targets(asl_state_at(walk->parser, machine->states[i]), machine->states[i],
                      check_target, walk);
    if (!walk->parser->graph_broken && check_end(walk, at))
        check_reachable(walk);
}

static void check_machines(struct check_walk *walk, const struct asl_machine *machine)
{
    walk->machine = machine;
    if (machine->parent || !walk->parser->single_state)
        check_one_machine(walk);
    for (size_t i = 0; i < machine->state_count; i++) {
        const struct asl_state *state = machine->states[i];

        for (size_t n = 0; n < state->branch_count; n++)
            check_machines(walk, state->branches[n]);
        if (state->map && state->map->processor)
            check_machines(walk, state->map->processor);
    }
}

void asl_check_graph(struct asl_parser *parser, const struct asl_plan *plan)
{
    struct check_walk walk = {.parser = parser, .plan = plan};

    walk.todo = ARENA_ARRAY(parser->arena, size_t, plan->state_count + 1);
    walk.reached = ARENA_ARRAY(parser->arena, bool, plan->state_count + 1);
    check_machines(&walk, plan->top);
}

void asl_check_names(struct asl_parser *parser, const struct asl_plan *plan)
{
    for (size_t i = 1; i < plan->state_count; i++) {
        const struct asl_state *state = plan->by_name[i];

        if (strcmp(plan->by_name[i - 1]->name, state->name) != 0)
            continue;
        asl_problem(parser, asl_state_at(parser, state), "STATE_NAME_DUPLICATE",
                    "names are unique in a plan, nested states included; this one stands twice");
    }
}

static int check_label_order(const void *a, const void *b)
{
    const struct asl_state *left = *(const struct asl_state *const *)a;
    const struct asl_state *right = *(const struct asl_state *const *)b;
    int order = strcmp(left->map->label, right->map->label);

    return order ? order : strcmp(left->name, right->name);
}

void asl_check_labels(struct asl_parser *parser, const struct asl_plan *plan)
{
    const struct asl_state **labelled =
        ARENA_ARRAY(parser->arena, const struct asl_state *, plan->state_count);
    size_t count = 0;

    for (size_t i = 0; i < plan->state_count; i++) {
        if (plan->by_name[i]->map && plan->by_name[i]->map->label)
            labelled[count++] = plan->by_name[i];
    }
    if (count)
        qsort(labelled, count, sizeof(labelled[0]), check_label_order);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(labelled[i - 1]->map->label, labelled[i]->map->label) != 0)
            continue;
        asl_problem(parser,
                    &(struct asl_at){.up = asl_state_at(parser, labelled[i]), .name = "Label"},
                    "LABEL_DUPLICATE", "labels are unique in a plan; this one stands twice");
    }
}
