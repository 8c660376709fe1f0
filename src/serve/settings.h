/*
 * settings.h - a file of settings: YAML, names and values, nothing nested.
 */
#ifndef FERMATA_SERVE_SETTINGS_H
#define FERMATA_SERVE_SETTINGS_H

#include <stdbool.h>

struct arena;

struct setting {
    const char *name, *text;
    int line;
    struct setting *next;
};

/* In the order of the file. A list of scalars becomes one text with commas. False: said on standard
 * error, with file and line; also when others may write to it, or a name stands twice. */
bool settings_read(struct arena *arena, const char *path, struct setting **ret);
/* A text as it may be shown: the password of a URL is ***. The caller frees it. */
char *settings_without_password(const char *text);

#endif
