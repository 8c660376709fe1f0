/*
 * halt.c - stop an execution and everything below it, in one commit: THE TEN STEPS.
 *
 * Each step does one thing over the whole halted set, or says why the halt ends here; then the
 * savepoint is rolled back and nothing has happened. The numbers are those of the contract
 * (docs/halt.md).
 *
 * Invariants:
 *   - all or nothing: no reader ever sees half of a tree stopped;
 *   - once the tree is locked nothing can join it, so step 1 sees all of it;
 *   - a second halt gets the first one's receipt and changes nothing;
 *   - a dry run is the same ten steps, rolled back at the end;
 *   - no step talks to the network: what must leave the schedule leaves it after the commit, and is
 * harmless before.
 */
#include "engine/child.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/metric.h"
#include "store/plain_trees.h"

struct halt {
    struct engine *engine;
    const struct actor *actor;
    const struct halt_request *req;
    struct halt_answer *ret;
    struct fault *reterr;
    struct execution target;
    struct halt_row row;
    struct json *anomalies;
    /* the parent, or with children_only the target itself, and which of its reservations are
     * resolved */
    struct execution parent;
    struct reservation *awaited;
    struct receipt_callback callback;
    const struct json *receipt, *children;
    bool is_settled; /* the answer stands; no further step */
};

/* clang-format off */
#define HALT_STEPS(X)                                                                              \
    /* name        cancel  when a statement fails             what it does */                      \
    X(children,    false,  STATEMENT_FAILED,                  " 1. which executions stop: it, and its descendants if asked") \
    X(judge,       false,  STATEMENT_FAILED,                  " 2. may it be halted?")             \
    X(record,      true,   HISTORY_WRITE_FAILED,              " 3. EXECUTION.HALTED goes into the history") \
    X(stop,        true,   EXECUTION_UPDATE_FAILED,           " 4. status STOPPED, a new epoch")   \
    X(unpause,     true,   PAUSED_EXECUTION_REMOVE_FAILED,    " 5. no longer among the paused")    \
    X(deschedule,  true,   RESERVATION_CLEANUP_FAILED,        " 6. its scheduled reservations leave the schedule") \
    X(clean,       true,   RESERVATION_CLEANUP_FAILED,        " 7. its reservations are STALE")    \
    X(unlock,      true,   UNLOCK_FAILED,                     " 8. its locks pass to the next in line") \
    X(call_back,   false,  PARENT_CALLBACK_FAILED,            " 9. the parent's reservation is resolved") \
    X(receipt,     true,   STATEMENT_FAILED,                  "10. what was done is written down")
/* clang-format on */

const char *halt_outcome_name(enum halt_outcome outcome)
{
    static const char *const names[] = {
        [HALTED] = "halted",
        [CHILDREN_HALTED] = "children_halted",
        [ALREADY_HALTED] = "already_halted",
        [WOULD_HALT] = "would_halt",
    };

    return names[outcome];
}

/* ---- 1 ---- */

static enum err halt_children(struct halt *h)
{
    struct store *store = h->engine->store;
    enum err err = ERR_OK;

    if (!h->req->children_only)
        err = halts_collect_target(store, &h->row);
    return err ? err : halts_collect_below(store, &h->row);
}

/* ---- 2 ---- */

/* Nothing was active: the answer names the halt, actor and time that stopped the present epoch. */
static enum err halt_settle_already(struct halt *h)
{
    struct arena *arena = h->engine->arena;
    struct halt_row first;
    enum err err;

    h->is_settled = true;
    h->ret->outcome = ALREADY_HALTED;
    h->ret->children = json_object(arena);
    if (!h->target.halt_id)
        return ERR_OK;
    err = halts_load(h->engine->store, arena, h->target.operator_name, h->target.root_id,
                     h->target.halt_id, &first);
    if (!err)
        err = receipt_json(h->engine->store, arena, &first, NULL, &h->ret->receipt, NULL);
    h->ret->halt_id = receipt_halt_id(arena, h->target.root_id, h->target.halt_id);
    h->ret->root_id = h->target.root_id;
    h->ret->halt_number = h->target.halt_id;
    h->ret->in_flight = err ? 0 : first.in_flight;
    return err;
}

