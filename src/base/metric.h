/*
 * metric.h - counters, gauges and histograms, in Prometheus' text format.
 *
 * The list below is all there is: one row a metric. Updates are lock-free and may come from any
 * thread.
 */
#ifndef FERMATA_BASE_METRIC_H
#define FERMATA_BASE_METRIC_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

/* clang-format off */
#define METRIC_LIST(X)                                                                             \
    X(HTTP_REQUESTS,        COUNTER,   "fermata_http_requests_total",            "Requests answered") \
    X(HTTP_ERRORS,          COUNTER,   "fermata_http_errors_total",              "Requests answered with 5xx") \
    X(HTTP_REFUSED,         COUNTER,   "fermata_http_refused_total",             "Requests answered with 4xx") \
    X(HTTP_PARKED,          GAUGE,     "fermata_http_parked",                    "Requests that wait for something") \
    X(COMMITS,              COUNTER,   "fermata_commits_total",                  "Transactions committed") \
    X(COMMANDS,             COUNTER,   "fermata_commands_total",                 "Commands run by lanes") \
    X(COMMAND_RETRIES,      COUNTER,   "fermata_command_retries_total",          "Commands run again alone after a rolled back batch") \
    X(COMMAND_QUEUE,        GAUGE,     "fermata_command_queue",                  "Commands that wait for a lane") \
    X(EXECUTIONS_STARTED,   COUNTER,   "fermata_executions_started_total",       "Executions accepted") \
    X(EXECUTIONS_SUCCEEDED, COUNTER,   "fermata_executions_succeeded_total",     "Executions that ended in SUCCESS") \
    X(EXECUTIONS_FAILED,    COUNTER,   "fermata_executions_failed_total",        "Executions that ended in FAILED") \
    X(EXECUTIONS_HALTED,    COUNTER,   "fermata_executions_halted_total",        "Executions that were STOPPED") \
    X(HALTS,                COUNTER,   "fermata_halts_total",                    "Halts committed") \
    X(HALT_ANOMALIES,       COUNTER,   "fermata_halt_anomalies_total",           "Oddities found and reported by halts") \
    X(TURNS,                COUNTER,   "fermata_turns_total",                    "Turns run") \
    X(STATES,               COUNTER,   "fermata_states_total",                   "States entered") \
    X(TASKS_HANDED_OUT,     COUNTER,   "fermata_tasks_handed_out_total",         "Tasks given to workers") \
    X(LATE_REFUSED,         COUNTER,   "fermata_late_refused_total",             "Results refused because the execution was halted") \
    X(STALE_FIRED,          COUNTER,   "fermata_stale_fired_total",              "Schedule entries of an old epoch that fired into nothing") \
    X(CALLS,                COUNTER,   "fermata_calls_total",                    "Calls to the outside that were made") \
    X(CALLS_FAILED,         COUNTER,   "fermata_calls_failed_total",             "Calls to the outside whose Task got an error") \
    X(CALLS_CUT_OFF,        COUNTER,   "fermata_calls_cut_off_total",            "Calls to the outside cut off because nobody awaited their answer any more") \
    X(CALLS_RUNNING,        GAUGE,     "fermata_calls_running",                  "Calls to the outside that are being made") \
    X(COMMITS_LOST,         COUNTER,   "fermata_commits_lost_total",             "Commits whose answer was lost, and whose fate was asked for") \
    X(SCHEDULE_UP,          GAUGE,     "fermata_schedule_up",                    "1: Redis holds what is scheduled and can be used") \
    X(SCHEDULE_RESIDUE,     GAUGE,     "fermata_schedule_residue",               "Entries that Redis holds too much, as far as this node knows") \
    X(SCHEDULE_TAKEN,       COUNTER,   "fermata_schedule_taken_total",           "Due entries taken from Redis") \
    X(SCHEDULE_FILLED,      COUNTER,   "fermata_schedule_filled_total",          "Entries put into Redis because it had lost them, or might have") \
    X(SCHEDULE_SWEPT,       COUNTER,   "fermata_schedule_swept_total",           "Entries taken out of Redis because they meant nothing any more") \
    X(SCHEDULE_GARBAGE,     COUNTER,   "fermata_schedule_garbage_total",         "Members of the schedule's sets that no node has put there") \
    X(SCHEDULE_ERRORS,      COUNTER,   "fermata_schedule_errors_total",          "Errors that Redis replied with") \
    X(CHECKPOINTS,          COUNTER,   "fermata_checkpoints_total",              "Checkpoints of the store's log") \
    X(COMMIT_US,            HISTOGRAM, "fermata_commit_microseconds",            "Time of a commit") \
    X(BATCH_COMMANDS,       HISTOGRAM, "fermata_batch_commands",                 "Commands in one commit") \
    X(TIMER_LATE_MS,        HISTOGRAM, "fermata_timer_late_milliseconds",        "Time between due and fired") \
    X(WIRE_DROPPED,         COUNTER,   "fermata_wire_dropped_total",             "Hints to other nodes that were never sent") \
    X(WIRE_GARBAGE,         COUNTER,   "fermata_wire_garbage_total",             "Messages on the nodes' channel that no node says") \
    X(WIRE_CUTS,            COUNTER,   "fermata_wire_cuts_total",                "Times the connection to the other nodes was lost")
/* clang-format on */

#define METRIC_ENUM(name, kind, text, help) METRIC_##name,
enum metric { METRIC_LIST(METRIC_ENUM) METRIC_COUNT };
#undef METRIC_ENUM

void metric_add(enum metric metric, int64_t by); /* counters and gauges (may be negative there) */
/* What this thread adds to counters from now on counts when it is settled, or not at all: what a
 * transaction that is rolled back has done has not happened. */
void metric_hold(void);
void metric_settle(bool has_happened);
void metric_set(enum metric metric, int64_t value);     /* gauges */
void metric_observe(enum metric metric, int64_t value); /* histograms; buckets are powers of two */
int64_t metric_value(enum metric metric);
void metric_print(struct buf *buf); /* Prometheus text format 0.0.4 */

#endif
