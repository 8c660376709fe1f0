/*
 * test_machines.c - the rows of state machines: revisions, published versions, aliases, activities
 * and tags, and what remains of them after a deletion.
 */
#include "store/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/activities.h"
#include "store/plans.h"
#include "store/tags.h"
#include "unit.h"

struct room {
    char folder[64], path[80];
    struct sql *sql;
    struct store store;
    struct arena *arena;
};

static int room_set_up(void **state)
{
    struct room *room = xalloc(sizeof(*room));

    snprintf(room->folder, sizeof(room->folder), "/tmp/fermata-machines-XXXXXX");
    if (!mkdtemp(room->folder))
        return -1;
    snprintf(room->path, sizeof(room->path), "%s/store.db", room->folder);
    *state = room;
    room->arena = arena_new();
    if (sql_open_sqlite(room->path, false, &room->sql))
        return -1;
    room->store = (struct store){.sql = room->sql};
    return store_migrate(room->sql, 1) ? -1 : 0;
}

static int room_tear_down(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    struct room *room = *state;
    char path[96];

    sql_close(room->sql);
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        snprintf(path, sizeof(path), "%s%s", room->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(room->folder);
    arena_free(room->arena);
    free(room);
    return 0;
}

/* Revision `version` of the plan, at the time 100 times its number. */
static void room_put(struct room *room, const char *operator_name, const char *plan_id,
                     int64_t version)
{
    struct machine_row row = {
        .plan_id = plan_id,
        .type = version == 1 ? "EXPRESS" : "STANDARD",
        .plan_version = version,
        .version_created_at = version * 100,
        .digest = "d",
        .printed = "{\"a\":1}",
        .definition = version == 1 ? "{ \"a\": 1 }" : "{\"a\":1}",
        .revision = version == 1 ? NULL : "r",
        .role_arn = "role",
        .configuration = "{}",
    };

    assert_int_equal(machines_insert_version(&room->store, operator_name, "ann", &row), ERR_OK);
}

static enum err room_load(struct room *room, const char *plan_id, int64_t version,
                          struct machine_row *ret)
{
    return machines_load(&room->store, room->arena, "acme", plan_id, version, ret);
}

static void room_delete(struct room *room, const char *plan_id, int64_t now_ms, int64_t expected)
{
    int64_t changes = -1;

    assert_int_equal(machines_delete(&room->store, "acme", plan_id, now_ms, &changes), ERR_OK);
    assert_int_equal(changes, expected);
}

static struct publication_row room_publish(struct room *room, const char *plan_id, int64_t version)
{
    struct publication_row row = {.plan_version = version, .created_at = 5, .description = "d"};

    assert_int_equal(publications_insert(&room->store, "acme", plan_id, &row), ERR_OK);
    return row;
}

static void a_machine_shows_its_latest_revision_as_it_was_sent(void **state)
{
    struct room *room = *state;
    struct machine_row row;

    room_put(room, "acme", "m", 1);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_OK);
    assert_string_equal(row.definition, "{ \"a\": 1 }");
    assert_string_equal(row.printed, "{\"a\":1}");
    assert_string_equal(row.type, "EXPRESS");
    assert_null(row.revision);
    assert_false(row.is_deleting);

    room_put(room, "acme", "m", 2);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_OK);
    assert_int_equal(row.plan_version, 2);
    assert_string_equal(row.definition, "{\"a\":1}");
    assert_string_equal(row.revision, "r");
    assert_string_equal(row.type, "EXPRESS"); /* a machine keeps its type */
    assert_int_equal(row.created_at, 100);
    assert_int_equal(row.version_created_at, 200);
}

static void an_old_revision_is_found_by_its_number(void **state)
{
    struct room *room = *state;
    struct machine_row row;

    room_put(room, "acme", "m", 1);
    room_put(room, "acme", "m", 2);
    assert_int_equal(room_load(room, "m", 1, &row), ERR_OK);
    assert_int_equal(row.plan_version, 1);
    assert_int_equal(row.latest_version, 2);
    assert_int_equal(room_load(room, "m", 3, &row), ERR_PLAN_NOT_FOUND);
}

