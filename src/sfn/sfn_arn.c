/*
 * sfn_arn.c - ARNs of Step Functions: what a client sends, taken apart; what we answer, put
 * together.
 *
 * The region is the server's, the account the one of the access key. Any other names nothing that
 * there could be: its parts read as empty names, which nobody bears.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/arn.h"
#include "sfn/sfn_priv.h"

enum {
    ARN_PARTS = 6, /* arn:PARTITION:states:REGION:ACCOUNT:TYPE:... */
    ARN_VERSION_CHARS = 9,
    ARN_SHOWN = 2048, /* of what the client sent, in a message */
};

/* ---- taking apart ---- */

struct arn_reader {
    struct arena *arena;
    const char *rest; /* what has not been read yet */
};

/* The next part up to ':', null when there is none; the last one ends with the text. */
static const char *arn_part(struct arn_reader *reader)
{
    const char *from = reader->rest, *colon;

    if (!from)
        return NULL;
    colon = strchr(from, ':');
    reader->rest = colon ? colon + 1 : NULL;
    return colon ? arena_string_n(reader->arena, from, (size_t)(colon - from)) : from;
}

static const char *arn_decoded(struct arn_reader *reader, const char *part)
{
    return arn_decode(reader->arena, part, strlen(part));
}

/* NAME or NAME/LABEL. */
static bool arn_read_name(struct arn_reader *reader, struct sfn_arn *arn)
{
    const char *part = arn_part(reader), *slash;

    if (!part || !*part || *part == '/')
        return false;
    slash = strchr(part, '/');
    if (slash) {
        arn->label = slash + 1;
        part = arena_string_n(reader->arena, part, (size_t)(slash - part));
    }
    arn->name = arn_decoded(reader, part);
    return !arn->label || (*arn->label && !strchr(arn->label, '/'));
}

static bool arn_is_number(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= ARN_VERSION_CHARS && strspn(text, "0123456789") == len && *text != '0';
}

static bool arn_read_machine(struct arn_reader *reader, struct sfn_arn *arn)
{
    const char *qualifier;

    if (!arn_read_name(reader, arn))
        return false;
    qualifier = arn_part(reader);
    if (!qualifier)
        return true;
    if (arn_is_number(qualifier))
        arn->version = strtoll(qualifier, NULL, 10);
    else
        arn->alias = qualifier;
    return *qualifier && !arn->label && !reader->rest;
}

static bool arn_read_execution(struct arn_reader *reader, struct sfn_arn *arn)
{
    const char *execution;

    if (!arn_read_name(reader, arn))
        return false;
    execution = arn_part(reader);
    if (!execution || !*execution || reader->rest)
        return false;
    arn->execution = arn_decoded(reader, execution);
    return true;
}

/* The UUID behind the name is a part of what names the execution. */
static bool arn_read_express(struct arn_reader *reader, struct sfn_arn *arn)
{
    if (!arn_read_name(reader, arn) || !reader->rest || !*reader->rest)
        return false;
    arn->execution = reader->rest;
    return true;
}

static bool arn_read_map_run(struct arn_reader *reader, struct sfn_arn *arn)
{
    return arn_read_execution(reader, arn) && arn->label;
}

static bool arn_read_activity(struct arn_reader *reader, struct sfn_arn *arn)
{
    return arn_read_name(reader, arn) && !arn->label && !reader->rest;
}

static const struct arn_kind {
    const char *name;
    enum sfn_arn_kind kind;
    bool (*read)(struct arn_reader *reader, struct sfn_arn *arn);
} arn_kinds[] = {
    {"stateMachine", SFN_ARN_MACHINE,   arn_read_machine  },
    {"execution",    SFN_ARN_EXECUTION, arn_read_execution},
    {"express",      SFN_ARN_EXPRESS,   arn_read_express  },
    {"activity",     SFN_ARN_ACTIVITY,  arn_read_activity },
    {"mapRun",       SFN_ARN_MAP_RUN,   arn_read_map_run  },
};

static const struct arn_kind *arn_kind_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(arn_kinds); i++) {
        if (strcmp(arn_kinds[i].name, name) == 0)
            return &arn_kinds[i];
    }
    return NULL;
}

/* The six parts in front. *ret_cause is AWS's word for what is wrong with them. */
static bool arn_read_head(struct arn_reader *reader, const char *text, const char *head[ARN_PARTS],
                          const char **ret_cause)
{
    *ret_cause = "Invalid ARN prefix";
    if (strncmp(text, "arn:", 4) != 0)
        return false;
    reader->rest = text;
    for (int i = 0; i < ARN_PARTS; i++)
        head[i] = arn_part(reader);
    if (!head[ARN_PARTS - 1] || !reader->rest || strncmp(head[1], "aws", 3) != 0)
        return false;
    *ret_cause = "Invalid service name in ARN";
    return strcmp(head[2], "states") == 0;
}

static bool arn_is_own(struct sfn_call *call, const char *head[ARN_PARTS])
{
    return strcmp(head[1], "aws") == 0 && strcmp(head[3], call->sfn->config.region) == 0 &&
           strcmp(head[4], call->account) == 0;
}

