/*
 * test_token.c - tokens of all four algorithms, and every way to forge one that we know of.
 *
 * U1 to U17: header, signature and claims. Each refusal stands beside an accepted neighbour.
 */
#include "token/token.h"

#include "base/limits.h"

#include "token_maker.h"

/* ---- what is accepted ---- */

static void all_four_algorithms_are_understood(void **state)
{
    struct fixture *f = *state;
    struct identity identity;

    accepts(f, hs_token(f->arena, HS, good(f->arena)));
    accepts(f, pkey_token(f->arena, f->rsa, RS, good(f->arena)));
    accepts(f, pkey_token(f->arena, f->ec, ES, good(f->arena)));
    accepts(f, pkey_token(f->arena, f->ed, ED, good(f->arena)));
    assert_int_equal(verify(f, pkey_token(f->arena, f->ed, ED, good(f->arena)), NOW, &identity),
                     ERR_OK);
    assert_string_equal(identity.operator_name, "acme");
    assert_string_equal(identity.portal_id, "main");
    assert_string_equal(identity.subject, "alice");
    assert_int_equal(identity.scopes, SCOPE_READ | SCOPE_RUN | SCOPE_HALT);
    assert_int_equal(identity.expires_at, 1800003600000);
}

static void pem_files_hold_all_three_kinds(void **state)
{
    struct fixture *f = *state;

    write_file(f, "ec2.pem", pem_of(f->arena, f->ec));
    write_file(f, "ed2.pem", pem_of(f->arena, f->ed));
    assert_int_equal(open_keys(f, false), ERR_OK);
    accepts(f, pkey_token(f->arena, f->ec, "{\"alg\":\"ES256\",\"kid\":\"ec2\"}", good(f->arena)));
    accepts(f, pkey_token(f->arena, f->ed, "{\"alg\":\"EdDSA\",\"kid\":\"ed2\"}", good(f->arena)));
}

static void claims_that_may_be_absent(void **state)
{
    struct fixture *f = *state;
    struct identity identity;

    assert_int_equal(
        verify(f, hs_token(f->arena, HS, claims_with(f->arena, "portal_id", NULL)), NOW, &identity),
        ERR_OK);
    assert_string_equal(identity.portal_id, "unknown");
    assert_int_equal(
        verify(f, hs_token(f->arena, HS, claims_with(f->arena, "scope", NULL)), NOW, &identity),
        ERR_OK);
    assert_int_equal(identity.scopes, 0);
    accepts_claim(f, "iat", NULL);
    accepts_claim(f, "anything", "{\"else\":[1,2]}");
}

/* ---- U1 to U9: header and signature ---- */

static void u1_alg_none(void **state)
{
    static const char *const names[] = {"none", "None", "NONE", "nOnE", ""};
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char *header = arena_printf(f->arena, "{\"alg\":\"%s\",\"kid\":\"hs\"}", names[i]);
        refuses_header(f, header);
        refuses(f, arena_printf(f->arena, "%s.", unsigned_token(f->arena, header, good(f->arena))));
        refuses(f, unsigned_token(f->arena, header, good(f->arena)));
    }
    refuses_header(f, "{\"kid\":\"hs\"}");
    refuses_header(f, "{\"alg\":null,\"kid\":\"hs\"}");
    refuses_header(f, "{\"alg\":[\"HS256\"],\"kid\":\"hs\"}");
    accepts_header(f, HS);
}

static void u2_a_public_key_is_no_secret(void **state)
{
    struct fixture *f = *state;
    char *text = unsigned_token(f->arena, "{\"alg\":\"HS256\",\"kid\":\"rsa\"}", good(f->arena));

    refuses(f, arena_printf(f->arena, "%s.%s", text,
                            sign_hmac(f->arena, f->rsa_pem, strlen(f->rsa_pem), text)));
    text = unsigned_token(f->arena, "{\"alg\":\"HS256\"}", good(f->arena));
    refuses(f, arena_printf(f->arena, "%s.%s", text,
                            sign_hmac(f->arena, f->rsa_pem, strlen(f->rsa_pem), text)));
}

