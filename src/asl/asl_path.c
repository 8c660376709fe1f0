/*
 * asl_path.c - follows compiled paths through values, and writes values at reference paths.
 *
 * The definite beginning of a path is strict: what is not there ends the search with a reason.
 * Behind the first step that may find several values, what is not there is passed over.
 */
#include "asl/asl_path_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/limits.h"

/* Reasons are for people: long ones are cut. */
#define PATH_WHY_BYTES 4096
/* Looking a member up costs less than visiting a value: so many of them count as one. */
#define PATH_MEMBERS_PER_WORK 8

static const struct json path_empty_object = {.kind = JSON_OBJECT};

static double path_random01(void *user)
{
    uint64_t bits;

    (void)user;
    id_random(&bits, sizeof(bits));
    return (double)(bits >> 11) * 0x1p-53;
}

static void path_random_bytes(void *user, void *bytes, size_t len)
{
    (void)user;
    id_random(bytes, len);
}

void asl_scope_init(struct asl_scope *scope, struct arena *arena, const struct json *context,
                    const struct json *variables)
{
    *scope = (struct asl_scope){.arena = arena,
                                .context = context ? context : &path_empty_object,
                                .variables = variables,
                                .random01 = path_random01,
                                .random_bytes = path_random_bytes,
                                .work = ASL_WORK_MAX};
}

bool asl_scope_pay(struct asl_scope *scope, int64_t count)
{
    CHECK(count >= 0);
    if (scope->work < count) {
        scope->work = 0;
        return false;
    }
    scope->work -= count;
    return true;
}

static void path_print_step(struct buf *buf, const struct path_step *step)
{
    switch (step->kind) {
    case PATH_STEP_NAME:
    case PATH_STEP_NAMES:
        for (size_t i = 0; i < step->count; i++)
            buf_printf(buf, "%s'%s'", i ? "," : "[", step->names[i]);
        buf_text(buf, "]");
        break;
    case PATH_STEP_INDEX:
    case PATH_STEP_INDEXES:
        for (size_t i = 0; i < step->count; i++) {
            buf_text(buf, i ? "," : "[");
            buf_int(buf, step->indexes[i]);
        }
        buf_text(buf, "]");
        break;
    case PATH_STEP_SLICE:
        buf_text(buf, "[");
        if (step->has_from)
            buf_int(buf, step->indexes[0]);
        buf_text(buf, ":");
        if (step->has_to)
            buf_int(buf, step->indexes[1]);
        buf_text(buf, "]");
        break;
    case PATH_STEP_ALL:
        buf_text(buf, "[*]");
        break;
    case PATH_STEP_SCAN:
        buf_text(buf, "..");
        break;
    case PATH_STEP_FILTER:
        buf_text(buf, "[?]");
        break;
    }
}

/* The first `count` steps in the normal form, such as $['a'][0]. */
static const char *path_print(struct arena *arena, const struct asl_path *path, size_t count)
{
    struct buf buf;

    buf_init(&buf, arena, PATH_WHY_BYTES);
    buf_printf(&buf, "$%s", path->variable ? path->variable : "");
    for (size_t i = 0; i < count; i++)
        path_print_step(&buf, &path->steps[i]);
    return buf.data;
}

/* Why step i cannot be taken from `value`; the words are Jayway's, for users who know them. */
static const char *path_why(struct arena *arena, const struct asl_path *path, size_t i,
                            const struct json *value)
{
    const struct path_step *step = &path->steps[i];
    bool by_name = step->kind == PATH_STEP_NAME || step->kind == PATH_STEP_NAMES;
    struct buf buf;

    buf_init(&buf, arena, PATH_WHY_BYTES);
    if (by_name && value->kind != JSON_OBJECT) {
        buf_text(&buf, "Expected to find an object with property ");
        path_print_step(&buf, step);
        buf_printf(&buf, " in path %s but found %s", path_print(arena, path, i),
                   json_kind_name(value->kind));
    } else if (by_name && i + 1 < path->step_count) {
        buf_printf(&buf, "Missing property in path %s", path_print(arena, path, i + 1));
    } else if (!by_name && value->kind == JSON_NULL) {
        buf_printf(&buf, "The path %s is null", path_print(arena, path, i));
    } else if (!by_name && value->kind != JSON_ARRAY) {
        buf_text(&buf, "Filter: ");
        path_print_step(&buf, step);
        buf_printf(&buf, " can only be applied to arrays. Current context is %s",
                   json_kind_name(value->kind));
    } else {
        buf_printf(&buf, "No results for path: %s", path_print(arena, path, path->step_count));
    }
    return buf.data;
}

