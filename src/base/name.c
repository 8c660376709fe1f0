/*
 * name.c - the one form that ids and names of clients have.
 */
#include "base/name.h"

#include <string.h>

#include "base/limits.h"

bool name_is_valid(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    return len > 0 && len <= LIMIT_ID_BYTES && text[len] == '\0';
}
