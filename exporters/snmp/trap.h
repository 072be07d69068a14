/* A notification as a PDU: an SNMPv2-Trap-PDU (RFC 3416 4.2.6), or to the AgentX master a Notify-PDU (RFC 2741
 * 6.2.10). */
#ifndef SNMP_TRAP_H
#define SNMP_TRAP_H

#include "exporters/snmp/mib.h"
#include "exporters/snmp/notice.h"

/* Sends it to the AgentX master, or to the receivers of master mode. On net-snmp's thread. All varbinds together stay
 * well below 1,472 bytes, what UDP over IPv4 takes in one Ethernet frame. */
void trap_send(const struct notice *notice, const struct mib *mib);

#endif
