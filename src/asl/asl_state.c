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
#define SUCCEED (1u << ASL_SUCCEED)
#define FAIL (1u << ASL_FAIL)
#define UNKNOWN (1u << ASL_NONE)
#define WORKING (TASK | PARALLEL)
#define LEADING (PASS | WAIT | TASK | PARALLEL)
#define FLOWING (LEADING | CHOICE | SUCCEED)
#define EVERY (FLOWING | FAIL)

#define TEXT ASL_KIND(JSON_STRING)
#define LIST ASL_KIND(JSON_ARRAY)
#define ANY ASL_KIND_ANY
#define OFFSET(member) offsetof(struct asl_state, member)
#define NONE ASL_NO_OFFSET

struct state_field;
typedef void state_read_fn(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state);

static state_read_fn state_read_nothing, state_read_later, state_read_language, state_read_text,
    state_read_end, state_read_path, state_read_template, state_read_result, state_read_resource,
    state_read_seconds, state_read_wait_seconds, state_read_timestamp, state_read_choices,
    state_read_branches, state_read_retry, state_read_catch, state_read_error;

static const struct state_field {
    const char *name;
    unsigned types;    /* that have it */
    unsigned required; /* of these */
    unsigned kinds;    /* of JSON */
    state_read_fn *read;
    size_t offset; /* where it goes */
    size_t flag;   /* for paths: the flag that stands for null */
    enum asl_path_use use;
} state_fields[] = {
    {"Type",                 EVERY,             EVERY,    TEXT,                state_read_nothing,      NONE,                    NONE,                   0                 },
    {"Comment",              EVERY,             0,        TEXT,                state_read_nothing,      NONE,                    NONE,                   0                 },
    {"QueryLanguage",        EVERY,             0,        TEXT,                state_read_language,     NONE,                    NONE,                   0                 },
    {"Next",                 LEADING | UNKNOWN, 0,        TEXT,                state_read_text,         OFFSET(next),            NONE,                   0                 },
    {"End",                  LEADING | UNKNOWN, 0,        ASL_KIND(JSON_BOOL), state_read_end,          NONE,                    NONE,                   0                 },
    {"InputPath",            FLOWING,           0,        ANY,                 state_read_path,         OFFSET(input_path),      OFFSET(discard_input),
     ASL_PATH_ANY                                                                                                                                                          },
    {"Parameters",           PASS | WORKING,    0,        ANY,                 state_read_template,     OFFSET(parameters),      NONE,                   0                 },
    {"Result",               PASS,              0,        ANY,                 state_read_result,       NONE,                    NONE,                   0                 },
    {"ResultSelector",       WORKING,           0,        ANY,                 state_read_template,     OFFSET(result_selector), NONE,                   0                 },
    {"ResultPath",           PASS | WORKING,    0,        ANY,                 state_read_path,         OFFSET(result_path),
     OFFSET(discard_result),                                                                                                                             ASL_PATH_RESULT   },
    {"OutputPath",           FLOWING,           0,        ANY,                 state_read_path,         OFFSET(output_path),     OFFSET(discard_output),
     ASL_PATH_ANY                                                                                                                                                          },
    {"Seconds",              WAIT,              0,        ASL_KIND_NUMBER,     state_read_wait_seconds, NONE,                    NONE,                   0                 },
    {"SecondsPath",          WAIT,              0,        TEXT,                state_read_path,         OFFSET(seconds_path),    NONE,                   ASL_PATH_REFERENCE},
    {"Timestamp",            WAIT,              0,        TEXT,                state_read_timestamp,    NONE,                    NONE,                   0                 },
    {"TimestampPath",        WAIT,              0,        TEXT,                state_read_path,         OFFSET(timestamp_path),  NONE,
     ASL_PATH_REFERENCE                                                                                                                                                    },
    {"Resource",             TASK,              TASK,     TEXT,                state_read_resource,     NONE,                    NONE,                   0                 },
    {"TimeoutSeconds",       TASK,              0,        ASL_KIND_NUMBER,     state_read_seconds,      OFFSET(timeout_ms),      NONE,                   0                 },
    {"TimeoutSecondsPath",   TASK,              0,        TEXT,                state_read_path,         OFFSET(timeout_path),    NONE,
     ASL_PATH_REFERENCE                                                                                                                                                    },
    {"HeartbeatSeconds",     TASK,              0,        ASL_KIND_NUMBER,     state_read_seconds,      OFFSET(heartbeat_ms),    NONE,
     0                                                                                                                                                                     },
    {"HeartbeatSecondsPath", TASK,              0,        TEXT,                state_read_path,         OFFSET(heartbeat_path),  NONE,
     ASL_PATH_REFERENCE                                                                                                                                                    },
    {"Choices",              CHOICE,            CHOICE,   LIST,                state_read_choices,      NONE,                    NONE,                   0                 },
    {"Default",              CHOICE,            0,        TEXT,                state_read_text,         OFFSET(default_next),    NONE,                   0                 },
    {"Branches",             PARALLEL,          PARALLEL, LIST,                state_read_branches,     NONE,                    NONE,                   0                 },
    {"Retry",                WORKING,           0,        LIST,                state_read_retry,        NONE,                    NONE,                   0                 },
    {"Catch",                WORKING | UNKNOWN, 0,        LIST,                state_read_catch,        NONE,                    NONE,                   0                 },
    {"Error",                FAIL,              0,        TEXT,                state_read_error,        OFFSET(error),           NONE,                   0                 },
    {"Cause",                FAIL,              0,        TEXT,                state_read_error,        OFFSET(cause),           NONE,                   0                 },
    {"ErrorPath",            FAIL,              0,        ANY,                 state_read_later,        NONE,                    NONE,                   0                 },
    {"CausePath",            FAIL,              0,        ANY,                 state_read_later,        NONE,                    NONE,                   0                 },
    {"Arguments",            WORKING,           0,        ANY,                 state_read_later,        NONE,                    NONE,                   0                 },
    {"Output",               FLOWING,           0,        ANY,                 state_read_later,        NONE,                    NONE,                   0                 },
    {"Assign",               FLOWING,           0,        ANY,                 state_read_later,        NONE,                    NONE,                   0                 },
    {"Credentials",          TASK,              0,        ANY,                 state_read_later,        NONE,                    NONE,                   0                 },
};

