/*
 * test_map.c - inline Maps and variables: iterations run side by side, in order of their items.
 */
#include "world.h"

static void a_map_over_items_gives_its_results_in_their_order(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemsPath`:`$.list`,`ItemSelector`:"
              "{`i.$`:`$$.Map.Item.Index`,`v.$`:`$$.Map.Item.Value`,`all.$`:`$.k`},"
              "`ItemProcessor`:{`StartAt`:`A`,`States`:{`A`:{`Type`:`Pass`,`End`:true}}},"
              "`ResultPath`:`$.out`,`End`:true}}}");
    assert_int_equal(world_start(w, "p", "x", "{\"k\":7,\"list\":[\"a\",\"b\"]}"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output,
                        "{\"k\":7,\"list\":[\"a\",\"b\"],\"out\":[{\"i\":0,\"v\":\"a\",\"all\":7},"
                        "{\"i\":1,\"v\":\"b\",\"all\":7}]}");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM frames"), 0);
}

static void a_map_over_nothing_gives_an_empty_array(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemProcessor`:{`StartAt`:`A`,`States`:"
              "{`A`:{`Type`:`Pass`,`End`:true}}},`End`:true}}}");
    assert_int_equal(world_start(w, "p", "x", "[]"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "[]");
}

static const char plan_tasks[] =
    "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`MaxConcurrency`:%d,`ItemProcessor`:{`StartAt`:`T`,"
    "`States`:{`T`:{`Type`:`Task`,`Resource`:`fermata:task:t`,`End`:true}}},"
    "`Catch`:[{`ErrorEquals`:[`Bad`],`Next`:`C`}],`End`:true},`C`:{`Type`:`Pass`,`End`:true}}}";

static void put_tasks(struct world *w, int concurrency)
{
    world_put(w, "p", arena_printf(w->arena, plan_tasks, concurrency));
}

static void
with_a_max_concurrency_of_one_an_iteration_begins_when_the_one_before_is_done(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_tasks(w, 1);
    world_start(w, "p", "x", "[1,2,3]");
    for (int i = 1; i <= 3; i++) {
        task = world_poll(w, "t");
        assert_non_null(task.task);
        assert_string_equal(task.input, arena_printf(w->arena, "%d", i));
        assert_null(world_poll(w, "t").task);
        assert_int_equal(world_complete(w, task.task_token, task.input), ERR_OK);
    }
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "[1,2,3]");
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM frames"), 0);
}

static void results_that_come_out_of_order_are_put_in_order(void **state)
{
    struct world *w = *state;
    struct poll_answer tasks[3];

    put_tasks(w, 0);
    world_start(w, "p", "x", "[1,2,3]");
    for (int i = 0; i < 3; i++)
        tasks[i] = world_poll(w, "t");
    for (int i = 2; i >= 0; i--)
        assert_int_equal(world_complete(w, tasks[i].task_token, tasks[i].input), ERR_OK);
    assert_string_equal(world_get(w, "x").output, "[1,2,3]");
}

static void
the_first_failure_that_nothing_catches_ends_the_others_and_the_map_may_catch_it(void **state)
{
    struct world *w = *state;
    struct poll_answer done, bad, late;

    put_tasks(w, 0);
    world_start(w, "p", "x", "[1,2,3]");
    done = world_poll(w, "t");
    bad = world_poll(w, "t");
    late = world_poll(w, "t");
    assert_int_equal(world_complete(w, done.task_token, "1"), ERR_OK);
    assert_int_equal(world_fail_task(w, bad.task_token, "Bad"), ERR_OK);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"Error\":\"Bad\"}");
    assert_int_equal(world_complete(w, late.task_token, "3"), ERR_ALREADY_SETTLED);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM frames"), 0);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'"), 0);
}

