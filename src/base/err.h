/*
 * err.h - the one list of errors, and what a client is told about one.
 *
 * Functions that can fail for more than one reason return `enum err`, marked MUST_CHECK; results go
 * to ret_ parameters, last, written only on ERR_OK. The list gives each error its HTTP status, its
 * code on the wire (RFC 9457 member `code`) and a default title; the API, the command line's exit
 * codes and the logs all use it.
 */
#ifndef FERMATA_BASE_ERR_H
#define FERMATA_BASE_ERR_H

#include "base/check.h"

struct arena;
struct json;

/* clang-format off */
#define ERR_LIST(X)                                                                                \
    X(OK,                        200, "OK",                           "done")                      \
    X(INVALID_REQUEST,           400, "INVALID_REQUEST",              "the request is not valid")  \
    X(UNAUTHENTICATED,           401, "UNAUTHENTICATED",              "a valid token is required") \
    X(FORBIDDEN,                 403, "FORBIDDEN",                    "the token does not allow this") \
    X(NOT_FOUND,                 404, "NOT_FOUND",                    "there is no such thing")    \
    X(EXECUTION_NOT_FOUND,       404, "EXECUTION_NOT_FOUND",          "there is no such execution") \
    X(PLAN_NOT_FOUND,            404, "PLAN_NOT_FOUND",               "there is no such plan")     \
    X(HALT_NOT_FOUND,            404, "HALT_NOT_FOUND",               "there is no such halt")     \
    X(TOKEN_NOT_FOUND,           404, "TOKEN_NOT_FOUND",              "there is no such token")    \
    X(HUMAN_TASK_NOT_FOUND,      404, "HUMAN_TASK_NOT_FOUND",         "there is no such human task") \
    X(METHOD_NOT_ALLOWED,        405, "METHOD_NOT_ALLOWED",           "this method is not allowed here") \
    X(REQUEST_TIMEOUT,           408, "REQUEST_TIMEOUT",              "the request took too long") \
    X(INVALID_STATE_TRANSITION,  409, "INVALID_STATE_TRANSITION",     "its status does not allow this") \
    X(TOO_MANY_AFFECTED,         409, "TOO_MANY_AFFECTED",            "more executions than max_affected") \
    X(PLAN_VERSION_INCOMPATIBLE, 409, "PLAN_VERSION_INCOMPATIBLE",    "the parent cannot go on under this plan version") \
    X(EXECUTION_HALTED,          409, "EXECUTION_HALTED",             "the execution was halted")  \
    X(EXECUTION_EXISTS,          409, "EXECUTION_ALREADY_EXISTS",     "this id was used for another start") \
    X(ALREADY_SETTLED,           409, "ALREADY_SETTLED",              "this was answered before")  \
    X(LEASE_LOST,                409, "LEASE_LOST",                   "the lease has passed to another worker") \
    X(PRECONDITION_FAILED,       412, "PRECONDITION_FAILED",          "a precondition does not hold") \
    X(TOO_LARGE,                 413, "TOO_LARGE",                    "the body is too large")     \
    X(URI_TOO_LONG,              414, "URI_TOO_LONG",                 "the target is too long")    \
    X(UNSUPPORTED_MEDIA_TYPE,    415, "UNSUPPORTED_MEDIA_TYPE",       "the body must be application/json") \
    X(EXPECTATION_FAILED,        417, "EXPECTATION_FAILED",           "this expectation is not supported") \
    X(IDEMPOTENCY_KEY_REUSED,    422, "IDEMPOTENCY_KEY_REUSED",       "the key was used with another body") \
    X(TOO_MANY_REQUESTS,         429, "TOO_MANY_REQUESTS",            "too many requests")         \
    X(HEADERS_TOO_LARGE,         431, "HEADERS_TOO_LARGE",            "the header fields are too large") \
    X(INTERNAL,                  500, "INTERNAL",                     "something went wrong here") \
    X(STATEMENT_FAILED,          500, "STATEMENT_FAILED",             "a statement failed; nothing changed") \
    X(PAUSED_EXECUTION_REMOVE_FAILED, 500, "PAUSED_EXECUTION_REMOVE_FAILED", "the paused execution could not be removed; nothing changed") \
    X(HISTORY_WRITE_FAILED,      500, "HISTORY_WRITE_FAILED",         "the history could not be written; nothing changed") \
    X(EXECUTION_UPDATE_FAILED,   500, "EXECUTION_UPDATE_FAILED",      "the execution could not be updated; nothing changed") \
    X(RESERVATION_CLEANUP_FAILED, 500, "RESERVATION_CLEANUP_FAILED",  "the reservations could not be cleaned; nothing changed") \
    X(UNLOCK_FAILED,             500, "UNLOCK_FAILED",                "the locks could not be released; nothing changed") \
    X(PARENT_CALLBACK_FAILED,    500, "PARENT_CALLBACK_FAILED",       "the parent could not be told; nothing changed") \
    X(NOT_IMPLEMENTED,           501, "NOT_IMPLEMENTED",              "this method is not known")  \
    X(UNAVAILABLE,               503, "UNAVAILABLE",                  "not available now; safe to repeat") \
    X(STORAGE_BUSY,              503, "UNAVAILABLE",                  "the store is busy; safe to repeat") \
    X(STORAGE_LOST,              503, "UNAVAILABLE",                  "the store cannot be reached; safe to repeat with the same key") \
    X(HTTP_VERSION,              505, "HTTP_VERSION_NOT_SUPPORTED",   "HTTP/1.1 is required")      \
    X(STORAGE_FULL,              507, "STORAGE_FULL",                 "the disk is full; safe to repeat") \
    X(STORAGE_IO,                500, "STORAGE_IO",                   "the disk failed")           \
    X(STORAGE_CORRUPT,           500, "STORAGE_CORRUPT",              "the store is damaged")      \
    X(STORAGE_CONSTRAINT,        500, "STORAGE_CONSTRAINT",           "the store refused a row")
/* clang-format on */

#define ERR_ENUM(name, status, code, title) ERR_##name,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

int err_status(enum err err);        /* the HTTP status */
const char *err_code(enum err err);  /* the code on the wire */
const char *err_title(enum err err); /* a short English title */

/*
 * What a client is told beyond the error itself. Filled where it is known, in the request's arena;
 * all texts live as long as that arena. `members` is an object whose members are added to the
 * problem document (null: none). Never holds a value the client sent, a path of ours, or SQL.
 */
struct fault {
    enum err err;
    const char *pointer; /* RFC 6901 pointer into the body, or null */
    const char *detail;  /* what was expected, one sentence, or null */
    const struct json *members;
};

/* Fills *fault (fault, pointer, format may be null) and returns err: `return fault_set(...)`. */
enum err fault_set(struct fault *fault, struct arena *arena, enum err err, const char *pointer,
                   const char *format, ...) PRINTF_LIKE(5, 6);

#endif
