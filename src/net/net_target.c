/*
 * net_target.c - which request targets are looked at at all, decided on the bytes as they came.
 *
 * Routes are compared with the raw path, and ids in it are decoded later. So nothing may come
 * through that reads differently before and after decoding: no encoded slash, dot, backslash or
 * NUL, no empty or dot segment.
 */
#include "net/net_priv.h"

#include "base/limits.h"

#include <ctype.h>
#include <string.h>

static int net_target_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that "%xy" stands for, or -1. */
static int net_target_escape(const char *text)
{
    int high = net_target_hex(text[1]);

    if (high < 0 || net_target_hex(text[2]) < 0)
        return -1;
    return high * 16 + net_target_hex(text[2]);
}

/* RFC 3986 pchar and '/'. */
static bool net_target_path_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("/-._~!$&'()*+,;=:@", c));
}

static const char *net_target_check_path(const char *path, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (path[i] == '%') {
            int byte = net_target_escape(path + i);
            if (byte < 0)
                return "a percent sign in the path must start two hexadecimal digits";
            if (byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == '.')
                return "the path must not hide slashes, dots or control characters";
            i += 2;
        } else if (!net_target_path_char(path[i])) {
            return "the path has a character that must be percent-encoded";
        }
        if (path[i] == '/' && path[i + 1] == '/')
            return "the path must not have empty segments";
        if (path[i] == '/' && path[i + 1] == '.') {
            size_t dots = strspn(path + i + 1, ".");
            char after = path[i + 1 + dots];
            if (dots <= 2 && (after == '/' || after == '?' || !after))
                return "the path must not have dot segments";
        }
    }
    return NULL;
}

static const char *net_target_check_query(const char *query)
{
    for (const char *at = query; *at; at++) {
        if (*at <= 0x20 || *at >= 0x7f || *at == '#')
            return "the query has a character that must be percent-encoded";
        if (*at != '%')
            continue;
        if (net_target_escape(at) <= 0)
            return "a percent sign in the query must start two hexadecimal digits, not 00";
        at += 2;
    }
    return NULL;
}

bool net_target_check(const char *target, struct net_refusal *ret)
{
    size_t path_len = strcspn(target, "?");
    const char *detail = NULL;

    if (strlen(target) > LIMIT_HTTP_TARGET_BYTES) {
        *ret = (struct net_refusal){ERR_URI_TOO_LONG, NULL};
        return false;
    }
    if (target[0] != '/')
        detail = "the request target must be a path";
    else
        detail = net_target_check_path(target, path_len);
    if (!detail && target[path_len])
        detail = net_target_check_query(target + path_len + 1);
    if (detail)
        *ret = (struct net_refusal){ERR_INVALID_REQUEST, detail};
    return !detail;
}
