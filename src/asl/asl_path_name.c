/*
 * asl_path_name.c - characters of UTF-8 text, and which of them make the name of a variable.
 *
 * A name is a Unicode identifier (UAX 31): a letter or an underscore, then letters, digits, marks
 * and underscores. Which characters beyond ASCII are letters is not kept here as a table of all of
 * them: every character counts but those of the blocks that hold none.
 */
#include "asl/asl_path_priv.h"

#include <string.h>

/* Beyond ASCII: spaces, signs, arrows, drawings, private characters, emoji, tags. */
static const struct {
    uint32_t first, last;
} path_name_others[] = {
    {0x80,    0xa9    },
    {0xab,    0xb4    },
    {0xb6,    0xb6    },
    {0xb8,    0xb9    },
    {0xbb,    0xbf    },
    {0xd7,    0xd7    },
    {0xf7,    0xf7    },
    {0x2000,  0x203e  },
    {0x2041,  0x2053  },
    {0x2055,  0x2070  },
    {0x20a0,  0x20cf  },
    {0x2190,  0x2bff  },
    {0x2e00,  0x2e7f  },
    {0x3000,  0x3004  },
    {0x3008,  0x3020  },
    {0xd800,  0xf8ff  },
    {0xfdd0,  0xfdef  },
    {0xfe00,  0xfe0f  },
    {0xfff0,  0xffff  },
    {0x1f000, 0x1faff },
    {0xe0000, 0x10ffff},
};

size_t path_character(const char *text, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    size_t len = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    uint32_t c = bytes[0];

    if (!c || (c >= 0x80 && c < 0xc2) || c > 0xf4)
        return 0;
    if (len > 1)
        c &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (bytes[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *ret = c;
    return len;
}

static bool path_name_holds(uint32_t c, bool first)
{
    if (c < 0x80) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        return letter || (!first && c >= '0' && c <= '9');
    }
    for (size_t i = 0; i < ARRAY_SIZE(path_name_others); i++) {
        if (c >= path_name_others[i].first && c <= path_name_others[i].last)
            return false;
    }
    return true;
}

size_t path_name_length(const char *text, size_t *ret_characters)
{
    size_t len = 0, step;
    uint32_t c = 0;

    *ret_characters = 0;
    for (step = path_character(text, &c); step && path_name_holds(c, len == 0);
         step = path_character(text + len, &c)) {
        len += step;
        ++*ret_characters;
    }
    return len;
}

bool asl_is_variable_name(const char *name)
{
    size_t characters, len = path_name_length(name, &characters);

    return len && !name[len] && characters <= PATH_VARIABLE_CHARS_MAX &&
           strcmp(name, PATH_VARIABLE_RESERVED) != 0;
}
