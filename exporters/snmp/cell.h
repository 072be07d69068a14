/* How a fact travels: its value in the SMI type that the MIB gives it. */
#ifndef SNMP_CELL_H
#define SNMP_CELL_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "health/fact.h"

/* RFC 3411 SnmpAdminString: the longest text, in bytes. A longer one ends in "...". */
#define CELL_TEXT_MAX 255

/* Text: OCTET STRING (UTF-8). State, choice: INTEGER. Counter: Counter64. Gauge: Gauge32, rounded. Duration: Gauge32,
 * milliseconds. Timestamp: DateAndTime (RFC 2579) in UTC. A present value of a fact with a column. */
void cell_write(const struct fact *fact, const struct fact_value *value, netsnmp_variable_list *varbind);

#endif