static enum err halt_refuse_final(struct halt *h)
{
    struct arena *arena = h->engine->arena;
    struct json *members = json_object(arena);
    int64_t below;
    enum err err = executions_count_active_below(h->engine->store, h->target.root_id,
                                                 h->target.execution_id, &below);

    if (err)
        return err;
    json_add(arena, members, "status", json_string(arena, status_name(h->target.status)));
    json_add(arena, members, "ended_at", json_int(arena, h->target.ended_at));
    json_add(arena, members, "active_descendants", json_int(arena, below));
    err = fault_set(h->reterr, arena, ERR_INVALID_STATE_TRANSITION, NULL,
                    "it has ended as %s; %lld of its descendants are still active:"
                    " halt_child_executions halts those",
                    status_name(h->target.status), (long long)below);
    h->reterr->members = members;
    return err;
}

/* The plan as it stands: what would be halted, with its digest. */
static enum err halt_show_plan(struct halt *h, struct json *members)
{
    struct arena *arena = h->engine->arena;
    const struct json *receipt;
    enum err err;

    h->row.outcome = halt_outcome_name(WOULD_HALT);
    err = receipt_digest(h->engine->store, arena, &h->row, h->target.plan_execution_id,
                         &h->callback, &h->row.digest);
    if (!err)
        err = receipt_json(h->engine->store, arena, &h->row, h->target.plan_execution_id, &receipt,
                           NULL);
    if (err)
        return err;
    json_add(arena, members, "digest", json_string(arena, h->row.digest));
    json_add(arena, members, "plan", receipt);
    return ERR_OK;
}

static enum err halt_check_preconditions(struct halt *h)
{
    struct arena *arena = h->engine->arena;
    struct json *members = json_object(arena);
    const char *pointer = NULL;
    enum err err;

    if (h->req->if_status && strcmp(h->req->if_status, status_name(h->target.status)) != 0)
        pointer = "/if_status";
    else if (h->req->if_epoch >= 0 && h->req->if_epoch != h->target.epoch)
        pointer = "/if_epoch";
    if (pointer) {
        json_add(arena, members, "status", json_string(arena, status_name(h->target.status)));
        json_add(arena, members, "epoch", json_int(arena, h->target.epoch));
        err = fault_set(h->reterr, arena, ERR_PRECONDITION_FAILED, pointer,
                        "the execution is %s in epoch %lld", status_name(h->target.status),
                        (long long)h->target.epoch);
        h->reterr->members = members;
        return err;
    }
    if (!h->req->if_digest && !h->req->dry_run)
        return ERR_OK;
    err = receipt_digest(h->engine->store, arena, &h->row, h->target.plan_execution_id,
                         &h->callback, &h->row.digest);
    if (err || !h->req->if_digest || strcmp(h->req->if_digest, h->row.digest) == 0)
        return err;
    err = halt_show_plan(h, members);
    if (err)
        return err;
    err = fault_set(h->reterr, arena, ERR_PRECONDITION_FAILED, "/if_digest",
                    "what would be halted has changed since; look at the plan and its digest");
    h->reterr->members = members;
    return err;
}

/* Every live frame must find a state of the same name, place and type. */
static bool halt_fits(struct arena *arena, const struct asl_plan *from, const struct asl_plan *to,
                      const struct frame *frames)
{
    for (; frames; frames = frames->next) {
        const struct asl_state *a = asl_find(from, frames->state), *b = asl_find(to, frames->state);

        if (!a || !b || a->type != b->type || strcmp(asl_place(arena, a), asl_place(arena, b)) != 0)
            return false;
    }
    return true;
}

static enum err halt_check_plan_version(struct halt *h)
{
    struct engine *engine = h->engine;
    struct execution *p = &h->parent;
    const struct plan *from, *to;
    struct frame *frames;
    enum err err;

    if (!h->req->plan_version || !h->awaited)
        return ERR_OK;
    err = plan_get(engine, p->operator_name, p->plan_id, p->plan_version, &from);
    if (!err)
        err = frames_load(engine->store, engine->arena, p->root_id, p->execution_id, &frames);
    if (err)
        return err;
    err = plan_get(engine, p->operator_name, p->plan_id, h->req->plan_version, &to);
    if (err && err != ERR_PLAN_NOT_FOUND)
        return err;
    if (!err && halt_fits(engine->arena, from->asl, to->asl, frames))
        return ERR_OK;
    return fault_set(
        h->reterr, engine->arena, ERR_PLAN_VERSION_INCOMPATIBLE, "/plan_version",
        err ? "the parent's plan has no such version"
            : "this version lacks a state in which the parent stands, or has it elsewhere");
}

