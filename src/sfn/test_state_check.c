/*
 * test_state_check.c - what a TestState request may ask together: mock, configuration, state type.
 *
 * The texts are AWS's where they are known, and in its form where they are not.
 */
#include "sfn/test_state.h"

#include <inttypes.h>
#include <string.h>

#include "sfn/machine_common.h"

static enum err check_refuse(struct test *test, const char *message)
{
    return sfn_refuse(test->call, "ValidationException", "%s", message);
}

/* A text within an object of the request: absent or null is null. */
static enum err check_text(struct test *test, const struct json *object, const char *where,
                           const char *name, int64_t bytes_max, const char **ret)
{
    const struct json *value = json_get(object, name);

    *ret = NULL;
    if (!value || value->kind == JSON_NULL)
        return ERR_OK;
    if (value->kind != JSON_STRING)
        return sfn_refuse(test->call, "SerializationException",
                          "Expected a string at '%s.%s', found %s", where, name,
                          json_kind_name(value->kind));
    if (value->count > bytes_max)
        return refuse_member(
            test->call, value->string, arena_printf(test->arena, "%s.%s", where, name),
            arena_printf(test->arena, "Member must have length less than or equal to %" PRId64,
                         bytes_max));
    *ret = value->string;
    return ERR_OK;
}

static enum err check_count(struct test *test, const char *name, int64_t *ret)
{
    const struct json *value = json_get(test->fields->configuration, name);

    if (!value || value->kind == JSON_NULL)
        return ERR_OK;
    if (value->kind != JSON_INT || value->integer > INT32_MAX)
        return sfn_refuse(test->call, "SerializationException",
                          "Expected an integer at 'stateConfiguration.%s'", name);
    if (value->integer < 0)
        return refuse_member(test->call, arena_printf(test->arena, "%" PRId64, value->integer),
                             arena_printf(test->arena, "stateConfiguration.%s", name),
                             "Member must have value greater than or equal to 0");
    *ret = value->integer;
    return ERR_OK;
}

static const char *const check_modes[] = {
    [MOCK_STRICT] = "STRICT",
    [MOCK_PRESENT] = "PRESENT",
    [MOCK_NONE] = "NONE",
};

static enum err check_mode(struct test *test)
{
    const char *mode;
    enum err err = check_text(test, test->fields->mock, "mock", "fieldValidationMode",
                              LIMIT_PAYLOAD_BYTES, &mode);

    if (err || !mode)
        return err;
    for (size_t i = 0; i < ARRAY_SIZE(check_modes); i++) {
        if (!strcmp(check_modes[i], mode)) {
            test->mock.mode = (enum mock_mode)i;
            return ERR_OK;
        }
    }
    return refuse_member(test->call, mode, "mock.fieldValidationMode",
                         "Member must satisfy enum value set: [PRESENT, NONE, STRICT]");
}

static enum err check_mocked_error(struct test *test, const struct json *output)
{
    enum err err;

    if (output->kind != JSON_OBJECT)
        return sfn_refuse(test->call, "SerializationException",
                          "Expected an object at 'mock.errorOutput'");
    err = check_text(test, output, "mock.errorOutput", "error", LIMIT_ERROR_BYTES,
                     &test->mock.error.error);
    if (err)
        return err;
    if (!test->mock.error.error)
        return check_refuse(test, "The error of a mocked error output must be specified.");
    return check_text(test, output, "mock.errorOutput", "cause", LIMIT_CAUSE_BYTES,
                      &test->mock.error.cause);
}

static enum err check_mock(struct test *test)
{
    const struct json *mock = test->fields->mock;
    const struct json *output = json_get(mock, "errorOutput");
    const char *result;
    enum err err;

    if (!mock)
        return ERR_OK;
    test->mock.is_set = true;
    if (test->fields->reveal_secrets)
        return check_refuse(test,
                            "TestState does not support RevealSecrets when a mock is specified.");
    err = check_text(test, mock, "mock", "result", LIMIT_PAYLOAD_BYTES, &result);
    if (err)
        return err;
    if (output && output->kind == JSON_NULL)
        output = NULL;
    if (!result == !output)
        return check_refuse(test, "A test mock should have only one of the following fields: "
                                  "[result, errorOutput].");
    err = check_mode(test);
    if (err)
        return err;
    if (output)
        return check_mocked_error(test, output);
    if (json_parse(test->arena, result, strlen(result), &test->mock.result, NULL) != ERR_OK)
        return check_refuse(test, "Mocked result must be valid JSON");
    return ERR_OK;
}

/* What tells of the calls that a mock stands for. */
static const struct check_companion {
    const char *member, *name;
    bool is_of_map, is_of_children;
} check_companions[] = {
    {"mapIterationFailureCount", "MapIterationFailureCount", true,  true },
    {"mapItemReaderData",        "MapItemReaderData",        true,  true },
    {"errorCausedByState",       "ErrorCausedByState",       false, true },
    {"retrierRetryCount",        "RetrierRetryCount",        false, false},
};

