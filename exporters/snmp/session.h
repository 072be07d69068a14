/* net-snmp itself: set up, kept away from the machine's own SNMP files, and shut down. Between session_prepare() and
 * session_start() the caller registers what it serves. */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>

#include "base/err.h"
#include "exporters/snmp/mib.h"
#include "exporters/snmp/snmp.h"

/* `changed` is called whenever the AgentX master was gained or lost. */
void session_prepare(const struct snmp_options *options, void (*changed)(void *arg, bool connected), void *arg);

/* Master mode: lets the community read the module and the system group, and listens. Nothing in it waits. */
bool session_listen(const struct snmp_options *options, const struct mib *mib, struct err *err);

/* AgentX mode: connects and registers, or leaves that to alarms that repeat until it works. Waits for the master; for
 * ever where the master has stopped accepting connections. */
void session_connect(void);

/* AgentX mode: whether the master's socket takes a connection, which is closed at once; if not, why. May wait as
 * session_connect() does. */
bool session_try(const char *socket, struct err *err);

/* Closes everything and frees net-snmp's memory. After any of the others. */
void session_close(void);

#endif
