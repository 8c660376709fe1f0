/*
 * schedules.h - what a schedule beside the store asks it: what there is to fall due, and whether an
 * entry still means something. Of a shared store.
 */
#ifndef FERMATA_STORE_SCHEDULES_H
#define FERMATA_STORE_SCHEDULES_H

#include "store/store.h"

struct arena;

struct schedule_row {
    int64_t root_id, execution_id, reservation_id, epoch, due_at;
};
struct schedule_rows {
    struct schedule_row *list;
    size_t count;
};

/* FRESH reservations with a due time that have not arrived, in the order of due times, then of
 * keys: the first `most` behind `after` (all zero: from the start). */
enum err schedules_page(struct store *store, struct arena *arena, const struct schedule_row *after,
                        int64_t most, struct schedule_rows *ret) MUST_CHECK;
/* The scheduled ones that a halt made STALE, in the order of their keys. */
enum err schedules_of_halt(struct store *store, struct arena *arena, int64_t halt_id,
                           const struct schedule_row *after, int64_t most,
                           struct schedule_rows *ret) MUST_CHECK;
/* ret[i] tells whether rows[i] is still to fall due, under its epoch. */
enum err schedules_check(struct store *store, struct arena *arena, const struct schedule_row *rows,
                         size_t count, bool *ret) MUST_CHECK;

#endif
