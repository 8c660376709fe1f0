/*
 * test_wire.c - what nodes say to each other, through Redis and through PostgreSQL.
 *
 * Most tests run on both ways, with a Redis of the test's own and a schema of its own in
 * PostgreSQL; where a server is missing the test says so and is skipped.
 */
#include "wire/wire.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/metric.h"
#include "unit/own_redis.h"
#include "wire/wire_priv.h"

enum { NODES = 3, FLOOD = 100000, DEAF_CLIENTS = 16 };

/* ---- a node: what its wire told it ---- */

struct node {
    char client[96], store[1200];
    struct wire *wire;
    atomic_int cuts;
    pthread_mutex_t lock;
    char last[WIRE_TEXT_BYTES + 1];
    int64_t heard, sames; /* all texts; those that were "same" */
};

struct deaf {
    pthread_t thread;
    int listener;
    bool is_there;
    atomic_bool is_over;
    atomic_int subscribed;
};

struct bed {
    struct own_redis redis;
    const char *url; /* of Redis; null: PostgreSQL carries the wire */
    pid_t stopped;   /* a process of the server's */
    bool is_absent;  /* the server that the test needs is not here */
    char space[128];
    struct own_schema schema;
    struct deaf deaf; /* in place of Redis */
    struct node nodes[NODES];
};

static void node_on_text(void *user, const char *text)
{
    struct node *node = user;

    pthread_mutex_lock(&node->lock);
    node->heard++;
    if (strcmp(text, "same") == 0)
        node->sames++;
    snprintf(node->last, sizeof(node->last), "%s", text);
    pthread_mutex_unlock(&node->lock);
}

static void node_on_cut(void *user)
{
    struct node *node = user;

    atomic_fetch_add(&node->cuts, 1);
}

static bool node_heard_last(struct node *node, const char *text)
{
    bool is_last;

    pthread_mutex_lock(&node->lock);
    is_last = strcmp(node->last, text) == 0;
    pthread_mutex_unlock(&node->lock);
    return is_last;
}

static int64_t node_heard(struct node *node)
{
    int64_t heard;

    pthread_mutex_lock(&node->lock);
    heard = node->heard;
    pthread_mutex_unlock(&node->lock);
    return heard;
}

static enum err node_open(struct bed *bed, struct node *node)
{
    const struct wire_config config = {
        .url = bed->url,
        .store = bed->url ? NULL : node->store,
        .space = bed->space,
        .node = 2 * (node - bed->nodes),
        .on_text = node_on_text,
        .on_cut = node_on_cut,
        .user = node,
    };

    return wire_open(&config, &node->wire);
}

/* ---- the bed's life ---- */

static struct bed *bed_new(void)
{
    struct bed *bed = xalloc(sizeof(*bed));

    own_redis_prepare(&bed->redis);
    snprintf(bed->space, sizeof(bed->space), "test_%d", (int)getpid());
    for (size_t i = 0; i < NODES; i++)
        pthread_mutex_init(&bed->nodes[i].lock, NULL);
    return bed;
}

static void bed_start_redis(struct bed *bed)
{
    own_redis_start(&bed->redis);
    bed->is_absent = bed->redis.is_absent;
}

/* Where the test starts a server itself, or is one. */
static int bed_setup_bare(void **state)
{
    struct bed *bed = bed_new();

    bed->url = bed->redis.url;
    *state = bed;
    return 0;
}

static int bed_setup_redis(void **state)
{
    int failed = bed_setup_bare(state);

    if (!failed)
        bed_start_redis(*state);
    return failed;
}

static int bed_setup_postgres(void **state)
{
    struct bed *bed = bed_new();

    own_schema_open(&bed->schema);
    bed->is_absent = !bed->schema.sql;
    /* The channel's name has only so many bytes: a long space is one like any other. */
    snprintf(bed->space, sizeof(bed->space), "a_space_with_a_name_too_long_for_a_channel_%s",
             bed->schema.name);
    for (size_t i = 0; i < NODES; i++) {
        struct node *node = &bed->nodes[i];

        snprintf(node->client, sizeof(node->client), "%s_n%zu", bed->schema.name, i);
        own_schema_url(&bed->schema, node->client, node->store);
    }
    *state = bed;
    return 0;
}

static int bed_teardown(void **state)
{
    struct bed *bed = *state;

    if (bed->stopped)
        kill(bed->stopped, SIGCONT);
    own_redis_kill(&bed->redis);
    for (size_t i = 0; i < NODES; i++) {
        wire_close(bed->nodes[i].wire);
        pthread_mutex_destroy(&bed->nodes[i].lock);
    }
    own_schema_close(&bed->schema);
    own_redis_remove(&bed->redis);
    free(bed);
    return 0;
}

