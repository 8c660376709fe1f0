/*
 * test_asl_parse.c - what the validator takes, and each of its refusals once, with rule and
 * pointer.
 */
#include "asl_unit.h"
#include "base/limits.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(rule, pointer, definition)                                                            \
    {                                                                                              \
        definition, rule, pointer                                                                  \
    }

#define PASS "{'Type':'Pass','End':true}"

static const struct problem_case {
    const char *definition; /* a whole one, or the inside of state A */
    const char *rule, *pointer;
} problem_cases[] = {
    /* the machine */
    CASE("FIELD_TYPE", "", "[]"),
    CASE("FIELD_REQUIRED", "", "{'States':{'A':" PASS "}}"),
    CASE("FIELD_REQUIRED", "", "{'StartAt':'A'}"),
    CASE("STATES_EMPTY", "/States", "{'StartAt':'A','States':{}}"),
    CASE("FIELD_TYPE", "/States", "{'StartAt':'A','States':[]}"),
    CASE("FIELD_TYPE", "/StartAt", "{'StartAt':1,'States':{'A':" PASS "}}"),
    CASE("START_AT_UNKNOWN", "/StartAt", "{'StartAt':'Z','States':{'A':" PASS "}}"),
    CASE("FIELD_UNKNOWN", "/Foo", "{'Foo':1,'StartAt':'A','States':{'A':" PASS "}}"),
    CASE("FIELD_VALUE", "/Version", "{'Version':'2.0','StartAt':'A','States':{'A':" PASS "}}"),
    CASE("NUMBER_RANGE", "/TimeoutSeconds",
         "{'TimeoutSeconds':0,'StartAt':'A','States':{'A':" PASS "}}"),
    CASE("NUMBER_RANGE", "/TimeoutSeconds",
         "{'TimeoutSeconds':1.5,'StartAt':'A','States':{'A':" PASS "}}"),
    CASE("NOT_SUPPORTED_YET", "/QueryLanguage",
         "{'QueryLanguage':'JSONata','StartAt':'A','States':{'A':" PASS "}}"),
    CASE("FIELD_VALUE", "/QueryLanguage",
         "{'QueryLanguage':'SQL','StartAt':'A','States':{'A':" PASS "}}"),
    CASE("FIELD_TYPE", "/Comment", "{'Comment':1,'StartAt':'A','States':{'A':" PASS "}}"),
    CASE("FIELD_TYPE", "/States/A", "{'StartAt':'A','States':{'A':1}}"),
    CASE("STATE_NAME", "/States/", "{'StartAt':'A','States':{'A':" PASS ",'':" PASS "}}"),
    /* the graph */
    CASE("STATE_UNREACHABLE", "/States/B", "{'StartAt':'A','States':{'A':" PASS ",'B':" PASS "}}"),
    CASE("STATE_UNREACHABLE", "/States/a~1b~0c",
         "{'StartAt':'A','States':{'A':" PASS ",'a/b~c':" PASS "}}"),
    CASE("NO_TERMINAL_STATE", "/States",
         "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'A'}}}"),
    CASE("NEXT_UNKNOWN", "/States/A/Next", "'Type':'Pass','Next':'Z'"),
    CASE("NEXT_OR_END", "/States/A", "'Type':'Pass'"),
    CASE("NEXT_OR_END", "/States/A", "'Type':'Pass','End':false"),
    CASE("NEXT_OR_END", "/States/A", "'Type':'Pass','Next':'B','End':true"),
    CASE("FIELD_TYPE", "/States/A/End", "'Type':'Pass','End':'yes'"),
    CASE("DEFAULT_UNKNOWN", "/States/A/Default",
         "'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'Next':'B'}],'Default':'Z'"),
    CASE("NEXT_UNKNOWN", "/States/A/Choices/0/Next",
         "'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'Next':'Z'}],'Default':'B'"),
    CASE("NEXT_UNKNOWN", "/States/A/Catch/0/Next",
         "'Type':'Task','Resource':'fermata:callback','Next':'B','Catch':[{'ErrorEquals':['a'],'"
         "Next':'Z'}]"),
    /* types and fields */
    CASE("FIELD_REQUIRED", "/States/A", "'End':true"),
    CASE("FIELD_VALUE", "/States/A/Type", "'Type':'Sleep','End':true"),
    CASE("FIELD_TYPE", "/States/A/Type", "'Type':7,'End':true"),
    CASE("FIELD_UNKNOWN", "/States/A/ResultPath",
         "'Type':'Wait','Seconds':1,'ResultPath':'$','End':true"),
    CASE("FIELD_UNKNOWN", "/States/A/Foo", "'Type':'Pass','Foo':1,'End':true"),
    CASE("FIELD_UNKNOWN", "/States/A/Next", "'Type':'Succeed','Next':'B'"),
    CASE("FIELD_TYPE", "/States/A/Comment", "'Type':'Pass','Comment':1,'End':true"),
    CASE("FIELD_TYPE", "/States/A/Assign", "'Type':'Pass','Assign':[],'End':true"),
    CASE("FIELD_UNKNOWN", "/States/A/Assign", "'Type':'Succeed','Assign':{}"),
    CASE("JSONATA_FIELD", "/States/A/Output", "'Type':'Pass','Output':{},'End':true"),
    CASE("PATH_NOT_REFERENCE", "/States/A/ErrorPath", "'Type':'Fail','ErrorPath':'$..e'"),
    CASE("EXPRESSION_INVALID", "/States/A/CausePath", "'Type':'Fail','CausePath':'e'"),
    CASE("FIELD_TYPE", "/States/A/CausePath", "'Type':'Fail','CausePath':null"),
    CASE("NOT_SUPPORTED_YET", "/States/A/QueryLanguage",
         "'Type':'Pass','QueryLanguage':'JSONata','End':true"),
    CASE("JSONATA_FIELD", "/States/A/Arguments",
         "'Type':'Task','Resource':'fermata:callback','Arguments':{},'End':true"),
    CASE("ERROR_NAME_RESERVED", "/States/A/Error", "'Type':'Fail','Error':'States.Timeout'"),
    CASE("FIELD_CONFLICT", "/States/A", "'Type':'Fail','Cause':'x','CausePath':'$.x'"),
    /* paths and templates */
    CASE("EXPRESSION_INVALID", "/States/A/InputPath", "'Type':'Pass','InputPath':'a','End':true"),
    CASE("PATH_INVALID", "/States/A/InputPath", "'Type':'Pass','InputPath':'$.','End':true"),
    CASE("FIELD_TYPE", "/States/A/InputPath", "'Type':'Pass','InputPath':1,'End':true"),
    CASE("PATH_NOT_REFERENCE", "/States/A/ResultPath",
         "'Type':'Pass','ResultPath':'$.a[*]','End':true"),
    CASE("PATH_CONTEXT", "/States/A/ResultPath", "'Type':'Pass','ResultPath':'$$.a','End':true"),
    CASE("PATH_VARIABLE", "/States/A/ResultPath", "'Type':'Pass','ResultPath':'$a','End':true"),
    CASE("EXPRESSION_INVALID", "/States/A/Parameters/a.$",
         "'Type':'Pass','Parameters':{'a.$':'b'},'End':true"),
    CASE("TEMPLATE_VALUE", "/States/A/Parameters/x/0/a.$",
         "'Type':'Pass','Parameters':{'x':[{'a.$':1}]},'End':true"),
    CASE("FIELD_TYPE", "/States/A/ResultSelector",
         "'Type':'Task','Resource':'fermata:callback','ResultSelector':[],'End':true"),
    CASE("TEMPLATE_CLASH", "/States/A/Parameters/o",
         "'Type':'Pass','Parameters':{'o':{'a':1,'a.$':'$'}},'End':true"),
    /* Wait */
    CASE("WAIT_FORM", "/States/A", "'Type':'Wait','End':true"),
    CASE("WAIT_FORM", "/States/A", "'Type':'Wait','Seconds':1,'SecondsPath':'$.s','End':true"),
    CASE("NUMBER_RANGE", "/States/A/Seconds", "'Type':'Wait','Seconds':-1,'End':true"),
    CASE("NUMBER_RANGE", "/States/A/Seconds", "'Type':'Wait','Seconds':100000000,'End':true"),
    CASE("FIELD_TYPE", "/States/A/Seconds", "'Type':'Wait','Seconds':'1','End':true"),
    CASE("TIMESTAMP_INVALID", "/States/A/Timestamp", "'Type':'Wait','Timestamp':'soon','End':true"),
    CASE("PATH_NOT_REFERENCE", "/States/A/SecondsPath",
         "'Type':'Wait','SecondsPath':'$..s','End':true"),
    CASE("EXPRESSION_INVALID", "/States/A/TimestampPath",
         "'Type':'Wait','TimestampPath':'t','End':true"),
    /* Task */
    CASE("FIELD_REQUIRED", "/States/A", "'Type':'Task','End':true"),
    CASE("RESOURCE_INVALID", "/States/A/Resource",
         "'Type':'Task','Resource':'arn:aws:x','End':true"),
    CASE("RESOURCE_INVALID", "/States/A/Resource", "'Type':'Task','Resource':'pay','End':true"),
    CASE("RESOURCE_INVALID", "/States/A/Resource",
         "'Type':'Task','Resource':'https://a b','End':true"),
    CASE("RESOURCE_INVALID", "/States/A/Resource",
         "'Type':'Task','Resource':'arn:aws:states:::lambda','End':true"),
    CASE("RESOURCE_ACTION", "/States/A/Resource",
         "'Type':'Task','Resource':'arn:aws:states:::dynamodb:query','End':true"),
    CASE("RESOURCE_PATTERN", "/States/A/Resource",
         "'Type':'Task','Resource':'arn:aws:states:::lambda:invoke.sync','End':true"),
    CASE("RESOURCE_NAME", "/States/A/Resource",
         "'Type':'Task','Resource':'arn:aws:lambda:r:1:function:f:','End':true"),
    CASE("RESOURCE_NAME", "/States/A/Resource",
         "'Type':'Task','Resource':'arn:aws:lambda:r:1:function:f:$x','End':true"),
    CASE("RESOURCE_PARAMETER", "/States/A/Parameters",
         "'Type':'Task','Resource':'arn:aws:states:::states:startExecution','Parameters':{},'End':"
         "true"),
    CASE("FIELD_TYPE", "/States/A/Credentials",
         "'Type':'Task','Resource':'fermata:callback','Credentials':'me','End':true"),
    CASE("RESOURCE_UNKNOWN", "/States/A/Resource",
         "'Type':'Task','Resource':'fermata:plan','End':true"),
    CASE("RESOURCE_NAME", "/States/A/Resource",
         "'Type':'Task','Resource':'fermata:task:','End':true"),
    CASE("RESOURCE_NAME", "/States/A/Resource",
         "'Type':'Task','Resource':'fermata:task:a b','End':true"),
    CASE("RESOURCE_PARAMETER", "/States/A/Parameters",
         "'Type':'Task','Resource':'fermata:plan:run','Parameters':{},'End':true"),
    CASE("RESOURCE_PARAMETER", "/States/A/Parameters/name",
         "'Type':'Task','Resource':'fermata:lock:acquire','Parameters':{'name':7},'End':true"),
    CASE("RESOURCE_PARAMETER", "/States/A/Parameters/name",
         "'Type':'Task','Resource':'fermata:lock:release','Parameters':{'name':''},'End':true"),
    CASE("NUMBER_RANGE", "/States/A/TimeoutSeconds",
         "'Type':'Task','Resource':'fermata:callback','TimeoutSeconds':0,'End':true"),
    CASE("FIELD_CONFLICT", "/States/A",
         "'Type':'Task','Resource':'fermata:callback','TimeoutSeconds':1,'TimeoutSecondsPath':'$.a'"
         ",'End':true"),
    CASE("FIELD_CONFLICT", "/States/A",
         "'Type':'Task','Resource':'fermata:callback','HeartbeatSeconds':1,'HeartbeatSecondsPath':'"
         "$.a','End':true"),
    CASE("HEARTBEAT_NOT_BELOW_TIMEOUT", "/States/A/HeartbeatSeconds",
         "'Type':'Task','Resource':'fermata:callback','TimeoutSeconds':5,'HeartbeatSeconds':5,'End'"
         ":true"),
    /* Choice */
    CASE("FIELD_REQUIRED", "/States/A", "'Type':'Choice'"),
    CASE("CHOICES_EMPTY", "/States/A/Choices", "'Type':'Choice','Choices':[]"),
    CASE("FIELD_TYPE", "/States/A/Choices/0", "'Type':'Choice','Choices':[1]"),
    CASE("FIELD_REQUIRED", "/States/A/Choices/0",
         "'Type':'Choice','Choices':[{'Variable':'$','IsNull':true}]"),
    CASE("CHOICE_OPERATOR", "/States/A/Choices/0",
         "'Type':'Choice','Choices':[{'Variable':'$','Next':'B'}]"),
    CASE("CHOICE_OPERATOR", "/States/A/Choices/0",
         "'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'IsString':true,'Next':'B'}]"),
    CASE("FIELD_REQUIRED", "/States/A/Choices/0",
         "'Type':'Choice','Choices':[{'IsNull':true,'Next':'B'}]"),
    CASE("FIELD_TYPE", "/States/A/Choices/0/StringEquals",
         "'Type':'Choice','Choices':[{'Variable':'$','StringEquals':1,'Next':'B'}]"),
    CASE("FIELD_UNKNOWN", "/States/A/Choices/0/StringMatchesPath",
         "'Type':'Choice','Choices':[{'Variable':'$','StringMatchesPath':'$','Next':'B'}]"),
    CASE("TIMESTAMP_INVALID", "/States/A/Choices/0/TimestampEquals",
         "'Type':'Choice','Choices':[{'Variable':'$','TimestampEquals':'x','Next':'B'}]"),
    CASE("PATH_INVALID", "/States/A/Choices/0/StringEqualsPath",
         "'Type':'Choice','Choices':[{'Variable':'$','StringEqualsPath':'x','Next':'B'}]"),
    CASE("PATH_INVALID", "/States/A/Choices/0/Variable",
         "'Type':'Choice','Choices':[{'Variable':'x','IsNull':true,'Next':'B'}]"),
    CASE("JSONATA_FIELD", "/States/A/Choices/0/Condition",
         "'Type':'Choice','Choices':[{'Condition':'{% x %}','Next':'B'}]"),
    CASE("CHOICES_EMPTY", "/States/A/Choices/0/And",
         "'Type':'Choice','Choices':[{'And':[],'Next':'B'}]"),
    CASE(
        "CHOICE_NESTED_NEXT", "/States/A/Choices/0/Not/Next",
        "'Type':'Choice','Choices':[{'Not':{'Variable':'$','IsNull':true,'Next':'B'},'Next':'B'}]"),
    CASE("CHOICE_NESTED_ASSIGN", "/States/A/Choices/0/Not/Assign",
         "'Type':'Choice','Choices':[{'Not':{'Variable':'$','IsNull':true,'Assign':{}},'Next':'B'}"
         "]"),
    CASE("FIELD_CONFLICT", "/States/A/Choices/0/Variable",
         "'Type':'Choice','Choices':[{'Variable':'$','Not':{'Variable':'$','IsNull':true},'Next':'"
         "B'}]"),
    CASE("FIELD_UNKNOWN", "/States/A/Choices/0/Foo",
         "'Type':'Choice','Choices':[{'Variable':'$','IsNull':true,'Foo':1,'Next':'B'}]"),
    /* Parallel */
    CASE("FIELD_REQUIRED", "/States/A", "'Type':'Parallel','End':true"),
    CASE("BRANCHES_EMPTY", "/States/A/Branches", "'Type':'Parallel','Branches':[],'End':true"),
    CASE("FIELD_TYPE", "/States/A/Branches/0", "'Type':'Parallel','Branches':[[]],'End':true"),
    CASE("NEXT_UNKNOWN", "/States/A/Branches/0/States/C/Next",
         "'Type':'Parallel','Branches':[{'StartAt':'C','States':{'C':{'Type':'Pass','Next':'B'}}}],"
         "'Next':'B'"),
    CASE("STATE_NAME_DUPLICATE", "*/States/B",
         "'Type':'Parallel','Branches':[{'StartAt':'B','States':{'B':" PASS "}}],'Next':'B'"),
    CASE("FIELD_UNKNOWN", "/States/A/Branches/0/TimeoutSeconds",
         "'Type':'Parallel','Branches':[{'TimeoutSeconds':1,'StartAt':'C','States':{'C':" PASS
         "}}],'End':true"),
    CASE("STATE_UNREACHABLE", "/States/A/Branches/0/States/D",
         "'Type':'Parallel','Branches':[{'StartAt':'C','States':{'C':" PASS ",'D':" PASS
         "}}],'Next':'B'"),
    /* Retry and Catch */
    CASE("FIELD_TYPE", "/States/A/Retry",
         "'Type':'Task','Resource':'fermata:callback','Retry':{},'End':true"),
    CASE("FIELD_TYPE", "/States/A/Retry/0",
         "'Type':'Task','Resource':'fermata:callback','Retry':[1],'End':true"),
    CASE("FIELD_REQUIRED", "/States/A/Retry/0",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{}],'End':true"),
    CASE("ERROR_EQUALS_EMPTY", "/States/A/Retry/0/ErrorEquals",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':[]}],'End':true"),
    CASE("FIELD_TYPE", "/States/A/Retry/0/ErrorEquals/0",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':[1]}],'End':true"),
    CASE("ERROR_ALL_NOT_ALONE", "/States/A/Retry/0/ErrorEquals/1",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a','States.ALL']}],"
         "'End':true"),
    CASE("ERROR_ALL_NOT_LAST", "/States/A/Retry/0/ErrorEquals/0",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['States.ALL']},{'"
         "ErrorEquals':['a']}],'End':true"),
    CASE("NUMBER_RANGE", "/States/A/Retry/0/IntervalSeconds",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a'],'"
         "IntervalSeconds':0}],'End':true"),
    CASE("NUMBER_RANGE", "/States/A/Retry/0/MaxAttempts",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a'],'MaxAttempts':-"
         "1}],'End':true"),
    CASE("NUMBER_RANGE", "/States/A/Retry/0/BackoffRate",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a'],'BackoffRate':"
         "0.5}],'End':true"),
    CASE("NUMBER_RANGE", "/States/A/Retry/0/MaxDelaySeconds",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a'],'"
         "MaxDelaySeconds':31622400}],'End':true"),
    CASE("FIELD_VALUE", "/States/A/Retry/0/JitterStrategy",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a'],'"
         "JitterStrategy':'SOME'}],'End':true"),
    CASE("FIELD_UNKNOWN", "/States/A/Retry/0/Next",
         "'Type':'Task','Resource':'fermata:callback','Retry':[{'ErrorEquals':['a'],'Next':'B'}],'"
         "End':true"),
    CASE("FIELD_REQUIRED", "/States/A/Catch/0",
         "'Type':'Task','Resource':'fermata:callback','Next':'B','Catch':[{'ErrorEquals':['a']}]"),
    CASE("PATH_CONTEXT", "/States/A/Catch/0/ResultPath",
         "'Type':'Task','Resource':'fermata:callback','Next':'B','Catch':[{'ErrorEquals':['a'],'"
         "Next':'B','ResultPath':'$$'}]"),
    CASE("FIELD_TYPE", "/States/A/Catch/0/Assign",
         "'Type':'Task','Resource':'fermata:callback','Next':'B','Catch':[{'ErrorEquals':['a'],'"
         "Next':'B','Assign':1}]"),
    CASE("JSONATA_FIELD", "/States/A/Catch/0/Output",
         "'Type':'Task','Resource':'fermata:callback','Next':'B','Catch':[{'ErrorEquals':['a'],'"
         "Next':'B','Output':1}]"),
    CASE("FIELD_UNKNOWN", "/States/A/Catch/0/Foo",
         "'Type':'Task','Resource':'fermata:callback','Next':'B','Catch':[{'ErrorEquals':['a'],'"
         "Next':'B','Foo':1}]"),
    CASE("FIELD_UNKNOWN", "/States/A/Retry", "'Type':'Pass','Retry':[],'End':true"),
};

static const struct json *case_definition(struct arena *arena, const char *text)
{
    bool leads = strstr(text, "'B'") != NULL;

    if (*text != '\'')
        return json_of(arena, text);
    if (leads)
        return definition_of(arena, text);
    return json_of(arena, arena_printf(arena, "{'StartAt':'A','States':{'A':{%s}}}", text));
}

/* A star before the pointer: any pointer that ends so (where the order of things is not promised).
 */
static bool pointer_fits(const char *pointer, const char *wanted)
{
    size_t len = strlen(pointer), tail = strlen(wanted) - 1;

    if (*wanted != '*')
        return !strcmp(pointer, wanted);
    return len >= tail && !strcmp(pointer + len - tail, wanted + 1);
}

static void every_refusal_names_its_rule_and_its_place(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(problem_cases); i++) {
        const struct problem_case *c = &problem_cases[i];
        const struct json *definition = case_definition(arena, c->definition);
        const struct asl_plan *plan = NULL;
        struct asl_problems problems = {0};
        bool found = false;

        assert_err(asl_parse(arena, definition, &plan, &problems), ERR_INVALID_REQUEST);
        for (size_t n = 0; n < problems.count; n++) {
            assert_true(strlen(problems.list[n].message) > 10);
            found = found || (!strcmp(problems.list[n].rule, c->rule) &&
                              pointer_fits(problems.list[n].pointer, c->pointer));
        }
        if (!found || problems.count > 2)
            fail_msg("%s: %zu problems, first %s at '%s': %s", c->definition, problems.count,
                     problems.list[0].rule, problems.list[0].pointer, problems.list[0].message);
    }
}

static void all_problems_are_reported_at_once(void **state)
{
    struct arena *arena = *state;
    const struct json *definition = json_of(
        arena, "{'StartAt':'Z','Foo':1,'States':{'A':{'Type':'Wait','Seconds':-1,'Next':'Q'},"
               "'B':{'Type':'Task','Resource':'x','Retry':[{'ErrorEquals':[]}],'End':true}}}");
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};

    assert_err(asl_parse(arena, definition, &plan, &problems), ERR_INVALID_REQUEST);
    assert_int_equal(problems.count, 8); /* two of them: nothing is reached from Z */
    assert_false(problems.truncated);
    assert_null(plan);
}

