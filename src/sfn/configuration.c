/*
 * configuration.c - logging, tracing and encryption of a state machine: checked as AWS does, kept
 * and shown; they have no effect here.
 */
#include "sfn/machine_common.h"

#include <string.h>

#define CONFIGURATION_LOGGING "loggingConfiguration"
#define CONFIGURATION_TRACING "tracingConfiguration"
#define CONFIGURATION_ENCRYPTION "encryptionConfiguration"

enum {
    LOG_GROUP_ARN_BYTES = 256,
    KMS_KEY_BYTES = 2048,
    KMS_REUSE_SECONDS_MIN = 60,
    KMS_REUSE_SECONDS_MAX = 900,
};

static const char configuration_default[] =
    "{\"" CONFIGURATION_LOGGING "\":{\"level\":\"OFF\",\"includeExecutionData\":false},"
    "\"" CONFIGURATION_TRACING "\":{\"enabled\":false},"
    "\"" CONFIGURATION_ENCRYPTION "\":{\"type\":\"AWS_OWNED_KEY\"}}";

const struct json *configuration_stored(struct arena *arena, const char *text)
{
    return json_stored(arena, text ? text : configuration_default);
}

static enum err configuration_refuse_kind(struct sfn_call *call, const char *member,
                                          const char *kind)
{
    return sfn_refuse(call, "SerializationException", "%s must be %s", member, kind);
}

/* A member that may be absent; null counts as absent. */
static const struct json *configuration_get(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);

    return json_is(value, JSON_NULL) ? NULL : value;
}

static enum err configuration_log_refuse(struct sfn_call *call, const char *what)
{
    return sfn_refuse(call, "InvalidLoggingConfiguration", "Invalid Logging Configuration: %s",
                      what);
}

/* [{"cloudWatchLogsLogGroup": {"logGroupArn": ...}}] */
static enum err configuration_destinations(struct sfn_call *call, const struct json *list,
                                           const char *level, struct json *ret)
{
    uint32_t count = list ? list->count : 0;
    const struct json *group;
    const char *arn;

    if (list && !json_is(list, JSON_ARRAY))
        return configuration_refuse_kind(call, CONFIGURATION_LOGGING ".destinations", "a list");
    if (count > 1 || (!count && strcmp(level, "OFF") != 0))
        return configuration_log_refuse(call, "Must specify exactly one Log Destination.");
    if (!count)
        return ERR_OK;
    group = json_get(list->items[0], "cloudWatchLogsLogGroup");
    arn = json_get_string(group, "logGroupArn");
    if (!arn || !*arn || strlen(arn) > LOG_GROUP_ARN_BYTES)
        return configuration_log_refuse(call, "Log Destination must be a CloudWatch log group.");
    json_add(call->arena, ret, "destinations", list);
    return ERR_OK;
}

static enum err configuration_logging(struct sfn_call *call, const struct json *asked,
                                      const struct json **ret)
{
    static const char *const levels[] = {"ALL", "ERROR", "FATAL", "OFF"};
    const struct json *level = configuration_get(asked, "level");
    const struct json *data = configuration_get(asked, "includeExecutionData");
    struct json *logging = json_object(call->arena);
    const char *word = "OFF";
    size_t i = 0;

    if (level && !json_is(level, JSON_STRING))
        return configuration_refuse_kind(call, CONFIGURATION_LOGGING ".level", "a string");
    if (level)
        word = level->string;
    while (i < 4 && strcmp(levels[i], word) != 0)
        i++;
    if (i == 4)
        return refuse_member(call, word, CONFIGURATION_LOGGING ".level",
                             "Member must satisfy enum value set: [ALL, ERROR, FATAL, OFF]");
    if (data && !json_is(data, JSON_BOOL))
        return configuration_refuse_kind(call, CONFIGURATION_LOGGING ".includeExecutionData",
                                         "a boolean");
    json_add(call->arena, logging, "level", json_string(call->arena, word));
    json_add(call->arena, logging, "includeExecutionData", data ? data : &json_false);
    *ret = logging;
    return configuration_destinations(call, configuration_get(asked, "destinations"), word,
                                      logging);
}

