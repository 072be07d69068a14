/* FEDHEALTH-MIB over SNMP: the ONLY user of net-snmp, on a thread of its own, as an AgentX subagent of snmpd or as
 * an agent by itself. It reads snapshots; a master that hangs delays nothing but SNMP. */
#ifndef SNMP_SNMP_H
#define SNMP_SNMP_H

#include <stdbool.h>

#include "base/err.h"
#include "health/notification.h"

/* Notifications for a manager, kept while SNMP is started anew, and while the AgentX master is away; notice.h has the
 * rules. Safe from every thread. */
struct snmp_notices;
struct snmp_notices *snmp_notices_new(void); /* switched off */
void snmp_notices_free(struct snmp_notices *notices); /* behind the agent that sends them; NULL is legal */
/* Off while there is nobody to send to: nothing is kept then, and nothing more is counted. The counts are known where
 * SNMP is `served`, be they 0. */
void snmp_notices_switch(struct snmp_notices *notices, bool served, bool on);
/* Copies; texts are cleaned and cut. Sent, if at all, as soon as the manager can be reached and the rate limit allows.
 * A state that stands (`previous` is the same) goes only to a manager that has not heard it. */
void snmp_notices_put(struct snmp_notices *notices, const struct notification *notification);
void snmp_notices_count(struct snmp_notices *notices, struct notification_counts *counts);

/* An SNMPv3 user (RFC 3414), who may read with authentication and privacy only. */
struct snmp_user {
    const char *name;          /* letters, digits, ".", "_", "-"; at most 32 */
    const char *auth, *priv;   /* protocols as net-snmp names them: "SHA-256", "AES" */
    const char *auth_password; /* SNMP_PASSWORD_MIN bytes or more; the caller cleanses them afterwards */
    const char *priv_password;
};
#define SNMP_PASSWORD_MIN 8 /* RFC 3414 11.2 */

/* Who gets notifications. */
struct snmp_receiver {
    const char *address;   /* numeric: "udp:192.0.2.7:162" */
    const char *community; /* v2c; NULL: v3 */
    const char *user;      /* v3: the name of one of the users */
};

struct snmp_options {
    bool agentx;                 /* else master mode */
    const char *agentx_socket;   /* agentx mode: path of the master's socket (or tcp:HOST:PORT) */
    const char *const *listen;   /* master mode: NULL-ended net-snmp listening addresses, "udp:127.0.0.1:1161" */
    const char *community;       /* master mode: read only, v2c; NULL: none */
    const struct snmp_user *users; /* master mode */
    size_t user_count;
    const struct snmp_receiver *receivers; /* master mode */
    size_t receiver_count;
    const char *state_dir;       /* master mode: where the engine's id and boots are kept; NULL: nowhere */
    /* Called on the SNMP thread, at most once a second: the present state, and how to give it back. Between the two,
     * requests are answered from one and the same state: while they come less than a second apart, for ten seconds at
     * most. Once more for what a manager is to be told whenever it may be a new one. */
    void *(*take)(void *arg, const struct status **status);
    void (*give_back)(void *held);
    void *arg;
    struct snmp_notices *notices; /* to be sent; NULL: none */
};

/* To be called once, before any other thread is started: what net-snmp looks up in the environment is changed there. */
void snmp_setup(void);

struct snmp_agent;
/* Starts the thread. In master mode an address that cannot be bound is an error; a master that is not there in agentx
 * mode is not: the agent keeps trying. Everything `options` points to is copied, but for `arg` and `notices`. net-snmp
 * keeps its state in globals: there can be one agent at a time, from whichever thread it is started and ended; when one
 * has ended, the next may have other options. Each costs 5 KiB that net-snmp forgets to free. */
struct snmp_agent *snmp_agent_new(const struct snmp_options *options, struct err *err);
/* Ends the thread, within seconds: not to be called on the loop's. NULL is legal. */
void snmp_agent_free(struct snmp_agent *agent);

/* Whether the AgentX master is connected; UNKNOWN in master mode and while there is no agent. Safe from every thread,
 * at any time. */
enum tri snmp_agent_connected(void);

#endif
