/*
 * settings.c - a file of settings: YAML, names and values, nothing nested.
 */
#include "serve/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/arena.h"

enum { SETTINGS_BYTES_MAX = 65536 };

struct settings_reader {
    struct arena *arena;
    const char *path;
    yaml_parser_t parser;
    struct setting *list, **end;
};

static bool settings_wrong(const struct settings_reader *reader, size_t line, const char *what)
{
    fprintf(stderr, "fermata serve: %s:%zu: %s\n", reader->path, line + 1, what);
    return false;
}

/* The next event; the caller deletes it. False: the file is no YAML, and that was said. */
static bool settings_next(struct settings_reader *reader, yaml_event_t *ret)
{
    if (yaml_parser_parse(&reader->parser, ret))
        return true;
    return settings_wrong(reader, reader->parser.problem_mark.line,
                          reader->parser.problem ? reader->parser.problem : "this is no YAML");
}

static const char *settings_scalar(struct settings_reader *reader, const yaml_event_t *event)
{
    return arena_string(reader->arena, (const char *)event->data.scalar.value);
}

/* A list of scalars, to its end. */
static bool settings_list(struct settings_reader *reader, const char **ret)
{
    const char *text = NULL;
    yaml_event_t event;

    for (;;) {
        size_t line;

        if (!settings_next(reader, &event))
            return false;
        line = event.start_mark.line;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            *ret = text ? text : "";
            return true;
        }
        if (event.type != YAML_SCALAR_EVENT) {
            yaml_event_delete(&event);
            return settings_wrong(reader, line, "expected a plain value");
        }
        text = text ? arena_printf(reader->arena, "%s,%s", text, settings_scalar(reader, &event))
                    : settings_scalar(reader, &event);
        yaml_event_delete(&event);
    }
}

static bool settings_value(struct settings_reader *reader, struct setting *setting)
{
    yaml_event_t event;
    yaml_event_type_t type;
    size_t line;

    if (!settings_next(reader, &event))
        return false;
    type = event.type;
    line = event.start_mark.line;
    if (type == YAML_SCALAR_EVENT)
        setting->text = settings_scalar(reader, &event);
    yaml_event_delete(&event);
    if (type == YAML_SEQUENCE_START_EVENT)
        return settings_list(reader, &setting->text);
    return type == YAML_SCALAR_EVENT || settings_wrong(reader, line, "expected a plain value");
}

static bool settings_add(struct settings_reader *reader, const yaml_event_t *name)
{
    struct setting *setting = ARENA_NEW(reader->arena, struct setting);

    setting->name = settings_scalar(reader, name);
    setting->line = (int)name->start_mark.line + 1;
    for (const struct setting *other = reader->list; other; other = other->next) {
        if (strcmp(other->name, setting->name) == 0)
            return settings_wrong(reader, name->start_mark.line, "this setting stands here twice");
    }
    if (!settings_value(reader, setting))
        return false;
    *reader->end = setting;
    reader->end = &setting->next;
    return true;
}

/* One mapping of scalars; an empty file is one, too. */
static bool settings_mapping(struct settings_reader *reader)
{
    yaml_event_t event;
    int depth = 0;

    for (;;) {
        yaml_event_type_t type;
        size_t line;
        bool good = true;

        if (!settings_next(reader, &event))
            return false;
        type = event.type;
        line = event.start_mark.line;
        if (type == YAML_SCALAR_EVENT && depth)
            good = settings_add(reader, &event);
        yaml_event_delete(&event);
        if (!good)
            return false;
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type == YAML_MAPPING_START_EVENT && !depth)
            depth++;
        else if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT ||
                 type == YAML_ALIAS_EVENT || (type == YAML_SCALAR_EVENT && !depth))
            return settings_wrong(reader, line, "expected lines such as lease-ms: 5000");
    }
}

static bool settings_is_safe(FILE *file, const char *path)
{
    struct stat about;

    if (fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) &&
        about.st_size <= SETTINGS_BYTES_MAX && !(about.st_mode & (S_IWGRP | S_IWOTH)))
        return true;
    fprintf(
        stderr,
        "fermata serve: %s: expected a file of at most %d bytes that nobody else may write to\n",
        path, SETTINGS_BYTES_MAX);
    return false;
}

bool settings_read(struct arena *arena, const char *path, struct setting **ret)
{
    struct settings_reader reader = {.arena = arena, .path = path};
    FILE *file = fopen(path, "re");
    bool good;

    if (!file) {
        fprintf(stderr, "fermata serve: %s: %s\n", path, strerror(errno));
        return false;
    }
    reader.end = &reader.list;
    good = settings_is_safe(file, path);
    if (good) {
        CHECK(yaml_parser_initialize(&reader.parser));
        yaml_parser_set_input_file(&reader.parser, file);
        good = settings_mapping(&reader);
        yaml_parser_delete(&reader.parser);
    }
    fclose(file);
    if (good)
        *ret = reader.list;
    return good;
}

char *settings_without_password(const char *text)
{
    const char *from = strstr(text, "://"), *colon = NULL, *at = NULL;
    size_t size;
    char *shown;

    if (from) {
        from += 3;
        at = memrchr(from, '@', strcspn(from, "/?"));
        colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;
    }
    if (!colon)
        return xstrdup(text);
    size = strlen(text) + sizeof("***");
    shown = xalloc(size);
    snprintf(shown, size, "%.*s***%s", (int)(colon + 1 - text), text, at);
    return shown;
}
