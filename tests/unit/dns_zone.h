/* For tests: a DNS server that answers from a zone written in a line. */
#ifndef TESTS_DNS_ZONE_H
#define TESTS_DNS_ZONE_H

#include "tests/unit/dns_script.h"

/* The zone is a list of records with ';' between. A record is OWNER TYPE DATA. OWNER is S or X for the names of the
 * services _xmpp-server._tcp and _xmpps-server._tcp of any domain, or a name. TYPE DATA is one of
 *   SRV PRIORITY WEIGHT PORT TARGET    A ADDRESS    AAAA ADDRESS    CNAME TARGET    where a target is a label, or "."
 *   TLSA BYTES    NODATA    SERVFAIL    REFUSED    MALFORMED    SILENT
 * and AD where DNSSEC vouches for what the owner has, or has not. BYTES are hexadecimal: usage, selector, matching type
 * and data.
 * Names that own nothing do not exist. *zone is read anew at each question. */
struct dns_server *dns_zone_server_new(struct loop *loop, const char *const *zone);

#endif
