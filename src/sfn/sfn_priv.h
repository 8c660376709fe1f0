/*
 * sfn_priv.h - what the files of sfn/ share; included from there only.
 */
#ifndef FERMATA_SFN_SFN_PRIV_H
#define FERMATA_SFN_SFN_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "engine/lanes.h"
#include "front/park.h"
#include "net/net.h"
#include "sfn/sfn.h"

struct forgetter;

struct sfn {
    struct sfn_config config;
    struct park *park;
    struct forgetter *forgetter;
    _Atomic bool is_draining;
};

struct sfn_action;

/* What is wrong, as AWS says it; answered as {"__type": type, "message": message}. */
struct sfn_error {
    const char *type; /* "StateMachineDoesNotExist"; null: nothing is wrong */
    const char *message;
    const struct json
        *members; /* beside type and message (reason of a ValidationException); or null */
};

/* One request on its way; everything in the request's arena. */
struct sfn_call {
    struct sfn *sfn;
    struct net_request *request;
    struct arena *arena;
    const struct sfn_action *action;
    struct actor actor;
    const char *account; /* of the key: in the ARNs that its callers see */
    const struct json *body;
    void *fields; /* what the shape made of the body */
    const char *request_id;
    struct sfn_error error;
};

enum sfn_type {
    SFN_TEXT,   /* const char *; min to max characters */
    SFN_WORD,   /* const char *; one of `values` */
    SFN_BOOL,   /* bool */
    SFN_INT,    /* int64_t; min to max */
    SFN_NUMBER, /* double; min to max */
    SFN_TIME,   /* int64_t, ms: epoch seconds with fraction on the wire */
    SFN_LIST,   /* const struct json *; min to max items */
    SFN_OBJECT, /* const struct json * */
};
/* A member of a request's shape. A member that was not sent leaves zero; `is_set` (a bool's offset,
 * or 0 for none) tells an absent one from a zero. Unknown members are ignored, as AWS does. */
struct sfn_field {
    const char *name;
    enum sfn_type type;
    bool is_required;
    size_t offset;
    int64_t min, max;
    const char *values; /* of a WORD: "STANDARD EXPRESS" */
    size_t is_set;
};
#define SFN_FIELDS_BYTES 256 /* no struct that a shape fills is larger; each action asserts it */

/* A row of THE ACTION TABLE. Exactly one of the four does the work. An error without call->error
 * is answered as AWS's InternalFailure or ServiceUnavailable. */
struct sfn_action {
    const char *name;
    unsigned scope;
    const struct sfn_field *fields; /* ends with a null name */
    /* On the net thread, without a store. */
    enum err (*compute)(struct sfn_call *call, const struct json **ret);
    /* On the net thread, over a read-only snapshot. */
    enum err (*read)(struct sfn_call *call, struct store *store, const struct json **ret);
    /* On the lane, in a savepoint of its transaction; answered after the commit. *ret in the
     * engine's arena or the call's. */
    enum err (*change)(struct sfn_call *call, struct engine *engine, const struct json **ret);
    bool is_urgent;  /* a change that goes first: StopExecution */
    bool is_catalog; /* a change of machines and their like: store_take_catalog before it */
    /* Answers by itself, later (sfn_reply or sfn_reply_error). */
    void (*handle)(struct sfn_call *call);
};

/* Fills call->error and returns ERR_INVALID_REQUEST: `return sfn_refuse(...)`. The message may name
 * what the client sent, as AWS does; it is cut to 32 KiB. */