static void a_hundred_problems_are_enough(void **state)
{
    struct arena *arena = *state;
    struct json *states = json_object(arena), *definition = json_object(arena);
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};

    for (int i = 0; i < 300; i++)
        json_add(arena, states, arena_printf(arena, "S%d", i), json_of(arena, "{'Type':'X'}"));
    json_add(arena, definition, "StartAt", json_string(arena, "S0"));
    json_add(arena, definition, "States", states);
    assert_err(asl_parse(arena, definition, &plan, &problems), ERR_INVALID_REQUEST);
    assert_int_equal(problems.count, 100);
    assert_true(problems.truncated);
}

static const char *const good =
    "{'Comment':'all of it','Version':'1.0','TimeoutSeconds':60,'QueryLanguage':'JSONPath',"
    "'StartAt':'Pass','States':{"
    "'Pass':{'Type':'Pass','Comment':'c','Result':{'a':1},'ResultPath':'$.r','InputPath':null,"
    "'OutputPath':'$','Parameters':{'x.$':'$$.Execution.Id'},'Next':'Wait'},"
    "'Wait':{'Type':'Wait','Seconds':0,'Next':'Wait2'},"
    "'Wait2':{'Type':'Wait','Timestamp':'2026-03-14T01:59:00+01:00','Next':'Task'},"
    "'Task':{'Type':'Task','Resource':'fermata:task:pay.by-card:v_1','TimeoutSeconds':9,"
    "'HeartbeatSeconds':8,'Next':'Choice','ResultSelector':{'y.$':'$.z'}},"
    "'Choice':{'Type':'Choice','Choices':[{'Variable':'$.x','IsPresent':true,'Next':'P'}],"
    "'Default':'Fail'},"
    "'P':{'Type':'Parallel','Next':'Done','Retry':[{'ErrorEquals':['States.ALL']}],'Catch':[{"
    "'ErrorEquals':['States.ALL'],'Next':'Fail'}],'Branches':["
    "{'StartAt':'X','States':{'X':{'Type':'Parallel','End':true,'Branches':["
    "{'StartAt':'Y','States':{'Y':{'Type':'Pass','End':true}}},"
    "{'StartAt':'Z','States':{'Z':{'Type':'Fail'}}}]}}},"
    "{'Comment':'b','StartAt':'L','States':{'L':{'Type':'Task','Resource':'fermata:lock:acquire',"
    "'Parameters':{'name.$':'$.n'},'End':true}}}]},"
    "'Done':{'Type':'Succeed'},'Fail':{'Type':'Fail','Error':'E','Cause':'why'}}}";

