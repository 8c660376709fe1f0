/*
 * read_common.h - what all GET handlers do: a snapshot, the execution of the path, a page, an
 * answer.
 */
#ifndef FERMATA_API_READ_COMMON_H
#define FERMATA_API_READ_COMMON_H

#include "api/api_priv.h"
#include "engine/views_read.h"

struct read {
    struct call *call;
    struct store store;
    struct view_page page;
    bool is_open;
};

enum err read_begin(struct call *call, struct read *ret) MUST_CHECK;
/* The execution of the path's {id}: ERR_EXECUTION_NOT_FOUND, also for another operator's. */
enum err read_find(struct read *read, struct execution *ret) MUST_CHECK;
/* limit and cursor of the query; _by_name for lists in name order. */
enum err read_page(struct read *read) MUST_CHECK;
enum err read_page_by_name(struct read *read) MUST_CHECK;
/* Ends the snapshot and answers: the body, or the error. */
void read_end(struct read *read, enum err err, const struct json *body);
/* A human task's id: where it lies. */
const struct json *read_human_task_id(struct arena *arena, int64_t root_id, int64_t execution_id,
                                      int64_t reservation_id);
/* The same for {name: list, "next_cursor": ...}. */
void read_end_page(struct read *read, enum err err, const char *name, const struct json *list);
void read_end_page_by_name(struct read *read, enum err err, const char *name,
                           const struct json *list);

#endif
