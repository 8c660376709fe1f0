/*
 * halt_world.h - the plans and the short words that the tests of the halt share.
 */
#ifndef FERMATA_TESTS_HALT_WORLD_H
#define FERMATA_TESTS_HALT_WORLD_H

#include "world.h"

static const char plan_wait[] __attribute__((unused)) =
    "{\"StartAt\":\"W\",\"States\":{\"W\":{\"Type\":\"Wait\",\"Seconds\":3600,\"End\":true}}}";
static const char plan_task[] __attribute__((unused)) =
    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\","
    "\"Resource\":\"fermata:task:charge\",\"End\":true}}}";
static const char plan_callback[] __attribute__((unused)) =
    "{\"StartAt\":\"K\",\"States\":{\"K\":{\"Type\":\"Task\",\"Resource\":\"fermata:callback\","
    "\"Parameters\":{\"token.$\":\"$$.Task.Token\"},\"End\":true}}}";
/* Starts three children of plan "kid", awaited, side by side. */
static const char plan_fan[] __attribute__((unused)) =
    "{\"StartAt\":\"P\",\"States\":{\"P\":{\"Type\":\"Parallel\",\"End\":true,\"Branches\":["
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
    "\"Parameters\":{\"plan_id\":\"kid\"},\"End\":true}}},"
    "{\"StartAt\":\"B\",\"States\":{\"B\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
    "\"Parameters\":{\"plan_id\":\"kid\"},\"End\":true}}},"
    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","
    "\"Parameters\":{\"plan_id\":\"kid\",\"await\":false},\"Next\":\"D\"},"
    "\"D\":{\"Type\":\"Wait\",\"Seconds\":7200,\"End\":true}}}]}}}";
/* Awaits one child named "kid", and catches its halt. */
#define PLAN_PARENT(next)                                                                          \
    "{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Task\",\"Resource\":\"fermata:plan:run\","   \
    "\"Parameters\":{\"plan_id\":\"kid\",\"plan_execution_id\":\"kid\"},\"ResultPath\":\"$.kid\"," \
    "\"Catch\":[{\"ErrorEquals\":[\"Execution.Halted\"],\"ResultPath\":\"$.why\",\"Next\":\"S\"}," \
    "{\"ErrorEquals\":[\"Never\"],\"Next\":\"S2\"}],\"Next\":\"" next "\"},"                       \
    "\"S\":{\"Type\":\"Pass\",\"End\":true},\"S2\":{\"Type\":\"Pass\",\"Result\":2,\"End\":true}}" \
    "}"

static inline int64_t fresh(struct world *w)
{
    return WORLD_INT(w, "SELECT count(*) FROM reservations WHERE status = 'FRESH'");
}

static inline struct halt_request request(const char *id)
{
    return (struct halt_request){.plan_execution_id = id, .if_epoch = -1};
}

static inline const char *callback_result(const struct halt_answer *answer)
{
    return json_get_string(answer->callback, "result");
}

static inline int64_t counted(const struct halt_answer *answer, const char *what)
{
    int64_t value = -1;

    json_get_int(json_get(answer->receipt, "counts"), what, &value);
    return value;
}

#endif
