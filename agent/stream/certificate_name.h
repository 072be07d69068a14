/* The names in a certificate, and whether one of them is that of an XMPP domain (RFC 6120 13.7.1.2). */
#ifndef STREAM_CERTIFICATE_NAME_H
#define STREAM_CERTIFICATE_NAME_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/buf.h"

struct certificate_names {
    struct buf seen;     /* every identity, for people */
    bool any;            /* a subjectAltName of a kind that can name an XMPP domain, readable or not */
    bool matched;        /* one of them names the domain */
    bool by_common_name; /* none is there, and the subject's last CN names it (RFC 6125 6.4.4) */
};

/* Looks for the domain, as A-label and as U-label, in
 *   dNSName   the A-label, or "*" for its whole left-most label, but not right before a top-level domain (RFC 6125
 *             6.4.3)
 *   SRVName   the same behind "_xmpp-server." (RFC 4985 2; RFC 6125 6.5.1)
 *   xmppAddr  either label, no wildcard (RFC 6120 13.7.1.4)
 *   CN        either label, or a wildcard as in dNSName
 * ASCII letters may be of either case. A value of another ASN.1 type than is due, or with a NUL byte, names nothing.
 * certificate_names_fini() frees. */
void certificate_names_read(struct certificate_names *names, X509 *leaf, const char *domain, const char *unicode);
void certificate_names_fini(struct certificate_names *names);

#endif
