/* The OCSP response that a TLS server shows together with its certificate (RFC 6066 8, RFC 6960): what it is worth, and
 * what it says. No I/O, and nobody is asked. */
#ifndef STREAM_STAPLE_H
#define STREAM_STAPLE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAPLE_MAX (16 * 1024) /* a longer response is not read */

enum staple_status {
    STAPLE_ABSENT,
    STAPLE_GOOD,
    STAPLE_REVOKED,
    STAPLE_USELESS /* it says nothing about the certificate that could be believed now */
};

struct staple {
    enum staple_status status;
    int64_t revoked_s; /* when, seconds since 1970; TIME_ABSENT unless revoked */
    const char *why;   /* useless: why; revoked: the CA's reason (RFC 5280 5.3.1) or ""; never freed */
};

/* What the response (DER; NULL: none) says at now_s of the leaf. `issuer` issued the leaf; NULL: not known. The
 * response counts when it is signed by the issuer itself, or by one to whom the issuer itself gave a certificate with
 * the usage OCSPSigning (RFC 6960 4.2.2.2), is of the leaf, and is current; the clocks may be five minutes apart. */
struct staple staple_judge(const unsigned char *response, size_t length, X509 *leaf, X509 *issuer, int64_t now_s);

/* Whether the certificate says that a response always comes with it ("must-staple", RFC 7633). */
bool staple_is_due(X509 *leaf);

#endif
