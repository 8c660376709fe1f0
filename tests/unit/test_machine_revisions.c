/*
 * test_machine_revisions.c - what makes a new revision of a plan, by either API, and what runs on
 * which.
 */
#include "world.h"

#include "engine/machine.h"
#include "store/plans.h"

#define PLAN_ONE                                                                                   \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":1,\"End\":true}}}"
#define PLAN_TWO                                                                                   \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Result\":2,\"End\":true}}}"
#define PLAN_WAIT                                                                                  \
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Wait\",\"Seconds\":10,\"Next\":\"B\"},"      \
    "\"B\":{\"Type\":\"Pass\",\"Result\":1,\"End\":true}}}"

struct revise {
    struct machine_spec spec;
    bool is_new;
};

static enum err revise_fn(struct world_call *call, struct engine *engine)
{
    const struct revise *revise = call->request;
    const struct actor *actor = &call->world->actor;
    struct machine_row row;
    enum err err = ERR_OK;

    if (revise->is_new)
        return machine_create(engine, actor, &revise->spec, &row);
    err = machines_load(engine->store, engine->arena, actor->operator_name, revise->spec.plan_id, 0,
                        &row);
    return err ? err : machine_revise(engine, actor, &revise->spec, &row);
}

static void revise(struct world *w, bool is_new, const char *definition, const char *role_arn)
{
    struct revise request = {
        .spec = {.plan_id = "m",
                 .definition = definition ? world_json(w, definition) : NULL,
                 .text = definition,
                 .role_arn = role_arn},
        .is_new = is_new,
    };

    assert_int_equal(world_run(w, revise_fn, &request, NULL), ERR_OK);
}

static enum err delete_fn(struct world_call *call, struct engine *engine)
{
    int64_t changes;

    return machines_delete(engine->store, call->world->actor.operator_name, call->request, 1,
                           &changes);
}

static struct machine_row load(struct world *w)
{
    struct machine_row row;

    assert_int_equal(machines_load(lane_engine(w->lane)->store, w->arena, "acme", "m", 0, &row),
                     ERR_OK);
    return row;
}

static void the_first_revision_has_no_name_and_each_further_one_a_new_one(void **state)
{
    struct world *w = *state;
    struct machine_row first, second, third;

    revise(w, true, PLAN_ONE, "role");
    first = load(w);
    assert_null(first.revision);
    assert_string_equal(first.type, "STANDARD");
    revise(w, false, PLAN_TWO, NULL);
    second = load(w);
    assert_int_equal(strlen(second.revision), 36);
    assert_string_equal(second.role_arn, "role"); /* what is not given stays */
    revise(w, false, NULL, "other");
    third = load(w);
    assert_string_not_equal(third.revision, second.revision);
    assert_string_equal(third.definition, PLAN_TWO);
    assert_string_equal(third.role_arn, "other");
    assert_int_equal(third.plan_version, 3);
}

static void a_plan_put_by_our_own_api_keeps_what_the_other_one_gave_it(void **state)
{
    struct world *w = *state;
    struct machine_row row;

    revise(w, true, PLAN_ONE, "role");
    assert_int_equal(world_put(w, "m", PLAN_ONE), 1); /* nothing new in it */
    assert_int_equal(world_put(w, "m", PLAN_TWO), 2);
    row = load(w);
    assert_string_equal(row.role_arn, "role");
    assert_non_null(row.revision);
}

static void
a_definition_is_the_same_by_its_text_or_where_that_was_not_kept_by_its_meaning(void **state)
{
    struct world *w = *state;
    static const char spaced[] = " " PLAN_ONE;
    struct machine_spec spec = {.plan_id = "m", .text = spaced};
    struct machine_row row;

    spec.definition = world_json(w, spaced);
    revise(w, true, PLAN_ONE, "role");
    row = load(w);
    assert_false(machine_has_definition(w->arena, &row, &spec));
    spec.text = PLAN_ONE;
    assert_true(machine_has_definition(w->arena, &row, &spec));

    assert_int_equal(world_run(w, delete_fn, "m", NULL), ERR_OK);
    assert_int_equal(world_put(w, "m", PLAN_ONE), 2);
    row = load(w);
    spec.text = spaced;
    assert_true(machine_has_definition(w->arena, &row, &spec));
}

static void an_execution_stays_on_its_revision(void **state)
{
    struct world *w = *state;

    revise(w, true, PLAN_WAIT, "role");
    world_start(w, "m", "x", NULL);
    revise(w, false, PLAN_TWO, NULL);
    assert_int_equal(world_start(w, "m", "y", NULL), STATUS_SUCCESS);
    world_move(w, 10000);
    assert_string_equal(world_get(w, "x").output, "1");
    assert_string_equal(world_get(w, "y").output, "2");
}

static void a_deleted_plan_starts_no_more_and_what_runs_goes_on(void **state)
{
    struct world *w = *state;
    struct start_request req = {.plan_id = "m", .plan_execution_id = "y"};
    struct execution_answer answer;
    struct plan_row plan;

    revise(w, true, PLAN_WAIT, "role");
    world_start(w, "m", "x", NULL);
    assert_int_equal(world_run(w, delete_fn, "m", NULL), ERR_OK);
    assert_int_equal(world_run(w, world_start_fn, &req, &answer), ERR_PLAN_NOT_FOUND);
    assert_int_equal(plans_load(lane_engine(w->lane)->store, w->arena, "acme", "m", 0, &plan),
                     ERR_PLAN_NOT_FOUND);
    assert_true(load(w).is_deleting);
    world_move(w, 10000);
    world_assert_status(w, "x", STATUS_SUCCESS);
}

static void a_plan_that_is_put_after_its_deletion_goes_on_with_the_numbers(void **state)
{
    struct world *w = *state;

    revise(w, true, PLAN_WAIT, "role");
    world_start(w, "m", "x", NULL);
    assert_int_equal(world_run(w, delete_fn, "m", NULL), ERR_OK);
    assert_int_equal(world_put(w, "m", PLAN_TWO), 2);
    assert_null(load(w).revision);
    assert_null(load(w).role_arn);
    assert_false(load(w).is_deleting);
    assert_int_equal(world_start(w, "m", "y", NULL), STATUS_SUCCESS);
    world_move(w, 10000);
    assert_string_equal(world_get(w, "x").output, "1"); /* still on version 1 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_first_revision_has_no_name_and_each_further_one_a_new_one),
        WORLD_TEST(a_plan_put_by_our_own_api_keeps_what_the_other_one_gave_it),
        WORLD_TEST(a_definition_is_the_same_by_its_text_or_where_that_was_not_kept_by_its_meaning),
        WORLD_TEST(an_execution_stays_on_its_revision),
        WORLD_TEST(a_deleted_plan_starts_no_more_and_what_runs_goes_on),
        WORLD_TEST(a_plan_that_is_put_after_its_deletion_goes_on_with_the_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
