/*
 * wire_message.c - how texts are put together into messages, and taken apart; the channel's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "wire/wire_priv.h"

#define WIRE_HEAD "fermata 1 " /* of the form's first version; then the node */
enum { WIRE_HEAD_BYTES = 40 };

static size_t wire_head(char head[WIRE_HEAD_BYTES], int64_t node)
{
    return (size_t)snprintf(head, WIRE_HEAD_BYTES, WIRE_HEAD "%lld\n", (long long)node);
}

void wire_message_begin(struct wire_message *message, int64_t node)
{
    char head[WIRE_HEAD_BYTES];

    message->head_len = wire_head(head, node);
    message->len = message->head_len;
    memcpy(message->text, head, message->len + 1);
}

bool wire_message_add(struct wire_message *message, const char *text)
{
    char line[WIRE_TEXT_BYTES + 3]; /* with the line breaks around it */
    size_t len = (size_t)snprintf(line, sizeof(line), "\n%s\n", text);
    const char *body = message->text + message->head_len - 1; /* the head's line break */

    CHECK(len < sizeof(line));
    if (memmem(body, message->len - message->head_len + 1, line, len))
        return true;
    if (message->len + len - 1 > SQL_NOTIFY_BYTES)
        return false;
    memcpy(message->text + message->len, line + 1, len);
    message->len += len - 1;
    return true;
}

/* The head is written again and compared: what is not exactly ours is not ours. */
static bool wire_message_head(const char *text, int64_t *ret_node, size_t *ret_len)
{
    char head[WIRE_HEAD_BYTES];

    if (strncmp(text, WIRE_HEAD, sizeof(WIRE_HEAD) - 1) != 0)
        return false;
    *ret_node = strtoll(text + sizeof(WIRE_HEAD) - 1, NULL, 10);
    *ret_len = wire_head(head, *ret_node);
    return strncmp(text, head, *ret_len) == 0;
}

bool wire_message_read(const char *text, int64_t *ret_node)
{
    const char *line, *end;
    int64_t node;
    size_t len;

    if (!wire_message_head(text, &node, &len))
        return false;
    if (strnlen(text, SQL_NOTIFY_BYTES + 1) > SQL_NOTIFY_BYTES)
        return false;
    for (line = text + len; *line; line = end + 1) {
        end = strchr(line, '\n');
        if (!end || end == line || end - line > WIRE_TEXT_BYTES)
            return false;
    }
    *ret_node = node;
    return true;
}

void wire_message_each(const char *text, void (*on_text)(void *user, const char *text), void *user)
{
    char line[WIRE_TEXT_BYTES + 1];
    const char *end;

    for (const char *at = strchr(text, '\n') + 1; *at; at = end + 1) {
        end = strchr(at, '\n');
        memcpy(line, at, (size_t)(end - at));
        line[end - at] = '\0';
        on_text(user, line);
    }
}

/* A long space is named by its hash: cut short, two of them could be one channel. */
void wire_channel(const char *space, char channel[WIRE_CHANNEL_BYTES])
{
    char hash[SHA256_TEXT_BYTES];

    if (strlen(space) <= WIRE_CHANNEL_BYTES - sizeof(WIRE_CHANNEL_NAME)) {
        snprintf(channel, WIRE_CHANNEL_BYTES, WIRE_CHANNEL_NAME "%s", space);
        return;
    }
    sha256_text(space, strlen(space), hash);
    snprintf(channel, WIRE_CHANNEL_BYTES, WIRE_CHANNEL_NAME "%.32s", hash);
}
