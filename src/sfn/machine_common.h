/*
 * machine_common.h - what the actions on state machines, versions, aliases, tags and activities
 * share.
 */
#ifndef FERMATA_SFN_MACHINE_COMMON_H
#define FERMATA_SFN_MACHINE_COMMON_H

#include "sfn/sfn_priv.h"
#include "store/machines.h"
#include "store/tags.h"

/* ---- rows of a shape: of struct `type` ---- */
#define FIELD_ROW(type, kind, name, is_required, member, min, max, values)                         \
    {                                                                                              \
        name, kind, is_required, offsetof(struct type, member), min, max, values, 0                \
    }
#define FIELD_TEXT(type, name, is_required, member, min, max)                                      \
    FIELD_ROW(type, SFN_TEXT, name, is_required, member, min, max, NULL)
#define FIELD_WORD(type, name, member, values)                                                     \
    FIELD_ROW(type, SFN_WORD, name, false, member, 0, 0, values)
#define FIELD_BOOL(type, name, member) FIELD_ROW(type, SFN_BOOL, name, false, member, 0, 0, NULL)
#define FIELD_OBJECT(type, name, member)                                                           \
    FIELD_ROW(type, SFN_OBJECT, name, false, member, 0, 0, NULL)
#define FIELD_LIST(type, name, is_required, member, min, max)                                      \
    FIELD_ROW(type, SFN_LIST, name, is_required, member, min, max, NULL)
#define FIELD_ARN(type, name) FIELD_TEXT(type, name, true, arn, 1, 256)
#define FIELD_PAGE(type)                                                                           \
    FIELD_ROW(type, SFN_INT, "maxResults", false, max_results, 0, LIMIT_PAGE_ITEMS, NULL),         \
        FIELD_TEXT(type, "nextToken", false, next_token, 1, 1024)

/* ---- refusals ---- */
/* "1 validation error detected: Value ... at 'member' failed to satisfy constraint: ..."; a null
 * value is one that was not sent. */
enum err refuse_member(struct sfn_call *call, const char *value, const char *member,
                       const char *constraint);
/* StateMachineDoesNotExist, StateMachineDeleting: `arn` as the client sent it. */
enum err refuse_no_machine(struct sfn_call *call, const char *arn);
enum err refuse_deleting(struct sfn_call *call, const char *arn);
/* ResourceNotFound of a version or an alias. */
enum err refuse_no_resource(struct sfn_call *call);
/* ValidationException when it stands for a version, an alias or a Map: the action takes none. */
enum err refuse_qualified(struct sfn_call *call, const struct sfn_arn *arn, const char *text);
/* ServiceQuotaExceededException. */
enum err refuse_quota(struct sfn_call *call, const char *what, long limit, const char *arn);

/* ---- machines ---- */
/* The latest revision of the machine that `arn` names, without a qualifier, and not one that is
 * being deleted; else a refusal. */
enum err machine_need(struct sfn_call *call, struct store *store, const char *arn,
                      struct machine_row *ret);
/* The version of the row's revision: the one there is, or a new one. `arn` is the machine's. */
enum err machine_publish(struct sfn_call *call, struct engine *engine,
                         const struct machine_row *row, const char *description,
                         struct publication_row *ret);
/* A versionDescription needs publish. */
enum err machine_check_publish(struct sfn_call *call, bool publish, const char *description);
/* Parses, validates, also for the type; *ret_definition lives in the engine's arena. */
enum err machine_definition(struct sfn_call *call, struct engine *engine, const char *text,
                            const char *type, const struct json **ret_definition);
/* InvalidArn when it is no ARN of a role. */
enum err machine_check_role(struct sfn_call *call, const char *role_arn);

/* ---- configuration.c: logging, tracing, encryption; checked, kept and shown, without effect ----
 */
struct configuration {
    const struct json *logging, *tracing, *encryption; /* null: as it was */
};
/* The three members as a whole. `text` is what a row holds; null: the defaults. */
const struct json *configuration_stored(struct arena *arena, const char *text);
/* `before` with what was asked for; *ret_text is null when nothing has changed. */
enum err configuration_merge(struct sfn_call *call, const struct configuration *asked,
                             const struct json *before, const char **ret_text);
/* Of an activity: *ret_text null is the default. */
enum err configuration_encryption(struct sfn_call *call, const struct json *asked,
                                  const char **ret_text);

/* ---- tag.c ---- */
/* Checks a list of {"key", "value"}; null gives none. Of equal keys the last one counts. */
enum err tags_check(struct sfn_call *call, const struct json *list, struct tag_row **ret);
/* TooManyTags beyond LIMIT_TAGS; `arn` names the resource. */
enum err tags_apply(struct sfn_call *call, struct engine *engine, const char *resource,
                    const char *arn, const struct tag_row *tags);

#endif