static void another_operator_sees_nothing(void **state)
{
    struct room *room = *state;
    struct machine_name *names;
    struct machine_row row;

    room_put(room, "other", "m", 1);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_PLAN_NOT_FOUND);
    assert_int_equal(machines_list(&room->store, room->arena, "acme", "", 10, &names), ERR_OK);
    assert_null(names);
    room_delete(room, "m", 300, 0);
    assert_int_equal(machines_load(&room->store, room->arena, "other", "m", 0, &row), ERR_OK);
}

static void a_deleted_machine_is_gone_but_its_numbers_stay_taken(void **state)
{
    struct room *room = *state;
    struct machine_row row;
    struct plan_row plan;
    int64_t last;

    room_put(room, "acme", "m", 1);
    room_put(room, "acme", "m", 2);
    room_delete(room, "m", 300, 1);
    room_delete(room, "m", 301, 0);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_PLAN_NOT_FOUND);
    assert_int_equal(plans_load(&room->store, room->arena, "acme", "m", 0, &plan),
                     ERR_PLAN_NOT_FOUND);
    /* An execution that ran on it still has it. */
    assert_int_equal(room_load(room, "m", 1, &row), ERR_OK);
    assert_true(row.is_deleting);
    assert_int_equal(plans_load(&room->store, room->arena, "acme", "m", 1, &plan), ERR_OK);
    assert_int_equal(machines_last_version(&room->store, "acme", "m", &last), ERR_OK);
    assert_int_equal(last, 2);

    room_put(room, "acme", "m", 3);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_OK);
    assert_int_equal(row.created_at, 300);
    assert_string_equal(row.type, "STANDARD"); /* a new machine, a new type */
    assert_int_equal(row.last_publication, 0);
}

static void a_deleted_machine_shows_as_deleting_while_an_execution_runs(void **state)
{
    struct room *room = *state;
    struct machine_row row;
    struct machine_name *names;

    room_put(room, "acme", "m", 1);
    assert_int_equal(
        sql_script(room->sql,
                   "INSERT INTO executions (root_id, execution_id, operator_name, portal_id,"
                   " plan_execution_id, plan_id, plan_version, status, epoch, depth, history_seq,"
                   " event_id, frame_seq, busy_turns, hold_on_failure, created_by, created_at,"
                   " updated_at, input) VALUES (1, 1, 'acme', 'p', 'm:x', 'm', 1, 'EXECUTING', 1,"
                   " 0, 0, 0, 0, 0, 0, 'ann', 1, 1, '{}');"),
        ERR_OK);
    room_delete(room, "m", 300, 1);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_OK);
    assert_true(row.is_deleting);
    assert_int_equal(machines_list(&room->store, room->arena, "acme", "", 10, &names), ERR_OK);
    assert_null(names);

    assert_int_equal(sql_script(room->sql, "UPDATE executions SET ended_at = 2;"), ERR_OK);
    assert_int_equal(room_load(room, "m", 0, &row), ERR_PLAN_NOT_FOUND);
}

static void machines_are_listed_by_name_a_page_at_a_time(void **state)
{
    struct room *room = *state;
    struct machine_name *page;
    bool reached;

    room_put(room, "acme", "c", 1);
    room_put(room, "acme", "a", 1);
    room_put(room, "acme", "b", 1);
    assert_int_equal(machines_list(&room->store, room->arena, "acme", "", 2, &page), ERR_OK);
    assert_string_equal(page->plan_id, "a");
    assert_string_equal(page->next->plan_id, "b");
    assert_null(page->next->next);
    assert_int_equal(machines_list(&room->store, room->arena, "acme", "b", 2, &page), ERR_OK);
    assert_string_equal(page->plan_id, "c");
    assert_null(page->next);
    assert_int_equal(machines_reach(&room->store, "acme", 3, &reached), ERR_OK);
    assert_true(reached);
    assert_int_equal(machines_reach(&room->store, "acme", 4, &reached), ERR_OK);
    assert_false(reached);
}

