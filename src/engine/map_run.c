/*
 * map_run.c - the distributed Map: its iterations are executions of their own, children in the same
 * tree, counted by a Map Run.
 *
 * One MAP_RUN reservation awaits them all. A child that ends counts itself and owes the parent one
 * turn (however many end before it comes); that turn begins more children, or ends the run: when
 * all are done, or when more have failed than are tolerated. What stops the parent stops the
 * children, as every awaited child.
 */
#include "engine/child.h"

#include "base/limits.h"
#include "store/map_runs.h"

enum { MAP_RUN_CHILDREN_A_TURN = 100 };

/* ---- the items ---- */

static bool map_run_select(struct turn *turn, struct frame *frame, const struct json *value,
                           const struct json *items, const struct json **ret,
                           struct asl_error *reterr)
{
    struct arena *arena = turn->engine->arena;
    const struct asl_state *state = turn_state(turn, frame);
    struct json *selected = json_array(arena);
    struct asl_scope scope;

    for (uint32_t i = 0; i < items->count; i++) {
        const struct json *input;

        turn_scope(turn, frame, NULL, &scope);
        scope.context = context_with_item(turn, frame, i, items->items[i]);
        if (!asl_map_item(&scope, state, value, items->items[i], &input, reterr))
            return false;
        json_push(arena, selected, input);
    }
    *ret = selected;
    return true;
}

/* What the children get, one each. */
static bool map_run_inputs(struct turn *turn, struct frame *frame, const struct json *value,
                           const struct asl_map_plan *plan, const struct json **ret,
                           struct asl_error *reterr)
{
    const struct asl_state *state = turn_state(turn, frame);
    struct asl_scope scope;

    if (!map_run_select(turn, frame, value, plan->items, ret, reterr))
        return false;
    if (!state->map->has_batcher)
        return true;
    turn_scope(turn, frame, NULL, &scope);
    return asl_map_batches(&scope, state, value, plan, *ret, ret, reterr);
}

/* ---- children ---- */

static const char *map_run_child_id(struct turn *turn, const struct map_run_row *run)
{
    return arena_printf(turn->engine->arena, "%s/%s:%s", run->plan_id, run->label,
                        engine_uuid(turn->engine));
}

static enum err map_run_begin_child(struct turn *turn, const struct map_run_row *run, int64_t index,
                                    const struct json *input)
{
    struct arena *arena = turn->engine->arena;
    struct execution *e = turn->execution, child;
    struct child_wanted wanted = {
        .plan_id = e->plan_id,
        .plan_version = e->plan_version,
        .plan_execution_id = map_run_child_id(turn, run),
        .input = json_text(arena, input),
        .origin = e->origin,
        .awaited_by = run->reservation_id,
        .map_run_id = run->map_run_id,
        .map_index = index,
        .map_state = run->state,
    };

    return child_create(turn, &wanted, &child);
}

SQL_QUERY(map_run_next_free,
          "SELECT map_index FROM executions WHERE root_id = ?1 AND map_run_id = ?2"
          " AND parent_reservation_id = ?3 AND ended_at IS NULL");

/* After a redrive there are gaps: those that neither succeeded nor are at work. */
static enum err map_run_gaps(struct turn *turn, const struct map_run_row *run, bool *taken)
{
    struct store *store = turn->engine->store;
    struct map_item_row *done;
    struct sql_rows rows;
    enum err err = map_items_list(store, turn->engine->arena, run->root_id, run->map_run_id, &done);

    if (err)
        return err;
    for (; done; done = done->next)
        taken[done->index] = true;
    err = sql_select(
        store->sql, &map_run_next_free,
        SQL_ARGS(SQL_INT(run->root_id), SQL_INT(run->map_run_id), SQL_INT(run->reservation_id)),
        &rows);
    if (err)
        return err;
    while (sql_next(&rows))
        taken[sql_int(&rows, 0)] = true;
    return sql_end(&rows);
}

