/*
 * test_test_state_reader.c - TestState: the items that a Map's ItemReader finds in the data that
 * are given with a request.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "test_state_unit.h"

#define CSV "{'InputType':'CSV'"
#define HEADED CSV ",'CSVHeaderLocation':'FIRST_ROW'"

static const struct reader_case {
    const char *config, *data; /* in the data ' stands for ", / for a line's end and | for / */
    const char *items;         /* or, when it begins with !, the cause of the failure */
} reader_cases[] = {
    CASE("{'InputType':'JSON'}", "[1,{'a':2}]", "[1,{'a':2}]"),
    CASE("{}", "[]", "[]"),
    CASE("{'InputType':'JSON'}", "[1", "!The data of the ItemReader are not valid JSON."),
    CASE("{'InputType':'JSON'}", "{'a':1}", "!Attempting to map over non-iterable node."),
    CASE("{'InputType':'JSON','ItemsPointer':'/a~1b/1'}", "{'a~b':0,'a|b':[0,[7]]}", "[7]"),
    CASE("{'InputType':'JSON','ItemsPointer':'/a/1/b~0'}", "{'a':[0,{'b~':[7]}]}", "[7]"),
    CASE("{'InputType':'JSON','ItemsPointer':'/a/2'}", "{'a':[0,[7]]}",
         "!ItemsPointer does not point into the data: /a/2"),
    CASE("{'InputType':'JSON','ItemsPointer':'/a/1x'}", "{'a':[0,[7]]}",
         "!ItemsPointer does not point into the data: /a/1x"),
    CASE("{'InputType':'JSONL'}", "{'a':1}//[2]/ ", "[{'a':1},[2]]"),
    CASE("{'InputType':'JSONL'}", "1/no", "!A line of the ItemReader's data is not valid JSON."),
    CASE(HEADED "}", "a,b/1,2/3,", "[{'a':'1','b':'2'},{'a':'3','b':''}]"),
    CASE(HEADED "}", "a,b/1/1,2,3/", "[{'a':'1'},{'a':'1','b':'2'}]"),
    CASE(HEADED "}", "a,b/'x,/y','say ''hi'''/", "[{'a':'x,\\ny','b':'say \\'hi\\''}]"),
    CASE(HEADED "}", "a/'open", "[{'a':'open'}]"),
    CASE(HEADED ",'CSVDelimiter':'PIPE'}", "a|b/1,|2", "[{'a':'1,','b':'2'}]"),
    CASE(CSV ",'CSVHeaderLocation':'GIVEN','CSVHeaders':['x','y']}", "1,2/", "[{'x':'1','y':'2'}]"),
    CASE(HEADED "}", "", "[]"),
};

static bool read_items(struct arena *arena, const char *config, const char *data,
                       const struct json **ret, struct asl_error *reterr)
{
    const struct asl_map map = {
        .item_reader = json_of(arena, arena_printf(arena, "{'ReaderConfig':%s}", config))};
    const struct asl_state state = {.type = ASL_MAP, .map = &map};
    struct test test = {.arena = arena, .state = &state, .inspection = json_object(arena)};

    test.configuration.reader_data = data;
    return test_reader(&test, ret, reterr);
}

static void each_type_of_data_has_its_items(void **state)
{
    struct arena *arena = *state;

    for (size_t i = 0; i < ARRAY_SIZE(reader_cases); i++) {
        const struct reader_case *c = &reader_cases[i];
        char *data = requote(arena, c->data);
        const struct json *items = NULL;
        struct asl_error error = {0};
        bool done;

        for (char *at = data; *at; at++)
            *at = *at == '/' ? '\n' : *at == '|' && !strstr(c->config, "PIPE") ? '/' : *at;
        done = read_items(arena, c->config, data, &items, &error);
        if (c->items[0] == '!') {
            assert_false(done);
            assert_string_equal(error.error, "States.ItemReaderFailed");
            assert_string_equal(error.cause, c->items + 1);
        } else {
            assert_true(done);
            assert_json(arena, items, c->items);
        }
    }
}

static void data_of_other_types_and_no_data_are_no_items(void **state)
{
    const struct json *items = &json_null;
    struct asl_error error;

    assert_true(read_items(*state, "{'InputType':'PARQUET'}", "PAR1", &items, &error));
    assert_null(items);
    assert_true(read_items(*state, "{}", NULL, &items, &error));
    assert_null(items);
}

static void wide_data_are_read_in_time(void **state)
{
    struct arena *arena = *state;
    struct buf buf;
    const struct json *items;
    struct asl_error error;

    buf_init(&buf, arena, LIMIT_PAYLOAD_BYTES);
    while (!buf.overflow)
        buf_text(&buf, "\"\",");
    assert_true(read_items(arena, HEADED "}", buf.data, &items, &error));
    buf_init(&buf, arena, LIMIT_PAYLOAD_BYTES);
    while (!buf.overflow)
        buf_text(&buf, buf.len % 512 == 510 ? "c\n" : "c,");
    assert_true(read_items(arena, HEADED "}", buf.data, &items, &error));
    assert_true(items->count > 500);
    buf_init(&buf, arena, LIMIT_PAYLOAD_BYTES);
    while (buf.len < LIMIT_PAYLOAD_BYTES / 2)
        buf_char(&buf, 'h');
    while (!buf.overflow)
        buf_text(&buf, "\n1");
    assert_false(read_items(arena, HEADED "}", buf.data, &items, &error));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, asl_set_up, asl_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_type_of_data_has_its_items),
        TEST(data_of_other_types_and_no_data_are_no_items),
        TEST(wide_data_are_read_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