static void more_items_than_may_run_at_once_all_get_their_turn(void **state)
{
    struct world *w = *state;
    struct buf list;

    world_put(w, "p",
              "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemProcessor`:{`StartAt`:`W`,`States`:"
              "{`W`:{`Type`:`Wait`,`Seconds`:1,`End`:true}}},`End`:true}}}");
    buf_init(&list, w->arena, 65536);
    for (int i = 0; i < 100; i++)
        buf_printf(&list, "%s%d", i ? "," : "[", i);
    buf_text(&list, "]");
    world_start(w, "p", "x", list.data);
    world_settle(w);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM frames WHERE parent_frame_id = 1"), 40);
    world_move(w, 1000);
    world_move(w, 1000);
    world_assert_status(w, "x", STATUS_WAITING_FOR_TIMER);
    world_move(w, 1000);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, list.data);
}

static void a_map_in_a_map_sees_its_own_item(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemProcessor`:{`StartAt`:`N`,`States`:"
              "{`N`:{`Type`:`Map`,`ItemProcessor`:{`StartAt`:`A`,`States`:{`A`:{`Type`:`Pass`,"
              "`Parameters`:{`v.$`:`$$.Map.Item.Value`,`i.$`:`$$.Map.Item.Index`},`End`:true}}},"
              "`End`:true}}},`End`:true}}}");
    assert_int_equal(world_start(w, "p", "x", "[[1,2],[3]]"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output,
                        "[[{\"v\":1,\"i\":0},{\"v\":2,\"i\":1}],[{\"v\":3,\"i\":0}]]");
}

static void maps_in_maps_do_not_multiply_without_end(void **state)
{
    struct world *w = *state;

    world_put(
        w, "p",
        "{`StartAt`:`M`,`States`:{`M`:{`Type`:`Map`,`ItemsPath`:`States.ArrayRange(1, 42, 1)`,"
        "`ItemProcessor`:{`StartAt`:`N`,`States`:{`N`:{`Type`:`Map`,`ItemsPath`:"
        "`States.ArrayRange(1, 28, 1)`,`ItemProcessor`:{`StartAt`:`W`,`States`:{`W`:{`Type`:"
        "`Wait`,`Seconds`:1,`Next`:`E`},`E`:{`Type`:`Pass`,`Result`:1,`End`:true}}},`End`:true}}"
        "},`ResultPath`:null,`End`:true}}}");
    world_start(w, "p", "x", "{}");
    world_settle(w);
    assert_true(WORLD_INT(w, "SELECT count(*) FROM frames") <= 1000 + 40);
    for (int i = 0; i < 200 && world_get(w, "x").ended_at == 0; i++)
        world_move(w, 1000);
    world_assert_status(w, "x", STATUS_SUCCESS);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM frames"), 0);
}

static void a_halt_reaches_iterations_that_wait(void **state)
{
    struct world *w = *state;
    struct poll_answer task;

    put_tasks(w, 0);
    world_start(w, "p", "x", "[1,2,3]");
    task = world_poll(w, "t");
    world_halt(w, "x", false);
    assert_int_equal(WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'"), 0);
    assert_null(world_poll(w, "t").task);
    assert_int_equal(world_complete(w, task.task_token, "1"), ERR_EXECUTION_HALTED);
    assert_int_equal(world_restart(w, "x"), ERR_OK);
    world_settle(w);
    for (int i = 1; i <= 3; i++) {
        task = world_poll(w, "t");
        assert_int_equal(world_complete(w, task.task_token, task.input), ERR_OK);
    }
    assert_string_equal(world_get(w, "x").output, "[1,2,3]");
}

/* ---- variables ---- */

static void assigned_variables_are_read_by_later_states(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Pass`,`Assign`:{`x`:1,`y.$`:`$.n`},"
              "`Next`:`B`},`B`:{`Type`:`Pass`,`Assign`:{`x.$`:`$y`,`y.$`:`$x`},`Next`:`C`},"
              "`C`:{`Type`:`Pass`,`Parameters`:{`x.$`:`$x`,`y.$`:`$y`},`End`:true}}}");
    assert_int_equal(world_start(w, "p", "x", "{\"n\":2}"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"x\":2,\"y\":1}");
}

