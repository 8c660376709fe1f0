/*
 * test_asl_assign.c - variables: their names, what an Assign sets and how much, who may assign
 * what, and which variables a state reads.
 */
#include "asl_unit.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define LONG80 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzab"

static const struct name_case {
    const char *name;
    const char *rule; /* null: it is a name */
} name_cases[] = {
    CASE("x", NULL),
    CASE("x.$", NULL),
    CASE("_a1", NULL),
    CASE("\xc3\xa9t\xc3\xa9", NULL),
    CASE(LONG80, NULL),
    CASE(LONG80 ".$", NULL),
    CASE(LONG80 "c", "VARIABLE_NAME"),
    CASE("", "VARIABLE_NAME"),
    CASE(".$", "VARIABLE_NAME"),
    CASE("1a", "VARIABLE_NAME"),
    CASE("a b", "VARIABLE_NAME"),
    CASE("a.b", "VARIABLE_NAME"),
    CASE("a[0]", "VARIABLE_NAME"),
    CASE("$a", "VARIABLE_NAME"),
    CASE("states", "VARIABLE_RESERVED"),
    CASE("states.$", "VARIABLE_RESERVED"),
};

static void a_variable_has_a_plain_name(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(name_cases); i++) {
        const struct name_case *c = &name_cases[i];
        struct asl_problems problems = problems_of(
            arena, json_of(arena, arena_printf(arena,
                                               "{'StartAt':'A','States':{'A':{'Type':'Pass','End':"
                                               "true,'Assign':{'%s':'$'}}}}",
                                               c->name)));

        if (problems.errors != (c->rule ? 1 : 0) || (c->rule && !problem_of(&problems, c->rule)))
            fail_msg("'%s': %zu errors, %s", c->name, problems.errors,
                     problems.count ? problems.list[0].rule : "-");
    }
}

static const struct asl_template *assign_of(struct arena *arena, const char *assign)
{
    return state_of(arena, arena_printf(arena, "'Type':'Pass','End':true,'Assign':%s", assign))
        ->assign;
}

/* All values are made from the variables as they were. */
static void an_assign_sees_the_variables_as_they_were(void **state)
{
    struct arena *arena = *state;
    struct asl_scope *scope = scope_of(arena, "{'State':{'Name':'A'}}", "{'a':1,'b':2}");
    const struct json *assigned = NULL;
    struct asl_error error = {0};

    assert_true(asl_assign(scope,
                           assign_of(arena, "{'a.$':'$b','b.$':'$a','c.$':'$.x','n.$':"
                                            "'$$.State.Name','f.$':'States.MathAdd($a,$b)',"
                                            "'k':{'in.$':'$.x'},'l':[1]}"),
                           json_of(arena, "{'x':9}"), &assigned, &error));
    assert_json(arena, assigned, "{'a':2,'b':1,'c':9,'n':'A','f':3,'k':{'in':9},'l':[1]}");
    assert_json(arena, asl_variables_merge(arena, scope->variables, assigned),
                "{'a':2,'b':1,'c':9,'n':'A','f':3,'k':{'in':9},'l':[1]}");
    assert_json(arena, scope->variables, "{'a':1,'b':2}");
}

static void without_an_assign_nothing_is_set(void **state)
{
    struct arena *arena = *state;
    const struct json *assigned = NULL;
    struct asl_error error = {0};

    assert_true(
        asl_assign(scope_of(arena, NULL, NULL), NULL, json_of(arena, "1"), &assigned, &error));
    assert_json(arena, assigned, "{}");
    assert_json(arena, asl_variables_merge(arena, NULL, assigned), "{}");
}

static void a_missing_value_fails_the_assign(void **state)
{
    struct arena *arena = *state;
    const struct json *assigned = NULL;
    struct asl_error error = {0};

    assert_false(asl_assign(scope_of(arena, NULL, NULL), assign_of(arena, "{'a.$':'$.no'}"),
                            json_of(arena, "{}"), &assigned, &error));
    assert_string_equal(error.error, "States.Runtime");
    assert_string_equal(error.cause, "The JSONPath '$.no' specified for the field 'a.$' could not "
                                     "be found in the input '{}'");
    assert_true(error.is_runtime);
}