static enum err halt_check_size(struct halt *h)
{
    struct arena *arena = h->engine->arena;
    struct json *members;
    enum err err;

    if (!h->req->max_affected || h->row.executions <= h->req->max_affected)
        return ERR_OK;
    members = json_object(arena);
    json_add(arena, members, "affected", json_int(arena, h->row.executions));
    err = halt_show_plan(h, members);
    if (err)
        return err;
    err = fault_set(h->reterr, arena, ERR_TOO_MANY_AFFECTED, "/max_affected",
                    "%lld executions would be halted; nothing was", (long long)h->row.executions);
    h->reterr->members = members;
    return err;
}

/* With children_only, the execution itself is told: its reservations of the children that stop. */
static enum err halt_find_awaited_children(struct halt *h)
{
    struct reservation *list, **end = &h->awaited;
    enum err err = reservations_fresh_of(h->engine->store, h->engine->arena, h->target.root_id,
                                         h->target.execution_id, &list);

    if (err)
        return err;
    h->parent = h->target;
    for (; list; list = list->next) {
        if ((list->type != RESERVATION_CHILD && list->type != RESERVATION_MAP_RUN) ||
            list->arrived_at || list->epoch != h->target.epoch)
            continue;
        *end = list;
        end = &(*end)->next;
        h->callback.reservation_id = list->reservation_id;
    }
    *end = NULL;
    return ERR_OK;
}

static enum err halt_find_awaiting_parent(struct halt *h)
{
    struct engine *engine = h->engine;
    struct reservation *r = ARENA_NEW(engine->arena, struct reservation);
    enum err err = executions_load(engine->store, engine->arena, h->target.root_id,
                                   h->target.parent_id, &h->parent);

    if (err)
        return err;
    h->parent.tree_seq = h->target.tree_seq;
    if (!h->target.parent_reservation_id)
        return ERR_OK;
    err = reservations_load(engine->store, engine->arena, h->target.root_id, h->target.parent_id,
                            h->target.parent_reservation_id, r);
    if (err)
        return err;
    if (reservation_is_fresh(r) && !r->arrived_at && r->epoch == h->parent.epoch) {
        h->awaited = r;
        h->callback.reservation_id = r->reservation_id;
    }
    return ERR_OK;
}

/* What the parent will be told, before anything is changed. */
static enum err halt_foresee_callback(struct halt *h)
{
    enum err err = ERR_OK;

    if (h->req->children_only && h->row.executions)
        err = halt_find_awaited_children(h);
    /* A STOPPED target has been reported when it was halted. */
    else if (!h->req->children_only && h->target.parent_id && h->target.status != STATUS_STOPPED)
        err = halt_find_awaiting_parent(h);
    if (err || !h->parent.plan_execution_id)
        return err;
    h->callback.parent = h->parent.plan_execution_id;
    h->callback.plan_version =
        h->awaited && h->req->plan_version ? h->req->plan_version : h->parent.plan_version;
    if (h->req->disable_parent_callback) {
        h->callback.result = "disabled";
        h->awaited = NULL;
    } else if (transition_is_final(h->parent.status)) {
        h->callback.result = "parent_final";
        h->awaited = NULL;
    } else if (!h->awaited) {
        h->callback.result = "not_awaited";
    } else {
        h->callback.result = h->parent.status == STATUS_WAITING_FOR_RESTART ? "kept" : "delivered";
    }
    return ERR_OK;
}

static enum err halt_judge(struct halt *h)
{
    enum err err;

    /* Asked before any refusal: a halt that finds nothing to do has been done. */
    if (!h->row.executions && (h->req->children_only || h->target.status == STATUS_STOPPED))
        return halt_settle_already(h);
    if (!h->req->children_only && h->target.status != STATUS_STOPPED &&
        transition_to(h->target.status, EVENT_HALT) == STATUS_NONE)
        return halt_refuse_final(h);
    err = halt_foresee_callback(h);
    if (!err)
        err = halt_check_preconditions(h);
    if (!err)
        err = halt_check_plan_version(h);
    if (!err)
        err = halt_check_size(h);
    h->ret->outcome =
        h->req->children_only || h->target.status == STATUS_STOPPED ? CHILDREN_HALTED : HALTED;
    h->row.outcome = halt_outcome_name(h->ret->outcome);
    return err;
}