static int64_t map_run_ended(const struct map_run_row *run)
{
    return run->succeeded + run->failed + run->timed_out + run->aborted;
}

/* As many as may run at once, and no more than a turn may begin: then another turn is owed. */
static enum err map_run_begin_more(struct turn *turn, struct frame *frame, struct map_run_row *run)
{
    struct reservation again = turn_reservation(turn, frame, RESERVATION_TURN);
    bool *taken = ARENA_ARRAY(turn->engine->arena, bool, (size_t)run->total + 1);
    int64_t most = run->max_concurrency > 0 && run->max_concurrency < LIMIT_MAP_RUN_CONCURRENCY
                       ? run->max_concurrency
                       : LIMIT_MAP_RUN_CONCURRENCY;
    const struct json *inputs = json_stored(turn->engine->arena, run->items);
    int64_t index = run->redrives ? 0 : run->begun, left = MAP_RUN_CHILDREN_A_TURN;
    enum err err = run->redrives ? map_run_gaps(turn, run, taken) : ERR_OK;

    for (; !err && index < run->total && run->begun < run->total &&
           run->begun - map_run_ended(run) < most && left > 0;
         index++) {
        if (taken[index])
            continue;
        err = map_run_begin_child(turn, run, index, inputs->items[index]);
        run->begun++;
        left--;
    }
    if (err || left > 0)
        return err;
    run->woken = true;
    again.due_at = turn->now_ms;
    return turn_reserve(turn, &again);
}

/* ---- its begin ---- */

static struct map_run_row map_run_row(struct turn *turn, struct frame *frame,
                                      const struct asl_map_plan *plan, const struct json *inputs)
{
    struct execution *e = turn->execution;
    const struct asl_state *state = turn_state(turn, frame);

    return (struct map_run_row){
        .root_id = e->root_id,
        .map_run_id = id_next(turn->engine->store->ids),
        .reservation_id = id_next(turn->engine->store->ids),
        .operator_name = e->operator_name,
        .execution_id = e->execution_id,
        .frame_id = frame->frame_id,
        .plan_id = e->plan_id,
        .state = frame->state,
        .label = state->map->label ? state->map->label : engine_uuid(turn->engine),
        .name = engine_uuid(turn->engine),
        .status = MAP_RUN_RUNNING,
        .created_at = turn->now_ms,
        .max_concurrency = plan->max_concurrency,
        .tolerated_count = plan->tolerated_count,
        .tolerated_percentage = plan->tolerated_percentage,
        .batched = state->map->has_batcher,
        .item_count = plan->items->count,
        .total = inputs->count,
        .items = json_text(turn->engine->arena, inputs),
    };
}

static enum err map_run_event(struct turn *turn, struct frame *frame, const char *type,
                              const struct map_run_row *run)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);

    json_add(arena, detail, "label", json_string(arena, run->label));
    json_add(arena, detail, "mapRun", json_string(arena, run->name));
    if (run->redrives)
        json_add(arena, detail, "redriveCount", json_int(arena, run->redrives));
    return turn_event(turn, frame, type, detail, NULL);
}

/* What another service holds cannot be read or written here. */
static const char *map_run_unable(const struct asl_map *map)
{
    return map->item_reader     ? "States.ItemReaderFailed"
           : map->result_writer ? "States.ResultWriterFailed"
                                : NULL;
}

static enum err map_run_fail(struct turn *turn, struct frame *frame, const struct asl_error *error)
{
    frame->phase = FRAME_JOIN; /* the state says that it has failed */
    return frame_fail(turn, frame, error);
}

/* There is nothing to wait for any more, or there is: the run's row goes along. */
static enum err map_run_go_on(struct turn *turn, struct frame *frame, struct map_run_row *run);