static const struct json *path_member(struct asl_scope *scope, const struct json *value,
                                      const char *name)
{
    if (value->kind != JSON_OBJECT)
        return NULL;
    if (!asl_scope_pay(scope, 1 + value->count / PATH_MEMBERS_PER_WORK))
        return NULL;
    return json_get(value, name);
}

static const struct json *path_item(struct asl_scope *scope, const struct json *value,
                                    int64_t index)
{
    if (!asl_scope_pay(scope, 1) || value->kind != JSON_ARRAY)
        return NULL;
    if (index < 0)
        index += value->count;
    return index >= 0 && index < (int64_t)value->count ? value->items[index] : NULL;
}

/* ['a','b'] at the end of a path: one object of those that are there. */
static const struct json *path_members(struct asl_scope *scope, const struct json *value,
                                       const struct path_step *step)
{
    struct json *object;

    if (value->kind != JSON_OBJECT)
        return NULL;
    object = json_object(scope->arena);
    for (size_t i = 0; i < step->count; i++) {
        const struct json *member = path_member(scope, value, step->names[i]);

        if (member)
            json_set(scope->arena, object, step->names[i], member);
    }
    return object;
}

/* A step that leads to one place; null when nothing is there. */
static const struct json *path_follow(struct asl_scope *scope, const struct path_step *step,
                                      const struct json *value)
{
    if (step->kind == PATH_STEP_NAME)
        return path_member(scope, value, step->names[0]);
    if (step->kind == PATH_STEP_INDEX)
        return path_item(scope, value, step->indexes[0]);
    return path_members(scope, value, step);
}

struct path_walk {
    struct asl_scope *scope;
    const struct asl_path *path;
    struct json *found; /* an array */
};

/* False when the work is used up. */
static bool path_walk(struct path_walk *walk, size_t i, const struct json *value);

static bool path_walk_children(struct path_walk *walk, size_t i, const struct json *value)
{
    bool ok = true;

    if (value->kind == JSON_OBJECT) {
        for (uint32_t n = 0; ok && n < value->count; n++)
            ok = path_walk(walk, i, value->members[n].value);
    } else if (value->kind == JSON_ARRAY) {
        for (uint32_t n = 0; ok && n < value->count; n++)
            ok = path_walk(walk, i, value->items[n]);
    }
    return ok;
}

static bool path_walk_filter(struct path_walk *walk, size_t i, const struct json *value)
{
    const struct path_filter *filter = walk->path->steps[i].filter;
    bool ok = true;

    if (value->kind == JSON_OBJECT && path_filter_accepts(walk->scope, filter, value))
        return path_walk(walk, i + 1, value);
    if (value->kind != JSON_ARRAY)
        return walk->scope->work > 0;
    for (uint32_t n = 0; ok && n < value->count; n++) {
        if (path_filter_accepts(walk->scope, filter, value->items[n]))
            ok = path_walk(walk, i + 1, value->items[n]);
        ok = ok && walk->scope->work > 0;
    }
    return ok;
}

/* Behind `..` a filter meets every value once: those in arrays, too. */
static bool path_walk_scan_filter(struct path_walk *walk, size_t i, const struct json *value)
{
    if (value->kind == JSON_ARRAY)
        return true;
    if (path_filter_accepts(walk->scope, walk->path->steps[i].filter, value))
        return path_walk(walk, i + 1, value);
    return walk->scope->work > 0;
}

/* The value, then everything below it, from above and in order. Data is at most LIMIT_JSON_DEPTH
 * deep. */
