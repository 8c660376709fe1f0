/*
 * sql_postgres_connect.c - a connection to the primary, with the settings that exactness needs.
 *
 * A dead server is noticed by the kernel (tcp_user_timeout, keepalives) or by POSTGRES_ANSWER_MS; a
 * dead client by the server (client_connection_check_interval,
 * idle_in_transaction_session_timeout), so that its locks do not outlive it. There is no
 * statement_timeout on a writer: one that struck while a commit waits for the standby would let the
 * commit stand unreplicated.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "sql/sql_postgres_priv.h"

enum { POSTGRES_VERSION_LEAST = 140000 };

/* What the URL says itself comes later and wins. */
static const char *const postgres_words[] = {
    "connect_timeout",  "tcp_user_timeout",
    "keepalives_idle",  "keepalives_interval",
    "keepalives_count", "target_session_attrs",
    "application_name", "dbname",
    "client_encoding",  NULL,
};
enum { POSTGRES_WORD_URL = 7, POSTGRES_WORDS = ARRAY_SIZE(postgres_words) };

/* synchronous_commit: whoever has switched it off for the cluster did not mean this database. */
static const char postgres_settings[] =
    "SET lock_timeout = '1s'; SET idle_in_transaction_session_timeout = '10s';"
    " SET client_connection_check_interval = '2s'; SET jit = off;"
    " SET statement_timeout = 0; SET client_min_messages = warning;"
    " SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')";
static const char postgres_reader_settings[] = "SET default_transaction_read_only = on;"
                                               " SET statement_timeout = '60s'";
static const char postgres_facts[] =
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),"
    " current_setting('fsync'), current_setting('full_page_writes')";

void postgres_disconnect(struct postgres *p)
{
    PQfinish(p->conn);
    p->conn = NULL;
    p->sent_first = 0;
    p->sent_count = 0;
    p->in_transaction = false;
    p->failed = ERR_OK;
}

static void postgres_forget(void *value)
{
    struct postgres_statement *statement = value;

    statement->is_prepared = false;
}

/* A new connection knows none of the statements. */
static void postgres_forget_prepared(struct postgres *p)
{
    for (size_t i = 0; i < p->statements.size; i++) {
        if (p->statements.entries[i].query)
            postgres_forget(p->statements.entries[i].value);
    }
}

/* A notice is a warning of the server's about our own SQL: into the log, not to standard error. */
static void postgres_notice(void *user, const char *message)
{
    (void)user;
    log_warn("sql.notice", "%.*s", (int)strcspn(message, "\n"), message);
}

static enum err postgres_command(struct postgres *p, const char *text, PGresult **ret)
{
    PGresult *result = PQexec(p->conn, text);
    ExecStatusType status = PQresultStatus(result);
    enum err err = ERR_OK;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        err = postgres_failed(p, "connect", result);
    if (!err && ret)
        *ret = result;
    else
        PQclear(result);
    return err;
}

/* What no setting of ours can mend is refused, what somebody may have meant is said. */
static enum err postgres_check(struct postgres *p)
{
    PGresult *facts;
    enum err err = postgres_command(p, postgres_facts, &facts);

    if (err)
        return err;
    if (strtol(PQgetvalue(facts, 0, 0), NULL, 10) < POSTGRES_VERSION_LEAST) {
        log_error("sql.open", "PostgreSQL 14 or later is needed");
        err = ERR_STATEMENT_FAILED;
    } else if (strcmp(PQgetvalue(facts, 0, 1), "UTF8") != 0) {
        log_error("sql.open", "the database's encoding must be UTF8");
        err = ERR_STATEMENT_FAILED;
    } else if (!p->is_quiet && (strcmp(PQgetvalue(facts, 0, 2), "on") != 0 ||
                                strcmp(PQgetvalue(facts, 0, 3), "on") != 0)) {
        log_warn("sql.unsafe", "fsync or full_page_writes is off: a crash of PostgreSQL's machine"
                               " can lose what was answered");
    }
    PQclear(facts);
    return err;
}

static enum err postgres_set_up(struct postgres *p)
{
    enum err err = postgres_command(p, postgres_settings, NULL);

    if (!err && p->read_only)
        err = postgres_command(p, postgres_reader_settings, NULL);
    if (!err)
        err = postgres_check(p);
    if (err)
        return err;
    if (PQsetnonblocking(p->conn, 1) != 0 || !PQenterPipelineMode(p->conn))
        return postgres_lost(p, PQerrorMessage(p->conn));
    return ERR_OK;
}

enum err postgres_connect(struct postgres *p)
{
    const char *values[POSTGRES_WORDS] = {"5",          "5000",    "5",    "2",   "3",
                                          "read-write", "fermata", p->url, "UTF8"};
    enum err err;

    postgres_disconnect(p);
    postgres_forget_prepared(p);
    if (!sql_patience_ms(1))
        return ERR_STORAGE_LOST;
    p->conn = PQconnectdbParams(postgres_words, values, POSTGRES_WORD_URL);
    if (PQstatus(p->conn) != CONNECTION_OK)
        return postgres_lost(p, PQerrorMessage(p->conn));
    PQsetNoticeProcessor(p->conn, postgres_notice, NULL);
    err = postgres_set_up(p);
    if (err) {
        postgres_disconnect(p);
        return err;
    }
    if (p->is_quiet)
        log_info("sql.found", "connected to PostgreSQL again");
    p->is_quiet = false;
    return ERR_OK;
}
