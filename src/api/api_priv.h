/*
 * api_priv.h - what the files of api/ share; included from there only.
 */
#ifndef FERMATA_API_API_PRIV_H
#define FERMATA_API_API_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "engine/lanes.h"
#include "front/reader.h"
#include "net/net.h"
#include "token/token.h"

struct park;

struct api {
    struct api_config config;
    struct park *park;
    _Atomic bool is_ready, is_draining;
};

/* One request on its way: made by the gate in the request's arena, handed to the route's handler.
 */
struct call {
    struct api *api;
    struct net_request *request;
    struct arena *arena;
    const struct route *route;
    const char *id; /* the path's {id}, or null */
    struct identity
        identity; /* operator_name null when the route needs no token and none was sent */
    struct actor actor;
    const struct json *body; /* POST: an object; else null */
    const char *request_id;
    bool request_id_given;       /* by the client */
    const char *allow;           /* 405: the methods that are */
    const char *idempotency_key; /* or null */
    void *fields;                /* POST: what fields_read made of the body */
    struct fault fault;
};

struct field;

/* A row of THE ROUTE TABLE. */
struct route {
    const char *method,
        *path; /* after /api/v3/orchestration, but for is_root; {id} is one segment */
    bool is_root;
    unsigned scope; /* what the token must allow; 0: open to all (livez) or decided by the verb */
    bool is_open;   /* works without a token */
    size_t body_bytes_max;
    const struct field *fields; /* POST: what the body may hold */
    size_t fields_bytes;        /* of the struct they fill */
    const char *const *query;   /* GET: names of parameters, NULL-terminated; null: none */
    /* More checks of the body, still 400; may be null. */
    enum err (*check)(struct call *call);
    void (*handle)(struct call *call);
};

/* ---- fields.c: a body into a struct, by a table ---- */
enum field_type {
    FIELD_NAME,      /* name_is_valid */
    FIELD_PLAN,      /* name_may_be: names a plan that is there */
    FIELD_EXECUTION, /* name_may_be_execution: likewise */
    FIELD_TEXT,      /* string of 0 to max bytes */
    FIELD_BOOL,
    FIELD_INT,  /* min to max */
    FIELD_JSON, /* anything of at most max bytes */
    FIELD_OBJECT,
    FIELD_NAMES, /* array of at most max distinct names */
    FIELD_WORD,  /* string of at most max bytes, not empty, printable ASCII */
};
struct field {
    const char *name;
    enum field_type type;
    bool is_required;
    size_t offset; /* const char *, bool, int64_t, const struct json *, struct field_names */
    int64_t min, max;
};
struct field_names {
    const char **list;
    size_t count;
};
/* Fills *ret (zeroed before); refuses unknown, missing, mistyped and oversized fields by name. */
enum err fields_read(struct arena *arena, const struct field *fields, const struct json *body,
                     void *ret, struct fault *reterr) MUST_CHECK;

/* ---- reply.c: answers ---- */
void reply_json(struct call *call, int status, const struct json *body);
void reply_text(struct call *call, int status, const char *content_type, const char *text,
                size_t len);
void reply_fault(struct call *call, const struct fault *fault);
/* A problem document that has been printed already. */
void reply_problem_text(struct call *call, int status, const char *text, size_t len);
void reply_err(struct call *call, enum err err); /* with the call's fault when it is of this err */
/* The problem document (RFC 9457) of a fault, as text in the arena. */
const char *problem_text(struct arena *arena, const struct fault *fault, const char *request_id,
                         size_t *ret_len);

/* ---- query.c: ?name=value&... ---- */
/* The decoded value of a parameter, or null. The gate has refused unknown and repeated ones. */
const char *query_get(struct call *call, const char *name);
enum err query_check(struct call *call); /* against route->query */
/* The decoded {id} of a path; "", which names nothing, when it is not UTF-8. */
const char *query_path_id(struct arena *arena, const char *segment);

/* `limit` within LIMIT_PAGE_ITEMS; an absent one is LIMIT_PAGE_ITEMS_DEFAULT. */
enum err query_limit(struct call *call, int64_t *ret) MUST_CHECK;
/* A cursor made by cursor_text, or zeros when absent; anything else is ERR_INVALID_REQUEST. */
enum err query_cursor(struct call *call, int64_t *ret_a, int64_t *ret_b) MUST_CHECK;
const char *cursor_text(struct arena *arena, int64_t a, int64_t b);
/* The cursor of a list in name order: the last name that was shown, or "". */
enum err query_name_cursor(struct call *call, const char **ret) MUST_CHECK;
/* A parameter of 1 to max; *ret stays as it is when it is absent. */
enum err query_int(struct call *call, const char *name, int64_t max, int64_t *ret) MUST_CHECK;

/* ---- verb.c: a POST becomes a job of the lane ---- */
struct verb_job;
/* Runs in the lane, inside a savepoint; *ret is the body of the 200. */
typedef enum err (*verb_fn)(struct verb_job *job, struct engine *engine, const struct json **ret);
struct verb_job {
    struct lane_job job;
    struct call *call;
    verb_fn run;
    bool is_keyed; /* its answer is kept under the Idempotency-Key */
    int status;
    const char *body;
    size_t body_len;
    /* after the commit, instead of answering at once; may be null */
    void (*on_done)(struct verb_job *job);
    void *state; /* the verb's own */
    const char *halt_id;
    const char *body_hash;
    bool is_replay;
};
void verb_submit(struct call *call, verb_fn run, bool is_urgent);
struct verb_job *verb_new(struct call *call, verb_fn run, bool is_urgent, bool is_keyed);
void verb_send(struct verb_job *job);   /* submits it (again) */
void verb_answer(struct verb_job *job); /* sends status and body */

/* ---- the handlers of POST routes: verb_*.c; with their fields ---- */
extern const struct field verb_plan_fields[], verb_run_fields[], verb_halt_fields[],
    verb_halt_children_fields[], verb_verify_fields[], verb_pause_fields[], verb_callback_fields[],
    verb_poll_fields[], verb_complete_fields[], verb_fail_fields[], verb_heartbeat_fields[],
    verb_human_fields[];
#define VERB_BYTES_MAX 256 /* no struct that a body fills is larger; each verb asserts it */
enum err verb_run_check(struct call *call);
enum err verb_halt_check(struct call *call);
enum err verb_verify_check(struct call *call);
enum err verb_callback_check(struct call *call);
enum err verb_human_check(struct call *call);
void verb_create_plan(struct call *call);
void verb_run_plan(struct call *call);
void verb_halt(struct call *call);
void verb_halt_children(struct call *call);
void verb_verify(struct call *call);
void verb_pause(struct call *call);
void verb_restart(struct call *call);
void verb_callback(struct call *call);
void verb_poll(struct call *call);
void verb_complete(struct call *call);
void verb_fail(struct call *call);
void verb_heartbeat(struct call *call);
void verb_complete_human(struct call *call);

/* ---- the handlers of GET routes: read_*.c ---- */
void read_execution(struct call *call);
void read_executions(struct call *call);
void read_tree(struct call *call);
void read_history(struct call *call);
void read_reservations(struct call *call);
void read_evidence(struct call *call);
void read_halt(struct call *call);
void read_halt_items(struct call *call);
void read_plans(struct call *call);
void read_plan(struct call *call);
void read_locks(struct call *call);
void read_human_tasks(struct call *call);
void read_livez(struct call *call);
void read_readyz(struct call *call);
void read_metrics(struct call *call);

#endif
