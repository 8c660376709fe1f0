/*
 * test_map_runs.c - rows of Map Runs come back as they were written; executions are listed newest
 * first, events in their order and the other way round.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/map_runs.h"
#include "store/views_sfn.h"

struct fixture {
    char folder[64], path[96];
    struct clock clock;
    struct id_source ids;
    struct store store;
    struct arena *arena;
};

static int set_up(void **state)
{
    struct fixture *f = xalloc(sizeof(*f));

    snprintf(f->folder, sizeof(f->folder), "/tmp/fermata-map-runs-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/fermata.db", f->folder);
    clock_init_fake(&f->clock, 1800000000000);
    id_source_init(&f->ids, &f->clock, 0);
    f->store.ids = &f->ids;
    f->arena = arena_new();
    assert_ok(sql_open_sqlite(f->path, false, &f->store.sql));
    assert_ok(store_migrate(f->store.sql, 1800000000000));
    assert_ok(sql_begin(f->store.sql));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    sql_rollback(f->store.sql);
    sql_close(f->store.sql);
    arena_free(f->arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static struct map_run_row new_run(struct fixture *f, const char *name)
{
    struct map_run_row run = {
        .root_id = 1,
        .operator_name = "acme",
        .execution_id = 1,
        .frame_id = 2,
        .plan_id = "orders",
        .state = "Each order",
        .label = "Each",
        .name = name,
        .created_at = 1800000000000,
        .batched = true,
        .item_count = 7,
        .total = 3,
        .items = "[1,2,3]",
        .reservation_id = 9,
        .status = MAP_RUN_RUNNING,
        .max_concurrency = 10,
        .tolerated_count = -1,
        .tolerated_percentage = 12.3,
    };

    assert_ok(map_runs_insert(&f->store, &run));
    return run;
}

static void a_run_comes_back_as_it_was_written(void **state)
{
    struct fixture *f = *state;
    struct map_run_row run = new_run(f, "u-1"), found;

    assert_true(run.map_run_id > 0);
    assert_ok(map_runs_load(&f->store, f->arena, 1, run.map_run_id, &found));
    assert_string_equal(found.state, "Each order");
    assert_string_equal(found.items, "[1,2,3]");
    assert_true(found.batched);
    assert_true(found.tolerated_percentage == 12.3);
    assert_int_equal(found.tolerated_count, -1);
    assert_int_equal(found.ended_at, 0);
    assert_ok(map_runs_load_counts(&f->store, f->arena, 1, run.map_run_id, &found));
    assert_null(found.items);
    assert_err(map_runs_load(&f->store, f->arena, 1, run.map_run_id + 1, &found), ERR_NOT_FOUND);
}

static void a_run_is_saved(void **state)
{
    struct fixture *f = *state;
    struct map_run_row run = new_run(f, "u-1"), found;

    run.status = MAP_RUN_FAILED;
    run.ended_at = 1800000000005;
    run.begun = 3;
    run.succeeded = 1;
    run.failed = 1;
    run.aborted = 1;
    run.tolerated_percentage = -1;
    run.woken = true;
    run.redrives = 1;
    run.redriven_at = 1800000000009;
    assert_ok(map_runs_save(&f->store, &run));
    assert_ok(map_runs_load(&f->store, f->arena, 1, run.map_run_id, &found));
    assert_string_equal(found.status, MAP_RUN_FAILED);
    assert_int_equal(found.ended_at, 1800000000005);
    assert_int_equal(found.begun, 3);
    assert_int_equal(found.aborted, 1);
    assert_true(found.tolerated_percentage == -1);
    assert_true(found.woken);
    assert_int_equal(found.redriven_at, 1800000000009);
    assert_string_equal(found.items, "[1,2,3]");
}

static void a_run_is_found_by_its_operator_only(void **state)
{
    struct fixture *f = *state;
    struct map_run_row run = new_run(f, "u-1"), found;

    assert_ok(map_runs_find(&f->store, f->arena, "acme", "u-1", &found));
    assert_int_equal(found.map_run_id, run.map_run_id);
    assert_err(map_runs_find(&f->store, f->arena, "other", "u-1", &found), ERR_NOT_FOUND);
    assert_err(map_runs_find(&f->store, f->arena, "acme", "u-2", &found), ERR_NOT_FOUND);
}

static void runs_are_listed_newest_first(void **state)
{
    struct fixture *f = *state;
    struct map_run_row *list;

    new_run(f, "u-1");
    new_run(f, "u-2");
    new_run(f, "u-3");
    assert_ok(map_runs_of_execution(&f->store, f->arena, 1, 1, 0, 2, &list));
    assert_string_equal(list->name, "u-3");
    assert_string_equal(list->next->name, "u-2");
    assert_null(list->next->next);
    assert_ok(map_runs_of_execution(&f->store, f->arena, 1, 1, list->next->map_run_id, 2, &list));
    assert_string_equal(list->name, "u-1");
    assert_null(list->next);
    assert_ok(map_runs_of_execution(&f->store, f->arena, 1, 2, 0, 2, &list));
    assert_null(list);
}

static void items_are_kept_in_their_order_and_counted(void **state)
{
    struct fixture *f = *state;
    struct map_run_row run = new_run(f, "u-1");
    struct map_item_row items[] = {
        {.index = 2,                    .status = MAP_ITEM_SUCCEEDED, .items = 2,        .output = "\"c\""},
        {.index = 0,                    .status = MAP_ITEM_FAILED,    .items = 3       },
        {.index = 1, .status = MAP_ITEM_SUCCEEDED,                   .items = 2, .output = "\"b\""                 },
    };
    struct map_item_counts counts;
    struct map_item_row *list;

    for (size_t i = 0; i < 3; i++)
        assert_ok(map_items_put(&f->store, &run, &items[i]));
    assert_ok(map_items_count(&f->store, 1, run.map_run_id, &counts));
    assert_int_equal(counts.succeeded, 4);
    assert_int_equal(counts.failed, 3);
    assert_int_equal(counts.aborted, 0);
    assert_ok(map_items_list(&f->store, f->arena, 1, run.map_run_id, &list));
    assert_null(list->output);
    assert_string_equal(list->next->output, "\"b\"");
    assert_string_equal(list->next->next->output, "\"c\"");
    /* A redrive runs what failed again. */
    assert_ok(map_items_forget_failed(&f->store, 1, run.map_run_id));
    items[1].status = MAP_ITEM_SUCCEEDED;
    assert_ok(map_items_put(&f->store, &run, &items[1]));
    assert_ok(map_items_put(&f->store, &run, &items[1]));
    assert_ok(map_items_count(&f->store, 1, run.map_run_id, &counts));
    assert_int_equal(counts.succeeded, 7);
    assert_int_equal(counts.failed, 0);
}

