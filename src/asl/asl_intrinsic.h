/*
 * asl_intrinsic.h - the intrinsic functions of the States Language: which there are, and the call
 * of one.
 *
 * Specification, "Intrinsic Functions"; AWS documents them as "Intrinsic functions for JSONPath
 * states". A call looks at its arguments first: their kinds stand in the table.
 */
#ifndef FERMATA_ASL_ASL_INTRINSIC_H
#define FERMATA_ASL_ASL_INTRINSIC_H

#include <stdbool.h>
#include <stddef.h>

struct asl_intrinsic_call;
struct asl_scope;
struct json;

#define ASL_INTRINSIC_MANY SIZE_MAX

struct asl_intrinsic {
    const char *name;
    size_t least, most; /* arguments */
    /* One letter an argument, the last one for all that follow: a array, b boolean, n number,
     * o object, s string, x anything. */
    const char *kinds;
    bool takes_template; /* the first argument is a text in which {} stands for a value */
    bool (*run)(struct asl_intrinsic_call *call, const struct json **ret);
};

struct asl_intrinsic_call {
    struct asl_scope *scope;
    const struct asl_intrinsic *function;
    const struct json *const *arguments;
    size_t count;         /* between least and most */
    const char *wrong;    /* why there is no value, in the words of Step Functions */
    bool result_is_large; /* there is none because it is larger than a state may hand on */
};

/* Null when there is no function of that name. */
const struct asl_intrinsic *asl_intrinsic_find(const char *name, size_t len);

/* The value, no larger than LIMIT_PAYLOAD_BYTES and no deeper than LIMIT_JSON_DEPTH; false with
 * call->wrong. Paid from the work of the scope. */
bool asl_intrinsic_call(struct asl_intrinsic_call *call, const struct json **ret);

#endif
