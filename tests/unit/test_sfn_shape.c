/*
 * test_sfn_shape.c - a body into a struct by a table: what is put, what is refused in which words;
 * and that THE ACTION TABLE holds every action of the service once, with a scope and one way to
 * run.
 */
#include "sfn_unit.h"

#include "asl_unit.h"
#include "token/token.h"

struct fields {
    const char *name, *word, *payload;
    const struct json *list, *object;
    int64_t number, bare, time;
    double real;
    bool flag, number_is_set, flag_is_set;
};
#define AT(member) offsetof(struct fields, member)

/* clang-format off */
static const struct sfn_field table[] = {
    {.name = "name", .type = SFN_TEXT, .is_required = true, .offset = AT(name), .min = 1, .max = 4},
    {.name = "word", .type = SFN_WORD, .offset = AT(word), .values = "ONE TWO THREE"},
    {.name = "payload", .type = SFN_TEXT, .offset = AT(payload), .min = 0, .max = 262144},
    {.name = "number", .type = SFN_INT, .offset = AT(number), .min = 1, .max = 1000, .is_set = AT(number_is_set)},
    {.name = "bare", .type = SFN_INT, .offset = AT(bare)},
    {.name = "real", .type = SFN_NUMBER, .offset = AT(real), .min = 0, .max = 100},
    {.name = "time", .type = SFN_TIME, .offset = AT(time)},
    {.name = "flag", .type = SFN_BOOL, .offset = AT(flag), .is_set = AT(flag_is_set)},
    {.name = "list", .type = SFN_LIST, .offset = AT(list), .min = 1, .max = 2},
    {.name = "object", .type = SFN_OBJECT, .offset = AT(object)},
    {.name = NULL},
};
/* clang-format on */

static enum err read_body(struct sfn_unit *unit, const char *body)
{
    unit->action.fields = table;
    unit->call.body = json_of(unit->arena, body);
    return sfn_shape_read(&unit->call);
}

static void every_type_is_put_where_it_belongs(void **state)
{
    struct sfn_unit *unit = *state;
    const struct fields *fields;

    assert_ok(read_body(unit, "{'name':'a','word':'TWO','payload':'p','number':7,'bare':-3.0,"
                              "'real':0.5,'time':1767225600.125,'flag':true,'list':[1],"
                              "'object':{'x':1},'unknown':[null]}"));
    fields = unit->call.fields;
    assert_string_equal(fields->name, "a");
    assert_string_equal(fields->word, "TWO");
    assert_string_equal(fields->payload, "p");
    assert_int_equal(fields->number, 7);
    assert_true(fields->number_is_set);
    assert_int_equal(fields->bare, -3);
    assert_true(fields->real == 0.5);
    assert_int_equal(fields->time, SFN_UNIT_NOW_MS + 125);
    assert_true(fields->flag && fields->flag_is_set);
    assert_int_equal(fields->list->count, 1);
    assert_int_equal(fields->object->count, 1);
}

static void what_was_not_sent_is_zero(void **state)
{
    struct sfn_unit *unit = *state;
    const struct fields *fields;

    assert_ok(read_body(unit, "{'name':'a','word':null,'flag':null,'number':null}"));
    fields = unit->call.fields;
    assert_null(fields->word);
    assert_false(fields->flag_is_set || fields->number_is_set);
    assert_int_equal(fields->number, 0);
    assert_ok(read_body(unit, "{'name':'a','flag':false}"));
    fields = unit->call.fields;
    assert_true(fields->flag_is_set && !fields->flag);
}

static void another_type_is_a_serialization_exception(void **state)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        CASE("{'name':1}", "NUMBER_VALUE can not be converted to a String"),
        CASE("{'name':true}", "TRUE_VALUE can not be converted to a String"),
        CASE("{'word':false}", "FALSE_VALUE can not be converted to a String"),
        CASE("{'name':{}}", "Start of structure or map found where not expected."),
        CASE("{'name':[]}", "Start of list found where not expected"),
        CASE("{'number':'1'}", "STRING_VALUE can not be converted to an Integer"),
        CASE("{'number':1.5}", "NUMBER_VALUE can not be converted to an Integer"),
        CASE("{'number':1e300}", "NUMBER_VALUE can not be converted to an Integer"),
        CASE("{'real':'1'}", "STRING_VALUE can not be converted to a Float"),
        CASE("{'time':'now'}", "STRING_VALUE can not be converted to milliseconds since epoch"),
        CASE("{'time':1e300}", "NUMBER_VALUE can not be converted to milliseconds since epoch"),
        CASE("{'flag':'true'}", "STRING_VALUE can not be converted to a Boolean"),
        CASE("{'list':'x'}", "Expected list or null"),
        CASE("{'list':{}}", "Start of structure or map found where not expected."),
        CASE("{'object':'x'}", "Expected null"),
        CASE("{'object':[]}", "Start of list found where not expected"),
    };
    struct sfn_unit *unit = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(unit, read_body(unit, cases[i].body), "SerializationException",
                       cases[i].message);
}

#define NOT_VALID(text) "1 validation error detected: " text

