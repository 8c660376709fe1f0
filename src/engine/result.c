/*
 * result.c - an answer from outside: of a worker, a callback, a person; and what a late comer gets.
 *
 * A result finds its reservation by its token (or its place), without a lock; then the tree is
 * taken and the reservation read again. FRESH and awaited: it is applied at once, or kept while the
 * execution is paused. Settled: the same answer again is accepted, another one refused. Halted:
 * refused with the halt id, and stored once as evidence.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/metric.h"

struct result {
    struct engine *engine;
    const struct actor *actor; /* null: nothing but the token is known */
    enum result_kind kind;
    struct execution execution;
    struct reservation reservation;
    struct fault *reterr;
};

static const struct {
    enum reservation_type type;
    const char *evidence;
    bool is_quiet; /* it says that a worker is done */
    enum err not_found;
} result_kinds[] = {
    [RESULT_COMPLETE_TASK] = {RESERVATION_TASK,       "complete_task",       true,  ERR_TOKEN_NOT_FOUND},
    [RESULT_FAIL_TASK] = {RESERVATION_TASK,       "fail_task",           true,  ERR_TOKEN_NOT_FOUND},
    [RESULT_CALLBACK] = {RESERVATION_CALLBACK,   "execution_callback",  false, ERR_TOKEN_NOT_FOUND},
    [RESULT_HUMAN] = {RESERVATION_HUMAN_TASK, "complete_human_task", false,
                              ERR_HUMAN_TASK_NOT_FOUND                                                 },
    [RESULT_TOKEN] = {RESERVATION_NONE,       "task_token",          true,  ERR_TOKEN_NOT_FOUND},
};

static enum err result_not_found(struct result *result, enum err err)
{
    return fault_set(result->reterr, result->engine->arena, err, NULL,
                     "nothing is known by this name");
}

/* Takes the tree and reads the reservation again, in new statements. */
static enum err result_open(struct result *result, const struct reservation *key,
                            enum err not_found)
{
    struct engine *engine = result->engine;
    struct reservation probe;
    enum err err = reservations_load(engine->store, engine->arena, key->root_id, key->execution_id,
                                     key->reservation_id, &probe);

    if (err == ERR_NOT_FOUND)
        return result_not_found(result, not_found);
    if (!err)
        err = execution_open_at(engine, key->root_id, key->execution_id, &result->execution);
    if (!err)
        err = reservations_load(engine->store, engine->arena, key->root_id, key->execution_id,
                                key->reservation_id, &result->reservation);
    return err;
}

/* Another operator's, another kind's and a wrong secret look alike from outside. */
static bool result_may_see(const struct result *result, const uint8_t hash[SHA256_BYTES])
{
    const struct reservation *r = &result->reservation;

    if (result->actor &&
        strcmp(result->actor->operator_name, r->operator_name) != 0) /* NOLINT: never null */
        return false;
    return hash == NULL ||
           (r->token_hash && equal_constant_time(r->token_hash, hash, SHA256_BYTES));
}

static enum err result_find_token(struct result *result, const char *token,
                                  enum reservation_type type, enum err not_found)
{
    struct reservation key;
    uint8_t hash[SHA256_BYTES];
    enum err err;

    if (!task_token_parse(token, &key, hash))
        return result_not_found(result, not_found);
    err = result_open(result, &key, not_found);
    if (err)
        return err;
    if (!result_may_see(result, hash) ||
        (type != RESERVATION_NONE && result->reservation.type != type))
        return result_not_found(result, not_found);
    return ERR_OK;
}

/* A human task's id is where it lies: execution's place and reservation, in the form of ids. */
static enum err result_find_human(struct result *result, const char *id)
{
    struct reservation key = {0};
    size_t each = ID_TEXT_BYTES - 1;
    enum err err;

    if (strlen(id) != 3 * each || !id_parse(id, each, &key.root_id) ||
        !id_parse(id + each, each, &key.execution_id) ||
        !id_parse(id + 2 * each, each, &key.reservation_id))
        return result_not_found(result, ERR_HUMAN_TASK_NOT_FOUND);
    err = result_open(result, &key, ERR_HUMAN_TASK_NOT_FOUND);
    if (err)
        return err;
    if (!result_may_see(result, NULL) || result->reservation.type != RESERVATION_HUMAN_TASK)
        return result_not_found(result, ERR_HUMAN_TASK_NOT_FOUND);
    return ERR_OK;
}

