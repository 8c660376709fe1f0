/*
 * test_sfn_page.c - tokens of pages: what they bring back, what they are bound to, and that no
 * other text is one.
 */
#include "sfn_unit.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define FILTERS "arn\nRUNNING"

static const char *token(struct sfn_unit *unit)
{
    const struct sfn_page page = {.a = -1, .b = INT64_MAX, .name = "n\xc3\xa4me"};

    return sfn_page_token(&unit->call, FILTERS, &page);
}

static enum err read_with(struct sfn_unit *unit, const char *text, const char *filters)
{
    struct sfn_page page;

    return sfn_page_read(&unit->call, 0, text, filters, &page);
}

static void refuses(struct sfn_unit *unit, const char *text, const char *filters)
{
    assert_refused(unit, read_with(unit, text, filters), "InvalidToken",
                   "Invalid Token: 'Invalid token'");
}

static void a_page_begins_at_the_start_with_a_hundred(void **state)
{
    struct sfn_unit *unit = *state;
    struct sfn_page page;

    assert_ok(sfn_page_read(&unit->call, 0, NULL, "", &page));
    assert_int_equal(page.limit, 100);
    assert_int_equal(page.a, 0);
    assert_int_equal(page.b, 0);
    assert_string_equal(page.name, "");
    assert_ok(sfn_page_read(&unit->call, 1000, NULL, "", &page));
    assert_int_equal(page.limit, 1000);
}

static void a_token_brings_back_where_the_page_ended(void **state)
{
    struct sfn_unit *unit = *state;
    struct sfn_page page;

    assert_ok(sfn_page_read(&unit->call, 7, token(unit), FILTERS, &page));
    assert_int_equal(page.limit, 7);
    assert_int_equal(page.a, -1);
    assert_int_equal(page.b, INT64_MAX);
    assert_string_equal(page.name, "n\xc3\xa4me");
}

static void a_token_belongs_to_its_action_filters_and_operator(void **state)
{
    struct sfn_unit *unit = *state;
    const char *text = token(unit);

    refuses(unit, text, "arn\nFAILED");
    refuses(unit, text, "");
    unit->action.name = "ListMapRuns";
    refuses(unit, text, FILTERS);
    unit->action.name = "ListExecutions";
    unit->call.actor.operator_name = "other";
    refuses(unit, text, FILTERS);
    unit->call.actor.operator_name = "default";
    assert_ok(read_with(unit, text, FILTERS));
}

static void a_token_dies_after_a_day(void **state)
{
    struct sfn_unit *unit = *state;
    const char *text = token(unit);

    clock_move(&unit->clock, DAY_MS);
    assert_ok(read_with(unit, text, FILTERS));
    clock_move(&unit->clock, 1);
    refuses(unit, text, FILTERS);
}

static void no_other_text_is_a_token(void **state)
{
    struct sfn_unit *unit = *state;
    const char *text = token(unit);
    size_t len = strlen(text);
    char *longer = arena_alloc(unit->arena, 4000);

    refuses(unit, "x-nextToken", FILTERS);
    refuses(unit, "", FILTERS);
    refuses(unit, "AQ", FILTERS);
    refuses(unit, "*", FILTERS);
    memset(longer, 'A', 3096);
    refuses(unit, longer, FILTERS);
    for (size_t i = 0; i < len; i++) {
        char *changed = arena_string(unit->arena, text);

        changed[i] = changed[i] == 'B' ? 'C' : 'B';
        refuses(unit, changed, FILTERS);
        refuses(unit, arena_string_n(unit->arena, text, i), FILTERS);
    }
    refuses(unit, arena_printf(unit->arena, "%sAAAA", text), FILTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SFN_UNIT_TEST(a_page_begins_at_the_start_with_a_hundred),
        SFN_UNIT_TEST(a_token_brings_back_where_the_page_ended),
        SFN_UNIT_TEST(a_token_belongs_to_its_action_filters_and_operator),
        SFN_UNIT_TEST(a_token_dies_after_a_day),
        SFN_UNIT_TEST(no_other_text_is_a_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
