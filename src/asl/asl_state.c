/*
 * asl_state.c - reads a state: THE TABLE of fields, which types have them, and what they hold.
 *
 * Specification, "States" and the table in "State Types". A new type or field is a row here.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <string.h>

/* Types as bits. A type that is not known yet still has the fields that lead on, for the graph's
 * sake. */
#define PASS (1u << ASL_PASS)
#define WAIT (1u << ASL_WAIT)
#define TASK (1u << ASL_TASK)
#define CHOICE (1u << ASL_CHOICE)
#define PARALLEL (1u << ASL_PARALLEL)
#define MAP (1u << ASL_MAP)
#define SUCCEED (1u << ASL_SUCCEED)
#define FAIL (1u << ASL_FAIL)
#define UNKNOWN (1u << ASL_NONE)
#define WORKING (TASK | PARALLEL | MAP)
#define MAKING (PASS | WORKING)
#define FILLING (PASS | TASK | PARALLEL)
#define LEADING (MAKING | WAIT)
#define FLOWING (LEADING | CHOICE | SUCCEED)
#define EVERY (FLOWING | FAIL)
#define ONWARD (LEADING | UNKNOWN)
#define CATCHING (WORKING | UNKNOWN)

#define TEXT ASL_KIND(JSON_STRING)
#define FLAG ASL_KIND(JSON_BOOL)
#define LIST ASL_KIND(JSON_ARRAY)
#define OBJECT ASL_KIND(JSON_OBJECT)
#define NUMBER ASL_KIND_NUMBER
#define PATH (TEXT | ASL_KIND(JSON_NULL))
#define ANY ASL_KIND_ANY
#define AT(member) offsetof(struct asl_state, member)
#define NONE ASL_NO_OFFSET

struct state_field;
typedef void state_read_fn(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state);

static state_read_fn state_nothing, state_jsonata, state_language, state_text, state_path,
    state_result_path, state_reference, state_template, state_assign, state_result, state_resource,
    state_seconds, state_wait_seconds, state_timestamp, state_choices, state_branches, state_retry,
    state_catch, state_error;

/* The fields that only a Map has stand in asl_map.c. */
static const struct state_field {
    const char *name;
    unsigned types;      /* that have it */
    unsigned kinds;      /* of JSON that it may be */
    state_read_fn *read; /* called with a value of these kinds */
    size_t offset;       /* where it goes, if it is just put somewhere */
} state_fields[] = {
    {"Type",                 EVERY,            TEXT,   state_nothing,      NONE               },
    {"Comment",              EVERY,            TEXT,   state_nothing,      NONE               },
    {"QueryLanguage",        EVERY,            TEXT,   state_language,     NONE               },
    {"Next",                 ONWARD,           TEXT,   state_text,         AT(next)           },
    {"End",                  ONWARD,           FLAG,   state_nothing,      NONE               },
    {"InputPath",            FLOWING,          PATH,   state_path,         AT(input_path)     },
    {"Parameters",           FILLING,          ANY,    state_template,     AT(parameters)     },
    {"Result",               PASS,             ANY,    state_result,       NONE               },
    {"ResultSelector",       WORKING,          OBJECT, state_template,     AT(result_selector)},
    {"ResultPath",           MAKING,           PATH,   state_result_path,  AT(result_path)    },
    {"OutputPath",           FLOWING,          PATH,   state_path,         AT(output_path)    },
    {"Assign",               LEADING | CHOICE, OBJECT, state_assign,       AT(assign)         },
    {"Seconds",              WAIT,             NUMBER, state_wait_seconds, NONE               },
    {"SecondsPath",          WAIT,             TEXT,   state_reference,    AT(seconds_path)   },
    {"Timestamp",            WAIT,             TEXT,   state_timestamp,    NONE               },
    {"TimestampPath",        WAIT,             TEXT,   state_reference,    AT(timestamp_path) },
    {"Resource",             TASK,             TEXT,   state_resource,     NONE               },
    {"Credentials",          TASK,             OBJECT, state_template,     AT(credentials)    },
    {"TimeoutSeconds",       TASK,             NUMBER, state_seconds,      AT(timeout_ms)     },
    {"TimeoutSecondsPath",   TASK,             TEXT,   state_reference,    AT(timeout_path)   },
    {"HeartbeatSeconds",     TASK,             NUMBER, state_seconds,      AT(heartbeat_ms)   },
    {"HeartbeatSecondsPath", TASK,             TEXT,   state_reference,    AT(heartbeat_path) },
    {"Choices",              CHOICE,           LIST,   state_choices,      NONE               },
    {"Default",              CHOICE,           TEXT,   state_text,         AT(default_next)   },
    {"Branches",             PARALLEL,         LIST,   state_branches,     NONE               },
    {"Retry",                WORKING,          LIST,   state_retry,        NONE               },
    {"Catch",                CATCHING,         LIST,   state_catch,        NONE               },
    {"Error",                FAIL,             TEXT,   state_error,        AT(error)          },
    {"Cause",                FAIL,             TEXT,   state_error,        AT(cause)          },
    {"ErrorPath",            FAIL,             TEXT,   state_reference,    AT(error_path)     },
    {"CausePath",            FAIL,             TEXT,   state_reference,    AT(cause_path)     },
    {"Arguments",            TASK | PARALLEL,  ANY,    state_jsonata,      NONE               },
    {"Output",               FLOWING,          ANY,    state_jsonata,      NONE               },
};