/* All nodes, each of them connected. */
static void bed_open(struct bed *bed)
{
    if (bed->is_absent)
        skip();
    for (size_t i = 0; i < NODES; i++)
        assert_ok(node_open(bed, &bed->nodes[i]));
    for (size_t i = 0; i < NODES; i++)
        await(bed->nodes[i].cuts == 1);
}

/* Cuts what this node's wire (with Redis: everybody's) hangs on. */
static void bed_cut(struct bed *bed, struct node *node)
{
    if (!bed->url) {
        own_schema_cut_off(&bed->schema, node->client);
        return;
    }
    own_redis_do(&bed->redis, "CLIENT KILL TYPE pubsub");
    own_redis_do(&bed->redis, "CLIENT KILL TYPE normal");
}

static void bed_publish(struct bed *bed, const char *channel, const char *text)
{
    const char *words[] = {"PUBLISH", channel, text};
    const struct redis_command command = {.words = words, .count = ARRAY_SIZE(words)};
    const struct redis_value *value;
    struct redis *redis;

    if (!bed->url) {
        assert_ok(sql_notify(bed->schema.sql, channel, text));
        return;
    }
    assert_ok(redis_new(bed->url, OWN_REDIS_MS, &redis));
    assert_ok(redis_call(redis, bed->redis.arena, &command, 1, &value));
    redis_free(redis);
}

/* Says it again and again: a node that is being cut may miss it once. */
static bool node_says(struct node *from, struct node *to, const char *text)
{
    wire_send(from->wire, text);
    return node_heard_last(to, text);
}

/* ---- messages ---- */

static void message_on_text(void *user, const char *text)
{
    int64_t *next = user;

    assert_int_equal(strtoll(text, NULL, 10), (*next)++);
}

static void a_message_holds_what_fits_and_each_text_once(void **state)
{
    struct wire_message message;
    int64_t node = -1, next = 0, count = 0;
    char text[32];

    (void)state;
    wire_message_begin(&message, 1022);
    assert_true(wire_message_read(message.text, &node));
    assert_int_equal(node, 1022);
    for (;; count++) {
        snprintf(text, sizeof(text), "%lld", (long long)count);
        if (!wire_message_add(&message, text))
            break;
    }
    assert_in_range(message.len, SQL_NOTIFY_BYTES - 8, SQL_NOTIFY_BYTES);
    assert_true(wire_message_add(&message, "0"));
    assert_true(wire_message_add(&message, "17"));
    assert_true(wire_message_read(message.text, &node));
    wire_message_each(message.text, message_on_text, &next);
    assert_int_equal(next, count);
}

static void stores_with_long_names_have_channels_of_their_own(void **state)
{
    char a[WIRE_CHANNEL_BYTES], b[WIRE_CHANNEL_BYTES], name[200];

    (void)state;
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    wire_channel(name, a);
    name[sizeof(name) - 2] = 'm';
    wire_channel(name, b);
    assert_string_not_equal(a, b);
    wire_channel("short", a);
    assert_string_equal(a, "fermata:short");
}

/* ---- what a wire does ---- */

static void every_node_hears_the_others_and_not_itself(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;

    bed_open(bed);
    wire_send(n[0].wire, "from the first");
    await(node_heard_last(&n[1], "from the first"));
    await(node_heard_last(&n[2], "from the first"));
    /* Whatever it said itself would have come before this. */
    wire_send(n[1].wire, "from the second");
    await(node_heard_last(&n[0], "from the second"));
    await(node_heard_last(&n[2], "from the second"));
    assert_int_equal(node_heard(&n[0]), 1);
    assert_int_equal(node_heard(&n[1]), 1);
    assert_int_equal(node_heard(&n[2]), 2);
}

static void texts_come_whole_and_in_order(void **state)
{
    struct bed *bed = *state;
    char longest[WIRE_TEXT_BYTES + 1], text[32];

    bed_open(bed);
    memset(longest, 'x', WIRE_TEXT_BYTES);
    longest[WIRE_TEXT_BYTES] = '\0';
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), "%d", i);
        memcpy(longest, text, strlen(text));
        wire_send(bed->nodes[0].wire, longest);
    }
    await(node_heard_last(&bed->nodes[1], longest));
    assert_int_equal(node_heard(&bed->nodes[1]), 20);
}

