/*
 * test_state_reader.c - the items that the ItemReader of a Map would find in its data, as they are
 * given with a request: JSON with an ItemsPointer, JSON Lines, or CSV (RFC 4180).
 *
 * Data of another InputType are not read: the Map is then tested without its items.
 */
#include "sfn/test_state.h"

#include <stdlib.h>
#include <string.h>

#include "sfn/sfn_priv.h"

/* Columns beyond are not read: what names them is held to 10 KiB by AWS. */
#define READER_COLUMNS_MAX 256
#define READER_ITEMS_BYTES_MAX (16 * (size_t)LIMIT_PAYLOAD_BYTES)

struct reader {
    struct arena *arena;
    const struct json *config; /* ReaderConfig, or null */
    struct asl_error *reterr;
};

/* Always false. */
static bool reader_fail(struct reader *reader, const char *cause)
{
    *reader->reterr = (struct asl_error){.error = "States.ItemReaderFailed", .cause = cause};
    return false;
}

/* ---- JSON ---- */

/* One step of a JSON pointer (RFC 6901), `len` bytes long, still with its ~0 and ~1. */
static const struct json *reader_step(struct arena *arena, const struct json *value,
                                      const char *step, size_t len)
{
    char *name = arena_string_n(arena, step, len), *out = name, *end;
    unsigned long index;

    for (const char *at = name; *at; at++) {
        bool is_escape = at[0] == '~' && (at[1] == '0' || at[1] == '1');

        at += is_escape;
        *out = *at;
        if (is_escape)
            *out = *at == '0' ? '~' : '/';
        out++;
    }
    *out = '\0';
    if (value->kind == JSON_OBJECT)
        return json_get(value, name);
    if (value->kind != JSON_ARRAY || name[0] < '0' || name[0] > '9')
        return NULL;
    index = strtoul(name, &end, 10);
    return *end || index >= value->count ? NULL : value->items[index];
}

static bool reader_point(struct reader *reader, const struct json **value)
{
    const char *pointer = json_get_string(reader->config, "ItemsPointer");

    if (!pointer)
        return true;
    for (const char *at = pointer; *at == '/' && *value;) {
        size_t len = strcspn(++at, "/");

        *value = reader_step(reader->arena, *value, at, len);
        at += len;
    }
    if (!*value)
        return reader_fail(
            reader,
            arena_printf(reader->arena, "ItemsPointer does not point into the data: %s", pointer));
    return true;
}

static bool reader_json(struct reader *reader, const char *text, const struct json **ret)
{
    const struct json *value;

    if (json_parse(reader->arena, text, strlen(text), &value, NULL) != ERR_OK)
        return reader_fail(reader, "The data of the ItemReader are not valid JSON.");
    if (!reader_point(reader, &value))
        return false;
    if (value->kind != JSON_ARRAY)
        return reader_fail(reader, "Attempting to map over non-iterable node.");
    *ret = value;
    return true;
}

static bool reader_json_lines(struct reader *reader, const char *text, const struct json **ret)
{
    struct json *items = json_array(reader->arena);

    while (*text) {
        size_t len = strcspn(text, "\n");
        const struct json *value;

        if (len > strspn(text, " \t\r")) {
            if (json_parse(reader->arena, text, len, &value, NULL) != ERR_OK)
                return reader_fail(reader, "A line of the ItemReader's data is not valid JSON.");
            json_push(reader->arena, items, value);
        }
        text += len + (text[len] == '\n');
    }
    *ret = items;
    return true;
}

/* ---- CSV ---- */

static const struct reader_delimiter {
    const char *name;
    char c;
} reader_delimiters[] = {
    {"COMMA",     ',' },
    {"PIPE",      '|' },
    {"SEMICOLON", ';' },
    {"SPACE",     ' ' },
    {"TAB",       '\t'},
};

