/*
 * check.c - how the process stops when our own code is wrong or cannot go on.
 *
 * Both ways leave at once: no atexit handlers run, because other threads still use what those would
 * free.
 */
#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void check_say(const char *text, int len, size_t capacity)
{
    size_t count = len < 0 ? 0 : (size_t)len;

    if (count >= capacity)
        count = capacity - 1;
    /* Nothing can be done when standard error is gone; the process ends anyway. */
    if (write(STDERR_FILENO, text, count) < 0)
        return;
}

void check_failed(const char *condition, const char *file, int line)
{
    char text[512];
    int len =
        snprintf(text, sizeof(text), "fermata: check failed: %s (%s:%d)\n", condition, file, line);

    check_say(text, len, sizeof(text));
    abort();
}

void die(const char *format, ...)
{
    char message[900];
    char text[1024];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (len < 0)
        message[0] = '\0';
    len = snprintf(text, sizeof(text), "fermata: %s\n", message);
    check_say(text, len, sizeof(text));
    _exit(70);
}