/* ---- 3 to 8: the whole set at once ---- */

static enum err halt_record(struct halt *h)
{
    return halts_record(h->engine->store, &h->row);
}

static enum err halt_stop(struct halt *h)
{
    return halts_stop(h->engine->store, &h->row);
}

/* Whether any of the set was paused: of the target alone its status tells. */
static bool halt_may_be_paused(const struct halt *h)
{
    bool is_target_alone = h->ret && h->ret->outcome == HALTED && h->row.executions == 1;

    return !is_target_alone || h->target.status == STATUS_WAITING_FOR_RESTART;
}

static enum err halt_unpause(struct halt *h)
{
    int64_t missing = 0;
    struct json *anomaly;
    enum err err = ERR_OK;

    if (halt_may_be_paused(h))
        err = halts_unpause(h->engine->store, &h->row, &missing);
    if (err || !missing)
        return err;
    /* Reported and counted, never a reason not to halt. */
    metric_add(METRIC_HALT_ANOMALIES, missing);
    anomaly = json_object(h->engine->arena);
    json_add(h->engine->arena, anomaly, "kind",
             json_string(h->engine->arena, "paused_execution_missing"));
    json_add(h->engine->arena, anomaly, "count", json_int(h->engine->arena, missing));
    json_push(h->engine->arena, h->anomalies, anomaly);
    return ERR_OK;
}

/*
 * The store's own due index forgets what step 7 makes STALE, in the same commit. A schedule that
 * lies elsewhere is told after the commit, many entries at once; until then an entry of an old
 * epoch fires into nothing.
 */
static enum err halt_deschedule(struct halt *h)
{
    effect_add(h->engine, EFFECT_HALTED, h->row.operator_name, NULL, h->row.halt_id);
    if (h->ret && !h->target.parent_id && !h->req->children_only)
        effect_add(h->engine, EFFECT_ENDED, h->row.operator_name, NULL, h->target.execution_id);
    if (h->engine->store->on_scheduled)
        effect_add(h->engine, EFFECT_HALT_SCHEDULED, NULL, NULL, h->row.halt_id)
            ->scheduled.root_id = h->row.root_id;
    return ERR_OK;
}

static enum err halt_clean(struct halt *h)
{
    enum err err = halts_clean(h->engine->store, &h->row);

    if (!err && h->row.in_flight)
        effect_add(h->engine, EFFECT_CALL_OFF, h->row.operator_name, NULL, 0);
    return err;
}

static enum err halt_unlock(struct halt *h)
{
    return halts_unlock(h->engine->store, &h->row);
}

/* ---- 9 ---- */

/* Execution.Halted, with who and why: what the Task of the parent fails with. */
static const struct json *halt_error(struct halt *h)
{
    struct arena *arena = h->engine->arena;
    struct json *error = json_object(arena), *cause = json_object(arena);

    json_add(arena, cause, "halt_id",
             json_string(arena, receipt_halt_id(arena, h->row.root_id, h->row.halt_id)));
    json_add(arena, cause, "plan_execution_id", json_string(arena, h->target.plan_execution_id));
    json_add(arena, cause, "halted_by", json_string(arena, h->row.subject));
    json_add(arena, cause, "portal_id", json_string(arena, h->row.portal_id));
    json_add(arena, cause, "reason", json_string(arena, h->row.reason));
    json_add(arena, error, "Error", json_string(arena, "Execution.Halted"));
    json_add(arena, error, "Cause", json_string(arena, json_text(arena, cause)));
    return error;
}

/* Children that are awaited together count as aborted, or, with an input, as ones that succeeded
 * with it. */
static enum err halt_count_in_map_run(struct halt *h, const struct reservation *awaited)
{
    struct execution child = h->target;
    const char *output = h->req->input ? json_text(h->engine->arena, h->req->input) : NULL;

    if (h->req->children_only)
        return map_run_children_halted(h->engine, &h->row, awaited, output);
    child.status = output ? STATUS_SUCCESS : STATUS_STOPPED;
    child.output = output;
    return map_run_child_ended(h->engine, &child, h->row.created_at);
}

