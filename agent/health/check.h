/* The eight checks of a domain, in the order of the conversation. fhCheckKind in the MIB is this number + 1. */
#ifndef HEALTH_CHECK_H
#define HEALTH_CHECK_H

enum check {
    CHECK_SRV,         /* RFC 6120 3.2.1: the domain's SRV records */
    CHECK_CONNECT,     /* TCP */
    CHECK_STREAM,      /* RFC 6120 4: stream header and features */
    CHECK_STARTTLS,    /* RFC 6120 5: the offer, and the TLS handshake */
    CHECK_CERTIFICATE, /* RFC 6120 13.7: trust, name, validity, strength */
    CHECK_AUTH,        /* XEP-0220 or SASL EXTERNAL offered inside TLS */
    CHECK_DIALBACK,
    CHECK_PING,
    CHECK_COUNT
};

const char *check_name(enum check check); /* "srv", "connect", … */

#endif
