/*
 * asl_path_parse.c - compiles the text of a path into steps, or says what is wrong with it.
 */
#include "asl/asl_path_priv.h"

#include "base/arena.h"

#include <stdarg.h>
#include <string.h>

/* What ends a name after a dot. In a filter the operators end it, too. */
#define PATH_NAME_END ".[]()'\"* \t\r\n"
#define PATH_NAME_END_IN_FILTER PATH_NAME_END "=<>!&|,~"
/* The operators that a reference path must not hold (specification, "Reference Paths"). */
#define PATH_OPERATORS "@,:?"

bool path_refuse(struct path_reader *reader, const char *rule, const char *format, ...)
{
    va_list args;

    if (reader->refusal.rule)
        return false;
    va_start(args, format);
    reader->refusal.rule = rule;
    reader->refusal.message = arena_vprintf(reader->arena, format, args);
    va_end(args);
    return false;
}

void path_skip_spaces(struct path_reader *reader)
{
    while (*reader->at == ' ' || *reader->at == '\t')
        reader->at++;
}

static size_t path_position(const struct path_reader *reader)
{
    return (size_t)(reader->at - reader->text) + 1;
}

static bool path_read_name(struct path_reader *reader, struct asl_path *path, const char **ret)
{
    const char *ends = reader->filter_depth ? PATH_NAME_END_IN_FILTER : PATH_NAME_END;
    size_t room = 0, len = 0;
    char *name;

    while (reader->at[room] && !strchr(ends, reader->at[room]))
        room += reader->at[room] == '\\' && reader->at[room + 1] ? 2 : 1;
    name = arena_alloc(reader->arena, room + 1);
    for (const char *end = reader->at + room; reader->at < end; reader->at++) {
        unsigned char c = (unsigned char)*reader->at;

        if (c == '\\') {
            reader->at++;
            if (!*reader->at)
                return path_refuse(reader, "PATH_INVALID", "the path ends in a backslash");
            c = (unsigned char)*reader->at;
        } else if (c < 0x20 || c == 0x7f) {
            return path_refuse(reader, "PATH_INVALID",
                               "a control character stands at position %zu; write the name as "
                               "['name']",
                               path_position(reader));
        } else if (strchr(PATH_OPERATORS, c)) {
            path->operators = true;
        }
        name[len++] = (char)c;
    }
    if (!len)
        return path_refuse(reader, "PATH_INVALID", "a name is expected at position %zu",
                           path_position(reader));
    if (*reader->at == '(')
        return path_refuse(reader, "PATH_INVALID",
                           "functions such as length() cannot be used in a path");
    *ret = name;
    return true;
}

bool path_read_quoted(struct path_reader *reader, const char **ret)
{
    char quote = *reader->at++;
    size_t room, len = 0;
    const char *close = reader->at;
    char *text;

    while (*close && *close != quote)
        close += *close == '\\' && close[1] ? 2 : 1;
    room = (size_t)(close - reader->at);
    if (!*close)
        return path_refuse(reader, "PATH_INVALID",
                           "the quotation mark before position %zu is not closed",
                           path_position(reader));
    text = arena_alloc(reader->arena, room + 1);
    for (; reader->at < close; reader->at++) {
        if (*reader->at == '\\')
            reader->at++;
        text[len++] = *reader->at;
    }
    reader->at = close + 1;
    *ret = text;
    return true;
}

static struct path_step *path_add_step(struct path_reader *reader, struct asl_path *path,
                                       enum path_step_kind kind)
{
    struct path_step *step;

    if (path->step_count == PATH_STEPS_MAX) {
        path_refuse(reader, "PATH_INVALID", "a path has at most %d steps", PATH_STEPS_MAX);
        return NULL;
    }
    step = &path->steps[path->step_count++];
    step->kind = kind;
    return step;
}

static bool path_read_member(struct path_reader *reader, struct asl_path *path)
{
    struct path_step *step;
    const char *name = NULL;

    if (*reader->at == '*') {
        reader->at++;
        return path_add_step(reader, path, PATH_STEP_ALL) != NULL;
    }
    if (!path_read_name(reader, path, &name))
        return false;
    step = path_add_step(reader, path, PATH_STEP_NAME);
    if (!step)
        return false;
    step->names = ARENA_ARRAY(reader->arena, const char *, 1);
    step->names[0] = name;
    step->count = 1;
    return true;
}

