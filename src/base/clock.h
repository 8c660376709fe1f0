/*
 * clock.h - the only place that asks what time it is.
 *
 * Wall time is milliseconds since 1970 UTC; it is read through a `struct clock` so that tests can
 * stop and move it. clock_now_ms never goes back inside one process, whatever the system's clock
 * does: histories stay in order.
 */
#ifndef FERMATA_BASE_CLOCK_H
#define FERMATA_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(struct clock *clock); /* any thread */
    _Atomic int64_t offset_ms;               /* moved by tests (fake clock) or by an operator */
    _Atomic int64_t last_ms;
};

void clock_init_system(struct clock *clock);
void clock_init_fake(struct clock *clock, int64_t start_ms); /* stands still until clock_move */
void clock_move(struct clock *clock, int64_t by_ms);
int64_t clock_now_ms(struct clock *clock);

int64_t clock_monotonic_us(void); /* for measuring only */
int64_t clock_thread_us(void);    /* processor time of this thread */

/* RFC 3339 with milliseconds and Z; `text` holds at least CLOCK_TEXT_BYTES. */
#define CLOCK_TEXT_BYTES 32
void clock_format(int64_t time_ms, char text[CLOCK_TEXT_BYTES]);
/* As HTTP writes dates (RFC 9110, IMF-fixdate). */
void clock_format_http(int64_t time_ms, char text[CLOCK_TEXT_BYTES]);
/* Reads an RFC 3339 timestamp (upper-case T and Z, or an offset; fractions beyond ms are cut). */
bool clock_parse(const char *text, size_t len, int64_t *ret_ms);

#endif
