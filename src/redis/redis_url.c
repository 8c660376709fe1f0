/*
 * redis_url.c - redis://[user:password@]host[:port][/db] and unix:///path[?db=N].
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "redis/redis_priv.h"

enum { REDIS_PORT = 6379, REDIS_PORT_MAX = 65535, REDIS_DB_DIGITS = 5 };

static int redis_url_hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : (tolower((unsigned char)c) - 'a') + 10;
}

/* A piece of the URL with its %XX decoded; false when it is too long or badly written. */
static bool redis_url_piece(const char *from, size_t len, char to[REDIS_WORD_BYTES])
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        char c = from[i];

        if (count + 1 >= REDIS_WORD_BYTES || iscntrl((unsigned char)c) || c == ' ')
            return false;
        if (c == '%') {
            if (len - i < 3 || !isxdigit((unsigned char)from[i + 1]) ||
                !isxdigit((unsigned char)from[i + 2]))
                return false;
            c = (char)(redis_url_hex(from[i + 1]) << 4 | redis_url_hex(from[i + 2]));
            i += 2;
            if (!c)
                return false;
        }
        to[count++] = c;
    }
    to[count] = '\0';
    return true;
}

static bool redis_url_db(const char *text, struct redis_place *ret)
{
    size_t len = strspn(text, "0123456789");

    if (text[len] || len > REDIS_DB_DIGITS)
        return false;
    memcpy(ret->db, text, len + 1);
    return true;
}

static bool redis_url_port(const char *text, size_t len, struct redis_place *ret)
{
    char *end;
    long port = strtol(text, &end, 10);

    if (!len || !isdigit((unsigned char)*text) || end != text + len || port < 1 ||
        port > REDIS_PORT_MAX)
        return false;
    ret->port = (int)port;
    return true;
}

/* user:password, :password or password. */
static bool redis_url_login(const char *text, size_t len, struct redis_place *ret)
{
    const char *colon = memchr(text, ':', len);
    const char *password = colon ? colon + 1 : text;

    return redis_url_piece(text, colon ? (size_t)(colon - text) : 0, ret->user) &&
           redis_url_piece(password, (size_t)(text + len - password), ret->password);
}

static bool redis_url_host(const char *text, size_t len, struct redis_place *ret)
{
    const char *from = text, *end = text + len, *colon;

    if (len && *text == '[') { /* an IPv6 address */
        const char *close = memchr(text, ']', len);

        if (!close)
            return false;
        from = text + 1;
        colon = close + 1 < end ? close + 1 : NULL;
        if (colon && *colon != ':')
            return false;
        end = close;
    } else {
        colon = memchr(text, ':', len);
        end = colon ? colon : end;
    }
    if (colon && !redis_url_port(colon + 1, (size_t)(text + len - colon - 1), ret))
        return false;
    return end > from && redis_url_piece(from, (size_t)(end - from), ret->host);
}

static bool redis_url_socket(const char *text, struct redis_place *ret)
{
    static const char parameter[] = "?db=";
    const char *query = strchr(text, '?');
    size_t len = query ? (size_t)(query - text) : strlen(text);

    if (*text != '/' || !redis_url_piece(text, len, ret->path))
        return false;
    if (!query)
        return true;
    return strncmp(query, parameter, sizeof(parameter) - 1) == 0 &&
           redis_url_db(query + sizeof(parameter) - 1, ret);
}

bool redis_url_parse(const char *url, struct redis_place *ret)
{
    static const char tcp[] = "redis://", local[] = "unix://";
    const char *text, *slash, *at;
    size_t len;

    *ret = (struct redis_place){.port = REDIS_PORT};
    if (strncmp(url, local, sizeof(local) - 1) == 0)
        return redis_url_socket(url + sizeof(local) - 1, ret);
    if (strncmp(url, tcp, sizeof(tcp) - 1) != 0)
        return false;
    text = url + sizeof(tcp) - 1;
    slash = strchr(text, '/');
    len = slash ? (size_t)(slash - text) : strlen(text);
    at = memrchr(text, '@', len);
    if (at && !redis_url_login(text, (size_t)(at - text), ret))
        return false;
    if (at) {
        len -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    return redis_url_host(text, len, ret) && (!slash || redis_url_db(slash + 1, ret));
}
