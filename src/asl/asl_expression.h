/*
 * asl_expression.h - what a path field or the value of a `.$` member may hold: a path, a variable,
 * or a call of an intrinsic function; compiled once and evaluated many times.
 *
 * Specification, "Intrinsic Functions", "Paths", "Variables". Evaluation is paid from the work of
 * the scope; what a function makes is held to LIMIT_PAYLOAD_BYTES while it is made.
 */
#ifndef FERMATA_ASL_ASL_EXPRESSION_H
#define FERMATA_ASL_ASL_EXPRESSION_H

#include "asl/asl.h"
#include "asl/asl_path.h"

struct asl_expression;

/* False with *reterr filled when `text` is neither; `text` is borrowed for the life of the
 * expression. A text that begins with `$` is a path (asl_path_parse with ASL_PATH_ANY), any other
 * must be a call such as States.Format('{}', $.x). */
bool asl_expression_parse(struct arena *arena, const char *text, const struct asl_expression **ret,
                          struct asl_refusal *reterr);

const char *asl_expression_text(const struct asl_expression *expression);
bool asl_expression_is_call(const struct asl_expression *expression);
/* The path when it is one, else null. */
const struct asl_path *asl_expression_path(const struct asl_expression *expression);

/* Calls `see` with the name of every variable that is read, as often as it is. */
void asl_expression_variables(const struct asl_expression *expression,
                              void (*see)(void *user, const char *name), void *user);

/* The value; false with *reterr filled in the words of Step Functions when there is none:
 *   a path:      Invalid path '$.a' : No results for path: $['a']
 *   a function:  what is wrong with its arguments */
bool asl_evaluate(struct asl_scope *scope, const struct asl_expression *expression,
                  const struct json **ret, struct asl_error *reterr);

#endif
