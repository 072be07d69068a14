/* Whether this machine could send anything there at all. */
#ifndef PROBE_ROUTE_H
#define PROBE_ROUTE_H

#include <stdbool.h>

#include "dns/resolver.h"

/* False only when the kernel says that it has no route to the address, or none for its family. Nothing is sent. */
bool route_exists(const struct dns_address *address);

#endif
