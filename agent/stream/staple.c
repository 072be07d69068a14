#include "stream/staple.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "health/result.h"
#include "stream/certificate.h"

/* How far apart the clocks of the responder and of this machine may be. */
#define SLACK_S (5 * 60)
/* How long a response counts that does not say when the next one comes. */
#define AGE_MAX_S (7 * INT64_C(86400))
/* Statements in one response that are looked at; a stapled one has one. */
#define STATEMENTS_MAX 16
#define STATUS_REQUEST 5 /* RFC 7633 4.2.1: the number of the TLS extension */

static struct staple useless(const char *why)
{
    return (struct staple){.status = STAPLE_USELESS, .revoked_s = TIME_ABSENT, .why = why};
}

/* Whether the statement is of the leaf. Responders choose the digest in which it is named. */
static bool is_of(const OCSP_SINGLERESP *single, const X509 *leaf, const X509 *issuer)
{
    const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT *algorithm = NULL;
    OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, (OCSP_CERTID *)id);
    const EVP_MD *digest = EVP_get_digestbyobj(algorithm);
    OCSP_CERTID *own = digest != NULL ? OCSP_cert_to_id(digest, leaf, issuer) : NULL;
    bool same = own != NULL && OCSP_id_cmp(own, id) == 0;
    OCSP_CERTID_free(own);
    return same;
}

/* Whether the issuer vouches for the response's signature. */
static bool is_signed(OCSP_BASICRESP *basic, X509 *issuer, int64_t now_s)
{
    X509_STORE *trusted = X509_STORE_new();
    STACK_OF(X509) *issuers = sk_X509_new_null();
    bool good = trusted != NULL && issuers != NULL && sk_X509_push(issuers, issuer) > 0 &&
                X509_STORE_add_cert(trusted, issuer) == 1 &&
                X509_STORE_set_flags(trusted, X509_V_FLAG_PARTIAL_CHAIN) == 1;
    if (good) {
        /* The issuer is the only one trusted. A responder's certificate counts only if it is the issuer's own, so that
         * no longer path need be looked at. */
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(trusted), (time_t)now_s);
        X509_VERIFY_PARAM_set_depth(X509_STORE_get0_param(trusted), 0);
        good = OCSP_basic_verify(basic, issuers, trusted, OCSP_TRUSTOTHER | OCSP_NOEXPLICIT) == 1;
    }
    sk_X509_free(issuers);
    X509_STORE_free(trusted);
    return good;
}

static struct staple judge_statement(OCSP_SINGLERESP *single, int64_t now_s)
{
    int reason = -1;
    ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
    int status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
    int64_t from_s = certificate_seconds(from);
    int64_t until_s = until != NULL ? certificate_seconds(until) : from_s + AGE_MAX_S;
    if (from_s == TIME_ABSENT || until_s == TIME_ABSENT)
        return useless("it has no readable date");
    if (from_s > now_s + SLACK_S)
        return useless("it is from the future");
    if (until_s < now_s - SLACK_S)
        return useless("it is out of date");
    if (status == V_OCSP_CERTSTATUS_GOOD)
        return (struct staple){.status = STAPLE_GOOD, .revoked_s = TIME_ABSENT};
    if (status != V_OCSP_CERTSTATUS_REVOKED)
        return useless("the responder does not know the certificate");
    if (certificate_seconds(revoked) == TIME_ABSENT)
        return useless("it has no readable date");
    return (struct staple){
        .status = STAPLE_REVOKED,
        .revoked_s = certificate_seconds(revoked),
        .why = reason >= 0 ? OCSP_crl_reason_str(reason) : "",
    };
}

static struct staple judge_basic(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer, int64_t now_s)
{
    if (basic == NULL)
        return useless("it cannot be read");
    if (!is_signed(basic, issuer, now_s))
        return useless("the certificate's issuer does not vouch for its signature");
    for (int i = 0; i < OCSP_resp_count(basic) && i < STATEMENTS_MAX; i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        if (is_of(single, leaf, issuer))
            return judge_statement(single, now_s);
    }
    return useless("it is of another certificate");
}

struct staple staple_judge(const unsigned char *response, size_t length, X509 *leaf, X509 *issuer, int64_t now_s)
{
    if (response == NULL)
        return (struct staple){.status = STAPLE_ABSENT, .revoked_s = TIME_ABSENT};
    if (length > STAPLE_MAX)
        return useless("it is too long");
    if (issuer == NULL)
        return useless("the certificate's issuer is not known");
    OCSP_RESPONSE *whole = d2i_OCSP_RESPONSE(NULL, &response, (long)length);
    if (whole == NULL)
        return useless("it cannot be read");
    struct staple staple = useless("the responder had no answer");
    if (OCSP_response_status(whole) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(whole);
        staple = judge_basic(basic, leaf, issuer, now_s);
        OCSP_BASICRESP_free(basic);
    }
    OCSP_RESPONSE_free(whole);
    return staple;
}

bool staple_is_due(X509 *leaf)
{
    bool due = false;
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        due |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == STATUS_REQUEST;
    TLS_FEATURE_free(features);
    return due;
}
