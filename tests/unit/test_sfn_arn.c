/*
 * test_sfn_arn.c - ARNs of the Step Functions API: what is read, what is refused in which words,
 * and that ids of all forms come back from the ARN they were printed in; the rules of names.
 */
#include "sfn_unit.h"

#include "engine/arn.h"

#define ALL (~0u)

static void read_as(struct sfn_unit *unit, const char *rest, const struct sfn_arn *expected)
{
    const char *text = arena_printf(unit->arena, SFN_UNIT_ARN "%s", rest);
    struct sfn_arn arn;
    bool is_foreign;

    assert_true(sfn_arn_parse(&unit->call, text, &arn, &is_foreign));
    assert_false(is_foreign);
    assert_int_equal(arn.kind, expected->kind);
    assert_string_equal(arn.name, expected->name);
    assert_int_equal(arn.version, expected->version);
    assert_string_equal(arn.label ? arn.label : "-", expected->label ? expected->label : "-");
    assert_string_equal(arn.alias ? arn.alias : "-", expected->alias ? expected->alias : "-");
    assert_string_equal(arn.execution ? arn.execution : "-",
                        expected->execution ? expected->execution : "-");
}

static void each_kind_is_taken_apart(void **state)
{
    static const struct {
        const char *text;
        struct sfn_arn arn;
    } cases[] = {
        CASE("stateMachine:order", {SFN_ARN_MACHINE, .name = "order"}),
        CASE("stateMachine:order:3", {SFN_ARN_MACHINE, .name = "order", .version = 3}),
        CASE("stateMachine:order:PROD", {SFN_ARN_MACHINE, .name = "order", .alias = "PROD"}),
        CASE("stateMachine:order:03", {SFN_ARN_MACHINE, .name = "order", .alias = "03"}),
        CASE("stateMachine:order/Each", {SFN_ARN_MACHINE, .name = "order", .label = "Each"}),
        CASE("stateMachine:a%3Ab%2Fc%25", {SFN_ARN_MACHINE, .name = "a:b/c%"}),
        CASE("execution:order:one", {SFN_ARN_EXECUTION, .name = "order", .execution = "one"}),
        CASE("execution:order:a%3Ab", {SFN_ARN_EXECUTION, .name = "order", .execution = "a:b"}),
        CASE("execution:order/Each:1",
             {SFN_ARN_EXECUTION, .name = "order", .label = "Each", .execution = "1"}),
        CASE("express:order:one:u-1", {SFN_ARN_EXPRESS, .name = "order", .execution = "one:u-1"}),
        CASE("activity:weigh", {SFN_ARN_ACTIVITY, .name = "weigh"}),
        CASE("mapRun:order/Each:u-1",
             {SFN_ARN_MAP_RUN, .name = "order", .label = "Each", .execution = "u-1"}),
    };
    struct sfn_unit *unit = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        read_as(unit, cases[i].text, &cases[i].arn);
}

static void what_is_none_is_refused_in_the_words_of_aws(void **state)
{
    static const struct {
        const char *text, *message;
        unsigned kinds;
    } cases[] = {
        CASE("no_arn", "Invalid Arn: 'Invalid ARN prefix: no_arn'", ALL),
        CASE("arn", "Invalid Arn: 'Invalid ARN prefix: arn'", ALL),
        CASE("arn:aws:states", "Invalid Arn: 'Invalid ARN prefix: arn:aws:states'", ALL),
        CASE("arn::::::", "Invalid Arn: 'Invalid ARN prefix: arn::::::'", ALL),
        CASE("arn:aws:lambda:us-east-1:123456789012:function:f",
             "Invalid Arn: 'Invalid service name in ARN: arn:aws:lambda:us-east-1:123456789012:"
             "function:f'",
             ALL),
        CASE(SFN_UNIT_ARN "execution:a:b",
             "Invalid Arn: 'Resource type not valid in this context: execution'",
             SFN_ARN_KIND(SFN_ARN_MACHINE)),
        CASE(SFN_UNIT_ARN "express:a:b:c",
             "Invalid Arn: 'Resource type not valid in this context: express'",
             SFN_ARN_KIND(SFN_ARN_EXECUTION)),
        CASE(SFN_UNIT_ARN "ghost:a",
             "Invalid Arn: 'Resource type not valid in this context: ghost'", ALL),
        CASE(SFN_UNIT_ARN "stateMachine:", "Invalid Arn: '" SFN_UNIT_ARN "stateMachine:'", ALL),
        CASE(SFN_UNIT_ARN "stateMachine:a:", "Invalid Arn: '" SFN_UNIT_ARN "stateMachine:a:'", ALL),
        CASE(SFN_UNIT_ARN "stateMachine:a:b:c", "Invalid Arn: '" SFN_UNIT_ARN "stateMachine:a:b:c'",
             ALL),
        CASE(SFN_UNIT_ARN "stateMachine:a/", "Invalid Arn: '" SFN_UNIT_ARN "stateMachine:a/'", ALL),
        CASE(SFN_UNIT_ARN "stateMachine:/a", "Invalid Arn: '" SFN_UNIT_ARN "stateMachine:/a'", ALL),
        CASE(SFN_UNIT_ARN "execution:a", "Invalid Arn: '" SFN_UNIT_ARN "execution:a'", ALL),
        CASE(SFN_UNIT_ARN "execution:a:b:c", "Invalid Arn: '" SFN_UNIT_ARN "execution:a:b:c'", ALL),
        CASE(SFN_UNIT_ARN "activity:a:b", "Invalid Arn: '" SFN_UNIT_ARN "activity:a:b'", ALL),
        CASE(SFN_UNIT_ARN "mapRun:a:b", "Invalid Arn: '" SFN_UNIT_ARN "mapRun:a:b'", ALL),
    };
    struct sfn_unit *unit = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sfn_arn arn;

        assert_refused(unit, sfn_arn_need(&unit->call, cases[i].text, cases[i].kinds, &arn),
                       "InvalidArn", cases[i].message);
    }
}