static void a_cut_wire_comes_back_and_says_so(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;
    int64_t cuts = metric_value(METRIC_WIRE_CUTS);

    bed_open(bed);
    bed_cut(bed, &n[0]);
    /* Said while it is cut, or just before it knows; the others of PostgreSQL are not cut. */
    wire_send(n[0].wire, "after all");
    if (!bed->url)
        await(node_heard_last(&n[1], "after all"));
    await(n[0].cuts >= 2);
    assert_true(metric_value(METRIC_WIRE_CUTS) > cuts);
    await(node_says(&n[1], &n[0], "heard again"));
    await(node_says(&n[0], &n[1], "and understood"));
}

static void a_flood_into_a_silent_server_neither_waits_nor_grows(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;
    int64_t dropped = metric_value(METRIC_WIRE_DROPPED);
    char text[32];

    bed_open(bed);
    bed->stopped = bed->url ? bed->redis.pid : own_schema_pid(&bed->schema, n[0].client);
    assert_true(bed->stopped > 0);
    if (kill(bed->stopped, SIGSTOP) != 0) {
        print_message("the server's processes are not ours to stop\n");
        skip();
    }
    /* A wire_send that waited for the server would wait for ever. */
    for (int i = 0; i < FLOOD; i++) {
        snprintf(text, sizeof(text), "text %d", i);
        wire_send(n[0].wire, text);
    }
    dropped = metric_value(METRIC_WIRE_DROPPED) - dropped;
    assert_int_equal(kill(bed->stopped, SIGCONT), 0);
    /* What one message holds may have been on its way. */
    assert_in_range(dropped, FLOOD - LIMIT_WIRE_WAITING - SQL_NOTIFY_BYTES, FLOOD);
    await(node_says(&n[0], &n[1], "end"));
}

static void what_is_said_many_times_goes_once(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;

    bed_open(bed);
    for (int i = 0; i < LIMIT_WIRE_WAITING; i++)
        wire_send(n[0].wire, "same");
    wire_send(n[0].wire, "end");
    await(node_heard_last(&n[1], "end"));
    assert_in_range(n[1].sames, 1, LIMIT_WIRE_WAITING / 2);
}

static void what_no_node_says_is_dropped(void **state)
{
    static const char *const garbage[] = {
        "",
        "x",
        "fermata",
        "fermata 1 ",
        "fermata 1 7",
        "fermata 1 7\nnot ended",
        "fermata 1 07\nnot ours\n",
        "fermata 1  7\nnot ours\n",
        "fermata 1 99999999999999999999\nno number\n",
        "fermata 2 7\nof another form\n",
        "fermata 1 7\n\n",
        "\xc3\xa4\xf0\x9f\x8e\xb5",
    };
    struct bed *bed = *state;
    struct node *n = bed->nodes;
    int64_t before = metric_value(METRIC_WIRE_GARBAGE);
    char channel[WIRE_CHANNEL_BYTES], big[SQL_NOTIFY_BYTES + 1];

    bed_open(bed);
    wire_channel(bed->space, channel);
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
        bed_publish(bed, channel, garbage[i]);
    memset(big, 'x', SQL_NOTIFY_BYTES);
    memcpy(big, "fermata 1 7\n", 12);
    big[SQL_NOTIFY_BYTES - 1] = '\n';
    big[SQL_NOTIFY_BYTES] = '\0';
    bed_publish(bed, channel, big);
    bed_publish(bed, channel, "fermata 1 7\nhello\n");
    for (size_t i = 0; i < NODES; i++) {
        await(node_heard_last(&n[i], "hello"));
        assert_int_equal(node_heard(&n[i]), 1);
        assert_int_equal(n[i].cuts, 1);
    }
    assert_int_equal(metric_value(METRIC_WIRE_GARBAGE) - before, NODES * (ARRAY_SIZE(garbage) + 1));
}

static void what_waits_is_said_before_the_wire_closes(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;
    char text[32];

    bed_open(bed);
    for (int i = 0; i < LIMIT_WIRE_WAITING; i++) {
        snprintf(text, sizeof(text), "text %d", i);
        wire_send(n[0].wire, text);
    }
    wire_close(n[0].wire);
    n[0].wire = NULL;
    await(node_heard_last(&n[1], text));
    assert_int_equal(node_heard(&n[1]), LIMIT_WIRE_WAITING);
}

/* ---- wires that are not well ---- */

static void a_wire_waits_for_its_server(void **state)
{
    struct bed *bed = *state;
    struct node *n = bed->nodes;

    assert_ok(node_open(bed, &n[0]));
    assert_ok(node_open(bed, &n[1]));
    wire_send(n[0].wire, "from before");
    assert_int_equal(n[0].cuts, 0);
    bed_start_redis(bed);
    if (bed->is_absent)
        skip();
    await(n[0].cuts == 1 && n[1].cuts == 1);
    wire_send(n[0].wire, "hello");
    await(node_heard_last(&n[1], "hello"));
}