static void a_plan_holds_what_was_written(void **state)
{
    struct arena *arena = *state;
    const struct asl_plan *plan = plan_of(arena, json_of(arena, good));
    const struct asl_state *task = asl_find(plan, "Task"), *z = asl_find(plan, "Z");

    assert_int_equal(plan->state_count, 12);
    assert_int_equal(plan->top->timeout_ms, 60000);
    assert_string_equal(plan->top->start_at, "Pass");
    assert_string_equal(plan->top->comment, "all of it");
    assert_int_equal(plan->top->state_count, 8);
    assert_string_equal(plan->top->states[1]->name, "Wait");
    assert_null(asl_find(plan, "Nobody"));
    assert_true(asl_find(plan, "Pass")->discard_input);
    assert_int_equal(asl_find(plan, "Wait2")->timestamp_ms, 1773449940000);
    assert_int_equal(task->resource, ASL_RESOURCE_TASK);
    assert_string_equal(task->resource_name, "pay.by-card:v_1");
    assert_int_equal(task->timeout_ms, 9000);
    assert_int_equal(task->heartbeat_ms, 8000);
    assert_string_equal(asl_type_name(z->type), "Fail");
    assert_int_equal(z->machine->depth, 2);
    assert_int_equal(z->machine->branch_index, 1);
    assert_ptr_equal(z->machine->parent, asl_find(plan, "X"));
    assert_null(z->next);
    assert_string_equal(asl_find(plan, "Choice")->default_next, "Fail");
    assert_string_equal(asl_find(plan, "Fail")->cause, "why");
    assert_int_equal(asl_find(plan, "L")->resource, ASL_RESOURCE_LOCK_ACQUIRE);
}

