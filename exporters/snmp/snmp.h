/* FEDHEALTH-MIB over SNMP: the ONLY user of net-snmp, on a thread of its own, as an AgentX subagent of snmpd or as
 * an agent by itself. It reads snapshots; a master that hangs delays nothing but SNMP. */
#ifndef SNMP_SNMP_H
#define SNMP_SNMP_H

#include <stdbool.h>

#include "base/err.h"
#include "health/state.h"
#include "health/status.h"

struct snmp_options {
    bool agentx;                 /* else master mode */
    const char *agentx_socket;   /* agentx mode: path of the master's socket (or tcp:HOST:PORT) */
    const char *const *listen;   /* master mode: NULL-ended net-snmp listening addresses, "udp:127.0.0.1:1161" */
    const char *community;       /* master mode: read only, v2c */
    /* Called on the SNMP thread, at most once a second: the present state, and how to give it back. Between the two,
     * requests are answered from one and the same state. */
    void *(*take)(void *arg, const struct status **status);
    void (*give_back)(void *held);
    void *arg;
};

struct snmp_agent;
/* Starts the thread. In master mode an address that cannot be bound is an error; a master that is not there in agentx
 * mode is not: the agent keeps trying. Everything `options` points to is copied, but for `arg`. net-snmp keeps state in
 * globals and looks at the environment: start the agent before other threads, and one at a time; of each it forgets to
 * free 5 KiB. */
struct snmp_agent *snmp_agent_new(const struct snmp_options *options, struct err *err);
enum tri snmp_agent_connected(const struct snmp_agent *agent); /* safe from every thread; UNKNOWN in master mode */
void snmp_agent_free(struct snmp_agent *agent); /* ends the thread, within seconds; NULL is legal */

#endif
