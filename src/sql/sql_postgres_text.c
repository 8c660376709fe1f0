/*
 * sql_postgres_text.c - the store's one SQL text in PostgreSQL's spelling.
 *
 * The texts are our own, so the translation is simple: a parameter is ?N outside of quotes, and the
 * only comments are the words that PostgreSQL alone is to read.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/sql_postgres_priv.h"

#define POSTGRES_WORDS "/*postgres:"

/* The length of a quoted piece at `text`, quotes included; 0 when there is none. */
static size_t postgres_quoted(const char *text)
{
    const char *end;

    if (*text != '\'' && *text != '"')
        return 0;
    end = strchr(text + 1, *text);
    CHECK(end != NULL);
    return (size_t)(end - text) + 1;
}

static int postgres_parameter(const char *text)
{
    return text[0] == '?' && isdigit((unsigned char)text[1]) ? (int)strtol(text + 1, NULL, 10) : 0;
}

char *postgres_text(const char *text, int *ret_parameters)
{
    char *copy = xalloc(strlen(text) + 1), *to = copy;
    bool in_words = false;

    *ret_parameters = 0;
    while (*text) {
        size_t quoted = postgres_quoted(text);
        int parameter = postgres_parameter(text);

        if (quoted) {
            memcpy(to, text, quoted);
            to += quoted;
            text += quoted;
        } else if (strncmp(text, POSTGRES_WORDS, sizeof(POSTGRES_WORDS) - 1) == 0) {
            in_words = true;
            text += sizeof(POSTGRES_WORDS) - 1;
        } else if (in_words && text[0] == '*' && text[1] == '/') {
            in_words = false;
            text += 2;
        } else {
            *to++ = (char)(parameter ? '$' : *text);
            text++;
            if (parameter > *ret_parameters)
                *ret_parameters = parameter;
        }
    }
    CHECK(!in_words);
    *to = '\0';
    return copy;
}
