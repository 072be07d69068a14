/* Facts that say more together than alone: of a node, its table, its router and its own domains, one line that a person
 * can act on. */
#ifndef HEALTH_IMP_CAUSE_H
#define HEALTH_IMP_CAUSE_H

#include "health/status.h"

/* The line for this node, with its remedy; to be freed by the caller. NULL: the checks speak for themselves. The first
 * rule that holds:
 *  - a verify account was rejected: its login is wrong (401), so Expressway-C cannot write: certain;
 *  - AXL good, federation expected, table empty: "Expressway-C has not written: check its account, 401 in its log";
 *  - rows as expected, a restart pending: "restart the XCP Router on NODE";
 *  - rows as expected, no restart pending, the router not stopped, but an own domain's srv or port 5269 (connect,
 *    stream, starttls) is not good: names domain, stage and reason;
 *  - all good, but the ping to a domain, through an account on an own domain, bounces: "the router bounces without a
 *    notification: restart it, then the cluster". */
char *imp_cause(const struct imp_status *node, const struct imp_expect *expect, const struct status *status);

#endif
