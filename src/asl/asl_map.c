/*
 * asl_map.c - reads what only a Map has: its item processor, where its items come from, how they
 * are batched, where results go, and how many failures it tolerates.
 *
 * Specification, "Map State". ItemReader, ItemBatcher, ResultWriter, Label and the tolerances need
 * a processor in the mode DISTRIBUTED.
 */
#include "asl/asl_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <string.h>

#define TEXT ASL_KIND(JSON_STRING)
#define LIST ASL_KIND(JSON_ARRAY)
#define OBJECT ASL_KIND(JSON_OBJECT)
#define NUMBER ASL_KIND_NUMBER
#define AT(member) offsetof(struct asl_map, member)
#define NONE ASL_NO_OFFSET

#define MAP_LABEL_CHARS 40
#define MAP_ITEMS_MAX 100000000

struct map_field;
typedef void map_read_fn(struct asl_parser *parser, const struct asl_at *at,
                         const struct map_field *field, const struct json *value,
                         struct asl_map *map);

/* A field of a Map, or of an object in it. */
struct map_field {
    const char *name;
    unsigned kinds;
    map_read_fn *read; /* null: nothing but its kind matters */
    size_t offset;
    double least, most; /* of a number */
    bool is_distributed;
};

static map_read_fn map_processor, map_items_path, map_template, map_whole, map_percentage,
    map_number_path, map_label, map_reader, map_reader_config, map_batcher, map_writer,
    map_writer_config, map_jsonata;

/* clang-format off */
static const struct map_field map_fields[] = {
    {.name = "ItemProcessor", .kinds = OBJECT, .read = map_processor, .offset = NONE},
    {.name = "Iterator", .kinds = OBJECT, .read = map_processor, .offset = NONE},
    {.name = "ItemsPath", .kinds = TEXT, .read = map_items_path, .offset = AT(items_path)},
    {.name = "ItemSelector", .kinds = OBJECT, .read = map_template, .offset = AT(item_selector)},
    {.name = "Parameters", .kinds = OBJECT, .read = map_template, .offset = AT(item_selector)},
    {.name = "MaxConcurrency", .kinds = NUMBER, .read = map_whole, .offset = AT(max_concurrency), .most = ASL_SECONDS_MAX},
    {.name = "MaxConcurrencyPath", .kinds = TEXT, .read = map_number_path, .offset = AT(max_concurrency)},
    {.name = "ToleratedFailureCount", .kinds = NUMBER, .read = map_whole, .offset = AT(tolerated_count), .most = MAP_ITEMS_MAX},
    {.name = "ToleratedFailureCountPath", .kinds = TEXT, .read = map_number_path, .offset = AT(tolerated_count)},
    {.name = "ToleratedFailurePercentage", .kinds = NUMBER, .read = map_percentage, .offset = AT(tolerated_percentage)},
    {.name = "ToleratedFailurePercentagePath", .kinds = TEXT, .read = map_number_path, .offset = AT(tolerated_percentage)},
    {.name = "Label", .kinds = TEXT, .read = map_label, .offset = NONE, .is_distributed = true},
    {.name = "ItemReader", .kinds = OBJECT, .read = map_reader, .offset = NONE, .is_distributed = true},
    {.name = "ItemBatcher", .kinds = OBJECT, .read = map_batcher, .offset = NONE, .is_distributed = true},
    {.name = "ResultWriter", .kinds = OBJECT, .read = map_writer, .offset = NONE, .is_distributed = true},
    {.name = "Items", .kinds = ASL_KIND_ANY, .read = map_jsonata, .offset = NONE},
    {.name = NULL},
};

static const struct map_field map_config_fields[] = {
    {.name = "Mode", .kinds = TEXT},
    {.name = "ExecutionType", .kinds = TEXT},
    {.name = NULL},
};

