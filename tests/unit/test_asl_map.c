/*
 * test_asl_map.c - the Map state: what its fields may hold, what it is going to do with an input,
 * and how items become the input of iterations and batches.
 */
#include "asl_unit.h"
#include "base/limits.h"

/* clang-format breaks tables of long texts; calls it keeps in order. */
#define CASE(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define MACHINE "'StartAt':'I','States':{'I':{'Type':'Pass','End':true}}"
#define INLINE "'ItemProcessor':{" MACHINE "}"
#define DISTRIBUTED                                                                                \
    "'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'STANDARD'}"         \
    "," MACHINE "}"

static const struct json *map_definition(struct arena *arena, const char *fields)
{
    return json_of(
        arena,
        arena_printf(arena, "{'StartAt':'A','States':{'A':{'Type':'Map','End':true,%s}}}", fields));
}

static const struct asl_state *map_of(struct arena *arena, const char *fields)
{
    return asl_find(plan_of(arena, map_definition(arena, fields)), "A");
}

static const struct refusal_case {
    const char *fields, *rule, *pointer;
} refusal_cases[] = {
    CASE("'ItemsPath':'$'", "FIELD_REQUIRED", "/States/A"),
    CASE("'ItemProcessor':[]", "FIELD_TYPE", "/States/A/ItemProcessor"),
    CASE("'ItemProcessor':{}", "FIELD_REQUIRED", "/States/A/ItemProcessor"),
    CASE("'Iterator':{" MACHINE "}," INLINE, "FIELD_CONFLICT", "/States/A"),
    CASE(INLINE ",'ItemSelector':{},'Parameters':{}", "FIELD_CONFLICT", "/States/A"),
    CASE(INLINE ",'Branches':[]", "FIELD_UNKNOWN", "/States/A/Branches"),
    CASE(INLINE ",'Foo':1", "FIELD_UNKNOWN", "/States/A/Foo"),
    CASE(INLINE ",'Items':[1]", "JSONATA_FIELD", "/States/A/Items"),
    CASE(INLINE ",'ItemsPath':'x'", "EXPRESSION_INVALID", "/States/A/ItemsPath"),
    CASE(INLINE ",'ItemSelector':[1]", "FIELD_TYPE", "/States/A/ItemSelector"),
    CASE(INLINE ",'ItemSelector':{'x.$':1}", "TEMPLATE_VALUE", "/States/A/ItemSelector/x.$"),
    CASE(INLINE ",'MaxConcurrency':-1", "NUMBER_RANGE", "/States/A/MaxConcurrency"),
    CASE(INLINE ",'MaxConcurrency':1,'MaxConcurrencyPath':'$.m'", "FIELD_CONFLICT", "/States/A"),
    CASE(INLINE ",'MaxConcurrencyPath':'$..m'", "PATH_NOT_REFERENCE",
         "/States/A/MaxConcurrencyPath"),
    CASE(INLINE ",'Label':'l'", "MAP_NOT_DISTRIBUTED", "/States/A/Label"),
    CASE(INLINE ",'ItemBatcher':{'MaxItemsPerBatch':1}", "MAP_NOT_DISTRIBUTED",
         "/States/A/ItemBatcher"),
    CASE(INLINE ",'ItemReader':{'Resource':'arn:aws:states:::s3:getObject'}", "MAP_NOT_DISTRIBUTED",
         "/States/A/ItemReader"),
    CASE("'ItemProcessor':{'ProcessorConfig':{'Mode':'FAR'}," MACHINE "}", "FIELD_VALUE",
         "/States/A/ItemProcessor/ProcessorConfig/Mode"),
    CASE("'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED'}," MACHINE "}", "FIELD_REQUIRED",
         "/States/A/ItemProcessor/ProcessorConfig"),
    CASE("'ItemProcessor':{'ProcessorConfig':{'ExecutionType':'EXPRESS'}," MACHINE "}",
         "MAP_NOT_DISTRIBUTED", "/States/A/ItemProcessor/ProcessorConfig/ExecutionType"),
    CASE("'ItemProcessor':{'ProcessorConfig':{'Speed':1}," MACHINE "}", "FIELD_UNKNOWN",
         "/States/A/ItemProcessor/ProcessorConfig/Speed"),
    CASE("'ItemProcessor':{'TimeoutSeconds':1," MACHINE "}", "FIELD_UNKNOWN",
         "/States/A/ItemProcessor/TimeoutSeconds"),
    CASE("'ItemProcessor':{'StartAt':'Z','States':{'I':{'Type':'Pass','End':true}}}",
         "START_AT_UNKNOWN", "/States/A/ItemProcessor/StartAt"),
    CASE("'Iterator':{'StartAt':'I','States':{'I':{'Type':'Pass','Next':'A'}}}", "NEXT_UNKNOWN",
         "/States/A/Iterator/States/I/Next"),
    CASE(DISTRIBUTED ",'Label':'a b'", "LABEL", "/States/A/Label"),
    CASE(DISTRIBUTED ",'Label':'a/b'", "LABEL", "/States/A/Label"),
    CASE(DISTRIBUTED ",'Label':''", "LABEL", "/States/A/Label"),
    CASE(DISTRIBUTED ",'Label':'\xc2\x85'", "LABEL", "/States/A/Label"),
    CASE(DISTRIBUTED ",'Label':'12345678901234567890123456789012345678901'", "LABEL",
         "/States/A/Label"),
    CASE(DISTRIBUTED ",'ToleratedFailureCount':-1", "NUMBER_RANGE",
         "/States/A/ToleratedFailureCount"),
    CASE(DISTRIBUTED ",'ToleratedFailurePercentage':100.5", "NUMBER_RANGE",
         "/States/A/ToleratedFailurePercentage"),
    CASE(DISTRIBUTED ",'ToleratedFailureCount':1,'ToleratedFailureCountPath':'$.n'",
         "FIELD_CONFLICT", "/States/A"),
    CASE(DISTRIBUTED ",'ItemBatcher':{}", "BATCH_LIMIT", "/States/A/ItemBatcher"),
    CASE(DISTRIBUTED ",'ItemBatcher':{'MaxItemsPerBatch':0}", "NUMBER_RANGE",
         "/States/A/ItemBatcher/MaxItemsPerBatch"),
    CASE(DISTRIBUTED ",'ItemBatcher':{'MaxInputBytesPerBatch':262145}", "NUMBER_RANGE",
         "/States/A/ItemBatcher/MaxInputBytesPerBatch"),
    CASE(DISTRIBUTED ",'ItemBatcher':{'MaxItemsPerBatch':1,'MaxItemsPerBatchPath':'$.n'}",
         "FIELD_CONFLICT", "/States/A/ItemBatcher"),
    CASE(DISTRIBUTED ",'ItemReader':{}", "FIELD_REQUIRED", "/States/A/ItemReader"),
    CASE(DISTRIBUTED ",'ItemReader':{'Resource':'arn:x','Arguments':{}}", "JSONATA_FIELD",
         "/States/A/ItemReader/Arguments"),
    CASE(DISTRIBUTED ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'InputType':'XML'}}",
         "FIELD_VALUE", "/States/A/ItemReader/ReaderConfig/InputType"),
    CASE(DISTRIBUTED ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'MaxItems':100000001}}",
         "NUMBER_RANGE", "/States/A/ItemReader/ReaderConfig/MaxItems"),
    CASE(DISTRIBUTED
         ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'CSVHeaderLocation':'GIVEN'}}",
         "FIELD_REQUIRED", "/States/A/ItemReader/ReaderConfig"),
    CASE(DISTRIBUTED ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'CSVHeaders':[1]}}",
         "FIELD_TYPE", "/States/A/ItemReader/ReaderConfig/CSVHeaders/0"),
    CASE(DISTRIBUTED
         ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'Transformation':'FLATTEN'}}",
         "FIELD_VALUE", "/States/A/ItemReader/ReaderConfig/Transformation"),
    CASE(DISTRIBUTED ",'ResultWriter':{}", "FIELD_REQUIRED", "/States/A/ResultWriter"),
    CASE(DISTRIBUTED ",'ResultWriter':{'WriterConfig':{'OutputType':'CSV'}}", "FIELD_VALUE",
         "/States/A/ResultWriter/WriterConfig/OutputType"),
};

