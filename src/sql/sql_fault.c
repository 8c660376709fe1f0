/*
 * sql_fault.c - errors and crashes on order, so that tests can die at every statement.
 *
 * The order is read once, at the first statement; the form is described in sql_driver.h. One
 * process-wide count is enough: a test that wants more runs more processes.
 */
#include "sql/sql_driver.h"

#ifdef FERMATA_FAULTS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"

enum sql_fault_what { SQL_FAULT_NONE, SQL_FAULT_KILL, SQL_FAULT_KILL_AFTER, SQL_FAULT_ERROR };

/* Written once, under the pthread_once below; then only the two atomics change. */
static struct {
    enum sql_fault_what what;
    enum err err;
    char *point;
    bool any;
    bool from_then_on;
    int64_t hit;
    const char *arm; /* counting begins when this file exists; null: at once */
    _Atomic bool armed;
    _Atomic int64_t hits;
} sql_fault;

static pthread_once_t sql_fault_once = PTHREAD_ONCE_INIT;

static bool sql_fault_error(const char *name, enum err *ret)
{
#define SQL_FAULT_NAME(name, status, code, title) #name,
    static const char *const names[] = {ERR_LIST(SQL_FAULT_NAME)};
#undef SQL_FAULT_NAME

    if (strncmp(name, "ERR_", 4) == 0)
        name += 4;
    for (size_t i = 1; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum err)i;
            return true;
        }
    }
    return false;
}

static void sql_fault_read(void)
{
    const char *order = getenv("FERMATA_FAULT");
    char *what, *hit, *end;

    if (!order || !*order)
        return;
    sql_fault.point = xstrdup(order);
    hit = strchr(sql_fault.point, ':');
    what = hit ? strchr(hit + 1, ':') : NULL;
    if (!what)
        die("FERMATA_FAULT must be <point>:<n>:<what>");
    *hit++ = '\0';
    *what++ = '\0';
    sql_fault.hit = strtoll(hit, &end, 10);
    sql_fault.from_then_on = *end == '+';
    if (end == hit || sql_fault.hit < 1 || strcmp(end, sql_fault.from_then_on ? "+" : "") != 0)
        die("FERMATA_FAULT: the hit must be a number from 1, with or without a plus sign");
    if (strcmp(what, "kill") == 0)
        sql_fault.what = SQL_FAULT_KILL;
    else if (strcmp(what, "kill_after") == 0)
        sql_fault.what = SQL_FAULT_KILL_AFTER;
    else if (sql_fault_error(what, &sql_fault.err))
        sql_fault.what = SQL_FAULT_ERROR;
    else
        die("FERMATA_FAULT: unknown kind of fault");
    sql_fault.any = strcmp(sql_fault.point, "any") == 0;
    sql_fault.arm = getenv("FERMATA_FAULT_ARM");
}

static bool sql_fault_armed(void)
{
    if (atomic_load(&sql_fault.armed))
        return true;
    if (sql_fault.arm && *sql_fault.arm && access(sql_fault.arm, F_OK) != 0)
        return false;
    atomic_store(&sql_fault.armed, true);
    return true;
}

/* Counts a hit of the ordered point and says whether its moment has come. */
static bool sql_fault_due(const char *point)
{
    int64_t hit;

    if (!sql_fault.any && strcmp(point, sql_fault.point) != 0)
        return false;
    if (!sql_fault_armed())
        return false;
    hit = atomic_fetch_add(&sql_fault.hits, 1) + 1;
    return hit == sql_fault.hit || (sql_fault.from_then_on && hit > sql_fault.hit);
}

static void sql_fault_die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

enum err sql_fault_before(const char *point)
{
    pthread_once(&sql_fault_once, sql_fault_read);
    if (sql_fault.what != SQL_FAULT_KILL && sql_fault.what != SQL_FAULT_ERROR)
        return ERR_OK;
    if (!sql_fault_due(point))
        return ERR_OK;
    if (sql_fault.what == SQL_FAULT_KILL)
        sql_fault_die();
    log_warn("sql.fault", "%s fails with %s, as ordered", point, err_code(sql_fault.err));
    return sql_fault.err;
}

void sql_fault_after(const char *point)
{
    pthread_once(&sql_fault_once, sql_fault_read);
    if (sql_fault.what == SQL_FAULT_KILL_AFTER && sql_fault_due(point))
        sql_fault_die();
}

#endif
