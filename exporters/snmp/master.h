/* The way to the AgentX master, as a transport that net-snmp is given. Its own waits in connect() for as long as a
 * master that has stopped accepting likes, and in sendto() for one that has stopped reading; here nothing waits longer
 * than MASTER_PATIENCE_MS, but for the name of a HOST to be looked up. */
#ifndef SNMP_MASTER_H
#define SNMP_MASTER_H

#define MASTER_PATIENCE_MS 1000

/* Makes net-snmp connect to this socket, an absolute path or tcp:HOST:PORT. Before it reads its configuration; once
 * after each time that it was shut down. */
void master_prepare(const char *socket);

/* Why the latest attempt to connect failed; NULL when it did not. On the thread that net-snmp runs on. */
const char *master_fault(void);

#endif