static enum err map_run_start(struct turn *turn, struct frame *frame, struct map_run_row *run)
{
    struct reservation all = turn_reservation(turn, frame, RESERVATION_MAP_RUN);
    enum err err;

    all.reservation_id = run->reservation_id;
    err = turn_reserve(turn, &all);
    if (!err)
        err = run->redrives ? ERR_OK : map_runs_insert(turn->engine->store, run);
    return err ? err : map_run_go_on(turn, frame, run);
}

SQL_QUERY(map_run_of_frame,
          "SELECT map_run_id FROM map_runs WHERE root_id = ?1 AND execution_id = ?2"
          " AND frame_id = ?3 AND state = ?4 AND status <> 'SUCCEEDED'"
          " ORDER BY map_run_id DESC LIMIT 1");
/* A child that was halted, counted and then restarted by somebody is awaited no more: its item
 * stands. */
SQL_QUERY(map_run_attach,
          "UPDATE executions SET parent_reservation_id = ?4 WHERE root_id = ?1 AND map_run_id = ?2"
          " AND parent_reservation_id = ?3 AND ended_at IS NULL AND NOT EXISTS (SELECT 1"
          " FROM map_items i WHERE i.root_id = ?1 AND i.map_run_id = ?2"
          " AND i.item_index = executions.map_index)");
/* Those that ended well while nobody awaited them. */
SQL_QUERY(map_run_settle,
          "INSERT INTO map_items (root_id, map_run_id, item_index, operator_name, status, items,"
          " output) SELECT e.root_id, e.map_run_id, e.map_index, e.operator_name, 'SUCCEEDED', 1,"
          " e.output FROM executions e WHERE e.root_id = ?1 AND e.map_run_id = ?2"
          " AND e.parent_reservation_id = ?3 AND e.status = 'SUCCESS'"
          " ON CONFLICT (root_id, map_run_id, item_index) DO NOTHING");
SQL_QUERY(map_run_count_succeeded,
          "SELECT count(*) FROM map_items WHERE root_id = ?1 AND map_run_id = ?2"
          " AND status = 'SUCCEEDED'");

static enum err map_run_recall(struct turn *turn, int64_t id, struct map_run_row *run)
{
    struct store *store = turn->engine->store;
    int64_t root_id = turn->execution->root_id, before, active = 0;
    enum err err = map_runs_load(store, turn->engine->arena, root_id, id, run);

    if (err)
        return err;
    before = run->reservation_id;
    run->reservation_id = id_next(store->ids);
    err = sql_run(
        store->sql, &map_run_attach,
        SQL_ARGS(SQL_INT(root_id), SQL_INT(id), SQL_INT(before), SQL_INT(run->reservation_id)),
        &active);
    if (!err)
        err = sql_run(store->sql, &map_run_settle,
                      SQL_ARGS(SQL_INT(root_id), SQL_INT(id), SQL_INT(before)), NULL);
    if (!err)
        err = map_items_forget_failed(store, root_id, id);
    if (!err)
        err = sql_select_int(store->sql, &map_run_count_succeeded,
                             SQL_ARGS(SQL_INT(root_id), SQL_INT(id)), 0, &run->succeeded);
    run->begun = run->succeeded + active;
    return err;
}

/* The execution came to this state before, in an earlier epoch, and its run did not end well: it
 * goes on. What succeeded stays, what is still at work is awaited again, the rest is begun anew. */
static enum err map_run_resume(struct turn *turn, struct frame *frame, bool *ret_resumed)
{
    struct execution *e = turn->execution;
    struct map_run_row run;
    int64_t id = 0;
    enum err err = ERR_OK;

