/*
 * evidences.c - what came too late for something halted.
 */
#include "store/evidences.h"

#include "store/reservations.h"

SQL_QUERY(
    evidence_insert,
    "INSERT INTO evidence (root_id, execution_id, reservation_id, kind, operator_name, halt_id,"
    " subject, received_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    " ON CONFLICT (root_id, execution_id, reservation_id, kind) DO NOTHING");
SQL_QUERY(evidence_set_quiet,
          "UPDATE halt_in_flight SET quiet_at = ?5 WHERE root_id = ?1 AND halt_id = ?2"
          " AND execution_id = ?3 AND reservation_id = ?4 AND quiet_at IS NULL");

enum err evidence_add(struct store *store, const struct reservation *r, const char *kind,
                      const char *subject, const char *body, int64_t now_ms)
{
    return sql_run(store->sql, &evidence_insert,
                   SQL_ARGS(SQL_INT(r->root_id), SQL_INT(r->execution_id),
                            SQL_INT(r->reservation_id), SQL_TEXT(kind), SQL_TEXT(r->operator_name),
                            SQL_INT(r->halt_id), SQL_TEXT(subject), SQL_INT(now_ms),
                            SQL_TEXT(body)),
                   NULL);
}

enum err evidence_quiet(struct store *store, const struct reservation *r, int64_t now_ms)
{
    return sql_run(store->sql, &evidence_set_quiet,
                   SQL_ARGS(SQL_INT(r->root_id), SQL_INT(r->halt_id), SQL_INT(r->execution_id),
                            SQL_INT(r->reservation_id), SQL_INT(now_ms)),
                   NULL);
}