static enum err configuration_tracing(struct sfn_call *call, const struct json *asked,
                                      const struct json **ret)
{
    const struct json *enabled = configuration_get(asked, "enabled");
    struct json *tracing = json_object(call->arena);

    if (enabled && !json_is(enabled, JSON_BOOL))
        return configuration_refuse_kind(call, CONFIGURATION_TRACING ".enabled", "a boolean");
    json_add(call->arena, tracing, "enabled", enabled ? enabled : &json_false);
    *ret = tracing;
    return ERR_OK;
}

static enum err configuration_key_refuse(struct sfn_call *call, const char *what)
{
    return sfn_refuse(call, "InvalidEncryptionConfiguration",
                      "Invalid Encryption Configuration: %s", what);
}

/* The key's own members, of CUSTOMER_MANAGED_KMS_KEY. */
static enum err configuration_key(struct sfn_call *call, const struct json *asked,
                                  struct json *encryption)
{
    const struct json *seconds = configuration_get(asked, "kmsDataKeyReusePeriodSeconds");
    const char *key = json_get_string(asked, "kmsKeyId");

    if (!key || !*key || strlen(key) > KMS_KEY_BYTES)
        return configuration_key_refuse(call, "A customer managed key needs a kmsKeyId.");
    if (seconds && (!json_is(seconds, JSON_INT) || seconds->integer < KMS_REUSE_SECONDS_MIN ||
                    seconds->integer > KMS_REUSE_SECONDS_MAX))
        return configuration_key_refuse(call,
                                        "kmsDataKeyReusePeriodSeconds must be between 60 and 900.");
    json_add(call->arena, encryption, "kmsKeyId", json_string(call->arena, key));
    if (seconds)
        json_add(call->arena, encryption, "kmsDataKeyReusePeriodSeconds", seconds);
    return ERR_OK;
}

static enum err configuration_encryption_read(struct sfn_call *call, const struct json *asked,
                                              const struct json **ret)
{
    const struct json *type = configuration_get(asked, "type");
    struct json *encryption = json_object(call->arena);

    if (!json_is(type, JSON_STRING))
        return refuse_member(call, NULL, CONFIGURATION_ENCRYPTION ".type",
                             "Member must not be null");
    json_add(call->arena, encryption, "type", type);
    *ret = encryption;
    if (strcmp(type->string, "CUSTOMER_MANAGED_KMS_KEY") == 0)
        return configuration_key(call, asked, encryption);
    if (strcmp(type->string, "AWS_OWNED_KEY") != 0)
        return refuse_member(call, type->string, CONFIGURATION_ENCRYPTION ".type",
                             "Member must satisfy enum value set: [AWS_OWNED_KEY, "
                             "CUSTOMER_MANAGED_KMS_KEY]");
    if (configuration_get(asked, "kmsKeyId") ||
        configuration_get(asked, "kmsDataKeyReusePeriodSeconds"))
        return configuration_key_refuse(call, "An AWS owned key takes no other members.");
    return ERR_OK;
}

enum err configuration_merge(struct sfn_call *call, const struct configuration *asked,
                             const struct json *before, const char **ret_text)
{
    const struct json *after = before, *part = NULL;
    enum err err = ERR_OK;

    if (asked->logging) {
        err = configuration_logging(call, asked->logging, &part);
        after = err ? after : json_with(call->arena, after, CONFIGURATION_LOGGING, part);
    }
    if (!err && asked->tracing) {
        err = configuration_tracing(call, asked->tracing, &part);
        after = err ? after : json_with(call->arena, after, CONFIGURATION_TRACING, part);
    }
    if (!err && asked->encryption) {
        err = configuration_encryption_read(call, asked->encryption, &part);
        after = err ? after : json_with(call->arena, after, CONFIGURATION_ENCRYPTION, part);
    }
    if (!err)
        *ret_text = json_equal(before, after) ? NULL : json_text(call->arena, after);
    return err;
}

enum err configuration_encryption(struct sfn_call *call, const struct json *asked,
                                  const char **ret_text)
{
    const struct json *encryption = NULL;
    enum err err;

    *ret_text = NULL;
    if (!asked)
        return ERR_OK;
    err = configuration_encryption_read(call, asked, &encryption);
    if (!err && strcmp(json_get_string(encryption, "type"), "AWS_OWNED_KEY") != 0)
        *ret_text = json_text(call->arena, encryption);
    return err;
}
