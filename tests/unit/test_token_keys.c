/*
 * test_token_keys.c - where keys come from and how long they count; the cache; the folder's own
 * key.
 *
 * U19 to U22: rotation, a JWKS that is down or hostile, weak keys, cached tokens, rights.
 */
#include "token/token.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "token_maker.h"

/* ---- U19 to U22: keys, cache, scopes ---- */

static void u19_a_revoked_key_is_dead_at_once(void **state)
{
    struct fixture *f = *state;
    char *token = hs_token(f->arena, HS, good(f->arena));

    accepts(f, token);
    accepts(f, token);
    write_file(f, "hs.jwk", oct_jwk(f->arena, SECRET SECRET, 64, "hs"));
    token_keys_refresh(f->keys, NOW);
    refuses(f, token);
    accepts(f, pkey_token(f->arena, f->ec, ES, good(f->arena)));
    write_file(f, "hs.jwk", oct_jwk(f->arena, SECRET, 32, "hs"));
    token_keys_refresh(f->keys, NOW);
    accepts(f, token);
    remove_file(f, "hs.jwk");
    token_keys_refresh(f->keys, NOW);
    refuses(f, token);
}

static void a_folder_that_turns_bad_changes_nothing(void **state)
{
    struct fixture *f = *state;

    write_file(f, "bad.jwk", "{");
    token_keys_refresh(f->keys, NOW);
    accepts(f, hs_token(f->arena, HS, good(f->arena)));
    assert_int_equal(open_keys(f, false), ERR_INVALID_REQUEST);
}

#define IDP "{\"alg\":\"RS256\",\"kid\":\"idp\"}"

static char *jwks_of(struct fixture *f, const char *more)
{
    return arena_printf(f->arena, "{\"keys\":[%s%s]}", rsa_jwk(f->arena, f->rsa, "idp", ""), more);
}

static void u19_a_jwks_is_fetched_and_kept_for_an_hour(void **state)
{
    struct fixture *f = *state;
    char *token = pkey_token(f->arena, f->rsa, IDP, claims_with(f->arena, "exp", "1900000000"));
    struct identity identity;

    assert_int_equal(open_keys(f, true), ERR_OK);
    refuses(f, token);
    token_keys_refresh(f->keys, NOW); /* it is down */
    assert_int_equal(f->fetches, 1);
    refuses(f, token);

    /* An unknown kid asks for it again, once a minute. */
    f->jwks = jwks_of(f, "");
    token_keys_refresh(f->keys, NOW + 59999);
    assert_int_equal(f->fetches, 1);
    token_keys_refresh(f->keys, NOW + 60000);
    assert_int_equal(f->fetches, 2);
    accepts(f, token);
    token_keys_refresh(f->keys, NOW + 60000 + 299999);
    assert_int_equal(f->fetches, 2);
    token_keys_refresh(f->keys, NOW + 60000 + 300000);
    assert_int_equal(f->fetches, 3);

    /* Down: the last good one lives for an hour, in the cache, too. */
    f->jwks = NULL;
    int64_t good_at = NOW + 360000;
    for (int64_t at = good_at; at < good_at + HOUR; at += 60000)
        token_keys_refresh(f->keys, at);
    assert_int_equal(verify(f, token, good_at + HOUR - 1, &identity), ERR_OK);
    assert_int_equal(verify(f, token, good_at + HOUR, &identity), ERR_UNAUTHENTICATED);
    token_keys_refresh(f->keys, good_at + HOUR);
    assert_int_equal(verify(f, token, good_at + HOUR - 1, &identity), ERR_UNAUTHENTICATED);
    f->jwks = jwks_of(f, "");
    token_keys_refresh(f->keys, good_at + HOUR + 60000);
    assert_int_equal(verify(f, token, good_at + HOUR + 60000, &identity), ERR_OK);
}

