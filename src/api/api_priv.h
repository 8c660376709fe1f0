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
#include "engine/lane.h"
#include "net/net.h"
#include "token/token.h"

struct park;

struct api {
    struct api_config config;
    struct park *park;
};

/* One request on its way: made by the gate in the request's arena, handed to the route's handler. */
struct call {
    struct api *api;
    struct net_request *request;
    struct arena *arena;
    const struct route *route;
    const char *id;            /* the path's {id}, or null */
    struct identity identity;  /* operator_name null when the route needs no token and none was sent */
    struct actor actor;
    const struct json *body;   /* POST: an object; else null */
    const char *request_id;
    const char *idempotency_key; /* or null */
    void *fields;                /* POST: what fields_read made of the body */
    struct fault fault;
};

struct field;

/* A row of THE ROUTE TABLE. */
struct route {
    const char *method, *path; /* path after /api/v3/orchestration; {id} is one segment */
    unsigned scope;            /* what the token must allow; 0: open to all (livez) or decided by the verb */
    bool is_open;              /* works without a token */
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
    FIELD_NAME,  /* name_is_valid */
    FIELD_TEXT,  /* string of 0 to max bytes */
    FIELD_BOOL,
    FIELD_INT,   /* min to max */
    FIELD_JSON,  /* anything of at most max bytes */
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
void reply_text(struct call *call, int status, const char *content_type, const char *text, size_t len);
void reply_fault(struct call *call, const struct fault *fault);
void reply_err(struct call *call, enum err err); /* with the call's fault when it is of this err */
/* The problem document (RFC 9457) of a fault, as text in the arena. */
const char *problem_text(struct arena *arena, const struct fault *fault, const char *request_id,
                         size_t *ret_len);

/* ---- query.c: ?name=value&... ---- */
/* The decoded value of a parameter, or null. The gate has refused unknown and repeated ones. */
const char *query_get(struct call *call, const char *name);
enum err query_check(struct call *call); /* against route->query */
/* `limit` within LIMIT_PAGE_ITEMS; an absent one is LIMIT_PAGE_ITEMS_DEFAULT. */
enum err query_limit(struct call *call, int64_t *ret) MUST_CHECK;
/* A cursor made by cursor_text, or zeros when absent; anything else is ERR_INVALID_REQUEST. */
enum err query_cursor(struct call *call, int64_t *ret_a, int64_t *ret_b) MUST_CHECK;
const char *cursor_text(struct arena *arena, int64_t a, int64_t b);

/* ---- reader.c: read-only connections, one for each net thread ---- */
/* A store on a fresh snapshot; reader_end after it. */
enum err reader_begin(struct api *api, struct store *ret) MUST_CHECK;
void reader_end(struct store *store);

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
