/* What a peer's certificate says and what is wrong with it: facts for people and dashboards whether or not it is valid,
 * and one verdict. Used by tls.c alone. */
#ifndef STREAM_CERTIFICATE_H
#define STREAM_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdint.h>

#include "dns/tlsa.h"
#include "health/result.h"
#include "health/severity.h"

#define CERT_MAX_ERRORS 16

/* What OpenSSL's verification complained about; it is told to go on after each. */
struct certificate_errors {
    size_t count;
    struct {
        int code; /* X509_V_ERR_… */
        int depth; /* 0 the peer's own certificate */
    } list[CERT_MAX_ERRORS]; /* each (code, depth) once; beyond the last none is kept */
};

/* What a peer showed in the handshake, and what verification made of it. */
struct certificate_shown {
    STACK_OF(X509) *sent;  /* the chain as the peer sent it */
    STACK_OF(X509) *built; /* the one that verification built as far as it came */
    const struct certificate_errors *errors;
    const unsigned char *staple; /* the OCSP response that came with it (DER), or NULL */
    size_t staple_length;
};

struct certificate_policy {
    const char *domain;         /* A-label */
    const char *domain_unicode; /* U-label */
    int64_t now_s;              /* seconds since 1970 */
    int64_t expiry_warning_s, expiry_critical_s;
    const struct severity *severity; /* may be NULL */
    const struct dns_tlsa *tlsa;     /* authentic TLSA records for the peer, NULL without any */
    size_t tlsa_count;
    const char *host;                /* A-label, the SRV target that they belong to; NULL: as `domain` */
};

/* Both chains start with the peer's own certificate. The verdict is ok, or the first fault that holds in the contract's
 * order and that the severity rules do not make ok, or where they make all of them ok the first; its state is the
 * reason's own, which severity_apply() is to change. TLSA records that the peer does not fulfil are a fault only if
 * there is no other: cert_untrusted as a warning, since only those who do DANE mind. The detail tells of OCSP and TLSA
 * whatever the reason. The facts are the caller's to free. */
struct certificate *certificate_judge(const struct certificate_shown *shown, const struct certificate_policy *policy,
                                      struct check_result *verdict);

/* Seconds since 1970; TIME_ABSENT for NULL and for what is no time. */
int64_t certificate_seconds(const ASN1_TIME *time);

#endif