static void versions_are_numbered_once_and_listed_newest_first(void **state)
{
    struct room *room = *state;
    struct publication_row row, *list;
    int64_t count;

    room_put(room, "acme", "m", 1);
    room_put(room, "acme", "m", 2);
    assert_int_equal(room_publish(room, "m", 1).number, 1);
    assert_int_equal(room_publish(room, "m", 2).number, 2);
    assert_int_equal(publications_delete(&room->store, "acme", "m", 2), ERR_OK);
    assert_int_equal(room_publish(room, "m", 2).number, 3);

    assert_int_equal(publications_load(&room->store, room->arena, "acme", "m", 2, &row),
                     ERR_NOT_FOUND);
    assert_int_equal(publications_of_version(&room->store, room->arena, "acme", "m", 2, &row),
                     ERR_OK);
    assert_int_equal(row.number, 3);
    assert_string_equal(row.description, "d");
    assert_int_equal(publications_count(&room->store, "acme", "m", &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(publications_list(&room->store, room->arena, "acme", "m", 0, 10, &list),
                     ERR_OK);
    assert_int_equal(list->number, 3);
    assert_int_equal(list->next->number, 1);
    assert_int_equal(publications_list(&room->store, room->arena, "acme", "m", 3, 10, &list),
                     ERR_OK);
    assert_int_equal(list->number, 1);
    assert_null(list->next);
}

static void versions_and_aliases_go_with_their_machine(void **state)
{
    struct room *room = *state;
    struct alias_row alias = {
        .alias = "prod", .created_at = 1, .updated_at = 1, .routes = "[[1,100]]"};
    struct publication_row *versions;
    struct alias_row *aliases;

    room_put(room, "acme", "m", 1);
    room_publish(room, "m", 1);
    assert_int_equal(aliases_put(&room->store, "acme", "m", &alias), ERR_OK);
    room_delete(room, "m", 300, 1);
    room_put(room, "acme", "m", 2);
    assert_int_equal(publications_list(&room->store, room->arena, "acme", "m", 0, 10, &versions),
                     ERR_OK);
    assert_null(versions);
    assert_int_equal(aliases_list(&room->store, room->arena, "acme", "m", &aliases), ERR_OK);
    assert_null(aliases);
    assert_int_equal(room_publish(room, "m", 2).number, 1);
}

static void an_alias_keeps_its_birth_when_it_changes(void **state)
{
    struct room *room = *state;
    struct alias_row row = {
        .alias = "b", .created_at = 1, .updated_at = 1, .description = "x", .routes = "[[1,100]]"};
    struct alias_row *list;
    int64_t changes;

    assert_int_equal(aliases_put(&room->store, "acme", "m", &row), ERR_OK);
    row = (struct alias_row){
        .alias = "b", .created_at = 9, .updated_at = 9, .routes = "[[1,60],[2,40]]"};
    assert_int_equal(aliases_put(&room->store, "acme", "m", &row), ERR_OK);
    row.alias = "a";
    assert_int_equal(aliases_put(&room->store, "acme", "m", &row), ERR_OK);

    assert_int_equal(aliases_load(&room->store, room->arena, "acme", "m", "b", &row), ERR_OK);
    assert_int_equal(row.created_at, 1);
    assert_int_equal(row.updated_at, 9);
    assert_null(row.description);
    assert_string_equal(row.routes, "[[1,60],[2,40]]");
    assert_int_equal(aliases_list(&room->store, room->arena, "acme", "m", &list), ERR_OK);
    assert_string_equal(list->alias, "a");
    assert_string_equal(list->next->alias, "b");
    assert_int_equal(aliases_delete(&room->store, "acme", "m", "b", &changes), ERR_OK);
    assert_int_equal(changes, 1);
    assert_int_equal(aliases_load(&room->store, room->arena, "acme", "m", "b", &row),
                     ERR_NOT_FOUND);
}

static void activities_are_found_listed_and_deleted(void **state)
{
    struct room *room = *state;
    struct activity_row row = {.name = "b", .created_at = 7}, *list;
    bool reached;

    assert_int_equal(activities_insert(&room->store, "acme", &row), ERR_OK);
    row = (struct activity_row){.name = "a", .created_at = 8, .configuration = "{}"};
    assert_int_equal(activities_insert(&room->store, "acme", &row), ERR_OK);
    assert_int_equal(activities_insert(&room->store, "other", &row), ERR_OK);

    assert_int_equal(activities_load(&room->store, room->arena, "acme", "b", &row), ERR_OK);
    assert_int_equal(row.created_at, 7);
    assert_null(row.configuration);
    assert_int_equal(activities_list(&room->store, room->arena, "acme", "", 10, &list), ERR_OK);
    assert_string_equal(list->name, "a");
    assert_string_equal(list->next->name, "b");
    assert_null(list->next->next);
    assert_int_equal(activities_reach(&room->store, "acme", 2, &reached), ERR_OK);
    assert_true(reached);
    assert_int_equal(activities_delete(&room->store, "acme", "a"), ERR_OK);
    assert_int_equal(activities_delete(&room->store, "acme", "a"), ERR_OK);
    assert_int_equal(activities_load(&room->store, room->arena, "acme", "a", &row), ERR_NOT_FOUND);
    assert_int_equal(activities_load(&room->store, room->arena, "other", "a", &row), ERR_OK);
}

static void a_tag_has_one_value_and_goes_with_its_resource(void **state)
{
    struct room *room = *state;
    static const struct tag_row rows[] = {
        {"k", "1", NULL},
        {"a", "",  NULL},
        {"k", "2", NULL},
    };
    struct tag_row *list;
    int64_t count;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(tags_put(&room->store, "acme", TAGS_OF_PLAN "m", &rows[i]), ERR_OK);
    assert_int_equal(tags_put(&room->store, "acme", TAGS_OF_ACTIVITY "m", &rows[0]), ERR_OK);
    assert_int_equal(tags_list(&room->store, room->arena, "acme", TAGS_OF_PLAN "m", &list), ERR_OK);
    assert_string_equal(list->key, "a");
    assert_string_equal(list->value, "");
    assert_string_equal(list->next->value, "2");
    assert_null(list->next->next);

    assert_int_equal(tags_delete(&room->store, "acme", TAGS_OF_PLAN "m", "a"), ERR_OK);
    assert_int_equal(tags_count(&room->store, "acme", TAGS_OF_PLAN "m", &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tags_clear(&room->store, "acme", TAGS_OF_PLAN "m"), ERR_OK);
    assert_int_equal(tags_count(&room->store, "acme", TAGS_OF_PLAN "m", &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(tags_count(&room->store, "acme", TAGS_OF_ACTIVITY "m", &count), ERR_OK);
    assert_int_equal(count, 1);
}

#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, room_set_up, room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(a_machine_shows_its_latest_revision_as_it_was_sent),
        ROOM_TEST(an_old_revision_is_found_by_its_number),
        ROOM_TEST(another_operator_sees_nothing),
        ROOM_TEST(a_deleted_machine_is_gone_but_its_numbers_stay_taken),
        ROOM_TEST(a_deleted_machine_shows_as_deleting_while_an_execution_runs),
        ROOM_TEST(machines_are_listed_by_name_a_page_at_a_time),
        ROOM_TEST(versions_are_numbered_once_and_listed_newest_first),
        ROOM_TEST(versions_and_aliases_go_with_their_machine),
        ROOM_TEST(an_alias_keeps_its_birth_when_it_changes),
        ROOM_TEST(activities_are_found_listed_and_deleted),
        ROOM_TEST(a_tag_has_one_value_and_goes_with_its_resource),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
