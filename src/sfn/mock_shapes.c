/*
 * mock_shapes.c - what the APIs of the common integrations answer, as their public references list
 * it.
 *
 * Names are those that Step Functions shows: every member begins with an upper-case letter.
 * SdkHttpMetadata and the like may stand in every answer and are checked in none.
 */
#include "sfn/mock.h"

#include <string.h>

#include "base/check.h"

/* clang-format off */
#define TEXT(NAME) {.name = (NAME), .kind = MOCK_STRING}
#define WORD(NAME, VALUES) {.name = (NAME), .kind = MOCK_STRING, .values = (VALUES)}
#define NUMBER(NAME) {.name = (NAME), .kind = MOCK_NUMBER}
#define BOOLEAN(NAME) {.name = (NAME), .kind = MOCK_BOOLEAN}
#define ANY(NAME) {.name = (NAME), .kind = MOCK_ANY}
#define STRUCTURE(NAME, FIELDS) {.name = (NAME), .kind = MOCK_STRUCTURE, .fields = (FIELDS)}
#define LIST(NAME, ITEM) {.name = (NAME), .kind = MOCK_LIST, .item = &(ITEM)}
#define MAP(NAME, ITEM) {.name = (NAME), .kind = MOCK_MAP, .item = &(ITEM)}
#define REQUIRED_TEXT(NAME) {.name = (NAME), .kind = MOCK_STRING, .is_required = true}
#define END {.name = NULL}

static const struct mock_field shapes_text = {.kind = MOCK_STRING};
static const struct mock_field shapes_number = {.kind = MOCK_NUMBER};

/* ---- Lambda ---- */
static const struct mock_field shapes_lambda_invoke[] = {
    NUMBER("StatusCode"), TEXT("FunctionError"), TEXT("LogResult"), ANY("Payload"),
    TEXT("ExecutedVersion"), END,
};

/* ---- Step Functions ---- */
static const struct mock_field shapes_included[] = {BOOLEAN("Included"), END};

static const struct mock_field shapes_start_execution[] = {
    REQUIRED_TEXT("ExecutionArn"), REQUIRED_TEXT("StartDate"), END,
};

#define EXECUTION_STATUS "RUNNING SUCCEEDED FAILED TIMED_OUT ABORTED PENDING_REDRIVE"
#define EXECUTION_FIELDS                                                                           \
    REQUIRED_TEXT("ExecutionArn"), REQUIRED_TEXT("StateMachineArn"), TEXT("Name"),                 \
    {.name = "Status", .kind = MOCK_STRING, .is_required = true, .values = EXECUTION_STATUS},      \
    STRUCTURE("InputDetails", shapes_included), STRUCTURE("OutputDetails", shapes_included),       \
    TEXT("TraceHeader"), TEXT("MapRunArn"), TEXT("Error"), TEXT("Cause"),                          \
    TEXT("StateMachineVersionArn"), TEXT("StateMachineAliasArn"), NUMBER("RedriveCount"),          \
    WORD("RedriveStatus", "REDRIVABLE NOT_REDRIVABLE REDRIVABLE_BY_MAP_RUN"),                      \
    TEXT("RedriveStatusReason")

static const struct mock_field shapes_describe_execution[] = {
    EXECUTION_FIELDS, REQUIRED_TEXT("StartDate"), TEXT("StopDate"), TEXT("RedriveDate"),
    TEXT("Input"), TEXT("Output"), END,
};
/* A .sync shows its times as numbers of milliseconds. */
static const struct mock_field shapes_sync_execution[] = {
    EXECUTION_FIELDS, ANY("StartDate"), ANY("StopDate"), ANY("RedriveDate"), TEXT("Input"),
    TEXT("Output"), END,
};
/* A .sync:2 shows input and output as values. */
static const struct mock_field shapes_sync_2_execution[] = {
    EXECUTION_FIELDS, ANY("StartDate"), ANY("StopDate"), ANY("RedriveDate"), ANY("Input"),
    ANY("Output"), END,
};
static const struct mock_field shapes_start_sync_execution[] = {
    REQUIRED_TEXT("ExecutionArn"), TEXT("StateMachineArn"), TEXT("Name"),
    REQUIRED_TEXT("StartDate"), REQUIRED_TEXT("StopDate"),
    {.name = "Status", .kind = MOCK_STRING, .is_required = true,
     .values = "SUCCEEDED FAILED TIMED_OUT"},
    TEXT("Error"), TEXT("Cause"), TEXT("Input"), STRUCTURE("InputDetails", shapes_included),
    TEXT("Output"), STRUCTURE("OutputDetails", shapes_included), TEXT("TraceHeader"), END,
};
static const struct mock_field shapes_stop_execution[] = {REQUIRED_TEXT("StopDate"), END};