static void a_place_names_the_branches(void **state)
{
    struct arena *arena = *state;
    const struct asl_plan *plan = plan_of(arena, json_of(arena, good));

    assert_string_equal(asl_place(arena, asl_find(plan, "Pass")), "");
    assert_string_equal(asl_place(arena, asl_find(plan, "L")), "/P/1");
    assert_string_equal(asl_place(arena, asl_find(plan, "Z")), "/P/0/X/1");
}

static void names_count_characters(void **state)
{
    struct arena *arena = *state;
    struct json *states = json_object(arena), *definition = json_object(arena);
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};
    char name[2 * 81 + 1] = "";

    for (int i = 0; i < 80; i++)
        strncat(name, "\xc3\xa9", sizeof(name) - strlen(name) - 1);
    json_add(arena, definition, "StartAt", json_string(arena, name));
    json_add(arena, definition, "States", states);
    json_add(arena, states, arena_string(arena, name), json_of(arena, PASS));
    assert_ok(asl_parse(arena, definition, &plan, &problems));
    strncat(name, "x", sizeof(name) - strlen(name) - 1);
    states->members[0].name = name;
    json_set(arena, definition, "StartAt", json_string(arena, name));
    assert_err(asl_parse(arena, definition, &plan, &problems), ERR_INVALID_REQUEST);
    assert_string_equal(problems.list[0].rule, "STATE_NAME");
}