SQL_QUERY(result_last_callback,
          "SELECT reservation_id FROM reservations WHERE root_id = ?1 AND execution_id = ?2"
          " AND type = 'CALLBACK' AND (CAST(?3 AS TEXT) IS NULL OR state = ?3) AND halt_id = ?4"
          " ORDER BY reservation_id DESC LIMIT 1");

/* Halted: the callback that would have been meant, for the evidence. */
static enum err result_halted_callback(struct result *result, const char *state)
{
    struct execution *e = &result->execution;
    struct engine *engine = result->engine;
    int64_t reservation_id;
    enum err err = sql_select_int(engine->store->sql, &result_last_callback,
                                  SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id),
                                           SQL_TEXT(state), SQL_INT(e->halt_id)),
                                  0, &reservation_id);

    if (err)
        return err;
    if (!reservation_id) {
        result->reservation = (struct reservation){.root_id = e->root_id,
                                                   .execution_id = e->execution_id,
                                                   .operator_name = e->operator_name,
                                                   .type = RESERVATION_CALLBACK,
                                                   .status = "STALE",
                                                   .halt_id = e->halt_id};
        return ERR_OK;
    }
    return reservations_load(engine->store, engine->arena, e->root_id, e->execution_id,
                             reservation_id, &result->reservation);
}

static enum err result_find_place(struct result *result, const char *plan_execution_id,
                                  const char *state)
{
    struct engine *engine = result->engine;
    struct json *members = json_object(engine->arena);
    struct reservation *list;
    int found = 0;
    enum err err = execution_open(engine, result->actor->operator_name, plan_execution_id,
                                  &result->execution, result->reterr);

    if (err)
        return err;
    if (result->execution.status == STATUS_STOPPED)
        return result_halted_callback(result, state);
    err = reservations_fresh_of(engine->store, engine->arena, result->execution.root_id,
                                result->execution.execution_id, &list);
    if (err)
        return err;
    for (; list; list = list->next) {
        if (list->type != RESERVATION_CALLBACK || list->arrived_at ||
            (state && strcmp(state, list->state) != 0))
            continue;
        result->reservation = *list;
        found++;
    }
    if (found == 1)
        return ERR_OK;
    json_add(engine->arena, members, "status",
             json_string(engine->arena, status_name(result->execution.status)));
    err = fault_set(result->reterr, engine->arena, ERR_INVALID_STATE_TRANSITION, "/state",
                    found ? "several states await a callback: name one in \"state\""
                          : "no callback is awaited there");
    result->reterr->members = members;
    return err;
}

static enum err result_find(struct result *result, const struct result_request *req)
{
    if (req->token)
        return result_find_token(result, req->token, result_kinds[result->kind].type,
                                 result_kinds[result->kind].not_found);
    if (req->human_task_id)
        return result_find_human(result, req->human_task_id);
    return result_find_place(result, req->plan_execution_id, req->state);
}

/* {"Error": ..., "Cause": ...}, or the output itself. */
static const struct json *result_value(struct arena *arena, const struct result_request *req)
{
    struct json *error;

    if (req->output)
        return req->output;
    error = json_object(arena);
    json_add(arena, error, "Error", json_string(arena, req->error));
    json_add(arena, error, "Cause", json_string(arena, req->cause));
    return error;
}

static const char *result_hash(struct arena *arena, const struct result_request *req,
                               const struct json *value)
{
    struct buf buf;
    char text[SHA256_TEXT_BYTES];

    buf_init(&buf, arena, 8L * LIMIT_PAYLOAD_BYTES);
    buf_text(&buf, req->output ? "output " : "error ");
    json_print_canonical(&buf, value);
    sha256_text(buf.data, buf.len, text);
    return arena_string(arena, text);
}

/* 409 EXECUTION_HALTED: the halt's id; to a caller with the operator's token also who and why. */
static enum err result_refuse_halted(struct result *result)
{
    struct engine *engine = result->engine;
    struct arena *arena = engine->arena;
    struct json *members = json_object(arena);
    struct reservation *r = &result->reservation;
    struct halt_row halt;
    enum err err =
        halts_load(engine->store, arena, r->operator_name, r->root_id, r->halt_id, &halt);

