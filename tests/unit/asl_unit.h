/*
 * asl_unit.h - what the tests of the language share: JSON in readable quotes, and plans made from
 * it.
 *
 * In these texts ' stands for a double and ` for a single quotation mark.
 */
#ifndef FERMATA_TESTS_ASL_UNIT_H
#define FERMATA_TESTS_ASL_UNIT_H

#include <string.h>

#include "asl/asl.h"
#include "asl/asl_path.h"
#include "base/arena.h"
#include "base/json.h"
#include "unit.h"

static inline int asl_set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static inline int asl_tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static inline char *requote(struct arena *arena, const char *text)
{
    char *copy = arena_string(arena, text);

    for (char *c = copy; *c; c++) {
        if (*c == '\'')
            *c = '"';
        else if (*c == '`')
            *c = '\'';
    }
    return copy;
}

static inline const struct json *json_of(struct arena *arena, const char *text)
{
    const struct json *value = NULL;
    const char *quoted = requote(arena, text);

    if (json_parse(arena, quoted, strlen(quoted), &value, NULL) != ERR_OK)
        fail_msg("not JSON: %s", quoted);
    return value;
}

/* A plan of one state A and of what follows it; `state` is the inside of its object. */
static inline const struct json *definition_of(struct arena *arena, const char *state)
{
    return json_of(arena, arena_printf(arena,
                                       "{'StartAt':'A','States':{'A':{%s},'B':{'Type':'Pass',"
                                       "'End':true}}}",
                                       state));
}

static inline const struct asl_plan *plan_of(struct arena *arena, const struct json *definition)
{
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};

    if (asl_parse(arena, definition, &plan, &problems) != ERR_OK)
        fail_msg("%s: %s %s\n%s", problems.list[0].pointer, problems.list[0].rule,
                 problems.list[0].message, json_text(arena, definition));
    return plan;
}

/* State A of a plan; the state has to lead to B or to end (then B is not there). */
static inline const struct asl_state *state_of(struct arena *arena, const char *state)
{
    const char *only = arena_printf(arena, "{'StartAt':'A','States':{'A':{%s}}}", state);
    bool leads = strstr(state, "'B'") != NULL;

    return asl_find(plan_of(arena, leads ? definition_of(arena, state) : json_of(arena, only)),
                    "A");
}

/* Where an evaluation stands; the texts may be null. */
static inline struct asl_scope *scope_of(struct arena *arena, const char *context,
                                         const char *variables)
{
    struct asl_scope *scope = ARENA_NEW(arena, struct asl_scope);

    asl_scope_init(scope, arena, context ? json_of(arena, context) : NULL,
                   variables ? json_of(arena, variables) : NULL);
    return scope;
}

/* A parse that has to fail, or just to warn: its problems. */
static inline struct asl_problems problems_of(struct arena *arena, const struct json *definition)
{
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};
    enum err err = asl_parse(arena, definition, &plan, &problems);

    assert_int_equal(err != ERR_OK, problems.errors > 0);
    assert_int_equal(plan != NULL, problems.errors == 0);
    return problems;
}

/* The problem of that rule, or null. */
static inline const struct asl_problem *problem_of(const struct asl_problems *problems,
                                                   const char *rule)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (!strcmp(problems->list[i].rule, rule))
            return &problems->list[i];
    }
    return NULL;
}

/* The problem of that rule, which must be there. */
static inline const struct asl_problem *problem_wanted(const struct asl_problems *problems,
                                                       const char *rule)
{
    static const struct asl_problem none;
    const struct asl_problem *problem = problem_of(problems, rule);

    if (!problem)
        fail_msg("no problem %s", rule);
    return problem ? problem : &none;
}

#define assert_json(arena, value, text)                                                            \
    assert_string_equal(json_text((arena), (value)), requote((arena), (text)))

#endif