static void u3_alg_must_be_the_keys(void **state)
{
    struct fixture *f = *state;

    refuses(f, pkey_token(f->arena, f->rsa, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", good(f->arena)));
    refuses(f, pkey_token(f->arena, f->rsa, "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", good(f->arena)));
    refuses(f, pkey_token(f->arena, f->ec, "{\"alg\":\"EdDSA\",\"kid\":\"ec\"}", good(f->arena)));
    refuses(f, pkey_token(f->arena, f->rsa, "{\"alg\":\"PS256\",\"kid\":\"rsa\"}", good(f->arena)));
    refuses(f, pkey_token(f->arena, f->rsa, "{\"alg\":\"RS512\",\"kid\":\"rsa\"}", good(f->arena)));
    refuses(f, pkey_token(f->arena, f->rsa, "{\"alg\":\"rs256\",\"kid\":\"rsa\"}", good(f->arena)));
    refuses_header(f, "{\"alg\":\"HS384\",\"kid\":\"hs\"}");
    refuses_header(f, "{\"alg\":\"hs256\",\"kid\":\"hs\"}");
    refuses_header(f, "{\"alg\":\"HS256 \",\"kid\":\"hs\"}");
}

static void u4_kid(void **state)
{
    struct fixture *f = *state;
    char *long_kid = arena_alloc(f->arena, 5001);

    memset(long_kid, 'k', 5000);
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"other\"}");
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}");
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"hs' OR 1=1 --\"}");
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"\"}");
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":null}");
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":1}");
    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"HS\"}");
    refuses_header(f, arena_printf(f->arena, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", long_kid));
    /* Without a kid there must be no choice. */
    accepts_header(f, "{\"alg\":\"HS256\"}");
    write_file(f, "second.jwk", oct_jwk(f->arena, SECRET SECRET, 64, "second"));
    token_keys_refresh(f->keys, NOW);
    refuses_header(f, "{\"alg\":\"HS256\"}");
    accepts_header(f, HS);
}

static void u5_u6_u7_members_of_the_header(void **state)
{
    static const char *const members[] = {
        "\"jku\":\"https://evil.example\"",
        "\"x5u\":\"https://evil.example\"",
        "\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "\"x5c\":[]",
        "\"crit\":[\"exp\"]",
        "\"crit\":[]",
        "\"b64\":false",
        "\"b64\":true",
        "\"enc\":\"A256GCM\"",
        "\"zip\":\"DEF\"",
        "\"cty\":\"JWT\"",
        "\"typ\":\"ID\"",
        "\"typ\":\"rt+jwt\"",
        "\"typ\":null",
        "\"typ\":1",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        refuses_header(f,
                       arena_printf(f->arena, "{\"alg\":\"HS256\",\"kid\":\"hs\",%s}", members[i]));
    accepts_header(f, "{\"alg\":\"HS256\",\"kid\":\"hs\",\"typ\":\"JWT\"}");
    accepts_header(f, "{\"alg\":\"HS256\",\"kid\":\"hs\",\"typ\":\"at+jwt\"}");
    accepts_header(f, "{\"alg\":\"HS256\",\"kid\":\"hs\",\"x5t\":\"AA\"}");
    refuses(f, "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA");
    /* A token inside a token. */
    char *inner = hs_token(f->arena, HS, good(f->arena));
    refuses(f, hs_token(f->arena, HS, inner));
    refuses(f, hs_token(f->arena, HS, arena_printf(f->arena, "\"%s\"", inner)));
}

static void u8_the_form(void **state)
{
    struct fixture *f = *state;
    char *token = hs_token(f->arena, HS, good(f->arena));
    char *text = unsigned_token(f->arena, HS, good(f->arena));
    size_t len = strlen(token);

    accepts(f, token);
    refuses(f, "");
    refuses(f, ".");
    refuses(f, "..");
    refuses(f, "...");
    refuses(f, text);
    refuses(f, arena_printf(f->arena, "%s.", text));
    refuses(f, arena_printf(f->arena, "%s.AAAA", token));
    refuses(f, arena_printf(f->arena, "%s.", token));
    refuses(f, arena_printf(f->arena, "%s=", token));
    refuses(f, arena_printf(f->arena, "%s\n", token));
    refuses(f, arena_printf(f->arena, " %s", token));
    refuses(f, arena_printf(f->arena, "Bearer %s", token));
    refuses(f, arena_printf(f->arena, "%.*s\n%s", (int)len - 5, token, token + len - 5));
    refuses(f, arena_printf(f->arena, "%.*s", (int)len - 1, token));
    refuses(f, arena_printf(f->arena, "%.*s+/", (int)len - 2, token));
    struct identity identity = {0};
    assert_int_equal(token_verify(f->keys, f->arena, token, len + 1, NOW, &identity),
                     ERR_UNAUTHENTICATED);
}

/* 32 bytes are 43 characters, and the last of them has two bits to spare: only one spelling is
 * accepted. */
static void u8_base64url_has_one_spelling(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct fixture *f = *state;
    char *token = hs_token(f->arena, HS, good(f->arena));
    char *last = token + strlen(token) - 1;
    ptrdiff_t value = strchr(alphabet, *last) - alphabet;

    assert_int_equal(value % 4, 0);
    for (ptrdiff_t i = 1; i < 4; i++) {
        *last = alphabet[value + i];
        refuses(f, token);
    }
    *last = alphabet[value];
    accepts(f, token);
}

static void every_flipped_character_is_noticed(void **state)
{
    struct fixture *f = *state;
    char *tokens[] = {hs_token(f->arena, HS, good(f->arena)),
                      pkey_token(f->arena, f->rsa, RS, good(f->arena)),
                      pkey_token(f->arena, f->ec, ES, good(f->arena)),
                      pkey_token(f->arena, f->ed, ED, good(f->arena))};

    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        size_t len = strlen(tokens[i]);
        for (size_t at = 0; at < len; at += 3) {
            char was = tokens[i][at];
            tokens[i][at] = was == 'A' ? 'B' : 'A';
            refuses(f, tokens[i]);
            tokens[i][at] = was;
        }
        accepts(f, tokens[i]);
    }
}

static void u9_es256_signatures(void **state)
{
    struct fixture *f = *state;
    char *text = unsigned_token(f->arena, ES, good(f->arena));
    uint8_t der[512], raw[66] = {0}, zero[64] = {0}, changed[64];
    size_t der_len = sign_pkey_raw(f->ec, text, der);

    ecdsa_from_der(der, der_len, raw);
    accepts(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, raw, 64)));
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, der, der_len)));
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, raw, 63)));
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, raw, 65)));
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, raw, 66)));
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, zero, 64)));
    memcpy(changed, raw, 64);
    memset(changed, 0, 32);
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, changed, 64)));
    memcpy(changed, raw, 64);
    memset(changed + 32, 0, 32);
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, changed, 64)));
    memset(changed, 0xff, 64);
    refuses(f, arena_printf(f->arena, "%s.%s", text, encode(f->arena, changed, 64)));
}

