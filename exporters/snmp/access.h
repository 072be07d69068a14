/* Who may read in master mode (VACM, RFC 3415; users: USM, RFC 3414), and who gets its notifications. Both go into
 * net-snmp's own tables. On the thread that starts SNMP. */
#ifndef SNMP_ACCESS_H
#define SNMP_ACCESS_H

#include <stdbool.h>

#include "base/err.h"
#include "exporters/snmp/engine.h"
#include "exporters/snmp/mib.h"
#include "exporters/snmp/snmp.h"

/* Before init_snmp(): the engine's id, and what the community and the users may see. */
void access_prepare(const struct snmp_options *options, const struct mib *mib, const struct engine *engine);
/* After it: the engine's boots, the users and the receivers. False and `err` when one of these cannot be used. */
bool access_begin(const struct snmp_options *options, const struct engine *engine, struct err *err);

#endif