    *ret_resumed = false;
    if (e->epoch > 1)
        err = sql_select_int(turn->engine->store->sql, &map_run_of_frame,
                             SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id),
                                      SQL_INT(frame->frame_id), SQL_TEXT(frame->state)),
                             0, &id);
    if (err || !id)
        return err;
    *ret_resumed = true;
    err = map_run_recall(turn, id, &run);
    if (err)
        return err;
    run.status = MAP_RUN_RUNNING;
    run.ended_at = 0;
    run.failed = run.timed_out = run.aborted = 0;
    run.woken = false;
    run.redrives++;
    run.redriven_at = turn->now_ms;
    err = map_run_event(turn, frame, "MapRunRedriven", &run);
    return err ? err : map_run_start(turn, frame, &run);
}

enum err map_run_begin(struct turn *turn, struct frame *frame, const struct json *value,
                       const struct asl_map_plan *plan)
{
    const struct asl_state *state = turn_state(turn, frame);
    const struct json *inputs;
    struct asl_error error = {.error = map_run_unable(state->map),
                              .cause = "this server has no such service to read items from or to "
                                       "write results to",
                              .is_runtime = true};
    struct map_run_row run;
    bool resumed;
    enum err err;

    if (error.error)
        return map_run_fail(turn, frame, &error);
    err = map_run_resume(turn, frame, &resumed);
    if (err || resumed)
        return err;
    if (!map_run_inputs(turn, frame, value, plan, &inputs, &error))
        return frame_fail(turn, frame, &error);
    run = map_run_row(turn, frame, plan, inputs);
    err = map_run_event(turn, frame, "MapRunStarted", &run);
    return err ? err : map_run_start(turn, frame, &run);
}

/* ---- its end ---- */

static enum err map_run_close(struct turn *turn, struct map_run_row *run, const char *status)
{
    run->status = status;
    run->ended_at = turn->now_ms;
    run->woken = false;
    return map_runs_save(turn->engine->store, run);
}

static enum err map_run_succeed(struct turn *turn, struct frame *frame, struct map_run_row *run)
{
    struct engine *engine = turn->engine;
    struct json *result = json_array(engine->arena);
    struct map_item_row *items;
    enum err err =
        map_items_list(engine->store, engine->arena, run->root_id, run->map_run_id, &items);

    if (err)
        return err;
    for (; items; items = items->next) {
        if (items->output)
            json_push(engine->arena, result, json_stored(engine->arena, items->output));
    }
    err = map_run_close(turn, run, MAP_RUN_SUCCEEDED);
    if (!err)
        err = turn_stale(turn, frame->frame_id);
    if (!err)
        err = turn_event(turn, frame, "MapRunSucceeded", json_object(engine->arena), NULL);
    if (!err)
        err =
            history_event(engine->store, engine->arena, turn->execution, turn->now_ms,
                          "MapStateSucceeded", frame->last_event, json_object(engine->arena), NULL);
    return err ? err : frame_result(turn, frame, result);
}

static enum err map_run_exceeded(struct turn *turn, struct frame *frame, struct map_run_row *run)
{
    struct arena *arena = turn->engine->arena;
    struct json *detail = json_object(arena);
    struct asl_error error = {
        .error = "States.ExceedToleratedFailureThreshold",
        .cause = "The specified tolerated failure threshold was exceeded",
    };
    enum err err = map_run_close(turn, run, MAP_RUN_FAILED);

    if (err)
        return err;
    json_add(arena, detail, "error", json_string(arena, error.error));
    json_add(arena, detail, "cause", json_string(arena, error.cause));
    err = turn_event(turn, frame, "MapRunFailed", detail, NULL);
    return err ? err : map_run_fail(turn, frame, &error);
}

/* More items have failed than the plan tolerates: none, if it says nothing. */
static enum err map_run_is_exceeded(struct turn *turn, const struct map_run_row *run,
                                    bool *ret_exceeded)
{
    struct map_item_counts counts = {run->succeeded, run->failed, run->timed_out, run->aborted};
    double failed, share;
    enum err err = ERR_OK;

    if (run->batched)
        err = map_items_count(turn->engine->store, run->root_id, run->map_run_id, &counts);
    failed = (double)(counts.failed + counts.timed_out + counts.aborted);
    share = run->item_count ? failed * 100 / (double)run->item_count : 0;
    *ret_exceeded = (run->tolerated_count >= 0 && failed > (double)run->tolerated_count) ||
                    (run->tolerated_percentage >= 0 && share > run->tolerated_percentage) ||
                    (run->tolerated_count < 0 && run->tolerated_percentage < 0 && failed > 0);
    return err;
}

