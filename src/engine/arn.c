/*
 * arn.c - the names that AWS's world has for our things.
 */
#include "engine/arn.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { ARN_PART_BYTES = 4096 };

static const char arn_hex[] = "0123456789ABCDEF";

static const char *arn_encode(struct arena *arena, const char *text)
{
    struct buf buf;

    if (!strpbrk(text, ":/%"))
        return text;
    buf_init(&buf, arena, ARN_PART_BYTES);
    for (; *text; text++) {
        if (strchr(":/%", *text))
            buf_printf(&buf, "%%%c%c", arn_hex[(unsigned char)*text >> 4],
                       arn_hex[(unsigned char)*text & 15]);
        else
            buf_char(&buf, *text);
    }
    return buf.data;
}

static int arn_nibble(char c)
{
    const char *at = c ? strchr(arn_hex, c) : NULL;

    return at ? (int)(at - arn_hex) : -1;
}

const char *arn_decode(struct arena *arena, const char *text, size_t len)
{
    char *out = arena_alloc(arena, len + 1), *to = out;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && arn_nibble(text[i + 1]) >= 0 &&
            arn_nibble(text[i + 2]) >= 0) {
            *to++ =
                (char)((unsigned)arn_nibble(text[i + 1]) << 4 | (unsigned)arn_nibble(text[i + 2]));
            i += 2;
        } else {
            *to++ = text[i];
        }
    }
    *to = '\0';
    return out;
}

static const char *arn_of(struct arena *arena, const struct arn_place *place, const char *rest)
{
    return arena_printf(arena, "arn:aws:states:%s:%s:%s", place->region, place->account, rest);
}

const char *arn_machine(struct arena *arena, const struct arn_place *place, const char *plan_id)
{
    return arn_of(arena, place, arena_printf(arena, "stateMachine:%s", arn_encode(arena, plan_id)));
}

const char *arn_execution_name(struct arena *arena, const char *plan_id,
                               const char *plan_execution_id)
{
    size_t len = strlen(plan_id);
    const char *rest = plan_execution_id + len, *colon;

    (void)arena;
    if (strncmp(plan_execution_id, plan_id, len) != 0)
        return plan_execution_id;
    if (*rest == ':' && rest[1])
        return rest + 1;
    colon = *rest == '/' ? strchr(rest, ':') : NULL;
    return colon && colon[1] ? colon + 1 : plan_execution_id;
}

const char *arn_execution(struct arena *arena, const struct arn_place *place, const char *plan_id,
                          const char *plan_execution_id)
{
    const char *name = arn_execution_name(arena, plan_id, plan_execution_id), *label = "";
    size_t len = strlen(plan_id);

    /* "/LABEL" of a Map Run's child stands between the two. */
    if (name != plan_execution_id && plan_execution_id[len] == '/')
        label = arena_string_n(arena, plan_execution_id + len,
                               (size_t)(name - plan_execution_id) - len - 1);
    return arn_of(arena, place,
                  arena_printf(arena, "execution:%s%s:%s", arn_encode(arena, plan_id), label,
                               arn_encode(arena, name)));
}

const char *arn_express(struct arena *arena, const struct arn_place *place, const char *plan_id,
                        const char *plan_execution_id)
{
    return arn_of(arena, place,
                  arena_printf(arena, "express:%s:%s", arn_encode(arena, plan_id),
                               arn_execution_name(arena, plan_id, plan_execution_id)));
}

const char *arn_express_name(struct arena *arena, const char *plan_id,
                             const char *plan_execution_id)
{
    const char *name = arn_execution_name(arena, plan_id, plan_execution_id);
    const char *colon = strrchr(name, ':');

    return colon ? arena_string_n(arena, name, (size_t)(colon - name)) : name;
}

const char *arn_activity(struct arena *arena, const struct arn_place *place, const char *name)
{
    return arn_of(arena, place, arena_printf(arena, "activity:%s", name));
}

const char *arn_map_run(struct arena *arena, const struct arn_place *place, const char *plan_id,
                        const char *label, const char *name)
{
    return arn_of(arena, place,
                  arena_printf(arena, "mapRun:%s/%s:%s", arn_encode(arena, plan_id), label, name));
}

const char *arn_role(struct arena *arena, const struct arn_place *place)
{
    return arena_printf(arena, "arn:aws:iam::%s:role/fermata", place->account);
}

const char *arn_execution_id(struct arena *arena, const char *plan_id, const char *name)
{
    return arena_printf(arena, "%s:%s", plan_id, name);
}

const char *arn_express_id(struct arena *arena, const char *plan_id, const char *name,
                           const char *uuid)
{
    return arena_printf(arena, "%s:%s:%s", plan_id, name, uuid);
}

/* What follows "arn:partition:states:region:account:stateMachine:", or null. */
static const char *arn_machine_part(const char *text)
{
    static const char kind[] = "stateMachine:";

    if (strncmp(text, "arn:", 4) != 0)
        return NULL;
    for (int colons = 0; colons < 5; colons++) {
        text = strchr(text, ':');
        if (!text)
            return NULL;
        text++;
        if (colons == 1 && strncmp(text, "states:", 7) != 0)
            return NULL;
    }
    return strncmp(text, kind, sizeof(kind) - 1) == 0 ? text + sizeof(kind) - 1 : NULL;
}

bool arn_parse_machine(struct arena *arena, const char *text, struct arn_machine_ref *ret)
{
    const char *part = arn_machine_part(text), *colon, *qualifier;

    if (!part || !*part || strchr(part, '/'))
        return false;
    *ret = (struct arn_machine_ref){0};
    colon = strchr(part, ':');
    if (!colon) {
        ret->plan_id = arn_decode(arena, part, strlen(part));
        return true;
    }
    qualifier = colon + 1;
    ret->plan_id = arn_decode(arena, part, (size_t)(colon - part));
    if (!*qualifier || colon == part || strchr(qualifier, ':'))
        return false;
    if (qualifier[strspn(qualifier, "0123456789")] == '\0' && strlen(qualifier) < 10)
        ret->version = strtoll(qualifier, NULL, 10);
    else
        ret->alias = arena_string(arena, qualifier);
    return ret->version > 0 || ret->alias;
}