static void a_name_that_is_none_is_refused(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    bed->url = "http://127.0.0.1/";
    assert_err(node_open(bed, node), ERR_INVALID_REQUEST);
    bed->url = NULL;
    snprintf(node->store, sizeof(node->store), "/tmp/a-file.db");
    assert_err(node_open(bed, node), ERR_INVALID_REQUEST);
}

/* ---- a server that takes every word and never lets anybody hear one ---- */

static bool deaf_answer(struct deaf *deaf, int fd, const char *channel)
{
    char asked[SQL_NOTIFY_BYTES + 200], answer[200];
    ssize_t got = recv(fd, asked, sizeof(asked) - 1, 0);
    int len;

    if (got <= 0)
        return false;
    asked[got] = '\0';
    if (strstr(asked, "PUBLISH")) {
        len = snprintf(answer, sizeof(answer), ":1\r\n");
    } else {
        atomic_fetch_add(&deaf->subscribed, 1);
        len = snprintf(answer, sizeof(answer), "*3\r\n$9\r\nsubscribe\r\n$%zu\r\n%s\r\n:1\r\n",
                       strlen(channel), channel);
    }
    return send(fd, answer, (size_t)len, MSG_NOSIGNAL) == len;
}

static void *deaf_main(void *user)
{
    struct bed *bed = user;
    struct deaf *deaf = &bed->deaf;
    struct pollfd fds[DEAF_CLIENTS] = {
        {.fd = deaf->listener, .events = POLLIN}
    };
    char channel[WIRE_CHANNEL_BYTES];
    nfds_t count = 1;

    wire_channel(bed->space, channel);
    while (!deaf->is_over) {
        poll(fds, count, 10);
        if (fds[0].revents & POLLIN && count < DEAF_CLIENTS)
            fds[count++] =
                (struct pollfd){.fd = accept(deaf->listener, NULL, NULL), .events = POLLIN};
        for (nfds_t i = 1; i < count; i++) {
            if (!fds[i].revents || deaf_answer(deaf, fds[i].fd, channel))
                continue;
            close(fds[i].fd);
            fds[i--] = fds[--count];
        }
    }
    while (count)
        close(fds[--count].fd);
    return NULL;
}

static void deaf_start(struct bed *bed)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", bed->redis.socket);
    bed->deaf.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(bed->deaf.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(bed->deaf.listener, DEAF_CLIENTS), 0);
    assert_int_equal(pthread_create(&bed->deaf.thread, NULL, deaf_main, bed), 0);
    bed->deaf.is_there = true;
}

static void deaf_stop(struct bed *bed)
{
    if (!bed->deaf.is_there)
        return;
    bed->deaf.is_over = true;
    pthread_join(bed->deaf.thread, NULL);
}

static int bed_teardown_deaf(void **state)
{
    deaf_stop(*state);
    return bed_teardown(state);
}

static void a_wire_that_hears_not_even_itself_is_cut(void **state)
{
    struct bed *bed = *state;
    struct node *node = &bed->nodes[0];

    deaf_start(bed);
    assert_ok(node_open(bed, node));
    await(node->cuts >= 2);
    assert_true(bed->deaf.subscribed >= 2);
}

int main(void)
{
#define ON_BOTH(test)                                                                              \
    {"redis: " #test, test, bed_setup_redis, bed_teardown, NULL},                                  \
    {                                                                                              \
        "postgres: " #test, test, bed_setup_postgres, bed_teardown, NULL                           \
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_holds_what_fits_and_each_text_once),
        cmocka_unit_test(stores_with_long_names_have_channels_of_their_own),
        ON_BOTH(every_node_hears_the_others_and_not_itself),
        ON_BOTH(texts_come_whole_and_in_order),
        ON_BOTH(a_cut_wire_comes_back_and_says_so),
        ON_BOTH(a_flood_into_a_silent_server_neither_waits_nor_grows),
        ON_BOTH(what_is_said_many_times_goes_once),
        ON_BOTH(what_no_node_says_is_dropped),
        ON_BOTH(what_waits_is_said_before_the_wire_closes),
        cmocka_unit_test_setup_teardown(a_wire_waits_for_its_server, bed_setup_bare, bed_teardown),
        cmocka_unit_test_setup_teardown(a_name_that_is_none_is_refused, bed_setup_bare,
                                        bed_teardown),
        cmocka_unit_test_setup_teardown(a_wire_that_hears_not_even_itself_is_cut, bed_setup_bare,
                                        bed_teardown_deaf),
    };

    signal(SIGPIPE, SIG_IGN); /* as the server does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
