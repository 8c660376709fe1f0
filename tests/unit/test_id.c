/*
 * test_id.c - ids rise and never repeat, whatever the clock and the threads do; texts have one
 * spelling.
 */
#include "base/id.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "unit.h"

#define AFTER_2024 INT64_C(1795406706123)

static void ids_rise_though_the_clock_stands_still(void **state)
{
    struct clock clock;
    struct id_source source;
    int64_t last = 0;

    (void)state;
    clock_init_fake(&clock, AFTER_2024);
    id_source_init(&source, &clock, 5);
    for (int i = 0; i < 100000; i++) {
        int64_t id = id_next(&source);

        assert_true(id > last);
        assert_int_equal(id & (ID_STEP - 1), 5); /* the node's bits are never counted into */
        last = id;
    }
}

static void an_id_holds_its_millisecond(void **state)
{
    struct clock clock;
    struct id_source source;

    (void)state;
    clock_init_fake(&clock, AFTER_2024);
    id_source_init(&source, &clock, 0);
    assert_int_equal((id_next(&source) >> 22) + INT64_C(1704067200000), AFTER_2024);
    clock_move(&clock, 10);
    assert_int_equal((id_next(&source) >> 22) + INT64_C(1704067200000), AFTER_2024 + 10);
    clock_move(&clock, -100000000);
    assert_int_equal((id_next(&source) >> 22) + INT64_C(1704067200000), AFTER_2024 + 10);
}

static void a_clock_before_2024_still_gives_ids(void **state)
{
    struct clock clock;
    struct id_source source;
    int64_t first;

    (void)state;
    clock_init_fake(&clock, 0);
    id_source_init(&source, &clock, 1);
    first = id_next(&source);
    assert_true(first > 0);
    assert_true(id_next(&source) > first);
}

static void a_block_is_a_run_that_may_cross_milliseconds(void **state)
{
    struct clock clock;
    struct id_source source;
    int64_t last = 0;

    (void)state;
    clock_init_fake(&clock, AFTER_2024);
    id_source_init(&source, &clock, 9);
    for (int64_t count = 1; count <= 100000; count += 3700) {
        int64_t first = id_block(&source, count);

        assert_true(first > last);
        assert_int_equal(first & (ID_STEP - 1), 9);
        last = first + (count - 1) * ID_STEP;
    }
    assert_int_equal(id_next(&source), last + ID_STEP);
}

enum { THREADS = 4, EACH = 50000 };

struct worker {
    pthread_t thread;
    struct id_source *source;
    int64_t *ids;
    bool fell;
};

static void *worker_run(void *arg)
{
    struct worker *worker = arg;

    for (int i = 0; i < EACH; i++) {
        worker->ids[i] = id_next(worker->source);
        if (i && worker->ids[i] <= worker->ids[i - 1])
            worker->fell = true;
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void threads_never_get_the_same_id(void **state)
{
    struct clock clock;
    struct id_source source;
    struct worker workers[THREADS];
    int64_t *ids = xalloc(sizeof(int64_t) * THREADS * EACH);

    (void)state;
    clock_init_system(&clock);
    id_source_init(&source, &clock, 3);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.source = &source, .ids = ids + (size_t)i * EACH};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_false(workers[i].fell);
    }
    qsort(ids, THREADS * EACH, sizeof(ids[0]), compare_ids);
    for (int i = 1; i < THREADS * EACH; i++)
        assert_true(ids[i] > ids[i - 1]);
    free(ids);
}

static void the_order_of_texts_is_the_order_of_ids(void **state)
{
    static const int64_t ids[] = {0,        1, 31, 32, 1 << 20, INT64_C(1) << 40, INT64_MAX - 1,
                                  INT64_MAX};
    char last[ID_TEXT_BYTES] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        char text[ID_TEXT_BYTES];
        int64_t back;

        id_text(ids[i], text);
        assert_int_equal(strlen(text), 13);
        assert_true(strcmp(text, last) > 0);
        assert_true(id_parse(text, 13, &back));
        assert_int_equal(back, ids[i]);
        memcpy(last, text, sizeof(text));
    }
    assert_string_equal(last, "7zzzzzzzzzzzz");
}

