/*
 * asl_priv.h - what the files of the language share: the parser's state, the compiled rules and
 * templates.
 */
#ifndef FERMATA_ASL_ASL_PRIV_H
#define FERMATA_ASL_ASL_PRIV_H

#include "asl/asl.h"
#include "asl/asl_expression.h"
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
#define ASL_ERROR_ITEM_READER "States.ItemReaderFailed"

/* One variable, and all that one Assign sets; what an execution may hold altogether. */
#define ASL_VARIABLE_BYTES_MAX 262144
#define ASL_VARIABLES_BYTES_MAX 10485760
#define ASL_VARIABLE_CHARS_MAX 80

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
    struct asl_problem *last;        /* the newest; null when it found no room */
    const struct asl_state **states; /* all of them so far */
    size_t state_count, state_capacity;
    bool too_many_states;
    bool graph_broken;   /* a way from a state is missing or unreadable: reachability would only add
                            noise */
    bool single_state;   /* asl_parse_state: targets of the top machine are not there */
    bool top_is_jsonata; /* QueryLanguage of the top level */
};

/* The row of `rule` in asl_problem.c says its code, its hint and whether it is a warning. */
void asl_problem(struct asl_parser *parser, const struct asl_at *at, const char *rule,
                 const char *format, ...) PRINTF_LIKE(4, 5);
/* After asl_problem: how AWS words the same, where that is known, and where it says so (null: it
 * names no place). */
void asl_wording(struct asl_parser *parser, const struct asl_at *at, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Of a text from the definition, what fits into a message. */
const char *asl_short(struct asl_parser *parser, const char *text);
/* True when the value is of one of `kinds` (bits 1 << JSON_...); else a FIELD_TYPE problem. */
bool asl_kind_is(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                 unsigned kinds);
const char *asl_kind_word(enum json_kind kind); /* "STRING", ... as Step Functions says */
/* A whole number between low and high; else a problem. */
bool asl_whole_number(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                      int64_t low, int64_t high);
/* One of the words, which end with null; else a FIELD_VALUE problem. */
bool asl_one_of(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                const char *const *words);
/* One FIELD_REQUIRED problem for all of `names` (they end with null) that are not there. */
bool asl_require(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                 const char *const *names);
/* A member that `owner` does not have; it has `fields`. */
void asl_unknown_field(struct asl_parser *parser, const struct asl_at *at, const char *owner,
                       const char *fields);
/* A member that only JSONata states have. */
void asl_jsonata_field(struct asl_parser *parser, const struct asl_at *at);
/* A problem when the object has both members. */
void asl_conflict(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                  const char *const pair[2]);
/* Null, after a problem, when the value is no such path. */
const struct asl_path *asl_read_path(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, enum asl_path_use use);
/* Null, after a problem, when the value is neither a path nor a call. */
const struct asl_expression *asl_read_expression(struct asl_parser *parser, const struct asl_at *at,
                                                 const struct json *value);
/* The same; a path must be a Reference Path. */
const struct asl_expression *asl_read_reference(struct asl_parser *parser, const struct asl_at *at,
                                                const struct json *value);
#define ASL_KIND(kind) (1u << (kind))
#define ASL_KIND_NUMBER (ASL_KIND(JSON_INT) | ASL_KIND(JSON_REAL))
#define ASL_KIND_ANY 0x7fu

/* asl_machine.c; null after problems. */
struct asl_machine *asl_read_machine(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, const struct asl_state *parent,
                                     size_t branch_index);
void asl_remember_state(struct asl_parser *parser, const struct asl_state *state);
/* True when it says JSONata, which is a problem; or nothing that is known. */
bool asl_read_language(struct asl_parser *parser, const struct asl_at *at,
                       const struct json *value);
/* asl_state.c; never null. */
struct asl_state *asl_read_state(struct asl_parser *parser, const struct asl_at *at,
                                 const struct json *value, const struct asl_machine *machine);
/* asl_state_check.c: what must hold between the fields of a state. */
void asl_check_state(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                     const struct asl_state *state);
/* asl_map.c */
bool asl_is_map_field(const char *name);
struct buf;
void asl_print_map_fields(struct buf *buf);
void asl_read_map(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                  struct asl_state *state);
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
/* A text in a plain field that reads as a path or a call. */
bool asl_looks_dynamic(struct asl_parser *parser, const char *text);
/* asl_assign.c: an object whose members are names of variables. */
const struct asl_template *asl_read_assign(struct asl_parser *parser, const struct asl_at *at,
                                           const struct json *value);
/* asl_check.c: what can be seen only of the whole: targets, names, reachability. */
void asl_check_graph(struct asl_parser *parser, const struct asl_plan *plan);
void asl_check_names(struct asl_parser *parser, const struct asl_plan *plan);
void asl_check_labels(struct asl_parser *parser, const struct asl_plan *plan);
/* The places from the root to a state that has been read, made from the end. */
const struct asl_at *asl_state_at(const struct asl_parser *parser, const struct asl_state *state);
/* asl_check_variables.c: who may assign what, and who assigns what is read. */
void asl_check_variables(struct asl_parser *parser, const struct asl_plan *plan);

/* ---- variables ---- */

typedef void asl_see_fn(void *user, const char *name);

/* Every variable that is read, as often as it is. */
void asl_template_variables(const struct asl_template *template, asl_see_fn *see, void *user);
void asl_rule_variables(const struct asl_rule *rule, asl_see_fn *see, void *user);
void asl_state_variables(const struct asl_state *state, asl_see_fn *see, void *user);
/* The names that an Assign sets; none when it is null. */
size_t asl_template_name_count(const struct asl_template *template);
const char *asl_template_name(const struct asl_template *template, size_t i);

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
    const struct asl_template *assign; /* of a rule at the top, or null */
};

/* The row of an operator, and whether it is the twin that ends in Path; null when there is none. */
const struct asl_operator *asl_operator_find(const char *name, bool *ret_path);
bool asl_timestamp(const struct json *value, int64_t *ret_ms);
void asl_refuse_timestamp(struct asl_parser *parser, const struct asl_at *at);

/* ---- evaluation ---- */

/* Fills *reterr, cut to the limits of errors and causes; always false. What is made so is the
 * language's own failure of a state (is_runtime), but for States.DataLimitExceeded. */
bool asl_fail(struct arena *arena, struct asl_error *reterr, const char *error, const char *format,
              ...) PRINTF_LIKE(4, 5);
bool asl_fill_template(struct asl_scope *scope, const struct asl_template *template,
                       const struct json **ret, struct asl_error *reterr);
/* States.DataLimitExceeded when a value is larger or deeper than a state may hand on. `state` may
 * be null. */
bool asl_check_data(struct arena *arena, const struct asl_state *state, const struct json *value,
                    struct asl_error *reterr);
/* A whole number, or a string of one: paths may find either. */
bool asl_long(const struct json *value, int64_t *ret);
/* At most that many bytes of a text, whole characters; null stays null. */
const char *asl_cut(struct arena *arena, const char *text, size_t bytes_max);
/* How a value stands in the words of Step Functions: a string without its quotation marks. */
const char *asl_plain_text(struct arena *arena, const struct json *value);

#endif
