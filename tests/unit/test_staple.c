/* OCSP responses that come with a certificate, made by OpenSSL: which of them count, and what they lead to. */
#include "certificate_scene.h"

#include <openssl/ocsp.h>
#include <stdlib.h>
#include <string.h>

#include "stream/staple.h"

#define MINUTE INT64_C(60)
#define HOUR (60 * MINUTE)

enum signer {
    BY_ISSUER,
    BY_RESPONDER,             /* with a certificate of the issuer's and the usage OCSPSigning */
    BY_RESPONDER_OF_ROOT,     /* ... of the issuer's issuer's */
    BY_RESPONDER_UNFIT,       /* ... without the usage */
    BY_RESPONDER_ENDED,       /* ... that has expired */
    BY_RESPONDER_UNINTRODUCED, /* ... that does not come with the response */
    BY_ITSELF,                /* with the leaf's own key */
    BY_FOREIGN
};

enum damage { WHOLE, TRUNCATED, FLIPPED_SIGNATURE, TRY_LATER, NOISE, EMPTY, TOO_LONG };

static const struct recipe LEAF = {.san = "DNS:xmpp.example", .by = MIDDLE};

/* By default: good, an hour old, for a day more. */
static const struct row {
    const char *what;
    enum signer signer;
    int status; /* V_OCSP_CERTSTATUS_…: 0 is good */
    int why;    /* OCSP_REVOKED_STATUS_…, where revoked */
    bool of_another, with_another, sha256, endless;
    int64_t from_s, until_s; /* 0: the default */
    enum damage damage;
    struct recipe leaf; /* without a SAN: LEAF */
    bool untrusted, unsent;
    enum reason reason;
    char test;          /* of CERT_TEST_REVOCATION */
    const char *detail; /* what it ends with */
} ROWS[] = {
    {"good", .test = '+', .detail = "; OCSP: not revoked"},
    {"good, named by SHA-256", .sha256 = true, .test = '+', .detail = "; OCSP: not revoked"},
    {"good, by a responder", BY_RESPONDER, .test = '+', .detail = "; OCSP: not revoked"},
    {"good, beside another's", .with_another = true, .test = '+', .detail = "; OCSP: not revoked"},
    {"good, without an end", .endless = true, .test = '+', .detail = "; OCSP: not revoked"},
    {"good, a clock four minutes ahead", .from_s = 4 * MINUTE, .test = '+', .detail = "; OCSP: not revoked"},
    {"good until four minutes ago", .until_s = -4 * MINUTE, .test = '+', .detail = "; OCSP: not revoked"},
    {"revoked", .status = V_OCSP_CERTSTATUS_REVOKED, .why = OCSP_REVOKED_STATUS_KEYCOMPROMISE,
     .reason = REASON_CERT_REVOKED, .test = '-',
     .detail = "Z, keyCompromise, says the OCSP response that came with it"},
    {"revoked without a reason", .status = V_OCSP_CERTSTATUS_REVOKED, .why = OCSP_REVOKED_STATUS_NOSTATUS,
     .reason = REASON_CERT_REVOKED, .test = '-', .detail = "Z, says the OCSP response that came with it"},
    {"revoked, by a responder", BY_RESPONDER, V_OCSP_CERTSTATUS_REVOKED, .reason = REASON_CERT_REVOKED, .test = '-',
     .detail = "Z, unspecified, says the OCSP response that came with it"},
    {"revoked comes before wrong usage", .status = V_OCSP_CERTSTATUS_REVOKED,
     .leaf = {.san = "DNS:xmpp.example", .by = MIDDLE, .usage = "clientAuth"}, .reason = REASON_CERT_REVOKED,
     .test = '-', .detail = "Z, unspecified, says the OCSP response that came with it"},
    {"revoked comes behind untrusted", .status = V_OCSP_CERTSTATUS_REVOKED, .untrusted = true,
     .reason = REASON_CERT_UNTRUSTED, .test = '-', .detail = "; OCSP: revoked"},
    {"revoked, of another", .status = V_OCSP_CERTSTATUS_REVOKED, .of_another = true, .test = '?',
     .detail = "does not count: it is of another certificate"},
    {"unknown", .status = V_OCSP_CERTSTATUS_UNKNOWN, .test = '?',
     .detail = "; the OCSP response that came with it does not count: the responder does not know the certificate"},
    {"stale", .until_s = -6 * MINUTE, .test = '?', .detail = "does not count: it is out of date"},
    {"revoked and stale", .status = V_OCSP_CERTSTATUS_REVOKED, .until_s = -6 * MINUTE, .test = '?',
     .detail = "does not count: it is out of date"},
    {"old, and without an end", .endless = true, .from_s = -8 * DAY, .test = '?',
     .detail = "does not count: it is out of date"},
    {"from the future", .from_s = 6 * MINUTE, .test = '?', .detail = "does not count: it is from the future"},
    {"by a responder of the issuer's issuer", BY_RESPONDER_OF_ROOT, .test = '?', .detail = "vouch for its signature"},
    {"by a responder without the usage", BY_RESPONDER_UNFIT, .test = '?', .detail = "vouch for its signature"},
    {"by a responder that has expired", BY_RESPONDER_ENDED, .test = '?', .detail = "vouch for its signature"},
    {"by a responder that is not shown", BY_RESPONDER_UNINTRODUCED, .test = '?', .detail = "vouch for its signature"},
    {"by the certificate itself", BY_ITSELF, .test = '?', .detail = "vouch for its signature"},
    {"by another CA", BY_FOREIGN, .test = '?', .detail = "vouch for its signature"},
    {"revoked, by another CA", BY_FOREIGN, V_OCSP_CERTSTATUS_REVOKED, .test = '?',
     .detail = "vouch for its signature"},
    {"with a wrong signature", .damage = FLIPPED_SIGNATURE, .test = '?', .detail = "vouch for its signature"},
    {"half", .damage = TRUNCATED, .test = '?', .detail = "does not count: it cannot be read"},
    {"noise", .damage = NOISE, .test = '?', .detail = "does not count: it cannot be read"},
    {"empty", .damage = EMPTY, .test = '?', .detail = "does not count: it cannot be read"},
    {"no answer", .damage = TRY_LATER, .test = '?', .detail = "does not count: the responder had no answer"},
    {"too long", .damage = TOO_LONG, .test = '?', .detail = "does not count: it is too long"},
    {"the issuer is not known", .unsent = true, .reason = REASON_CERT_CHAIN_INCOMPLETE, .test = '?',
     .detail = "does not count: the certificate's issuer is not known"},
};

