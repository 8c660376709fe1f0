/*
 * mock.h - is a mocked result what the API behind a Task could have answered?
 *
 * The answers of the common integrations are data (mock_shapes.c); the rule over them is one
 * (mock_check.c). An API that is not in the data is not checked, nor are members that the data do
 * not name.
 */
#ifndef FERMATA_SFN_MOCK_H
#define FERMATA_SFN_MOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "asl/asl.h"
#include "base/json.h"

struct arena;

enum mock_mode {
    MOCK_STRICT,  /* required members are there, and all that are there fit */
    MOCK_PRESENT, /* all that are there fit */
    MOCK_NONE,
};

enum mock_kind {
    MOCK_ANY,
    MOCK_STRING, /* also of times and of bytes */
    MOCK_NUMBER,
    MOCK_BOOLEAN,
    MOCK_STRUCTURE,
    MOCK_LIST,
    MOCK_MAP,
};

/* A member of an answer, or what a list or a map is made of (then without a name). */
struct mock_field {
    const char *name;
    enum mock_kind kind;
    bool is_required;
    const struct mock_field *item;   /* of a LIST or a MAP */
    const struct mock_field *fields; /* of a STRUCTURE; ends with a null name */
    const char *values; /* of a STRING: what it may be, a blank between them; null: anything */
};

struct mock_shape {
    const char *service, *action; /* as in arn:aws:states:::[aws-sdk:]SERVICE:ACTION */
    enum asl_pattern pattern;
    const struct mock_field *fields;
};

/* What a Task state's API answers; null when that is not known or is anything. */
const struct mock_shape *mock_shape_find(const struct asl_state *state);

/* What is wrong with the result, as AWS says it; null: nothing. */
const char *mock_check(struct arena *arena, const struct asl_state *state,
                       const struct json *result, enum mock_mode mode);

#endif
