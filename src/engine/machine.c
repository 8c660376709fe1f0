/*
 * machine.c - revisions of state machines: what makes a new one.
 */
#include "engine/machine.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "engine/engine_priv.h"

const char *machine_digest(struct arena *arena, const struct json *definition)
{
    struct buf buf;
    char text[SHA256_TEXT_BYTES];

    buf_init(&buf, arena, BUF_BYTES_OWN);
    json_print_canonical(&buf, definition);
    sha256_text(buf.data, buf.len, text);
    return arena_string(arena, text);
}

bool machine_has_definition(struct arena *arena, const struct machine_row *row,
                            const struct machine_spec *spec)
{
    if (spec->text && row->role_arn)
        return strcmp(spec->text, row->definition) == 0;
    return strcmp(machine_digest(arena, spec->definition), row->digest) == 0;
}

/* What spec brings replaces what the row has. */
static void machine_apply(struct engine *engine, const struct machine_spec *spec,
                          struct machine_row *row)
{
    struct arena *arena = engine->arena;

    if (spec->definition) {
        row->printed = json_text(arena, spec->definition);
        row->definition = spec->text ? spec->text : row->printed;
        row->digest = machine_digest(arena, spec->definition);
    }
    if (spec->role_arn)
        row->role_arn = spec->role_arn;
    if (spec->configuration)
        row->configuration = spec->configuration;
    row->version_created_at = engine_now(engine);
    row->latest_version = ++row->plan_version;
}

enum err machine_create(struct engine *engine, const struct actor *actor,
                        const struct machine_spec *spec, struct machine_row *ret)
{
    struct machine_row row = {
        .plan_id = spec->plan_id,
        .type = spec->type ? spec->type : "STANDARD",
    };
    /* Executions of a deleted plan keep their versions: its numbers are never given again. */
    enum err err = machines_last_version(engine->store, actor->operator_name, spec->plan_id,
                                         &row.plan_version);

    CHECK(spec->definition);
    if (err)
        return err;
    machine_apply(engine, spec, &row);
    row.created_at = row.version_created_at;
    err = machines_insert_version(engine->store, actor->operator_name, actor->subject, &row);
    if (!err)
        *ret = row;
    return err;
}

enum err machine_revise(struct engine *engine, const struct actor *actor,
                        const struct machine_spec *spec, struct machine_row *row)
{
    CHECK(row->plan_version == row->latest_version);
    machine_apply(engine, spec, row);
    row->revision = engine_uuid(engine);
    return machines_insert_version(engine->store, actor->operator_name, actor->subject, row);
}