static const struct map_field map_reader_fields[] = {
    {.name = "Resource", .kinds = TEXT},
    {.name = "Parameters", .kinds = OBJECT, .read = map_template, .offset = AT(reader_parameters)},
    {.name = "ReaderConfig", .kinds = OBJECT, .read = map_reader_config},
    {.name = "Arguments", .kinds = ASL_KIND_ANY, .read = map_jsonata},
    {.name = NULL},
};

static const struct map_field map_reader_config_fields[] = {
    {.name = "InputType", .kinds = TEXT},
    {.name = "CSVHeaderLocation", .kinds = TEXT},
    {.name = "CSVHeaders", .kinds = LIST},
    {.name = "CSVDelimiter", .kinds = TEXT},
    {.name = "ManifestType", .kinds = TEXT},
    {.name = "Transformation", .kinds = TEXT},
    {.name = "ItemsPointer", .kinds = TEXT},
    {.name = "MaxItems", .kinds = NUMBER, .read = map_whole, .offset = AT(max_items), .most = MAP_ITEMS_MAX},
    {.name = "MaxItemsPath", .kinds = TEXT, .read = map_number_path, .offset = AT(max_items)},
    {.name = NULL},
};

static const struct map_field map_batcher_fields[] = {
    {.name = "MaxItemsPerBatch", .kinds = NUMBER, .read = map_whole, .offset = AT(batch_items), .least = 1, .most = MAP_ITEMS_MAX},
    {.name = "MaxItemsPerBatchPath", .kinds = TEXT, .read = map_number_path, .offset = AT(batch_items)},
    {.name = "MaxInputBytesPerBatch", .kinds = NUMBER, .read = map_whole, .offset = AT(batch_bytes), .least = 1, .most = LIMIT_PAYLOAD_BYTES},
    {.name = "MaxInputBytesPerBatchPath", .kinds = TEXT, .read = map_number_path, .offset = AT(batch_bytes)},
    {.name = "BatchInput", .kinds = OBJECT, .read = map_template, .offset = AT(batch_input)},
    {.name = NULL},
};

static const struct map_field map_writer_fields[] = {
    {.name = "Resource", .kinds = TEXT},
    {.name = "Parameters", .kinds = OBJECT, .read = map_template, .offset = AT(writer_parameters)},
    {.name = "WriterConfig", .kinds = OBJECT, .read = map_writer_config},
    {.name = "Arguments", .kinds = ASL_KIND_ANY, .read = map_jsonata},
    {.name = NULL},
};

static const struct map_field map_writer_config_fields[] = {
    {.name = "Transformation", .kinds = TEXT},
    {.name = "OutputType", .kinds = TEXT},
    {.name = NULL},
};

/* Which words a text field may hold. */
static const struct {
    const char *name;
    const char *words[6];
} map_words[] = {
    {"Mode", {"INLINE", "DISTRIBUTED"}},
    {"ExecutionType", {"STANDARD", "EXPRESS"}},
    {"InputType", {"CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"}},
    {"CSVHeaderLocation", {"FIRST_ROW", "GIVEN"}},
    {"CSVDelimiter", {"COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"}},
    {"ManifestType", {"S3_INVENTORY", "ATHENA_DATA"}},
    {"OutputType", {"JSON", "JSONL"}},
};
/* clang-format on */

static const char *const map_reader_transformations[] = {"NONE", "LOAD_AND_FLATTEN", NULL};
static const char *const map_writer_transformations[] = {"NONE", "COMPACT", "FLATTEN", NULL};
static const char *const map_pairs[][2] = {
    {"MaxItems",              "MaxItemsPath"             },
    {"MaxItemsPerBatch",      "MaxItemsPerBatchPath"     },
    {"MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"},
};

static const struct map_field *map_find(const struct map_field *fields, const char *name)
{
    for (; fields->name; fields++) {
        if (!strcmp(name, fields->name))
            return fields;
    }
    return NULL;
}

bool asl_is_map_field(const char *name)
{
    return map_find(map_fields, name) != NULL;
}

static void map_print_fields(struct buf *buf, const struct map_field *fields)
{
    for (; fields->name; fields++) {
        if (fields->read != map_jsonata)
            buf_printf(buf, "%s%s", buf->len ? ", " : "", fields->name);
    }
}

