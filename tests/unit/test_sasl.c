/* Logins by SASL: against libgsasl's server, whose password may be another one, and against servers that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsasl.h>

#include "base/mem.h"
#include "base/text.h"
#include "login/secret.h"
#include "ping/sasl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="

static void test_strongest_is_chosen(void **state)
{
    (void)state;
    static const char *const ROWS[][2] = {
        {"PLAIN SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256"},
        {"SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-1 PLAIN", "SCRAM-SHA-1"},
        {"SCRAM-SHA-256-PLUS SCRAM-SHA-256", "SCRAM-SHA-256"},
        {"X-PLAIN PLAIN", "PLAIN"},
        {"X-PLAIN PLAINER EXTERNAL SCRAM-SHA-256-PLUS", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const char *chosen = sasl_choose(ROWS[i][0]);
        if (!text_same(chosen, ROWS[i][1]))
            fail_msg("of %s: %s", ROWS[i][0], chosen != NULL ? chosen : "none");
    }
}

/* The salted passwords of the exchanges in RFC 5802 5 and RFC 7677 3. */
static void test_password_is_stretched(void **state)
{
    (void)state;
    static const struct {
        enum secret_digest digest;
        const char *salt;
        size_t size;
        const char *salted;
    } ROWS[] = {
        {SECRET_SHA1, "QSXCR+Q6sek8bf92", 20, "1d96ee3a529b5a5f9e47c01f229a2cb8a6e15f7d"},
        {SECRET_SHA256, SALT, 32, "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        unsigned char salted[32];
        char *salt, hex[65];
        size_t size;
        assert_int_equal(gsasl_base64_from(ROWS[i].salt, strlen(ROWS[i].salt), &salt, &size), GSASL_OK);
        assert_true(secret_stretch(ROWS[i].digest, "pencil", (unsigned char *)salt, size, 4096, salted, ROWS[i].size));
        assert_string_equal(text_hex(hex, salted, ROWS[i].size), ROWS[i].salted);
        gsasl_free(salt);
    }
}

/* ---- libgsasl's server ---- */

static const char *server_password;

static int serve(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    (void)library;
    switch (property) {
    case GSASL_PASSWORD: return gsasl_property_set(session, property, server_password);
    case GSASL_SCRAM_ITER: return gsasl_property_set(session, property, "4096");
    case GSASL_SCRAM_SALT: return gsasl_property_set(session, property, SALT);
    default: return GSASL_NO_CALLBACK;
    }
}

/* Lets the two talk until one of them is done or has failed; how it ended on either side. */
static enum sasl_progress talk(const char *mechanism, const char *username, const char *password, int *server_code)
{
    Gsasl *library;
    Gsasl_session *session;
    assert_int_equal(gsasl_init(&library), GSASL_OK);
    gsasl_callback_set(library, serve);
    assert_int_equal(gsasl_server_start(library, mechanism, &session), GSASL_OK);
    struct sasl *sasl = sasl_new(mechanism, username, password);
    assert_non_null(sasl);
    char *challenge = NULL, *response = NULL;
    enum sasl_progress progress = sasl_step(sasl, NULL, &response);
    assert_int_equal(sasl_has_shown(sasl), strcmp(mechanism, "PLAIN") == 0);
    *server_code = GSASL_NEEDS_MORE;
    while (progress != SASL_FAILED && *server_code == GSASL_NEEDS_MORE) {
        gsasl_free(challenge);
        challenge = NULL;
        *server_code = gsasl_step64(session, response, &challenge);
        secret_free(response);
        response = NULL;
        if ((*server_code == GSASL_OK || *server_code == GSASL_NEEDS_MORE) && progress == SASL_MORE)
            progress = sasl_step(sasl, challenge, &response);
    }
    if (progress != SASL_FAILED)
        assert_null(sasl_fault(sasl));
    secret_free(response);
    gsasl_free(challenge);
    sasl_free(sasl);
    gsasl_finish(session);
    gsasl_done(library);
    return progress;
}

static void test_logins(void **state)
{
    (void)state;
    static const char *const MECHANISMS[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"};
    static const char *const PASSWORDS[] = {"pencil", "\xc3\x84 a,=b", "I\xc2\xadX" /* a soft hyphen: prepared away */};
    for (size_t i = 0; i < COUNT(MECHANISMS); i++) {
        for (size_t j = 0; j < COUNT(PASSWORDS); j++) {
            int server_code;
            server_password = PASSWORDS[j];
            assert_int_equal(talk(MECHANISMS[i], "user", PASSWORDS[j], &server_code), SASL_DONE);
            assert_int_equal(server_code, GSASL_OK);
            talk(MECHANISMS[i], "user", "another", &server_code);
            assert_int_equal(server_code, GSASL_AUTHENTICATION_ERROR);
        }
    }
}

/* ---- servers that lie ---- */

static char *base64(const char *text)
{
    char *out;
    assert_int_equal(gsasl_base64_to(text, strlen(text), &out, NULL), GSASL_OK);
    return out;
}

/* The nonce in a first message of SCRAM; to be freed by the caller. */
static char *nonce_of(const char *response)
{
    char *text;
    size_t size;
    assert_int_equal(gsasl_base64_from(response, strlen(response), &text, &size), GSASL_OK);
    char *whole = mem_strndup(text, size), *nonce = mem_strdup(strstr(whole, ",r=") + 3);
    free(whole);
    gsasl_free(text);
    return nonce;
}

static void test_challenges_that_are_refused(void **state)
{
    (void)state;
    /* %s is the client's nonce */
    static const char *const ROWS[][2] = {
        {"", "breaks the rules"},
        {"nonsense", "breaks the rules"},
        {"r=%sx,s=" SALT, "breaks the rules"},
        {"r=other,s=" SALT ",i=4096", "does not belong to this login"},
        {"r=%sx,s=" SALT ",i=0", NULL},
        {"r=%sx,s=" SALT ",i=-1", NULL},
        {"r=%sx,s=" SALT ",i=1000001", "hashed too often"},
        {"r=%sx,s=" SALT ",i=99999999999999999999", NULL},
        {"r=%sx,s=,i=4096", NULL},
        {"m=%s,r=%sx,s=" SALT ",i=4096", NULL},
        {"e=other-error", NULL},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct sasl *sasl = sasl_new("SCRAM-SHA-256", "user", "pencil");
        char *response, text[512];
        assert_int_equal(sasl_step(sasl, NULL, &response), SASL_MORE);
        char *nonce = nonce_of(response);
        secret_free(response);
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, ROWS[i][0], nonce, nonce);
        char *challenge = base64(text);
        if (sasl_step(sasl, challenge, &response) != SASL_FAILED)
            fail_msg("%s is accepted", ROWS[i][0]);
        assert_null(response);
        if (ROWS[i][1] != NULL && strstr(sasl_fault(sasl), ROWS[i][1]) == NULL)
            fail_msg("%s: %s", ROWS[i][0], sasl_fault(sasl));
        assert_false(sasl_has_shown(sasl));
        assert_int_equal(sasl_step(sasl, challenge, &response), SASL_FAILED);
        gsasl_free(challenge);
        free(nonce);
        sasl_free(sasl);
    }
}

static void test_wrong_signature(void **state)
{
    (void)state;
    struct sasl *sasl = sasl_new("SCRAM-SHA-256", "user", "pencil");
    char *response, text[512];
    assert_int_equal(sasl_step(sasl, NULL, &response), SASL_MORE);
    char *nonce = nonce_of(response);
    secret_free(response);
    snprintf(text, sizeof text, "r=%sx,s=" SALT ",i=4096", nonce);
    char *challenge = base64(text);
    assert_int_equal(sasl_step(sasl, challenge, &response), SASL_MORE);
    assert_true(sasl_has_shown(sasl));
    secret_free(response);
    gsasl_free(challenge);
    challenge = base64("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_int_equal(sasl_step(sasl, challenge, &response), SASL_FAILED);
    assert_non_null(strstr(sasl_fault(sasl), "does not show that it knows the password"));
    gsasl_free(challenge);
    free(nonce);
    sasl_free(sasl);
    sasl = sasl_new("PLAIN", "user", "pencil");
    assert_int_equal(sasl_step(sasl, NULL, &response), SASL_DONE);
    assert_string_equal(response, "AHVzZXIAcGVuY2ls");
    secret_free(response);
    assert_int_equal(sasl_step(sasl, "", &response), SASL_FAILED);
    sasl_free(sasl);
    sasl = sasl_new("SCRAM-SHA-1", "user", "pencil");
    assert_int_equal(sasl_step(sasl, "%", &response), SASL_FAILED);
    sasl_free(sasl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strongest_is_chosen),
        cmocka_unit_test(test_password_is_stretched),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_challenges_that_are_refused),
        cmocka_unit_test(test_wrong_signature),
    };
    return cmocka_run_group_tests_name("sasl", tests, NULL, NULL);
}
