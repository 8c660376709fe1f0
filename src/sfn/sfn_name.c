/*
 * sfn_name.c - which names AWS allows for state machines, executions, activities and the like.
 *
 * 1 to 80 characters, without white space, brackets, wildcards, the characters that separate things
 * in ARNs, URLs and shells, control characters, and whatever lies beyond the basic plane
 * (surrogates, in AWS's way of counting).
 */
#include <string.h>

#include "sfn/sfn_priv.h"

enum { NAME_CHARS = 80 };

static const char name_forbidden[] = "<>{}[]?*\"#%\\^|~`$&,;:/";

static const struct {
    uint32_t first, last;
} name_gaps[] = {
    {0x00,   0x20    }, /* control characters, space */
    {0x7f,   0xa0    }, /* delete, more control characters, no-break space */
    {0x1680, 0x1680  }, /* white space of Unicode */
    {0x2000, 0x200a  },
    {0x2028, 0x2029  },
    {0x202f, 0x202f  },
    {0x205f, 0x205f  },
    {0x3000, 0x3000  },
    {0xfffe, 0x10ffff}, /* no characters, and those of two surrogates */
};

/* The next character of valid UTF-8. */
static uint32_t name_next(const unsigned char **at)
{
    const unsigned char *text = *at;
    uint32_t code = *text++;
    unsigned more = code < 0xc0 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;

    if (more)
        code &= 0x3fu >> more;
    for (; more && (*text & 0xc0) == 0x80; more--)
        code = code << 6 | (*text++ & 0x3fu);
    *at = text;
    return code;
}

static bool name_is_allowed(uint32_t code)
{
    if (code < 0x80 && strchr(name_forbidden, (int)code))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(name_gaps); i++) {
        if (code >= name_gaps[i].first && code <= name_gaps[i].last)
            return false;
    }
    return true;
}

bool sfn_name_is_valid(const char *name)
{
    const unsigned char *at = (const unsigned char *)name;
    int count = 0;

    for (; *at && count <= NAME_CHARS; count++) {
        if (!name_is_allowed(name_next(&at)))
            return false;
    }
    return count > 0 && count <= NAME_CHARS;
}
