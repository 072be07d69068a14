/* What TLSA records say of the certificates of a TLS server (RFC 6698, RFC 7671, for XMPP RFC 7673). No I/O; that the
 * records are authentic is for the caller to know. */
#ifndef STREAM_DANE_H
#define STREAM_DANE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/tlsa.h"
#include "health/state.h"

struct dane_peer {
    STACK_OF(X509) *sent;  /* the server's own certificate first */
    STACK_OF(X509) *built; /* the chain that verification built as far as it came; may be NULL */
    bool passed;           /* verification found no fault in it: trust, times and usage, for PKIX-TA and PKIX-EE */
    bool named;            /* it names the domain, or the records' host: for all usages but DANE-EE (RFC 7671 5.1) */
    int64_t now_s;         /* seconds since 1970 */
};

/* Yes when one record is fulfilled, no when none is; unknown where there is no usable one: of a known usage, selector
 * and matching type, and a digest as long as it must be. */
enum tri dane_judge(const struct dns_tlsa *records, size_t count, const struct dane_peer *peer);

#endif
