/*
 * start.c - an execution is accepted, and begins.
 */
#include "engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/metric.h"
#include "engine/arn.h"
#include "store/plans.h"
#include "store/trees.h"

/* The tree's row first: a new one for a root, one more in it for a child. */
static enum err start_join_tree(struct engine *engine, const struct new_execution *wanted,
                                struct execution *e)
{
    if (wanted->parent) {
        e->tree_seq = wanted->parent->tree_seq;
        return trees_grow(engine->store, e->root_id, engine->env->tree_executions_max);
    }
    e->tree_seq = 1;
    return trees_insert(engine->store, e->operator_name, e->root_id);
}

static enum err start_first_event(struct engine *engine, struct execution *e)
{
    struct arena *arena = engine->arena;
    struct json *detail = json_object(arena);

    json_add(arena, detail, "input", json_stored(arena, e->input));
    json_add(arena, detail, "plan_id", json_string(arena, e->plan_id));
    json_add(arena, detail, "plan_version", json_int(arena, e->plan_version));
    return history_event(engine->store, arena, e, e->created_at, "ExecutionStarted", 0, detail,
                         NULL);
}

/*
 * "NAME" started by our own API and "PLAN:NAME" started by the Step Functions API would have one
 * ARN under this plan: only one of them may be.
 */
static enum err start_check_twin(struct engine *engine, const struct execution *e)
{
    const char *name = arn_execution_name(engine->arena, e->plan_id, e->plan_execution_id);
    const char *twin = name != e->plan_execution_id
                           ? name
                           : arn_execution_id(engine->arena, e->plan_id, e->plan_execution_id);
    struct execution other;
    int64_t root_id, execution_id;
    enum err err = executions_find(engine->store, e->operator_name, twin, &root_id, &execution_id);

    if (!err)
        err = executions_load(engine->store, engine->arena, root_id, execution_id, &other);
    if (!err && strcmp(other.plan_id, e->plan_id) == 0)
        return ERR_EXECUTION_EXISTS;
    return err == ERR_EXECUTION_NOT_FOUND ? ERR_OK : err;
}

enum err execution_create(struct engine *engine, const struct new_execution *wanted, int64_t now_ms,
                          struct execution *ret)
{
    const struct execution *parent = wanted->parent;
    struct execution e = {
        .execution_id = id_next(engine->store->ids),
        .operator_name = wanted->actor->operator_name,
        .portal_id = wanted->actor->portal_id,
        .plan_execution_id = wanted->plan_execution_id,
        .plan_id = wanted->plan_id,
        .parent_id = parent ? parent->execution_id : 0,
        .parent_reservation_id = wanted->parent_reservation_id,
        .depth = parent ? parent->depth + 1 : 0,
        .hold_on_failure = wanted->hold_on_failure,
        .start_digest = wanted->start_digest,
        .start_locks = wanted->start_locks,
        .created_by = wanted->actor->subject,
        .created_at = now_ms,
        .updated_at = now_ms,
        .input = wanted->input,
        .origin = wanted->origin,
        .map_run_id = wanted->map_run_id,
        .map_state = wanted->map_state,
        .map_index = wanted->map_index,
        .status = STATUS_PENDING,
        .epoch = 1,
        .is_new = true,
    };
    int64_t root_id, execution_id;
    enum err err = plan_resolve(engine, e.operator_name, e.plan_id, wanted->plan_version,
                                wanted->map_run_id != 0, &e.plan_version);

    if (err)
        return err;
    if (e.plan_execution_id && parent) {
        err = executions_find(engine->store, e.operator_name, e.plan_execution_id, &root_id,
                              &execution_id);
        if (err != ERR_EXECUTION_NOT_FOUND)
            return err ? err : ERR_EXECUTION_EXISTS;
    }
    if (e.plan_execution_id) {
        err = start_check_twin(engine, &e);
        if (err)
            return err;
    } else {
        char text[ID_TEXT_BYTES];

        id_text(e.execution_id, text);
        e.plan_execution_id = arena_string(engine->arena, text);
    }
    e.root_id = parent ? parent->root_id : e.execution_id;
    err = start_join_tree(engine, wanted, &e);
    if (!err)
        err = executions_name(engine->store, &e);
    if (!err)
        err = start_first_event(engine, &e);
    if (err)
        return err;
    metric_add(METRIC_EXECUTIONS_STARTED, 1);
    *ret = e;
    return ERR_OK;
}

/* One start lock: *ret_held when the execution has it now; else it waits for it. */
static enum err start_take_lock(struct turn *turn, const char *name, int64_t frame_id,
                                bool *ret_held)
{
    struct execution *e = turn->execution;
    struct engine *engine = turn->engine;
    struct reservation wait = turn_reservation(turn, NULL, RESERVATION_LOCK);
    struct json *detail = json_object(engine->arena);
    struct lock_holder holder;
    int64_t fence;
    enum err err = locks_holder(engine->store, e->operator_name, name, &holder);

    if (err)
        return err;
    *ret_held = holder.execution_id == e->execution_id;
    if (*ret_held) /* granted while it waited, for no frame yet */
        return locks_set_frame(engine->store, e->operator_name, name, frame_id);
    err = locks_take(engine->store, e, frame_id, name, turn->now_ms, &fence);
    if (err)
        return err;
    if (fence) {
        *ret_held = true;
        json_add(engine->arena, detail, "name", json_string(engine->arena, name));
        json_add(engine->arena, detail, "fence", json_int(engine->arena, fence));
        return history_audit(engine->store, engine->arena, e, turn->now_ms, "LOCK.ACQUIRED", 0,
                             detail);
    }
    wait.queue = name;
    wait.reservation_id = id_next(engine->store->ids);
    err = locks_wait(engine->store, &wait);
    return err ? err : turn_reserve(turn, &wait);
}

