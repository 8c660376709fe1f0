/*
 * test_state.h - TestState: one state is run alone, over given data, with a mock in the place of
 * what it would call.
 *
 * test_state.c is the action: it reads the request and words the answer. On the way stand
 *
 *     test_state_check.c    what may be asked together, and does the mock fit the state
 *     test_state_context.c  the context object, with what the request puts into it
 *     test_state_run.c      the state by its type: data, next state, Retry and Catch
 *     test_state_map.c      what a Map has besides
 *     test_state_reader.c   the items of a Map's ItemReader
 *
 * Nothing here has a store: all is computed in the request's arena, and an evaluation is paid from
 * the work of its scope.
 */
#ifndef FERMATA_SFN_TEST_STATE_H
#define FERMATA_SFN_TEST_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "asl/asl.h"
#include "asl/asl_path.h"
#include "sfn/mock.h"

struct sfn_call;

/* What the shape makes of a request. */
struct test_fields {
    const char *definition, *role_arn, *input, *inspection_level, *variables, *state_name, *context;
    const struct json *mock, *configuration;
    bool reveal_secrets;
};

struct test_mock {
    bool is_set;
    const struct json *result; /* null: */
    struct asl_error error;
    enum mock_mode mode;
};

/* stateConfiguration */
struct test_configuration {
    int64_t retry_count;
    int64_t failure_count; /* of a Map's iterations */
    const char *error_state;
    const char *reader_data; /* as the ItemReader would find it */
};

/* The name of a state that is given without a machine around it, and of every state under test in
 * its context object. */
#define TEST_STATE_NAME "StateName"

struct test {
    struct sfn_call *call;
    struct arena *arena;
    const struct test_fields *fields;
    struct test_mock mock;
    struct test_configuration configuration;
    const struct asl_plan *plan;
    const struct asl_state *state;
    int64_t now_ms;

    const struct json *input, *variables;
    const struct json *context; /* what of it was given; or null */
    struct asl_scope scope;

    /* what came out */
    const char *status, *next;
    const struct json *output; /* or null */
    struct asl_error error;
    struct json *inspection;    /* inspectionData, whatever the level */
    struct json *error_details; /* or null */
};

/* Both fill call->error. The first needs nothing but the request, the second the state. */
enum err test_check_request(struct test *test);
enum err test_check_state(struct test *test);

/* What the request puts into the context; ValidationException when it cannot. */
enum err test_context_read(struct test *test);
const struct json *test_context(struct test *test);

/* Never fails: what goes wrong is the answer. */
void test_run(struct test *test);

/* A Map up to where its iterations would run: items, selected, batched; its numbers in
 * inspectionData. *ret_failed tells whether as many iterations failed as are not tolerated. */
bool test_map(struct test *test, const struct json *input, bool *ret_failed,
              struct asl_error *reterr);

/* The items in the given data of a Map's ItemReader; *ret is null when none are given. */
bool test_reader(struct test *test, const struct json **ret, struct asl_error *reterr);

/* A member of inspectionData: values stand in it as texts. */
void test_inspect(struct test *test, const char *name, const struct json *value);

#endif