void asl_print_map_fields(struct buf *buf)
{
    map_print_fields(buf, map_fields);
}

static void *map_place(struct asl_map *map, size_t offset)
{
    CHECK(offset != ASL_NO_OFFSET);
    return (char *)map + offset;
}

/* ---- readers of single fields ---- */

static void map_jsonata(struct asl_parser *parser, const struct asl_at *at,
                        const struct map_field *field, const struct json *value,
                        struct asl_map *map)
{
    (void)field, (void)value, (void)map;
    asl_jsonata_field(parser, at);
}

static void map_items_path(struct asl_parser *parser, const struct asl_at *at,
                           const struct map_field *field, const struct json *value,
                           struct asl_map *map)
{
    (void)field;
    map->items_path = asl_read_expression(parser, at, value);
}

static void map_template(struct asl_parser *parser, const struct asl_at *at,
                         const struct map_field *field, const struct json *value,
                         struct asl_map *map)
{
    *(const struct asl_template **)map_place(map, field->offset) =
        asl_read_template(parser, at, value);
}

static void map_whole(struct asl_parser *parser, const struct asl_at *at,
                      const struct map_field *field, const struct json *value, struct asl_map *map)
{
    struct asl_number *number = map_place(map, field->offset);

    number->is_set =
        asl_whole_number(parser, at, value, (int64_t)field->least, (int64_t)field->most);
    if (number->is_set)
        number->value = (double)value->integer;
}

static void map_percentage(struct asl_parser *parser, const struct asl_at *at,
                           const struct map_field *field, const struct json *value,
                           struct asl_map *map)
{
    struct asl_number *number = map_place(map, field->offset);

    number->value = json_number(value);
    number->is_set = number->value >= 0 && number->value <= 100;
    if (number->is_set)
        return;
    asl_problem(parser, at, "NUMBER_RANGE", "expected a number from 0 to 100");
    asl_wording(parser, at, number->value < 0 ? "Minimum value is 0.0" : "Maximum value is 100.0");
}

static void map_number_path(struct asl_parser *parser, const struct asl_at *at,
                            const struct map_field *field, const struct json *value,
                            struct asl_map *map)
{
    struct asl_number *number = map_place(map, field->offset);

    number->path = asl_read_reference(parser, at, value);
    number->is_set = number->path != NULL;
}

/* The first byte of a label that it may not hold: it becomes a part of the Map Run's name. Null:
 * there is none. U+0080 to U+009F are controls, too. */
static const unsigned char *map_label_fault(const char *label)
{
    static const char forbidden[] = " <>{}[]?*\"#%\\^|~`$&,;:/";

    for (const unsigned char *c = (const unsigned char *)label; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || strchr(forbidden, *c) || (*c == 0xc2 && c[1] < 0xa0))
            return c;
    }
    return NULL;
}

static void map_label(struct asl_parser *parser, const struct asl_at *at,
                      const struct map_field *field, const struct json *value, struct asl_map *map)
{
    const unsigned char *fault = map_label_fault(value->string);
    size_t chars = 0;

    (void)field;
    for (const char *c = value->string; *c; c++)
        chars += ((unsigned char)*c & 0xc0) != 0x80;
    map->label = value->string;
    if (!fault && chars && chars <= MAP_LABEL_CHARS)
        return;
    asl_problem(parser, at, "LABEL",
                "a label has 1 to %d characters, none of them white space, control or "
                "< > { } [ ] ? * \" # %% \\ ^ | ~ ` $ & , ; : /",
                MAP_LABEL_CHARS);
    if (fault && strchr("\t\n\r", *fault))
        asl_wording(parser, at, "Label contains invalid character: '\\%c'",
                    *fault == '\t'   ? 't'
                    : *fault == '\n' ? 'n'
                                     : 'r');
    else if (fault && *fault >= 0x20 && *fault < 0x7f)
        asl_wording(parser, at, "Label contains invalid character: '%c'", *fault);
    else if (fault)
        asl_wording(parser, at, "Label contains invalid character: '\\x%02x'",
                    *fault == 0xc2 ? fault[1] : *fault);
    else if (chars)
        asl_wording(parser, at, "Label cannot exceed %d characters", MAP_LABEL_CHARS);
}

