/*
 * sql_postgres_error.c - PostgreSQL's SQLSTATEs in our words.
 */
#include <string.h>

#include "base/log.h"
#include "sql/sql_postgres_priv.h"

/*
 * The first row that a state begins with counts (PostgreSQL 15, appendix A); what is not listed is
 * ERR_STATEMENT_FAILED. Lost is also what makes another connection the cure: a server that goes
 * down, and one that is no longer a primary.
 */
static const struct {
    const char *state;
    enum err err;
} postgres_errors[] = {
    {"08",    ERR_STORAGE_LOST      }, /* connection exceptions */
    {"23",    ERR_STORAGE_CONSTRAINT},
    {"25006", ERR_STORAGE_LOST      }, /* read_only_sql_transaction: it
  was demoted */
    {"25P03", ERR_STORAGE_LOST      }, /* idle_in_transaction_session_timeout */
    {"25P02", ERR_STORAGE_BUSY      }, /* in_failed_sql_transaction */
    {"40",    ERR_STORAGE_BUSY      }, /* serialization_failure, deadlock_detected */
    {"53100", ERR_STORAGE_FULL      }, /* disk_full */
    {"53300", ERR_STORAGE_LOST      }, /* too_many_connections */
    {"53",    ERR_STORAGE_BUSY      }, /* insufficient resources */
    {"55P03", ERR_STORAGE_BUSY      }, /* lock_not_available */
    {"55006", ERR_STORAGE_BUSY      }, /* object_in_use */
    {"57014", ERR_STORAGE_BUSY      }, /* query_canceled */
    {"57P",   ERR_STORAGE_LOST      }, /* admin_shutdown, crash_shutdown, cannot_connect_now */
    {"58030", ERR_STORAGE_IO        },
    {"58",    ERR_STORAGE_IO        },
    {"XX001", ERR_STORAGE_CORRUPT   },
    {"XX002", ERR_STORAGE_CORRUPT   },
};

static enum err postgres_error(const char *state)
{
    for (size_t i = 0; i < ARRAY_SIZE(postgres_errors); i++) {
        if (strncmp(state, postgres_errors[i].state, strlen(postgres_errors[i].state)) == 0)
            return postgres_errors[i].err;
    }
    return ERR_STATEMENT_FAILED;
}

/* Libpq ends its messages with a line break. */
static int postgres_line(const char *message)
{
    return (int)strcspn(message, "\n");
}

enum err postgres_lost(struct postgres *p, const char *why)
{
    if (!p->is_quiet)
        log_warn("sql.lost", "the connection to PostgreSQL is lost: %.*s", postgres_line(why), why);
    p->is_quiet = true;
    postgres_disconnect(p);
    return ERR_STORAGE_LOST;
}

enum err postgres_failed(struct postgres *p, const char *name, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    enum err err;

    if (!message)
        message = PQresultErrorMessage(result);
    /* Without a state it comes from libpq, not from the server: nothing more will come. */
    err = state ? postgres_error(state) : ERR_STORAGE_LOST;
    if (err == ERR_STORAGE_LOST)
        return postgres_lost(p, message);
    if (err != ERR_STORAGE_CONSTRAINT)
        log_line(err == ERR_STORAGE_BUSY ? LOG_WARN : LOG_ERROR, "sql.failed", "%s: %.*s (%s, %s)",
                 name, postgres_line(message), message, err_code(err), state);
    return err;
}
