/*
 * asl_expression.c - evaluates compiled expressions: arguments first, then the function.
 *
 * AWS keeps States.IntrinsicFailure for later: what goes wrong in a call is a States.Runtime, and
 * its cause names the whole expression. Only a result that is too large is another error.
 */
#include "asl/asl_expression_priv.h"

#include "asl/asl_intrinsic.h"
#include "asl/asl_priv.h"
#include "base/arena.h"

/* One evaluation. */
struct expression_walk {
    struct asl_scope *scope;
    const struct asl_expression *whole;
    struct asl_error *reterr;
};

const char *asl_expression_text(const struct asl_expression *expression)
{
    return expression->text;
}

bool asl_expression_is_call(const struct asl_expression *expression)
{
    return expression->kind == EXPRESSION_CALL;
}

const struct asl_path *asl_expression_path(const struct asl_expression *expression)
{
    return expression->path;
}

/* Calls stand at most EXPRESSION_DEPTH_MAX deep. */
void asl_expression_variables(const struct asl_expression *expression,
                              void (*see)(void *user, const char *name), void *user)
{
    if (expression->path && asl_path_variable(expression->path))
        see(user, asl_path_variable(expression->path));
    for (const struct asl_expression *argument = expression->first; argument;
         argument = argument->next)
        asl_expression_variables(argument, see, user);
}

static bool expression_fail(struct expression_walk *walk, const char *error, const char *why)
{
    return asl_fail(walk->scope->arena, walk->reterr, error,
                    "The function '%s' had the following error: %s", walk->whole->text, why);
}

static bool expression_argument_path(struct expression_walk *walk, const struct asl_path *path,
                                     const struct json **ret)
{
    struct arena *arena = walk->scope->arena;
    const char *text = asl_path_text(path), *why = NULL;
    const struct json *searched = text[1] == '$' ? walk->scope->context : walk->scope->input;
    enum asl_found found = asl_path_find(walk->scope, path, ret, &why);

    if (found == ASL_FOUND)
        return true;
    if (found == ASL_EXHAUSTED || asl_path_variable(path))
        why = arena_printf(arena, "Invalid path '%s' : %s", text, why);
    else
        why = arena_printf(arena,
                           "The JsonPath argument for the field '%s' could not be found in the "
                           "input '%s'",
                           text, json_text(arena, searched));
    return expression_fail(walk, ASL_ERROR_RUNTIME, why);
}

static bool expression_call(struct expression_walk *walk, const struct asl_expression *expression,
                            const struct json **ret);

static bool expression_argument(struct expression_walk *walk,
                                const struct asl_expression *expression, const struct json **ret)
{
    switch (expression->kind) {
    case EXPRESSION_PATH:
        return expression_argument_path(walk, expression->path, ret);
    case EXPRESSION_CALL:
        return expression_call(walk, expression, ret);
    case EXPRESSION_LITERAL:
        break;
    }
    *ret = expression->literal;
    return true;
}

static bool expression_call(struct expression_walk *walk, const struct asl_expression *expression,
                            const struct json **ret)
{
    const struct json **arguments =
        ARENA_ARRAY(walk->scope->arena, const struct json *, expression->count);
    struct asl_intrinsic_call call = {.scope = walk->scope,
                                      .function = expression->function,
                                      .arguments = arguments,
                                      .count = expression->count};
    const struct json **next = arguments;

    for (const struct asl_expression *argument = expression->first; argument;
         argument = argument->next) {
        if (!expression_argument(walk, argument, next++))
            return false;
    }
    if (asl_intrinsic_call(&call, ret))
        return true;
    return expression_fail(walk, call.result_is_large ? ASL_ERROR_DATA_LIMIT : ASL_ERROR_RUNTIME,
                           call.wrong);
}

bool asl_evaluate(struct asl_scope *scope, const struct asl_expression *expression,
                  const struct json **ret, struct asl_error *reterr)
{
    struct expression_walk walk = {.scope = scope, .whole = expression, .reterr = reterr};
    const char *why = NULL;

    if (expression->kind == EXPRESSION_CALL)
        return expression_call(&walk, expression, ret);
    if (asl_path_find(scope, expression->path, ret, &why) == ASL_FOUND)
        return true;
    return asl_fail(scope->arena, reterr, ASL_ERROR_RUNTIME, "Invalid path '%s' : %s",
                    asl_path_text(expression->path), why);
}
