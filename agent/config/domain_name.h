/* Names of XMPP domains and hosts: the ONLY user of libidn2. IDNA2008 (RFC 5891) with the mapping of UTS 46,
 * non-transitional, so that upper case and full-width forms are accepted and "ß" stays itself. */
#ifndef CONFIG_DOMAIN_NAME_H
#define CONFIG_DOMAIN_NAME_H

#include <stdbool.h>

#include "base/err.h"

/* The lower-case A-label form of a name given with U-labels or A-labels, without the final dot; to be freed by the
 * caller. A single label ("localhost") is a name, an IP address is not (RFC 7622 3.2 would let it; the checks need
 * a name to look up). NULL and `err` for what is no name. */
char *domain_name_to_ascii(const char *text, struct err *err);

/* The U-label form of what domain_name_to_ascii() returned: 'to' and 'from' in streams (RFC 7622 3.2). To be freed
 * by the caller. */
char *domain_name_to_unicode(const char *ascii);

#endif
