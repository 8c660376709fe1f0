/*
 * store.c - migrations: numbered, embedded in the binary, forward only.
 */
#include "store/store.h"

#include <string.h>

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

struct migration {
    int64_t number;
    const char *name;
    const char *text;
};

static const struct migration store_migrations[] = {
    {1, "start",           schema_sqlite_0001_start          },
    {2, "states_language", schema_sqlite_0002_states_language},
};

SQL_QUERY(migrations_exist,
          "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migrations'");
SQL_QUERY(migrations_last, "SELECT max(number) FROM migrations");
SQL_QUERY(migrations_add, "INSERT INTO migrations (number, name, applied_at) VALUES (?1, ?2, ?3)");

static enum err store_migrate_one(struct sql *sql, const struct migration *migration,
                                  int64_t now_ms)
{
    enum err err = sql_begin(sql);

    if (err)
        return err;
    err = sql_script(sql, migration->text);
    if (!err)
        err = sql_run(
            sql, &migrations_add,
            SQL_ARGS(SQL_INT(migration->number), SQL_TEXT(migration->name), SQL_INT(now_ms)), NULL);
    if (err) {
        sql_rollback(sql);
        return err;
    }
    return sql_commit(sql);
}

enum err store_migrate(struct sql *sql, int64_t now_ms)
{
    int64_t exists, last = 0;
    enum err err = sql_select_int(sql, &migrations_exist, SQL_NO_ARGS, 0, &exists);

    if (!err && exists)
        err = sql_select_int(sql, &migrations_last, SQL_NO_ARGS, 0, &last);
    if (err)
        return err;
    if (last > store_migrations[ARRAY_SIZE(store_migrations) - 1].number) {
        log_error("store.newer",
                  "the store has schema %lld, this program knows %lld: use a newer fermata",
                  (long long)last,
                  (long long)store_migrations[ARRAY_SIZE(store_migrations) - 1].number);
        return ERR_STORAGE_CORRUPT;
    }
    for (size_t i = 0; i < ARRAY_SIZE(store_migrations) && !err; i++) {
        if (store_migrations[i].number > last)
            err = store_migrate_one(sql, &store_migrations[i], now_ms);
    }
    return err;
}
