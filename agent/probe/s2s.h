/* One server-to-server conversation with one endpoint, from TCP to the features inside TLS, the verification of
 * dialback keys and the polite close, as one non-blocking state machine with one deadline (RFC 6120 4 and 5, XEP-0220).
 * TLS starts by STARTTLS, or with the connection, and then with ALPN (direct TLS, XEP-0368). */
#ifndef PROBE_S2S_H
#define PROBE_S2S_H

#include "config/config.h"
#include "dns/tlsa.h"
#include "health/result.h"
#include "loop/loop.h"
#include "probe/dialback.h"
#include "stream/tls.h"

struct s2s;

struct s2s_options {
    struct loop *loop;
    struct tls_context *tls;
    const char *from;    /* U-label: 'from' of our streams */
    int64_t timeout_us;  /* of the whole conversation */
    const struct config_domain *domain;
    const struct dns_tlsa *tlsa; /* borrowed; by which the certificate may be judged (RFC 7673); NULL: none */
    size_t tlsa_count;
    const struct dialback_options *dialback; /* borrowed to the end; NULL: no keys are verified in this round */
};

/* Talks to endpoint->address and ->port over ->transport, and fills in the rest of `endpoint` (borrowed). `done` is
 * called once, never before this returns; the conversation is freed by then. */
struct s2s *s2s_start(const struct s2s_options *options, struct endpoint_result *endpoint, void (*done)(void *arg),
                      void *arg);
/* Ends it now as its deadline would. `done` is called before this returns. */
void s2s_expire(struct s2s *s2s);
void s2s_cancel(struct s2s *s2s); /* NULL is legal; not after `done` */

#endif