static const struct json *text_of(struct arena *arena, size_t bytes)
{
    char *text = arena_alloc(arena, bytes + 1);

    memset(text, 'x', bytes);
    return json_string(arena, text);
}

static void variables_have_limits(void **state)
{
    struct arena *arena = *state;
    const struct asl_template *one = assign_of(arena, "{'a.$':'$'}");
    const struct asl_template *two = assign_of(arena, "{'a.$':'$','b.$':'$'}");
    const struct asl_template *small = assign_of(arena, "{'a':1}");
    struct asl_scope *scope = scope_of(arena, NULL, NULL);
    struct json *many = json_object(arena);
    const struct json *assigned = NULL;
    struct asl_error error = {0};

    assert_true(asl_assign(scope, one, text_of(arena, 262142), &assigned, &error));
    assert_false(asl_assign(scope, one, text_of(arena, 262143), &assigned, &error));
    assert_true(asl_assign(scope, two, text_of(arena, 131070), &assigned, &error));
    assert_false(asl_assign(scope, two, text_of(arena, 131071), &assigned, &error));
    for (int i = 0; i < 41; i++)
        json_add(arena, many, arena_printf(arena, "v%d", i), text_of(arena, 256000));
    scope->variables = many;
    assert_false(asl_assign(scope, small, json_of(arena, "{}"), &assigned, &error));
    assert_string_equal(error.error, "States.Runtime");
}

#define BRANCH(assign)                                                                             \
    "'Branches':[{'StartAt':'I','States':{'I':{'Type':'Pass','End':true,'Assign':" assign "}}}]"
#define PROCESSOR(mode, assign)                                                                    \
    "'ItemProcessor':{'ProcessorConfig':{" mode "},'StartAt':'I','States':{'I':{'Type':'Pass',"    \
    "'End':true,'Assign':" assign "}}}"

static const struct scope_case {
    const char *states;
    const char *rule, *pointer; /* null: it goes without a word */
} scope_cases[] = {
    CASE("'A':{'Type':'Parallel','End':true,'Assign':{'x':1}," BRANCH("{'y':1}") "}", NULL, NULL),
    CASE("'A':{'Type':'Parallel','End':true,'Assign':{'x':1}," BRANCH("{'x.$':'$'}") "}",
         "VARIABLE_SCOPE", "/States/A/Branches/0/States/I/Assign/x"),
    CASE("'A':{'Type':'Pass','Assign':{'x':1},'Next':'B'},"
         "'B':{'Type':'Map','End':true," PROCESSOR("'Mode':'INLINE'", "{'x':2}") "}",
         "VARIABLE_SCOPE", "/States/B/ItemProcessor/States/I/Assign/x"),
    CASE("'A':{'Type':'Map','End':true,'Catch':[{'ErrorEquals':['a'],'Assign':{'x':1},'Next':'B'}]"
         "," PROCESSOR("'Mode':'INLINE'", "{'x':2}") "},'B':{'Type':'Succeed'}",
         "VARIABLE_SCOPE", "/States/A/ItemProcessor/States/I/Assign/x"),
    CASE("'A':{'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'Assign':{'x':1},"
         "'Next':'B'}],'Default':'B'},'B':{'Type':'Parallel','End':true," BRANCH("{'x':1}") "}",
         "VARIABLE_SCOPE", "/States/B/Branches/0/States/I/Assign/x"),
    /* a distributed Map has variables of its own */
    CASE("'A':{'Type':'Map','End':true,'Assign':{'x':1}," PROCESSOR(
             "'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'", "{'x':2}") "}",
         NULL, NULL),
    CASE("'A':{'Type':'Map','End':true,'Assign':{'x':1}," PROCESSOR(
             "'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'", "{'y.$':'$x'}") "}",
         "VARIABLE_UNASSIGNED", "/States/A/ItemProcessor/States/I"),
    CASE("'A':{'Type':'Parallel','End':true,'Assign':{'x':1}," BRANCH("{'y.$':'$x'}") "}", NULL,
         NULL),
    CASE("'A':{'Type':'Pass','End':true,'Assign':{'y.$':'$x'}}", "VARIABLE_UNASSIGNED",
         "/States/A"),
    CASE("'A':{'Type':'Pass','End':true,'OutputPath':'$y','Assign':{'y':1}}", NULL, NULL),
};

