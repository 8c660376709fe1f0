/*
 * asl_machine.c - reads a machine: the top level of a definition, or a branch of a Parallel.
 *
 * Specification, "Top-level fields". A machine has its fields in the table below; states stand in
 * asl_state.c.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <string.h>

static const struct machine_field {
    const char *name;
    unsigned kinds;
    bool top_only;
    bool required;
} machine_fields[] = {
    {"StartAt",        ASL_KIND(JSON_STRING), false, true },
    {"States",         ASL_KIND(JSON_OBJECT), false, true },
    {"Comment",        ASL_KIND(JSON_STRING), false, false},
    {"Version",        ASL_KIND(JSON_STRING), true,  false},
    {"TimeoutSeconds", ASL_KIND_NUMBER,       true,  false},
    {"QueryLanguage",  ASL_KIND(JSON_STRING), true,  false},
};

static const struct machine_field *machine_field(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(machine_fields); i++) {
        if (!strcmp(name, machine_fields[i].name))
            return &machine_fields[i];
    }
    return NULL;
}

/* Unicode characters: every byte but those that continue one. */
static size_t machine_chars(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void machine_remember(struct asl_parser *parser, const struct asl_state *state)
{
    if (parser->state_count == parser->state_capacity) {
        size_t capacity = parser->state_capacity ? 2 * parser->state_capacity : 64;
        const struct asl_state **states =
            ARENA_ARRAY(parser->arena, const struct asl_state *, capacity);

        for (size_t i = 0; i < parser->state_count; i++)
            states[i] = parser->states[i];
        parser->states = states;
        parser->state_capacity = capacity;
    }
    parser->states[parser->state_count++] = state;
}

static void machine_read_states(struct asl_parser *parser, const struct asl_at *at,
                                const struct json *value, struct asl_machine *machine)
{
    if (!value->count)
        asl_problem(parser, at, "STATES_EMPTY", "expected at least one state");
    machine->states = ARENA_ARRAY(parser->arena, const struct asl_state *, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        struct asl_at here = {.up = at, .name = member->name};
        struct asl_state *state;

        if (parser->state_count == LIMIT_STATES) {
            if (!parser->too_many_states)
                asl_problem(parser, at, "TOO_MANY_STATES", "a plan has at most %d states",
                            LIMIT_STATES);
            parser->too_many_states = true;
            parser->graph_broken = true;
            return;
        }
        if (!*member->name || machine_chars(member->name) > LIMIT_STATE_NAME_CHARS)
            asl_problem(parser, &here, "STATE_NAME", "a state's name has 1 to %d characters",
                        LIMIT_STATE_NAME_CHARS);
        state = asl_read_state(parser, &here, member->value, machine);
        machine->states[machine->state_count++] = state;
        machine_remember(parser, state);
    }
}

static void machine_read_language(struct asl_parser *parser, const struct asl_at *at,
                                  const char *language)
{
    if (!strcmp(language, "JSONata"))
        asl_problem(parser, at, "NOT_SUPPORTED_YET", "QueryLanguage JSONata is not supported yet");
    else if (strcmp(language, "JSONPath") != 0)
        asl_problem(parser, at, "FIELD_VALUE", "expected JSONPath");
}

static void machine_read_field(struct asl_parser *parser, const struct asl_at *at,
                               const struct json *value, struct asl_machine *machine)
{
    if (!strcmp(at->name, "StartAt")) {
        machine->start_at = value->string;
    } else if (!strcmp(at->name, "Comment")) {
        machine->comment = value->string;
    } else if (!strcmp(at->name, "Version")) {
        if (strcmp(value->string, "1.0") != 0)
            asl_problem(parser, at, "FIELD_VALUE", "expected \"1.0\"");
    } else if (!strcmp(at->name, "TimeoutSeconds")) {
        if (asl_whole_number(parser, at, value, 1, ASL_SECONDS_MAX))
            machine->timeout_ms = value->integer * 1000;
    } else if (!strcmp(at->name, "QueryLanguage")) {
        machine_read_language(parser, at, value->string);
    } else {
        machine_read_states(parser, at, value, machine);
    }
}

struct asl_machine *asl_read_machine(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, const struct asl_state *parent,
                                     size_t branch_index)
{
    struct asl_machine *machine = ARENA_NEW(parser->arena, struct asl_machine);

    machine->parent = parent;
    machine->branch_index = branch_index;
    machine->depth = parent ? parent->machine->depth + 1 : 0;
    if (machine->depth > LIMIT_PLAN_DEPTH) {
        asl_problem(parser, at, "TOO_DEEP", "Parallel states stand at most %d deep in one another",
                    LIMIT_PLAN_DEPTH);
        return machine;
    }
    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT)))
        return machine;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        const struct machine_field *field = machine_field(member->name);
        struct asl_at here = {.up = at, .name = member->name};

        if (!field || (field->top_only && parent))
            asl_problem(parser, &here, "FIELD_UNKNOWN", "%s",
                        parent ? "a branch has StartAt, States and Comment"
                               : "a plan has StartAt, States, Comment, Version, TimeoutSeconds and "
                                 "QueryLanguage");
        else if (asl_kind_is(parser, &here, member->value, field->kinds))
            machine_read_field(parser, &here, member->value, machine);
    }
    for (size_t i = 0; i < ARRAY_SIZE(machine_fields); i++) {
        if (machine_fields[i].required && !json_get(value, machine_fields[i].name))
            asl_problem(parser, at, "FIELD_REQUIRED", "the field %s is required",
                        machine_fields[i].name);
    }
    return machine;
}
