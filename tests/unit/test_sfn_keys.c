/*
 * test_sfn_keys.c - the file of access keys: made once, read strictly, read again when it changes;
 * and the environment that a client is given.
 */
#include "sfn_unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sigv4/sigv4_environment.h"
#include "token/token.h"

#define ID "AKIAEXAMPLEEXAMPLE01"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define KEY(more)                                                                                  \
    "{\"access_key_id\":\"" ID "\",\"secret_access_key\":\"" SECRET                                \
    "\",\"operator_name\":\"acme\"" more "}"

struct folder {
    struct arena *arena;
    char dir[64];
    const char *path;
};

static int open_folder(void **state)
{
    struct folder *folder = xalloc(sizeof(*folder));

    folder->arena = arena_new();
    snprintf(folder->dir, sizeof(folder->dir), "/tmp/test_sfn_keys.XXXXXX");
    assert_non_null(mkdtemp(folder->dir));
    folder->path = arena_printf(folder->arena, "%s/aws.json", folder->dir);
    *state = folder;
    return 0;
}

static int close_folder(void **state)
{
    struct folder *folder = *state;

    unlink(folder->path);
    rmdir(folder->dir);
    arena_free(folder->arena);
    free(folder);
    return 0;
}

static void write_keys(struct folder *folder, const char *text)
{
    FILE *file = fopen(folder->path, "we");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void the_first_start_makes_a_key_of_its_own(void **state)
{
    struct folder *folder = *state;
    const char *id, *secret, *again;
    struct sfn_keys *keys;
    struct sfn_key key;
    struct stat info;
    bool made;

    assert_ok(sfn_keys_local(folder->dir, &made));
    assert_true(made);
    assert_int_equal(stat(folder->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(sfn_keys_first(folder->dir, folder->arena, &id, &secret));
    assert_int_equal(strlen(id), 20);
    assert_int_equal(strlen(secret), 40);
    assert_ok(sfn_keys_local(folder->dir, &made));
    assert_false(made);
    assert_ok(sfn_keys_first(folder->dir, folder->arena, &again, &secret));
    assert_string_equal(again, id);

    assert_ok(sfn_keys_open(folder->dir, &keys));
    assert_true(sfn_keys_find(keys, folder->arena, id, &key));
    assert_string_equal(key.secret_access_key, secret);
    assert_string_equal(key.operator_name, "default");
    assert_string_equal(key.account_id, "000000000000");
    assert_int_equal(key.scopes, SCOPE_ALL_BUT_ADMIN);
    assert_false(sfn_keys_find(keys, folder->arena, "AKIA", &key));
    sfn_keys_close(keys);
}

static void what_a_row_leaves_out_has_a_meaning(void **state)
{
    struct folder *folder = *state;
    struct sfn_keys *keys;
    struct sfn_key key;

    write_keys(folder, "[" KEY("") "]");
    assert_ok(sfn_keys_open(folder->dir, &keys));
    assert_true(sfn_keys_find(keys, folder->arena, ID, &key));
    assert_string_equal(key.operator_name, "acme");
    assert_string_equal(key.portal_id, "unknown");
    assert_string_equal(key.subject, ID);
    assert_string_equal(key.account_id, "000000000000");
    assert_int_equal(key.scopes, SCOPE_ALL_BUT_ADMIN);
    write_keys(folder, "[" KEY(",\"scope\":\"read halt\",\"portal_id\":\"shop\",\"subject\":\"ann\""
                               ",\"account_id\":\"123456789012\"") "]");
    assert_ok(sfn_keys_refresh(keys));
    assert_true(sfn_keys_find(keys, folder->arena, ID, &key));
    assert_string_equal(key.portal_id, "shop");
    assert_string_equal(key.subject, "ann");
    assert_string_equal(key.account_id, "123456789012");
    assert_int_equal(key.scopes, SCOPE_READ | SCOPE_HALT);
    sfn_keys_close(keys);
}

static void a_bad_file_refuses_the_start(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[",
        "[1]",
        "[{}]",
        "[" KEY("") "," KEY("") "]",
        "[" KEY(",\"scopes\":\"read\"") "]",
        "[" KEY(",\"scope\":\"everything\"") "]",
        "[" KEY(",\"scope\":[\"read\"]") "]",
        "[" KEY(",\"account_id\":\"1\"") "]",
        "[" KEY(",\"account_id\":123456789012") "]",
        "[" KEY(",\"portal_id\":\"A b\"") "]",
        "[" KEY(",\"subject\":\"\"") "]",
        "[{\"access_key_id\":\"" ID "\",\"secret_access_key\":\"" SECRET "\"}]",
        "[{\"access_key_id\":\"short\",\"secret_access_key\":\"" SECRET
        "\",\"operator_name\":\"a\"}]",
        "[{\"access_key_id\":\"" ID "\",\"secret_access_key\":\"short\",\"operator_name\":\"a\"}]",
        "[{\"access_key_id\":\"" ID "\",\"secret_access_key\":\"" SECRET
        "\",\"operator_name\":\"A\"}]",
    };
    struct folder *folder = *state;
    struct sfn_keys *keys;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        write_keys(folder, bad[i]);
        assert_err(sfn_keys_open(folder->dir, &keys), ERR_INVALID_REQUEST);
    }
    unlink(folder->path);
    assert_ok(sfn_keys_open(folder->dir, &keys));
    sfn_keys_close(keys);
    assert_int_equal(mkdir(folder->path, 0700), 0);
    assert_err(sfn_keys_open(folder->dir, &keys), ERR_STORAGE_IO);
    rmdir(folder->path);
}

static void causes_never_hold_a_secret(void **state)
{
    static const char *const bad[] = {
        "[" KEY("") "," KEY("") "]",
        "[" KEY(",\"" SECRET "\":\"\"") "]",
        "[{\"access_key_id\":\"" SECRET "\",\"secret_access_key\":\"\"}]",
    };
    struct folder *folder = *state;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct sfn_key_list list;
        const char *cause;

        assert_err(sfn_keys_parse(folder->arena, bad[i], strlen(bad[i]), &list, &cause),
                   ERR_INVALID_REQUEST);
        assert_null(strstr(cause, SECRET));
    }
}

static void a_file_that_turns_bad_changes_nothing(void **state)
{
    struct folder *folder = *state;
    struct sfn_keys *keys;
    struct sfn_key key;

    write_keys(folder, "[" KEY("") "]");
    assert_ok(sfn_keys_open(folder->dir, &keys));
    write_keys(folder, "[");
    assert_err(sfn_keys_refresh(keys), ERR_INVALID_REQUEST);
    assert_true(sfn_keys_find(keys, folder->arena, ID, &key));
    write_keys(folder, "[]");
    assert_ok(sfn_keys_refresh(keys));
    assert_false(sfn_keys_find(keys, folder->arena, ID, &key));
    sfn_keys_close(keys);
}

static void the_environment_can_be_pasted(void **state)
{
    struct folder *folder = *state;
    const struct sigv4_client client = {ID, SECRET, "us-east-1", "http://127.0.0.1:7117"};
    const struct sigv4_client odd = {ID, SECRET, "us-east-1", "http://[::1]:1/$(id)'"};

    assert_string_equal(sigv4_environment_lines(folder->arena, &client),
                        "export AWS_ACCESS_KEY_ID=" ID "\n"
                        "export AWS_SECRET_ACCESS_KEY=" SECRET "\n"
                        "export AWS_DEFAULT_REGION=us-east-1\n"
                        "export AWS_ENDPOINT_URL_SFN=http://127.0.0.1:7117\n"
                        "export AWS_DISABLE_HOST_PREFIX_INJECTION=true\n");
    assert_non_null(strstr(sigv4_environment_lines(folder->arena, &odd),
                           "export AWS_ENDPOINT_URL_SFN='http://[::1]:1/$(id)'\\'''\n"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_folder, close_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_start_makes_a_key_of_its_own), TEST(what_a_row_leaves_out_has_a_meaning),
        TEST(a_bad_file_refuses_the_start),           TEST(causes_never_hold_a_secret),
        TEST(a_file_that_turns_bad_changes_nothing),  TEST(the_environment_can_be_pasted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