/* ---- DynamoDB ---- */
static const struct mock_field shapes_attribute_fields[11];
static const struct mock_field shapes_attribute = {
    .kind = MOCK_STRUCTURE, .fields = shapes_attribute_fields,
};
static const struct mock_field shapes_attributes = {.kind = MOCK_MAP, .item = &shapes_attribute};
static const struct mock_field shapes_attribute_fields[11] = {
    TEXT("S"), TEXT("N"), TEXT("B"), LIST("SS", shapes_text), LIST("NS", shapes_text),
    LIST("BS", shapes_text), MAP("M", shapes_attribute), LIST("L", shapes_attribute),
    BOOLEAN("NULL"), BOOLEAN("BOOL"), END,
};
static const struct mock_field shapes_capacity_fields[] = {
    NUMBER("ReadCapacityUnits"), NUMBER("WriteCapacityUnits"), NUMBER("CapacityUnits"), END,
};
static const struct mock_field shapes_capacity = {
    .kind = MOCK_STRUCTURE, .fields = shapes_capacity_fields,
};
static const struct mock_field shapes_consumed_fields[] = {
    TEXT("TableName"), NUMBER("CapacityUnits"), NUMBER("ReadCapacityUnits"),
    NUMBER("WriteCapacityUnits"), STRUCTURE("Table", shapes_capacity_fields),
    MAP("LocalSecondaryIndexes", shapes_capacity), MAP("GlobalSecondaryIndexes", shapes_capacity),
    END,
};
static const struct mock_field shapes_collection_fields[] = {
    MAP("ItemCollectionKey", shapes_attribute), LIST("SizeEstimateRangeGB", shapes_number), END,
};
static const struct mock_field shapes_get_item[] = {
    MAP("Item", shapes_attribute), STRUCTURE("ConsumedCapacity", shapes_consumed_fields), END,
};
static const struct mock_field shapes_change_item[] = {
    MAP("Attributes", shapes_attribute), STRUCTURE("ConsumedCapacity", shapes_consumed_fields),
    STRUCTURE("ItemCollectionMetrics", shapes_collection_fields), END,
};
static const struct mock_field shapes_query_items[] = {
    LIST("Items", shapes_attributes), NUMBER("Count"), NUMBER("ScannedCount"),
    MAP("LastEvaluatedKey", shapes_attribute),
    STRUCTURE("ConsumedCapacity", shapes_consumed_fields), END,
};

/* ---- SQS ---- */
static const struct mock_field shapes_send_message[] = {
    TEXT("MD5OfMessageBody"), TEXT("MD5OfMessageAttributes"),
    TEXT("MD5OfMessageSystemAttributes"), TEXT("MessageId"), TEXT("SequenceNumber"), END,
};
static const struct mock_field shapes_message_fields[] = {
    TEXT("MessageId"), TEXT("ReceiptHandle"), TEXT("MD5OfBody"), TEXT("Body"),
    MAP("Attributes", shapes_text), TEXT("MD5OfMessageAttributes"), END,
};
static const struct mock_field shapes_message = {
    .kind = MOCK_STRUCTURE, .fields = shapes_message_fields,
};
static const struct mock_field shapes_receive_message[] = {
    LIST("Messages", shapes_message), END,
};