/* ---- U10 to U17: claims ---- */

static void u10_exp(void **state)
{
    static const char *const bad[] = {
        NULL,
        "1800000000",
        "1799999999",
        "\"1800003600\"",
        "1800003600.0",
        "1.8000036e9",
        "9223372036854775808",
        "9223372036854775807",
        "-1",
        "null",
        "true",
        "[1800003600]",
        "0",
        "253402300800",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        refuses_claim(f, "exp", bad[i]);
    accepts_claim(f, "exp", "1800000001");
    accepts_claim(f, "exp", "253402300799");
}

static void u11_nbf_and_iat(void **state)
{
    static const char *const names[] = {"nbf", "iat"};
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        accepts_claim(f, names[i], "1800000060");
        accepts_claim(f, names[i], "0");
        refuses_claim(f, names[i], "1800000061");
        refuses_claim(f, names[i], "9223372036854775807");
        refuses_claim(f, names[i], "-1");
        refuses_claim(f, names[i], "1799999990.5");
        refuses_claim(f, names[i], "\"1799999990\"");
        refuses_claim(f, names[i], "null");
    }
}

static void u12_iss_and_aud(void **state)
{
    static const char *const bad_issuers[] = {
        NULL,
        "\"https://other.example\"",
        "\"https://id.example/\"",
        "\"https://ID.example\"",
        "\"\"",
        "[\"https://id.example\"]",
        "null",
        "\"https://id.exampl\"",
        "\"fermata\"",
    };
    static const char *const bad_audiences[] = {
        NULL,
        "\"other\"",
        "\"Orchestra\"",
        "\"orchestra/\"",
        "[]",
        "[\"a\"]",
        "null",
        "[null]",
        "{\"a\":\"orchestra\"}",
        "[\"orchestra\",1]",
        "[[\"orchestra\"]]",
        "\"fermata\"",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(bad_issuers); i++)
        refuses_claim(f, "iss", bad_issuers[i]);
    for (size_t i = 0; i < ARRAY_SIZE(bad_audiences); i++)
        refuses_claim(f, "aud", bad_audiences[i]);
    accepts_claim(f, "aud", "[\"other\",\"orchestra\"]");
}