static void u19_a_jwks_is_not_trusted_beyond_its_place(void **state)
{
    struct fixture *f = *state;
    char *many = arena_string(f->arena, "");

    assert_int_equal(open_keys(f, true), ERR_OK);
    /* A secret in it is passed over, so are keys for others; those we can use are used. */
    f->jwks = jwks_of(f, arena_printf(f->arena, ",%s,%s,{\"kty\":\"RSA\"},7,{\"kty\":\"new\"}",
                                      oct_jwk(f->arena, SECRET, 32, "published"),
                                      ec_jwk(f->arena, f->ec, "enc", ",\"use\":\"enc\"")));
    token_keys_refresh(f->keys, NOW);
    accepts(f, pkey_token(f->arena, f->rsa, IDP, good(f->arena)));
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"published\"}");
    refuses(f, pkey_token(f->arena, f->ec, "{\"alg\":\"ES256\",\"kid\":\"enc\"}", good(f->arena)));

    /* Thousands of keys are refused as a whole: the last good ones stay. */
    for (int i = 0; i < 100; i++)
        many = arena_printf(f->arena, "%s,{\"kty\":\"RSA\",\"kid\":\"%d\"}", many, i);
    f->jwks = jwks_of(f, many);
    token_keys_refresh(f->keys, NOW + 300000);
    assert_int_equal(f->fetches, 2);
    accepts(f, pkey_token(f->arena, f->rsa, IDP, claims_with(f->arena, "sub", "\"again\"")));
    f->jwks = "not JSON";
    token_keys_refresh(f->keys, NOW + 360000);
    assert_int_equal(f->fetches, 3);
    accepts(f, pkey_token(f->arena, f->rsa, IDP, claims_with(f->arena, "sub", "\"and again\"")));

    /* Rotation. */
    f->jwks = "{\"keys\":[]}";
    token_keys_refresh(f->keys, NOW + 420000);
    refuses(f, pkey_token(f->arena, f->rsa, IDP, good(f->arena)));
}

static void refuses_file(struct fixture *f, const char *name, const char *text)
{
    write_file(f, name, text);
    assert_int_equal(open_keys(f, false), ERR_INVALID_REQUEST);
    remove_file(f, name);
}

static void u20_keys_that_refuse_the_start(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    EVP_PKEY *other = EVP_EC_gen("P-384");
    char *off_curve = ec_jwk(f->arena, f->ec, "off", "");
    char *x = strstr(off_curve, "\"x\":\"") + 5;

    refuses_file(f, "k.jwk", oct_jwk(f->arena, SECRET, 31, "k"));
    write_file(f, "k.jwk", oct_jwk(f->arena, SECRET, 32, "k"));
    assert_int_equal(open_keys(f, false), ERR_OK);
    remove_file(f, "k.jwk");

    refuses_file(f, "k.jwk", rsa_jwk(f->arena, small, "k", ""));
    refuses_file(f, "k.pem", pem_of(f->arena, small));
    refuses_file(f, "k.pem", pem_of(f->arena, other));
    refuses_file(f, "k.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    refuses_file(f, "k.pem", "");
    refuses_file(f, "k.jwk", "");
    refuses_file(f, "k.jwk", "[]");
    refuses_file(f, "k.jwk", "{\"kty\":\"oct\",\"kty\":\"oct\",\"k\":\"AAAA\"}");
    refuses_file(f, "k.jwk", "{\"kty\":\"oct\"}");
    refuses_file(f, "k.jwk", "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAA\"}");
    refuses_file(f, "k.jwk", rsa_jwk(f->arena, f->rsa, "k", ",\"alg\":\"RS512\""));
    refuses_file(f, "k.jwk", rsa_jwk(f->arena, f->rsa, "k", ",\"alg\":\"HS256\""));
    refuses_file(f, "k.jwk", rsa_jwk(f->arena, f->rsa, "k", ",\"use\":\"enc\""));
    refuses_file(f, "k.jwk", rsa_jwk(f->arena, f->rsa, "", ""));
    refuses_file(f, "k.jwks", "{\"keys\":{}}");
    refuses_file(f, "k.jwks", "{\"keys\":[{}]}");
    x[0] = x[0] == 'A' ? 'B' : 'A';
    refuses_file(f, "k.jwk", off_curve);
    /* Two keys that a token could not tell apart. */
    refuses_file(f, "k.jwk", oct_jwk(f->arena, SECRET, 32, "hs"));
    assert_int_equal(open_keys(f, false), ERR_OK);
    snprintf(f->dir + strlen(f->dir), 8, "/none");
    assert_int_equal(open_keys(f, false), ERR_STORAGE_IO);
    *strrchr(f->dir, '/') = '\0';
    EVP_PKEY_free(small);
    EVP_PKEY_free(other);
}

static void u21_a_cached_token_ends_with_exp(void **state)
{
    struct fixture *f = *state;
    char *token = hs_token(f->arena, HS, good(f->arena));
    struct identity identity;

    assert_int_equal(verify(f, token, NOW, &identity), ERR_OK);
    assert_int_equal(verify(f, token, NOW + HOUR - 1, &identity), ERR_OK);
    assert_int_equal(verify(f, token, NOW + HOUR, &identity), ERR_UNAUTHENTICATED);
    assert_int_equal(verify(f, token, NOW, &identity), ERR_OK);
}

static void u22_rights_are_words_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct identity identity;
    unsigned scopes;

    assert_int_equal(verify(f,
                            hs_token(f->arena, HS,
                                     claims_with(f->arena, "scope", "\"run  halting Halt halt2\"")),
                            NOW, &identity),
                     ERR_OK);
    assert_int_equal(identity.scopes, SCOPE_RUN);
    refuses_claim(f, "scope", "[\"halt\"]");
    refuses_claim(f, "scope", "null");
    refuses_claim(f, "scope", "63");
    accepts_claim(f, "scope", "\"\"");

    assert_true(scope_parse("read run work answer halt admin", &scopes));
    assert_int_equal(scopes, SCOPE_ALL_BUT_ADMIN | SCOPE_ADMIN);
    assert_true(scope_parse("halt", &scopes));
    assert_int_equal(scopes, SCOPE_HALT);
    assert_false(scope_parse("", &scopes));
    assert_false(scope_parse(" ", &scopes));
    assert_false(scope_parse("read,run", &scopes));
    assert_false(scope_parse("read root", &scopes));
    assert_string_equal(scope_text(f->arena, SCOPE_HALT | SCOPE_READ), "read halt");
    assert_string_equal(scope_text(f->arena, 0), "");
}

