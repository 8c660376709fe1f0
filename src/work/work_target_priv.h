/*
 * work_target_priv.h - what the kinds of targets share.
 */
#ifndef FERMATA_WORK_WORK_TARGET_PRIV_H
#define FERMATA_WORK_WORK_TARGET_PRIV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "work/work.h"
#include "work/work_target.h"

/* Sets *reterr and returns false: `return work_target_fail(...)`. */
bool work_target_fail(struct arena *arena, struct work_target_error *reterr, const char *error,
                      const char *format, ...) PRINTF_LIKE(4, 5);
bool work_target_fail_runtime(struct arena *arena, struct work_target_error *reterr,
                              const char *format, ...) PRINTF_LIKE(3, 4);
/* Every member of the parameters must be one that the resource knows. */
bool work_target_knows_fields(struct arena *arena, const struct json *parameters,
                              const char *const names[], size_t count,
                              struct work_target_error *reterr);

/* Text as a JSON string; null when it is not UTF-8, or holds U+0000. */
const struct json *work_target_text(struct arena *arena, const char *text, size_t len);
/* Text of a header: what is not ASCII becomes a question mark. */
const char *work_target_plain(struct arena *arena, const char *text);
/* The first value of an answer's header in any case, or null. */
const char *work_target_header(const struct work_answer *answer, const char *name);
/* The body as the cause of an error: as it is when it is text, not longer than a cause may be. */
const char *work_target_cause(struct arena *arena, const struct work_answer *answer);
/* A string, number or boolean as text; null for anything else. */
const char *work_target_scalar(struct arena *arena, const struct json *value);

bool work_http_call(struct arena *arena, const struct work_target *target, struct work_call *ret,
                    struct work_target_error *reterr);
bool work_http_result(struct arena *arena, const struct work_answer *answer,
                      const struct json **ret, struct work_target_error *reterr);
bool work_function_call(struct arena *arena, const struct work_target *target,
                        struct work_call *ret, struct work_target_error *reterr);
bool work_function_result(struct arena *arena, const struct work_target *target,
                          const struct work_answer *answer, const struct json **ret,
                          struct work_target_error *reterr);

/* How the items of an array are named in a form. */
enum form_arrays {
    FORM_INDICES,  /* a[0]=1&a[1]=2 */
    FORM_REPEAT,   /* a=1&a=2 */
    FORM_COMMAS,   /* a=1,2 */
    FORM_BRACKETS, /* a[]=1&a[]=2 */
};
void work_form_print(struct buf *buf, const struct json *object, enum form_arrays arrays);
/* Percent-encodes; a space is '+' in a form and %20 in a query. */
void work_form_encode(struct buf *buf, const char *text, bool in_form);

#endif