/* No refusal, and nothing that could be found: the answer is that of an unknown name. */
static void another_account_or_region_names_nothing(void **state)
{
    static const char *const cases[] = {
        "arn:aws:states:us-east-1:999999999999:execution:order:one",
        "arn:aws:states:eu-west-1:" SFN_UNIT_ACCOUNT ":execution:order:one",
        "arn:aws-cn:states:us-east-1:" SFN_UNIT_ACCOUNT ":execution:order:one",
        "arn:aws:states:::execution:order:one",
    };
    struct sfn_unit *unit = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sfn_arn arn;
        bool is_foreign;

        assert_false(sfn_arn_parse(&unit->call, cases[i], &arn, &is_foreign));
        assert_true(is_foreign);
        assert_ok(sfn_arn_need(&unit->call, cases[i], ALL, &arn));
        assert_string_equal(arn.name, "");
        assert_string_equal(arn.execution, "");
    }
}

static void ids_of_all_forms_come_back(void **state)
{
    static const char *const ids[] = {"a",     "a:b", "a/b",        "100%",
                                      "a%3Ab", "%",   "a:b/c:d%2F", "\xc3\xa4-\xe2\x82\xac"};
    struct sfn_unit *unit = *state;
    struct sfn_arn arn;

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_ok(sfn_arn_need(&unit->call, sfn_arn_machine(&unit->call, ids[i]), ALL, &arn));
        assert_string_equal(arn.name, ids[i]);
        assert_ok(sfn_arn_need(&unit->call, sfn_arn_version(&unit->call, ids[i], 7), ALL, &arn));
        assert_string_equal(arn.name, ids[i]);
        assert_int_equal(arn.version, 7);
        assert_ok(sfn_arn_need(&unit->call, sfn_arn_alias(&unit->call, ids[i], "P"), ALL, &arn));
        assert_string_equal(arn.alias, "P");
        assert_ok(
            sfn_arn_need(&unit->call, sfn_arn_map_run(&unit->call, ids[i], "L", "u"), ALL, &arn));
        assert_string_equal(arn.name, ids[i]);
        assert_string_equal(arn.label, "L");
        assert_string_equal(arn.execution, "u");
        for (size_t k = 0; k < ARRAY_SIZE(ids); k++) {
            const char *made = arn_execution_id(unit->arena, ids[i], ids[k]);

            assert_ok(
                sfn_arn_need(&unit->call, sfn_arn_execution(&unit->call, ids[i], made), ALL, &arn));
            assert_string_equal(arn.name, ids[i]);
            assert_string_equal(arn.execution, ids[k]);
        }
    }
    assert_string_equal(sfn_arn_activity(&unit->call, "weigh"), SFN_UNIT_ARN "activity:weigh");
}

static void names_obey_the_rules(void **state)
{
    static const char *const good[] = {"a", "A-1_b.c", "x+y=z@(1)!", "\xc3\xa4", "\xe2\x82\xac"};
    static const char *const bad[] = {"",
                                      " ",
                                      "a b",
                                      "a<b",
                                      "a>b",
                                      "a{b",
                                      "a}b",
                                      "a[b",
                                      "a]b",
                                      "a?b",
                                      "a*b",
                                      "a\"b",
                                      "a#b",
                                      "a%b",
                                      "a\\b",
                                      "a^b",
                                      "a|b",
                                      "a~b",
                                      "a`b",
                                      "a$b",
                                      "a&b",
                                      "a,b",
                                      "a;b",
                                      "a:b",
                                      "a/b",
                                      "\t",
                                      "\x01",
                                      "\x7f",
                                      "\xc2\x80",
                                      "\xc2\xa0",
                                      "\xe3\x80\x80",
                                      "\xf0\x9f\x98\x80",
                                      "\xef\xbf\xbf"};
    struct sfn_unit *unit = *state;
    char *text = arena_alloc(unit->arena, 200);

    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(sfn_name_is_valid(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(sfn_name_is_valid(bad[i]));
    memset(text, 'n', 80);
    assert_true(sfn_name_is_valid(text));
    text[80] = 'n';
    assert_false(sfn_name_is_valid(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SFN_UNIT_TEST(each_kind_is_taken_apart),
        SFN_UNIT_TEST(what_is_none_is_refused_in_the_words_of_aws),
        SFN_UNIT_TEST(another_account_or_region_names_nothing),
        SFN_UNIT_TEST(ids_of_all_forms_come_back),
        SFN_UNIT_TEST(names_obey_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