/* More tokens than the cache has room for: old ones are verified again, none is mixed up with
 * another. */
static void the_cache_is_bounded_and_exact(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 6000 };
    char **tokens = arena_alloc(f->arena, COUNT * sizeof(*tokens));
    struct arena *arena = arena_new();

    for (int i = 0; i < COUNT; i++)
        tokens[i] = hs_token(
            f->arena, HS,
            claims_with(f->arena, "operator_name", arena_printf(f->arena, "\"op-%d\"", i)));
    for (int i = 0; i < 3 * COUNT; i++) {
        struct identity identity;
        char name[16];
        int which = i < COUNT ? i : (i * 7919) % COUNT;
        arena_reset(arena);
        assert_int_equal(
            token_verify(f->keys, arena, tokens[which], strlen(tokens[which]), NOW, &identity),
            ERR_OK);
        snprintf(name, sizeof(name), "op-%d", which);
        assert_string_equal(identity.operator_name, name);
    }
    arena_free(arena);
}

/* ---- the folder's own key ---- */

static const struct identity made = {
    .operator_name = "acme",
    .portal_id = "desk",
    .subject = "root",
    .scopes = SCOPE_ALL_BUT_ADMIN,
    .expires_at = NOW + HOUR,
};

static void a_local_token_is_accepted_whatever_the_issuer(void **state)
{
    struct fixture *f = *state;
    const char *token = NULL;
    struct identity identity;
    struct stat info;
    char path[128];

    assert_int_equal(token_make(f->dir, &made, NOW, f->arena, &token), ERR_NOT_FOUND);
    assert_int_equal(token_local_key(f->dir), ERR_OK);
    snprintf(path, sizeof(path), "%s/local.jwk", f->dir);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(token_make(f->dir, &made, NOW, f->arena, &token), ERR_OK);
    refuses(f, token);
    token_keys_refresh(f->keys, NOW);
    assert_int_equal(verify(f, token, NOW, &identity), ERR_OK);
    assert_string_equal(identity.operator_name, "acme");
    assert_string_equal(identity.portal_id, "desk");
    assert_string_equal(identity.subject, "root");
    assert_int_equal(identity.scopes, SCOPE_ALL_BUT_ADMIN);
    assert_int_equal(identity.expires_at, NOW + HOUR);
    /* Other keys do not speak in its name. */
    refuses_claim(f, "iss", "\"fermata\"");
    /* The key stays when it is asked for again. */
    assert_int_equal(token_local_key(f->dir), ERR_OK);
    token_keys_refresh(f->keys, NOW);
    assert_int_equal(verify(f, token, NOW, &identity), ERR_OK);
}

static void no_token_is_made_that_would_be_refused(void **state)
{
    struct fixture *f = *state;
    struct identity bad = made;
    const char *token = NULL;

    assert_int_equal(token_local_key(f->dir), ERR_OK);
    bad.operator_name = "ACME";
    assert_int_equal(token_make(f->dir, &bad, NOW, f->arena, &token), ERR_INVALID_REQUEST);
    bad = made;
    bad.expires_at = NOW;
    assert_int_equal(token_make(f->dir, &bad, NOW, f->arena, &token), ERR_INVALID_REQUEST);
    bad = made;
    bad.subject = NULL;
    assert_int_equal(token_make(f->dir, &bad, NOW, f->arena, &token), ERR_INVALID_REQUEST);
    bad = made;
    bad.portal_id = NULL;
    assert_int_equal(token_make(f->dir, &bad, NOW, f->arena, &token), ERR_OK);
}

