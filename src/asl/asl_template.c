/*
 * asl_template.c - payload templates: JSON in which a member whose name ends in `.$` holds a path,
 * a variable or a call.
 *
 * Specification, "Payload Template". What holds no path is kept as it is and shared, not copied.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

enum template_kind { TEMPLATE_LITERAL, TEMPLATE_EXPRESSION, TEMPLATE_ARRAY, TEMPLATE_OBJECT };

struct asl_template {
    enum template_kind kind;
    const struct json *literal;
    const struct asl_expression *expression;
    const char *field;  /* the member as written, for the cause of an error */
    const char **names; /* of an object */
    const struct asl_template **parts;
    size_t count;
};

static const struct asl_template *template_read(struct asl_parser *parser, const struct asl_at *at,
                                                const struct json *value, size_t depth);

static const struct json template_empty = {.kind = JSON_OBJECT};

static bool template_is_dynamic(const char *name)
{
    size_t len = strlen(name);

    return len >= 2 && !strcmp(name + len - 2, ".$");
}

bool asl_looks_dynamic(struct asl_parser *parser, const char *text)
{
    const struct asl_expression *expression;
    struct asl_refusal refusal;

    return (text[0] == '$' || !strncmp(text, "States.", 7)) &&
           asl_expression_parse(parser->arena, text, &expression, &refusal);
}

static const struct asl_template *template_literal(struct asl_parser *parser,
                                                   const struct json *value)
{
    struct asl_template *template = ARENA_NEW(parser->arena, struct asl_template);

    template->kind = TEMPLATE_LITERAL;
    template->literal = value;
    return template;
}

static void template_refuse(struct asl_parser *parser, const struct asl_at *at,
                            const struct json *value)
{
    asl_problem(parser, at, "TEMPLATE_VALUE",
                "a field whose name ends in .$ holds a path or a call as a string, found %s",
                json_kind_name(value->kind));
    asl_wording(parser, at,
                "The value for the field '%s' must be a STRING that contains a JSONPath but was "
                "an %s",
                asl_short(parser, at->name), asl_kind_word(value->kind));
}

static const struct asl_template *
template_expression(struct asl_parser *parser, const struct asl_at *at, const struct json *value)
{
    struct asl_template *template = ARENA_NEW(parser->arena, struct asl_template);

    template->kind = TEMPLATE_EXPRESSION;
    template->field = at->name;
    if (value->kind != JSON_STRING)
        template_refuse(parser, at, value);
    else
        template->expression = asl_read_expression(parser, at, value);
    if (value->kind == JSON_STRING && !template->expression)
        asl_wording(parser, at,
                    "The value for the field '%s' must be a valid JSONPath or a valid intrinsic "
                    "function call",
                    asl_short(parser, at->name));
    return template;
}

static int template_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "x" and "x.$" would both make "x". */
static void template_check_clash(struct asl_parser *parser, const struct asl_at *at,
                                 const char *const *names, size_t count)
{
    const char **sorted = arena_copy(parser->arena, names, count * sizeof(names[0]));

    qsort(sorted, count, sizeof(sorted[0]), template_order);
    for (size_t i = 1; i < count; i++) {
        if (!strcmp(sorted[i - 1], sorted[i]))
            asl_problem(parser, at, "TEMPLATE_CLASH", "\"%s\" and \"%s.$\" are the same field",
                        asl_short(parser, sorted[i]), asl_short(parser, sorted[i]));
    }
}

static const struct asl_template *template_object(struct asl_parser *parser,
                                                  const struct asl_at *at, const struct json *value,
                                                  size_t depth)
{
    struct asl_template *template = ARENA_NEW(parser->arena, struct asl_template);
    bool literal = true;

    template->kind = TEMPLATE_OBJECT;
    template->count = value->count;
    template->names = ARENA_ARRAY(parser->arena, const char *, value->count);
    template->parts = ARENA_ARRAY(parser->arena, const struct asl_template *, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        struct asl_at here = {.up = at, .name = member->name};
        bool dynamic = template_is_dynamic(member->name);

        template->names[i] = member->name;
        if (dynamic)
            template->names[i] =
                arena_string_n(parser->arena, member->name, strlen(member->name) - 2);
        template->parts[i] = dynamic ? template_expression(parser, &here, member->value)
                                     : template_read(parser, &here, member->value, depth + 1);
        literal = literal && template->parts[i]->kind == TEMPLATE_LITERAL;
    }
    if (literal)
        return template_literal(parser, value);
    template_check_clash(parser, at, template->names, template->count);
    return template;
}

