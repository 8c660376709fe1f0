/*
 * cli_client.c - requests to the server: one attempt, or as many as are safe.
 *
 * libcurl is seen nowhere else in this room. The token goes only to the address it belongs to:
 * redirects are not followed, and a server on this machine is never asked through a proxy.
 */
#include "cli/cli_priv.h"

#include "base/id.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLI_CLIENT_CONNECT_MS 5000
#define CLI_CLIENT_ANSWER_MS 30000
#define CLI_CLIENT_PAUSE_FIRST_MS 100
#define CLI_CLIENT_PAUSE_MAX_MS 5000
/* Nobody listens: after so many attempts it is said, unless the server was there a moment ago. */
#define CLI_CLIENT_KNOCKS_MAX 3

struct cli_client {
    CURL *curl;
    const struct cli_target *target;
    const _Atomic bool *stop;
    bool reached; /* it has answered once */
    char error[CURL_ERROR_SIZE];
};

static int cli_client_on_progress(void *user, curl_off_t down_total, curl_off_t down,
                                  curl_off_t up_total, curl_off_t up)
{
    struct cli_client *client = user;

    (void)down_total, (void)down, (void)up_total, (void)up;
    return client->stop && atomic_load(client->stop);
}

static size_t cli_client_on_body(char *data, size_t size, size_t count, void *user)
{
    struct buf *buf = user;

    buf_add(buf, data, size * count);
    return buf->overflow ? 0 : size * count;
}

static bool cli_client_is_local(const char *url)
{
    static const char *const hosts[] = {"127.", "localhost", "[::1]"};
    const char *host = strstr(url, "://");

    for (size_t i = 0; host && i < ARRAY_SIZE(hosts); i++)
        if (strncmp(host + 3, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

struct cli_client *cli_client_new(const struct cli_target *target, const _Atomic bool *stop)
{
    struct cli_client *client = xalloc(sizeof(*client));

    client->curl = curl_easy_init();
    CHECK(client->curl);
    client->target = target;
    client->stop = stop;
    return client;
}

void cli_client_free(struct cli_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client);
}

static void cli_client_set_up(struct cli_client *client, const struct cli_request *request)
{
    CURL *curl = client->curl;

    curl_easy_reset(curl); /* keeps the connection */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fermata/" FERMATA_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CLI_CLIENT_CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     (long)(request->answer_ms ? request->answer_ms : CLI_CLIENT_ANSWER_MS));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, client->stop ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, cli_client_on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, cli_client_on_body);
    if (cli_client_is_local(client->target->url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

static struct curl_slist *cli_client_headers(struct cli_client *client, struct arena *arena,
                                             const struct cli_request *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

    if (client->target->token)
        headers = curl_slist_append(
            headers, arena_printf(arena, "Authorization: Bearer %s", client->target->token));
    if (request->idempotency_key)
        headers = curl_slist_append(
            headers, arena_printf(arena, "Idempotency-Key: %s", request->idempotency_key));
    if (request->body)
        headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:");
    return headers;
}

static void cli_client_read(struct cli_client *client, struct arena *arena, const struct buf *buf,
                            struct cli_answer *answer)
{
    struct fault fault = {0};
    curl_off_t retry_after = 0;
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &retry_after);
    answer->status = (int)status;
    answer->retry_after_ms = retry_after > 0 && retry_after < 3600 ? retry_after * 1000 : 0;
    answer->text = buf->data ? buf->data : "";
    answer->len = buf->len;
    if (json_parse(arena, answer->text, answer->len, &answer->body, &fault))
        answer->body = NULL;
    client->reached = true;
}

void cli_client_try(struct cli_client *client, struct arena *arena,
                    const struct cli_request *request, struct cli_answer *ret)
{
    struct curl_slist *headers = cli_client_headers(client, arena, request);
    struct buf buf;
    CURLcode code;

    *ret = (struct cli_answer){0};
    buf_init(&buf, arena, CLI_ANSWER_BYTES_MAX);
    cli_client_set_up(client, request);
    curl_easy_setopt(
        client->curl, CURLOPT_URL,
        arena_printf(arena, "%s/api/v3/orchestration/%s", client->target->url, request->path));
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &buf);
    if (strcmp(request->method, "POST") == 0) {
        const char *text = request->body ? json_text(arena, request->body) : "";

        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
    }
    client->error[0] = '\0';
    code = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (code == CURLE_OK) {
        cli_client_read(client, arena, &buf, ret);
        return;
    }
    ret->lost = arena_string(arena, client->error[0] ? client->error : curl_easy_strerror(code));
    ret->maybe_sent = code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST;
}

bool cli_answer_ok(const struct cli_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

const char *cli_answer_code(const struct cli_answer *answer)
{
    const char *code = json_get_string(answer->body, "code");

    return code ? code : "";
}

/* Half a pause is certain, half is by chance, so that many clients do not come back together. */
static int64_t cli_client_pause_ms(int attempt, int64_t retry_after_ms)
{
    int64_t pause = CLI_CLIENT_PAUSE_FIRST_MS;
    uint32_t chance;

    for (int i = 0; i < attempt && pause < CLI_CLIENT_PAUSE_MAX_MS; i++)
        pause *= 2;
    if (pause > CLI_CLIENT_PAUSE_MAX_MS)
        pause = CLI_CLIENT_PAUSE_MAX_MS;
    if (retry_after_ms > pause)
        pause = retry_after_ms;
    id_random(&chance, sizeof(chance));
    return pause / 2 + (int64_t)(chance % (uint64_t)(pause / 2 + 1));
}

static bool cli_client_should_repeat(const struct cli_client *client,
                                     const struct cli_answer *answer, int attempt)
{
    if (client->stop && atomic_load(client->stop))
        return false;
    if (answer->status == 429 || answer->status == 503 || answer->status == 507)
        return true;
    if (answer->status)
        return false;
    return answer->maybe_sent || client->reached || attempt + 1 < CLI_CLIENT_KNOCKS_MAX;
}

void cli_client_send(struct cli_client *client, struct arena *arena,
                     const struct cli_request *request, int64_t retry_ms, struct cli_answer *ret)
{
    int64_t end_us = clock_monotonic_us() + retry_ms * 1000;
    bool sent = false;

    for (int attempt = 0;; attempt++) {
        int64_t pause_ms;
        struct timespec pause;

        cli_client_try(client, arena, request, ret);
        sent |= ret->maybe_sent;
        ret->maybe_sent = sent;
        if (!request->repeatable || !cli_client_should_repeat(client, ret, attempt))
            return;
        pause_ms = cli_client_pause_ms(attempt, ret->retry_after_ms);
        if (clock_monotonic_us() + pause_ms * 1000 > end_us)
            return;
        pause.tv_sec = (time_t)(pause_ms / 1000);
        pause.tv_nsec = (long)(pause_ms % 1000) * 1000000;
        nanosleep(&pause, NULL);
    }
}
