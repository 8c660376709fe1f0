/*
 * asl_path_priv.h - what the files of the path compiler share: the steps, the filters and the
 * reader.
 */
#ifndef FERMATA_ASL_ASL_PATH_PRIV_H
#define FERMATA_ASL_ASL_PATH_PRIV_H

#include "asl/asl_path.h"

#define PATH_STEPS_MAX 64
#define PATH_UNION_MAX 256
#define PATH_FILTER_DEPTH_MAX 16
#define PATH_VARIABLE_CHARS_MAX 80
#define PATH_VARIABLE_RESERVED "states"

enum path_step_kind {
    PATH_STEP_NAME,
    PATH_STEP_NAMES, /* ['a','b']: one object of them at the end of a path, else each in turn */
    PATH_STEP_INDEX,
    PATH_STEP_INDEXES,
    PATH_STEP_SLICE,
    PATH_STEP_ALL,
    PATH_STEP_SCAN, /* `..`: the value and everything below it */
    PATH_STEP_FILTER,
};

struct path_step {
    enum path_step_kind kind;
    const char **names; /* NAME, NAMES */
    int64_t *indexes;   /* INDEX, INDEXES; from and to of a SLICE */
    size_t count;       /* of names or indexes */
    bool has_from, has_to;
    const struct path_filter *filter;
};

struct asl_path {
    const char *text;
    bool context;         /* begins with $$ */
    const char *variable; /* begins with $name; or null */
    bool operators;       /* an unquoted @ , : ? stands in it */
    size_t definite;      /* how many leading steps point at one place */
    size_t step_count;
    struct path_step *steps;
};

enum path_filter_kind {
    PATH_FILTER_AND,
    PATH_FILTER_OR,
    PATH_FILTER_NOT,
    PATH_FILTER_EXISTS,
    PATH_FILTER_COMPARE,
};

enum path_compare { PATH_EQ, PATH_NE, PATH_LT, PATH_LE, PATH_GT, PATH_GE };

struct path_operand {
    const struct json *literal;  /* or */
    const struct asl_path *path; /* from the candidate (@) or the root ($) */
    bool from_root;
};

struct path_filter {
    enum path_filter_kind kind;
    const struct path_filter *left, *right;
    struct path_operand a, b;
    enum path_compare compare;
};

/* The reader stands at `at`; a problem is noted once and ends the reading. */
struct path_reader {
    struct arena *arena;
    const char *text;
    const char *at;
    size_t filter_depth; /* 0 outside filters: there a name ends where an operator begins */
    struct asl_refusal refusal;
};

bool path_refuse(struct path_reader *reader, const char *rule, const char *format, ...)
    PRINTF_LIKE(3, 4); /* always false */
void path_skip_spaces(struct path_reader *reader);
/* Steps up to what cannot belong to a path any more. */
bool path_read_steps(struct path_reader *reader, struct asl_path *path);
/* 'text' or "text" with backslash escapes. */
bool path_read_quoted(struct path_reader *reader, const char **ret);
/* `(` expression `)` of a filter; the reader stands behind the question mark. */
bool path_read_filter(struct path_reader *reader, const struct path_filter **ret);

/* The character of UTF-8 that the text begins with, and its bytes: 0 at the end of the text, and
 * where it is not UTF-8. */
size_t path_character(const char *text, uint32_t *ret);
/* The bytes, at the beginning of the text, of what could be the name of a variable. */
size_t path_name_length(const char *text, size_t *ret_characters);

/* Does the filter let the candidate through? False in *ret also when the work is used up. */
bool path_filter_accepts(struct asl_scope *scope, const struct path_filter *filter,
                         const struct json *candidate);

/* Pays for comparing a value with another by its size. */
bool path_pay_value(struct asl_scope *scope, const struct json *value);

/* asl_path_find from any value: filters start at the candidate. */
enum asl_found path_find_from(struct asl_scope *scope, const struct asl_path *path,
                              const struct json *root, const struct json **ret,
                              const char **ret_why);

#endif