static void an_inner_scope_reads_the_outer_one_and_its_own_are_gone_at_its_end(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Pass`,`Assign`:{`o`:1},`Next`:`P`},"
              "`P`:{`Type`:`Parallel`,`Branches`:[{`StartAt`:`B`,`States`:{`B`:{`Type`:`Pass`,"
              "`Assign`:{`i.$`:`$o`},`Next`:`B2`},`B2`:{`Type`:`Pass`,`Parameters`:{`sum.$`:"
              "`States.MathAdd($o, $i)`},`End`:true}}},{`StartAt`:`C`,`States`:{`C`:{`Type`:`Pass`,"
              "`Assign`:{`i`:5},`Next`:`C2`},`C2`:{`Type`:`Pass`,`Parameters`:{`sum.$`:"
              "`States.MathAdd($o, $i)`},`End`:true}}}],`Assign`:{`r.$`:`$[1].sum`},`Next`:`Z`},"
              "`Z`:{`Type`:`Pass`,`Parameters`:{`r.$`:`$r`,`all.$`:`$`},`End`:true}}}");
    assert_int_equal(world_start(w, "p", "x", "{}"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"r\":6,\"all\":[{\"sum\":2},{\"sum\":6}]}");
}

static void variables_outlive_a_wait(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`A`,`States`:{`A`:{`Type`:`Pass`,`Assign`:{`x`:[1]},`Next`:`W`},"
              "`W`:{`Type`:`Wait`,`Seconds`:5,`Next`:`C`},"
              "`C`:{`Type`:`Pass`,`Parameters`:{`x.$`:`$x[0]`},`End`:true}}}");
    world_start(w, "p", "x", "{}");
    world_move(w, 5000);
    assert_string_equal(world_get(w, "x").output, "{\"x\":1}");
}

static void a_catcher_assigns_from_the_error(void **state)
{
    struct world *w = *state;

    world_put(w, "p",
              "{`StartAt`:`P`,`States`:{`P`:{`Type`:`Parallel`,`Branches`:[{`StartAt`:`F`,`States`:"
              "{`F`:{`Type`:`Fail`,`Error`:`E`,`Cause`:`why`}}}],`Catch`:[{`ErrorEquals`:"
              "[`States.ALL`],`Assign`:{`e.$`:`$.Error`},`Next`:`Z`}],`End`:true},"
              "`Z`:{`Type`:`Pass`,`Parameters`:{`e.$`:`$e`},`End`:true}}}");
    assert_int_equal(world_start(w, "p", "x", "{}"), STATUS_SUCCESS);
    assert_string_equal(world_get(w, "x").output, "{\"e\":\"E\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_map_over_items_gives_its_results_in_their_order),
        WORLD_TEST(a_map_over_nothing_gives_an_empty_array),
        WORLD_TEST(with_a_max_concurrency_of_one_an_iteration_begins_when_the_one_before_is_done),
        WORLD_TEST(results_that_come_out_of_order_are_put_in_order),
        WORLD_TEST(the_first_failure_that_nothing_catches_ends_the_others_and_the_map_may_catch_it),
        WORLD_TEST(more_items_than_may_run_at_once_all_get_their_turn),
        WORLD_TEST(a_map_in_a_map_sees_its_own_item),
        WORLD_TEST(maps_in_maps_do_not_multiply_without_end),
        WORLD_TEST(a_halt_reaches_iterations_that_wait),
        WORLD_TEST(assigned_variables_are_read_by_later_states),
        WORLD_TEST(an_inner_scope_reads_the_outer_one_and_its_own_are_gone_at_its_end),
        WORLD_TEST(variables_outlive_a_wait),
        WORLD_TEST(a_catcher_assigns_from_the_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
