/*
 * asl_priv.h - what the files of the language share: the parser's state, the compiled rules and
 * templates.
 */
#ifndef FERMATA_ASL_ASL_PRIV_H
#define FERMATA_ASL_ASL_PRIV_H

#include "asl/asl.h"
#include "asl/asl_path.h"

#define ASL_PROBLEMS_MAX 100
/* AWS takes seconds below this number; it is what a timer of ours may reach, too. */
#define ASL_SECONDS_MAX 99999999
#define ASL_NO_OFFSET ((size_t)-1)

/* The names of errors that the language itself makes. */
#define ASL_ERROR_ALL "States.ALL"
#define ASL_ERROR_RUNTIME "States.Runtime"
#define ASL_ERROR_TASK_FAILED "States.TaskFailed"
#define ASL_ERROR_TIMEOUT "States.Timeout"
#define ASL_ERROR_HEARTBEAT_TIMEOUT "States.HeartbeatTimeout"
#define ASL_ERROR_DATA_LIMIT "States.DataLimitExceeded"
#define ASL_ERROR_RESULT_PATH "States.ResultPathMatchFailure"
#define ASL_ERROR_NO_CHOICE "States.NoChoiceMatched"

/* ---- parsing ---- */

/* A place in the definition; places form a chain on the stack, made into a pointer only for a
 * problem. */
struct asl_at {
    const struct asl_at *up; /* null at the root */
    const char *name;        /* a member, or null: */
    size_t index;            /* an item */
};

struct asl_parser {
    struct arena *arena;
    struct asl_problems problems;
    const struct asl_state **states; /* all of them so far */
    size_t state_count, state_capacity;
    bool too_many_states;
    bool graph_broken; /* a way from a state is missing or unknown: reachability would only add
                          noise */
};

void asl_problem(struct asl_parser *parser, const struct asl_at *at, const char *rule,
                 const char *format, ...) PRINTF_LIKE(4, 5);
/* Of a text from the definition, what fits into a message. */
const char *asl_short(struct asl_parser *parser, const char *text);
/* True when the value is of one of `kinds` (bits 1 << JSON_...); else a FIELD_TYPE problem. */
bool asl_kind_is(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                 unsigned kinds);
/* A whole number between low and high; else a problem. */
bool asl_whole_number(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      int64_t low, int64_t high);
/* Null, after a problem, when the value is no such path. */
const struct asl_path *asl_read_path(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, enum asl_path_use use);
#define ASL_KIND(kind) (1u << (kind))
#define ASL_KIND_NUMBER (ASL_KIND(JSON_INT) | ASL_KIND(JSON_REAL))
#define ASL_KIND_ANY 0x7fu

/* asl_machine.c; null after problems. */
struct asl_machine *asl_read_machine(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, const struct asl_state *parent,
                                     size_t branch_index);
/* asl_state.c; never null. */
struct asl_state *asl_read_state(struct asl_parser *parser, const struct asl_at *at,
                                 const struct json *value, const struct asl_machine *machine);
/* asl_resource.c */
void asl_read_resource(struct asl_parser *parser, const struct asl_at *at, const char *text,
                       struct asl_state *state);
void asl_check_resource(struct asl_parser *parser, const struct asl_at *at,
                        const struct json *parameters, const struct asl_state *state);
/* asl_retry.c */
void asl_read_retry(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                    struct asl_state *state);
void asl_read_catch(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                    struct asl_state *state);
/* asl_rule.c */
void asl_read_choices(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      struct asl_state *state);
/* asl_template.c */
const struct asl_template *asl_read_template(struct asl_parser *parser, const struct asl_at *at,
                                             const struct json *value);
/* asl_check.c: what can be seen only of the whole: targets, names, reachability. */
void asl_check_graph(struct asl_parser *parser, const struct asl_plan *plan);
void asl_check_names(struct asl_parser *parser, const struct asl_plan *plan);

/* ---- choice rules ---- */

enum asl_rule_kind { ASL_RULE_COMPARE, ASL_RULE_AND, ASL_RULE_OR, ASL_RULE_NOT };

enum asl_family {
    ASL_FAMILY_STRING,
    ASL_FAMILY_NUMERIC,
    ASL_FAMILY_TIMESTAMP,
    ASL_FAMILY_BOOLEAN,
    ASL_FAMILY_MATCHES,
    ASL_FAMILY_IS,
};

enum asl_relation {
    ASL_EQUALS,
    ASL_LESS,
    ASL_GREATER,
    ASL_LESS_EQUALS,
    ASL_GREATER_EQUALS,
    /* of the family Is */
    ASL_IS_NULL,
    ASL_IS_PRESENT,
    ASL_IS_NUMERIC,
    ASL_IS_STRING,
    ASL_IS_BOOLEAN,
    ASL_IS_TIMESTAMP,
};

struct asl_operator {
    const char *name;
    enum asl_family family;
    enum asl_relation relation;
    bool has_path_twin; /* "StringEquals" and "StringEqualsPath" */
};

struct asl_rule {
    enum asl_rule_kind kind;
    const struct asl_rule *rules; /* of And, Or, Not */
    size_t rule_count;
    const struct asl_path *variable;
    const struct asl_operator *comparison;
    const struct json *value;          /* what it is compared to, or */
    const struct asl_path *value_path; /* where that is found */
    const char *next;                  /* of a rule at the top */
};

/* The row of an operator, and whether it is the twin that ends in Path; null when there is none. */
const struct asl_operator *asl_operator_find(const char *name, bool *ret_path);
bool asl_timestamp(const struct json *value, int64_t *ret_ms);

/* ---- evaluation ---- */

/* Fills *reterr, cut to the limits of errors and causes; always false. */
bool asl_fail(struct arena *arena, struct asl_error *reterr, const char *error, const char *format,
              ...) PRINTF_LIKE(4, 5);
/* Follows a path; a States.Runtime "Invalid path ..." when it finds nothing. */
bool asl_follow(struct asl_scope *scope, const struct asl_path *path, const struct json **ret,
                struct asl_error *reterr);
bool asl_fill_template(struct asl_scope *scope, const struct asl_template *template,
                       const struct json **ret, struct asl_error *reterr);
/* States.DataLimitExceeded when a value is larger or deeper than a state may hand on. */
bool asl_check_data(struct arena *arena, const struct json *value, struct asl_error *reterr);

#endif
