/*
 * clock.c - the only place that asks what time it is.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/check.h"

enum { CLOCK_DAY_MS = 86400000 };

static int64_t clock_system_wall(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A fake clock's time is its offset. */
static int64_t clock_fake_wall(struct clock *clock)
{
    (void)clock;
    return 0;
}

void clock_init_system(struct clock *clock)
{
    clock->wall_ms = clock_system_wall;
    atomic_store(&clock->offset_ms, 0);
    atomic_store(&clock->last_ms, INT64_MIN);
}

void clock_init_fake(struct clock *clock, int64_t start_ms)
{
    clock->wall_ms = clock_fake_wall;
    atomic_store(&clock->offset_ms, start_ms);
    atomic_store(&clock->last_ms, INT64_MIN);
}

void clock_move(struct clock *clock, int64_t by_ms)
{
    atomic_fetch_add(&clock->offset_ms, by_ms);
}

int64_t clock_now_ms(struct clock *clock)
{
    int64_t now = clock->wall_ms(clock) + atomic_load(&clock->offset_ms);
    int64_t last = atomic_load(&clock->last_ms);

    while (now > last) {
        if (atomic_compare_exchange_weak(&clock->last_ms, &last, now))
            return now;
    }
    return last;
}

int64_t clock_thread_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March, so that the leap
 * day is a year's last (the algorithm of Howard Hinnant's "chrono-compatible low-level date
 * algorithms"). */
static int64_t clock_days(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void clock_date(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0));
}

static char *clock_put(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

void clock_format(int64_t time_ms, char text[CLOCK_TEXT_BYTES])
{
    /* RFC 3339 has four digits for the year: what lies outside is shown as its first or last
     * moment. */
    const int64_t first = clock_days(0, 1, 1) * CLOCK_DAY_MS;
    const int64_t last = clock_days(10000, 1, 1) * CLOCK_DAY_MS - 1;
    int64_t ms = time_ms < first ? first : time_ms > last ? last : time_ms;
    int64_t days = ms >= 0 ? ms / CLOCK_DAY_MS : -((-ms + CLOCK_DAY_MS - 1) / CLOCK_DAY_MS);
    int rest = (int)(ms - days * CLOCK_DAY_MS);
    int year, month, day;
    char *at = text;

    clock_date(days, &year, &month, &day);
    at = clock_put(at, year, 4);
    *at++ = '-';
    at = clock_put(at, month, 2);
    *at++ = '-';
    at = clock_put(at, day, 2);
    *at++ = 'T';
    at = clock_put(at, rest / 3600000, 2);
    *at++ = ':';
    at = clock_put(at, rest / 60000 % 60, 2);
    *at++ = ':';
    at = clock_put(at, rest / 1000 % 60, 2);
    *at++ = '.';
    at = clock_put(at, rest % 1000, 3);
    *at++ = 'Z';
    *at = '\0';
}

/* Reads `digits` digits, then the byte `after` (0: none), and moves *at beyond them. */
static bool clock_digits(const char **at, const char *end, int digits, char after, int *ret)
{
    int value = 0;

    if (end - *at < digits + (after ? 1 : 0))
        return false;
    for (int i = 0; i < digits; i++) {
        char c = (*at)[i];

        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += digits;
    if (after && *(*at)++ != after)
        return false;
    *ret = value;
    return true;
}

static bool clock_fraction(const char **at, const char *end, int *ret_ms)
{
    int scale = 100;
    int ms = 0;

    *ret_ms = 0;
    if (*at == end || **at != '.')
        return true;
    (*at)++;
    if (*at == end || **at < '0' || **at > '9')
        return false;
    while (*at < end && **at >= '0' && **at <= '9') {
        ms += (**at - '0') * scale;
        scale /= 10;
        (*at)++;
    }
    *ret_ms = ms;
    return true;
}

static bool clock_offset(const char **at, const char *end, int *ret_minutes)
{
    int hours, minutes;
    char sign;

    if (*at == end)
        return false;
    sign = *(*at)++;
    *ret_minutes = 0;
    if (sign == 'Z')
        return true;
    if (sign != '+' && sign != '-')
        return false;
    if (!clock_digits(at, end, 2, ':', &hours) || !clock_digits(at, end, 2, 0, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *ret_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

static int clock_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_parse(const char *text, size_t len, int64_t *ret_ms)
{
    const char *at = text, *end = text + len;
    int year, month, day, hour, minute, second, ms, offset;
    int64_t time_ms;

    if (!clock_digits(&at, end, 4, '-', &year) || !clock_digits(&at, end, 2, '-', &month) ||
        !clock_digits(&at, end, 2, 'T', &day) || !clock_digits(&at, end, 2, ':', &hour) ||
        !clock_digits(&at, end, 2, ':', &minute) || !clock_digits(&at, end, 2, 0, &second))
        return false;
    if (!clock_fraction(&at, end, &ms) || !clock_offset(&at, end, &offset) || at != end)
        return false;
    if (month < 1 || month > 12 || day < 1 || day > clock_month_days(year, month))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    time_ms = clock_days(year, month, day) * CLOCK_DAY_MS;
    time_ms += ((int64_t)hour * 60 + minute - offset) * 60000 + (int64_t)second * 1000;
    /* A leap second is the last of a day in UTC; it is read as the first of the next one. */
    if (second == 60 && time_ms % CLOCK_DAY_MS != 0)
        return false;
    *ret_ms = time_ms + ms;
    return true;
}

void clock_format_http(int64_t time_ms, char text[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;

    gmtime_r(&seconds, &parts);
    CHECK(strftime(text, CLOCK_TEXT_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
}
