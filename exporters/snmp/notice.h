/* Notifications on their way: queued on any thread, sent on the one that net-snmp runs on. */
#ifndef SNMP_NOTICE_H
#define SNMP_NOTICE_H

#include <stdbool.h>

#include "exporters/snmp/mib.h"
#include "exporters/snmp/snmp.h"

#define NOTICES_MAX 64 /* that wait; what comes beyond is dropped */

struct notice_queue;
struct notice_queue *notice_queue_new(void);
void notice_queue_free(struct notice_queue *queue); /* and what waits in it; NULL is legal */

/* Copies. False: it was full. Safe from every thread. */
bool notice_put(struct notice_queue *queue, const struct snmp_rejection *rejection);
/* Sends what waits, in order: to the AgentX master, or to the receivers of master mode. On net-snmp's thread. */
void notice_send(struct notice_queue *queue, const struct mib *mib);

#endif