/* ---- SNS ---- */
static const struct mock_field shapes_publish[] = {
    TEXT("MessageId"), TEXT("SequenceNumber"), END,
};

/* ---- EventBridge ---- */
static const struct mock_field shapes_event_fields[] = {
    TEXT("EventId"), TEXT("ErrorCode"), TEXT("ErrorMessage"), END,
};
static const struct mock_field shapes_event = {
    .kind = MOCK_STRUCTURE, .fields = shapes_event_fields,
};
static const struct mock_field shapes_put_events[] = {
    NUMBER("FailedEntryCount"), LIST("Entries", shapes_event), END,
};

/* ---- S3 ---- */
#define STORAGE_CLASSES                                                                            \
    "STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE " \
    "OUTPOSTS GLACIER_IR SNOW EXPRESS_ONEZONE FSX_OPENZFS"
#define ENCRYPTION_FIELDS                                                                          \
    WORD("ServerSideEncryption", "AES256 aws:fsx aws:kms aws:kms:dsse"),                           \
    TEXT("SSECustomerAlgorithm"), TEXT("SSECustomerKeyMD5"), TEXT("SSEKMSKeyId"),                  \
    BOOLEAN("BucketKeyEnabled")
#define CHECKSUM_FIELDS                                                                            \
    TEXT("ChecksumCRC32"), TEXT("ChecksumCRC32C"), TEXT("ChecksumCRC64NVME"),                      \
    TEXT("ChecksumSHA1"), TEXT("ChecksumSHA256"), WORD("ChecksumType", "COMPOSITE FULL_OBJECT")
#define OBJECT_FIELDS                                                                              \
    BOOLEAN("DeleteMarker"), TEXT("AcceptRanges"), TEXT("Expiration"), TEXT("Restore"),            \
    TEXT("LastModified"), NUMBER("ContentLength"), TEXT("ETag"), NUMBER("MissingMeta"),            \
    TEXT("VersionId"), TEXT("CacheControl"), TEXT("ContentDisposition"), TEXT("ContentEncoding"),  \
    TEXT("ContentLanguage"), TEXT("ContentRange"), TEXT("ContentType"), TEXT("Expires"),           \
    TEXT("WebsiteRedirectLocation"), MAP("Metadata", shapes_text),                                 \
    WORD("StorageClass", STORAGE_CLASSES), WORD("RequestCharged", "requester"),                    \
    WORD("ReplicationStatus", "COMPLETE PENDING FAILED REPLICA COMPLETED"), NUMBER("PartsCount"),  \
    NUMBER("TagCount"), WORD("ObjectLockMode", "GOVERNANCE COMPLIANCE"),                           \
    TEXT("ObjectLockRetainUntilDate"), WORD("ObjectLockLegalHoldStatus", "ON OFF"),                \
    ENCRYPTION_FIELDS, CHECKSUM_FIELDS

static const struct mock_field shapes_get_object[] = {OBJECT_FIELDS, ANY("Body"), END};
static const struct mock_field shapes_head_object[] = {
    OBJECT_FIELDS, WORD("ArchiveStatus", "ARCHIVE_ACCESS DEEP_ARCHIVE_ACCESS"), END,
};
static const struct mock_field shapes_put_object[] = {
    TEXT("Expiration"), TEXT("ETag"), TEXT("VersionId"), NUMBER("Size"),
    TEXT("SSEKMSEncryptionContext"), WORD("RequestCharged", "requester"), ENCRYPTION_FIELDS,
    CHECKSUM_FIELDS, END,
};
static const struct mock_field shapes_delete_object[] = {
    BOOLEAN("DeleteMarker"), TEXT("VersionId"), WORD("RequestCharged", "requester"), END,
};
static const struct mock_field shapes_owner_fields[] = {TEXT("DisplayName"), TEXT("ID"), END};
static const struct mock_field shapes_object_fields[] = {
    TEXT("Key"), TEXT("LastModified"), TEXT("ETag"), LIST("ChecksumAlgorithm", shapes_text),
    NUMBER("Size"), WORD("StorageClass", STORAGE_CLASSES),
    STRUCTURE("Owner", shapes_owner_fields), END,
};
static const struct mock_field shapes_object = {
    .kind = MOCK_STRUCTURE, .fields = shapes_object_fields,
};
static const struct mock_field shapes_prefix_fields[] = {TEXT("Prefix"), END};
static const struct mock_field shapes_prefix = {
    .kind = MOCK_STRUCTURE, .fields = shapes_prefix_fields,
};
static const struct mock_field shapes_list_objects[] = {
    BOOLEAN("IsTruncated"), LIST("Contents", shapes_object), TEXT("Name"), TEXT("Prefix"),
    TEXT("Delimiter"), NUMBER("MaxKeys"), LIST("CommonPrefixes", shapes_prefix),
    WORD("EncodingType", "url"), NUMBER("KeyCount"), TEXT("ContinuationToken"),
    TEXT("NextContinuationToken"), TEXT("StartAfter"), WORD("RequestCharged", "requester"), END,
};