static void u13_typ_among_the_claims(void **state)
{
    struct fixture *f = *state;

    refuses_claim(f, "typ", "\"ID\"");
    refuses_claim(f, "typ", "\"Refresh\"");
    refuses_claim(f, "typ", "null");
    accepts_claim(f, "typ", "\"Bearer\"");
}

static void u14_names_that_come_twice(void **state)
{
    struct fixture *f = *state;

    refuses_header(f, "{\"alg\":\"HS256\",\"kid\":\"hs\",\"kid\":\"hs\"}");
    refuses_header(f, "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"hs\"}");
    refuses_header(f, "{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\",\"kid\":\"hs\"}");
    char *claims = good(f->arena);
    refuses(f, hs_token(f->arena, HS,
                        arena_printf(f->arena, "{\"operator_name\":\"other\",%s", claims + 1)));
    refuses(f,
            hs_token(f->arena, HS,
                     arena_printf(f->arena, "{\"operator\\u005fname\":\"acme\",%s", claims + 1)));
    accepts(f, hs_token(f->arena, HS, arena_printf(f->arena, "{\"op\":\"other\",%s", claims + 1)));
    refuses(f, hs_token(f->arena, HS, arena_printf(f->arena, "%s x", claims)));
    refuses(f, hs_token(f->arena, HS, arena_printf(f->arena, "[%s]", claims)));
}

static char *name_of(struct arena *arena, size_t len)
{
    char *name = arena_alloc(arena, len + 1);

    memset(name, 'n', len);
    return arena_printf(arena, "\"%s\"", name);
}