/* Two fields of which a state may have one. */
static const char *const state_conflicts[][2] = {
    {"TimeoutSeconds",   "TimeoutSecondsPath"  },
    {"HeartbeatSeconds", "HeartbeatSecondsPath"},
    {"Error",            "ErrorPath"           },
    {"Cause",            "CausePath"           },
};

static const char *const state_wait_forms[] = {"Seconds", "SecondsPath", "Timestamp",
                                               "TimestampPath"};

static const char *const state_type_names[] = {
    [ASL_NONE] = "",           [ASL_PASS] = "Pass",     [ASL_WAIT] = "Wait",
    [ASL_TASK] = "Task",       [ASL_CHOICE] = "Choice", [ASL_PARALLEL] = "Parallel",
    [ASL_SUCCEED] = "Succeed", [ASL_FAIL] = "Fail",
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

static void state_read_nothing(struct asl_parser *parser, const struct asl_at *at,
                               const struct state_field *field, const struct json *value,
                               struct asl_state *state)
{
    (void)parser, (void)at, (void)field, (void)value, (void)state;
}

static void state_read_later(struct asl_parser *parser, const struct asl_at *at,
                             const struct state_field *field, const struct json *value,
                             struct asl_state *state)
{
    (void)value, (void)state;
    asl_problem(parser, at, "NOT_SUPPORTED_YET", "%s is not supported yet", field->name);
}

static void state_read_language(struct asl_parser *parser, const struct asl_at *at,
                                const struct state_field *field, const struct json *value,
                                struct asl_state *state)
{
    if (!strcmp(value->string, "JSONata"))
        asl_problem(parser, at, "NOT_SUPPORTED_YET", "QueryLanguage JSONata is not supported yet");
    else if (strcmp(value->string, "JSONPath") != 0)
        asl_problem(parser, at, "FIELD_VALUE", "expected JSONPath");
    (void)field, (void)state;
}

static void state_read_text(struct asl_parser *parser, const struct asl_at *at,
                            const struct state_field *field, const struct json *value,
                            struct asl_state *state)
{
    (void)parser, (void)at;
    *(const char **)state_place(state, field->offset) = value->string;
}

/* End: false is as good as no End; state_check_next asks the definition. */
static void state_read_end(struct asl_parser *parser, const struct asl_at *at,
                           const struct state_field *field, const struct json *value,
                           struct asl_state *state)
{
    (void)parser, (void)at, (void)field, (void)value, (void)state;
}

static void state_read_path(struct asl_parser *parser, const struct asl_at *at,
                            const struct state_field *field, const struct json *value,
                            struct asl_state *state)
{
    const struct asl_path **place = state_place(state, field->offset);

    if (field->flag == ASL_NO_OFFSET) {
        *place = asl_read_path(parser, at, value, field->use);
        return;
    }
    if (!asl_kind_is(parser, at, value, TEXT | ASL_KIND(JSON_NULL)))
        return;
    if (value->kind == JSON_NULL)
        *(bool *)state_place(state, field->flag) = true;
    else
        *place = asl_read_path(parser, at, value, field->use);
}

static void state_read_template(struct asl_parser *parser, const struct asl_at *at,
                                const struct state_field *field, const struct json *value,
                                struct asl_state *state)
{
    *(const struct asl_template **)state_place(state, field->offset) =
        asl_read_template(parser, at, value);
}

static void state_read_result(struct asl_parser *parser, const struct asl_at *at,
                              const struct state_field *field, const struct json *value,
                              struct asl_state *state)
{
    (void)parser, (void)at, (void)field;
    state->result = value;
}

static void state_read_resource(struct asl_parser *parser, const struct asl_at *at,
                                const struct state_field *field, const struct json *value,
                                struct asl_state *state)
{
    (void)field;
    asl_read_resource(parser, at, value->string, state);
}

static void state_read_seconds(struct asl_parser *parser, const struct asl_at *at,
                               const struct state_field *field, const struct json *value,
                               struct asl_state *state)
{
    if (asl_whole_number(parser, at, value, 1, ASL_SECONDS_MAX))
        *(int64_t *)state_place(state, field->offset) = value->integer * 1000;
}

static void state_read_wait_seconds(struct asl_parser *parser, const struct asl_at *at,
                                    const struct state_field *field, const struct json *value,
                                    struct asl_state *state)
{
    (void)field;
    state->has_seconds = asl_whole_number(parser, at, value, 0, ASL_SECONDS_MAX);
    if (state->has_seconds)
        state->seconds = value->integer;
}

static void state_read_timestamp(struct asl_parser *parser, const struct asl_at *at,
                                 const struct state_field *field, const struct json *value,
                                 struct asl_state *state)
{
    (void)field;
    state->has_timestamp = asl_timestamp(value, &state->timestamp_ms);
    if (!state->has_timestamp)
        asl_problem(parser, at, "TIMESTAMP_INVALID",
                    "expected an RFC 3339 timestamp such as 2026-03-14T01:59:00Z");
}

static void state_read_choices(struct asl_parser *parser, const struct asl_at *at,
                               const struct state_field *field, const struct json *value,
                               struct asl_state *state)
{
    (void)field;
    asl_read_choices(parser, at, value, state);
}

static void state_read_branches(struct asl_parser *parser, const struct asl_at *at,
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

static void state_read_retry(struct asl_parser *parser, const struct asl_at *at,
                             const struct state_field *field, const struct json *value,
                             struct asl_state *state)
{
    (void)field;
    asl_read_retry(parser, at, value, state);
}

static void state_read_catch(struct asl_parser *parser, const struct asl_at *at,
                             const struct state_field *field, const struct json *value,
                             struct asl_state *state)
{
    (void)field;
    asl_read_catch(parser, at, value, state);
}

static void state_read_error(struct asl_parser *parser, const struct asl_at *at,
                             const struct state_field *field, const struct json *value,
                             struct asl_state *state)
{
    uint32_t most = field->offset == OFFSET(error) ? LIMIT_ERROR_BYTES : LIMIT_CAUSE_BYTES;

    if (value->count > most)
        asl_problem(parser, at, "FIELD_VALUE", "expected at most %u bytes", most);
    if (field->offset == OFFSET(error) && !strncmp(value->string, "States.", 7))
        asl_problem(parser, at, "ERROR_NAME_RESERVED",
                    "names that begin with States. belong to the language");
    *(const char **)state_place(state, field->offset) = value->string;
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

    buf_init(&buf, parser->arena, 1024);
    for (size_t i = 0; i < ARRAY_SIZE(state_fields); i++) {
        if ((state_fields[i].types & (1u << type)) && state_fields[i].read != state_read_later)
            buf_printf(&buf, "%s%s", buf.len ? ", " : "", state_fields[i].name);
    }
    asl_problem(parser, at, "FIELD_UNKNOWN", "a %s state has: %s", asl_type_name(type), buf.data);
}

/* ASL_NONE after a problem: then only what leads on is read. */
static enum asl_type state_read_type(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value)
{
    struct asl_at here = {.up = at, .name = "Type"};
    const struct json *type = json_get(value, "Type");

    if (!type) {
        asl_problem(parser, at, "FIELD_REQUIRED", "the field Type is required");
        return ASL_NONE;
    }
    if (!asl_kind_is(parser, &here, type, TEXT))
        return ASL_NONE;
    for (size_t i = ASL_PASS; i < ARRAY_SIZE(state_type_names); i++) {
        if (!strcmp(type->string, state_type_names[i]))
            return (enum asl_type)i;
    }
    if (!strcmp(type->string, "Map"))
        asl_problem(parser, &here, "NOT_SUPPORTED_YET", "the type Map is not supported yet");
    else
        asl_problem(parser, &here, "STATE_TYPE_UNKNOWN",
                    "expected one of Pass, Wait, Task, Choice, Parallel, Succeed, Fail");
    return ASL_NONE;
}

static void state_check_next(struct asl_parser *parser, const struct asl_at *at,
                             const struct json *value, enum asl_type type)
{
    bool has_next = json_get(value, "Next") != NULL;
    bool ends = json_get_bool(value, "End", false);

    if (!((LEADING | UNKNOWN) & (1u << type)))
        return;
    if (has_next && ends)
        asl_problem(parser, at, "NEXT_OR_END", "expected Next or End, not both");
    if (has_next || ends)
        return;
    parser->graph_broken = true;
    if (type != ASL_NONE)
        asl_problem(parser, at, "NEXT_OR_END", "expected Next or \"End\": true");
}

static void state_check_wait(struct asl_parser *parser, const struct asl_at *at,
                             const struct json *value)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(state_wait_forms); i++)
        count += json_get(value, state_wait_forms[i]) != NULL;
    if (count != 1)
        asl_problem(parser, at, "WAIT_FORM",
                    "expected exactly one of Seconds, SecondsPath, Timestamp, TimestampPath");
}