static const struct asl_template *template_array(struct asl_parser *parser, const struct asl_at *at,
                                                 const struct json *value, size_t depth)
{
    struct asl_template *template = ARENA_NEW(parser->arena, struct asl_template);
    bool literal = true;

    template->kind = TEMPLATE_ARRAY;
    template->count = value->count;
    template->parts = ARENA_ARRAY(parser->arena, const struct asl_template *, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        struct asl_at here = {.up = at, .index = i};

        template->parts[i] = template_read(parser, &here, value->items[i], depth + 1);
        literal = literal && template->parts[i]->kind == TEMPLATE_LITERAL;
    }
    return literal ? template_literal(parser, value) : template;
}

static const struct asl_template *template_read(struct asl_parser *parser, const struct asl_at *at,
                                                const struct json *value, size_t depth)
{
    if (depth > LIMIT_JSON_DEPTH) {
        asl_problem(parser, at, "TOO_DEEP", "a template is at most %d levels deep",
                    LIMIT_JSON_DEPTH);
        return template_literal(parser, &json_null);
    }
    if (value->kind == JSON_OBJECT)
        return template_object(parser, at, value, depth);
    if (value->kind == JSON_ARRAY)
        return template_array(parser, at, value, depth);
    if (value->kind == JSON_STRING && asl_looks_dynamic(parser, value->string)) {
        asl_problem(parser, at, "LOOKS_LIKE_PATH",
                    "this text is handed on as it is, though it looks like a path or a call");
        asl_wording(parser, at,
                    "The value looks like a JSONPath or an intrinsic function, but the field's "
                    "name does not end with '.$'");
    }
    return template_literal(parser, value);
}

const struct asl_template *asl_read_template(struct asl_parser *parser, const struct asl_at *at,
                                             const struct json *value)
{
    return template_read(parser, at, value, 0);
}

/* A path into the data has a cause of its own here; a large input is cut with the cause. */
static bool template_fill_expression(struct asl_scope *scope, const struct asl_template *template,
                                     const struct json **ret, struct asl_error *reterr)
{
    const struct asl_path *path = asl_expression_path(template->expression);
    const struct json *input = scope->input;

    if (!path || asl_path_variable(path))
        return asl_evaluate(scope, template->expression, ret, reterr);
    switch (asl_path_find(scope, path, ret, NULL)) {
    case ASL_FOUND:
        return true;
    case ASL_EXHAUSTED:
        return asl_evaluate(scope, template->expression, ret, reterr);
    case ASL_MISSING:
        break;
    }
    if (asl_path_text(path)[1] == '$')
        input = scope->context ? scope->context : &template_empty;
    return asl_fail(
        scope->arena, reterr, ASL_ERROR_RUNTIME,
        "The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
        asl_path_text(path), template->field, json_text(scope->arena, input));
}

bool asl_fill_template(struct asl_scope *scope, const struct asl_template *template,
                       const struct json **ret, struct asl_error *reterr)
{
    struct json *filled;

    if (template->kind == TEMPLATE_LITERAL) {
        *ret = template->literal;
        return true;
    }
    if (template->kind == TEMPLATE_EXPRESSION)
        return template_fill_expression(scope, template, ret, reterr);
    filled =
        template->kind == TEMPLATE_OBJECT ? json_object(scope->arena) : json_array(scope->arena);
    for (size_t i = 0; i < template->count; i++) {
        const struct json *part;

        if (!asl_fill_template(scope, template->parts[i], &part, reterr))
            return false;
        if (template->kind == TEMPLATE_OBJECT)
            json_add(scope->arena, filled, template->names[i], part);
        else
            json_push(scope->arena, filled, part);
    }
    *ret = filled;
    return true;
}

void asl_template_variables(const struct asl_template *template, asl_see_fn *see, void *user)
{
    if (template->expression)
        asl_expression_variables(template->expression, see, user);
    for (size_t i = 0; i < template->count; i++)
        asl_template_variables(template->parts[i], see, user);
}

size_t asl_template_name_count(const struct asl_template *template)
{
    if (!template)
        return 0;
    return template->kind == TEMPLATE_OBJECT         ? template->count
           : json_is(template->literal, JSON_OBJECT) ? template->literal->count
                                                     : 0;
}

const char *asl_template_name(const struct asl_template *template, size_t i)
{
    CHECK(i < asl_template_name_count(template));
    return template->kind == TEMPLATE_OBJECT ? template->names[i]
                                             : template->literal->members[i].name;
}
