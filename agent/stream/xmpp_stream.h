/* Reader of one XMPP server-to-server stream (RFC 6120 4): with cisco/soap_reader.c the ONLY user of expat. Push style:
 * bytes in, events out. Refuses a doctype, entities, processing instructions and comments (RFC 6120 11.1), nesting
 * deeper than 64, a tag over 8 KiB and more bytes than its cap. After STARTTLS a new reader is made: nothing carries
 * over (RFC 6120 5.4.3.3). */
#ifndef STREAM_XMPP_STREAM_H
#define STREAM_XMPP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "health/result.h"

#define XMPP_CAP_BEFORE_TLS (64 * 1024)
#define XMPP_CAP_AFTER_TLS (256 * 1024)

enum xmpp_event {
    XMPP_MORE,       /* every byte was read; give more */
    XMPP_HEADER,     /* the stream header is complete; see xmpp_stream_header(). One without an id or with a version
                      * that is no number comes too, since <stream:error/> may follow; all else then is XMPP_INVALID */
    XMPP_FEATURES,   /* <stream:features/>; see xmpp_stream_features() */
    XMPP_PROCEED,    /* <proceed/> of STARTTLS */
    XMPP_FAILURE,    /* <failure/> of STARTTLS */
    XMPP_ERROR,      /* <stream:error/>; see xmpp_stream_error() */
    XMPP_OTHER,      /* any other complete first-level element */
    XMPP_END,        /* </stream:stream> */
    XMPP_INVALID     /* not acceptable; see xmpp_stream_fault(). Final */
};

enum xmpp_fault {
    XMPP_FAULT_NOT_XMPP,       /* not XML, or a root that is not a stream: HTTP, SSH, a banner … */
    XMPP_FAULT_NAMESPACE,      /* a stream whose namespaces are not RFC 6120 4.8's (jabber:client for one) */
    XMPP_FAULT_HEADER,         /* a stream header without what is needed, or XML refused by RFC 6120 11.1 after it */
    XMPP_FAULT_TOO_LARGE       /* the cap, the depth or an attribute past its bound */
};

#define XMPP_ID_MAX 1023

struct xmpp_header {
    char *id;             /* NULL when absent; at most XMPP_ID_MAX bytes, longer is XMPP_FAULT_TOO_LARGE */
    const char *defect;   /* what is wrong with the header, NULL: nothing. Only <stream:error/> may follow such a one */
    bool version_1;       /* version='1.0' or later: features follow (RFC 6120 4.7.5) */
    bool dialback;        /* xmlns:db='jabber:server:dialback' is declared (XEP-0220 2.1) */
};

struct xmpp_features {
    enum starttls_offer starttls; /* OFFER_NONE, OFFER_OPTIONAL or OFFER_REQUIRED */
    bool dialback;                /* urn:xmpp:features:dialback */
    bool external;                /* SASL mechanism EXTERNAL */
};

struct xmpp_stream;
struct xmpp_stream *xmpp_stream_new(size_t cap);
void xmpp_stream_free(struct xmpp_stream *stream);
/* Reads up to the next event. *used tells how many of the bytes belong to what was read so far; call again with
 * all of the rest (more may follow it) until XMPP_MORE. After XMPP_PROCEED the rest must be thrown away unread. */
enum xmpp_event xmpp_stream_read(struct xmpp_stream *stream, const char *bytes, size_t length, size_t *used);

/* All of these are borrowed from the stream and valid until its next call. */
const struct xmpp_header *xmpp_stream_header(const struct xmpp_stream *stream);
const struct xmpp_features *xmpp_stream_features(const struct xmpp_stream *stream); /* of the latest features */
const char *xmpp_stream_error(const struct xmpp_stream *stream);      /* condition, "host-unknown"; "" without one */
const char *xmpp_stream_error_text(const struct xmpp_stream *stream); /* its <text/>, cut to PEER_TEXT_MAX; or "" */
enum xmpp_fault xmpp_stream_fault(const struct xmpp_stream *stream);
const char *xmpp_stream_fault_text(const struct xmpp_stream *stream); /* what was refused and at which byte */

#endif