static void u15_names_of_operators_and_portals(void **state)
{
    static const char *const bad[] = {
        "\"\"",
        "null",
        "1",
        "true",
        "[\"acme\"]",
        "{}",
        "\"Acme\"",
        "\"ACME\"",
        "\"ac me\"",
        "\" acme\"",
        "\"acme \"",
        "\"ac%6de\"",
        "\"ac/me\"",
        "\"acme\\u0000\"",
        "\"ac\\u0001me\"",
        "\"ac\\nme\"",
        "\"ac\\u200bme\"",
        "\"\\u0430cme\"",
        "\"acm\\u00e9\"",
        "\"acme\\u007f\"",
        "\"ac'me\"",
        "\"*\"",
        "\"acme;\"",
        "\"\\ud800\"",
    };
    static const char *const names[] = {"operator_name", "portal_id"};
    struct fixture *f = *state;
    struct identity identity;

    refuses_claim(f, "operator_name", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        refuses_claim(f, names[0], bad[i]);
        refuses_claim(f, names[1], bad[i]);
    }
    refuses_claim(f, names[0], name_of(f->arena, LIMIT_OPERATOR_BYTES + 1));
    refuses_claim(f, names[1], name_of(f->arena, LIMIT_OPERATOR_BYTES + 1));
    accepts_claim(f, names[1], name_of(f->arena, LIMIT_OPERATOR_BYTES));
    char *token = hs_token(
        f->arena, HS, claims_with(f->arena, names[0], name_of(f->arena, LIMIT_OPERATOR_BYTES)));
    assert_int_equal(verify(f, token, NOW, &identity), ERR_OK);
    token = hs_token(f->arena, HS, claims_with(f->arena, names[0], "\"a-b_c.9\""));
    assert_int_equal(verify(f, token, NOW, &identity), ERR_OK);
    assert_string_equal(identity.operator_name, "a-b_c.9");
}

static void u15_subjects(void **state)
{
    struct fixture *f = *state;

    refuses_claim(f, "sub", NULL);
    refuses_claim(f, "sub", "\"\"");
    refuses_claim(f, "sub", "null");
    refuses_claim(f, "sub", "7");
    refuses_claim(f, "sub", "\"a\\nb\"");
    refuses_claim(f, "sub", "\"\\u001b[31m\"");
    refuses_claim(f, "sub", "\"J\\u00fcrgen\"");
    refuses_claim(f, "sub", name_of(f->arena, LIMIT_OPERATOR_BYTES + 1));
    accepts_claim(f, "sub", name_of(f->arena, LIMIT_OPERATOR_BYTES));
    accepts_claim(f, "sub", "\"auth0|Alice Smith <a@b.example>\"");
}

/* U16: there is one claim that names the operator; others that look like it give nothing. */
static void u16_only_one_claim_names_the_operator(void **state)
{
    struct fixture *f = *state;

    accepts_claim(f, "operator", "\"other\"");
    accepts_claim(f, "Operator_Name", "\"other\"");
    accepts_claim(f, "tenant", "\"other\"");
}

static void u17_long_tokens(void **state)
{
    struct fixture *f = *state;
    char *padding = arena_alloc(f->arena, LIMIT_TOKEN_BYTES);
    char *token;

    memset(padding, 'p', 5500);
    token = hs_token(f->arena, HS,
                     claims_with(f->arena, "padding", arena_printf(f->arena, "\"%s\"", padding)));
    assert_true(strlen(token) <= LIMIT_TOKEN_BYTES);
    accepts(f, token);
    memset(padding, 'p', 6000);
    token = hs_token(f->arena, HS,
                     claims_with(f->arena, "padding", arena_printf(f->arena, "\"%s\"", padding)));
    assert_true(strlen(token) > LIMIT_TOKEN_BYTES);
    refuses(f, token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_four_algorithms_are_understood),
        TEST(pem_files_hold_all_three_kinds),
        TEST(claims_that_may_be_absent),
        TEST(u1_alg_none),
        TEST(u2_a_public_key_is_no_secret),
        TEST(u3_alg_must_be_the_keys),
        TEST(u4_kid),
        TEST(u5_u6_u7_members_of_the_header),
        TEST(u8_the_form),
        TEST(u8_base64url_has_one_spelling),
        TEST(every_flipped_character_is_noticed),
        TEST(u9_es256_signatures),
        TEST(u10_exp),
        TEST(u11_nbf_and_iat),
        TEST(u12_iss_and_aud),
        TEST(u13_typ_among_the_claims),
        TEST(u14_names_that_come_twice),
        TEST(u15_names_of_operators_and_portals),
        TEST(u15_subjects),
        TEST(u16_only_one_claim_names_the_operator),
        TEST(u17_long_tokens),
    };

    return cmocka_run_group_tests(tests, setup_keys, teardown_keys);
}
