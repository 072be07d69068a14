/* What the configuration expects of a domain, held against what was seen. */
#ifndef PROBE_EXPECT_H
#define PROBE_EXPECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "health/result.h"

/* Whether the security mode differs from the expected one; without an expectation required and optional are both
 * right. */
bool expect_starttls_differs(enum expect_starttls expect, enum starttls_offer offer);
const char *expect_starttls_name(enum expect_starttls expect); /* "required", …; "any" without an expectation */

/* Compares the SRV records of both services with expect.srv_targets, in any order; what differs goes into `text`, which
 * stays empty where they agree. */
void expect_srv_compare(const struct config_domain *domain, const struct domain_result *result, struct buf *text);

#endif