/* ---- objects ---- */

static void map_check_words(struct asl_parser *parser, const struct asl_at *at,
                            const struct json *value)
{
    for (size_t i = 0; i < ARRAY_SIZE(map_words); i++) {
        if (!strcmp(at->name, map_words[i].name))
            asl_one_of(parser, at, value, map_words[i].words);
    }
}

/* The members of an object by their table. */
static void map_read_object(struct asl_parser *parser, const struct asl_at *at,
                            const struct map_field *fields, const struct json *value,
                            struct asl_map *map)
{
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        const struct map_field *field = map_find(fields, member->name);
        struct asl_at here = {.up = at, .name = member->name};
        struct buf buf;

        if (!field) {
            buf_init(&buf, parser->arena, 1024);
            map_print_fields(&buf, fields);
            asl_unknown_field(parser, &here, at->name, buf.data);
            continue;
        }
        if (!asl_kind_is(parser, &here, member->value, field->kinds))
            continue;
        if (field->read)
            field->read(parser, &here, field, member->value, map);
        else if (member->value->kind == JSON_STRING)
            map_check_words(parser, &here, member->value);
    }
    for (size_t i = 0; i < ARRAY_SIZE(map_pairs); i++)
        asl_conflict(parser, at, value, map_pairs[i]);
}

static void map_check_transformation(struct asl_parser *parser, const struct asl_at *at,
                                     const struct json *value, const char *const *words)
{
    const struct json *transformation = json_get(value, "Transformation");

    if (json_is(transformation, JSON_STRING))
        asl_one_of(parser, &(struct asl_at){.up = at, .name = "Transformation"}, transformation,
                   words);
}

static void map_reader_config(struct asl_parser *parser, const struct asl_at *at,
                              const struct map_field *field, const struct json *value,
                              struct asl_map *map)
{
    const struct json *headers = json_get(value, "CSVHeaders");
    const char *location = json_get_string(value, "CSVHeaderLocation");

    (void)field;
    map_read_object(parser, at, map_reader_config_fields, value, map);
    map_check_transformation(parser, at, value, map_reader_transformations);
    for (uint32_t i = 0; json_is(headers, JSON_ARRAY) && i < headers->count; i++) {
        struct asl_at list = {.up = at, .name = "CSVHeaders"};

        asl_kind_is(parser, &(struct asl_at){.up = &list, .index = i}, headers->items[i], TEXT);
    }
    if (location && !strcmp(location, "GIVEN") && !headers)
        asl_problem(parser, at, "FIELD_REQUIRED", "CSVHeaderLocation GIVEN needs CSVHeaders");
}

static void map_reader(struct asl_parser *parser, const struct asl_at *at,
                       const struct map_field *field, const struct json *value, struct asl_map *map)
{
    static const char *const required[] = {"Resource", NULL};

    (void)field;
    map->item_reader = value;
    map_read_object(parser, at, map_reader_fields, value, map);
    asl_require(parser, at, value, required);
}

static void map_batcher(struct asl_parser *parser, const struct asl_at *at,
                        const struct map_field *field, const struct json *value,
                        struct asl_map *map)
{
    (void)field;
    map->has_batcher = true;
    map_read_object(parser, at, map_batcher_fields, value, map);
    if (!json_get(value, "MaxItemsPerBatch") && !json_get(value, "MaxItemsPerBatchPath") &&
        !json_get(value, "MaxInputBytesPerBatch") && !json_get(value, "MaxInputBytesPerBatchPath"))
        asl_problem(parser, at, "BATCH_LIMIT",
                    "expected at least one of MaxItemsPerBatch, MaxItemsPerBatchPath, "
                    "MaxInputBytesPerBatch, MaxInputBytesPerBatchPath");
}