static void an_inner_scope_reads_but_does_not_assign(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(scope_cases); i++) {
        const struct scope_case *c = &scope_cases[i];
        struct asl_problems problems = problems_of(
            arena, json_of(arena, arena_printf(arena, "{'StartAt':'A','States':{%s}}", c->states)));

        if (problems.count != (c->rule ? 1 : 0))
            fail_msg("%s: %zu problems, %s", c->states, problems.count,
                     problems.count ? problems.list[0].message : "-");
        if (!c->rule)
            continue;
        assert_string_equal(problems.list[0].rule, c->rule);
        assert_string_equal(problems.list[0].pointer, c->pointer);
        assert_int_equal(problems.list[0].is_warning, !strcmp(c->rule, "VARIABLE_UNASSIGNED"));
    }
}

static void a_plan_tells_which_variables_its_states_read(void **state)
{
    struct arena *arena = *state;
    const struct asl_plan *plan = plan_of(
        arena,
        json_of(
            arena,
            "{'StartAt':'Set','States':{"
            "'Set':{'Type':'Pass','Assign':{'a':1,'b':'$c'},'Next':'Wait'},"
            "'Wait':{'Type':'Wait','SecondsPath':'$a','Next':'Pass'},"
            "'Pass':{'Type':'Pass','InputPath':'$b','OutputPath':'$a','Parameters':{'x.$':"
            "'States.Array($b,$c.d,States.Format(`{}`,$a))'},'Next':'Choice'},"
            "'Choice':{'Type':'Choice','Choices':[{'And':[{'Variable':'$g','StringEqualsPath':'$h'}"
            "],'Assign':{'z.$':'$k'},'Next':'Map'}],'Default':'Map'},"
            "'Map':{'Type':'Map','ItemsPath':'$i','ToleratedFailureCountPath':'$t',"
            "'MaxConcurrencyPath':'$m','ItemSelector':{'s.$':'$s'},'ItemReader':{'Resource':'arn:x'"
            ",'Parameters':{'p.$':'$p'},'ReaderConfig':{'MaxItemsPath':'$n'}},"
            "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'},"
            "'StartAt':'In','States':{'In':{'Type':'Pass','InputPath':'$q','End':true}}},"
            "'Next':'Task'},"
            "'Task':{'Type':'Task','Resource':'fermata:callback','Credentials':{'r.$':'$r'},"
            "'HeartbeatSecondsPath':'$h','Catch':[{'ErrorEquals':['a'],'Assign':{'e.$':'$e2'},"
            "'Next':'Fail'}],'Next':'Fail'},"
            "'Fail':{'Type':'Fail','ErrorPath':'$e','CausePath':'$c'}}}"));

    assert_json(arena, asl_variable_references(arena, plan),
                "{'Choice':['g','h','k'],'Fail':['c','e'],'In':['q'],"
                "'Map':['i','m','n','p','s','t'],'Pass':['a','b','c'],'Task':['e2','h','r'],"
                "'Wait':['a']}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_variable_has_a_plain_name, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(an_assign_sees_the_variables_as_they_were, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(without_an_assign_nothing_is_set, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_missing_value_fails_the_assign, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(variables_have_limits, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(an_inner_scope_reads_but_does_not_assign, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_plan_tells_which_variables_its_states_read, asl_set_up,
                                        asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
