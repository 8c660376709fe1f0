/*
 * asl_expression_priv.h - the parts of a compiled expression.
 */
#ifndef FERMATA_ASL_ASL_EXPRESSION_PRIV_H
#define FERMATA_ASL_ASL_EXPRESSION_PRIV_H

#include "asl/asl_expression.h"

/* Calls inside calls; AWS allows as many. */
#define EXPRESSION_DEPTH_MAX 10

enum expression_kind { EXPRESSION_PATH, EXPRESSION_LITERAL, EXPRESSION_CALL };

struct asl_expression {
    enum expression_kind kind;
    const char *text; /* of the whole, as the author wrote it */
    const struct asl_path *path;
    const struct json *literal;
    const struct asl_intrinsic *function;
    const struct asl_expression *first; /* the arguments of a call */
    const struct asl_expression *next;  /* the argument behind this one */
    size_t count;
};

#endif