static bool path_walk_scan(struct path_walk *walk, size_t i, const struct json *value)
{
    bool filter = i < walk->path->step_count && walk->path->steps[i].kind == PATH_STEP_FILTER;
    bool ok = asl_scope_pay(walk->scope, 1);

    if (ok)
        ok = filter ? path_walk_scan_filter(walk, i, value) : path_walk(walk, i, value);
    if (value->kind == JSON_OBJECT) {
        for (uint32_t n = 0; ok && n < value->count; n++)
            ok = path_walk_scan(walk, i, value->members[n].value);
    } else if (value->kind == JSON_ARRAY) {
        for (uint32_t n = 0; ok && n < value->count; n++)
            ok = path_walk_scan(walk, i, value->items[n]);
    }
    return ok;
}

static bool path_walk_union(struct path_walk *walk, size_t i, const struct json *value)
{
    const struct path_step *step = &walk->path->steps[i];
    bool ok = true;

    for (size_t n = 0; ok && n < step->count; n++) {
        const struct json *next = step->kind == PATH_STEP_NAMES
                                      ? path_member(walk->scope, value, step->names[n])
                                      : path_item(walk->scope, value, step->indexes[n]);

        if (next)
            ok = path_walk(walk, i + 1, next);
        ok = ok && walk->scope->work > 0;
    }
    return ok;
}

static int64_t path_slice_bound(bool given, int64_t bound, int64_t fallback, int64_t count)
{
    if (!given)
        return fallback;
    if (bound < 0)
        bound += count;
    return bound < 0 ? 0 : bound > count ? count : bound;
}

static bool path_walk_slice(struct path_walk *walk, size_t i, const struct json *value)
{
    const struct path_step *step = &walk->path->steps[i];
    int64_t count = value->count, from, to;
    bool ok = true;

    if (value->kind != JSON_ARRAY)
        return true;
    from = path_slice_bound(step->has_from, step->indexes[0], 0, count);
    to = path_slice_bound(step->has_to, step->indexes[1], count, count);
    for (int64_t n = from; ok && n < to; n++)
        ok = path_walk(walk, i + 1, value->items[n]);
    return ok;
}

static bool path_walk_one(struct path_walk *walk, size_t i, const struct json *value)
{
    const struct path_step *step = &walk->path->steps[i];
    const struct json *next = path_follow(walk->scope, step, value);
    bool nothing = next && step->kind == PATH_STEP_NAMES && !next->count;

    if (walk->scope->work == 0)
        return false;
    return next && !nothing ? path_walk(walk, i + 1, next) : true;
}

static bool path_walk(struct path_walk *walk, size_t i, const struct json *value)
{
    if (!asl_scope_pay(walk->scope, 1))
        return false;
    if (i == walk->path->step_count) {
        json_push(walk->scope->arena, walk->found, value);
        return true;
    }
    switch (walk->path->steps[i].kind) {
    case PATH_STEP_NAME:
    case PATH_STEP_INDEX:
        return path_walk_one(walk, i, value);
    case PATH_STEP_NAMES:
        return i + 1 == walk->path->step_count ? path_walk_one(walk, i, value)
                                               : path_walk_union(walk, i, value);
    case PATH_STEP_INDEXES:
        return path_walk_union(walk, i, value);
    case PATH_STEP_SLICE:
        return path_walk_slice(walk, i, value);
    case PATH_STEP_ALL:
        return path_walk_children(walk, i + 1, value);
    case PATH_STEP_SCAN:
        return path_walk_scan(walk, i + 1, value);
    case PATH_STEP_FILTER:
        return path_walk_filter(walk, i, value);
    }
    return true;
}

/* The first step that is not definite still minds what it meets. */
static bool path_step_fits(const struct path_step *step, const struct json *value)
{
    switch (step->kind) {
    case PATH_STEP_INDEXES:
    case PATH_STEP_SLICE:
        return value->kind == JSON_ARRAY;
    case PATH_STEP_NAMES:
        return value->kind == JSON_OBJECT;
    case PATH_STEP_FILTER:
        return value->kind == JSON_ARRAY || value->kind == JSON_OBJECT;
    default:
        return true;
    }
}

static enum asl_found path_exhausted(const char **ret_why)
{
    if (ret_why)
        *ret_why = "The path looks at more values than one evaluation may";
    return ASL_EXHAUSTED;
}

