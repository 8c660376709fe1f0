/*
 * net_refuse.c - the answers net gives by itself; each of them closes the connection.
 */
#include "net/net_priv.h"

#include "base/metric.h"

#include <string.h>
#include <sys/socket.h>

struct net_refuse_text {
    struct arena *arena;
    const char *body, *content_type;
    size_t len;
};

static struct net_refuse_text net_refuse_text(struct net *net, const struct net_refusal *refusal)
{
    struct net_refuse_text text = {.arena = arena_new(), .content_type = "text/plain"};
    struct fault *fault = ARENA_NEW(text.arena, struct fault);

    fault->err = refusal->err;
    fault->detail = refusal->detail;
    text.body =
        net->config.error_body(net->config.user, text.arena, fault, &text.content_type, &text.len);
    return text;
}

struct MHD_Response *net_refuse_response(struct net *net, const struct net_refusal *refusal)
{
    struct net_refuse_text text = net_refuse_text(net, refusal);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text.len, (void *)text.body, MHD_RESPMEM_MUST_COPY);

    if (!response)
        die("out of memory for an answer of %zu bytes", text.len);
    CHECK(MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, text.content_type));
    CHECK(MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close"));
    arena_free(text.arena);
    return response;
}

static void net_refuse_count(const struct net_refusal *refusal)
{
    metric_add(METRIC_HTTP_REQUESTS, 1);
    metric_add(err_status(refusal->err) >= 500 ? METRIC_HTTP_ERRORS : METRIC_HTTP_REFUSED, 1);
}

/* Where the library takes an answer: after the head, and after the whole body. */
enum MHD_Result net_refuse(struct net_request *request, const struct net_refusal *refusal)
{
    struct MHD_Response *response = net_refuse_response(request->net, refusal);
    enum MHD_Result result;

    net_refuse_count(refusal);
    result = MHD_queue_response(request->connection, (unsigned)err_status(refusal->err), response);
    MHD_destroy_response(response);
    return result;
}

static void net_refuse_send(int fd, const char *head, const struct net_refuse_text *text,
                            bool with_body)
{
    struct iovec parts[2] = {
        {.iov_base = (void *)head,       .iov_len = strlen(head)             },
        {.iov_base = (void *)text->body, .iov_len = with_body ? text->len : 0},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts)};

    /* The other side may be gone, or not reading: then it does without. */
    if (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        shutdown(fd, SHUT_WR);
}

/*
 * In the middle of a body the library takes no answer: it is written past the library, which is
 * then told to close. Nothing else can be in the way, the answer to an earlier request has left
 * before this one's body is read.
 */
enum MHD_Result net_refuse_now(struct net_request *request, const struct net_refusal *refusal)
{
    struct net_refuse_text text = net_refuse_text(request->net, refusal);
    int status = err_status(refusal->err);

    net_refuse_count(refusal);
    net_refuse_send(request->fd,
                    arena_printf(text.arena,
                                 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                                 "Connection: close\r\n\r\n",
                                 status, MHD_get_reason_phrase_for((unsigned)status),
                                 text.content_type, text.len),
                    &text, strcmp(request->method, MHD_HTTP_METHOD_HEAD) != 0);
    arena_free(text.arena);
    return MHD_NO;
}
