/*
 * test_state_context.c - the context object of a state under test: an express execution that never
 * was, with the sections that the request puts into it.
 */
#include "sfn/test_state.h"

#include <string.h>

#include "base/id.h"
#include "engine/arn.h"
#include "sfn/sfn_priv.h"

#define CONTEXT_PREFIX "Invalid Context object provided: "

/* What a request may put into the context; a section stands before its members. */
static const struct context_member {
    const char *section, *name; /* null name: the section itself */
    unsigned kinds;             /* of JSON, as bits; 0: any */
    const char *must_be;
} context_members[] = {
    {"Execution",    NULL,           1u << JSON_OBJECT, "an object"},
    {"Execution",    "Id",           1u << JSON_STRING, "a string" },
    {"Execution",    "Input",        0,                 NULL       },
    {"Execution",    "Name",         1u << JSON_STRING, "a string" },
    {"Execution",    "RoleArn",      1u << JSON_STRING, "a string" },
    {"Execution",    "StartTime",    1u << JSON_STRING, "a string" },
    {"Execution",    "RedriveCount", 1u << JSON_INT,    "a number" },
    {"Execution",    "RedriveTime",  1u << JSON_STRING, "a string" },
    {"State",        NULL,           1u << JSON_OBJECT, "an object"},
    {"State",        "EnteredTime",  1u << JSON_STRING, "a string" },
    {"State",        "Name",         1u << JSON_STRING, "a string" },
    {"State",        "RetryCount",   1u << JSON_INT,    "a number" },
    {"StateMachine", NULL,           1u << JSON_OBJECT, "an object"},
    {"StateMachine", "Id",           1u << JSON_STRING, "a string" },
    {"StateMachine", "Name",         1u << JSON_STRING, "a string" },
    {"Task",         NULL,           1u << JSON_OBJECT, "an object"},
    {"Task",         "Token",        1u << JSON_STRING, "a string" },
};

static const struct context_member *context_find(const char *section, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(context_members); i++) {
        const struct context_member *member = &context_members[i];

        if (strcmp(member->section, section) != 0 || !member->name != !name)
            continue;
        if (!name || !strcmp(member->name, name))
            return member;
    }
    return NULL;
}

/* A section (null name) or a member of one. */
static enum err context_check(struct test *test, const char *section, const char *name,
                              const struct json *value)
{
    const struct context_member *member = context_find(section, name);
    const char *dot = name ? "." : "";

    name = name ? name : "";
    if (!member)
        return sfn_refuse(test->call, "ValidationException",
                          CONTEXT_PREFIX
                          "'%s%s%s' field is not supported when mocking a Context object",
                          section, dot, name);
    if (member->kinds && !(member->kinds & 1u << value->kind))
        return sfn_refuse(test->call, "ValidationException", CONTEXT_PREFIX "%s%s%s must be %s",
                          section, dot, name, member->must_be);
    return ERR_OK;
}

enum err test_context_read(struct test *test)
{
    const char *text = test->fields->context;
    const struct json *given;

    if (!text)
        return ERR_OK;
    if (json_parse(test->arena, text, strlen(text), &given, NULL) != ERR_OK ||
        given->kind != JSON_OBJECT)
        return sfn_refuse(test->call, "ValidationException",
                          CONTEXT_PREFIX "it must be a valid JSON object");
    for (uint32_t i = 0; i < given->count; i++) {
        const struct json_member *section = &given->members[i];
        enum err err = context_check(test, section->name, NULL, section->value);

        for (uint32_t k = 0; !err && k < section->value->count; k++)
            err = context_check(test, section->name, section->value->members[k].name,
                                section->value->members[k].value);
        if (err)
            return err;
    }
    test->context = given;
    return ERR_OK;
}

/* The section as we make it, with what was given in place of ours. */
static void context_add(struct test *test, struct json *context, const char *name,
                        struct json *section)
{
    const struct json *parts = json_get(test->context, name);

    for (uint32_t i = 0; parts && i < parts->count; i++)
        json_set(test->arena, section, parts->members[i].name, parts->members[i].value);
    if (section->count)
        json_add(test->arena, context, name, section);
}

static const char *context_uuid(struct arena *arena)
{
    uint8_t bytes[16];
    char text[UUID_TEXT_BYTES];

    id_random(bytes, sizeof(bytes));
    uuid_text(bytes, text);
    return arena_string(arena, text);
}

static struct json *context_execution(struct test *test, const char *machine, const char *time)
{
    const struct sfn_config *config = &test->call->sfn->config;
    const char *role = test->fields->role_arn, *name = context_uuid(test->arena);
    struct arena *arena = test->arena;
    struct json *section = json_object(arena);

    json_add(arena, section, "Id",
             json_string(arena, arena_printf(arena, "arn:aws:states:%s:%s:express:%s:%s",
                                             config->region, test->call->account, machine, name)));
    json_add(arena, section, "Input", test->input);
    json_add(arena, section, "Name", json_string(arena, name));
    json_add(arena, section, "RoleArn", json_string(arena, role));
    json_add(arena, section, "StartTime", json_string(arena, time));
    return section;
}

static struct json *context_machine(struct test *test, const char *machine)
{
    const struct sfn_config *config = &test->call->sfn->config;
    const struct arn_place place = {.region = config->region, .account = test->call->account};
    struct json *section = json_object(test->arena);

    json_add(test->arena, section, "Id",
             json_string(test->arena, arn_machine(test->arena, &place, machine)));
    json_add(test->arena, section, "Name", json_string(test->arena, machine));
    return section;
}

static struct json *context_state(struct test *test, const char *time)
{
    enum asl_type type = test->state->type;
    struct json *section = json_object(test->arena);

    json_add(test->arena, section, "Name", json_string(test->arena, TEST_STATE_NAME));
    json_add(test->arena, section, "EnteredTime", json_string(test->arena, time));
    if (type == ASL_TASK || type == ASL_PARALLEL || type == ASL_MAP)
        json_add(test->arena, section, "RetryCount",
                 json_int(test->arena, test->configuration.retry_count));
    return section;
}

/* Only a Task that hands out a token has one. */
static struct json *context_task(struct test *test)
{
    const struct asl_state *state = test->state;
    struct json *section = json_object(test->arena);

    if (state->type == ASL_TASK && state->pattern == ASL_WAIT_FOR_TOKEN)
        json_add(test->arena, section, "Token",
                 json_string(test->arena, context_uuid(test->arena)));
    return section;
}

const struct json *test_context(struct test *test)
{
    const char *machine = context_uuid(test->arena), *now;
    struct json *context = json_object(test->arena);
    char time[CLOCK_TEXT_BYTES];

    clock_format(test->now_ms, time);
    now = arena_string(test->arena, time);
    context_add(test, context, "Execution", context_execution(test, machine, now));
    context_add(test, context, "StateMachine", context_machine(test, machine));
    context_add(test, context, "State", context_state(test, now));
    context_add(test, context, "Task", context_task(test));
    return context;
}
