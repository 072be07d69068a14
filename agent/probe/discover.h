/* From a domain's name to what can be connected to: SRV records, their verdict, and addresses (RFC 6120 3.2). */
#ifndef PROBE_DISCOVER_H
#define PROBE_DISCOVER_H

#include "config/config.h"
#include "health/result.h"
#include "loop/loop.h"
#include "probe/resolver.h"

struct discovery;

/* Fills in `result` (borrowed): check[CHECK_SRV], lookups, records, and as endpoints the first target's first
 * usable address. Every query ends by the resolver's own deadline. `done` is called once, never before this returns. */
struct discovery *discover_start(struct resolver *resolver, const char *resolver_name,
                                 const struct config_domain *domain, struct domain_result *result,
                                 void (*done)(void *arg), void *arg);
void discover_cancel(struct discovery *discovery); /* NULL is legal; not after `done` */

#endif
