/*
 * cli_value.c - values in and out: JSON from flags and files, numbers and times for people.
 */
#include "cli/cli_priv.h"

#include "base/clock.h"
#include "base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLI_VALUE_RANDOM_BYTES 24 /* 32 characters of base64url */

int cli_value_file(struct cli *cli, const char *path, const char **ret_text, size_t *ret_len)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    char chunk[16384];
    struct buf buf;
    size_t count;

    if (!file)
        return cli_usage_error(cli, "%s cannot be read: %s", path, strerror(errno));
    buf_init(&buf, cli->arena, CLI_ANSWER_BYTES_MAX);
    buf_text(&buf, "");
    for (count = fread(chunk, 1, sizeof(chunk), file); count > 0;
         count = fread(chunk, 1, sizeof(chunk), file))
        buf_add(&buf, chunk, count);
    if (ferror(file)) {
        int error = errno;

        if (!standard)
            fclose(file);
        return cli_usage_error(cli, "%s cannot be read: %s", path, strerror(error));
    }
    if (!standard)
        fclose(file);
    if (buf.overflow)
        return cli_usage_error(cli, "%s is too large", path);
    *ret_text = buf.data ? buf.data : "";
    *ret_len = buf.len;
    return CLI_EXIT_OK;
}

int cli_value_json(struct cli *cli, const char *name, const char *text, const struct json **ret)
{
    struct fault fault = {0};
    size_t len = strlen(text);
    int result;

    if (text[0] == '@' || strcmp(text, "-") == 0) {
        result = cli_value_file(cli, text[0] == '@' ? text + 1 : text, &text, &len);
        if (result)
            return result;
    }
    if (!json_parse(cli->arena, text, len, ret, &fault))
        return CLI_EXIT_OK;
    return cli_usage_error(cli, "--%s is not JSON: %s", name,
                           fault.detail ? fault.detail : "it cannot be read");
}

const char *cli_value_line(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[16384];
    const char *read;

    if (!file)
        return NULL;
    read = fgets(line, sizeof(line), file);
    fclose(file);
    if (!read)
        return NULL;
    line[strcspn(line, "\r\n")] = '\0';
    return line[0] ? arena_string(arena, line) : NULL;
}

const char *cli_value_random(struct arena *arena)
{
    uint8_t bytes[CLI_VALUE_RANDOM_BYTES];
    char text[CLI_VALUE_RANDOM_BYTES * 2];

    id_random(bytes, sizeof(bytes));
    base64url_text(bytes, sizeof(bytes), text, sizeof(text));
    return arena_string(arena, text);
}

const char *cli_value_count(struct arena *arena, int64_t count)
{
    char *digits = arena_printf(arena, "%lld", (long long)count);
    size_t len = strlen(digits), start = digits[0] == '-' ? 1 : 0;
    struct buf buf;

    buf_init(&buf, arena, 64);
    for (size_t i = 0; i < len; i++) {
        if (i > start && (len - i) % 3 == 0)
            buf_char(&buf, ',');
        buf_char(&buf, digits[i]);
    }
    return buf.data;
}

const char *cli_value_plural(struct arena *arena, int64_t count, const char *noun)
{
    return arena_printf(arena, "%s %s%s", cli_value_count(arena, count), noun,
                        count == 1 ? "" : "s");
}

const char *cli_value_time(struct arena *arena, const struct json *ms)
{
    char text[CLOCK_TEXT_BYTES];

    if (!json_is(ms, JSON_INT))
        return "-";
    clock_format(ms->integer, text);
    return arena_string(arena, text);
}

const char *cli_value_age(struct arena *arena, int64_t ms)
{
    long long s = ms / 1000;

    if (ms < 0)
        return "0s";
    if (ms < 1000)
        return arena_printf(arena, "%lldms", (long long)ms);
    if (s < 60)
        return arena_printf(arena, "%llds", s);
    if (s < 3600)
        return arena_printf(arena, "%lldm %llds", s / 60, s % 60);
    if (s < 86400)
        return arena_printf(arena, "%lldh %lldm", s / 3600, s / 60 % 60);
    return arena_printf(arena, "%lldd %lldh", s / 86400, s / 3600 % 24);
}

/* How many bytes at `at` must not reach a terminal: controls, and marks that turn the writing
 * direction. */
static size_t cli_value_danger(const unsigned char *at, size_t left)
{
    if (at[0] < 0x20 || at[0] == 0x7f)
        return 1;
    if (left >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
        return 2;
    if (left >= 3 && at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae)
        return 3;
    if (left >= 3 && at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)
        return 3;
    return 0;
}

const char *cli_value_clean_n(struct arena *arena, const char *text, size_t len)
{
    struct buf buf;

    buf_init(&buf, arena, len * 4 + 1);
    buf_text(&buf, "");
    for (size_t i = 0; i < len;) {
        size_t danger = cli_value_danger((const unsigned char *)text + i, len - i);

        if (danger == 0)
            buf_char(&buf, text[i++]);
        else if (text[i] == '\n')
            buf_text(&buf, "\\n"), i++;
        else
            for (; danger > 0; danger--)
                buf_printf(&buf, "\\x%02x", (unsigned)(unsigned char)text[i++]);
    }
    return buf.data ? buf.data : "";
}

const char *cli_value_clean(struct arena *arena, const char *text)
{
    return text ? cli_value_clean_n(arena, text, strlen(text)) : NULL;
}

const char *cli_value_text(struct arena *arena, const struct json *value)
{
    if (!value || value->kind == JSON_NULL)
        return "-";
    if (value->kind == JSON_STRING)
        return cli_value_clean_n(arena, value->string, value->count);
    return cli_value_clean(arena, json_text(arena, value));
}

const char *cli_value_member(struct arena *arena, const struct json *object, const char *name)
{
    return cli_value_text(arena, json_get(object, name));
}

int64_t cli_value_now_ms(void)
{
    struct clock clock;

    clock_init_system(&clock);
    return clock_now_ms(&clock);
}

bool cli_status_is_final(const char *status)
{
    return status && (strcmp(status, "SUCCESS") == 0 || strcmp(status, "FAILED") == 0 ||
                      strcmp(status, "STOPPED") == 0);
}
