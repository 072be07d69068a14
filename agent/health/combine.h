/* From what endpoints showed to what a domain is: the contract's rules for combining states. */
#ifndef HEALTH_COMBINE_H
#define HEALTH_COMBINE_H

#include "health/result.h"

/* Whether the reason says nothing about the health of the whole: not_configured, not_applicable and
 * xcp_restart_unknown. */
bool combine_is_neutral(enum reason reason);

/* The endpoint's worst reached check; `connect` where all are alike. Never NULL. */
const struct check_result *endpoint_worst(const struct endpoint_result *endpoint);

/* Fills result->check[connect … dialback] from the endpoints: the worst of those that reached the check; what is not
 * ok says in its detail at which endpoint. Critical at some but not at all of the domain's endpoints counts as warning.
 * Reached by none: not_reached. */
void combine_endpoints(struct domain_result *result);

/* The domain's state, and in *worst the check that decides it. Neutral reasons do not count. A certificate fault alone
 * is only a warning where dialback was offered (XEP-0220: such a peer still federates); beside checks that are
 * warnings of their own it is still the one that decides. */
enum state combine_domain(const struct domain_result *result, enum check *worst);

#endif
