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

bool name_may_be(const char *text)
{
    size_t len = strlen(text);

    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f)
            return false;
    }
    return len > 0 && len <= LIMIT_ID_LOOKUP_BYTES && !strpbrk(text, "<>{}[]?*\"#%\\^|~`$&,;");
}

bool name_may_be_execution(const char *text)
{
    return name_is_valid(text) || (strchr(text, ':') && name_may_be(text));
}