/* Paths that may be null, and the flags that stand for it. */
static const struct {
    size_t path, flag;
} state_nulls[] = {
    {AT(input_path),  AT(discard_input) },
    {AT(result_path), AT(discard_result)},
    {AT(output_path), AT(discard_output)},
};

static const char *const state_type_names[] = {
    [ASL_NONE] = "",     [ASL_PASS] = "Pass",       [ASL_WAIT] = "Wait",
    [ASL_TASK] = "Task", [ASL_CHOICE] = "Choice",   [ASL_PARALLEL] = "Parallel",
    [ASL_MAP] = "Map",   [ASL_SUCCEED] = "Succeed", [ASL_FAIL] = "Fail",
};

const char *asl_type_name(enum asl_type type)
{
    CHECK((size_t)type < ARRAY_SIZE(state_type_names));
    return state_type_names[type];
}

static void *state_place(struct asl_state *state, size_t offset)
{
    CHECK(offset != ASL_NO_OFFSET);
    return (char *)state + offset;
}

/* Checked for its kind only; Type was read before, End is asked for by state_check_next. */
static void state_nothing(struct asl_parser *parser, const struct asl_at *at,
                          const struct state_field *field, const struct json *value,
                          struct asl_state *state)
{
    (void)parser, (void)at, (void)field, (void)value, (void)state;
}

static void state_jsonata(struct asl_parser *parser, const struct asl_at *at,
                          const struct state_field *field, const struct json *value,
                          struct asl_state *state)
{
    (void)field, (void)value, (void)state;
    asl_jsonata_field(parser, at);
}

/* Read before the fields: see state_is_jsonata. */
static void state_language(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state)
{
    (void)parser, (void)at, (void)field, (void)value, (void)state;
}

static void state_text(struct asl_parser *parser, const struct asl_at *at,
                       const struct state_field *field, const struct json *value,
                       struct asl_state *state)
{
    (void)parser, (void)at;
    *(const char **)state_place(state, field->offset) = value->string;
}

/* Null says what is to be dropped; true when it was null. */
static bool state_null(size_t offset, const struct json *value, struct asl_state *state)
{
    if (value->kind != JSON_NULL)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(state_nulls); i++) {
        if (state_nulls[i].path == offset)
            *(bool *)state_place(state, state_nulls[i].flag) = true;
    }
    return true;
}

static void state_path(struct asl_parser *parser, const struct asl_at *at,
                       const struct state_field *field, const struct json *value,
                       struct asl_state *state)
{
    if (!state_null(field->offset, value, state))
        *(const struct asl_expression **)state_place(state, field->offset) =
            asl_read_expression(parser, at, value);
}

static void state_result_path(struct asl_parser *parser, const struct asl_at *at,
                              const struct state_field *field, const struct json *value,
                              struct asl_state *state)
{
    if (!state_null(field->offset, value, state))
        *(const struct asl_path **)state_place(state, field->offset) =
            asl_read_path(parser, at, value, ASL_PATH_RESULT);
}