static X509 *responder_make(enum signer signer, EVP_PKEY **key)
{
    const struct recipe recipe = {
        .cn = "Responder", .by = signer == BY_RESPONDER_OF_ROOT ? ROOT : MIDDLE,
        .usage = signer == BY_RESPONDER_UNFIT ? "serverAuth" : "OCSPSigning",
        .until_days = signer == BY_RESPONDER_ENDED ? -1 : 0,
    };
    return certificate_make(&recipe, key);
}

static OCSP_BASICRESP *statements_make(const struct row *row, X509 *leaf, X509 *other, int64_t now_s)
{
    const EVP_MD *digest = row->sha256 ? EVP_sha256() : NULL;
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(now_s + (row->from_s ? row->from_s : -HOUR)));
    ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)(now_s + (row->until_s ? row->until_s : DAY)));
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *ids[] = {OCSP_cert_to_id(digest, other, authority(MIDDLE)),
                          OCSP_cert_to_id(digest, leaf, authority(MIDDLE))};
    if (row->with_another || row->of_another)
        OCSP_basic_add1_status(basic, ids[0], row->with_another ? V_OCSP_CERTSTATUS_REVOKED : row->status, 0, from,
        from,
                               until);
    if (!row->of_another)
        OCSP_basic_add1_status(basic, ids[1], row->status, row->why, from, from, row->endless ? NULL : until);
    OCSP_CERTID_free(ids[0]);
    OCSP_CERTID_free(ids[1]);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return basic;
}

static void statements_sign(const struct row *row, OCSP_BASICRESP *basic, X509 *leaf, EVP_PKEY *leaf_key)
{
    X509 *signer = authority(MIDDLE);
    EVP_PKEY *key = authority_key(MIDDLE);
    X509 *made = NULL;
    EVP_PKEY *made_key = NULL;
    if (row->signer == BY_ITSELF) {
        signer = leaf, key = leaf_key;
    } else if (row->signer == BY_FOREIGN) {
        signer = authority(FOREIGN), key = authority_key(FOREIGN);
    } else if (row->signer != BY_ISSUER) {
        signer = made = responder_make(row->signer, &made_key);
        key = made_key;
    }
    unsigned long flags = row->signer == BY_RESPONDER_UNINTRODUCED || row->signer == BY_ISSUER ? OCSP_NOCERTS : 0;
    assert_int_equal(OCSP_basic_sign(basic, signer, key, EVP_sha256(), NULL, flags), 1);
    if (row->damage == FLIPPED_SIGNATURE) {
        const ASN1_STRING *signature = OCSP_resp_get0_signature(basic);
        ((unsigned char *)ASN1_STRING_get0_data(signature))[ASN1_STRING_length(signature) - 1] ^= 1;
    }
    X509_free(made);
    EVP_PKEY_free(made_key);
}