static void every_refusal_names_its_rule_and_its_place(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(refusal_cases); i++) {
        const struct refusal_case *c = &refusal_cases[i];
        struct asl_problems problems = problems_of(arena, map_definition(arena, c->fields));
        const struct asl_problem *problem = problem_of(&problems, c->rule);

        if (!problem || strcmp(problem->pointer, c->pointer) != 0 || problems.errors > 2)
            fail_msg("%s: %zu errors, first %s at %s", c->fields, problems.errors,
                     problems.count ? problems.list[0].rule : "-",
                     problems.count ? problems.list[0].pointer : "-");
    }
}

static void a_map_holds_what_was_written(void **state)
{
    struct arena *arena = *state;
    const struct asl_state *old =
        map_of(arena, "'Iterator':{" MACHINE "},'Parameters':{'x.$':'$'}");
    const struct asl_state *far = map_of(
        arena, DISTRIBUTED
        ",'Label':'orders','ItemsPath':'$.l','MaxConcurrency':7,'ToleratedFailureCount':2,"
        "'ToleratedFailurePercentage':12.5,'ItemBatcher':{'MaxItemsPerBatch':3,"
        "'MaxInputBytesPerBatchPath':'$.bytes','BatchInput':{'f':1}},"
        "'ItemReader':{'Resource':'arn:aws:states:::s3:getObject','Parameters':{'Bucket':'b'},"
        "'ReaderConfig':{'InputType':'CSV','CSVHeaderLocation':'GIVEN','CSVHeaders':['a'],"
        "'CSVDelimiter':'TAB','MaxItems':5}},'ResultWriter':{'Resource':"
        "'arn:aws:states:::s3:putObject','Parameters':{'Bucket':'b','Prefix':'p'},"
        "'WriterConfig':{'Transformation':'COMPACT','OutputType':'JSONL'}}");

    assert_false(old->map->is_distributed);
    assert_non_null(old->map->item_selector);
    assert_null(old->parameters);
    assert_ptr_equal(old->map->processor->parent, old);
    assert_int_equal(old->map->processor->depth, 1);
    assert_string_equal(asl_place(arena, old->map->processor->states[0]), "/A/0");
    assert_true(far->map->is_distributed);
    assert_false(far->map->is_express);
    assert_string_equal(far->map->label, "orders");
    assert_true(far->map->max_concurrency.is_set && far->map->max_concurrency.value == 7);
    assert_true(far->map->tolerated_percentage.value == 12.5);
    assert_true(far->map->has_batcher && far->map->batch_bytes.path);
    assert_true(far->map->max_items.value == 5);
    assert_non_null(far->map->item_reader);
    assert_non_null(far->map->result_writer);
    assert_non_null(far->map->reader_parameters);
    assert_non_null(far->map->writer_parameters);
}

