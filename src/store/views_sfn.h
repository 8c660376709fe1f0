/*
 * views_sfn.h - pages as the Step Functions API shows them: executions of a state machine or of a
 * Map Run, and the events of the language in a history.
 */
#ifndef FERMATA_STORE_VIEWS_SFN_H
#define FERMATA_STORE_VIEWS_SFN_H

#include "store/views.h"

struct view_sfn_execution {
    int64_t root_id, execution_id;
    const char *plan_execution_id, *plan_id;
    enum status status;
    bool timed_out;
    bool is_held; /* it failed and waits for a restart */
    int64_t created_at, ended_at, redrives, redriven_at;
    const char *origin; /* JSON, or null */
    const char *input;  /* only of a Map Run that batches; else null */
    int64_t map_run_id; /* 0: of none */
    struct view_sfn_execution *next;
};
struct view_sfn_filter {
    const char *plan_id;         /* all but the children of Map Runs; or null, and: */
    int64_t root_id, map_run_id; /* the executions of this run */
    bool with_input;
    /* Whether it is to be shown; null: all are. */
    bool (*matches)(const struct view_sfn_execution *execution, const void *user);
    const void *user;
};
/* Newest first. next_b is the last execution_id that was looked at. */
enum err view_sfn_executions(struct store *store, struct arena *arena,
                             const struct view_sfn_filter *filter, struct view_page *page,
                             struct view_sfn_execution **ret) MUST_CHECK;

struct view_sfn_event {
    int64_t seq, time_at, event_id, previous_event_id;
    const char *type, *detail;
    struct view_sfn_event *next;
};
/* Numbered events only, in their order or the other way round. next_b is a seq. */
enum err view_sfn_events(struct store *store, struct arena *arena,
                         const struct execution *execution, bool is_reverse, struct view_page *page,
                         struct view_sfn_event **ret) MUST_CHECK;

#endif