static void state_reference(struct asl_parser *parser, const struct asl_at *at,
                            const struct state_field *field, const struct json *value,
                            struct asl_state *state)
{
    *(const struct asl_expression **)state_place(state, field->offset) =
        asl_read_reference(parser, at, value);
}

static void state_template(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state)
{
    *(const struct asl_template **)state_place(state, field->offset) =
        asl_read_template(parser, at, value);
}

static void state_assign(struct asl_parser *parser, const struct asl_at *at,
                         const struct state_field *field, const struct json *value,
                         struct asl_state *state)
{
    (void)field;
    state->assign = asl_read_assign(parser, at, value);
}

static void state_result(struct asl_parser *parser, const struct asl_at *at,
                         const struct state_field *field, const struct json *value,
                         struct asl_state *state)
{
    (void)field;
    state->result = value;
    for (uint32_t i = 0; value->kind == JSON_OBJECT && i < value->count; i++) {
        const char *name = value->members[i].name;
        size_t len = strlen(name);

        if (len < 2 || strcmp(name + len - 2, ".$") != 0)
            continue;
        asl_problem(parser, &(struct asl_at){.up = at, .name = name}, "RESULT_IS_STATIC",
                    "a Result is handed on as it is, this member, too");
        asl_wording(parser, at, "Paths in the Result of a Pass state are not evaluated");
    }
}

static void state_resource(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state)
{
    (void)field;
    asl_read_resource(parser, at, value->string, state);
}

static void state_seconds(struct asl_parser *parser, const struct asl_at *at,
                          const struct state_field *field, const struct json *value,
                          struct asl_state *state)
{
    if (asl_whole_number(parser, at, value, 1, ASL_SECONDS_MAX))
        *(int64_t *)state_place(state, field->offset) = value->integer * 1000;
}

static void state_wait_seconds(struct asl_parser *parser, const struct asl_at *at,
                               const struct state_field *field, const struct json *value,
                               struct asl_state *state)
{
    (void)field;
    state->has_seconds = asl_whole_number(parser, at, value, 0, ASL_SECONDS_MAX);
    if (state->has_seconds)
        state->seconds = value->integer;
}

static void state_timestamp(struct asl_parser *parser, const struct asl_at *at,
                            const struct state_field *field, const struct json *value,
                            struct asl_state *state)
{
    (void)field;
    state->has_timestamp = asl_timestamp(value, &state->timestamp_ms);
    if (!state->has_timestamp)
        asl_refuse_timestamp(parser, at);
}

static void state_choices(struct asl_parser *parser, const struct asl_at *at,
                          const struct state_field *field, const struct json *value,
                          struct asl_state *state)
{
    (void)field;
    asl_read_choices(parser, at, value, state);
}

static void state_branches(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state)
{
    (void)field;
    if (!value->count)
        asl_problem(parser, at, "BRANCHES_EMPTY", "expected at least one branch");
    if (value->count > LIMIT_BRANCHES) {
        asl_problem(parser, at, "TOO_MANY_BRANCHES", "a Parallel has at most %d branches",
                    LIMIT_BRANCHES);
        return;
    }
    state->branches = ARENA_ARRAY(parser->arena, const struct asl_machine *, value->count);
    for (uint32_t i = 0; i < value->count; i++)
        state->branches[i] = asl_read_machine(parser, &(struct asl_at){.up = at, .index = i},
                                              value->items[i], state, i);
    state->branch_count = value->count;
}

static void state_retry(struct asl_parser *parser, const struct asl_at *at,
                        const struct state_field *field, const struct json *value,
                        struct asl_state *state)
{
    (void)field;
    asl_read_retry(parser, at, value, state);
}

static void state_catch(struct asl_parser *parser, const struct asl_at *at,
                        const struct state_field *field, const struct json *value,
                        struct asl_state *state)
{
    (void)field;
    asl_read_catch(parser, at, value, state);
}

static void state_error(struct asl_parser *parser, const struct asl_at *at,
                        const struct state_field *field, const struct json *value,
                        struct asl_state *state)
{
    uint32_t most = field->offset == AT(error) ? LIMIT_ERROR_BYTES : LIMIT_CAUSE_BYTES;