static void names_are_unique_in_item_processors_too(void **state)
{
    struct arena *arena = *state;
    struct asl_problems problems =
        problems_of(arena, json_of(arena, "{'StartAt':'I','States':{'I':{'Type':'Map'," INLINE
                                          ",'End':true}}}"));

    assert_non_null(problem_of(&problems, "STATE_NAME_DUPLICATE"));
    problems = problems_of(
        arena,
        json_of(arena,
                "{'StartAt':'A','States':{'A':{'Type':'Map','Label':'l'," DISTRIBUTED
                ",'Next':'B'},'B':{'Type':'Map','Label':'l','ItemProcessor':{'ProcessorConfig':"
                "{'Mode':'DISTRIBUTED','ExecutionType':'EXPRESS'},'StartAt':'J','States':{'J':"
                "{'Type':'Pass','End':true}}},'End':true}}}"));
    assert_int_equal(problems.errors, 1);
    assert_string_equal(problem_wanted(&problems, "LABEL_DUPLICATE")->pointer, "/States/B/Label");
}

static void maps_stand_only_so_deep_in_one_another(void **state)
{
    struct arena *arena = *state;
    const struct json *machine = json_of(arena, "{" MACHINE "}");
    struct asl_problems problems;

    for (int i = 0; i <= LIMIT_PLAN_DEPTH; i++) {
        struct json *map = json_object(arena), *states = json_object(arena);
        struct json *outer = json_object(arena);
        const char *name = arena_printf(arena, "M%d", i);

        json_add(arena, map, "Type", json_string(arena, "Map"));
        json_add(arena, map, "ItemProcessor", machine);
        json_add(arena, map, "End", &json_true);
        json_add(arena, states, name, map);
        json_add(arena, outer, "StartAt", json_string(arena, name));
        json_add(arena, outer, "States", states);
        machine = outer;
        if (i < LIMIT_PLAN_DEPTH) {
            problems = problems_of(arena, machine);
            assert_int_equal(problems.errors, 0);
        }
    }
    problems = problems_of(arena, machine);
    assert_non_null(problem_of(&problems, "TOO_DEEP"));
}

