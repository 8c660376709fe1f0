/*
 * cli_pages.c - lists come in pages; a command asks for as many as it wants.
 */
#include "cli/cli_priv.h"

#include "base/limits.h"

#include <string.h>

static void cli_pages_escape(struct buf *buf, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *text; text++)
        if (strchr(plain, *text))
            buf_char(buf, *text);
        else
            buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*text);
}

void cli_query_add(struct buf *buf, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(buf, "%s=", name);
    cli_pages_escape(buf, value);
    buf_char(buf, '&');
}

/* "executions/", id, "/history": the id is escaped. */
const char *cli_path(struct arena *arena, const char *before, const char *id, const char *after)
{
    struct buf buf;

    buf_init(&buf, arena, 65536);
    buf_text(&buf, before);
    cli_pages_escape(&buf, id);
    buf_text(&buf, after);
    return buf.data;
}

static const char *cli_pages_path(struct cli *cli, const struct cli_pages *pages, int64_t limit,
                                  const char *cursor)
{
    struct buf buf;

    buf_init(&buf, cli->arena, 131072);
    buf_printf(&buf, "%s?%s", pages->path, pages->query ? pages->query : "");
    if (limit > 0)
        buf_printf(&buf, "limit=%lld&", (long long)limit);
    cli_query_add(&buf, "cursor", cursor);
    buf.data[buf.len - 1] = '\0'; /* the last '?' or '&' */
    return buf.data;
}

int cli_pages_get(struct cli *cli, const struct cli_pages *pages, struct json **ret_items,
                  const char **ret_cursor)
{
    struct json *items = json_array(cli->arena);
    const char *cursor = NULL;
    int result;

    do {
        int64_t limit = pages->all ? LIMIT_PAGE_ITEMS : 0;
        struct cli_answer answer;
        const struct json *page;

        if (pages->limit > 0) {
            limit = pages->limit - items->count;
            limit = limit < LIMIT_PAGE_ITEMS ? limit : LIMIT_PAGE_ITEMS;
        }
        result = cli_get(cli, cli_pages_path(cli, pages, limit, cursor), &answer);
        if (result)
            return result;
        page = json_get(answer.body, pages->member);
        for (uint32_t i = 0; json_is(page, JSON_ARRAY) && i < page->count; i++)
            json_push(cli->arena, items, page->items[i]);
        cursor = json_get_string(answer.body, "next_cursor");
    } while (cursor && (pages->all || (int64_t)items->count < pages->limit));
    *ret_items = items;
    if (ret_cursor)
        *ret_cursor = cursor;
    return CLI_EXIT_OK;
}