/* ---- KMS ---- */
#define KMS_ALGORITHMS "SYMMETRIC_DEFAULT RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256 SM2PKE"
static const struct mock_field shapes_encrypt[] = {
    TEXT("CiphertextBlob"), TEXT("KeyId"), WORD("EncryptionAlgorithm", KMS_ALGORITHMS), END,
};
static const struct mock_field shapes_decrypt[] = {
    TEXT("KeyId"), TEXT("Plaintext"), WORD("EncryptionAlgorithm", KMS_ALGORITHMS),
    TEXT("CiphertextForRecipient"), TEXT("KeyMaterialId"), END,
};
static const struct mock_field shapes_generate_data_key[] = {
    TEXT("CiphertextBlob"), TEXT("Plaintext"), TEXT("KeyId"), TEXT("CiphertextForRecipient"),
    TEXT("KeyMaterialId"), END,
};

/* ---- Secrets Manager ---- */
#define SECRET_FIELDS TEXT("ARN"), TEXT("Name"), TEXT("VersionId")
static const struct mock_field shapes_get_secret_value[] = {
    SECRET_FIELDS, TEXT("SecretBinary"), TEXT("SecretString"), LIST("VersionStages", shapes_text),
    TEXT("CreatedDate"), END,
};
static const struct mock_field shapes_put_secret_value[] = {
    SECRET_FIELDS, LIST("VersionStages", shapes_text), END,
};
static const struct mock_field shapes_secret[] = {SECRET_FIELDS, END};

/* ---- Systems Manager ---- */
static const struct mock_field shapes_parameter_fields[] = {
    TEXT("Name"), WORD("Type", "String StringList SecureString"), TEXT("Value"), NUMBER("Version"),
    TEXT("Selector"), TEXT("SourceResult"), TEXT("LastModifiedDate"), TEXT("ARN"),
    TEXT("DataType"), END,
};
static const struct mock_field shapes_get_parameter[] = {
    STRUCTURE("Parameter", shapes_parameter_fields), END,
};

/* ---- Glue, Batch ---- */
static const struct mock_field shapes_start_job_run[] = {TEXT("JobRunId"), END};
static const struct mock_field shapes_submit_job[] = {
    TEXT("JobArn"), REQUIRED_TEXT("JobName"), REQUIRED_TEXT("JobId"), END,
};

