/* When the certificates of a domain expire. Plain values, no I/O. */
#ifndef HEALTH_EXPIRY_H
#define HEALTH_EXPIRY_H

#include <stdint.h>

#include "health/result.h"

/* Of all certificates that the domain's endpoints showed, the one that expires first; what has expired already does not
 * count: that is a fault of its own. */
struct expiry {
    int64_t not_after_s; /* seconds since 1970; TIME_ABSENT: no certificate was seen yet */
    enum state level;    /* ok; warning and critical inside the limits */
    uint32_t endpoint;   /* index of the endpoint that showed it; 0: none */
};

/* tls.expiry_warning and tls.expiry_critical, in seconds. */
struct expiry_limits {
    int64_t warning_s, critical_s;
};

void expiry_init(struct expiry *expiry); /* nothing seen */
/* What the round saw takes the place of what was seen before, unless it saw no certificate. */
void expiry_note(struct expiry *expiry, const struct domain_result *result, const struct expiry_limits *limits);

#endif
