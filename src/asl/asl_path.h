/*
 * asl_path.h - paths of the States Language, compiled once and followed many times.
 *
 * The dialect is Jayway's, as Step Functions uses it: `$` the input, `$$` the context, `$name` a
 * variable, then `.name`, `['name']`, `['a','b']`, `[n]`, `[-n]`, `[a,b]`, `[a:b]`, `[*]`, `.*`,
 * `..` and filters `[?(...)]`. A definite path gives its value; any other gives an array of what it
 * found, which may be empty.
 *
 * Following a path is paid from the work of a scope, so that no path over no data can hold up a
 * turn.
 */
#ifndef FERMATA_ASL_ASL_PATH_H
#define FERMATA_ASL_ASL_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct arena;
struct asl_path;

/* What a path may be used for decides what it may hold. */
enum asl_path_use {
    ASL_PATH_ANY,       /* every path */
    ASL_PATH_REFERENCE, /* names and single indexes only: points at one place */
    ASL_PATH_RESULT,    /* a reference path into the data: not the context, not a variable */
};

/* Why a text is refused; both live in the arena or for ever. */
struct asl_refusal {
    const char *rule; /* PATH_INVALID, PATH_NOT_REFERENCE, PATH_CONTEXT, PATH_VARIABLE;
                         EXPRESSION_INVALID */
    const char *message;
};

/* False with *reterr filled when `text` is no such path. `text` is borrowed for the life of the
 * path. */
bool asl_path_parse(struct arena *arena, const char *text, enum asl_path_use use,
                    const struct asl_path **ret, struct asl_refusal *reterr);

const char *asl_path_text(const struct asl_path *path); /* as the author wrote it */
bool asl_path_is_definite(const struct asl_path *path);
/* The variable that it starts from, or null. */
const char *asl_path_variable(const struct asl_path *path);
/* A Unicode identifier of at most 80 characters, and not the reserved `states`. */
bool asl_is_variable_name(const char *name);

/* How much one evaluation of a state may look at, in members and items. */
#define ASL_WORK_MAX 2000000

/* Where an evaluation stands. Randomness comes from outside, so that a test can fix it. */
struct asl_scope {
    struct arena *arena;
    const struct json *input;     /* $ */
    const struct json *context;   /* $$; null is an empty object */
    const struct json *variables; /* $name: an object, or null */
    double (*random01)(void *user);
    void (*random_bytes)(void *user, void *bytes, size_t len);
    void *user;
    int64_t work; /* what is left of ASL_WORK_MAX */
};

/* Input null until it is set; randomness that of the process. */
void asl_scope_init(struct asl_scope *scope, struct arena *arena, const struct json *context,
                    const struct json *variables);
/* Pays for looking at `count` things; false when nothing is left. */
bool asl_scope_pay(struct asl_scope *scope, int64_t count);

enum asl_found {
    ASL_FOUND,
    ASL_MISSING,   /* *ret_why says where the path ended, in Jayway's words */
    ASL_EXHAUSTED, /* the work of the scope is used up */
};

/* A path that may find several values gives an empty array when it finds none, even where its
 * beginning is missing, as in Step Functions. ret_why may be null; it is written unless the path
 * was found. The scope's input must be set. */
enum asl_found asl_path_find(struct asl_scope *scope, const struct asl_path *path,
                             const struct json **ret, const char **ret_why);

/*
 * A copy of `into` with `value` at the place of a reference path; missing members on the way are
 * created. False, with *ret_why, when the path cannot be applied: a scalar is in the way, or an
 * index is out of range.
 */
bool asl_path_put(struct arena *arena, const struct asl_path *path, const struct json *into,
                  const struct json *value, const struct json **ret, const char **ret_why);

#endif