static void state_check(struct asl_parser *parser, const struct asl_at *at,
                        const struct json *value, const struct asl_state *state)
{
    const struct json *parameters = json_get(value, "Parameters");

    for (size_t i = 0; i < ARRAY_SIZE(state_fields); i++) {
        const struct state_field *field = &state_fields[i];

        if (strcmp(field->name, "Type") != 0 && (field->required & (1u << state->type)) &&
            !json_get(value, field->name))
            asl_problem(parser, at, "FIELD_REQUIRED", "the field %s is required", field->name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(state_conflicts); i++) {
        if (json_get(value, state_conflicts[i][0]) && json_get(value, state_conflicts[i][1]))
            asl_problem(parser, at, "FIELD_CONFLICT", "expected %s or %s, not both",
                        state_conflicts[i][0], state_conflicts[i][1]);
    }
    state_check_next(parser, at, value, state->type);
    if (state->type == ASL_WAIT)
        state_check_wait(parser, at, value);
    if (state->timeout_ms && state->heartbeat_ms >= state->timeout_ms)
        asl_problem(parser, &(struct asl_at){.up = at, .name = "HeartbeatSeconds"},
                    "HEARTBEAT_NOT_BELOW_TIMEOUT", "expected fewer than TimeoutSeconds");
    if (parameters)
        asl_check_resource(parser, &(struct asl_at){.up = at, .name = "Parameters"}, parameters,
                           state);
}

struct asl_state *asl_read_state(struct asl_parser *parser, const struct asl_at *at,
                                 const struct json *value, const struct asl_machine *machine)
{
    struct asl_state *state = ARENA_NEW(parser->arena, struct asl_state);

    state->name = at->name;
    state->machine = machine;
    if (!asl_kind_is(parser, at, value, ASL_KIND(JSON_OBJECT))) {
        parser->graph_broken = true;
        return state;
    }
    state->type = state_read_type(parser, at, value);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        const struct state_field *field = state_field(member->name);
        struct asl_at here = {.up = at, .name = member->name};

        if (!field || !(field->types & (1u << state->type))) {
            if (state->type != ASL_NONE)
                state_unknown_field(parser, &here, state->type);
        } else if (asl_kind_is(parser, &here, member->value, field->kinds)) {
            field->read(parser, &here, field, member->value, state);
        }
    }
    state_check(parser, at, value, state);
    return state;
}
