/* net-snmp itself: set up, kept away from the machine's own SNMP files, and shut down. Between session_prepare() and
 * session_listen() or session_connect() the caller registers what it serves. */
#ifndef SNMP_SESSION_H
#define SNMP_SESSION_H

#include <stdbool.h>

#include "base/err.h"
#include "exporters/snmp/mib.h"
#include "exporters/snmp/snmp.h"

/* Turns net-snmp away from the machine's own SNMP files in the environment, where it looks for some of them. Before any
 * other thread is started, since it changes the environment. */
void session_isolate(void);

/* `changed` is called whenever the AgentX master was gained or lost. */
void session_prepare(const struct snmp_options *options, void (*changed)(void *arg, bool connected), void *arg);

/* Master mode: one more start of the engine; lets community and users read, takes the receivers, and listens.
 * Waits for nothing but the disk. */
bool session_listen(const struct snmp_options *options, const struct mib *mib, struct err *err);

/* AgentX mode: connects and registers, or leaves that to alarms that repeat until it works. May take seconds. */
void session_connect(void);

/* Closes everything and frees net-snmp's memory, so that all may begin anew with session_prepare(). After any of the
 * others; may take a second to say goodbye to the master. */
void session_close(void);

#endif