static void map_writer_config(struct asl_parser *parser, const struct asl_at *at,
                              const struct map_field *field, const struct json *value,
                              struct asl_map *map)
{
    (void)field;
    map_read_object(parser, at, map_writer_config_fields, value, map);
    map_check_transformation(parser, at, value, map_writer_transformations);
}

/* It may do without a resource: then it says only how results are written. */
static void map_writer(struct asl_parser *parser, const struct asl_at *at,
                       const struct map_field *field, const struct json *value, struct asl_map *map)
{
    (void)field;
    map->result_writer = value;
    map_read_object(parser, at, map_writer_fields, value, map);
    if (!value->count)
        asl_problem(parser, at, "FIELD_REQUIRED", "expected Resource, WriterConfig or both");
}

/* Read apart, for it needs the state that the processor stands in. */
static void map_processor(struct asl_parser *parser, const struct asl_at *at,
                          const struct map_field *field, const struct json *value,
                          struct asl_map *map)
{
    const struct json *config = json_get(value, "ProcessorConfig"), *word;
    struct asl_at here = {.up = at, .name = "ProcessorConfig"};

    (void)field;
    if (!json_is(config, JSON_OBJECT))
        return;
    map_read_object(parser, &here, map_config_fields, config, map);
    word = json_get(config, "Mode");
    map->is_distributed = json_is(word, JSON_STRING) && !strcmp(word->string, "DISTRIBUTED");
    word = json_get(config, "ExecutionType");
    map->is_express = json_is(word, JSON_STRING) && !strcmp(word->string, "EXPRESS");
    if (word && !map->is_distributed)
        asl_problem(parser, &(struct asl_at){.up = &here, .name = "ExecutionType"},
                    "MAP_NOT_DISTRIBUTED", "ExecutionType needs the Mode DISTRIBUTED");
    if (!word && map->is_distributed)
        asl_problem(parser, &here, "FIELD_REQUIRED",
                    "the Mode DISTRIBUTED needs ExecutionType STANDARD or EXPRESS");
}

/* What only a distributed Map may have. */
static void map_check_mode(struct asl_parser *parser, const struct asl_at *at,
                           const struct json *value, const struct asl_map *map)
{
    if (map->is_distributed)
        return;
    if (map->tolerated_count.is_set || map->tolerated_percentage.is_set)
        asl_problem(parser, at, "MAP_TOLERANCE_IGNORED",
                    "the tolerated failures of an inline Map have no effect");
    for (const struct map_field *field = map_fields; field->name; field++) {
        if (field->is_distributed && json_get(value, field->name))
            asl_problem(parser, &(struct asl_at){.up = at, .name = field->name},
                        "MAP_NOT_DISTRIBUTED",
                        "%s needs \"ProcessorConfig\": {\"Mode\": \"DISTRIBUTED\"}", field->name);
    }
}

void asl_read_map(struct asl_parser *parser, const struct asl_at *at, const struct json *value,
                  struct asl_state *state)
{
    static const char *const required[] = {"ItemProcessor", NULL};
    struct asl_map *map = ARENA_NEW(parser->arena, struct asl_map);
    bool is_old = json_get(value, "Iterator") != NULL;
    const char *name = is_old ? "Iterator" : "ItemProcessor";
    struct asl_at here = {.up = at, .name = name};

    state->map = map;
    for (uint32_t i = 0; i < value->count; i++) {
        const struct json_member *member = &value->members[i];
        const struct map_field *field = map_find(map_fields, member->name);
        struct asl_at member_at = {.up = at, .name = member->name};

        if (field && asl_kind_is(parser, &member_at, member->value, field->kinds))
            field->read(parser, &member_at, field, member->value, map);
    }
    if (!is_old)
        asl_require(parser, at, value, required);
    if (json_is(json_get(value, name), JSON_OBJECT))
        map->processor = asl_read_machine(parser, &here, json_get(value, name), state, 0);
    else
        parser->graph_broken = true;
    map_check_mode(parser, at, value, map);
}