static enum err check_companion(struct test *test, const char *name)
{
    return sfn_refuse(test->call, "ValidationException",
                      "TestState does not support %s when a mock is not specified.", name);
}

static enum err check_configuration(struct test *test)
{
    const struct json *object = test->fields->configuration;
    struct test_configuration *configuration = &test->configuration;
    enum err err;

    for (size_t i = 0; i < ARRAY_SIZE(check_companions) && !test->mock.is_set; i++) {
        if (json_get(object, check_companions[i].member))
            return check_companion(test, check_companions[i].name);
    }
    err = check_count(test, "retrierRetryCount", &configuration->retry_count);
    if (!err)
        err = check_count(test, "mapIterationFailureCount", &configuration->failure_count);
    if (!err)
        err = check_text(test, object, "stateConfiguration", "errorCausedByState",
                         4 * LIMIT_STATE_NAME_CHARS, &configuration->error_state);
    if (!err)
        err = check_text(test, object, "stateConfiguration", "mapItemReaderData",
                         LIMIT_PAYLOAD_BYTES, &configuration->reader_data);
    return err;
}

enum err test_check_request(struct test *test)
{
    const char *role = test->fields->role_arn;
    enum err err = role ? machine_check_role(test->call, role) : ERR_OK;

    if (!err)
        err = check_mock(test);
    if (!err)
        err = check_configuration(test);
    if (!err && test->fields->context && !test->mock.is_set)
        err = check_companion(test, "Context");
    return err;
}

static bool check_has_children(const struct asl_state *state)
{
    return state->type == ASL_MAP || state->type == ASL_PARALLEL;
}

/* The parts of the configuration that only a Map, or only a state with children, knows. */
static enum err check_companions_fit(struct test *test)
{
    const struct asl_state *state = test->state;

    for (size_t i = 0; i < ARRAY_SIZE(check_companions); i++) {
        const struct check_companion *companion = &check_companions[i];
        bool fits = (!companion->is_of_map || state->type == ASL_MAP) &&
                    (!companion->is_of_children || check_has_children(state));

        if (!fits && json_get(test->fields->configuration, companion->member))
            return sfn_refuse(test->call, "ValidationException",
                              "State type '%s' is not supported when %s is specified",
                              asl_type_name(state->type), companion->name);
    }
    if (test->configuration.reader_data && !state->map->item_reader)
        return check_refuse(test, "MapItemReaderData needs a Map state with an ItemReader");
    return ERR_OK;
}

/* The error's origin is one of the states inside. */
static enum err check_error_state(struct test *test)
{
    const char *name = test->configuration.error_state;
    const struct asl_state *state = name ? asl_find(test->plan, name) : NULL;

    if (!name)
        return ERR_OK;
    while (state && state != test->state)
        state = state->machine->parent;
    if (!state || !strcmp(name, test->state->name))
        return check_refuse(test, "ErrorCausedByState is not found in the tested state");
    return ERR_OK;
}

/* Whether a Task can be tried without a mock: only to fail, when its service is not here. */
static enum err check_unmocked(struct test *test)
{
    const struct asl_state *state = test->state;

    if (check_has_children(state))
        return sfn_refuse(test->call, "InvalidDefinition",
                          "TestState API does not support Map or Parallel states. Supported state "
                          "types include: [Task, Wait, Pass, Succeed, Fail, Choice]");
    if (state->type != ASL_TASK ||
        (state->resource == ASL_RESOURCE_FOREIGN && state->pattern == ASL_REQUEST_RESPONSE))
        return ERR_OK;
    return sfn_refuse(test->call, "ValidationException",
                      "TestState does not call the resource '%s'. A mock must be specified.",
                      state->resource_text);
}

static enum err check_result(struct test *test)
{
    const struct asl_state *state = test->state;
    const struct json *result = test->mock.result;
    const char *wrong;

    if (!result)
        return ERR_OK;
    if (state->type == ASL_TASK) {
        wrong = mock_check(test->arena, state, result, test->mock.mode);
        return wrong ? check_refuse(test, wrong) : ERR_OK;
    }
    if (state->type == ASL_MAP && state->map->result_writer) {
        if (result->kind != JSON_OBJECT)
            return check_refuse(test, "Mocked result must be a JSON object.");
    } else if (result->kind != JSON_ARRAY) {
        return check_refuse(test, "Mocked result must be an array.");
    }
    return ERR_OK;
}

enum err test_check_state(struct test *test)
{
    const struct asl_state *state = test->state;
    enum err err;

    if (!test->mock.is_set)
        return check_unmocked(test);
    if (state->type != ASL_TASK && !check_has_children(state))
        return sfn_refuse(test->call, "ValidationException",
                          "State type '%s' is not supported when a mock is specified",
                          asl_type_name(state->type));
    err = check_companions_fit(test);
    if (!err)
        err = check_error_state(test);
    if (!err)
        err = check_result(test);
    return err;
}