static enum asl_found path_missing(struct asl_scope *scope, const struct asl_path *path, size_t i,
                                   const struct json *value, const char **ret_why)
{
    if (scope->work == 0)
        return path_exhausted(ret_why);
    if (ret_why)
        *ret_why = path_why(scope->arena, path, i, value);
    return ASL_MISSING;
}

enum asl_found path_find_from(struct asl_scope *scope, const struct asl_path *path,
                              const struct json *root, const struct json **ret,
                              const char **ret_why)
{
    struct path_walk walk = {.scope = scope, .path = path};
    const struct json *value = root;

    for (size_t i = 0; i < path->definite; i++) {
        const struct json *next = path_follow(scope, &path->steps[i], value);

        if (!next || scope->work == 0)
            return path_missing(scope, path, i, value, ret_why);
        value = next;
    }
    if (path->definite < path->step_count) {
        if (!path_step_fits(&path->steps[path->definite], value))
            return path_missing(scope, path, path->definite, value, ret_why);
        walk.found = json_array(scope->arena);
        if (!path_walk(&walk, path->definite, value) || scope->work == 0) {
            scope->work = 0;
            return path_missing(scope, path, path->definite, value, ret_why);
        }
        value = walk.found;
    }
    *ret = value;
    return ASL_FOUND;
}

/* What a path starts from; null when its variable is not there. */
static const struct json *path_root(struct asl_scope *scope, const struct asl_path *path)
{
    if (path->variable)
        return scope->variables ? path_member(scope, scope->variables, path->variable) : NULL;
    if (path->context)
        return scope->context;
    CHECK(scope->input);
    return scope->input;
}

enum asl_found asl_path_find(struct asl_scope *scope, const struct asl_path *path,
                             const struct json **ret, const char **ret_why)
{
    const struct json *root = path_root(scope, path);
    enum asl_found found;

    if (!root && scope->work == 0)
        return path_exhausted(ret_why);
    if (!root) {
        if (ret_why)
            *ret_why = arena_printf(scope->arena, "The variable '$%s' is not set", path->variable);
        return ASL_MISSING;
    }
    found = path_find_from(scope, path, root, ret, ret_why);
    if (found != ASL_MISSING || asl_path_is_definite(path))
        return found;
    *ret = json_array(scope->arena);
    return ASL_FOUND;
}

static const struct json *path_with_item(struct arena *arena, const struct json *array,
                                         int64_t index, const struct json *item)
{
    struct json *copy = json_array(arena);

    for (uint32_t i = 0; i < array->count; i++)
        json_push(arena, copy, i == index ? item : array->items[i]);
    return copy;
}

/* What stands at step i of `into`, null when a member has yet to be made; false when it cannot be.
 */
static bool path_put_find(const struct path_step *step, const struct json *into,
                          const struct json **ret)
{
    int64_t index;

    *ret = NULL;
    if (step->kind == PATH_STEP_NAME) {
        if (into && into->kind != JSON_OBJECT)
            return false;
        *ret = json_get(into, step->names[0]);
        return true;
    }
    if (!json_is(into, JSON_ARRAY))
        return false;
    index = step->indexes[0] < 0 ? step->indexes[0] + (int64_t)into->count : step->indexes[0];
    if (index < 0 || index >= (int64_t)into->count)
        return false;
    *ret = into->items[index];
    return true;
}

bool asl_path_put(struct arena *arena, const struct asl_path *path, const struct json *into,
                  const struct json *value, const struct json **ret, const char **ret_why)
{
    const struct json *stations[PATH_STEPS_MAX + 1];
    size_t i;

    CHECK(path->definite == path->step_count);
    stations[0] = into;
    for (i = 0; i < path->step_count; i++) {
        if (!path_put_find(&path->steps[i], stations[i], &stations[i + 1])) {
            *ret_why = path_print(arena, path, i + 1);
            return false;
        }
    }
    while (i-- > 0) {
        const struct path_step *step = &path->steps[i];
        const struct json *station = stations[i];

        if (step->kind == PATH_STEP_NAME)
            value = json_with(arena, station ? station : &path_empty_object, step->names[0], value);
        else
            value = path_with_item(
                arena, station,
                step->indexes[0] < 0 ? step->indexes[0] + station->count : step->indexes[0], value);
    }
    *ret = value;
    return true;
}
