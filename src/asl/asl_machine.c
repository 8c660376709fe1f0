/*
 * asl_machine.c - reads a machine: the top level of a definition, a branch of a Parallel, or the
 * item processor of a Map.
 *
 * Specification, "Top-level fields". A machine has its fields in the table below; states stand in
 * asl_state.c.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <string.h>

#define MACHINE_TOP 1u
#define MACHINE_BRANCH 2u
#define MACHINE_PROCESSOR 4u
#define MACHINE_ANY (MACHINE_TOP | MACHINE_BRANCH | MACHINE_PROCESSOR)

static const struct machine_field {
    const char *name;
    unsigned kinds;
    unsigned places; /* where it may stand */
} machine_fields[] = {
    {"StartAt",         ASL_KIND(JSON_STRING), MACHINE_ANY      },
    {"States",          ASL_KIND(JSON_OBJECT), MACHINE_ANY      },
    {"Comment",         ASL_KIND(JSON_STRING), MACHINE_ANY      },
    {"QueryLanguage",   ASL_KIND(JSON_STRING), MACHINE_TOP      },
    {"Version",         ASL_KIND(JSON_STRING), MACHINE_TOP      },
    {"TimeoutSeconds",  ASL_KIND_NUMBER,       MACHINE_TOP      },
    {"ProcessorConfig", ASL_KIND(JSON_OBJECT), MACHINE_PROCESSOR}, /* read in asl_map.c */
};

static const char *const machine_required[] = {"StartAt", "States", NULL};
static const char *const machine_languages[] = {"JSONPath", "JSONata", NULL};
static const char *const machine_versions[] = {"1.0", NULL};

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

void asl_remember_state(struct asl_parser *parser, const struct asl_state *state)
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
        asl_remember_state(parser, state);
    }
}

bool asl_read_language(struct asl_parser *parser, const struct asl_at *at, const struct json *value)
{
    if (!asl_one_of(parser, at, value, machine_languages))
        return true;
    if (strcmp(value->string, "JSONata") != 0)
        return false;
    asl_problem(parser, at, "NOT_SUPPORTED_YET", "JSONata is not supported yet");
    return true;
}

static void machine_read_field(struct asl_parser *parser, const struct asl_at *at,
                               const struct json *value, struct asl_machine *machine)
{
    if (!strcmp(at->name, "StartAt")) {
        machine->start_at = value->string;
    } else if (!strcmp(at->name, "Comment")) {
        machine->comment = value->string;
    } else if (!strcmp(at->name, "Version")) {
        asl_one_of(parser, at, value, machine_versions);
    } else if (!strcmp(at->name, "TimeoutSeconds")) {
        if (asl_whole_number(parser, at, value, 1, ASL_SECONDS_MAX))
            machine->timeout_ms = value->integer * 1000;
    } else if (!strcmp(at->name, "States")) {
        machine_read_states(parser, at, value, machine);
    }
}

static void machine_unknown_field(struct asl_parser *parser, const struct asl_at *at,
                                  unsigned place)
{
    const char *owner = place == MACHINE_TOP      ? "a plan"
                        : place == MACHINE_BRANCH ? "a branch"
                                                  : "an item processor";
    struct buf buf;

    buf_init(&buf, parser->arena, 1024);
    for (size_t i = 0; i < ARRAY_SIZE(machine_fields); i++) {
        if (machine_fields[i].places & place)
            buf_printf(&buf, "%s%s", buf.len ? ", " : "", machine_fields[i].name);
    }
    asl_unknown_field(parser, at, owner, buf.data);
}

/* The language comes first, wherever it stands: it decides how states are read. */
static void machine_read_top(struct asl_parser *parser, const struct asl_at *at,
                             const struct json *value)
{
    const struct json *language = json_get(value, "QueryLanguage");

    if (language)
        parser->top_is_jsonata = asl_read_language(
            parser, &(struct asl_at){.up = at, .name = "QueryLanguage"}, language);
}

struct asl_machine *asl_read_machine(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, const struct asl_state *parent,
                                     size_t branch_index)
{
    struct asl_machine *machine = ARENA_NEW(parser->arena, struct asl_machine);
    unsigned place = !parent                        ? MACHINE_TOP
                     : parent->type == ASL_PARALLEL ? MACHINE_BRANCH
                                                    : MACHINE_PROCESSOR;

    machine->parent = parent;
    machine->branch_index = branch_index;
    machine->depth = parent ? parent->machine->depth + 1 : 0;
    if (machine->depth > LIMIT_PLAN_DEPTH) {
        asl_problem(parser, at, "TOO_DEEP",
                    "Parallel and Map states stand at most %d deep in one another",
                    LIMIT_PLAN_DEPTH);
        return machine;
    }
    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT)))
        return machine;
    if (place == MACHINE_TOP)
        machine_read_top(parser, at, value);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        const struct machine_field *field = machine_field(member->name);
        struct asl_at here = {.up = at, .name = member->name};

        if (!field || !(field->places & place))
            machine_unknown_field(parser, &here, place);
        else if (asl_kind_is(parser, &here, member->value, field->kinds))
            machine_read_field(parser, &here, member->value, machine);
    }
    asl_require(parser, at, value, machine_required);
    return machine;
}