/* Inside brackets: 'a' or 'a','b'. */
static bool path_read_names(struct path_reader *reader, struct asl_path *path)
{
    const char *names[PATH_UNION_MAX];
    struct path_step *step;
    size_t count = 0;

    for (;;) {
        if (count == PATH_UNION_MAX)
            return path_refuse(reader, "PATH_INVALID", "at most %d names stand in brackets",
                               PATH_UNION_MAX);
        if (*reader->at != '\'' && *reader->at != '"')
            return path_refuse(reader, "PATH_INVALID", "a quoted name is expected at position %zu",
                               path_position(reader));
        if (!path_read_quoted(reader, &names[count++]))
            return false;
        path_skip_spaces(reader);
        if (*reader->at != ',')
            break;
        reader->at++;
        path_skip_spaces(reader);
    }
    step = path_add_step(reader, path, count == 1 ? PATH_STEP_NAME : PATH_STEP_NAMES);
    if (!step)
        return false;
    step->names = arena_copy(reader->arena, names, count * sizeof(names[0]));
    step->count = count;
    return true;
}

static bool path_read_index(struct path_reader *reader, int64_t *ret)
{
    bool negative = *reader->at == '-';
    int64_t value = 0;

    if (negative)
        reader->at++;
    if (*reader->at < '0' || *reader->at > '9')
        return path_refuse(reader, "PATH_INVALID",
                           "a quoted name, an index, *, or a filter ?( ) is expected in the "
                           "brackets at position %zu",
                           path_position(reader));
    for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        value = value * 10 + (*reader->at - '0');
        if (value > INT32_MAX)
            return path_refuse(reader, "PATH_INVALID", "the index at position %zu is too large",
                               path_position(reader));
    }
    *ret = negative ? -value : value;
    return true;
}

static bool path_read_slice_end(struct path_reader *reader, struct path_step *step)
{
    reader->at++;
    path_skip_spaces(reader);
    if (*reader->at == ']')
        return true;
    step->has_to = true;
    if (!path_read_index(reader, &step->indexes[1]))
        return false;
    path_skip_spaces(reader);
    if (*reader->at == ':')
        return path_refuse(reader, "PATH_INVALID", "a slice has no step: [from:to]");
    return true;
}

/* Inside brackets: 1 or -1 or 1,2 or 1:3 or :3 or 1: */
static bool path_read_indexes(struct path_reader *reader, struct asl_path *path)
{
    int64_t indexes[PATH_UNION_MAX] = {0};
    struct path_step *step = path_add_step(reader, path, PATH_STEP_INDEX);
    size_t count = 0;

    if (!step)
        return false;
    for (;;) {
        if (count == PATH_UNION_MAX)
            return path_refuse(reader, "PATH_INVALID", "at most %d indexes stand in brackets",
                               PATH_UNION_MAX);
        if (*reader->at == ':' && !count)
            break;
        if (!path_read_index(reader, &indexes[count++]))
            return false;
        path_skip_spaces(reader);
        if (*reader->at != ',')
            break;
        reader->at++;
        path_skip_spaces(reader);
    }
    step->count = count;
    if (*reader->at == ':' && count < 2) {
        step->kind = PATH_STEP_SLICE;
        step->has_from = count == 1;
        step->indexes = ARENA_ARRAY(reader->arena, int64_t, 2);
        step->indexes[0] = count ? indexes[0] : 0;
        return path_read_slice_end(reader, step);
    }
    step->kind = count == 1 ? PATH_STEP_INDEX : PATH_STEP_INDEXES;
    step->indexes = arena_copy(reader->arena, indexes, count * sizeof(indexes[0]));
    return true;
}

static bool path_read_filter_step(struct path_reader *reader, struct asl_path *path)
{
    const struct path_filter *filter = NULL;
    struct path_step *step;

    reader->at++;
    if (reader->filter_depth == PATH_FILTER_DEPTH_MAX)
        return path_refuse(reader, "PATH_INVALID", "filters stand too deep in one another");
    reader->filter_depth++;
    if (!path_read_filter(reader, &filter))
        return false;
    reader->filter_depth--;
    step = path_add_step(reader, path, PATH_STEP_FILTER);
    if (!step)
        return false;
    step->filter = filter;
    return true;
}

static bool path_read_brackets(struct path_reader *reader, struct asl_path *path)
{
    bool ok;

    reader->at++;
    path_skip_spaces(reader);
    if (*reader->at == '*') {
        reader->at++;
        ok = path_add_step(reader, path, PATH_STEP_ALL) != NULL;
    } else if (*reader->at == '\'' || *reader->at == '"') {
        ok = path_read_names(reader, path);
    } else if (*reader->at == '?') {
        ok = path_read_filter_step(reader, path);
    } else {
        ok = path_read_indexes(reader, path);
    }
    if (!ok)
        return false;
    path_skip_spaces(reader);
    if (*reader->at != ']')
        return path_refuse(reader, "PATH_INVALID", "] is expected at position %zu",
                           path_position(reader));
    reader->at++;
    return true;
}