static enum err map_run_go_on(struct turn *turn, struct frame *frame, struct map_run_row *run)
{
    struct asl_error error = {.error = "Quota.TreeSizeExceeded",
                              .cause = "the tree has as many executions as it may"};
    bool exceeded;
    enum err err = map_run_is_exceeded(turn, run, &exceeded);

    if (err)
        return err;
    if (exceeded)
        return map_run_exceeded(turn, frame, run);
    if (map_run_ended(run) == run->total)
        return map_run_succeed(turn, frame, run);
    run->woken = false;
    err = map_run_begin_more(turn, frame, run);
    if (err == ERR_TOO_LARGE) {
        err = map_run_close(turn, run, MAP_RUN_FAILED);
        return err ? err : map_run_fail(turn, frame, &error);
    }
    return err ? err : map_runs_save(turn->engine->store, run);
}

/* ---- what happens meanwhile ---- */

SQL_QUERY(map_run_awaited, "SELECT map_run_id FROM map_runs WHERE root_id = ?1"
                           " AND execution_id = ?2 AND frame_id = ?3 AND status = 'RUNNING'"
                           " ORDER BY map_run_id DESC LIMIT 1");

enum err map_run_look(struct turn *turn, struct frame *frame)
{
    struct execution *e = turn->execution;
    struct map_run_row run;
    bool awaits = false;
    int64_t id = 0;
    enum err err = ERR_OK;

    for (const struct reservation *r = turn->fresh; r; r = r->next)
        awaits = awaits || (r->type == RESERVATION_MAP_RUN && reservation_is_fresh(r) &&
                            r->frame_id == frame->frame_id);
    if (awaits)
        err = sql_select_int(
            turn->engine->store->sql, &map_run_awaited,
            SQL_ARGS(SQL_INT(e->root_id), SQL_INT(e->execution_id), SQL_INT(frame->frame_id)), 0,
            &id);
    if (err || !id)
        return err;
    err = map_runs_load(turn->engine->store, turn->engine->arena, e->root_id, id, &run);
    return err ? err : map_run_go_on(turn, frame, &run);
}

/* A batch's input says how many items there are in it. */
static int64_t map_run_items_of(struct arena *arena, const struct map_run_row *run,
                                const struct execution *child)
{
    const struct json *items;

    if (!run->batched)
        return 1;
    items = json_get(json_stored(arena, child->input), "Items");
    return items ? items->count : 1;
}

static const char *map_run_count(struct map_run_row *run, const struct execution *child)
{
    if (child->status == STATUS_SUCCESS) {
        run->succeeded++;
        return MAP_ITEM_SUCCEEDED;
    }
    if (child->status == STATUS_STOPPED) {
        run->aborted++;
        return MAP_ITEM_ABORTED;
    }
    if (child->timed_out) {
        run->timed_out++;
        return MAP_ITEM_TIMED_OUT;
    }
    run->failed++;
    return MAP_ITEM_FAILED;
}

/* The child's end is written down and counted. */
static enum err map_run_note(struct engine *engine, struct map_run_row *run,
                             const struct execution *child)
{
    struct map_item_row item = {.index = child->map_index, .output = child->output};

    item.status = map_run_count(run, child);
    item.items = map_run_items_of(engine->arena, run, child);
    return map_items_put(engine->store, run, &item);
}