/* A Parallel in a Parallel ..., built without the reader of JSON, which would stop at its own
 * depth. */
static const struct json *nested(struct arena *arena, int depth)
{
    const struct json *machine = json_of(arena, "{'StartAt':'S','States':{'S':" PASS "}}");

    for (int i = 0; i < depth; i++) {
        struct json *state = json_object(arena), *branches = json_array(arena);
        struct json *states = json_object(arena), *outer = json_object(arena);
        const char *name = arena_printf(arena, "P%d", i);

        json_push(arena, branches, machine);
        json_add(arena, state, "Type", json_string(arena, "Parallel"));
        json_add(arena, state, "End", &json_true);
        json_add(arena, state, "Branches", branches);
        json_add(arena, states, name, state);
        json_add(arena, outer, "StartAt", json_string(arena, name));
        json_add(arena, outer, "States", states);
        machine = outer;
    }
    return machine;
}

static void depth_has_a_limit(void **state)
{
    struct arena *arena = *state;
    const struct asl_plan *plan = NULL;
    struct asl_problems problems = {0};

    assert_ok(asl_parse(arena, nested(arena, LIMIT_PLAN_DEPTH), &plan, &problems));
    assert_true(strlen(asl_place(arena, asl_find(plan, "S"))) > 3 * 32);
    assert_err(asl_parse(arena, nested(arena, LIMIT_PLAN_DEPTH + 1), &plan, &problems),
               ERR_INVALID_REQUEST);
    assert_string_equal(problems.list[0].rule, "TOO_DEEP");
}

