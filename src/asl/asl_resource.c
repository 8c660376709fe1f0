/*
 * asl_resource.c - THE TABLE of what a Task may call, and what each form needs in its Parameters.
 */
#include "asl/asl_priv.h"

#include "base/limits.h"

#include <string.h>

static const struct asl_resource_row {
    enum asl_resource resource;
    const char *text;
    bool named;            /* a NAME follows */
    const char *parameter; /* must stand in Parameters, where they are given as an object */
} resource_rows[] = {
    {ASL_RESOURCE_TASK,         "fermata:task:",        true,  NULL     },
    {ASL_RESOURCE_CALLBACK,     "fermata:callback",     false, NULL     },
    {ASL_RESOURCE_HUMAN,        "fermata:human",        false, NULL     },
    {ASL_RESOURCE_PLAN_RUN,     "fermata:plan:run",     false, "plan_id"},
    {ASL_RESOURCE_LOCK_ACQUIRE, "fermata:lock:acquire", false, "name"   },
    {ASL_RESOURCE_LOCK_RELEASE, "fermata:lock:release", false, "name"   },
};

#define RESOURCE_NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"

static bool resource_name_fits(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= LIMIT_ID_BYTES && strspn(name, RESOURCE_NAME_CHARS) == len;
}

static const struct asl_resource_row *resource_find(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(resource_rows); i++) {
        const struct asl_resource_row *row = &resource_rows[i];
        size_t len = strlen(row->text);

        if (row->named ? !strncmp(text, row->text, len) : !strcmp(text, row->text))
            return row;
    }
    return NULL;
}

void asl_read_resource(struct asl_parser *parser, const struct asl_at *at, const char *text,
                       struct asl_state *state)
{
    const struct asl_resource_row *row = resource_find(text);

    state->resource_text = text;
    if (!row) {
        asl_problem(parser, at, "RESOURCE_UNKNOWN",
                    "expected one of fermata:task:NAME, fermata:callback, fermata:human, "
                    "fermata:plan:run, fermata:lock:acquire, fermata:lock:release");
        return;
    }
    state->resource = row->resource;
    if (!row->named)
        return;
    state->resource_name = text + strlen(row->text);
    if (!resource_name_fits(state->resource_name))
        asl_problem(parser, at, "RESOURCE_NAME",
                    "the name after fermata:task: has 1 to %d characters of A-Z a-z 0-9 . _ : -",
                    LIMIT_ID_BYTES);
}

static const struct asl_resource_row *resource_row(enum asl_resource resource)
{
    for (size_t i = 0; i < ARRAY_SIZE(resource_rows); i++) {
        if (resource_rows[i].resource == resource)
            return &resource_rows[i];
    }
    return NULL;
}

/* The member itself, or the one of the same name that ends in .$ and is known only at run time. */
static const struct json *resource_parameter(const struct json *parameters, const char *name,
                                             bool *ret_dynamic)
{
    for (uint32_t i = 0; i < parameters->count; i++) {
        const struct json_member *member = &parameters->members[i];
        size_t len = strlen(name);

        if (strncmp(member->name, name, len) != 0)
            continue;
        *ret_dynamic = !strcmp(member->name + len, ".$");
        if (*ret_dynamic || !member->name[len])
            return member->value;
    }
    return NULL;
}

void asl_check_resource(struct asl_parser *parser, const struct asl_at *at,
                        const struct json *parameters, const struct asl_state *state)
{
    const struct asl_resource_row *row = resource_row(state->resource);
    const struct json *value;
    bool dynamic = false;

    if (!row || !row->parameter || !json_is(parameters, JSON_OBJECT))
        return;
    value = resource_parameter(parameters, row->parameter, &dynamic);
    if (!value) {
        asl_problem(parser, at, "RESOURCE_PARAMETER", "%s needs \"%s\" or \"%s.$\" in Parameters",
                    row->text, row->parameter, row->parameter);
        return;
    }
    if (!dynamic && (value->kind != JSON_STRING || !value->count || value->count > LIMIT_ID_BYTES))
        asl_problem(parser, &(struct asl_at){.up = at, .name = row->parameter},
                    "RESOURCE_PARAMETER", "expected a string of 1 to %d bytes", LIMIT_ID_BYTES);
}
