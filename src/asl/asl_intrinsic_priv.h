/*
 * asl_intrinsic_priv.h - the functions themselves, and what they share.
 */
#ifndef FERMATA_ASL_ASL_INTRINSIC_PRIV_H
#define FERMATA_ASL_ASL_INTRINSIC_PRIV_H

#include <stdint.h>

#include "asl/asl_intrinsic.h"
#include "base/check.h"

struct buf;

/* Always false: what is wrong with the arguments; the result is too large; the work is used up. */
bool intrinsic_refuse(struct asl_intrinsic_call *call, const char *format, ...) PRINTF_LIKE(2, 3);
bool intrinsic_refuse_large(struct asl_intrinsic_call *call);
bool intrinsic_refuse_work(struct asl_intrinsic_call *call);
/* False, after a refusal, when the work of the scope is used up. */
bool intrinsic_pay(struct asl_intrinsic_call *call, size_t count);
/* A number that is an argument, rounded to the nearest whole one, halves upwards; false, after a
 * refusal, when it is not between the two. */
bool intrinsic_whole(struct asl_intrinsic_call *call, size_t i, int64_t low, int64_t high,
                     int64_t *ret);
/* A value in a text: strings without quotation marks, members as {a=1, b=2}, items as [1, 2]. */
bool intrinsic_say(struct asl_intrinsic_call *call, struct buf *buf, const struct json *value);

typedef bool intrinsic_fn(struct asl_intrinsic_call *call, const struct json **ret);

/* asl_intrinsic_array.c */
intrinsic_fn intrinsic_array, intrinsic_array_partition, intrinsic_array_contains,
    intrinsic_array_range, intrinsic_array_get_item, intrinsic_array_length, intrinsic_array_unique;
/* asl_intrinsic_code.c */
intrinsic_fn intrinsic_base64_encode, intrinsic_base64_decode, intrinsic_hash, intrinsic_uuid;
/* asl_intrinsic_json.c */
intrinsic_fn intrinsic_json_merge, intrinsic_string_to_json, intrinsic_json_to_string;
/* asl_intrinsic_math.c */
intrinsic_fn intrinsic_math_add, intrinsic_math_random;
/* asl_intrinsic_text.c */
intrinsic_fn intrinsic_format, intrinsic_string_split;

#endif