static char reader_delimiter(const struct reader *reader)
{
    const char *name = json_get_string(reader->config, "CSVDelimiter");

    for (size_t i = 0; name && i < ARRAY_SIZE(reader_delimiters); i++) {
        if (!strcmp(reader_delimiters[i].name, name))
            return reader_delimiters[i].c;
    }
    return ',';
}

/* Without the quotes around it, and with one for two inside. *at stands at the first quote and
 * comes to stand behind the last. */
static const struct json *reader_quoted(struct arena *arena, const char **at)
{
    const char *from = *at + 1, *end = from;
    char *text, *out;

    while (*end && !(end[0] == '"' && end[1] != '"'))
        end += end[0] == '"' ? 2 : 1;
    text = out = arena_alloc(arena, (size_t)(end - from) + 1);
    for (; from < end; from++) {
        from += *from == '"';
        *out++ = *from;
    }
    *at = *end ? end + 1 : end;
    return json_string_n(arena, text, (size_t)(out - text));
}

static const struct json *reader_field(struct arena *arena, const char **at, char delimiter)
{
    const char stops[] = {delimiter, '\r', '\n', '\0'};
    const char *from = *at;

    if (*from == '"')
        return reader_quoted(arena, at);
    *at += strcspn(from, stops);
    return json_string_n(arena, from, (size_t)(*at - from));
}

/* A line as an array of texts; *at comes to stand behind it. */
static struct json *reader_row(struct reader *reader, const char **at)
{
    char delimiter = reader_delimiter(reader);
    struct json *row = json_array(reader->arena);

    for (;;) {
        json_push(reader->arena, row, reader_field(reader->arena, at, delimiter));
        if (**at != delimiter || row->count == READER_COLUMNS_MAX)
            break;
        ++*at;
    }
    *at += strcspn(*at, "\n");
    *at += **at == '\n';
    return row;
}

/* A row as an object; what it adds to *bytes is more than the row has, for every item bears the
 * names of the columns. */
static const struct json *reader_item(struct reader *reader, const struct json *headers,
                                      const struct json *row, size_t *bytes)
{
    struct json *item = json_object(reader->arena);

    for (uint32_t i = 0; i < headers->count && i < row->count; i++) {
        if (!json_is(headers->items[i], JSON_STRING))
            continue;
        json_set(reader->arena, item, headers->items[i]->string, row->items[i]);
        *bytes += headers->items[i]->count + row->items[i]->count;
    }
    return item;
}

static bool reader_csv(struct reader *reader, const char *text, const struct json **ret)
{
    const struct json *headers = json_get(reader->config, "CSVHeaders");
    struct json *items = json_array(reader->arena);
    size_t bytes = 0;

    if (!json_is(headers, JSON_ARRAY))
        headers = reader_row(reader, &text);
    while (*text) {
        const struct json *row = reader_row(reader, &text);

        json_push(reader->arena, items, reader_item(reader, headers, row, &bytes));
        if (bytes > READER_ITEMS_BYTES_MAX)
            return reader_fail(reader, "The items of the CSV data are too large together.");
    }
    *ret = items;
    return true;
}

static const struct reader_type {
    const char *name;
    bool (*read)(struct reader *reader, const char *text, const struct json **ret);
} reader_types[] = {
    {"JSON",  reader_json      },
    {"JSONL", reader_json_lines},
    {"CSV",   reader_csv       },
};

bool test_reader(struct test *test, const struct json **ret, struct asl_error *reterr)
{
    const struct json *config = json_get(test->state->map->item_reader, "ReaderConfig");
    const char *text = test->configuration.reader_data;
    const char *type = json_get_string(config, "InputType");
    struct reader reader = {.arena = test->arena, .config = config, .reterr = reterr};

    *ret = NULL;
    for (size_t i = 0; text && i < ARRAY_SIZE(reader_types); i++) {
        if (strcmp(reader_types[i].name, type ? type : "JSON") != 0)
            continue;
        if (!reader_types[i].read(&reader, text, ret))
            return false;
        if (json_get(config, "ItemsPointer"))
            test_inspect(test, "afterItemsPointer", *ret);
    }
    return true;
}
