/*
 * views.h - what people and programs may look at: pages of rows, always of one operator.
 *
 * Every query bears operator_name. Every page has a bound on the rows it gives, the rows it looks
 * at and the bytes it holds, so a page may be shorter than asked for; view_page.next tells whether
 * and where it goes on. Strings live in the arena.
 */
#ifndef FERMATA_STORE_VIEWS_H
#define FERMATA_STORE_VIEWS_H

#include "store/executions.h"
#include "store/reservations.h"

struct arena;
struct sql_rows;

/* What is asked for, and where the next page begins. */
struct view_page {
    const char *operator_name;
    int64_t limit;
    int64_t after_a, after_b; /* 0, 0: from the start */
    const char *after_name;   /* lists in name order; "": from the start */
    /* filled */
    bool more;
    int64_t next_a, next_b;
    const char *next_name;
    int64_t bytes; /* of the texts of this page; it ends after LIMIT_PAGE_BYTES */
};

/* Answers a query that reads nothing: is the store there? */
enum err view_ping(struct store *store) MUST_CHECK;

/* ---- views.c: executions ---- */
struct view_execution {
    int64_t execution_id, parent_id, root_id;
    const char *plan_execution_id, *parent; /* the parent's plan_execution_id, or null */
    const char *plan_id;
    enum status status;
    const char *last_state, *error;
    int64_t plan_version, epoch, depth, halt_id, created_at, updated_at, ended_at; /* 0: none */
    struct view_execution *next;
};
struct view_filter {
    enum status status;  /* STATUS_NONE: any */
    const char *plan_id; /* null: any */
    bool has_parent;
    int64_t root_id, parent_id;
};
/* Newest first. next_b is the last execution_id that was looked at. */
enum err view_executions(struct store *store, struct arena *arena, const struct view_filter *filter,
                         struct view_page *page, struct view_execution **ret) MUST_CHECK;
/* What struct execution does not hold: the parent's plan_execution_id and the batches, null when
 * there are none. */
enum err view_relations(struct store *store, struct arena *arena, const struct execution *execution,
                        const char **ret_parent, const char **ret_batch_operations) MUST_CHECK;
/*
 * A tree from `execution` down: each node before its children, children in the order they were
 * started. next_b is a node, next_a tells whether its children are done.
 */
enum err view_tree(struct store *store, struct arena *arena, const struct execution *execution,
                   struct view_page *page, struct view_execution **ret) MUST_CHECK;

/* ---- views_events.c: what belongs to one execution ---- */
struct view_event {
    int64_t seq, time_at, event_id, previous_event_id;
    const char *type, *detail;
    int64_t halt_id; /* 0: no event of a halt; then nothing of the following is set */
    const char *operator_name, *portal_id, *subject, *reason, *batch_name;
    const char *root;       /* plan_execution_id of the halt's target */
    const char *last_state; /* of this execution when it was halted */
    struct view_event *next;
};
enum err view_history(struct store *store, struct arena *arena, const struct execution *execution,
                      struct view_page *page, struct view_event **ret) MUST_CHECK;
/* With halt_id, only those that this halt made STALE. reservation.data is that of HUMAN_TASKs only.
 */
enum err view_reservations(struct store *store, struct arena *arena,
                           const struct execution *execution, int64_t halt_id,
                           struct view_page *page, struct reservation **ret) MUST_CHECK;
struct view_evidence {
    int64_t reservation_id, halt_id, received_at;
    const char *kind, *subject, *body;
    struct view_evidence *next;
};
enum err view_evidence(struct store *store, struct arena *arena, const struct execution *execution,
                       struct view_page *page, struct view_evidence **ret) MUST_CHECK;

/* ---- views_lists.c: what belongs to an operator ---- */
struct view_plan {
    const char *plan_id;
    int64_t plan_version, created_at, updated_at;
    struct view_plan *next;
};
enum err view_plans(struct store *store, struct arena *arena, struct view_page *page,
                    struct view_plan **ret) MUST_CHECK;
struct view_waiter {
    const char *plan_execution_id;
    struct view_waiter *next;
};
struct view_lock {
    const char *name, *holder; /* plan_execution_id; null: free */
    int64_t fence, waiter_count;
    struct view_waiter *waiters; /* in order, the first LIMIT_PAGE_ITEMS */
    struct view_lock *next;
};
enum err view_locks(struct store *store, struct arena *arena, struct view_page *page,
                    struct view_lock **ret) MUST_CHECK;
struct view_human_task {
    int64_t root_id, execution_id, reservation_id, created_at;
    const char *plan_execution_id, *state, *input;
    struct view_human_task *next;
};
/* Those that wait for an answer, oldest first. */
enum err view_human_tasks(struct store *store, struct arena *arena, struct view_page *page,
                          struct view_human_task **ret) MUST_CHECK;

/* Of the files above: counts a row's text into the page, and copies it. */
const char *view_text(struct arena *arena, struct view_page *page, const struct sql_rows *rows,
                      int column);
bool view_is_full(const struct view_page *page, int64_t count);

#endif