/* One turn is owed to the parent, however many children end before it comes. */
static enum err map_run_wake(struct engine *engine, struct map_run_row *run, int64_t now_ms)
{
    struct reservation awaited;
    struct reservation turn = {
        .root_id = run->root_id,
        .execution_id = run->execution_id,
        .operator_name = run->operator_name,
        .frame_id = run->frame_id,
        .type = RESERVATION_TURN,
        .due_at = now_ms,
        .created_at = now_ms,
    };
    enum err err = ERR_OK;

    if (!run->woken) {
        err = reservations_load(engine->store, engine->arena, run->root_id, run->execution_id,
                                run->reservation_id, &awaited);
        turn.epoch = err ? 0 : awaited.epoch;
        if (!err)
            err = reservations_insert(engine->store, &turn);
        run->woken = true;
    }
    return err ? err : map_runs_save(engine->store, run);
}

SQL_QUERY(map_run_has_item, "SELECT count(*) FROM map_items WHERE root_id = ?1 AND map_run_id = ?2"
                            " AND item_index = ?3");

enum err map_run_child_ended(struct engine *engine, const struct execution *child, int64_t now_ms)
{
    struct map_run_row run;
    int64_t counted;
    enum err err = sql_select_int(
        engine->store->sql, &map_run_has_item,
        SQL_ARGS(SQL_INT(child->root_id), SQL_INT(child->map_run_id), SQL_INT(child->map_index)), 0,
        &counted);

    /* It was halted and counted before, and then restarted: a parent is told once. */
    if (err || counted)
        return err;
    err =
        map_runs_load_counts(engine->store, engine->arena, child->root_id, child->map_run_id, &run);
    if (!err)
        err = map_run_note(engine, &run, child);
    return err ? err : map_run_wake(engine, &run, now_ms);
}

SQL_QUERY(map_run_halted_children,
          "SELECT map_run_id, map_index, input FROM executions WHERE root_id = ?1"
          " AND parent_id = ?2 AND parent_reservation_id = ?3 AND halt_id = ?4");

static enum err map_run_read_halted(struct engine *engine, const struct halt_row *halt,
                                    const struct reservation *awaited, struct json *ret)
{
    struct arena *arena = engine->arena;
    struct sql_rows rows;
    enum err err = sql_select(engine->store->sql, &map_run_halted_children,
                              SQL_ARGS(SQL_INT(awaited->root_id), SQL_INT(awaited->execution_id),
                                       SQL_INT(awaited->reservation_id), SQL_INT(halt->halt_id)),
                              &rows);

    if (err)
        return err;
    while (sql_next(&rows)) {
        struct json *child = json_array(arena);

        json_push(arena, child, json_int(arena, sql_int(&rows, 0)));
        json_push(arena, child, json_int(arena, sql_int(&rows, 1)));
        json_push(arena, child, json_string(arena, sql_text_copy(arena, &rows, 2)));
        json_push(arena, ret, child);
    }
    return sql_end(&rows);
}

enum err map_run_children_halted(struct engine *engine, const struct halt_row *halt,
                                 const struct reservation *awaited, const char *output)
{
    struct execution child = {.status = output ? STATUS_SUCCESS : STATUS_STOPPED, .output = output};
    struct json *children = json_array(engine->arena);
    struct map_run_row run;
    enum err err = map_run_read_halted(engine, halt, awaited, children);

    if (err || !children->count)
        return err;
    err = map_runs_load_counts(engine->store, engine->arena, awaited->root_id,
                               children->items[0]->items[0]->integer, &run);
    for (uint32_t i = 0; i < children->count && !err; i++) {
        child.map_index = children->items[i]->items[1]->integer;
        child.input = children->items[i]->items[2]->string;
        err = map_run_note(engine, &run, &child);
    }
    return err ? err : map_run_wake(engine, &run, halt->created_at);
}

enum err engine_map_run_changed(struct engine *engine, struct map_run_row *run)
{
    return map_run_wake(engine, run, engine_now(engine));
}
