/* A notification as a PDU. */
#ifndef SNMP_TRAP_H
#define SNMP_TRAP_H

#include "exporters/snmp/mib.h"
#include "exporters/snmp/notice.h"

/* Sends it to the AgentX master, or to the receivers of master mode. On net-snmp's thread. All varbinds together stay
 * well below 1,472 bytes, what UDP takes in one piece on every network. */
void trap_send(const struct notice *notice, const struct mib *mib);

#endif
