/*
 * caller_functions.h - which HTTP endpoint stands for which function: a file, read again when it
 * changes.
 *
 * The file is a JSON object, {"NAME or ARN": "http://host/path"}. Of an ARN its function's name
 * counts; region and account are whatever they are.
 */
#ifndef FERMATA_SERVE_CALLER_FUNCTIONS_H
#define FERMATA_SERVE_CALLER_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct caller_functions;
struct work_function;

/* A file that is not there is empty, unless it must be there. What is wrong has been logged. */
enum err caller_functions_open(const char *path, bool must_exist,
                               struct caller_functions **ret) MUST_CHECK;
/* Looks whether the file has changed; one that cannot be used is logged and changes nothing. */
void caller_functions_refresh(struct caller_functions *functions);
void caller_functions_close(struct caller_functions *functions); /* null is allowed */

/* Any thread. The list stays as it is until the release. */
const struct work_function *caller_functions_hold(struct caller_functions *functions,
                                                  size_t *ret_count);
void caller_functions_release(struct caller_functions *functions);

#endif
