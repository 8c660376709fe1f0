/*
 * asl_intrinsic.c - THE TABLE of intrinsic functions, and what is looked at in every call.
 */
#include "asl/asl_intrinsic.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "asl/asl_intrinsic_priv.h"
#include "asl/asl_priv.h"
#include "base/arena.h"
#include "base/limits.h"

/* A result is walked through to be measured: so many bytes of it count as one. */
#define INTRINSIC_BYTES_PER_WORK 32

#define MANY ASL_INTRINSIC_MANY

static const struct asl_intrinsic intrinsic_table[] = {
  /* name                 least most kinds  template */
    {"States.Array",          0, MANY, "x",   false, intrinsic_array          },
    {"States.ArrayContains",  2, 2,    "ax",  false, intrinsic_array_contains },
    {"States.ArrayGetItem",   2, 2,    "an",  false, intrinsic_array_get_item },
    {"States.ArrayLength",    1, 1,    "a",   false, intrinsic_array_length   },
    {"States.ArrayPartition", 2, 2,    "an",  false, intrinsic_array_partition},
    {"States.ArrayRange",     3, 3,    "n",   false, intrinsic_array_range    },
    {"States.ArrayUnique",    1, 1,    "a",   false, intrinsic_array_unique   },
    {"States.Base64Decode",   1, 1,    "s",   false, intrinsic_base64_decode  },
    {"States.Base64Encode",   1, 1,    "s",   false, intrinsic_base64_encode  },
    {"States.Format",         1, MANY, "sx",  true,  intrinsic_format         },
    {"States.Hash",           2, 2,    "xs",  false, intrinsic_hash           },
    {"States.JsonMerge",      3, 3,    "oob", false, intrinsic_json_merge     },
    {"States.JsonToString",   1, 1,    "x",   false, intrinsic_json_to_string },
    {"States.MathAdd",        2, 2,    "n",   false, intrinsic_math_add       },
    {"States.MathRandom",     2, 3,    "n",   false, intrinsic_math_random    },
    {"States.StringSplit",    2, 2,    "s",   false, intrinsic_string_split   },
    {"States.StringToJson",   1, 1,    "s",   false, intrinsic_string_to_json },
    {"States.UUID",           0, 0,    "",    false, intrinsic_uuid           },
};

static const struct {
    char letter;
    unsigned kinds;
    const char *text;
} intrinsic_kinds[] = {
    {'a', ASL_KIND(JSON_ARRAY),  "an array" },
    {'b', ASL_KIND(JSON_BOOL),   "a boolean"},
    {'n', ASL_KIND_NUMBER,       "a number" },
    {'o', ASL_KIND(JSON_OBJECT), "an object"},
    {'s', ASL_KIND(JSON_STRING), "a string" },
    {'x', ASL_KIND_ANY,          "any value"},
};

const struct asl_intrinsic *asl_intrinsic_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(intrinsic_table); i++) {
        const struct asl_intrinsic *function = &intrinsic_table[i];

        if (strlen(function->name) == len && !memcmp(function->name, name, len))
            return function;
    }
    return NULL;
}

bool intrinsic_refuse(struct asl_intrinsic_call *call, const char *format, ...)
{
    struct arena *arena = call->scope->arena;
    va_list args;

    va_start(args, format);
    call->wrong = arena_printf(arena, "Invalid arguments in %s: %s", call->function->name,
                               arena_vprintf(arena, format, args));
    va_end(args);
    return false;
}

bool intrinsic_refuse_large(struct asl_intrinsic_call *call)
{
    call->result_is_large = true;
    call->wrong = arena_printf(call->scope->arena,
                               "The result of %s is larger than %d bytes or deeper than %d levels",
                               call->function->name, LIMIT_PAYLOAD_BYTES, LIMIT_JSON_DEPTH);
    return false;
}

bool intrinsic_refuse_work(struct asl_intrinsic_call *call)
{
    call->wrong =
        arena_printf(call->scope->arena, "%s looks at more values than one evaluation may",
                     call->function->name);
    return false;
}

bool intrinsic_pay(struct asl_intrinsic_call *call, size_t count)
{
    return asl_scope_pay(call->scope, (int64_t)count) || intrinsic_refuse_work(call);
}

bool intrinsic_whole(struct asl_intrinsic_call *call, size_t i, int64_t low, int64_t high,
                     int64_t *ret)
{
    const struct json *number = call->arguments[i];
    double real, rounded;

    if (number->kind == JSON_INT && number->integer >= low && number->integer <= high) {
        *ret = number->integer;
        return true;
    }
    real = json_number(number);
    rounded = floor(real) + (real - floor(real) >= 0.5);
    if (number->kind == JSON_INT || rounded < (double)low || rounded > (double)high)
        return intrinsic_refuse(call, "argument %zu must be a number from %lld to %lld", i + 1,
                                (long long)low, (long long)high);
    *ret = (int64_t)rounded;
    return true;
}

static bool intrinsic_check_kind(struct asl_intrinsic_call *call, size_t i)
{
    const char *letters = call->function->kinds;
    size_t last = strlen(letters) - 1, row = 0;
    char letter = letters[i < last ? i : last];
    enum json_kind found = call->arguments[i]->kind;

    while (row < ARRAY_SIZE(intrinsic_kinds) && intrinsic_kinds[row].letter != letter)
        row++;
    CHECK(row < ARRAY_SIZE(intrinsic_kinds));
    if (intrinsic_kinds[row].kinds & ASL_KIND(found))
        return true;
    return intrinsic_refuse(call, "argument %zu must be %s, found %s", i + 1,
                            intrinsic_kinds[row].text, json_kind_name(found));
}

bool asl_intrinsic_call(struct asl_intrinsic_call *call, const struct json **ret)
{
    size_t bytes;

    CHECK(call->count >= call->function->least && call->count <= call->function->most);
    if (!intrinsic_pay(call, 1 + call->count))
        return false;
    for (size_t i = 0; i < call->count; i++) {
        if (!intrinsic_check_kind(call, i))
            return false;
    }
    if (!call->function->run(call, ret))
        return false;
    bytes = asl_measure(*ret, LIMIT_PAYLOAD_BYTES);
    if (!intrinsic_pay(call, bytes / INTRINSIC_BYTES_PER_WORK))
        return false;
    if (bytes > LIMIT_PAYLOAD_BYTES || json_depth(*ret) > LIMIT_JSON_DEPTH)
        return intrinsic_refuse_large(call);
    return true;
}
