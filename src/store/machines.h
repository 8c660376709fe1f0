/*
 * machines.h - plans as the Step Functions API sees them: state machines with revisions, published
 * versions and aliases.
 *
 * A plan is a state machine, a plan version one of its revisions, a publication a version of the
 * state machine (arn:...:NAME:3). A deleted plan keeps its rows, for executions and their histories
 * refer to them; a new plan of its name goes on with the numbers of plan versions.
 */
#ifndef FERMATA_STORE_MACHINES_H
#define FERMATA_STORE_MACHINES_H

#include "store/store.h"

struct arena;

struct machine_row {
    const char *plan_id;
    const char *type; /* STANDARD, EXPRESS */
    bool is_deleting; /* deleted, but an execution still runs */
    int64_t created_at;
    int64_t plan_version, latest_version;
    int64_t version_created_at;
    const char *revision;      /* a UUID; null: the first, INITIAL */
    const char *role_arn;      /* null: made by our own API */
    const char *configuration; /* JSON: {"loggingConfiguration", ...}, or null */
    const char *definition;    /* as it was sent */
    int64_t last_publication;
    const char *digest;  /* of the canonical definition */
    const char *printed; /* the definition as we print it, which the engine reads */
};

struct machine_name {
    const char *plan_id, *type;
    int64_t created_at;
    struct machine_name *next;
};

struct publication_row {
    int64_t number, plan_version, created_at;
    const char *description; /* or null */
    struct publication_row *next;
};

struct alias_row {
    const char *alias, *description;
    int64_t created_at, updated_at;
    const char *routes; /* JSON: [[number, weight], ...] */
    struct alias_row *next;
};

/* ---- machines.c ---- */
/* plan_version 0: the latest. ERR_PLAN_NOT_FOUND, also for a deleted one with no active execution;
 * but a numbered version is found as long as an execution may need it. */
enum err machines_load(struct store *store, struct arena *arena, const char *operator_name,
                       const char *plan_id, int64_t plan_version,
                       struct machine_row *ret) MUST_CHECK;
/* False also when there is none. */
enum err machines_is_standard(struct store *store, const char *operator_name, const char *plan_id,
                              bool *ret) MUST_CHECK;
/* The last number that was given, deleted plan or not; 0: there never was one of this name. */
enum err machines_last_version(struct store *store, const char *operator_name, const char *plan_id,
                               int64_t *ret) MUST_CHECK;
/* A new revision, the latest from now on: plan_version, version_created_at and what the revision
 * bears. A plan that is not there, or was deleted, is made with `type`. */
enum err machines_insert_version(struct store *store, const char *operator_name,
                                 const char *subject, const struct machine_row *row) MUST_CHECK;
/* Its publications and aliases are gone at once. *ret_changes 0: there is none. */
enum err machines_delete(struct store *store, const char *operator_name, const char *plan_id,
                         int64_t now_ms, int64_t *ret_changes) MUST_CHECK;
/* In the order of names, behind `after`; deleted ones are left out. */
enum err machines_list(struct store *store, struct arena *arena, const char *operator_name,
                       const char *after, int64_t limit, struct machine_name **ret) MUST_CHECK;
/* True when there are `limit` of them or more. */
enum err machines_reach(struct store *store, const char *operator_name, int64_t limit,
                        bool *ret) MUST_CHECK;

/* ---- publications.c ---- */
/* ERR_NOT_FOUND. */
enum err publications_load(struct store *store, struct arena *arena, const char *operator_name,
                           const char *plan_id, int64_t number,
                           struct publication_row *ret) MUST_CHECK;
/* The last one of this plan version. ERR_NOT_FOUND. */
enum err publications_of_version(struct store *store, struct arena *arena,
                                 const char *operator_name, const char *plan_id,
                                 int64_t plan_version, struct publication_row *ret) MUST_CHECK;
/* Gives it the next number of its plan. */
enum err publications_insert(struct store *store, const char *operator_name, const char *plan_id,
                             struct publication_row *row) MUST_CHECK;
enum err publications_delete(struct store *store, const char *operator_name, const char *plan_id,
                             int64_t number) MUST_CHECK;
/* Newest first, those below `before` (0: from the newest on). */
enum err publications_list(struct store *store, struct arena *arena, const char *operator_name,
                           const char *plan_id, int64_t before, int64_t limit,
                           struct publication_row **ret) MUST_CHECK;
enum err publications_count(struct store *store, const char *operator_name, const char *plan_id,
                            int64_t *ret) MUST_CHECK;

/* ---- aliases.c ---- */
/* ERR_NOT_FOUND. */
enum err aliases_load(struct store *store, struct arena *arena, const char *operator_name,
                      const char *plan_id, const char *alias, struct alias_row *ret) MUST_CHECK;
/* Made, or changed: created_at stays then. */
enum err aliases_put(struct store *store, const char *operator_name, const char *plan_id,
                     const struct alias_row *row) MUST_CHECK;
/* *ret_changes 0: there is none. */
enum err aliases_delete(struct store *store, const char *operator_name, const char *plan_id,
                        const char *alias, int64_t *ret_changes) MUST_CHECK;
/* All of a plan (LIMIT_ALIASES at most), in the order of names. */
enum err aliases_list(struct store *store, struct arena *arena, const char *operator_name,
                      const char *plan_id, struct alias_row **ret) MUST_CHECK;

#endif