static void an_inline_map_is_warned_of_tolerances(void **state)
{
    struct arena *arena = *state;
    struct asl_problems problems =
        problems_of(arena, map_definition(arena, INLINE ",'ToleratedFailureCount':1"));

    assert_int_equal(problems.errors, 0);
    assert_true(problem_wanted(&problems, "MAP_TOLERANCE_IGNORED")->is_warning);
}

static const struct begin_case {
    const char *fields, *input;
    const char *error; /* null: it goes; else the cause, a runtime error unless it says otherwise */
} begin_cases[] = {
    CASE(INLINE, "[1,2]", NULL),
    CASE(INLINE, "[]", NULL),
    CASE(INLINE ",'ItemsPath':'$.l'", "{'l':[1]}", NULL),
    CASE(INLINE ",'ItemsPath':'$list'", "{}", NULL),
    CASE(INLINE ",'ItemsPath':'States.ArrayRange(1,3,1)'", "{}", NULL),
    CASE(INLINE, "{'a':1}", "Reference path \"$\" must point to array."),
    CASE(INLINE ",'ItemsPath':'$.l'", "{'l':'x'}", "Reference path \"$.l\" must point to array."),
    CASE(INLINE ",'ItemsPath':'$.no'", "{}", "Invalid path '$.no' : No results for path: $['no']"),
    CASE(INLINE ",'MaxConcurrencyPath':'$$.n'", "[1]", NULL),
    CASE(INLINE ",'ItemsPath':'$.l','MaxConcurrencyPath':'$.m'", "{'l':[],'m':'2'}", NULL),
    CASE(INLINE ",'ItemsPath':'$.l','MaxConcurrencyPath':'$.m'", "{'l':[],'m':-1}",
         "MaxConcurrency cannot be negative."),
    CASE(INLINE ",'ItemsPath':'$.l','MaxConcurrencyPath':'$.m'", "{'l':[],'m':1.5}",
         "The MaxConcurrencyPath field refers to value \"1.5\" which is not a valid integer: $.m"),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailureCountPath':'$.n'", "{'l':[],'n':{}}",
         "The ToleratedFailureCountPath field refers to value \"{}\" which is not a valid integer: "
         "$.n"),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailureCountPath':'$.n'",
         "{'l':[],'n':'NoNumber'}",
         "The ToleratedFailureCountPath field refers to value \"NoNumber\" which is not a valid "
         "integer: $.n"),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailureCountPath':'$.n'", "{'l':[],'n':-1}",
         "ToleratedFailureCount cannot be negative."),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailurePercentagePath':'$.n'", "{'l':[],'n':{}}",
         "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid "
         "float: $.n"),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailurePercentagePath':'$.n'",
         "{'l':[],'n':100.1}", "ToleratedFailurePercentage must be between 0 and 100."),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailurePercentagePath':'$.n'",
         "{'l':[],'n':'-1.1'}", "ToleratedFailurePercentage must be between 0 and 100."),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ItemBatcher':{'MaxItemsPerBatchPath':'$.n'}",
         "{'l':[],'n':0}", "MaxItemsPerBatch must be positive."),
    CASE(DISTRIBUTED ",'ItemsPath':'$.l','ItemBatcher':{'MaxInputBytesPerBatchPath':'$.n'}",
         "{'l':[],'n':262145}", "MaxInputBytesPerBatch must be between 1 and 262144."),
    CASE(DISTRIBUTED ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'MaxItemsPath':'$.n'}}",
         "{'n':'1.5'}",
         "The MaxItemsPath field refers to value \"1.5\" which is not a valid integer: $.n"),
};

