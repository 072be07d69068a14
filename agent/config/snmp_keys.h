/* What the keys of snmp say about one another, once they have been read. */
#ifndef CONFIG_SNMP_KEYS_H
#define CONFIG_SNMP_KEYS_H

#include "config/document.h"
#include "config/fault.h"
#include "config/private.h"

/* Fills in what depends on other keys and tells what does not fit together. `map` is the node of the key `snmp` in the
 * file with this number; NULL: there is none. */
void snmp_keys_finish(struct config_private *private, const struct node *map, unsigned file, struct faults *faults);

#endif
