/*
 * put_plan.c - a plan definition becomes a numbered version.
 */
#include "engine/engine_priv.h"

#include <string.h>

#include "engine/machine.h"

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
    const struct machine_spec spec = {.plan_id = req->plan_id, .definition = req->definition};
    struct asl_problems problems;
    struct machine_row row;
    bool is_there;
    enum err err = asl_parse(arena, req->definition, &plan, &problems);

    if (err == ERR_INVALID_REQUEST)
        return put_plan_refuse(engine, &problems, reterr);
    if (err)
        return err;
    err = store_take_catalog(engine->store, actor->operator_name);
    if (!err)
        err = machines_load(engine->store, arena, actor->operator_name, req->plan_id, 0, &row);
    if (err && err != ERR_PLAN_NOT_FOUND)
        return err;
    is_there = !err && !row.is_deleting;
    /* Only the latest counts: putting an older definition again makes it the latest. What it means
     * is compared: this API takes definitions as values, not as texts. */
    if (is_there && strcmp(row.digest, machine_digest(arena, req->definition)) == 0) {
        *ret = (struct put_plan_answer){row.plan_version, false};
        return ERR_OK;
    }
    err = is_there ? machine_revise(engine, actor, &spec, &row)
                   : machine_create(engine, actor, &spec, &row);
    if (!err)
        *ret = (struct put_plan_answer){row.plan_version, true};
    return err;
}
