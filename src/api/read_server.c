/*
 * read_server.c - GET livez, readyz, metrics.
 */
#include "api/api_priv.h"
#include "api/read_common.h"
#include "base/metric.h"

static void read_health(struct call *call, const char *status)
{
    struct json *body = json_object(call->arena);

    json_add(call->arena, body, "status", json_string(call->arena, status));
    reply_json(call, 200, body);
}

void read_livez(struct call *call)
{
    read_health(call, "live");
}

void read_readyz(struct call *call)
{
    struct store store;
    enum err err =
        call->api->is_ready ? reader_begin(call->api->config.store_name, &store) : ERR_UNAVAILABLE;

    if (!err) {
        err = view_ping(&store);
        reader_end(&store);
    }
    if (err)
        reply_err(call, ERR_UNAVAILABLE);
    else
        read_health(call, "ready");
}

void read_metrics(struct call *call)
{
    struct buf buf;

    buf_init(&buf, call->arena, BUF_BYTES_OWN);
    metric_print(&buf);
    reply_text(call, 200, "text/plain; version=0.0.4; charset=utf-8", buf.data, buf.len);
}