/* Nothing can bear an empty name. */
static void arn_estrange(struct sfn_arn *arn)
{
    arn->name = "";
    if (arn->execution)
        arn->execution = "";
}

/* *ret_cause null: of a type that is not known, or not well formed as one of its type. */
static bool arn_read(struct sfn_call *call, const char *text, struct sfn_arn *ret,
                     bool *ret_foreign, const char **ret_type, const char **ret_cause)
{
    struct arn_reader reader = {.arena = call->arena};
    const char *head[ARN_PARTS];
    const struct arn_kind *kind;

    *ret = (struct sfn_arn){0};
    *ret_type = NULL;
    if (!arn_read_head(&reader, text, head, ret_cause))
        return false;
    *ret_cause = NULL;
    *ret_type = head[ARN_PARTS - 1];
    kind = arn_kind_find(*ret_type);
    if (!kind || !kind->read(&reader, ret))
        return false;
    ret->kind = kind->kind;
    *ret_foreign = !arn_is_own(call, head);
    if (*ret_foreign)
        arn_estrange(ret);
    return true;
}

bool sfn_arn_parse(struct sfn_call *call, const char *text, struct sfn_arn *ret, bool *ret_foreign)
{
    const char *type, *cause;

    *ret_foreign = false;
    return arn_read(call, text, ret, ret_foreign, &type, &cause) && !*ret_foreign;
}

enum err sfn_arn_need(struct sfn_call *call, const char *text, unsigned kinds, struct sfn_arn *ret)
{
    const char *type, *cause;
    const struct arn_kind *kind;
    bool is_foreign;
    bool is_arn = arn_read(call, text, ret, &is_foreign, &type, &cause);

    if (is_arn && (kinds & SFN_ARN_KIND(ret->kind)))
        return ERR_OK;
    if (cause)
        return sfn_refuse(call, "InvalidArn", "Invalid Arn: '%s: %.*s'", cause, ARN_SHOWN, text);
    kind = arn_kind_find(type);
    if (!kind || !(kinds & SFN_ARN_KIND(kind->kind)))
        return sfn_refuse(call, "InvalidArn",
                          "Invalid Arn: 'Resource type not valid in this context: %.*s'", ARN_SHOWN,
                          type);
    return sfn_refuse(call, "InvalidArn", "Invalid Arn: '%.*s'", ARN_SHOWN, text);
}

/* ---- putting together ---- */

static struct arn_place arn_place(const struct sfn_call *call)
{
    return (struct arn_place){call->sfn->config.region, call->account};
}

const char *sfn_arn_machine(struct sfn_call *call, const char *plan_id)
{
    const struct arn_place place = arn_place(call);

    return arn_machine(call->arena, &place, plan_id);
}

const char *sfn_arn_version(struct sfn_call *call, const char *plan_id, int64_t number)
{
    return arena_printf(call->arena, "%s:%lld", sfn_arn_machine(call, plan_id), (long long)number);
}

const char *sfn_arn_alias(struct sfn_call *call, const char *plan_id, const char *alias)
{
    return arena_printf(call->arena, "%s:%s", sfn_arn_machine(call, plan_id), alias);
}

const char *sfn_arn_activity(struct sfn_call *call, const char *name)
{
    const struct arn_place place = arn_place(call);

    return arn_activity(call->arena, &place, name);
}

const char *sfn_arn_execution(struct sfn_call *call, const char *plan_id,
                              const char *plan_execution_id)
{
    const struct arn_place place = arn_place(call);

    return arn_execution(call->arena, &place, plan_id, plan_execution_id);
}

const char *sfn_arn_map_run(struct sfn_call *call, const char *plan_id, const char *label,
                            const char *name)
{
    const struct arn_place place = arn_place(call);

    return arn_map_run(call->arena, &place, plan_id, label, name);
}

/* ---- finding ---- */

static enum err arn_load(struct sfn_call *call, struct store *store, const char *plan_id,
                         const char *plan_execution_id, struct execution *ret)
{
    int64_t root_id, execution_id;
    enum err err = executions_find(store, call->actor.operator_name, plan_execution_id, &root_id,
                                   &execution_id);

    if (!err)
        err = executions_load(store, call->arena, root_id, execution_id, ret);
    if (!err && strcmp(ret->plan_id, plan_id) != 0)
        return ERR_EXECUTION_NOT_FOUND;
    return err;
}

/* Started by this API, the id is made of the machine's name and the execution's; else the name is
 * the id, but for one that reads like the former: that one has another ARN. */
enum err sfn_find_execution(struct sfn_call *call, struct store *store, const struct sfn_arn *arn,
                            struct execution *ret)
{
    const char *machine =
        arn->label ? arena_printf(call->arena, "%s/%s", arn->name, arn->label) : arn->name;
    enum err err = arn_load(call, store, arn->name,
                            arn_execution_id(call->arena, machine, arn->execution), ret);

    if (err != ERR_EXECUTION_NOT_FOUND || arn->label)
        return err;
    if (strcmp(arn_execution_name(call->arena, arn->name, arn->execution), arn->execution) != 0)
        return ERR_EXECUTION_NOT_FOUND;
    return arn_load(call, store, arn->name, arn->execution, ret);
}
