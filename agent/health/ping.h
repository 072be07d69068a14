/* Pings of a domain through accounts of one's own (XEP-0199): what each found, and the verdict of the check. Pure. */
#ifndef HEALTH_PING_H
#define HEALTH_PING_H

#include "health/result.h"
#include "health/severity.h"

/* Whether the packet was returned, as against an account that could not log in, or silence. */
bool ping_is_bounce(enum reason reason);

/* Room for `count` pings that have not run. */
void domain_result_add_pings(struct domain_result *result, size_t count);
/* Sets the check `ping`: the worst of the pings, under these rules, with its account in the detail; of equal ones the
 * slowest. Without any: not_configured. */
void ping_combine(struct domain_result *result, const struct severity *severity);

#endif