static bool path_step_is_definite(const struct asl_path *path, size_t i)
{
    enum path_step_kind kind = path->steps[i].kind;

    return kind == PATH_STEP_NAME || kind == PATH_STEP_INDEX ||
           (kind == PATH_STEP_NAMES && i + 1 == path->step_count);
}

bool path_read_steps(struct path_reader *reader, struct asl_path *path)
{
    struct path_step steps[PATH_STEPS_MAX];
    bool ok = true;

    memset(steps, 0, sizeof(steps));
    path->steps = steps;
    while (ok && (*reader->at == '.' || *reader->at == '[')) {
        if (*reader->at == '[') {
            ok = path_read_brackets(reader, path);
            continue;
        }
        reader->at++;
        if (*reader->at != '.') {
            ok = path_read_member(reader, path);
            continue;
        }
        reader->at++;
        ok = path_add_step(reader, path, PATH_STEP_SCAN) != NULL;
        if (ok)
            ok = *reader->at == '[' ? path_read_brackets(reader, path)
                                    : path_read_member(reader, path);
    }
    path->steps = NULL;
    if (!ok)
        return false;
    path->steps = arena_copy(reader->arena, steps, path->step_count * sizeof(steps[0]));
    while (path->definite < path->step_count && path_step_is_definite(path, path->definite))
        path->definite++;
    return true;
}

static bool path_check_use(struct path_reader *reader, const struct asl_path *path,
                           enum asl_path_use use)
{
    bool reference = path->definite == path->step_count && !path->operators;

    for (size_t i = 0; i < path->step_count; i++)
        reference = reference && path->steps[i].kind != PATH_STEP_NAMES;
    if (use != ASL_PATH_ANY && !reference)
        return path_refuse(reader, "PATH_NOT_REFERENCE",
                           "a reference path is expected: names and single indexes only, none of "
                           "@ , : ? * ..");
    if (use == ASL_PATH_RESULT && path->context)
        return path_refuse(reader, "PATH_CONTEXT",
                           "the context object ($$) cannot be written; begin with $");
    if (use == ASL_PATH_RESULT && path->variable)
        return path_refuse(reader, "PATH_VARIABLE",
                           "a variable is written by Assign, not by a path; begin with $. or $[");
    return true;
}

/* What stands behind the first $: another one, or the name of a variable, or nothing. */
static bool path_read_root(struct path_reader *reader, struct asl_path *path)
{
    size_t characters, len;

    if (*reader->at == '$') {
        path->context = true;
        reader->at++;
        return true;
    }
    len = path_name_length(reader->at, &characters);
    if (!len)
        return true;
    if (characters > PATH_VARIABLE_CHARS_MAX)
        return path_refuse(reader, "PATH_INVALID",
                           "the name of a variable has at most %d characters",
                           PATH_VARIABLE_CHARS_MAX);
    path->variable = arena_string_n(reader->arena, reader->at, len);
    if (!asl_is_variable_name(path->variable))
        return path_refuse(reader, "PATH_INVALID", "the variable $%s is reserved", path->variable);
    reader->at += len;
    return true;
}

bool asl_path_parse(struct arena *arena, const char *text, enum asl_path_use use,
                    const struct asl_path **ret, struct asl_refusal *reterr)
{
    struct path_reader reader = {.arena = arena, .text = text, .at = text};
    struct asl_path *path = ARENA_NEW(arena, struct asl_path);
    bool ok;

    path->text = text;
    if (*text != '$') {
        ok = path_refuse(&reader, "PATH_INVALID",
                         "a path begins with $ (or $$ for the context, or $name for a variable)");
    } else {
        reader.at++;
        ok = path_read_root(&reader, path) && path_read_steps(&reader, path);
    }
    if (ok && *reader.at)
        ok = path_refuse(&reader, "PATH_INVALID", "nothing is expected from position %zu on",
                         path_position(&reader));
    ok = ok && path_check_use(&reader, path, use);
    if (!ok) {
        *reterr = reader.refusal;
        return false;
    }
    *ret = path;
    return true;
}

const char *asl_path_text(const struct asl_path *path)
{
    return path->text;
}

bool asl_path_is_definite(const struct asl_path *path)
{
    return path->definite == path->step_count;
}

const char *asl_path_variable(const struct asl_path *path)
{
    return path->variable;
}