static void a_text_that_is_no_id_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "0",
        "000000000000",
        "00000000000000",
        "8000000000000",
        "z000000000000",
        "000000000000A",
        "000000000000i",
        "000000000000l",
        "000000000000o",
        "000000000000u",
        "000000000000-",
        "000000 000000",
    };
    int64_t id = 77, second = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(id_parse(bad[i], strlen(bad[i]), &id));
    assert_false(id_parse("000000\000000000", 13, &id));
    assert_false(id2_parse("0000000000001000000000000", &id, &second));
    assert_false(id2_parse("0000000000001800000000000a", &id, &second));
    assert_false(id2_parse("00000000000010000000000002x", &id, &second));
    assert_int_equal(id, 77);
    assert_int_equal(second, 77);
}

static void two_ids_make_one_name(void **state)
{
    char text[ID2_TEXT_BYTES];
    int64_t first, second;

    (void)state;
    id2_text(INT64_MAX, 5, text);
    assert_string_equal(text, "7zzzzzzzzzzzz0000000000005");
    assert_true(id2_parse(text, &first, &second));
    assert_int_equal(first, INT64_MAX);
    assert_int_equal(second, 5);
}

static void sha256_gives_the_known_answers(void **state)
{
    char text[SHA256_TEXT_BYTES];

    (void)state;
    sha256_text("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_text("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void base64url_goes_there_and_back(void **state)
{
    uint8_t bytes[70], back[70];
    char text[100];
    size_t len;

    (void)state;
    assert_int_equal(base64url_text("\xfb\xff\xfe", 3, text, 5), 4);
    assert_string_equal(text, "-__-");
    assert_int_equal(base64url_text("fooba", 5, text, 8), 7);
    assert_string_equal(text, "Zm9vYmE");
    for (size_t count = 0; count <= sizeof(bytes); count++) {
        id_random(bytes, count);
        base64url_text(bytes, count, text, sizeof(text));
        assert_true(base64url_parse(text, strlen(text), back, count, &len));
        assert_int_equal(len, count);
        assert_memory_equal(back, bytes, count);
        if (count)
            assert_false(base64url_parse(text, strlen(text), back, count - 1, &len));
    }
}

static void base64url_is_strict(void **state)
{
    static const char *const bad[] = {
        "A", "AAAAA", "Zg==", "Zh", "Zm9=", "Zm9v\n", "Zm+v", "Zm/v", "Zm9", " Zm9v"};
    uint8_t data[16];
    size_t len = 77;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (base64url_parse(bad[i], strlen(bad[i]), data, sizeof(data), &len))
            fail_msg("accepted: %s", bad[i]);
    }
    assert_false(base64url_parse("Z\0g", 3, data, sizeof(data), &len));
    assert_int_equal(len, 77);
}

static void secrets_are_compared_whole(void **state)
{
    (void)state;
    assert_true(equal_constant_time("secret", "secret", 6));
    assert_false(equal_constant_time("secret", "secreT", 6));
    assert_true(equal_constant_time("a", "b", 0));
}

static void random_bytes_differ(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};

    (void)state;
    id_random(a, sizeof(a));
    id_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_rise_though_the_clock_stands_still),
        cmocka_unit_test(an_id_holds_its_millisecond),
        cmocka_unit_test(a_clock_before_2024_still_gives_ids),
        cmocka_unit_test(a_block_is_a_run_that_may_cross_milliseconds),
        cmocka_unit_test(threads_never_get_the_same_id),
        cmocka_unit_test(the_order_of_texts_is_the_order_of_ids),
        cmocka_unit_test(a_text_that_is_no_id_is_refused),
        cmocka_unit_test(two_ids_make_one_name),
        cmocka_unit_test(sha256_gives_the_known_answers),
        cmocka_unit_test(base64url_goes_there_and_back),
        cmocka_unit_test(base64url_is_strict),
        cmocka_unit_test(secrets_are_compared_whole),
        cmocka_unit_test(random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