enum err sfn_refuse(struct sfn_call *call, const char *type, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A ValidationException with a reason (an enum of the API's model), e.g.
 * MISSING_REQUIRED_PARAMETER; null: with none. */
enum err sfn_refuse_validation(struct sfn_call *call, const char *reason, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Answers: any thread, once. A null body is {}. */
void sfn_reply(struct sfn_call *call, const struct json *body);
/* call->error, or what err says. */
void sfn_reply_error(struct sfn_call *call, enum err err);
/* The one of both that err says. */
void sfn_answer(struct sfn_call *call, enum err err, const struct json *body);
/* Runs `change` as a job of the lane and calls `done` after the commit instead of answering (err of
 * the job; *answer null then); for handlers that wait. The job is the call's: one at a time. */
void sfn_submit(struct sfn_call *call,
                enum err (*change)(struct sfn_call *call, struct engine *engine,
                                   const struct json **ret),
                void (*done)(struct sfn_call *call, enum err err, const struct json *answer));
/* The same on another lane. */
void sfn_submit_to(struct sfn_call *call, struct lanes *lanes,
                   enum err (*change)(struct sfn_call *call, struct engine *engine,
                                      const struct json **ret),
                   void (*done)(struct sfn_call *call, enum err err, const struct json *answer));

/* ---- sfn_arn.c ---- */
/*
 *   stateMachine:NAME  stateMachine:NAME:3  stateMachine:NAME:PROD  stateMachine:NAME/LABEL
 *   execution:NAME:EXECUTION  execution:NAME/LABEL:EXECUTION  express:NAME:EXECUTION:UUID
 *   activity:NAME  mapRun:NAME/LABEL:UUID
 * Names of our own API that hold ':' or '/' stand in an ARN with %3A and %2F.
 */
enum sfn_arn_kind {
    SFN_ARN_NONE,
    SFN_ARN_MACHINE, /* also of a version, an alias, or a Map's label */
    SFN_ARN_EXECUTION,
    SFN_ARN_EXPRESS,
    SFN_ARN_ACTIVITY,
    SFN_ARN_MAP_RUN,
};
struct sfn_arn {
    enum sfn_arn_kind kind;
    const char *name;      /* of the machine or the activity */
    const char *label;     /* of a Map, or null */
    int64_t version;       /* 0: none */
    const char *alias;     /* or null */
    const char *execution; /* its name; of a Map Run its last part; or null */
};
/* False when the text is no ARN of Step Functions, or of another account or region than the call's
 * (to be answered as one that names nothing: *ret_foreign). */
bool sfn_arn_parse(struct sfn_call *call, const char *text, struct sfn_arn *ret, bool *ret_foreign);
/* With AWS's refusal: InvalidArn "Invalid Arn: 'Resource type not valid in this context: ...'".
 * What is another account's or region's is no refusal: name and execution are "" then, which
 * nothing bears, so that it is answered as an unknown name is. */
enum err sfn_arn_need(struct sfn_call *call, const char *text, unsigned kinds, struct sfn_arn *ret);
#define SFN_ARN_KIND(kind) (1u << (kind))
const char *sfn_arn_machine(struct sfn_call *call, const char *plan_id);
const char *sfn_arn_version(struct sfn_call *call, const char *plan_id, int64_t number);
const char *sfn_arn_alias(struct sfn_call *call, const char *plan_id, const char *alias);
const char *sfn_arn_activity(struct sfn_call *call, const char *name);
/* The ids of our own API and the ARN's parts: a start by this API makes the plan_execution_id
 * "NAME:EXECUTION" ("NAME/LABEL:EXECUTION" for a child of a Map Run); any other id stands as the
 * execution's name under its plan. */
const char *sfn_arn_execution(struct sfn_call *call, const char *plan_id,
                              const char *plan_execution_id);
const char *sfn_arn_map_run(struct sfn_call *call, const char *plan_id, const char *label,
                            const char *name);
/* Where an execution ARN points: its row, of this operator; ERR_EXECUTION_NOT_FOUND. Works in a
 * read and, without locking, in a change. */
enum err sfn_find_execution(struct sfn_call *call, struct store *store, const struct sfn_arn *arn,
                            struct execution *ret);
/* The name rules of AWS (1 to 80 characters, none of the forbidden ones). */
bool sfn_name_is_valid(const char *name);

/* ---- sfn_page.c: tokens of pages ---- */
struct sfn_page {
    int64_t limit;    /* maxResults: 1,000 at most, 100 when absent or 0 */
    int64_t a, b;     /* where the last page ended: zeros at the start */
    const char *name; /* the same for lists in the order of names: "" at the start */
};
/* Reads nextToken: InvalidToken when it is not one of this action with these `filters` (a text that
 * holds all that the list depends on), or is older than 24 hours. */
enum err sfn_page_read(struct sfn_call *call, int64_t max_results, const char *next_token,
                       const char *filters, struct sfn_page *ret);
const char *sfn_page_token(struct sfn_call *call, const char *filters, const struct sfn_page *page);

/* Epoch seconds with fraction, as the wire wants times. */
const struct json *sfn_time(struct arena *arena, int64_t time_ms);

/* ---- the actions, by the file they live in ---- */
/* machine_create.c machine_update.c machine_read.c machine_delete.c */
extern const struct sfn_field create_machine_fields[], update_machine_fields[],
    describe_machine_fields[], list_machines_fields[], delete_machine_fields[],
    describe_machine_for_execution_fields[];
enum err create_machine(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err update_machine(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err describe_machine(struct sfn_call *call, struct store *store, const struct json **ret);
enum err describe_machine_for_execution(struct sfn_call *call, struct store *store,
                                        const struct json **ret);
enum err list_machines(struct sfn_call *call, struct store *store, const struct json **ret);
enum err delete_machine(struct sfn_call *call, struct engine *engine, const struct json **ret);
/* version.c alias.c */
extern const struct sfn_field publish_version_fields[], delete_version_fields[],
    list_versions_fields[], create_alias_fields[], update_alias_fields[], describe_alias_fields[],
    delete_alias_fields[], list_aliases_fields[];
enum err publish_version(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err delete_version(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err list_versions(struct sfn_call *call, struct store *store, const struct json **ret);
enum err create_alias(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err update_alias(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err describe_alias(struct sfn_call *call, struct store *store, const struct json **ret);
enum err delete_alias(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err list_aliases(struct sfn_call *call, struct store *store, const struct json **ret);
/* tag.c activity.c */
extern const struct sfn_field tag_fields[], untag_fields[], list_tags_fields[],
    create_activity_fields[], describe_activity_fields[], list_activities_fields[],
    delete_activity_fields[];
enum err tag_resource(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err untag_resource(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err list_tags(struct sfn_call *call, struct store *store, const struct json **ret);
enum err create_activity(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err describe_activity(struct sfn_call *call, struct store *store, const struct json **ret);
enum err list_activities(struct sfn_call *call, struct store *store, const struct json **ret);
enum err delete_activity(struct sfn_call *call, struct engine *engine, const struct json **ret);
/* execution_*.c */
extern const struct sfn_field start_execution_fields[], start_sync_execution_fields[],
    stop_execution_fields[], describe_execution_fields[], list_executions_fields[],
    redrive_execution_fields[], get_history_fields[];
void start_execution(struct sfn_call *call);
void start_sync_execution(struct sfn_call *call);
enum err stop_execution(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err describe_execution(struct sfn_call *call, struct store *store, const struct json **ret);
enum err list_executions(struct sfn_call *call, struct store *store, const struct json **ret);
enum err redrive_execution(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err get_history(struct sfn_call *call, struct store *store, const struct json **ret);
/* task.c */
extern const struct sfn_field task_success_fields[], task_failure_fields[], task_heartbeat_fields[],
    get_activity_task_fields[];
enum err task_success(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err task_failure(struct sfn_call *call, struct engine *engine, const struct json **ret);
enum err task_heartbeat(struct sfn_call *call, struct engine *engine, const struct json **ret);
void get_activity_task(struct sfn_call *call);
/* map_run.c */
extern const struct sfn_field describe_map_run_fields[], list_map_runs_fields[],
    update_map_run_fields[];
enum err describe_map_run(struct sfn_call *call, struct store *store, const struct json **ret);
enum err list_map_runs(struct sfn_call *call, struct store *store, const struct json **ret);
enum err update_map_run(struct sfn_call *call, struct engine *engine, const struct json **ret);
/* test_state.c validate.c */
extern const struct sfn_field test_state_fields[], validate_fields[];
enum err test_state(struct sfn_call *call, const struct json **ret);
enum err validate_definition(struct sfn_call *call, const struct json **ret);

/* definition.c: a definition as text, of a create, an update, a validation or a test */
/* Parses the text (duplicate keys and all) and validates; *ret_problems tells what is wrong, which
 * the caller words. */
struct asl_plan;
struct asl_problems;
enum err sfn_read_definition(struct sfn_call *call, struct arena *arena, const char *text,
                             const struct json **ret_definition, const struct asl_plan **ret_plan,
                             struct asl_problems *ret_problems);
/* InvalidDefinition "Invalid State Machine Definition: '...'" of those problems. */
enum err sfn_refuse_definition(struct sfn_call *call, const struct asl_problems *problems);

#endif
