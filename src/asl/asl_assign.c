/*
 * asl_assign.c - Assign: reading it, and setting variables from it.
 *
 * Specification, "Variables". A name begins with a letter or an underscore and goes on with
 * letters, digits and underscores; letters of every script count. All values are made from the
 * variables as they are before, so that an Assign may swap two of them.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <ctype.h>
#include <string.h>

#define ASSIGN_RESERVED "states"

/* Bytes of the name proper, which may end in .$ in an Assign. */
static size_t assign_name_len(const char *name)
{
    size_t len = strlen(name);

    return len >= 2 && !strcmp(name + len - 2, ".$") ? len - 2 : len;
}

static bool assign_name_fits(const char *name, size_t len)
{
    size_t chars = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        bool letter = isalpha(c) || c == '_' || c >= 0x80;

        chars += (c & 0xc0) != 0x80;
        if (!letter && (i == 0 || !isdigit(c)))
            return false;
    }
    return chars >= 1 && chars <= ASL_VARIABLE_CHARS_MAX;
}

static void assign_check_name(struct asl_parser *parser, const struct asl_at *at)
{
    size_t len = assign_name_len(at->name);

    if (len == strlen(ASSIGN_RESERVED) && !strncmp(at->name, ASSIGN_RESERVED, len)) {
        asl_problem(parser, at, "VARIABLE_RESERVED", "the variable states belongs to the language");
        return;
    }
    if (!assign_name_fits(at->name, len))
        asl_problem(parser, at, "VARIABLE_NAME",
                    "a variable's name has 1 to %d letters, digits and underscores and begins with "
                    "no digit; a part of a variable cannot be assigned",
                    ASL_VARIABLE_CHARS_MAX);
}

const struct asl_template *asl_read_assign(struct asl_parser *parser, const struct asl_at *at,
                                           const struct json *value)
{
    for (uint32_t i = 0; i < value->count; i++)
        assign_check_name(parser, &(struct asl_at){.up = at, .name = value->members[i].name});
    return asl_read_template(parser, at, value);
}

static bool assign_check(struct asl_scope *scope, const struct json *assigned,
                         struct asl_error *reterr)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < assigned->count; i++) {
        size_t bytes = asl_measure(assigned->members[i].value, ASL_VARIABLE_BYTES_MAX);

        if (bytes > ASL_VARIABLE_BYTES_MAX)
            return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                            "The variable '%s' exceeds the maximum size of %d bytes.",
                            assigned->members[i].name, ASL_VARIABLE_BYTES_MAX);
        sum += bytes;
    }
    if (sum > ASL_VARIABLE_BYTES_MAX)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The variables of one Assign exceed the maximum size of %d bytes.",
                        ASL_VARIABLE_BYTES_MAX);
    if (scope->variables &&
        sum + asl_measure(scope->variables, ASL_VARIABLES_BYTES_MAX) > ASL_VARIABLES_BYTES_MAX)
        return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME,
                        "The variables of the execution exceed the maximum size of %d bytes.",
                        ASL_VARIABLES_BYTES_MAX);
    return true;
}

bool asl_assign(struct asl_scope *scope, const struct asl_template *assign,
                const struct json *dollar, const struct json **ret, struct asl_error *reterr)
{
    static const struct json nothing = {.kind = JSON_OBJECT};

    *ret = &nothing;
    if (!assign)
        return true;
    scope->input = dollar;
    return asl_fill_template(scope, assign, ret, reterr) && assign_check(scope, *ret, reterr);
}

const struct json *asl_variables_merge(struct arena *arena, const struct json *before,
                                       const struct json *assigned)
{
    struct json *merged = json_object(arena);

    for (uint32_t i = 0; before && i < before->count; i++)
        json_add(arena, merged, before->members[i].name, before->members[i].value);
    for (uint32_t i = 0; i < assigned->count; i++)
        json_set(arena, merged, assigned->members[i].name, assigned->members[i].value);
    return merged;
}
