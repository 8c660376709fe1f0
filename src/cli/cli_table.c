/*
 * cli_table.c - what people see: columns that line up in any script, and a little colour.
 */
#include "cli/cli_priv.h"

#include <string.h>
#include <wchar.h>

#define CLI_TABLE_COLUMNS_MAX 12
#define CLI_TABLE_GAP 2

struct cli_cell {
    const char *text;
    enum cli_style style;
    size_t width;
};

struct cli_table {
    struct cli *cli;
    const char *headers[CLI_TABLE_COLUMNS_MAX];
    bool right[CLI_TABLE_COLUMNS_MAX];
    size_t widths[CLI_TABLE_COLUMNS_MAX];
    size_t column_count;
    struct cli_cell *cells;
    size_t cell_count, cell_capacity;
};

enum cli_style cli_style_of_status(const char *status)
{
    if (!status)
        return CLI_STYLE_PLAIN;
    if (strcmp(status, "SUCCESS") == 0)
        return CLI_STYLE_GOOD;
    if (strcmp(status, "FAILED") == 0)
        return CLI_STYLE_BAD;
    if (strcmp(status, "STOPPED") == 0)
        return CLI_STYLE_STOPPED;
    if (strncmp(status, "WAITING", 7) == 0)
        return CLI_STYLE_WAIT;
    return CLI_STYLE_PLAIN;
}

const char *cli_style_on(const struct cli *cli, enum cli_style style)
{
    static const char *const codes[] = {
        [CLI_STYLE_PLAIN] = "",          [CLI_STYLE_BOLD] = "\033[1m",
        [CLI_STYLE_DIM] = "\033[2m",     [CLI_STYLE_GOOD] = "\033[32m",
        [CLI_STYLE_BAD] = "\033[31m",    [CLI_STYLE_WAIT] = "\033[33m",
        [CLI_STYLE_STOPPED] = "\033[35m"};

    return cli->colour ? codes[style] : "";
}

const char *cli_style_off(const struct cli *cli)
{
    return cli->colour ? "\033[0m" : "";
}

/* Decodes one character; a byte that is not UTF-8 counts as one column. */
static size_t cli_text_decode(const unsigned char *at, wchar_t *ret)
{
    static const struct {
        unsigned char mask, lead;
        size_t len;
    } forms[] = {
        {0x80, 0x00, 1},
        {0xe0, 0xc0, 2},
        {0xf0, 0xe0, 3},
        {0xf8, 0xf0, 4}
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        uint32_t code;
        size_t k;

        if ((at[0] & forms[i].mask) != forms[i].lead)
            continue;
        code = at[0] & (unsigned char)~forms[i].mask;
        for (k = 1; k < forms[i].len && (at[k] & 0xc0) == 0x80; k++)
            code = code << 6 | (at[k] & 0x3f);
        if (k < forms[i].len)
            break;
        *ret = (wchar_t)code;
        return k;
    }
    *ret = L'?';
    return 1;
}

size_t cli_text_width(const char *text)
{
    size_t width = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        wchar_t code;
        int columns;

        at += cli_text_decode(at, &code);
        columns = wcwidth(code);
        width += columns < 0 ? 1 : (size_t)columns; /* unknown to this locale */
    }
    return width;
}

struct cli_table *cli_table_new(struct cli *cli, const char *const *headers)
{
    struct cli_table *table = ARENA_NEW(cli->arena, struct cli_table);

    table->cli = cli;
    for (size_t i = 0; headers[i]; i++) {
        CHECK(i < CLI_TABLE_COLUMNS_MAX);
        table->right[i] = headers[i][0] == '>';
        table->headers[i] = headers[i] + (table->right[i] ? 1 : 0);
        table->widths[i] = cli_text_width(table->headers[i]);
        table->column_count = i + 1;
    }
    CHECK(table->column_count > 0);
    return table;
}

void cli_table_add_styled(struct cli_table *table, const char *text, enum cli_style style)
{
    struct cli_cell cell = {.text = text ? text : "-", .style = style};
    size_t column = table->cell_count % table->column_count;

    if (table->cell_count == table->cell_capacity) {
        size_t capacity = table->cell_capacity ? table->cell_capacity * 2 : 64;
        struct cli_cell *cells = ARENA_ARRAY(table->cli->arena, struct cli_cell, capacity);

        if (table->cell_count > 0)
            memcpy(cells, table->cells, table->cell_count * sizeof(*cells));
        table->cells = cells;
        table->cell_capacity = capacity;
    }
    cell.width = cli_text_width(cell.text);
    if (cell.width > table->widths[column])
        table->widths[column] = cell.width;
    table->cells[table->cell_count++] = cell;
}

void cli_table_add(struct cli_table *table, const char *text)
{
    cli_table_add_styled(table, text, CLI_STYLE_PLAIN);
}

static void cli_table_print_cell(const struct cli_table *table, size_t column,
                                 const struct cli_cell *cell, FILE *file)
{
    int pad = (int)(table->widths[column] - cell->width);
    bool last = column + 1 == table->column_count;
    bool styled = cell->style != CLI_STYLE_PLAIN;

    if (table->right[column])
        fprintf(file, "%*s", pad, "");
    fprintf(file, "%s%s%s", styled ? cli_style_on(table->cli, cell->style) : "", cell->text,
            styled ? cli_style_off(table->cli) : "");
    if (!last)
        fprintf(file, "%*s", (table->right[column] ? 0 : pad) + CLI_TABLE_GAP, "");
    else
        fputc('\n', file);
}

void cli_table_print(struct cli_table *table, FILE *file)
{
    CHECK(table->column_count > 0);
    for (size_t i = 0; i < table->column_count; i++) {
        struct cli_cell cell = {.text = table->headers[i], .style = CLI_STYLE_BOLD};

        cell.width = cli_text_width(cell.text);
        cli_table_print_cell(table, i, &cell, file);
    }
    for (size_t i = 0; i < table->cell_count; i++)
        cli_table_print_cell(table, i % table->column_count, &table->cells[i], file);
}

void cli_print_field(const struct cli *cli, const char *name, const char *value)
{
    printf("%s%-14s%s %s\n", cli_style_on(cli, CLI_STYLE_BOLD), name, cli_style_off(cli),
           value ? value : "-");
}

void cli_print_json(const struct json *value)
{
    struct arena *arena = arena_new();

    puts(json_text(arena, value));
    arena_free(arena);
}

void cli_print_answer(const struct cli_answer *answer)
{
    fwrite(answer->text, 1, answer->len, stdout);
    if (answer->len == 0 || answer->text[answer->len - 1] != '\n')
        putchar('\n');
}

/* A short value stands beside its name, a long one below, indented; nothing for an absent or null
 * one. */
void cli_print_json_field(struct cli *cli, const char *name, const struct json *value)
{
    const char *line;
    struct buf buf;

    if (!value || value->kind == JSON_NULL)
        return;
    line = cli_value_clean(cli->arena, json_text(cli->arena, value));
    if (cli_text_width(line) <= 84) {
        cli_print_field(cli, name, line);
        return;
    }
    buf_init(&buf, cli->arena, CLI_ANSWER_BYTES_MAX);
    json_print_indented(&buf, value);
    cli_print_field(cli, name, "");
    for (const char *at = buf.data; *at;) {
        size_t len = strcspn(at, "\n");

        printf("    %s\n", cli_value_clean_n(cli->arena, at, len));
        at += len + (at[len] ? 1 : 0);
    }
}
