/* Reader of one XMPP stream, as a server or a client has it (RFC 6120 4): with cisco/soap_reader.c the ONLY user of
 * expat. Push style: bytes in, events out. Refuses a doctype, entities, processing instructions and comments (RFC 6120
 * 11.1), nesting deeper than 64, a tag over 8 KiB and more bytes than its cap. After STARTTLS a new reader is made:
 * nothing carries over (RFC 6120 5.4.3.3). */
#ifndef STREAM_XMPP_STREAM_H
#define STREAM_XMPP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "health/result.h"

#define XMPP_CAP_BEFORE_TLS (64 * 1024)
#define XMPP_CAP_AFTER_TLS (256 * 1024)

/* The content namespace that the peer's stream must have (RFC 6120 4.8.2). */
enum xmpp_kind {
    XMPP_SERVER, /* jabber:server */
    XMPP_CLIENT  /* jabber:client */
};

enum xmpp_event {
    XMPP_MORE,       /* every byte was read; give more */
    XMPP_HEADER,     /* the stream header is complete; see xmpp_stream_header(). One without an id or with a version
                      * that is no number comes too, since <stream:error/> may follow; all else then is XMPP_INVALID */
    XMPP_FEATURES,   /* <stream:features/>; see xmpp_stream_features() */
    XMPP_PROCEED,    /* <proceed/> of STARTTLS */
    XMPP_FAILURE,    /* <failure/> of STARTTLS */
    XMPP_ERROR,      /* <stream:error/>; see xmpp_stream_error() */
    XMPP_VERIFY,     /* server: a complete <verify/> of jabber:server:dialback; see xmpp_stream_stanza() */
    XMPP_IQ,         /* client: a complete <iq/>; see xmpp_stream_stanza() */
    XMPP_CHALLENGE,  /* client: <challenge/> of SASL (RFC 6120 6.4.3); see xmpp_stream_sasl() */
    XMPP_SUCCESS,    /* client: <success/> of SASL (6.4.6); see xmpp_stream_sasl() */
    XMPP_SASL_FAILURE, /* client: <failure/> of SASL (6.4.5); see xmpp_stream_sasl() and xmpp_stream_stanza() */
    XMPP_OTHER,      /* any other complete first-level element */
    XMPP_END,        /* </stream:stream> */
    XMPP_INVALID     /* not acceptable; see xmpp_stream_fault(). Final */
};

enum xmpp_fault {
    XMPP_FAULT_NOT_XMPP,       /* not XML, or a root that is not a stream: HTTP, SSH, a banner … */
    XMPP_FAULT_NAMESPACE,      /* a stream whose namespaces are not RFC 6120 4.8's, or of the other kind */
    XMPP_FAULT_HEADER,         /* a stream header without what is needed, or XML refused by RFC 6120 11.1 after it */
    XMPP_FAULT_TOO_LARGE       /* the cap, the depth, an attribute or a text past its bound */
};

#define XMPP_ID_MAX 1023
#define XMPP_JID_MAX 3071 /* RFC 7622 3.1 */
#define XMPP_CONDITION_MAX 32 /* the longest of RFC 6120 4.9.3, 6.5 and 8.3.3 has 24 */
#define XMPP_SASL_MAX 8192
#define XMPP_MECHANISMS_MAX 511

struct xmpp_header {
    char *id;             /* NULL when absent; at most XMPP_ID_MAX bytes, longer is XMPP_FAULT_TOO_LARGE */
    const char *defect;   /* what is wrong with the header, NULL: nothing. Only <stream:error/> may follow such a one */
    bool version_1;       /* version='1.0' or later: features follow (RFC 6120 4.7.5) */
    bool dialback;        /* xmlns:db='jabber:server:dialback' is declared (XEP-0220 2.4.1) */
};

struct xmpp_features {
    enum starttls_offer starttls; /* OFFER_NONE, OFFER_OPTIONAL or OFFER_REQUIRED */
    bool dialback;                /* urn:xmpp:features:dialback */
    bool external;                /* SASL mechanism EXTERNAL */
    /* Client: names of SASL mechanisms (RFC 4422 3.1) with a space between them, in the peer's order; NULL when there
     * are none. What is no such name, or does not fit XMPP_MECHANISMS_MAX, is left out. */
    char *mechanisms;
    bool bind;                    /* client: resource binding (RFC 6120 7) */
    bool session;                 /* client: a session must be asked for (RFC 3921 3): not marked <optional/> */
};

/* A <verify/> (XEP-0220 2.2.2), an <iq/>, or a SASL failure, which has no attributes. */
struct xmpp_stanza {
    char *from, *to, *id, *type; /* NULL when absent; cut to XMPP_JID_MAX bytes */
    char *by;                    /* of <error/>: the entity that made it (RFC 6120 8.3.2); NULL when absent */
    char condition[XMPP_CONDITION_MAX + 1]; /* of <error/> (RFC 6120 8.3.3), or of the failure (6.5); or "" */
    char text[PEER_TEXT_MAX + 1];           /* ... and its <text/>, cut; or "" */
    bool ping;                   /* iq: has a <ping/> of XEP-0199 */
    char *bound;                 /* iq: the <jid/> of <bind/> (RFC 6120 7.6); NULL without one */
};

struct xmpp_stream;
struct xmpp_stream *xmpp_stream_new(enum xmpp_kind kind, size_t cap);
void xmpp_stream_free(struct xmpp_stream *stream);
/* Reads up to the next event. *used tells how many of the bytes belong to what was read so far; call again with
 * all of the rest (more may follow it) until XMPP_MORE. After XMPP_PROCEED the rest must be thrown away unread. */
enum xmpp_event xmpp_stream_read(struct xmpp_stream *stream, const char *bytes, size_t length, size_t *used);

/* All of these are borrowed from the stream and valid until its next call. */
const struct xmpp_header *xmpp_stream_header(const struct xmpp_stream *stream);
const struct xmpp_features *xmpp_stream_features(const struct xmpp_stream *stream); /* of the latest features */
const char *xmpp_stream_error(const struct xmpp_stream *stream);      /* condition, "host-unknown"; "" without one */
const char *xmpp_stream_error_text(const struct xmpp_stream *stream); /* its <text/>, cut to PEER_TEXT_MAX; or "" */
const struct xmpp_stanza *xmpp_stream_stanza(const struct xmpp_stream *stream); /* behind its event only */
/* The base64 text of <challenge/> or <success/>, of XMPP_SASL_MAX bytes at most; a failure's condition; or "". */
const char *xmpp_stream_sasl(const struct xmpp_stream *stream);
enum xmpp_fault xmpp_stream_fault(const struct xmpp_stream *stream);
const char *xmpp_stream_fault_text(const struct xmpp_stream *stream); /* what was refused and at which byte */

#endif