    if (value->count > most)
        asl_problem(parser, at, "FIELD_VALUE", "expected at most %u bytes", most);
    if (field->offset == AT(error) && !strncmp(value->string, "States.", 7))
        asl_problem(parser, at, "ERROR_NAME_RESERVED",
                    "names that begin with States. belong to the language");
    *(const char **)state_place(state, field->offset) = value->string;
    if (value->count <= most && asl_looks_dynamic(parser, value->string))
        asl_problem(parser, at, "PATH_IN_PLAIN_FIELD",
                    "this text is handed on as it is, though it looks like a path or a call");
}

static const struct state_field *state_field(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_fields); i++) {
        if (!strcmp(name, state_fields[i].name))
            return &state_fields[i];
    }
    return NULL;
}

static void state_unknown_field(struct asl_parser *parser, const struct asl_at *at,
                                enum asl_type type)
{
    struct buf buf;

    buf_init(&buf, parser->arena, 2048);
    for (size_t i = 0; i < ARRAY_SIZE(state_fields); i++) {
        if ((state_fields[i].types & (1u << type)) && state_fields[i].read != state_jsonata)
            buf_printf(&buf, "%s%s", buf.len ? ", " : "", state_fields[i].name);
    }
    if (type == ASL_MAP)
        asl_print_map_fields(&buf);
    asl_unknown_field(parser, at, arena_printf(parser->arena, "a %s state", asl_type_name(type)),
                      buf.data);
}

/* ASL_NONE after a problem: then only what leads on is read. */
static enum asl_type state_read_type(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value)
{
    /* In the order in which Step Functions tells them. */
    static const char *const names[] = {"Task",   "Wait",     "Pass", "Succeed", "Fail",
                                        "Choice", "Parallel", "Map",  NULL};
    static const char *const required[] = {"Type", NULL};
    const struct json *type = json_get(value, "Type");
    struct asl_at here = {.up = at, .name = "Type"};

    if (!asl_require(parser, at, value, required) || !asl_kind_is(parser, &here, type, TEXT))
        return ASL_NONE;
    if (!asl_one_of(parser, &here, type, names)) {
        asl_wording(parser, &here,
                    "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, "
                    "Fail, Choice, Parallel, Map]");
        return ASL_NONE;
    }
    for (size_t i = ASL_PASS; i < ARRAY_SIZE(state_type_names); i++) {
        if (!strcmp(type->string, state_type_names[i]))
            return (enum asl_type)i;
    }
    return ASL_NONE;
}

/* True when the state cannot be read, because it is or would be one of JSONata. */
static bool state_is_jsonata(struct asl_parser *parser, const struct asl_at *at,
                             const struct json *value)
{
    const struct json *language = json_get(value, "QueryLanguage");

    if (parser->top_is_jsonata && json_is(language, JSON_STRING) &&
        !strcmp(language->string, "JSONPath"))
        asl_problem(parser, at, "LANGUAGE_DOWNGRADE",
                    "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state "
                    "machine");
    if (parser->top_is_jsonata)
        return true;
    return language &&
           asl_read_language(parser, &(struct asl_at){.up = at, .name = "QueryLanguage"}, language);
}

static void state_read_fields(struct asl_parser *parser, const struct asl_at *at,
                              const struct json *value, struct asl_state *state)
{
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        const struct state_field *field = state_field(member->name);
        struct asl_at here = {.up = at, .name = member->name};

        if (state->type == ASL_MAP && asl_is_map_field(member->name))
            continue;
        if (!field || !(field->types & (1u << state->type))) {
            if (state->type != ASL_NONE)
                state_unknown_field(parser, &here, state->type);
        } else if (asl_kind_is(parser, &here, member->value, field->kinds)) {
            field->read(parser, &here, field, member->value, state);
        }
    }
    if (state->type == ASL_MAP)
        asl_read_map(parser, at, value, state);
}

struct asl_state *asl_read_state(struct asl_parser *parser, const struct asl_at *at,
                                 const struct json *value, const struct asl_machine *machine)
{
    struct asl_state *state = ARENA_NEW(parser->arena, struct asl_state);

    state->name = at->name;
    state->machine = machine;
    state->definition = value;
    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT)) ||
        state_is_jsonata(parser, at, value)) {
        parser->graph_broken = true;
        return state;
    }
    state->type = state_read_type(parser, at, value);
    state_read_fields(parser, at, value, state);
    asl_check_state(parser, at, value, state);
    return state;
}