static const struct json *chain(struct arena *arena, int count)
{
    struct json *states = json_object(arena), *definition = json_object(arena);

    for (int i = 0; i < count; i++) {
        struct json *pass = json_object(arena);

        json_add(arena, pass, "Type", json_string(arena, "Pass"));
        if (i + 1 < count)
            json_add(arena, pass, "Next", json_string(arena, arena_printf(arena, "S%d", i + 1)));
        else
            json_add(arena, pass, "End", &json_true);
        json_add(arena, states, arena_printf(arena, "S%d", i), pass);
    }
    json_add(arena, definition, "StartAt", json_string(arena, "S0"));
    json_add(arena, definition, "States", states);
    return definition;
}

static void counts_have_limits(void **state)
{
    struct arena *arena = *state;
    struct json *branches = json_array(arena), *parallel;
    struct asl_problems problems = {0};
    const struct asl_plan *plan = NULL;

    assert_ok(asl_parse(arena, chain(arena, LIMIT_STATES), &plan, &problems));
    assert_int_equal(plan->state_count, LIMIT_STATES);
    assert_err(asl_parse(arena, chain(arena, LIMIT_STATES + 1), &plan, &problems),
               ERR_INVALID_REQUEST);
    assert_string_equal(problems.list[0].rule, "TOO_MANY_STATES");

    for (int i = 0; i <= LIMIT_BRANCHES; i++)
        json_push(arena, branches, chain(arena, 1));
    parallel = json_object(arena);
    json_add(arena, parallel, "Type", json_string(arena, "Parallel"));
    json_add(arena, parallel, "End", &json_true);
    json_add(arena, parallel, "Branches", branches);
    assert_err(asl_parse(arena,
                         json_with(arena, json_of(arena, "{'StartAt':'A'}"), "States",
                                   json_with(arena, json_object(arena), "A", parallel)),
                         &plan, &problems),
               ERR_INVALID_REQUEST);
    assert_string_equal(problems.list[0].rule, "TOO_MANY_BRANCHES");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_refusal_names_its_rule_and_its_place, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(all_problems_are_reported_at_once, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_hundred_problems_are_enough, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_plan_holds_what_was_written, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(a_place_names_the_branches, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(names_count_characters, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(depth_has_a_limit, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(counts_have_limits, asl_set_up, asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
