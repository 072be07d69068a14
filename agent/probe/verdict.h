/* What each step of a conversation concludes: writes checks, phase times and facts into the endpoint's result. No I/O:
 * when a step begins and ends, and what follows it, is s2s.c's to say. */
#ifndef PROBE_VERDICT_H
#define PROBE_VERDICT_H

#include "config/config.h"
#include "health/result.h"
#include "probe/dialback.h"
#include "stream/tls.h"
#include "stream/xmpp_stream.h"

/* In their order. With direct TLS: CONNECT, TLS, STREAM (inside TLS), DIALBACK, CLOSE. DIALBACK only where it is wanted
 * and offered. */
enum step {
    STEP_CONNECT,
    STEP_STREAM,
    STEP_STARTTLS,
    STEP_TLS,
    STEP_FEATURES,
    STEP_DIALBACK,
    STEP_CLOSE,
    STEP_DONE
};

struct verdict {
    struct endpoint_result *endpoint;   /* borrowed; filled in */
    const struct config_domain *domain; /* borrowed */
    struct dialback *dialback;          /* borrowed; of STEP_DIALBACK, which ends it where the step fails */
    int64_t phase_start_us;
    const struct dns_tlsa *tlsa; /* borrowed; by which the certificate is judged too, NULL without any */
    size_t tlsa_count;
};

/* The first phase begins. */
void verdict_begin(struct verdict *verdict, struct endpoint_result *endpoint, const struct config_domain *domain);

/* The step fails. The detail is a peer's words or ours, cleaned here; NULL or "": none. */
void verdict_fail(struct verdict *verdict, enum step step, enum reason reason, const char *detail);
/* Why it does when the peer ends the connection or its stream, or when nothing more comes. */
enum reason verdict_of_end(enum step step);
enum reason verdict_of_silence(enum step step);
/* ... or when another element comes than was due, what came is not acceptable, or the peer gives a stream error. */
void verdict_fail_unexpected(struct verdict *verdict, enum step step);
void verdict_fail_invalid(struct verdict *verdict, enum step step, const struct xmpp_stream *stream);
void verdict_fail_error(struct verdict *verdict, enum step step, const struct xmpp_stream *stream);
/* ... or when TLS does. An error before a header came inside it is the peer's late word on the handshake, such as
 * TLS 1.3's certificate_required (RFC 8446 4.4.2.4). */
void verdict_fail_tls(struct verdict *verdict, enum step step, const struct tls_session *tls, bool header_seen);

void verdict_connected(struct verdict *verdict);
/* The features of a stream before TLS. True when TLS is to be started; otherwise that is all there is to conclude.
 * `declared` is xmlns:db in the stream's header (XEP-0220 2.4.1), which offers dialback as well as the feature does. */
bool verdict_offer(struct verdict *verdict, const struct xmpp_features *features, bool declared);
/* <proceed/> came. */
void verdict_proceed(struct verdict *verdict);
/* The handshake is complete; judges the certificate, too. */
void verdict_tls(struct verdict *verdict, const struct tls_session *tls);
/* The features of the stream inside TLS. */
void verdict_features(struct verdict *verdict, enum step step, const struct xmpp_features *features, bool declared);
/* Whether `auth` found that dialback is offered. Where EXTERNAL alone is, the check is not applicable. */
bool verdict_may_dial_back(struct verdict *verdict);
/* STEP_DIALBACK is over. */
void verdict_dialback(struct verdict *verdict);

#endif