static enum err halt_resolve(struct halt *h)
{
    struct engine *engine = h->engine;
    struct reservation_result result = {
        .failed = !h->req->input,
        .text = json_text(engine->arena, h->req->input ? h->req->input : halt_error(h)),
    };
    bool taken, kept = h->parent.status == STATUS_WAITING_FOR_RESTART;
    enum err err = ERR_OK;

    for (struct reservation *r = h->awaited; r && !err; r = r->next) {
        if (r->type == RESERVATION_MAP_RUN) {
            err = halt_count_in_map_run(h, r);
            continue;
        }
        err = kept ? reservations_arrive(engine->store, r, &result, h->row.created_at, &taken)
                   : child_resolve(engine, r, &result, h->row.created_at, &taken);
        CHECK(err || taken); /* under the tree's lock nobody else can have been first */
    }
    return err;
}

/* The parent's history says so, whatever the result is. */
static enum err halt_tell(struct halt *h)
{
    struct engine *engine = h->engine;
    struct arena *arena = engine->arena;
    struct json *detail = json_object(arena);
    enum err err;

    json_add(arena, detail, "plan_execution_id", json_string(arena, h->target.plan_execution_id));
    json_add(arena, detail, "result", json_string(arena, h->callback.result));
    if (h->awaited)
        h->parent.plan_version = h->callback.plan_version;
    h->parent.updated_at = h->row.created_at;
    err = history_audit(engine->store, arena, &h->parent, h->row.created_at, "CHILD.HALTED",
                        h->row.halt_id, detail);
    return err ? err : executions_save(engine->store, &h->parent);
}

static enum err halt_call_back(struct halt *h)
{
    struct arena *arena = h->engine->arena;
    struct json *callback = json_object(arena), *unused = json_array(arena);
    enum err err = ERR_OK;

    if (!h->awaited && h->req->input)
        json_push(arena, unused, json_string(arena, "input"));
    if (!h->awaited && h->req->plan_version)
        json_push(arena, unused, json_string(arena, "plan_version"));
    h->row.unused = unused->count ? json_text(arena, unused) : NULL;
    if (!h->callback.parent)
        return ERR_OK;
    json_add(arena, callback, "plan_execution_id", json_string(arena, h->callback.parent));
    json_add(arena, callback, "plan_version", json_int(arena, h->callback.plan_version));
    json_add(arena, callback, "result", json_string(arena, h->callback.result));
    h->ret->callback = callback;
    h->row.callback = json_text(arena, callback);
    if (transition_is_final(h->parent.status) || h->req->disable_parent_callback)
        return ERR_OK;
    err = halt_resolve(h);
    return err ? err : halt_tell(h);
}

/* ---- 10 ---- */

static enum err halt_receipt(struct halt *h)
{
    h->row.anomalies = h->anomalies->count ? json_text(h->engine->arena, h->anomalies) : NULL;
    if (h->req && h->req->dry_run)
        h->row.outcome = halt_outcome_name(WOULD_HALT);
    return halts_insert(h->engine->store, &h->row);
}

/* ---- the driver ---- */

