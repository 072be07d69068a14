/* TLS for XMPP streams: with the other files of this room, fetch/trust.c and login/secret.c the ONLY user of OpenSSL.
 * The handshake is made to succeed with old and badly certified peers alike, so that what is wrong can be told; policy
 * is judged here, not by OpenSSL. */
#ifndef STREAM_TLS_H
#define STREAM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/tlsa.h"
#include "health/result.h"
#include "health/severity.h"

struct tls_options {
    const char *ca_file;            /* PEM: trusted roots; NULL: none */
    int min_version;                /* 0x0303 TLS 1.2, …; lower is completed, then judged tls_version_too_old */
    int64_t expiry_warning_s, expiry_critical_s;
    const char *client_certificate; /* PEM chain; NULL: none */
    const char *client_key;         /* PEM */
    bool remember_chains; /* verify the signatures of a chain once for many sessions: see chain_memory.h */
};

/* Shared by every session; made once, since reading the trusted roots costs more than many handshakes. */
struct tls_context;
struct tls_context *tls_context_new(const struct tls_options *options, struct err *err);
void tls_context_free(struct tls_context *context); /* after every session */

enum tls_progress {
    TLS_DONE,
    TLS_WANT_READ,  /* call again when the descriptor can be read */
    TLS_WANT_WRITE,
    TLS_CLOSED,     /* the peer ended or reset the connection */
    TLS_FAILED      /* tls_session_fault() says why */
};

/* A client session over a connected, non-blocking descriptor, which stays the caller's. SNI is `domain` (A-label). */
struct tls_session;
struct tls_session *tls_session_new(struct tls_context *context, int fd, const char *domain);
void tls_session_free(struct tls_session *session);
/* Before the handshake: names the one protocol that is to be spoken (ALPN, RFC 7301), at most 255 bytes. A server may
 * leave the choice open, refuse it by an alert, but not choose another (tls_error). False: out of memory. */
bool tls_session_offer(struct tls_session *session, const char *protocol);
enum tls_progress tls_session_handshake(struct tls_session *session);
enum tls_progress tls_session_read(struct tls_session *session, void *bytes, size_t size, size_t *got);
enum tls_progress tls_session_write(struct tls_session *session, const void *bytes, size_t length, size_t *written);
void tls_session_close_notify(struct tls_session *session); /* sent if that is possible without waiting */

/* After TLS_CLOSED or TLS_FAILED: tls_closed, tls_not_tls, tls_alert_NAME, … with detail; stream_too_large where the
 * peer sent more than any conversation needs. */
void tls_session_fault(const struct tls_session *session, struct check_result *result);

/* Whether that is because the peer sent too much, and no word of its on the handshake. */
bool tls_session_flooded(const struct tls_session *session);

/* Of a session that is kept: counts anew what the peer sends. */
void tls_session_renew(struct tls_session *session);

/* After the handshake. */
const char *tls_session_version(const struct tls_session *session); /* "TLSv1.3" */
const char *tls_session_cipher(const struct tls_session *session);  /* "TLS_AES_256_GCM_SHA384" */
/* ok, or tls_version_too_old. */
void tls_session_judge_version(const struct tls_session *session, struct check_result *result);
/* Of whom the peer is to be. */
struct tls_peer {
    const char *domain;              /* A-label */
    const char *domain_unicode;      /* U-label */
    const char *host;                /* the SRV target, to which the TLSA records belong; NULL: none */
    const struct dns_tlsa *tlsa;     /* authentic TLSA records, or NULL */
    size_t tlsa_count;
    const struct severity *severity; /* only decides which of several faults is told: see certificate.h; may be NULL */
};
/* The certificate's facts (owned by the caller; NULL when the peer showed none) and its verdict. */
struct certificate *tls_session_judge_certificate(const struct tls_session *session, const struct tls_peer *peer,
                                                  struct check_result *verdict);

#endif
