/*
 * log.h - one JSON object a line on standard error, for people at three in the morning.
 *
 * Every line of a request carries what log_context was given (execution, operator, plan, state,
 * status). No secret is ever passed to it: tokens and keys have no formatter here.
 */
#ifndef FERMATA_BASE_LOG_H
#define FERMATA_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_context {
    const char *request_id;
    const char *operator_name;
    const char *plan_execution_id;
    const char *plan_id;
    const char *state;
    const char *status;
};

void log_set_level(enum log_level least);
bool log_level_parse(const char *text, enum log_level *ret);
void log_set_context(const struct log_context *context); /* of this thread; null clears; borrowed */
void log_line(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)

#endif