static bool start_waits_for_lock(const struct turn *turn)
{
    for (const struct reservation *r = turn->fresh; r; r = r->next) {
        if (r->type == RESERVATION_LOCK && reservation_is_fresh(r) && r->frame_id == 0)
            return true;
    }
    return false;
}

enum err start_take_locks(struct turn *turn, bool *ret_ready)
{
    const struct json *locks = json_stored(turn->engine->arena, turn->execution->start_locks);

    *ret_ready = !start_waits_for_lock(turn);
    for (uint32_t i = 0; i < locks->count && *ret_ready; i++) {
        const struct json *lock = locks->items[i];
        enum err err =
            start_take_lock(turn, lock->items[0]->string, lock->items[1]->integer, ret_ready);

        if (err)
            return err;
    }
    return ERR_OK;
}

static int start_compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* [[name, 1], ...] in name order: locks are always taken in that order, so that no two starts
 * deadlock. */
static const char *start_locks_text(struct arena *arena, const struct start_request *req)
{
    struct json *list = json_array(arena);
    const char **names;

    if (!req->lock_count)
        return NULL;
    names = arena_copy(arena, req->locks, req->lock_count * sizeof(*names));
    qsort(names, req->lock_count, sizeof(*names), start_compare_names);
    for (size_t i = 0; i < req->lock_count; i++) {
        struct json *lock = json_array(arena);

        json_push(arena, lock, json_string(arena, names[i]));
        json_push(arena, lock, json_int(arena, FRAME_ROOT));
        json_push(arena, list, lock);
    }
    return json_text(arena, list);
}

static const char *start_digest(struct arena *arena, const struct start_request *req)
{
    struct json *all = json_object(arena);
    struct buf buf;
    char text[SHA256_TEXT_BYTES];

    json_add(arena, all, "plan_id", json_string(arena, req->plan_id));
    json_add(arena, all, "plan_version", json_int(arena, req->plan_version));
    json_add(arena, all, "input", req->input ? req->input : &json_null);
    json_add(arena, all, "locks", json_string(arena, start_locks_text(arena, req)));
    json_add(arena, all, "start_at", json_int(arena, req->start_at));
    json_add(arena, all, "hold_on_failure", json_bool(req->hold_on_failure));
    buf_init(&buf, arena, 2L * LIMIT_HTTP_BODY_BYTES);
    json_print_canonical(&buf, all);
    sha256_text(buf.data, buf.len, text);
    return arena_string(arena, text);
}

static void start_answer(const struct execution *e, bool created, struct execution_answer *ret)
{
    *ret = (struct execution_answer){e->plan_execution_id, e->status, e->epoch, e->created_at,
                                     created};
}

/* The id was used before: the same start again gets the same execution, another one is refused. */
static enum err start_again(struct engine *engine, const struct actor *actor,
                            const struct start_request *req, const char *digest,
                            struct execution_answer *ret, struct fault *reterr)
{
    struct execution e;
    int64_t root_id, execution_id;
    enum err err = executions_find(engine->store, actor->operator_name, req->plan_execution_id,
                                   &root_id, &execution_id);

    if (!err)
        err = executions_load(engine->store, engine->arena, root_id, execution_id, &e);
    if (err)
        return err;
    if (!e.start_digest || strcmp(e.start_digest, digest) != 0)
        return fault_set(reterr, engine->arena, ERR_EXECUTION_EXISTS, "/plan_execution_id",
                         "an execution with this id was started with other arguments");
    start_answer(&e, false, ret);
    return ERR_OK;
}

static enum err start_later(struct engine *engine, struct execution *e, int64_t start_at)
{
    struct reservation start = {
        .root_id = e->root_id,
        .execution_id = e->execution_id,
        .operator_name = e->operator_name,
        .type = RESERVATION_START,
        .epoch = e->epoch,
        .due_at = start_at,
        .created_at = e->created_at,
    };

    enum err err = reservations_insert(engine->store, &start);

    return err ? err : executions_save(engine->store, e);
}

enum err engine_start(struct engine *engine, const struct actor *actor,
                      const struct start_request *req, struct execution_answer *ret,
                      struct fault *reterr)
{
    int64_t now_ms = engine_now(engine);
    struct new_execution wanted = {
        .actor = actor,
        .plan_id = req->plan_id,
        .plan_version = req->plan_version,
        .plan_execution_id = req->plan_execution_id,
        .input = req->input ? json_text(engine->arena, req->input) : "{}",
        .start_locks = start_locks_text(engine->arena, req),
        .start_digest = req->plan_execution_id ? start_digest(engine->arena, req) : NULL,
        .hold_on_failure = req->hold_on_failure,
        .origin = req->origin,
    };
    struct execution e;
    enum err err;

    if (req->plan_execution_id) {
        err = start_again(engine, actor, req, wanted.start_digest, ret, reterr);
        if (err != ERR_EXECUTION_NOT_FOUND)
            return err;
    }
    err = execution_create(engine, &wanted, now_ms, &e);
    if (err == ERR_PLAN_NOT_FOUND)
        return fault_set(reterr, engine->arena, err, "/plan_id",
                         "there is no such plan, or no such version");
    if (err)
        return err;
    err = req->start_at > now_ms ? start_later(engine, &e, req->start_at)
                                 : turn_run(engine, &e, NULL);
    if (err)
        return err;
    start_answer(&e, true, ret);
    return ERR_OK;
}
