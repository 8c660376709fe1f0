/*
 * log.c - one JSON object a line on standard error, written with one write(2).
 *
 * A line has a fixed maximum, so that logging needs no memory; what does not fit is cut, and the
 * line stays valid JSON.
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { LOG_LINE_BYTES = 8192, LOG_MESSAGE_BYTES = 2048, LOG_FIELD_BYTES = 512, LOG_TAIL_BYTES = 4 };

struct log_out {
    size_t len;
    char text[LOG_LINE_BYTES];
};

static const char *const log_names[] = {"debug", "info", "warn", "error"};
static _Atomic int log_least = LOG_INFO;
static struct clock log_clock;
static _Thread_local const struct log_context *log_context;

void log_set_level(enum log_level least)
{
    atomic_store(&log_least, (int)least);
}

bool log_level_parse(const char *text, enum log_level *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(log_names); i++) {
        if (strcmp(text, log_names[i]) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_context(const struct log_context *context)
{
    log_context = context;
}

static void log_clock_start(void)
{
    clock_init_system(&log_clock);
}

static bool log_put(struct log_out *out, const char *text, size_t len)
{
    if (len > sizeof(out->text) - LOG_TAIL_BYTES - out->len)
        return false;
    memcpy(out->text + out->len, text, len);
    out->len += len;
    return true;
}

/* How many bytes the character at `at` has; 0 when it is not UTF-8 or is cut off at `end`. */
static size_t log_char_bytes(const unsigned char *at, const unsigned char *end)
{
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    if (len == 1)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4 || (size_t)(end - at) < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return len;
}

/* One character as JSON text; what is not UTF-8 becomes a question mark. Returns the bytes read. */
static size_t log_put_char(struct log_out *out, const unsigned char *at, const unsigned char *end)
{
    size_t len = log_char_bytes(at, end);
    char escape[8];

    if (len == 0)
        return log_put(out, "?", 1) ? 1 : 0;
    if (*at == '"' || *at == '\\') {
        escape[0] = '\\';
        escape[1] = (char)*at;
        return log_put(out, escape, 2) ? 1 : 0;
    }
    if (*at < 0x20 || *at == 0x7f) {
        snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)*at);
        return log_put(out, escape, 6) ? 1 : 0;
    }
    return log_put(out, (const char *)at, len) ? len : 0;
}

static void log_put_field(struct log_out *out, const char *name, const char *value, size_t max)
{
    size_t reserve = strlen(name) + sizeof(",\"\":\"\"");
    const unsigned char *at = (const unsigned char *)value;
    const unsigned char *end;
    size_t taken = 1;

    if (!value || reserve + 16 > sizeof(out->text) - LOG_TAIL_BYTES - out->len)
        return;
    end = at + strnlen(value, max);
    log_put(out, out->len > 1 ? ",\"" : "\"", out->len > 1 ? 2 : 1);
    log_put(out, name, strlen(name));
    log_put(out, "\":\"", 3);
    for (; at < end && taken; at += taken)
        taken = log_put_char(out, at, end);
    out->text[out->len++] = '"'; /* LOG_TAIL_BYTES keeps room for it, for } and the line's end */
}

static void log_write(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t written = write(STDERR_FILENO, text, len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nobody is left to be told */
        text += written;
        len -= (size_t)written;
    }
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct log_context *context = log_context;
    struct log_out out;
    char message[LOG_MESSAGE_BYTES];
    char time[CLOCK_TEXT_BYTES];
    va_list args;

    if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
        return;
    pthread_once(&once, log_clock_start);
    clock_format(clock_now_ms(&log_clock), time);
    message[0] = '\0';
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    out.len = 0;
    log_put(&out, "{", 1);
    log_put_field(&out, "time", time, sizeof(time));
    log_put_field(&out, "level", log_names[level], LOG_FIELD_BYTES);
    log_put_field(&out, "event", event, LOG_FIELD_BYTES);
    if (context) {
        log_put_field(&out, "request_id", context->request_id, LOG_FIELD_BYTES);
        log_put_field(&out, "operator_name", context->operator_name, LOG_FIELD_BYTES);
        log_put_field(&out, "plan_execution_id", context->plan_execution_id, LOG_FIELD_BYTES);
        log_put_field(&out, "plan_id", context->plan_id, LOG_FIELD_BYTES);
        log_put_field(&out, "state", context->state, LOG_FIELD_BYTES);
        log_put_field(&out, "status", context->status, LOG_FIELD_BYTES);
    }
    log_put_field(&out, "message", message, LOG_MESSAGE_BYTES);
    out.text[out.len++] = '}';
    out.text[out.len++] = '\n';
    log_write(out.text, out.len);
}