static const struct mock_shape shapes[] = {
    {"lambda",         "invoke",             ASL_REQUEST_RESPONSE, shapes_lambda_invoke},
    {"states",         "startExecution",     ASL_REQUEST_RESPONSE, shapes_start_execution},
    {"states",         "startExecution",     ASL_SYNC,             shapes_sync_execution},
    {"states",         "startExecution",     ASL_SYNC_2,           shapes_sync_2_execution},
    {"sfn",            "startExecution",     ASL_REQUEST_RESPONSE, shapes_start_execution},
    {"sfn",            "startSyncExecution", ASL_REQUEST_RESPONSE, shapes_start_sync_execution},
    {"sfn",            "describeExecution",  ASL_REQUEST_RESPONSE, shapes_describe_execution},
    {"sfn",            "stopExecution",      ASL_REQUEST_RESPONSE, shapes_stop_execution},
    {"dynamodb",       "getItem",            ASL_REQUEST_RESPONSE, shapes_get_item},
    {"dynamodb",       "putItem",            ASL_REQUEST_RESPONSE, shapes_change_item},
    {"dynamodb",       "updateItem",         ASL_REQUEST_RESPONSE, shapes_change_item},
    {"dynamodb",       "deleteItem",         ASL_REQUEST_RESPONSE, shapes_change_item},
    {"dynamodb",       "query",              ASL_REQUEST_RESPONSE, shapes_query_items},
    {"dynamodb",       "scan",               ASL_REQUEST_RESPONSE, shapes_query_items},
    {"sqs",            "sendMessage",        ASL_REQUEST_RESPONSE, shapes_send_message},
    {"sqs",            "receiveMessage",     ASL_REQUEST_RESPONSE, shapes_receive_message},
    {"sns",            "publish",            ASL_REQUEST_RESPONSE, shapes_publish},
    {"events",         "putEvents",          ASL_REQUEST_RESPONSE, shapes_put_events},
    {"eventbridge",    "putEvents",          ASL_REQUEST_RESPONSE, shapes_put_events},
    {"s3",             "getObject",          ASL_REQUEST_RESPONSE, shapes_get_object},
    {"s3",             "headObject",         ASL_REQUEST_RESPONSE, shapes_head_object},
    {"s3",             "putObject",          ASL_REQUEST_RESPONSE, shapes_put_object},
    {"s3",             "deleteObject",       ASL_REQUEST_RESPONSE, shapes_delete_object},
    {"s3",             "listObjectsV2",      ASL_REQUEST_RESPONSE, shapes_list_objects},
    {"kms",            "encrypt",            ASL_REQUEST_RESPONSE, shapes_encrypt},
    {"kms",            "decrypt",            ASL_REQUEST_RESPONSE, shapes_decrypt},
    {"kms",            "generateDataKey",    ASL_REQUEST_RESPONSE, shapes_generate_data_key},
    {"secretsmanager", "getSecretValue",     ASL_REQUEST_RESPONSE, shapes_get_secret_value},
    {"secretsmanager", "putSecretValue",     ASL_REQUEST_RESPONSE, shapes_put_secret_value},
    {"secretsmanager", "createSecret",       ASL_REQUEST_RESPONSE, shapes_secret},
    {"secretsmanager", "updateSecret",       ASL_REQUEST_RESPONSE, shapes_secret},
    {"ssm",            "getParameter",       ASL_REQUEST_RESPONSE, shapes_get_parameter},
    {"glue",           "startJobRun",        ASL_REQUEST_RESPONSE, shapes_start_job_run},
    {"batch",          "submitJob",          ASL_REQUEST_RESPONSE, shapes_submit_job},
};
/* clang-format on */

/* True when `text` begins with `name` and goes on with a character of `ends`, or ends. */
static bool shapes_is_name(const char *text, const char *name, const char *ends)
{
    size_t len = strlen(name);

    return !strncmp(text, name, len) && (!text[len] || strchr(ends, text[len]) != NULL);
}

const struct mock_shape *mock_shape_find(const struct asl_state *state)
{
    static const char services[] = ":states:::", sdk[] = "aws-sdk:";
    const char *at = state->resource_text ? strstr(state->resource_text, services) : NULL;
    const char *action;

    if (!at)
        return NULL;
    at += sizeof(services) - 1;
    if (!strncmp(at, sdk, sizeof(sdk) - 1))
        at += sizeof(sdk) - 1;
    action = strchr(at, ':');
    if (!action)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        if (shapes[i].pattern == state->pattern && shapes_is_name(at, shapes[i].service, ":") &&
            shapes_is_name(action + 1, shapes[i].action, "."))
            return &shapes[i];
    }
    return NULL;
}