static void what_breaks_a_constraint_is_a_validation_exception(void **state)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        CASE("{}",
             NOT_VALID("Value null at 'name' failed to satisfy constraint: Member must not be "
                       "null")),
        CASE("{'name':null}",
             NOT_VALID("Value null at 'name' failed to satisfy constraint: Member must "
                       "not be null")),
        CASE("{'name':''}",
             NOT_VALID("Value '' at 'name' failed to satisfy constraint: Member must have "
                       "length greater than or equal to 1")),
        CASE("{'name':'abcde'}",
             NOT_VALID("Value 'abcde' at 'name' failed to satisfy constraint: Member "
                       "must have length less than or equal to 4")),
        CASE("{'name':'a','word':'one'}",
             NOT_VALID(
                 "Value 'one' at 'word' failed to satisfy constraint: Member must satisfy enum "
                 "value set: [ONE, TWO, THREE]")),
        CASE(
            "{'name':'a','word':'ONE TWO'}",
            NOT_VALID("Value 'ONE TWO' at 'word' failed to satisfy constraint: Member must satisfy "
                      "enum value set: [ONE, TWO, THREE]")),
        CASE("{'name':'a','number':1001}",
             NOT_VALID(
                 "Value '1001' at 'number' failed to satisfy constraint: Member must have value "
                 "less than or equal to 1000")),
        CASE("{'name':'a','number':0}",
             NOT_VALID("Value '0' at 'number' failed to satisfy constraint: Member must have value "
                       "greater than or equal to 1")),
        CASE("{'name':'a','real':100.5}",
             NOT_VALID(
                 "Value '100.5' at 'real' failed to satisfy constraint: Member must have value "
                 "less than or equal to 100")),
        CASE("{'name':'a','list':[]}",
             NOT_VALID(
                 "Value at 'list' failed to satisfy constraint: Member must have length greater "
                 "than or equal to 1")),
        CASE(
            "{'name':'','number':-1}",
            "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member "
            "must have length greater than or equal to 1; Value '-1' at 'number' failed to satisfy "
            "constraint: Member must have value greater than or equal to 1"),
    };
    struct sfn_unit *unit = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(unit, read_body(unit, cases[i].body), "ValidationException",
                       cases[i].message);
}

/* As AWS counts: a character beyond the basic plane is two. */
static void characters_are_counted_as_aws_does(void **state)
{
    struct sfn_unit *unit = *state;

    assert_ok(read_body(unit, "{'name':'\xc3\xa4\xe2\x82\xac\xc3\xa4\xc3\xa4'}"));
    assert_ok(read_body(unit, "{'name':'\xf0\x9f\x98\x80\xf0\x9f\x98\x80'}"));
    assert_err(read_body(unit, "{'name':'\xf0\x9f\x98\x80\xf0\x9f\x98\x80x'}"),
               ERR_INVALID_REQUEST);
}

/* A payload is nobody's business, and no message is as long as the body it speaks of. */
static void long_values_are_not_shown(void **state)
{
    struct sfn_unit *unit = *state;
    char *text = arena_alloc(unit->arena, 300000);

    memset(text, 'x', 262145);
    assert_refused(unit,
                   read_body(unit, arena_printf(unit->arena, "{'name':'a','payload':'%s'}", text)),
                   "ValidationException",
                   NOT_VALID("Value at 'payload' failed to satisfy constraint: Member must have "
                             "length less than or equal to 262144"));
    assert_refused(unit, read_body(unit, arena_printf(unit->arena, "{'name':'%s'}", text)),
                   "ValidationException",
                   NOT_VALID("Value at 'name' failed to satisfy constraint: Member must have "
                             "length less than or equal to 4"));
}

static void the_action_table_is_whole(void **state)
{
    size_t count;
    const struct sfn_action *actions = sfn_action_table(&count);

    (void)state;
    assert_int_equal(count, 37);
    for (size_t i = 0; i < count; i++) {
        const struct sfn_action *action = &actions[i];
        int ways = !!action->compute + !!action->read + !!action->change + !!action->handle;

        assert_ptr_equal(sfn_action_find(action->name), action);
        assert_int_equal(ways, 1);
        assert_non_null(action->fields);
        assert_true(action->scope != 0 && action->scope != SCOPE_ADMIN);
        assert_int_equal(action->scope == SCOPE_READ, !!action->compute + !!action->read);
        assert_int_equal(action->is_urgent, strcmp(action->name, "StopExecution") == 0);
        for (const struct sfn_field *field = action->fields; field->name; field++) {
            assert_true(field->offset < SFN_FIELDS_BYTES);
            assert_int_equal(field->type == SFN_WORD, field->values != NULL);
        }
    }
    assert_null(sfn_action_find("startExecution"));
    assert_null(sfn_action_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SFN_UNIT_TEST(every_type_is_put_where_it_belongs),
        SFN_UNIT_TEST(what_was_not_sent_is_zero),
        SFN_UNIT_TEST(another_type_is_a_serialization_exception),
        SFN_UNIT_TEST(what_breaks_a_constraint_is_a_validation_exception),
        SFN_UNIT_TEST(characters_are_counted_as_aws_does),
        SFN_UNIT_TEST(long_values_are_not_shown),
        SFN_UNIT_TEST(the_action_table_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
