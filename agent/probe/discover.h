/* From a domain's name to what can be connected to: SRV records, addresses, endpoints, and the verdict of the check
 * `srv` (RFC 6120 3.2, XEP-0368). */
#ifndef PROBE_DISCOVER_H
#define PROBE_DISCOVER_H

#include "config/config.h"
#include "health/result.h"
#include "loop/loop.h"
#include "dns/resolver.h"

struct discovery;

/* Each is called once, in this order, never before discover_start() returns. */
struct discover_events {
    void (*found)(void *arg); /* the endpoints are known, and change no more */
    void (*done)(void *arg);  /* so is the verdict; that is, every resolver has answered or had its time */
};

/* Fills in `result` (borrowed): check[CHECK_SRV], lookups, records, endpoints and endpoints_skipped. An endpoint that
 * is not to be connected to has its verdict already: it reached `connect`.
 *
 * All resolvers are asked for both services at once, then the first for the addresses of all targets at once, and for
 * their TLSA records where DNSSEC vouches for those of SRV; every query ends by its resolver's own deadline, so the
 * whole takes at most two of them. `resolvers` are those of the configuration; these, `config` and `domain` are
 * borrowed. */
struct discovery *discover_start(struct resolver *const *resolvers, const struct config *config,
                                 const struct config_domain *domain, struct domain_result *result,
                                 struct discover_events events, void *arg);
/* Ends it now: what was not answered has timed out. What was not called yet is called before this returns. */
void discover_expire(struct discovery *discovery);
/* The TLSA records by which the endpoint's certificate may be judged (RFC 7673 4): DNSSEC vouches for them, for the SRV
 * records and for the target's addresses. Borrowed until discover_free(); NULL and 0 where there are none. After
 * `found`. */
const struct dns_tlsa *discover_tlsa(const struct discovery *discovery, const struct endpoint_result *endpoint,
                                     size_t *count);
void discover_free(struct discovery *discovery); /* NULL is legal; ends it before its time, too, without a call */

#endif