static void a_map_knows_what_it_is_going_to_do(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(begin_cases); i++) {
        const struct begin_case *c = &begin_cases[i];
        struct asl_map_plan plan;
        struct asl_error error = {0};
        bool ok = asl_map_begin(scope_of(arena, "{'n':3}", "{'list':[4,5]}"),
                                map_of(arena, c->fields), json_of(arena, c->input), &plan, &error);

        if (ok != !c->error)
            fail_msg("%s of %s: %s", c->fields, c->input, ok ? "goes" : error.cause);
        if (ok)
            continue;
        assert_string_equal(error.cause, c->error);
        assert_string_equal(error.error, "States.Runtime");
        assert_true(error.is_runtime);
    }
}

static void numbers_come_from_the_plan_or_from_the_input(void **state)
{
    struct arena *arena = *state;
    const struct json *input =
        json_of(arena, "{'l':[1,2,3],'c':'1','p':'2.5','m':4,'b':100,'i':2}");
    struct asl_map_plan plan;
    struct asl_error error = {0};

    assert_true(asl_map_begin(scope_of(arena, NULL, NULL), map_of(arena, INLINE),
                              json_of(arena, "[]"), &plan, &error));
    assert_int_equal(plan.max_concurrency, 0);
    assert_int_equal(plan.tolerated_count, -1);
    assert_true(plan.tolerated_percentage == -1);
    assert_int_equal(plan.batch_items, 0);

    assert_true(asl_map_begin(
        scope_of(arena, NULL, NULL),
        map_of(arena, DISTRIBUTED
               ",'ItemsPath':'$.l','MaxConcurrencyPath':'$.m','ToleratedFailureCountPath':'$.c',"
               "'ToleratedFailurePercentagePath':'$.p','ItemBatcher':{'MaxItemsPerBatchPath':'$.i',"
               "'MaxInputBytesPerBatchPath':'$.b'}"),
        input, &plan, &error));
    assert_int_equal(plan.items->count, 3);
    assert_int_equal(plan.max_concurrency, 4);
    assert_int_equal(plan.tolerated_count, 1);
    assert_true(plan.tolerated_percentage == 2.5);
    assert_int_equal(plan.batch_items, 2);
    assert_int_equal(plan.batch_bytes, 100);
}

/* The items are known even when a number is at fault: the history tells their count first. */
static void a_fault_in_a_number_leaves_the_items(void **state)
{
    struct arena *arena = *state;
    struct asl_map_plan plan;
    struct asl_error error = {0};

    assert_false(asl_map_begin(
        scope_of(arena, NULL, NULL),
        map_of(arena, DISTRIBUTED ",'ItemsPath':'$.l','ToleratedFailureCountPath':'$.n'"),
        json_of(arena, "{'l':[1,2],'n':-1}"), &plan, &error));
    assert_int_equal(plan.items->count, 2);
}

static void an_item_reader_leaves_the_items_to_its_service(void **state)
{
    struct arena *arena = *state;
    const struct asl_state *map =
        map_of(arena, DISTRIBUTED
               ",'ItemReader':{'Resource':'arn:x','ReaderConfig':{'MaxItemsPath':'$.n'}}");
    struct asl_map_plan plan;
    struct asl_error error = {0};

    assert_true(
        asl_map_begin(scope_of(arena, NULL, NULL), map, json_of(arena, "{'n':9}"), &plan, &error));
    assert_null(plan.items);
    assert_int_equal(plan.max_items, 9);
    assert_false(
        asl_map_begin(scope_of(arena, NULL, NULL), map, json_of(arena, "{'n':-1}"), &plan, &error));
    assert_string_equal(error.error, "States.ItemReaderFailed");
    assert_string_equal(error.cause, "field MaxItems must be positive");
    assert_false(error.is_runtime);
}