/* ---- views ---- */

static void add_execution(struct fixture *f, int64_t id, const char *plan_id, int64_t map_run_id)
{
    struct execution e = {
        .root_id = id,
        .execution_id = id,
        .operator_name = "acme",
        .portal_id = "p",
        .plan_execution_id = arena_printf(f->arena, "%s:%d", plan_id, (int)id),
        .plan_id = plan_id,
        .plan_version = 1,
        .status = id % 2 ? STATUS_SUCCESS : STATUS_EXECUTING,
        .created_by = "ann",
        .created_at = id,
        .input = "{}",
        .map_run_id = map_run_id,
        .is_new = true,
    };

    if (map_run_id)
        e.root_id = 1;
    assert_ok(executions_save(&f->store, &e));
}

static bool is_running(const struct view_sfn_execution *e, const void *user)
{
    (void)user;
    return e->status == STATUS_EXECUTING;
}

static void executions_are_listed_newest_first(void **state)
{
    struct fixture *f = *state;
    struct view_sfn_filter filter = {.plan_id = "orders"};
    struct view_page page = {.operator_name = "acme", .limit = 2};
    struct view_sfn_execution *list;

    for (int64_t id = 1; id <= 5; id++)
        add_execution(f, id, "orders", 0);
    add_execution(f, 6, "others", 0);
    add_execution(f, 7, "orders", 99);
    assert_ok(view_sfn_executions(&f->store, f->arena, &filter, &page, &list));
    assert_true(page.more);
    assert_int_equal(list->execution_id, 5);
    assert_int_equal(list->next->execution_id, 4);
    assert_null(list->next->next);
    page = (struct view_page){.operator_name = "acme", .limit = 9, .after_b = page.next_b};
    filter.matches = is_running;
    assert_ok(view_sfn_executions(&f->store, f->arena, &filter, &page, &list));
    assert_false(page.more);
    assert_int_equal(list->execution_id, 2);
    assert_null(list->next);
    filter = (struct view_sfn_filter){.root_id = 1, .map_run_id = 99, .with_input = true};
    page = (struct view_page){.operator_name = "acme", .limit = 9};
    assert_ok(view_sfn_executions(&f->store, f->arena, &filter, &page, &list));
    assert_int_equal(list->execution_id, 7);
    assert_string_equal(list->input, "{}");
    assert_null(list->next);
    page = (struct view_page){.operator_name = "other", .limit = 9};
    assert_ok(view_sfn_executions(&f->store, f->arena, &filter, &page, &list));
    assert_null(list);
}

static void events_are_read_both_ways_without_the_audit(void **state)
{
    struct fixture *f = *state;
    struct execution e = {.root_id = 1, .execution_id = 1, .operator_name = "acme"};
    struct view_page page = {.operator_name = "acme", .limit = 2};
    struct view_sfn_event *list;

    assert_ok(sql_script(f->store.sql,
                         "INSERT INTO history VALUES"
                         " (1, 1, 1, 'acme', 1, 10, 'ExecutionStarted', 1, 0, NULL, '{}'),"
                         " (1, 1, 2, 'acme', 1, 11, 'LOCK.ACQUIRED', NULL, NULL, NULL, '{}'),"
                         " (1, 1, 3, 'acme', 1, 12, 'PassStateEntered', 2, 0, NULL, '{}'),"
                         " (1, 1, 4, 'acme', 1, 13, 'PassStateExited', 3, 2, NULL, '{}');"));
    assert_ok(view_sfn_events(&f->store, f->arena, &e, false, &page, &list));
    assert_true(page.more);
    assert_int_equal(list->event_id, 1);
    assert_int_equal(list->next->event_id, 2);
    page = (struct view_page){.operator_name = "acme", .limit = 2, .after_b = page.next_b};
    assert_ok(view_sfn_events(&f->store, f->arena, &e, false, &page, &list));
    assert_false(page.more);
    assert_int_equal(list->event_id, 3);
    page = (struct view_page){.operator_name = "acme", .limit = 2};
    assert_ok(view_sfn_events(&f->store, f->arena, &e, true, &page, &list));
    assert_true(page.more);
    assert_int_equal(list->event_id, 3);
    assert_int_equal(list->next->event_id, 2);
    page = (struct view_page){.operator_name = "acme", .limit = 2, .after_b = page.next_b};
    assert_ok(view_sfn_events(&f->store, f->arena, &e, true, &page, &list));
    assert_false(page.more);
    assert_int_equal(list->event_id, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_comes_back_as_it_was_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_is_saved, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_is_found_by_its_operator_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_are_listed_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_are_kept_in_their_order_and_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(executions_are_listed_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_are_read_both_ways_without_the_audit, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
