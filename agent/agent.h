/* The running daemon, as the files of this folder share it: main.c sets it up, exports.c serves what it knows over HTTP
 * and SNMP, notify.c says what SNMP tells unasked, probe_request.c checks when somebody asks, reload.c puts another
 * configuration into force. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "exporters/http/http.h"
#include "loop/loop.h"
#include "options.h"
#include "probe_request.h"
#include "probe/probe.h"
#include "schedule/schedule.h"
#include "store/store.h"

/* Of the faults of one configuration, all together; what comes behind is left out, and said so. */
#define AGENT_FAULTS_CAP (4u << 20)

struct agent {
    const struct options *options;
    struct config *config; /* the one in force */
    struct loop *loop;
    struct probe_context *probes;
    struct store *store;
    struct schedule *schedule;
    struct exports *exports;
    struct snmp_notices *notices; /* NULL: not set up yet */
    struct reload *reload;        /* under way; NULL: none */
    bool ending;                  /* nothing new is begun */
    struct probe_requests probe_requests;

    /* What the threads of the exporters read. */
    atomic_llong config_loaded_ms;
    _Atomic enum tri config_ok;
    _Atomic enum metrics_detail metrics_detail;
};

/* What there is to say about a configuration before it is used; faults go to `faults`, a line each, and then it is
 * NULL. */
struct config *agent_read_config(const struct options *options, struct buf *faults);
/* Raises the limit of open files and says how many conversations it allows at once. */
unsigned agent_max_conversations(const struct config *config);
/* Adds what `err` says about the configuration in the form of its other faults. */
void agent_tell_fault(const struct config *config, const struct err *err, struct buf *faults);
/* Makes it the configuration that exporters are told of. */
void agent_announce_config(struct agent *agent);

/* HTTP and SNMP, on threads of their own. */
bool exports_start(struct agent *agent, struct err *err);
void exports_stop(struct agent *agent); /* before what it serves goes; legal without a start */

/* Whether SNMP has to be started anew when this configuration comes into force: it wants another one than the present,
 * or that could not be started, or a password of its users is another. It reads their files, so it may be called on a
 * thread of its own, while the loop's leaves the agent's configuration as it is. */
bool exports_snmp_differs(const struct agent *agent, const struct config *config);
/* Starts SNMP anew with the configuration in force; without success it is off. Waits for seconds, so it is called on a
 * thread of its own, while the loop's leaves the agent's configuration as it is. */
bool exports_restart_snmp(struct agent *agent, struct err *err);

/* From now on SNMP's receivers are told what a NOC should know of each finished round. */
void notify_start(struct agent *agent);
/* Tells them what was not configured any more when the agent started. Once SNMP has started. */
void notify_lapsed(struct agent *agent);
/* Tells them what is not configured any more, but was in this snapshot. On the loop's thread. */
void notify_reloaded(struct agent *agent, const struct snapshot *before);

/* Reads the configuration again, on a thread of its own, and puts it into force if it is good. Asked for while that is
 * under way, it is done once more. On the loop's thread only. `asker` (NULL: nobody) is told the outcome. */
void reload_start(struct agent *agent, struct http_deferred *asker);
/* The same from any thread. */
void reload_ask(struct agent *agent, struct http_deferred *asker);

#endif