static void an_iteration_gets_its_item_or_what_the_selector_makes(void **state)
{
    struct arena *arena = *state;
    struct asl_scope *scope =
        scope_of(arena, "{'Map':{'Item':{'Index':1,'Value':'b'}}}", "{'v':'V'}");
    const struct json *input = json_of(arena, "{'l':['a','b'],'k':'K'}"), *value = NULL;
    const struct json *item = json_of(arena, "'b'");
    struct asl_error error = {0};

    assert_true(asl_map_item(scope, map_of(arena, INLINE), input, item, &value, &error));
    assert_ptr_equal(value, item);
    assert_true(asl_map_item(scope,
                             map_of(arena, INLINE
                                    ",'ItemsPath':'$.l','ItemSelector':{'i.$':'$$.Map.Item.Index',"
                                    "'x.$':'$$.Map.Item.Value','k.$':'$.k','v.$':'$v','c':1}"),
                             input, item, &value, &error));
    assert_json(arena, value, "{'i':1,'x':'b','k':'K','v':'V','c':1}");
    assert_false(asl_map_item(scope, map_of(arena, INLINE ",'ItemSelector':{'i.$':'$.no'}"), input,
                              item, &value, &error));
    assert_string_equal(error.error, "States.Runtime");
}

static const struct batch_case {
    const char *batcher, *items, *batches;
} batch_cases[] = {
    CASE("'MaxItemsPerBatch':2", "[1,2,3]", "[{'Items':[1,2]},{'Items':[3]}]"),
    CASE("'MaxItemsPerBatch':9", "[]", "[]"),
    CASE("'MaxItemsPerBatch':1,'BatchInput':{'f.$':'$.f','v.$':'$v','c':0}", "[1]",
         "[{'BatchInput':{'f':'F','v':'V','c':0},'Items':[1]}]"),
    CASE("'MaxInputBytesPerBatch':26", "['aaaa','bbbb','cccc']",
         "[{'Items':['aaaa','bbbb']},{'Items':['cccc']}]"),
    CASE("'MaxInputBytesPerBatch':5", "['aaaa','bbbb']", "[{'Items':['aaaa']},{'Items':['bbbb']}]"),
};

static void batches_keep_within_their_limits(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(batch_cases); i++) {
        const struct batch_case *c = &batch_cases[i];
        const struct asl_state *map =
            map_of(arena, arena_printf(arena, DISTRIBUTED ",'ItemsPath':'$.l','ItemBatcher':{%s}",
                                       c->batcher));
        const struct json *input = json_of(arena, "{'l':[],'f':'F'}"), *batches = NULL;
        struct asl_scope *scope = scope_of(arena, NULL, "{'v':'V'}");
        struct asl_map_plan plan;
        struct asl_error error = {0};

        assert_true(asl_map_begin(scope, map, input, &plan, &error));
        assert_true(
            asl_map_batches(scope, map, input, &plan, json_of(arena, c->items), &batches, &error));
        assert_json(arena, batches, c->batches);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_refusal_names_its_rule_and_its_place, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_map_holds_what_was_written, asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(names_are_unique_in_item_processors_too, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(maps_stand_only_so_deep_in_one_another, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(an_inline_map_is_warned_of_tolerances, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_map_knows_what_it_is_going_to_do, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(numbers_come_from_the_plan_or_from_the_input, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(a_fault_in_a_number_leaves_the_items, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(an_item_reader_leaves_the_items_to_its_service, asl_set_up,
                                        asl_tear_down),
        cmocka_unit_test_setup_teardown(an_iteration_gets_its_item_or_what_the_selector_makes,
                                        asl_set_up, asl_tear_down),
        cmocka_unit_test_setup_teardown(batches_keep_within_their_limits, asl_set_up,
                                        asl_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
