/* From a domain's name to what can be connected to: SRV records, addresses, endpoints, and the verdict of the check
 * `srv` (RFC 6120 3.2, XEP-0368). */
#ifndef PROBE_DISCOVER_H
#define PROBE_DISCOVER_H

#include "config/config.h"
#include "health/result.h"
#include "loop/loop.h"
#include "dns/resolver.h"

struct discovery;

/* Fills in `result` (borrowed): check[CHECK_SRV], lookups, records, endpoints and endpoints_skipped. An endpoint that
 * is not to be connected to has its verdict already: it reached `connect`.
 *
 * Both services are asked for at once, then the addresses of all targets at once; every query ends by the resolver's
 * own deadline, so the whole takes at most two of them. `config` and `domain` are borrowed. `done` is called once,
 * never before this returns. */
struct discovery *discover_start(struct resolver *resolver, const struct config *config,
                                 const struct config_domain *domain, struct domain_result *result,
                                 void (*done)(void *arg), void *arg);
/* Ends it now: what was not answered has timed out. `done` is called before this returns. */
void discover_expire(struct discovery *discovery);
void discover_cancel(struct discovery *discovery); /* NULL is legal; not after `done` */

#endif
