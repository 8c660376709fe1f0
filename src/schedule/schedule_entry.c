/*
 * schedule_entry.c - an entry as a member of a sorted set: root:execution:reservation:epoch.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "schedule/schedule_priv.h"

enum { ENTRY_ID_CHARS = ID_TEXT_BYTES - 1, ENTRY_EPOCH_AT = 3 * (ENTRY_ID_CHARS + 1) };

void schedule_member(const struct schedule_entry *entry, char text[SCHEDULE_MEMBER_BYTES])
{
    char root[ID_TEXT_BYTES], execution[ID_TEXT_BYTES], reservation[ID_TEXT_BYTES];

    id_text(entry->root_id, root);
    id_text(entry->execution_id, execution);
    id_text(entry->reservation_id, reservation);
    snprintf(text, SCHEDULE_MEMBER_BYTES, "%s:%s:%s:%lld", root, execution, reservation,
             (long long)entry->epoch);
}

bool schedule_member_parse(const char *text, struct schedule_entry *ret)
{
    int64_t *ids[] = {&ret->root_id, &ret->execution_id, &ret->reservation_id};
    size_t len = strlen(text);
    char *end;

    *ret = (struct schedule_entry){0};
    if (len <= ENTRY_EPOCH_AT || len >= SCHEDULE_MEMBER_BYTES)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        const char *id = text + i * (ENTRY_ID_CHARS + 1);

        if (id[ENTRY_ID_CHARS] != ':' || !id_parse(id, ENTRY_ID_CHARS, ids[i]))
            return false;
    }
    if (!isdigit((unsigned char)text[ENTRY_EPOCH_AT]))
        return false;
    ret->epoch = strtoll(text + ENTRY_EPOCH_AT, &end, 10);
    return !*end;
}