    if (err)
        return err;
    metric_add(METRIC_LATE_REFUSED, 1);
    json_add(arena, members, "halt_id",
             json_string(arena, receipt_halt_id(arena, r->root_id, r->halt_id)));
    if (result->actor) {
        json_add(arena, members, "halted_by", json_string(arena, halt.subject));
        json_add(arena, members, "reason", json_string(arena, halt.reason));
        json_add(arena, members, "halted_at", json_int(arena, halt.created_at));
    }
    err = fault_set(
        result->reterr, arena, ERR_EXECUTION_HALTED, NULL,
        "the execution was halted; nothing was changed, what you sent is kept as evidence");
    result->reterr->members = members;
    return err;
}

static enum err result_late(struct result *result, const char *kind, bool is_quiet,
                            const char *body)
{
    struct engine *engine = result->engine;

    engine->late.is_set = true;
    engine->late.is_quiet = is_quiet;
    engine->late.reservation = result->reservation;
    engine->late.kind = kind;
    engine->late.subject = result->actor ? result->actor->subject : NULL;
    engine->late.body = body;
    return result_refuse_halted(result);
}

/* It is no longer awaited: a repeat of what settled it is welcome, all else is refused; the Step
 * Functions API refuses repeats, too. */
static enum err result_settled(struct result *result, const char *hash)
{
    const struct reservation *r = &result->reservation;

    if (result->kind != RESULT_TOKEN && r->answer_hash && strcmp(r->answer_hash, hash) == 0)
        return ERR_OK;
    return fault_set(result->reterr, result->engine->arena, ERR_ALREADY_SETTLED, NULL,
                     r->answer_hash
                         ? "another answer was accepted before"
                         : "this is no longer awaited: it timed out, was retried or cancelled");
}

static const char *result_evidence(struct arena *arena, const struct json *value)
{
    const char *text = json_text(arena, value);

    if (strlen(text) <= LIMIT_EVIDENCE_BYTES)
        return text;
    return "{\"truncated\":true}";
}

enum err engine_result(struct engine *engine, const struct actor *actor, enum result_kind kind,
                       const struct result_request *req, const char **ret_plan_execution_id,
                       struct fault *reterr)
{
    struct result result = {.engine = engine, .actor = actor, .kind = kind, .reterr = reterr};
    struct arena *arena = engine->arena;
    const struct json *value = result_value(arena, req);
    struct reservation_result arrived = {.failed = !req->output, .text = json_text(arena, value)};
    struct reservation *r = &result.reservation;
    bool taken;
    enum err err = result_find(&result, req);

    if (err)
        return err;
    *ret_plan_execution_id = result.execution.plan_execution_id;
    arrived.answer_hash = result_hash(arena, req, value);
    if (!reservation_is_fresh(r) && r->halt_id)
        return result_late(&result, result_kinds[kind].evidence, result_kinds[kind].is_quiet,
                           result_evidence(arena, value));
    if (!reservation_is_fresh(r) || r->arrived_at || r->epoch != result.execution.epoch)
        return result_settled(&result, arrived.answer_hash);
    if (result.execution.status == STATUS_WAITING_FOR_RESTART)
        return reservations_arrive(engine->store, r, &arrived, engine_now(engine), &taken);
    r->failed = arrived.failed;
    r->result = arrived.text;
    r->answer_hash = arrived.answer_hash;
    return turn_run(engine, &result.execution, r);
}

enum err engine_heartbeat(struct engine *engine, const struct actor *actor, const char *token,
                          int64_t *ret_lease_ms, struct fault *reterr)
{
    struct result result = {.engine = engine, .actor = actor, .reterr = reterr};
    struct reservation *r = &result.reservation;
    int64_t lease_ms;
    enum err err = result_find_token(&result, token, RESERVATION_NONE, ERR_TOKEN_NOT_FOUND);

    if (err)
        return err;
    if (!reservation_is_fresh(r) && r->halt_id)
        return result_late(&result, "heartbeat_task", false, NULL);
    if (!reservation_is_fresh(r) || r->arrived_at || r->epoch != result.execution.epoch)
        return fault_set(
            reterr, engine->arena, ERR_ALREADY_SETTLED, NULL,
            "this is no longer awaited: it was answered, timed out, retried or cancelled");
    lease_ms = r->lease_ms ? r->lease_ms : engine->env->lease_ms;
    *ret_lease_ms = lease_ms;
    return reservations_extend(engine->store, r, engine_now(engine) + lease_ms);
}
