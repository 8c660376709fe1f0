/*
 * store.c - migrations: numbered, embedded in the binary, forward only.
 */
#include "store/store.h"

#include <string.h>

#include "base/arena.h"
#include "base/log.h"

/* The text of a schema file lands in .rodata as it is; the assembler reads it at build time. */
#define SCHEMA(symbol, path)                                                                       \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #symbol "\n"                                                                \
            ".type " #symbol ", @object\n" #symbol ":\n"                                           \
            ".incbin \"" SCHEMA_DIR "/" path "\"\n"                                                \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char symbol[]

SCHEMA(schema_sqlite_0001_start, "sqlite/0001_start.sql");
SCHEMA(schema_sqlite_0002_states_language, "sqlite/0002_states_language.sql");
SCHEMA(schema_sqlite_0003_cluster, "sqlite/0003_cluster.sql");
SCHEMA(schema_postgres_0001_start, "postgres/0001_start.sql");
SCHEMA(schema_postgres_0002_states_language, "postgres/0002_states_language.sql");
SCHEMA(schema_postgres_0003_cluster, "postgres/0003_cluster.sql");

void store_begin(struct store *store, bool may_wait)
{
    store->may_wait = may_wait;
    store->is_alone = may_wait;
    store->ahead = NULL;
    store->lock_mark[0] = '\0';
}

struct migration {
    int64_t number;
    const char *name;
    const char *sqlite, *postgres;
};

#define MIGRATION(number, file)                                                                    \
    {                                                                                              \
        number, #file, schema_sqlite_000##number##_##file, schema_postgres_000##number##_##file    \
    }
static const struct migration store_migrations[] = {
    MIGRATION(1, start),
    MIGRATION(2, states_language),
    MIGRATION(3, cluster),
};
#undef MIGRATION

SQL_QUERY_SQLITE(migrations_exist_in_file, "SELECT count(*) FROM sqlite_master"
                                           " WHERE type = 'table' AND name = 'migrations'");
SQL_QUERY_POSTGRES(migrations_exist, "SELECT count(*) FROM pg_tables"
                                     " WHERE schemaname = current_schema()"
                                     " AND tablename = 'migrations'");
/* Several nodes may start at once: the second finds the work done. */
SQL_QUERY_POSTGRES(migrations_lock_timeout, "SELECT set_config('lock_timeout', '60s', true)");
SQL_QUERY_POSTGRES(migrations_lock,
                   "SELECT pg_advisory_xact_lock(7117, hashtext(current_schema()::text))");
SQL_QUERY(migrations_last, "SELECT max(number) FROM migrations");
SQL_QUERY(migrations_add, "INSERT INTO migrations (number, name, applied_at) VALUES (?1, ?2, ?3)");

/* The number of the schema that is there; 0: none. */
static enum err store_schema(struct sql *sql, int64_t *ret)
{
    bool shared = sql_is_shared(sql);
    int64_t exists, last = 0;
    enum err err = sql_select_int(sql, shared ? &migrations_exist : &migrations_exist_in_file,
                                  SQL_NO_ARGS, 0, &exists);

    if (!err && exists)
        err = sql_select_int(sql, &migrations_last, SQL_NO_ARGS, 0, &last);
    if (!err)
        *ret = last;
    return err;
}

static enum err store_migrate_one(struct sql *sql, const struct migration *migration,
                                  int64_t now_ms)
{
    enum err err = sql_script(sql, sql_is_shared(sql) ? migration->postgres : migration->sqlite);

    if (err)
        return err;
    return sql_run(sql, &migrations_add,
                   SQL_ARGS(SQL_INT(migration->number), SQL_TEXT(migration->name), SQL_INT(now_ms)),
                   NULL);
}

static enum err store_take_schema(struct sql *sql)
{
    int64_t nothing;
    enum err err;

    if (!sql_is_shared(sql))
        return ERR_OK;
    err = sql_select_int(sql, &migrations_lock_timeout, SQL_NO_ARGS, 0, &nothing);
    return err ? err : sql_select_int(sql, &migrations_lock, SQL_NO_ARGS, 0, &nothing);
}

/* All that is missing, in one transaction: looked at again where nobody else can be at it. */
static enum err store_migrate_rest(struct sql *sql, int64_t now_ms)
{
    int64_t last = 0;
    enum err err = store_take_schema(sql);

    if (!err)
        err = store_schema(sql, &last);
    for (size_t i = 0; i < ARRAY_SIZE(store_migrations) && !err; i++) {
        if (store_migrations[i].number > last)
            err = store_migrate_one(sql, &store_migrations[i], now_ms);
    }
    return err;
}

enum err store_migrate(struct sql *sql, int64_t now_ms)
{
    int64_t newest = store_migrations[ARRAY_SIZE(store_migrations) - 1].number, last;
    enum err err = store_schema(sql, &last);

    if (err || last == newest)
        return err;
    if (last > newest) {
        log_error("store.newer",
                  "the store has schema %lld, this program knows %lld: use a newer fermata",
                  (long long)last, (long long)newest);
        return ERR_STORAGE_CORRUPT;
    }
    err = sql_begin(sql);
    if (err)
        return err;
    err = store_migrate_rest(sql, now_ms);
    if (err) {
        sql_rollback(sql);
        return err;
    }
    return sql_commit(sql);
}

SQL_QUERY_POSTGRES(store_space_name, "SELECT current_database() || '.' || current_schema()");

enum err store_space(struct sql *sql, struct arena *arena, const char **ret)
{
    const char *space = NULL;
    struct sql_rows rows;
    enum err err = sql_select(sql, &store_space_name, SQL_NO_ARGS, &rows);

    if (err)
        return err;
    if (sql_next(&rows))
        space = sql_text_copy(arena, &rows, 0);
    err = sql_end(&rows);
    if (!err && !space)
        err = ERR_STATEMENT_FAILED; /* the search_path names no schema that is there */
    if (!err)
        *ret = space;
    return err;
}

SQL_QUERY_POSTGRES(store_catalog_lock, "SELECT pg_advisory_xact_lock(7119, hashtext(?1))");

enum err store_take_catalog(struct store *store, const char *operator_name)
{
    int64_t nothing;

    if (!sql_is_shared(store->sql))
        return ERR_OK;
    return sql_select_int(store->sql, &store_catalog_lock, SQL_ARGS(SQL_TEXT(operator_name)), 0,
                          &nothing);
}
