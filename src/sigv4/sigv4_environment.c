/*
 * sigv4_environment.c - what the clients of AWS must find in their environment to come to us.
 */
#include "sigv4/sigv4_environment.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

#define ENVIRONMENT_PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:+=@%"

void sigv4_environment(const struct sigv4_client *client,
                       struct sigv4_variable ret[SIGV4_ENVIRONMENT_COUNT])
{
    const struct sigv4_variable list[SIGV4_ENVIRONMENT_COUNT] = {
        {"AWS_ACCESS_KEY_ID",                 client->access_key_id    },
        {"AWS_SECRET_ACCESS_KEY",             client->secret_access_key},
        {"AWS_DEFAULT_REGION",                client->region           },
        {"AWS_ENDPOINT_URL_SFN",              client->url              },
 /* Else StartSyncExecution and TestState go to the host "sync-127.0.0.1". */
        {"AWS_DISABLE_HOST_PREFIX_INJECTION", "true"                   },
    };

    memcpy(ret, list, sizeof(list));
}

/* In quotes when a shell would see more in it than its characters. */
static void environment_value(struct buf *buf, const char *value)
{
    if (*value && value[strspn(value, ENVIRONMENT_PLAIN)] == '\0') {
        buf_text(buf, value);
        return;
    }
    buf_char(buf, '\'');
    for (; *value; value++) {
        if (*value == '\'')
            buf_text(buf, "'\\''");
        else
            buf_char(buf, *value);
    }
    buf_char(buf, '\'');
}

const char *sigv4_environment_lines(struct arena *arena, const struct sigv4_client *client)
{
    struct sigv4_variable list[SIGV4_ENVIRONMENT_COUNT];
    struct buf buf;

    sigv4_environment(client, list);
    buf_init(&buf, arena, BUF_BYTES_OWN);
    for (size_t i = 0; i < SIGV4_ENVIRONMENT_COUNT; i++) {
        buf_printf(&buf, "export %s=", list[i].name);
        environment_value(&buf, list[i].value);
        buf_char(&buf, '\n');
    }
    return buf.data;
}
