/*
 * put_plan.c - a plan definition becomes a numbered version.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/plans.h"

static const char *put_plan_digest(struct arena *arena, const struct json *definition)
{
    struct buf buf;
    char text[SHA256_TEXT_BYTES];

    buf_init(&buf, arena, 4L * LIMIT_DEFINITION_BYTES);
    json_print_canonical(&buf, definition);
    sha256_text(buf.data, buf.len, text);
    return arena_string(arena, text);
}

static enum err put_plan_refuse(struct engine *engine, const struct asl_problems *problems,
                                struct fault *reterr)
{
    struct arena *arena = engine->arena;
    struct json *members = json_object(arena), *list = json_array(arena);
    enum err err;

    for (size_t i = 0; i < problems->count; i++) {
        struct json *one = json_object(arena);

        json_add(
            arena, one, "pointer",
            json_string(arena, arena_printf(arena, "/definition%s", problems->list[i].pointer)));
        json_add(arena, one, "rule", json_string(arena, problems->list[i].rule));
        json_add(arena, one, "message", json_string(arena, problems->list[i].message));
        json_push(arena, list, one);
    }
    json_add(arena, members, "problems", list);
    err = fault_set(reterr, arena, ERR_INVALID_REQUEST,
                    arena_printf(arena, "/definition%s", problems->list[0].pointer), "%s",
                    problems->list[0].message);
    reterr->members = members;
    return err;
}

enum err engine_put_plan(struct engine *engine, const struct actor *actor,
                         const struct put_plan *req, struct put_plan_answer *ret,
                         struct fault *reterr)
{
    struct arena *arena = engine->arena;
    const struct asl_plan *plan;
    struct asl_problems problems;
    struct plan_row last = {0}, row = {.plan_id = req->plan_id};
    enum err err = asl_parse(arena, req->definition, &plan, &problems);

    if (err == ERR_INVALID_REQUEST)
        return put_plan_refuse(engine, &problems, reterr);
    if (err)
        return err;
    row.digest = put_plan_digest(arena, req->definition);
    err = plans_load(engine->store, arena, actor->operator_name, req->plan_id, 0, &last);
    if (err && err != ERR_PLAN_NOT_FOUND)
        return err;
    /* Only the latest counts: putting an older definition again makes it the latest. */
    if (!err && strcmp(last.digest, row.digest) == 0) {
        *ret = (struct put_plan_answer){last.plan_version, false};
        return ERR_OK;
    }
    row.plan_version = last.plan_version + 1;
    row.created_at = engine_now(engine);
    row.definition = json_text(arena, req->definition);
    err = plans_insert_version(engine->store, actor->operator_name, actor->subject, &row);
    if (!err)
        *ret = (struct put_plan_answer){row.plan_version, true};
    return err;
}
