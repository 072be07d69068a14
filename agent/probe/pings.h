/* The pings of one round of a domain: one through each account that lists it, all at once. */
#ifndef PROBE_PINGS_H
#define PROBE_PINGS_H

#include "health/result.h"
#include "probe/context.h"

struct pings;

/* Makes the result's pings (borrowed) and fills them in. `done` is called once, never before this returns; it is freed
 * by then. NULL: no account lists the domain, and `done` is not called. */
struct pings *pings_start(struct probe_context *context, const struct config_domain *domain,
                          struct domain_result *result, void (*done)(void *arg), void *arg);
/* Ends them now: what was not answered has timed out. `done` is called before this returns. */
void pings_expire(struct pings *pings);
void pings_cancel(struct pings *pings); /* NULL is legal; not after `done` */

#endif
