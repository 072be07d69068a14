#include "ping/sasl.h"

#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include "base/mem.h"
#include "base/text.h"
#include "login/secret.h"

#define HASH_MAX 32 /* of SHA-256 */

/* Strongest first. */
static const struct mechanism {
    const char *name;
    enum secret_digest digest;
    size_t hash_size; /* 0: not SCRAM */
} MECHANISMS[] = {
    {"SCRAM-SHA-256", SECRET_SHA256, 32},
    {"SCRAM-SHA-1", SECRET_SHA1, 20},
    {"PLAIN", SECRET_SHA1, 0},
};
#define MECHANISM_COUNT (sizeof MECHANISMS / sizeof MECHANISMS[0])

struct sasl {
    const struct mechanism *mechanism;
    Gsasl *library;
    Gsasl_session *session;
    char *username, *password; /* owned */
    bool shown, done;
    const char *fault; /* NULL: none */
};

static bool is_offered(const char *name, const char *offered)
{
    size_t length = strlen(name);
    for (const char *at = offered; (at = strstr(at, name)) != NULL; at += length) {
        if ((at == offered || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

const char *sasl_choose(const char *offered)
{
    for (size_t i = 0; i < MECHANISM_COUNT && offered != NULL; i++) {
        if (is_offered(MECHANISMS[i].name, offered))
            return MECHANISMS[i].name;
    }
    return NULL;
}

/* Keeps the first fault. */
static int refuse(struct sasl *sasl, const char *fault, int code)
{
    if (sasl->fault == NULL)
        sasl->fault = fault;
    return code;
}

/* PBKDF2 with what the server chose, of the prepared password (RFC 5802 2.2): libgsasl would leave copies of it. */
static int give_salted(struct sasl *sasl, const char *salt, size_t salt_size, unsigned long iterations)
{
    unsigned char salted[HASH_MAX];
    char hex[2 * HASH_MAX + 1];
    char *prepared = NULL;
    size_t size = sasl->mechanism->hash_size;
    if (gsasl_saslprep(sasl->password, 0, &prepared, NULL) != GSASL_OK)
        return refuse(sasl, "the password has characters that SCRAM cannot prepare (RFC 4013)", GSASL_SASLPREP_ERROR);
    bool good = secret_stretch(sasl->mechanism->digest, prepared, (const unsigned char *)salt, salt_size,
                               (unsigned)iterations, salted, size);
    secret_free(prepared);
    if (!good)
        return refuse(sasl, "the password cannot be hashed", GSASL_CRYPTO_ERROR);
    text_hex(hex, salted, size);
    int code = gsasl_property_set(sasl->session, GSASL_SCRAM_SALTED_PASSWORD, hex);
    secret_cleanse(salted, sizeof salted);
    secret_cleanse(hex, sizeof hex);
    sasl->shown = true;
    return code;
}

static int salt_password(struct sasl *sasl)
{
    const char *iterations = gsasl_property_fast(sasl->session, GSASL_SCRAM_ITER);
    const char *base64 = gsasl_property_fast(sasl->session, GSASL_SCRAM_SALT);
    unsigned long count = iterations != NULL ? strtoul(iterations, NULL, 10) : 0;
    char *salt = NULL;
    size_t size = 0;
    if (count < 1 || count > SASL_ITERATIONS_MAX)
        return refuse(sasl, "the server wants the password hashed too often, or not at all",
                      GSASL_MECHANISM_PARSE_ERROR);
    if (base64 == NULL || gsasl_base64_from(base64, strlen(base64), &salt, &size) != GSASL_OK)
        return refuse(sasl, "the server's salt is not base64", GSASL_MECHANISM_PARSE_ERROR);
    int code = give_salted(sasl, salt, size, count);
    gsasl_free(salt);
    return code;
}

/* libgsasl asks for a property that it lacks. */
static int give(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    struct sasl *sasl = gsasl_session_hook_get(session);
    (void)library;
    if (property == GSASL_AUTHID)
        return gsasl_property_set(session, GSASL_AUTHID, sasl->username);
    if (property == GSASL_SCRAM_SALTED_PASSWORD && sasl->fault == NULL)
        return salt_password(sasl);
    if (property == GSASL_PASSWORD && sasl->mechanism->hash_size == 0) {
        sasl->shown = true;
        return gsasl_property_set(session, GSASL_PASSWORD, sasl->password);
    }
    return GSASL_NO_CALLBACK;
}

struct sasl *sasl_new(const char *mechanism, const char *username, const char *password)
{
    struct sasl *sasl = mem_alloc(sizeof *sasl);
    sasl->mechanism = MECHANISMS;
    while (strcmp(sasl->mechanism->name, mechanism) != 0)
        sasl->mechanism++;
    sasl->username = mem_strdup(username);
    sasl->password = mem_strdup(password);
    if (gsasl_init(&sasl->library) == GSASL_OK) {
        gsasl_callback_set(sasl->library, give);
        if (gsasl_client_start(sasl->library, mechanism, &sasl->session) == GSASL_OK) {
            gsasl_session_hook_set(sasl->session, sasl);
            return sasl;
        }
    }
    sasl_free(sasl);
    return NULL;
}

void sasl_free(struct sasl *sasl)
{
    static const Gsasl_property SECRETS[] = {GSASL_PASSWORD, GSASL_SCRAM_SALTED_PASSWORD, GSASL_SCRAM_SERVERKEY,
                                             GSASL_SCRAM_STOREDKEY};
    if (sasl == NULL)
        return;
    for (size_t i = 0; i < sizeof SECRETS / sizeof SECRETS[0] && sasl->session != NULL; i++) {
        const char *copy = gsasl_property_fast(sasl->session, SECRETS[i]); /* the library's own, which it only frees */
        if (copy != NULL)
            secret_cleanse((char *)(uintptr_t)copy, strlen(copy));
    }
    if (sasl->session != NULL)
        gsasl_finish(sasl->session);
    if (sasl->library != NULL)
        gsasl_done(sasl->library);
    secret_free(sasl->password);
    free(sasl->username);
    free(sasl);
}

/* What the library's verdict means; `fault` was not set by one of ours. */
static const char *fault_of(int code, bool shown)
{
    switch (code) {
    case GSASL_AUTHENTICATION_ERROR:
        return shown ? "the server does not show that it knows the password: its signature is wrong"
                     : "the server's answer does not belong to this login";
    case GSASL_MECHANISM_PARSE_ERROR: return "the server's challenge breaks the rules of SCRAM";
    case GSASL_BASE64_ERROR: return "the server's challenge is not base64";
    case GSASL_SASLPREP_ERROR: return "the account's name has characters that SCRAM cannot prepare (RFC 4013)";
    case GSASL_MECHANISM_CALLED_TOO_MANY_TIMES: return "the server asks on after the login was complete";
    default: return "libgsasl cannot go on";
    }
}

static enum sasl_progress fail(struct sasl *sasl, int code)
{
    refuse(sasl, fault_of(code, sasl->shown), code);
    return SASL_FAILED;
}

enum sasl_progress sasl_step(struct sasl *sasl, const char *challenge, char **response)
{
    char *input = NULL, *output = NULL;
    size_t input_size = 0, output_size = 0;
    *response = NULL;
    if (sasl->fault != NULL)
        return SASL_FAILED;
    if (sasl->done)
        return fail(sasl, GSASL_MECHANISM_CALLED_TOO_MANY_TIMES);
    if (challenge != NULL && gsasl_base64_from(challenge, strlen(challenge), &input, &input_size) != GSASL_OK)
        return fail(sasl, GSASL_BASE64_ERROR);
    int code = gsasl_step(sasl->session, input, input_size, &output, &output_size);
    gsasl_free(input);
    if (code != GSASL_OK && code != GSASL_NEEDS_MORE)
        return fail(sasl, code);
    int coded = gsasl_base64_to(output, output_size, response, NULL);
    secret_cleanse(output, output_size);
    gsasl_free(output);
    if (coded != GSASL_OK)
        return fail(sasl, coded);
    sasl->done = code == GSASL_OK;
    return sasl->done ? SASL_DONE : SASL_MORE;
}

const char *sasl_fault(const struct sasl *sasl)
{
    return sasl->fault;
}

bool sasl_has_shown(const struct sasl *sasl)
{
    return sasl->shown;
}