/* The response in DER, to be freed with OPENSSL_free(). */
static unsigned char *response_make(const struct row *row, X509 *leaf, EVP_PKEY *leaf_key, int64_t now_s,
                                    size_t *length)
{
    X509 *other = certificate_make(&LEAF, NULL);
    OCSP_BASICRESP *basic = statements_make(row, leaf, other, now_s);
    statements_sign(row, basic, leaf, leaf_key);
    bool without = row->damage == TRY_LATER;
    OCSP_RESPONSE *response = OCSP_response_create(
        without ? OCSP_RESPONSE_STATUS_TRYLATER : OCSP_RESPONSE_STATUS_SUCCESSFUL, without ? NULL : basic);
    unsigned char *der = NULL;
    *length = (size_t)i2d_OCSP_RESPONSE(response, &der);
    switch (row->damage) {
    case TRUNCATED: *length /= 2; break;
    case NOISE: memset(der, 0xa5, *length); break;
    case EMPTY: *length = 0; break;
    case TOO_LONG: *length = STAPLE_MAX + 1; break;
    default: break;
    }
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    X509_free(other);
    return der;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), most = strlen(end);
    return length >= most && strcmp(text + length - most, end) == 0;
}

static void judges_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        const struct row *row = &ROWS[i];
        struct scene scene;
        scene_open(&scene, row->untrusted ? NOBODY : ROOT);
        EVP_PKEY *key;
        STACK_OF(X509) *sent = sk_X509_new_null();
        sk_X509_push(sent, certificate_make(row->leaf.san != NULL ? &row->leaf : &LEAF, &key));
        if (!row->unsent && X509_up_ref(authority(MIDDLE)))
            sk_X509_push(sent, authority(MIDDLE));
        unsigned char *response =
            response_make(row, sk_X509_value(sent, 0), key, scene.now_s, &scene.staple_length);
        scene.staple = response;

        struct check_result verdict = {0};
        struct certificate *facts = scene_judge(&scene, sent, &verdict);
        char tests[CERT_TEST_COUNT + 1];
        tests_text(tests, facts);
        enum reason reason = row->reason != REASON_NOT_RUN ? row->reason : REASON_OK;
        if (verdict.reason != reason || tests[CERT_TEST_REVOCATION] != row->test ||
            !ends_with(verdict.detail, row->detail))
            fail_msg("%s: %s (%s) %s", row->what, reason_info(verdict.reason)->code, verdict.detail, tests);
        free(verdict.detail);
        certificate_free(facts);
        OPENSSL_free(response);
        EVP_PKEY_free(key);
        scene_close(&scene);
        sent_free(sent);
    }
}

/* RFC 7633: what comes with every certificate that asks for it. */
static void tells_what_is_missing(void **state)
{
    (void)state;
    const struct {
        const char *feature, *detail;
    } rows[] = {{NULL, "Z"}, {"status_request", "Z; it wants an OCSP response to come with it, and none came"},
                {"17", "Z"}, {"17, status_request", "and none came"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct recipe recipe = {.san = "DNS:xmpp.example", .by = ROOT, .feature = rows[i].feature};
        STACK_OF(X509) *sent = sent_make(&recipe, NULL, 0);
        struct scene scene;
        scene_open(&scene, ROOT);
        struct check_result verdict = {0};
        struct certificate *facts = scene_judge(&scene, sent, &verdict);
        assert_int_equal(verdict.reason, REASON_OK);
        assert_int_equal(facts->test[CERT_TEST_REVOCATION], TRI_UNKNOWN);
        if (!ends_with(verdict.detail, rows[i].detail))
            fail_msg("%s: %s", rows[i].feature, verdict.detail);
        free(verdict.detail);
        certificate_free(facts);
        scene_close(&scene);
        sent_free(sent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_responses),
        cmocka_unit_test(tells_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, authorities_free);
}