static const struct {
    const char *name, *question;
    bool in_cancel; /* part of cancelling a frame, too */
    enum err failure;
    enum err (*run)(struct halt *h);
} halt_steps[] = {
#define HALT_STEP(name, cancel, failure, question)                                                 \
    {#name, question, cancel, ERR_##failure, halt_##name},
    HALT_STEPS(HALT_STEP)
#undef HALT_STEP
};

static enum err halt_run(struct halt *h, bool is_cancel)
{
    enum err err = ERR_OK;

    h->anomalies = json_array(h->engine->arena);
    for (size_t i = 0; i < ARRAY_SIZE(halt_steps) && !err && !h->is_settled; i++) {
        if (is_cancel && !halt_steps[i].in_cancel)
            continue;
        err = halt_steps[i].run(h);
        if (err == ERR_STATEMENT_FAILED) {
            log_error("halt.step_failed", "step %s (%s)", halt_steps[i].name,
                      halt_steps[i].question);
            err = halt_steps[i].failure;
        }
    }
    return err;
}

enum err halt_collected(struct engine *engine, const struct halt_row *row)
{
    struct halt h = {.engine = engine, .row = *row};
    enum err err = halt_run(&h, true);

    if (!err)
        metric_add(METRIC_EXECUTIONS_HALTED, h.row.executions);
    return err;
}

static void halt_begin(struct halt *h)
{
    const struct halt_request *req = h->req;

    h->row = (struct halt_row){
        .plain = h->row.plain,
        .root_id = h->target.root_id,
        .halt_id = id_next(h->engine->store->ids),
        .operator_name = h->actor->operator_name,
        .portal_id = h->actor->portal_id,
        .subject = h->actor->subject,
        .execution_id = h->target.execution_id,
        .kind = req->children_only ? "CHILDREN" : "EXECUTION",
        .children = req->children_only ? HALT_CHILDREN_ALL : req->children,
        .reason = req->reason,
        .error = req->error,
        .cause = req->cause,
        .batch_name = req->is_batch_operation ? req->name : NULL,
        .tree_seq = h->target.tree_seq,
        .created_at = engine_now(h->engine),
    };
}

/* The answer is what every later reader will read: from the rows, or, of a plain tree, from what
 * became them. */
static enum err halt_answer_from_rows(struct halt *h)
{
    enum err err = receipt_json(h->engine->store, h->engine->arena, &h->row,
                                h->target.plan_execution_id, &h->ret->receipt, &h->ret->children);

    h->ret->in_flight = h->row.in_flight;
    if (h->req->dry_run) {
        h->ret->outcome = WOULD_HALT;
        return err;
    }
    h->ret->halt_id = receipt_halt_id(h->engine->arena, h->row.root_id, h->row.halt_id);
    h->ret->root_id = h->row.root_id;
    h->ret->halt_number = h->row.halt_id;
    h->ret->halted_at = h->row.created_at;
    metric_add(METRIC_HALTS, 1);
    metric_add(METRIC_EXECUTIONS_HALTED, h->row.executions);
    return err;
}

/* The tree is taken; of a plain one all that the steps would ask is known. */
static enum err halt_open(struct halt *h)
{
    struct engine *engine = h->engine;
    struct plain_tree *plain = NULL;
    int64_t root_id, execution_id, tree_seq;
    enum err err = execution_find(engine, h->actor->operator_name, h->req->plan_execution_id,
                                  &root_id, &execution_id, h->reterr);

    if (!err)
        err = trees_lock(engine->store, root_id, &tree_seq);
    if (!err)
        err = plain_tree_load(engine->store, engine->arena, root_id, &plain);
    if (err)
        return err;
    h->row.plain = plain;
    if (plain)
        h->target = plain->target;
    else
        err = executions_load(engine->store, engine->arena, root_id, execution_id, &h->target);
    CHECK(err || h->target.execution_id == execution_id);
    h->target.tree_seq = tree_seq;
    return err;
}

/* Taken and read ahead with others (plain_trees.h). */
static enum err halt_open_ahead(struct halt *h, const struct plain_tree *plain)
{
    h->row.plain = plain;
    h->target = plain->target;
    return trees_lock(h->engine->store, plain->target.root_id, &h->target.tree_seq);
}

static enum err halt_perform(struct halt *h)
{
    const struct plain_tree *plain =
        plain_tree_find(h->engine->store, h->actor->operator_name, h->req->plan_execution_id);
    enum err err = plain ? halt_open_ahead(h, plain) : halt_open(h);

    if (err)
        return err;
    halt_begin(h);
    err = halt_run(h, false);
    if (err || h->is_settled)
        return err;
    return halt_answer_from_rows(h);
}

enum err engine_halt(struct engine *engine, const struct actor *actor,
                     const struct halt_request *req, struct halt_answer *ret, struct fault *reterr)
{
    struct halt h = {.engine = engine, .actor = actor, .req = req, .ret = ret, .reterr = reterr};
    struct effect **mark = engine_effects_mark(engine);
    enum err err;

    *ret = (struct halt_answer){0};
    if (!req->dry_run)
        return halt_perform(&h);
    err = sql_savepoint(engine->store->sql, 1);
    if (err)
        return err;
    err = halt_perform(&h);
    engine_effects_drop(engine, mark);
    if (sql_rollback_to(engine->store->sql, 1))
        return ERR_STATEMENT_FAILED;
    return err;
}