/* All of them start at once in a folder that is not there yet, beside what a crash left behind. */
static void many_processes_agree_on_one_key(void **state)
{
    struct fixture *f = *state;
    struct stat info;
    pid_t children[8];
    char dir[sizeof(f->dir)];

    snprintf(dir, sizeof(dir), "%.60s/fresh", f->dir);
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i])
            continue;
        char path[128];
        const char *token = NULL;
        bool done = token_local_key(dir) == ERR_OK &&
                    token_make(dir, &made, NOW, f->arena, &token) == ERR_OK;
        snprintf(path, sizeof(path), "%s/token-%zu", dir, i);
        FILE *file = done ? fopen(path, "w") : NULL;
        done = file && fputs(token, file) >= 0 && fclose(file) == 0;
        _exit(done ? 0 : 1);
    }
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(stat(dir, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);

    char tokens[ARRAY_SIZE(children)][2048];
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/token-%zu", dir, i);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(tokens[i], sizeof(tokens[i]), file));
        fclose(file);
    }
    char path[128];
    snprintf(path, sizeof(path), "%s/.local.0123.tmp", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("{\"kty\":\"oct\",\"k\":\"half", file);
    fclose(file);
    struct fixture fresh = {.arena = f->arena};
    memcpy(fresh.dir, dir, sizeof(dir));
    assert_int_equal(open_keys(&fresh, false), ERR_OK);
    for (size_t i = 0; i < ARRAY_SIZE(children); i++)
        accepts(&fresh, tokens[i]);
    token_keys_close(fresh.keys);
}

/* ---- threads ---- */

struct worker {
    struct fixture *fixture;
    char *tokens[4];
    atomic_bool *stop;
    unsigned verified;
    bool wrong;
};

static void *worker_main(void *user)
{
    struct worker *worker = user;
    struct arena *arena = arena_new();

    for (unsigned i = 0; !atomic_load(worker->stop) || i < 200; i++) {
        const char *token = worker->tokens[i % ARRAY_SIZE(worker->tokens)];
        struct identity identity = {0};
        enum err err =
            token_verify(worker->fixture->keys, arena, token, strlen(token), NOW, &identity);
        if (err || strcmp(identity.operator_name, "acme") != 0)
            worker->wrong = true;
        arena_reset(arena);
        worker->verified++;
    }
    arena_free(arena);
    return NULL;
}

static void keys_change_while_tokens_are_verified(void **state)
{
    struct fixture *f = *state;
    struct worker workers[4];
    pthread_t threads[ARRAY_SIZE(workers)];
    atomic_bool stop = false;

    for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
        workers[i] = (struct worker){
            .fixture = f,
            .tokens = {hs_token(f->arena, HS, good(f->arena)),
                       pkey_token(f->arena, f->rsa, RS, good(f->arena)),
                       pkey_token(f->arena, f->ec, ES, good(f->arena)),
                       pkey_token(f->arena, f->ed, ED, good(f->arena))},
            .stop = &stop,
        };
        assert_int_equal(pthread_create(&threads[i], NULL, worker_main, &workers[i]), 0);
    }
    for (int i = 0; i < 100; i++) {
        write_file(f, "extra.jwk",
                   oct_jwk(f->arena, SECRET SECRET, 64, arena_printf(f->arena, "extra-%d", i)));
        token_keys_refresh(f->keys, NOW);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
        pthread_join(threads[i], NULL);
        assert_false(workers[i].wrong);
        assert_true(workers[i].verified >= 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(u19_a_revoked_key_is_dead_at_once),
        TEST(a_folder_that_turns_bad_changes_nothing),
        TEST(u19_a_jwks_is_fetched_and_kept_for_an_hour),
        TEST(u19_a_jwks_is_not_trusted_beyond_its_place),
        TEST(u20_keys_that_refuse_the_start),
        TEST(u21_a_cached_token_ends_with_exp),
        TEST(u22_rights_are_words_of_their_own),
        TEST(the_cache_is_bounded_and_exact),
        TEST(a_local_token_is_accepted_whatever_the_issuer),
        TEST(no_token_is_made_that_would_be_refused),
        TEST(many_processes_agree_on_one_key),
        TEST(keys_change_while_tokens_are_verified),
    };

    return cmocka_run_group_tests(tests, setup_keys, teardown_keys);
}
