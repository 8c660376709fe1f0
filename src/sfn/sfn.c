/*
 * sfn.c - THE ACTION TABLE, and what net and the lane call.
 */
#include "sfn/sfn.h"

#include <stdlib.h>
#include <string.h>

#include "sfn/forgetter.h"
#include "sfn/sfn_core.h"
#include "token/token.h"

#define READ(action, fields_, fn)                                                                  \
    {                                                                                              \
        .name = action, .scope = SCOPE_READ, .fields = fields_, .read = fn                         \
    }
#define COMPUTE(action, fields_, fn)                                                               \
    {                                                                                              \
        .name = action, .scope = SCOPE_READ, .fields = fields_, .compute = fn                      \
    }
#define CHANGE(action, scope_, fields_, fn)                                                        \
    {                                                                                              \
        .name = action, .scope = scope_, .fields = fields_, .change = fn                           \
    }
#define URGENT(action, scope_, fields_, fn)                                                        \
    {                                                                                              \
        .name = action, .scope = scope_, .fields = fields_, .change = fn, .is_urgent = true        \
    }
#define HANDLE(action, scope_, fields_, fn)                                                        \
    {                                                                                              \
        .name = action, .scope = scope_, .fields = fields_, .handle = fn                           \
    }

#define CATALOG(action, scope_, fields_, fn)                                                       \
    {                                                                                              \
        .name = action, .scope = scope_, .fields = fields_, .change = fn, .is_catalog = true       \
    }

/* clang-format off */
static const struct sfn_action actions[] = {
    CATALOG("CreateStateMachine",             SCOPE_RUN,  create_machine_fields,   create_machine),
    CATALOG("UpdateStateMachine",             SCOPE_RUN,  update_machine_fields,   update_machine),
    READ("DescribeStateMachine",                         describe_machine_fields, describe_machine),
    READ("DescribeStateMachineForExecution",             describe_machine_for_execution_fields, describe_machine_for_execution),
    READ("ListStateMachines",                            list_machines_fields,    list_machines),
    CATALOG("DeleteStateMachine",             SCOPE_RUN,  delete_machine_fields,   delete_machine),
    CATALOG("PublishStateMachineVersion",     SCOPE_RUN,  publish_version_fields,  publish_version),
    CATALOG("DeleteStateMachineVersion",      SCOPE_RUN,  delete_version_fields,   delete_version),
    READ("ListStateMachineVersions",                     list_versions_fields,    list_versions),
    CATALOG("CreateStateMachineAlias",        SCOPE_RUN,  create_alias_fields,     create_alias),
    CATALOG("UpdateStateMachineAlias",        SCOPE_RUN,  update_alias_fields,     update_alias),
    READ("DescribeStateMachineAlias",                    describe_alias_fields,   describe_alias),
    CATALOG("DeleteStateMachineAlias",        SCOPE_RUN,  delete_alias_fields,     delete_alias),
    READ("ListStateMachineAliases",                      list_aliases_fields,     list_aliases),
    CATALOG("TagResource",                    SCOPE_RUN,  tag_fields,              tag_resource),
    CATALOG("UntagResource",                  SCOPE_RUN,  untag_fields,            untag_resource),
    READ("ListTagsForResource",                          list_tags_fields,        list_tags),
    CATALOG("CreateActivity",                 SCOPE_RUN,  create_activity_fields,  create_activity),
    READ("DescribeActivity",                             describe_activity_fields, describe_activity),
    READ("ListActivities",                               list_activities_fields,  list_activities),
    CATALOG("DeleteActivity",                 SCOPE_RUN,  delete_activity_fields,  delete_activity),
    HANDLE("StartExecution",                 SCOPE_RUN,  start_execution_fields,  start_execution),
    HANDLE("StartSyncExecution",             SCOPE_RUN,  start_sync_execution_fields, start_sync_execution),
    URGENT("StopExecution",                  SCOPE_HALT, stop_execution_fields,   stop_execution),
    READ("DescribeExecution",                            describe_execution_fields, describe_execution),
    READ("ListExecutions",                               list_executions_fields,  list_executions),
    CHANGE("RedriveExecution",               SCOPE_RUN,  redrive_execution_fields, redrive_execution),
    READ("GetExecutionHistory",                          get_history_fields,      get_history),
    CHANGE("SendTaskSuccess",                SCOPE_WORK, task_success_fields,     task_success),
    CHANGE("SendTaskFailure",                SCOPE_WORK, task_failure_fields,     task_failure),
    CHANGE("SendTaskHeartbeat",              SCOPE_WORK, task_heartbeat_fields,   task_heartbeat),
    HANDLE("GetActivityTask",                SCOPE_WORK, get_activity_task_fields, get_activity_task),
    READ("DescribeMapRun",                               describe_map_run_fields, describe_map_run),
    READ("ListMapRuns",                                  list_map_runs_fields,    list_map_runs),
    CHANGE("UpdateMapRun",                   SCOPE_RUN,  update_map_run_fields,   update_map_run),
    COMPUTE("TestState",                                 test_state_fields,       test_state),
    COMPUTE("ValidateStateMachineDefinition",            validate_fields,         validate_definition),
};
/* clang-format on */

const struct sfn_action *sfn_action_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    }
    return NULL;
}

const struct sfn_action *sfn_action_table(size_t *ret_count)
{
    *ret_count = ARRAY_SIZE(actions);
    return actions;
}

struct sfn *sfn_new(const struct sfn_config *config)
{
    struct sfn *sfn = xalloc(sizeof(*sfn));

    sfn->config = *config;
    sfn->park = park_new();
    sfn->forgetter = forgetter_new(config->express);
    return sfn;
}

void sfn_drain(struct sfn *sfn)
{
    sfn->is_draining = true;
    park_drain(sfn->park);
}

void sfn_free(struct sfn *sfn)
{
    if (!sfn)
        return;
    park_free(sfn->park);
    forgetter_free(sfn->forgetter);
    free(sfn);
}

void sfn_on_request(struct sfn *sfn, struct net_request *request)
{
    struct sfn_call *call = ARENA_NEW(net_arena(request), struct sfn_call);

    call->sfn = sfn;
    call->request = request;
    call->arena = net_arena(request);
    sfn_gate_pass(call);
}

void sfn_on_effect(struct sfn *sfn, const struct effect *effect)
{
    char topic[PARK_TOPIC_BYTES];

    if (effect->kind != EFFECT_TASK_READY)
        return;
    park_topic_task(topic, effect->operator_name, effect->name);
    park_wake(sfn->park, topic, false);
}

void sfn_on_cut(struct sfn *sfn)
{
    park_wake_all(sfn->park);
}

void sfn_on_express_effect(struct sfn *sfn, const struct effect *effect)
{
    char topic[PARK_TOPIC_BYTES];

    if (effect->kind != EFFECT_ENDED)
        return;
    park_topic_ended(topic, effect->number);
    if (park_waiting(sfn->park, topic))
        park_wake(sfn->park, topic, true);
    else
        forgetter_later(sfn->forgetter, effect->number);
}
